"""Drawings of how a word is cut."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest

from course_utils.exercises.meet_the_tokenizer import merge_pair
from course_utils.plotting.word_cuts import cut_arcs, merge_frames


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(figure) -> list[str]:
    return [text.get_text() for text in (figure.axes[0].texts if figure.axes else figure.texts)]


def test_frames_show_the_pieces_after_each_merge_and_the_sum_that_made_it_win():
    frames = merge_frames({"eat": 6, "seat": 4}, [("e", "a"), ("ea", "t")], merge_pair)
    assert [texts(figure)[1:4] for figure, _ in frames] == [
        ["e", "a", "t"],
        ["ea", "t", "4 times"],
        ["eat", "4 times", "s"],
    ]
    assert frames[-1][1] == "Merge 2 makes eat: 10 times, from 6 + 4."


def test_arcs_lie_over_their_letters_and_pieces_that_do_not_fit_are_left_out():
    figure = cut_arcs("unwanted", {"un": 0.05, "want": 0.03, "xy": 0.5, "u": 0.1}, {"un": "C1"})
    assert texts(figure) == ["un 0.05", "want 0.03"]
    line = figure.axes[0].lines[1].get_xdata()
    assert [line.min(), line.max()] == pytest.approx([2, 6])
