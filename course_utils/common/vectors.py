"""Arithmetic on rows of vectors."""

from __future__ import annotations

import numpy as np


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
    rows = np.asarray(rows)
    lengths = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(lengths > 0, lengths, 1)
