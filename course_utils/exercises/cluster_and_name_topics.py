"""The exercises of notebook 09, *Cluster texts and name the topics*, and the toy texts it begins with."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.exercises.quiz import Question, Quiz

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
# Points for k-means by hand: from the second start no point is nearest to the third centre.
POINTS = np.array([[0.0, 0.0], [0.0, 2.0], [1.0, 1.0], [6.0, 0.0], [7.0, 2.0], [3.0, 9.0]])
UNIT_ROWS = np.array([[1.0, 0.0], [0.8, 0.6], [0.6, 0.8], [-1.0, 0.0], [-0.8, 0.6]])  # to smooth
STARTS = (POINTS[[0, 1, 2]], np.array([[0.0, 0.0], [6.0, 1.0], [40.0, 40.0]]), POINTS[[3, 4]])


def assign(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return for each point the number of the nearest centre, ``(n, d), (k, d) -> (n,)``."""
    return ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)


def update(points: np.ndarray, labels: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Move each centre to the mean of its points; one without points stays, ``(n, d), (n,), (k, d) -> (k, d)``."""
    moved = centres.astype(float)
    for group in np.unique(labels):
        moved[group] = points[labels == group].mean(axis=0)
    return moved


def spread_start(points: np.ndarray, first: int, k: int) -> list[int]:
    """Return ``k`` rows far from each other: ``first``, then always the row farthest from its nearest chosen one.

    The rule is that of Gonzalez (1985); k-means++ draws by chance instead, and prefers far rows.
    """
    rows = [first]
    while len(rows) < k:
        squared = ((points[:, None] - points[rows]) ** 2).sum(axis=2)
        rows.append(int(squared.min(axis=1).argmax()))
    return rows


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


def _smooth_round(rows: np.ndarray, near: np.ndarray) -> np.ndarray:
    mean = rows[near].mean(axis=1)
    return mean / np.linalg.norm(mean, axis=1, keepdims=True)


def _test_smooth_round(function: Any) -> str:
    for k in (2, 3):
        near = np.argsort(-(UNIT_ROWS @ UNIT_ROWS.T), axis=1, kind="stable")[:, :k]
        before, right = UNIT_ROWS.copy(), _smooth_round(UNIT_ROWS, near)
        found = np.asarray(call(function, before, near.copy()), dtype=float)
        if not np.array_equal(before, UNIT_ROWS):
            raise Wrong("Your function changed the rows that it was given, so later means begin from smoothed rows.")
        if found.shape != right.shape:
            raise Wrong(
                f"One row for each row, shape {right.shape}: yours has {found.shape}. Over which axis is a mean?"
            )
        if not np.allclose(np.linalg.norm(found, axis=1), 1):
            raise Wrong("Your rows do not have length one: divide each mean by its length.")
        if np.allclose(found, _smooth_round(UNIT_ROWS, near[:, 1:])):
            raise Wrong("You left the row itself out: near names it too, and it belongs to the mean.")
        if not np.allclose(found, right, atol=0.005):
            raise Wrong("The means differ: rows[near] has shape (n, k, d), and the k rows are on its middle axis.")
    return "That is one round. The recipe takes three, and never looks for the neighbours again."


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


def _k_means_setting() -> dict[str, Any]:
    return {"np": np, "assign": assign, "update": update}


def _test_assign(answer: Any) -> str:
    for centres in STARTS:
        found, right = np.asarray(call(answer, POINTS.copy(), centres.copy())), assign(POINTS, centres)
        if found.shape != (len(POINTS),):
            raise Wrong(f"{len(POINTS)} points need one number each, and your result has shape {found.shape}.")
        if not np.issubdtype(found.dtype, np.integer):
            raise Wrong("The result should be whole numbers: which centre it is, not how far. argmin gives the place.")
        if np.array_equal(found, (POINTS @ centres.T).argmax(axis=1)) and not np.array_equal(found, right):
            raise Wrong("You compare by the dot product, and it prefers long centres: k-means takes distances.")
        if not np.array_equal(found, right):
            raise Wrong(f"For the centres {centres.tolist()} it should be {right.tolist()}, not {found.tolist()}.")
    return "Each point knows its group, and nothing has moved yet."


def _test_update(answer: Any) -> str:
    for centres in STARTS:
        labels, before = assign(POINTS, centres), centres.copy()
        found = np.asarray(call(answer, POINTS.copy(), labels, before), dtype=float)
        right = update(POINTS, labels, centres)
        if not np.array_equal(before, centres):
            raise Wrong("Your function changed the centres that it was given: begin with moved = centres.copy().")
        if found.shape != centres.shape:
            raise Wrong(f"{len(centres)} centres go in, and your result has shape {found.shape}.")
        if np.isnan(found).any():
            raise Wrong("A centre has become nan: it has no points, and the mean of nothing is nan. Let it stay.")
        if len(empty := np.setdiff1d(np.arange(len(centres)), labels)) and not np.allclose(
            found[empty], centres[empty]
        ):
            raise Wrong("A centre without points has moved: let it stay where it is.")
        if not np.allclose(found, right):
            raise Wrong(f"For the labels {labels.tolist()} the centres should be {right.round(2).tolist()}.")
    return "Each centre is the mean of its points, which gave the method its name."


def _test_spread_start(answer: Any) -> str:
    for first, k in ((5, 3), (0, 3), (3, 2), (2, 6)):
        found = [int(row) for row in call(answer, POINTS.copy(), first, k)]
        right = spread_start(POINTS, first, k)
        shown = f"From row {first} with k = {k}"
        if found[:1] != [first]:
            raise Wrong(f"{shown} the first of the rows should be {first}: begin with rows = [first].")
        if len(found) != k:
            raise Wrong(f"{shown} there should be {k} rows, and there are {len(found)}.")
        if len(set(found)) < k:
            raise Wrong(f"{shown} a row comes twice: {found}. Take the distance to the nearest of the chosen rows.")
        if found != right:
            raise Wrong(
                f"{shown} the rows should be {right}, not {found}: of each point's squared distances to the chosen "
                "rows take the smallest, and choose the point where that is largest."
            )
    return "The centres begin far from each other. scikit-learn's k-means++ has the same aim, and draws its rows."


smooth_round = Exercise(
    "smooth_once",
    _test_smooth_round,
    (
        "rows[near] has shape (n, k, d): for each row the k rows that near names.",
        "rows[near].mean(axis=1) is their mean, of shape (n, d).",
        "np.linalg.norm(mean, axis=1, keepdims=True) is the length of each mean, as a column: divide by it.",
    ),
    """
    def smooth_once(rows, near):
        mean = rows[near].mean(axis=1)
        return mean / np.linalg.norm(mean, axis=1, keepdims=True)
    """,
    lambda: {"np": np},
)

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

build_assign = Exercise(
    "assign",
    _test_assign,
    (
        "points[:, None] - centres has shape (n, k, d): each point minus each centre.",
        "Square that, and sum over the last axis: (n, k) squared distances.",
        "argmin(axis=1) is the column of the smallest number in each row.",
    ),
    """
    def assign(points, centres):
        return ((points[:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    """,
    _k_means_setting,
)

build_update = Exercise(
    "update",
    _test_update,
    (
        "Begin with a copy, moved = centres.copy(), so that a centre without points stays.",
        "points[labels == group] are the points of a group, and .mean(axis=0) is their middle.",
        "Go through np.unique(labels), which holds only groups that have points.",
    ),
    """
    def update(points, labels, centres):
        moved = centres.copy()
        for group in np.unique(labels):
            moved[group] = points[labels == group].mean(axis=0)
        return moved
    """,
    _k_means_setting,
)

build_start = Exercise(
    "spread_start",
    _test_spread_start,
    (
        "rows = [first], and while len(rows) < k you append one more.",
        "((points[:, None] - points[rows]) ** 2).sum(axis=2) has a row for each point, a column for each chosen one.",
        "min(axis=1) is the distance to the nearest chosen one; int(... .argmax()) is the row to append.",
    ),
    """
    def spread_start(points, first, k):
        rows = [first]
        while len(rows) < k:
            squared = ((points[:, None] - points[rows]) ** 2).sum(axis=2)
            rows.append(int(squared.min(axis=1).argmax()))
        return rows
    """,
    _k_means_setting,
)

quiz = Quiz(
    (
        Question(
            "k-means has stopped. What do you know?",
            {
                "It has found the best groups.": "From most starts our twelve sentences ended in worse ones.",
                "One more round of assigning and moving would change nothing.": "That is when it stops.",
                "The texts really fall into that many groups.": "It makes as many groups as it is asked for.",
            },
            "One more round of assigning and moving would change nothing.",
        ),
        Question(
            "k-means on the map did about as well as on the 384 numbers that it was made from. What follows?",
            {
                "Any two numbers would do.": "The two main directions scored 0.23, and the 384 numbers 0.31.",
                "One should cluster on the map.": "Smoothed vectors did as well, 0.36, and keep all 384 numbers.",
                "Two numbers can do, if they keep neighbours near.": "The map has 0.34, the two main directions 0.23.",
            },
            "Two numbers can do, if they keep neighbours near.",
        ),
        Question(
            "A density method calls half of the articles noise. What are they?",
            {
                "Articles between the crowds.": "Whoever has too few neighbours near is in no crowd.",
                "Bad or odd articles.": "It is about half of an encyclopedia.",
                "Articles that k-means would put into a group of their own.": "k-means has no such group: it gives "
                "each article to the nearest centre.",
            },
            "Articles between the crowds.",
        ),
        Question(
            "Why does the square root of a word's share give better names?",
            {
                "It makes rare words rarer.": "A rarity is left as it is; only the share in the class changes.",
                "It leaves out stop words.": "They are left out before anything is weighed.",
                "It lets frequency count for less, and so rarity for more.": "A word four times as frequent "
                "now counts twice as much.",
            },
            "It lets frequency count for less, and so rarity for more.",
        ),
        Question(
            "Of the 100 articles nearest to a name, 95 belong to its group of 966. What do you not know?",
            {
                "Whether the name leads to the right group.": "It does: chance would give about 11 of 100.",
                "How much of the group the name covers.": "“sport, game” had 95 of 100, and 36% of as many articles"
                " as its group has.",
                "Whether the name is a word of the group.": "That you can read, and it says little either way.",
            },
            "How much of the group the name covers.",
        ),
        Question(
            "Another seed gives groups with an ARI of 0.8 to yours. What should you tell your reader?",
            {
                "That 80% of the articles are in the right group.": "ARI is about pairs; neither grouping is right.",
                "Which groups came back, and that borders differ.": "What comes back each time can be relied on.",
                "Nothing, with a fixed seed it is exact.": "A fixed seed only hides the other outcomes.",
                "That the method is broken.": "There are several nearly equally good ways to cut the collection.",
            },
            "Which groups came back, and that borders differ.",
        ),
    )
)
