"""How likely a language model finds a text: the one log-softmax and the one loop over a cache."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar

if TYPE_CHECKING:
    from course_utils.transformer.model import Head, NumPyLM

KIND = "choice-smollm2"


def choice_scores(prompts: Sequence[str], choices: Sequence[str]) -> np.ndarray:
    """Score each choice after each prompt by the logarithm of the probability that SmolLM2 goes on with it.

    Parameters
    ----------
    prompts : sequence of str
        Texts to go on from. What neighbouring prompts have in common at their beginning is read once.
    choices : sequence of str
        The answers to choose from, all different, each with the space in front of it that the prompt leaves out.

    Returns
    -------
    ndarray of float32, shape (n_prompts, n_choices)
        Sums over the tokens of a choice, so a long choice starts with a handicap: compare with what it gets after a
        prompt that says nothing.

    Raises
    ------
    InputError
        If ``prompts`` or ``choices`` is a single string, one of them is empty or no string, a choice comes twice, or
        there are fewer than two choices.

    Notes
    -----
    About half a second for each prompt of a hundred tokens on two cores; large jobs are kept in the cache folder.

    Examples
    --------
    >>> scores = choice_scores(["Cats and dogs are", "Iron and gold are"], [" animals", " metals"])
    >>> scores.shape
    (2, 2)
    >>> scores.argmax(axis=1)
    array([0, 1])
    """
    from course_utils.common.store import remembered

    prompts, choices = _checked(prompts, "prompts"), _checked(choices, "choices")
    if len(choices) < 2:
        raise InputError("A choice needs at least two choices.")
    if twice := [choice for choice in choices if choices.count(choice) > 1]:
        raise InputError(f"{twice[0]!r} is among the choices twice.")
    pairs = [(choice, prompt) for prompt in prompts for choice in choices]
    return remembered(KIND, pairs, _log_likelihoods).reshape(len(prompts), len(choices))


def _checked(texts: Sequence[str], name: str) -> list[str]:
    if isinstance(texts, str):
        raise InputError(f"{name} must be a list of texts: write [text] for a single one.")
    texts = list(texts)
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"{name} must hold strings, and number {position} is {type(text).__name__}.")
        if not text.strip():
            raise InputError(f"Number {position} of the {name} is empty, and the model would go on from nothing.")
    return [str(text) for text in texts]


def _log_likelihoods(pairs: list[tuple[str, str]]) -> list[float]:
    """Score pairs of choice and prompt; of a prompt only what differs from the one before it is read."""
    from course_utils.transformer.kv_cache import KVCache
    from course_utils.transformer.model import NumPyLM

    model = NumPyLM.smollm2()
    encode = model.tokenizer.encode
    longest = max(len(encode(prompt)) + len(encode(choice)) for choice, prompt in pairs)
    if longest > model.context_length:
        raise InputError(f"A prompt with its choice has {longest} tokens, and the model reads {model.context_length}.")
    cache, scores, read, before = KVCache(model, longest), [], [], None
    with job_bar(len({prompt for _, prompt in pairs}), "prompt", "reading") as bar:
        for choice, prompt in pairs:
            if prompt != before:
                ids = encode(prompt)
                cache.reset(_n_shared(ids[:-1], read))
                last = model.last_logits(ids[cache.length :], cache)[None]  # (1, vocabulary): the first token is free
                read, before = ids, prompt
                bar.update()
            cache.reset(len(read))  # forget the choice before
            wanted = encode(choice)
            later = model.logits(wanted[:-1], cache) if len(wanted) > 1 else last[:0]
            logits = np.concatenate([last, later])  # (tokens of the choice, vocabulary)
            highest = logits.max(axis=1)
            total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
            scores.append(float((logits[np.arange(len(wanted)), wanted] - total).sum()))
    return scores


def _n_shared(a: Sequence[int], b: Sequence[int]) -> int:
    """Count how many elements two sequences share at their beginning.

    Examples
    --------
    >>> _n_shared([1, 2, 3], [1, 2, 4, 5])
    2
    """
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def token_losses(model: NumPyLM, ids: Sequence[int], without: Sequence[Head] = ()) -> np.ndarray:
    """Say how surprised a model is by each token of a text but the first.

    Parameters
    ----------
    model : NumPyLM
        The model that reads.
    ids : sequence of int
        At least two token ids.
    without : sequence of (layer, head), optional
        Heads that are switched off.

    Returns
    -------
    ndarray of float32, shape (n_tokens - 1,)
        Minus the natural logarithm of the probability that it gave to each token; their mean is the model's *loss*.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> model = NumPyLM.smollm2()
    >>> expected, odd = (model.tokenizer.encode(f"The capital of France is {name}") for name in ("Paris", "cheese"))
    >>> bool(token_losses(model, odd)[-1] > token_losses(model, expected)[-1])
    True
    """
    if len(ids) < 2:
        raise InputError("A loss needs at least two tokens: one to read and one to guess.")
    logits = model.logits(ids, without=without)[:-1]
    highest = logits.max(axis=-1)
    total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=-1))
    return total - logits[np.arange(len(logits)), np.asarray(ids)[1:]]
