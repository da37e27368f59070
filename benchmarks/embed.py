"""Articles a second: the course's encoder beside sentence-transformers, in one run: `python benchmarks/embed.py`.

Both read the same 500 Wikipedia articles, in turn, three times; the median of each counts, and the ratio of the two.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
from sentence_transformers import SentenceTransformer

from course_utils.common.assets import minilm_path
from course_utils.corpus import load_wikipedia
from course_utils.transformer.encoder import NumPyEncoder

N_TEXTS, ROUNDS = 500, 3


def seconds(work) -> tuple[float, np.ndarray]:
    start = time.perf_counter()
    vectors = work()
    return time.perf_counter() - start, vectors


def main() -> None:
    texts = load_wikipedia(size=N_TEXTS)["text"][:]
    ours = NumPyEncoder.minilm()
    theirs = SentenceTransformer(str(minilm_path()), device="cpu", local_files_only=True)
    ways = {
        "NumPyEncoder": lambda: ours.encode(texts),
        "sentence-transformers": lambda: theirs.encode(texts, normalize_embeddings=True, show_progress_bar=False),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for work in ways.values():
        work()  # a warm-up
    for _ in range(ROUNDS):
        for name, work in ways.items():
            taken, found[name] = seconds(work)
            times[name].append(taken)
    print("largest difference:", abs(found["NumPyEncoder"] - found["sentence-transformers"]).max())
    medians = {name: statistics.median(some) for name, some in times.items()}
    for name, median in medians.items():
        print(f"{name:22} {N_TEXTS / median:6.1f} articles a second")
    print(f"ratio: {medians['sentence-transformers'] / medians['NumPyEncoder']:.2f}")


if __name__ == "__main__":
    main()
