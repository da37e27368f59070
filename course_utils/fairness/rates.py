"""How a yes-or-no decision treats groups: counts and rates by group, and what equal rates imply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from course_utils.common.checks import check_number
from course_utils.common.errors import InputError


class Rates(NamedTuple):
    """What happened to one group.

    ``n`` people; ``base``, the share for whom the answer is truly yes; ``selected``, the share who got a yes; of those
    who are truly yes the share who got it, ``true_positive``; of the others the share who got it, ``false_positive``;
    and of those who got a yes the share who are truly yes, ``precision``. A rate among nobody is NaN.
    """

    n: int
    base: float
    selected: float
    true_positive: float
    false_positive: float
    precision: float
    accuracy: float


def rates(truth: Sequence[bool], said: Sequence[bool]) -> Rates:
    """Return the rates of one group: ``truth`` and ``said`` are rows of True and False, ``(n,)``.

    Examples
    --------
    >>> found = rates([True, True, False, False], [True, False, True, False])
    >>> found.base, found.true_positive, found.false_positive, found.precision
    (0.5, 0.5, 0.5, 0.5)
    """
    truth, said = _decisions("truth", truth), _decisions("said", said)
    if len(truth) != len(said):
        raise InputError(f"Each person needs an answer and a truth, and there are {len(said)} and {len(truth)}.")

    def share(of: np.ndarray, among: np.ndarray) -> float:
        return float(of[among].mean()) if among.any() else float("nan")

    everybody = np.ones(len(truth), dtype=bool)
    return Rates(
        len(truth),
        share(truth, everybody),
        share(said, everybody),
        share(said, truth),
        share(said, ~truth),
        share(truth, said),
        share(truth == said, everybody),
    )


def rates_by_group(truth: Sequence[bool], said: Sequence[bool], group: Sequence) -> dict[str, Rates]:
    """Return the `rates` of each group, by the groups' names in alphabetical order.

    Examples
    --------
    >>> found = rates_by_group([True, False, True, False], [True, False, False, False], ["a", "a", "b", "b"])
    >>> found["a"].selected, found["b"].selected
    (0.5, 0.0)
    """
    truth, said, group = np.asarray(truth), np.asarray(said), np.asarray(group)
    if not len(truth) == len(said) == len(group):
        raise InputError(f"There are {len(truth)} truths, {len(said)} answers and {len(group)} groups: one each.")
    return {str(name): rates(truth[group == name], said[group == name]) for name in np.unique(group)}


def mean_rates(truth: Sequence[bool], draws: Sequence[Sequence[bool]], group: Sequence) -> list[Rates]:
    """Return the `rates_by_group` averaged over ``draws``, the decisions of a rule that decides partly by chance.

    ``draws`` is ``(n_draws, n_people)``; a rule without chance has one.

    Examples
    --------
    >>> a, b = mean_rates([True, False, True], [[True, False, False], [False, False, True]], ["a", "a", "b"])
    >>> float(a.true_positive), float(b.true_positive)
    (0.5, 0.5)
    """
    found = [list(rates_by_group(truth, said, group).values()) for said in draws]
    return [Rates(*each) for each in np.mean(found, axis=0)]


def equal_share_thresholds(scores: Sequence[float], group: Sequence, share: float) -> dict[str, float]:
    """Return a threshold for each group, above which the same share of each group lies.

    Examples
    --------
    >>> equal_share_thresholds([0.1, 0.2, 0.3, 0.4, 5, 6, 7, 8], list("aaaabbbb"), 0.5)
    {'a': 0.25, 'b': 6.5}
    """
    scores, group = np.asarray(scores, dtype=float), np.asarray(group)
    share = check_number("share", share, 0, 1)
    if scores.shape != group.shape:
        raise InputError(f"Each score needs a group, and the shapes are {scores.shape} and {group.shape}.")
    return {str(name): float(np.quantile(scores[group == name], 1 - share)) for name in np.unique(group)}


def _decisions(name: str, values: Sequence[bool]) -> np.ndarray:
    found = np.asarray(values)
    if found.ndim != 1 or not len(found) or not np.isin(found, (0, 1)).all():
        raise InputError(f"{name} is a row of True and False, one for each person: compare with a threshold first.")
    return found.astype(bool)
