"""Small computations around a policy: its gradient, exact and sampled; the leash; clipping; groups; preferences."""

from __future__ import annotations

import numpy as np

from course_utils.attention import log_softmax, softmax
from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.errors import InputError


def exact_gradient(logits: np.ndarray, rewards: np.ndarray) -> np.ndarray:
    """Return the gradient of the expected reward by the logits of a softmax: ``p * (rewards - p @ rewards)``.

    Parameters
    ----------
    logits, rewards : ndarray, shape (n_actions,)

    Examples
    --------
    >>> exact_gradient(np.zeros(2), np.array([1.0, 0.0]))
    array([ 0.25, -0.25])
    """
    logits, rewards = _pair(logits, rewards)
    p = softmax(logits)
    return p * (rewards - p @ rewards)


def sampled_gradients(
    logits: np.ndarray, rewards: np.ndarray, n: int, rng: np.random.Generator, baseline: float = 0.0
) -> np.ndarray:
    """Draw ``n`` actions, and return what each says of the gradient, ``(n, n_actions)``.

    This is (reward - baseline) · (one-hot row of the action - p), the score-function estimate (Williams, 1992). The
    mean of many is `exact_gradient`, whatever the baseline is.

    Examples
    --------
    >>> sampled_gradients(np.zeros(2), np.array([1.0, 1.0]), 3, np.random.default_rng(0), baseline=1.0).tolist()
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
    """
    logits, rewards = _pair(logits, rewards)
    p = softmax(logits)
    drawn = rng.choice(len(p), check_whole("n", n, 1), p=p)
    return (rewards[drawn] - baseline)[:, None] * (np.eye(len(p))[drawn] - p) + 0.0


def best_on_leash(reference: np.ndarray, rewards: np.ndarray, beta: float) -> np.ndarray:
    """Return the probabilities with the highest expected reward minus ``beta`` times the KL divergence.

    They are ``reference * exp(rewards / beta)``, divided by their sum; with a long leash, ``beta`` near 0, everything
    is on the highest reward.

    Examples
    --------
    >>> best_on_leash(np.array([0.9, 0.1]), np.array([0.0, 1.0]), beta=0.5).round(2)
    array([0.55, 0.45])
    """
    reference, rewards = _pair(reference, rewards)
    if not (reference > 0).all() or not np.isclose(reference.sum(), 1):
        raise InputError("The reference must be probabilities above 0 that add up to 1.")
    return softmax(np.log(reference) + rewards / check_number("beta", beta, 1e-6))


def divergence(p: np.ndarray, reference: np.ndarray) -> float:
    """Return the Kullback-Leibler divergence of ``p`` from the reference, in nats.

    Examples
    --------
    >>> round(divergence(np.array([0.5, 0.5]), np.array([0.9, 0.1])), 2)
    0.51
    """
    p, reference = _pair(p, reference)
    some = p > 0
    return float((p[some] * np.log(p[some] / reference[some])).sum())


def clipped_gain(ratio: np.ndarray, advantage: np.ndarray, epsilon: float = 0.2) -> np.ndarray:
    """Return PPO's gain for each action: ``min(ratio * advantage, clip(ratio, 1 - ε, 1 + ε) * advantage)``.

    ``ratio`` is the probability now, divided by that at the time of writing (Schulman and others, 2017).

    Examples
    --------
    >>> clipped_gain(np.array([1.5, 0.5, 1.5, 0.5]), np.array([1.0, 1.0, -1.0, -1.0]))
    array([ 1.2,  0.5, -1.5, -0.8])
    """
    ratio, advantage = check_floats("ratio", ratio), check_floats("advantage", advantage)
    epsilon = check_number("epsilon", epsilon, 0, 1)
    return np.minimum(ratio * advantage, np.clip(ratio, 1 - epsilon, 1 + epsilon) * advantage)


def group_advantages(rewards: np.ndarray) -> np.ndarray:
    """Return GRPO's advantages: each reward minus its group's mean, divided by the group's standard deviation.

    Parameters
    ----------
    rewards : ndarray, shape (n_groups, n_answers)
        A row holds the rewards of several answers to one question. Where all are equal the advantages are 0.

    Notes
    -----
    Shao and others, *DeepSeekMath* (2024).

    Examples
    --------
    >>> group_advantages(np.array([[1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]]))
    array([[ 1., -1., -1.,  1.],
           [ 0.,  0.,  0.,  0.]])
    """
    rewards = check_floats("rewards", rewards)
    if rewards.ndim != 2 or rewards.shape[1] < 2:
        raise InputError(f"rewards need a row for each group and two answers or more in it, not {rewards.shape}.")
    centred, spread = rewards - rewards.mean(axis=1, keepdims=True), rewards.std(axis=1, keepdims=True)
    return np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12)


def dpo_loss(margins: np.ndarray, beta: float) -> float:
    """Return the DPO loss of pairs: the mean of ``-log sigmoid(beta * margin)``.

    The margin of a pair is how many nats the preferred text has gained on the reference, minus the same for the other
    text (Rafailov and others, 2023).

    Examples
    --------
    >>> round(dpo_loss(np.array([0.0, 0.0]), beta=0.1), 4), round(dpo_loss(np.array([20.0]), beta=0.1), 4)
    (0.6931, 0.1269)
    """
    margins = check_floats("margins", margins)
    return float(-log_softmax(np.stack([check_number("beta", beta, 0) * margins, 0 * margins], axis=-1))[..., 0].mean())


def _pair(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return two arrays of one number for each action, if they have one length."""
    one, other = check_floats("the first array", one), check_floats("the second array", other)
    if one.ndim != 1 or one.shape != other.shape:
        raise InputError(
            f"Each action needs a number in both arrays, and the shapes are {one.shape} and {other.shape}."
        )
    return one, other
