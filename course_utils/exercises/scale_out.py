"""Exercises of notebook 26: means, a stamp, a task that survives, a reduce task, machines, and a sharded search."""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
import zlib
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, uses_hash
from course_utils.exercises.quiz import Question, Quiz
from course_utils.scale.crash import crash_states, restore, run_inside, watch_steps
from course_utils.scale.estimate import Costs
from course_utils.scale.partitions import fingerprint, read_partition, write_partition

TEXT, N_WORDS = "to be or not to be\nthat is the question\nor is it", 13
COSTS, QUERY = Costs(seconds=0.0283, text=487, vector=768, code=56, task=0.00064), 0.00279


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


def _setting() -> dict[str, Any]:
    names = {"np": np, "hashlib": hashlib, "math": math, "os": os, "zlib": zlib, "Path": Path, "uuid4": uuid4}
    names |= {"Counter": Counter, "fingerprint": fingerprint, "read_partition": read_partition}
    return names | {"costs": COSTS, "query_cost": QUERY}


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
    texts, model, dtype = ["ab", "c", "d"], "m", "float16"
    first = call(function, list(texts), model, dtype)
    if not isinstance(first, str) or len(first) > 200:
        raise Wrong("A stamp is a short string, which goes into the metadata of a file: use a hash.")
    if len(call(function, ["long text " * 500] * 9, model, dtype)) > 200:
        raise Wrong("For long texts your stamp is long too: hash them.")
    if first != function(list(texts), model, dtype):
        raise Wrong("The same texts, model and dtype should give the same stamp each time.")
    others = {
        "another model: put its name into the stamp": (texts, "n", dtype),
        "another dtype: put it into the stamp": (texts, model, "float32"),
        "another last text: every text counts": (["ab", "c", "e"], model, dtype),
        "another order of the texts": (["c", "ab", "d"], model, dtype),
        "other ends of the texts, ['a', 'bc'], not ['ab', 'c']: hash the lengths": (["a", "bc", "d"], model, dtype),
        "a text less and a model that begins with it": (["ab", "c"], "dm", dtype),
        "a longer name of the model and a shorter dtype, glued together": (texts, "mf", "loat16"),
    }
    for what, arguments in others.items():
        if function(*arguments) == first:
            raise Wrong(f"Your stamp is the same for {what}.")
    if uses_hash(function):
        raise Wrong("Python's own hash gives other numbers for text in each process: use hashlib or fingerprint.")
    return "The package's fingerprint writes the length before each part, so that no two lists look alike."


def _test_count_safely(function: Any) -> str:
    if not callable(function):
        raise Wrong(f"The answer should be a function, and this is {type(function).__name__}.")
    with tempfile.TemporaryDirectory() as name:
        room, source = Path(name), Path(name) / "source.txt"
        source.write_text(TEXT)
        _runs_in_peace(function, source, room / "peace")
        states = _stopped(function, source, room)
        n_steps = _two_at_once(function, source, room)
    return f"Stopped at each of {n_steps} steps ({len(states)} states of the folder): never half, and never twice."


def _holds(target: Path) -> str:
    return target.read_text().strip() if target.is_file() else "nothing"


def _runs_in_peace(function: Any, source: Path, home: Path) -> None:
    home.mkdir()
    target, right = home / "count.txt", str(N_WORDS)
    function(source, target)
    if _holds(target) != right:
        raise Wrong(f"The source has {N_WORDS} words, and without any crash your target holds {_holds(target)!r}.")
    function(source, target)
    if _holds(target) != right:
        raise Wrong(f"After two runs the target holds {_holds(target)!r}: the number is there twice, or gone.")


def _stopped(function: Any, source: Path, room: Path) -> list[dict[str, bytes]]:
    target, right = room / "stopped" / "count.txt", str(N_WORDS)
    target.parent.mkdir()
    states = crash_states(partial(function, source, target), target.parent)
    for number, state in enumerate(states):
        held = state.get(target.name, right.encode()).decode().strip()
        if held != right:
            raise Wrong(f"Stopped in the middle of writing, your target is there and holds {held!r}: write it aside.")
        again = room / f"again {number}" / target.name
        restore(again.parent, state)
        try:
            function(source, again)
        except OSError as error:
            raise Wrong(f"A run after a crash found {sorted(state)} and ended with {type(error).__name__}.") from None
        if _holds(again) != right:
            raise Wrong(f"A run after a crash found {sorted(state)} and left {_holds(again)!r} in the target.")
    asides = [data.strip() for state in states for name, data in state.items() if name != target.name]
    if right.encode() not in asides:
        raise Wrong("Write aside in the target's own folder: between two disks a move is a copy.")
    return states


def _two_at_once(function: Any, source: Path, room: Path) -> int:
    n_steps = watch_steps(partial(function, source, room / "stopped" / "count.txt"), lambda step: None)
    for when in range(n_steps):
        target = room / f"two {when}" / "count.txt"
        target.parent.mkdir()
        run = partial(function, source, target)
        try:
            run_inside(run, run, when)
        except OSError as error:
            ended = f"Two runs at once, and one ended with {type(error).__name__}"
            raise Wrong(f"{ended}: did both use the same name aside? Make one that no other run has.") from None
        if _holds(target) != str(N_WORDS):
            raise Wrong(f"Two runs at once left {_holds(target)!r} in the target.")
    return n_steps


def _test_machines_for(function: Any) -> str:
    for queries, n_docs, right in ((100, 1e10, 175), (0.1, 1e10, 9), (1000, 2e9, 349), (1, 1e9, 1)):
        found = float(call(function, queries, n_docs))
        memory, work = n_docs * COSTS.code / (COSTS.memory * 1e9), queries * n_docs / 1e6 * QUERY / COSTS.cores
        whole = math.ceil(memory), math.ceil(work)
        case = f"For {queries:g} queries a second and {n_docs:g} documents"
        if found == right:
            continue
        if found in (sum(whole), math.ceil(memory + work)):
            raise Wrong("This is the sum: a machine has memory and cores, so the larger of the two numbers is enough.")
        if found in (memory, work, int(memory), int(work)):
            raise Wrong(f"{case} you return {found:g}: half a machine cannot be had, so round up.")
        if found == whole[0]:
            raise Wrong(f"{case} the memory of {found:g} is enough, but their cores are not: count the queries too.")
        if found == whole[1]:
            raise Wrong(f"{case} the cores of {found:g} are enough, but the codes do not fit into their memory.")
        if found == math.ceil(work * COSTS.cores):
            raise Wrong(f"{case} you return {found:g}, which is cores: a machine has {COSTS.cores}.")
        raise Wrong(f"{case} it takes {right} machines, and yours are {found:g}.")
    return "Few queries among many documents are a matter of memory, and many queries one of cores."


def _test_reduce_counts(function: Any) -> str:
    files = {f"part-0000{n}-for-1.parquet": each for n, each in enumerate(({"a": 2, "b": 1}, {"a": 1}, {"c": 4}))}
    others = {"part-00000-for-2.parquet": {"y": 5}, "part-00000-for-12.parquet": {"x": 7}}
    with tempfile.TemporaryDirectory() as room:
        for name, counts in (files | others | {".part-00001-for-1.parquet-aside": {"a": 1}}).items():
            write_partition(Path(room) / name, {"word": list(counts), "n": list(counts.values())}, "map")
        found = call(function, Path(room), 1, 3)
        if not isinstance(found, dict):
            raise Wrong(f"Return a Counter of words, and this is {type(found).__name__}.")
        if "y" in found:
            raise Wrong("You count the files of other reducers too: only those with the reducer's number are yours.")
        if "x" in found:
            raise Wrong("You count the words of reducer 12 for reducer 1: the whole name must fit, not its beginning.")
        if found.get("a") == 4:
            raise Wrong("A killed run left a file aside, and you count it: read the names that the maps gave.")
        if found != {"a": 3, "b": 1, "c": 4}:
            raise Wrong(f"The three files add up to a: 3, b: 1, c: 4, and you return {dict(found)}.")
        (Path(room) / "part-00002-for-1.parquet").unlink()
        try:
            function(Path(room), 1, 3)
        except Exception:
            return "Three files were added up, others passed over, and a missing one was noticed."
    raise Wrong("One of three files is missing, and you return counts as if it had been empty: complain.")


def _test_shard_of(function: Any) -> str:
    titles = [f"article {n}" for n in range(4000)]
    for n in (4, 7):
        found = [call(function, title, n) for title in titles]
        if not all(isinstance(each, int | np.integer) and not isinstance(each, bool) for each in found):
            raise Wrong("The number of a shard is a whole number.")
        if min(found) < 0 or max(found) >= n:
            raise Wrong(f"With {n} shards the numbers go from 0 to {n - 1}, yours from {min(found)} to {max(found)}.")
        sizes = np.bincount(found, minlength=n)
        if sizes.max() > 1.3 * sizes.min():
            raise Wrong(f"4,000 articles should be spread evenly over {n} shards, and yours have {sizes.tolist()}.")
    if found != [function(title, n) for title in titles]:
        raise Wrong("The same title came to two different shards: do not draw by chance, compute it from the title.")
    if uses_hash(function):
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
    hits = [(float(score), n) for n, score in enumerate(np.random.default_rng(0).normal(size=200))]
    best = sorted(hits, reverse=True)[:10]
    if _hits(function([sorted(hits[n::5], reverse=True)[:10] for n in range(5)], 10)) != _hits(best):
        raise Wrong("On five shards with random scores your list differs from the ten best of all.")
    return "Five shards with random scores gave the ten best of all of them."


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
    _setting,
)

stamp_of = Exercise(
    "stamp_of",
    _test_stamp_of,
    (
        "fingerprint takes any number of parts and minds where each of them ends.",
        "fingerprint(model, dtype, *texts)",
    ),
    """
    def stamp_of(texts, model, dtype):
        return fingerprint(model, dtype, *texts)
    """,
    _setting,
)

count_safely = Exercise(
    "count_safely",
    _test_count_safely,
    (
        "Write into another file of the same folder, and give it the right name when it is whole: os.replace.",
        'aside = target.with_name(f".{target.name}-{uuid4().hex}") is a name that no other run has.',
    ),
    """
    def count_safely(source, target):
        aside = target.with_name(f".{target.name}-{uuid4().hex}")
        aside.write_text(str(len(source.read_text().split())))
        os.replace(aside, target)
    """,
    _setting,
)

reduce_counts = Exercise(
    "reduce_counts",
    _test_reduce_counts,
    (
        "The names are known beforehand, so there is no need to look which files lie there: one for each map.",
        'columns = read_partition(folder / f"part-{part:05}-for-{reducer}.parquet") for part in range(n_parts).',
    ),
    """
    def reduce_counts(folder, reducer, n_parts):
        total = Counter()
        for part in range(n_parts):
            columns = read_partition(folder / f"part-{part:05}-for-{reducer}.parquet")
            total.update(dict(zip(columns["word"], columns["n"].tolist())))
        return total
    """,
    _setting,
)

machines_for = Exercise(
    "machines_for",
    _test_machines_for,
    (
        "Two numbers: bytes of all codes over bytes of a machine, and cores at work in each second over its cores.",
        "n_docs * costs.code / (costs.memory * 1e9) and queries_a_second * n_docs / 1e6 * query_cost / costs.cores.",
    ),
    """
    def machines_for(queries_a_second, n_docs):
        for_memory = n_docs * costs.code / (costs.memory * 1e9)
        for_queries = queries_a_second * n_docs / 1e6 * query_cost / costs.cores
        return math.ceil(max(for_memory, for_queries))
    """,
    _setting,
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
    _setting,
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
    _setting,
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
    _setting,
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
                "Because all ten may lie in one shard.": "Related articles may, when shards keep an order.",
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
