"""Compare generators: ``python3 training/compare_generators.py`` makes the scores and samples that notebook 20 loads.

A GAN, a GAN with a penalty and a diffusion model of as many parameters learn a ring of points and digits, each with the
same learning rates and seeds. They also learn for four times as long: the ring with two rates, which hold the best of
each, and the digits with the best rate of each, the plain GAN with a lower one, too. Of the digits made with these
rates we count how many are nearer to one of the training than to any other. What is in the file already is not made
again, so name another file to make it all. The plain GAN learns the ring with a falling rate, too. One thread computes:
about 30 minutes.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path

import numpy as np

from course_utils.architectures.data import load_pictures
from course_utils.architectures.generators import (
    as_pictures,
    digit_rows,
    nearest,
    ring,
    sample_diffusion,
    sample_gan,
    score_digits,
    score_ring,
    train_diffusion,
    train_gan,
)
from course_utils.architectures.shipped import FOLDER, LEVELS
from course_utils.architectures.training import train_network

RING = {"n_seeds": 5, "n_steps": 1500, "batch_size": 128, "n_noise": 2, "width": 64, "wide": 91}
RING |= {"rates": (0.0003, 0.001, 0.003, 0.01, 0.03)}
METHODS = ("GAN", "GAN with penalty", "diffusion")
FALLING = RING | {"falling": True, "methods": METHODS[:1]}  # the rate of diffusion falls anyway
LONGER = RING | {"n_seeds": 3, "n_steps": 6000, "rates": (0.003, 0.01)}
DIGITS = {"n_seeds": 3, "n_steps": 3000, "batch_size": 64, "n_noise": 16, "width": 128, "wide": 170}
DIGITS |= {"rates": (0.0003, 0.001, 0.003, 0.01, 0.03)}
BEST = {"GAN": 0.001, "GAN with penalty": 0.01, "diffusion": 0.01}  # rates for the digits, by their first seed
DIGITS_LONGER = DIGITS | {"n_steps": 12_000}
TRAINED_LONGER = (*BEST.items(), ("GAN", 0.0003))
PENALTY = 0.5
N_SHOWN = 10


def make(method: str, real: np.ndarray, plan: dict, rate: float, seed: int, n: int) -> np.ndarray:
    """Train one method, and return what it makes, ``(n, d)``."""
    how = {"rate": rate, "seed": seed, "n_steps": plan["n_steps"], "batch_size": plan["batch_size"]}
    if method == "diffusion":
        return sample_diffusion(train_diffusion(real, width=plan["wide"], **how), n)
    penalty = PENALTY if method == "GAN with penalty" else 0.0
    how["falling"] = plan.get("falling", False)
    return sample_gan(train_gan(real, penalty=penalty, width=plan["width"], n_noise=plan["n_noise"], **how)[0], n)


def main() -> None:
    """Train all, and save scores, seconds and a few digits."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FOLDER / "generators.json", help="where to save the results")
    options = parser.parse_args()
    task = load_pictures()
    judge = train_network("CNN", task, rate=0.01).network
    points, digits, others = ring(20_000), digit_rows(task.pool[0]), digit_rows(task.test[0])
    sides = {
        "ring": (points, RING, 2000, score_ring),
        "digits": (digits, DIGITS, 1000, lambda rows: score_digits(judge, rows)),
        "ring, longer": (points, LONGER, 2000, score_ring),
        "ring, falling": (points, FALLING, 2000, score_ring),
        "digits, longer": (digits, DIGITS_LONGER, 1000, lambda rows: score_digits(judge, rows)),
    }
    stored = json.loads(options.file.read_text(encoding="utf-8")) if options.file.exists() else {}
    for side, (real, plan, n, score) in sides.items():
        grid = itertools.product(plan.get("methods", METHODS), plan["rates"])
        for method, rate in TRAINED_LONGER if plan is DIGITS_LONGER else grid:
            kept = stored.setdefault(side, {}).setdefault(method, {})
            if str(rate) in kept:
                continue
            runs = []
            for seed in range(plan["n_seeds"]):
                made = make(method, real, plan, rate, seed, n)
                share, covered = score(made)
                runs.append({"share": round(share, 3), "covered": covered})
                if plan is DIGITS:  # ten of them are shown
                    levels = np.rint(as_pictures(made[:N_SHOWN])[:, 2:-2, 2:-2] * (len(LEVELS) - 1)).astype(int)
                    runs[-1]["digits"] = ["".join(LEVELS[level] for level in each.ravel()) for each in levels]
                if real is digits and (method, rate) in TRAINED_LONGER:
                    nearer = nearest(made, digits) < nearest(made, others)
                    runs[-1]["nearer"] = round(float(nearer.mean()), 3)
            kept[str(rate)] = {"runs": runs}
            print(side, method, rate, [(run["share"], run["covered"]) for run in runs], flush=True)
            options.file.write_text(json.dumps(stored, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
