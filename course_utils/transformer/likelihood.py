"""How likely a language model finds a text: the probabilities it gives to the tokens that really come."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from course_utils.attention import log_softmax
from course_utils.common.checks import check_ids, check_text_list
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.common.store import Store, key_of, recipe_of, remembered
from course_utils.transformer.heads import Head
from course_utils.transformer.kv_cache import KVCache
from course_utils.transformer.model import NumPyLM

KIND = "choice-smollm2"
Ids = Sequence[int]


def token_losses(model: NumPyLM, ids: Ids, without: Sequence[Head] = ()) -> np.ndarray:
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
    ids = check_ids(ids, len(model.embedding))
    if ids.ndim == 1 and len(ids) < 2:
        raise InputError("A loss needs at least two tokens: one to read and one to guess.")
    return -_chosen(model.logits(ids[:-1], without=without), ids[1:])


def log_probabilities(model: NumPyLM, pairs: Sequence[tuple[Ids, Ids]]) -> Iterator[np.ndarray]:
    """Yield the log-probability of each token that comes after a beginning, for one pair of texts after the other.

    Parameters
    ----------
    model : NumPyLM
        The model that reads.
    pairs : sequence of (ids, ids)
        A beginning and what comes after it, at least one token each. Where a beginning has the same first tokens as
        the one before it, or is the same, the keys and values of these tokens are kept and not computed again.

    Yields
    ------
    ndarray of float32, shape (n_tokens that come after,)

    Raises
    ------
    InputError
        If one of the texts has no token, or a pair has more than the model reads.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> model = NumPyLM.smollm2()
    >>> texts = "The capital of France is", " Paris", " cheese"
    >>> beginning, *endings = map(model.tokenizer.encode, texts)
    >>> paris, cheese = (logs.sum() for logs in log_probabilities(model, [(beginning, ending) for ending in endings]))
    >>> bool(paris > cheese)
    True
    """
    if not all(len(beginning) and len(after) for beginning, after in pairs):
        raise InputError("A text is empty: a likelihood needs at least one token to read and one to guess.")
    longest = max((len(beginning) + len(after) for beginning, after in pairs), default=1)
    if longest > model.context_length:
        raise InputError(f"A text has {longest} tokens with its end, and the model reads {model.context_length}.")
    cache, read, last = KVCache(model, longest), [], None
    for beginning, after in pairs:
        if beginning != read:
            cache.reset(_n_shared(beginning[:-1], read))  # the last token is always read: its logits are wanted
            last = model.last_logits(beginning[cache.length :], cache)
            read = beginning
        cache.reset(len(read))  # forget what came after it in the pair before
        later = model.logits(after[:-1], cache) if len(after) > 1 else ()  # (n_after - 1, n_vocabulary)
        yield _chosen([last, *later], after)


def likeliest_tokens(beginning: Ids, continuations: Sequence[Ids]) -> list[np.ndarray]:
    """Return the token that SmolLM2 holds for the likeliest after each token of each continuation.

    Parameters
    ----------
    beginning : sequence of int
        What all continuations have in front of them, at least one token. It is read once, as is what a continuation
        begins with like the one before it; large jobs are kept in the cache folder.
    continuations : sequence of ids
        At least one token each.

    Returns
    -------
    list of ndarray of int, shape (n_tokens of the continuation,)

    Raises
    ------
    InputError
        If one of the texts has no token, or is longer with its beginning than what the model reads.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> tokenizer = NumPyLM.smollm2().tokenizer
    >>> beginning, *countries = map(tokenizer.encode, ["The capital of", " France is", " Japan is"])
    >>> [tokenizer.decode(after[-1:].tolist()) for after in likeliest_tokens(beginning, countries)]
    [' Paris', ' Tokyo']
    """
    if not len(beginning) or not all(map(len, continuations)):
        raise InputError("A text is empty: the model needs at least one token to go on from.")
    longest, most = len(beginning) + max(map(len, continuations), default=0), NumPyLM.smollm2().context_length
    if longest > most:
        raise InputError(f"A text has {longest} tokens with its beginning, and the model reads {most}.")
    written = [" ".join(map(str, ids)) for ids in [beginning, *continuations]]
    kept = likeliest_store().values(
        [key_of(written[0], text) for text in written[1:]],
        lambda rows, advance: _likeliest(beginning, [continuations[row] for row in rows], advance),
        what=("text", "reading"),
    )
    return [np.array(numbers.split(), dtype=int) for numbers in kept]


@functools.cache
def likeliest_store() -> Store:
    """Return the store of `likeliest_tokens`, by the tokens that are read."""
    return Store("likeliest/smollm2", None, "tokens", recipe_of(1))


def _likeliest(beginning: Ids, continuations: Sequence[Ids], advance: Callable[[int], None]) -> list[str]:
    """Write the likeliest tokens after each token of each continuation as numbers in a line."""
    model = NumPyLM.smollm2()
    cache = KVCache(model, len(beginning) + max(map(len, continuations)))
    read, found, lines = [], np.empty(0, int), []
    model.last_logits(beginning, cache)
    for ids in continuations:
        n_read = _n_shared(ids, read)
        cache.reset(len(beginning) + n_read)  # forget the rest of the continuation before
        new = model.logits(ids[n_read:], cache).argmax(axis=1) if n_read < len(ids) else []  # (n_new, n_vocabulary)
        read, found = ids, np.concatenate([found[:n_read], new]).astype(int)
        lines.append(" ".join(map(str, found.tolist())))
        advance(1)
    return lines


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
    prompts, choices = check_text_list("prompts", prompts), check_text_list("choices", choices)
    if len(choices) < 2:
        raise InputError("A choice needs at least two choices.")
    if twice := [choice for choice in choices if choices.count(choice) > 1]:
        raise InputError(f"{twice[0]!r} is among the choices twice.")
    pairs = [(choice, prompt) for prompt in prompts for choice in choices]
    return remembered(KIND, pairs, _sums).reshape(len(prompts), len(choices))


def _sums(pairs: list[tuple[str, str]]) -> list[float]:
    """Score pairs of choice and prompt."""
    model = NumPyLM.smollm2()
    ids = {text: model.tokenizer.encode(text) for text in {text for pair in pairs for text in pair}}
    sums = []
    with job_bar(len(pairs), "choice", "reading") as bar:
        for logs in log_probabilities(model, [(ids[prompt], ids[choice]) for choice, prompt in pairs]):
            sums.append(float(logs.sum()))
            bar.update()
    return sums


def _chosen(logits: Iterable[np.ndarray], ids: Ids) -> np.ndarray:
    """Return the log-probability of one token in each row: ``(n_tokens, n_vocabulary) -> (n_tokens,)``.

    One row after the other, since all rows at once would take four times the memory of the logits.
    """
    return np.array([log_softmax(row)[token] for row, token in zip(logits, ids, strict=True)])


def _n_shared(a: Ids, b: Ids) -> int:
    """Count the elements that two sequences have in common at their beginning."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
