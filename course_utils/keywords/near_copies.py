"""Texts that are nearly the same: grouped by their vectors, and how near the nearest ones are."""

from __future__ import annotations

from numbers import Real

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors


def group_similar(vectors: np.ndarray, threshold: float) -> list[list[int]]:
    """Group rows that are nearly the same: each joins the first group whose first row is close enough.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Unit rows.
    threshold : float
        The least cosine with the first row of a group, above 0 and at most 1.

    Returns
    -------
    list of list of int
        Every position once, in groups that go in the order of their first rows.

    Examples
    --------
    >>> group_similar(np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]]), 0.7)
    [[0, 2], [1]]
    """
    if not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise InputError(f"threshold is a cosine above 0 and at most 1, and {threshold!r} is not.")
    groups: list[list[int]] = []
    vectors = check_vectors(vectors) if len(vectors) else vectors
    for row, vector in enumerate(vectors):
        for group in groups:
            if vector @ vectors[group[0]] >= threshold - 1e-6:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def nearest_other(vectors: np.ndarray, at_once: int = 2000) -> np.ndarray:
    """Return for each unit row its greatest cosine with another row.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        At least two rows.
    at_once : int
        Rows that are compared with all others at a time; fewer need less memory.

    Returns
    -------
    ndarray, shape (n,)

    Examples
    --------
    >>> nearest_other(np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]])).tolist()
    [0.8, 0.6, 0.8]
    """
    vectors = check_vectors(vectors)
    if len(vectors) < 2:
        raise InputError("A single row has no other row: give at least two.")
    check_whole("at_once", at_once, 1)
    nearest = []
    for start in range(0, len(vectors), at_once):
        cosines = vectors[start : start + at_once] @ vectors.T  # (at_once, n)
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf  # not with itself
        nearest.append(cosines.max(axis=1))
    return np.concatenate(nearest)
