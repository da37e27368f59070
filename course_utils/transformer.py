"""A real language model in NumPy: the 135 million numbers of SmolLM2, read from its file and multiplied.

The file is opened by the package gguf; torch is not imported. The model is a Llama-style decoder: RMSNorm, rotary
positions, grouped-query attention, SwiGLU, and an output head that shares the embedding's matrix.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from course_utils import tokens
from course_utils.errors import InputError


@dataclass(frozen=True)
class Block:
    """The weights of one transformer block, transposed so that a row of activations multiplies them from the left.

    ``qkv`` is ``(d_model, d_model + 2 * d_kv)``: queries, keys and values side by side; ``gate_up`` is
    ``(d_model, 2 * d_hidden)``.
    """

    attention_norm: np.ndarray
    qkv: np.ndarray
    output: np.ndarray
    mlp_norm: np.ndarray
    gate_up: np.ndarray
    down: np.ndarray


@dataclass(frozen=True)
class NumPyLM:
    """A language model whose every step is a few lines of NumPy.

    Examples
    --------
    >>> from course_utils.assets import smollm2_path
    >>> model = NumPyLM.from_gguf(smollm2_path())
    >>> [(word, round(probability, 1)) for word, probability in model.next_words("The capital of France is", k=1)]
    [(' Paris', 0.6)]
    """

    tokenizer: tokens.Tokenizer
    embedding: np.ndarray
    blocks: tuple[Block, ...]
    final_norm: np.ndarray
    n_heads: int
    n_kv_heads: int
    epsilon: float
    rope_base: float
    context_length: int

    @classmethod
    def from_gguf(cls, path: str | Path) -> NumPyLM:
        """Read a model from a GGUF file, with all weights turned into float32.

        Parameters
        ----------
        path : str or Path
            A GGUF file of the ``llama`` architecture, such as ``assets.smollm2_path()``.

        Raises
        ------
        InputError
            If the file is no GGUF file, or holds another architecture.
        """
        return _read_gguf(Path(path), Path(path).stat().st_mtime_ns)

    def logits(self, ids: Sequence[int]) -> np.ndarray:
        """Compute a score for each token of the vocabulary as the next one, after each position.

        Parameters
        ----------
        ids : sequence of int
            Token ids, at least one and at most ``context_length``.

        Returns
        -------
        ndarray of float32, shape (n_tokens, n_vocabulary)
            Row ``i`` scores what follows ``ids[: i + 1]``.

        Raises
        ------
        InputError
            If there is no id, too many, or one outside the vocabulary.
        """
        return self._final_states(ids) @ self.embedding.T

    def next_words(self, text: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the ``k`` most likely next tokens after ``text``, each with its probability, the likeliest first.

        Parameters
        ----------
        text : str
            The beginning of a text, not empty.
        k : int
            How many tokens to return.
        """
        if not 1 <= k <= len(self.embedding):
            raise InputError(f"k must be from 1 to {len(self.embedding)}, and {k} is not.")
        scores = self._final_states(self.tokenizer.encode(text))[-1] @ self.embedding.T
        probabilities = np.exp(scores - scores.max())
        probabilities /= probabilities.sum()
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self.tokenizer.decode([int(token)]), float(probabilities[token])) for token in best]

    def _final_states(self, ids: Sequence[int]) -> np.ndarray:
        """Run all blocks and the final norm: ``(n_tokens,) -> (n_tokens, d_model)``."""
        x = self.embedding[self._checked(ids)]
        turn = rotation(len(x), self.embedding.shape[1] // self.n_heads, self.rope_base)
        for block in self.blocks:
            x = x + self._attend(block, rms_norm(x, block.attention_norm, self.epsilon), turn)
            gate, up = np.split(rms_norm(x, block.mlp_norm, self.epsilon) @ block.gate_up, 2, axis=-1)
            x = x + (gate / (1 + np.exp(-gate)) * up) @ block.down
        return rms_norm(x, self.final_norm, self.epsilon)

    def _attend(self, block: Block, x: np.ndarray, turn: np.ndarray) -> np.ndarray:
        """Causal grouped-query attention: ``(n_tokens, d_model) -> (n_tokens, d_model)``."""
        n_tokens, d_model = x.shape
        d_head, group = d_model // self.n_heads, self.n_heads // self.n_kv_heads
        qkv = (x @ block.qkv).reshape(n_tokens, -1, d_head).transpose(1, 0, 2)  # (heads, tokens, d_head)
        q, k, v = np.split(qkv, [self.n_heads, self.n_heads + self.n_kv_heads])
        q = rotate(q, turn).reshape(self.n_kv_heads, group * n_tokens, d_head)
        scores = q @ rotate(k, turn).transpose(0, 2, 1) / np.float32(np.sqrt(d_head))
        scores = scores.reshape(self.n_kv_heads, group, n_tokens, n_tokens)
        scores[..., np.triu(np.ones((n_tokens, n_tokens), bool), 1)] = -np.inf
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = weights.reshape(self.n_kv_heads, group * n_tokens, n_tokens) @ v
        mixed = mixed.reshape(self.n_heads, n_tokens, d_head).transpose(1, 0, 2).reshape(n_tokens, d_model)
        return mixed @ block.output

    def _checked(self, ids: Sequence[int]) -> np.ndarray:
        ids = np.asarray(ids)
        if ids.size == 0:
            raise InputError("The text is empty, and a model needs at least one token to go on from.")
        if ids.size > self.context_length:
            raise InputError(f"The text has {ids.size} tokens and the model reads at most {self.context_length}.")
        if ids.min() < 0 or ids.max() >= len(self.embedding):
            raise InputError(f"Token ids go from 0 to {len(self.embedding) - 1}.")
        return ids


def rms_norm(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    """Divide each row by its root mean square, then scale each column: ``(n, d) -> (n, d)``.

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0]]), np.ones(2), 0.0).round(3)
    array([[0.849, 1.131]])
    """
    return x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + epsilon) * weight


def rotation(n_tokens: int, d_head: int, base: float) -> np.ndarray:
    """Return the complex numbers by which rotary position embedding turns each pair: ``(n_tokens, d_head // 2)``.

    Position 0 is not turned, and pair ``i`` turns by ``base ** (-2 * i / d_head)`` radians a position (Su et al., 2021,
    https://arxiv.org/abs/2104.09864).

    Examples
    --------
    >>> rotation(2, 4, 10000.0).round(2)
    array([[1.  +0.j  , 1.  +0.j  ],
           [0.54+0.84j, 1.  +0.01j]], dtype=complex64)
    """
    angles = np.outer(np.arange(n_tokens), base ** (-np.arange(0, d_head, 2) / d_head))
    return np.exp(1j * angles).astype(np.complex64)


def rotate(x: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Turn neighbouring pairs of ``x``, shape ``(heads, n_tokens, d_head)``; the GGUF file keeps pairs as neighbours."""
    return (np.ascontiguousarray(x).view(np.complex64) * turn).view(np.float32)


@functools.lru_cache(maxsize=1)
def _read_gguf(path: Path, _modified: int) -> NumPyLM:
    import gguf

    try:
        reader = gguf.GGUFReader(path)
    except ValueError as error:
        raise InputError(f"{path.name} is not a GGUF file ({error}).") from error
    field = {name: field.contents() for name, field in reader.fields.items() if name.startswith(("llama.", "general."))}
    if field["general.architecture"] != "llama":
        raise InputError(f"{path.name} holds a {field['general.architecture']} model, and this code runs llama models.")
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def weight(*names: str) -> np.ndarray:
        parts = [gguf.dequantize(tensors[name].data, tensors[name].tensor_type) for name in names]
        return np.ascontiguousarray(np.concatenate(parts).T)

    def block(number: int) -> Block:
        name = f"blk.{number}.{{}}.weight".format
        return Block(
            attention_norm=weight(name("attn_norm")),
            qkv=weight(name("attn_q"), name("attn_k"), name("attn_v")),
            output=weight(name("attn_output")),
            mlp_norm=weight(name("ffn_norm")),
            gate_up=weight(name("ffn_gate"), name("ffn_up")),
            down=weight(name("ffn_down")),
        )

    return NumPyLM(
        tokenizer=tokens.Tokenizer("SmolLM2", tokens.from_gguf(reader)),
        embedding=np.ascontiguousarray(weight("token_embd.weight").T),
        blocks=tuple(block(number) for number in range(field["llama.block_count"])),
        final_norm=weight("output_norm.weight"),
        n_heads=field["llama.attention.head_count"],
        n_kv_heads=field["llama.attention.head_count_kv"],
        epsilon=field["llama.attention.layer_norm_rms_epsilon"],
        rope_base=field["llama.rope.freq_base"],
        context_length=field["llama.context_length"],
    )
