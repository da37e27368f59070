"""Learning on the device: a reader opens one article after the other, and the taste changes on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError


@dataclass(frozen=True)
class Streams:
    """Streams of pairs: the article that the reader opened, and another one that was offered beside it.

    ``opened`` and ``other`` are rows of vectors, ``(n_streams, n_steps)``; ``change`` is the step at which the taste
    goes from one topic to another, and ``tastes`` has each reader's first topic and the second, ``(n_streams, 2)``.
    """

    opened: np.ndarray
    other: np.ndarray
    change: int
    tastes: np.ndarray


def draw_streams(
    y: np.ndarray, n_streams: int, n_steps: int, change: int | None = None, *, noise: float = 0.1, seed: int = 0
) -> Streams:
    """Draw streams of readers who like one topic, and from step ``change`` on another one.

    Parameters
    ----------
    y : ndarray of int, shape (n_articles,)
        The topics.
    change : int, optional
        The step of the change; none if left out.
    noise : float
        How often the reader opens an article of any topic.
    """
    y, rng = np.asarray(y), np.random.default_rng(check_whole("seed", seed, 0))
    topics = np.unique(y)
    if len(topics) < 2:
        raise InputError("A change of taste needs at least two topics.")
    change = n_steps if change is None else check_whole("change", change, 0, n_steps)
    tastes = rng.permuted(np.tile(topics, (check_whole("n_streams", n_streams, 1), 1)), axis=1)[:, :2]
    shape = n_streams, check_whole("n_steps", n_steps, 1)
    taste = np.repeat(tastes, [change, n_steps - change], axis=1)  # (n_streams, n_steps)
    opened, other = np.empty(shape, dtype=int), rng.integers(len(y), size=shape)
    for topic in topics:
        wanted = taste == topic
        opened[wanted] = rng.choice(np.flatnonzero(y == topic), wanted.sum())
        same = wanted & (y[other] == topic)
        other[same] = rng.choice(np.flatnonzero(y != topic), same.sum())
    strays = rng.random(shape) < check_number("noise", noise, 0, 1)
    opened[strays] = rng.integers(len(y), size=strays.sum())
    return Streams(opened, other, change, tastes)


def follow(
    vectors: np.ndarray, streams: Streams, share: float, *, alarm: tuple[int, int] | None = None, first: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Let a device guess which of two articles will be opened, and move its memory towards the one that was.

    The guess is the article with the larger product with the memory ``m``. Then ``m`` moves a share of the way towards
    the opened article: ``share``, or ``1 / n`` for the ``n``-th article while that is larger.

    Parameters
    ----------
    vectors : ndarray, shape (n_articles, d)
        The articles, with their mean taken off.
    alarm : (n_last, n_misses), optional
        Begin with an empty memory when that many of the last guesses were wrong.
    first : int
        After so many articles the alarm may ring for the first time.

    Returns
    -------
    (hits, alarms) : ndarrays of bool, shape (n_streams, n_steps)
        Whether the guess was right, and whether the memory was emptied after it.
    """
    share, (n_streams, n_steps) = check_number("share", share, 0, 1), streams.opened.shape
    n_last, n_misses = alarm or (1, 2)
    m, n = np.zeros((n_streams, vectors.shape[1]), vectors.dtype), np.zeros(n_streams)
    hits, alarms = np.zeros((2, n_streams, n_steps), dtype=bool)
    since = np.zeros(n_streams, dtype=int)  # guesses since the memory was empty
    recent = np.zeros((n_streams, n_last), dtype=bool)  # which of the last guesses were wrong
    for step in range(n_steps):
        opened, other = vectors[streams.opened[:, step]], vectors[streams.other[:, step]]
        hits[:, step] = ((opened - other) * m).sum(axis=1) > 0
        recent[:, step % n_last] = ~hits[:, step] & (since > 0)  # the first guess is blind
        n, since = n + 1, since + 1
        m += np.maximum(share, 1 / n)[:, None] * (opened - m)
        if alarm is not None:
            ring = (recent.sum(axis=1) >= n_misses) & (step >= first)
            alarms[:, step] = ring
            m[ring], n[ring], since[ring], recent[ring] = 0, 0, 0, False
    return hits, alarms


def follow_knowing(vectors: np.ndarray, y: np.ndarray, streams: Streams) -> np.ndarray:
    """Guess like `follow`, with the mean vector of the topic that the reader likes now in place of a memory.

    ``vectors`` is ``(n_articles, d)`` and ``y`` has their topics; the hits are ``(n_streams, n_steps)``.
    """
    means = np.array([vectors[y == topic].mean(axis=0) for topic in np.unique(y)])
    products, n_steps = vectors @ means.T, streams.opened.shape[1]  # (n_articles, n_topics)
    columns = np.searchsorted(np.unique(y), streams.tastes)
    taste = np.repeat(columns, [streams.change, n_steps - streams.change], axis=1)  # (n_streams, n_steps)
    return products[streams.opened, taste] > products[streams.other, taste]


def misses_that_ring(n_last: int, wrong: float, risk: float = 0.001) -> int:
    """Return the least number of wrong guesses among the last ones that has at most the risk while nothing changes.

    Examples
    --------
    >>> misses_that_ring(20, 0.1, 0.001)
    8
    """
    from scipy.stats import binom

    n_last, wrong = check_whole("n_last", n_last, 1), check_number("wrong", wrong, 0, 1)
    tails = binom.sf(np.arange(n_last + 1) - 1, n_last, wrong)  # of at least so many
    below = np.flatnonzero(tails <= check_number("risk", risk, 0, 1))
    return int(below[0]) if len(below) else n_last + 1


def delays(alarms: np.ndarray, change: int) -> tuple[np.ndarray, np.ndarray]:
    """Return how many steps after the change each stream's first alarm came, and whether one came before it.

    A stream without an alarm after the change counts as infinitely late.
    """
    alarms = np.asarray(alarms)
    after = alarms[:, change:]
    late = np.where(after.any(axis=1), after.argmax(axis=1) + 1.0, np.inf)
    return late, alarms[:, :change].any(axis=1)


def smoothed(hits: np.ndarray | Sequence, width: int = 10) -> np.ndarray:
    """Return the share of hits at each step over all streams, as a mean over the last steps.

    Examples
    --------
    >>> smoothed(np.array([[1, 0, 1, 1]]), 2).tolist()
    [1.0, 0.5, 0.5, 1.0]
    """
    means = np.concatenate([[0.0], np.asarray(hits, dtype=float).mean(axis=0).cumsum()])
    ends = np.arange(1, len(means))
    starts = np.maximum(ends - check_whole("width", width, 1), 0)
    return (means[ends] - means[starts]) / (ends - starts)
