"""Drawings of experiments inside a model: what a patch can reach, and what the two heads of induction find."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.transformer.circuits import draw_patch, draw_scores, draw_two_heads

TEXTS = (["The", " capital", " of", " France", " is"], ["The", " capital", " of", " Japan", " is"])


def coloured(figure) -> list[int]:
    """Return the columns of the second text in which something has the colour of the patch."""
    marks = [lines for lines in figure.axes[1].collections if lines.get_colors()[0][2] < 0.5]
    return sorted({int(segment[0][0]) for lines in marks for segment in lines.get_segments()})


@pytest.mark.parametrize(("row", "reached"), [(3, [3, 4]), (1, [1, 2, 3, 4]), (4, [4])])
def test_a_patch_reaches_its_own_row_and_the_later_ones(row, reached):
    figure = draw_patch(TEXTS, row, depth=10, n_blocks=30)
    found = coloured(figure)
    plt.close(figure)
    assert found == reached


def test_a_patch_needs_texts_of_one_length_and_a_row_that_they_have():
    with pytest.raises(InputError, match="as many tokens"):
        draw_patch((TEXTS[0], TEXTS[1][:4]), 3, 10, 30)
    with pytest.raises(InputError, match="row"):
        draw_patch(TEXTS, 5, 10, 30)


def framed(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts if text.get_bbox_patch()]


def test_the_second_head_finds_the_row_that_the_first_has_marked():
    words = ["A", "blue", "fox", "…", "A", "blue"]
    steps = [draw_two_heads(words, [(16, 0), (18, 6)], step) for step in (1, 2)]
    found = [framed(figure) for figure in steps]
    said = [text.get_text() for text in steps[1].axes[0].texts]
    for figure in steps:
        plt.close(figure)
    assert found == [["fox\nafter: blue"], ["fox\nafter: blue", "blue\nafter: A"]]
    assert any("It brings fox" in each for each in said)
    with pytest.raises(InputError, match="should have come before"):
        draw_two_heads(["A", "fox"], [(16, 0), (18, 6)], 1)


def test_heads_are_framed_and_those_above_one_half_counted():
    figure, ax = plt.subplots()
    draw_scores(ax, np.array([[0.1, 0.9], [0.6, 0.2], [0, 0]]), [(0, 1)], "induction")
    frames, title = [patch.get_xy() for patch in ax.patches], ax.get_title(loc="left") or ax.get_title()
    plt.close(figure)
    assert frames == [(-0.5, 0.5)]
    assert title == "induction: 2 of 6 above one half"
