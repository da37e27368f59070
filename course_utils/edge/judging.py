"""Classifiers that judge vectors: fitted to many labels or to few, with an interval beside each share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval, with_interval

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

STRENGTH = 10.0  # of the classifier: the inverse of its penalty
STRENGTHS = (1.0, 10.0, 100.0)  # to choose from


def fit_topics(data: tuple[np.ndarray, np.ndarray], strength: float = STRENGTH) -> LogisticRegression:
    """Fit a classifier of topics to vectors, ``(X, y)``.

    Examples
    --------
    >>> fit_topics((np.eye(2), np.array([0, 1]))).predict(np.eye(2)).tolist()
    [0, 1]
    """
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=300).fit(*data)


def fit_best(
    data: tuple[np.ndarray, np.ndarray], judge: tuple[np.ndarray, np.ndarray], strengths: tuple[float, ...] = STRENGTHS
) -> LogisticRegression:
    """Fit a classifier with each of a few penalties and return the one that is right most often for ``judge``.

    Of equally good ones it is the first.

    Examples
    --------
    >>> X, y = np.array([[1.0], [2.0], [9.0]]), np.array([0, 0, 1])
    >>> fit_best((X, y), (np.array([[8.0]]), np.array([1]))).C
    1.0
    """
    return max((fit_topics(data, strength) for strength in strengths), key=lambda fit: fit.score(*judge))


def draw_few(y: np.ndarray, n_each: int, seed: int) -> np.ndarray:
    """Draw the positions of a few examples of each topic.

    Examples
    --------
    >>> y = np.array([0, 0, 0, 1, 1, 1])
    >>> y[draw_few(y, 2, seed=0)].tolist()
    [0, 0, 1, 1]
    """
    y, rng = np.asarray(y), np.random.default_rng(seed)
    if np.bincount(y)[np.unique(y)].min() < check_whole("n_each", n_each, 1):
        raise InputError(f"A topic has fewer than {n_each} examples: draw fewer.")
    return np.concatenate([rng.choice(np.flatnonzero(y == topic), n_each, replace=False) for topic in np.unique(y)])


def share_with_ends(hits: np.ndarray) -> tuple[float, float, float]:
    """Return the share of hits and the ends of its 95% interval, for a chart.

    Examples
    --------
    >>> share_with_ends(np.ones(5))
    (1.0, 1.0, 1.0)
    """
    return (float(np.mean(hits)), *bootstrap_interval(np.asarray(hits, dtype=float)))


def tell_training(before: np.ndarray, after: np.ndarray, full: np.ndarray) -> str:
    """Say what training won: the accuracy before, that of each run after, and the mean run's differences.

    Parameters
    ----------
    before, full : ndarray, shape (n_texts,)
        The hits before the training, and those of the full model.
    after : ndarray, shape (n_runs, n_texts)
        The hits of each run.

    Examples
    --------
    >>> print(tell_training(np.zeros(4), np.ones((1, 4)), np.ones(4)))
    0.000, trained 1.000
        minus before 1.000 (1.000 to 1.000), minus float32 0.000 (0.000 to 0.000)
    """
    runs = " ".join(f"{each:.3f}" for each in after.mean(axis=1))
    won, left = (with_interval(after.mean(axis=0) - other, 3) for other in (before, full))
    return f"{before.mean():.3f}, trained {runs}\n    minus before {won}, minus float32 {left}"
