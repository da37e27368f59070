"""How similar people find words and texts: ratings that come with the library gensim, to grade embeddings by."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from course_utils.errors import InputError

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
    lines = (line.split("\t") for line in _path(FILES[name]).read_text(encoding="utf-8").splitlines())
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
    texts = _path("lee.cor").read_text(encoding="cp1252").splitlines()
    upper = np.loadtxt(_path("similarities0-1.txt"))  # the lower half of the file is empty
    return texts, np.maximum(upper, upper.T)


def _is_pair(fields: list[str]) -> bool:
    return len(fields) >= 3 and not fields[0].startswith("#") and fields[2].replace(".", "", 1).isdigit()


def _path(name: str) -> Path:
    from gensim.test.utils import datapath

    return Path(datapath(name))
