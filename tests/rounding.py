"""Notebooks compared up to rounding: another processor may round the last digit of a number the other way."""

from __future__ import annotations

from nbval.plugin import IPyNbCell

from course_utils.tools.compare import Printed


def forgive_rounding(item: object) -> None:
    """Let a cell of a notebook compare its outputs as ``Printed``."""
    if isinstance(item, IPyNbCell):
        exact = item.sanitize
        item.sanitize = lambda text: Printed(exact(text)) if isinstance(text, str) else exact(text)
