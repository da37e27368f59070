"""Comparing what two processors printed: the last digit of a rounded number may have been rounded the other way."""

from __future__ import annotations

import re
from decimal import Decimal

from nbval.plugin import IPyNbCell

# A number with decimals, or a whole percentage. Whole numbers are counts, and counts have to agree.
ROUNDED = re.compile(r"(-?\d+\.\d+|-?\d+(?=\s?%))")


class Printed(str):
    """A text that equals another if only their rounded numbers differ, each by one in its last digit at most."""

    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, str):
            return NotImplemented
        ours, theirs = ROUNDED.split(str(self)), ROUNDED.split(str(other))
        return ours[::2] == theirs[::2] and all(map(_same, ours[1::2], theirs[1::2]))

    def __ne__(self, other: object) -> bool:
        return not self == other


def _same(ours: str, theirs: str) -> bool:
    a, b = Decimal(ours), Decimal(theirs)
    return a.as_tuple().exponent == b.as_tuple().exponent and abs(a - b) <= Decimal(1).scaleb(a.as_tuple().exponent)


def forgive_rounding(item: object) -> None:
    """Let a cell of a notebook compare its outputs as ``Printed``."""
    if isinstance(item, IPyNbCell):
        exact = item.sanitize
        item.sanitize = lambda text: Printed(exact(text)) if isinstance(text, str) else exact(text)
