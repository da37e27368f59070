"""Explanations of models of tables, put to the test: columns replaced by those of others, and changes that flip."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product

import numpy as np

from course_utils.common.checks import check_floats
from course_utils.common.errors import InputError


def change_without(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, columns: np.ndarray, background: np.ndarray
) -> np.ndarray:
    """Return how far each answer moves when some of its columns are replaced by those of background rows.

    Parameters
    ----------
    predict : callable
        Takes rows ``(n, d)`` and returns a number for each.
    x : ndarray, shape (n, d)
        The rows that were explained.
    columns : ndarray of int, shape (n, k)
        The columns that an explanation names for each row.
    background : ndarray, shape (n_background, d)
        The answers with the columns of each of these rows are averaged.

    Returns
    -------
    ndarray of float, shape (n,)
        The distance between the answer and that average.

    Examples
    --------
    >>> change_without(lambda rows: rows.sum(axis=1), [[1.0, 5.0]], [[1]], [[0.0, 0.0], [0.0, 2.0]])
    array([4.])
    """
    x, background, columns = check_floats("x", x), check_floats("background", background), np.asarray(columns)
    if columns.ndim != 2 or len(columns) != len(x) or background.shape[1:] != x.shape[1:]:
        raise InputError(f"Each of {len(x)} rows needs its columns, and these have the shape {columns.shape}.")
    replaced = np.repeat(x[:, None], len(background), axis=1)  # (n, n_background, d)
    gone = np.zeros(x.shape, dtype=bool)
    np.put_along_axis(gone, columns, values=True, axis=1)
    replaced = np.where(gone[:, None], background, replaced)
    means = np.asarray(predict(replaced.reshape(-1, x.shape[1]))).reshape(len(x), -1).mean(axis=1)
    return np.abs(np.asarray(predict(x)) - means)


def smallest_change(
    predict: Callable[[np.ndarray], np.ndarray], x: np.ndarray, steps: Mapping[int, Sequence[float]]
) -> np.ndarray | None:
    """Return the row nearest to ``x`` that gets a yes, a counterfactual, or None if none of the tried ones does.

    Parameters
    ----------
    predict : callable
        Takes rows ``(n, d)`` and returns True or False for each.
    x : ndarray, shape (d,)
        A row that gets a no.
    steps : mapping of int to sequence of float
        What may be added to which column, from the smallest step to the largest; 0 is always tried. All combinations
        are tried, and the one with the fewest places in these sequences wins.

    Examples
    --------
    >>> smallest_change(lambda rows: rows.sum(axis=1) > 5, np.array([2.0, 2.0]), {0: [1, 2], 1: [3]}).tolist()
    [2.0, 5.0]
    """
    x = check_floats("x", x)
    if x.ndim != 1 or not all(0 <= column < len(x) for column in steps):
        raise InputError(f"x is one row, and steps name its columns from 0 to {x.size - 1}; x has shape {x.shape}.")
    ways = sorted(product(*(range(len(some) + 1) for some in steps.values())), key=lambda way: (sum(way), way))
    rows = np.repeat(x[None], len(ways), axis=0)
    for place, (column, some) in enumerate(steps.items()):
        rows[:, column] += np.array([0, *some])[[way[place] for way in ways]]
    said = np.flatnonzero(predict(rows))
    return rows[said[0]] if len(said) else None
