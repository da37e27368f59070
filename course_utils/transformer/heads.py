"""Heads found by measuring, and what a model would say at each depth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_whole, is_whole_number
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from course_utils.transformer.model import NumPyLM

Head = tuple[int, int]  # layer and head, counted from 0


@dataclass(frozen=True)
class Activations:
    """What `NumPyLM.look` saw on the way through the model.

    Attributes
    ----------
    tokens : tuple of str
        The text of each token.
    residual : ndarray of float32, shape (n_layers + 1, n_tokens, d_model)
        The residual stream: row 0 before the first block, row ``i`` after block ``i`` of 1 to ``n_layers``.
    attention : ndarray of float32, shape (n_layers, n_heads, n_tokens, n_tokens)
        ``attention[layer, head, i, j]``: how much token ``i`` takes from token ``j``; each row sums to 1.
    """

    tokens: tuple[str, ...]
    residual: np.ndarray
    attention: np.ndarray


def heads_by_layer(model: NumPyLM, heads: Sequence[Head]) -> dict[int, list[int]]:
    """Return the heads of each layer that is named, if the model has them.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> heads_by_layer(NumPyLM.smollm2(), [(3, 1), (0, 8), (3, 2)])
    {3: [1, 2], 0: [8]}
    """
    sizes, found = (len(model.blocks), model.n_heads), {}
    for pair in heads:
        whole = isinstance(pair, tuple | list | np.ndarray) and all(map(is_whole_number, pair))
        if not whole or len(pair) != 2 or not all(0 <= n < size for n, size in zip(pair, sizes, strict=True)):
            raise InputError(
                f"A head is a pair (layer, head), from (0, 0) to ({sizes[0] - 1}, {sizes[1] - 1}), and {pair!r} is not."
            )
        found.setdefault(int(pair[0]), []).append(int(pair[1]))
    return found


def previous_token_score(attention: np.ndarray) -> np.ndarray:
    """Say how much each head looks at the token just before.

    Parameters
    ----------
    attention : ndarray, shape (..., n_tokens, n_tokens)
        Weights as `Activations` holds them.

    Returns
    -------
    ndarray, shape (...)
        The mean weight on the token before, over all tokens that have more than one before them, from 0 to 1.

    Examples
    --------
    >>> attention = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.1, 0.7, 0.2]])
    >>> float(previous_token_score(attention))
    0.7
    """
    _check(attention, 3)
    return np.diagonal(attention, -1, axis1=-2, axis2=-1)[..., 1:].mean(axis=-1)


def first_token_score(attention: np.ndarray) -> np.ndarray:
    """Say how much each head looks at the very first token, by its mean weight over the later tokens.

    Examples
    --------
    >>> attention = np.array([[1.0, 0, 0], [0.5, 0.5, 0], [0.1, 0.7, 0.2]])
    >>> float(first_token_score(attention).round(2))
    0.3
    """
    _check(attention, 2)
    return attention[..., 1:, 0].mean(axis=-1)


def induction_score(attention: np.ndarray, period: int) -> np.ndarray:
    """Say how much each head looks at what came *after* the same token the last time.

    Parameters
    ----------
    attention : ndarray, shape (..., n_tokens, n_tokens)
        Weights while a model read ``period`` tokens and then the same ones again.
    period : int
        After how many tokens the text repeats.

    Returns
    -------
    ndarray, shape (...)
        The mean weight on the token ``period - 1`` places back, over the repetition (Olsson et al., 2022,
        https://arxiv.org/abs/2209.11895).

    Examples
    --------
    >>> attention = np.zeros((4, 4))  # the text is A B A B
    >>> attention[2, 1] = 0.8  # the second A looks at the B after the first A
    >>> attention[3, 2] = 0.6  # the second B at the A after the first B
    >>> float(induction_score(attention, period=2).round(2))
    0.7
    """
    _check(attention, check_whole("period", period, 2) + 1)
    stripe = np.diagonal(attention, 1 - period, axis1=-2, axis2=-1)  # entry i: token i + period - 1 looks at token i
    return stripe[..., 1:].mean(axis=-1)


def strongest_heads(scores: np.ndarray, k: int) -> list[Head]:
    """Return the ``k`` heads with the highest scores as pairs (layer, head), the highest first.

    Examples
    --------
    >>> strongest_heads(np.array([[0.1, 0.9], [0.5, 0.2]]), k=2)
    [(0, 1), (1, 0)]
    """
    scores = np.asarray(scores)
    best = np.argsort(-scores, axis=None, kind="stable")[: check_whole("k", k, 1, scores.size)]
    return [(int(layer), int(head)) for layer, head in zip(*np.unravel_index(best, scores.shape), strict=True)]


def peers(model: NumPyLM, heads: Sequence[Head], rng: np.random.Generator, avoid: Sequence[Head] = ()) -> list[Head]:
    """Draw for each head another one of the same layer, to compare a choice of heads with; none of them in ``avoid``.

    Raises
    ------
    InputError
        If a layer has no head left to draw.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> drawn = peers(NumPyLM.smollm2(), [(3, 1), (3, 2), (7, 0)], np.random.default_rng(0))
    >>> [layer for layer, _ in drawn], len({*drawn, (3, 1), (3, 2), (7, 0)})
    ([3, 3, 7], 6)
    """
    taken, drawn = {tuple(head) for head in (*heads, *avoid)}, []
    for layer, _ in heads:
        free = [(layer, head) for head in range(model.n_heads) if (layer, head) not in taken]
        if not free:
            raise InputError(f"Layer {layer} has no other head left to draw.")
        drawn.append(free[rng.integers(len(free))])
        taken.add(drawn[-1])
    return drawn


def lens(model: NumPyLM, seen: Activations, position: int = -1) -> tuple[list[str], np.ndarray]:
    """Let the model answer at one position after each block: the *logit lens*.

    Returns
    -------
    words : list of str
        The likeliest next token at each depth, from before the first block to after the last.
    probabilities : ndarray, shape (n_layers + 1, n_vocabulary)
        What every token would get there.
    """
    n_tokens = len(seen.tokens)
    position = check_whole("position", position, -n_tokens, n_tokens - 1)
    probabilities = softmax(model.read_out(seen.residual[:, position]))
    return [model.tokenizer.decode([int(best)]) for best in probabilities.argmax(axis=-1)], probabilities


def answer_ranks(model: NumPyLM, text: str) -> tuple[str, np.ndarray]:
    """Follow the model's answer to a text through the layers: its rank in the logit lens at each depth.

    Returns
    -------
    word : str
        The likeliest next token in the end.
    ranks : ndarray of int, shape (n_layers + 1,)
        How many tokens stood before it after so many blocks, plus one; the last is 1.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> word, ranks = answer_ranks(NumPyLM.smollm2(), "The capital of France is")
    >>> word, ranks.shape, int(ranks[-1])
    (' Paris', (31,), 1)
    """
    words, probabilities = lens(model, model.look(model.tokenizer.encode(text)))
    answer = probabilities[:, [int(probabilities[-1].argmax())]]
    return words[-1], (probabilities > answer).sum(axis=1) + 1


def _check(attention: np.ndarray, least: int) -> None:
    shape = np.shape(attention)
    if len(shape) < 2 or shape[-1] != shape[-2] or shape[-1] < least:
        raise InputError(f"attention must be (..., n, n) with n of {least} or more, and its shape is {shape}.")
