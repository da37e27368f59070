"""The chapters as an EPUB 3: a zip archive of XHTML pages with a list of what is in it."""

from __future__ import annotations

import html
import uuid
import zipfile
from collections.abc import Sequence
from copy import copy
from datetime import datetime, timezone
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bs4 import Tag

    from course_utils.tools.book.pages import Chapter

HERE = Path(__file__).parent
KINDS = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".gif": "image/gif"}
THIN = "0.17em"  # a space
COVER = "wikipedia_map.png"
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
PAGE = Template("""<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" xml:lang="en" lang="en">
<head><meta charset="UTF-8"/><title>$title</title><link rel="stylesheet" type="text/css" href="book.css"/></head>
<body>$body</body>
</html>
""")


def write(chapters: Sequence[Chapter], sheet: str, work: Path, target: Path) -> Path:
    """Write chapters as an EPUB, with the pictures in ``work/images`` and formulas as MathML; return its path."""
    texts = {chapter.name: _page(chapter.title, str(with_formulas(copy(chapter.body)))) for chapter in chapters}
    pictures = sorted(path for path in (work / "images").iterdir() if any(path.name in text for text in texts.values()))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("book/content.opf", _package(chapters, texts, pictures))
        archive.writestr("book/nav.xhtml", _page("Contents", contents(chapters)))
        archive.writestr("book/book.css", sheet)
        for name, text in texts.items():
            archive.writestr(f"book/{name}.xhtml", text)
        for path in pictures:
            archive.write(path, f"book/images/{path.name}")
    return target


def with_formulas(body: Tag) -> Tag:
    r"""Return a page in which each formula is MathML, with its TeX beside it for those who hear it.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> page = BeautifulSoup(r'<p><span class="math">\(x^2\)</span></p>', "html.parser")
    >>> print(with_formulas(page).math["alttext"], page.math.msup is not None)
    x^2 True
    """
    from bs4 import BeautifulSoup
    from latex2mathml.converter import convert

    for formula in body.select("span.math, div.math"):
        display = "block" if formula.name == "div" else "inline"
        tex = formula.get_text().strip()[2:-2].strip()
        math = BeautifulSoup(convert(tex, display=display), "html.parser").math
        math["alttext"] = " ".join(tex.split())
        _give_room(math)
        formula.clear()
        formula.append(math)
    return body


def _give_room(math: Tag) -> None:
    """Set names of functions apart from their neighbours, as TeX does and the converter does not.

    Examples
    --------
    >>> from bs4 import BeautifulSoup
    >>> page = BeautifulSoup("<mrow><mi>a</mi><mi>cos</mi><mi>b</mi></mrow>", "html.parser")
    >>> _give_room(page)
    >>> print(page.mo)
    <mo lspace="0.17em" rspace="0.17em">cos</mo>
    """
    for name in math.find_all("mi"):
        if len(name.get_text()) > 1 and name.parent.name == "mrow":
            before, after = name.find_previous_sibling(), name.find_next_sibling()
            apart = before is not None and before.name != "mo", after is not None and after.get_text()[:1] not in "(["
            name.name = "mo"
            name["lspace"], name["rspace"] = (THIN if room else "0" for room in apart)


def contents(chapters: Sequence[Chapter]) -> str:
    """Return the page that leads to each chapter and each of its sections."""
    rows = []
    for chapter in chapters:
        sections = "".join(
            f'<li><a href="{chapter.name}.xhtml#{mark}">{html.escape(words)}</a></li>'
            for mark, words in chapter.sections
        )
        below = f"<ol>{sections}</ol>" if sections else ""
        rows.append(f'<li><a href="{chapter.name}.xhtml">{html.escape(chapter.title)}</a>{below}</li>')
    return f'<nav epub:type="toc" id="contents" role="doc-toc"><h1>Contents</h1><ol>{"".join(rows)}</ol></nav>'


def _page(title: str, body: str) -> str:
    return PAGE.substitute(title=html.escape(title), body=body)


def _package(chapters: Sequence[Chapter], texts: dict[str, str], pictures: Sequence[Path]) -> str:
    from course_utils.tools.book import pages

    items, spine = [], []
    for number, chapter in enumerate(chapters):
        has_formulas = ' properties="mathml"' if "<math" in texts[chapter.name] else ""
        items.append(_item(f"chapter{number}", f"{chapter.name}.xhtml", "application/xhtml+xml", has_formulas))
        spine.append(f'<itemref idref="chapter{number}"/>')
    spine.insert(1, '<itemref idref="nav"/>')
    for number, path in enumerate(pictures):
        is_cover = ' properties="cover-image"' if path.name == COVER else ""
        items.append(_item(f"picture{number}", f"images/{path.name}", KINDS[path.suffix], is_cover))
    title = chapters[0].title
    return Template((HERE / "content.opf").read_text(encoding="utf-8")).substitute(
        title=html.escape(title),
        identifier=uuid.uuid5(uuid.NAMESPACE_OID, f"{title} {pages.version()}"),
        modified=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        items="\n".join(items),
        spine="\n".join(spine),
    )


def _item(name: str, place: str, kind: str, properties: str) -> str:
    return f'<item id="{name}" href="{place}" media-type="{kind}"{properties}/>'
