"""Texts into classes: the centre of each class, and measures for what a classifier said and claimed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_number, describe
from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval, percentile_interval


def class_centres(vectors: np.ndarray, labels: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Average the vectors of each class and give each average length one.

    ``vectors`` has shape ``(n, d)``, a row for each example; ``labels`` holds the class of each, a string or a whole
    number.

    The result is the sorted classes, shape ``(n_classes,)``, and a unit row for each, shape ``(n_classes, d)``.

    Raises
    ------
    InputError
        If there are no examples, not as many labels as rows, labels of several kinds, a number that is not finite, or a
        class whose vectors cancel out.

    Examples
    --------
    >>> names, centres = class_centres(np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), ["cat", "cat", "tax"])
    >>> names.tolist(), centres.tolist()
    (['cat', 'tax'], [[1.0, 0.0], [0.0, 1.0]])
    """
    try:
        vectors = np.asarray(vectors, dtype=float)
    except (TypeError, ValueError):  # text, or rows of different lengths
        raise InputError(f"The vectors must be rows of one table of numbers{describe(vectors)}.") from None
    if vectors.ndim != 2 or not len(vectors):
        raise InputError(f"The vectors must be rows of one table, at least one, and this has shape {vectors.shape}.")
    if not np.isfinite(vectors).all():
        raise InputError("A vector holds NaN or infinity: find out where it comes from.")
    labels = _labels(labels)
    if len(labels) != len(vectors):
        raise InputError(f"Each of {len(vectors)} vectors needs a label, and there are {len(labels)}.")
    names, row = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, row, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(f"The vectors of the class {names[int(lengths.argmin())]} cancel out: it has no direction.")
    return names, sums / lengths


def macro_f1(truth: Sequence[Any], said: Sequence[Any]) -> float:
    """Return the plain average, over the classes, of F1: the harmonic mean of precision and recall.

    ``truth`` and ``said`` are the right and the predicted class of each text, strings or whole numbers. A class that
    occurs in either of them counts.

    Raises
    ------
    InputError
        If there are no labels, not as many of one as of the other, or labels of several kinds.

    Examples
    --------
    >>> macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]).__round__(3)
    0.429
    """
    truth, said = _pair(truth, said)
    names, coded = np.unique(np.concatenate([truth, said]), return_inverse=True)
    right = coded[: len(truth)]
    return float(_f1(right[None], coded[len(truth) :][None], len(names))[0])


def resampled_interval(
    truth: Sequence[Any], said: Sequence[Any], confidence: float = 0.95, n_resamples: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Return the range in which `macro_f1` would probably lie on other texts of the same kind.

    ``truth`` and ``said`` are those of `macro_f1`, as are their errors; ``confidence``, ``n_resamples`` and ``seed``
    are those of `evaluation.bootstrap_interval`, which does the same for means.

    Examples
    --------
    >>> resampled_interval(["a", "b"] * 20, ["a", "b"] * 20)
    (1.0, 1.0)
    """
    truth, said = _pair(truth, said)
    names, coded = np.unique(np.concatenate([truth, said]), return_inverse=True)
    right, claimed = coded[: len(truth)], coded[len(truth) :]
    return percentile_interval(
        len(truth),
        lambda drawn: _f1(right[drawn], claimed[drawn], len(names)),
        confidence,
        n_resamples=n_resamples,
        seed=seed,
    )


def loss_and_gradient(rows: np.ndarray, weights: np.ndarray, classes: np.ndarray) -> tuple[float, np.ndarray]:
    """Return the mean log loss of softmax regression, and its gradient, which has the shape of the weights.

    ``rows`` has shape ``(n_texts, d)``, ``weights`` ``(d, n_classes)``, and ``classes`` counts from 0.

    Raises
    ------
    InputError
        If a text has no class, or one that the weights have no column for.

    Examples
    --------
    >>> loss, gradient = loss_and_gradient(np.array([[2.0], [4.0]]), np.zeros((1, 2)), np.array([0, 0]))
    >>> round(loss, 3), gradient.tolist()
    (0.693, [[-1.5, 1.5]])
    """
    shares = softmax(rows @ weights)
    classes = _numbers(classes, *shares.shape)
    loss = -np.log(shares[np.arange(len(classes)), classes]).mean()
    return float(loss), rows.T @ (shares - np.eye(weights.shape[1])[classes]) / len(classes)


def best_temperature(logits: np.ndarray, right: np.ndarray, temperatures: Sequence[float]) -> float:
    """Return the temperature, of those given, by which logits are to be divided for the smallest mean log loss.

    ``logits`` has shape ``(n_texts, n_classes)``, and ``right`` the number of the right class of each, from 0. It is
    temperature scaling (Guo and others, 2017): the classifier must not have learned from these texts.

    Raises
    ------
    InputError
        If a text has no right class among those of the logits, or a temperature is not above 0, or there is none.

    Examples
    --------
    >>> best_temperature(np.array([[9.0, 0.0]] * 4), np.array([0, 0, 0, 1]), [1, 3, 9])
    9
    """
    logits = np.asarray(logits)
    if logits.ndim != 2:
        raise InputError(f"Logits have a row for each text and a column for each class, and these are {logits.shape}.")
    right = _numbers(right, *logits.shape)
    if not len(temperatures) or any(check_number("A temperature", t, 0) == 0 for t in temperatures):
        raise InputError("Temperatures are numbers above 0, at least one: logits are divided by them.")
    rows = np.arange(len(right))
    losses = [-np.log(softmax(logits / t)[rows, right]).mean() for t in temperatures]
    return temperatures[int(np.argmin(losses))]


def reliability_table(claimed: np.ndarray, correct: np.ndarray) -> dict[str, np.ndarray]:
    """Compare what a classifier claims with how often it is right, in six steps of a tenth from 0.4 to 1.

    ``claimed`` is the largest share of each text and ``correct`` whether its class was right. Each of the columns
    ``"n"``, ``"claim"``, ``"right"``, ``"low"``, ``"high"`` and ``"verdict"`` has an entry for each step: the texts,
    the mean claim, the share that is right, its 95 % interval, and whether the claim is too low or too high for it.

    Raises
    ------
    InputError
        If a step has no text, a claim is no share from 0 to 1, or not each of them has its ``correct``.

    Examples
    --------
    >>> table = reliability_table(np.arange(45, 100, 10) / 100, np.array([0, 0, 1, 1, 1, 1]))
    >>> table["n"].tolist(), table["right"].tolist()
    ([1, 1, 1, 1, 1, 1], [0.0, 0.0, 1.0, 1.0, 1.0, 1.0])
    """
    claimed, correct = np.asarray(claimed), np.asarray(correct)
    if claimed.ndim != 1 or claimed.shape != correct.shape:
        raise InputError(f"Each claim needs to be right or wrong: they are {claimed.shape} and {correct.shape}.")
    if not ((claimed >= 0) & (claimed <= 1 + 1e-6)).all():  # NaN is neither; a share in float32 may be 1.0000001
        raise InputError("Claims are shares from 0 to 1, and one of these is not: divide percentages by 100.")
    tenth = np.digitize(10 * claimed, range(4, 10))  # 0: below 0.4, 1: from 0.4 to 0.5, ... 6: from 0.9
    parts = [tenth == step for step in range(1, 7)]
    if empty := [step for step, part in enumerate(parts, 4) if not part.any()]:
        raise InputError(f"No claim lies between 0.{empty[0]} and {(empty[0] + 1) / 10}: it takes more texts.")
    low, high = np.array([bootstrap_interval(correct[part]) for part in parts]).T
    claim, right = (np.array([of[part].mean() for part in parts]) for of in (claimed, correct))
    columns = {"n": np.array([part.sum() for part in parts]), "claim": claim, "right": right, "low": low, "high": high}
    return columns | {"verdict": np.select([claim < low, claim > high], ["low", "high"], "ok")}


def _numbers(classes: Sequence[int], n_texts: int, n_classes: int) -> np.ndarray:
    """Return the number of the class of each text, if each has one that there is."""
    classes = np.asarray(classes)
    if classes.shape != (n_texts,) or not n_texts:
        raise InputError(f"Each text needs its class: there are {n_texts} texts, and classes of shape {classes.shape}.")
    if classes.dtype.kind not in "iu" or classes.min() < 0 or classes.max() >= n_classes:
        raise InputError(f"Classes are whole numbers from 0 to {n_classes - 1}: np.searchsorted(names, labels) counts.")
    return classes


def _f1(right: np.ndarray, said: np.ndarray, n_classes: int) -> np.ndarray:
    """Macro-F1 of each row of class numbers: ``(n_sets, n_texts) -> (n_sets,)``; absent classes do not count."""
    hits, wanted, claimed = (np.zeros((len(right), n_classes)) for _ in range(3))
    for number in range(n_classes):
        hits[:, number] = ((right == number) & (said == number)).sum(axis=1)
        wanted[:, number] = (right == number).sum(axis=1)
        claimed[:, number] = (said == number).sum(axis=1)
    present = wanted + claimed > 0
    f1 = np.divide(2 * hits, wanted + claimed, out=np.zeros_like(hits), where=present)
    return f1.sum(axis=1) / present.sum(axis=1)


def _pair(truth: Sequence[Any], said: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    truth, said = _labels(truth), _labels(said)
    if len(truth) != len(said):
        raise InputError(
            f"{len(truth)} texts have a right class and {len(said)} a predicted one: they must be as many."
        )
    if not len(truth):
        raise InputError("There are no labels, so there is nothing to measure.")
    if truth.dtype.kind != said.dtype.kind:
        raise InputError(
            f"The right classes are of type {truth.dtype}, the predicted of {said.dtype}: use one of them."
        )
    return truth, said


def _labels(labels: Sequence[Any]) -> np.ndarray:
    """Return labels as a flat array of strings or of whole numbers."""
    if isinstance(labels, str):
        raise InputError(f"Labels are a list with one for each text, and this is the single string {labels!r}.")
    if not isinstance(labels, Iterable):
        raise InputError(f"Labels are a list with one for each text{describe(labels)}.")
    given = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    kinds = {type(label).__name__ for label in given}
    if any(isinstance(label, bool | float | list | tuple) or label is None for label in given) or len(kinds) > 1:
        raise InputError(f"Labels must be strings, or whole numbers, all of one kind; these are {sorted(kinds)}.")
    return np.asarray(given if given else [], dtype=None if given else str)
