"""How good is a search? Judged questions, and measures that compare rankings with the judgements."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from course_utils.errors import InputError, is_whole
from course_utils.search import Hit, words

SPLITS = ("development", "test")
Ranking = Sequence[int] | Sequence[Hit]


@dataclass(frozen=True)
class Question:
    """A question as a person would type it, and what people found when they read Wikipedia's summaries for it.

    ``titles`` are all the articles that answer it, none where the ten thousand do not. ``answers`` are short answers to
    accept, none where it has no short one. ``topic`` is that of the first article, ``None`` without one.
    """

    text: str
    topic: str | None
    split: str
    titles: tuple[str, ...]
    answers: tuple[str, ...]


def load_questions(split: Literal["development", "test"] | None = None) -> list[Question]:
    """Load the judged questions of the course: tune on the development split, look at the test split once.

    Parameters
    ----------
    split : {"development", "test"}, optional
        One half of the questions. Both when left out.

    Returns
    -------
    list of Question
        110 questions of each half have articles that answer them, ten for each topic, and 15 have none.

    Raises
    ------
    InputError
        If there is no such split.

    Examples
    --------
    >>> questions = load_questions("development")
    >>> len(questions), sum(not question.titles for question in questions)
    (125, 15)
    """
    if split not in (None, *SPLITS):
        raise InputError(f"There is no split {split!r}: choose development or test.")
    return [question for question in _read() if split in (None, question.split)]


def relevant_positions(questions: Iterable[Question], titles: Sequence[str]) -> list[set[int]]:
    """Return, for each question, the positions of the articles that answer it.

    Parameters
    ----------
    questions : iterable of Question
        For example ``load_questions("development")``.
    titles : sequence of str
        The titles of the texts that are searched, in their order.

    Raises
    ------
    InputError
        If an article that answers a question is not among ``titles``.

    Examples
    --------
    >>> question = Question("what is the capital of Latvia", "Geography", "test", ("Riga", "Latvia"), ("Riga",))
    >>> relevant_positions([question], ["Latvia", "Rome", "Riga"]) == [{0, 2}]
    True
    """
    position = {title: row for row, title in enumerate(titles)}
    found = []
    for question in questions:
        if absent := [title for title in question.titles if title not in position]:
            raise InputError(f"{absent[0]!r} answers {question.text!r} and is not among the titles: search them all.")
        found.append({position[title] for title in question.titles})
    return found


def recall_at_k(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Measure how much of what answers each question is among the first ``k`` results.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        For each question, positions of texts, the best first.
    relevant : sequence of set of int
        For each question, the positions of the texts that answer it, at least one.
    k : int
        How many results a person looks at.

    Returns
    -------
    ndarray of float, shape (n_questions,)
        From 0 (none of it) to 1 (all of it).

    Raises
    ------
    InputError
        If a question has nothing relevant, a ranking names a text twice, there are not as many rankings as
        questions, or ``k`` is no whole number from 1.

    Examples
    --------
    >>> recall_at_k([[7, 3, 5], [1, 2]], [{3, 9}, {4}], k=2)
    array([0.5, 0. ])
    """
    found = _found(rankings, relevant, k)
    return np.array([sum(hits) / len(wanted) for hits, wanted in zip(found, relevant, strict=True)])


def reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Return one over the place of the first right result: 1, 1/2, 1/3 ..., and 0 if it is not among the first ``k``.

    Parameters, shape and errors are those of `recall_at_k`.

    Examples
    --------
    >>> reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    array([0.5, 0. ])
    """
    return np.array([1 / (1 + hits.index(True)) if any(hits) else 0.0 for hits in _found(rankings, relevant, k)])


def mean_reciprocal_rank(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> float:
    """Return the mean of `reciprocal_rank` over the questions.

    Examples
    --------
    >>> mean_reciprocal_rank([[7, 3, 5], [1, 2]], [{3, 9}, {4}])
    0.25
    """
    return float(reciprocal_rank(rankings, relevant, k).mean())


def ndcg_at_k(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int = 10) -> np.ndarray:
    """Measure how near each ranking is to the best one: all that is relevant first, the higher the better.

    Parameters, shape and errors are those of `recall_at_k`.

    Notes
    -----
    Normalised discounted cumulative gain (Järvelin and Kekäläinen, 2002): a right result at place ``i`` is worth
    ``1 / log2(i + 1)``, and the sum is divided by that of the best ranking.

    Examples
    --------
    >>> ndcg_at_k([[7, 3, 5], [4, 2]], [{3, 9}, {4}]).round(3)
    array([0.387, 1.   ])
    """
    worth = 1 / np.log2(np.arange(2, k + 2))
    gains = [worth[: len(hits)][np.array(hits, dtype=bool)].sum() for hits in _found(rankings, relevant, k)]
    best = [worth[: len(wanted)].sum() for wanted in relevant]
    return np.array(gains) / best


def bootstrap_interval(
    values: Sequence[float], confidence: float = 0.95, n_resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Return the range in which the mean would probably lie if other questions of the same kind had been asked.

    Parameters
    ----------
    values : sequence of float
        A number for each question.
    confidence : float
        How probably, above 0 and below 1.
    n_resamples : int
        How many sets of questions to draw with replacement.
    seed : int
        The same seed draws the same sets.

    Raises
    ------
    InputError
        If there are no values, one is not finite, or a parameter is out of its range.

    Notes
    -----
    The percentile bootstrap (Efron, 1979).

    Examples
    --------
    >>> bootstrap_interval([1.0] * 30)
    (1.0, 1.0)
    >>> low, high = bootstrap_interval([0.0, 1.0] * 50)
    >>> round(low, 1), round(high, 1)
    (0.4, 0.6)
    """
    values = _finite(values)
    return percentile_interval(
        len(values), lambda drawn: values[drawn].mean(axis=1), confidence, n_resamples=n_resamples, seed=seed
    )


def percentile_interval(
    n: int,
    measure: Callable[[np.ndarray], np.ndarray],
    confidence: float = 0.95,
    *,
    n_resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Return the range of a measure over sets that are drawn with replacement: the percentile bootstrap.

    Parameters
    ----------
    n : int
        How many things there are, and how many go into each set.
    measure : callable
        Gets positions of shape ``(n_resamples, n)`` and returns a number for each set.
    confidence : float
        The share of the sets inside the range, above 0 and below 1.
    n_resamples : int
        How many sets to draw.
    seed : int
        The same seed draws the same sets.

    Raises
    ------
    InputError
        If a parameter is out of its range.

    Examples
    --------
    >>> percentile_interval(20, lambda drawn: drawn.mean(axis=1) * 0 + 7)
    (7.0, 7.0)
    """
    if not 0 < confidence < 1 or n_resamples < 1:
        raise InputError("confidence must be between 0 and 1, such as 0.95, and n_resamples at least 1.")
    drawn = np.random.default_rng(seed).integers(n, size=(n_resamples, n))
    low, high = np.quantile(measure(drawn), [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def paired_p_value(a: Sequence[float], b: Sequence[float], n_resamples: int = 10_000, seed: int = 0) -> float:
    """Return how often chance alone would set two methods as far apart as they are on the same questions.

    Parameters
    ----------
    a, b : sequence of float
        A number for each question from either method, in the same order.
    n_resamples : int
        How many times to swap the two methods' numbers on a random half of the questions.
    seed : int
        The same seed swaps the same ones.

    Returns
    -------
    float
        Near 0 if chance hardly ever does it; 1 if the methods are equal.

    Raises
    ------
    InputError
        If the lengths differ, there are no values, or one is not finite.

    Notes
    -----
    Fisher's randomisation test, two-sided, recommended for rankings by Smucker, Allan and Carterette (2007).

    Examples
    --------
    >>> paired_p_value([1, 1, 1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 0, 0, 0]) < 0.02
    True
    """
    a, b = _finite(a), _finite(b)
    if len(a) != len(b):
        raise InputError(f"Both methods need a value for each question, and there are {len(a)} and {len(b)}.")
    differences = a - b
    signs = np.random.default_rng(seed).choice([-1.0, 1.0], size=(n_resamples, len(a)))
    as_far = np.abs(signs @ differences) >= np.abs(differences.sum()) - 1e-9
    return float((as_far.sum() + 1) / (n_resamples + 1))


def has_answer(text: str, answers: Iterable[str]) -> bool:
    """Tell whether a text holds one of the accepted answers, as whole words, whatever their case and accents.

    Parameters
    ----------
    text : str
        What was said.
    answers : iterable of str
        The answers to accept; a plural counts too.

    Examples
    --------
    >>> has_answer("They are called antlers.", ["antler"]), has_answer("The year 10.", ["1"])
    (True, False)
    """
    said = " ".join(words(text))
    wanted = [" ".join(words(answer)) for answer in answers]
    return any(re.search(rf"\b{answer}(?:e?s)?\b", said) for answer in wanted if answer)


@functools.lru_cache(maxsize=1)
def _read() -> tuple[Question, ...]:
    rows = json.loads(Path(__file__).with_name("questions.json").read_text(encoding="utf-8"))
    return tuple(Question(**{**row, "titles": tuple(row["titles"]), "answers": tuple(row["answers"])}) for row in rows)


def _found(rankings: Sequence[Ranking], relevant: Sequence[set[int]], k: int) -> list[list[bool]]:
    """Say for each of the first ``k`` results whether it is relevant, after looking over the input."""
    if not is_whole(k) or k < 1:
        raise InputError(f"k says how many results count, a whole number from 1, and {k!r} is not.")
    if len(rankings) != len(relevant):
        raise InputError(f"Each of {len(relevant)} questions needs a ranking, and there are {len(rankings)}.")
    if not len(rankings):
        raise InputError("There are no questions, so there is nothing to measure.")
    found = []
    for number, (ranking, wanted) in enumerate(zip(rankings, relevant, strict=True)):
        if not wanted:
            raise InputError(f"Question {number} is not judged: no text is known to answer it. Leave it out.")
        positions = [int(hit.position) if isinstance(hit, Hit) else int(hit) for hit in ranking]
        if len(set(positions)) < len(positions):
            raise InputError(f"The ranking of question {number} names a text twice, which would count it twice.")
        found.append([position in wanted for position in positions[:k]])
    return found


def _finite(values: Sequence[float]) -> np.ndarray:
    values = np.asarray(values, dtype=float)
    if values.ndim != 1 or not len(values):
        raise InputError(f"There must be a number for each question, and this has shape {values.shape}.")
    if not np.isfinite(values).all():
        raise InputError("One of the values is NaN or infinite: find out where it comes from.")
    return values
