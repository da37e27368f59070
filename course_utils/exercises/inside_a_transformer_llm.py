"""The exercises of notebook 12, *Open a language model and look inside*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

SENTENCE = "The white stuff that falls from the sky in winter is called"
FIRST_TEXT, SECOND_TEXT = "The capital of Japan is", "In the morning I drink a cup of"
REPEATED = "A blue fox found seven old maps. A blue fox found seven old"


@functools.lru_cache(maxsize=1)
def _model() -> Any:
    from course_utils.transformer.model import NumPyLM

    return NumPyLM.smollm2()


def _setting() -> dict[str, Any]:
    from course_utils.transformer.generation import sampling_probabilities
    from course_utils.transformer.heads import strongest_heads
    from course_utils.transformer.kv_cache import KVCache

    model = _model()
    return {
        "np": np,
        "model": model,
        "KVCache": KVCache,
        "sampling_probabilities": sampling_probabilities,
        "strongest_heads": strongest_heads,
        "seen": model.look(model.tokenizer.encode(REPEATED)),
    }


def _test_min_p(answer: Any) -> str:
    given = np.array([0.5, 0.04, 0.26, 0.2])
    before = given.copy()
    for share, kept in [(0.3, [0, 2, 3]), (0.45, [0, 2]), (1.0, [0]), (0.01, [0, 1, 2, 3])]:
        found = np.asarray(call(answer, given, share), dtype=float)
        if not np.array_equal(given, before):
            raise Wrong("Your function changes the array that it is given: work on a copy, or use np.where.")
        if found.shape != given.shape:
            raise Wrong(f"The result should have a probability for every token, and its shape is {found.shape}.")
        wanted = np.where(np.isin(np.arange(4), kept), given, 0)
        if np.allclose(found, wanted / wanted.sum()):
            continue
        if np.allclose(found, wanted):
            raise Wrong("The right tokens are kept, but their probabilities must add up to 1 again.")
        if np.array_equal(found > 0, given >= share):
            raise Wrong(f"With {share} the limit is {share} of the highest probability, not {share} itself.")
        raise Wrong(f"For {given} and {share}, tokens {kept} should be kept; yours gives {found.round(2)}.")
    return "This is min-p. It keeps many tokens where the model is unsure, and few where one is far ahead."


def _test_fresh_word(answer: Any) -> str:
    from course_utils.transformer.kv_cache import KVCache

    model = _model()
    cache, alone = KVCache(model, 32), {}
    for text in (FIRST_TEXT, SECOND_TEXT, FIRST_TEXT):
        found = call(answer, text, cache)
        ids = model.tokenizer.encode(text)
        alone[text] = model.next_words(text, k=1)[0][0]
        if not isinstance(found, str):
            raise Wrong(f"It should give a word, such as {alone[text]!r}, and gives {found!r}.")
        if found != alone[text]:
            raise Wrong(
                f"After {text!r} it says {found!r}, and a model that reads this text alone says {alone[text]!r}. What "
                "does the cache still hold?"
            )
        if cache.length == 0:
            raise Wrong("The right word, but the cache is empty afterwards: let the model read into the cache.")
        if cache.length != len(ids):
            raise Wrong(f"Afterwards the cache should hold the {len(ids)} tokens of the text, not {cache.length}.")
    return "A cache is a memory of one text. Programs that forget to empty it mix what different people said."


def _test_own_head(answer: Any) -> str:
    scores = np.diagonal(_setting()["seen"].attention, axis1=-2, axis2=-1)
    with_first, own = scores.mean(axis=-1), scores[..., 1:].mean(axis=-1)
    if np.shape(answer) != (2,) or not all(isinstance(part, int | np.integer) for part in answer):
        raise Wrong(f"own_head should be a pair (layer, head), and this is {answer!r}.")
    pair = tuple(map(int, answer))
    best = np.unravel_index(own.argmax(), own.shape)
    if pair == tuple(map(int, best[::-1])) != tuple(map(int, best)):
        raise Wrong("The layer comes first, then the head.")
    if not (0 <= pair[0] < own.shape[0] and 0 <= pair[1] < own.shape[1]):
        raise Wrong(f"There is no head {pair}: 30 layers of 9 heads, counted from 0.")
    if own[pair] < own.max() - 0.01 and with_first[pair] < with_first.max() - 0.01:
        raise Wrong(
            f"Head {pair} looks at its own token with a mean weight of {own[pair]:.2f}, and another does so with "
            f"{own.max():.2f}. The own token is the diagonal."
        )
    return f"Head {pair}, with a mean weight of {own[pair]:.2f}. Such heads pass a token's own value on."


min_p = Exercise(
    "min_p",
    _test_min_p,
    (
        "The limit is share * probabilities.max().",
        "np.where(probabilities >= limit, probabilities, 0) puts a 0 in all other places.",
        "Divide the result by its sum.",
    ),
    """
    def min_p(probabilities, share):
        limit = share * probabilities.max()
        kept = np.where(probabilities >= limit, probabilities, 0)
        return kept / kept.sum()
    """,
    _setting,
)

fresh_word = Exercise(
    "fresh_word",
    _test_fresh_word,
    (
        "Print cache.length before and after the second call of stale_word.",
        "cache.reset() makes the model forget what it has read.",
    ),
    """
    def fresh_word(text, cache):
        cache.reset()
        scores = model.last_logits(model.tokenizer.encode(text), cache)
        return model.tokenizer.decode([int(scores.argmax())])
    """,
    _setting,
)

own_head = Exercise(
    "own_head",
    _test_own_head,
    (
        "seen.attention has the shape (30, 9, n, n). The weights on the own token are the diagonals of its last axes.",
        "np.diagonal(seen.attention, axis1=-2, axis2=-1) has the shape (30, 9, n): take the mean over the last axis.",
        "strongest_heads(scores, 1)[0] is the pair with the highest score.",
    ),
    """
    scores = np.diagonal(seen.attention, axis1=-2, axis2=-1)[..., 1:].mean(axis=-1)
    own_head = strongest_heads(scores, 1)[0]
    """,
    _setting,
)
