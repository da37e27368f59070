"""Secure aggregation: numbers that cancel in the sum hide what each client sends."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

MODULUS = 2**32  # numbers are kept by their remainder: 32 bits each
STEPS = 2**20  # of a fixed-point number between two whole ones


def to_whole(values: np.ndarray, largest: float = 100.0) -> np.ndarray:
    """Turn decimals into whole numbers from 0 to 2**32 - 1, in steps of 1 / 2**20; negative ones count from the top.

    Parameters
    ----------
    values : ndarray
        None of them beyond ``largest`` on either side (InputError), so that a sum of 20 cannot come around.

    Examples
    --------
    >>> to_whole(np.array([0.5, -1 / 2**20])).tolist()
    [524288, 4294967295]
    """
    values = np.asarray(values, dtype=float)
    if not (np.abs(values) <= check_number("largest", largest, 0)).all():  # NaN is not below either
        raise InputError(f"A value is beyond {largest:g}: clip it before, or the sum may come around.")
    return (np.rint(values * STEPS).astype(np.int64) % MODULUS).astype(np.uint64)


def from_whole(numbers: np.ndarray) -> np.ndarray:
    """Turn whole numbers, or a sum of them, back into decimals.

    Examples
    --------
    >>> from_whole(to_whole(np.array([0.5, -0.25])))
    array([ 0.5 , -0.25])
    """
    signed = np.asarray(numbers, dtype=np.int64) % MODULUS
    return np.where(signed >= MODULUS // 2, signed - MODULUS, signed) / STEPS


def commonest_byte(numbers: np.ndarray) -> float:
    """Return in what share of 32-bit numbers the commonest first byte comes.

    Examples
    --------
    >>> commonest_byte(np.array([5, 7, 2**24], np.uint64)).__round__(2)
    0.67
    """
    first = (np.asarray(numbers, dtype=np.uint64) >> np.uint64(24)).astype(int).ravel()
    return float(np.bincount(first).max() / first.size)


def agree_on_seeds(n_clients: int, seed: int = 0) -> dict[tuple[int, int], int]:
    """Give each pair of clients a secret number, under both orders of the pair.

    Notes
    -----
    Here one generator draws them all. In Bonawitz and others (2017) each pair agrees on its number by Diffie and
    Hellman's exchange, through the server, which learns nothing of it.

    Examples
    --------
    >>> seeds = agree_on_seeds(3)
    >>> len(seeds), seeds[0, 2] == seeds[2, 0]
    (6, True)
    """
    rng, seeds = np.random.default_rng(check_whole("seed", seed, 0)), {}
    for i in range(check_whole("n_clients", n_clients, 2)):
        for j in range(i):
            seeds[i, j] = seeds[j, i] = int(rng.integers(2**63))
    return seeds


def pair_mask(i: int, j: int, seeds: Mapping[tuple[int, int], int], shape: Sequence[int]) -> np.ndarray:
    """Return what client ``i`` adds for its pair with ``j``: random whole numbers, and for ``j`` their negatives.

    Examples
    --------
    >>> seeds = agree_on_seeds(2)
    >>> int((pair_mask(0, 1, seeds, (3,)) + pair_mask(1, 0, seeds, (3,))).sum() % MODULUS)
    0
    """
    if (i, j) not in seeds:
        raise InputError(f"Clients {i} and {j} have no seed: agree_on_seeds gives each pair one.")
    drawn = np.random.default_rng(seeds[i, j]).integers(MODULUS, size=tuple(shape), dtype=np.uint64)
    return drawn if i < j else (MODULUS - drawn) % np.uint64(MODULUS)


def masked(numbers: np.ndarray, i: int, seeds: Mapping[tuple[int, int], int]) -> np.ndarray:
    """Add to a client's whole numbers its mask of every pair, by remainders: this is what it sends.

    Examples
    --------
    >>> seeds = agree_on_seeds(3)
    >>> total = sum(masked(np.full(2, 5, np.uint64), i, seeds) for i in range(3))
    >>> (total % np.uint64(MODULUS)).tolist()
    [15, 15]
    """
    others = sorted(b for a, b in seeds if a == i)
    total = np.asarray(numbers, dtype=np.uint64).copy()
    for j in others:
        total = (total + pair_mask(i, j, seeds, total.shape)) % np.uint64(MODULUS)
    return total


def sum_of_sent(
    sent: Mapping[int, np.ndarray], seeds: Mapping[tuple[int, int], int], gone: Iterable[int] = ()
) -> np.ndarray:
    """Add up what arrived, and take out the masks of the pairs with those who dropped out.

    Parameters
    ----------
    sent : mapping of int to ndarray
        What each client that stayed has sent.
    seeds : mapping
        The survivors tell the server the seeds of their pairs with ``gone``, and only these are used.

    Returns
    -------
    ndarray of uint64
        The sum of the survivors' own numbers, by remainders.

    Examples
    --------
    >>> seeds = agree_on_seeds(3)
    >>> sent = {i: masked(np.array([i + 1], np.uint64), i, seeds) for i in range(3)}
    >>> del sent[1]
    >>> sum_of_sent(sent, seeds, gone=[1]).tolist()
    [4]
    """
    if both := set(sent) & set(gone):
        raise InputError(f"Client {both.pop()} has sent its numbers: with its seeds the server could read them.")
    total = sum(sent.values()) % np.uint64(MODULUS)
    for i in sent:
        for j in gone:
            total = (total + MODULUS - pair_mask(i, j, seeds, total.shape)) % np.uint64(MODULUS)
    return total
