"""Weights as small whole numbers with a scale: for each row, or for each block of a row."""

# ruff: noqa: N803, N806 (W and X are the matrices of the prose)

from __future__ import annotations

import numpy as np

from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.errors import InputError

SCALE_BITS = 16  # a scale is kept as a 16-bit decimal


def quantise(W: np.ndarray, bits: int, block: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Round weights to whole numbers between ``-m`` and ``m``, where ``m`` is 127 for 8 bits and 7 for 4.

    Parameters
    ----------
    W : ndarray, shape (n_rows, n_columns)
        The weights.
    bits : int
        From 2 to 8.
    block : int, optional
        How many weights of a row share a scale; it must divide the number of columns. A whole row if left out.

    Returns
    -------
    (q, scale) : ndarrays of shapes (n_rows, n_columns) and (n_rows, n_blocks)
        Whole numbers as int8, and what one step is worth in each block; ``q * scale`` is nearly ``W``.

    Examples
    --------
    >>> q, scale = quantise(np.array([[0.7, -0.25, 0.04, 0.1]]), bits=4)
    >>> q.tolist(), scale.round(3).tolist()
    ([[7, -2, 0, 1]], [[0.1]])
    """
    rows = in_blocks(W, block)
    most = 2 ** (check_whole("bits", bits, 2, 8) - 1) - 1
    scale = np.abs(rows).max(axis=2) / most  # (n_rows, n_blocks)
    steps = np.divide(rows, scale[..., None], out=np.zeros_like(rows), where=scale[..., None] > 0)
    return np.rint(steps).astype(np.int8).reshape(W.shape), scale


def restore(q: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Multiply whole numbers by the scale of their block.

    Examples
    --------
    >>> restore(np.array([[7, -2]], np.int8), np.array([[0.5]]))
    array([[ 3.5, -1. ]])
    """
    rows = q.reshape(len(q), scale.shape[1], -1) * scale[..., None]
    return rows.reshape(q.shape)


def rounded(W: np.ndarray, bits: int, block: int | None = None) -> np.ndarray:
    """Return weights as they come back after `quantise`, in their own type.

    Examples
    --------
    >>> rounded(np.array([[0.7, -0.25, 0.04, 0.1]]), bits=4).round(2).tolist()
    [[0.7, -0.2, 0.0, 0.1]]
    """
    return restore(*quantise(W, bits, block)).astype(W.dtype)


def bits_per_weight(bits: int, block: int) -> float:
    """Return what a weight takes together with its part of the scale.

    Examples
    --------
    >>> bits_per_weight(4, 32)
    4.5
    """
    return check_whole("bits", bits, 1, 64) + SCALE_BITS / check_whole("block", block, 1)


def in_blocks(W: np.ndarray, block: int | None = None) -> np.ndarray:
    """Cut each row into blocks: ``(n_rows, n_columns) -> (n_rows, n_blocks, block)``.

    Examples
    --------
    >>> in_blocks(np.zeros((2, 6)), 3).shape
    (2, 2, 3)
    """
    W = check_floats("W", W)
    if W.ndim != 2 or not W.size:
        raise InputError(f"W must be a table of weights, and its shape is {W.shape}: use W[None] for one row.")
    block = W.shape[1] if block is None else check_whole("block", block, 1)
    if W.shape[1] % block:
        raise InputError(f"{W.shape[1]} columns cannot be cut into blocks of {block}.")
    return W.reshape(len(W), -1, block)


def pruned(W: np.ndarray, share: float) -> np.ndarray:
    """Set the weights nearest to zero to zero, the given share of all.

    Examples
    --------
    >>> pruned(np.array([[0.7, -0.25, 0.04, 0.1]]), 0.5).tolist()
    [[0.7, -0.25, 0.0, 0.0]]
    """
    W, n = check_floats("W", W), round(check_number("share", share, 0, 1) * np.size(W))
    kept = W.copy()
    if n:
        kept.flat[np.argpartition(np.abs(W), n - 1, axis=None)[:n]] = 0
    return kept


def sparse_bits(share: float, bits: int = 32) -> float:
    """Return what a weight takes if only those not zero are kept, and one bit for each that says whether it is.

    Examples
    --------
    >>> sparse_bits(0.5)
    17.0
    """
    return 1 + (1 - check_number("share", share, 0, 1)) * check_whole("bits", bits, 1, 64)
