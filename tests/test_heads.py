"""Heads found by measuring: scores worked by hand, heads of SmolLM2 that do what their names say, and bad input."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.transformer import Activations, NumPyLM, token_losses
from course_utils.transformer.figures import (
    attention_html,
    chances_html,
    draw_block,
    draw_cache,
    draw_lens,
    draw_sink,
    draw_turned,
)
from course_utils.transformer.heads import (
    first_token_score,
    induction_score,
    lens,
    peers,
    previous_token_score,
    strongest_heads,
)


@pytest.fixture(scope="module")
def model() -> NumPyLM:
    return NumPyLM.smollm2()


def one_hot(targets) -> np.ndarray:
    return np.eye(len(targets))[targets]


def test_a_head_that_always_looks_back_one_scores_1():
    assert previous_token_score(one_hot([0, 0, 1, 2])) == 1
    assert first_token_score(one_hot([0, 0, 1, 2])) == pytest.approx(1 / 3)


def test_a_head_that_always_looks_at_the_first_scores_1():
    assert first_token_score(one_hot([0, 0, 0, 0])) == 1
    assert previous_token_score(one_hot([0, 0, 0, 0])) == 0


def test_a_perfect_induction_head_scores_1_and_a_copy_head_0():
    assert induction_score(one_hot([0, 0, 0, 1, 2, 3]), period=3) == 1
    assert induction_score(one_hot([0, 1, 2, 0, 1, 2]), period=3) == 0


def test_scores_of_many_heads_keep_their_axes():
    attention = np.stack([one_hot([0, 0, 1, 2]), one_hot([0, 0, 0, 0])])[None]
    np.testing.assert_allclose(previous_token_score(attention), [[1, 0]])
    assert strongest_heads(previous_token_score(attention), 1) == [(0, 0)]


def test_losses_equal_the_cross_entropy_of_torch(model):
    import torch

    ids = model.tokenizer.encode("Snow falls in winter.")
    expected = torch.nn.functional.cross_entropy(
        torch.tensor(model.logits(ids)[:-1]), torch.tensor(ids[1:]), reduction="none"
    )
    np.testing.assert_allclose(token_losses(model, ids), expected.numpy(), atol=1e-4)


def test_without_its_induction_heads_the_model_cannot_repeat(model):
    rng = np.random.default_rng(1)
    ids = rng.integers(1000, 40_000, 25).tolist() * 2
    found = strongest_heads(induction_score(model.look(ids).attention, 25), 4)
    others = peers(model, found, rng)
    plain, without, control = (token_losses(model, ids, off)[25:].mean() for off in ((), found, others))
    assert without > plain + 3
    assert control < plain + 2


def test_peers_are_other_heads_of_the_same_layers(model):
    chosen, avoid = [(3, 1), (3, 2), (7, 0)], [(7, head) for head in range(1, 8)]
    drawn = peers(model, chosen, np.random.default_rng(0), avoid)
    assert [layer for layer, _ in drawn] == [3, 3, 7]
    assert drawn[2] == (7, 8)
    assert len({*drawn, *chosen}) == 6
    with pytest.raises(InputError, match="Layer 7 has no other head"):
        peers(model, [(7, 0), (7, 8)], np.random.default_rng(0), avoid)


def test_a_cache_is_drawn_with_what_is_new_and_what_is_kept():
    figure = draw_cache(["a", "b", "c"], n_kept=1, n_read=2)
    words = [text.get_text() for text in figure.axes[0].texts]
    strengths = [patch.get_alpha() for patch in figure.axes[0].patches if patch.get_fill() and patch.get_facecolor()[3]]
    plt.close(figure)
    assert (words.count("new"), words.count("kept")) == (1, 1)
    assert strengths.count(0.3) == 2  # key and value of the first token
    assert strengths.count(1) >= 3  # query, key and value of the second
    with pytest.raises(InputError, match="n_read"):
        draw_cache(["a", "b"], n_kept=0, n_read=3)


@pytest.mark.parametrize(
    ("half", "shapes"), [("attention", {"15×5×64", "9×5×64"}), ("network", {"5×3,072", "5×1,536"})]
)
def test_each_half_of_a_block_carries_its_shapes(model, half, shapes):
    figure = draw_block(model, 5, half)
    words = {text.get_text() for text in figure.axes[0].texts}
    plt.close(figure)
    assert words >= shapes | {"RMSNorm", "5 × 576"}


def test_a_block_has_two_halves(model):
    with pytest.raises(InputError, match="neither"):
        draw_block(model, 5, "head")


def test_the_first_row_is_drawn_apart_from_the_median_of_the_others():
    figure = draw_sink(np.array([[1.0, 2.0, 4.0, 9.0], [50.0, 3.0, 5.0, 8.0], [60, 4, 6, 7]]), np.array([0.25, 0.75]))
    first, others = (line.get_ydata().tolist() for line in figure.axes[0].lines)
    looked_at = [bar.get_x() + 0.5 for bar in figure.axes[0].patches if bar.get_height()]
    plt.close(figure)
    assert (first, others, looked_at) == ([1, 50, 60], [4, 5, 6], [1])


def test_a_small_top_p_leaves_one_bar(model):
    assert chances_html(model, "The capital of France is", 1.0, 100, 0.01).count("Paris") == 1
    assert "London" not in chances_html(model, "The capital of France is", 1.0, 1, 1.0)


def test_the_arrows_of_two_pairs_three_apart_have_one_angle_between_them():
    figure = draw_turned((1.0, 0.5), (0.8, -0.3), 0.6, [(5, 2), (7, 4)])
    scores = figure.axes[2].images[0].get_array()
    plt.close(figure)
    assert scores[5, 2] == pytest.approx(scores[7, 4])
    assert scores[0, 0] == pytest.approx(1.0 * 0.8 - 0.5 * 0.3)


def test_the_lens_ends_with_the_models_own_answer(model):
    words, probabilities = lens(model, model.look(model.tokenizer.encode("The capital of France is")))
    assert words[-1] == " Paris"
    assert len(words) == 31
    np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-4)


SEEN = Activations(("<i>", *["x"] * 44), np.zeros((2, 45, 1)), np.broadcast_to(np.eye(45), (1, 1, 45, 45)))


def test_the_page_of_a_head_escapes_and_counts_what_it_leaves_out():
    page = attention_html(SEEN, 0, 0)
    assert "&lt;i&gt;" in page
    assert "5 more are not drawn" in page
    assert page.count("title=") == 40 * 41 / 2


@pytest.mark.parametrize(
    "ask",
    [
        lambda: previous_token_score(np.ones((2, 3))),
        lambda: previous_token_score(np.ones((2, 2))),
        lambda: induction_score(np.ones((4, 4)), period=4),
        lambda: induction_score(np.ones((4, 4)), period=1),
        lambda: first_token_score(np.ones(3)),
        lambda: strongest_heads(np.ones((2, 2)), 5),
        lambda: strongest_heads(np.ones((2, 2)), 0),
        lambda: strongest_heads(np.ones((2, 2)), 1.5),
        lambda: strongest_heads(np.ones((2, 2)), "1"),
        lambda: induction_score(np.ones((4, 4)), period=2.0),
        lambda: attention_html(SEEN, 1, 0),
        lambda: attention_html(SEEN, 0, -1),
        lambda: attention_html(SEEN, 0, 0.5),
        lambda: lens(None, SEEN, position=45),
        lambda: lens(None, SEEN, position=-46),
        lambda: lens(None, SEEN, position=0.0),
        lambda: draw_lens(None, None, SEEN, [0, 2]),
        lambda: draw_lens(None, None, SEEN, [-1]),
    ],
)
def test_shapes_and_numbers_that_make_no_sense_are_refused(ask):
    with pytest.raises(InputError):
        ask()


def test_a_loss_of_one_token_is_refused(model):
    with pytest.raises(InputError, match="at least two"):
        token_losses(model, [1])
    with pytest.raises(InputError, match="one row"):
        token_losses(model, [[1, 2], [3, 4]])
