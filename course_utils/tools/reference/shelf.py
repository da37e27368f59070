"""All pages of the reference shelf, written where Sphinx reads them."""

from __future__ import annotations

from pathlib import Path

from course_utils.tools.reference import cards, glossary, notation, summaries
from course_utils.tools.reference.lessons import read_all


def write(source: Path) -> None:
    """Write the glossary, the notation, the cards and a page on each notebook into ``reference`` below a folder."""
    folder, lessons = source / "reference", read_all()
    (folder / "summaries").mkdir(parents=True, exist_ok=True)
    pages = {
        "glossary": glossary.page(glossary.read(), lessons),
        "notation": notation.page(notation.read(), lessons),
        "cards": cards.page(lessons),
        **{f"summaries/{lesson.path.stem}": summaries.page(lesson) for lesson in lessons},
    }
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
