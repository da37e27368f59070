"""A model in two parts: the device runs the first blocks, a server the rest, and what travels can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.common.vectors import unit_rows

if TYPE_CHECKING:
    from course_utils.transformer.encoder import NumPyEncoder


def states_after(encoder: NumPyEncoder, texts: Sequence[str], n_blocks: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what a device would send that runs the first blocks: the tokens' ids, and their vectors.

    Returns
    -------
    (ids, states) : ndarrays of shapes (n_tokens of all texts,) and (n_tokens, d_model)
        The ids are what the server does not get.
    """
    ids = np.concatenate(encoder.token_ids(texts))
    return ids, np.concatenate(encoder.first_blocks(n_blocks).encode_tokens(texts))


def are_words(encoder: NumPyEncoder, ids: np.ndarray) -> np.ndarray:
    """Say of each id whether it is a word or a piece of one, not a mark like [CLS] or a comma; a bool for each."""
    pieces = (encoder.tokenizer.id_to_token(int(each)) for each in ids)
    return np.array([piece.removeprefix("##").isalnum() for piece in pieces], dtype=bool)


def name_tokens(known_ids: np.ndarray, known: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Name each seen token after the most similar vector of those whose tokens are known, by cosine.

    Parameters
    ----------
    known_ids, known : ndarrays of shapes (n_known,) and (n_known, d_model)
        The reader's own texts, sent through the same blocks.
    seen : ndarray, shape (n_seen, d_model)
        What came from the device.

    Examples
    --------
    >>> name_tokens(np.array([7, 9]), np.eye(2), np.array([[0.1, 3.0], [2.0, 1.0]])).tolist()
    [9, 7]
    """
    if len(known_ids) != len(known):
        raise InputError(f"Each known vector needs its token, and there are {len(known)} and {len(known_ids)}.")
    return known_ids[(unit_rows(seen) @ unit_rows(known).T).argmax(axis=1)]
