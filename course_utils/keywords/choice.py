"""Choose keywords: phrases of a text that are close to its meaning and differ from each other."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from course_utils.common.checks import check_number, check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors
from course_utils.phrases import WORD, stands_in
from course_utils.words import STOP_WORDS


class Keyword(NamedTuple):
    """A keyword, and the cosine between its vector and that of the text."""

    text: str
    score: float


def candidates(text: str, max_words: int = 2) -> list[str]:
    """Return the phrases of a text that could be keywords, each once, in the order in which they come.

    A phrase has at most ``max_words`` words, crosses no comma or full stop, and neither begins nor ends with a function
    word such as “the”. It comes in lower case and in Unicode's composed form (NFC); `stands_in` finds it in the text.

    Raises
    ------
    InputError
        If the text is empty.

    Examples
    --------
    >>> candidates("The theory of relativity, 1905: space and time.", 3)
    ['theory', 'theory of relativity', 'relativity', 'space', 'space and time', 'time']
    """
    import regex

    text = unicodedata.normalize("NFC", check_text(text)).replace("\u00ad", "")  # the soft hyphen
    check_whole("max_words", max_words, 1)
    words = [(match[0].lower(), match.start(), match.end()) for match in regex.finditer(WORD, text)]
    can_be_an_end = [
        len(word) > 1 and not word.isdigit() and not STOP_WORDS.issuperset(re.split("['’]", word))
        for word, _, _ in words
    ]
    found: dict[str, None] = {}
    for first in range(len(words)):
        for last in range(first, min(first + max_words, len(words))):
            if last > first and text[words[last - 1][2] : words[last][1]].strip():
                break  # a comma, a bracket or a full stop lies between
            if can_be_an_end[first] and can_be_an_end[last]:
                found[" ".join(word for word, _, _ in words[first : last + 1])] = None
    return list(found)


def mmr(
    text_vector: np.ndarray | None,
    vectors: np.ndarray,
    n: int,
    diversity: float = 0.5,
    *,
    relevance: Sequence[float] | None = None,
) -> list[int]:
    """Choose rows that are relevant and unlike the rows chosen before: maximal marginal relevance.

    Parameters
    ----------
    text_vector : ndarray, shape (d,), or None
        The vector of the text, of length one; the relevance of a row is its cosine with it.
    vectors : ndarray, shape (n_candidates, d)
        A unit row for each candidate, at least one.
    n : int
        How many to choose; all, where there are fewer.
    diversity : float
        From 0, where only the relevance counts, to 1, where only the difference from the chosen rows does.
    relevance : array_like, shape (n_candidates,), optional
        The relevance of each row where it is no cosine; ``text_vector`` is None then.

    Returns
    -------
    list of int
        Positions in the order in which they were chosen: first the most relevant row, then each time the one with the
        highest ``(1 - diversity) * relevance - diversity * greatest cosine with a chosen row``; among equals the first.
        This is the rule of Carbonell and Goldstein (1998) as KeyBERT has it.

    Raises
    ------
    InputError
        If there are no candidates, the shapes do not fit, or a number is not finite or out of its range.

    Examples
    --------
    >>> vectors = np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])
    >>> text = np.array([0.96, 0.28])
    >>> mmr(text, vectors, 2, diversity=0.0), mmr(text, vectors, 2, diversity=0.6)
    ([0, 1], [0, 2])
    """
    if relevance is not None and text_vector is not None:
        raise InputError("Give the vector of a text or the relevance of each candidate, not both.")
    vectors = np.asarray(vectors)
    given = np.asarray(text_vector if relevance is None else relevance)
    fitting = vectors.shape[1:] if relevance is None else vectors.shape[:1]
    if vectors.ndim != 2 or not len(vectors) or given.shape != fitting:
        what = "One text" if relevance is None else "A relevance"
        raise InputError(f"{what} of shape {given.shape} and candidates of shape {vectors.shape} do not fit.")
    check_whole("n", n, 1)
    check_number("diversity", diversity, 0, 1)
    vectors = check_vectors(vectors)
    relevance = vectors @ given if relevance is None else given
    if not np.isfinite(relevance).all():
        raise InputError("The relevance of a candidate is not finite: leave it out.")
    similarity = vectors @ vectors.T  # (n_candidates, n_candidates)
    chosen = [int(relevance.argmax())]
    while len(chosen) < min(n, len(vectors)):
        worth = (1 - diversity) * relevance - diversity * similarity[:, chosen].max(axis=1)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return chosen


def extract(
    text: str, n: int = 5, diversity: float = 0.5, max_words: int = 2, phrases: Sequence[str] | None = None
) -> list[Keyword]:
    """Choose the keywords of a text by what they mean, with vectors and MMR as KeyBERT has them (Grootendorst, 2020).

    It chooses at most ``n`` of the text's `candidates` by `mmr`, and returns them in the order of choice; or of
    ``phrases``, if they are given, each of which must be in the text.

    Raises
    ------
    InputError
        If the text is empty, a phrase is not in it, or a number is out of its range.

    Examples
    --------
    >>> text = "The lighthouse guides ships. It is old."
    >>> [keyword.text for keyword in extract(text, 2, phrases=["old", "lighthouse"])]
    ['lighthouse', 'old']
    """
    from course_utils.embeddings import embed

    text = check_text(text)
    check_whole("n", n, 1)
    check_number("diversity", diversity, 0, 1)
    if phrases is None:
        found = candidates(text, max_words)
    else:
        found = list(dict.fromkeys(check_strings("phrases", phrases)))
        if strangers := [phrase for phrase in found if not stands_in(phrase, text)]:
            raise InputError(f"The candidate {strangers[0]!r} is not in the text: it cannot be a keyword of it.")
    if not found:
        return []
    vectors, text_vector = embed(found), embed([text])[0]
    return [Keyword(found[row], float(vectors[row] @ text_vector)) for row in mmr(text_vector, vectors, n, diversity)]


def check_text(text: str) -> str:
    """Return a text; what is none, or an empty one, is refused (InputError)."""
    if not isinstance(text, str):
        raise InputError(f"The text must be a string, and this is {type(text).__name__}.")
    if not text.strip():
        raise InputError("The text is empty, and an empty text has no keywords.")
    return text
