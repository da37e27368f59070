"""Several rankings merged into one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from course_utils.common.checks import check_number, check_positions, check_rankings
from course_utils.common.errors import InputError
from course_utils.search.hits import TIE, Hit, in_order


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int | Hit]], weights: Sequence[float] | None = None, k: float = 60
) -> list[Hit]:
    """Merge rankings of the same texts by rank alone: a text gets ``weight / (k + rank)`` from each, ranks from 1.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        Positions of texts, the best first. The rankings may be of different lengths and hold different texts; the
        result holds each text once.
    weights : sequence of float, optional
        How much each ranking counts, 0 or more; all the same when left out.
    k : float
        From 0. The larger it is, the less the first ranks count beside the later ones.

    Raises
    ------
    InputError
        If there is no ranking, one is no list or holds a text twice, or ``weights`` or ``k`` do not fit.

    Notes
    -----
    Cormack, Clarke and Büttcher (2009).

    Examples
    --------
    >>> [hit.position for hit in reciprocal_rank_fusion([[4, 7, 9], [7, 9, 1]])]
    [7, 9, 4, 1]
    """
    rankings, k = check_rankings(rankings), check_number("k", k, least=0)
    return _merged(rankings, weights, [[1 / (k + rank) for rank in range(1, len(some) + 1)] for some in rankings])


def score_fusion(rankings: Sequence[Sequence[Hit]], weights: Sequence[float] | None = None) -> list[Hit]:
    """Merge rankings of the same texts by their scores, each scaled to go from 0 (its last hit) to 1 (its first).

    Parameters, result and errors are those of `reciprocal_rank_fusion`; the rankings must be hits, which have scores.

    Examples
    --------
    >>> keyword, dense = [Hit(4, 9.0), Hit(7, 8.0), Hit(9, 1.0)], [Hit(7, 0.6), Hit(9, 0.5), Hit(1, 0.4)]
    >>> [(hit.position, round(hit.score, 2)) for hit in score_fusion([keyword, dense], [0.5, 0.5])]
    [(7, 0.94), (4, 0.5), (9, 0.25), (1, 0.0)]
    """
    rankings, scaled = check_rankings(rankings), []
    for ranking in rankings:
        if not all(isinstance(hit, Hit) for hit in ranking):
            raise InputError("score_fusion needs hits, which have scores; reciprocal_rank_fusion takes positions.")
        scores = np.array([hit.score for hit in ranking], dtype=float)
        if not np.isfinite(scores).all():
            raise InputError("A score is NaN or infinite: find out where it comes from.")
        span = np.ptp(scores) if len(scores) else 0.0
        scaled.append(((scores - scores.min()) / span if span > TIE else np.ones(len(scores))).tolist())
    return _merged(rankings, weights, scaled)


def _merged(
    rankings: list[Sequence[int | Hit]], weights: Sequence[float] | None, votes: list[list[float]]
) -> list[Hit]:
    """Add up, for each text, the weighted votes of the rankings: one for each of their ranks."""
    if not rankings:
        raise InputError("There is no ranking to merge.")
    weights = [1.0] * len(rankings) if weights is None else weights
    if not isinstance(weights, Iterable) or len(weights := list(weights)) != len(rankings):
        raise InputError(f"Each of {len(rankings)} rankings needs a weight, in a list, and the weights are {weights}.")
    total: dict[int, float] = {}
    for ranking, weight, votes_here in zip(rankings, weights, votes, strict=True):
        weight = check_number("A weight", weight, least=0)
        for position, vote in zip(check_positions(ranking, what="A ranking"), votes_here, strict=True):
            total[position] = total.get(position, 0.0) + weight * vote
    return in_order(total.items())
