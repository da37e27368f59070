"""What can be changed in an example without changing its class: places exchanged, shifted, reversed, shuffled."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.architectures.data import MARGIN, Task
from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError


class Exchange(nn.Module):
    """Put what comes in into another order, the same one for every example: tokens, or all pixels of a picture."""

    def __init__(self, order: np.ndarray, *, pixels: bool = False):
        super().__init__()
        self.order, self.pixels = torch.from_numpy(np.asarray(order)), pixels

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into the same shape."""
        return x.flatten(1)[:, self.order].view_as(x) if self.pixels else x[:, self.order]


def exchange_places(network: nn.Sequential, task: Task, seed: int = 0) -> nn.Sequential:
    """Put one fixed random order of places between the entry and the network: of pixels, hours, words or columns.

    Nothing is lost, since each number still arrives, always at the same place; only neighbours are no neighbours.
    """
    n = task.n_tokens * (task.n_numbers if task.picture else 1)
    order = np.random.default_rng(check_whole("seed", seed, 0)).permutation(n)
    entry, rest = network
    return nn.Sequential(nn.Sequential(entry, Exchange(order, pixels=task.picture)), rest)


def shift(pictures: np.ndarray, down: int, right: int) -> np.ndarray:
    """Move pictures ``(n, height, width)`` by whole pixels; what is pushed out on one side comes in on the other.

    Examples
    --------
    >>> shift(np.array([[[1, 2], [0, 0]]]), down=1, right=0)
    array([[[0, 0],
            [1, 2]]])
    """
    if np.ndim(pictures) != 3:
        raise InputError(
            f"Pictures come as (n, height, width), and this is {np.shape(pictures)}: one is picture[None]."
        )
    return np.roll(pictures, (down, right), axis=(1, 2))


def shift_each(pictures: np.ndarray, rng: np.random.Generator, most: int = MARGIN) -> np.ndarray:
    """Move each picture by its own random number of pixels, up to ``most`` in each direction.

    Examples
    --------
    >>> pictures = np.pad(np.ones((9, 1, 1)), ((0, 0), (2, 2), (2, 2)))
    >>> shift_each(pictures, np.random.default_rng(0)).sum(axis=(1, 2))  # no picture is lost
    array([1., 1., 1., 1., 1., 1., 1., 1., 1.])
    """
    moves = rng.integers(-most, most, size=(len(pictures), 2), endpoint=True)
    return np.concatenate([shift(one[None], *move) for one, move in zip(pictures, moves, strict=True)])


def reverse(x: np.ndarray) -> np.ndarray:
    """Turn the tokens of each example round, the last one first.

    Examples
    --------
    >>> reverse(np.array([[1, 2, 3], [4, 5, 6]]))
    array([[3, 2, 1],
           [6, 5, 4]])
    """
    return np.ascontiguousarray(np.flip(x, axis=1))


def shuffle(x: np.ndarray, seed: int = 0) -> np.ndarray:
    """Put the tokens of each example into a random order of its own.

    Examples
    --------
    >>> np.sort(shuffle(np.arange(6).reshape(2, 3)), axis=1)
    array([[0, 1, 2],
           [3, 4, 5]])
    """
    return np.random.default_rng(check_whole("seed", seed, 0)).permuted(x, axis=1)
