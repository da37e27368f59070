"""Results of trainings that take too long for a lesson; ``training/compare_architectures.py`` made them all."""

from __future__ import annotations

import functools
import json

import numpy as np

from course_utils.common import DATA
from course_utils.common.errors import InputError

FOLDER = DATA / "architectures"
FACTS = ("setting", "setting when exchanged", "setting of wider grid", "parameters", "seconds")
LEVELS = "0123456789abcdefg"  # of a pixel, from black to white


@functools.cache
def _stored() -> dict:
    return json.loads((FOLDER / "results.json").read_text(encoding="utf-8"))


def load_right(kind: str, method: str, test: str = "as trained") -> np.ndarray:
    """Return which test examples a method had right, ``(n_seeds, n_test)`` of bool, for the seeds 0, 1 and 2.

    Parameters
    ----------
    kind : {"table", "pictures", "time series", "text", "recall of 4", "recall of 8", "recall of 16"}
        The kind of data.
    method : {"linear", "trees", "MLP", "CNN", "GRU", "Transformer"}
        What was trained; one of `networks.VARIANTS` as well, for pictures or for texts. For pictures there are also
        ``"CNN, shifted copies"``, ``"CNN, 30 examples"`` (or 100, 300) and ``"CNN, larger page"``, and so for others.
        For the table there is ``"trees, 200 rounds"``, with five rates to choose from. Only networks learned to recall.
        Of 8 pairs ``"GRU, question first"`` had the tokens the other way round, and ``"GRU, longer"`` had four times as
        many steps.
    test : str
        ``"as trained"``, ``"wider grid"`` (with a setting beyond the three, if the first seed chose it),
        ``"exchanged"`` (all places in another order, in training too), or a change of the test alone:
        ``"shifted by 1"``, ``"shifted by 2"``, ``"reversed"``, ``"shuffled"``, ``"24 words"``, ``"48 words"`` or
        ``"72 words"``; on the larger page shifts go up to 6.

    Raises
    ------
    InputError
        If there is no such result.

    Examples
    --------
    >>> load_right("pictures", "CNN").shape
    (3, 597)
    """
    try:
        found = _stored()[kind]
        marks, n = found["methods"][method]["right"][test], found["n_test"][test]
    except KeyError as missing:
        raise InputError(f"There is no result for {missing.args[0]!r}: look at load_right's list.") from None
    return np.array([np.unpackbits(np.frombuffer(bytes.fromhex(mark), np.uint8))[:n] for mark in marks]).astype(bool)


def load_change(kind: str, method: str, test: str) -> np.ndarray:
    """Return what a change costs or brings at each test example, ``(n_seeds, n_test)``, from -1 to 1.

    It is the mark after the change minus the mark as trained; after a shift the mean of the four directions. The
    names are those of `load_right`; an InputError says if the changed test has other examples.

    Examples
    --------
    >>> round(float(load_change("pictures", "CNN", "shifted by 2").mean()), 2)
    -0.57
    """
    before, after = load_right(kind, method), load_right(kind, method, test)
    if after.shape[1] % before.shape[1]:
        raise InputError(f"The test {test!r} has other examples than the one as trained, so nothing can be subtracted.")
    return after.reshape(len(after), -1, before.shape[1]).mean(axis=1) - before


def load_facts(kind: str, method: str) -> dict:
    """Return how a method was trained: the ``setting`` chosen among three, its ``parameters`` and its ``seconds``.

    Linear models and trees have no ``parameters`` here (None); the seconds are those of one training, on one core. With
    all places exchanged, the networks chose anew: ``setting when exchanged``, None for other methods. Where the choice
    was at an edge of the three, it could go on beyond: ``setting of wider grid``.

    Examples
    --------
    >>> load_facts("pictures", "CNN")["setting"]
    0.01
    """
    try:
        found = _stored()[kind]["methods"][method]
    except KeyError as missing:
        raise InputError(f"There is no result for {missing.args[0]!r}: look at load_right's list.") from None
    return {name: found.get(name) for name in FACTS}


@functools.cache
def _generators() -> dict:
    return json.loads((FOLDER / "generators.json").read_text(encoding="utf-8"))


def load_scores(data: str, method: str) -> dict[float, list[tuple[float, int]]]:
    """Return the scores of a generator by its learning rate: for each seed the share that is good, and what is covered.

    Parameters
    ----------
    data : {"ring", "ring, falling", "digits", "ring, longer", "digits, longer"}
        The longer trainings have four times as many steps, and fewer rates. In the falling ones, of the plain GAN
        alone, the rate falls to 0. The share is that of points near a mode, or
        of digits that a classifier is sure of; covered are modes or digits.
    method : {"GAN", "GAN with penalty", "diffusion"}
        What was trained; other names raise an InputError.

    Examples
    --------
    >>> sorted(load_scores("ring", "GAN"))
    [0.0003, 0.001, 0.003, 0.01, 0.03]
    """
    return {
        float(rate): [(run["share"], run["covered"]) for run in found["runs"]]
        for rate, found in sorted(_found(data, method).items(), key=lambda item: float(item[0]))
    }


def load_nearer(data: str, method: str, rate: float) -> list[float]:
    """Return the share of 1,000 made digits whose nearest digit is one of the training, for each seed.

    It is the nearest of 1,200 training digits and 597 others, so without copying the share is about 0.67. ``data`` is
    ``"digits"`` or ``"digits, longer"``, and the ``rate`` the best one of the method, by its first seed.

    Examples
    --------
    >>> len(load_nearer("digits", "diffusion", 0.01))
    3
    """
    try:
        return [run["nearer"] for run in _found(data, method)[str(rate)]["runs"]]
    except KeyError:
        raise InputError(f"There are no digits for the rate {rate}.") from None


def load_digits(method: str, rate: float, seed: int = 0) -> np.ndarray:
    """Return the ten first digits that a generator made, ``(10, 8, 8)``, from 0 to 1 in 17 levels.

    The methods and the error are those of `load_scores`.

    Examples
    --------
    >>> load_digits("diffusion", 0.001).shape
    (10, 8, 8)
    """
    try:
        texts = _found("digits", method)[str(rate)]["runs"][seed]["digits"]
    except (KeyError, IndexError):
        raise InputError(f"There are no digits for the rate {rate} and the seed {seed}.") from None
    return np.array([[LEVELS.index(sign) for sign in text] for text in texts]).reshape(-1, 8, 8) / (len(LEVELS) - 1)


def _found(data: str, method: str) -> dict:
    try:
        return _generators()[data][method]
    except KeyError as missing:
        raise InputError(f"There is no result for {missing.args[0]!r}: look at load_scores' list.") from None
