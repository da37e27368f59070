"""Who gets the new model: a share of the requests by their hash, how many that must be, and what they show."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

N_BUCKETS = 10_000


def bucket(request_id: str, salt: str = "") -> int:
    """Return a number from 0 to 9,999 that depends on the request's id alone, and is the same everywhere.

    With another ``salt``, such as the name of another trial, other requests share a number.

    Examples
    --------
    >>> bucket("request 7"), bucket("request 8")
    (5433, 2507)
    """
    if not isinstance(request_id, str):
        raise InputError(f"The id of a request is text, and {request_id!r} is not: write str(...).")
    return int(hashlib.sha256(f"{salt}{request_id}".encode()).hexdigest(), 16) % N_BUCKETS


@dataclass
class Rollout:
    """Which version answers: ``live``, or for a share of the requests ``canary``. `roll_back` ends the trial."""

    live: str
    canary: str | None = None
    share: float = 0.0
    history: list[str] = field(default_factory=list)

    def version_for(self, request_id: str) -> str:
        """Return the version that answers this request."""
        chosen = self.canary is not None and bucket(request_id) < self.share * N_BUCKETS
        return self.canary if chosen else self.live

    def start(self, version: str, share: float) -> None:
        """Send a share of the requests to another version."""
        self.canary, self.share = version, check_number("share", share, 0, 1)
        self.history.append(f"canary {version} with {share:.0%}")

    def roll_back(self, why: str) -> None:
        """Send everything to the live version again; InputError if there is no trial."""
        if self.canary is None:
            raise InputError("There is no canary to send back: start one first.")
        self.history.append(f"rolled back {self.canary}: {why}")
        self.canary, self.share = None, 0.0


def needed(p: float, loss: float, *, risk: float = 0.05, power: float = 0.8) -> int:
    """Return how many requests each side needs, so that a loss of right answers from ``p`` to ``p - loss`` is seen.

    Parameters
    ----------
    p, loss : float
        The rate of right answers of the live model, and by how much that of the canary is lower.
    risk, power : float
        How often an equal model may be sent back, and how often a worse one shall be.

    Notes
    -----
    One-sided test of two proportions with the normal approximation (Fleiss, Levin and Paik, *Statistical Methods for
    Rates and Proportions*, 2003): ``n = (z_risk + z_power)² (p q + p' q') / loss²``.

    Examples
    --------
    >>> needed(0.8, 0.05), needed(0.8, 0.1)
    (860, 229)
    """
    check_number("p", p, 0, 1)
    if not 0 < check_number("loss", loss, 0, 1) <= p:
        raise InputError(f"The loss must be above 0 and at most p = {p}, and {loss} is not.")
    low = p - loss
    return math.ceil(_both(risk, power) ** 2 * (p * (1 - p) + low * (1 - low)) / loss**2)


def needed_in_shadow(apart: float, loss: float, *, risk: float = 0.05, power: float = 0.8) -> int:
    """Return how many requests are needed where both models answer each, and disagree on the share ``apart``.

    ``apart`` counts the requests that exactly one of the two answers right. The test is McNemar's: the mean of the
    differences 1, 0 and -1, which have the variance ``apart - loss²``.

    Examples
    --------
    >>> needed_in_shadow(0.15, 0.05)
    365
    """
    if not 0 < check_number("loss", loss, 0, 1) <= check_number("apart", apart, 0, 1):
        raise InputError(f"The loss must be above 0 and at most the share apart, {apart}, and {loss} is not.")
    return math.ceil(_both(risk, power) ** 2 * (apart - loss**2) / loss**2)


def loss_p_value(right_live: int, n_live: int, right_canary: int, n_canary: int) -> np.ndarray | float:
    """Return how often a canary as good as the live model would look at least as bad by chance (one-sided).

    The two rates are compared with the normal approximation and their common variance; arrays of counts work too.

    Examples
    --------
    >>> round(float(loss_p_value(160, 200, 140, 200)), 3)
    0.01
    """
    from scipy.stats import norm

    common = (np.asarray(right_live) + right_canary) / (n_live + n_canary)
    error = np.sqrt(common * (1 - common) * (1 / n_live + 1 / n_canary))
    gap = np.asarray(right_live) / n_live - np.asarray(right_canary) / n_canary
    return norm.sf(np.divide(gap, error, out=np.zeros_like(gap), where=error > 0))


def caught(
    p: float, loss: float, n: int, *, n_live: int = 0, risk: float = 0.05, n_trials: int = 4000, seed: int = 0
) -> float:
    """Simulate canaries with ``n`` requests, and return the share of them that a test sends back.

    The live model gets ``n_live`` requests; as many as the canary, if left out.

    Examples
    --------
    >>> 0.75 < caught(0.8, 0.1, 229) < 0.85
    True
    """
    rng, n = np.random.default_rng(seed), check_whole("n", n, 1)
    n_live = check_whole("n_live", n_live, 0) or n
    live, canary = rng.binomial(n_live, p, n_trials), rng.binomial(n, p - loss, n_trials)
    return float(np.mean(loss_p_value(live, n_live, canary, n) < risk))


def caught_peeking(p: float, n: int, looks: int, *, risk: float = 0.05, n_trials: int = 4000, seed: int = 0) -> float:
    """Return how often an equally good canary is sent back if the test is made ``looks`` times on the way to ``n``."""
    rng, step = np.random.default_rng(seed), n // check_whole("looks", looks, 1, n)
    live, canary = (rng.binomial(step, p, (n_trials, looks)).cumsum(axis=1) for _ in range(2))
    sizes = step * np.arange(1, looks + 1)
    return float(np.mean((loss_p_value(live, sizes, canary, sizes) < risk).any(axis=1)))


def _both(risk: float, power: float) -> float:
    from scipy.stats import norm

    check_number("risk", risk, 0, 1)
    return float(norm.isf(risk) + norm.ppf(check_number("power", power, 0, 1)))
