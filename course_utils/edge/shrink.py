"""One change to all matrices of the sentence encoder, or to those of one block."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_whole

if TYPE_CHECKING:
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


def exchange_block(encoder: NumPyEncoder, other: NumPyEncoder, n: int) -> NumPyEncoder:
    """Return an encoder whose block ``n``, counted from 1, is that of another one; 0 is the table of words."""
    n = check_whole("n", n, 0, len(encoder.blocks))
    if n == 0:
        return dataclasses.replace(encoder, words=other.words)
    blocks = (*encoder.blocks[: n - 1], other.blocks[n - 1], *encoder.blocks[n:])
    return dataclasses.replace(encoder, blocks=blocks)


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
