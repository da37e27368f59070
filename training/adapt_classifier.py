"""Choose and repeat what notebook 14 trains once: ``python3 training/adapt_classifier.py``, about ten minutes.

Each way of adapting MiniLM to eleven topics is tried with three learning rates, the head alone with four, on articles
that are neither learned from nor judged on; the best rate is kept. Then each way, and LoRA with other ranks, is trained
from three seeds, which draw the new weights and the order of the articles, and judged on the notebook's articles. Last,
the change that full fine-tuning made is taken apart: what its strongest tables hold, with the right labels and with
shuffled ones, and the accuracy when only some tables of it, or of the weights themselves, are kept; and LoRA is trained
once beside weights of 4 bits. Everything goes into ``course_utils/data/adapters/topics.json``;
``--only "coarse first"`` makes that part.
"""

from __future__ import annotations

import argparse
import functools
import json
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from course_utils.common import DATA
from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.fine_tuning import classifier, lora
from course_utils.fine_tuning.coarse import coarsen

QUERY = "encoder.layer.5.attention.self.query.weight"
CUTS = {"change": (0, 1, 16), "weights": (16, 128)}
SEEDS, RANKS, N_TOKENS = (0, 1, 2), (1, 4, 16, 64), 24  # rank 8 is among the ways
RATES = {
    "LoRA": (5e-4, 2e-3, 8e-3),
    "head": (0.0006, 0.0025, 0.01, 0.04),
    "adapters": (5e-4, 2e-3, 8e-3),
    "everything": (2e-5, 8e-5, 3.2e-4),
}


def parts(topics: Sequence[str]) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return the names of the topics, and which articles to learn from, to judge on and to choose by.

    Examples
    --------
    >>> names, rows = parts(["Arts", "History", "Uncategorized"] * 80)
    >>> names, [len(rows[part]) for part in ("learn", "judge", "choose")]
    (['Arts', 'History'], [40, 80, 40])
    >>> len({*rows["learn"], *rows["judge"], *rows["choose"]})
    160
    """
    names, rng = sorted(set(topics) - {"Uncategorized"}), np.random.default_rng(0)
    mixed = [rng.permutation(np.flatnonzero(np.array(topics) == name)) for name in names]
    cuts = {"learn": slice(20), "judge": slice(20, 60), "choose": slice(60, 80)}
    return names, {part: np.concatenate([rows[cut] for rows in mixed]) for part, cut in cuts.items()}


@functools.cache
def examples(part: str) -> tuple[list[str], list[int]]:
    """Return the texts of a part, and the numbers of their topics."""
    articles = load_wikipedia()
    texts, topics = articles["text"][:], articles["topic"][:]
    names, rows = parts(topics)
    return [texts[row] for row in rows[part]], [names.index(topics[row]) for row in rows[part]]


def new_classifier() -> classifier.Classifier:
    """Return a classifier of the topics that has learned nothing yet."""
    return classifier.Classifier(len(set(examples("learn")[1])), n_tokens=N_TOKENS)


def right(model: classifier.Classifier, part: str) -> np.ndarray:
    """Tell for each article of a part whether a classifier puts it into its topic."""
    texts, labels = examples(part)
    return model.predict(texts) == np.array(labels)


def prepare(encoder: nn.Module, way: str, rank: int = 8, seed: int = 0) -> None:
    """Freeze an encoder and add what a way adds; ``everything`` leaves it as it is."""
    if way == "adapters":
        lora.add_adapters(encoder, ["output.dense"], 16, seed=seed)
    elif way == "LoRA":
        lora.add_lora(encoder, ["query", "value"], rank, alpha=2 * rank, seed=seed)
    else:
        encoder.requires_grad_(way == "everything")


def accuracy(way: str, rate: float, part: str, rank: int = 8, seed: int = 0) -> float:
    """Train one way from one seed, and return its accuracy on a part of the articles."""
    model = new_classifier()
    prepare(model.encoder, way, rank, seed)
    rates = {"rate": 1e-3, "head_rate": rate} if way == "head" else {"rate": rate}
    classifier.fit(model, *examples("learn"), seed=seed, **rates)
    share = round(float(right(model, part).mean()), 4)
    print(f"{way}, rate {rate}, rank {rank}, seed {seed}: {share} of those to {part}", flush=True)
    return share


def results(way: str) -> dict:
    """Return the accuracies of a way, by the rates tried, and by seed for the best of them; LoRA's by rank, too."""
    tried = {str(rate): accuracy(way, rate, "choose") for rate in RATES[way]}
    best = max(RATES[way], key=lambda rate: tried[str(rate)])  # of equal ones the smallest
    found = {"tried": tried, "rate": best, "seeds": [accuracy(way, best, "judge", seed=seed) for seed in SEEDS]}
    if way == "LoRA":
        found["ranks"] = {str(r): [accuracy(way, best, "judge", r, seed) for seed in SEEDS] for r in RANKS}
    return found


def change(rate: float, shuffled: bool) -> dict:
    """Return what the change of full fine-tuning holds, ``"held"`` by its 1 to 384 strongest tables, and its cuts."""
    texts, labels = examples("learn")
    labels = np.random.default_rng(0).permutation(labels).tolist() if shuffled else labels
    model = new_classifier()
    now = dict(model.encoder.named_parameters())
    linear = [name for name, weight in now.items() if ".layer." in name and weight.ndim == 2]
    old = {name: now[name].detach().clone() for name in linear}
    classifier.fit(model, texts, labels, rate)
    new = {name: now[name].detach().clone() for name in linear}
    moved = {name: new[name] - old[name] for name in linear}
    squares = {name: torch.linalg.svdvals(moved[name].double()) ** 2 for name in linear}
    held = {name: (each.cumsum(0) / each.sum()).tolist() for name, each in squares.items()}
    found = {"held": [round(share, 4) for share in held[QUERY]]}
    found["mean_16"] = round(float(np.mean([shares[15] for shares in held.values()])), 4)
    print("shuffled" if shuffled else "right", found["held"][15], found["mean_16"], flush=True)
    if not shuffled:
        found["cuts"] = {what: {} for what in CUTS}
        for what, of in (("change", moved), ("weights", new)):
            tables = {name: torch.linalg.svd(of[name], full_matrices=False) for name in linear}
            for r in CUTS[what]:
                with torch.no_grad():
                    for name, (left, strength, other) in tables.items():
                        cut = (left[:, :r] * strength[:r]) @ other[:r]
                        now[name].copy_(old[name] + cut if what == "change" else cut)
                found["cuts"][what][str(r)] = round(float(right(model, "judge").mean()), 4)
                print(what, r, found["cuts"][what][str(r)], flush=True)
    return found


def coarse_first(rate: float) -> str:
    """Train LoRA beside weights of 4 bits, and return 1 or 0 for each article to judge on: right or wrong."""
    model = new_classifier()
    coarsen(model.encoder.encoder)
    prepare(model.encoder, "LoRA")
    classifier.fit(model, *examples("learn"), rate)
    return "".join(str(int(each)) for each in right(model, "judge"))


def main() -> None:
    """Train, and save what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=["coarse first"], help="make this part anew and keep the others")
    if parser.parse_args().only:
        found = classifier.stored_results()
    else:
        found = {way: results(way) for way in RATES}
        rate = found["everything"]["rate"]
        found["change"] = {"right": change(rate, shuffled=False), "shuffled": change(rate, shuffled=True)}
    found["coarse first"] = coarse_first(found["LoRA"]["rate"])
    save_file(DATA / "adapters" / "topics.json", (json.dumps(found, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
