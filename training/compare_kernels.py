"""Compare two quantum kernels with two others on digits, for notebook 24: ``python3 training/compare_kernels.py``.

Each kernel is tuned over the same scales and costs, on the same validation digits, for each split and number of qubits.
It takes about six minutes of one core.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from course_utils.common.files import save_file
from course_utils.quantum.kernels import KERNELS, digits_split, tune
from course_utils.quantum.shipped import FILE, packed

QUBITS, N_SPLITS = (2, 4, 6, 8, 10), 5


def compare(n_qubits: int, seed: int) -> dict[str, dict]:
    """Return what each kernel gives on one split."""
    split, found = digits_split(n_qubits, seed), {}
    for name, kernel in KERNELS.items():
        (scale, cost), right = tune(kernel, split)
        found[name] = {"seed": seed, "scale": scale, "cost": cost, "right": packed(right)}
        print(
            f"{n_qubits:2} qubits, split {seed}: {name:6} scale {scale:5}, cost {cost:5}: {right.mean():.3f}",
            flush=True,
        )
    return found


def main() -> None:
    """Run, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=FILE, help="where to save")
    file, qubits = parser.parse_args().file, {}
    for n_qubits in QUBITS:
        runs = [compare(n_qubits, seed) for seed in range(N_SPLITS)]
        qubits[n_qubits] = {name: [run[name] for run in runs] for name in KERNELS}
    file.parent.mkdir(parents=True, exist_ok=True)
    stored = {"n_digits": 1797, "n_splits": N_SPLITS, "qubits": qubits}
    save_file(file, json.dumps(stored, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
