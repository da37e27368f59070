"""A GPT of about a million parameters in PyTorch, each part to be read and each to be left out, and its training.

The model is GPT-2's (Radford et al., 2019) made small: token embeddings, blocks of attention and a two-layer network
with a norm before each and a residual around each, and an output head. Positions are rotary, as in the model of
notebook 12: they are learned so much faster than a table of them (Su et al., 2021, https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.plotting.live_curve import LiveCurve

# Spreads of the first weights. What adds to the residual starts small, so that a block begins by changing little.
STD = {"tokens": 0.5, "head": 0.01, "output": 0.02, "narrow": 0.02}


@dataclass(frozen=True)
class Plan:
    """The sizes of a `TinyGPT`, and which of its parts it has.

    Parameters
    ----------
    n_vocabulary : int
        Tokens it knows.
    context : int
        The most tokens it reads at once.
    d_model, n_heads, n_layers : int
        Width, heads in each block, and blocks.
    attention, positions, residual, scale : bool
        Switches for taking a part away: the attention of every block, the turning of queries and keys by their
        position, the way around each part of a block, the division of scores by the root of their width.
    """

    n_vocabulary: int
    context: int = 64
    d_model: int = 128
    n_heads: int = 4
    n_layers: int = 4
    attention: bool = True
    positions: bool = True
    residual: bool = True
    scale: bool = True

    def __post_init__(self):
        if min(self.n_vocabulary, self.context, self.d_model, self.n_heads, self.n_layers) < 1:
            raise InputError("All sizes of a plan must be 1 or more.")
        if self.d_model % (2 * self.n_heads):
            raise InputError(f"{self.d_model} columns cannot be cut into {self.n_heads} heads of equal, even width.")


class Attention(nn.Module):
    """Causal self-attention with several heads: ``(batch, n_tokens, d_model) -> (batch, n_tokens, d_model)``."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.n_heads = plan.n_heads
        self.factor = 1 / math.sqrt(plan.d_model // plan.n_heads) if plan.scale else 1.0
        self.turn = turns(plan.context, plan.d_model // plan.n_heads) if plan.positions else None
        self.qkv = nn.Linear(plan.d_model, 3 * plan.d_model, bias=False)
        self.output = nn.Linear(plan.d_model, plan.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Let each head attend, and mix what they found."""
        q, k, v = self.heads(x)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.factor)
        return self.output(mixed.transpose(1, 2).flatten(2))  # heads side by side again

    def heads(self, x: Tensor) -> Sequence[Tensor]:
        """Cut queries, keys and values into heads: each ``(batch, n_heads, n_tokens, d_head)``."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        if self.turn is not None:
            q, k = (rotate(each, self.turn[: x.shape[1]]) for each in (q, k))
        return q, k, v

    def weights(self, x: Tensor) -> Tensor:
        """Return who looks at whom: ``(batch, n_heads, n_tokens, n_tokens)``."""
        q, k, _ = self.heads(x)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return (q @ k.transpose(2, 3) * self.factor).masked_fill(later, -math.inf).softmax(dim=-1)


def turns(n_places: int, d_head: int, base: float = 1000.0) -> Tensor:
    """Return by how much each pair is turned at each place: cosines and sines ``(n_places, 2, d_head / 2)``.

    Examples
    --------
    >>> turns(2, 2)
    tensor([[[1.0000],
             [0.0000]],
            [[0.5403],
             [0.8415]]])
    """
    angles = torch.outer(torch.arange(n_places), base ** (-torch.arange(0, d_head, 2) / d_head))
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def rotate(x: Tensor, turn: Tensor) -> Tensor:
    """Turn the pairs of ``x``, shape ``(..., n_tokens, d_head)``; a pair is a number of each half.

    Examples
    --------
    >>> rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), turns(2, 2))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    left, right = x.chunk(2, dim=-1)
    cos, sin = turn.unbind(dim=1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


class Block(nn.Module):
    """Attention, then a small network for each token by itself: ``(batch, n_tokens, d_model)`` in and out."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.plan = plan
        self.norm_1, self.norm_2 = nn.LayerNorm(plan.d_model), nn.LayerNorm(plan.d_model)
        self.attention = Attention(plan)
        self.widen = nn.Linear(plan.d_model, 4 * plan.d_model)
        self.narrow = nn.Linear(4 * plan.d_model, plan.d_model)

    def forward(self, x: Tensor) -> Tensor:
        """Add what attention found, then what the small network makes of it."""
        around = 1.0 if self.plan.residual else 0.0
        if self.plan.attention:
            x = around * x + self.attention(self.norm_1(x))
        return around * x + self.narrow(F.gelu(self.widen(self.norm_2(x))))


class TinyGPT(nn.Module):
    """A language model that is small enough to be trained on a laptop.

    Parameters
    ----------
    plan : Plan
        Its sizes and parts.
    seed : int
        Of its first random weights.

    Examples
    --------
    >>> model = TinyGPT(Plan(n_vocabulary=50, context=8, d_model=16, n_heads=2, n_layers=2))
    >>> model(torch.tensor([[1, 2, 3]])).shape
    torch.Size([1, 3, 50])
    """

    def __init__(self, plan: Plan, seed: int = 0):
        super().__init__()
        self.plan = plan
        state = torch.get_rng_state()
        torch.manual_seed(seed)
        self.tokens = nn.Embedding(plan.n_vocabulary, plan.d_model)
        self.blocks = nn.ModuleList(Block(plan) for _ in range(plan.n_layers))
        self.norm = nn.LayerNorm(plan.d_model)
        self.head = nn.Linear(plan.d_model, plan.n_vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=STD.get(name.split(".")[-2], plan.d_model**-0.5))
        torch.set_rng_state(state)

    def forward(self, ids: Tensor) -> Tensor:
        """Score every token as the next one: ``(batch, n_tokens) -> (batch, n_tokens, n_vocabulary)``."""
        return self.head(self.norm(self.states(ids)[-1]))

    def states(self, ids: Tensor) -> list[Tensor]:
        """Return what goes into each block, and what comes out of the last."""
        n = ids.shape[-1]
        if not 1 <= n <= self.plan.context:
            raise InputError(f"The model reads 1 to {self.plan.context} tokens at once, and these are {n}.")
        if ids.min() < 0 or ids.max() >= self.plan.n_vocabulary:
            raise InputError(f"Token ids go from 0 to {self.plan.n_vocabulary - 1}.")
        states = [self.tokens(ids)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    @property
    def n_parameters(self) -> int:
        """How many numbers it learns."""
        return sum(parameter.numel() for parameter in self.parameters())


def windows(ids: Sequence[int], context: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a text into pieces of ``context`` tokens, and the same one token later: what to read and what to guess.

    Returns
    -------
    (inputs, targets) : ndarrays of int64, shape (n_pieces, context)
        What is left over at the end is dropped.

    Examples
    --------
    >>> windows([1, 2, 3, 4, 5, 6], 2)
    (array([[1, 2],
           [3, 4]]), array([[2, 3],
           [4, 5]]))
    """
    ids = np.asarray(ids, dtype=np.int64)
    n = (len(ids) - 1) // context
    if n < 1:
        raise InputError(f"{len(ids)} tokens are too few for a piece of {context} and the token after it.")
    return ids[: n * context].reshape(n, context), ids[1 : n * context + 1].reshape(n, context)


def rate(step: int, n_steps: int, highest: float, warm_up: int) -> float:
    """Return the learning rate of a step: a straight way up, then half a cosine down to a tenth.

    Examples
    --------
    >>> [round(rate(step, n_steps=10, highest=1.0, warm_up=2), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    if step < warm_up:
        return highest * (step + 1) / warm_up
    done = (step - warm_up) / max(1, n_steps - warm_up)
    return highest * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2)


@one_thread()
def train(
    model: TinyGPT,
    ids: Sequence[int],
    n_steps: int,
    *,
    highest: float = 5e-3,
    warm_up: int = 20,
    batch: int = 16,
    seed: int = 0,
    each: Callable[[int], None] | None = None,
    what: str = "training",
) -> list[float]:
    """Train a model to guess the next token, with a progress bar and a curve that grows while one watches.

    Parameters
    ----------
    model : TinyGPT
        It is changed.
    ids : sequence of int
        The text as tokens.
    n_steps : int
        How often the weights are changed.
    highest : float
        The highest learning rate; see `rate`.
    warm_up : int
        Steps until it is reached.
    batch : int
        Pieces of text in each step, drawn at random.
    seed : int
        Of the drawing.
    each : callable, optional
        Called with the number of steps done: with 0 before the first, then after each.
    what : str
        What the progress bar says.

    Returns
    -------
    list of float
        The loss of each step on the pieces that were drawn for it, in nats a token.

    Raises
    ------
    InputError
        If there is too little text.
    """
    ids, context = torch.as_tensor(np.asarray(ids, dtype=np.int64)), model.plan.context
    if len(ids) <= context + 1:
        raise InputError(f"{len(ids)} tokens are too few to train on pieces of {context}.")
    draw = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.05)
    losses, curve, report = [], LiveCurve(n_steps), each or (lambda step: None)
    report(0)
    with job_bar(n_steps, "step", what) as bar:
        for step in range(n_steps):
            starts = torch.randint(len(ids) - context - 1, (batch, 1), generator=draw)
            pieces = ids[starts + torch.arange(context + 1)]  # (batch, context + 1)
            loss = F.cross_entropy(model(pieces[:, :-1]).flatten(0, 1), pieces[:, 1:].flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for group in optimiser.param_groups:
                group["lr"] = rate(step, n_steps, highest, warm_up)
            optimiser.step()
            losses.append(loss.item())
            bar.update()
            curve.show(losses)
            report(step + 1)
    curve.show(losses, at_last=True)
    return losses


@one_thread()
@torch.no_grad()
def held_out_loss(model: TinyGPT, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the average loss on pieces of text that the model was not trained on, in nats a token.

    Parameters
    ----------
    inputs, targets : ndarray of int64, shape (n_pieces, context)
        What `windows` gives.
    """
    total = 0.0
    for start in range(0, len(inputs), 64):
        logits = model(torch.from_numpy(inputs[start : start + 64]))
        goal = torch.from_numpy(targets[start : start + 64])
        total += F.cross_entropy(logits.flatten(0, 1), goal.flatten(), reduction="sum").item()
    return total / targets.size


@one_thread()
@torch.no_grad()
def attention_maps(model: TinyGPT, ids: Sequence[int]) -> np.ndarray:
    """Return who looks at whom in a text, for every head: ``(n_layers, n_heads, n_tokens, n_tokens)``."""
    states = model.states(torch.as_tensor(np.asarray(ids, dtype=np.int64))[None])
    maps = [block.attention.weights(block.norm_1(x))[0] for block, x in zip(model.blocks, states, strict=False)]
    return torch.stack(maps).numpy()


@one_thread()
@torch.no_grad()
def write(
    model: TinyGPT, ids: Sequence[int], n_tokens: int, temperature: float = 0.8, seed: int | None = 0
) -> list[int]:
    """Write on after some tokens; the model sees the last ``context`` of them each time.

    Parameters
    ----------
    ids : sequence of int
        The beginning, at least one token.
    n_tokens : int
        How many to write.
    temperature : float
        1 draws from the model's own probabilities, lower is more cautious; above 0.
    seed : int, optional
        The same seed draws the same tokens.

    Returns
    -------
    list of int
        The new tokens alone.
    """
    if not len(ids):
        raise InputError("The beginning is empty, and a model needs at least one token to go on from.")
    if not (math.isfinite(temperature) and temperature > 0):
        raise InputError(f"temperature must be above 0, and {temperature} is not.")
    rng, written = np.random.default_rng(seed), list(ids)
    for _ in range(n_tokens):
        logits = model(torch.tensor([written[-model.plan.context :]]))[0, -1]
        shares = (logits.double() / temperature).softmax(dim=0).numpy()
        written.append(int(rng.choice(len(shares), p=shares / shares.sum())))
    return written[len(ids) :]
