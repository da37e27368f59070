"""Explanations: exact Shapley values, columns replaced, counterfactuals, words left out, gradients and attention."""

from __future__ import annotations

from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.explaining import figures
from course_utils.explaining.inside import integrated_gradients, look_inside
from course_utils.explaining.shapley import MOST_COLUMNS, coalition_values, exact_shapley, path_shares, tree_shares
from course_utils.explaining.tables import change_without, smallest_change
from course_utils.explaining.texts import (
    compare_orders,
    delete_and_keep,
    delete_in_order,
    leave_one_out,
    topic_chances,
    without_word,
)

RNG = np.random.default_rng(0)


def pay(rows):
    """Return 20, and 10 for the first column, 4 for the second, 6 for both."""
    return 20 + 10 * rows[:, 0] + 4 * rows[:, 1] + 6 * rows[:, 0] * rows[:, 1]


def curved(rows):
    return rows[:, 0] * rows[:, 1] + np.sin(rows[:, 2]) + rows[:, 3] ** 2


@pytest.fixture
def axes():
    _, ax = plt.subplots()
    yield ax
    plt.close("all")


def test_shapley_values_of_the_pay_are_those_worked_by_hand():
    assert exact_shapley(pay, np.ones(3), np.zeros((1, 3))).tolist() == [13, 7, 0]


def test_shapley_values_equal_the_mean_over_all_orders():
    x, background = RNG.normal(size=4), RNG.normal(size=(5, 4))

    def value(known):
        return curved(np.where([c in known for c in range(4)], x, background)).mean()

    orders = list(permutations(range(4)))
    gains = [[value(set(o[: o.index(c) + 1])) - value(set(o[: o.index(c)])) for c in range(4)] for o in orders]
    assert np.allclose(exact_shapley(curved, x, background), np.mean(gains, axis=0))


def test_shares_add_up_and_a_column_that_changes_nothing_gets_nothing():
    x, background = RNG.normal(size=5), RNG.normal(size=(7, 5))
    shares = exact_shapley(curved, x, background)
    assert np.isclose(shares.sum(), curved(x[None])[0] - curved(background).mean())
    assert abs(shares[4]) < 1e-12
    other = exact_shapley(lambda rows: 2 * curved(rows) + rows[:, 4], x, background)
    assert np.allclose(other - 2 * shares, [0, 0, 0, 0, x[4] - background[:, 4].mean()])


def test_shapley_values_of_trees_equal_those_of_shap():
    import shap
    from sklearn.ensemble import HistGradientBoostingClassifier

    x = RNG.normal(size=(400, 5))
    model = HistGradientBoostingClassifier(max_iter=20, max_depth=3, random_state=0).fit(x, x[:, 0] * x[:, 1] > 0)
    explainer = shap.TreeExplainer(model, x[:10], feature_perturbation="interventional")
    ours = [exact_shapley(model.decision_function, row, x[:10]) for row in x[20:23]]
    assert np.allclose(ours, explainer.shap_values(x[20:23]), atol=1e-6)


def test_coalitions_are_counted_by_bits():
    known, values = coalition_values(pay, np.ones(2), np.zeros((3, 2)))
    assert known.tolist() == [[False, False], [True, False], [False, True], [True, True]]
    assert values.tolist() == [20, 30, 24, 40]


@pytest.mark.parametrize(
    ("x", "background"),
    [
        (np.ones((1, 3)), np.zeros((2, 3))),
        (np.ones(3), np.zeros(3)),
        (np.ones(3), np.zeros((2, 4))),
        (np.ones(3), np.zeros((0, 3))),
        (np.ones(MOST_COLUMNS + 1), np.zeros((2, MOST_COLUMNS + 1))),
    ],
)
def test_a_row_that_does_not_fit_its_background_is_refused(x, background):
    with pytest.raises(InputError, match="1 to 14 columns"):
        exact_shapley(pay, x, background)


def test_replacing_columns_by_hand_and_nothing_moves_without_columns():
    x, background = np.array([[1.0, 1.0], [0.0, 1.0]]), np.zeros((2, 2))
    assert change_without(pay, x, np.array([[0], [1]]), background).tolist() == [16, 4]
    assert change_without(pay, x, np.zeros((2, 0), dtype=int), background).tolist() == [0, 0]
    assert change_without(pay, x, np.array([[0, 1], [0, 1]]), x[:1]).tolist() == [0, 16]
    with pytest.raises(InputError, match="needs its columns"):
        change_without(pay, x, np.array([0, 1]), background)


def test_the_smallest_change_is_found_or_none():
    def enough(rows):
        return pay(rows) >= 30

    assert smallest_change(enough, np.zeros(2), {0: [1, 2], 1: [1, 2, 3]}).tolist() == [1, 0]
    assert smallest_change(enough, np.zeros(2), {1: [1, 2, 3]}).tolist() == [0, 3]
    assert smallest_change(enough, np.zeros(2), {1: [1, 2]}) is None
    start = np.zeros(2)
    smallest_change(enough, start, {0: [1]})
    assert start.tolist() == [0, 0]
    with pytest.raises(InputError, match="columns from 0 to 1"):
        smallest_change(enough, np.zeros(2), {2: [1]})


def test_shares_along_a_path_are_those_worked_by_hand_and_add_up():
    def slope(points):  # of the pay, 20 + 10 a + 4 b + 6 a b
        return np.stack([10 + 6 * points[:, 1], 4 + 6 * points[:, 0], 0 * points[:, 2]], axis=1)

    assert np.allclose(path_shares(slope, np.ones(3), np.zeros(3)), [13, 7, 0])
    assert np.allclose(path_shares(slope, np.ones(3), np.ones(3)), 0)
    x, start = RNG.normal(size=(2, 4))
    cubes = path_shares(lambda points: 3 * points**2, x, start, 1000)
    assert np.allclose(cubes, x**3 - start**3, atol=1e-4)
    with pytest.raises(InputError, match="shapes agree"):
        path_shares(slope, np.ones(3), np.zeros((1, 3)))
    with pytest.raises(InputError, match="one number for each"):
        path_shares(lambda points: points.sum(axis=1), np.ones(3), np.zeros(3))


# Texts


def test_words_are_left_out_one_place_at_a_time():
    assert without_word("snow on snow") == ["on snow", "snow snow", "snow on"]
    drops = leave_one_out("snow on snow", lambda texts: np.array([text.count("snow") for text in texts]))
    assert drops.tolist() == [1, 0, 1]
    for text in ("snow", "", None):
        with pytest.raises(InputError, match="at least two words"):
            without_word(text)


def test_deleting_follows_the_order_and_keeps_a_word():
    assert delete_in_order("a b c", [2, 0, 1], [0, 1, 2]) == ["a b c", "a b", "b"]
    with pytest.raises(InputError, match="each place"):
        delete_in_order("a b c", [0, 0, 1], [1])
    with pytest.raises(InputError, match="from 0 to 2"):
        delete_in_order("a b c", [0, 1, 2], [3])


def test_keeping_gives_the_first_words_of_the_order_alone():
    assert delete_and_keep("a b c d", [2, 0, 3, 1], [0, 2], 2) == ["a b c d", "b d", "a c"]
    assert delete_and_keep("a b c", np.array([2, 0, 1]), [], 3) == ["a b c"]
    for n in (0, 4):
        with pytest.raises(InputError, match="n_kept"):
            delete_and_keep("a b c", [2, 0, 1], [1], n)


def test_an_order_gains_by_a_lower_probability_without_its_words_and_a_higher_one_with_them():
    one, other = np.array([[0.2, 0.9], [0.4, 0.7]]), np.array([[0.5, 0.6], [0.7, 0.8]])
    assert compare_orders(one, other).startswith("0.30, gain 0.30 (0.30 to 0.30) | 0.80, gain 0.10 (")
    for bad in (other[:1], other[:, :1]):
        with pytest.raises(InputError, match="two numbers for each text"):
            compare_orders(one, bad)
    assert compare_orders(other, one).startswith("0.60, gain -0.30 (-0.30 to -0.30) | 0.70, gain -0.10 (")
    assert compare_orders(one, one) == "0.30, gain 0.00 (0.00 to 0.00) | 0.80, gain 0.00 (0.00 to 0.00)"


def test_topic_chances_are_those_of_the_encoder_and_add_up():
    from course_utils.embeddings import embed

    weights, bias = RNG.normal(size=(3, 384)), np.array([0.1, 0.0, -0.1])
    texts = ["Snow is cold.", "A river flows.", "Snow is cold."]
    found = topic_chances(texts, weights, bias)
    scores = np.exp(embed(texts).astype(float) @ weights.T + bias)
    assert np.allclose(found, scores / scores.sum(axis=1, keepdims=True), atol=1e-4)
    assert np.allclose(found.sum(axis=1), 1)
    assert np.array_equal(found[0], found[2])


@pytest.fixture(scope="module")
def looked():
    topic = np.random.default_rng(1).normal(size=384)
    return topic, look_inside("Snowflakes fall on tokenizers", topic)


def test_a_look_inside_gives_a_number_for_each_word(looked):
    _, found = looked
    varied = {"gradient per token", "attention per token"}
    assert list(found)[:3] == ["gradient", "gradient x vector", "attention"]  # the notebook draws the first ones
    assert set(found) - varied == {"gradient", "gradient x vector", "attention", "attention, all blocks"}
    assert all(values.shape == (4,) and np.isfinite(values).all() for values in found.values())
    for name in ("attention", "attention, all blocks"):
        assert 0 < found[name].sum() < 1  # [CLS] and [SEP] get the rest
    assert (found["gradient"] > 0).all()


def test_per_token_is_the_mean_over_the_tokens_of_a_word(looked):
    _, found = looked
    for name in ("gradient", "attention"):
        assert np.allclose(found[name] / found[f"{name} per token"], [3, 1, 1, 3])  # snow ##fl ##akes, token ##izer ##s


def test_the_gradient_is_that_of_a_difference(looked):
    import torch

    from course_utils.fine_tuning.classifier import load_minilm

    topic, found = looked
    encoder, tokenizer = load_minilm()
    words = ["Snowflakes", "fall", "on", "tokenizers"]
    read = tokenizer([words], is_split_into_words=True, return_tensors="pt")
    place = read.word_ids(0).index(1)  # of "fall", a single token
    with torch.no_grad():
        vectors = encoder.embeddings.word_embeddings(read["input_ids"]).double()
        encoder.double()
        scores = []
        for step in (1e-4, -1e-4):
            moved = vectors.clone()
            moved[0, place] *= 1 + step
            states = encoder(inputs_embeds=moved, attention_mask=read["attention_mask"]).last_hidden_state
            mean = torch.nn.functional.normalize(states.mean(dim=1), dim=1)[0]
            scores.append(float(mean @ torch.tensor(topic)))
    assert np.isclose((scores[0] - scores[1]) / 2e-4, found["gradient x vector"][1], rtol=0.02)


def test_integrated_gradients_add_up_to_the_difference_of_the_scores(looked):
    from course_utils.embeddings import embed

    topic, text = looked[0], "Snowflakes fall on tokenizers"
    shares, difference = integrated_gradients(text, topic, "[PAD]", 50)
    assert np.isclose(shares.sum(), difference, atol=0.005)
    assert abs(integrated_gradients(text, topic, "[PAD]", 1)[0].sum() - difference) > 0.1
    filled, other = integrated_gradients(text, topic, "[MASK]", 50)
    assert np.isclose(filled.sum(), other, atol=0.005)
    assert abs(other - difference) > 0.1
    shares, nothing = integrated_gradients("fall fall fall", topic, "fall")
    assert np.allclose(shares, 0)
    assert abs(nothing) < 1e-6
    masked = "[MASK] " * 8  # as many as the text has tokens
    scores = embed([text, masked.strip()]).astype(float) @ topic
    assert np.isclose(other, scores[0] - scores[1], atol=0.01)
    with pytest.raises(InputError, match="token of the vocabulary"):
        integrated_gradients(text, topic, "no token")


# Figures


def test_bars_of_pushes_end_at_the_answer(axes):
    figures.pushes(axes, list("abcd"), [3.0, -1.0, 0.5, 0.25], start=-2.0, n_shown=2)
    bars = axes.patches
    assert [round(bar.get_width(), 2) for bar in bars] == [3.0, -1.0, 0.75]
    assert np.isclose(bars[-1].get_x() + bars[-1].get_width(), 0.75)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["a", "b", "2 others"]


def test_the_strongest_words_are_bold():
    figure = figures.word_table(["one", "two", "three"], {"x": [0.1, 0.9, 0.2], "y": [3, -1, 2]}, "how", n_strong=1)
    bold = [text.get_text() for text in figure.axes[0].texts if text.get_weight() == "bold"]
    assert bold == ["two", "one"]
    assert figure.axes[0].get_title(loc="left") == "how"
    plt.close(figure)


def test_words_are_coloured_around_zero_and_each_row_says_its_scale():
    figure = figures.word_table(["one", "two", "three"], {"x": [-2.0, 0.0, 1.0], "y": [0.0, 0.5, 0.25]}, "how")
    red, _, blue, alpha = np.array([box.get_facecolor() for box in figure.axes[0].patches]).T
    assert np.allclose(alpha, [0.75, 0, 0.375, 0, 0.75, 0.375])
    assert blue[0] > red[0]
    assert all(red[place] > blue[place] for place in (2, 4, 5))
    assert {"\u22122.00", "+0.50"} <= {text.get_text() for text in figure.axes[0].texts}
    plt.close(figure)


def test_words_stay_within_their_boxes():
    words = ["Jean-Baptiste", "mathematician", "a", "$5", "WWW"]
    figure = figures.word_table(words, {"all bold": [1, 2, 3, 4, 5]}, "how", n_strong=5)
    ax, draw = figure.axes[0], figure.canvas.get_renderer()
    texts = [text for text in ax.texts if text.get_weight() == "bold"]
    for text, box in zip(texts, ax.patches, strict=True):
        inner, outer = text.get_window_extent(draw), box.get_window_extent(draw)
        assert outer.x0 < inner.x0 < inner.x1 < outer.x1
    plt.close(figure)


def test_curves_and_dependence_draw_means(axes):
    curves = {"a": np.array([[1.0, 0.5], [0.8, 0.1]]), "a, other start": np.ones((2, 2)), "random": np.ones((2, 2))}
    figures.deletion_curves(axes, [0, 1], curves, "random", {"a, other start": "a"})
    assert np.allclose(axes.lines[0].get_ydata(), [0.9, 0.3])
    assert [line.get_linestyle() for line in axes.lines] == ["-", ":", "--"]
    assert axes.lines[0].get_color() == axes.lines[1].get_color()
    with pytest.raises(InputError, match="with each variant"):
        figures.deletion_curves(axes, [0, 1], curves, "random", {"a, other start": "b"})
    _, other = plt.subplots()
    figures.dependence(other, [20, 30], np.array([[0.0, 0.4], [0.2, 0.8]]), "age")
    assert np.allclose(other.lines[-1].get_ydata(), [0.1, 0.6])


def test_bars_that_join_start_where_the_one_before_ended(axes):
    figures.joining(axes, {"first": {"a": 10.0, "b": 4.0, "c": 0.0}, "other": {"b": 2.0, "a": 12.0}}, 20.0, "pay")
    assert [(bar.get_x(), bar.get_width()) for bar in axes.patches] == [(20, 10), (30, 4), (20, 2), (22, 12)]
    assert axes.patches[0].get_facecolor() == axes.patches[3].get_facecolor()
    assert [text.get_text() for text in axes.texts] == ["a +10", "b +4", "b +2", "a +12"]


def test_the_fast_way_for_trees_gives_the_exact_shares():
    from sklearn.ensemble import HistGradientBoostingClassifier

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(200, 3))
    model = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(rows, rows[:, 0] + rows[:, 1] > 0)
    found = tree_shares(model, rows[:10], rows[20:22])
    exact = [exact_shapley(model.decision_function, row, rows[:10]) for row in rows[20:22]]
    assert np.allclose(found, exact)


def test_the_incident_has_four_steps_with_results():
    figure = figures.incident()
    assert len(figure.axes[0].texts) == 8
    plt.close(figure)
