"""What the course ships of trainings that take too long for a lesson; ``training/learn_together.py`` made it."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from course_utils.common import DATA
from course_utils.common.errors import InputError
from course_utils.federated.averaging import N_CLIENTS

__all__ = ["EVEN", "FOLDER", "N_CLIENTS", "SKEWED", "WAYS", "load_liars", "load_skew", "seed_interval"]

FOLDER = DATA / "federated"
EVEN, SKEWED = 1000.0, 0.03  # alpha of the Dirichlet distribution
N_STEPS, N_ROUNDS = 10, 10


def _way(alpha: float = SKEWED, n_steps: int = N_STEPS, n_rounds: int = N_ROUNDS, **more: bool) -> dict[str, Any]:
    """Return how one way to learn goes."""
    return {"alpha": alpha, "n_steps": n_steps, "n_rounds": n_rounds, "prox": False, "share": False} | more


WAYS = {
    "even": _way(EVEN),
    "skewed": _way(),
    "skewed, pull (FedProx)": _way(prox=True),
    "skewed, 300 shared": _way(share=True),
    "skewed, 1 step": _way(n_steps=1),
    "skewed, 50 steps": _way(n_steps=50),
    "skewed, 5 steps, twice the rounds": _way(n_steps=5, n_rounds=20),
    "skewed, 1 step, ten times the rounds": _way(n_steps=1, n_rounds=100),
}


def load_skew() -> list[dict[str, Any]]:
    """Return the runs of every way in `WAYS`, with the seeds 0 to 4.

    Each is a dict with ``way``, ``seed``, the ``accuracy`` on the test articles at the end, the ``curve`` of accuracies
    after each round, the chosen ``rate`` and ``pull``, and the ``grid`` of settings with their validation accuracies.

    Examples
    --------
    >>> len(load_skew()) == 5 * len(WAYS)
    True
    """
    return json.loads((FOLDER / "skew.json").read_text(encoding="utf-8"))["runs"]


def load_liars() -> list[dict[str, Any]]:
    """Return the runs with a client that lies or does not, for even and skewed splits and each way to join.

    Each is a dict with the ``split``, the way to ``join``, the ``lie`` (None: nobody lies), the chosen ``rate`` and the
    ``accuracy`` on the test articles at the end for each of the seeds 0 to 4.

    Examples
    --------
    >>> len(load_liars()) == 2 * 3 * 3
    True
    """
    return json.loads((FOLDER / "liars.json").read_text(encoding="utf-8"))


def seed_interval(values: list[float] | np.ndarray) -> tuple[float, float, float]:
    """Return the mean of a few runs' values and its 95% interval by Student's t, as suits few runs.

    Examples
    --------
    >>> [round(number, 3) for number in seed_interval([0.1, 0.2, 0.3])]
    [0.2, -0.048, 0.448]
    """
    from scipy import stats

    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or len(values) < 2:
        raise InputError(f"An interval needs at least two runs, and these have the shape {values.shape}.")
    half = stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)
