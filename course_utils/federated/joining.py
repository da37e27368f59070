"""Ways to join the clients' copies when one of them may lie: the mean, a mean without extremes, the median."""

# ruff: noqa: N806 (W is the matrix of the prose)

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.federated.averaging import accuracy, train_locally

LIES = ("loud", "quiet")
SPREAD = 1000  # of a loud lie


def trim(copies: Sequence[np.ndarray], axis: int = 0) -> np.ndarray:
    """Leave out the largest and the smallest number at each place, and return the mean of the rest.

    Raises
    ------
    InputError
        If there are fewer than three copies.

    Examples
    --------
    >>> trim(np.array([[1.0, 5.0], [2.0, 900.0], [3.0, 7.0], [-500.0, 6.0]])).tolist()
    [1.5, 6.5]
    """
    ordered = np.sort(copies, axis=axis)
    if ordered.shape[axis] < 3:
        raise InputError(f"Of {ordered.shape[axis]} copies nothing is left without two: give three or more.")
    return np.delete(ordered, [0, -1], axis=axis).mean(axis=axis)


JOINS: dict[str, Callable[..., np.ndarray]] = {"mean": np.mean, "trimmed": trim, "median": np.median}


def learn_joined(
    clients: Sequence[tuple[np.ndarray, np.ndarray]],
    join: Callable[..., np.ndarray],
    *,
    n_topics: int,
    rate: float,
    n_steps: int,
    n_rounds: int,
    lie: str | None = None,
) -> np.ndarray:
    """Run rounds in which the server joins the copies by another rule than the weighted mean; return the last model.

    Parameters
    ----------
    join : callable
        Turns the copies into one model: ``join(copies, axis=0)``, as `numpy.mean` and `numpy.median` do. Each client
        counts the same.
    lie : str, optional
        What the first client does in every round. ``"loud"``: it sends random numbers of a spread of 1,000.
        ``"quiet"``: it trains as all do, with the next topic in place of the right one.
    rate, n_steps
        As in `train_locally`.

    Notes
    -----
    Yin and others (2018), *Byzantine-Robust Distributed Learning*, for the median and the trimmed mean.

    Examples
    --------
    >>> clients = [(np.array([[3.0]]), np.array([1]))] * 3
    >>> how = {"n_topics": 2, "rate": 0.1, "n_steps": 1, "n_rounds": 1}
    >>> learn_joined(clients, np.median, lie="loud", **how)
    array([[-0.15,  0.15]])
    """
    if lie not in (None, *LIES):
        raise InputError(f"There is no lie {lie!r}; choose None, {' or '.join(map(repr, LIES))}.")
    W = np.zeros((clients[0][0].shape[1], n_topics), dtype=clients[0][0].dtype)
    rng = np.random.default_rng(0)
    if lie == "quiet":
        X, y = clients[0]
        clients = [(X, (y + 1) % n_topics), *clients[1:]]
    for _ in range(check_whole("n_rounds", n_rounds, 0)):
        copies = [train_locally(W, *client, rate, n_steps) for client in clients]
        if lie == "loud":
            copies[0] = rng.normal(0, SPREAD, W.shape).astype(W.dtype)
        W = join(copies, axis=0)
    return W


def best_joined_rate(
    deals: Sequence[Sequence[tuple[np.ndarray, np.ndarray]]],
    join: Callable[..., np.ndarray],
    judge: tuple[np.ndarray, np.ndarray],
    rates: Sequence[float] = (30.0, 100.0, 300.0, 1000.0),
    **how: int,
) -> float:
    """Return the learning rate with which `learn_joined` is right for most of the articles ``judge``, ``(X, y)``.

    ``deals`` holds several lists of clients, over which accuracy is averaged; ``how`` goes to `learn_joined`.
    """
    right = [np.mean([accuracy(learn_joined(one, join, rate=rate, **how), *judge) for one in deals]) for rate in rates]
    return rates[int(np.argmax(right))]
