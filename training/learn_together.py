"""Run what notebook 23 has no time for: ``python3 training/learn_together.py``, about five minutes on one thread.

Ten clients learn Wikipedia's topics from skewed parts of its articles, in several ways. For each way the learning rate
(and FedProx's pull) is chosen on the validation articles with two splits of their own; then each way is judged on the
test articles with five other splits. ``--only liars`` runs the table with the liars alone, in about a minute.
"""

# ruff: noqa: N806 (W and X are the matrices of the prose)

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from course_utils.common.files import save_file
from course_utils.federated.averaging import Articles, accuracy, learn_together, load_articles, split_skewed
from course_utils.federated.joining import JOINS, LIES, best_joined_rate, learn_joined
from course_utils.federated.shipped import EVEN, FOLDER, N_CLIENTS, N_ROUNDS, N_STEPS, SKEWED, WAYS, load_skew

RATES, PULLS = (30.0, 100.0, 300.0, 1000.0), (0.00001, 0.00003, 0.0001, 0.0003, 0.001)
TUNING_SEEDS, SEEDS = (100, 101), (0, 1, 2, 3, 4)
N_SHARED = 300


def clients_of(articles: Articles, alpha: float, seed: int, *, share: bool) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return each client's articles; with ``share`` each also gets the same 300 of all."""
    X, y = articles.train
    parts = split_skewed(y, N_CLIENTS, alpha, seed)
    common = np.random.default_rng(seed).choice(len(y), N_SHARED, replace=False) if share else np.array([], dtype=int)
    return [(X[rows], y[rows]) for rows in (np.concatenate([part, common]) for part in parts)]


def run(articles: Articles, way: dict, rate: float, pull: float, seed: int, judge: tuple) -> tuple:
    """Return the model and the curve of one way to learn."""
    clients = clients_of(articles, way["alpha"], seed, share=way["share"])
    n = len(articles.topics)
    how = {"n_topics": n, "rate": rate, "n_steps": way["n_steps"], "n_rounds": way["n_rounds"], "pull": pull}
    return learn_together(clients, judge, **how)


def tuned(articles: Articles, way: dict) -> dict:
    """Return the rate and the pull with the best mean accuracy on the validation articles after the last round."""
    found = {}
    for rate in RATES:
        for pull in PULLS if way["prox"] else (0.0,):
            ends = [run(articles, way, rate, pull, seed, articles.validation)[1][-1] for seed in TUNING_SEEDS]
            found[rate, pull] = float(np.mean(ends))
    best = max(found, key=found.get)
    grid = [[*setting, round(value, 4)] for setting, value in found.items()]
    return {"rate": best[0], "pull": best[1], "grid": grid}


def with_liars(articles: Articles) -> list[dict]:
    """Return the rate and the accuracies for even and skewed splits, each way to join and each lie."""
    rows, how = [], {"n_topics": len(articles.topics), "n_steps": N_STEPS, "n_rounds": N_ROUNDS}
    for split, alpha in (("even", EVEN), ("skewed", SKEWED)):
        dealt = {seed: clients_of(articles, alpha, seed, share=False) for seed in SEEDS + TUNING_SEEDS}
        for name, join in JOINS.items():
            rate = best_joined_rate([dealt[seed] for seed in TUNING_SEEDS], join, articles.validation, **how)
            for lie in (None, *LIES):
                models = [learn_joined(dealt[seed], join, rate=rate, lie=lie, **how) for seed in SEEDS]
                ends = [round(accuracy(W, *articles.test), 4) for W in models]
                rows.append({"split": split, "join": name, "lie": lie, "rate": rate, "accuracy": ends})
                print(*rows[-1].values(), flush=True)
    return rows


def main() -> None:
    """Run all ways and the liars, or those that are named, and write a file of each."""
    names = [*WAYS, "liars"]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER / "skew.json")
    parser.add_argument("--only", nargs="*", default=names, choices=names, help="keep the other ways' runs")
    said, articles = parser.parse_args(), load_articles()
    if "liars" in said.only:
        save_file(said.out.with_name("liars.json"), json.dumps(with_liars(articles), separators=(",", ":")).encode())
        said.only.remove("liars")
    out, runs = said.out, [] if set(said.only) == set(WAYS) else load_skew()
    runs = [run for run in runs if run["way"] not in said.only]
    for name in said.only:
        way = WAYS[name]
        setting = tuned(articles, way)
        for seed in SEEDS:
            W, curve = run(articles, way, setting["rate"], setting["pull"], seed, articles.test)
            row = {"way": name, "seed": seed, "accuracy": round(accuracy(W, *articles.test), 4)}
            runs.append(row | setting | {"curve": [round(float(each), 4) for each in curve]})
        ends = [each["accuracy"] for each in runs if each["way"] == name]
        print(name, setting["rate"], setting["pull"], np.round(np.mean(ends), 4), ends, flush=True)
    save_file(out, json.dumps({"alpha": SKEWED, "runs": runs}, separators=(",", ":")).encode())


if __name__ == "__main__":
    main()
