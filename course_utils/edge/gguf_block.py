"""A 4-bit block of a GGUF file, number by number: its scale, its minimum, and thirty-two halves of bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from course_utils.common.errors import InputError

BLOCK, BYTES = 32, 20  # weights of a block, and its bytes: 2 + 2 + 16


@dataclass(frozen=True)
class Blocks:
    """Blocks of the kind Q4_1, taken apart.

    ``scale`` and ``minimum`` are float32 of shape ``(n,)``, ``nibbles`` whole numbers from 0 to 15, ``(n, 32)``.
    """

    scale: np.ndarray
    minimum: np.ndarray
    nibbles: np.ndarray

    def weights(self) -> np.ndarray:
        """Return ``scale * nibble + minimum``: ``(n, 32)``."""
        return self.scale[:, None] * self.nibbles.astype(np.float32) + self.minimum[:, None]


def take_apart(raw: np.ndarray) -> Blocks:
    """Read blocks of 20 bytes each: two for the scale, two for the minimum, sixteen with two weights in each.

    Parameters
    ----------
    raw : ndarray of uint8, shape (n * 20,) or (n, 20)
        The low half of byte ``i`` is weight ``i``, and its high half weight ``i + 16``.

    Raises
    ------
    InputError
        If it is anything but bytes, or not a multiple of 20 of them.

    Notes
    -----
    The kind Q4_1 of the project llama.cpp (Gerganov and others).

    Examples
    --------
    >>> half = np.array([0.5, -1.0], np.float16).view(np.uint8)
    >>> blocks = take_apart(np.concatenate([half, np.full(16, 0x31, np.uint8)]))
    >>> blocks.nibbles[0, [0, 16]].tolist(), blocks.weights()[0, [0, 16]].tolist()
    ([1, 3], [-0.5, 0.5])
    """
    raw = np.asarray(raw)
    if raw.dtype != np.uint8 or raw.size % BYTES or not raw.size:
        raise InputError(f"A block has {BYTES} bytes of type uint8, and this is {raw.size} of type {raw.dtype}.")
    raw = np.ascontiguousarray(raw).reshape(-1, BYTES)
    head = raw[:, :4].copy().view("<f2").astype(np.float32)  # (n, 2)
    return Blocks(head[:, 0], head[:, 1], np.hstack([raw[:, 4:] & 15, raw[:, 4:] >> 4]))


def read_raw(name: str, n_blocks: int) -> np.ndarray:
    """Return the bytes of the first blocks of one of SmolLM2's matrices: ``(n_blocks, 20)``, and nothing else is read.

    Examples
    --------
    >>> read_raw("blk.0.attn_q.weight", 2).shape
    (2, 20)
    """
    from course_utils.common.assets import smollm2_path
    from course_utils.common.gguf_file import open_gguf

    tensors = {tensor.name: tensor for tensor in open_gguf(smollm2_path()).tensors}
    four_bits = [each for each, tensor in tensors.items() if tensor.tensor_type.name == "Q4_1"]
    if name not in four_bits:
        raise InputError(f"SmolLM2 has no 4-bit matrix {name!r}; one that it has is {four_bits[0]!r}.")
    return np.array(tensors[name].data).reshape(-1, BYTES)[:n_blocks]
