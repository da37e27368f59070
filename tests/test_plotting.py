"""Figures, explorers and cards: small, described in words, and safe to show."""

from __future__ import annotations

import base64
import io
import re

import ipywidgets
import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image

from course_utils import plotting
from course_utils.common.errors import InputError
from course_utils.fine_tuning.low_rank import rank_explorer
from course_utils.plotting import figures, maps
from course_utils.plotting.explorers import bars, explorer

mpl.use("agg")


def test_a_picture_carries_its_words_and_is_closed():
    figure, ax = plt.subplots()
    ax.plot([1, 2])
    picture = plotting.show(figure, alt="A line that goes up from left to right.")
    data, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == "A line that goes up from left to right."
    assert repr(picture) == "[Figure: A line that goes up from left to right.]"
    assert plt.get_fignums() == []
    pixels = Image.open(io.BytesIO(picture.data))
    assert pixels.width == pytest.approx(plotting.PIXEL_RATIO * picture.width, abs=1)


def test_a_picture_without_words_is_refused():
    with pytest.raises(InputError, match="in a sentence"):
        plotting.show(plt.figure(), alt="plot")
    plt.close("all")


def test_every_topic_has_a_colour_of_its_own():
    from course_utils.corpus import load_wikipedia

    assert set(load_wikipedia()["topic"]) == set(maps.TOPIC_COLOURS)
    assert len(set(maps.TOPIC_COLOURS.values())) == len(maps.TOPIC_COLOURS)


def test_labels_on_a_map_do_not_touch():
    rng = np.random.default_rng(0)
    figure, ax = plt.subplots(figsize=(8, 6))
    topics = np.repeat(["Arts", "History", "Mathematics"], 100)
    titles = [f"Article {number}" for number in range(300)]
    maps.draw_map(ax, rng.normal(size=(300, 2)), topics, titles, rng.random(300))
    boxes = [text.get_window_extent() for text in ax.texts]
    assert {"Arts", "History", "Mathematics"} <= {text.get_text() for text in ax.texts}
    assert len(boxes) > 20
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    plt.close(figure)


def test_bars_are_drawn_top_down_with_the_highlight():
    figure, ax = plt.subplots()
    figures.bar_chart(ax, {"a": 2.0, "b": 1.0}, unit="metres", highlight="a")
    assert [bar.get_width() for bar in ax.patches] == [2.0, 1.0]
    assert ax.yaxis_inverted()
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()
    plt.close(figure)


def test_a_label_with_dollar_signs_is_no_formula():
    figure, ax = plt.subplots()
    figures.bar_chart(ax, {"$x": 1.0, "a$b$": 2.0}, unit="count")
    figure.canvas.draw()
    plt.close(figure)


def test_the_turns_of_a_conversation_fill_a_strip():
    figure = figures.turn_strips({"one": [("user", "ab")], "two": [("user", "ab"), ("assistant", "a" * 22)]})
    bars_of = figure.axes[0].patches
    assert [(bar.get_x(), bar.get_width()) for bar in bars_of] == [(0, 1), (0, 0.25), (0.25, 0.75)]
    assert [text.get_text().split("\n")[0] for text in figure.axes[0].texts] == ["user", "user", "assistant"]
    plt.close(figure)


def test_a_coverage_curve_begins_with_all_answers_and_ends_with_ten():
    figure, ax = plt.subplots()
    scores, right = np.linspace(0, 1, 20), np.arange(20) >= 10
    figures.coverage_curves(ax, {"toy": (scores, right)}, [0.5])
    line = ax.lines[0].get_xydata()
    assert line[0].tolist() == [100, 50]
    assert line[-1].tolist() == [50, 100]
    assert ax.lines[1].get_xydata().tolist() == [[50, 100]]
    plt.close(figure)


def test_a_coverage_curve_needs_ten_answers_and_leaves_out_a_threshold_above_all():
    _, ax = plt.subplots()
    with pytest.raises(InputError, match="at least ten"):
        figures.coverage_curves(ax, {"toy": (np.arange(9.0), np.ones(9, dtype=bool))}, [])
    figures.coverage_curves(ax, {"toy": (np.arange(12.0), np.ones(12, dtype=bool))}, [20])
    assert len(ax.lines) == 1
    plt.close("all")


def test_counts_are_drawn_in_percent_with_their_intervals():
    figure, ax = plt.subplots()
    figures.interval_bars(
        ax, ["a", "b"], {"one": [(10, 5, 15), (0, 0, 4)], "two": [(20, 20, 20)] * 2}, 20, ["C0", "C1"]
    )
    assert [bar.get_width() for bar in ax.patches] == [50, 0, 100, 100]
    assert [text.get_text() for text in ax.texts] == ["10", "0", "20", "20"]
    assert [text.get_position()[0] for text in ax.texts[:2]] == [77, 22]
    assert ax.patches[0].get_y() < ax.patches[2].get_y() < ax.patches[1].get_y()
    plt.close(figure)


def test_dots_with_ranges_are_ranked_and_reach_as_far_as_their_margins():
    figure, ax = plt.subplots()
    figures.range_dots(ax, {"a": (0.5, 0.1), "b": (0.25, 0.05), "c": (0.75, 0.2)}, {"b": "C1"})
    assert [label.get_text() for label in ax.get_yticklabels()] == ["b", "a", "c"]
    ends = [line.get_segments()[0][:, 0] for line in ax.collections]
    np.testing.assert_allclose(ends, [[0.2, 0.3], [0.4, 0.6], [0.55, 0.95]])
    assert [line.get_color() for line in ax.lines] == ["C1", "#999999", "#999999"]
    plt.close(figure)


def test_dots_over_settings_have_their_numbers():
    figure, ax = plt.subplots()
    figures.dots_over_settings(ax, {0.01: 0.256, 1: 0.5})
    assert [text.get_text() for text in ax.texts] == ["0.26", "0.50"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0.01", "1"]
    assert ax.get_xscale() == "log"
    plt.close(figure)


def test_curves_differ_in_more_than_their_colour():
    assert len(set(figures.MARKS)) == len(figures.MARKS)
    assert len(set(figures.DASHES)) == len(figures.DASHES)


def test_next_tokens_are_told_in_words_with_spaces_that_show():
    figure, said = figures.next_token_bars("A team of ", [(" 1", 0.5), ("7", 0.25)], ["7"])
    assert said == "After “A team of␣” the likeliest tokens are ␣1 (0.50), 7 (0.25)."
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.5, 0.25]
    plt.close(figure)


def test_text_in_bars_is_escaped():
    html = bars([("<script>alert(1)</script>", 0.25)])
    assert "<script>" not in html
    assert "25%" in html


def test_an_explorer_follows_its_controls_and_survives_bad_input():
    def render(text: str) -> str:
        if not text:
            raise InputError("Type <something>.")
        return text.upper()

    control = ipywidgets.Text("a")
    page = explorer(render, {"text": control}, "upper case")
    control.value = "b"
    assert page.children[-1].value == "B"
    control.value = ""
    assert page.children[-1].value == "<i>Type &lt;something&gt;.</i>"
    control.value = "c"
    assert page.children[-1].value == "C"


def drawn(page):
    """The pixels that a rank explorer shows now, and what it says of them."""
    value = page.children[-1].value
    data = re.search(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]+)"', value)
    assert re.fullmatch(r"The picture at rank \d+\.", data[2])
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data[1])))), value


def test_a_picture_of_rank_one_by_hand():
    # 3 * (1, 0) and 1 * (0, 1): the first table holds 9 of 10 parts of the squares
    page = rank_explorer(np.array([[3.0, 0.0], [0.0, 1.0]]))
    pixels, said = drawn(page)
    assert pixels.tolist() == [[255, 0], [0, 0]]
    assert "4 numbers instead of 4 hold 90.0%" in said
    page.children[0].value = 2
    pixels, said = drawn(page)
    assert pixels.tolist() == [[255, 0], [0, 85]]
    assert "8 numbers instead of 4 hold 100.0%" in said


def test_more_tables_come_nearer_to_the_picture_and_the_matrices_are_not_taken_apart_again(monkeypatch):
    matrix = np.random.default_rng(0).integers(0, 256, size=(40, 30)).astype(np.uint8)
    page = rank_explorer(matrix)
    monkeypatch.setattr(np.linalg, "svd", None)
    slider, distances = page.children[0], []
    assert slider.options == (1, 2, 4, 8, 16)
    for rank in slider.options:
        slider.value = rank
        pixels, said = drawn(page)
        assert pixels.shape == matrix.shape
        assert f"{rank * 70:,} numbers instead of 1,200" in said
        distances.append(np.abs(pixels - matrix.astype(float)).mean())
    assert distances == sorted(distances, reverse=True)


@pytest.mark.parametrize("matrix", [np.zeros((3, 4)), np.full((2, 2), 7), np.ones((1, 300), bool)])
def test_a_picture_of_one_colour_is_drawn(matrix):
    with np.errstate(all="raise"):
        pixels, said = drawn(rank_explorer(matrix))
    assert (pixels == 0).all()
    assert "nan" not in said


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.zeros(4), r"shape \(4,\)"),
        (np.zeros((2, 3, 3)), r"shape \(2, 3, 3\)"),  # colours
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (5, r"shape \(\)"),
        ([["a", "b"]], "finite"),
        (np.array([[1.0, np.nan]]), "finite"),
        (np.array([[1.0, np.inf]]), "finite"),
        (np.array([[1j]]), "finite"),
    ],
)
def test_what_is_no_picture_is_refused(matrix, message):
    with pytest.raises(InputError, match=message):
        rank_explorer(matrix)
