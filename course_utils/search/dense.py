"""Search by meaning: dot products with all vectors."""

from __future__ import annotations

import numpy as np

from course_utils.common.checks import check_k, describe
from course_utils.common.errors import InputError
from course_utils.search.hits import Hit, best_hits

SCORES_AT_ONCE = 1 << 23  # 32 MB of scores: a batch of queries is worked through in pieces of this size


class DenseIndex:
    """Search by meaning: the vectors that point most nearly the way the query does, found by comparing with them all.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        One row for each text, for example from ``embed``. The index looks at this very array: nothing is copied.

    Raises
    ------
    InputError
        If ``vectors`` is of another type or shape, has no rows, or holds something that is no finite number.

    Notes
    -----
    The score is the dot product; for rows and queries of length one, as ``embed`` gives them, that is the cosine.

    Examples
    --------
    >>> index = DenseIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    >>> [hit.position for hit in index.search(np.array([0, 1], dtype=np.float32), k=2)]
    [1, 2]
    """

    def __init__(self, vectors: np.ndarray):
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32 or vectors.ndim != 2:
            raise InputError(
                "DenseIndex takes a float32 array with one row for each text, such as embed(texts) returns"
                f"{describe(vectors)}."
            )
        if not vectors.size:
            raise InputError("There are no vectors, so there is nothing to search.")
        if not np.isfinite(np.einsum("ij,ij->i", vectors, vectors)).all():  # one number a row, no copy of the rows
            raise InputError("A vector holds NaN or infinity, which is near to nothing: find out where it comes from.")
        self.vectors = vectors

    def __len__(self) -> int:
        return len(self.vectors)

    def search(self, query: np.ndarray, k: int = 10) -> list[Hit] | list[list[Hit]]:
        """Rank the vectors by their dot product with the query.

        A query of shape ``(d,)`` gets a list of at most ``k`` hits, the earlier row first where scores are equal; a
        table of queries, shape ``(n_queries, d)``, gets a list of those, faster than one after the other.

        Raises
        ------
        InputError
            If the query has another width, is text, or holds NaN, or ``k`` is no whole number from 1.
        """
        k = check_k(k)
        query = self._checked(query)
        if query.ndim == 1:
            return best_hits(self.vectors @ query, k)
        at_once = max(1, SCORES_AT_ONCE // len(self))
        hits: list[list[Hit]] = []
        for start in range(0, len(query), at_once):
            scores = query[start : start + at_once] @ self.vectors.T  # (queries, d) @ (d, n) -> (queries, n)
            hits += [best_hits(row, k) for row in scores]
        return hits

    def _checked(self, query: np.ndarray) -> np.ndarray:
        if isinstance(query, str):
            raise InputError("DenseIndex searches with a vector: write index.search(embed([question])[0], k).")
        try:
            query = np.asarray(query, dtype=np.float32)
        except (TypeError, ValueError):
            raise InputError(f"The query must be a vector of numbers{describe(query)}.") from None
        if query.ndim not in (1, 2) or query.shape[-1] != self.vectors.shape[1]:
            raise InputError(
                f"The vectors of this index are {self.vectors.shape[1]} numbers wide, and the query has shape "
                f"{query.shape}: embed both with the same encoder."
            )
        if not np.isfinite(query).all():
            raise InputError("The query holds NaN or infinity, which is near to nothing: find out where it comes from.")
        return query
