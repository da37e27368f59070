"""The chapters of the book: Sphinx makes a page of each notebook, and each page is cleaned for a book."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.errors import CourseError
from course_utils.tools import site
from course_utils.tools.book import clean
from course_utils.tools.environment import ROOT

if TYPE_CHECKING:
    from bs4 import Tag

FIRST = "index"
AFTER = ("reference/glossary", "reference/notation", "reference/cards", "credits", "licenses")  # the notebooks
EDITION = """In a copy of the repository, `python3 -m course_utils lab` sets everything up and opens the notebooks. In
this book the set-up cell, with which each of them begins, is left out; what moves there is a row of pictures here, and
the answers to a quiz come after its questions.

Version {version}. Lessons and figures CC BY 4.0, code Apache-2.0."""
QUIET = "myst.xref_missing,toc.not_included,ref.python"  # a link to a page that is not in the book becomes its words


@dataclass(frozen=True)
class Chapter:
    """A chapter: the name of its file, its title, and what is in it, cleaned for a book.

    Links lead to ``name.xhtml#mark``, pictures are in ``images/``.
    """

    name: str
    title: str
    body: Tag

    @property
    def sections(self) -> list[tuple[str, str]]:
        """The marks and headings of the chapter's sections, without those that are a letter of the alphabet."""
        found = [(tag.find_parent("section"), tag) for tag in self.body.find_all("h2")]
        return [(section["id"], words(tag)) for section, tag in found if section.get("id") and len(words(tag)) > 1]


def words(tag: Tag) -> str:
    """Return the text of an element in one line."""
    return " ".join(tag.get_text().split())


def chapters(paths: Sequence[Path], work: Path) -> list[Chapter]:
    """Return the chapters of a book, from the title page to the licences; their pictures go into ``work/images``."""
    from bs4 import BeautifulSoup

    collect(paths, work / "source")
    _call_sphinx(work / "source", work / "pages")
    (work / "images").mkdir()
    names = [FIRST, *(f"notebooks/{path.stem}" for path in paths), *AFTER]
    found = []
    for name in names:
        page = BeautifulSoup((work / "pages" / f"{name}.xhtml").read_text(encoding="utf-8"), "html.parser")
        body = clean.for_a_book(page.find("div", class_="body"), name, work / "pages", work / "images")
        found.append(Chapter(name.rpartition("/")[2], words(body.h1), body))
    clean.keep_links_within({chapter.name: chapter.body for chapter in found})
    return found


def collect(paths: Sequence[Path], source: Path) -> None:
    """Lay out what Sphinx reads: the site's pages without those that belong to a screen or to instructors."""
    site.collect(source)
    kept = {f"notebooks/{path.name}" for path in paths} | {f"{name}.md" for name in AFTER}
    for page in [*source.rglob("*.md"), *source.rglob("*.ipynb")]:
        if page.relative_to(source).as_posix() not in kept:
            page.unlink()
    shutil.rmtree(source / "class_server", ignore_errors=True)
    opening = (ROOT / "docs" / "index.md").read_text(encoding="utf-8").split("\n\n")[:3]
    listed = "\n".join([*(f"notebooks/{path.stem}" for path in paths), *AFTER])
    tree = f"```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    (source / f"{FIRST}.md").write_text(
        "\n\n".join([*opening, EDITION.format(version=version()), tree]), encoding="utf-8"
    )


def version() -> str:
    """Return the version of the course.

    Examples
    --------
    >>> version().count(".")
    2
    """
    return re.search(r'^version = "(.*)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE).group(1)


def _call_sphinx(source: Path, pages: Path) -> None:
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "epub"]
    for setting in (f"version={version()}", "epub_show_urls=no", f"suppress_warnings={QUIET}"):
        command += ["-D", setting]
    if subprocess.call([*command, "-d", str(pages.with_name("doctrees")), str(source), str(pages)]):
        raise CourseError("The book was not built: Sphinx says above what is wrong.")
