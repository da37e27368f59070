"""What the course ships of the shrunk encoders, which take too long for a lesson.

``training/shrink_encoder.py`` and ``training/retrain_encoder.py`` made them.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from course_utils.common import DATA
from course_utils.common.errors import InputError

FOLDER = DATA / "edge"
N_TEXTS = 600  # test articles, the first thirty words of each
TRAINED = {  # the runs of one version by another name, and the megabytes of its weights
    "int3, trained": ("int3, blocks of 32", 9.8),
    "int2, trained": ("int2, blocks of 32", 7.0),
    "int2, trained longer": ("int2, six times as long", 7.0),
    "50% pruned, trained": ("50% pruned", 47.5),
    "70% pruned, trained": ("70% pruned", 29.6),
    "half the units, trained": ("half the inner units", 75.2),
}
N_FIT = 1500  # training articles, cut in the same way, for a classifier fitted to a version's own vectors


def load_encoders() -> list[dict[str, Any]]:
    """Return the shrunk encoders: ``name``, ``megabytes`` of the weights, ``cosine`` to the full encoder's vectors.

    ``said`` holds the topic, as a number, that a classifier gave each of the 600 texts from the vector. The full and
    the pruned versions also have ``refitted``: what a classifier says that was fitted to the version's own vectors.

    Examples
    --------
    >>> rows = load_encoders()
    >>> rows[0]["name"], len(rows[0]["said"])
    ('float32', 600)
    """
    return json.loads((FOLDER / "encoder.json").read_text(encoding="utf-8"))


def load_retrained() -> list[dict[str, Any]]:
    """Return the runs in which what pruning or rounding left was trained: ``name``, ``seed``, ``cosine``, ``said``.

    Where ``seed`` is None, the version has not been trained yet.

    Examples
    --------
    >>> sum(run["name"] == "50% pruned" and run["seed"] is not None for run in load_retrained())
    3
    """
    return json.loads((FOLDER / "retrained.json").read_text(encoding="utf-8"))


def load_hits(name: str, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return what a version of `load_retrained` hit before its training, ``(600,)``, and in each run after it.

    Examples
    --------
    >>> before, after = load_hits("50% pruned", np.zeros(600))
    >>> before.shape, after.shape
    ((600,), (3, 600))
    """
    return _hits(load_retrained(), name, truth)


def _hits(runs: list[dict[str, Any]], name: str, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hits = {run["seed"]: np.equal(run["said"], truth).astype(float) for run in runs if run["name"] == name}
    if not hits:
        raise InputError(f"Nothing is shipped of {name!r}; choose from {sorted({run['name'] for run in runs})}.")
    return hits.pop(None), np.array(list(hits.values()))


def load_trained(truth: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
    """Return the trained versions by name: the megabytes of the weights, and the mean run's hits, ``(600,)``.

    Examples
    --------
    >>> size, hits = load_trained(np.zeros(600))["50% pruned, trained"]
    >>> size, hits.shape
    (47.5, (600,))
    """
    runs = load_retrained()
    return {name: (size, _hits(runs, run, truth)[1].mean(axis=0)) for name, (run, size) in TRAINED.items()}


def load_parts() -> dict[str, list[dict[str, Any]]]:
    """Return what was said when parts of the encoder had fewer bits than others, by ``name``.

    In ``alone`` a single part has 2 bits, and the texts are those of `load_encoders`. In ``dealt``, with
    ``megabytes``, the table of words has fewer bits than the blocks, and the texts are the other test articles.

    Examples
    --------
    >>> [row["name"] for row in load_parts()["alone"]][:2]
    ['table of words', 'block 1']
    """
    return json.loads((FOLDER / "parts.json").read_text(encoding="utf-8"))
