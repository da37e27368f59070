"""Experiments with approximate search: more vectors, made of the real ones, and what a search loses and gains."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_utils.common.checks import check_positions, check_rankings, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors
from course_utils.search.hits import Hit

TIMED = 60  # queries that are timed, at least
# What the processor spends on this search alone, whatever else the computer does; some systems count it too coarsely.
CLOCK = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-5 else time.perf_counter


def make_more(vectors: np.ndarray, n: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make vectors that resemble the given ones: mixtures of two in their ``width`` main directions, with noise.

    The vectors have shape ``(n_real, d)``, those made ``(n, width)``; all rows are float32 and of length one. The
    second result has shape ``(n, 2)``: the positions of the two ingredients. The second counts 0.8 times the first.

    Raises
    ------
    InputError
        If ``vectors`` is no table of finite numbers, or ``n``, ``width`` or ``seed`` is out of range.

    Examples
    --------
    >>> many, ingredients = make_more(np.eye(4, dtype=np.float32), n=10, width=3)
    >>> many.shape, ingredients[:, 0].tolist()
    ((10, 3), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
    """
    vectors, n = check_vectors(vectors), check_whole("n", n, least=1)
    width = check_whole("width", width, least=1, most=vectors.shape[1])
    rng, many = np.random.default_rng(check_whole("seed", seed, least=0)), np.empty((n, width), dtype=np.float32)
    _, directions = np.linalg.eigh(vectors.T @ vectors)
    ingredients = np.empty((n, 2), dtype=np.int32)
    small = vectors @ directions[:, -width:].astype(np.float32)  # (n_real, d) @ (d, width) -> (n_real, width)
    for start in range(0, n, len(small)):
        rows = min(len(small), n - start)
        second = rng.permutation(len(small))[:rows]
        mixed = small[:rows] + 0.8 * small[second]
        mixed += rng.normal(0, 0.02, mixed.shape).astype(np.float32)
        many[start : start + rows] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        ingredients[start : start + rows] = np.stack([np.arange(rows), second], axis=1)
    return many, ingredients


def measure(
    search: Callable[[np.ndarray], Sequence | tuple[np.ndarray, np.ndarray]],
    queries: np.ndarray,
    exact: Sequence[Sequence[int | Hit]],
    at_once: int = 1,
) -> tuple[float, float]:
    """Measure a search: which share of the nearest neighbours it finds, and how long one query takes on one core.

    ``search`` gets queries of shape ``(n_queries, d)`` and returns for each a list of positions or of hits, or the two
    tables that faiss returns, of scores and of positions; ``exact`` holds the nearest neighbours of each, as an exact
    search finds them. The result is the mean recall, from 0 to 1, and the median time of a query in milliseconds, when
    ``at_once`` queries are asked together. Where the system can tell, it is the processor's time for this search,
    without the time in which other programs use the processor.

    Raises
    ------
    InputError
        If a query has no neighbours to find, there are not as many queries as results and lists of neighbours, or
        ``at_once`` is no whole number from 1 to the number of queries.

    Examples
    --------
    >>> recall, _ = measure(lambda queries: [[0, 5]], np.zeros((1, 2)), [[Hit(0, 1.0), Hit(1, 0.5)]])
    >>> recall
    0.5
    """
    from threadpoolctl import threadpool_limits

    nearest = [set(check_positions(row, what="The list of neighbours")) for row in check_rankings(exact)]
    if not nearest or not all(nearest):
        raise InputError("Each query needs at least one nearest neighbour that a search can find.")
    at_once = check_whole("at_once", at_once, least=1, most=max(1, len(queries)))
    with threadpool_limits(1):
        found = search(queries)
        found = check_rankings(found[1] if isinstance(found, tuple) else found)
        found = [{getattr(each, "position", each) for each in row} for row in found]
        if not len(found) == len(nearest) == len(queries):
            raise InputError(
                f"{len(queries)} queries have {len(found)} results and {len(nearest)} lists of neighbours."
            )
        seconds = []
        for first in range(0, min(max(TIMED, at_once), len(queries) - at_once + 1), at_once):
            start = CLOCK()
            search(queries[first : first + at_once])
            seconds.append((CLOCK() - start) / at_once)
    recalls = [len(ours & theirs) / len(theirs) for ours, theirs in zip(found, nearest, strict=True)]
    return float(np.mean(recalls)), 1000 * float(np.median(seconds))


def open_enough_cells(
    library: np.ndarray, queries: np.ndarray, exact: np.ndarray, n_cells: int, least: float = 0.9
) -> tuple[Any, float, float]:
    """Build an IVF index of faiss, and open one cell more until it finds the share ``least`` of the true neighbours.

    The library has shape ``(n, d)``, the queries ``(n_queries, d)``, and ``exact`` the positions of their nearest
    neighbours by the dot product, ``(n_queries, k)``. The index keeps a number in one byte (``SQ8``) and finds its
    centres with at most 40,000 vectors. The result is the index, its recall, and the share of the library that it
    compares with a query, the centres included.

    Raises
    ------
    InputError
        If a table holds what is not finite, or ``n_cells`` or ``least`` is out of range.

    Examples
    --------
    >>> rows = np.eye(8, dtype=np.float32)
    >>> index, recall, share = open_enough_cells(rows, rows[:2], np.array([[0], [1]]), n_cells=1)
    >>> index.nprobe, recall, share  # one cell with all eight vectors, and its centre
    (1, 1.0, 1.125)
    """
    import faiss

    library, queries = check_vectors(library), check_vectors(queries)
    n_cells = check_whole("n_cells", n_cells, least=1, most=len(library))
    least = _share("least", least)
    k = np.shape(exact)[1]
    index = faiss.index_factory(library.shape[1], f"IVF{n_cells},SQ8", faiss.METRIC_INNER_PRODUCT)
    index.train(library[:: max(1, len(library) // 40_000)])
    index.add(library)
    counter, recall = faiss.cvar.indexIVF_stats, 0.0
    for n_open in range(1, n_cells + 1):
        index.nprobe = n_open
        counter.reset()
        recall = share_found(index.search(queries, k)[1], exact)
        if recall >= least:
            break
    return index, recall, (counter.ndis / len(queries) + n_cells) / len(library)


def keep_enough_candidates(
    library: np.ndarray, queries: np.ndarray, exact: np.ndarray, least: float = 0.9
) -> tuple[Any, float, float]:
    """Build an HNSW index of faiss, and keep one candidate more until it finds the share ``least`` of the neighbours.

    The library has shape ``(n, d)``, the queries ``(n_queries, d)``, and ``exact`` the positions of their nearest
    neighbours by the dot product, ``(n_queries, k)``. Each new vector asks for 16 links. The graph is built on one
    core, so that it comes out the same each time. The result is the index, whose ``hnsw.efSearch`` says how many
    candidates it keeps, its recall, and the share of the library that it compares with a query.

    Raises
    ------
    InputError
        If a table holds what is not finite, or ``least`` is out of range.

    Examples
    --------
    >>> rows = np.eye(8, dtype=np.float32)
    >>> index, recall, share = keep_enough_candidates(rows, rows[:2], np.array([[0], [1]]))
    >>> index.hnsw.efSearch, recall
    (1, 1.0)
    """
    import faiss
    from threadpoolctl import threadpool_limits

    library, queries, least = check_vectors(library), check_vectors(queries), _share("least", least)
    index = faiss.index_factory(library.shape[1], "HNSW16,Flat", faiss.METRIC_INNER_PRODUCT)
    with threadpool_limits(1):
        index.add(library)
    counter, recall = faiss.cvar.hnsw_stats, 0.0
    for n_candidates in range(1, len(library) + 1):
        index.hnsw.efSearch = n_candidates
        counter.reset()
        recall = share_found(index.search(queries, np.shape(exact)[1])[1], exact)
        if recall >= least:
            break
    return index, recall, counter.ndis / len(queries) / len(library)


def share_found(found: np.ndarray, exact: np.ndarray) -> float:
    """Return the recall: the share of the exact neighbours that were found, both of shape ``(n_queries, k)``.

    Raises
    ------
    InputError
        If there are not as many rows of the one as of the other.

    Examples
    --------
    >>> share_found(np.array([[4, 7]]), np.array([[7, 9]]))
    0.5
    """
    if len(found) != len(exact):
        raise InputError(f"There are {len(found)} rows that were found and {len(exact)} to be found.")
    return float(np.mean([np.isin(true, ours).mean() for true, ours in zip(exact, found, strict=True)]))


def _share(name: str, value: float) -> float:
    if not 0 < value <= 1:
        raise InputError(f"{name} must be a share from 0 to 1, and it is {value}.")
    return value
