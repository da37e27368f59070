"""What the course ships of experiments that take too long for a lesson; ``training/learn_from_reward.py`` made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.common import DATA
from course_utils.common.files import read_results

FOLDER = DATA / "rewards"
WORD, BEGINNING = "island", "The"  # what is paid for, and how each text begins
QUESTIONS = ("The main", "In the", "The sea", "The city")  # beginnings of three tokens, a group of texts for each


def load_leash() -> list[dict[str, Any]]:
    """Return the runs of the tiny GPT that was paid for a word, three seeds for each ``beta``.

    Each is a dict with ``beta``, ``seed``, what `words.judge_texts` says of fresh texts at the end (``with_it``,
    ``reward``, ``kl``, ``different``), and ``texts``, three texts of the model. The first run, which has no leash, also
    has its ``history``: the mean reward and divergence of each update's texts.

    Examples
    --------
    >>> runs = load_leash()
    >>> sorted({run["seed"] for run in runs})
    [0, 1, 2]
    """
    return _read("leash.json")


def load_tuning() -> dict[str, list[dict[str, float]]]:
    """Return how long the pole stood, on five seeds that the lesson does not use, for each setting that was tried.

    The keys are ``"reinforce"``, ``"baseline"``, ``"same cells"`` (REINFORCE on the cells of Q-learning) and
    ``"cells"`` (Q-learning). A setting has its parameters, ``"ends"``, how long the pole stands with each seed's policy
    in the end, and ``"length"``, the mean length of all episodes of the learning.
    """
    return _read("tuning.json")


def end_and_learning(setting: Mapping) -> tuple[float, float]:
    """Return what a setting of `load_tuning` is chosen by: how long the pole stands in the end, then while learning.

    Examples
    --------
    >>> end_and_learning({"ends": [500, 400], "length": 200.0})
    (450.0, 200.0)
    """
    return float(np.mean(setting["ends"])), setting["length"]


def load_pairs() -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of texts that the tiny GPT wrote: the better one of each has the word, the worse one has not.

    Returns
    -------
    (better, worse) : ndarrays of int64, shape (128, n_tokens)
        Token ids, the beginning first.

    Examples
    --------
    >>> [texts.shape for texts in load_pairs()]
    [(128, 33), (128, 33)]
    """
    pairs = _read("pairs.json")
    return np.array(pairs["better"]), np.array(pairs["worse"])


def load_preferred() -> list[dict[str, Any]]:
    """Return the models trained on the first hundred pairs, three seeds for each ``way`` and ``learning_rate``.

    The ways are ``"dpo"`` and ``"likelihood"``; each dict has what `words.judge_texts` says of fresh texts.
    """
    return _read("preferred.json")


def load_scored() -> list[dict[str, Any]]:
    """Return the runs of the tiny GPT that was paid by a score that `scores.fit_score` fitted to a hundred pairs.

    There are three seeds for each ``beta``. A run has what `words.judge_texts` says of fresh texts by the word
    (``with_it``, ``reward``, ``kl``, ``different``), ``score``, the mean score of these texts, ``texts``, three texts,
    and ``looks``: after each ten updates the batch's mean score, mean count of the word and share of texts with it.
    """
    return _read("scored.json")


def load_groups() -> list[dict[str, Any]]:
    """Return the runs of GRPO, three seeds for each way to use a batch: ``n_updates`` times, clipped at ``epsilon``.

    Each has its ``history``, the mean reward of each batch, and the share of its tokens that got no push from the clip
    in the end; and ``looks``, what `words.judge_texts` says of fresh texts after each batch, the mean of the four
    `QUESTIONS`.
    """
    return _read("groups.json")


def load_counts() -> np.ndarray:
    """Return with what probability the reference writes the word 0, 1, ... 10 times, from `rare.chances_of_counts`.

    Returns
    -------
    ndarray, shape (3, 11)
        The mean of four estimates, the lowest and the highest, each divided by its sum: so *lowest* and *highest* hold
        for the rare counts, and not for 0.

    Examples
    --------
    >>> load_counts()[:, 0].round(2)  # without the word
    array([0.97, 0.97, 0.96])
    """
    stored = _read("counts.json")
    chances = np.array([stored[name] for name in ("mean", "lowest", "highest")])
    return chances / chances.sum(axis=1, keepdims=True)


def _read(name: str) -> Any:
    return read_results(FOLDER / name, "training/learn_from_reward.py")
