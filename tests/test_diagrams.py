"""Diagrams: what is drawn is what was given, and what does not fit together is said."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.attention import causal_mask, softmax
from course_utils.common.errors import InputError
from course_utils.plotting import diagrams, matrices


@pytest.fixture
def ax():
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def texts(ax) -> list[str]:
    return [text.get_text() for text in ax.texts]


def test_every_cell_shows_its_number(ax):
    matrices.matrix(ax, np.array([[1.0, -2.0], [0.5, 0.0]]), digits=1)
    assert texts(ax) == ["1.0", "−2.0", "0.5", "0.0"]


def test_masked_and_infinite_cells_show_no_number(ax):
    matrices.matrix(ax, np.array([[1.0, 2.0], [3.0, -np.inf]]), mask=causal_mask(2, 2), digits=0)
    assert texts(ax) == ["1", "3"]


def test_signed_colours_are_centred_on_zero(ax):
    matrices.matrix(ax, np.array([[-3.0, 1.0]]))
    assert ax.images[0].get_clim() == (-3, 3)


def test_colours_of_positive_numbers_start_at_white(ax):
    matrices.matrix(ax, np.array([[0.25, 0.75]]))
    assert ax.images[0].get_clim() == (0, 0.75)
    assert ax.images[0].cmap(0.0)[:3] == (1, 1, 1)


def test_a_matrix_of_zeros_can_be_drawn(ax):
    matrices.matrix(ax, np.zeros((2, 2)))
    ax.figure.canvas.draw()


def test_labels_stand_at_their_rows_and_columns_even_with_dollar_signs(ax):
    matrices.matrix(ax, np.eye(2), rows=["$a", "b$"], columns=["c", "d"])
    ax.figure.canvas.draw()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$a", "b$"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": np.zeros((2, 2, 2))}, "pick one head"),
        ({"values": np.zeros((2, 2)), "rows": ["a"]}, "2 rows and there are 1"),
        ({"values": np.zeros((2, 3)), "columns": ["a"]}, "3 columns and there are 1"),
        ({"values": np.zeros((2, 2)), "mask": np.ones((3, 3), bool)}, "mask has the shape"),
    ],
)
def test_what_does_not_fit_is_refused(ax, arguments, message):
    with pytest.raises(InputError, match=message):
        matrices.matrix(ax, **arguments)


def test_an_equation_writes_the_shape_below_each_matrix():
    parts = [{"values": np.ones((2, 3))}, "@", {"values": np.ones((3, 1))}, "=", {"values": np.ones((2, 1))}]
    figure = matrices.equation(parts, title="A product")
    assert [ax.get_xlabel() for ax in figure.axes] == ["2 × 3", "", "3 × 1", "", "2 × 1"]
    plt.close(figure)


def test_cells_of_an_equation_have_one_size():
    figure = matrices.equation([{"values": np.ones((2, 5))}, "=", {"values": np.ones((4, 1))}])
    sizes = [np.array(ax.get_position().size) * figure.get_size_inches() for ax in (figure.axes[0], figure.axes[2])]
    np.testing.assert_allclose(sizes[0] / [5, 2], sizes[1] / [1, 4])
    plt.close(figure)


def test_draw_heads_draws_one_grid_for_each():
    figure = matrices.draw_heads(np.stack([np.eye(3)] * 5), ["a", "b", "c"], per_row=3)
    assert sum(bool(ax.images) for ax in figure.axes) == 5
    plt.close(figure)
    with pytest.raises(InputError, match=r"\(n_heads, 2, 2\)"):
        matrices.draw_heads(np.zeros((1, 3, 3)), ["a", "b"])


def test_flow_writes_boxes_and_captions_and_refuses_unknown_boxes(ax):
    diagrams.flow(ax, {"x": (0, 0), "y": (2, 0, "out")}, [("x", "y", "6 × 4", 0.3)], kinds={"y": "step"})
    assert texts(ax) == ["x", "out", "6 × 4"]
    with pytest.raises(InputError, match="no box 'z'"):
        diagrams.flow(ax, {"x": (0, 0)}, [("x", "z")])


def test_draw_attention_writes_each_weight_and_refuses_a_wrong_query(ax):
    diagrams.draw_attention(ax, ["a", "b"], [0.25, 0.75], query=1)
    assert texts(ax) == ["a", "0.25", "b", "0.75", "b"]
    with pytest.raises(InputError, match="a query from 0 to 1"):
        diagrams.draw_attention(ax, ["a", "b"], [0.5, 0.5], query=2)


def test_plane_names_each_vector(ax):
    diagrams.plane(ax, {"cat": (1, 2), "nothing": (0, 0)})
    assert {"cat", "nothing"} <= set(texts(ax))


def test_the_figure_of_a_head_carries_its_shapes(request):
    figure = diagrams.one_head(6, 4, 2)
    request.addfinalizer(lambda: plt.close(figure))
    assert {"6 × 4", "queries\n6 × 2", "weights\n6 × 6", "step 2: mix"} <= set(texts(figure.axes[0]))


SHAPES = {"tokens": (12,), "probabilities": (49152,), "pieces": (14,), "vector": (384,), "scores": (10033,)}
FLOWS = {
    "one head": lambda: diagrams.one_head(6, 4, 2),
    "several heads": lambda: diagrams.several_heads(6, 8, 4),
    "two models": lambda: diagrams.two_models(["next token:\nsnow", "Snow", "a topic"], SHAPES | {"topics": (11,)}),
    "two models joined": lambda: diagrams.two_models(
        ["next token:\nsnow", "Snow", "topic: physical\nsciences, 0.34", "answer:\ntungsten"],
        SHAPES | {"topics": (11,)},
    ),
}


@pytest.mark.parametrize("draw", FLOWS.values(), ids=FLOWS)
def test_words_stay_in_their_boxes_and_captions_out_of_them(request, draw):
    from matplotlib.patches import FancyBboxPatch

    drawn = draw()
    request.addfinalizer(lambda: plt.close(drawn))
    drawn.canvas.draw()
    for ax in drawn.axes:
        boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
        words = [text.get_window_extent() for text in ax.texts]
        assert len(words) >= len(boxes) > 0
        for box, word in zip(boxes, words, strict=False):  # the texts of the boxes come first
            assert box.x0 <= word.x0
            assert word.x1 <= box.x1
        for caption in words[len(boxes) :]:
            assert not any(caption.overlaps(box) for box in boxes)


def test_several_heads_carry_the_shapes_of_a_part_and_of_the_whole(request):
    figure = diagrams.several_heads(6, 8, 4)
    request.addfinalizer(lambda: plt.close(figure))
    assert {"head 3", "3 × 6 × 2", "6 × 2", "6 × 8"} <= set(texts(figure.axes[0]))
    with pytest.raises(InputError, match="8 columns cannot be split into 3 heads"):
        diagrams.several_heads(6, 8, 3)


def test_shared_heads_draw_one_key_for_each_that_is_kept(request):
    figure = diagrams.shared_heads(4, {"all": 4, "one": 1})
    request.addfinalizer(lambda: plt.close(figure))
    assert [sum(text.startswith("k") for text in texts(ax)) for ax in figure.axes] == [4, 1]
    assert [ax.get_title() for ax in figure.axes] == ["all:\n4 key-value heads", "one:\n1 key-value head"]
    with pytest.raises(InputError, match="cannot share 3"):
        diagrams.shared_heads(4, {"three": 3})


def test_a_step_of_the_cache_shows_one_query_and_a_key_and_a_value_for_each_word_so_far(request):
    figure = diagrams.cache_step(["a", "b", "c"], 2)
    request.addfinalizer(lambda: plt.close(figure))
    ax = figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b"]
    assert sorted(round(patch.get_y(), 2) for patch in ax.patches) == [-0.16, -0.16, 0.34, 0.34, 0.84]
    with pytest.raises(InputError, match="from 1 to 3"):
        diagrams.cache_step(["a", "b", "c"], 4)


def test_a_step_of_attention_shows_only_what_is_computed_so_far(request):
    q, k, v = np.array([[2.0], [0.0]]), np.array([[0.0], [3.0]]), np.array([[5.0], [7.0]])
    weights, shown = softmax(q @ k.T), []
    for step in (1, 3, 4):
        figure = matrices.attention_step(["a", "b"], q, k, v, weights, step, [0])
        request.addfinalizer(lambda figure=figure: plt.close(figure))
        shown.append(texts(figure.axes[0]))
    assert "6" in shown[0]  # 2 * 3
    assert "1.00" not in str(shown[0])
    assert "1.00" in shown[1]  # the softmax of 0 and 6; the other rounds to 0.00, and is left empty
    assert "0.00" not in shown[1]
    assert "7.00" not in shown[1]
    assert "7.00" in shown[2]
    with pytest.raises(InputError, match="1 to 4"):
        matrices.attention_step(["a", "b"], q, k, v, weights, 5, [0])


def test_a_step_of_attention_joins_the_last_row_to_what_it_uses_and_all_rows_to_nothing(request):
    q, k, v = np.array([[1.0], [0.0]]), np.array([[0.0], [1.0]]), np.array([[5.0], [7.0]])
    weights, lines = softmax(q @ k.T), []
    for step, rows in ((1, [0]), (2, [0]), (3, [0]), (4, [0]), (4, [0, 1])):
        figure = matrices.attention_step(["a", "b"], q, k, v, weights, step, rows)
        request.addfinalizer(lambda figure=figure: plt.close(figure))
        lines.append(figure.axes[0].lines)
    assert [len(each) for each in lines] == [2, 0, 1, 2, 0]
    assert lines[3][1].get_linewidth() > lines[3][0].get_linewidth()  # the second value has the larger weight


def test_a_path_of_tokens_ends_in_the_product_of_its_probabilities():
    figure = diagrams.token_paths("of", [[("1", 0.5), (" a", 0.5)], [("7", 0.4)]], ["weights", "step"])
    assert {"of", "1", "␣a", "7", "0.50", "0.40", "= 0.250", "= 0.400"} <= set(texts(figure.axes[0]))
    plt.close(figure)
