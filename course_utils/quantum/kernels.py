"""Quantum kernels: how alike two examples are as states, and what a support vector machine makes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from course_utils.common.errors import InputError

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
SCALES, COSTS = tuple(2.0**k for k in range(-7, 3)), (1.0, 10.0, 100.0, 1000.0)  # each kernel is tuned over all pairs


def angle_states(x: np.ndarray) -> np.ndarray:
    """Turn each number into the angle of a qubit of its own, by RY.

    Parameters
    ----------
    x : ndarray, shape (n_examples, n_qubits)
        Angles in radians.

    Returns
    -------
    ndarray, shape (n_examples, 2**n_qubits)

    Examples
    --------
    >>> angle_states(np.array([[0.0, np.pi]])).round(2)
    array([[0., 1., 0., 0.]])
    """
    states = np.ones((len(x), 1))
    for angles in np.asarray(x, dtype=float).T:
        qubit = np.stack([np.cos(angles / 2), np.sin(angles / 2)], axis=1)
        states = (states[:, :, None] * qubit[:, None]).reshape(len(x), -1)
    return states


def zz_states(x: np.ndarray, n_repeats: int = 2) -> np.ndarray:
    """Turn each number into a phase, and each pair of numbers too, between layers of H: Havlíček and others (2019).

    Shapes as in `angle_states`. A layer is H on every qubit, then the phase ``2 x_i`` where qubit i is 1, and the phase
    ``2 (pi - x_i) (pi - x_j)`` where exactly one of the qubits i and j is 1.
    """
    x = np.asarray(x, dtype=float)
    n = x.shape[1]
    bits = (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1)) & 1  # (2**n, n)
    phases = 2 * x @ bits.T
    if n > 1:
        i, j = np.array(list(combinations(range(n), 2))).T
        phases += 2 * ((np.pi - x[:, i]) * (np.pi - x[:, j])) @ (bits[:, i] ^ bits[:, j]).T.astype(float)
    states = np.zeros((len(x), 2**n), dtype=complex)
    states[:, 0] = 1
    for _ in range(n_repeats):
        states = np.exp(1j * phases) * all_h(states)
    return states


def all_h(states: np.ndarray) -> np.ndarray:
    """Apply H to every qubit of many states, ``(n_examples, 2**n_qubits)``.

    Examples
    --------
    >>> all_h(np.eye(2)).round(2)
    array([[ 0.71,  0.71],
           [ 0.71, -0.71]])
    """
    n_examples, size = states.shape
    half = 1
    while half < size:
        pair = states.reshape(n_examples, -1, 2, half)
        states = np.stack([pair[:, :, 0] + pair[:, :, 1], pair[:, :, 0] - pair[:, :, 1]], axis=2)
        states, half = states.reshape(n_examples, size) / np.sqrt(2), 2 * half
    return states


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared size of the scalar product of each state of ``a`` with each of ``b``: a fidelity, 0 to 1.

    Examples
    --------
    >>> overlaps(np.eye(2), np.array([[0.6, 0.8]])).round(2)
    array([[0.36],
           [0.64]])
    """
    return np.abs(a @ b.conj().T) ** 2


def angle_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the overlaps of angle states, ``(n_a, n_b)``: the product of ``cos((a_i - b_i) / 2)**2``."""
    return overlaps(angle_states(a), angle_states(b))


def zz_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the overlaps of ZZ states, ``(n_a, n_b)``."""
    return overlaps(zz_states(a), zz_states(b))


def rbf_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return ``exp(-|a - b|**2 / 4)`` for each pair, ``(n_a, n_b)``: for near pairs it is what the angle kernel is.

    Examples
    --------
    >>> near = np.array([[0.1, 0.2]]), np.array([[0.2, 0.0]])
    >>> round(rbf_kernel(*near).item(), 4), round(angle_kernel(*near).item(), 4)
    (0.9876, 0.9876)
    """
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.exp(-squares / 4)


def linear_kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the scalar product of each pair, ``(n_a, n_b)``."""
    return a @ b.T


@dataclass(frozen=True)
class Split:
    """Digits for training, choosing and testing: numbers ``(n, n_qubits)``, classes ``(n,)``, and which were tested."""

    train: tuple[np.ndarray, np.ndarray]
    choose: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    tested: np.ndarray


def digits_split(n_qubits: int, seed: int, n_train: int = 300, n_choose: int = 300) -> Split:
    """Return scikit-learn's digits, shuffled and reduced to ``n_qubits`` numbers by a PCA of the training digits.

    All numbers are divided by one, so that the first component has a standard deviation of 1 in the training digits.
    """
    from sklearn.datasets import load_digits
    from sklearn.decomposition import PCA

    pixels, classes = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(classes))
    train, choose, tested = np.split(order, [n_train, n_train + n_choose])
    pca = PCA(n_qubits, svd_solver="full").fit(pixels[train])
    x = pca.transform(pixels) / np.sqrt(pca.explained_variance_[0])
    return Split(*((x[part], classes[part]) for part in (train, choose, tested)), tested)


def made_for_zz(seed: int, n_train: int = 100, n_choose: int = 100, n_test: int = 400) -> Split:
    """Return points of two numbers from 0 to 2 pi, whose class a random measurement of their ZZ states decides.

    Points near the border are left out, as in Havlíček and others (2019): the measured mean is beyond 0.3.
    """
    rng, n = np.random.default_rng(seed), n_train + n_choose + n_test
    basis = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    x = rng.uniform(0, 2 * np.pi, (40 * n, 2))
    mean = np.abs(zz_states(x) @ basis) ** 2 @ [1, -1, -1, 1]
    kept = np.concatenate([np.flatnonzero(side * mean > 0.3)[: n // 2] for side in (1, -1)])
    kept = rng.permutation(kept)
    if len(kept) < n:
        raise InputError(f"Only {len(kept)} of {n} points are far from the border: try another seed.")
    parts = np.split(kept, [n_train, n_train + n_choose])
    return Split(*((x[part], (mean[part] > 0).astype(int)) for part in parts), parts[2])


def tune(kernel: Kernel, split: Split, settings: Iterable | None = None) -> tuple[tuple[float, float], np.ndarray]:
    """Choose scale and cost of a kernel's support vector machine, and say which test examples it gets right.

    Parameters
    ----------
    kernel : callable
        Gets two arrays of examples, which were multiplied by the scale.
    settings : iterable of (scale, cost), optional
        All pairs of `SCALES` and `COSTS` if left out. The first of equals on the split's ``choose`` part is taken.

    Returns
    -------
    (setting, right) : ((scale, cost), ndarray of bool, shape (n_test,))
    """
    from sklearn.svm import SVC

    settings = list(product(SCALES, COSTS) if settings is None else settings)
    if not settings:
        raise InputError("There are no settings to choose from: give at least one pair of scale and cost.")
    scores, grams = [], {}
    for scale, cost in settings:
        if scale not in grams:
            x = scale * split.train[0]
            grams[scale] = [_steady(kernel(scale * part[0], x)) for part in (split.train, split.choose)]
        machine = SVC(kernel="precomputed", C=cost).fit(grams[scale][0], split.train[1])
        scores.append(np.mean(machine.predict(grams[scale][1]) == split.choose[1]))
    scale, cost = settings[int(np.argmax(scores))]
    machine = SVC(kernel="precomputed", C=cost).fit(grams[scale][0], split.train[1])
    answers = machine.predict(_steady(kernel(scale * split.test[0], scale * split.train[0])))
    return (scale, cost), answers == split.test[1]


def _steady(gram: np.ndarray) -> np.ndarray:
    """Drop the digits in which processors differ."""
    return np.round(gram, 9)


KERNELS = {"linear": linear_kernel, "RBF": rbf_kernel, "angle": angle_kernel, "ZZ": zz_kernel}
