"""The tiny GPT of notebook 13 as a policy: many texts at once, their probabilities, and learning from a reward."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_ids, check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.corpus import load_wikipedia
from course_utils.tiny_gpt import load_longer
from course_utils.tiny_gpt.model import TinyGPT, rotate
from course_utils.tokens import BPETokenizer

BATCH, N_TOKENS, LEARNING_RATE = 64, 32, 5e-4  # texts of a step, new tokens of a text, and how far a step goes


def load_reference() -> tuple[TinyGPT, BPETokenizer]:
    """Return the tiny GPT of notebook 13 after its 8,000 steps, and the tokenizer that it was trained with."""
    texts = load_wikipedia()["text"][:]
    order = np.random.default_rng(0).permutation(len(texts))
    read = "\n\n".join(texts[article] for article in order[:-300])
    return load_longer()[0], BPETokenizer.train(read[:500_000], vocab_size=512)


@one_thread()
@torch.no_grad()
def write_many(
    model: TinyGPT, beginning: Sequence[int], batch: int = BATCH, n_tokens: int = N_TOKENS, *, draws: torch.Generator
) -> Tensor:
    """Continue one beginning many times, by drawing from the model's probabilities; keys and values are kept.

    Returns
    -------
    Tensor of int64, shape (batch, len(beginning) + n_tokens)
        The beginning and what was written, in each row.
    """
    start, batch = check_beginning(model, beginning, n_tokens), check_whole("batch", batch, 1)
    new, kept = torch.tensor(start).expand(batch, -1), None
    ids = new
    for _ in range(n_tokens):
        chances, kept = read_on(model, new, kept)
        new = torch.multinomial(chances, 1, generator=draws)
        ids = torch.cat([ids, new], dim=1)
    return ids


def check_beginning(model: TinyGPT, beginning: Sequence[int], n_tokens: int) -> np.ndarray:
    """Return a beginning's tokens as an array; an `InputError` if they and the new ones are more than it reads."""
    start = check_ids(beginning, model.plan.n_vocabulary)
    if start.ndim != 1 or not 1 <= len(start) <= model.plan.context - check_whole("n_tokens", n_tokens, 1):
        raise InputError(f"Beginning and new tokens together must fit into the {model.plan.context} that it reads.")
    return start


def read_on(model: TinyGPT, new: Tensor, kept: list | None = None) -> tuple[Tensor, list[tuple[Tensor, Tensor]]]:
    """Read new tokens behind those that were read before, whose keys and values are ``kept``.

    Returns
    -------
    (chances, kept) : Tensor, shape (batch, n_vocabulary), and list
        The probabilities of the next token of each text, and the keys and values of all that was read, by block.
    """
    kept = [(None, None)] * len(model.blocks) if kept is None else list(kept)
    x, place = model.tokens(new), 0 if kept[0][0] is None else kept[0][0].shape[2]
    for number, block in enumerate(model.blocks):
        mixed, kept[number] = _attend(block.attention, block.norm_1(x), place, kept[number])
        x = x + mixed
        x = x + block.narrow(F.gelu(block.widen(block.norm_2(x))))
    return model.head(model.norm(x[:, -1])).softmax(dim=-1), kept


def _attend(attention: object, x: Tensor, place: int, kept: tuple) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Let new tokens, which begin at ``place``, attend to those kept and to themselves."""
    n_new = x.shape[1]
    q, k, v = attention.qkv(x).unflatten(2, (3, attention.n_heads, -1)).permute(2, 0, 3, 1, 4)
    q, k = (rotate(each, attention.rotation[place : place + n_new]) for each in (q, k))
    if kept[0] is not None:
        k, v = torch.cat([kept[0], k], dim=2), torch.cat([kept[1], v], dim=2)
    mask = torch.ones(n_new, k.shape[2], dtype=torch.bool).tril(place) if n_new > 1 and place else None
    how = {"attn_mask": mask, "is_causal": n_new > 1 and not place, "scale": attention.factor}
    mixed = F.scaled_dot_product_attention(q, k, v, **how)
    return attention.output(mixed.transpose(1, 2).flatten(2)), (k, v)


def log_likelihood(model: TinyGPT, ids: Tensor, n_given: int) -> Tensor:
    """Return the log-probability of each text behind its first ``n_given`` tokens: ``(batch, n_tokens) -> (batch,)``.

    Gradients flow through it.
    """
    return chosen_logs(next_logs(model, ids, n_given), ids)


def next_logs(model: TinyGPT, ids: Tensor, n_given: int) -> Tensor:
    """Return the log-probabilities of all tokens at each new place: ``(batch, n_new, n_vocabulary)``."""
    n_given = check_whole("n_given", n_given, 1, ids.shape[1] - 1)
    return model(ids[:, :-1])[:, n_given - 1 :].log_softmax(dim=-1)


def chosen_logs(logs: Tensor, ids: Tensor) -> Tensor:
    """Return the summed log-probabilities of the tokens that were written: ``(batch,)``; ``logs`` from `next_logs`."""
    return token_logs(logs, ids).sum(dim=1)


def token_logs(logs: Tensor, ids: Tensor) -> Tensor:
    """Return the log-probability of each token that was written: ``(batch, n_new)``; ``logs`` from `next_logs`."""
    return logs.gather(2, ids[:, -logs.shape[1] :, None])[..., 0]


def chosen_by_token(model: TinyGPT, ids: Tensor, n_given: int) -> Tensor:
    """Return the log-probability of each token that was written: ``(batch, n_tokens) -> (batch, n_new)``."""
    return token_logs(next_logs(model, ids, n_given), ids)


def leash(logs: Tensor, before: Tensor) -> Tensor:
    """Return the KL divergence from the reference at each place of each text: ``(batch, n_new)``, in nats.

    ``logs`` and ``before`` are the `next_logs` of the model and of the reference. The mean over texts that the model
    wrote, summed over the places, estimates the divergence of the two distributions of whole texts.
    """
    return (logs.exp() * (logs - before)).sum(dim=2)


def leashed_loss(paid: Tensor, apart: Tensor, written: Tensor, beta: float) -> Tensor:
    """Return a loss whose gradient is minus that of the expected reward less ``beta`` times the divergence.

    A token is paid with the reward of its text less what the leash costs at all *later* places, for it has a share in
    how one came there; what it costs at its own place is in the loss directly. The mean of the batch, place by place,
    is the baseline.

    Parameters
    ----------
    paid : Tensor, shape (batch,)
        The reward of each text.
    apart, written : Tensor, shape (batch, n_new)
        The divergence at each place, from `leash`, and the `token_logs` of the tokens that the model wrote.
    beta : float
        What a nat of divergence costs.

    Examples
    --------
    >>> zero = torch.zeros(2, 3)
    >>> written = zero.clone().requires_grad_()
    >>> leashed_loss(torch.tensor([1.0, 0.0]), zero, written, 0.5).backward()
    >>> written.grad[:, 0].tolist()  # half of the reward above the mean of two texts, and half below
    [-0.25, 0.25]
    """
    costs = beta * apart.detach()
    gain = paid[:, None] - (costs.flip(1).cumsum(1).flip(1) - costs)  # (batch, n_new): later costs alone
    pushed = ((gain - gain.mean(dim=0)) * written).sum(dim=1)
    return (beta * apart.sum(dim=1) - pushed).mean()


@one_thread()
def learn_from_reward(
    reference: TinyGPT,
    beginning: Sequence[int],
    reward: Callable[[list[list[int]]], np.ndarray],
    *,
    beta: float,
    n_steps: int,
    seed: int,
    batch: int = BATCH,
    learning_rate: float = LEARNING_RATE,
) -> tuple[TinyGPT, np.ndarray]:
    """Train a copy of a model to write what is rewarded, less ``beta`` times its distance from the model it began as.

    Parameters
    ----------
    reward : callable
        Gets the new tokens of each text and returns a number for each.
    beta : float
        What a nat of divergence from the reference costs; see `leash`.

    Returns
    -------
    (model, history) : TinyGPT, and ndarray, shape (n_steps, 2)
        The copy, and for each step the mean reward of its texts and their mean divergence from the reference.

    Notes
    -----
    REINFORCE with the mean of the batch as baseline and Adam; gradients longer than 1 are shortened. The learning rate
    stays for half of the steps and then falls to 0, so that the noise of the last batches does not remain.
    """
    beta, n_given = check_number("beta", beta, 0), len(beginning)
    model, history = copy.deepcopy(reference), []
    optimiser = torch.optim.Adam(model.parameters(), lr=check_number("learning_rate", learning_rate, 0))
    draws = torch.Generator().manual_seed(check_whole("seed", seed, 0))
    with job_bar(check_whole("n_steps", n_steps, 1), "step", f"beta {beta:g}") as bar:
        for step in range(n_steps):
            for group in optimiser.param_groups:
                group["lr"] = learning_rate * min(1, 2 - 2 * step / n_steps)
            ids = write_many(model, beginning, batch, draws=draws)
            with torch.no_grad():
                before = next_logs(reference, ids, n_given)
            logs = next_logs(model, ids, n_given)
            paid = torch.tensor(np.asarray(reward(ids[:, n_given:].tolist())), dtype=torch.float32)
            apart = leash(logs, before)
            loss = leashed_loss(paid, apart, token_logs(logs, ids), beta)
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimiser.step()
            history.append((paid.mean().item(), apart.sum(dim=1).mean().item()))
            bar.update()
    return model, np.array(history)


@one_thread()
@torch.no_grad()
def judge_texts(
    model: TinyGPT,
    reference: TinyGPT,
    beginning: Sequence[int],
    reward: Callable[[list[list[int]]], np.ndarray],
    *,
    n_texts: int = 512,
    seed: int = 1000,
) -> dict[str, float]:
    """Write fresh texts, and return what they are like on average.

    Returns
    -------
    dict of str to float
        The mean ``reward``, the share ``with_it`` of texts that got any, ``kl``, their divergence from the reference in
        nats, and ``different``, the number of different tokens in a text.
    """
    ids = write_many(model, beginning, n_texts, draws=torch.Generator().manual_seed(seed))
    n_given = len(beginning)
    distance = leash(next_logs(model, ids, n_given), next_logs(reference, ids, n_given)).sum(dim=1)
    new = ids[:, n_given:].tolist()
    paid = np.asarray(reward(new), dtype=float)
    different = np.mean([len(set(row)) for row in new])
    numbers = {"reward": paid.mean(), "with_it": (paid > 0).mean(), "kl": distance.mean().item()}
    return {name: float(number) for name, number in (numbers | {"different": different}).items()}


@one_thread()
def learn_from_pairs(
    reference: TinyGPT,
    better: Tensor,
    worse: Tensor,
    n_given: int,
    *,
    beta: float | None,
    n_steps: int,
    learning_rate: float,
    seed: int,
    batch: int = 25,
) -> TinyGPT:
    """Train a copy of a model by DPO, so that the better text of a pair gains more on the reference than the worse.

    Parameters
    ----------
    better, worse : Tensor of int64, shape (n_pairs, n_tokens)
        A pair in each row; the first ``n_given`` tokens were given.
    beta : float or None
        The strength of the leash in the loss. With None the loss is the mean log loss of a token of the better texts,
        which is ordinary training on them, the control of DPO.

    Notes
    -----
    Rafailov and others, *Direct Preference Optimization* (2023), https://arxiv.org/abs/2305.18290.
    """
    if better.shape != worse.shape or better.ndim != 2:
        raise InputError(f"Each better text needs a worse one, and the shapes are {better.shape} and {worse.shape}.")
    model, draws = copy.deepcopy(reference), torch.Generator().manual_seed(check_whole("seed", seed, 0))
    optimiser = torch.optim.Adam(model.parameters(), lr=check_number("learning_rate", learning_rate, 0))
    with torch.no_grad():
        start = log_likelihood(reference, better, n_given) - log_likelihood(reference, worse, n_given)
    for _ in range(n_steps):
        some = torch.randperm(len(better), generator=draws)[:batch]
        gained = log_likelihood(model, better[some], n_given)
        if beta is None:
            loss = -gained.mean() / (better.shape[1] - n_given)
        else:
            margin = gained - log_likelihood(model, worse[some], n_given) - start[some]
            loss = -F.logsigmoid(beta * margin).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
    return model
