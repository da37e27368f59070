"""How long pieces of work take: by the size of a partition, by the number of workers, and as a corpus grows."""

from __future__ import annotations

import heapq
import math
import os
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError
from course_utils.scale.engine import run_tasks
from course_utils.scale.partitions import cut_corpus, read_partition
from course_utils.words import words

if TYPE_CHECKING:
    import distributed

WIDTH, N_QUERIES, LEAST_RECALL = 96, 200, 0.9  # of the vectors that are made, and of the search in them


def count_words(source: Path) -> Counter:
    """Return how often each word occurs in a partition's texts: a map that sums before it hands over."""
    return Counter(word for text in read_partition(source)["text"] for word in words(text))


def counts_by_reducer(source: Path, n_reducers: int) -> list[Counter[str]]:
    """Count the words of a partition, and share them among reducers by a number made of each word's bytes."""
    shared = [Counter() for _ in range(n_reducers)]
    for word, n in count_words(source).items():
        shared[zlib.crc32(word.encode()) % n_reducers][word] = n
    return shared


def add_up(counts: Sequence[Counter[str]]) -> Counter[str]:
    """Add several counts up, each into the same one.

    Examples
    --------
    >>> dict(add_up([Counter("ab"), Counter("a")]))
    {'a': 2, 'b': 1}
    """
    total = Counter()
    for each in counts:
        total.update(each)
    return total


def reduce_counts(folder: Path, reducer: int, n_parts: int) -> Counter[str]:
    """Add up what each map wrote for one reducer, the files ``part-00000-for-0.parquet`` and so on.

    Raises
    ------
    InputError
        If one of the ``n_parts`` files is missing: without it the counts would be too small.
    """
    columns = (read_partition(Path(folder) / f"part-{part:05}-for-{reducer}.parquet") for part in range(n_parts))
    return add_up([Counter(dict(zip(each["word"], each["n"].tolist(), strict=True))) for each in columns])


def speedup(serial: float, n_workers: int) -> float:
    """Return by how much ``n_workers`` are faster than one where the share ``serial`` cannot be cut (Amdahl, 1967).

    Examples
    --------
    >>> round(speedup(0.1, 10), 2), round(speedup(0.1, 1000), 2)
    (5.26, 9.91)
    """
    check_number("serial", serial, 0, 1), check_whole("n_workers", n_workers, 1)
    return 1 / (serial + (1 - serial) / n_workers)


def finish_time(
    minutes: Sequence[float], speeds: Sequence[float], *, backup: bool = False, fixed: bool = False
) -> float:
    """Return when the last task is done, if each worker takes the next task whenever it is free.

    Parameters
    ----------
    minutes : sequence of float
        What each task takes at speed 1, in the order in which they are given out.
    speeds : sequence of float
        One for each worker; 0.1 takes ten times as long.
    backup : bool
        When no task is left, a free worker does the one again that would end last, if it is faster with it.
    fixed : bool
        Each worker gets as many tasks beforehand, and keeps them.

    Raises
    ------
    InputError
        If there are no tasks or no workers, or a number is not above 0.

    Examples
    --------
    >>> finish_time([1, 1, 1, 1], [1, 1]), finish_time([1] * 4, [1, 0.1]), finish_time([1] * 4, [1, 0.1], fixed=True)
    (2.0, 10.0, 20.0)
    >>> finish_time([1] * 4, [1, 0.1], backup=True)
    4.0
    """
    return max(end for _, _, end in schedule(minutes, speeds, backup=backup, fixed=fixed))


def schedule(
    minutes: Sequence[float], speeds: Sequence[float], *, backup: bool = False, fixed: bool = False
) -> list[tuple[int, float, float]]:
    """Return the worker, the start and the end of each run of a task, with the arguments of `finish_time`.

    A task that was begun again has two runs, and both end when the faster of them does.

    Examples
    --------
    >>> schedule([1, 1], [1, 0.1])
    [(0, 0.0, 1.0), (1, 0.0, 10.0)]
    >>> schedule([1, 1], [1, 0.1], backup=True)
    [(0, 0.0, 1.0), (1, 0.0, 2.0), (0, 1.0, 2.0)]
    """
    if not len(minutes) or not len(speeds) or min(*minutes, *speeds) <= 0:
        raise InputError("There must be tasks and workers, and minutes and speeds above 0.")
    free = [(0.0, n) for n in range(len(speeds))]
    runs, ends = [], []  # of a run its task, worker, start and end; when each task is done, and its minutes
    for task, long in enumerate(minutes):
        start, n = free.pop(task % len(speeds)) if fixed else heapq.heappop(free)
        ends.append((start + long / speeds[n], long))
        runs.append((task, n, start, ends[-1][0]))
        free.insert(n, (ends[-1][0], n)) if fixed else heapq.heappush(free, (ends[-1][0], n))
    while backup and not fixed and free:
        start, n = heapq.heappop(free)
        last, long = max(ends)
        if start >= last or start + long / speeds[n] >= last:
            continue
        task = ends.index((last, long))
        ends[task] = (start + long / speeds[n], long)
        runs.append((task, n, start, ends[task][0]))
        heapq.heappush(free, (ends[task][0], n))
    return [(n, start, min(end, ends[task][0])) for task, n, start, end in runs]


def clocked(function: Callable, *arguments: object) -> tuple[Any, float]:
    """Call a function, and return its result with the seconds of the clock that it took.

    Examples
    --------
    >>> clocked(abs, -1)[0]
    1
    """
    start = time.perf_counter()
    return function(*arguments), time.perf_counter() - start


def cpu_of(client: distributed.Client | None, job: Callable[[], object], repeats: int = 3) -> tuple[float, float]:
    """Return the processor's seconds of this process and of all workers for a job: the least of several runs.

    Seconds in which a process waits, or another program has the processor, do not count. The scheduler of
    `local_workers` lives in this process, so its work is in the first number.
    """
    import psutil

    pids = [] if client is None else list(client.run(os.getpid).values())

    def spent() -> float:
        return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)

    found = []
    for _ in range(check_whole("repeats", repeats, 1)):
        before, start = spent(), time.process_time()
        job()
        found.append((time.process_time() - start, spent() - before))
    return min(found, key=sum)


def cpu_by_size(
    client: Any, texts: Sequence[str], sizes: Sequence[int], work: Callable[[Path], object], folder: Path, repeats: int
) -> list[float]:
    """Return the processor's seconds a text of whoever does the tasks, for partitions of each size."""
    found = []
    for size in sizes:
        parts = cut_corpus({"text": texts}, max(1, len(texts) // size), Path(folder) / f"of-{size}")
        here, workers = cpu_of(client, partial(run_tasks, client, work, parts), repeats)
        found.append((here if client is None else workers) / len(texts))
    return found


def time_with(n_texts: int, size: int, n_workers: int, scheduler: float, worker: float) -> float:
    """Return the seconds that a job takes at least, if nothing else disturbs it.

    Whichever is longer: the scheduler's work, or that of the worker with the most partitions.

    Parameters
    ----------
    n_texts, size, n_workers : int
        Texts in all and in a partition, and the workers.
    scheduler, worker : float
        The processor's seconds for a task, of the scheduler, and for a text, of a worker.

    Examples
    --------
    Ten partitions on four workers: one of them has three.

    >>> time_with(100, 10, 4, scheduler=0.01, worker=0.1)
    3.0
    """
    n_tasks = math.ceil(n_texts / check_whole("size", size, 1))
    most = math.ceil(n_tasks / check_whole("n_workers", n_workers, 1))
    return max(n_tasks * scheduler, min(most * size, n_texts) * worker)


def grow(vectors: np.ndarray, n: int, seed: int = 0) -> dict[str, float]:
    """Search exactly and in cells among ``n`` vectors made of the real ones, and say what it costs.

    Parameters
    ----------
    vectors : ndarray, shape (n_real, d)
        What `make_more` mixes.
    n : int
        How many to make; 200 others are the queries.

    Returns
    -------
    dict
        ``n``; ``cells``; ``recall`` of the ten nearest and the ``share`` of the vectors that the search in cells
        compares; ``build``, seconds of the processor for the index; ``exact`` and ``in_cells``, milliseconds a query.
    """
    import faiss
    from threadpoolctl import threadpool_limits

    from course_utils.search.approximate import measure, open_enough_cells

    queries, library, cells = _made(vectors, n, WIDTH, seed)
    flat = faiss.IndexFlatIP(WIDTH)
    flat.add(library)
    with threadpool_limits(1):
        exact = flat.search(queries, 10)[1]
        start = time.process_time()
        index, recall, share = open_enough_cells(library, queries, exact, cells, LEAST_RECALL)
        build = time.process_time() - start
        _, slow = measure(lambda q: flat.search(q, 10), queries, exact)
        _, fast = measure(lambda q: index.search(q, 10), queries, exact)
    return {"n": n, "cells": cells, "recall": recall, "share": share, "build": build, "exact": slow, "in_cells": fast}


def search_codes(vectors: np.ndarray, n: int, candidates: int = 300, seed: int = 0) -> dict[str, float]:
    """Search in cells of product codes of 48 bytes, with a second look, among ``n`` vectors made of the real ones.

    Parameters
    ----------
    vectors : ndarray, shape (n_real, d)
        What `make_more` mixes; all ``d`` numbers are kept, where `grow` keeps 96.
    n, candidates : int
        How many vectors to make, and how many of the best codes are compared once more with their full vectors.

    Returns
    -------
    dict
        As of `grow`, without ``exact``: the search opens eight cells more until it finds nine of ten neighbours or all
        are ``opened``. ``codes`` is the recall without the second look, and ``build`` leaves the trials out.
    """
    import faiss
    from threadpoolctl import threadpool_limits

    from course_utils.scale.compress import look_again
    from course_utils.search.approximate import measure, share_found

    queries, library, cells = _made(vectors, n, vectors.shape[1], seed)
    with threadpool_limits(1):
        exact = faiss.knn(queries, library, 10, faiss.METRIC_INNER_PRODUCT)[1]
        start = time.process_time()
        index = faiss.index_factory(library.shape[1], f"IVF{cells},PQ48", faiss.METRIC_INNER_PRODUCT)
        index.do_polysemous_training = False  # helps only comparisons that we do not make
        index.train(library[:: max(1, n // 40_000)])
        index.add(library)
        row = {"n": n, "cells": cells, "candidates": candidates, "build": time.process_time() - start}

        def search(asked: np.ndarray) -> tuple[None, np.ndarray]:
            return None, look_again(index.search(asked, candidates)[1], asked, library, 10)

        for opened in range(8, cells + 8, 8):
            index.nprobe = opened
            if share_found(search(queries)[1], exact) >= LEAST_RECALL:
                break
        recall, row["in_cells"] = measure(search, queries, exact)
        codes = share_found(index.search(queries, 10)[1], exact)
    return row | {"opened": min(opened, cells), "recall": recall, "codes": codes}


def _made(vectors: np.ndarray, n: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray, int]:
    """Make queries, ``(N_QUERIES, width)``, and a library, ``(n, width)``; say into how many cells it is cut."""
    from course_utils.search.approximate import make_more

    many, _ = make_more(vectors, n + N_QUERIES, width, seed)
    chosen = np.random.default_rng(seed).permutation(n + N_QUERIES)[:N_QUERIES]
    return many[chosen], np.delete(many, chosen, axis=0), int(2 * n**0.5)
