"""Gates before a promotion: a test set, its slices, behaviours that must not change the answer, and latency."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common.checks import check_number, check_strings
from course_utils.common.errors import InputError
from course_utils.shipping.data import Texts
from course_utils.shipping.models import Encode, TopicModel

LIMITS = {"test set": 0.02, "worst slice": 0.15, "behaviours": 0.80, "latency": 1000.0}


@dataclass(frozen=True)
class Gate:
    """One gate: what was measured, the limit, on which side of it a model passes, and where the value comes from."""

    name: str
    value: float
    limit: float
    at_least: bool = True
    where: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is on the right side of the limit."""
        return bool(self.value >= self.limit if self.at_least else self.value <= self.limit)


def slices(y: np.ndarray, topics: Sequence[str], right: np.ndarray) -> dict[str, float]:
    """Return the share of right answers for the texts of each topic.

    Examples
    --------
    >>> slices(np.array([0, 0, 1]), ("Arts", "People"), np.array([True, False, True]))
    {'Arts': 0.5, 'People': 1.0}
    """
    if len(y) != len(right):
        raise InputError(f"There are {len(y)} texts and {len(right)} answers: they must be as many.")
    return {name: float(right[y == number].mean()) for number, name in enumerate(topics) if (y == number).any()}


def slices_of(model: TopicModel, test: Texts) -> dict[str, float]:
    """Return the share of right answers of a model for the texts of each topic, as `slices` does."""
    return slices(test.y, model.topics, model.predict(test.texts) == test.y)


def first_sentence(text: str) -> str:
    """Return a text up to its first full stop that a space and a capital follow.

    Examples
    --------
    >>> first_sentence("Snow falls. It is cold. Very.")
    'Snow falls.'
    """
    return re.split(r"(?<=\.)\s+(?=[A-Z])", text, maxsplit=1)[0]


def with_typos(text: str, every: int = 5) -> str:
    """Exchange the second and the third letter of every fifth word that has four or more.

    Examples
    --------
    >>> with_typos("a river that flows through southern France", every=2)
    'a river taht flows trhough southern Farnce'
    """
    seen = 0

    def change(word: re.Match) -> str:
        nonlocal seen
        seen += 1
        letters = word[0]
        return letters if seen % every else letters[0] + letters[2] + letters[1] + letters[3:]

    return re.sub(r"[^\W\d_]{4,}", change, text)


CHANGES: dict[str, Callable[[str], str]] = {
    "lower case": str.lower,
    "typos": with_typos,
    "tags": lambda text: f"<p>{text}</p>",
    "polite": lambda text: f"Hello! Could you please tell me the topic of this? {text} Thank you very much!",
    "no full stop": lambda text: text.rstrip("."),
}


def behaviours(
    model: TopicModel, texts: Sequence[str], changes: Mapping[str, Callable[[str], str]] = CHANGES
) -> dict[str, float]:
    """Return for each change of the texts the share of answers that stay the same.

    Notes
    -----
    The invariance tests of Ribeiro and others, *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*
    (2020).
    """
    before, texts = model.predict(texts), check_strings("texts", texts)
    return {name: float(np.mean(model.predict([do(t) for t in texts]) == before)) for name, do in changes.items()}


def slow_case(model: TopicModel, texts: Sequence[str], encode: Encode) -> float:
    """Return the milliseconds within which 95% of single texts are answered: time differs between computers."""
    model.predict(texts[:1], encode)  # what is loaded at the first time does not count
    times = []
    for text in texts:
        start = time.perf_counter()
        model.predict([text], encode)
        times.append(1000 * (time.perf_counter() - start))
    return float(np.quantile(times, 0.95))


def judge(
    candidate: TopicModel,
    live: TopicModel,
    test: Texts,
    same: Mapping[str, float],
    slow: float,
    limits: Mapping[str, float] = LIMITS,
) -> list[Gate]:
    """Return the four gates of a candidate, measured beside the live model on the same texts.

    Parameters
    ----------
    same : mapping of str to float
        What `behaviours` measured.
    slow : float
        What `slow_case` measured, in milliseconds.
    limits : mapping of str to float
        The losses of accuracy that are allowed on the whole test set and on one slice, the least share of unchanged
        answers, and the most milliseconds.
    """
    right, before = (model.predict(test.texts) == test.y for model in (candidate, live))
    mine, other = (slices_of(model, test) for model in (candidate, live))
    worst = min(mine, key=lambda name: mine[name] - other[name])
    weak = min(same, key=same.get)
    allowed = [check_number(name, limits[name], 0) for name in LIMITS]
    return [
        Gate("test set", float(right.mean()), float(before.mean()) - allowed[0]),
        Gate("worst slice", mine[worst], other[worst] - allowed[1], where=worst),
        Gate("behaviours", same[weak], allowed[2], where=weak),
        Gate("latency", slow, allowed[3], at_least=False),
    ]
