"""Barren plateaus: how the gradient of a random circuit shrinks as qubits are added."""

from __future__ import annotations

import numpy as np

from course_utils.common.checks import check_whole


def gradients(n_qubits: int, n_layers: int, n_circuits: int, rng: np.random.Generator) -> np.ndarray:
    """Return the derivative by the first angle of the expected product of the first two qubits' signs.

    As in McClean and others (2018): each qubit begins at an angle of pi / 4, and a layer rotates each qubit by a random
    angle about a random axis, and then gives neighbours that are both 1 a minus sign. A measured qubit counts as 1 if
    it is 0, and as -1 if it is 1. The derivative is exact: half the difference of the values at the angle plus and
    minus pi / 2 (Mitarai and others, 2018).

    Returns
    -------
    ndarray, shape (n_circuits,)

    Examples
    --------
    >>> gradients(3, 2, 5, np.random.default_rng(0)).shape
    (5,)
    """
    check_whole("n_qubits", n_qubits, least=2, most=14)
    check_whole("n_layers", n_layers, least=1)
    angles = rng.uniform(0, 2 * np.pi, (n_layers, n_qubits, n_circuits))
    axes = rng.integers(3, size=(n_layers, n_qubits, n_circuits))
    plus, minus = (expected(_shifted(angles, by), axes) for by in (np.pi / 2, -np.pi / 2))
    return (plus - minus) / 2


def expected(angles: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the expected product of the first two qubits' signs, ``(n_circuits,)``.

    Parameters
    ----------
    angles, axes : ndarray, shape (n_layers, n_qubits, n_circuits)
        Radians, and 0, 1 or 2 for a rotation about x, y or z.
    """
    _, n_qubits, n_circuits = angles.shape
    one = np.array([np.cos(np.pi / 8), np.sin(np.pi / 8)])
    start = np.ones(1)
    for _ in range(n_qubits):
        start = np.kron(start, one)
    states = np.repeat(start[None].astype(complex), n_circuits, axis=0)
    signs = neighbour_signs(n_qubits)
    for layer_angles, layer_axes in zip(angles, axes, strict=True):
        gates = rotations(layer_angles, layer_axes)
        for qubit in range(n_qubits):  # each time the first axis is rotated and goes to the end
            pairs = states.reshape(n_circuits, 2, -1).transpose(0, 2, 1)  # (n_circuits, the others, 2)
            states = np.matmul(pairs, gates[qubit].transpose(0, 2, 1)).reshape(n_circuits, -1)
        states = states * signs
    chances = (np.abs(states) ** 2).reshape(n_circuits, 2, 2, -1).sum(axis=3)
    return chances[:, 0, 0] + chances[:, 1, 1] - chances[:, 0, 1] - chances[:, 1, 0]


def rotations(angles: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """Return the rotation gates about x, y or z (0, 1, 2), of the shape of ``angles`` and ``(2, 2)`` behind it.

    Examples
    --------
    >>> rotations(np.array(np.pi), np.array(0)).round(2)
    array([[0.+0.j, 0.-1.j],
           [0.-1.j, 0.+0.j]])
    """
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    half = (angles / 2)[..., None, None]
    return np.cos(half) * np.eye(2) - 1j * np.sin(half) * pauli[axes]


def neighbour_signs(n_qubits: int) -> np.ndarray:
    """Return -1 for each outcome in which an odd number of neighbours are both 1, and 1 for the others.

    Examples
    --------
    >>> neighbour_signs(2)
    array([ 1.,  1.,  1., -1.])
    """
    bits = (np.arange(2**n_qubits)[:, None] >> np.arange(n_qubits - 1, -1, -1)) & 1
    return (-1.0) ** (bits[:, 1:] & bits[:, :-1]).sum(axis=1)


def _shifted(angles: np.ndarray, by: float) -> np.ndarray:
    shifted = angles.copy()
    shifted[0, 0] += by
    return shifted
