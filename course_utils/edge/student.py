"""A small student of a large encoder: a vector for each word, so that a text's sum is near the teacher's vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_strings, check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer


@dataclass(frozen=True)
class Student:
    """A table with a vector for each word: a text is the sum of its words' vectors, by their weights.

    ``table`` is ``(n_words, d)``; ``cutter`` turns texts into weights of words, ``(n_texts, n_words)``.
    """

    cutter: TfidfVectorizer
    table: np.ndarray

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return a vector for each text: ``(n_texts, d)``."""
        return np.asarray(self.cutter.transform(check_strings("texts", texts)) @ self.table, dtype=np.float32)


def principal_directions(vectors: np.ndarray, n: int) -> np.ndarray:
    """Return the directions in which the vectors' squares are largest, one a column: ``(d, n)``.

    Examples
    --------
    >>> np.abs(principal_directions(np.array([[3.0, 0.1], [-2.0, 0.0]]), 1)).round(1).tolist()
    [[1.0], [0.0]]
    """
    if check_whole("n", n, 1) > vectors.shape[1]:
        raise InputError(f"Vectors of {vectors.shape[1]} numbers have no {n} directions.")
    _, directions = np.linalg.eigh(vectors.T.astype(float) @ vectors)  # from the smallest to the largest
    return directions[:, ::-1][:, :n]


def teach(texts: Sequence[str], goals: np.ndarray, *, penalty: float = 1.0, least: int = 3) -> Student:
    """Fit a table of words to the teacher's vectors by least squares with a penalty: no labels are needed.

    Parameters
    ----------
    texts : sequence of str
        What the teacher has read.
    goals : ndarray, shape (n_texts, d)
        Its vectors.
    penalty : float
        How much the squares of the table count beside the squared errors.
    least : int
        Texts in which a word must occur to get a row.

    Notes
    -----
    After Hinton, Vinyals and Dean (2015), *Distilling the Knowledge in a Neural Network*, with vectors as goals.

    Examples
    --------
    >>> goals = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> student = teach(["cold snow", "warm sun"], goals, penalty=0.001, least=1)
    >>> student.encode(["snow", "sun"]).round(2)
    array([[0.71, 0.  ],
           [0.  , 0.71]], dtype=float32)
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    texts = check_strings("texts", texts)
    if len(texts) != len(goals):
        raise InputError(f"Each text needs its goal, and there are {len(texts)} texts and {len(goals)} goals.")
    cutter = TfidfVectorizer(min_df=least, sublinear_tf=True)
    found = cutter.fit_transform(texts)  # (n_texts, n_words)
    fit = Ridge(alpha=penalty, fit_intercept=False, solver="sparse_cg", tol=1e-3).fit(found, goals)
    return Student(cutter, np.ascontiguousarray(np.atleast_2d(fit.coef_).T, dtype=np.float32))


def table_without_teacher(cutter: TfidfVectorizer, texts: Sequence[str], n: int, seed: int = 0) -> Student:
    """Return a table of ``n`` numbers for each word from the texts alone, by singular values (LSA).

    Examples
    --------
    >>> student = teach(["cold snow", "warm sun"], np.eye(2), least=1)
    >>> table_without_teacher(student.cutter, ["cold snow", "warm sun"], 1).table.shape
    (4, 1)
    """
    from sklearn.decomposition import TruncatedSVD

    found = cutter.transform(check_strings("texts", texts))
    n = check_whole("n", n, 1, min(found.shape))  # not more than texts or words
    svd = TruncatedSVD(n, random_state=seed).fit(found)
    return Student(cutter, np.ascontiguousarray(svd.components_.T, dtype=np.float32))
