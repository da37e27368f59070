"""What the course ships of trainings that take too long for a lesson; ``training/train_tiny_gpt.py`` made it all."""

from __future__ import annotations

import json

import numpy as np

from course_utils.common import DATA
from course_utils.common.errors import InputError
from course_utils.common.files import read_results
from course_utils.tiny_gpt.checkpoint import load_checkpoint
from course_utils.tiny_gpt.model import TinyGPT

FOLDER = DATA / "tiny_gpt"


def load_ablations(n_steps: int) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return the held-out losses of a small model, whole and without one part, in runs of 200 or of 3,000 steps.

    Returns
    -------
    (steps, lost) : ndarray of int, shape (n_looks,), and dict of ndarrays, shape (n_seeds, n_looks)
        When it was looked, and the losses then, in nats a token, by the part that was missing; ``"none"`` is the whole
        model. The three seeds are 0, 1 and 2.

    Examples
    --------
    >>> steps, lost = load_ablations(200)
    >>> steps, lost["attention"].shape
    (array([  0, 100, 200]), (3, 3))
    """
    stored = json.loads((FOLDER / "ablations.json").read_text(encoding="utf-8"))
    lengths = list(stored["none"])
    if str(n_steps) not in lengths:
        raise InputError(f"There are runs of {' and of '.join(lengths)} steps, and none of {n_steps!r}.")
    steps = [int(step) for step in stored["none"][str(n_steps)][0]]
    lost = {
        part: np.array([[run[str(step)] for step in steps] for run in runs[str(n_steps)]])
        for part, runs in stored.items()
    }
    return np.array(steps), lost


def load_rates() -> dict[str, list[float]]:
    """Return the held-out losses of the small model after 350 steps, by the learning rate, from the seeds 0 and 1.

    Examples
    --------
    >>> list(load_rates())
    ['0.0005', '0.005', '0.05', '0.5', '0.005, no warm-up']
    """
    return read_results(FOLDER / "rates.json", "training/train_tiny_gpt.py")


def load_shorter() -> TinyGPT:
    """Return the lesson's model after its 350 steps, as one computer trained it, with weights rounded to 16 bits.

    Processors round differently, and a training makes much of it: this one is the same everywhere.
    """
    return load_checkpoint(FOLDER / "shorter.safetensors")


def load_longer() -> tuple[TinyGPT, dict[int, float]]:
    """Return the lesson's model after 8,000 steps in place of 350, and its held-out losses by the number of steps."""
    judged = json.loads((FOLDER / "longer.json").read_text(encoding="utf-8"))
    return load_checkpoint(FOLDER / "longer.safetensors"), {int(step): loss for step, loss in judged.items()}
