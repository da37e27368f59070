"""MaxSim over 30 candidates against encoding the 30 alone, and a rank fusion: ratios of medians in the same run.

Run it with: python3 benchmarks/rerank.py
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from course_utils.common.store import forget_session
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed, embed_tokens
from course_utils.search import BM25Index, DenseIndex, Hit, maxsim_rerank, reciprocal_rank_fusion, score_fusion

QUESTION = "which animal sleeps the longest every day"
CANDIDATES = 30


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def maxsim_anew(texts: list[str], hits: list[Hit]) -> list[Hit]:
    """Rerank without the scores that this session remembers from the time before."""
    forget_session()
    return maxsim_rerank(QUESTION, texts, hits)


def main(repeats: int = 7) -> None:
    texts = load_wikipedia()["text"][:]
    dense, bm25 = DenseIndex(embed(texts)), BM25Index(texts)
    hits = dense.search(embed([QUESTION])[0], CANDIDATES)
    candidates = sorted((texts[hit.position] for hit in hits), key=len, reverse=True)
    pair = [bm25.search(QUESTION, 100), dense.search(embed([QUESTION])[0], 100)]
    works = {
        "encoding 30 candidates": lambda: embed_tokens(candidates),
        "MaxSim over 30 candidates": lambda: maxsim_anew(texts, hits),
        "BM25, 100 hits": lambda: bm25.search(QUESTION, 100),
        "rank fusion of 100 and 100": lambda: reciprocal_rank_fusion(pair),
        "score fusion of 100 and 100": lambda: score_fusion(pair),
    }
    times: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats + 1):  # one after the other in each round, so that a busy moment slows down all of them
        for name, work in works.items():
            times[name].append(seconds(work))
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    for name, median in medians.items():
        print(f"{name:28} {1000 * median:9.2f} ms")
    ratio = medians["MaxSim over 30 candidates"] / medians["encoding 30 candidates"]
    print(f"\nMaxSim / encoding = {ratio:.2f} (at most 1.5)")


if __name__ == "__main__":
    main()
