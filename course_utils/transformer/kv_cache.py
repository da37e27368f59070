"""Keys and values of what was read, kept so that they are computed once."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_floats, check_ids, check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from course_utils.transformer.model import NumPyLM

Read = Sequence[int] | np.ndarray  # the ids of a text, or rows in their place


class KVCache:
    """Keys and values of the tokens that a model has read, so that it need not read them again.

    Parameters
    ----------
    model : NumPyLM
        The model that will read.
    capacity : int
        How many tokens fit, at most the model's ``context_length``: 2 * layers * kv_heads * d_head numbers of 4 bytes
        for each, reserved at once.

    Attributes
    ----------
    keys, values : ndarray of float32, shape (n_layers, n_kv_heads, capacity, d_head)
        What each layer keeps; the first ``length`` positions are filled.
    length : int
        Tokens read so far.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> model = NumPyLM.smollm2()
    >>> cache = KVCache(model, capacity=8)
    >>> whole = model.logits([504, 3575, 282, 4649])
    >>> pieces = [model.logits(ids, cache) for ids in ([504, 3575], [282, 4649])]
    >>> bool(np.allclose(whole, np.concatenate(pieces), atol=1e-3)), cache.length
    (True, 4)
    """

    def __init__(self, model: NumPyLM, capacity: int):
        capacity = check_whole("capacity", capacity, 1, model.context_length)
        shape = (len(model.blocks), model.n_kv_heads, capacity, model.d_head)
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.length = 0
        self._model = weakref.ref(model)

    @property
    def capacity(self) -> int:
        """How many tokens fit."""
        return self.keys.shape[2]

    def belongs_to(self, model: NumPyLM) -> bool:
        """Tell whether the cache was made for this model: keys of another one would mean nothing to it."""
        return self._model() is model

    def reset(self, length: int = 0) -> None:
        """Forget all tokens but the first ``length``, at most as many as were read."""
        self.length = check_whole("length", length, 0, self.length)

    def keep(self, layer: int, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Write a layer's new keys and values behind the old ones; return all of them.

        Both have shape ``(n_kv_heads, n_new, d_head)``; what is returned has ``length + n_new`` positions. The tokens
        count as read, in ``length``, only when the last layer has seen them.
        """
        end = self.length + keys.shape[1]
        self.keys[layer, :, self.length : end] = keys
        self.values[layer, :, self.length : end] = values
        return self.keys[layer, :, :end], self.values[layer, :, :end]


def check_input(model: NumPyLM, ids: Read, cache: KVCache | None = None, rows: bool = False) -> np.ndarray:
    """Return the ids of a text as an array, ``(n_tokens,)``, if the model can read them behind what is in the cache.

    With ``rows``, floats ``(n_tokens, d_model)`` may stand in the place of ids: they are read as embeddings.
    """
    if rows and isinstance(ids, np.ndarray) and ids.dtype.kind == "f" and ids.ndim > 1:
        ids, width = check_floats("rows", ids).astype(np.float32), model.embedding.shape[1]
        if ids.ndim != 2 or ids.shape[1] != width:
            raise InputError(f"Rows that stand for tokens have the shape (n_tokens, {width}), not {ids.shape}.")
    else:
        ids = check_ids(ids, len(model.embedding))
        if ids.ndim != 1 and ids.size:
            raise InputError("Token ids are one row of whole numbers: pass tokenizer.encode(text).")
    n_tokens = len(ids)
    if not n_tokens:
        raise InputError("The text is empty, and a model needs at least one token to go on from.")
    if n_tokens > model.context_length:
        raise InputError(f"The text has {n_tokens} tokens and the model reads at most {model.context_length}.")
    if cache is None:
        return ids
    if not isinstance(cache, KVCache) or not cache.belongs_to(model):
        raise InputError("The cache belongs to another model: make one with KVCache(model, capacity).")
    if cache.length + n_tokens > cache.capacity:
        raise InputError(
            f"The cache holds {cache.capacity} tokens and {cache.length + n_tokens} are needed: make a larger one, or "
            "cache.reset() to begin a new text."
        )
    return ids
