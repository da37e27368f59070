"""The model: GPT-2's architecture (Radford et al., 2019), small, with switches for leaving parts out.

Token embeddings; blocks of attention and a two-layer network, each with a norm before it and a residual connection
around it; an output head. Positions are rotary, as in the model of notebook 12: a small model learns much faster with
them than with a table of position vectors (Su et al., 2021, https://arxiv.org/abs/2104.09864).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_ids, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError

# Standard deviations of the first weights. What is added to the residual stream starts small, so that each block
# begins by changing little; weights that are not named here get 1 / sqrt(d_model).
STD = {"tokens": 0.5, "head": 0.01, "output": 0.02, "narrow": 0.02}


@dataclass(frozen=True)
class Plan:
    """The sizes of a `TinyGPT`, and which of its parts it has.

    Parameters
    ----------
    n_vocabulary, context : int
        How many tokens it knows, and the most that it reads at once.
    d_model, n_heads, n_layers : int
        Width, heads in each block, and blocks.
    attention, positions, residual, scale : bool
        Switches for an ablation: the attention of every block, the rotary positions of queries and keys, the residual
        connections, the division of scores by the root of their width.
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
        for name in ("n_vocabulary", "context", "d_model", "n_heads", "n_layers"):
            check_whole(name, getattr(self, name), 1)
        for name in ("attention", "positions", "residual", "scale"):
            if not isinstance(getattr(self, name), bool):
                raise InputError(f"{name} is a switch, True or False, and {getattr(self, name)!r} is neither.")
        if self.d_model % (2 * self.n_heads):
            raise InputError(f"{self.d_model} columns cannot be cut into {self.n_heads} heads of equal, even width.")


class Attention(nn.Module):
    """Causal self-attention with several heads: ``(batch, n_tokens, d_model) -> (batch, n_tokens, d_model)``."""

    def __init__(self, plan: Plan):
        super().__init__()
        self.n_heads = plan.n_heads
        self.factor = 1 / math.sqrt(plan.d_model // plan.n_heads) if plan.scale else 1.0
        self.rotation = rotation(plan.context, plan.d_model // plan.n_heads) if plan.positions else None
        self.qkv = nn.Linear(plan.d_model, 3 * plan.d_model, bias=False)
        self.output = nn.Linear(plan.d_model, plan.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Let each head attend, and mix what they found."""
        q, k, v = self.heads(x)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self.factor)
        return self.output(mixed.transpose(1, 2).flatten(2))  # (batch, n_heads, n, d_head) -> (batch, n, d_model)

    def heads(self, x: Tensor) -> Sequence[Tensor]:
        """Cut queries, keys and values into heads: each ``(batch, n_heads, n_tokens, d_head)``."""
        q, k, v = self.qkv(x).unflatten(2, (3, self.n_heads, -1)).permute(2, 0, 3, 1, 4)
        if self.rotation is not None:
            q, k = (rotate(each, self.rotation[: x.shape[1]]) for each in (q, k))
        return q, k, v

    def weights(self, x: Tensor) -> Tensor:
        """Return the attention weights: ``(batch, n_heads, n_tokens, n_tokens)``, queries down, keys across."""
        q, k, _ = self.heads(x)
        later = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        return (q @ k.transpose(2, 3) * self.factor).masked_fill(later, -math.inf).softmax(dim=-1)


def rotation(n_positions: int, d_head: int, base: float = 1000.0) -> Tensor:
    """Return cosine and sine of the rotary angles of each position: ``(n_positions, 2, d_head / 2)``.

    Examples
    --------
    >>> rotation(2, 2)
    tensor([[[1.0000],
             [0.0000]],
            [[0.5403],
             [0.8415]]])
    """
    angles = torch.outer(torch.arange(n_positions), base ** (-torch.arange(0, d_head, 2) / d_head))
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def rotate(x: Tensor, angles: Tensor) -> Tensor:
    """Rotate the pairs of ``x``, shape ``(..., n_tokens, d_head)``; a pair is a number from each half of a row.

    Examples
    --------
    >>> rotate(torch.tensor([[1.0, 0.0], [1.0, 0.0]]), rotation(2, 2))
    tensor([[1.0000, 0.0000],
            [0.5403, 0.8415]])
    """
    left, right = x.chunk(2, dim=-1)
    cos, sin = angles.unbind(dim=1)
    return torch.cat([left * cos - right * sin, left * sin + right * cos], dim=-1)


class Block(nn.Module):
    """Attention, then a two-layer network for each token by itself: ``(batch, n_tokens, d_model)`` in and out."""

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
    """A language model that is small enough to be trained on a laptop; ``seed`` draws its first weights.

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
        torch.manual_seed(check_whole("seed", seed, 0))
        self.tokens = nn.Embedding(plan.n_vocabulary, plan.d_model)
        self.blocks = nn.ModuleList(Block(plan) for _ in range(plan.n_layers))
        self.norm = nn.LayerNorm(plan.d_model)
        self.head = nn.Linear(plan.d_model, plan.n_vocabulary, bias=False)
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                nn.init.normal_(parameter, std=STD.get(name.split(".")[-2], plan.d_model**-0.5))
        torch.set_rng_state(state)

    def forward(self, ids: Tensor) -> Tensor:
        """Return a logit for every token as the next one: ``(batch, n_tokens) -> (batch, n_tokens, n_vocabulary)``."""
        return self.head(self.norm(self.states(ids)[-1]))

    def states(self, ids: Tensor) -> list[Tensor]:
        """Return what enters each block and what leaves the last: tensors ``(batch, n_tokens, d_model)``."""
        ids = torch.tensor(check_ids(ids, self.plan.n_vocabulary))
        if ids.ndim != 2:
            raise InputError(
                f"ids must be (batch, n_tokens), and they are {tuple(ids.shape)}: pass ids[None] for one text."
            )
        if not 1 <= ids.shape[1] <= self.plan.context:
            raise InputError(f"The model reads 1 to {self.plan.context} tokens at once, and these are {ids.shape[1]}.")
        states = [self.tokens(ids)]
        for block in self.blocks:
            states.append(block(states[-1]))
        return states

    @property
    def n_parameters(self) -> int:
        """How many numbers it learns."""
        return sum(parameter.numel() for parameter in self.parameters())


@one_thread()
@torch.no_grad()
def attention_maps(model: TinyGPT, ids: Sequence[int]) -> np.ndarray:
    """Return the attention weights of every head in one text: ``(n_layers, n_heads, n_tokens, n_tokens)``."""
    states = model.states(check_ids(ids)[None])
    maps = [block.attention.weights(block.norm_1(x))[0] for block, x in zip(model.blocks, states, strict=False)]
    return torch.stack(maps).numpy()


@one_thread()
@torch.no_grad()
def write(
    model: TinyGPT, ids: Sequence[int], n_tokens: int, temperature: float = 0.8, seed: int | None = 0
) -> list[int]:
    """Continue a text of at least one token, and return the new tokens; the model sees the last ``context`` each time.

    Parameters
    ----------
    temperature : float
        0 always takes the likeliest token, 1 draws from the model's probabilities, more draws more evenly.
    seed : int, optional
        The same seed draws the same tokens.
    """
    from course_utils.transformer import sampling_probabilities

    n_tokens, written = check_whole("n_tokens", n_tokens, 0), check_ids(ids, model.plan.n_vocabulary).tolist()
    if not written:
        raise InputError("The beginning is empty, and a model needs at least one token to go on from.")
    rng, n_given = np.random.default_rng(None if seed is None else check_whole("seed", seed, 0)), len(written)
    for _ in range(n_tokens):
        logits = model([written[-model.plan.context :]])[0, -1].numpy()
        written.append(int(rng.choice(len(logits), p=sampling_probabilities(logits, temperature))))
    return written[n_given:]
