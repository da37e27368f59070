"""Which of two articles would you rather read? Pairs, a simulated reader, and the Bradley-Terry model."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.errors import InputError
from course_utils.corpus import NO_TOPIC, load_wikipedia

# What the simulated reader likes: the topics of nature by 1.5, those of people by -1.5, the others by 0.
LIKES = dict.fromkeys(("Biology and health sciences", "Physical sciences", "Geography"), 1.5)
LIKES |= dict.fromkeys(("People", "Society and social sciences", "History"), -1.5)
N_ASKED = 40
# The choices that the course ships: those of the simulated reader for the first forty pairs.
CHOICES = "babbaaaaabaaabbaaaababbabbbaabbaaaaabbbb"


@functools.cache
def readable() -> np.ndarray:
    """Return the positions in `load_wikipedia` of the articles that have a topic and a description."""
    articles = load_wikipedia()
    topics, descriptions = articles["topic"][:], articles["description"][:]
    places = [n for n, topic in enumerate(topics) if topic != NO_TOPIC and descriptions[n]]
    return np.array(places)


def article_pairs(n: int, seed: int = 0) -> np.ndarray:
    """Draw pairs of articles to choose from: positions in `load_wikipedia`, ``(n, 2)``.

    The pairs of one seed begin with those of a smaller ``n``.
    """
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    return readable()[[rng.choice(len(readable()), 2, replace=False) for _ in range(check_whole("n", n, 1))]]


def likings(positions: np.ndarray) -> np.ndarray:
    """Return how much the simulated reader likes articles, in the shape of their positions."""
    topics = np.array(load_wikipedia()["topic"][:])[positions]
    return np.vectorize(lambda topic: LIKES.get(topic, 0.0), otypes=[float])(topics)


def simulated_choices(pairs: np.ndarray, seed: int = 0) -> np.ndarray:
    """Let the simulated reader choose: True for the first article of a pair, with probability sigmoid(u_a - u_b)."""
    liked = likings(pairs)
    chance = 1 / (1 + np.exp(liked[:, 1] - liked[:, 0]))
    return np.random.default_rng([check_whole("seed", seed, 0), 1]).random(len(pairs)) < chance


def read_choices(letters: str, n: int = N_ASKED) -> np.ndarray:
    """Turn choices written as letters, ``"ab..."``, into True for *a* and False for *b*; spaces are left out.

    Examples
    --------
    >>> read_choices("ab ba", 4)
    array([ True, False, False,  True])
    """
    if not isinstance(letters, str):
        raise InputError("The choices are one text of the letters a and b, such as 'abba'.")
    found = "".join(letters.lower().split())
    if len(found) != n or set(found) - {"a", "b"}:
        raise InputError(f"There must be {n} letters, each a or b, one for each pair, and these are {len(found)}.")
    return np.array([letter == "a" for letter in found])


def fit_taste(differences: np.ndarray, first_won: np.ndarray, penalty: float = 10.0) -> np.ndarray:
    """Fit the Bradley-Terry model: weights ``w`` such that sigmoid(difference · w) is the chance that the first wins.

    Parameters
    ----------
    differences : ndarray, shape (n_pairs, d)
        The vector of the first article minus that of the second.
    first_won : ndarray of bool, shape (n_pairs,)
    penalty : float
        How strongly large weights are punished: the loss is the summed log loss plus ``penalty / 2 * w @ w``.

    Returns
    -------
    ndarray, shape (d,)
        The score of an article is its vector times these weights.

    Notes
    -----
    Bradley and Terry (1952). It is logistic regression without an intercept, so scikit-learn fits it.

    Examples
    --------
    >>> fit_taste(np.array([[1.0], [1.0], [-1.0]]), np.array([True, True, False]), penalty=1.0).round(2)
    array([0.88])
    """
    from sklearn.linear_model import LogisticRegression

    differences = check_floats("differences", differences)
    first_won = np.asarray(first_won, dtype=bool)
    if differences.ndim != 2 or first_won.shape != differences.shape[:1]:
        raise InputError(f"Each pair needs a choice, and the shapes are {differences.shape} and {first_won.shape}.")
    both = np.concatenate([differences, -differences])  # a pair the other way round is lost where it was won
    strength = 0.5 / check_number("penalty", penalty, 1e-9)
    model = LogisticRegression(C=strength, fit_intercept=False, max_iter=1000)
    return model.fit(both, np.concatenate([first_won, ~first_won])).coef_[0]


def cross_validated(
    differences: np.ndarray, first_won: np.ndarray, n_folds: int = 8, penalty: float = 10.0
) -> np.ndarray:
    """Tell for each pair whether the taste fitted to the other folds chooses as the reader did: ``(n_pairs,)``."""
    fold = np.arange(len(differences)) % check_whole("n_folds", n_folds, 2, len(differences))
    right = np.zeros(len(differences), dtype=bool)
    for each in range(n_folds):
        aside = fold == each
        weights = fit_taste(differences[~aside], first_won[~aside], penalty)
        right[aside] = (differences[aside] @ weights > 0) == first_won[aside]
    return right


def share_right(vectors: np.ndarray, test: np.ndarray, won: np.ndarray, n_choices: int, seeds: Sequence[int]) -> float:
    """Return what share of other choices is predicted by tastes that are fitted to the simulated reader's, on average.

    Parameters
    ----------
    vectors : ndarray, shape (n_articles, d)
        A vector for each article.
    test : ndarray of int, shape (n_pairs, 2)
        The pairs to predict, and in ``won`` whether the first was chosen.
    n_choices : int
        How many pairs each taste is fitted to.
    seeds : sequence of int
        One for each taste: it draws the pairs and the reader's errors.
    """
    differences = vectors[test[:, 0]] - vectors[test[:, 1]]
    tastes = [simulated_taste(vectors, n_choices, seed) for seed in seeds]
    return float(np.mean([((differences @ taste > 0) == won).mean() for taste in tastes]))


def simulated_taste(vectors: np.ndarray, n_choices: int, seed: int) -> np.ndarray:
    """Return the taste fitted to ``n_choices`` of the simulated reader; the seed draws the pairs and the errors."""
    pairs = article_pairs(n_choices, seed=seed)
    return fit_taste(vectors[pairs[:, 0]] - vectors[pairs[:, 1]], simulated_choices(pairs, seed=seed))
