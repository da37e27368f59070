"""The decks: what goes on which slide, and that a browser with no network shows all of it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from browser import barriers, needs_browser, opened
from house import NOTEBOOKS, Book, fresh_copy
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes

from course_utils.common import cache
from course_utils.common.errors import CourseError
from course_utils.tools import compare, guide, serve, slides

SMALLEST = 0.6  # of the full size: letters of 15 pixels on a screen of 1280 x 720


def deck(*cells) -> list:
    return [[[part for _, part in slide] for slide in section] for section in slides.cut(new_notebook(cells=cells))]


def ran(source: str, output: str = "", tags: tuple = ()):
    cell = new_code_cell(source, execution_count=1, metadata={"tags": list(tags)})
    cell.outputs = [new_output("stream", name="stdout", text=output)] if output else []
    return cell


prose = new_markdown_cell


@pytest.fixture(scope="module")
def decks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slides")
    pages = [slides.build(path, folder) for path in NOTEBOOKS]
    slides.write_index(NOTEBOOKS, folder)
    return pages


def test_a_heading_begins_a_column_and_a_small_one_a_slide():
    assert deck(prose("# A"), prose("## B"), prose("more"), prose("### C")) == [[["prose"]], [["prose"] * 2, ["prose"]]]


def test_prose_between_code_begins_a_slide_and_an_output_stays_with_its_code():
    cells = prose("# A"), ran("1", "1"), prose("so, and now:"), ran("2")
    assert deck(*cells) == [[["prose", "code", "output"], ["prose", "code"]]]


def test_the_last_words_of_a_section_stay_where_they_fit():
    assert deck(prose("# A"), ran("1"), prose("so"), prose("## B")) == [[["prose", "code", "prose"]], [["prose"]]]
    assert deck(prose("# A"), ran("1\n" * 40), prose("so")) == [[["prose"], ["code"], ["prose"]]]


def test_tags_decide_before_anything_else():
    cells = prose("# A"), ran("1", tags=["slide-skip"]), ran("2", tags=["slide-start"]), prose("b"), ran("3")
    cells[3].metadata.tags = ["slide-stay"]
    assert deck(*cells) == [[["prose"], ["code", "prose", "code"]]]


def test_what_is_too_tall_goes_on_on_another_slide():
    assert deck(prose("# A"), ran("\n".join("x" * 30), "\n".join("y" * 30))) == [[["prose", "code"], ["output"]]]


def test_a_live_widget_is_left_to_the_picture_beside_it():
    cell = ran("explorer()")
    cell.outputs = [new_output("display_data", data={compare.WIDGET_VIEW: {}, "text/plain": "Box()"})]
    assert deck(prose("# A"), cell) == [[["prose", "code"]]]


def test_a_deck_escapes_text_and_hides_outputs_until_the_guess(tmp_path):
    path = tmp_path / "00_tiny.ipynb"
    path.write_text(writes(new_notebook(cells=[prose("# <b>A</b>"), ran("1 < 2", "<script>alert(1)</script>")])))
    page = slides.build(path, tmp_path / "out").read_text(encoding="utf-8")
    assert "<title>&lt;b&gt;A&lt;/b&gt;</title>" in page
    assert "&lt;script&gt;alert(1)" in page
    assert '<div class="output fragment">' in page


def test_an_unexecuted_notebook_makes_no_deck(tmp_path):
    path = tmp_path / "00_tiny.ipynb"
    path.write_text(writes(new_notebook(cells=[prose("# A"), new_code_cell("1")])))
    with pytest.raises(CourseError, match="never run: first `python3 -m course_utils refresh 00`"):
        slides.build(path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_deck_is_built_in_a_fresh_copy_for_a_new_user(tmp_path):
    course = fresh_copy(tmp_path / "course")
    environment = {**os.environ, "HOME": str(tmp_path), "COURSE_CACHE": str(cache.cache_folder()), "PYTHONPATH": ""}
    command = [sys.executable, "-m", "course_utils", "slides", "04"]
    answer = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    folder = course / "build" / "slides"
    listed = re.findall(r'<li><a href="([^"]+)"', (folder / "index.html").read_text(encoding="utf-8"))
    assert listed == ["04_keyword_search.html"]
    assert answer.stdout == f"Wrote {Path('build', 'slides', *listed)}\n"
    for address in re.findall(r'(?:src|href)="(player/[^"]+)"', (folder / listed[0]).read_text(encoding="utf-8")):
        assert (folder / address).is_file()


def test_a_port_in_use_is_said_in_a_sentence(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CourseError, match=f"Port {port} cannot be used here .*--port"):
            serve.folder_server(tmp_path, port)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_guide_has_a_page_with_hints_for_every_section(path):
    titles = [cell.source.splitlines()[0] for cell in Book.read(path).prose if cell.source.startswith("## ")]
    sections = {title.lstrip("# ") for title in titles} - {"You will be able to", "What you learned", "Quiz"}
    sections = {title for title in sections if not title.startswith("Can you build ")}  # an exercise
    notes = guide.speaker_notes(path.stem)
    assert set(notes) <= sections
    assert len(notes) >= len(sections) - 1  # a page of exercises at the end needs none
    for hints in notes.values():
        assert all(f"**{word}**" in hints for word in ("Ask", "Wait for", "Often believed"))
    text = guide.page(path.stem).read_text(encoding="utf-8")
    questions = text.partition("## Three questions to discuss")[2].partition("\n## ")[0]
    assert len(re.findall(r"^\d\. \*\*", questions, re.M)) == 3
    assert all(f"\n## {part}" in text for part in ("Time and what to run", "Marking the exercises"))


def test_the_speakers_notes_come_from_the_guide(decks):
    for path, page in zip(NOTEBOOKS, decks, strict=True):
        assert page.read_text(encoding="utf-8").count('<aside class="notes">') == len(guide.speaker_notes(path.stem))


def test_no_deck_fetches_anything_from_outside(decks):
    for page in [*decks, decks[0].with_name("index.html")]:
        text = page.read_text(encoding="utf-8")
        for address in re.findall(r'<(?:script|link|img|iframe|source)\b[^>]*(?:src|href)="([^"]*)"', text):
            assert address.startswith(("player/", "data:")), f"{page.name} fetches {address[:80]}"
        assert not re.search(r"@import|url\((?!data:|%23)", text)  # %23 is #, a place in the same picture
    for sheet in decks[0].parent.glob("player/*.css"):
        assert not re.search(r"@import|url\((?!data:)", sheet.read_text(encoding="utf-8"))


MEASURE = """() => {  // every slide of a deck, whole: its scale, and how far right and down anything on it reaches
  const seen = [];
  for (;;) {
    while (Reveal.availableFragments().next) Reveal.nextFragment();
    fitCurrent();
    const box = Reveal.getCurrentSlide().querySelector(":scope > .fit");
    let right = 0, bottom = 0;
    for (const part of box.querySelectorAll("*")) {
      if (part.closest("mjx-assistive-mml, svg")) continue;
      const place = part.getBoundingClientRect();
      if (!place.width || !place.height) continue;
      [right, bottom] = [Math.max(right, place.right), Math.max(bottom, place.bottom)];
    }
    seen.push([new DOMMatrix(getComputedStyle(box).transform).a, right, bottom]);
    if (Reveal.isLastSlide()) return seen;
    Reveal.next();
  }
}"""


@needs_browser
def test_a_browser_shows_every_slide_whole(decks):
    with opened() as page:
        for deck in decks:
            page.goto(deck.as_uri())
            page.wait_for_function("window.Reveal && Reveal.isReady() && !document.querySelector('.fit:empty')")
            page.wait_for_function("!window.MathJax || (MathJax.startup && MathJax.startup.promise)")
            page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise; }")
            seen = page.evaluate(MEASURE)
            assert len(seen) == page.evaluate("Reveal.getTotalSlides()") > 1
            for number, (scale, right, bottom) in enumerate(seen, start=1):
                where = f"{deck.stem}, slide {number}: scale {scale}, right {right}, bottom {bottom}"
                assert right <= 1281, where
                assert bottom <= 721, where
                assert scale >= SMALLEST, where


FLAT = """
html, body, .reveal { overflow: visible !important; height: auto !important; }
.reveal .slides { position: static !important; height: auto !important; transform: none !important; }
.reveal .slides section { all: revert !important; display: block !important; }
.reveal .fragment { visibility: visible !important; opacity: 1 !important; }
.reveal .backgrounds, .reveal .controls, .reveal .progress { display: none !important; }
"""
UNHIDE = """() => {
  for (const slide of document.querySelectorAll(".slides section"))
    for (const name of ["hidden", "aria-hidden", "style"]) slide.removeAttribute(name);
  for (const drawer of document.querySelectorAll(".slides details")) drawer.open = true;
}"""


@needs_browser
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_slide_has_a_barrier_for_any_eyes(decks, scheme, pytestconfig):
    """All slides of a deck stand below each other and are looked at together."""
    looked_at = decks if pytestconfig.getoption("every_page") else decks[1:3]  # chips, tables, cards and a quiz
    found = {}
    with opened(scheme) as page:
        for deck in looked_at:
            page.goto(deck.as_uri())
            page.wait_for_function("window.Reveal && Reveal.isReady() && !document.querySelector('.fit:empty')")
            page.evaluate("async () => { if (window.MathJax) await MathJax.startup.promise; }")
            page.add_style_tag(content=FLAT)
            page.evaluate(UNHIDE)
            slides_shown = page.locator(".slides section .fit:visible").count()
            assert slides_shown == page.evaluate("Reveal.getTotalSlides()")
            if here := barriers(page, ".slides", colours_only=scheme == "dark"):
                found[deck.stem] = here
        page.eval_on_selector(".slides .prose p", "(text) => { text.style.color = '#aaa'; }")
        assert barriers(page, ".slides", colours_only=True), "the instrument finds what is too pale"
        page.goto(decks[0].with_name("index.html").as_uri())
        assert barriers(page, "body") == []
    assert found == {}, f"in {len(found)} of {len(looked_at)} decks"
