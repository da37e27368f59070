"""Shor's way to factor a number: a period, found by the quantum Fourier transform."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.quantum.states import H, X, apply, controlled_phase, zeros


def quantum_fourier(state: np.ndarray, qubits: Sequence[int]) -> np.ndarray:
    """Return a state after the quantum Fourier transform of some of its qubits, gate by gate.

    For ``t`` qubits it takes ``t`` times H and ``t (t - 1) / 2`` phases, and at the end the qubits change places.

    Parameters
    ----------
    state : ndarray, shape (2,) * n_qubits
        Amplitudes.
    qubits : sequence of int
        Read as a binary number, the first of them is its leftmost digit.

    Examples
    --------
    >>> state = np.zeros((2, 2))
    >>> state[0, 1] = 1  # the number 1
    >>> quantum_fourier(state, [0, 1]).ravel().round(2) + 0
    array([ 0.5+0.j ,  0. +0.5j, -0.5+0.j ,  0. -0.5j])
    """
    for place, qubit in enumerate(qubits):
        state = apply(H, state, qubit)
        for further, other in enumerate(qubits[place + 1 :], start=1):
            state = apply(controlled_phase(np.pi / 2**further), state, other, qubit)
    return np.moveaxis(state, qubits, qubits[::-1])


def powers(a: int, N: int, n: int) -> np.ndarray:  # noqa: N803 - the number to factor is N in every book
    """Return ``a**x % N`` for x = 0, 1, ..., n - 1; ``a`` and ``N`` must have no common divisor (InputError).

    Examples
    --------
    >>> powers(7, 15, 6)
    array([ 1,  7,  4, 13,  1,  7])
    """
    check_whole("N", N, least=3)
    check_whole("a", a, least=2, most=N - 1)
    if gcd(a, N) != 1:
        raise InputError(f"{a} and {N} share the divisor {gcd(a, N)}: that is a factor already, choose another a.")
    found = np.ones(n, dtype=np.int64)
    for x in range(1, n):
        found[x] = found[x - 1] * a % N
    return found


def period_state(a: int, N: int) -> np.ndarray:  # noqa: N803
    """Return the state in which every x from 0 stands beside ``a**x % N``, before the Fourier transform.

    The counter gets H, the other qubits the number 1, and each qubit of the counter controls a multiplication by ``a``,
    ``a**2``, ``a**4`` and so on, each the square of the one before. No list of all powers is needed.

    Returns
    -------
    ndarray, shape (2,) * (t + m)
        The first ``t`` qubits hold x, with ``2**t >= N**2``, the last ``m`` hold the power.
    """
    t, m = registers(N)
    powers(a, N, 1)  # refuses what has no period
    state, held = apply(X, zeros(t + m), t + m - 1), range(t, t + m)
    for qubit in range(t):
        state = apply(H, state, qubit)
    factor = a
    for qubit in reversed(range(t)):  # the last qubit of the counter counts ones
        state = apply(times_where_one(factor, N), state, qubit, *held)
        factor = factor * factor % N
    return state


def times_where_one(factor: int, N: int) -> np.ndarray:  # noqa: N803
    """Return the gate that multiplies a number modulo ``N`` by ``factor`` where its first qubit, the control, is 1.

    It only moves amplitudes, so its matrix has a single 1 in each row. A machine makes it of many small gates.

    Returns
    -------
    ndarray, shape (2 * 2**m, 2 * 2**m)
        For the control and ``m`` qubits that hold a number; numbers from N on stay what they are.

    Examples
    --------
    >>> int(times_where_one(2, 5)[8 + 1, 8 + 3])  # 2 * 3 is 1 modulo 5, and the control counts 8
    1
    """
    size = 2 ** registers(N)[1]
    gate = np.eye(2 * size)
    gate[size:, size:] = 0
    for number in range(size):
        gate[size + (number * factor % N if number < N else number), size + number] = 1
    return gate


def registers(N: int) -> tuple[int, int]:  # noqa: N803
    """Return how many qubits count, and how many hold a number below ``N``.

    Examples
    --------
    >>> registers(15), registers(77)
    ((8, 4), (13, 7))
    """
    check_whole("N", N, least=3)
    return (N * N - 1).bit_length(), (N - 1).bit_length()


def peaks(a: int, N: int) -> np.ndarray:  # noqa: N803
    """Return the probability of each measured number k, ``(2**t,)``, after the Fourier transform of the counter.

    Examples
    --------
    >>> np.flatnonzero(peaks(7, 15) > 0.1).tolist()  # multiples of 256 / 4
    [0, 64, 128, 192]
    """
    t, m = registers(N)
    state = quantum_fourier(period_state(a, N), range(t))
    return (np.abs(state.reshape(2**t, 2**m)) ** 2).sum(axis=1)


def period_from(k: int, size: int, N: int) -> int:  # noqa: N803
    """Return the denominator below ``N`` of the fraction that is nearest to ``k / size``.

    Examples
    --------
    >>> period_from(85, 512, 21)  # 85 / 512 = 0.166
    6
    """
    check_whole("k", k, least=0, most=size - 1)
    return Fraction(int(k), size).limit_denominator(N - 1).denominator


def factors_from(a: int, r: int, N: int) -> tuple[int, int] | None:  # noqa: N803
    """Return two factors of ``N`` from a period ``r`` of the powers of ``a``, or None where they are not to be had.

    Examples
    --------
    >>> factors_from(7, 4, 15), factors_from(14, 2, 15), factors_from(7, 3, 15)
    ((3, 5), None, None)
    """
    if r % 2 or pow(a, r, N) != 1:
        return None
    p = gcd(pow(a, r // 2, N) - 1, N)
    return (min(p, N // p), max(p, N // p)) if 1 < p < N else None
