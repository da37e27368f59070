"""Exercises of notebook 26: means put together, a stamp, a queue that waits, and a sharded search in three steps."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.scale.measuring import finish_time
from course_utils.scale.partitions import fingerprint

N_WORKERS, N_TASKS, ALL_MINUTES, AT_LEAST = 4, 12, 60, 45


def shard_of(title: str, n_shards: int) -> int:
    """Return the number of the shard in which an article lies."""
    return zlib.crc32(title.encode()) % n_shards


def best_of_shard(vectors: np.ndarray, positions: np.ndarray, query: np.ndarray, k: int) -> list[tuple[float, int]]:
    """Return the ``k`` best hits of a shard, ``(score, position)``, the best first."""
    scores = vectors @ query
    rows = np.argsort(-scores, kind="stable")[:k]
    return [(float(scores[row]), int(positions[row])) for row in rows]


def merge(lists: Sequence[Sequence[tuple[float, int]]], k: int) -> list[tuple[float, int]]:
    """Return the ``k`` best hits of several lists; of equal scores the smaller position comes first."""
    hits = [hit for each in lists for hit in each]
    return sorted(hits, key=lambda hit: (-hit[0], hit[1]))[:k]


def _means_setting() -> dict[str, Any]:
    return {"np": np}


def _stamp_setting() -> dict[str, Any]:
    return {"np": np, "hashlib": hashlib, "fingerprint": fingerprint}


def _queue_setting() -> dict[str, Any]:
    return {"np": np, "finish_time": finish_time}


def _shards_setting() -> dict[str, Any]:
    return {"np": np, "zlib": zlib}


def _test_combine_means(function: Any) -> str:
    parts = [(10.0, 1), (2.0, 3), (5.0, 4)]
    found = call(function, parts)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("Return a pair (mean, n), so that it can be combined again.")
    mean, n = float(found[0]), found[1]
    if np.isclose(mean, 17 / 3):
        raise Wrong("This is the mean of the means: the partition with a single number counts as much as the largest.")
    if np.isclose(mean, 36.0):
        raise Wrong("This is the sum of all numbers: divide it by how many there are.")
    if np.isclose(mean, 12.0):
        raise Wrong("You divided by the number of partitions: divide by the number of all numbers.")
    if not np.isclose(mean, 4.5):
        raise Wrong(f"The eight numbers have the sum 10 + 6 + 20, so the mean is 4.5, and yours is {mean:g}.")
    if n != 8:
        raise Wrong(f"The pair's second number says how many numbers there are, 8, and yours is {n}.")
    twice = call(function, [call(function, parts[:2]), parts[2]])
    if not np.allclose(twice, (4.5, 8)):
        raise Wrong("Combining two of them first and the third afterwards should give the same pair.")
    if not np.allclose(call(function, [(0.0, 0), (3.0, 2)]), (3.0, 2)):
        raise Wrong("A partition without numbers, (0.0, 0), should change nothing.")
    return "Sums and counts can be added in any order. A median cannot be put together from the medians of parts."


def _test_stamp_of(function: Any) -> str:
    texts, model = ["ab", "c", "d"], "m"
    first = call(function, list(texts), model)
    if not isinstance(first, str) or len(first) > 200:
        raise Wrong("A stamp is a short string, which goes into the metadata of a file: use a hash.")
    if len(call(function, ["long text " * 500] * 9, model)) > 200:
        raise Wrong("For long texts your stamp is long too: hash them.")
    if first != function(list(texts), model):
        raise Wrong("The same texts and model should give the same stamp each time.")
    others = {
        "another model: put its name into the stamp": (texts, "n"),
        "another last text: every text counts": (["ab", "c", "e"], model),
        "another order of the texts": (["c", "ab", "d"], model),
        "other ends of the texts, ['a', 'bc'] in place of ['ab', 'c']: hash the lengths too": (["a", "bc", "d"], model),
        "a text less and a model that begins with it": (["ab", "c"], "dm"),
    }
    for what, arguments in others.items():
        if function(*arguments) == first:
            raise Wrong(f"Your stamp is the same for {what}.")
    if hasattr(function, "__code__") and "hash" in function.__code__.co_names:
        raise Wrong("Python's own hash gives other numbers for text in each process: use hashlib or fingerprint.")
    return "The package's fingerprint writes the length before each part, so that no two lists look alike."


def _test_minutes(answer: Any) -> str:
    try:
        minutes = np.asarray(list(answer), dtype=float)
    except (TypeError, ValueError):
        raise Wrong("minutes is a list of twelve numbers.") from None
    if minutes.shape != (N_TASKS,):
        raise Wrong(f"There are twelve tasks, and your list has the shape {minutes.shape}.")
    if not (minutes > 0).all():
        raise Wrong("Each task takes more than 0 minutes.")
    if not np.isclose(minutes.sum(), ALL_MINUTES):
        raise Wrong(f"The minutes should add up to {ALL_MINUTES}, and yours add up to {minutes.sum():g}.")
    needs = finish_time(minutes.tolist(), [1] * N_WORKERS)
    if np.allclose(minutes, minutes[0]):
        raise Wrong(f"Equal tasks are best for the queue: it needs {needs:g} minutes. Make one much larger.")
    if needs < AT_LEAST - 1e-9:
        raise Wrong(f"The queue needs {needs:.1f} minutes: make the largest task larger still, or let it come last.")
    sorted_needs = finish_time(sorted(minutes.tolist(), reverse=True), [1] * N_WORKERS)
    return f"It needs {needs:.0f} minutes, and {sorted_needs:.0f} with the longest first: one worker does a piece."


def _test_shard_of(function: Any) -> str:
    titles = [f"article {n}" for n in range(4000)]
    found = [call(function, title, 4) for title in titles]
    if not all(isinstance(each, int | np.integer) and not isinstance(each, bool) for each in found):
        raise Wrong("The number of a shard is a whole number.")
    if min(found) < 0 or max(found) > 3:
        raise Wrong(f"With 4 shards the numbers go from 0 to 3, and yours from {min(found)} to {max(found)}.")
    sizes = np.bincount(found, minlength=4)
    if sizes.max() > 1.2 * sizes.min():
        raise Wrong(f"4,000 articles should be spread evenly over 4 shards, and yours have {sizes.tolist()}.")
    if found != [function(title, 4) for title in titles]:
        raise Wrong("The same title came to two different shards: do not draw by chance, compute it from the title.")
    if hasattr(function, "__code__") and "hash" in function.__code__.co_names:
        raise Wrong("hash gives other numbers for text in each process: take zlib.crc32 of the title's bytes.")
    function("Łódź", 4)
    return "crc32 is quick and the same everywhere. Whoever wants to look an article up computes its shard."


def _hits(found: Any) -> list[tuple[float, int]]:
    try:
        return [(round(float(score), 6), int(position)) for score, position in found]
    except (TypeError, ValueError):
        raise Wrong("Return a list of pairs (score, position).") from None


def _test_best_of_shard(function: Any) -> str:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [-1.0, 0.0]])
    positions, query = np.array([40, 10, 30, 20]), np.array([0.8, 0.6])
    found = _hits(call(function, vectors, positions, query, 2))
    if len(found) != 2:
        raise Wrong(f"For k = 2 there are two hits, and you return {len(found)}.")
    if [p for _, p in found] == [2, 0]:
        raise Wrong("These are rows of the shard: look their positions in the whole corpus up.")
    if found == [(-0.8, 20), (0.6, 10)]:
        raise Wrong("These are the worst: sort by the score from above.")
    if found == [(0.8, 40), (0.96, 30)]:
        raise Wrong("The best comes first.")
    if found != [(0.96, 30), (0.8, 40)]:
        raise Wrong(f"The two best are (0.96, 30) and (0.8, 40), and yours are {found}.")
    if len(_hits(call(function, vectors, positions, query, 9))) != 4:
        raise Wrong("A shard of four rows has four hits, even for k = 9.")
    return "The scores are products with vectors of length one, as in notebook 05."


def _test_merge(function: Any) -> str:
    lists = [[(0.9, 7), (0.2, 3)], [(0.8, 1), (0.8, 0), (0.7, 2)], []]
    found = _hits(call(function, [list(each) for each in lists], 4))
    if len(found) != 4:
        raise Wrong(f"For k = 4 there are four hits, and you return {len(found)}: all lists together have five.")
    if found == [(0.9, 7), (0.8, 1), (0.8, 0), (0.7, 2)]:
        raise Wrong("Of the two hits with 0.8 the one at position 0 comes first.")
    if found == [(0.2, 3), (0.7, 2), (0.8, 0), (0.8, 1)]:
        raise Wrong("These are the worst: sort from above.")
    if found != [(0.9, 7), (0.8, 0), (0.8, 1), (0.7, 2)]:
        raise Wrong(f"The best four are at the positions 7, 0, 1 and 2, and yours are {[p for _, p in found]}.")
    if not _same_as_one_index(function):
        raise Wrong("On five shards of random vectors your list differs from that of a single search.")
    return "Five shards of random vectors gave the same ten hits as one search over all of them."


def _same_as_one_index(merge: Any) -> bool:
    rng = np.random.default_rng(0)
    vectors, query = rng.normal(size=(200, 8)), rng.normal(size=8)
    scores = vectors @ query
    lists = []
    for n in range(5):
        rows = np.arange(200)[n::5]
        rows = rows[np.argsort(-scores[rows])][:10]
        lists.append([(scores[row], int(row)) for row in rows])
    best = np.argsort(-scores)[:10].tolist()
    return [position for _, position in merge(lists, 10)] == best


combine_means = Exercise(
    "combine_means",
    _test_combine_means,
    (
        "Turn each mean back into a sum: mean * n.",
        "total = sum(n for _, n in parts), and the mean is sum(mean * n for mean, n in parts) / total.",
    ),
    """
    def combine_means(parts):
        total = sum(n for _, n in parts)
        return sum(mean * n for mean, n in parts) / total, total
    """,
    _means_setting,
)

stamp_of = Exercise(
    "stamp_of",
    _test_stamp_of,
    (
        "fingerprint takes any number of parts and minds where each of them ends.",
        "fingerprint(model, *texts)",
    ),
    """
    def stamp_of(texts, model):
        return fingerprint(model, *texts)
    """,
    _stamp_setting,
)

minutes = Exercise(
    "minutes",
    _test_minutes,
    (
        "Whatever the others do, the longest task is done by one worker from its beginning to its end.",
        "One task of 49 minutes and eleven of 1 minute.",
    ),
    "minutes = [49] + [1] * 11",
    _queue_setting,
)

build_shard_of = Exercise(
    "shard_of",
    _test_shard_of,
    (
        "zlib.crc32 turns bytes into a whole number, and title.encode() gives the bytes.",
        "zlib.crc32(title.encode()) % n_shards",
    ),
    """
    def shard_of(title, n_shards):
        return zlib.crc32(title.encode()) % n_shards
    """,
    _shards_setting,
)

build_best = Exercise(
    "best_of_shard",
    _test_best_of_shard,
    (
        "scores = vectors @ query, and np.argsort(-scores)[:k] are the rows of the best.",
        "[(scores[row], positions[row]) for row in rows]",
    ),
    """
    def best_of_shard(vectors, positions, query, k):
        scores = vectors @ query
        rows = np.argsort(-scores, kind="stable")[:k]
        return [(float(scores[row]), int(positions[row])) for row in rows]
    """,
    _shards_setting,
)

build_merge = Exercise(
    "merge",
    _test_merge,
    (
        "Put all hits into one list and sort it by minus the score, then by the position.",
        "sorted(hits, key=lambda hit: (-hit[0], hit[1]))[:k]",
    ),
    """
    def merge(lists, k):
        hits = [hit for each in lists for hit in each]
        return sorted(hits, key=lambda hit: (-hit[0], hit[1]))[:k]
    """,
    _shards_setting,
)

quiz = Quiz(
    (
        Question(
            "A task adds rows to the end of a file. A worker dies, and the scheduler gives the task out again. Then?",
            {
                "Some rows may be there twice.": "What the first run wrote is still there.",
                "The scheduler removes the first rows.": "It does not know what a task has written.",
                "The task fails, since the file is there.": "Writing at the end of a file does not fail.",
            },
            "Some rows may be there twice.",
        ),
        Question(
            "Which result of partitions can be put together without going back to the rows?",
            {
                "The median of each.": "Nothing says how many rows lie between two medians.",
                "The largest value of each.": "The largest of the largest is the largest of all.",
                "The share of different words in each.": "A word may be in several partitions, and would count twice.",
            },
            "The largest value of each.",
        ),
        Question(
            "A twentieth of a job cannot be cut. How many times as fast can it become?",
            {
                "At most 20 times.": "With endlessly many workers the twentieth is still there.",
                "As many times as there are workers.": "That would need a job that can be cut entirely.",
                "At most 95 times.": "95 percent can be cut, and that is not the factor.",
            },
            "At most 20 times.",
        ),
        Question(
            "Ten shards, ten hits wanted. Why must each shard hand over ten and not two?",
            {
                "Because scores of shards cannot be compared.": "They are the same products everywhere.",
                "Because two of the hits could be equal.": "Equal scores go by position.",
                "Because all ten may lie in one shard.": "Related articles often do, when shards keep an order.",
            },
            "Because all ten may lie in one shard.",
        ),
        Question(
            "Vectors do not fit into memory. What keeps most of the neighbours?",
            {
                "Codes in memory, and a second look at full vectors.": "A few full vectors are read from the disk.",
                "Half of the vectors.": "Then half of the neighbours are gone.",
                "Codes alone, as short as possible.": "The shorter they are, the more neighbours they confuse.",
            },
            "Codes in memory, and a second look at full vectors.",
        ),
    )
)
