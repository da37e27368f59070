"""The course as a book: one PDF and one EPUB of the same notebooks, to be read and printed where nothing runs.

Sphinx makes a page from each notebook (`pages`), what moves or opens there becomes pictures and lists (`clean`), and
the same chapters are packed as an EPUB (`epub`) and printed by Chromium as a PDF (`printed`).
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.common.progress import say
from course_utils.tools.book import epub, pages, printed, style
from course_utils.tools.environment import ROOT

FOLDER = ROOT / "build" / "book"
KINDS = ("epub", "pdf")


def build(paths: Sequence[Path], folder: Path = FOLDER, kinds: Sequence[str] = KINDS) -> list[Path]:
    """Make a book of notebooks.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks, in the order of the chapters.
    folder : Path
        Where the book goes; other files in it stay.
    kinds : sequence of str
        "epub", "pdf" or both. Without Chromium or Chrome a PDF that was asked for beside an EPUB is left out, in a
        sentence.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    CourseError
        If Sphinx finds a mistake in a page, or if there is no browser and only a PDF was asked for.
    """
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    chapters = pages.chapters(paths, work)
    sheet = style.of(chapters)
    name, written = folder / file_name(chapters[0].title), []
    if "epub" in kinds:
        written.append(epub.write(chapters, sheet, work, name.with_suffix(".epub")))
    if "pdf" in kinds:
        try:
            written.append(printed.write(chapters, sheet, work, name.with_suffix(".pdf")))
        except CourseError as error:
            if not written:
                raise
            say(str(error))
    shutil.rmtree(work, ignore_errors=True)  # on Windows the browser may still close its files
    return written


def file_name(title: str) -> str:
    """Return the title of a book as the name of its files, without an ending.

    Examples
    --------
    >>> file_name("Tokens to Transformers")
    'tokens-to-transformers'
    """
    return re.sub(r"\W+", "-", title.lower()).strip("-")
