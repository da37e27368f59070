"""A classifier of topics that can be shipped: numbers and words, and no code."""

# ruff: noqa: N803, N806 (W and X are the matrices of the prose)

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.federated.averaging import centred, train_locally

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

RATE, N_WORDS = 300.0, 5000
Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, eq=False)
class TopicModel:
    """A softmax regression on the vectors of texts, or, where ``words`` is given, on the words that they have.

    Parameters
    ----------
    topics : tuple of str
    W : ndarray, shape (d, n_topics)
        The last row is the bias.
    scale : ndarray, shape (384,) or (n_words,)
        The mean that is taken off each vector, or how rare each word is.
    words : tuple of str
        The words that count; empty for a model of vectors.
    """

    topics: tuple[str, ...]
    W: np.ndarray
    scale: np.ndarray
    words: tuple[str, ...] = ()

    def features(self, texts: Sequence[str], encode: Encode | None = None) -> np.ndarray | csr_matrix:
        """Return the rows that ``W`` is multiplied by, ``(n_texts, d)``.

        ``encode`` turns texts into vectors; `embeddings.embed`, which keeps what it computed, if left out.
        """
        texts = check_strings("texts", texts)
        if self.words:
            return word_features(texts, self.words, self.scale)
        if encode is None:
            from course_utils.embeddings import embed as encode
        return centred(encode(texts).astype(float), self.scale)

    def probabilities(self, texts: Sequence[str], encode: Encode | None = None) -> np.ndarray:
        """Return the probability of each topic for each text, ``(n_texts, n_topics)``."""
        return softmax(self.features(texts, encode) @ self.W)

    def predict(self, texts: Sequence[str], encode: Encode | None = None) -> np.ndarray:
        """Return the number of the likeliest topic of each text, ``(n_texts,)``."""
        return self.predict_rows(self.features(texts, encode))

    def predict_rows(self, X: np.ndarray | csr_matrix) -> np.ndarray:
        """Return the number of the likeliest topic for each row of `features`."""
        return (X @ self.W).argmax(axis=1)


def word_features(texts: Sequence[str], words: Sequence[str], rarity: np.ndarray) -> csr_matrix:
    """Return a row for each text with TF-IDF weights of the words, of length one, and a constant for the bias.

    Examples
    --------
    >>> word_features(["Snow!", "?"], ("river", "snow"), np.ones(2)).toarray().tolist()
    [[0.0, 1.0, 0.3], [0.0, 0.0, 0.3]]
    """
    import scipy.sparse
    from sklearn.feature_extraction.text import TfidfVectorizer

    from course_utils.federated.averaging import CONSTANT

    weigh = TfidfVectorizer(vocabulary=list(words), sublinear_tf=True)
    weigh.idf_ = rarity
    return scipy.sparse.hstack([weigh.transform(texts), np.full((len(texts), 1), CONSTANT)]).tocsr()


def frequent_words(texts: Sequence[str], n_words: int = N_WORDS) -> tuple[tuple[str, ...], np.ndarray]:
    """Return the words that occur most often, in the order of the alphabet, and how rare each of them is (its IDF).

    Examples
    --------
    >>> words, rarity = frequent_words(["snow falls on snow", "snow and sun", "the sun"], 2)
    >>> words, rarity.round(2).tolist()
    (('snow', 'sun'), [1.29, 1.29])
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    cutter = TfidfVectorizer(sublinear_tf=True, max_features=check_whole("n_words", n_words, 1)).fit(texts)
    return tuple(map(str, cutter.get_feature_names_out())), cutter.idf_


def train(
    texts: Sequence[str], y: np.ndarray, topics: Sequence[str], *, n_steps: int = 100, on_words: bool = False
) -> TopicModel:
    """Train a softmax regression by gradient descent from zero, on vectors or on words.

    Parameters
    ----------
    texts, y : sequence of str and ndarray of int, shape (n,)
        What is learned from, and the number of each text's topic.
    n_steps : int
        Steps on all texts at once, with a learning rate of 300.

    Examples
    --------
    >>> model = train(["snow and ice", "bread and milk"] * 2, np.array([0, 1, 0, 1]), ("cold", "food"), n_steps=1)
    >>> model.predict(["an ice age"]).tolist()
    [0]
    """
    if len(texts) != len(y):
        raise InputError(f"Each of {len(texts)} texts needs a topic, and there are {len(y)}.")
    if on_words:
        words, scale = frequent_words(texts)
    else:
        from course_utils.embeddings import embed

        words, scale = (), embed(texts).mean(axis=0, dtype=float)
    model = TopicModel(tuple(topics), np.zeros((0, len(topics))), scale, words)
    return go_on(model, model.features(texts), y, n_steps)


def go_on(model: TopicModel, X: np.ndarray | csr_matrix, y: np.ndarray, n_steps: int) -> TopicModel:
    """Return the model after more steps on rows of features; one without weights begins with zeros."""
    W = model.W if len(model.W) else np.zeros((X.shape[1], len(model.topics)))
    return TopicModel(model.topics, train_locally(W, X, np.asarray(y), RATE, n_steps), model.scale, model.words)
