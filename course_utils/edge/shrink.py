"""One change to all matrices of the sentence encoder, or to those of one block; or fewer units inside."""

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


def keep_units(encoder: NumPyEncoder, n: int) -> NumPyEncoder:
    """Return an encoder with ``n`` of the inner units of each block, those with the largest product of two lengths.

    They are the lengths of what a unit reads by, its column of ``widen``, and of what it writes by, its row of
    ``narrow``. The other units go with both, so the matrices become smaller.
    """
    blocks = []
    for block in encoder.blocks:
        (widen, widen_bias), (narrow, narrow_bias) = block.widen, block.narrow  # (inputs, outputs)
        score = np.linalg.norm(widen, axis=0) * np.linalg.norm(narrow, axis=1)
        kept = np.sort(np.argsort(-score, kind="stable")[: check_whole("n", n, 1, len(score))])
        smaller = np.ascontiguousarray(widen[:, kept]), widen_bias[kept]
        blocks.append(dataclasses.replace(block, widen=smaller, narrow=(narrow[kept], narrow_bias)))
    return dataclasses.replace(encoder, blocks=tuple(blocks))


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
