"""The exercises of notebook 10, *Choose the words that say what a text is about*."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

MOST_ADDED = 12
PLANTED = "casino"


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.keywords import extract

    articles = load_wikipedia()
    return {"np": np, "extract": extract, "honey": articles["text"][articles["title"][:].index("Honey")]}


VECTORS = np.array([[3.0, 0.0], [0.8, 0.6], [0.0, 2.0], [-0.6, 0.8]])
TEXT = np.array([4.0, 3.0])


def relevance(text_vector: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the cosine of each row with the vector of the text."""
    return vectors @ text_vector / np.linalg.norm(vectors, axis=1) / np.linalg.norm(text_vector)


def redundancy(vectors: np.ndarray, chosen: Sequence[int]) -> np.ndarray:
    """Return for each row its greatest cosine with a row that was chosen."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return (unit @ unit[list(chosen)].T).max(axis=1)


def _building_setting() -> dict[str, Any]:
    return {"np": np, "relevance": relevance, "redundancy": redundancy}


def _numbers(answer: Any, n: int, *arguments: Any, what: str = "candidates") -> np.ndarray:
    given = call(answer, *arguments)
    try:
        given = np.asarray(given, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"It should return {n} numbers, for {n} {what}.") from None
    if given.shape != (n,):
        raise Wrong(f"For {n} {what} it should return {n} numbers, and what it returns has shape {given.shape}.")
    return given


def _test_relevance(answer: Any) -> str:
    given, right = _numbers(answer, 4, TEXT.copy(), VECTORS.copy()), relevance(TEXT, VECTORS)
    if np.allclose(given, VECTORS @ TEXT):
        raise Wrong("These are dot products: a long vector gets more. Divide by both lengths, and they are cosines.")
    if np.allclose(given, 1 - right):
        raise Wrong("These are distances, small for what is near. A cosine is large for what is near.")
    if np.allclose(given, right * np.linalg.norm(TEXT)):
        raise Wrong("The rows have length one now, and the vector of the text does not: divide by its length too.")
    if np.allclose(given, VECTORS @ TEXT / np.linalg.norm(TEXT)):
        raise Wrong("You divided by the length of the text's vector only. Each row has its own length: axis=1.")
    if not np.allclose(given, right):
        raise Wrong(
            f"For the vectors {VECTORS.tolist()} and the text {TEXT.tolist()} it should return {_short(right)}."
        )
    return "One product of a matrix with a vector, and every candidate knows how near it is."


def _test_redundancy(answer: Any) -> str:
    for chosen in ([0], [0, 3], [1, 2]):
        given, right = _numbers(answer, 4, VECTORS.copy(), list(chosen)), redundancy(VECTORS, chosen)
        if np.allclose(given, right):
            continue
        unit = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
        for summary, why in (
            (np.mean, "You take the mean over those chosen. One twin is enough to be a repetition: take the max."),
            (np.min, "You take the smallest likeness. It is the chosen phrase most like it that counts: take the max."),
            (np.sum, "You add the likenesses up. One twin is enough, and two are no worse: take the max."),
        ):
            if np.allclose(given, summary(unit @ unit[chosen].T, axis=1)):
                raise Wrong(why)
        if np.allclose(given, (VECTORS @ VECTORS[chosen].T).max(axis=1)):
            raise Wrong("These are dot products of vectors of different lengths. Divide each row by its length first.")
        raise Wrong(f"For the vectors {VECTORS.tolist()} and chosen={chosen} it should return {_short(right)}.")
    return "A candidate that was chosen gets 1: it is its own twin."


def _test_mmr(answer: Any) -> str:
    from course_utils.keywords import mmr

    rng = np.random.default_rng(10)
    vectors = rng.normal(size=(9, 4)) + np.array([1.0, 0.5, 0.0, 0.0])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    text = np.array([0.6, 0.8, 0.0, 0.0])
    for n, diversity in ((5, 0.0), (5, 0.3), (9, 0.5), (6, 0.9), (20, 0.4)):
        given = call(answer, text.copy(), vectors.copy(), n, diversity)
        try:
            given = [int(position) for position in given]
        except (TypeError, ValueError):
            raise Wrong("It should return a list of positions, such as [0, 3].") from None
        right = mmr(text, vectors, n, diversity)
        if len(set(given)) < len(given):
            raise Wrong(f"It chooses one twice: {given}. Set worth[chosen] = -np.inf before you take the argmax.")
        if len(given) != len(right):
            raise Wrong(f"Asked for {n} of 9 candidates it returns {len(given)} positions, and {len(right)} is right.")
        if given == right:
            continue
        if given == _by(text, vectors, n, 1 - diversity):
            raise Wrong("The two weights are exchanged: with diversity 0 only the relevance should count.")
        if given == mmr(text, vectors, n, 0.0):
            raise Wrong("That is the order of relevance alone. The redundancy must be subtracted at every choice.")
        if given == _by(text, vectors, n, diversity, sign=1):
            raise Wrong("You add the redundancy, so twins are welcome. It has to be subtracted.")
        if given == _by(text, vectors, n, diversity, only_first=True):
            raise Wrong("You compare with the first choice only. Compute the redundancy anew after every choice.")
        raise Wrong(f"For n={n} and diversity {diversity} it chooses {given}, and {right} is right.")
    return "It chooses what the course's mmr chooses, and that chooses what KeyBERT does."


def _by(
    text: np.ndarray, vectors: np.ndarray, n: int, diversity: float, *, sign: int = -1, only_first: bool = False
) -> list[int]:
    """Choose as `mmr` does, or with one of the mistakes that a learner may make."""
    near = relevance(text, vectors)
    chosen = [int(near.argmax())]
    while len(chosen) < min(n, len(vectors)):
        like = redundancy(vectors, chosen[:1] if only_first else chosen)
        worth = (1 - diversity) * near + sign * diversity * like
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return chosen


def _short(numbers: np.ndarray) -> list[float]:
    return [round(float(number), 2) for number in numbers]


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


def _two_methods(n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores of two methods: articles differ much, and the first method is ahead by 0.1 on average."""
    rng = np.random.default_rng(10)
    theirs = rng.random(n)
    return theirs + 0.1 + rng.normal(0, 0.2, n), theirs


def _test_interval(answer: Any) -> str:
    theirs = np.linspace(0.0, 0.8, 9)
    low, high = _ends(answer, theirs + 0.1, theirs, 0)
    if np.allclose([low, high], -0.1):
        raise Wrong("It gives the lead of theirs: subtract theirs from ours.")
    if not np.allclose([low, high], 0.1):
        raise Wrong(
            "Where ours is ahead by 0.1 on every article, its mean lead is 0.1 in every draw, and yours goes from "
            f"{low:+.2f} to {high:+.2f}. Draw the articles once, and take both scores of each article drawn."
        )
    ours, theirs = _two_methods()
    gaps = ours - theirs
    given = np.mean([_ends(answer, ours.copy(), theirs.copy(), seed) for seed in range(10)], axis=0)
    means = np.sort(gaps[np.random.default_rng(0).integers(len(gaps), size=(20_000, len(gaps)))].mean(axis=1))
    right, near = np.percentile(means, [2.5, 97.5]), 0.15 * means.std()
    if np.ptp(given) < near:
        raise Wrong("Every draw holds the same articles. Draw with repetition: some come twice, others not at all.")
    for wrong, why in (
        (right[::-1], "The ends are exchanged: the lower one comes first."),
        (np.percentile(gaps, [2.5, 97.5]), "That is the range of single articles. Take the mean of each draw first."),
        (np.percentile(means, [5, 95]), "Between the 5th and the 95th percentile lie 90 % of the means, not 95 %."),
    ):
        if np.allclose(given, wrong, atol=near):
            raise Wrong(why)
    if not np.allclose(given, right, atol=near):
        raise Wrong(f"On two methods of ours it gives {_short(given)}, and about {_short(right)} is right.")
    rows = np.random.default_rng(0).integers(len(gaps), size=(2, 1000, len(gaps)))
    apart = np.ptp(np.percentile(ours[rows[0]].mean(axis=1) - theirs[rows[1]].mean(axis=1), [2.5, 97.5]))
    return f"The interval of our test is {np.ptp(right):.2f} wide. With articles drawn apart it would be {apart:.2f}."


def _ends(answer: Any, ours: np.ndarray, theirs: np.ndarray, seed: int) -> np.ndarray:
    return _numbers(answer, 2, ours, theirs, np.random.default_rng(seed), what="ends")


def _test_supported(answer: Any) -> str:
    text = "Modern Art Nouveau spread from Brussels.\nParty halls and  metro stations were built in it."
    cases = [
        (["brussels", "vienna"], ["brussels"], "Vienna is not in the text, and Brussels is: capitals do not matter."),
        (["part", "art nouveau"], ["art nouveau"], "In the text “part” is only a piece of “Party”."),
        (["metro stations", "brussels metro"], ["metro stations"], "The words of “brussels metro” stand far apart."),
        (["halls and metro"], ["halls and metro"], "Two spaces or a new line between words should not matter."),
        (["brussels party"], [], "In the text a full stop lies between the two words."),
        (["stations", "built", "art"], ["stations", "built", "art"], "The order of the list should stay as it is."),
    ]
    for phrases, right, why in cases:
        given = call(answer, list(phrases), text)
        if isinstance(given, str) or not hasattr(given, "__iter__"):
            raise Wrong("It should give a list: those of the phrases that are in the text.")
        if list(given) != right:
            raise Wrong(f"Of {phrases} it keeps {list(given)}, and {right} is right. {why}")
    return "What is left can be found in the text by anyone. That does not make it a good keyword, only an honest one."


def _cheapest(thresholds: Sequence[float], split: Sequence[int], joined: Sequence[int], wrong: float) -> float:
    cost = np.add(split, wrong * np.array(joined))
    return max(threshold for threshold, paid in zip(thresholds, cost, strict=True) if paid == cost.min())


def _test_cheapest(answer: Any) -> str:
    thresholds, split, joined = [0.7, 0.8, 0.9], [0, 2, 6], [8, 3, 1]
    prices = (0.0, 0.25, 0.5, 1.0, 2.0, 10.0)
    given = [call(answer, list(thresholds), list(split), list(joined), wrong) for wrong in prices]
    if not all(isinstance(one, (int, float, np.number)) for one in given):
        raise Wrong("It should return one of the thresholds, such as 0.8.")
    if np.allclose(given, [_cheapest(thresholds, joined, split, wrong) for wrong in prices]):
        raise Wrong("The price belongs to the articles that get another's keywords: wrong * joined.")
    if np.allclose(given, thresholds[-1]):
        raise Wrong("It chooses the highest at any price. Does wrong count, and do the calls?")
    for wrong, one in zip(prices, given, strict=True):
        cost = [round(float(calls + wrong * others), 2) for calls, others in zip(split, joined, strict=True)]
        told = f"With a price of {wrong} the thresholds {thresholds} cost {cost}"
        right, places = _cheapest(thresholds, split, joined, wrong), np.isclose(one, thresholds)
        if not places.any():
            raise Wrong(f"{told}, and yours returns {one}. Return the threshold, neither its cost nor its place.")
        if np.isclose(one, right):
            continue
        if cost[int(places.argmax())] == min(cost):
            raise Wrong(f"{told}. Of equal ones return the highest.")
        raise Wrong(f"{told}, so {right} is cheapest, and yours chooses {one}.")
    return (
        "A free mistake asks for a low threshold, a dear one for a high one. The price comes from you, not from data."
    )


build_relevance = Exercise(
    "relevance",
    _test_relevance,
    (
        "vectors @ text_vector is a dot product for each row. What must it be divided by?",
        "np.linalg.norm(vectors, axis=1) holds the length of each row, np.linalg.norm(text_vector) that of the text.",
    ),
    """
    def relevance(text_vector, vectors):
        lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(text_vector)
        return vectors @ text_vector / lengths
    """,
    _building_setting,
)

build_redundancy = Exercise(
    "redundancy",
    _test_redundancy,
    (
        "unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) gives every row the length 1.",
        "unit @ unit[chosen].T has a row for each candidate, a column for each chosen one: take the max of each row.",
    ),
    """
    def redundancy(vectors, chosen):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return (unit @ unit[chosen].T).max(axis=1)
    """,
    _building_setting,
)

build_mmr = Exercise(
    "my_mmr",
    _test_mmr,
    (
        "near = relevance(text_vector, vectors); begin with chosen = [int(near.argmax())].",
        "In the loop: worth = (1 - diversity) * near - diversity * redundancy(vectors, chosen).",
        "Set worth[chosen] = -np.inf, append int(worth.argmax()), and stop at min(n, len(vectors)).",
    ),
    """
    def my_mmr(text_vector, vectors, n, diversity):
        near = relevance(text_vector, vectors)
        chosen = [int(near.argmax())]
        while len(chosen) < min(n, len(vectors)):
            worth = (1 - diversity) * near - diversity * redundancy(vectors, chosen)
            worth[chosen] = -np.inf
            chosen.append(int(worth.argmax()))
        return chosen
    """,
    _building_setting,
)

stuffing = Exercise(
    "stuffed",
    _test_stuffed,
    (
        "The vector of the text is an average over its tokens: words that are repeated pull it to themselves.",
        'Begin with the planted word: "casino " * 12 + honey.',
    ),
    'stuffed = "casino " * 12 + honey',
    _setting,
)

judge = Exercise(
    "paired_interval",
    _test_interval,
    (
        "gaps = np.subtract(ours, theirs) has one number for each article. Only these numbers are drawn.",
        "rng.integers(len(gaps), size=(1000, len(gaps))) draws 1,000 sets of articles, one in each row.",
        "gaps[draws].mean(axis=1) is the mean of each set; np.percentile(means, [2.5, 97.5]) gives both ends.",
    ),
    """
    def paired_interval(ours, theirs, rng):
        gaps = np.subtract(ours, theirs)
        draws = rng.integers(len(gaps), size=(1000, len(gaps)))
        return np.percentile(gaps[draws].mean(axis=1), [2.5, 97.5])
    """,
    lambda: {"np": np},
)

honest = Exercise(
    "keep_supported",
    _test_supported,
    (
        "Between the words of a phrase only spaces and line breaks may lie: join them with r'\\s+', and use re.search.",
        "(?<!\\w) before and (?!\\w) behind let whole words pass only; re.IGNORECASE ignores capitals.",
    ),
    r"""
    import re

    def occurs(phrase, text):
        words = r"\s+".join(re.escape(word) for word in phrase.split())
        return re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE) is not None

    def keep_supported(phrases, text):
        return [phrase for phrase in phrases if occurs(phrase, text)]
    """,
)

threshold = Exercise(
    "cheapest",
    _test_cheapest,
    (
        "np.array(split) + wrong * np.array(joined) is the cost of each threshold.",
        "Among the thresholds whose cost equals cost.min(), max gives the highest.",
    ),
    """
    def cheapest(thresholds, split, joined, wrong):
        cost = np.array(split) + wrong * np.array(joined)
        return max(t for t, c in zip(thresholds, cost) if c == cost.min())
    """,
    lambda: {"np": np},
)

quiz = Quiz(
    (
        Question(
            "“Aphids refinement” came out of the text on honey, which does not contain it. Why?",
            {
                "The encoder finds that the two words are close in meaning.": "No encoder was used at that point.",
                "The two words are frequent in other texts.": "The recipe saw this one text only.",
                "The stop word between two sentences was dropped, and their ends were joined.": (
                    "“… of aphids. This refinement …”: without “this” and the full stop, they are neighbours."
                ),
            },
            "The stop word between two sentences was dropped, and their ends were joined.",
        ),
        Question(
            "Diversity 0.5. A has closeness 0.8 and a twin among the chosen (likeness 0.9). B has closeness 0.5 and "
            "likeness 0.1. Which is chosen next?",
            {
                "A, since it is much closer to the text.": "With diversity 0 it is. Here its likeness costs 0.45.",
                "B.": "0.5 · 0.5 − 0.5 · 0.1 = 0.2, and A has 0.5 · 0.8 − 0.5 · 0.9 = −0.05.",
                "Neither, since a worth below zero ends the choice.": (
                    "Only the order counts, and the choice ends when n are chosen. B's worth is above zero, too."
                ),
            },
            "B.",
        ),
        Question(
            "The first five candidates had the best F1 on Wikipedia. What do we know from the further tests?",
            {
                "The score rewarded where the definition is: without that sentence they hardly beat chance.": (
                    "Their F1 fell from 0.53 to 0.14, and five at random had 0.12. With five phrases the interval of "
                    "the difference holds zero, with at most four words it is 0.02 to 0.08."
                ),
                "There is a mistake in the code, since a lazy method cannot win.": (
                    "It can, if the texts begin with what the score asks for."
                ),
                "The beginning of a text is the best place for keywords in general.": (
                    "In the bodies of the news texts the first five were no better than five at random."
                ),
            },
            "The score rewarded where the definition is: without that sentence they hardly beat chance.",
        ),
        Question(
            "Somebody compares methods and lets TF-IDF give single words, while the others also give pairs of words. "
            "What is wrong with that?",
            {
                "Nothing: each method should be used as its library has it.": (
                    "Then the table compares kinds of phrases as well as methods, and cannot tell them apart."
                ),
                "Single words are always worse keywords.": "“Bees” is a good one. The question is what was compared.",
                "TF-IDF needs more than 115 texts.": "Its rarities can come from thousands of other texts.",
                "Two things changed at once, so the difference cannot be put down to the method.": (
                    "In our first three tables all methods order the same candidates, and only the order differs."
                ),
            },
            "Two things changed at once, so the difference cannot be put down to the method.",
        ),
        Question(
            "A language model proposes a keyword that does not occur in the text. What follows?",
            {
                "It is false.": "“Bereaved” fits an orphan. It is only not written there.",
                "It cannot be checked by looking into the text.": (
                    "That is all, and why we drop it. Of the model's proposals from the fourth on, 61 of 164 were of "
                    "this kind."
                ),
                "It is better than the others, since it needed understanding.": (
                    "“Money system” for a credit card is one such keyword, and no better than “credit card”."
                ),
            },
            "It cannot be checked by looking into the text.",
        ),
    )
)
