"""A real sentence encoder in NumPy: MiniLM's six blocks, straight from its file.

An encoder is the other kind of transformer. Each token looks at all tokens, those behind it too; positions are learned
vectors that are added once; a norm comes after each step (LayerNorm) and the network of a block uses GELU. Compare
`model.py`, where a decoder looks back only, turns queries and keys by their position, and uses RMSNorm and SwiGLU.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common import assets
from course_utils.common.compute import one_blas_thread
from course_utils.common.errors import InputError
from course_utils.common.vectors import unit_rows

if TYPE_CHECKING:
    import tokenizers

BATCH = 16  # texts that lie end to end; more of them do not fit into a processor's cache
LONGEST = 256  # tokens of a text that are read, [CLS] and [SEP] among them
EPSILON = 1e-12
ROWS_AT_ONCE = 32  # of the wide layer: so many fit into a processor's cache
WORDS = "embeddings.word_embeddings.weight"
P = 0.3275911 * 0.5**0.5
A = [0.5 * a for a in (0.254829592, -0.284496736, 1.421413741, -1.453152027, 1.061405429)]


@dataclass(frozen=True)
class EncoderBlock:
    """The weights of one block, transposed so that rows of activations multiply them from the left.

    ``qkv`` is ``(d_model, 3 * d_model)``, ``output`` ``(d_model, d_model)``, ``widen`` ``(d_model, 4 * d_model)`` and
    ``narrow`` ``(4 * d_model, d_model)``; each is a pair with its bias, and each norm a pair of scale and shift.
    """

    qkv: tuple[np.ndarray, np.ndarray]
    output: tuple[np.ndarray, np.ndarray]
    norm_1: tuple[np.ndarray, np.ndarray]
    widen: tuple[np.ndarray, np.ndarray]
    narrow: tuple[np.ndarray, np.ndarray]
    norm_2: tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class NumPyEncoder:
    """A sentence encoder of the BERT family whose every step is a few lines of NumPy.

    Examples
    --------
    >>> encoder = NumPyEncoder.minilm()
    >>> a, b, c = encoder.encode(["A cat sleeps.", "A kitten naps.", "Taxes rise."])
    >>> a.shape, bool(a @ b > a @ c)
    ((384,), True)
    """

    tokenizer: tokenizers.Tokenizer
    words: np.ndarray  # (n_vocabulary, d_model)
    positions: np.ndarray  # (512, d_model); the vector of the only segment that is used is in them already
    norm: tuple[np.ndarray, np.ndarray]
    blocks: tuple[EncoderBlock, ...]
    n_heads: int = 12

    @classmethod
    def minilm(cls) -> NumPyEncoder:
        """Return all-MiniLM-L6-v2, the encoder of the course; one for all callers.

        Raises
        ------
        CourseError
            If its files are not in the cache and cannot be fetched.
        """
        return _minilm(assets.minilm_path())

    @classmethod
    def from_folder(cls, folder: str | Path) -> NumPyEncoder:
        """Read an encoder from the files ``model.safetensors`` and ``tokenizer.json``.

        Raises
        ------
        InputError
            If a file is missing, or holds something else.
        """
        import tokenizers
        from safetensors import SafetensorError, safe_open

        folder = Path(folder)
        try:
            with safe_open(folder / "model.safetensors", framework="numpy") as file:
                weights = {name: file.get_tensor(name) for name in file.keys() if name != WORDS}  # noqa: SIM118
            rules = tokenizers.Tokenizer.from_str((folder / "tokenizer.json").read_text(encoding="utf-8"))
            rules.enable_truncation(LONGEST)
            rules.no_padding()
            segment = weights["embeddings.token_type_embeddings.weight"][0]
            n_blocks = len({name.split(".")[2] for name in weights if name.startswith("encoder.layer.")})
            return cls(
                rules,
                _words_on_disk(folder / "model.safetensors"),
                weights["embeddings.position_embeddings.weight"] + segment,
                _pair(weights, "embeddings.LayerNorm"),
                tuple(_read_block(weights, f"encoder.layer.{number}") for number in range(n_blocks)),
            )
        except (OSError, KeyError, SafetensorError) as error:
            raise InputError(f"{folder.name} does not hold an encoder of the BERT family ({error}).") from error

    def first_blocks(self, n_blocks: int) -> NumPyEncoder:
        """Return an encoder with this one's first blocks, to see what a text is half-way."""
        return dataclasses.replace(self, blocks=self.blocks[:n_blocks])

    def token_ids(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, of its first 256 tokens at most, with [CLS] in front and [SEP] at the end."""
        return [found.ids for found in self.tokenizer.encode_batch(list(texts))]

    def states(self, ids: Sequence[Sequence[int]]) -> np.ndarray:
        """Run token ids of several texts through all blocks.

        Parameters
        ----------
        ids : sequence of sequence of int
            The ids of each text, for example of `token_ids`.

        Returns
        -------
        ndarray of float32, shape (n_tokens of all texts, d_model)
            The texts lie end to end; only attention works text by text.
        """
        lengths = [len(each) for each in ids]
        x = self.words[np.concatenate(ids)]
        x += self.positions[np.concatenate([np.arange(length) for length in lengths])]
        layer_norm(x, *self.norm)
        for block in self.blocks:
            mixed = self._attend(x, block, lengths)
            x += linear(mixed, *block.output)
            layer_norm(x, *block.norm_1)
            x += linear(gelu(linear(x, *block.widen)), *block.narrow)
            layer_norm(x, *block.norm_2)
        return x

    def _attend(self, x: np.ndarray, block: EncoderBlock, lengths: Sequence[int]) -> np.ndarray:
        """Let the tokens of each text mix: ``(n_tokens, d_model) -> (n_tokens, d_model)``."""
        qkv = linear(x, *block.qkv)
        mixed, start = np.empty_like(x), 0
        d_head = x.shape[1] // self.n_heads
        qkv[:, : x.shape[1]] *= np.float32(d_head**-0.5)
        for n in lengths:
            rows = slice(start, start + n)
            q, k, v = qkv[rows].reshape(n, 3, self.n_heads, d_head).transpose(1, 2, 0, 3)  # each (heads, n, d_head)
            weights = q @ k.transpose(0, 2, 1)  # (heads, n, n)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            mixed[rows] = (weights @ v).transpose(1, 0, 2).reshape(n, -1)
            start += n
        return mixed

    def encode(self, texts: Sequence[str], advance: Callable[[int], object] = lambda n: None) -> np.ndarray:
        """Turn texts into vectors of length one: the mean of each text's token vectors.

        Parameters
        ----------
        texts : sequence of str
            Any number of texts.
        advance : callable
            Called with the number of texts whenever some are done.

        Returns
        -------
        ndarray of float32, shape (n_texts, d_model)
        """
        means = [rows.mean(axis=0) for rows in self.encode_tokens(texts, advance)]
        return unit_rows(np.array(means, dtype=np.float32).reshape(-1, self.words.shape[1]))

    def encode_tokens(
        self, texts: Sequence[str], advance: Callable[[int], object] = lambda n: None
    ) -> list[np.ndarray]:
        """Return the vectors of each text's tokens, [CLS] and [SEP] among them: ``(n_tokens, d_model)`` each.

        Batches of texts of similar length go to one thread for each core: NumPy works on several at once, which is
        faster than several threads on each matrix product.
        """
        ids = self.token_ids(texts)
        longest_first = sorted(range(len(ids)), key=lambda row: -len(ids[row]))
        batches = [longest_first[start : start + BATCH] for start in range(0, len(ids), BATCH)]
        found: list[np.ndarray] = [None] * len(ids)

        def work(rows: list[int]) -> None:
            ends = np.cumsum([len(ids[row]) for row in rows])
            for row, states in zip(rows, np.split(self.states([ids[row] for row in rows]), ends[:-1]), strict=True):
                found[row] = states
            advance(len(rows))

        with one_blas_thread(), ThreadPoolExecutor(min(len(batches), os.cpu_count() or 1) or 1) as pool:
            list(pool.map(work, batches))
        return found


def linear(x: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Multiply and shift: ``(n, d_in), (d_in, d_out), (d_out,) -> (n, d_out)``."""
    y = x @ weight
    y += bias
    return y


def layer_norm(x: np.ndarray, scale: np.ndarray, shift: np.ndarray) -> None:
    """Bring each row to mean 0 and variance 1, in place, then scale and shift its columns (Ba et al., 2016).

    Examples
    --------
    >>> x = np.array([[1.0, 3.0]])
    >>> layer_norm(x, np.ones(2), np.zeros(2)); x.round(3)
    array([[-1.,  1.]])
    """
    x -= x.mean(axis=1, keepdims=True)
    variance = np.einsum("nd,nd->n", x, x)[:, None] / x.shape[1]
    x /= np.sqrt(variance + EPSILON, dtype=x.dtype)
    x *= scale
    x += shift


def gelu(x: np.ndarray) -> np.ndarray:
    """Multiply each number by the share of the normal distribution that lies below it (Hendrycks and Gimpel, 2016).

    The share is ``(1 + erf(x / sqrt(2))) / 2``, here within 1e-7 by formula 7.1.26 of Abramowitz and Stegun, since
    that takes a third of the time of SciPy's ``erf``.

    Examples
    --------
    >>> gelu(np.array([[-3.0, 0.0, 1.0]])).round(3)
    array([[-0.004,  0.   ,  0.841]])
    """
    y = np.empty_like(x)
    for start in range(0, len(x), ROWS_AT_ONCE):
        part = x[start : start + ROWS_AT_ONCE]
        size = np.abs(part)
        t = 1 / (1 + P * size)
        tail = A[4] * t
        for factor in A[3::-1]:
            tail += factor
            tail *= t
        size *= -1
        tail *= size * np.exp(part * part * -0.5)  # the share on the far side, times minus the size
        np.add(np.maximum(part, 0), tail, out=y[start : start + ROWS_AT_ONCE])
    return y


@functools.lru_cache(maxsize=1)
def _minilm(folder: Path) -> NumPyEncoder:
    return NumPyEncoder.from_folder(folder)


def _words_on_disk(path: Path) -> np.ndarray:
    """Return the word vectors as they lie in the file: half of it, of which a text needs a few rows."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        about = json.loads(file.read(size))[WORDS]
    start, kind = 8 + size + about["data_offsets"][0], {"F32": "<f4", "F16": "<f2"}[about["dtype"]]
    return np.memmap(path, dtype=kind, mode="r", offset=start, shape=tuple(about["shape"])).view(np.ndarray)


def _pair(weights: dict[str, np.ndarray], name: str) -> tuple[np.ndarray, np.ndarray]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _read_block(weights: dict[str, np.ndarray], name: str) -> EncoderBlock:
    def transposed(*parts: str) -> tuple[np.ndarray, np.ndarray]:
        pairs = [_pair(weights, f"{name}.{part}") for part in parts]
        return np.ascontiguousarray(np.concatenate([w for w, _ in pairs]).T), np.concatenate([b for _, b in pairs])

    return EncoderBlock(
        qkv=transposed("attention.self.query", "attention.self.key", "attention.self.value"),
        output=transposed("attention.output.dense"),
        norm_1=_pair(weights, f"{name}.attention.output.LayerNorm"),
        widen=transposed("intermediate.dense"),
        narrow=transposed("output.dense"),
        norm_2=_pair(weights, f"{name}.output.LayerNorm"),
    )
