"""How probable a model makes texts that it almost never writes: sequential Monte Carlo, for the count of a word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from course_utils.common.checks import check_ids, check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.rewards.words import N_TOKENS, check_beginning, read_on
from course_utils.tiny_gpt.model import TinyGPT

FORCED = 0.15  # in this share of the steps the next token of the word is written, whatever the model says


@one_thread()
@torch.no_grad()
def chances_of_counts(
    model: TinyGPT,
    beginning: Sequence[int],
    word: Sequence[int],
    count: Callable[[list[list[int]]], np.ndarray],
    *,
    tilt: float,
    draws: torch.Generator,
    n_texts: int = 2048,
    n_tokens: int = N_TOKENS,
    most: int = 10,
) -> np.ndarray:
    """Estimate with what probability a text of the model has the word 0, 1, ... ``most`` times.

    Many texts grow side by side. With a tilt the word is in some steps written on purpose, and each text carries a
    weight that makes up for it. When few texts carry most of the weight, all are drawn again by their weights: those
    that have the word are copied, ``exp(tilt)`` times as often for each time, and the copies are counted for less. Each
    number is right on average, and precise where the tilted texts are.

    Parameters
    ----------
    word : sequence of int
        The tokens of the word, as it is usually cut.
    count : callable
        Gets the new tokens of each text and returns how often each has the word.
    tilt : float
        0 for the model's own texts; 1 / β for those of the best policy on a leash with the price β.

    Returns
    -------
    ndarray, shape (most + 1,)

    Raises
    ------
    InputError
        If beginning and new tokens do not fit into what the model reads, the word has no token, or a number is out of
        range.

    Notes
    -----
    Del Moral, Doucet and Jasra, *Sequential Monte Carlo Samplers* (2006).
    """
    start, word = check_beginning(model, beginning, n_tokens), check_ids(word, model.plan.n_vocabulary)
    if word.ndim != 1 or not len(word):
        raise InputError("The word has no token: pass tokenizer.encode(' island').")
    most = check_whole("most", most, 0)
    tilt, n_texts = check_number("tilt", tilt, 0), check_whole("n_texts", n_texts, 2)
    forced = FORCED if tilt else 0.0
    ids = torch.tensor(start).expand(n_texts, -1)
    weights, scale = torch.zeros(n_texts, dtype=torch.float64), 0.0  # logarithms: of each text, of all
    new, kept, before = ids, None, np.zeros(n_texts)
    for _ in range(n_tokens):
        chances, kept = read_on(model, new, kept)
        wanted = torch.tensor(word)[_begun(ids[:, len(start) :], word)][:, None]
        drawn = torch.multinomial(chances, 1, generator=draws)
        new = torch.where(torch.rand(n_texts, 1, generator=draws) < forced, wanted, drawn)
        ids, p = torch.cat([ids, new], dim=1), chances.gather(1, new)
        weights += (p / ((1 - forced) * p + forced * (new == wanted))).log().double()[:, 0]
        counted = np.asarray(count(ids[:, len(start) :].tolist()), dtype=float)
        credit = counted + _begun(ids[:, len(start) :], word).numpy() / len(word)  # a word begun counts in part
        weights += torch.tensor(tilt * (credit - before))
        shares = weights.softmax(dim=0)
        if 1 / (shares**2).sum() < n_texts / 2:
            chosen = torch.multinomial(shares, n_texts, replacement=True, generator=draws)
            scale += float(weights.logsumexp(dim=0) - np.log(n_texts))
            kept = [(k[chosen], v[chosen]) for k, v in kept]
            ids, new, credit, counted = ids[chosen], new[chosen], credit[chosen.numpy()], counted[chosen.numpy()]
            weights = torch.zeros_like(weights)
        before = credit
    logs = weights.numpy() + scale - np.log(n_texts) - tilt * before  # the tilt taken back
    return np.array([np.exp(logs[counted == number]).sum() for number in range(most + 1)])


def _begun(ids: Tensor, word: np.ndarray) -> Tensor:
    """Return how many tokens of the word each text ends with, of a word that is not whole: ``(n_texts,)``."""
    found = torch.zeros(len(ids), dtype=torch.long)
    for n in range(1, min(len(word), ids.shape[1] + 1)):
        ends = (ids[:, -n:] == torch.tensor(word[:n])).all(dim=1)
        found[ends] = n
    return found
