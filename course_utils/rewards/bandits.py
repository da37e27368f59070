"""Slot machines: arms that pay with chances nobody tells, and three ways to choose between trying and earning."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError


def draw_arms(n_runs: int, n_arms: int, seed: int = 0) -> np.ndarray:
    """Draw the chance that each arm pays 1, evenly between 0 and 1: ``(n_runs, n_arms)``, a bandit in each row."""
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    return rng.random((check_whole("n_runs", n_runs, 1), check_whole("n_arms", n_arms, 2)))


def explore_evenly(epsilon: float) -> Callable:
    """Return the scores of ε-greedy: the means, and with probability ``epsilon`` for each run random numbers.

    Examples
    --------
    >>> explore_evenly(0.0)(np.array([[0.2, 0.6]]), np.array([[3, 4]]), 7, np.random.default_rng(0))
    array([[0.2, 0.6]])
    """
    epsilon = check_number("epsilon", epsilon, 0, 1)

    def scores(means: np.ndarray, counts: np.ndarray, t: int, rng: np.random.Generator) -> np.ndarray:
        explore = rng.random((len(means), 1)) < epsilon
        return np.where(explore, rng.random(means.shape), means)

    return scores


def upper_bounds(c: float) -> Callable:
    """Return the scores of UCB: the mean plus ``c * sqrt(log(t) / n)``, and infinity for an arm never pulled.

    Notes
    -----
    UCB1 (Auer, Cesa-Bianchi and Fischer, 2002) has ``c = sqrt(2)``.

    Examples
    --------
    >>> upper_bounds(1.0)(np.array([[0.5, 0.5, 0.0]]), np.array([[9, 1, 0]]), 10, None).round(2)
    array([[1.01, 2.02,  inf]])
    """
    c = check_number("c", c, 0)

    def scores(means: np.ndarray, counts: np.ndarray, t: int, rng: np.random.Generator) -> np.ndarray:
        width = np.sqrt(np.log(max(t, 1)) / np.maximum(counts, 1))
        return np.where(counts == 0, np.inf, means + c * width)

    return scores


def pull_many(
    chances: np.ndarray, scores: Callable, n_pulls: int, *, start: float = 0.0, weight: float = 0.0, seed: int = 0
) -> np.ndarray:
    """Pull arms in many bandits at once, each time the one with the highest score, and return the regret as it grows.

    Parameters
    ----------
    chances : ndarray, shape (n_runs, n_arms)
        How likely each arm is to pay 1.
    scores : callable
        Gets the means and the counts so far, both ``(n_runs, n_arms)``, the number of pulls done and a generator, and
        returns a score for each arm. Equal scores are decided by chance.
    start, weight : float
        What is believed of each arm at first, and how many pulls the belief is worth: ``start=2, weight=1`` is the mean
        that one pull with a payment of 2 would have left. Optimism is a start above what arms can pay.

    Returns
    -------
    ndarray, shape (n_runs, n_pulls)
        The sum, up to each pull, of the best arm's chance minus that of the arm that was pulled.

    Raises
    ------
    InputError
        If ``chances`` is no table of probabilities.
    """
    chances = np.asarray(chances, dtype=float)
    if chances.ndim != 2 or not ((chances >= 0) & (chances <= 1)).all():
        raise InputError("chances must be a table (n_runs, n_arms) of probabilities: use chances[None] for one bandit.")
    rng, runs = np.random.default_rng(check_whole("seed", seed, 0)), np.arange(len(chances))
    sums, counts = np.full(chances.shape, float(start * weight)), np.zeros(chances.shape, dtype=int)
    lost = np.zeros((len(chances), check_whole("n_pulls", n_pulls, 1)))
    for t in range(n_pulls):
        means = np.divide(sums, counts + weight, out=np.full(chances.shape, float(start)), where=counts + weight > 0)
        score = scores(means, counts, t, rng)
        best = score == score.max(axis=1, keepdims=True)
        arm = (best * rng.random(chances.shape)).argmax(axis=1)  # one of the best
        counts[runs, arm] += 1
        sums[runs, arm] += rng.random(len(chances)) < chances[runs, arm]
        lost[:, t] = chances.max(axis=1) - chances[runs, arm]
    return lost.cumsum(axis=1)
