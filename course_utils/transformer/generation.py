"""From scores to text: sampling, and the format of a conversation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError


def chat_prompt(messages: Sequence[tuple[str, str]]) -> str:
    """Write a conversation the way SmolLM2 was trained to read one, up to the place where its answer begins.

    Parameters
    ----------
    messages : sequence of (role, text)
        Roles are ``"system"``, ``"user"`` and ``"assistant"``. Without a system message the model's own is put first.

    Returns
    -------
    str
        The prompt for `NumPyLM.generate`.

    Examples
    --------
    >>> print(chat_prompt([("system", "Be brief."), ("user", "Hi!")]))
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hi!<|im_end|>
    <|im_start|>assistant
    """
    roles = {"system", "user", "assistant"}
    if not messages or any(role not in roles for role, _ in messages):
        raise InputError(f"messages must hold (role, text) pairs with the roles {', '.join(sorted(roles))}.")
    if messages[0][0] != "system":
        own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
        messages = [("system", own), *messages]
    turns = [f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages]
    return "".join(turns) + "<|im_start|>assistant\n"


def sampling_probabilities(
    logits: np.ndarray, temperature: float = 1.0, top_k: int | None = None, top_p: float | None = None
) -> np.ndarray:
    """Return the probability with which each token is drawn: temperature first, then top-k, then top-p.

    Parameters
    ----------
    logits : ndarray, shape (n_vocabulary,)
        The scores after one position.
    temperature : float
        What the logits are divided by; 0 puts everything on the highest.
    top_k : int, optional
        Keep this many of the likeliest tokens; those that tie with the last one stay too.
    top_p : float, optional
        Keep the fewest likeliest tokens whose probabilities reach this sum (nucleus sampling, Holtzman et al., 2019,
        https://arxiv.org/abs/1904.09751).

    Returns
    -------
    ndarray of float64, shape (n_vocabulary,)
        They sum to 1.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> scores = np.log([0.5, 0.3, 0.2])
    >>> sampling_probabilities(scores, temperature=0.5).round(3)
    array([0.658, 0.237, 0.105])
    >>> sampling_probabilities(scores, top_k=2).round(3)
    array([0.625, 0.375, 0.   ])
    >>> sampling_probabilities(scores, top_p=0.4).round(3)
    array([1., 0., 0.])
    """
    check_sampling(temperature, top_k, top_p, len(logits))
    if temperature == 0:
        return np.eye(1, len(logits), int(logits.argmax()))[0]
    logits = np.asarray(logits, dtype=np.float64)
    probabilities = softmax((logits - logits.max()) / temperature)
    if top_k is not None:
        probabilities[probabilities < np.partition(probabilities, -top_k)[-top_k]] = 0
        probabilities /= probabilities.sum()
    if top_p is not None:
        order = np.argsort(-probabilities, kind="stable")
        before = np.cumsum(probabilities[order]) - probabilities[order]  # what the likelier ones have together
        probabilities[order[before >= top_p]] = 0
        probabilities /= probabilities.sum()
    return probabilities


def check_sampling(temperature: float, top_k: int | None, top_p: float | None, n_vocabulary: int) -> None:
    """Refuse settings of a draw that mean nothing."""
    if not (np.isreal(temperature) and np.isfinite(temperature) and temperature >= 0):
        raise InputError(f"temperature must be 0 or more, and {temperature} is not.")
    if top_k is not None and not (is_whole_number(top_k) and 1 <= top_k <= n_vocabulary):
        raise InputError(f"top_k must be from 1 to {n_vocabulary}, and {top_k} is not.")
    if top_p is not None and not (np.isreal(top_p) and 0 < top_p <= 1):
        raise InputError(f"top_p must be above 0 and at most 1, and {top_p} is not.")


def pick(
    logits: np.ndarray, temperature: float, top_k: int | None, top_p: float | None, rng: np.random.Generator
) -> int:
    """Choose the next token: the likeliest at temperature 0, otherwise a draw."""
    if temperature == 0:
        return int(logits.argmax())
    return int(rng.choice(len(logits), p=sampling_probabilities(logits, temperature, top_k, top_p)))
