"""Exercises of notebook 27: leave words out, what equal rates imply, a measure that is pleased, and Shapley values."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.explaining.shapley import exact_shapley
from course_utils.fairness.rates import rates


def example_people(n: int = 200) -> tuple[np.ndarray, np.ndarray]:
    """Return scores from 0 to 1 and the groups of people, ``"a"`` or ``"b"``: ``(n,)`` each.

    Examples
    --------
    >>> scores, group = example_people()
    >>> scores.shape, (group == "b").sum().tolist()
    ((200,), 80)
    """
    rng = np.random.default_rng(27)
    group = rng.permutation(np.array(["a"] * (n - 2 * n // 5) + ["b"] * (2 * n // 5)))
    return rng.permutation(np.linspace(0.01, 0.99, n)), group


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


def _orders_setting() -> dict[str, Any]:
    def gains_in_order(value: Any, order: Any) -> dict[int, float]:
        known, gains = set(), {}
        for column in order:
            gains[column] = value(known | {column}) - value(known)
            known.add(column)
        return gains

    return {"np": np, "permutations": permutations, "gains_in_order": gains_in_order}


def _length_score(texts: list[str]) -> np.ndarray:
    if isinstance(texts, str):
        raise Wrong("score takes a list of texts: score([text])[0] is the score of a single one.")
    return np.array([len(text) + 10 * text.split().count("snow") for text in texts], dtype=float)


def _test_drops(function: Any) -> str:
    text = "wet snow on snow today"
    found = np.asarray(call(function, text, _length_score), dtype=float)
    if found.shape != (5,):
        raise Wrong(f"There is a number for each of the 5 words, and yours has the shape {found.shape}.")
    wanted = np.array([4.0, 15.0, 3.0, 15.0, 6.0])
    if np.allclose(found, -wanted):
        raise Wrong("The sign is turned: a word that the score needs gets a positive number.")
    if np.allclose(found, _length_score([text])[0] - wanted):
        raise Wrong("Those are the scores without each word: subtract them from the score of the whole text.")
    if np.allclose(found[[1, 3]], 30.0, atol=2):
        raise Wrong("A word that comes twice went out twice: leave out one place, not every copy of the word.")
    if not np.allclose(found, wanted):
        raise Wrong(f"For {text!r} it should be {wanted.tolist()}, and yours is {found.tolist()}.")
    return "That took one more reading of the text for each word, and it works for any model that gives a score."


def _test_implied(function: Any) -> str:
    found = float(call(function, 0.2, 0.8, 0.6))
    wrong = {
        "You divided by everybody: false positives are a share of those who will not repay, 1 - p.": 0.03,
        "Selected people are true positives over precision: yours does not use the precision.": 0.12 / 0.8,
        "That is the share of the selected who will not repay, 1 - precision.": 0.2,
        "The recall is missing: the selected who repay are p * recall.": 0.05 / 0.8,
    }
    for message, number in wrong.items():
        if np.isclose(found, number):
            raise Wrong(message)
    if not np.isclose(found, 0.0375):
        raise Wrong(f"With p = 0.2, precision 0.8 and recall 0.6 it is 0.0375, and yours says {found:.4f}.")
    found = float(call(function, 0.5, 0.8, 0.8))
    if not np.isclose(found, 0.2):
        raise Wrong(f"With p = 0.5, precision 0.8 and recall 0.8 it is 0.20 on the page, and yours says {found:.2f}.")
    return "So whoever fixes precision and recall has fixed the false positives too, group by group."


def _test_pleased(function: Any) -> str:
    scores, group = example_people()
    said = np.asarray(call(function, scores.copy(), group.copy()))
    if said.shape != scores.shape or not np.isin(said, (0, 1)).all():
        raise Wrong(f"Return True or False for each of the {len(scores)} people, and yours has shape {said.shape}.")
    said = said.astype(bool)
    shares = {name: said[group == name].mean() for name in "ab"}
    if any(not 0.28 <= share <= 0.32 for share in shares.values()):
        raise Wrong(f"Select 30% of each group, and yours selects {shares['a']:.0%} of a and {shares['b']:.0%} of b.")
    best, worst = (scores[(group == name) & said] for name in "ab")
    if best.min() < np.quantile(scores[group == "a"], 0.68):
        raise Wrong("In group a take the people with the highest scores.")
    if worst.max() > np.quantile(scores[group == "b"], 0.32):
        raise Wrong("In group b be unfair: take the people with the lowest scores.")
    truth = scores > 0.6
    one, other = (rates(truth[group == name], said[group == name]).precision for name in "ab")
    return (
        f"The selection rates are equal, and the measure is pleased. If scores above 0.6 repay, {one:.0%} of those "
        f"selected in a do, and {other:.0%} in b."
    )


def _product(rows: np.ndarray) -> np.ndarray:
    return rows[:, 0] * rows[:, 1] + 2 * rows[:, 2]


_X, _BACKGROUND = np.array([2.0, 3.0, 1.0]), np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 3.0]])


def _test_value(function: Any) -> str:
    given = _BACKGROUND.copy()
    everything = float(call(function, _product, _X, given, {0, 1, 2}))
    if not np.array_equal(given, _BACKGROUND):
        raise Wrong("It changed the background rows that it was given: work on a copy.")
    nothing, one = (float(call(function, _product, _X, _BACKGROUND.copy(), known)) for known in (set(), {2}))
    if np.isclose(everything, _product(_BACKGROUND).mean()) and np.isclose(nothing, 8.0):
        raise Wrong("It is the wrong way round: the known columns come from x, the others from the background.")
    if np.isclose(one, _product(np.array([[2 / 3, 2 / 3, 1.0]]))[0]):
        raise Wrong("You averaged the background rows first. Average the answers of the model.")
    if np.isclose(one, 2.0):
        raise Wrong("Unknown columns are not 0: they come from the background rows.")
    if not np.isclose(everything, 8.0):
        raise Wrong(f"With all columns known it is the answer for x, 8, and yours is {everything:g}.")
    if not np.isclose(nothing, _product(_BACKGROUND).mean()):
        raise Wrong(f"With nothing known it is the mean over the background, {_product(_BACKGROUND).mean():.2f}.")
    wanted = _product(np.where([False, False, True], _X, _BACKGROUND)).mean()
    if not np.isclose(one, wanted):
        raise Wrong(f"With column 2 known it should be {wanted:.2f}, and yours is {one:.2f}.")
    return "That is what the model says when it knows only some columns."


def _pay(known: Any) -> float:
    return 20 + 10 * (0 in known) + 4 * (1 in known) + 6 * ({0, 1} <= set(known))


def _test_gains(function: Any) -> str:
    for order, wanted in (((0, 1, 2), {0: 10, 1: 10, 2: 0}), ((2, 1, 0), {0: 16, 1: 4, 2: 0})):
        found = call(function, _pay, order)
        if not isinstance(found, dict) or set(found) != {0, 1, 2}:
            raise Wrong("Return a dictionary with the gain of each column of the order.")
        if all(np.isclose(found[c], _pay({c}) - _pay(set())) for c in found) and wanted[order[-1]] != 4:
            raise Wrong("You let each column join alone. Those that came before it stay known.")
        if all(np.isclose(found[c], _pay(set(order[: k + 1]))) for k, c in enumerate(order)):
            raise Wrong("Those are the values. A gain is the value with the column minus the value before it.")
        if any(not np.isclose(found[c], wanted[c]) for c in wanted):
            raise Wrong(f"In the order {order} the gains are {wanted}, and yours are {found}.")
    return "They add up to the value of all columns minus the value of none, in every order."


def _test_shapley(function: Any) -> str:
    found = np.asarray(call(function, _pay, 3), dtype=float)
    if found.shape != (3,):
        raise Wrong(f"There is a share for each of the 3 columns, and yours has the shape {found.shape}.")
    wrong = {
        "That is the sum over the orders: divide by their number.": [78, 42, 0],
        "That is one order only: average over all of them.": [10, 10, 0],
        "Those are the gains of columns that join first: take all orders.": [10, 4, 0],
    }
    for message, shares in wrong.items():
        if np.allclose(found, shares):
            raise Wrong(message)
    if not np.allclose(found, [13, 7, 0]):
        raise Wrong(f"For the pay it should be 13, 7 and 0, and yours is {found.round(2).tolist()}.")

    def value(known: Any) -> float:
        return float(_product(np.where([column in known for column in range(3)], _X, _BACKGROUND)).mean())

    if not np.allclose(call(function, value, 3), exact_shapley(_product, _X, _BACKGROUND)):
        raise Wrong("For a model with three columns it differs from the exact shares: use every order once.")
    return "It agrees with the exact shares. Twelve columns have 479,001,600 orders, so one counts sets there."


drops_without = Exercise(
    "drops_without",
    _test_drops,
    (
        "words = text.split(), and ' '.join(words[:i] + words[i + 1:]) leaves out place i.",
        "One call of score for all shortened texts is enough: it takes a list.",
    ),
    """
    def drops_without(text, score):
        words = text.split()
        shorter = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
        return score([text])[0] - np.asarray(score(shorter))
    """,
    _numbers_setting,
)

implied_false_positives = Exercise(
    "implied_false_positives",
    _test_implied,
    (
        "Take one person on average: p * recall of them repay and are selected.",
        "The selected are that over the precision. What is left of the selected will not repay.",
        "Divide by 1 - p, the share of those who will not repay.",
    ),
    """
    def implied_false_positives(p, precision, recall):
        hits = p * recall
        wrongly = hits / precision - hits
        return wrongly / (1 - p)
    """,
)

please_the_measure = Exercise(
    "please_the_measure",
    _test_pleased,
    (
        "np.quantile(scores[group == 'a'], 0.7) has 30% of group a above it.",
        "In group b select the scores below the quantile 0.3.",
    ),
    """
    def please_the_measure(scores, group):
        top = scores > np.quantile(scores[group == "a"], 0.7)
        bottom = scores < np.quantile(scores[group == "b"], 0.3)
        return np.where(group == "a", top, bottom)
    """,
    _numbers_setting,
)

build_value = Exercise(
    "value_of",
    _test_value,
    (
        "rows = background.copy(), then rows[:, column] = x[column] for each known column.",
        "The value is predict(rows).mean().",
    ),
    """
    def value_of(predict, x, background, known):
        rows = background.copy()
        for column in known:
            rows[:, column] = x[column]
        return predict(rows).mean()
    """,
    _numbers_setting,
)

build_gains = Exercise(
    "gains_in_order",
    _test_gains,
    (
        "Begin with known = set() and go through the order.",
        "gains[column] = value(known | {column}) - value(known), and then known.add(column).",
    ),
    """
    def gains_in_order(value, order):
        known, gains = set(), {}
        for column in order:
            gains[column] = value(known | {column}) - value(known)
            known.add(column)
        return gains
    """,
)

build_shapley = Exercise(
    "shapley",
    _test_shapley,
    (
        "permutations(range(d)) goes through all orders.",
        "Collect [gains[column] for column in range(d)] of each order, and take the mean over the orders.",
    ),
    """
    def shapley(value, d):
        rows = []
        for order in permutations(range(d)):
            gains = gains_in_order(value, order)
            rows.append([gains[column] for column in range(d)])
        return np.mean(rows, axis=0)
    """,
    _orders_setting,
)

quiz = Quiz(
    (
        Question(
            "Shuffling a column hardly lowers a model's AUC. What follows?",
            {
                "The column has nothing to do with the answer.": "Another column may tell the same, as in the pair.",
                "This model can do without it, given the other columns.": "Shuffle related columns together as well.",
                "The column should be deleted.": "That is another question: train without it and compare.",
            },
            "This model can do without it, given the other columns.",
        ),
        Question(
            "The Shapley values of an answer are exact. What do they depend on besides the model and the row?",
            {
                "On nothing.": "They say how the answer differs from a mean answer, and the mean is over something.",
                "On the background rows.": "With other background rows other columns came first.",
                "On the order of the columns.": "All orders are averaged.",
            },
            "On the background rows.",
        ),
        Question(
            "An explanation names the words that a user expects. How do you find out whether it is true to the model?",
            {
                "Delete the named words and compare with a random order.": "If it stays, other words may say the same.",
                "Ask more users.": "They know what pleases, and not what the model used.",
                "Look whether it agrees with the attention weights.": "They found less than leave one out did.",
            },
            "Delete the named words and compare with a random order.",
        ),
        Question(
            "Two groups repay in 50% and in 20% of the cases. A rule selects some people wrongly and some rightly, and "
            "has equal precision and recall in both.",
            {
                "Its false positive rates are equal as well.": "They follow from the other numbers, and differ.",
                "Such a rule cannot exist.": "Ash and Birch have one.",
                "Its false positive rates differ.": "The rate is p / (1 - p) times the same factor.",
            },
            "Its false positive rates differ.",
        ),
        Question(
            "A model is trained without the column that names the group. Is it blind to the group?",
            {
                "Yes, it has not seen it.": "Other columns told the sex with an AUC of 0.93.",
                "Only if no other columns together tell the group.": "So try to tell the group from what is left.",
                "Yes, if explanations do not name the group.": "They cannot name a column that is not there.",
            },
            "Only if no other columns together tell the group.",
        ),
    )
)
