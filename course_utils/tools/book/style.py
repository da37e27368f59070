"""The look of the book, one style sheet for the EPUB and the PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from course_utils.tools.book.pages import Chapter

HERE = Path(__file__).parent
CODE = "a11y-high-contrast-light"  # colours of code that can be told from white paper, as on the site


def of(chapters: Sequence[Chapter]) -> str:
    """Return the style sheet: the book's, the colours of code, and what outputs brought along (taken out of them)."""
    from pygments.formatters import HtmlFormatter

    brought = {}
    for chapter in chapters:
        for style in chapter.body.find_all("style"):
            brought.setdefault(re.sub(r"unicode-bidi:[^;}]*;?", "", style.get_text().strip()))  # no EPUB may have it
            style.decompose()
    own = (HERE / "book.css").read_text(encoding="utf-8")
    return "\n".join([*brought, HtmlFormatter(style=CODE).get_style_defs(".highlight"), own])
