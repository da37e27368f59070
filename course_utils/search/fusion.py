"""Several rankings merged into one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_positions
from course_utils.common.errors import InputError
from course_utils.search.hits import NEAR, Hit, in_order


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int | Hit]], weights: Sequence[float] | None = None, k: float = 60
) -> list[Hit]:
    """Merge rankings of the same texts by their places alone: a text gets ``weight / (k + place)`` from each of them.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        Positions of texts, the best first; they may be of different lengths and hold different texts.
    weights : sequence of float, optional
        How much each ranking counts, 0 or more; all the same when left out.
    k : float
        How slowly the worth of a place falls: with 60, the first place is worth little more than the second.

    Returns
    -------
    list of Hit
        Every text of any ranking once, the best first; of equal ones, the one met earlier in the first rankings.

    Raises
    ------
    InputError
        If there is no ranking, one holds a text twice, or ``weights`` or ``k`` do not fit.

    Notes
    -----
    Cormack, Clarke and Büttcher (2009).

    Examples
    --------
    >>> [hit.position for hit in reciprocal_rank_fusion([[4, 7, 9], [7, 9, 1]])]
    [7, 9, 4, 1]
    """
    if not k > 0:
        raise InputError(f"k must be above 0, and it is {k!r}.")
    worth = [{place: 1 / (k + place) for place in range(1, len(ranking) + 1)} for ranking in rankings]
    return _merged(rankings, weights, worth)


def score_fusion(rankings: Sequence[Sequence[Hit]], weights: Sequence[float] | None = None) -> list[Hit]:
    """Merge rankings of the same texts by their scores, each stretched to go from 0 (its last hit) to 1 (its first).

    Parameters, result and errors are those of `reciprocal_rank_fusion`; the rankings must be hits, which have scores.

    Examples
    --------
    >>> keyword, dense = [Hit(4, 9.0), Hit(7, 8.0), Hit(9, 1.0)], [Hit(7, 0.6), Hit(9, 0.5), Hit(1, 0.4)]
    >>> [(hit.position, round(hit.score, 2)) for hit in score_fusion([keyword, dense], [0.5, 0.5])]
    [(7, 0.94), (4, 0.5), (9, 0.25), (1, 0.0)]
    """
    worth = []
    for ranking in rankings:
        if not all(isinstance(hit, Hit) for hit in ranking):
            raise InputError("score_fusion needs hits, which have scores; reciprocal_rank_fusion takes positions.")
        scores = np.array([hit.score for hit in ranking], dtype=float)
        if not np.isfinite(scores).all():
            raise InputError("A score is NaN or infinite: find out where it comes from.")
        span = np.ptp(scores) if len(scores) else 0.0
        stretched = (scores - scores.min()) / span if span > NEAR else np.ones(len(scores))
        worth.append(dict(enumerate(stretched.tolist(), start=1)))
    return _merged(rankings, weights, worth)


def _merged(
    rankings: Sequence[Sequence[int | Hit]], weights: Sequence[float] | None, worth: list[dict[int, float]]
) -> list[Hit]:
    """Add up what the places are worth."""
    if not len(rankings):
        raise InputError("There is no ranking to merge.")
    weights = [1.0] * len(rankings) if weights is None else list(weights)
    if len(weights) != len(rankings) or not all(np.isfinite(weight) and weight >= 0 for weight in weights):
        raise InputError(f"Each ranking needs a weight of 0 or more, and the weights are {weights}.")
    total: dict[int, float] = {}
    for ranking, weight, worth_here in zip(rankings, weights, worth, strict=True):
        for place, position in enumerate(check_positions(ranking, None), start=1):
            total[position] = total.get(position, 0.0) + weight * worth_here[place]
    return in_order(total.items())
