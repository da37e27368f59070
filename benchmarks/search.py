"""Speed of the course's search beside bm25s and faiss, in one run: `python benchmarks/search.py`.

Prints ratios of medians, ours divided by theirs; a ratio below 1 means that ours is faster.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from collections.abc import Callable

import bm25s
import faiss
import numpy as np

from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.search import BM25Index, DenseIndex
from course_utils.words import query_words, words

REPEATS = 200


def race(ours: Callable[[int], object], theirs: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Alternate between both, so that a busy moment slows down both; return both medians in milliseconds."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for number in range(repeats + 5):
        for each, run in zip(seconds, (ours, theirs), strict=True):
            start = time.perf_counter()
            run(number)
            each.append(time.perf_counter() - start)
    return tuple(1000 * statistics.median(each[5:]) for each in seconds)


def report(what: str, times: tuple[float, float], limit: float) -> None:
    ratio = times[0] / times[1]
    verdict = "met" if ratio <= limit else "MISSED"
    print(f"{what:45} ours {times[0]:8.3f} ms, theirs {times[1]:8.3f} ms, ratio {ratio:.2f} (limit {limit}: {verdict})")


def main() -> None:
    articles = load_wikipedia()
    texts, queries = articles["text"][:], [text for text in articles["description"][:] if words(text)][::49]
    vectors = embed(texts)

    builds = []
    for _ in range(3):
        start = time.perf_counter()
        index = BM25Index(texts)
        builds.append(time.perf_counter() - start)
    print(f"{'BM25 index of Wikipedia':45} {statistics.median(builds):.2f} s (limit 3 s)")

    library = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    library.index([words(text) for text in texts], show_progress=False)
    asked = [[word for word in query_words(query) if word in index.vocabulary] for query in queries]
    times = race(
        lambda n: index.search(queries[n % len(queries)], 10),
        lambda n: library.retrieve([asked[n % len(asked)]], k=10, show_progress=False),
        REPEATS,
    )
    report("BM25 query, beside bm25s", times, 2.0)

    flat, dense = faiss.IndexFlatIP(vectors.shape[1]), DenseIndex(vectors)
    flat.add(vectors)
    rng = np.random.default_rng(0)
    asked_vectors = vectors[rng.choice(len(vectors), 100, replace=False)] + 0.02 * rng.standard_normal((100, 384))
    asked_vectors = (asked_vectors / np.linalg.norm(asked_vectors, axis=1, keepdims=True)).astype(np.float32)
    times = race(
        lambda n: dense.search(asked_vectors[n % 100], 10),
        lambda n: flat.search(asked_vectors[n % 100 : n % 100 + 1], 10),
        REPEATS,
    )
    report("dense query, one, beside faiss flat", times, 1.5)
    times = race(lambda n: dense.search(asked_vectors, 10), lambda n: flat.search(asked_vectors, 10), 40)
    report("dense query, 100 at once, beside faiss flat", times, 1.5)

    tracemalloc.start()
    DenseIndex(vectors).search(asked_vectors[0], 10)
    print(
        f"memory of a dense index and a query: {tracemalloc.get_traced_memory()[1] / vectors.nbytes:.3f} of the matrix"
    )


if __name__ == "__main__":
    main()
