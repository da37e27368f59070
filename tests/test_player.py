"""Pictures to step through: what the HTML holds, and what a browser does with it."""

import html
import re
import xml.dom.minidom
from urllib.parse import unquote

import matplotlib.pyplot as plt
import numpy as np
import pytest
from browser import needs_browser, opened

from course_utils.common.errors import InputError
from course_utils.plotting.player import player


def drawn(text: str):
    figure, ax = plt.subplots(figsize=(3, 2))
    ax.set_title(text)
    return figure


def three():
    return player([(drawn(f'<{word}> & "{word}"'), f"The <{word}> picture is shown.") for word in "abc"], "In <time>")


def svgs(page: str) -> list[str]:
    return [unquote(html.unescape(found)).split(",", 1)[1] for found in re.findall(r'src="(data:[^"]*)"', page)]


def test_each_picture_is_whole_svg_whose_letters_are_text():
    pictures = svgs(three()._repr_html_())
    assert len(pictures) == 3
    for picture, word in zip(pictures, "abc", strict=True):
        texts = xml.dom.minidom.parseString(picture.strip()).getElementsByTagName("text")
        assert f'<{word}> & "{word}"' in [text.firstChild.data for text in texts]


def test_a_picture_of_many_points_is_no_larger_than_its_pixels():
    figures = [plt.figure(figsize=(3, 2)) for _ in range(2)]
    for figure in figures:
        figure.gca().plot(*np.random.default_rng(0).random((2, 2000)), "o")
    for picture in player([(figure, "Two thousand points are drawn.") for figure in figures], "Points").pictures:
        assert picture.startswith("data:image/png;base64,")
        assert len(picture) < 100_000


def test_the_same_pictures_give_the_same_bytes():
    assert three()._repr_html_() == three()._repr_html_()


def test_its_words_are_escaped_and_nothing_is_asked_from_outside():
    page = three()._repr_html_()
    assert "The &lt;b&gt; picture" in page
    assert "The <b> picture" not in page
    assert "In &lt;time&gt;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_figures_are_closed():
    before = plt.get_fignums()
    three()
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (lambda: [], "two pictures"),
        (lambda: [(drawn("a"), "One picture is alone.")], "two pictures"),
        (lambda: [(drawn("a"), "This one is described."), (drawn("b"), "short")], "needs a sentence"),
        (lambda: [(drawn("a"), "This one is small."), (plt.figure(figsize=(9, 9)), "This one is large.")], "one size"),
    ],
)
def test_what_cannot_be_played_is_refused(frames, message):
    with pytest.raises(InputError, match=message):
        player(frames(), "title")


@pytest.fixture
def page_file(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{three()._repr_html_()}", encoding="utf-8")
    return file.as_uri()


def visible(page) -> list[str]:
    return [caption.inner_text() for caption in page.locator("figcaption").all() if caption.is_visible()]


@needs_browser
def test_a_browser_steps_through_the_pictures_by_buttons_and_by_keys(page_file):
    with opened() as page:
        page.goto(page_file)
        first, back, forward = (page.get_by_role("button", name=name) for name in ("first", "back", "forward"))
        assert visible(page) == ["1 of 3. The <a> picture is shown."]
        assert first.is_disabled()
        assert back.is_disabled()
        assert not page.locator("details").count()
        loaded = page.locator("figure img").first.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
        assert loaded > 0, "the picture itself is shown"
        forward.click()
        assert visible(page) == ["2 of 3. The <b> picture is shown."]
        page.keyboard.press("End")
        assert visible(page) == ["3 of 3. The <c> picture is shown."]
        assert forward.is_disabled()
        page.get_by_role("button", name="back").click()
        page.keyboard.press("ArrowLeft")
        assert visible(page)[0].startswith("1 of 3")


@needs_browser
def test_it_plays_to_the_end_and_not_where_less_motion_is_asked_for(page_file, tmp_path):
    file = tmp_path / "quick.html"
    file.write_text(
        re.sub(r", 2000\)", ", 50)", (tmp_path / "page.html").read_text(encoding="utf-8")), encoding="utf-8"
    )
    with opened() as page:
        page.goto(file.as_uri())
        page.get_by_role("button", name="play").click()
        page.get_by_text("3 of 3.").wait_for(timeout=5000)
        page.get_by_role("button", name="play").wait_for(timeout=5000)  # it has stopped
        page.emulate_media(reduced_motion="reduce")
        page.get_by_role("button", name="play").wait_for(state="hidden", timeout=5000)
        page.goto(file.as_uri())
        page.wait_for_timeout(300)
        assert visible(page)[0].startswith("1 of 3")
        assert page.get_by_role("button", name="play").is_hidden()


@needs_browser
def test_without_scripts_the_first_picture_is_seen_and_the_others_can_be_opened(page_file, tmp_path):
    file = tmp_path / "still.html"
    whole = (tmp_path / "page.html").read_text(encoding="utf-8")
    file.write_text(re.sub(r"<script>.*?</script>", "", whole, flags=re.DOTALL), encoding="utf-8")
    with opened() as page:
        page.goto(file.as_uri())
        assert page.locator("figure").first.is_visible()
        assert not page.locator("figure").last.is_visible()
        page.get_by_text("The pictures that follow").click()
        assert page.locator("figure").last.is_visible()
