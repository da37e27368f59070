"""What an update gives away: words in a gradient, and clipping and noise against it."""

# ruff: noqa: N803, N806 (W and X are the matrices of the prose)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def word_rows(texts: Sequence[Sequence[str]], n_words: int = 5000) -> tuple[np.ndarray, list[csr_matrix]]:
    """Turn texts into rows that say which frequent words they have; each row has length one.

    Parameters
    ----------
    texts : sequence of sequences of str
        Several parts; the words are the most frequent ones of the first part, without the function words.

    Returns
    -------
    (words, rows) : ndarray of str and list of sparse matrices
        The words, and a matrix ``(n_texts, n_words)`` for each part.

    Examples
    --------
    >>> words, rows = word_rows([["snow falls on snow", "sun"]])
    >>> words.tolist(), rows[0].toarray().round(2).tolist()
    (['falls', 'snow', 'sun'], [[0.71, 0.71, 0.0], [0.0, 0.0, 1.0]])
    """
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.preprocessing import normalize

    cutter = CountVectorizer(stop_words="english", max_features=check_whole("n_words", n_words, 1), binary=True)
    cutter.fit(texts[0])
    rows = [normalize(cutter.transform(part).astype(float)) for part in texts]
    return cutter.get_feature_names_out(), rows


def word_gradient(W: np.ndarray, X: csr_matrix, y: np.ndarray) -> np.ndarray:
    """Return the gradient of `averaging.gradient` for rows of word weights, most of which are zero.

    ``W`` is ``(n_words, n_topics)``, ``X`` ``(n, n_words)``, ``y`` ``(n,)``.
    """
    errors = softmax(X @ W)
    errors[np.arange(len(y)), y] -= 1
    return np.asarray(X.T @ errors) / len(y)


def clip(update: np.ndarray, limit: float) -> np.ndarray:
    """Shorten an update to the length ``limit`` if it is longer.

    Examples
    --------
    >>> clip(np.array([[3.0, 4.0]]), 1.0)
    array([[0.6, 0.8]])
    """
    length = float(np.linalg.norm(update))
    return update * min(1.0, check_number("limit", limit, 0) / length) if length else update


def guessed_words(update: np.ndarray, n: int) -> np.ndarray:
    """Return the ``n`` words whose rows of an update are longest: an eavesdropper's best guess.

    Examples
    --------
    >>> guessed_words(np.array([[0.0, 0.0], [0.3, -0.3], [0.1, -0.1]]), 2)
    array([1, 2])
    """
    lengths = np.linalg.norm(update, axis=1)
    return np.argsort(-lengths, kind="stable")[: check_whole("n", n, 1, len(lengths))]


def share_found(updates: Sequence[np.ndarray], words: Sequence[np.ndarray], noise: float, seed: int = 0) -> np.ndarray:
    """Return for each client's update what share of its words an eavesdropper names, who knows how many there are.

    Parameters
    ----------
    updates : sequence of ndarray, each (n_words, n_topics)
        Clipped updates.
    words : sequence of ndarray of int
        The numbers of the words that each client has.
    noise : float
        The standard deviation of what is added to each number.

    Examples
    --------
    >>> share_found([np.array([[0.0], [0.5], [0.2]])], [np.array([1, 2])], noise=0.0)
    array([1.])
    """
    if len(updates) != len(words):
        raise InputError(f"Each update needs its client's words, and there are {len(updates)} and {len(words)}.")
    rng, found = np.random.default_rng(check_whole("seed", seed, 0)), []
    for update, own in zip(updates, words, strict=True):
        noisy = update + check_number("noise", noise, 0) * rng.standard_normal(update.shape)
        found.append(np.isin(guessed_words(noisy, len(own)), own).mean())
    return np.array(found)


def client_lengths(grams: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return the length of each client's gradient without making it: ``(n_clients,)``.

    Parameters
    ----------
    grams : ndarray, shape (n_clients, k, k)
        The products of each client's articles with each other.
    errors : ndarray, shape (n_clients * k, n_topics)
        Probabilities minus ones at the topics; the gradient is the articles transposed times these, by ``k``.

    Examples
    --------
    >>> client_lengths(np.array([[[4.0]]]), np.array([[0.6, -0.6]])).round(2)
    array([1.7])
    """
    own = errors.reshape(*grams.shape[:2], -1)  # (n_clients, k, n_topics)
    return np.sqrt((grams * (own @ own.transpose(0, 2, 1))).sum(axis=(1, 2))) / grams.shape[1]


def private_rounds(
    X: csr_matrix,
    y: np.ndarray,
    n_clients: int,
    *,
    n_topics: int,
    noise: float,
    rate: float,
    n_rounds: int,
    seed: int = 0,
) -> Iterator[tuple[np.ndarray, np.ndarray, float]]:
    """Learn topics from words where each client sends a clipped gradient with noise, round by round.

    Parameters
    ----------
    X, y : sparse matrix of shape (n, n_words), ndarray of shape (n,)
        The articles of all clients, one client's after the other's.
    n_clients : int
        It must divide ``n`` (InputError).
    noise : float
        The standard deviation of what each client adds to each number that it sends, as a multiple of the length to
        which all clip: the median length of the clients' first gradients. The sum of the clients' noise is drawn at
        once, since sums of normal numbers are normal.

    Yields
    ------
    (W, errors, limit) : ndarrays of shapes (n_words, n_topics) and (n, n_topics), and float
        The weights after the round; what a client's rows of ``X``, transposed, are multiplied by to make its clipped
        update; and the length to which all clip. ``W`` is changed in place by the next round.

    Notes
    -----
    After McMahan, Ramage, Talwar and Zhang (2018), *Learning Differentially Private Recurrent Language Models*.
    """
    if len(y) % check_whole("n_clients", n_clients, 1):
        raise InputError(f"{len(y)} articles cannot be dealt evenly to {n_clients} clients.")
    rng, W, k = np.random.default_rng(seed), np.zeros((X.shape[1], n_topics)), len(y) // n_clients
    noise, limit = check_number("noise", noise, 0), None
    grams = np.array([(rows @ rows.T).toarray() for rows in (X[start : start + k] for start in range(0, len(y), k))])
    for _ in range(n_rounds):
        errors = softmax(X @ W)
        errors[np.arange(len(y)), y] -= 1
        lengths = client_lengths(grams, errors)
        limit = float(np.median(lengths)) if limit is None else limit
        errors *= np.repeat(np.minimum(1, limit / np.maximum(lengths, 1e-12)) / k, k)[:, None]
        total = X.T @ errors
        total += noise * limit * np.sqrt(n_clients) * rng.standard_normal(W.shape)
        W -= rate * total / n_clients
        yield W, errors, limit


def learn_privately(X: csr_matrix, y: np.ndarray, n_clients: int, **how: float) -> np.ndarray:
    """Return the weights after the last of `private_rounds`."""
    *_, (W, _, _) = private_rounds(X, y, n_clients, **how)
    return W


def found_by_adding(
    X: csr_matrix, y: np.ndarray, n_clients: int, *, n_watched: int, noise: float, seed: int = 0, **how: float
) -> np.ndarray:
    """Return what share of its words an eavesdropper names who adds up all that it has seen of a client.

    Parameters
    ----------
    X, y, n_clients, noise
        As in `private_rounds`, and ``how`` as well.
    n_watched : int
        How many of the clients are watched, from the first on. Their noise is drawn for them anew.

    Returns
    -------
    ndarray, shape (n_rounds, n_watched)
        The share found after each round.
    """
    k, rng = len(y) // n_clients, np.random.default_rng(check_whole("seed", seed, 0))
    owned = [slice(n * k, n * k + k) for n in range(check_whole("n_watched", n_watched, 1, n_clients))]
    has, turned = [np.unique(X[own].indices) for own in owned], [X[own].T for own in owned]
    sums, found = np.zeros((n_watched, X.shape[1], how["n_topics"])), []
    for _, errors, limit in private_rounds(X, y, n_clients, noise=noise, **how):
        for seen, columns, own in zip(sums, turned, owned, strict=True):
            seen += columns @ errors[own] + noise * limit * rng.standard_normal(seen.shape)
        guesses = [guessed_words(seen, len(some)) for seen, some in zip(sums, has, strict=True)]
        found.append([np.isin(guess, some).mean() for guess, some in zip(guesses, has, strict=True)])
    return np.array(found)


def best_rate(
    X: csr_matrix, y: np.ndarray, n_clients: int, judge: tuple, rates: Sequence[float] = (100, 300, 1000), **how: float
) -> float:
    """Return the learning rate with which `learn_privately` is right for most of the articles ``judge``, ``(X, y)``."""
    right = [
        ((judge[0] @ learn_privately(X, y, n_clients, rate=rate, **how)).argmax(axis=1) == judge[1]).mean()
        for rate in rates
    ]
    return rates[int(np.argmax(right))]
