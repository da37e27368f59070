"""Grover's search: a sign for what is sought, and a reflection at the mean."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError


def grover(n_entries: int, sought: Collection[int], n_steps: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield what happened and the amplitudes, ``(n_entries,)``: at the start, and after each half of each step.

    The amplitudes stay real. See Grover, *A Fast Quantum Mechanical Algorithm for Database Search* (1996).

    Parameters
    ----------
    n_entries : int
        A power of 2, so that the entries are the outcomes of qubits.
    sought : collection of int
        The entries that the oracle marks.

    Examples
    --------
    >>> [(said, a.round(2).tolist()) for said, a in grover(4, {2}, 1)][1:]
    [('marked', [0.5, 0.5, -0.5, 0.5]), ('mirrored', [0.0, 0.0, 1.0, 0.0])]
    """
    check_whole("n_entries", n_entries, least=2)
    check_whole("n_steps", n_steps, least=0)
    if n_entries & (n_entries - 1):
        raise InputError(f"Qubits have 2, 4, 8 ... outcomes, and {n_entries} is no power of 2: fill the list up.")
    marks = sorted(sought)
    if not marks or not 0 <= marks[0] <= marks[-1] < n_entries:
        raise InputError(f"The sought entries are numbers from 0 to {n_entries - 1}, at least one of them.")
    amplitudes = np.full(n_entries, n_entries**-0.5)
    yield "start", amplitudes
    for _ in range(n_steps):
        amplitudes = amplitudes.copy()
        amplitudes[marks] *= -1
        yield "marked", amplitudes
        amplitudes = 2 * amplitudes.mean() - amplitudes
        yield "mirrored", amplitudes


def found_after(n_entries: int, sought: Collection[int], n_steps: int) -> np.ndarray:
    """Return the probability to measure one of the sought entries after 0, 1, ..., ``n_steps`` steps.

    Examples
    --------
    >>> found_after(4, {2}, 2).round(2)
    array([0.25, 1.  , 0.25])
    """
    states = [amplitudes for said, amplitudes in grover(n_entries, sought, n_steps) if said != "marked"]
    return (np.array(states)[:, sorted(sought)] ** 2).sum(axis=1)
