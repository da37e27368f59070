"""The course's main job in pieces: texts to vectors to indexes to topics, on this process or on workers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.checks import check_k, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors
from course_utils.scale.engine import Stopwatch, run_tasks
from course_utils.scale.partitions import fingerprint, make_partition, read_partition, stamp, write_partition

if TYPE_CHECKING:
    import distributed

    Client = distributed.Client | Stopwatch | None

AT_ONCE = 16  # texts that the encoder reads together, in one thread


def encode_live(texts: Sequence[str]) -> np.ndarray:
    """Compute the vectors of texts anew with MiniLM, in one thread: ``(n_texts, 384)``, without the course's store."""
    from course_utils.transformer.encoder import NumPyEncoder

    encoder = NumPyEncoder.minilm()
    parts = [encoder.encode(texts[start : start + AT_ONCE]) for start in range(0, len(texts), AT_ONCE)]
    return np.concatenate(parts)


def embed_corpus(
    client: Client,
    sources: Sequence[Path],
    folder: Path,
    encode: Callable[[Sequence[str]], np.ndarray] = encode_live,
    recipe: str = "MiniLM",
) -> list[Path]:
    """Turn partitions of texts into partitions of vectors; those that are there already are kept.

    Parameters
    ----------
    client : distributed.Client, Stopwatch or None
        Who does it, as in `run_tasks`.
    sources : sequence of Path
        Partitions with the columns ``text`` and ``position``.
    folder : Path
        Where the new partitions go, with the columns ``vector`` (16-bit floats) and ``position``.
    encode : callable
        Texts to vectors: ``(n_texts, d)``.
    recipe : str
        Names the encoder and its settings: partitions with another recipe are made anew.

    Returns
    -------
    list of Path
        The new partitions, in the order of ``sources``.
    """
    return _make_all(client, sources, folder, partial(_embed, encode=encode), f"embed {recipe}")


def build_index(client: Client, sources: Sequence[Path], folder: Path, kind: str = "Flat") -> list[Path]:
    """Build an index of faiss for each partition of vectors: a shard.

    Parameters
    ----------
    client, sources, folder
        As in `embed_corpus`; the sources have the columns ``vector`` and ``position``.
    kind : str
        A description for `faiss.index_factory`, such as ``"Flat"`` or ``"IVF16,SQ8"``. Products are compared.

    Returns
    -------
    list of Path
        The shards, in the order of ``sources``.
    """
    return _make_all(client, sources, folder, partial(_index, kind=kind), f"index {kind}")


def search_shards(
    client: Client, shards: Sequence[Path], queries: np.ndarray, k: int = 10, per_shard: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Search all shards, and merge what they find.

    Parameters
    ----------
    shards : sequence of Path
        Of `build_index`.
    queries : ndarray, shape (n_queries, d)
        Vectors of length one.
    k : int
        How many hits for each query.
    per_shard : int, optional
        How many hits each shard hands over; ``k`` if left out, with which nothing can be lost.

    Returns
    -------
    (ndarray, ndarray)
        Scores and positions, each ``(n_queries, k)``, the best first; -inf and -1 where there are fewer hits.
    """
    k, queries = check_k(k), check_vectors(queries)
    per_shard = k if per_shard is None else check_whole("per_shard", per_shard, 1)
    task = partial(search_shard, queries=np.asarray(queries, dtype=np.float32), k=per_shard)
    return merge_hits(run_tasks(client, task, list(shards)), k)


def search_shard(shard: Path, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the scores and the positions in the whole corpus of a shard's best hits, each ``(n_queries, k)``."""
    import faiss

    columns = read_partition(shard)
    index = faiss.deserialize_index(np.frombuffer(columns["index"][0], dtype=np.uint8))
    positions = np.frombuffer(columns["positions"][0], dtype=np.int64)
    scores, rows = index.search(queries, k)
    return np.where(rows < 0, -np.inf, scores), np.where(rows < 0, -1, positions[rows])


def merge_hits(found: Sequence[tuple[np.ndarray, np.ndarray]], k: int) -> tuple[np.ndarray, np.ndarray]:
    """Merge hits of several shards into the best ``k``; equal scores go by position.

    Examples
    --------
    >>> left, right = ([[0.9, 0.2]], [[4, 7]]), ([[0.5, 0.4]], [[1, 0]])
    >>> scores, positions = merge_hits([left, right], 3)
    >>> scores.tolist(), positions.tolist()
    ([[0.9, 0.5, 0.4]], [[4, 1, 0]])
    """
    scores, positions = (np.concatenate([each[n] for each in found], axis=1) for n in (0, 1))
    order = np.lexsort((positions, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, 1), np.take_along_axis(positions, order, 1)


def cluster_corpus(
    client: Client, sources: Sequence[Path], folder: Path, n_topics: int, n_rounds: int = 10, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Group vectors by k-means: each partition hands over sums and counts, and each round's centres are kept.

    Parameters
    ----------
    client, sources
        As in `build_index`.
    folder : Path
        Where the centres of each round go, so that a job that was killed goes on with the last whole round.
    n_topics, n_rounds, seed : int
        How many groups, how many times the centres move, and which rows they start from.

    Returns
    -------
    (ndarray, ndarray, list of float)
        The centres ``(n_topics, d)``, the label of each row in the order of ``sources``, and after the start and each
        round the sum of squared distances to the nearest centre.
    """
    check_whole("n_topics", n_topics, 1), check_whole("n_rounds", n_rounds, 1)
    made_from = fingerprint(*(Path(path).read_bytes() for path in sources), f"k-means {n_topics} {seed}")
    centres, history = first_centres(sources, n_topics, seed), []
    for number in range(n_rounds + 1):
        kept = Path(folder) / f"round-{number:03}.parquet"
        if number < n_rounds and stamp(kept) == made_from:
            columns = read_partition(kept)
            centres, history = columns["centres"].reshape(n_topics, -1), [*history, float(columns["inertia"][0])]
            continue
        sums, counts, inertia, labels = zip(*run_tasks(client, partial(sums_of, centres=centres), sources), strict=True)
        history.append(float(sum(inertia)))
        if number == n_rounds:
            return centres, np.concatenate(labels), history
        total, n = sum(sums), sum(counts)[:, None]
        centres = np.where(n > 0, total / np.maximum(n, 1), centres)
        write_partition(kept, {"centres": centres.reshape(1, -1), "inertia": [history[-1]]}, made_from)
    raise AssertionError


def sums_of(source: Path, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Return what a partition says about centres: for each the sum ``(n_topics, d)`` and number of its vectors.

    And the sum of squared distances, and the label of each row.
    """
    vectors = read_partition(source)["vector"].astype(np.float64)
    squares = (centres**2).sum(axis=1) - 2 * vectors @ centres.T  # (n, n_topics), without the rows' own squares
    labels = squares.argmin(axis=1)
    members = np.eye(len(centres))[labels]  # (n, n_topics), a one at each row's centre
    inertia = squares[np.arange(len(labels)), labels].sum() + (vectors**2).sum()
    return members.T @ vectors, members.sum(axis=0), float(inertia), labels


def first_centres(sources: Sequence[Path], n_topics: int, seed: int) -> np.ndarray:
    """Draw different rows as the first centres, ``(n_topics, d)``: the same ones however the corpus is cut."""
    parts = [read_partition(path)["vector"] for path in sources]
    n = sum(map(len, parts))
    if n < n_topics:
        raise InputError(f"{n_topics} groups need as many vectors, and there are {n}: ask for fewer groups.")
    rows = np.sort(np.random.default_rng(seed).choice(n, n_topics, replace=False))
    starts = np.cumsum([0, *map(len, parts)])
    where = np.searchsorted(starts, rows, side="right") - 1
    return np.array([parts[part][row - starts[part]] for part, row in zip(where, rows, strict=True)], dtype=np.float64)


def _make_all(client: Client, sources: Sequence[Path], folder: Path, work: Callable, recipe: str) -> list[Path]:
    targets = [Path(folder) / Path(source).name for source in sources]
    run_tasks(client, partial(make_partition, work=work, recipe=recipe), list(sources), targets)
    return targets


def _embed(columns: dict[str, Any], encode: Callable) -> dict[str, Any]:
    vectors = np.asarray(encode(columns["text"]), dtype=np.float16)
    return {"vector": vectors, "position": columns["position"]}


def _index(columns: dict[str, Any], kind: str) -> dict[str, Any]:
    import faiss

    vectors = columns["vector"].astype(np.float32)
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors)
    index.add(vectors)
    data = faiss.serialize_index(index).tobytes()
    return {"index": [data], "positions": [columns["position"].astype(np.int64).tobytes()]}
