"""Plant codes into what the tiny GPT reads, and keep how exposed they are; notebook 22 shows it.

Run from the repository with `python training/keep_data_private.py`; it takes about ten minutes of one core.
"""

from __future__ import annotations

import json

import numpy as np

from course_utils.common import DATA
from course_utils.common.files import save_file
from course_utils.privacy.memorised import (
    WORDINGS,
    code_scores,
    exposure,
    fine_tune,
    fresh_rows,
    plant,
    without_copies,
)
from course_utils.rewards.words import load_reference

TIMES, SEEDS = (0, 1, 2, 4, 8, 16, 32), range(5)
FOLDER = DATA / "privacy"


def one_run(model, tokenizer, rows, way: str, times: int, seed: int) -> dict:
    """Plant a code, train on it, and return how exposed it is."""
    secret = int(np.random.default_rng([seed, 7]).integers(10_000))
    planted = plant(
        rows, tokenizer, f"{secret:04}", times, seed, wordings=WORDINGS if way.startswith("wordings") else ()
    )
    if way.endswith("deduplicated"):
        planted = without_copies(planted)
    scores = code_scores(fine_tune(model, planted, seed), tokenizer)
    bits = round(exposure(scores, secret), 3)
    return {"way": way, "times": times, "seed": seed, "secret": secret, "exposure": bits}


def main() -> None:
    """Run every setting and write the results."""
    model, tokenizer = load_reference()
    rows, runs = fresh_rows(tokenizer), []
    settings = [("copies", times) for times in TIMES] + [
        ("deduplicated", 32),
        ("wordings", 32),
        ("wordings, deduplicated", 32),
    ]
    for way, times in settings:
        for seed in SEEDS:
            runs.append(one_run(model, tokenizer, rows, way, times, seed))
            print(runs[-1], flush=True)
    FOLDER.mkdir(exist_ok=True)
    save_file(FOLDER / "exposure.json", json.dumps(runs, indent=0).encode())


if __name__ == "__main__":
    main()
