"""Differential privacy: a bound on each record's share, noise, and the account of what was spent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.errors import InputError

ORDERS = np.arange(2, 129)  # of Rényi's divergence: the account takes the best of these
STEEPEST = 1e6  # the largest noise that `noise_for` tries


def clip_rows(rows: np.ndarray, most: float) -> np.ndarray:
    """Shorten every row that is longer than ``most``; the others stay as they are: ``(n, d) -> (n, d)``.

    Examples
    --------
    >>> clip_rows([[3.0, 4.0], [0.3, 0.4]], 1.0)
    array([[0.6, 0.8],
           [0.3, 0.4]])
    """
    rows, most = check_floats("rows", rows), check_number("most", most, 0)
    if rows.ndim != 2:
        raise InputError(
            f"There must be a row for each record, and the shape is {rows.shape}: pass rows[None] for one."
        )
    lengths = np.sqrt(np.square(rows).sum(axis=1, keepdims=True))
    return rows * np.minimum(1, most / np.maximum(lengths, 1e-300))


def divergence_of_step(sigma: float, q: float, orders: Sequence[int] = ORDERS) -> np.ndarray:
    """Return Rényi's divergence of one noisy step, at each order: how different a record can make what comes out.

    Parameters
    ----------
    sigma : float
        The noise's standard deviation, as a multiple of the longest row.
    q : float
        The probability with which a record takes part in the step, above 0 and at most 1.
    orders : sequence of int
        From 2 on.

    Notes
    -----
    Mironov, Talwar and Zhang, *Rényi Differential Privacy of the Sampled Gaussian Mechanism* (2019),
    https://arxiv.org/abs/1908.10530. Without sampling, q = 1, it is order / (2 sigma²).

    Examples
    --------
    >>> divergence_of_step(2.0, 1.0, [2, 4])
    array([0.25, 0.5 ])
    """
    from scipy.special import gammaln, logsumexp

    sigma, q = check_number("sigma", sigma, 1e-3), check_number("q", q, 1e-9, 1)
    found = []
    for order in orders:
        k = np.arange(check_whole("an order", order, 2) + 1)
        ways = gammaln(order + 1) - gammaln(k + 1) - gammaln(order - k + 1)
        missing = (order - k) * np.log1p(-q) if q < 1 else np.where(k == order, 0, -np.inf)
        found.append(logsumexp(ways + missing + k * np.log(q) + (k * k - k) / (2 * sigma**2)) / (order - 1))
    return np.array(found)


def epsilon_spent(sigma: float, q: float, n_steps: int, delta: float) -> float:
    """Return the ε of ``n_steps`` noisy steps at a given δ: divergences of steps add up, and the best order is taken.

    Notes
    -----
    The way from Rényi's divergence to ε is that of Balle and others, *Hypothesis Testing Interpretations and Rényi
    Differential Privacy* (2020), https://arxiv.org/abs/1905.09982, which opacus takes as well.

    Examples
    --------
    >>> round(epsilon_spent(sigma=2.0, q=0.25, n_steps=300, delta=1e-3), 2)
    10.8
    """
    delta = check_number("delta", delta, 1e-12, 0.5)
    if not check_whole("n_steps", n_steps, 0):
        return 0.0
    total = n_steps * divergence_of_step(sigma, q)
    spent = total + np.log1p(-1 / ORDERS) - (np.log(delta) + np.log(ORDERS)) / (ORDERS - 1)
    return float(max(0.0, spent.min()))


def noise_for(epsilon: float, q: float, n_steps: int, delta: float) -> float:
    """Return the smallest noise, to three decimals upwards, with which ``n_steps`` steps spend at most ``epsilon``.

    Examples
    --------
    >>> epsilon_spent(noise_for(8.0, 0.25, 300, 1e-3), 0.25, 300, 1e-3) <= 8
    True
    """
    epsilon, low, high = check_number("epsilon", epsilon, 1e-3), 0.2, 1.0
    while epsilon_spent(high, q, n_steps, delta) > epsilon:
        low, high = high, 2 * high
        if high > STEEPEST:
            raise InputError(
                f"No noise brings {n_steps} steps down to epsilon {epsilon}: take fewer steps, or more delta."
            )
    while high - low > 5e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if epsilon_spent(middle, q, n_steps, delta) > epsilon else (low, middle)
    return float(np.ceil(high * 1000) / 1000)


def best_guess(epsilon: float, delta: float = 0.0) -> float:
    """Return how often, at most, somebody can tell rightly which of two neighbouring data sets was used.

    Both are used equally often. Each error is at least ``(1 - delta) / (1 + e^epsilon)`` when the two are equally
    frequent (Kairouz, Oh and Viswanath, 2015).

    Examples
    --------
    >>> best_guess(0.0), round(best_guess(1.0), 2), round(best_guess(8.0), 4)
    (0.5, 0.73, 0.9997)
    """
    epsilon, delta = check_number("epsilon", epsilon, 0), check_number("delta", delta, 0, 1)
    return float(1 - (1 - delta) / (1 + np.exp(epsilon)))
