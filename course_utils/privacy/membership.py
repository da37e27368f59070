"""A small network for digits, trained with or without privacy, and the attack that asks who was in the training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from torch import nn

N_TRAIN, N_ODD, N_HIDDEN, N_CLASSES = 800, 40, 64, 10


@dataclass(frozen=True)
class Halves:
    """Records of the training, and as many that were kept out of it.

    ``x`` and ``y`` are the records of the training, ``odd`` tells which have a wrong label; the same with ``other_``
    for those kept out. ``true`` and ``other_true`` are the right labels. Shapes ``(800, 64)`` and ``(800,)``.
    """

    x: np.ndarray
    y: np.ndarray
    odd: np.ndarray
    true: np.ndarray
    other_x: np.ndarray
    other_y: np.ndarray
    other_odd: np.ndarray
    other_true: np.ndarray


def digit_halves(seed: int = 0) -> Halves:
    """Draw two sets of 800 of scikit-learn's handwritten digits, and give 40 of each a wrong label.

    Examples
    --------
    >>> halves = digit_halves()
    >>> halves.x.shape, int(halves.odd.sum()), int((halves.y != halves.true).sum())
    ((800, 64), 40, 40)
    """
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    order, parts = rng.permutation(len(x)), []
    for rows in (order[:N_TRAIN], order[N_TRAIN : 2 * N_TRAIN]):
        odd = np.isin(np.arange(N_TRAIN), rng.choice(N_TRAIN, N_ODD, replace=False))
        wrong = (y[rows] + rng.integers(1, N_CLASSES, N_TRAIN)) % N_CLASSES
        parts += [x[rows] / 16, np.where(odd, wrong, y[rows]), odd, y[rows]]
    return Halves(*parts)


@dataclass(frozen=True)
class Network:
    """Pixels to 64 hidden numbers to 10 classes: ``layers`` holds a matrix and a row of biases for each step."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]

    def states(self, x: np.ndarray) -> list[np.ndarray]:
        """Return the input, the hidden numbers and the probabilities of the classes, ``(n, 10)``."""
        from course_utils.attention import softmax

        states = [np.asarray(x, dtype=float)]
        for number, (weights, biases) in enumerate(self.layers):
            z = states[-1] @ weights + biases
            states.append(np.tanh(z) if number < len(self.layers) - 1 else softmax(z))
        return states

    def accuracy(self, x: np.ndarray, y: np.ndarray) -> float:
        """Return the share of records whose likeliest class is ``y``."""
        return float((self.states(x)[-1].argmax(axis=1) == y).mean())

    def losses(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Return the log loss of each record, ``(n,)``."""
        return -np.log(self.states(x)[-1][np.arange(len(x)), y] + 1e-12)

    def moved(self, step: np.ndarray) -> Network:
        """Return the network with a step added to its weights: each layer's matrix row by row, then its biases.

        Examples
        --------
        >>> first_network().moved(np.ones(4810)).layers[1][1][:3]
        array([1., 1., 1.])
        """
        parts = [part for layer in self.layers for part in layer]
        cuts = np.cumsum([part.size for part in parts])
        if np.shape(step) != (cuts[-1],):
            raise InputError(
                f"A step has a number for each of the {cuts[-1]:,} weights; its shape is {np.shape(step)}."
            )
        pieces = np.split(np.asarray(step), cuts[:-1])
        flat = [part + piece.reshape(part.shape) for part, piece in zip(parts, pieces, strict=True)]
        return Network(tuple(zip(flat[::2], flat[1::2], strict=True)))


def first_network(seed: int = 0) -> Network:
    """Return a network with random weights."""
    rng, pairs = np.random.default_rng(seed), ((64, N_HIDDEN), (N_HIDDEN, N_CLASSES))
    return Network(tuple((rng.normal(0, a**-0.5, (a, b)), np.zeros(b)) for a, b in pairs))


def gradients(network: Network, x: np.ndarray, y: np.ndarray, clip: float | None) -> list[np.ndarray]:
    """Return the summed gradient of the records' losses, each record's shortened to the length ``clip`` before.

    A record's gradient in a layer is the outer product of what comes in and of the error there, so its length is a
    product of two lengths, and the gradients need not be written down one by one (Goodfellow, 2015).

    Returns
    -------
    list of ndarrays
        Matrix and biases of each layer in turn.
    """
    states = network.states(x)
    error, errors = states[-1] - np.eye(N_CLASSES)[y], []
    for number in reversed(range(len(network.layers))):
        errors.insert(0, error)
        if number:
            error = (error @ network.layers[number][0].T) * (1 - states[number] ** 2)
    if clip is not None:
        pairs = zip(states, errors, strict=False)
        lengths = np.sqrt(sum((np.square(s).sum(axis=1) + 1) * np.square(e).sum(axis=1) for s, e in pairs))
        shorter = np.minimum(1, clip / np.maximum(lengths, 1e-300))[:, None]
        errors = [shorter * e for e in errors]
    sums = [(state.T @ e, e.sum(axis=0)) for state, e in zip(states, errors, strict=False)]
    return [part for pair in sums for part in pair]


def train_network(
    x: np.ndarray,
    y: np.ndarray,
    *,
    n_steps: int,
    rate: float,
    q: float = 0.25,
    clip: float | None = None,
    sigma: float = 0.0,
    seed: int = 0,
) -> Network:
    """Train by gradient descent; with ``clip`` and ``sigma`` by DP-SGD (Abadi and others, 2016).

    Parameters
    ----------
    x, y : ndarrays, shapes (n, 64) and (n,)
        Pixels and classes.
    n_steps, rate : int, float
        Steps, and how far each goes.
    q : float
        The probability with which a record takes part in a step.
    clip, sigma : float
        The longest gradient of a record, and the noise as a multiple of it. Noise without ``clip`` is refused.
    """
    if clip is None and sigma > 0:
        raise InputError("Noise protects only where each record's gradient is bounded: give clip as well, such as 1.0.")
    rng, network = np.random.default_rng(check_whole("seed", seed, 0)), first_network(seed)
    q, sigma = check_number("q", q, 1e-9, 1), check_number("sigma", sigma, 0)
    for _ in range(check_whole("n_steps", n_steps, 0)):
        drawn = rng.random(len(x)) < q
        total = np.concatenate([part.ravel() for part in gradients(network, x[drawn], y[drawn], clip)])
        if sigma:
            total = total + rng.normal(0, sigma * clip, total.shape)
        network = network.moved(-rate * total / (q * len(x)))
    return network


def attack_score(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how often a random record of the training has a lower loss than a random one kept out (the AUC).

    0.5 is guessing, and 1 tells every record of the training from every other. Equal losses count half.

    Notes
    -----
    Yeom and others, *Privacy Risk in Machine Learning* (2018), guess from the loss; so do we.

    Examples
    --------
    >>> attack_score([0.1, 0.2], [0.2, 0.9])
    0.875
    """
    inside, outside = (np.asarray(some, dtype=float).ravel() for some in (inside, outside))
    if not len(inside) or not len(outside):
        raise InputError("The attack needs losses of records inside and outside, and one of the two is empty.")
    lower = (inside[:, None] < outside).mean() + 0.5 * (inside[:, None] == outside).mean()
    return float(lower)


def attack(
    network: Network, halves: Halves, unseen: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[float, float]:
    """Return the attack's score on records with right labels and on those with wrong ones.

    ``unseen``, two arrays ``(n,)``, is what `losses_unseen` expects of records inside and outside: it is subtracted.
    """
    inside, outside = network.losses(halves.x, halves.y), network.losses(halves.other_x, halves.other_y)
    if unseen is not None:
        inside, outside = inside - unseen[0], outside - unseen[1]
    usual = attack_score(inside[~halves.odd], outside[~halves.other_odd])
    return usual, attack_score(inside[halves.odd], outside[halves.other_odd])


def losses_unseen(halves: Halves, *, n_cuts: int, seed: int = 0, **how: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return each record's mean loss under networks that were trained without it.

    All records are cut in two at random ``n_cuts`` times, and a network is trained on each part, so that every record
    is unseen by one network of each pair.

    Parameters
    ----------
    halves : Halves
        The records; where they were in the attacked training is not used.
    n_cuts, seed : int
        The pairs of networks, and where the random numbers begin.
    **how
        The way of training, as `train_network` takes it.

    Returns
    -------
    tuple of ndarrays, shapes (n,)
        For the records inside and for those outside.

    Notes
    -----
    Watson, Guo, Cormode and Sablayrolles, *On the Importance of Difficulty Calibration in Membership Inference
    Attacks* (2022), https://arxiv.org/abs/2111.08440.
    """
    x, y = np.concatenate([halves.x, halves.other_x]), np.concatenate([halves.y, halves.other_y])
    rng, total = np.random.default_rng(check_whole("seed", seed, 0)), np.zeros(len(x))
    for _ in range(check_whole("n_cuts", n_cuts, 1)):
        part = rng.permutation(len(x)) < len(x) // 2
        for seen in (part, ~part):
            network = train_network(x[seen], y[seen], seed=int(rng.integers(2**31)), **how)
            total[~seen] += network.losses(x[~seen], y[~seen])
    return tuple(np.split(total / n_cuts, [len(halves.x)]))


def as_torch(network: Network) -> nn.Module:
    """Return the same network as a PyTorch module."""
    import torch
    from torch import nn

    sizes = [(weights.shape, nn.Linear(*weights.shape).double()) for weights, _ in network.layers]
    with torch.no_grad():
        for (weights, biases), (_, layer) in zip(network.layers, sizes, strict=True):
            layer.weight.copy_(torch.tensor(weights.T))
            layer.bias.copy_(torch.tensor(biases))
    return nn.Sequential(sizes[0][1], nn.Tanh(), sizes[1][1])


def gradient_rows(network: Network, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return each record's own gradient, written down by opacus: ``(n_records, n_weights)``."""
    import torch
    from opacus.grad_sample import GradSampleModule
    from torch.nn import functional

    wrapped = GradSampleModule(as_torch(network), loss_reduction="sum")
    x = torch.tensor(x, requires_grad=True)  # or PyTorch warns that there is nothing further back
    functional.cross_entropy(wrapped(x), torch.tensor(y), reduction="sum").backward()
    parts = [p.grad_sample.transpose(1, -1).flatten(1) for p in wrapped.parameters()]  # as our matrices lie
    return torch.cat(parts, dim=1).numpy()
