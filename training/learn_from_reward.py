"""Run what notebook 21 has no time for: ``python3 training/learn_from_reward.py``, about an hour on one thread.

First the *tuning* of the four ways to balance a pole, each on the same five seeds, which the notebook does not use.
Then the *leash*: the tiny GPT of notebook 13 is paid for a word, at several prices of a nat of divergence from what it
was, from three seeds each. Then the same model learns from *pairs* of its own texts, by DPO and by plain likelihood,
and from a *score* fitted to these pairs, which is RLHF. At last it is paid for the word by *groups*, which is GRPO,
with each batch used once or four times, with and without clip. How probable the model as it was makes each *count* of
the word is estimated too.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from course_utils.common.files import save_file
from course_utils.rewards.cartpole import judge_policy, learn_cells, reinforce
from course_utils.rewards.groups import learn_from_groups
from course_utils.rewards.rare import chances_of_counts
from course_utils.rewards.scores import fit_score, token_counts
from course_utils.rewards.shipped import BEGINNING, FOLDER, QUESTIONS, WORD, load_pairs
from course_utils.rewards.words import judge_texts, learn_from_pairs, learn_from_reward, load_reference, write_many
from course_utils.tiny_gpt.model import TinyGPT

BETAS, SEEDS, N_STEPS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 1.0), (0, 1, 2), 80
WAYS, N_BATCHES = ((1, 0.2), (4, 0.2), (4, None)), 12  # updates of a batch, and where the ratio is clipped
TILTS, N_ESTIMATES, N_OFTEN = (0, 3, 4, 5, 10), 4, 3  # of the estimates of counts; those below N_OFTEN are not rare
TUNING_SEEDS, POLE_STEPS = (100, 101, 102, 103, 104), 100_000


def tuning() -> dict:
    """Return for each way and setting how long the pole stands in the end, by seed, and on average while learning."""
    found = {"reinforce": [], "baseline": [], "same cells": [], "cells": []}
    for way in ("reinforce", "baseline", "same cells"):
        for rate in (1.0, 3.0, 10.0, 30.0, *((100.0, 300.0) if way == "same cells" else ())):
            how = {"baseline": way == "baseline", "cells": way == "same cells", "n_steps": POLE_STEPS}
            found[way].append({"learning_rate": rate, **judged([reinforce(rate, seed=s, **how) for s in TUNING_SEEDS])})
    for alpha in (0.025, 0.05, 0.1, 0.2, 0.4):
        for epsilon in (0.1, 0.5, 1.0):
            runs = [learn_cells(alpha, epsilon, n_steps=POLE_STEPS, seed=seed) for seed in TUNING_SEEDS]
            found["cells"].append({"alpha": alpha, "epsilon": epsilon, **judged(runs)})
    return found


def judged(runs: list) -> dict:
    """Return how long the pole stands with each run's policy in the end, and the mean length while learning."""
    return {"ends": [round(judge_policy(policy)) for policy, _ in runs], "length": area(runs)}


def area(runs: list) -> float:
    """Return the mean length of all episodes of the runs, a run's mean weighted by steps used since the last one."""
    means = []
    for _, curve in runs:
        used, lengths = np.array(curve).T
        means.append(np.average(lengths, weights=np.diff(used, prepend=0) + 1e-9))
    return round(float(np.mean(means)), 1)


def setting() -> tuple:
    """Return the tokenizer, the reference, the ids of the beginning, and the function that counts the word."""
    reference, cutter = load_reference()

    def paid(rows: list[list[int]]) -> np.ndarray:
        return np.array([cutter.decode(row).count(WORD) for row in rows])

    return cutter, reference, cutter.encode(BEGINNING), paid


def leash_run(beta: float, seed: int) -> dict:
    """Return what has become of the language model that learned from reward; the first run with its history."""
    cutter, reference, beginning, paid = setting()
    model, history = learn_from_reward(reference, beginning, paid, beta=beta, n_steps=N_STEPS, seed=seed)
    judged = {name: round(number, 3) for name, number in judge_texts(model, reference, beginning, paid).items()}
    texts = write_many(model, beginning, 3, draws=torch.Generator().manual_seed(seed))
    run = {"beta": beta, "seed": seed, **judged, "texts": [cutter.decode(row) for row in texts.tolist()]}
    print(run, flush=True)
    return run if (beta, seed) != (BETAS[0], SEEDS[0]) else run | {"history": history.round(3).tolist()}


def leash_runs() -> list[dict]:
    """Return all runs of the language model that learned from reward."""
    return [leash_run(beta, seed) for beta in BETAS for seed in SEEDS]


def pairs() -> dict:
    """Return texts of the reference with the word, each beside one without."""
    _, reference, beginning, paid = setting()
    draws = torch.Generator().manual_seed(7)
    ids = torch.cat([write_many(reference, beginning, 512, draws=draws) for _ in range(10)])
    has = torch.tensor(paid(ids[:, len(beginning) :].tolist()) > 0)
    return {"better": ids[has][:128].tolist(), "worse": ids[~has][:128].tolist()}


def preferred_runs() -> list[dict]:
    """Return all runs of the language model that learns from the first hundred pairs."""
    (_, reference, beginning, paid), runs = setting(), []
    better, worse = (torch.tensor(texts[:100]) for texts in load_pairs())
    for way, beta in (("dpo", 0.1), ("likelihood", None)):
        for rate in (3e-5, 1e-4, 3e-4):
            for seed in SEEDS:
                how = {"beta": beta, "n_steps": 40, "learning_rate": rate, "seed": seed}
                model = learn_from_pairs(reference, better, worse, len(beginning), **how)
                judged = {k: round(v, 3) for k, v in judge_texts(model, reference, beginning, paid).items()}
                runs.append({"way": way, "learning_rate": rate, "seed": seed, **judged})
                print(runs[-1], flush=True)
    return runs


def scored_runs() -> list[dict]:
    """Return all runs of the model that is paid by a score fitted to the first hundred pairs, with and without leash.

    They are judged by the word, as the others are; ``score`` is the mean score of the same texts, and each look of
    ``looks`` has the mean score, count and share with the word of a batch of the learning.
    """
    (cutter, reference, beginning, paid), runs = setting(), []
    weights = fit_score(*(torch.tensor(texts[:100]) for texts in load_pairs()), len(beginning), 512)
    for beta in (0.0, 0.3):
        for seed in SEEDS:
            looks = []

            def rated(rows: list[list[int]], looks: list = looks) -> np.ndarray:
                scores, counted = (token_counts(torch.tensor(rows), 0, 512) @ weights).numpy(), paid(rows)
                looks.append([round(float(one), 3) for one in (scores.mean(), counted.mean(), (counted > 0).mean())])
                return scores

            model, _ = learn_from_reward(reference, beginning, rated, beta=beta, n_steps=N_STEPS, seed=seed)
            looks = looks[9::10]
            judged = {name: round(number, 3) for name, number in judge_texts(model, reference, beginning, paid).items()}
            score = round(judge_texts(model, reference, beginning, rated)["reward"], 3)
            texts = write_many(model, beginning, 3, draws=torch.Generator().manual_seed(seed))
            texts = [cutter.decode(row) for row in texts.tolist()]
            runs.append({"beta": beta, "seed": seed, **judged, "score": score, "looks": looks, "texts": texts})
            print(runs[-1], flush=True)
    return runs


def group_runs() -> list[dict]:
    """Return all runs of GRPO: a batch used for one update or four, with the clip and without, judged on the way."""
    (cutter, reference, _, paid), runs = setting(), []
    questions = [cutter.encode(text) for text in QUESTIONS]
    for n_updates, epsilon in WAYS:
        for seed in SEEDS:
            how = {"beta": 0.1, "epsilon": epsilon, "n_batches": N_BATCHES, "n_updates": n_updates, "seed": seed}
            looks = []

            def judge(model: TinyGPT, looks: list = looks) -> None:
                four = [judge_texts(model, reference, ids, paid, n_texts=128) for ids in questions]
                looks.append({name: round(float(np.mean([one[name] for one in four])), 3) for name in four[0]})

            _, history = learn_from_groups(reference, questions, paid, **how, after_batch=judge)
            runs.append({**how, "history": history.round(3).tolist(), "looks": looks})
            print(runs[-1], flush=True)
    return runs


def counts() -> dict:
    """Return how probable each count of the word is under the reference, with the lowest and highest estimate.

    A count is estimated with each tilt, and the tilt is kept under which it is the most probable. Counts that are not
    rare are those of plain texts, twice as many.
    """
    cutter, reference, beginning, paid = setting()
    word, found = cutter.encode(f" {WORD}"), []
    for tilt in TILTS:
        draws = torch.Generator().manual_seed(0)
        how = {"tilt": tilt, "draws": draws, "n_texts": 2048 if tilt else 4096}
        found.append([chances_of_counts(reference, beginning, word, paid, **how) for _ in range(N_ESTIMATES)])
        print(tilt, np.array(found[-1]), flush=True)
    some = np.array(found)  # (n_tilts, n_estimates, 11)
    tilted = some.mean(axis=1) * np.exp(np.outer(TILTS, np.arange(some.shape[2])))
    best = (tilted / tilted.sum(axis=1, keepdims=True)).argmax(axis=0)
    best[:N_OFTEN] = TILTS.index(0)
    kept = some[best, :, np.arange(some.shape[2])]  # (11, n_estimates)
    return {name: [float(f"{p:.3g}") for p in of(kept, axis=1)] for name, of in SPREAD.items()}


SPREAD = {"mean": np.mean, "lowest": np.min, "highest": np.max}
MAKE = {"tuning": tuning, "pairs": pairs, "leash": leash_runs, "preferred": preferred_runs, "groups": group_runs}
MAKE |= {"counts": counts, "scored": scored_runs}


def main() -> None:
    """Run, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to save")
    parser.add_argument("--only", choices=tuple(MAKE), help="run one of them")
    chosen = parser.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    for name, make in MAKE.items():
        if chosen.only in (None, name):
            save_file(chosen.folder / f"{name}.json", json.dumps(make(), indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
