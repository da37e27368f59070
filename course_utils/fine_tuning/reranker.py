"""A reranker of our own: MaxSim with token vectors that a LoRA of MiniLM's upper half has learned to make."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.attention import softmax
from course_utils.common import DATA, cache
from course_utils.common.checks import is_whole_number
from course_utils.common.compute import one_thread, release_memory
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.embeddings import encoder_tokens
from course_utils.fine_tuning import lora_files
from course_utils.fine_tuning.classifier import load_minilm
from course_utils.search.hits import Hit
from course_utils.search.rerank import likelihood_rerank, maxsim_rerank, rerank_by

SHIPPED = DATA / "adapters" / "reranker"
BASE = "all-MiniLM-L6-v2"
RANK = 16
TARGETS = [  # the upper half: what the error need not pass through, training need not pay for
    f"encoder.layer.{number}.{part}"
    for number in (3, 4, 5)
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
] + [f"encoder.layer.{number}.{part}.dense" for number in (3, 4, 5) for part in ("intermediate", "output")]
SHARPNESS = 40.0  # mean cosines differ by hundredths between good and bad texts
COSINE_COUNTS, TEACHER_SURE = 8.0, 5.0  # what a cosine counts beside a likelihood, and how sure the two are together
NO_TRUST = -1e4  # the score of a text that was not found for a query
TOKENS_OF_QUERY, TOKENS_OF_TEXT = 40, 96  # in training; a reranker reads 256
BATCH = 16


@dataclass(frozen=True)
class Example:
    """A query, the positions of texts that may answer it, and which share of a searcher's trust each should get."""

    query: str
    candidates: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def ranked(self) -> list[int]:
        """The candidates, those with the largest shares first."""
        return [self.candidates[place] for place in np.argsort(np.negative(self.shares), kind="stable")]


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


def teacher_shares(likelihoods: ArrayLike, cosines: ArrayLike) -> np.ndarray:
    """Say how a teacher who reads with SmolLM2 and with MiniLM shares its trust among the candidates of a query.

    Parameters
    ----------
    likelihoods : array_like, shape (..., n_candidates)
        How likely SmolLM2 finds the query after each text, as in `search.likelihood_rerank`.
    cosines : array_like, shape (..., n_candidates)
        MaxSim of the query and each text, as a mean of cosines.

    Returns
    -------
    ndarray of float, shape (..., n_candidates)
        Shares that sum to 1 in each row.

    Examples
    --------
    >>> teacher_shares([-3.0, -3.0, -4.0], [0.5, 0.4, 0.5]).round(2).tolist()
    [0.98, 0.02, 0.01]
    """
    together = np.asarray(likelihoods, dtype=float) + COSINE_COUNTS * np.asarray(cosines, dtype=float)
    return softmax(TEACHER_SURE * together)


def teach(
    queries: Sequence[str],
    texts: Sequence[str],
    positions: Sequence[Sequence[int | Hit]],
    likelihoods: Sequence[Sequence[float]] | None = None,
) -> list[Example]:
    """Let the teacher read candidates for each query, and share its trust among them.

    Parameters
    ----------
    queries : sequence of str
        What is asked.
    texts : sequence of str
        All texts; SmolLM2 reads the first sixty words of each.
    positions : sequence of sequence of int or Hit
        Candidates for each query.
    likelihoods : sequence of sequence of float, optional
        What SmolLM2 says of them, if it was asked already.

    Returns
    -------
    list of Example
        One for each query, with its candidates in their order.

    Raises
    ------
    InputError
        As in `search.maxsim_rerank`.
    """
    cosines = _in_place(maxsim_rerank(queries, texts, positions), positions)
    if likelihoods is None:
        likelihoods = _in_place(likelihood_rerank(queries, [beginning(text) for text in texts], positions), positions)
    examples = []
    for query, some, likely, sums in zip(queries, positions, likelihoods, cosines, strict=True):
        shares = teacher_shares(likely, np.array(sums) / max(1, len(encoder_tokens(query))))
        examples.append(Example(query, tuple(_position(one) for one in some), tuple(shares.tolist())))
    return examples


def beginning(text: str) -> str:
    """Return the first sixty words of a text, which is what SmolLM2 reads of it.

    Examples
    --------
    >>> beginning("A text of few words.")
    'A text of few words.'
    """
    return " ".join(text.split()[: lora_files.WRITER_WORDS])


def _position(candidate: int | Hit) -> int:
    return candidate.position if isinstance(candidate, Hit) else candidate


def _in_place(ranked: list[list[Hit]], positions: Sequence[Sequence[int | Hit]]) -> list[list[float]]:
    """Return the scores of reranked candidates in the order that the candidates had before."""
    scores = [dict(hits) for hits in ranked]
    return [[score[_position(one)] for one in some] for score, some in zip(scores, positions, strict=True)]


def train(
    encoder: TokenEncoder,
    texts: Sequence[str],
    examples: Sequence[Example],
    n_steps: int,
    rate: float = 3e-4,
    n_candidates: int = 6,
    batch: int = BATCH,
    n_tokens: int = TOKENS_OF_TEXT,
    seed: int = 0,
    watch: Callable[[int, list[float]], None] = lambda step, losses: None,
) -> list[float]:
    """Train what is not frozen in an encoder, in place, to share its trust among candidates as the examples do.

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
    n_candidates : int
        How many texts of each example are read in a step: the one with the largest share, and others by chance.
    batch : int
        Examples in a step.
    n_tokens : int
        How much of each text is read.
    seed : int
        Of the draws.
    watch : callable
        Gets the number of steps done and all losses so far, after each step.

    Returns
    -------
    list of float
        The loss of each step. One thread computes, so that they are the same each time on one machine, and on another
        each within 0.0001 (a test).

    Raises
    ------
    InputError
        If nothing is to be trained, or there are too few examples or steps.
    """
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    if not weights:
        raise InputError("All of this encoder is frozen: add_lora(encoder.network, TARGETS, RANK) gives it updates.")
    if not is_whole_number(n_steps) or n_steps < 1:
        raise InputError(f"n_steps is {n_steps!r}: it must be a whole number of at least 1.")
    if len(examples) < batch:
        raise InputError(f"A step needs {batch} examples, and there are {len(examples)}.")
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    rises = lambda step: min(1, (step + 1) / 20) * (1 + np.cos(np.pi * step / n_steps)) / 2  # noqa: E731
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, rises)
    rng, losses = random.Random(seed), []
    with one_thread(), job_bar(n_steps, "step", "training") as bar:
        for step in range(1, n_steps + 1):
            loss = _loss(
                encoder, texts, [_drawn(one, n_candidates, rng) for one in rng.sample(examples, batch)], n_tokens
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            bar.update(1)
            watch(step, losses)
    release_memory()
    return losses


def _drawn(example: Example, n_candidates: int, rng: random.Random) -> Example:
    """Keep the text with the largest share of an example and some of the others, and share the trust among them."""
    places = range(len(example.candidates))
    best = max(places, key=example.shares.__getitem__)
    others = rng.sample([place for place in places if place != best], min(n_candidates, len(places)) - 1)
    kept = [best, *others]
    total = sum(example.shares[place] for place in kept)
    shares = tuple(example.shares[place] / total for place in kept)
    return Example(example.query, tuple(example.candidates[place] for place in kept), shares)


def _loss(encoder: TokenEncoder, texts: Sequence[str], drawn: Sequence[Example], n_tokens: int) -> Tensor:
    """Return the mean surprise of the shares, where the candidates of a query compete for its trust."""
    rows = list(dict.fromkeys(row for one in drawn for row in one.candidates))
    goal, own = torch.zeros(len(drawn), len(rows)), torch.zeros(len(drawn), len(rows), dtype=torch.bool)
    for place, one in enumerate(drawn):
        columns = [rows.index(row) for row in one.candidates]
        goal[place, columns], own[place, columns] = torch.tensor(one.shares, dtype=torch.float32), True
    queries = encoder([one.query for one in drawn], TOKENS_OF_QUERY)
    scores = maxsim(*queries, *encoder([texts[row] for row in rows], n_tokens))
    return F.cross_entropy((SHARPNESS * scores).masked_fill(~own, NO_TRUST), goal)


@functools.lru_cache(maxsize=1)
def load_reranker(folder: Path = SHIPPED) -> TokenEncoder:
    """Load MiniLM with the update that comes with the course, made by ``training/train_reranker.py``.

    Raises
    ------
    InputError
        If the adapter is not there or does not fit.
    """
    encoder = TokenEncoder()
    for layer in lora_files.load_lora(encoder.network, folder, BASE).values():
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
        sha256 = cache.file_sha256(SHIPPED / lora_files.WEIGHTS)
    except OSError:
        raise InputError("The course's reranker is missing here: install the course again.") from None
    return rerank_by(f"maxsim-lora-{sha256[:12]}", lambda texts: load_reranker().encode(texts), query, texts, positions)
