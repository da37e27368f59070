"""Measure what notebook 26 ships of times: ``python3 training/scale_out.py``.

It starts workers on the loopback address, and takes about five minutes of two cores, and 6 GB of memory. Times are the
processor's, but ``wall`` is the clock's, and of repeated runs the cheapest counts. Run it while nothing else does:
programs share the processor's caches. Workers are as Dask starts them, but for the second half of ``wall``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path

from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.scale import build_index, cluster_corpus, cut_corpus, embed_corpus, local_workers, search_shards
from course_utils.scale.engine import Stopwatch, run_tasks
from course_utils.scale.jobs import encode_live
from course_utils.scale.measuring import clocked, count_words, cpu_by_size, cpu_of, grow, search_codes
from course_utils.scale.partitions import read_partition
from course_utils.scale.shipped import FILE

COUNTED, ENCODED, REPEATS = 1000, 50, 4  # articles, and runs of which the cheapest counts
SIZES = {"count words": (1, 5, 25, 100, 500, 1000), "embed": (1, 5, 25)}
GROWTH = (10_000, 30_000, 100_000, 300_000, 1_000_000)


def encode_partition(source: Path) -> int:
    """Encode a partition's texts, and hand over only how many there are."""
    return len(encode_live(read_partition(source)["text"]))


def curves(texts: list[str], folder: Path) -> dict:
    """Return the processor's seconds a text of the workers by the size of a partition, and what an empty task costs."""
    jobs = {"count words": (texts[:COUNTED], count_words), "embed": (texts[:ENCODED], encode_partition)}
    found = {}
    with local_workers(2, trim=True) as client:
        for name, (some, work) in jobs.items():
            run_tasks(client, work, cut_corpus({"text": some[:4]}, 4, folder / "warm"))
            seconds = cpu_by_size(client, some, SIZES[name], work, folder / name, REPEATS)
            found[name] = {"sizes": list(SIZES[name]), "worker": [float(f"{each:.3g}") for each in seconds]}
            print(name, found[name], flush=True)
        task = cpu_of(client, partial(run_tasks, client, abs, list(range(1000))), REPEATS)
    return found | {"empty task": [float(f"{seconds / 1000:.3g}") for seconds in task]}


def serial_shares(texts: list[str], folder: Path) -> dict[str, float]:
    """Return the share of the processor's time that each job spends outside its tasks."""
    parts, few = cut_corpus({"text": texts}, 10, folder / "texts"), cut_corpus({"text": texts[:64]}, 8, folder / "few")
    vectors = embed_corpus(None, parts, folder / "vectors", embed)
    shards = build_index(None, vectors, folder / "shards")
    queries = embed(texts[:1000])
    search_shards(None, shards, queries)
    jobs = {
        "embed": lambda client: embed_corpus(client, few, folder / f"live-{time.monotonic_ns()}"),
        "search 1,000 queries": lambda client: search_shards(client, shards, queries),
        "cluster": lambda client: cluster_corpus(client, vectors, folder / f"rounds-{time.monotonic_ns()}", 50, 10),
        "count words": lambda client: sum(run_tasks(client, count_words, parts), start=type(count_words(few[0]))()),
    }
    found = {}
    for name, job in jobs.items():
        shares = []
        for _ in range(3):
            watch = Stopwatch()
            job(watch)
            shares.append(watch.serial_share())
        found[name] = float(f"{sorted(shares)[1]:.2g}")
        print("serial share,", name, found[name], flush=True)
    return found


def wall(texts: list[str], folder: Path, repeats: int = REPEATS) -> dict:
    """Return the clock's seconds in which one worker and two encode texts, with and without Dask's setting for memory.

    And how many of the one worker's seconds the operating system took.
    """
    parts, warm = cut_corpus({"text": texts}, 16, folder / "all"), cut_corpus({"text": texts[:4]}, 4, folder / "warm")
    found = {}
    for name, trim in (("as Dask comes", True), ("without the setting", False)):
        clock, system = [], []
        for n_workers in (1, 2):
            with local_workers(n_workers, trim=trim) as client:
                embed_corpus(client, warm, folder / f"warm-{time.monotonic_ns()}")
                client.run(encode_live, texts[:1])
                before = sum(client.run(system_seconds).values())
                homes = [folder / f"out-{time.monotonic_ns()}-{n}" for n in range(repeats)]
                clock.append(min(clocked(embed_corpus, client, parts, home)[1] for home in homes))
                system.append((sum(client.run(system_seconds).values()) - before) / repeats)
        found[name] = {"clock": [round(seconds, 2) for seconds in clock], "system": round(system[0], 2)}
        print(name, found[name], flush=True)
    return found


def system_seconds() -> float:
    """Return the seconds of the processor that the operating system took for this process."""
    return os.times().system


def rounded(row: dict[str, float]) -> dict[str, float]:
    """Return a row with three digits of what is no whole number."""
    return {key: value if isinstance(value, int) else float(f"{value:.3g}") for key, value in row.items()}


def main() -> None:
    """Measure, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FILE, help="where to save")
    file, texts = parser.parse_args().file, load_wikipedia()["text"][:]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clock = wall(texts[:160], folder / "wall")
        shares = serial_shares(texts, folder)
        found = curves(texts, folder)
        task = found.pop("empty task")
        print("a task:", task, flush=True)
    growth = []
    for row in map(partial(grow, embed(texts)), GROWTH):
        growth.append(rounded(row))
        print(growth[-1], flush=True)
    codes = rounded(search_codes(embed(texts), GROWTH[-1]))
    print(codes, flush=True)
    file.parent.mkdir(parents=True, exist_ok=True)
    results = {"task": task, "curves": found, "serial": shares, "wall": clock}
    save_file(file, json.dumps(results | {"growth": growth, "codes": codes}, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
