"""Train what notebook 13 has no time for: ``python3 training/train_tiny_gpt.py``, about half an hour on one thread.

First the *ablations*: the notebook's small model, whole and without one part, from three seeds, for 200 and for 3,000
steps; their losses on the text kept aside go into ``ablations.json``. Then the notebook's own model for 8,000 steps in
place of 350, which goes into ``longer.safetensors``, with its losses in ``longer.json``. Both read the same tokens and
are judged on the same windows as in the notebook. And the notebook's own 350 steps, into ``shorter.safetensors``, and
the small model for 350 steps at several learning rates, into ``rates.json``: with ``--only`` one of these alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from pathlib import Path

import numpy as np

from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.tiny_gpt import Plan, TinyGPT, held_out_loss, load_checkpoint, save_checkpoint, train, windows
from course_utils.tiny_gpt.shipped import FOLDER
from course_utils.tokens import BPETokenizer

PLAN = Plan(n_vocabulary=512)
SIBLING = Plan(n_vocabulary=512, d_model=64, n_layers=2)
PARTS, SEEDS, LENGTHS = ("none", "attention", "positions", "residual", "scale"), (0, 1, 2), (200, 3000)
LOOKS = (0, 100, 200, 500, 1000, 2000, 3000)
N_STEPS, WARM_UP, N_SHORT = 8000, 100, 350
RATES = {"0.0005": (5e-4, 20), "0.005": (5e-3, 20), "0.05": (5e-2, 20), "0.5": (5e-1, 20)}
RATES |= {"0.005, no warm-up": (5e-3, 1)}  # the highest rate and the steps of warm-up, as in the notebook


def tokens() -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return the tokens to read, ``(n,)``, and inputs and targets kept aside, as in the notebook."""
    texts = load_wikipedia()["text"][:]
    order = np.random.default_rng(0).permutation(len(texts))
    to_read, kept_aside = ("\n\n".join(texts[article] for article in some) for some in (order[:-300], order[-300:]))
    tokenizer = BPETokenizer.train(to_read[:500_000], vocab_size=512)
    return np.array(tokenizer.encode(to_read)), windows(tokenizer.encode(kept_aside)[:20_000], context=64)


def losses_of(
    model: TinyGPT, ids: np.ndarray, aside: tuple, n_steps: int, what: str, **more: float
) -> dict[str, float]:
    """Train a model, in place, and return its losses on the text kept aside, by the number of steps done."""
    judged = {}

    def look(step: int) -> None:
        if step in LOOKS or step == n_steps:
            judged[str(step)] = round(held_out_loss(model, *aside), 4)

    train(model, ids, n_steps, each=look, what=what, **more)
    return judged


def ablations(ids: np.ndarray, aside: tuple) -> dict:
    """Return the losses of each part's ablation, of each length and seed: ``[part][length][seed][step]``."""
    lost = {}
    for part in PARTS:
        plan = SIBLING if part == "none" else dataclasses.replace(SIBLING, **{part: False})
        lost[part] = {
            str(n_steps): [
                losses_of(TinyGPT(plan, seed=seed), ids, aside, n_steps, f"without {part}, seed {seed}", seed=seed)
                for seed in SEEDS
            ]
            for n_steps in LENGTHS
        }
    return lost


def shorter(ids: np.ndarray, aside: tuple) -> TinyGPT:
    """Return the notebook's model after the notebook's own training, with weights rounded to 16 bits."""
    model = TinyGPT(PLAN, seed=0)
    train(model, ids, N_SHORT, what="the notebook's own training")
    print(f"held-out loss {held_out_loss(model, *aside):.4f} after {N_SHORT} steps", end=", ")
    model.half()
    return model


def rates(ids: np.ndarray, aside: tuple) -> dict[str, list[float]]:
    """Return the losses of the small model after 350 steps at each rate, from the seeds 0 and 1."""
    lost = {}
    for name, (highest, warm_up) in RATES.items():
        lost[name] = []
        for seed in SEEDS[:2]:
            model, how = TinyGPT(SIBLING, seed=seed), {"warm_up": warm_up, "seed": seed, "highest": highest}
            lost[name].append(losses_of(model, ids, aside, N_SHORT, f"rate {name}, seed {seed}", **how)[str(N_SHORT)])
        print(name, lost[name], flush=True)
    return lost


def main() -> None:
    """Train, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where to save")
    parser.add_argument("--only", choices=["shorter", "rates"], help="train these alone")
    options = parser.parse_args()
    folder = options.folder
    folder.mkdir(parents=True, exist_ok=True)
    ids, aside = tokens()
    if options.only != "rates":
        save_checkpoint(shorter(ids, aside), folder / "shorter.safetensors")
        rounded = load_checkpoint(folder / "shorter.safetensors")
        print(f"{held_out_loss(rounded, *aside):.4f} with rounded weights")
    if options.only != "shorter":
        save_file(folder / "rates.json", json.dumps(rates(ids, aside), indent=1).encode() + b"\n")
    if options.only:
        return
    save_file(folder / "ablations.json", json.dumps(ablations(ids, aside), indent=1).encode() + b"\n")
    model = TinyGPT(PLAN, seed=0)
    judged = losses_of(model, ids, aside, N_STEPS, "the longer training", warm_up=WARM_UP)
    save_checkpoint(model, folder / "longer.safetensors")
    save_file(folder / "longer.json", json.dumps(judged, indent=1).encode() + b"\n")
    print(f"held-out loss {judged[str(N_STEPS)]:.2f} after {N_STEPS:,} steps")


if __name__ == "__main__":
    main()
