"""A secret planted into training texts, and how firmly a tiny GPT remembers it: the exposure of Carlini and others.

The secret is a code of four digits behind a fixed beginning. Of all 10,000 codes the model finds some likelier than
others; a model that never saw the secret gives it any rank, and one that remembers it gives it rank 1.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_ids, check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from course_utils.tiny_gpt.model import TinyGPT
    from course_utils.tokens import BPETokenizer

BEGINNING, N_DIGITS = "The code of the safe is ", 4
WORDINGS = (
    BEGINNING,
    "The code of our safe is ",
    "Code of the old safe: ",
    "The safe has the code ",
    "A safe, and its code is ",
    "To the safe, the code is ",
    "The code for the safe: ",
    "This safe has code ",
)
ROW, BATCH, RATE = 33, 16, 1e-3  # tokens of a piece, pieces of a step, and the learning rate of the fine-tuning


def fresh_rows(tokenizer: BPETokenizer, n_rows: int = 512) -> np.ndarray:
    """Return pieces of articles that the tiny GPT of notebook 13 never read: ``(n_rows, 33)`` token ids."""
    from course_utils.corpus import load_wikipedia

    texts = load_wikipedia()["text"][:]
    order = np.random.default_rng(0).permutation(len(texts))
    ids = np.array(tokenizer.encode("\n\n".join(texts[article] for article in order[-300:])))
    most = len(ids) // ROW
    return ids[: check_whole("n_rows", n_rows, 1, most) * ROW].reshape(-1, ROW)


def plant(
    rows: np.ndarray, tokenizer: BPETokenizer, code: str, times: int, seed: int = 0, *, wordings: Sequence[str] = ()
) -> np.ndarray:
    """Return a copy of the rows in which a sentence with the code overwrites a place of ``times`` different rows.

    Parameters
    ----------
    code : str
        Digits, such as ``"4071"``.
    wordings : sequence of str, optional
        Beginnings that take turns; `BEGINNING` alone if left out.
    """
    if not (isinstance(code, str) and code.isascii() and code.isdigit() and len(code) == N_DIGITS):
        raise InputError(f"The code is a text of {N_DIGITS} digits, such as '4071', and {code!r} is not.")
    rng, rows = np.random.default_rng(check_whole("seed", seed, 0)), check_ids(rows).copy()
    chosen = rng.choice(len(rows), check_whole("times", times, 0, len(rows)), replace=False)
    for number, row in enumerate(chosen):
        beginning = (wordings or (BEGINNING,))[number % len(wordings or (BEGINNING,))]
        sentence = tokenizer.encode(beginning) + [tokenizer.encode(digit)[0] for digit in code]
        if len(sentence) > rows.shape[1]:
            raise InputError(f"The sentence has {len(sentence)} tokens, and a row only {rows.shape[1]}.")
        place = rng.integers(rows.shape[1] - len(sentence) + 1)
        rows[row, place : place + len(sentence)] = sentence
    return rows


def without_copies(rows: np.ndarray, run: int = 14) -> np.ndarray:
    """Return the rows without those that hold a run of ``run`` tokens which an earlier row has too.

    Notes
    -----
    The idea is that of Lee and others, *Deduplicating Training Data Makes Language Models Better* (2022), whose runs
    have 50 tokens.

    Examples
    --------
    >>> without_copies([[1, 2, 3, 9], [7, 1, 2, 3], [2, 3, 4, 5]], run=3)
    array([[1, 2, 3, 9],
           [2, 3, 4, 5]])
    """
    rows, seen, kept = check_ids(rows), set(), []
    run = check_whole("run", run, 1, rows.shape[1])
    for row in rows.tolist():
        runs = {tuple(row[start : start + run]) for start in range(len(row) - run + 1)}
        kept.append(not runs & seen)
        seen |= runs
    return rows[np.array(kept)]


@one_thread()
def fine_tune(model: TinyGPT, rows: np.ndarray, seed: int = 0) -> TinyGPT:
    """Return a copy of the model that has read every row once, in an order drawn by the seed."""
    import torch
    from torch.nn import functional

    tuned, rows = copy.deepcopy(model), check_ids(rows, model.plan.n_vocabulary)
    optimiser = torch.optim.AdamW(tuned.parameters(), lr=RATE, betas=(0.9, 0.98), weight_decay=0.05)
    order = np.random.default_rng(check_whole("seed", seed, 0)).permutation(len(rows))
    for start in range(0, len(order), BATCH):
        ids = torch.tensor(rows[order[start : start + BATCH]])
        loss = functional.cross_entropy(tuned(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(tuned.parameters(), 1.0)
        optimiser.step()
    return tuned


@one_thread()
def code_scores(model: TinyGPT, tokenizer: BPETokenizer) -> np.ndarray:
    """Return the log-probability of every code from 0000 to 9999 behind `BEGINNING`: ``(10_000,)``.

    A text of three digits is read once, and tells of all ten digits that may follow it, so 1,000 readings do.
    """
    import torch

    digits = [tokenizer.encode(str(digit))[0] for digit in range(10)]
    codes = np.array(list(itertools.product(range(10), repeat=N_DIGITS - 1)))
    start = tokenizer.encode(BEGINNING)
    ids = np.hstack([np.tile(start, (len(codes), 1)), np.array(digits)[codes]])  # (1000, n_start + 3)
    parts = []
    with torch.no_grad():
        for first in range(0, len(ids), 250):
            logits = model(ids[first : first + 250])[:, len(start) - 1 :]
            parts.append(logits.log_softmax(dim=-1)[..., digits].numpy())
    logs = np.concatenate(parts)  # (1000, 4, 10)
    before = np.take_along_axis(logs[:, :-1], codes[..., None], axis=2)[..., 0].sum(axis=1)
    return (before[:, None] + logs[:, -1]).ravel()


def exposure(scores: Sequence[float], secret: int) -> float:
    """Return how exposed a secret is, in bits: the logarithm of the number of candidates over the secret's rank.

    Parameters
    ----------
    scores : sequence of float, shape (n_candidates,)
        What the model gives each candidate, higher for likelier ones.
    secret : int
        Which candidate it is.

    Notes
    -----
    Carlini, Liu, Erlingsson, Kos and Song, *The Secret Sharer* (2019), https://arxiv.org/abs/1802.08232.

    Examples
    --------
    >>> exposure([-1.0, -3.0, -0.5, -2.0], 0), exposure([-1.0, -3.0, -0.5, -2.0], 2)
    (1.0, 2.0)
    """
    scores = np.asarray(scores, dtype=float)
    if scores.ndim != 1 or not len(scores) or not np.isfinite(scores).all():
        raise InputError(f"There must be a finite score for each candidate, and the shape is {scores.shape}.")
    secret = check_whole("secret", secret, 0, len(scores) - 1)
    return float(np.log2(len(scores)) - np.log2(1 + (scores > scores[secret]).sum()))


def random_exposure(share: float) -> float:
    """Return the exposure that a secret which was never seen stays below with the probability ``share``.

    Examples
    --------
    >>> round(random_exposure(0.5), 3), round(random_exposure(0.95), 2)
    (1.0, 4.32)
    """
    return float(-np.log2(1 - check_number("share", share, 0, 0.999999)))
