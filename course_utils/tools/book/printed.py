"""The chapters as a PDF: one long page, printed by Chromium without any window."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from copy import copy
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from course_utils.common import assets, download
from course_utils.common.errors import CourseError
from course_utils.tools.book import epub

if TYPE_CHECKING:
    from bs4 import Tag

    from course_utils.tools.book.pages import Chapter

HERE = Path(__file__).parent
COMMANDS = ("chromium", "chromium-browser", "google-chrome", "chrome", "msedge")
MAC = ("Google Chrome", "Chromium", "Microsoft Edge")
WINDOWS = ("Google/Chrome/Application/chrome.exe", "Microsoft/Edge/Application/msedge.exe")
OPTIONS = (
    *("--headless", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
    *("--no-pdf-header-footer", "--export-tagged-pdf", "--generate-pdf-document-outline"),
)
UNFINISHED = "Formulas are missing"  # the title of the page until they are drawn, and then of the PDF
MILLISECONDS = 600_000  # of the page's own clock, which stands still while the page computes
SECONDS = 1800


def write(chapters: Sequence[Chapter], sheet: str, work: Path, target: Path) -> Path:
    """Print chapters into a PDF with an outline, tags and page numbers, and return its path.

    Raises
    ------
    CourseError
        If there is no Chromium or Chrome, or it fails, or the formulas were not drawn in time.
    """
    browser = find_browser()
    if browser is None:
        raise CourseError("The PDF needs Chromium or Chrome, and none is installed here: install one, and try again.")
    page = work / "book.html"
    formulas = assets.ASSETS["mathjax"]
    shutil.copyfile(download.fetch(formulas) / formulas.members[0].name, work / "tex-svg.js")
    numbers: dict[str, int] = {}
    for _ in range(3):  # the second time the contents have the numbers of pages, and hardly ever they change them
        page.write_text(one_page(chapters, sheet, numbers), encoding="utf-8")
        _print(browser, page, target)
        if numbers == (numbers := page_numbers(target)):
            break
    return target


def find_browser() -> str | None:
    """Return Chromium or Chrome, or None where there is neither."""
    places = [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MAC]
    for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
        if folder := os.environ.get(variable):
            places += [str(Path(folder, place)) for place in WINDOWS]
    return next(filter(None, map(shutil.which, [*COMMANDS, *places])), None)


def page_numbers(pdf: Path) -> dict[str, int]:
    """Return the marks that links in a PDF lead to, each with the number of its page."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    found = reader.named_destinations.items()
    return {name.removeprefix("/"): reader.get_destination_page_number(place) + 1 for name, place in found}


def one_page(chapters: Sequence[Chapter], sheet: str, numbers: Mapping[str, int]) -> str:
    """Return the book as one page of HTML: title page, contents with the numbers of pages, chapters."""
    sheet += (HERE / "print.css").read_text(encoding="utf-8")
    first, *others = [_part(chapter.body, chapter.name) for chapter in chapters]
    listed = _with_numbers(_with_marks_of_one_page(epub.contents(chapters[1:])), numbers)
    return Template((HERE / "book.html").read_text(encoding="utf-8")).substitute(
        unfinished=UNFINISHED,
        title=json.dumps(chapters[0].title),
        style=sheet,
        parts="\n".join([first, listed, *others]),
    )


def _part(body: Tag, name: str) -> str:
    part = copy(body)
    for tag in part.find_all(id=True):
        tag["id"] = f"{name}--{tag['id']}"
    for tag in part.find_all(["figure", "figcaption"]):  # in a tagged PDF a figure is what has a text for its picture
        tag.name = "div"
        tag["class"] = "frame"
    part["id"] = name
    part["class"] = "chapter"
    return _with_marks_of_one_page(str(part))


def _with_numbers(text: str, numbers: Mapping[str, int]) -> str:
    """Return contents with the number of a page in each link.

    Examples
    --------
    >>> _with_numbers('<a href="#quiz">Quiz</a>', {"quiz": 12})
    '<a href="#quiz"><span>Quiz</span> <span>12</span></a>'
    """

    def numbered(link: re.Match[str]) -> str:
        return f'<a href="#{link[1]}"><span>{link[2]}</span> <span>{numbers.get(link[1], "")}</span></a>'

    return re.sub(r'<a href="#([^"]+)">(.*?)</a>', numbered, text)


def _with_marks_of_one_page(text: str) -> str:
    """Return a part of the page whose links lead to marks of the same page.

    Examples
    --------
    >>> _with_marks_of_one_page('<a href="04_words.xhtml#quiz">there</a> and <a href="04_words.xhtml">here</a>')
    '<a href="#04_words--quiz">there</a> and <a href="#04_words">here</a>'
    """
    text = re.sub(r'href="([\w.-]+)\.xhtml#', r'href="#\1--', text)
    return re.sub(r'href="([\w.-]+)\.xhtml"', r'href="#\1"', text)


def _print(browser: str, page: Path, target: Path) -> None:
    options = [*OPTIONS, f"--virtual-time-budget={MILLISECONDS}", f"--print-to-pdf={target}"]
    if sys.platform == "linux" and os.geteuid() == 0:
        options.append("--no-sandbox")  # Chromium's own does not work for root
    target.unlink(missing_ok=True)
    command = [browser, *options, f"--user-data-dir={page.with_name('profile')}", page.as_uri()]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise CourseError(f"The PDF was not made: the browser took more than {SECONDS // 60} minutes.") from None
    if answer.returncode or not target.exists():
        raise CourseError(f"The PDF was not made: the browser says {answer.stderr.strip()[-300:]!r}.")
    if UNFINISHED.encode() in target.read_bytes():
        target.unlink()
        raise CourseError("The PDF was not made: the browser did not draw the formulas in time. Try once more.")
