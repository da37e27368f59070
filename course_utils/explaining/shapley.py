"""One answer of a model divided among its columns: by Shapley values, or by gradients along a path."""

from __future__ import annotations

from collections.abc import Callable
from math import comb

import numpy as np

from course_utils.common.checks import check_floats, check_whole
from course_utils.common.errors import InputError

MOST_COLUMNS = 14  # 2^14 coalitions


def coalition_values(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, background: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return all coalitions of columns and what the model says when only these columns are known.

    Parameters
    ----------
    predict : callable
        Takes rows ``(n, d)`` and returns a number for each.
    x : ndarray, shape (d,)
        The row to explain.
    background : ndarray, shape (n_background, d)
        Rows from which a column that is not known takes its value; the answers for all of them are averaged.

    Returns
    -------
    (ndarray of bool, ndarray of float), shapes (2^d, d) and (2^d,)
        Coalition number c has the columns whose bits are set in c.

    Examples
    --------
    >>> known, values = coalition_values(lambda rows: rows[:, 0] + 2 * rows[:, 1], [1.0, 1.0], [[0.0, 0.0]])
    >>> values.tolist()
    [0.0, 1.0, 2.0, 3.0]
    """
    x, background = check_floats("x", x), check_floats("background", background)
    d = x.shape[0] if x.ndim == 1 else 0
    if not 1 <= d <= MOST_COLUMNS or background.ndim != 2 or background.shape[1] != d or not len(background):
        raise InputError(
            f"x is one row of 1 to {MOST_COLUMNS} columns and the background are rows with as many; "
            f"the shapes are {x.shape} and {background.shape}."
        )
    known = (np.arange(2**d)[:, None] >> np.arange(d)) % 2 == 1
    rows = np.where(known[:, None], x, background)  # (2^d, n_background, d)
    answers = np.asarray(predict(rows.reshape(-1, d)), dtype=float)
    return known, answers.reshape(2**d, -1).mean(axis=1)


def exact_shapley(predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the Shapley value of each column: its mean gain over all orders in which columns become known.

    The parameters are those of `coalition_values`. A column joins a coalition of s others in ``s! (d-1-s)!`` of the d!
    orders, so each gain is counted with that weight. The result has shape ``(d,)``; it adds up to the answer for ``x``
    minus the mean answer for the background.

    Notes
    -----
    Shapley, *A Value for n-Person Games* (1953); Lundberg and Lee, *A Unified Approach to Interpreting Model
    Predictions* (2017).

    Examples
    --------
    A product is shared equally:

    >>> exact_shapley(lambda rows: 6 * rows[:, 0] * rows[:, 1], [1.0, 1.0], [[0.0, 0.0]])
    array([3., 3.])
    """
    known, values = coalition_values(predict, x, background)
    d = known.shape[1]
    size = known.sum(axis=1)
    found = np.empty(d)
    for column in range(d):
        without = np.flatnonzero(~known[:, column])
        weight = np.array([1 / (d * comb(d - 1, s)) for s in range(d)])[size[without]]
        found[column] = weight @ (values[without + 2**column] - values[without])
    return found


def tree_shares(model: object, background: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the Shapley values of a model of trees for many rows by the fast way of ``shap``: ``(n_rows, d)``.

    ``background`` is as in `coalition_values`. For a classifier the shares are those of the log-odds.

    Notes
    -----
    Lundberg and others, *From Local Explanations to Global Understanding with Explainable AI for Trees* (2020).
    """
    import shap

    rows, background = check_floats("rows", rows), check_floats("background", background)
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    return np.asarray(explainer.shap_values(rows))


def path_shares(
    gradient: Callable[[np.ndarray], np.ndarray], x: np.ndarray, start: np.ndarray, n_steps: int = 10
) -> np.ndarray:
    """Return the integrated gradients: each number's way from ``start`` to ``x``, times the mean gradient on the way.

    Parameters
    ----------
    gradient : callable
        Takes points ``(n_steps, ...)`` and returns the gradients of a score there, of the same shape.
    x, start : ndarray, shape (...)
        Where the straight path ends and where it begins.
    n_steps : int
        In how many pieces the path is cut; the gradient is taken in the middle of each.

    Returns
    -------
    ndarray of float, shape (...)
        The shares. The more steps, the nearer is their sum to the score at ``x`` minus that at ``start``.

    Notes
    -----
    Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks* (2017).

    Examples
    --------
    A product is shared equally:

    >>> path_shares(lambda points: 6 * points[:, ::-1], np.ones(2), np.zeros(2))
    array([3., 3.])
    """
    x, start = check_floats("x", x), check_floats("start", start)
    if x.shape != start.shape:
        raise InputError(f"The path leads from start to x, and their shapes agree: not {start.shape} and {x.shape}.")
    parts = (np.arange(check_whole("n_steps", n_steps, 1)) + 0.5) / n_steps
    points = start + parts.reshape(-1, *[1] * x.ndim) * (x - start)
    slopes = np.asarray(gradient(points), dtype=float)
    if slopes.shape != points.shape:
        raise InputError(f"gradient returns one number for each of a point's: {points.shape}, not {slopes.shape}.")
    return (x - start) * slopes.mean(axis=0)
