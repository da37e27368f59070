"""A reranker of our own: MaxSim with the token vectors of MiniLM, whose upper half has a trained LoRA."""

from __future__ import annotations

import functools
import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.attention import softmax
from course_utils.common import DATA, cache
from course_utils.common.checks import check_whole
from course_utils.common.compute import one_thread, release_memory
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.embeddings import encoder_tokens
from course_utils.fine_tuning import lora_files
from course_utils.fine_tuning.classifier import load_minilm
from course_utils.fine_tuning.steps import gradient_step
from course_utils.search.hits import Hit
from course_utils.search.rerank import likelihood_rerank, maxsim_rerank, rerank_by

SHIPPED = DATA / "adapters" / "reranker"
MEASURED = SHIPPED.parent / "lessons.json"
BASE = "all-MiniLM-L6-v2"
RANK = 16
TARGETS = [  # the upper half: training does not pay for the backward pass through the lower one
    f"encoder.layer.{number}.{part}"
    for number in (3, 4, 5)
    for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense")
] + [f"encoder.layer.{number}.{part}.dense" for number in (3, 4, 5) for part in ("intermediate", "output")]
SHARPNESS = 40.0  # times the scores before the softmax: mean cosines of good and bad texts differ by hundredths
COSINE_COUNTS, TEACHER_SURE = 8.0, 5.0  # the weight of a cosine beside a log-likelihood, and the teacher's sharpness
NO_TRUST = -1e4  # the logit of a text that is no candidate of a query
TOKENS_OF_QUERY, TOKENS_OF_TEXT = 40, 96  # in training; a reranker reads 256
BATCH = 16


@dataclass(frozen=True)
class Example:
    """A query, the positions of candidate texts, and the probability that the teacher gives to each (its share)."""

    query: str
    candidates: tuple[int, ...]
    shares: tuple[float, ...]

    @property
    def ranked(self) -> list[int]:
        """The candidates, the most probable first."""
        return [self.candidates[place] for place in np.argsort(np.negative(self.shares), kind="stable")]


class TokenEncoder(nn.Module):
    """MiniLM for late interaction, trainable: a unit vector for each token, equal to those of `embed_tokens`."""

    def __init__(self):
        super().__init__()
        self.network, self.tokenizer = load_minilm()
        self.network.requires_grad_(False)

    def forward(self, texts: Sequence[str], n_tokens: int = 256) -> tuple[Tensor, Tensor]:
        """Return vectors, ``(n_texts, longest, 384)``, and a mask of the texts' own tokens, ``(n_texts, longest)``."""
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
    """Score every query with every text: the mean of the query's tokens' best cosines with tokens of the text.

    Parameters
    ----------
    queries, texts : Tensor, shape (n_queries, n, 384) and (n_texts, m, 384)
        Unit vectors.
    in_query, in_text : Tensor of bool, shape (n_queries, n) and (n_texts, m)
        Which of them are tokens and no padding.

    Returns
    -------
    Tensor, shape (n_queries, n_texts)
        `search.maxsim` divided by the number of the query's tokens.

    Examples
    --------
    >>> plane, all_of_them = torch.eye(2)[None], torch.ones(1, 2, dtype=torch.bool)
    >>> maxsim(plane, all_of_them, plane[:, :1], all_of_them[:, :1])  # one token finds itself, the other nothing
    tensor([[0.5000]])
    """
    cosines = torch.einsum("aqd,btd->abqt", queries, texts).masked_fill(~in_text[None, :, None], -1.0)
    best = cosines.amax(dim=3) * in_query[:, None]
    return best.sum(dim=2) / in_query.sum(dim=1, keepdim=True).clamp(min=1)  # a query may have no token


def teacher_shares(likelihoods: ArrayLike, cosines: ArrayLike) -> np.ndarray:
    """Return the teacher's probabilities for the candidates of a query: a softmax of both judges' scores.

    Parameters
    ----------
    likelihoods, cosines : array_like, shape (..., n_candidates)
        SmolLM2's mean log-likelihood of the query after each text, as in `search.likelihood_rerank`, and MiniLM's
        MaxSim as a mean of cosines.

    Returns
    -------
    ndarray of float, shape (..., n_candidates)
        Each row sums to 1.

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
    cosines: Sequence[Sequence[float]] | None = None,
) -> list[Example]:
    """Let the teacher judge the candidates of each query; see `teacher_shares`.

    Parameters
    ----------
    queries, texts : sequence of str
        What is asked, and all texts; SmolLM2 reads the `beginning` of each.
    positions : sequence of sequence of int or Hit
        Candidates for each query, with the errors of `search.maxsim_rerank`.
    likelihoods, cosines : sequence of sequence of float, optional
        SmolLM2's, and MaxSim's as means of cosines, where they are known already or shorter texts are to be read.

    Returns
    -------
    list of Example
        One for each query, with its candidates in order; an `InputError` if these are not as many as its numbers.
    """
    if cosines is None:
        sums = zip(queries, _in_given_order(maxsim_rerank(queries, texts, positions), positions), strict=True)
        cosines = [np.divide(some, max(1, len(encoder_tokens(query)))) for query, some in sums]
    if likelihoods is None:
        read = [beginning(text) for text in texts]
        likelihoods = _in_given_order(likelihood_rerank(queries, read, positions), positions)
    examples = []
    for query, some, *both in zip(queries, positions, likelihoods, cosines, strict=True):
        if {len(each) for each in both} != {len(some)}:
            raise InputError(f"{query!r} has {len(some)} candidates: give a likelihood and a cosine for each of them.")
        examples.append(Example(query, tuple(map(_position, some)), tuple(teacher_shares(*both).tolist())))
    return examples


def beginning(text: str) -> str:
    """Return the first sixty words of a text, which are what SmolLM2 reads of it.

    Examples
    --------
    >>> beginning("A text of few words.")
    'A text of few words.'
    """
    return " ".join(text.split()[: lora_files.WRITER_WORDS])


def _position(candidate: int | Hit) -> int:
    return candidate.position if isinstance(candidate, Hit) else candidate


def _in_given_order(ranked: list[list[Hit]], positions: Sequence[Sequence[int | Hit]]) -> list[list[float]]:
    """Return the scores of reranked candidates in the order in which the candidates were given."""
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
    """Train what is not frozen in an encoder, in place, to give candidates the teacher's probabilities (distillation).

    Parameters
    ----------
    encoder : TokenEncoder
        With updates beside some of its layers, made by ``lora.add_lora(encoder.network, ...)``.
    texts : sequence of str
        The texts that the positions of ``examples`` count in.
    examples : sequence of Example
        At least ``batch``, of which each step draws so many.
    n_steps, rate : int, float
        The learning rate rises to ``rate`` in the first twenty steps and falls along a cosine to zero.
    n_candidates, n_tokens : int
        Texts of each example in a step, the most probable one and others drawn at random; and tokens read of each.
    watch : callable
        Gets the number of steps done and all losses so far, after each step.

    Returns
    -------
    list of float
        The loss of each step, in nats. One thread computes: the same numbers each time on one machine, and on another
        processor each within 0.0001 (a test).
    """
    weights = [weight for weight in encoder.parameters() if weight.requires_grad]
    if not weights:
        raise InputError("All of this encoder is frozen: add_lora(encoder.network, TARGETS, RANK) gives it updates.")
    n_steps, batch = check_whole("n_steps", n_steps, 1), check_whole("batch", batch, 1)
    n_candidates = check_whole("n_candidates", n_candidates, 2)
    if len(examples) < batch:
        raise InputError(f"A step needs {batch} examples, and there are {len(examples)}.")
    optimiser = torch.optim.AdamW(weights, lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1, (step + 1) / 20) * (1 + np.cos(np.pi * step / n_steps)) / 2
    )
    rng, losses = random.Random(check_whole("seed", seed, 0)), []
    with one_thread(), job_bar(n_steps, "step", "training") as bar:
        for step in range(1, n_steps + 1):
            drawn = [_with_fewer_candidates(one, n_candidates, rng) for one in rng.sample(examples, batch)]
            losses.append(gradient_step(_loss(encoder, texts, drawn, n_tokens), optimiser, schedule))
            bar.update(1)
            watch(step, losses)
    release_memory()
    return losses


def _with_fewer_candidates(example: Example, n_candidates: int, rng: random.Random) -> Example:
    """Keep the most probable text of an example and some of the others, with probabilities that sum to 1 again."""
    places = range(len(example.candidates))
    best = max(places, key=example.shares.__getitem__)
    others = rng.sample([place for place in places if place != best], min(n_candidates, len(places)) - 1)
    kept = [best, *others]
    total = sum(example.shares[place] for place in kept)
    shares = tuple(example.shares[place] / total for place in kept)
    return Example(example.query, tuple(example.candidates[place] for place in kept), shares)


def _loss(encoder: TokenEncoder, texts: Sequence[str], drawn: Sequence[Example], n_tokens: int) -> Tensor:
    """Return the cross-entropy of the student's probabilities for each query's candidates, averaged over queries."""
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
    """Load MiniLM, with the update that ``training/train_reranker.py`` made merged into its weights."""
    encoder = TokenEncoder()
    for layer in lora_files.load_lora(encoder.network, folder, BASE).values():
        layer.requires_grad_(False)
        layer.merge()
    return encoder


def load_measured() -> dict[str, Any]:
    """Return the tables that ``training/measure_reranker.py`` measured, and says what they are, for notebook 15."""
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def lora_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Do what `search.maxsim_rerank` does with the vectors of the course's own reranker."""
    try:
        sha256 = cache.file_sha256(SHIPPED / lora_files.WEIGHTS)
    except OSError:
        raise InputError("The course's reranker is missing here: install the course again.") from None
    return rerank_by(f"maxsim-lora-{sha256[:12]}", lambda texts: load_reranker().encode(texts), query, texts, positions)
