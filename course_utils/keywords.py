"""Keywords of a text: phrases that stand in it, chosen to be close to its meaning and unlike each other."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import NamedTuple

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors

MOST_LETTERS = 400  # of a text in a prompt
# Written for this prompt; in none of the articles.
EXAMPLES = (
    ("A lighthouse is a tower with a lamp that guides ships at night along a dangerous coast.", "lighthouse, ships"),
    ("Yoghurt is made when bacteria turn the sugar of warm milk into acid.", "yoghurt, bacteria, milk"),
    ("Maria Weber (1890 – 1961) was a Swiss botanist who collected alpine mosses.", "Maria Weber, botanist, mosses"),
)
_WORD = r"[^\W_]+(?:['’.-][^\W_]+)*"


class Keyword(NamedTuple):
    """A keyword, and the cosine between its vector and that of the text."""

    text: str
    score: float


def candidates(text: str, max_words: int = 2) -> list[str]:
    """Return the phrases of a text that could be keywords, each once, in the order in which they come.

    Parameters
    ----------
    text : str
        A text with at least one word.
    max_words : int
        The longest phrase, in words. None crosses a comma or a full stop, and none begins or ends with a word such as
        “the”.

    Returns
    -------
    list of str
        In lower case. Every one of them stands in the text as it is.

    Raises
    ------
    InputError
        If the text is empty or ``max_words`` is no whole number from 1.

    Examples
    --------
    >>> candidates("The theory of relativity, 1905: space and time.", 3)
    ['theory', 'theory of relativity', 'relativity', 'space', 'space and time', 'time']
    """
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    text = _checked_text(text)
    check_whole("max_words", max_words, 1)
    found: dict[str, None] = {}
    words = [(match.group().lower(), match.start(), match.end()) for match in re.finditer(_WORD, text)]
    fits = [len(word) > 1 and word not in ENGLISH_STOP_WORDS and not word.isdigit() for word, _, _ in words]
    for first in range(len(words)):
        for last in range(first, min(first + max_words, len(words))):
            if last > first and text[words[last - 1][2] : words[last][1]].strip():
                break  # a comma, a bracket or a full stop lies between
            if fits[first] and fits[last]:
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
        Positions in the order in which they were chosen; among equals the first.

    Raises
    ------
    InputError
        If there are no candidates, the shapes do not fit, or a number is not finite or out of its range.

    Notes
    -----
    Carbonell and Goldstein (1998), as KeyBERT has it: the most relevant row comes first; then each time the one with
    the highest ``(1 - diversity) * relevance - diversity * greatest cosine with a chosen row``.

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
    """Choose the keywords of a text by what they mean.

    Parameters
    ----------
    text : str
        A text with at least one word.
    n, diversity
        As for `mmr`.
    max_words : int
        As for `candidates`.
    phrases : sequence of str, optional
        Choose from these instead; each must stand in the text.

    Returns
    -------
    list of Keyword
        At most ``n``, in the order in which they were chosen; none if the text has no candidate.

    Raises
    ------
    InputError
        If the text is empty, a phrase does not stand in it, or a number is out of its range.

    Notes
    -----
    The method of KeyBERT (Grootendorst, 2020) with the course's encoder.

    Examples
    --------
    >>> text = "The lighthouse guides ships. It is old."
    >>> [keyword.text for keyword in extract(text, 2, phrases=["old", "lighthouse"])]
    ['lighthouse', 'old']
    """
    from course_utils.embeddings import embed

    text = _checked_text(text)
    if phrases is None:
        found = candidates(text, max_words)
    else:
        if isinstance(phrases, str):
            raise InputError(f"phrases takes a list: write phrases=[{phrases!r}].")
        found = list(dict.fromkeys(phrases))
        if strangers := [phrase for phrase in found if not stands_in(phrase, text)]:
            raise InputError(f"The candidate {strangers[0]!r} is not in the text: it cannot be a keyword of it.")
    if not found:
        return []
    vectors, text_vector = embed(found), embed([text])[0]
    return [Keyword(found[row], float(vectors[row] @ text_vector)) for row in mmr(text_vector, vectors, n, diversity)]


def stands_in(phrase: str, text: str) -> bool:
    """Tell whether a phrase stands in a text, word by word, in any case and with any space between its words.

    Examples
    --------
    >>> stands_in("Art", "a party"), stands_in("art", "Modern Art."), stands_in("space time", "space and time")
    (False, True, False)
    """
    if not isinstance(phrase, str):
        raise InputError(f"A phrase must be a string, and this is {type(phrase).__name__}.")
    words = phrase.split()
    pattern = r"\s+".join(re.escape(word) for word in words)
    return bool(words) and re.search(rf"(?<!\w){pattern}(?!\w)", text, re.IGNORECASE) is not None


def keyword_prompt(text: str) -> str:
    """Write the prompt that lets a language model go on with the keywords of a text, after three examples.

    Raises
    ------
    InputError
        If the text is empty.

    Examples
    --------
    >>> print(keyword_prompt("Rain falls.")[-27:])
    Text: Rain falls.
    Keywords:
    """
    shown = "".join(f"Text: {example}\nKeywords: {keywords}\n\n" for example, keywords in EXAMPLES)
    text = " ".join(_checked_text(text).split())
    if len(text) > MOST_LETTERS:
        text = text[:MOST_LETTERS].rsplit(" ", 1)[0]
    return f"{shown}Text: {text}\nKeywords:"


def propose(texts: Sequence[str], ask: Callable[[list[str]], Sequence[str]] | None = None) -> list[list[str]]:
    """Let a language model propose keywords for each text, whether or not they stand in it.

    Parameters
    ----------
    texts : sequence of str
        The texts, none of them empty.
    ask : callable, optional
        Gets a list of prompts and returns an answer for each: `grounding.say`, which asks SmolLM2, when left out.

    Returns
    -------
    list of list of str
        What was said between commas, in lower case, each once.

    Raises
    ------
    InputError
        If ``texts`` is a single string, or a text is empty.

    Examples
    --------
    >>> propose(["Rain falls on Riga."], ask=lambda prompts: ["Rain, Riga, rain, snow." for _ in prompts])
    [['rain', 'riga', 'snow']]
    """
    from course_utils.grounding import generate_answers

    if isinstance(texts, str):
        raise InputError("propose takes a list of texts: write propose([text])[0] for a single one.")
    answers = (ask or generate_answers)([keyword_prompt(text) for text in texts])
    lists = []
    for answer in answers:
        parts = (part.strip(" .;:\"'").lower() for part in re.split(r"[,\n]", answer))
        lists.append(list(dict.fromkeys(part for part in parts if part)))
    return lists


def group_similar(vectors: np.ndarray, threshold: float) -> list[list[int]]:
    """Group rows that are nearly the same: each joins the first group whose first row is close enough.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        Unit rows.
    threshold : float
        The least cosine with the first row of a group, above 0 and at most 1.

    Returns
    -------
    list of list of int
        Every position once; groups in the order of their first rows.

    Raises
    ------
    InputError
        If the threshold is out of its range.

    Examples
    --------
    >>> group_similar(np.array([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6]]), 0.7)
    [[0, 2], [1]]
    """
    if not isinstance(threshold, Real) or not 0 < threshold <= 1:
        raise InputError(f"threshold is a cosine above 0 and at most 1, and {threshold!r} is not.")
    groups: list[list[int]] = []
    vectors = check_vectors(vectors) if len(vectors) else vectors
    for row, vector in enumerate(vectors):
        for group in groups:
            if vector @ vectors[group[0]] >= threshold - 1e-6:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


@dataclass(frozen=True)
class Highlighted:
    """A text with its keywords marked: as HTML, or with brackets where HTML cannot be shown.

    Examples
    --------
    >>> Highlighted("Bees make <honey>.", ("honey", "bees"))
    [Bees] make <[honey]>.
    >>> Highlighted("Bees make <honey>.", ("honey",)).html.count("&lt;<mark")
    1
    """

    text: str
    keywords: tuple[str, ...]

    @property
    def html(self) -> str:
        """The text as HTML; all of it is escaped."""
        marked = "".join(
            f'<mark style="background:#F0E442;color:black;padding:0 .15em">{html.escape(part)}</mark>'
            if is_keyword
            else html.escape(part)
            for part, is_keyword in self._parts()
        )
        return f'<div style="max-width:46em;line-height:1.6">{marked}</div>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return "".join(f"[{part}]" if is_keyword else part for part, is_keyword in self._parts())

    def _parts(self) -> list[tuple[str, bool]]:
        """Cut the text into pieces that are or are not keywords; of overlapping ones the longer is marked."""
        phrases = sorted((k for k in self.keywords if k.strip()), key=len, reverse=True)
        if not phrases:
            return [(self.text, False)]
        either = "|".join(r"\s+".join(re.escape(word) for word in phrase.split()) for phrase in phrases)
        parts = re.split(rf"((?<!\w)(?:{either})(?!\w))", self.text, flags=re.IGNORECASE)
        return [(part, number % 2 == 1) for number, part in enumerate(parts) if part]


def _checked_text(text: str) -> str:
    if not isinstance(text, str):
        raise InputError(f"The text must be a string, and this is {type(text).__name__}.")
    if not text.strip():
        raise InputError("The text is empty, and an empty text has no keywords.")
    return text
