"""How fast is ``embed``, cold beside sentence-transformers' own defaults, and warm? ``python3 benchmarks/embed.py``.

Both encode the same 300 articles with the same model in the same process, in turns; what is printed is the ratio of the
medians. Then all 10,033 cached articles are asked for.
"""

from __future__ import annotations

import statistics
import time

from course_utils import embeddings
from course_utils.corpus import load_wikipedia

ROUNDS = 3


def seconds(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main() -> None:
    texts = load_wikipedia(size=300)["text"][:]
    encoder = embeddings._encoder()
    by_length = sorted(texts, key=len, reverse=True)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: embeddings._encode(by_length)))
        theirs.append(seconds(lambda: encoder.encode(texts, show_progress_bar=False)))
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(f"cold: embed {len(texts) / statistics.median(ours):.0f} texts/s, sentence-transformers' defaults")
    print(f"      {len(texts) / statistics.median(theirs):.0f} texts/s, ratio {ratio:.2f}")
    everything = load_wikipedia()["text"][:]
    embeddings.embed(everything)
    warm = statistics.median(seconds(lambda: embeddings.embed(everything)) for _ in range(5))
    print(f"warm: {len(everything):,} rows in {warm:.3f} s")


if __name__ == "__main__":
    main()
