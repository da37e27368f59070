"""Smaller vectors for memory: product codes, and a second look at full vectors."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.common.checks import check_k
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors

TRAINING_ROUNDS = 10  # of k-means, for the parts of a product code


def nearest(library: np.ndarray, queries: np.ndarray, k: int) -> np.ndarray:
    """Return the positions of the ``k`` largest products of each query, computed exactly in 64 bits.

    Examples
    --------
    >>> nearest(np.eye(3), np.array([[0.1, 0.9, 0.5]]), 2).tolist()
    [[1, 2]]
    """
    library, queries = (check_vectors(rows).astype(np.float64) for rows in (library, queries))
    return np.argsort(-(queries @ library.T), axis=1, kind="stable")[:, : check_k(k)]


def code_index(library: np.ndarray, kind: str) -> tuple[Any, int]:
    """Build an index of faiss by its description, and return it with the bytes that it keeps for a vector.

    Parameters
    ----------
    library : ndarray, shape (n, d)
        The vectors, at least 256 for a product code.
    kind : str
        ``"Flat"``, ``"SQ8"`` (a byte a number) or ``"PQ48"`` (48 parts with a byte each), for example. Products count.

    Raises
    ------
    InputError
        If faiss knows no such index for vectors of this width, or there are too few to train it.
    """
    import faiss

    library = np.ascontiguousarray(check_vectors(library), dtype=np.float32)
    try:
        index = faiss.index_factory(library.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
        inner = faiss.downcast_index(index)
        if hasattr(inner, "pq"):
            inner.pq.cp.min_points_per_centroid = 1  # be quiet about ten thousand vectors
            inner.pq.cp.niter = TRAINING_ROUNDS
            inner.do_polysemous_training = False  # takes minutes, and helps only comparisons that we do not make
        index.train(library)
    except RuntimeError as error:
        raise InputError(f"faiss cannot build {kind!r} for vectors of shape {library.shape}: choose again.") from error
    index.add(library)
    return index, int(index.sa_code_size())


def look_again(candidates: np.ndarray, queries: np.ndarray, library: np.ndarray, k: int) -> np.ndarray:
    """Sort each query's candidates by the products with their full vectors, and return the best ``k``.

    Parameters
    ----------
    candidates : ndarray of int, shape (n_queries, m)
        Positions in the library; -1, with which faiss fills up, comes last.
    queries, library : ndarray
        Full vectors, ``(n_queries, d)`` and ``(n, d)``.

    Examples
    --------
    >>> look_again(np.array([[0, 2]]), np.array([[0.1, 0.9, 0.5]]), np.eye(3), 1).tolist()
    [[2]]
    """
    scores = np.einsum("qd,qmd->qm", queries, library[candidates])
    scores = np.where(candidates < 0, -np.inf, scores)
    return np.take_along_axis(candidates, np.argsort(-scores, axis=1, kind="stable")[:, : check_k(k)], axis=1)
