"""The same circuits for the library Qiskit, whose simulator Aer must give what ours gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.quantum.shor import powers, registers, times_where_one

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def run_aer(circuit: QuantumCircuit) -> np.ndarray:
    """Return the state after a circuit, by Aer, of shape ``(2,) * n_qubits`` with Qiskit's qubit k on axis k.

    Qiskit reads its *last* qubit as the leftmost digit, so its list of amplitudes is read backwards here.
    """
    from qiskit_aer import AerSimulator

    circuit = circuit.copy()
    circuit.save_statevector()
    found = AerSimulator(method="statevector", max_parallel_threads=1).run(circuit).result()
    state = np.asarray(found.get_statevector()).reshape((2,) * circuit.num_qubits)
    return state.transpose()


def grover_circuit(n_qubits: int, sought: int, n_steps: int) -> QuantumCircuit:
    """Return Grover's search for one of ``2**n_qubits`` entries, of H, X and a phase that all qubits control."""
    from qiskit import QuantumCircuit

    if not 0 <= sought < 2**n_qubits:
        raise InputError(f"The sought entry is a number from 0 to {2**n_qubits - 1}, and {sought} is not.")
    circuit, qubits = QuantumCircuit(n_qubits), range(n_qubits)
    zeros = [qubit for qubit in qubits if not sought >> (n_qubits - 1 - qubit) & 1]
    circuit.h(qubits)
    for _ in range(n_steps):
        for turned_round, flipped in ((False, zeros), (True, list(qubits))):  # mark, then mirror
            if turned_round:
                circuit.h(qubits)
            if flipped:
                circuit.x(flipped)
            circuit.mcp(np.pi, list(qubits[:-1]), qubits[-1])
            if flipped:
                circuit.x(flipped)
            if turned_round:
                circuit.h(qubits)
    return circuit


def shor_circuit(a: int, N: int) -> QuantumCircuit:  # noqa: N803
    """Return Shor's search for the period of ``a**x % N``: H, multiplications that a counter controls, Fourier."""
    from qiskit import QuantumCircuit
    from qiskit.circuit.library import QFTGate

    t, m = registers(N)
    powers(a, N, 1)  # refuses what has no period
    circuit, held = QuantumCircuit(t + m), list(range(t, t + m))
    circuit.h(range(t))
    circuit.x(t + m - 1)  # the number 1
    for place in range(t):
        factor = pow(a, 2 ** (t - 1 - place), N)
        circuit.unitary(times_where_one(factor, N), [*held[::-1], place])
    fourier = QuantumCircuit(t)
    fourier.append(QFTGate(t), range(t))
    return circuit.compose(fourier.decompose(reps=2), range(t)[::-1])
