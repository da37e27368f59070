"""Tables with a vector in each row: checked, and brought to length one."""

from __future__ import annotations

import numpy as np

from course_utils.common.checks import check_floats
from course_utils.common.errors import InputError


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Divide each row by its length, so that the product of two rows is their cosine.

    Parameters
    ----------
    rows : ndarray, shape (..., d)
        One vector or a table of them; a row of zeros has no direction and stays as it is.

    Examples
    --------
    >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
    array([[0.6, 0.8],
           [0. , 0. ]])
    """
    return scaled_rows(rows)[0]


def scaled_rows(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return rows at length one, ``(..., d)``, and the lengths that they had, ``(..., 1)``: 1 for a row of zeros.

    Examples
    --------
    >>> scaled_rows(np.array([3.0, 4.0]))
    (array([0.6, 0.8]), array([5.]))
    """
    rows = np.asarray(rows)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    lengths = np.where(lengths > 0, lengths, 1)
    return rows / lengths, lengths


def gradient_of_rows(gradient: np.ndarray, unit: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Turn a gradient by unit rows, ``(n, d)``, into the one by the rows that `scaled_rows` was given.

    What points along a row drops out, because making a row longer does not change its direction.

    Examples
    --------
    >>> unit, lengths = scaled_rows(np.array([[3.0, 4.0]]))
    >>> gradient_of_rows(np.array([[1.0, 0.0]]), unit, lengths).round(3)
    array([[ 0.128, -0.096]])
    """
    return (gradient - (gradient * unit).sum(axis=-1, keepdims=True) * unit) / lengths


def check_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return vectors as a table of finite floating-point numbers whose rows have a direction.

    Raises
    ------
    InputError
        If this is no table of shape ``(n, d)``, if a number is not finite, or a row is all zeros.

    Examples
    --------
    >>> check_vectors([[3, 4]])
    array([[3., 4.]])
    """
    vectors = check_floats("vectors", vectors)
    if vectors.ndim != 2 or 0 in vectors.shape:
        raise InputError(f"vectors must be a table of numbers with a row for each text; its shape is {vectors.shape}.")
    if not np.isfinite(vectors).all():
        raise InputError("A vector holds a number that is not finite: leave it out.")
    if not np.any(vectors, axis=1).all():
        raise InputError("A vector of zeros has no direction and belongs nowhere: leave it out.")
    return vectors
