"""Counts and their intervals in a line: worked by hand, and equal to SciPy's exact interval."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import cohen_kappa_score

from course_utils.common.errors import InputError
from course_utils.evaluation import bootstrap_interval, change, cohen_kappa, count_interval, rate_gap, tally


@pytest.mark.parametrize("n", [1, 15, 53])
@pytest.mark.parametrize("value", [False, True])
def test_where_all_values_are_alike_the_interval_is_the_exact_one(n, value):
    exact = binomtest(n * value, n).proportion_ci(method="exact")
    assert np.allclose(count_interval([value] * n), [n * exact.low, n * exact.high])


def test_elsewhere_it_is_that_of_the_bootstrap():
    values = np.arange(40) % 4 == 0
    assert np.allclose(count_interval(values), 40 * np.array(bootstrap_interval(1.0 * values)))
    assert tally(values).startswith("10 of 40 (95% interval ")


def test_a_count_needs_true_and_false():
    with pytest.raises(InputError, match="True and False"):
        tally([0.5, 1.0])


def test_a_change_is_the_difference_of_two_counts_and_shows_its_sign():
    one, other = np.array([True, True, False] * 10), np.array([True, False, False] * 10)
    assert change(one, other).startswith("+10 of 30")
    assert change(other, one).startswith("-10 of 30")
    with pytest.raises(InputError, match="30 and 29"):
        change(one, other[1:])


def test_a_gap_of_rates_is_in_points_and_surest_where_the_groups_share_most():
    right = np.array([True, False] * 50)
    first, everyone = np.arange(100) < 90, np.ones(100, dtype=bool)
    assert rate_gap(right, first, right, first) == "+0 points (95% interval +0 to +0)"
    assert rate_gap(right, right, right, everyone).startswith("+50 points")
    shared = rate_gap(right, first, right, everyone)
    apart = rate_gap(right, first, right, ~first)
    assert [text.split(" (")[0] for text in (shared, apart)] == ["+0 points"] * 2
    assert shared != apart


def test_kappa_is_that_of_scikit_learn():
    one, two = (np.random.default_rng(seed).choice(["all", "part", "none"], 60) for seed in (0, 1))
    two[:30] = one[:30]
    assert cohen_kappa(one, two) == pytest.approx(cohen_kappa_score(one, two))
    with pytest.raises(InputError, match="60 and 59"):
        cohen_kappa(one, two[1:])
