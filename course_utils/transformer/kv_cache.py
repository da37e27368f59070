"""Keys and values of what was read, kept so that they are computed once."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from course_utils.transformer.model import NumPyLM


class KVCache:
    """Keys and values of the tokens that a model has read, so that it need not read them again.

    Parameters
    ----------
    model : NumPyLM
        The model that will read.
    capacity : int
        How many tokens fit: 2 * layers * kv_heads * d_head numbers of 4 bytes for each, reserved at once.

    Attributes
    ----------
    keys, values : ndarray of float32, shape (n_layers, n_kv_heads, capacity, d_head)
        What each layer keeps; the first ``length`` positions are filled.
    length : int
        Tokens read so far.

    Raises
    ------
    InputError
        If the capacity is not a whole number from 1 to the model's ``context_length``.

    Examples
    --------
    >>> model = NumPyLM.smollm2()
    >>> cache = KVCache(model, capacity=8)
    >>> whole = model.logits([504, 3575, 282, 4649])
    >>> pieces = [model.logits(ids, cache) for ids in ([504, 3575], [282, 4649])]
    >>> bool(np.allclose(whole, np.concatenate(pieces), atol=1e-3)), cache.length
    (True, 4)
    """

    def __init__(self, model: NumPyLM, capacity: int):
        if not is_whole_number(capacity) or not 1 <= capacity <= model.context_length:
            raise InputError(f"capacity must be from 1 to {model.context_length}, and {capacity} is not.")
        shape = (len(model.blocks), model.n_kv_heads, int(capacity), model.d_head)
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
        """Forget all tokens but the first ``length``.

        Raises
        ------
        InputError
            If that is more than were read.
        """
        if not is_whole_number(length) or not 0 <= length <= self.length:
            raise InputError(f"length must be from 0 to {self.length}, the tokens that were read, and {length} is not.")
        self.length = int(length)

    def keep(self, layer: int, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Write a layer's new keys and values behind the old ones; return all of them.

        Both have shape ``(n_kv_heads, n_new, d_head)``; what is returned has ``length + n_new`` positions. The tokens
        count as read, in ``length``, only when the last layer has seen them.
        """
        end = self.length + keys.shape[1]
        self.keys[layer, :, self.length : end] = keys
        self.values[layer, :, self.length : end] = values
        return self.keys[layer, :, :end], self.values[layer, :, :end]
