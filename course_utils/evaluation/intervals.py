"""How far a mean can be trusted: bootstrap intervals, a randomisation test, and how many questions a test needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real

import numpy as np

from course_utils.common.checks import check_whole, describe
from course_utils.common.errors import InputError


def bootstrap_interval(
    values: Sequence[float],
    confidence: float = 0.95,
    n_resamples: int = 2000,
    seed: int = 0,
    groups: Sequence | None = None,
) -> tuple[float, float]:
    """Return the range in which the mean would probably lie if other questions of the same kind had been asked.

    This is the percentile bootstrap (Efron, 1979): ``n_resamples`` sets of as many questions are drawn, with
    replacement, and the share ``confidence`` of their means lies inside the range. With ``groups``, a label for each
    value, whole groups are drawn, so that questions that are nearly the same do not make the range narrow.

    Raises
    ------
    InputError
        If there are no values, one is not finite, a value has no group, or a parameter is out of its range.

    Examples
    --------
    >>> low, high = bootstrap_interval([0.0, 1.0] * 50)
    >>> round(low, 1), round(high, 1)
    (0.4, 0.6)
    """
    values = _finite(values)
    group = np.arange(len(values)) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if len(group) != len(values):
        raise InputError(f"Each value needs a group, and there are {len(values)} values and {len(group)} groups.")
    sums, sizes = np.bincount(group, weights=values), np.bincount(group)
    return percentile_interval(
        len(sizes),
        lambda drawn: sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1),
        confidence,
        n_resamples=n_resamples,
        seed=seed,
    )


def percentile_interval(
    n: int,
    measure: Callable[[np.ndarray], np.ndarray],
    confidence: float = 0.95,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the range of any measure over resampled sets, as `bootstrap_interval` does for the mean.

    ``measure`` gets positions of shape ``(n_resamples, n)``, a set of the ``n`` examples in each row, and returns a
    number for each set. The other parameters and the errors are those of `bootstrap_interval`.

    Examples
    --------
    >>> percentile_interval(20, lambda drawn: drawn.mean(axis=1) * 0 + 7)
    (7.0, 7.0)
    """
    if not (isinstance(confidence, Real) and 0 < confidence < 1):
        raise InputError(f"confidence must be a number between 0 and 1, such as 0.95, and {confidence!r} is not.")
    n, n_resamples = check_whole("n", n, least=1), check_whole("n_resamples", n_resamples, least=1)
    drawn = np.random.default_rng(check_whole("seed", seed, least=0)).integers(n, size=(n_resamples, n))
    low, high = np.quantile(measure(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def paired_p_value(a: Sequence[float], b: Sequence[float], n_resamples: int = 10_000, seed: int = 0) -> float:
    """Return how often chance alone would set two methods as far apart as they are on the same questions.

    ``a`` and ``b`` hold a number for each question, in the same order. ``n_resamples`` times, the two methods' numbers
    are swapped on a random half of the questions. The result is 1 if the methods are equal.

    Raises
    ------
    InputError
        If the lengths differ, there are no values, one is not finite, or a parameter is out of its range.

    Notes
    -----
    Fisher's randomisation test, two-sided, recommended for rankings by Smucker, Allan and Carterette (2007).

    Examples
    --------
    >>> paired_p_value([1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]) < 0.02
    True
    """
    a, b = _finite(a), _finite(b)
    if len(a) != len(b):
        raise InputError(f"Both methods need a value for each question, and there are {len(a)} and {len(b)}.")
    differences, n_resamples = a - b, check_whole("n_resamples", n_resamples, least=1)
    rng = np.random.default_rng(check_whole("seed", seed, least=0))
    signs = rng.choice([-1.0, 1.0], size=(n_resamples, len(a)))
    as_far = np.abs(signs @ differences) >= np.abs(differences.sum()) - 1e-9
    return float((as_far.sum() + 1) / (n_resamples + 1))


def exact_p_value(a: Sequence[float], b: Sequence[float], steps: int = 2520) -> float:
    """Return the share of all ways to swap the two methods' numbers that sets them at least as far apart as they are.

    This is what `paired_p_value` estimates from random swaps, without a draw and without a seed. It can be counted
    because all numbers are multiples of ``1 / steps``: many ways to swap lead to the same sum, and the sums are few.
    The default fits reciprocal ranks among ten results, since 2520 is divisible by 1, 2, 3 ... 10.

    Raises
    ------
    InputError
        If the lengths differ, there are no values, one is not finite, or a difference is no multiple of ``1 / steps``.

    Examples
    --------
    Of the eight ways to swap, two set the methods as far apart as they are:

    >>> exact_p_value([1, 1, 1], [0.5, 0.5, 0.5])
    0.25
    """
    exact = (_finite(a) - _finite(b)) * check_whole("steps", steps, least=1) if len(a) == len(b) else None
    if exact is None:
        raise InputError(f"Both methods need a value for each question, and there are {len(a)} and {len(b)}.")
    differences = np.rint(exact).astype(int)
    if not np.allclose(exact, differences, atol=1e-6):
        raise InputError(f"A difference is no multiple of 1 / {steps}: use paired_p_value, or other steps.")
    farthest = int(np.abs(differences).sum())
    chances = np.zeros(2 * farthest + 1)  # of the sums -farthest, ..., farthest
    chances[farthest] = 1.0
    for step in np.abs(differences):
        chances = (np.roll(chances, step) + np.roll(chances, -step)) / 2
    sums = np.arange(-farthest, farthest + 1)
    return float(chances[np.abs(sums) >= abs(differences.sum())].sum())


def power(differences: Sequence[float], n_questions: int, n_draws: int = 5_000, seed: int = 0) -> float:
    """Estimate the power of a test: how often ``n_questions`` new questions would tell the difference from zero.

    The measured ``differences`` stand for those of all questions. Each draw takes that many of them, with replacement,
    and counts if its mean is more than 1.96 standard errors away from zero, on either side: in about 5 of 100 draws
    where there is no difference.

    Raises
    ------
    InputError
        If a difference is no finite number, or one of the counts is out of range.

    Examples
    --------
    >>> power([0.0, 1.0], 40), power([-1.0, 1.0], 40) < 0.1
    (1.0, True)
    """
    found, n_questions = _finite(differences), check_whole("n_questions", n_questions, least=2, most=10_000)
    rng = np.random.default_rng(check_whole("seed", seed, least=0))
    drawn = rng.choice(found, size=(check_whole("n_draws", n_draws, least=1), n_questions))
    error = drawn.std(axis=1, ddof=1) / np.sqrt(n_questions)
    return float(np.mean(np.abs(drawn.mean(axis=1)) > 1.96 * error))


def _finite(values: Sequence[float]) -> np.ndarray:
    try:
        found = np.asarray(values, dtype=float)
    except (TypeError, ValueError):  # text, or rows of different lengths
        raise InputError(f"There must be a number for each question{describe(values)}.") from None
    if found.ndim != 1 or not len(found):
        raise InputError(f"There must be a number for each question, and this has shape {found.shape}.")
    if not np.isfinite(found).all():
        raise InputError("One of the values is NaN or infinite: find out where it comes from.")
    return found


def with_interval(values: Sequence[float], digits: int = 2, groups: Sequence | None = None) -> str:
    """Write a mean with its 95% interval; ``groups`` as in `bootstrap_interval`.

    Examples
    --------
    >>> with_interval([0.0, 1.0] * 50, digits=1)
    '0.5 (0.4 to 0.6)'
    """
    low, high = bootstrap_interval(values, groups=groups)
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"
