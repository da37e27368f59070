"""The comparison of kernels that takes too long for a lesson; ``training/compare_kernels.py`` made it."""

from __future__ import annotations

import numpy as np

from course_utils.common import DATA
from course_utils.common.files import read_results

FILE = DATA / "quantum" / "kernels.json"


def load_kernels() -> dict[int, dict[str, list[dict]]]:
    """Return by number of qubits, and by the kernel's name, what each split gave.

    A split's dict has ``scale`` and ``cost``, which the validation digits chose, ``right``, an ndarray of bool with one
    value for each test digit, and ``tested``, the positions of these digits, both ``(n_test,)``.

    Examples
    --------
    >>> found = load_kernels()
    >>> list(found), list(found[8])
    ([2, 4, 6, 8, 10], ['linear', 'RBF', 'angle', 'ZZ'])
    """
    stored = read_results(FILE, "training/compare_kernels.py")
    tested = [np.random.default_rng(seed).permutation(stored["n_digits"])[600:] for seed in range(stored["n_splits"])]
    return {
        int(n): {name: [_unpacked(run, tested[run["seed"]]) for run in runs] for name, runs in kernels.items()}
        for n, kernels in stored["qubits"].items()
    }


def packed(right: np.ndarray) -> str:
    """Write answers, right or wrong, as hexadecimal digits.

    Examples
    --------
    >>> packed(np.array([True, False, True, True]))
    'b0'
    """
    return np.packbits(right).tobytes().hex()


def _unpacked(run: dict, tested: np.ndarray) -> dict:
    bits = np.unpackbits(np.frombuffer(bytes.fromhex(run["right"]), dtype=np.uint8), count=len(tested))
    return {**run, "right": bits.astype(bool), "tested": tested}
