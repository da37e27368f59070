"""GRPO on the tiny GPT: groups of texts that continue one beginning, each batch used for several updates."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.rewards.policy import group_advantages
from course_utils.rewards.words import chosen_by_token, write_many
from course_utils.tiny_gpt.model import TinyGPT

GROUP, LEARNING_RATE = 16, 5e-4  # texts that continue one beginning, and how far an update goes


def group_loss(now: Tensor, old: Tensor, before: Tensor, gain: Tensor, *, beta: float, epsilon: float | None) -> Tensor:
    """Return the loss of GRPO: minus the mean over all tokens of the clipped gain less the cost of the leash.

    Parameters
    ----------
    now, old, before : Tensor, shape (n_texts, n_tokens)
        The log-probability of each token by the model now, when it was written, and by the reference.
    gain : Tensor, shape (n_texts, 1)
        The advantage of each text, which all its tokens share.
    beta : float
        What a nat of divergence costs.
    epsilon : float or None
        Where the ratio is clipped; None does not clip.

    Notes
    -----
    Shao and others, *DeepSeekMath* (2024). The leash costs ``exp(d) - d - 1``, where d is ``before - now``.

    Examples
    --------
    >>> now, old = torch.tensor([[0.5]]), torch.tensor([[0.0]])
    >>> round(group_loss(now, old, now, torch.tensor([[1.0]]), beta=1.0, epsilon=0.2).item(), 3)
    -1.2
    """
    ratio, d = (now - old).exp(), before - now
    gained = ratio * gain
    if epsilon is not None:
        gained = torch.minimum(gained, ratio.clamp(1 - epsilon, 1 + epsilon) * gain)
    return -(gained - beta * (d.exp() - d - 1)).mean()


def outside(now: Tensor, old: Tensor, gain: Tensor, epsilon: float = 0.2) -> float:
    """Return the share of tokens, among those with an advantage, to which the clip gives no further push.

    Examples
    --------
    >>> outside(torch.tensor([[0.5, 0.0]]), torch.zeros(1, 2), torch.tensor([[1.0]]))
    0.5
    """
    ratio, gain = (now - old).exp(), gain.expand_as(now)
    flat = ((gain > 0) & (ratio > 1 + epsilon)) | ((gain < 0) & (ratio < 1 - epsilon))
    return float(flat.sum() / (gain != 0).sum().clamp(min=1))


@one_thread()
def learn_from_groups(
    reference: TinyGPT,
    beginnings: Sequence[Sequence[int]],
    reward: Callable[[list[list[int]]], np.ndarray],
    *,
    beta: float,
    epsilon: float | None,
    n_batches: int,
    n_updates: int,
    seed: int,
    group: int = GROUP,
    learning_rate: float = LEARNING_RATE,
    after_batch: Callable[[TinyGPT], None] = lambda model: None,
) -> tuple[TinyGPT, np.ndarray]:
    """Train a copy of a model by GRPO, with a group of texts for each beginning, all of one number of tokens.

    ``after_batch`` gets the model after each batch, for example to judge its texts.

    Returns
    -------
    (model, history) : TinyGPT, and ndarray, shape (n_batches, 2)
        The copy, and for each batch the mean reward of its texts and, at its last update, before the step, how many
        tokens lie where the clip gives no push (see `outside`).
    """
    n_updates, n_given = check_whole("n_updates", n_updates, 1), len(beginnings[0])
    model, history = copy.deepcopy(reference), []
    optimiser = torch.optim.Adam(model.parameters(), lr=check_number("learning_rate", learning_rate, 0))
    draws = torch.Generator().manual_seed(check_whole("seed", seed, 0))
    for _ in range(check_whole("n_batches", n_batches, 1)):
        ids = torch.cat([write_many(model, beginning, group, draws=draws) for beginning in beginnings])
        paid = np.asarray(reward(ids[:, n_given:].tolist()), dtype=float)
        gain = torch.tensor(group_advantages(paid.reshape(-1, group)).reshape(-1, 1), dtype=torch.float32)
        with torch.no_grad():
            old, before = (chosen_by_token(each, ids, n_given) for each in (model, reference))
        for _ in range(n_updates):
            now = chosen_by_token(model, ids, n_given)
            loss = group_loss(now, old, before, gain, beta=beta, epsilon=epsilon)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
        history.append((paid.mean(), outside(now.detach(), old, gain)))
        after_batch(model)
    return model, np.array(history)
