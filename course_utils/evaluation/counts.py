"""Counts of right and wrong, their differences, and rates, each as one line with its 95% interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval, percentile_interval


def count_interval(values: Sequence[bool], confidence: float = 0.95) -> tuple[float, float]:
    """Return the interval of a count: `bootstrap_interval` times the number of values.

    Where all values are alike, drawing them again shows nothing, and the interval would have no width. Then the exact
    one is returned (Clopper and Pearson, 1934): it ends at the rate at which so many in a row are still seen once in 40
    times, for a confidence of 0.95.

    Examples
    --------
    >>> low, high = count_interval([False] * 15)
    >>> low, round(high, 2)
    (0.0, 3.27)
    """
    values = np.asarray(values)
    if values.dtype != bool or values.ndim != 1:
        raise InputError("A count needs a row of True and False: compare first, for example answers == right.")
    n = len(values)
    low, high = (n * end for end in bootstrap_interval(1.0 * values, confidence))
    if low == high:
        seldom = n * (1 - ((1 - confidence) / 2) ** (1 / n))
        low, high = max(low - seldom, 0.0), min(high + seldom, float(n))
    return low, high


def tally(values: Sequence[bool]) -> str:
    """Return how many values are true, with the 95% interval of `count_interval`.

    Examples
    --------
    >>> tally([True] * 7 + [False] * 8)
    '7 of 15 (95% interval 3 to 11)'
    """
    low, high = count_interval(values)
    return f"{np.sum(values)} of {len(values)} (95% interval {low:.0f} to {high:.0f})"


def change(one: Sequence[float], other: Sequence[float]) -> str:
    """Return by how much ``one`` exceeds ``other`` on the same questions, with the interval of `bootstrap_interval`.

    Examples
    --------
    >>> change([True] * 9 + [False], [True, False] * 5)
    '+4 of 10 (95% interval +1 to +7)'
    """
    one, other = (np.asarray(values, dtype=float) for values in (one, other))
    if one.shape != other.shape:
        raise InputError(f"A change is for the same questions, and there are {len(one)} and {len(other)} values.")
    low, high = (len(one) * end for end in bootstrap_interval(one - other))
    return f"{round((one - other).sum()):+d} of {len(one)} (95% interval {round(low):+d} to {round(high):+d})"


def rate_gap(one: Sequence[bool], among: Sequence[bool], other: Sequence[bool], among_other: Sequence[bool]) -> str:
    """Return the rate of ``one`` among some questions minus that of ``other`` among others, with its 95% interval.

    All four are rows of True and False for the same questions, which are drawn again together (`percentile_interval`).
    So it does not matter whether the two groups share questions.

    Examples
    --------
    >>> right, answered, all_of_them = [True] * 40 + [False] * 60, [True] * 80 + [False] * 20, [True] * 100
    >>> rate_gap(right, answered, right, all_of_them)
    '+10 points (95% interval +6 to +15)'
    """
    pairs = [np.array([some, group], dtype=bool) for some, group in ((one, among), (other, among_other))]

    def difference(drawn: np.ndarray) -> np.ndarray:
        rates = [(some & group)[drawn].sum(axis=-1) / group[drawn].sum(axis=-1) for some, group in pairs]
        return 100 * (rates[0] - rates[1])

    n = len(pairs[0][0])
    value, (low, high) = difference(np.arange(n)), percentile_interval(n, difference)
    return f"{round(value):+d} points (95% interval {round(low):+d} to {round(high):+d})"


def cohen_kappa(one: Sequence, two: Sequence) -> float:
    """Return how far two readers agree beyond chance: 0 is the agreement of chance, 1 full agreement (Cohen, 1960).

    Examples
    --------
    >>> cohen_kappa(["all", "all", "none", "none"], ["all", "none", "none", "none"])
    0.5
    """
    one, two = np.asarray(one), np.asarray(two)
    if one.shape != two.shape:
        raise InputError(f"Both readers judge the same things, and there are {len(one)} and {len(two)} verdicts.")
    chance = sum(np.mean(one == verdict) * np.mean(two == verdict) for verdict in set(one.tolist()))
    return float((np.mean(one == two) - chance) / (1 - chance))
