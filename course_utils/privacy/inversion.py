"""What a text's vector gives away of its words: a ridge regression from vectors to the words that a text holds."""

from __future__ import annotations

import collections
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common.checks import check_floats, check_number, check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.words import STOP_WORDS, words


def frequent_words(texts: Sequence[str], n_words: int = 2000) -> list[str]:
    """Return the words that most texts hold, the most frequent first, without function words and single letters.

    Examples
    --------
    >>> frequent_words(["the red cat", "a red dog", "red and black cat"], 2)
    ['red', 'cat']
    """
    counts = collections.Counter(word for text in check_strings("texts", texts) for word in set(words(text)))
    kept = [(-n, word) for word, n in counts.items() if word not in STOP_WORDS and len(word) > 1]
    return [word for _, word in sorted(kept)[: check_whole("n_words", n_words, 1)]]


def word_table(texts: Sequence[str], vocabulary: Sequence[str]) -> np.ndarray:
    """Return which text holds which word: ``(n_texts, n_words)`` of 0 and 1.

    Examples
    --------
    >>> word_table(["A red cat.", "Dogs"], ["red", "cat", "dog"])
    array([[1., 1., 0.],
           [0., 0., 0.]], dtype=float32)
    """
    columns = {word: column for column, word in enumerate(vocabulary)}
    table = np.zeros((len(texts), len(columns)), dtype=np.float32)
    for row, text in enumerate(check_strings("texts", texts)):
        table[row, [columns[word] for word in set(words(text)) if word in columns]] = 1
    return table


@dataclass(frozen=True)
class WordGuesser:
    """Weights and means of a ridge regression from vectors ``(n, d)`` to words ``(n, n_words)``."""

    vocabulary: tuple[str, ...]
    weights: np.ndarray
    mean_vector: np.ndarray
    mean_words: np.ndarray

    @classmethod
    def fit(
        cls,
        vectors: np.ndarray,
        table: np.ndarray,
        vocabulary: Sequence[str],
        aside: tuple[np.ndarray, np.ndarray],
        penalties: Sequence[float] = (0.01, 0.1, 1.0, 10.0, 100.0),
    ) -> WordGuesser:
        """Solve the ridge regression for each penalty, and keep the one that guesses best on texts kept aside.

        Parameters
        ----------
        vectors, table : ndarrays, shapes (n, d) and (n, n_words)
            The texts to learn from: their vectors and `word_table`.
        aside : tuple of ndarrays
            Vectors and table of other texts, which choose the penalty on the squares of the weights.
        """
        vectors, table = check_floats("vectors", vectors).astype(float), check_floats("table", table)
        if len(vectors) != len(table) or table.shape[1] != len(vocabulary):
            raise InputError(
                f"Vectors {vectors.shape}, table {table.shape}: a row for each text, a column for each word."
            )
        mean_vector, mean_words = vectors.mean(axis=0), table.mean(axis=0)
        x = vectors - mean_vector
        sizes, turned = np.linalg.eigh(x.T @ x)  # one decomposition serves all penalties
        right = turned.T @ (x.T @ (table - mean_words))
        guessers = [
            cls(tuple(vocabulary), turned @ (right / (sizes + penalty)[:, None]), mean_vector, mean_words)
            for penalty in penalties
        ]
        k = min(10, len(vocabulary))
        return max(guessers, key=lambda guesser: share_right(guesser.scores(aside[0]), aside[1], k).mean())

    def scores(self, vectors: np.ndarray) -> np.ndarray:
        """Return how much each word is suspected in each text: ``(n, n_words)``, about its probability."""
        return (check_floats("vectors", vectors) - self.mean_vector) @ self.weights + self.mean_words

    def guess(self, vector: np.ndarray, k: int = 10) -> list[str]:
        """Return the ``k`` most suspected words of one text."""
        order = np.argsort(-self.scores(np.asarray(vector)[None])[0].round(6), kind="stable")
        return [self.vocabulary[column] for column in order[:k]]


def share_right(scores: np.ndarray, table: np.ndarray, k: int = 10) -> np.ndarray:
    """Return, for each text, the share of its ``k`` most suspected words that it does hold: ``(n,)``.

    Examples
    --------
    >>> share_right([[0.9, 0.1, 0.8]], [[1, 1, 0]], k=2)
    array([0.5])
    """
    scores, table = check_floats("scores", scores), check_floats("table", table)
    if scores.shape != table.shape:
        raise InputError(f"Each word of each text needs a score, and the shapes are {scores.shape} and {table.shape}.")
    best = np.argsort(-scores.round(6), axis=1, kind="stable")[:, : check_whole("k", k, 1, scores.shape[1])]
    return np.take_along_axis(table, best, axis=1).mean(axis=1)


def noisy(vectors: np.ndarray, noise: float, seed: int = 0) -> np.ndarray:
    """Return the vectors with random numbers added, in the same shape and at length one again.

    ``noise`` is the length of what is added, on average, as a multiple of the vector's own.
    """
    from course_utils.common.vectors import unit_rows

    vectors = check_floats("vectors", vectors)
    drawn = np.random.default_rng(check_whole("seed", seed, 0)).normal(size=vectors.shape)
    return unit_rows((vectors + check_number("noise", noise, 0) * drawn / np.sqrt(vectors.shape[1])).astype(np.float32))
