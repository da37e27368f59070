"""One change to all matrices of a model: of the sentence encoder, and of the tiny GPT."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from course_utils.tiny_gpt import TinyGPT
    from course_utils.transformer.encoder import NumPyEncoder

N_WORDS = 30  # of a text that the encoder reads in this lesson


def change_encoder(encoder: NumPyEncoder, change: Callable[[np.ndarray], np.ndarray]) -> NumPyEncoder:
    """Return an encoder whose table of words and whose matrices went through ``change``; norms and biases stay.

    ``change`` gets and returns a matrix with the weights of one output, or of one word, in each row.
    """
    blocks = []
    for block in encoder.blocks:
        changed = {}
        for name in ("qkv", "output", "widen", "narrow"):
            matrix, bias = getattr(block, name)  # (inputs, outputs)
            changed[name] = np.ascontiguousarray(change(np.ascontiguousarray(matrix.T)).T), bias
        blocks.append(dataclasses.replace(block, **changed))
    return dataclasses.replace(encoder, words=change(np.asarray(encoder.words)), blocks=tuple(blocks))


def encoder_weights(encoder: NumPyEncoder) -> tuple[int, int]:
    """Return how many weights the table of words and all matrices have, and how many of them the matrices."""
    parts = (getattr(block, name)[0] for block in encoder.blocks for name in ("qkv", "output", "widen", "narrow"))
    inside = sum(matrix.size for matrix in parts)
    return encoder.words.size + inside, inside


def first_words(texts: Sequence[str], n: int = N_WORDS) -> list[str]:
    """Return each text's first words.

    Examples
    --------
    >>> first_words(["one two three"], 2)
    ['one two']
    """
    return [" ".join(text.split()[:n]) for text in texts]


def change_gpt(model: TinyGPT, change: Callable[[np.ndarray], np.ndarray]) -> TinyGPT:
    """Return a copy of a tiny GPT whose matrices went through ``change``; the vectors of its norms stay."""
    import torch

    changed = copy.deepcopy(model)
    with torch.no_grad():
        for weight in changed.parameters():
            if weight.ndim == 2:
                weight.copy_(torch.from_numpy(change(weight.numpy())))
    return changed


def losses_by_window(model: TinyGPT, inputs: np.ndarray, targets: np.ndarray, batch: int = 16) -> np.ndarray:
    """Return the mean log loss of each window in nats a token: ``(n_windows, context) -> (n_windows,)``."""
    import torch
    from torch.nn import functional

    if np.shape(inputs) != np.shape(targets):
        raise InputError(f"inputs and targets are shifted copies, and these are {inputs.shape} and {targets.shape}.")
    found = []
    with torch.no_grad():
        for start in range(0, len(inputs), batch):
            ids, wanted = (torch.from_numpy(part[start : start + batch]) for part in (inputs, targets))
            lost = functional.cross_entropy(model(ids).transpose(1, 2), wanted, reduction="none")
            found.append(lost.mean(dim=1))
    return torch.cat(found).numpy()
