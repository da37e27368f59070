"""Measures that compare a ranking with what is relevant."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError
from course_utils.search.hits import Hit

Ranking = Sequence[int] | Sequence[Hit]


def recall_at_k(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Measure how much of what answers each question is among the first ``k`` results.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        For each question, positions of texts, the best first.
    relevant : sequence of set of int
        For each question, the positions of the texts that answer it, at least one.
    k : int
        How many results a person looks at.

    Returns
    -------
    ndarray of float, shape (n_questions,)
        From 0 (none of it) to 1 (all of it).

    Raises
    ------
    InputError
        If a question has nothing relevant, a ranking names a text twice, there are not as many rankings as
        questions, or ``k`` is no whole number from 1.

    Examples
    --------
    >>> recall_at_k([[7, 3, 5], [1, 2]], [{3, 9}, {4}], k=2)
    array([0.5, 0. ])
    """
    found = _found(rankings, relevant, k)
    return np.array([sum(hits) / len(wanted) for hits, wanted in zip(found, relevant, strict=True)])


def reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Return one over the place of the first right result: 1, 1/2, 1/3 ..., and 0 if it is not among the first ``k``.

    Parameters, shape and errors are those of `recall_at_k`.

    Examples
    --------
    >>> reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    array([0.5, 0. ])
    """
    return np.array([1 / (1 + hits.index(True)) if any(hits) else 0.0 for hits in _found(rankings, relevant, k)])


def mean_reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> float:
    """Return the mean of `reciprocal_rank` over the questions.

    Examples
    --------
    >>> mean_reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    0.25
    """
    return float(reciprocal_rank(rankings, relevant, k).mean())


def ndcg_at_k(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Measure how near each ranking is to the best one: all that is relevant first, the higher the better.

    Parameters, shape and errors are those of `recall_at_k`.

    Notes
    -----
    Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002): a right result at place ``i`` is worth
    ``1 / log2(i + 1)``, and the sum is divided by that of the best ranking.

    Examples
    --------
    >>> ndcg_at_k([[7, 3, 5], [4, 2]], [{3, 9}, {4}]).round(3)
    array([0.387, 1.   ])
    """
    worth = 1 / np.log2(np.arange(2, k + 2))
    gains = [worth[: len(hits)][np.array(hits, dtype=bool)].sum() for hits in _found(rankings, relevant, k)]
    best = [worth[: len(wanted)].sum() for wanted in relevant]
    return np.array(gains) / best


def _found(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int) -> list[list[bool]]:
    """Say for each of the first ``k`` results whether it is relevant, after looking over the input."""
    if not is_whole_number(k) or k < 1:
        raise InputError(f"k says how many results count, a whole number from 1, and {k!r} is not.")
    if len(rankings) != len(relevant):
        raise InputError(f"Each of {len(relevant)} questions needs a ranking, and there are {len(rankings)}.")
    if not len(rankings):
        raise InputError("There are no questions, so there is nothing to measure.")
    found = []
    for number, (ranking, wanted) in enumerate(zip(rankings, relevant, strict=True)):
        if not wanted:
            raise InputError(f"Question {number} is not judged: no text is known to answer it. Leave it out.")
        positions = [int(hit.position) if isinstance(hit, Hit) else int(hit) for hit in ranking]
        if len(set(positions)) < len(positions):
            raise InputError(f"The ranking of question {number} names a text twice, which would count it twice.")
        found.append([position in wanted for position in positions[:k]])
    return found
