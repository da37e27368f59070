"""The site: built without a warning, complete, and with nothing fetched from outside."""

from __future__ import annotations

import os
import posixpath
import re
import subprocess
import sys
from urllib.parse import unquote

import pytest
from browser import barriers, needs_browser, opened
from house import NOTEBOOKS, ROOT, fresh_copy

from course_utils.common import cache
from course_utils.tools import health, launch, site
from course_utils.tools.notebooks import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Build the site by its command, in a fresh copy of the course, for a user who never did so before."""
    place = tmp_path_factory.mktemp("site")
    course = fresh_copy(place / "course")
    environment = {**os.environ, "HOME": str(place), "COURSE_CACHE": str(cache.cache_folder()), "PYTHONPATH": ""}
    runs = [Run(path.name, 60.0, 1_000_000_000) for path in NOTEBOOKS]
    health.keep(health.measure("newest", runs[1:], [NOTEBOOKS[0].name]), course / health.FOLDER.relative_to(ROOT))
    command = [sys.executable, "-m", "course_utils", "site"]
    answer = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=600)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout.splitlines()[-1] == f"Wrote {site.FOLDER.relative_to(ROOT) / 'index.html'}"
    return course / site.FOLDER.relative_to(ROOT)


def pages(folder):
    found = list(folder.rglob("*.html"))
    assert len(found) > len(NOTEBOOKS)
    return {page.relative_to(folder).as_posix(): page.read_text(encoding="utf-8") for page in found}


def test_every_notebook_and_guide_has_a_page_and_the_first_page_links_to_them(folder):
    found = pages(folder)
    for path in NOTEBOOKS:
        assert f"notebooks/{path.stem}.html" in found
        assert f"guide/{path.stem}.html" in found
        assert f'href="notebooks/{path.stem}.html"' in found["index.html"]


def test_a_notebooks_page_has_its_number_and_leads_to_its_summary_and_to_the_teachers_notes(folder):
    found = pages(folder)
    for path in NOTEBOOKS:
        page = found[f"notebooks/{path.stem}.html"]
        assert re.search(rf"<h1>{path.name[:2]} \w", page)
        for kind in ("reference/summaries", "guide"):
            assert f'href="../{kind}/{path.stem}.html"><span class="std std-doc">' in page


def test_pages_show_outputs_and_pictures_with_their_words(folder):
    page = pages(folder)["notebooks/00_start_here.html"]
    assert re.search(r'<img alt="A map of nine thousand', page)
    assert "widget-view" not in page


def test_the_set_up_cell_is_folded_and_no_other(folder):
    for path in NOTEBOOKS:
        page = pages(folder)[f"notebooks/{path.stem}.html"]
        (folded,) = re.findall(r'<details class="[^"]*above-input[^"]*">(.*?)</details>', page, re.DOTALL)
        assert "Show the set-up cell" in folded
        assert "course_utils.tools.kernel" in re.sub(r"<[^>]+>", "", folded)


@needs_browser
def test_a_browser_hides_the_set_up_cell_until_it_is_asked_for(folder):
    with opened() as page:
        page.goto((folder / "notebooks/04_keyword_search.html").as_uri())
        code = page.locator("details.above-input .highlight")
        assert not code.is_visible()
        page.locator("details.above-input summary").click()
        assert code.is_visible()


LETTERS = """() => {
  const line = [...document.querySelectorAll(".cell_input pre")].find((pre) => pre.offsetParent);
  const probe = line.appendChild(document.createElement("span"));
  probe.textContent = "x".repeat(100);
  const style = getComputedStyle(line), letter = probe.getBoundingClientRect().width / 100;
  return (line.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)) / letter;
}"""


@needs_browser
def test_a_line_of_code_has_room_for_88_letters_on_a_laptop(folder):
    with opened() as page:
        page.goto((folder / "notebooks/04_keyword_search.html").as_uri())
        assert page.evaluate(LETTERS) >= 88


def test_helpers_are_documented_from_their_docstrings(folder):
    page = pages(folder)["helpers.html"]
    assert all(name in page for name in ("load_wikipedia", "Turn texts into vectors of length one", "BM25Index"))


def test_links_between_the_pages_of_the_site_lead_somewhere(folder):
    found = pages(folder)
    marks = {name: set(re.findall(r'\bid="([^"]+)"', page)) for name, page in found.items()}
    for name, page in found.items():
        for address in re.findall(r'<a [^>]*href="(?!https?:|mailto:|#)([^"]+)"', page):
            target, _, mark = address.partition("#")
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(target)))
            assert (folder / path).exists(), f"{name}: {address}"
            assert not mark or path not in marks or unquote(mark) in marks[path], f"{name}: {address}"


def test_a_notebooks_page_leads_to_the_glossary_once_for_each_term(folder):
    found = pages(folder)
    for path in NOTEBOOKS:
        page = found[f"notebooks/{path.stem}.html"]
        terms = re.findall(r'href="\.\./reference/glossary\.html#(term-[^"]+)"><span class="xref std std-term', page)
        assert len(terms) == len(set(terms)) > 5


@needs_browser
def test_each_summary_prints_on_one_sheet(folder):
    with opened("dark") as page:
        for path in NOTEBOOKS:
            page.goto((folder / f"reference/summaries/{path.stem}.html").as_uri())
            if page.locator(".math").count():
                page.wait_for_selector("mjx-container svg", timeout=30_000)
            sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
            assert len(sheets) == 1, path.name


def test_nothing_is_fetched_from_outside(folder):
    loads = r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]*)\"|<link\b[^>]*=\"stylesheet\"[^>]*href=\"([^\"]*)\""
    for name, page in pages(folder).items():
        addresses = ["".join(found) for found in re.findall(loads, page)]
        assert addresses
        assert [address for address in addresses if re.match(r"(https?:)?//", address)] == [], name
    for sheet in folder.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*[\"']?(https?:)?//", sheet.read_text(encoding="utf-8")), sheet.name


def test_no_page_names_this_computer(folder):
    here = (str(ROOT), str(folder.parent.parent), "/root/")
    assert not [name for name, page in pages(folder).items() if any(place in page for place in here)]


def test_launch_buttons_appear_with_the_repositorys_address(monkeypatch):
    monkeypatch.setattr(launch, "repository", lambda: ("", "main"))
    assert site.launch_buttons() == {}
    monkeypatch.setattr(launch, "repository", lambda: ("someone/course", "main"))
    assert set(site.launch_buttons()) == {"binderhub_url", "colab_url", "notebook_interface"}


@needs_browser
def test_the_search_of_the_site_finds_a_term(folder):
    with opened("dark") as page:
        for words, term in (("wordpiece", "WordPiece"), ("bag of words", "bag of words")):
            page.goto((folder / "search.html").as_uri() + f"?q={words}")
            page.wait_for_selector("#search-results li a", timeout=30_000)
            first = page.locator("#search-results li a").first
            assert first.inner_text() == f"{term}, in the glossary"
            assert first.get_attribute("href").partition("#")[0] == "reference/glossary.html"
        page.goto((folder / "search.html").as_uri() + "?q=wordpiece")
        page.wait_for_selector("#search-results li a[href^=notebooks]", timeout=30_000)
        found = page.locator("#search-results li a").all_inner_texts()
    assert "01 Meet the tokenizer" in found


@needs_browser
def test_a_browser_shows_formulas_and_changes_to_dark(folder):
    with opened() as page:
        page.goto((folder / "notebooks/04_keyword_search.html").as_uri())
        page.wait_for_selector("mjx-container svg", timeout=30_000)
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"getComputedStyle(document.body).backgroundColor != {light!r}")


BARE = """<article><p style="color:#999;background:#fff">Too pale.</p><img src="data:,"><input></article>"""
SOME = "01_meet_the_tokenizer", "06_rerank_and_evaluate", "16_images_and_text"
OWN = ("index", "try_here", "health", "teaching", "guide/04_keyword_search", *(f"notebooks/{name}" for name in SOME))
STILL = "*, *::before, *::after { animation: none !important; transition: none !important; }"  # a drawer fades in
OPEN = "() => document.querySelectorAll('article details').forEach((drawer) => { drawer.open = true; })"


def pages_to_look_at(folder, every: bool) -> list:
    """Return all pages that are not the theme's own parts; or a few of each kind."""
    if every:
        return sorted(path for path in folder.rglob("*.html") if "_static" not in path.parts)
    return [*(folder / f"{name}.html" for name in OWN), *sorted((folder / "reference").glob("*.html"))]


@needs_browser
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_for_any_eyes(folder, scheme, pytestconfig):
    looked_at = pages_to_look_at(folder, pytestconfig.getoption("every_page"))
    found = {}
    with opened(scheme) as page:
        for path in looked_at:
            page.goto(path.as_uri())
            page.add_style_tag(content=STILL)
            page.evaluate(OPEN)
            place = "article" if page.locator("article").count() else "main"  # the theme's page of the search has none
            if here := barriers(page, place, colours_only=scheme == "dark"):
                found[path.relative_to(folder).as_posix()] = here
        assert found == {}, f"on {len(found)} of {len(looked_at)} pages"
        page.set_content(BARE)
        kinds = {each.partition(":")[0] for each in barriers(page, "article")}
        assert {"color-contrast", "image-alt", "label"} <= kinds, "the instrument finds what is wrong"


@needs_browser
def test_a_page_at_twice_its_size_is_read_without_scrolling_sideways(folder):
    with opened() as page:
        page.set_viewport_size({"width": 640, "height": 360})  # a laptop's screen at 200 %
        for path in pages_to_look_at(folder, every=False):
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 640, path.name
