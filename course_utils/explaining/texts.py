"""Which words decide a topic: leave one out, and tests that delete the first words of an order or keep only them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course_utils.common.checks import check_text_list, check_whole
from course_utils.common.errors import InputError
from course_utils.evaluation import with_interval
from course_utils.transformer.encoder import NumPyEncoder


def split_words(text: str) -> list[str]:
    """Return the words of a text, at least two, so that one can be left out.

    Examples
    --------
    >>> split_words("Snow is cold")
    ['Snow', 'is', 'cold']
    """
    words = text.split() if isinstance(text, str) else []
    if len(words) < 2:
        raise InputError("The text needs at least two words between spaces, so that one can be left out.")
    return words


def without_word(text: str) -> list[str]:
    """Return the text once for each of its words, without this word.

    Examples
    --------
    >>> without_word("Snow is cold")
    ['is cold', 'Snow cold', 'Snow is']
    """
    words = split_words(text)
    return [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]


def leave_one_out(text: str, score: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """Return by how much a score falls without each word: ``(n_words,)``.

    ``score`` takes a list of texts and returns a number for each.

    Examples
    --------
    >>> leave_one_out("cold wet snow", lambda texts: np.array([len(text) for text in texts])).tolist()
    [5, 4, 5]
    """
    scores = np.asarray(score([text, *without_word(text)]))
    return scores[0] - scores[1:]


def delete_in_order(text: str, order: Sequence[int], counts: Sequence[int]) -> list[str]:
    """Return the text without the first ``n`` words of an order, for each ``n`` of ``counts``; at least one must stay.

    Examples
    --------
    >>> delete_in_order("Snow is very cold", [3, 0, 1, 2], [0, 1, 2])
    ['Snow is very cold', 'Snow is very', 'is very']
    """
    words = split_words(text)
    if sorted(order) != list(range(len(words))):
        raise InputError(f"The order must have each place from 0 to {len(words) - 1} once: take an argsort.")
    most = len(words) - 1
    gone = [set(order[: check_whole("each count", n, 0, most)]) for n in counts]
    return [" ".join(word for place, word in enumerate(words) if place not in some) for some in gone]


def delete_and_keep(text: str, order: Sequence[int], counts: Sequence[int], n_kept: int) -> list[str]:
    """Return the texts of `delete_in_order`, and at last only the first ``n_kept`` words of the order, as in the text.

    Examples
    --------
    >>> delete_and_keep("Snow is very cold", [3, 0, 1, 2], [0, 1], 2)
    ['Snow is very cold', 'Snow is very', 'Snow cold']
    """
    others = len(order) - check_whole("n_kept", n_kept, 1, len(order))
    return delete_in_order(text, order, counts) + delete_in_order(text, order[::-1], [others])


def compare_orders(one: np.ndarray, other: np.ndarray) -> str:
    """Say what an order gains over another, on the same texts: the first words deleted, and the first words alone.

    Both arrays are ``(n_texts, 2)``: the probability without the first words, where less is better, and with only them.

    Examples
    --------
    >>> compare_orders(np.array([[0.25, 1.0], [0.25, 0.75]]), np.array([[0.75, 0.5], [0.75, 0.25]]))
    '0.25, gain 0.50 (0.50 to 0.50) | 0.88, gain 0.50 (0.50 to 0.50)'
    """
    if one.shape != other.shape or one.shape[1:] != (2,):
        raise InputError(f"Both orders need two numbers for each text, and the shapes are {one.shape}, {other.shape}.")
    gains = (other[:, 0] - one[:, 0], one[:, 1] - other[:, 1])
    parts = [f"{mean:.2f}, gain {with_interval(gain)}" for mean, gain in zip(one.mean(axis=0), gains, strict=True)]
    return " | ".join(parts)


def topic_chances(texts: Sequence[str], weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the probability of each topic, from MiniLM's vectors and a linear classifier.

    ``weights`` is ``(n_topics, 384)`` and ``bias`` ``(n_topics,)``; the result is ``(n_texts, n_topics)``.
    """
    from scipy.special import softmax

    texts = check_text_list("texts", texts)
    row = {text: place for place, text in enumerate(dict.fromkeys(texts))}  # a text that comes twice is read once
    vectors = NumPyEncoder.minilm().encode(list(row))[[row[text] for text in texts]]
    return softmax(vectors.astype(float) @ np.asarray(weights).T + bias, axis=1)
