"""The exercises of notebook 09, *Cluster texts and name the topics*, and the toy texts it begins with."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, must_be_whole

TOY_TEXTS = (
    "The cat sleeps on the sofa.",
    "A puppy plays with a cat.",
    "Kittens drink milk.",
    "My dog barks at the neighbour's cat.",
    "The bank raised its interest rates.",
    "Shares fell on the stock market.",
    "Inflation makes money worth less.",
    "She opened a savings account at the bank.",
    "The telescope found a new planet.",
    "Stars are born in clouds of gas.",
    "The rocket flew past the Moon.",
    "Astronomers watch a distant galaxy.",
)
# Word counts of three classes, for c-TF-IDF by hand: the columns are "cat", "purr", "bank", "moon", "new".
COUNTS = np.array([[4, 2, 0, 0, 2], [0, 0, 5, 0, 3], [1, 0, 0, 4, 3]])
COUNTED_WORDS = ("cat", "purr", "bank", "moon", "new")


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils import topics
    from course_utils.corpus import NO_TOPIC, load_wikipedia

    articles = load_wikipedia()
    gold = np.array(articles["topic"][:])
    known = gold != NO_TOPIC
    texts = [text for text, keep in zip(articles["text"][:], known, strict=True) if keep]
    return {"np": np, "topics": topics, "texts": texts, "gold": gold[known], "counts": COUNTS}


@functools.lru_cache(maxsize=1)
def _n_the() -> int:
    from course_utils.topics import class_tfidf, topic_words

    names = _setting()
    words = topic_words(class_tfidf(names["texts"], names["gold"], stop_words=()), n_words=1)
    return sum(found == ["the"] for found in words.values())


def _weigh(counts: np.ndarray) -> np.ndarray:
    sizes = counts.sum(axis=1, keepdims=True)
    return counts / sizes * np.log(1 + int(sizes.mean()) / counts.sum(axis=0))


def _test_weigh(function: Any) -> str:
    for counts in (COUNTS, np.array([[1, 3], [2, 2], [8, 0]])):
        found = np.asarray(call(function, counts.copy()), dtype=float)
        sizes = counts.sum(axis=1, keepdims=True)
        rarity = np.log(1 + int(sizes.mean()) / counts.sum(axis=0))
        if found.shape != counts.shape:
            raise Wrong(f"It should return a table of shape {counts.shape}, and this has shape {found.shape}.")
        if np.allclose(found, counts / sizes):
            raise Wrong("These are the shares alone: multiply each column by log(1 + A / f).")
        if np.allclose(found, counts * rarity):
            raise Wrong("You multiplied the counts: divide each row by its sum first, or a long class has heavy words.")
        if np.allclose(found, counts / counts.sum(axis=0) * rarity):
            raise Wrong("You divided by the sums of the columns: a share of its class divides by the sum of the row.")
        if not np.allclose(found, counts / sizes * rarity, atol=0.005):
            raise Wrong("The weights differ: a share is count / sum of the row, and A is the mean of the rows' sums.")
    return "A word is heavy where it is frequent in its class and rare in the others, and 'new' names none of them."


def _test_n_the(answer: Any) -> str:
    must_be_whole("n_the", answer)
    right = _n_the()
    if answer == 0:
        raise Wrong("With the stop words left out there is no 'the': pass stop_words=() to keep them.")
    if answer != right:
        raise Wrong(f"Count the topics whose single heaviest word is 'the'; there are {len(set(_setting()['gold']))}.")
    return (
        f"In {right} of 11 topics. The logarithm makes a common word lighter, and 'the' is so frequent that it stays "
        "on top: leaving out stop words is not a detail."
    )


def _test_rand(function: Any) -> str:
    cases = [
        ([0, 0, 1, 1], [0, 0, 1, 1], 1.0),
        ([0, 0, 1, 1], [7, 7, 3, 3], 1.0),
        ([0, 0, 1, 1], [0, 1, 0, 1], 2 / 6),
        ([0, 0, 0, 1], [0, 0, 1, 1], 3 / 6),
    ]
    for one, other, right in cases:
        found = float(call(function, one, other))
        shown = f"For {one} and {other}"
        if right == 1.0 and one != other and found < 0.999:
            raise Wrong(f"{shown} it returns {found:.2f}: the groups are the same and only their names differ.")
        if abs(found - right) > 0.005:
            raise Wrong(f"{shown} {right:.2f} of the pairs agree, and it returns {found:.2f}: count each pair once.")
    return "What groups are called does not matter, only who is with whom. ARI subtracts what chance would give."


weigh = Exercise(
    "weigh",
    _test_weigh,
    (
        "sizes = counts.sum(axis=1, keepdims=True) is the number of words of each class, as a column.",
        "f = counts.sum(axis=0), and A = int(sizes.mean()).",
        "Return counts / sizes * np.log(1 + A / f).",
    ),
    """
    def weigh(counts):
        sizes = counts.sum(axis=1, keepdims=True)
        in_all = counts.sum(axis=0)
        return counts / sizes * np.log(1 + int(sizes.mean()) / in_all)
    """,
    lambda: {"np": np, "counts": COUNTS},
)

n_the = Exercise(
    "n_the",
    _test_n_the,
    (
        "found = topics.class_tfidf(texts, gold, stop_words=()) keeps every word.",
        "topics.topic_words(found, n_words=1) gives a list with one word for each topic.",
        "Count the lists that equal ['the'].",
    ),
    """
    found = topics.class_tfidf(texts, gold, stop_words=())
    first = topics.topic_words(found, n_words=1)
    n_the = sum(words == ["the"] for words in first.values())
    """,
    _setting,
)

rand = Exercise(
    "agreement",
    _test_rand,
    (
        "Go through all pairs i < j: itertools.combinations(range(len(one)), 2).",
        "A pair agrees if (one[i] == one[j]) is the same as (other[i] == other[j]).",
        "Return the number of pairs that agree, divided by the number of pairs.",
    ),
    """
    from itertools import combinations

    def agreement(one, other):
        pairs = list(combinations(range(len(one)), 2))
        return sum((one[i] == one[j]) == (other[i] == other[j]) for i, j in pairs) / len(pairs)
    """,
)
