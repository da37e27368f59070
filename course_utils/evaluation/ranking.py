"""Measures that compare a ranking with what is relevant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from course_utils.common.checks import check_grades, check_k, check_positions, check_rankings
from course_utils.common.errors import InputError
from course_utils.search.hits import Hit

Ranking = Sequence[int] | Sequence[Hit]
Relevant = Collection[int] | Mapping[int, float]


def recall_at_k(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int = 10) -> np.ndarray:
    """Measure how much of what answers each question is among the first ``k`` results.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        For each question, positions of texts, the best first.
    relevant : sequence of set of int, or of mapping of int to float
        For each question, the positions of the texts that answer it, or a grade for each position: 0 is not relevant,
        and the higher the better. Grades above 0 make a difference to `ndcg_at_k` alone.
    k : int
        How many results a person looks at.

    Returns
    -------
    ndarray of float, shape (n_questions,)

    Raises
    ------
    InputError
        If a question has nothing relevant, a position is no whole number or comes twice in a ranking, a grade is
        negative, there are not as many rankings as questions, or ``k`` is no whole number from 1.

    Examples
    --------
    >>> recall_at_k([[7, 3, 5], [1, 2]], [{3, 9}, {4}], k=2)
    array([0.5, 0. ])
    """
    return np.array([np.count_nonzero(found[:k]) / len(best) for found, best in _grades(rankings, relevant, k)])


def precision_at_k(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int = 10) -> np.ndarray:
    """Measure which share of the first ``k`` results is right; places that a short ranking leaves empty are not.

    Parameters, shape and errors are those of `recall_at_k`.

    Examples
    --------
    >>> precision_at_k([[7, 3, 5], [1, 2]], [{3, 9}, {4}], k=2)
    array([0.5, 0. ])
    """
    return np.array([np.count_nonzero(found[:k]) / k for found, _ in _grades(rankings, relevant, k)])


def reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int = 10) -> np.ndarray:
    """Return one over the rank of the first right result: 1, 1/2, 1/3 ..., and 0 if it is not among the first ``k``.

    Parameters, shape and errors are those of `recall_at_k`.

    Examples
    --------
    >>> reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    array([0.5, 0. ])
    """
    right = [np.flatnonzero(found[:k]) for found, _ in _grades(rankings, relevant, k)]
    return np.array([1 / (1 + places[0]) if len(places) else 0.0 for places in right])


def mean_reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int = 10) -> float:
    """Return the mean of `reciprocal_rank` over the questions: MRR.

    Examples
    --------
    >>> mean_reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    0.25
    """
    return float(reciprocal_rank(rankings, relevant, k).mean())


def average_precision(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int | None = None) -> np.ndarray:
    """Add up the precision at the rank of each right result, and divide by how many texts are relevant.

    Parameters, shape and errors are those of `recall_at_k`; without ``k`` the whole ranking counts.

    Examples
    --------
    >>> average_precision([[7, 3, 5, 9], [1, 2]], [{3, 9}, {4}])  # (1 / 2 + 2 / 4) / 2
    array([0.5, 0. ])
    """
    averages = []
    for found, best in _grades(rankings, relevant, k):
        right = found[:k] > 0
        precision = np.cumsum(right) / np.arange(1, len(right) + 1)  # at each rank
        averages.append(precision[right].sum() / len(best))
    return np.array(averages)


def mean_average_precision(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int | None = None) -> float:
    """Return the mean of `average_precision` over the questions: MAP.

    Examples
    --------
    >>> mean_average_precision([[7, 3, 5, 9], [1, 2]], [{3, 9}, {4}])
    0.25
    """
    return float(average_precision(rankings, relevant, k).mean())


def ndcg_at_k(rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int = 10) -> np.ndarray:
    """Measure how near each ranking is to the best one: the highest grades first.

    Parameters, shape and errors are those of `recall_at_k`.

    Notes
    -----
    Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002): a result of grade ``g`` at rank ``i`` adds
    ``g / log2(i + 1)``, and the sum is divided by that of the best ranking. Without grades, ``g`` is 1 for all that is
    relevant.

    Examples
    --------
    >>> ndcg_at_k([[7, 3, 5], [4, 2]], [{3, 9}, {4}]).round(3)
    array([0.387, 1.   ])
    >>> ndcg_at_k([[7, 3], [3, 7]], [{3: 3, 7: 1}, {3: 3, 7: 1}]).round(3)
    array([0.797, 1.   ])
    """

    def gain(grades: np.ndarray) -> float:
        return (grades[:k] / np.log2(np.arange(2, len(grades[:k]) + 2))).sum()

    return np.array([gain(found) / gain(best) for found, best in _grades(rankings, relevant, k)])


def _grades(
    rankings: Sequence[Ranking], relevant: Sequence[Relevant], k: int | None
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Check the input; return, for each question, the grade of each result and all grades from the highest down."""
    if k is not None:
        check_k(k)
    rankings = check_rankings(rankings)
    if len(rankings) != len(relevant):
        raise InputError(f"Each of {len(relevant)} questions needs a ranking, and there are {len(rankings)}.")
    if not len(rankings):
        raise InputError("There are no questions, so there is nothing to measure.")
    found = []
    for number, (ranking, wanted) in enumerate(zip(rankings, relevant, strict=True)):
        positions = check_positions(ranking, what=f"The ranking of question {number}")
        grade = check_grades(wanted)
        if not grade:
            raise InputError(f"Question {number} is not judged: no text is known to answer it. Leave it out.")
        in_order = np.array([grade.get(position, 0.0) for position in positions])
        found.append((in_order, np.sort([*grade.values()])[::-1]))
    return found
