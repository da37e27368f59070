"""A real language model in NumPy: the 135 million numbers of SmolLM2, read from its file and multiplied.

The file is opened by the package gguf; torch is not imported. The model is a Llama-style decoder: RMSNorm, rotary
positions, grouped-query attention, SwiGLU, and an output head that shares the embedding's matrix. Each of these is a
function of a few lines; `NumPyLM` calls them in turn, and `NumPyLM.look` shows what happens on the way.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.attention import join_heads, softmax, split_heads
from course_utils.common import assets
from course_utils.common.checks import is_whole_number
from course_utils.common.compute import release_memory, threads_for, trim_memory
from course_utils.common.errors import InputError
from course_utils.tokens import libraries
from course_utils.transformer.generation import check_sampling, pick
from course_utils.transformer.gguf_file import GGUFFile
from course_utils.transformer.kv_cache import KVCache

PIECE = 512  # tokens that are read at once; longer texts in pieces, so that their scores fit into memory
MOST_LOOKED_AT = 512  # tokens of which `look` keeps every attention weight: 280 MB
Head = tuple[int, int]  # layer and head, counted from 0


@dataclass(frozen=True)
class Block:
    """The weights of one transformer block, transposed so that a row of activations multiplies them from the left.

    ``qkv`` is ``(d_model, d_model + 2 * d_kv)``: queries, keys and values side by side; ``gate_up`` is
    ``(d_model, 2 * d_hidden)``. One wide matrix is multiplied faster than three narrow ones, and in this layout a
    single row of activations is multiplied nearly as fast as the memory can be read.
    """

    attention_norm: np.ndarray
    qkv: np.ndarray
    output: np.ndarray
    mlp_norm: np.ndarray
    gate_up: np.ndarray
    down: np.ndarray


@dataclass(frozen=True)
class Activations:
    """What `NumPyLM.look` saw on the way through the model.

    Attributes
    ----------
    tokens : tuple of str
        The text of each token.
    residual : ndarray of float32, shape (n_layers + 1, n_tokens, d_model)
        The residual stream: row 0 before the first block, row ``i`` after block ``i``; counted like that, the last row
        is what the final norm gets.
    attention : ndarray of float32, shape (n_layers, n_heads, n_tokens, n_tokens)
        ``attention[layer, head, i, j]``: how much token ``i`` takes from token ``j``; each row sums to 1.
    """

    tokens: tuple[str, ...]
    residual: np.ndarray
    attention: np.ndarray


@dataclass(frozen=True, eq=False)
class NumPyLM:
    """A language model whose every step is a few lines of NumPy.

    Examples
    --------
    >>> model = NumPyLM.smollm2()
    >>> model.next_words("The capital of France is", k=1)[0][0]
    ' Paris'
    >>> model.generate("The capital of France is", max_new_tokens=2)
    ' Paris.'
    """

    tokenizer: libraries.Tokenizer
    embedding: np.ndarray  # (n_vocabulary, d_model), stored column by column: the head multiplies faster that way
    blocks: tuple[Block, ...]
    final_norm: np.ndarray
    n_heads: int
    n_kv_heads: int
    epsilon: float
    rope_base: float
    context_length: int
    stop_ids: tuple[int, ...]

    @classmethod
    def smollm2(cls, shared: bool = True) -> NumPyLM:
        """Return SmolLM2-135M-Instruct, the language model of the course; as `from_gguf` with its file.

        Raises
        ------
        CourseError
            If the file is not in the cache and cannot be fetched.
        """
        return cls.from_gguf(assets.smollm2_path(), shared)

    @classmethod
    def from_gguf(cls, path: str | Path, shared: bool = True) -> NumPyLM:
        """Read a model from a GGUF file, with all weights turned into float32.

        Parameters
        ----------
        path : str or Path
            A GGUF file of the ``llama`` architecture, such as ``assets.smollm2_path()``.
        shared : bool
            Whether later calls for the same file get this same model. Take False for a model whose weights are going
            to be changed: it is read anew, and the shared one is unloaded first, so that there need not be room for
            both.

        Raises
        ------
        InputError
            If the file does not exist, is no whole GGUF file, or holds another architecture, weights that this code
            has no use for, or a quantisation that the package gguf cannot undo.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"There is no file {path}: assets.smollm2_path() gives the path of the course's model.")
        if not shared:
            unload_shared_model()
            return _read_gguf(path)
        return _shared(path, path.stat().st_mtime_ns)

    @property
    def d_head(self) -> int:
        """The width of one head's queries, keys and values."""
        return self.embedding.shape[1] // self.n_heads

    @property
    def n_weights(self) -> int:
        """How many numbers the model has learned."""
        blocks = sum(weight.size for block in self.blocks for weight in vars(block).values())
        return blocks + self.embedding.size + self.final_norm.size

    def logits(self, ids: Sequence[int], cache: KVCache | None = None, without: Sequence[Head] = ()) -> np.ndarray:
        """Compute a score for each token of the vocabulary as the next one, after each position.

        Parameters
        ----------
        ids : sequence of int
            Token ids, at least one and at most ``context_length``.
        cache : KVCache, optional
            What was read before; ``ids`` come behind it and are added to it.
        without : sequence of (layer, head), optional
            Attention heads to switch off: what they would add is left out.

        Returns
        -------
        ndarray of float32, shape (n_tokens, n_vocabulary)
            Row ``i`` scores what follows ``ids[i]``.

        Raises
        ------
        InputError
            If there is no id, too many, or one outside the vocabulary, or the cache does not fit; the cache is then as
            it was.
        """
        ids, off = self._checked(ids, cache), self._by_layer(without)
        with threads_for(len(ids)):
            return self.read_out(self._states(ids, cache, off))

    def last_logits(self, ids: Sequence[int], cache: KVCache | None = None) -> np.ndarray:
        """Compute the scores after the last position alone, which is all that writing needs.

        Arguments and errors are those of `logits`.

        Returns
        -------
        ndarray of float32, shape (n_vocabulary,)
        """
        ids = self._checked(ids, cache)
        with threads_for(len(ids)):
            return self.read_out(self._states(ids, cache)[-1])

    def look(self, ids: Sequence[int], without: Sequence[Head] = ()) -> Activations:
        """Read tokens as `logits` does, and keep what can be seen on the way.

        Parameters
        ----------
        ids : sequence of int
            Token ids, at least one and at most 512.
        without : sequence of (layer, head), optional
            Attention heads to switch off.

        Returns
        -------
        Look
            The residual stream after each block, and the weights of every head. `read_out` turns any row of the
            residual stream into logits.

        Examples
        --------
        >>> model = NumPyLM.smollm2()
        >>> ids = model.tokenizer.encode("The capital of France is")
        >>> seen = model.look(ids)
        >>> seen.residual.shape, seen.attention.shape
        ((31, 5, 576), (30, 9, 5, 5))
        >>> bool(np.allclose(model.read_out(seen.residual[-1]), model.logits(ids), atol=1e-3))
        True
        """
        ids = self._checked(ids, None)
        if len(ids) > MOST_LOOKED_AT:
            raise InputError(f"look keeps everything, so it takes at most {MOST_LOOKED_AT} tokens, not {len(ids)}.")
        off, residual, attention = self._by_layer(without), [], []
        with threads_for(len(ids)):
            residual.append(self._states(ids, None, off, residual, attention))
        words = tuple(self.tokenizer.decode([int(token)]) for token in ids)
        return Activations(words, np.stack(residual), np.stack(attention))

    def read_out(self, states: np.ndarray) -> np.ndarray:
        """Turn states of the residual stream into logits by the final norm and the head.

        Parameters
        ----------
        states : ndarray, shape (..., d_model)
            Any rows of the residual stream. From a middle layer they give the *logit lens*: what the model would say if
            it had to answer there (nostalgebraist, 2020).

        Returns
        -------
        ndarray of float32, shape (..., n_vocabulary)
        """
        with threads_for(states.size // states.shape[-1]):
            return rms_norm(states, self.final_norm, self.epsilon) @ self.embedding.T

    def next_words(self, text: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the ``k`` most likely next tokens after ``text``, each with its probability, the likeliest first.

        Parameters
        ----------
        text : str
            The beginning of a text, not empty.
        k : int
            How many tokens to return.
        """
        if not is_whole_number(k) or not 1 <= k <= len(self.embedding):
            raise InputError(f"k must be from 1 to {len(self.embedding)}, and {k} is not.")
        probabilities = softmax(self.last_logits(self.tokenizer.encode(text)))
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self.tokenizer.decode([int(token)]), float(probabilities[token])) for token in best]

    def generate(
        self,
        prompt: str,
        max_new_tokens: int,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Write on after ``prompt``, token by token, until the model ends its text or ``max_new_tokens`` is reached.

        Parameters
        ----------
        prompt : str
            The text to go on from; for a conversation, what `chat_prompt` gives.
        max_new_tokens : int
            The most tokens to write; fewer come if the context is full before.
        temperature : float
            0 takes the likeliest token each time; 1 draws from the model's own probabilities; lower is more cautious.
        top_k : int, optional
            Draw among this many of the likeliest tokens only.
        top_p : float, optional
            Draw among the fewest likeliest tokens that have this much probability together.
        seed : int, optional
            The same seed draws the same text.

        Returns
        -------
        str
            The new text, without the prompt.

        Raises
        ------
        InputError
            If an argument is out of range or the prompt too long.
        """
        return self.tokenizer.decode(self.generate_ids(prompt, max_new_tokens, temperature, top_k, top_p, seed))

    def generate_ids(
        self,
        prompt: str,
        max_new_tokens: int,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> Iterator[int]:
        """Yield the ids of the tokens that `generate` would write, each as soon as it is known.

        Arguments and errors are those of `generate`.

        Examples
        --------
        >>> model = NumPyLM.smollm2()
        >>> list(model.generate_ids("The capital of France is", max_new_tokens=2))
        [7042, 30]
        """
        if not is_whole_number(max_new_tokens) or max_new_tokens < 1:
            raise InputError(f"max_new_tokens must be 1 or more, and {max_new_tokens} is not.")
        check_sampling(temperature, top_k, top_p, len(self.embedding))
        ids = self._checked(self.tokenizer.encode(prompt), None)
        rng = np.random.default_rng(seed)
        return self._write(ids, int(max_new_tokens), lambda scores: pick(scores, temperature, top_k, top_p, rng))

    def _write(self, ids: np.ndarray, max_new_tokens: int, pick: Any) -> Iterator[int]:
        cache = KVCache(self, min(len(ids) + max_new_tokens, self.context_length))
        for _ in range(max_new_tokens):
            token = pick(self.last_logits(ids, cache))
            if token in self.stop_ids:
                return
            yield token
            if cache.length == cache.capacity:
                return
            ids = np.array([token])

    def _states(
        self,
        ids: np.ndarray,
        cache: KVCache | None = None,
        off: Mapping[int, list[int]] | None = None,
        residual: list[np.ndarray] | None = None,
        attention: list[np.ndarray] | None = None,
    ) -> np.ndarray:
        """Run all blocks, ``(n_tokens,) -> (n_tokens, d_model)``; put what is seen on the way into the two lists."""
        if len(ids) > PIECE:
            cache = cache or KVCache(self, len(ids))
            pieces = [ids[start : start + PIECE] for start in range(0, len(ids), PIECE)]
            return np.concatenate([self._states(piece, cache, off) for piece in pieces])
        x = np.ascontiguousarray(self.embedding[ids])
        past = cache.length if cache else 0
        turn = _turns(self.context_length, self.d_head, self.rope_base)[past : past + len(x)]
        for layer, block in enumerate(self.blocks):
            if residual is not None:
                residual.append(x)
            x = x + self._attend(layer, rms_norm(x, block.attention_norm, self.epsilon), turn, cache, off, attention)
            x = x + swiglu(rms_norm(x, block.mlp_norm, self.epsilon), block.gate_up) @ block.down
        if cache:
            cache.length += len(x)
        return x

    def _attend(
        self,
        layer: int,
        x: np.ndarray,
        turn: np.ndarray,
        cache: KVCache | None,
        off: Mapping[int, list[int]] | None,
        attention: list[np.ndarray] | None,
    ) -> np.ndarray:
        """Let tokens take from earlier ones: ``(n_tokens, d_model) -> (n_tokens, d_model)``."""
        block = self.blocks[layer]
        heads = split_heads(x @ block.qkv, self.n_heads + 2 * self.n_kv_heads)  # (9 + 3 + 3, n_tokens, d_head)
        q, k, v = np.split(heads, [self.n_heads, self.n_heads + self.n_kv_heads])
        q, k = rotate(q, turn), rotate(k, turn)
        if cache:
            k, v = cache.keep(layer, k, v)
        mixed, weights = grouped_attention(q, k, v)
        if off and layer in off:
            mixed[off[layer]] = 0
        if attention is not None:
            attention.append(weights)
        return join_heads(mixed) @ block.output

    def _by_layer(self, heads: Sequence[Head]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for pair in heads:
            layer, head = pair if np.shape(pair) == (2,) else (-1, -1)
            if not (
                is_whole_number(layer)
                and is_whole_number(head)
                and 0 <= layer < len(self.blocks)
                and 0 <= head < self.n_heads
            ):
                raise InputError(
                    f"A head is a pair (layer, head), from (0, 0) to ({len(self.blocks) - 1}, {self.n_heads - 1}), and "
                    f"{pair!r} is not."
                )
            found.setdefault(int(layer), []).append(int(head))
        return found

    def _checked(self, ids: Sequence[int], cache: KVCache | None) -> np.ndarray:
        ids = np.asarray(ids)
        if ids.size == 0:
            raise InputError("The text is empty, and a model needs at least one token to go on from.")
        if ids.ndim != 1 or not np.issubdtype(ids.dtype, np.integer):
            raise InputError("Token ids are one row of whole numbers: pass tokenizer.encode(text).")
        if ids.min() < 0 or ids.max() >= len(self.embedding):
            raise InputError(f"Token ids go from 0 to {len(self.embedding) - 1}.")
        if ids.size > self.context_length:
            raise InputError(f"The text has {ids.size} tokens and the model reads at most {self.context_length}.")
        if cache is not None:
            if not isinstance(cache, KVCache) or not cache.belongs_to(self):
                raise InputError("The cache belongs to another model: make one with KVCache(model, capacity).")
            if cache.length + ids.size > cache.capacity:
                raise InputError(
                    f"The cache holds {cache.capacity} tokens and {cache.length + ids.size} are needed: make a larger "
                    "one, or cache.reset() to begin a new text."
                )
        return ids


def rms_norm(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    """Divide each row by its root mean square, then scale each column: ``(n, d) -> (n, d)``.

    Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467.

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0]]), np.ones(2), 0.0).round(3)
    array([[0.849, 1.131]])
    """
    mean_square = np.einsum("...d,...d->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(mean_square + epsilon, dtype=x.dtype) * weight


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


@functools.lru_cache(maxsize=4)
def _turns(n_tokens: int, d_head: int, base: float) -> np.ndarray:
    table = rotation(n_tokens, d_head, base)
    table.flags.writeable = False
    return table


def rotate(x: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Turn neighbouring pairs of ``x``, shape ``(heads, n_tokens, d_head)``, as the GGUF file lays them out.

    Each pair is read as one complex number, and to turn it is to multiply it with another one of length 1.

    Examples
    --------
    >>> quarter = np.array([[1j]], dtype=np.complex64)
    >>> rotate(np.array([[[3.0, 1.0]]], dtype=np.float32), quarter)
    array([[[-1.,  3.]]], dtype=float32)
    """
    return (np.ascontiguousarray(x).view(np.complex64) * turn).view(np.float32)


def grouped_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let each token take from itself and the tokens before it; neighbouring heads share keys and values.

    Parameters
    ----------
    q : ndarray, shape (n_heads, n_new, d_head)
        Queries of the last ``n_new`` of ``n_all`` tokens.
    k, v : ndarray, shape (n_kv_heads, n_all, d_head)
        Keys and values of all tokens; each serves ``n_heads / n_kv_heads`` heads (Ainslie et al., 2023,
        https://arxiv.org/abs/2305.13245).

    Returns
    -------
    mixed : ndarray, shape (n_heads, n_new, d_head)
    weights : ndarray, shape (n_heads, n_new, n_all)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> mixed, weights = grouped_attention(rng.normal(size=(4, 2, 8)), *rng.normal(size=(2, 2, 5, 8)))
    >>> mixed.shape, weights.shape, bool(np.allclose(weights.sum(axis=-1), 1)), float(weights[0, 0, -1])
    ((4, 2, 8), (4, 2, 5), True, 0.0)
    """
    (n_heads, n_new, d_head), (n_kv_heads, n_all, _) = q.shape, k.shape
    q = q.reshape(n_kv_heads, -1, d_head)  # the heads that share keys, one below the other
    scores = (q @ k.transpose(0, 2, 1)).reshape(n_heads, n_new, n_all)
    scores *= scores.dtype.type(d_head**-0.5)
    if n_new > 1:
        scores += np.triu(np.full((n_new, n_all), -np.inf, scores.dtype), n_all - n_new + 1)
    weights = softmax(scores)
    mixed = weights.reshape(n_kv_heads, -1, n_all) @ v
    return mixed.reshape(n_heads, n_new, d_head), weights


def silu(x: np.ndarray) -> np.ndarray:
    """Let large numbers through and hold negative ones back: ``x * sigmoid(x)``.

    Examples
    --------
    >>> silu(np.array([-100.0, -1.0, 0.0, 1.0, 100.0])).round(2)
    array([ -0.  ,  -0.27,   0.  ,   0.73, 100.  ])
    """
    with np.errstate(over="ignore"):  # exp of a large number is infinite, and x over infinity is 0, as it should be
        return x / (1 + np.exp(-x))


def swiglu(x: np.ndarray, gate_up: np.ndarray) -> np.ndarray:
    """Open a gate for each hidden number, and let the number through as far as it opens.

    Parameters
    ----------
    x : ndarray, shape (n_tokens, d_model)
    gate_up : ndarray, shape (d_model, 2 * d_hidden)
        The gates' matrix on the left, the numbers' on the right (Shazeer, 2020, https://arxiv.org/abs/2002.05202).

    Returns
    -------
    ndarray, shape (n_tokens, d_hidden)

    Examples
    --------
    >>> swiglu(np.array([[1.0, 2.0]]), np.array([[3.0, 10.0], [0.0, 5.0]])).round(2)
    array([[57.15]])
    """
    both = x @ gate_up
    half = both.shape[-1] // 2
    hidden = silu(both[..., :half])
    hidden *= both[..., half:]
    return hidden


def unload_shared_model() -> None:
    """Forget the model that `NumPyLM.from_gguf` shares among its callers, and give its memory back.

    It is free as soon as no variable holds the model either; who needs it again gets it read anew.
    """
    _shared.cache_clear()
    release_memory()


@functools.lru_cache(maxsize=1)
def _shared(path: Path, _modified: int) -> NumPyLM:
    return _read_gguf(path)


def _read_gguf(path: Path) -> NumPyLM:
    release_memory()
    file = GGUFFile(path)
    name = file.fields.get("general.architecture")
    if name != "llama":
        raise InputError(f"{path.name} holds a {name} model, and this code runs models of the architecture llama.")
    model = NumPyLM(
        tokenizer=libraries.Tokenizer("SmolLM2", file.rules),
        embedding=np.asfortranarray(file.weight("token_embd.weight")),
        blocks=tuple(_read_block(file, number) for number in range(file.number("llama.block_count"))),
        final_norm=file.weight("output_norm.weight"),
        n_heads=file.number("llama.attention.head_count"),
        n_kv_heads=file.number("llama.attention.head_count_kv"),
        epsilon=file.number("llama.attention.layer_norm_rms_epsilon"),
        rope_base=file.number("llama.rope.freq_base"),
        context_length=file.number("llama.context_length"),
        stop_ids=tuple(
            number for word in ("<|endoftext|>", "<|im_end|>") if (number := file.rules.token_to_id(word)) is not None
        ),
    )
    file.must_be_read()
    return model


def _read_block(file: GGUFFile, number: int) -> Block:
    trim_memory()  # what the weights before went through on their way
    name = f"blk.{number}.{{}}.weight".format
    return Block(
        attention_norm=file.weight(name("attn_norm")),
        qkv=file.transposed(name("attn_q"), name("attn_k"), name("attn_v")),
        output=file.transposed(name("attn_output")),
        mlp_norm=file.weight(name("ffn_norm")),
        gate_up=file.transposed(name("ffn_gate"), name("ffn_up")),
        down=file.transposed(name("ffn_down")),
    )
