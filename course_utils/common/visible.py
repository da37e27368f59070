"""Spaces, line ends and other characters that leave no mark on a page, made visible."""

from __future__ import annotations

import unicodedata

MARKS = {" ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍"}
WITHOUT_A_MARK = ("Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp")  # Unicode's categories of controls and separators


def visible(text: str) -> str:
    r"""Replace each character that cannot be seen by a mark, or by its number where it has none.

    Examples
    --------
    >>> visible(" a\n"), visible("\u200d")
    ('␣a↵', 'U+200D')
    """
    return "".join(
        MARKS.get(character, f"U+{ord(character):04X}")
        if unicodedata.category(character) in WITHOUT_A_MARK
        else character
        for character in text
    )
