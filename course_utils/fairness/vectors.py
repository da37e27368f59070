"""Do vectors put some words nearer to others? The word embedding association test, with all ways to regroup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from course_utils.common import DATA
from course_utils.common.checks import check_floats
from course_utils.common.errors import InputError
from course_utils.common.files import read_results
from course_utils.common.vectors import unit_rows

# Lists of Caliskan, Bryson and Narayanan (2017); of the six first ones, which have 25 words, eight: of instruments and
# weapons the first that occur five times in the course's Wikipedia, of the others the first of all.
WORD_LISTS = {
    "flowers": "aster clover hyacinth marigold poppy azalea crocus iris",
    "insects": "ant caterpillar flea locust spider bedbug centipede fly",
    "instruments": "cello guitar lute harmonica trumpet bassoon drum tuba",
    "weapons": "arrow club gun missile spear axe dagger sword",
    "pleasant": "caress freedom health love peace cheer friend heaven",
    "unpleasant": "abuse crash filth murder sickness accident death grief",
    "science": "science technology physics chemistry einstein nasa experiment astronomy",
    "arts": "poetry art shakespeare dance literature novel symphony drama",
    "male": "brother father uncle grandfather son he his him",
    "female": "sister mother aunt grandmother daughter she hers her",
    "men's names": "john paul mike kevin steve greg jeff bill",
    "women's names": "amy joan lisa sarah diana kate ann donna",
    "career": "executive management professional corporation salary office business career",
    "family": "home parents children family cousins marriage wedding relatives",
}
WORD_LISTS = {name: tuple(words.split()) for name, words in WORD_LISTS.items()}
TESTS = (
    ("flowers", "insects", "pleasant", "unpleasant"),
    ("men's names", "women's names", "career", "family"),
    ("science", "arts", "male", "female"),
)
CONTROL = ("instruments", "weapons", "pleasant", "unpleasant")  # for word2vec, which has seen too few flowers
FILE = DATA / "fairness" / "word_vectors.json"


def association(words: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return how much nearer each word is to the words of one list than to those of another: ``(n_words,)``.

    Parameters
    ----------
    words, a, b : ndarray, shape (n, d)
        A vector for each word. Nearness is the cosine, averaged over a list.

    Examples
    --------
    >>> association([[1, 0], [0, 2], [1, 1]], [[1, 0]], [[0, 1]]).round(2).tolist()
    [1.0, -1.0, 0.0]
    """
    words, a, b = (unit_rows(_rows(name, rows)) for name, rows in (("words", words), ("a", a), ("b", b)))
    return (words @ a.T).mean(axis=1) - (words @ b.T).mean(axis=1)


def weat(x: np.ndarray, y: np.ndarray, a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    """Test whether the words of ``x`` are nearer to ``a`` than to ``b``, more so than the words of ``y`` are.

    Parameters
    ----------
    x, y : ndarray, shape (n, d)
        Vectors of two lists that are compared, at most 10 words each.
    a, b : ndarray, shape (m, d)
        Vectors of the two lists that they are compared by.

    Returns
    -------
    (float, float)
        The difference of the mean associations over their standard deviation, from -2 to 2; and the share of all ways
        to split the words of ``x`` and ``y`` anew in which the difference is at least as large.

    Notes
    -----
    WEAT, the word embedding association test (Caliskan, Bryson and Narayanan, 2017).

    Examples
    --------
    >>> effect, p = weat([[9, 1], [8, 1]], [[1, 9], [1, 8]], [[1, 0]], [[0, 1]])
    >>> round(effect, 2), round(p, 3)  # one of six ways to split four words
    (1.73, 0.167)
    """
    x, y = _rows("x", x), _rows("y", y)
    if max(len(x), len(y)) > 10:
        raise InputError("All ways to split are counted, so take at most 10 words on a side.")
    s, n = association(np.vstack([x, y]), a, b), len(x)
    if s.std() < 1e-12:
        raise InputError("All words are equally near to both lists: there is nothing to compare.")
    ways = np.array(list(combinations(range(len(s)), n)))
    sums = s[ways].sum(axis=1)  # that of the others follows from it
    effect = (s[:n].mean() - s[n:].mean()) / s.std(ddof=1)
    return float(effect), float((sums >= s[:n].sum() - 1e-9).mean())


def load_word_vectors() -> list[dict[str, Any]]:
    """Return runs of word2vec on the course's Wikipedia: ``epochs``, ``seed``, and ``vectors`` of the lists' words.

    Words that occur fewer than five times have no vector. ``training/word_vectors.py`` made them.

    Examples
    --------
    >>> [(run["epochs"], run["seed"]) for run in load_word_vectors()]
    [(8, 0), (8, 1), (8, 2), (4, 0), (4, 1), (4, 2)]
    """
    return read_results(FILE, "training/word_vectors.py")


def list_vectors(name: str, vectors: dict[str, Sequence[float]]) -> np.ndarray:
    """Return the vectors of a list's words, of those that have one: ``(n_words, d)``.

    Examples
    --------
    >>> list_vectors("arts", {"art": [1.0, 0.0], "war": [0.0, 1.0]}).tolist()
    [[1.0, 0.0]]
    """
    if name not in tuple(WORD_LISTS):
        raise InputError(f"There is no list called {name!r}; choose one of {', '.join(WORD_LISTS)}.")
    return np.array([vectors[word] for word in WORD_LISTS[name] if word in vectors])


def _rows(name: str, rows: np.ndarray) -> np.ndarray:
    rows = check_floats(name, rows)
    if rows.ndim != 2 or not len(rows):
        raise InputError(f"{name} has a row for each word, at least one, and this has the shape {rows.shape}.")
    return rows.astype(float)
