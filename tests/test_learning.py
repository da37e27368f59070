"""Drawings of how vectors learn."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.plotting.learning import pair_frames, window_frames


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_text()]


def test_the_window_has_the_neighbours_with_1_and_the_negative_with_0():
    (figure, said), (_, later) = window_frames(["the", "cat", "sits", "on"], ["dog", "mat"])
    assert texts(figure)[:5] == ["the", "cat", "sits", "on", "dog"]
    assert texts(figure)[-3:] == ["the: 1", "sits: 1", "dog: 0"]
    assert said == "Targets of cat: 1 with the, 1 with sits, 0 with the random dog."
    assert later == "Targets of sits: 1 with cat, 1 with on, 0 with the random mat."


def test_a_middle_word_needs_two_neighbours():
    with pytest.raises(InputError, match="1 middles"):
        window_frames(["the", "cat", "sits"], ["dog", "mat"])


def test_pairs_are_an_arrow_and_a_dot_in_one_colour():
    left, right = np.eye(2), np.eye(2)[::-1]
    ((figure, said),) = pair_frames([(left, right, "Steps taken: 0.")], ["cat", "bread"])
    assert texts(figure) == ["c", "cat", "b", "bread"]
    assert said == "Steps taken: 0."
    dots = figure.axes[0].lines
    assert [(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots] == [(0, 1), (1, 0)]
    arrows = [text for text in figure.axes[0].texts if not text.get_text()]
    assert [arrow.arrow_patch.get_edgecolor() for arrow in arrows] == [
        plt.matplotlib.colors.to_rgba(dot.get_color()) for dot in dots
    ]


def test_pairs_of_other_shapes_are_refused():
    with pytest.raises(InputError, match="have shape"):
        pair_frames([(np.eye(2), np.eye(3), "")], ["cat", "bread"])
