"""Openings of articles in English and French with the same topics, to see whom a classifier serves."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.corpus import load_wikipedia

# The source names its topics in the language of the articles. Its French "Science" has no single counterpart.
FRENCH = {
    "Arts et culture": "Arts",
    "Géographie": "Geography",
    "Histoire": "History",
    "Mathématiques": "Mathematics",
    "Personnalités": "People",
    "Philosophie et religion": "Philosophy and religion",
    "Santé et médecine": "Biology and health sciences",
    "Société et sciences sociales": "Society and social sciences",
    "Technologie": "Technology",
    "Vie quotidienne": "Everyday life",
}


def load_openings(
    language: str, n_each: int, n_words: int = 20, seed: int = 0, among: Collection[int] | None = None
) -> tuple[list[str], np.ndarray]:
    """Load the first words of articles, equally many of each of ten topics.

    Parameters
    ----------
    language : {"en", "fr"}
        The topics have their English names in both.
    n_each, n_words : int
        How many articles of a topic, and how many words of each; shorter articles are left out.
    seed : int
        Draws the articles.
    among : collection of int, optional
        The rows of `load_wikipedia` to draw from; all of them when left out.

    Returns
    -------
    (list of str, ndarray of str)
        The texts, and the topic of each; every ten of them hold one of each topic.

    Examples
    --------
    >>> texts, topics = load_openings("fr", 2)
    >>> len(texts), topics[:2].tolist(), str(topics[10])
    (20, ['Arts', 'Geography'], 'Arts')
    """
    names = {"en": {name: name for name in FRENCH.values()}, "fr": FRENCH}.get(language)
    if names is None:
        raise InputError(f"Openings come in English (en) and French (fr), and there are none in {language!r}.")
    n_each = check_whole("n_each", n_each, 1)
    articles = load_wikipedia(language)
    texts, topics = articles["text"][:], articles["topic"][:]
    rows = np.random.default_rng(seed).permutation(len(texts) if among is None else np.array(sorted(among)))
    found: dict[str, list[str]] = {name: [] for name in names}
    for row in rows.tolist():
        start = texts[row].split()[:n_words]
        if topics[row] in names and len(start) == n_words and len(found[topics[row]]) < n_each:
            found[topics[row]].append(" ".join(start))
    if min(map(len, found.values())) < n_each:
        raise InputError(f"Not every topic has {n_each} articles of {n_words} words: ask for fewer.")
    texts = [text for one_of_each in zip(*found.values(), strict=True) for text in one_of_each]
    return texts, np.array([names[topic] for topic in found] * n_each)
