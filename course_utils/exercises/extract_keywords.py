"""The exercises of notebook 10, *Choose the words that say what a text is about*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

MOST_ADDED = 12
PLANTED = "casino"


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.keywords import extract

    articles = load_wikipedia()
    return {"np": np, "extract": extract, "honey": articles["text"][articles["title"][:].index("Honey")]}


def _test_mmr(answer: Any) -> str:
    closeness = np.array([0.9, 0.8, 0.5, 0.45])
    likeness = np.array([[1.0, 0.9, 0.5, 0.1], [0.9, 1.0, 0.2, 0.0], [0.5, 0.2, 1.0, 0.5], [0.1, 0.0, 0.5, 1.0]])
    cases = [(0.0, [0, 1, 2, 3]), (0.5, [0, 3, 2, 1]), (1.0, [0, 3, 2, 1])]
    for diversity, right in cases:
        given = call(answer, closeness.copy(), likeness.copy(), 4, diversity)
        try:
            given = [int(position) for position in given]
        except (TypeError, ValueError):
            raise Wrong("It should give a list of positions, such as [0, 3].") from None
        if len(given) != 4:
            raise Wrong(f"Asked for 4 it gives {len(given)} positions.")
        if len(set(given)) < 4:
            raise Wrong(
                f"With diversity {diversity} it chooses one twice: {given}. What was chosen is out of the race."
            )
        if given != right:
            if given == _by(closeness, likeness, diversity, np.mean):
                raise Wrong(
                    "You take the mean likeness to those chosen. One twin is enough to be a repetition: the max."
                )
            if given == _by(closeness, likeness, 1 - diversity, np.max):
                raise Wrong("The two weights are exchanged: with diversity 0 only the closeness should count.")
            if given == [0, 1, 2, 3]:
                raise Wrong(
                    "That is the order of closeness alone. The likeness must be subtracted: not added, not left out."
                )
            raise Wrong(f"With diversity {diversity} it chooses {given}, and {right} is right.")
    return "Three lines of arithmetic, and the second keyword is no longer the first in other words."


def _by(closeness: np.ndarray, likeness: np.ndarray, diversity: float, summary: Any) -> list[int]:
    chosen = [int(closeness.argmax())]
    while len(chosen) < len(closeness):
        worth = (1 - diversity) * closeness - diversity * summary(likeness[:, chosen], axis=1)
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return chosen


def _test_stuffed(answer: Any) -> str:
    setting = _setting()
    if not isinstance(answer, str):
        raise Wrong(f"stuffed should be a text, and this is {type(answer).__name__}.")
    if setting["honey"] not in answer:
        raise Wrong("The whole article must be in it: add your words before or after it.")
    added = answer.replace(setting["honey"], " ").split()
    if not added:
        raise Wrong("Nothing is added yet.")
    if len(added) > MOST_ADDED:
        raise Wrong(f"You added {len(added)} words. {MOST_ADDED} must do.")
    best = setting["extract"](answer, 1)[0].text
    if PLANTED not in best:
        hint = f"It holds no {PLANTED}." if PLANTED not in answer.lower() else "Say it more often, or with its friends."
        raise Wrong(f"The first keyword is still {best!r}. {hint}")
    return f"{len(added)} words behind {len(setting['honey'].split())}, and an article on honey is about a {best}."


def _test_supported(answer: Any) -> str:
    text = "Modern Art Nouveau spread from Brussels.\nParty halls and  metro stations were built in it."
    cases = [
        (["brussels", "vienna"], ["brussels"], "Vienna is not in the text, and Brussels is: capitals do not matter."),
        (["part", "art nouveau"], ["art nouveau"], "In the text “part” is only a piece of “Party”."),
        (["metro stations", "brussels metro"], ["metro stations"], "The words of “brussels metro” stand far apart."),
        (["halls and metro"], ["halls and metro"], "Two spaces or a new line between words should not matter."),
        (["stations", "built", "art"], ["stations", "built", "art"], "The order of the list should stay as it is."),
    ]
    for phrases, right, why in cases:
        given = call(answer, list(phrases), text)
        if isinstance(given, str) or not hasattr(given, "__iter__"):
            raise Wrong("It should give a list: those of the phrases that are in the text.")
        if list(given) != right:
            raise Wrong(f"Of {phrases} it keeps {list(given)}, and {right} is right. {why}")
    return "What is left can be found in the text by anyone. That does not make it a good keyword, only an honest one."


diverse = Exercise(
    "my_mmr",
    _test_mmr,
    (
        "Begin with chosen = [closeness.argmax()]. likeness[:, chosen].max(axis=1) is each one's greatest likeness.",
        "worth = (1 - diversity) * closeness - diversity * that; set worth[chosen] = -np.inf and take the argmax.",
    ),
    """
    def my_mmr(closeness, likeness, n, diversity):
        chosen = [int(closeness.argmax())]
        while len(chosen) < n:
            worth = (1 - diversity) * closeness - diversity * likeness[:, chosen].max(axis=1)
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        return chosen
    """,
    lambda: {"np": np},
)

stuffing = Exercise(
    "stuffed",
    _test_stuffed,
    (
        "The vector of the text is an average over its tokens: words that come often pull it to themselves.",
        'Begin with the planted word: "casino " * 12 + honey.',
    ),
    'stuffed = "casino " * 12 + honey',
    _setting,
)

honest = Exercise(
    "keep_supported",
    _test_supported,
    (
        "Make lists of words: re.findall(r'\\w+', text.lower()), and the same for the phrase.",
        "With both joined by single spaces and a space at either end, `in` finds whole words only.",
    ),
    r"""
    import re

    def only_words(text):
        return " " + " ".join(re.findall(r"\w+", text.lower())) + " "

    def keep_supported(phrases, text):
        return [phrase for phrase in phrases if only_words(phrase) in only_words(text)]
    """,
)
