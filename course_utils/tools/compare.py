"""What two runs of a cell showed, compared as the tests compare it: up to rounding, without pictures."""

from __future__ import annotations

import configparser
import functools
import re
from decimal import Decimal
from typing import TYPE_CHECKING

from course_utils.tools.environment import ROOT

if TYPE_CHECKING:
    from nbformat import NotebookNode

# A number with decimals, or a whole percentage. Whole numbers are counts, and counts have to agree.
ROUNDED = re.compile(r"(-?\d+\.\d+|-?\d+(?=\s?%))")
REPLACEMENTS = ROOT / "tests" / "nbval_sanitize.cfg"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class Printed(str):
    """A text that equals another if only their rounded numbers differ, each by one in its last digit at most.

    Examples
    --------
    >>> Printed("0.43, 17 of 20") == Printed("0.44, 17 of 20")
    True
    >>> Printed("0.43, 17 of 20") == Printed("0.43, 18 of 20")
    False
    """

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


def shown(cell: NotebookNode) -> list[tuple[str, Printed]]:
    """Return what a cell shows: a kind and a text for each part of its outputs, without pictures and live widgets.

    What differs from run to run, such as the address of an object, is replaced as nbval replaces it.

    Examples
    --------
    >>> from nbformat.v4 import new_code_cell, new_output
    >>> shown(new_code_cell("print('a')", outputs=[new_output("stream", name="stdout", text="a at 0x7f0123456789")]))
    [('stdout', 'a at ADDRESS')]
    """
    parts = []
    for output in cell.outputs:
        if output.output_type == "stream":
            parts.append((output.name, output.text))
        elif output.output_type == "error":
            parts.append(("error", f"{output.ename}: {output.evalue}"))
        else:
            texts = {kind: text for kind, text in output.data.items() if kind != WIDGET_VIEW}
            parts += [(kind, "" if kind.startswith("image/") else str(text)) for kind, text in sorted(texts.items())]
    return [(kind, Printed(_without_addresses(text))) for kind, text in parts]


def _without_addresses(text: str) -> str:
    for pattern, replacement in _replacements():
        text = re.sub(pattern, replacement, text)
    return text


@functools.lru_cache(maxsize=1)
def _replacements() -> list[tuple[str, str]]:
    settings = configparser.RawConfigParser()
    settings.read(REPLACEMENTS, encoding="utf-8")
    return [(settings[part]["regex"], settings[part]["replace"]) for part in settings.sections()]
