"""A reranker of our own: MaxSim with token vectors that a LoRA of MiniLM's upper half has learned to make."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils import assets, lora
from course_utils.errors import InputError, is_whole
from course_utils.progress import job_bar
from course_utils.search import Hit, rerank_by
from course_utils.tiny_gpt import one_thread
from course_utils.tuning import load_minilm

SHIPPED = Path(__file__).parent / "adapters" / "reranker"
BASE = "all-MiniLM-L6-v2"
RANK = 16
TARGETS = [  # the upper half: what the error need not pass through, training need not pay for
    f"encoder.layer.{number}.{part}"
    for number in (3, 4, 5)
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
] + [f"encoder.layer.{number}.{part}.dense" for number in (3, 4, 5) for part in ("intermediate", "output")]
SHARPNESS = 30.0  # mean cosines differ by hundredths between good and bad texts
TOKENS_OF_QUERY, TOKENS_OF_TEXT = 40, 112  # in training; a reranker reads 256
BATCH = 16


@dataclass(frozen=True)
class Example:
    """A query, the position of the text that answers it, and those of texts that look as if they did."""

    query: str
    answer: int
    wrong: tuple[int, ...]


class TokenEncoder(nn.Module):
    """MiniLM for late interaction: a unit vector for each token, as `embed_tokens` has them, and trainable."""

    def __init__(self):
        super().__init__()
        self.network, self.tokenizer = load_minilm()
        self.network.requires_grad_(False)

    def forward(self, texts: Sequence[str], n_tokens: int = 256) -> tuple[Tensor, Tensor]:
        """Return vectors ``(n_texts, longest, 384)`` and which of them are tokens of a text ``(n_texts, longest)``."""
        read = self.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=n_tokens)
        states = self.network(**read).last_hidden_state
        counted = read["attention_mask"].bool()
        last = counted.sum(dim=1) - 1
        counted[:, 0] = False  # [CLS]
        counted[torch.arange(len(last)), last] = False  # [SEP]
        return F.normalize(states, dim=2), counted

    @torch.inference_mode()
    def encode(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Return one array of shape ``(n_tokens, 384)`` for each text."""
        rows: list[np.ndarray] = []
        for start in range(0, len(texts), BATCH):
            vectors, counted = self(texts[start : start + BATCH])
            rows += [some[which].numpy() for some, which in zip(vectors, counted, strict=True)]
        return rows


def maxsim(queries: Tensor, in_query: Tensor, texts: Tensor, in_text: Tensor) -> Tensor:
    """Score every query with every text: for each token of the query its best cosine, averaged.

    Parameters
    ----------
    queries : Tensor, shape (n_queries, n, 384)
        Unit vectors.
    in_query : Tensor of bool, shape (n_queries, n)
        Which of them are tokens of the query.
    texts, in_text : Tensor
        The same for the texts, of shapes (n_texts, m, 384) and (n_texts, m).

    Returns
    -------
    Tensor, shape (n_queries, n_texts)
        Means of cosines.

    Examples
    --------
    >>> plane, all_of_them = torch.eye(2)[None], torch.ones(1, 2, dtype=torch.bool)
    >>> maxsim(plane, all_of_them, plane[:, :1], all_of_them[:, :1])  # one of the two finds itself, the other nothing
    tensor([[0.5000]])
    """
    cosines = torch.einsum("aqd,btd->abqt", queries, texts).masked_fill(~in_text[None, :, None], -1.0)
    best = cosines.amax(dim=3) * in_query[:, None]
    return best.sum(dim=2) / in_query.sum(dim=1, keepdim=True).clamp(min=1)  # a query may have no token


def train(
    encoder: TokenEncoder,
    texts: Sequence[str],
    examples: Sequence[Example],
    n_steps: int,
    rate: float = 3e-4,
    n_wrong: int = 3,
    batch: int = BATCH,
    n_tokens: int = TOKENS_OF_TEXT,
    seed: int = 0,
    is_enough: Callable[[int, list[float]], bool] = lambda step, losses: False,
) -> list[float]:
    """Train what is not frozen in an encoder, in place, to score each query's answer above all other texts of a batch.

    Parameters
    ----------
    encoder : TokenEncoder
        With updates beside some of its layers, made by ``lora.add_lora(encoder.network, ...)``.
    texts : sequence of str
        The texts that the positions of ``examples`` count in.
    examples : sequence of Example
        At least ``batch`` of them.
    n_steps : int
        Steps; the rate rises in the first twenty and falls along a cosine to nothing.
    rate : float
        The highest rate.
    n_wrong : int
        How many wrong texts of each example are drawn for each step.
    batch : int
        Examples in a step; the texts of all of them are wrong for each other.
    n_tokens : int
        How much of each text is read.
    seed : int
        Of the draws.
    is_enough : callable
        Gets the number of steps done and all losses so far; the training ends when it returns true.

    Returns
    -------
    list of float
        The loss of each step. One thread computes, so that they are the same each time on one machine.

    Raises
    ------
    InputError
        If nothing is to be trained, or there are too few examples or steps.
    """
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    if not weights:
        raise InputError("All of this encoder is frozen: add_lora(encoder.network, TARGETS, RANK) gives it updates.")
    if not is_whole(n_steps) or n_steps < 1:
        raise InputError(f"n_steps is {n_steps!r}: it must be a whole number of at least 1.")
    if len(examples) < batch:
        raise InputError(f"A step needs {batch} examples, and there are {len(examples)}.")
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    rises = lambda step: min(1, (step + 1) / 20) * (1 + np.cos(np.pi * step / n_steps)) / 2  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rises)
    rng, losses = random.Random(seed), []
    with one_thread(), job_bar(n_steps, "step", "training") as bar:
        for step in range(1, n_steps + 1):
            drawn = rng.sample(list(examples), batch)
            wrong = [row for one in drawn for row in rng.sample(one.wrong, min(n_wrong, len(one.wrong)))]
            column = {row: number for number, row in enumerate(dict.fromkeys([one.answer for one in drawn] + wrong))}
            queries = encoder([one.query for one in drawn], TOKENS_OF_QUERY)
            scores = maxsim(*queries, *encoder([texts[row] for row in column], n_tokens))
            goal = torch.tensor([column[one.answer] for one in drawn])
            loss = F.cross_entropy(SHARPNESS * scores, goal)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            bar.update(1)
            if is_enough(step, losses):
                break
    return losses


@functools.lru_cache(maxsize=1)
def load_reranker(folder: Path = SHIPPED) -> TokenEncoder:
    """Load MiniLM with the update that comes with the course, made by ``training/train_reranker.py``.

    Raises
    ------
    InputError
        If the adapter is not there or does not fit.
    """
    encoder = TokenEncoder()
    for layer in lora.load_lora(encoder.network, folder, BASE).values():
        layer.requires_grad_(False)
        layer.merge()
    return encoder


def lora_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates as `maxsim_rerank` does, with the vectors of the course's own reranker.

    Parameters, result and errors are those of `maxsim_rerank`.
    """
    try:
        sha256 = assets.file_sha256(SHIPPED / lora.WEIGHTS)
    except OSError:
        raise InputError("The course's reranker is missing here: install the course again.") from None
    return rerank_by(f"maxsim-lora-{sha256[:12]}", lambda texts: load_reranker().encode(texts), query, texts, positions)
