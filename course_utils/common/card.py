"""A short message on a coloured card."""

from __future__ import annotations

import html
from dataclasses import dataclass


@dataclass(frozen=True)
class Card:
    """A short message on a coloured card, or in plain text where HTML cannot be shown; true if the answer was right.

    Examples
    --------
    >>> print(Card("Right", "A token is not a word.", passed=True))
    Right. A token is not a word.
    """

    title: str
    text: str
    colour: str = "#0072B2"
    passed: bool = False
    code: str = ""

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return "\n".join(part for part in (f"{self.title}. {self.text}".strip(), self.code) if part)

    def _repr_html_(self) -> str:
        code = f'<pre style="margin:.6em 0 0">{html.escape(self.code)}</pre>' if self.code else ""
        return (
            f'<div role="note" style="border-left:.35em solid {self.colour};padding:.4em .9em;margin:.3em 0;'
            f'max-width:46em"><b>{html.escape(self.title)}.</b> {html.escape(self.text)}{code}</div>'
        )
