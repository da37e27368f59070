"""The instructor's guide: one page for each notebook, whose hints are also the speaker's notes of its slides."""

from __future__ import annotations

import re
from pathlib import Path

from course_utils.tools.environment import ROOT

GUIDE = ROOT / "docs" / "guide"
SLIDES = "## Beside the slides"


def page(name: str) -> Path:
    """Return where the guide's page for a notebook lies, whether it is written yet or not."""
    return GUIDE / f"{name}.md"


def speaker_notes(name: str) -> dict[str, str]:
    """Return an instructor's hints, in Markdown, for the heading of each section of a notebook.

    They say what to ask, what to wait for, and what people get wrong. A notebook without a page has none.

    Examples
    --------
    >>> speaker_notes("99_no_such_notebook")
    {}
    """
    path = page(name)
    if not path.is_file():
        return {}
    text = path.read_text(encoding="utf-8")
    _, _, hints = text.partition(f"\n{SLIDES}\n")
    hints = re.split(r"^## ", hints, maxsplit=1, flags=re.MULTILINE)[0]
    parts = re.split(r"^### (.+)$", hints, flags=re.MULTILINE)[1:]
    return {heading.strip(): body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)}
