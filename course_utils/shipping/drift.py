"""Has the input changed? Distances between what comes in and what came in, and alarms whose false ones are counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

LEAST = 1e-3  # a share of 0 would make the logarithm infinite


def quantile_edges(reference: Sequence[float], n_bins: int = 10) -> np.ndarray:
    """Return the inner edges of bins that hold equally many values of the reference: ``(n_bins - 1,)``.

    Examples
    --------
    >>> quantile_edges([1, 2, 3, 4, 5], 2)
    array([3.])
    """
    values = _values("reference", reference)
    return np.quantile(values, np.linspace(0, 1, check_whole("n_bins", n_bins, 2) + 1)[1:-1])


def bin_shares(values: Sequence[float], edges: np.ndarray) -> np.ndarray:
    """Return the share of values in each bin, ``(n_bins,)``; a value on an edge counts in the bin above.

    Examples
    --------
    >>> bin_shares([1, 2, 3, 4], np.array([3.0]))
    array([0.5, 0.5])
    """
    values = _values("values", values)
    return np.bincount(np.searchsorted(edges, values, side="right"), minlength=len(edges) + 1) / len(values)


def psi(expected: np.ndarray, actual: np.ndarray) -> np.ndarray | float:
    """Return the population stability index of two rows of shares: the sum of ``(a - e) ln(a / e)``.

    Parameters
    ----------
    expected : ndarray, shape (n_bins,)
        The shares of the reference.
    actual : ndarray, shape (n_bins,) or (n_windows, n_bins)
        Those of one window, or of several.

    Notes
    -----
    Siddiqi, *Credit Risk Scorecards* (2006). Shares below 0.001 are raised to it.

    Examples
    --------
    >>> round(float(psi(np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 3)
    0.275
    """
    expected, actual = np.asarray(expected, float), np.asarray(actual, float)
    if expected.shape[-1] != actual.shape[-1]:
        raise InputError(f"Both sides need the same bins, and there are {expected.shape[-1]} and {actual.shape[-1]}.")
    e, a = np.maximum(expected, LEAST), np.maximum(actual, LEAST)
    return ((a - e) * np.log(a / e)).sum(axis=-1)


def ks_distance(reference: Sequence[float], values: np.ndarray) -> np.ndarray | float:
    """Return the largest distance between two cumulative shares (Kolmogorov and Smirnov).

    ``values`` is one window ``(n,)`` or several ``(n_windows, n)``.

    Examples
    --------
    >>> float(ks_distance([1, 2, 3, 4], np.array([3, 4, 5, 6])))
    0.5
    """
    old = np.sort(_values("reference", reference))
    rows = np.sort(np.atleast_2d(np.asarray(values, float)), axis=1)
    n = rows.shape[1]
    above = np.searchsorted(old, rows, side="right") / len(old)  # reference at each value, and just below it
    below = np.searchsorted(old, rows, side="left") / len(old)
    # ties: the window's own share at a value is that of its last copy, and below it that of its first
    last = np.array([np.searchsorted(row, row, side="right") for row in rows]) / n
    first = np.array([np.searchsorted(row, row, side="left") for row in rows]) / n
    found = np.maximum(np.abs(last - above), np.abs(first - below)).max(axis=1)
    return found if np.ndim(values) == 2 else float(found[0])


def draw_windows(n_pool: int, n_windows: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Draw the rows of windows from a pool of requests, with replacement: ``(n_windows, size)``."""
    return rng.integers(check_whole("n_pool", n_pool, 1), size=(n_windows, check_whole("size", size, 1)))


def mix(calm: np.ndarray, other: np.ndarray, share: float | Sequence[float], rng: np.random.Generator) -> np.ndarray:
    """Put rows of another pool into windows, each place with the probability ``share``: ``(n_windows, size)``.

    ``other`` holds the rows of the other pool, already counted behind those of the calm one.
    """
    share = np.reshape([check_number("share", each, 0, 1) for each in np.atleast_1d(share)], (-1, 1))
    return np.where(rng.random(calm.shape) < share, rng.choice(other, calm.shape), calm)


class Monitors:
    """Four distances of a window from the reference.

    Parameters
    ----------
    probabilities : ndarray, shape (n_pool, n_topics)
        What the model said of each request that can come.
    vectors : ndarray, shape (n_pool, d)
        Their vectors.
    reference : ndarray of int
        The rows of the pool that are the reference.
    """

    names = ("topics (PSI)", "confidence (PSI)", "confidence (KS)", "vectors (mean)")

    def __init__(self, probabilities: np.ndarray, vectors: np.ndarray, reference: np.ndarray):
        self.confidence, self.topic = probabilities.max(axis=1), probabilities.argmax(axis=1)
        self.vectors, self.n_topics = np.asarray(vectors, float), probabilities.shape[1]
        self.old, self.edges = self.confidence[reference], quantile_edges(self.confidence[reference])
        self.bins = np.searchsorted(self.edges, self.confidence, side="right")
        topics = shares_of(self.topic[None, reference], self.n_topics)[0]
        self.expected = {"topic": topics, "bins": bin_shares(self.old, self.edges)}
        self.mean = self.vectors[reference].mean(axis=0)

    def measure(self, windows: np.ndarray) -> dict[str, np.ndarray]:
        """Return each distance for windows of rows: ``(n_windows, size)`` to ``(n_windows,)`` each."""
        found = (
            psi(self.expected["topic"], shares_of(self.topic[windows], self.n_topics)),
            psi(self.expected["bins"], shares_of(self.bins[windows], len(self.edges) + 1)),
            ks_distance(self.old, self.confidence[windows]),
            np.linalg.norm(means_of(self.vectors, windows) - self.mean, axis=1),
        )
        return dict(zip(self.names, found, strict=True))


def shares_of(numbers: np.ndarray, n: int) -> np.ndarray:
    """Return for each row of whole numbers the share of 0, 1, ..., n - 1: ``(n_windows, size) -> (n_windows, n)``.

    Examples
    --------
    >>> shares_of(np.array([[0, 0, 1, 2]]), 3)
    array([[0.5 , 0.25, 0.25]])
    """
    flat = numbers + n * np.arange(len(numbers))[:, None]
    return np.bincount(flat.ravel(), minlength=n * len(numbers)).reshape(len(numbers), n) / numbers.shape[1]


def means_of(vectors: np.ndarray, windows: np.ndarray) -> np.ndarray:
    """Return the mean vector of each window of rows: ``(n_windows, size) -> (n_windows, d)``.

    Examples
    --------
    >>> means_of(np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([[0, 0], [0, 1]]))
    array([[1. , 0. ],
           [0.5, 1. ]])
    """
    import scipy.sparse

    starts = np.arange(0, windows.size + 1, windows.shape[1])
    counts = scipy.sparse.csr_matrix((np.ones(windows.size), windows.ravel(), starts), (len(windows), len(vectors)))
    return counts @ vectors / windows.shape[1]


def thresholds(calm: Mapping[str, np.ndarray], risk: float) -> dict[str, float]:
    """Return for each monitor the value that calm windows exceed with the rate ``risk``."""
    check_number("risk", risk, 0, 1)
    return {name: float(np.quantile(values, 1 - risk)) for name, values in calm.items()}


def first_alarm(days: np.ndarray, limit: float) -> np.ndarray:
    """Return the first day of each run whose value is above the limit, and infinity where none is.

    ``days`` is ``(n_runs, n_days)``; the first day is 1.

    Examples
    --------
    >>> first_alarm(np.array([[0.1, 0.3, 0.2], [0.1, 0.1, 0.1]]), 0.25)
    array([ 2., inf])
    """
    rings = np.asarray(days) > limit
    return np.where(rings.any(axis=1), rings.argmax(axis=1) + 1.0, np.inf)


def _values(name: str, values: Sequence[float]) -> np.ndarray:
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or not len(found):
        raise InputError(f"{name} is a row of numbers, at least one, and this has the shape {found.shape}.")
    if not np.isfinite(found).all():
        raise InputError(f"{name} has NaN or infinity: find out where it comes from.")
    return found
