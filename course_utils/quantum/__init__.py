"""Quantum computing: a simulator, Grover's search, Shor's factoring, keys, quantum kernels and barren plateaus."""

from course_utils.quantum.grover import found_after, grover
from course_utils.quantum.kernels import (
    angle_kernel,
    angle_states,
    digits_split,
    linear_kernel,
    rbf_kernel,
    tune,
    zz_kernel,
    zz_states,
)
from course_utils.quantum.keys import exposed, key_sizes, toy_key
from course_utils.quantum.plateaus import gradients
from course_utils.quantum.shor import (
    factors_from,
    peaks,
    period_from,
    period_state,
    powers,
    quantum_fourier,
    registers,
)
from course_utils.quantum.states import CNOT, H, X, apply, chances, controlled_phase, measure, run_noisy, turned, zeros

__all__ = [
    "CNOT",
    "H",
    "X",
    "angle_kernel",
    "angle_states",
    "apply",
    "chances",
    "controlled_phase",
    "digits_split",
    "exposed",
    "factors_from",
    "found_after",
    "gradients",
    "grover",
    "key_sizes",
    "linear_kernel",
    "measure",
    "peaks",
    "period_from",
    "period_state",
    "powers",
    "quantum_fourier",
    "rbf_kernel",
    "registers",
    "run_noisy",
    "toy_key",
    "tune",
    "turned",
    "zeros",
    "zz_kernel",
    "zz_states",
]
