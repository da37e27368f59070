"""Qubits as vectors and gates as matrices: a simulator of a few lines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

MOST_QUBITS = 24  # 256 MB of amplitudes
H = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
X = np.array([[0, 1], [1, 0]])
CNOT = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]])


def zeros(n_qubits: int) -> np.ndarray:
    """Return the state in which every qubit is 0, of shape ``(2,) * n_qubits``.

    Examples
    --------
    >>> zeros(2).ravel()
    array([1.+0.j, 0.+0.j, 0.+0.j, 0.+0.j])
    """
    check_whole("n_qubits", n_qubits, least=1, most=MOST_QUBITS)
    state = np.zeros((2,) * n_qubits, dtype=complex)
    state.flat[0] = 1
    return state


def apply(gate: np.ndarray, state: np.ndarray, *qubits: int) -> np.ndarray:
    """Return a state after a gate on some of its qubits; the state that came in stays as it is.

    Parameters
    ----------
    gate : ndarray, shape (2**k, 2**k)
        A unitary matrix for ``k`` qubits; the first of them is the leftmost binary digit of a row's number.
    state : ndarray, shape (2,) * n_qubits
        Amplitudes; the axis k belongs to qubit k.
    *qubits : int
        The ``k`` qubits that the gate acts on, each once.

    Raises
    ------
    InputError
        If gate, state and qubits do not fit together.

    Examples
    --------
    >>> apply(X, zeros(2), 1).ravel().real
    array([0., 1., 0., 0.])
    """
    gate, state, k = np.asarray(gate), np.asarray(state), len(qubits)
    if set(state.shape) != {2}:
        raise InputError(f"A state has one axis of length 2 for each qubit, and this has shape {state.shape}.")
    if gate.shape != (2**k, 2**k):
        raise InputError(f"For {k} qubits a gate is a matrix {(2**k, 2**k)}, and this one is {gate.shape}.")
    if len(set(qubits)) < k or not set(qubits) <= set(range(state.ndim)):
        raise InputError(f"The qubits must be different numbers from 0 to {state.ndim - 1}, and these are {qubits}.")
    moved = np.tensordot(gate.reshape((2,) * 2 * k), state, axes=(range(k, 2 * k), qubits))
    return np.moveaxis(moved, range(k), qubits)


def chances(state: np.ndarray) -> np.ndarray:
    """Return the probability of each outcome when all qubits are measured, the squared sizes of the amplitudes.

    Raises an InputError if they do not add up to 1.

    Examples
    --------
    >>> chances(apply(H, zeros(1), 0)).round(2)
    array([0.5, 0.5])
    """
    found = np.abs(np.ravel(state)) ** 2
    if not np.isclose(found.sum(), 1, atol=1e-6):
        raise InputError(f"The squared amplitudes of a state add up to 1, and here to {found.sum():.3g}.")
    return found


def measure(state: np.ndarray, n_shots: int, rng: np.random.Generator) -> np.ndarray:
    """Prepare a state and measure it, ``n_shots`` times; return the bits, of shape ``(n_shots, n_qubits)``.

    Examples
    --------
    >>> measure(apply(X, zeros(2), 1), 3, np.random.default_rng(0))
    array([[0, 1],
           [0, 1],
           [0, 1]])
    """
    state, found = np.asarray(state), chances(state)
    drawn = rng.choice(len(found), check_whole("n_shots", n_shots, least=1), p=found / found.sum())
    return np.stack(np.unravel_index(drawn, state.shape), axis=1)


def run_noisy(
    parts: Sequence[Sequence[tuple]], n_qubits: int, p: float, n_runs: int, rng: np.random.Generator
) -> np.ndarray:
    """Run a circuit whose gates fail: after each of them, each qubit that it touched gets X, Y or Z with ``p``.

    Parameters
    ----------
    parts : sequence of sequences of (gate, qubit, ...)
        The gates, in parts after each of which one looks at the probabilities.
    p : float
        The probability of a failure, for each qubit of each gate; which of the three it is, chance decides.

    Returns
    -------
    ndarray, shape (n_runs, n_parts, 2**n_qubits)
        The probability of each outcome, if the run were measured after that part.

    Examples
    --------
    >>> run_noisy([[(X, 0)]], 1, 0.0, 2, np.random.default_rng(0))[:, 0].tolist()
    [[0.0, 1.0], [0.0, 1.0]]
    """
    check_number("p", p, least=0, most=1)
    errors, found = (X, np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])), []
    for _ in range(check_whole("n_runs", n_runs, least=1)):
        state = zeros(n_qubits)
        for part in parts:
            for gate, *qubits in part:
                state = apply(gate, state, *qubits)
                for qubit in np.array(qubits)[rng.random(len(qubits)) < p]:
                    state = apply(errors[rng.integers(3)], state, int(qubit))
            found.append(chances(state))
    return np.reshape(found, (n_runs, len(parts), 2**n_qubits))


def turned(angle: float) -> np.ndarray:
    """Return the gate that rotates a qubit's two real amplitudes by half of ``angle``, in radians: RY.

    Examples
    --------
    >>> turned(np.pi).round(2)
    array([[ 0., -1.],
           [ 1.,  0.]])
    """
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]])


def controlled_phase(angle: float) -> np.ndarray:
    """Return the gate on two qubits that gives the state 11 a phase, ``exp(i * angle)``.

    Examples
    --------
    >>> controlled_phase(np.pi).diagonal().real
    array([ 1.,  1.,  1., -1.])
    """
    return np.diag([1, 1, 1, np.exp(1j * angle)])
