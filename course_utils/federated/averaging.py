"""Federated averaging: clients train copies of one model on data that they keep, and a server averages the copies."""

# ruff: noqa: N803, N806 (W and X are the matrices of the prose)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.attention import softmax as softmax_rows
from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

N_CLIENTS = 10
CONSTANT = 0.3  # of the last column, whose weights are the bias: about as long as the rest of a row


@dataclass(frozen=True)
class Articles:
    """Vectors of articles, ready for a classifier, and the number of each one's topic.

    ``train`` and the others are pairs ``(X, y)`` of shapes ``(n, 385)`` and ``(n,)``; ``vectors`` are MiniLM's own of
    the three parts, ``(n, 384)``, and ``texts`` what was read.
    """

    topics: tuple[str, ...]
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    vectors: tuple[np.ndarray, ...]
    texts: tuple[tuple[str, ...], ...]

    def majority(self) -> float:
        """Return the accuracy on the test articles of the topic that is most frequent in training."""
        most = np.bincount(self.train[1]).argmax()
        return float((self.test[1] == most).mean())


def load_articles(n_train: int = 6000, n_validation: int = 1500, seed: int = 0) -> Articles:
    """Load Wikipedia's articles that have a topic, as MiniLM's vectors, in three parts drawn once.

    Examples
    --------
    >>> articles = load_articles()
    >>> articles.train[0].shape, len(articles.topics)
    ((6000, 385), 11)
    """
    from course_utils.corpus import NO_TOPIC, load_wikipedia
    from course_utils.embeddings import embed

    found = load_wikipedia()
    topics, texts = np.array(found["topic"]), list(found["text"])
    rows = np.flatnonzero(topics != NO_TOPIC)
    rows = np.random.default_rng(seed).permutation(rows)
    names, y = np.unique(topics, return_inverse=True)
    names = [name for name in names if name != NO_TOPIC]
    y = np.array([names.index(topics[row]) for row in rows])
    cuts = np.split(np.arange(len(rows)), [n_train, n_train + n_validation])
    read = tuple(tuple(texts[rows[n]] for n in part) for part in cuts)
    vectors = tuple(embed(part) for part in read)
    mean = vectors[0].mean(axis=0)
    parts = [(centred(each, mean), y[part]) for each, part in zip(vectors, cuts, strict=True)]
    return Articles(tuple(names), *parts, vectors=vectors, texts=read)


def centred(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Take a mean off the vectors and append a constant column: ``(n, d) -> (n, d + 1)``.

    All texts share a large part of their vectors. Without it much larger steps stay stable.

    Examples
    --------
    >>> centred(np.array([[2.0, 3.0]]), np.array([1.0, 1.0]))
    array([[1. , 2. , 0.3]])
    """
    return np.hstack([vectors - mean, np.full((len(vectors), 1), CONSTANT, vectors.dtype)])


def split_skewed(y: np.ndarray, n_clients: int, alpha: float, seed: int = 0) -> list[np.ndarray]:
    """Deal the articles of each topic to clients in shares drawn from a Dirichlet distribution.

    Parameters
    ----------
    y : ndarray of int, shape (n,)
        The number of each article's topic.
    alpha : float
        With 100 all clients get nearly the same mixture; with 0.1 most of a topic goes to one or two of them.

    Returns
    -------
    list of ndarray of int
        The positions of each client's articles; a client may get none.

    Notes
    -----
    The way to make skewed clients of Hsu, Qi and Brown (2019).

    Examples
    --------
    >>> parts = split_skewed(np.array([0] * 50 + [1] * 50), 4, 0.1)
    >>> sum(map(len, parts)), len(parts)
    (100, 4)
    """
    y = np.asarray(y)
    n_clients, alpha = check_whole("n_clients", n_clients, 1), check_number("alpha", alpha, 1e-3)
    rng, parts = np.random.default_rng(check_whole("seed", seed, 0)), [[] for _ in range(n_clients)]
    for topic in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == topic))
        cuts = (rng.dirichlet(np.full(n_clients, alpha)).cumsum()[:-1] * len(rows)).round().astype(int)
        for part, some in zip(parts, np.split(rows, cuts), strict=True):
            part.append(some)
    return [np.concatenate(part) for part in parts]


def gradient(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the gradient of the mean log loss of a softmax regression: ``X`` transposed times errors, by ``n``.

    ``W`` is ``(d, n_topics)``, ``X`` ``(n, d)`` and ``y`` ``(n,)``; the result has the shape of ``W``.

    Examples
    --------
    >>> gradient(np.zeros((1, 2)), np.array([[3.0]]), np.array([1]))
    array([[ 1.5, -1.5]])
    """
    if X.ndim != 2 or X.shape[1] != len(W):
        raise InputError(f"X has shape {X.shape} and W {W.shape}: X needs a column for each of W's {len(W)} rows.")
    errors = softmax_rows(X @ W)  # (n, n_topics)
    errors[np.arange(len(y)), y] -= 1
    return X.T @ errors / len(y)


def train_locally(
    W: np.ndarray, X: np.ndarray, y: np.ndarray, rate: float, n_steps: int, *, pull: float = 0.0
) -> np.ndarray:
    """Take steps down the loss on one client's articles, and return its new copy of the model.

    Parameters
    ----------
    W : ndarray, shape (d, n_topics)
        The server's model; it stays as it is.
    X, y : ndarray, shapes (n, d) and (n,)
        The client's articles. Without any the model comes back as it was.
    rate, n_steps : float, int
        The learning rate, and how many steps, each on all of the client's articles.
    pull : float
        FedProx's μ: ``pull / 2`` times the squared distance from the server's model is added to the loss.

    Notes
    -----
    Li and others (2020), *Federated Optimization in Heterogeneous Networks*, for the pull.

    Examples
    --------
    >>> train_locally(np.zeros((1, 2)), np.array([[3.0]]), np.array([1]), 0.1, 1)
    array([[-0.15,  0.15]])
    """
    own = W.copy()
    for _ in range(check_whole("n_steps", n_steps, 0) if len(y) else 0):
        own -= rate * (gradient(own, X, y) + pull * (own - W))
    return own


def average(models: Sequence[np.ndarray], sizes: Sequence[int]) -> np.ndarray:
    """Return the mean of the clients' models, each counted as often as its client has articles.

    Examples
    --------
    >>> average([np.array([1.0]), np.array([4.0])], [2, 1])
    array([2.])
    """
    if len(models) != len(sizes) or not np.sum(sizes):
        raise InputError(f"{len(models)} models need as many sizes, not all of them 0, and these are {list(sizes)}.")
    share = np.asarray(sizes, dtype=models[0].dtype) / np.sum(sizes, dtype=models[0].dtype)
    return np.tensordot(share, np.stack(models), axes=1)


def accuracy(W: np.ndarray, X: np.ndarray, y: np.ndarray) -> float:
    """Return the share of articles whose topic has the highest score."""
    return float(((X @ W).argmax(axis=1) == y).mean())


def learn_in_few_bits(
    clients: Sequence[tuple[np.ndarray, np.ndarray]],
    bits: int,
    *,
    n_topics: int,
    rate: float,
    n_steps: int,
    n_rounds: int,
) -> np.ndarray:
    """Run rounds where each client sends its copy minus the server's model, rounded; return the last model.

    ``bits`` is from 2 to 8, with one scale for each topic, or 32 for no rounding; the rest is that of `learn_together`.
    It computes in float64: a last bit, which differs from processor to processor, could turn a number that is rounded.
    """
    from course_utils.edge.quantise import rounded

    clients = [(X.astype(float), y) for X, y in clients]
    W, sizes = np.zeros((clients[0][0].shape[1], n_topics)), [len(y) for _, y in clients]
    for _ in range(check_whole("n_rounds", n_rounds, 0)):
        updates = [train_locally(W, *client, rate, n_steps) - W for client in clients]
        if bits != 32:
            updates = [rounded(update.T, bits).T for update in updates]
        W = W + average(updates, sizes)
    return W


def learn_together(
    clients: Sequence[tuple[np.ndarray, np.ndarray]],
    judge: tuple[np.ndarray, np.ndarray],
    *,
    n_topics: int,
    rate: float,
    n_steps: int,
    n_rounds: int,
    pull: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Run rounds of federated averaging from a model of zeros.

    Parameters
    ----------
    clients : sequence of (X, y)
        What each client keeps.
    judge : (X, y)
        Articles on which the averaged model is judged after each round.
    rate, n_steps, pull
        As in `train_locally`.

    Returns
    -------
    (W, curve) : ndarrays of shapes (d, n_topics) and (n_rounds + 1,)
        The last model, and the accuracies from before the first round on.
    """
    W = np.zeros((judge[0].shape[1], n_topics), dtype=judge[0].dtype)
    sizes, curve = [len(y) for _, y in clients], [accuracy(W, *judge)]
    for _ in range(check_whole("n_rounds", n_rounds, 0)):
        W = average([train_locally(W, X, y, rate, n_steps, pull=pull) for X, y in clients], sizes)
        curve.append(accuracy(W, *judge))
    return W, np.array(curve)
