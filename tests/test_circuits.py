"""Drawings of experiments inside a model: what a patch can reach, and what the two heads of induction find."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.transformer import NumPyLM
from course_utils.transformer.circuits import draw_patch, draw_scores, draw_two_heads, found_by, weights_between
from course_utils.transformer.heads import induction_score

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


IDS = np.random.default_rng(0).integers(1000, 40_000, 12).tolist() * 2


def test_weights_between_a_stream_and_itself_are_the_layers_own():
    model = NumPyLM.smollm2()
    seen = model.look(IDS)
    for layer in (0, 17, 29):
        rows = seen.residual[layer]
        np.testing.assert_allclose(weights_between(model, layer, rows, rows), seen.attention[layer], atol=1e-5)
    whole = np.mean([induction_score(seen.attention, 12)[head] for head in ((17, 3), (18, 6))])
    assert found_by(model, IDS, 12, [(17, 3), (18, 6)], [], []) == pytest.approx(whole, abs=1e-5)


def test_induction_heads_need_the_head_before_them_in_their_keys_alone():
    model, heads = NumPyLM.smollm2(), [(17, 3), (18, 6)]
    whole, keys, queries = (
        found_by(model, IDS, 12, heads, *offs) for offs in (([], []), ([], [(16, 0)]), ([(16, 0)], []))
    )
    assert keys < whole / 2
    assert queries == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("asks", [np.zeros((3, 576)), np.zeros((4, 5)), np.zeros(4)])
def test_rows_that_do_not_fit_are_refused(asks):
    model = NumPyLM.smollm2()
    with pytest.raises(InputError, match="do not fit"):
        weights_between(model, 0, asks, np.zeros((4, 576)))
    with pytest.raises(InputError, match="layer"):
        weights_between(model, 30, np.zeros((4, 576)), np.zeros((4, 576)))


def test_no_heads_are_nothing_to_measure():
    with pytest.raises(InputError, match="no heads"):
        found_by(NumPyLM.smollm2(), IDS, 12, [], [], [])


def test_a_patch_after_the_last_block_reaches_its_own_row_alone():
    figure = draw_patch(TEXTS, 1, depth=30, n_blocks=30)
    found = coloured(figure)
    plt.close(figure)
    assert found == [1]
