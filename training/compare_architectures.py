"""Compare architectures: ``python3 training/compare_architectures.py`` makes the results that notebook 20 loads.

Six methods learn four kinds of data, three seeds each, with a setting that the first seed chose among three; then the
networks learn them again with all places exchanged. The trained methods also see test examples that were changed. On
pictures some learn again with shifted copies, on a larger page, or from few examples. Where a choice was at an edge of
the three settings, it goes on beyond; on the table the trees also take 200 rounds. The networks also learn to recall
one of 4 to 16 pairs. What is in the file already is not made again, so name another file to make it all. One thread
computes: about 65 minutes.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.architectures.changes import reverse, shift, shuffle
from course_utils.architectures.data import (
    LOADERS,
    RECALL_PAIRS,
    TEXT_LENGTH,
    Task,
    enlarge,
    load_recall,
    load_topics,
)
from course_utils.architectures.networks import NETWORKS, OF_PICTURES, n_parameters
from course_utils.architectures.shipped import FOLDER
from course_utils.architectures.training import METHODS, RATES, SETTINGS, STRENGTHS, TREE_RATES, Trained, train_method
from course_utils.common.compute import one_blas_thread

SEEDS = (0, 1, 2)
LONGER = (48, 72)
FEW = (30, 100, 300)  # pictures to learn from
ALL_LOADERS = LOADERS | {f"recall of {n}": functools.partial(load_recall, n) for n in RECALL_PAIRS}
N_RECALL = 3000  # batches
WIDER = {"networks": (0.0003, 0.001, *RATES, 0.1, 0.3)}  # what comes beyond the three settings
WIDER |= {"trees": (0.025, 0.05, *TREE_RATES, 0.8), "linear": (0.001, 0.01, *STRENGTHS, 100.0, 1000.0)}
RATE_AT_8 = 0.003  # chosen by the Transformer with 8 pairs, and kept for the other numbers of pairs


def changed_tests(task: Task) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return the test examples as they are, and changed in the ways that fit the kind of data."""
    x, y = task.test
    tests = {"as trained": (x, y)}
    if task.picture:
        for pixels in range(1, (task.n_tokens - 8) // 2 + 1):
            sides = ((pixels, 0), (-pixels, 0), (0, pixels), (0, -pixels))
            tests[f"shifted by {pixels}"] = np.concatenate([shift(x, *side) for side in sides]), np.tile(y, 4)
    if task.name == "time series":
        tests["reversed"] = reverse(x), y
    if task.name == "text":
        tests["shuffled"] = shuffle(x), y
        long_x, long_y = load_topics(n_words=max(LONGER)).test
        for n_words in (TEXT_LENGTH, *LONGER):
            tests[f"{n_words} words"] = long_x[:, :n_words], long_y
    return tests


def marks(trained: Trained, tests: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, str]:
    """Return for each test which examples were right, a bit for each, as hexadecimal digits."""
    found = {}
    for name, (x, y) in tests.items():
        try:
            right = trained.predict(x) == y
        except RuntimeError:  # the MLP cannot read a longer text
            continue
        found[name] = np.packbits(right).tobytes().hex()
    return found


def plans(task: Task) -> dict[str, dict]:
    """Return what is trained, by the name of its results: the method, and what differs from the usual training.

    What is ``like`` another method takes the setting that was chosen for that one.
    """
    if task.name.startswith("recall"):
        recall: dict[str, dict] = {name: {"method": name, "n_steps": N_RECALL} for name in NETWORKS}
        if task.name != "recall of 8":
            recall["Transformer"]["settings"] = (RATE_AT_8,)
        else:
            recall["GRU, longer"] = {"method": "GRU", "like": "GRU", "n_steps": 4 * N_RECALL}
            first = {"method": "GRU", "like": "GRU", "n_steps": N_RECALL}
            turned = [(reverse(x), y) for x, y in (task.pool, task.test)]
            recall["GRU, question first"] = first | {"task": replace(task, pool=turned[0], test=turned[1])}
            other = "Transformer without places"
            recall[other] = {"method": other, "like": "Transformer", "n_steps": N_RECALL}
        return recall
    found: dict[str, dict] = {method: {"method": method} for method in METHODS}
    if task.name == "table":
        found["trees, 200 rounds"] = {"method": "trees", "settings": (0.025, 0.05, *TREE_RATES), "n_rounds": 200}
    if task.name == "text":
        found["mean of words"] = {"method": "mean of words"}
        found["Transformer without places"] = {"method": "Transformer without places", "like": "Transformer"}
    if task.picture:
        found |= {method: {"method": method} for method in OF_PICTURES}
        for method in ("MLP", "CNN"):
            found[f"{method}, shifted copies"] = {"method": method, "like": method, "shifted": True}
        found["CNN, larger page"] = {"method": "CNN", "like": "CNN", "task": enlarge(task, 4)}
        for n, method in itertools.product(FEW, ("linear", "MLP", "CNN", "CNN without halving")):
            few = replace(task, n_train=n, n_choose=len(task.pool[1]) - task.n_train)
            found[f"{method}, {n} examples"] = {"method": method, "like": method, "task": few}
        found["CNN without halving, larger page"] = found["CNN, larger page"] | {"method": "CNN without halving"}
    return found


def compare(task: Task, method: str, settings: Sequence[float] = (), **how: Any) -> dict:
    """Choose a setting with the first seed, and train with it for all seeds."""
    with one_blas_thread():
        tried = [train_method(method, task, setting=each, **how) for each in settings or SETTINGS[method]]
        best = max(tried, key=lambda each: each.chosen_with)
        start, runs = time.process_time(), [best]
        runs += [train_method(method, task, setting=best.setting, seed=s, **how) for s in SEEDS[1:]]
        seconds = (time.process_time() - start) / len(SEEDS[1:])
    tests = {"exchanged": task.test} if how.get("exchanged") else changed_tests(task)
    by_test: dict[str, list[str]] = {}
    for run in runs:
        for name, hexadecimal in marks(run, tests).items():
            by_test.setdefault(name, []).append(hexadecimal)
    n = n_parameters(best.network[1]) if best.network else None
    return {"setting": best.setting, "parameters": n, "seconds": round(seconds, 1), "right": by_test}


def widen(task: Task, method: str, setting: float, kept: list[str]) -> tuple[float, list[str]]:
    """Go on beyond an edge of the three settings, as long as the first seed chooses better, and train as it chose.

    Return the setting, and the marks of the test examples for each seed: those ``kept`` if the setting is the old one.
    """
    grid = WIDER["networks" if method in NETWORKS else method]
    with one_blas_thread():
        best = train_method(method, task, setting=setting)
        step = {SETTINGS[method][0]: -1, SETTINGS[method][-1]: 1}[setting]
        for beyond in grid[grid.index(setting) :: step][1:]:
            other = train_method(method, task, setting=beyond)
            print(" ", task.name, method, best.setting, best.chosen_with, beyond, other.chosen_with, flush=True)
            if other.chosen_with <= best.chosen_with:
                break
            best = other
        if best.setting == setting:
            return setting, kept
        runs = [best, *(train_method(method, task, setting=best.setting, seed=seed) for seed in SEEDS[1:])]
    tests = {"wider grid": task.test}
    return best.setting, [marks(run, tests)["wider grid"] for run in runs]


def main() -> None:
    """Run what was asked for and is not there, and add it to the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FOLDER / "results.json", help="where to save the results")
    parser.add_argument("--only", choices=ALL_LOADERS, nargs="*", default=list(ALL_LOADERS), help="kinds of data")
    options = parser.parse_args()
    stored = json.loads(options.file.read_text(encoding="utf-8")) if options.file.exists() else {}
    for kind in options.only:
        task = ALL_LOADERS[kind]()
        kept = stored.setdefault(kind, {"n_test": {}, "methods": {}})
        for name, plan in plans(task).items():
            if name in kept["methods"]:
                continue
            plan = {"task": task} | plan
            if "like" in plan:
                plan["settings"] = (kept["methods"][plan.pop("like")]["setting"],)
            kept["n_test"] |= {test: len(y) for test, (_, y) in changed_tests(plan["task"]).items()}
            found = compare(**plan)
            if name in NETWORKS and kind in LOADERS:
                kept["n_test"]["exchanged"] = len(task.test[1])
                other = compare(task, name, exchanged=True)
                found["right"] |= other["right"]
                found["setting when exchanged"] = other["setting"]
            kept["methods"][name] = found
            print(kind, name, found["setting"], found["seconds"], flush=True)
            options.file.parent.mkdir(exist_ok=True)
            options.file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")
        for method in METHODS if kind in LOADERS else ():
            found = kept["methods"][method]
            if "wider grid" in found["right"]:
                continue
            kept["n_test"]["wider grid"] = len(task.test[1])
            wider = found["setting"], found["right"]["as trained"]
            if found["setting"] in (SETTINGS[method][0], SETTINGS[method][-1]):
                wider = widen(task, method, *wider)
            found["setting of wider grid"], found["right"]["wider grid"] = wider
            print(kind, method, found["setting"], found["setting of wider grid"], flush=True)
            options.file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
