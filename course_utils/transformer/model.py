"""A real language model in NumPy, to be read from top to bottom in the order of a forward pass.

`NumPyLM.logits` takes token ids to scores of the next token, as models of the Llama kind do. Each token begins as a row
of the embedding. In each block it takes from earlier tokens (RMSNorm, rotation, grouped attention) and then passes a
network (RMSNorm, SwiGLU); either result is added to its row. A last norm and the head turn the rows into scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.attention import join_heads, softmax, split_heads
from course_utils.common import assets
from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.compute import threads_for
from course_utils.common.errors import InputError
from course_utils.tokens.libraries import Tokenizer
from course_utils.transformer import generation, gguf_file
from course_utils.transformer.heads import Activations, Head, heads_by_layer
from course_utils.transformer.kv_cache import KVCache, Read, check_input

TOKENS_AT_ONCE = 512  # longer texts are read in pieces, so that their scores fit into memory
MOST_LOOKED_AT = 512  # tokens of which `look` keeps every attention weight: 280 MB


@dataclass(frozen=True)
class Block:
    """The weights of one transformer block, transposed so that rows of activations multiply them from the left."""

    attention_norm: np.ndarray  # (d_model,)
    qkv: np.ndarray  # (d_model, d_model + 2 * d_kv): one wide matrix is multiplied faster than three narrow ones
    output: np.ndarray  # (d_model, d_model)
    mlp_norm: np.ndarray  # (d_model,)
    gate_up: np.ndarray  # (d_model, 2 * d_hidden)
    down: np.ndarray  # (d_hidden, d_model)


@dataclass(frozen=True, eq=False)
class NumPyLM:
    """A language model whose every step is a few lines of NumPy.

    Examples
    --------
    >>> model = NumPyLM.smollm2()
    >>> model.generate("The capital of France is", max_new_tokens=2)
    ' Paris.'
    """

    tokenizer: Tokenizer
    embedding: np.ndarray  # (n_vocabulary, d_model), stored column by column: the head multiplies faster that way
    blocks: tuple[Block, ...]
    final_norm: np.ndarray  # (d_model,)
    n_heads: int
    n_kv_heads: int
    epsilon: float
    rope_base: float
    context_length: int
    stop_ids: tuple[int, ...]

    @classmethod
    def smollm2(cls, shared: bool = True) -> NumPyLM:
        """Return SmolLM2-135M-Instruct, the language model of the course; ``shared`` as in `from_gguf`."""
        return cls.from_gguf(assets.smollm2_path(), shared)

    @classmethod
    def from_gguf(cls, path: str | Path, shared: bool = True) -> NumPyLM:
        """Read a model of the ``llama`` architecture from a GGUF file, with all weights as float32.

        With ``shared``, later calls for the same file get this same model. Take False to change weights: then the
        shared model is unloaded first, so that there need not be room for both.
        """
        return gguf_file.load_model(Path(path), shared)

    @property
    def d_head(self) -> int:
        """The width of one head's queries, keys and values."""
        return self.embedding.shape[1] // self.n_heads

    @property
    def n_weights(self) -> int:
        """How many numbers the model has learned."""
        blocks = sum(weight.size for block in self.blocks for weight in vars(block).values())
        return blocks + self.embedding.size + self.final_norm.size

    def logits(self, ids: Read, cache: KVCache | None = None, without: Sequence[Head] = ()) -> np.ndarray:
        """Compute a score for each token of the vocabulary as the next one, after each position.

        ``ids``: those of a text, ``(n_tokens,)``, or rows ``(n_tokens, d_model)`` for the first block in their place;
        with a ``cache`` they come behind what was read, and are added. The heads in ``without``, (layer, head), add
        nothing. Row ``i`` of the result, float32 ``(n_tokens, n_vocabulary)``, scores what follows ``ids[i]``.
        """
        ids, off = check_input(self, ids, cache, rows=True), heads_by_layer(self, without)
        with threads_for(len(ids)):
            return self.read_out(self._states(ids, cache, off))

    def _states(self, ids: np.ndarray, cache: KVCache | None, off: dict, seen: list | None = None) -> np.ndarray:
        """Run all blocks, ids or rows ``-> (n_tokens, d_model)``; ``seen`` gets what there is to see after each."""
        if len(ids) > TOKENS_AT_ONCE:
            cache = cache or KVCache(self, len(ids))
            pieces = np.split(ids, range(TOKENS_AT_ONCE, len(ids), TOKENS_AT_ONCE))
            return np.concatenate([self._states(piece, cache, off) for piece in pieces])
        turn = rotation(len(ids), self.d_head, self.rope_base, start=cache.length if cache else 0)
        x = ids if ids.ndim == 2 else np.ascontiguousarray(self.embedding[ids])  # (n_tokens, d_model)
        for layer, block in enumerate(self.blocks):
            h = rms_norm(x, block.attention_norm, self.epsilon)
            heads = split_heads(h @ block.qkv, self.n_heads + 2 * self.n_kv_heads)  # (9 + 3 + 3, n_tokens, d_head)
            rotated, v = rotate(heads[: -self.n_kv_heads], turn), heads[-self.n_kv_heads :]
            q, k = rotated[: self.n_heads], rotated[self.n_heads :]
            if cache:
                k, v = cache.keep(layer, k, v)  # those of all tokens so far
            mixed, weights = grouped_attention(q, k, v)
            if layer in off:
                mixed[off[layer]] = 0
            x = x + join_heads(mixed) @ block.output
            h = rms_norm(x, block.mlp_norm, self.epsilon)
            x = x + swiglu(h, block.gate_up) @ block.down
            if seen is not None:
                seen.append((x, weights))
        if cache:
            cache.length += len(x)
        return x

    def read_out(self, states: np.ndarray) -> np.ndarray:
        """Turn states of the residual stream into logits: ``(..., d_model) -> (..., n_vocabulary)``.

        States of a middle layer give the *logit lens*: what the model would say there (nostalgebraist, 2020).
        """
        with threads_for(np.size(states) // self.embedding.shape[1]):
            return rms_norm(states, self.final_norm, self.epsilon) @ self.embedding.T

    def last_logits(self, ids: Read, cache: KVCache | None = None) -> np.ndarray:
        """Score what follows, ``(n_vocabulary,)``, after ids, or after rows ``(n_tokens, d_model)`` in their place."""
        ids = check_input(self, ids, cache, rows=True)
        with threads_for(len(ids)):
            return self.read_out(self._states(ids, cache, {})[-1])

    def look(self, ids: Sequence[int], without: Sequence[Head] = ()) -> Activations:
        """Read at most 512 tokens as `logits` does, and keep what can be seen on the way.

        Examples
        --------
        >>> seen = NumPyLM.smollm2().look([504, 3575, 282, 4649, 314])
        >>> seen.residual.shape, seen.attention.shape
        ((31, 5, 576), (30, 9, 5, 5))
        """
        ids, off, seen = check_input(self, ids), heads_by_layer(self, without), []
        if len(ids) > MOST_LOOKED_AT:
            raise InputError(f"look keeps everything, so it takes at most {MOST_LOOKED_AT} tokens, not {len(ids)}.")
        with threads_for(len(ids)):
            self._states(ids, None, off, seen)
        residual, attention = zip(*seen, strict=True)
        words = tuple(self.tokenizer.decode([token]) for token in ids.tolist())
        return Activations(words, np.stack([self.embedding[ids], *residual]), np.stack(attention))

    def next_words(self, text: str, k: int = 10) -> list[tuple[str, float]]:
        """Return the ``k`` likeliest next tokens after ``text``, each with its probability, the likeliest first."""
        return generation.next_words(self, text, k)

    def generate(
        self,
        prompt: str | Sequence[int],
        max_new_tokens: int,
        temperature: float = 0.0,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int | None = None,
    ) -> str:
        """Write on after a prompt until the model ends its text, or has written ``max_new_tokens``.

        The prompt is a text, such as `chat_prompt` writes, in which names of special tokens count as these tokens; or
        ids, such as `chat_ids` returns. Temperature 0 takes the likeliest token each time; how others draw is said in
        `sampling_probabilities`, and the same seed draws the same text. The new text is returned, without the prompt.
        """
        return self.tokenizer.decode(self.generate_ids(prompt, max_new_tokens, temperature, top_k, top_p, seed))

    def generate_ids(self, prompt: str | Sequence[int], *how: Any, **named: Any) -> Iterator[int]:
        """Yield the ids that `generate` would write, each as soon as it is known; the arguments are the same."""
        ids = self.tokenizer.encode(prompt) if isinstance(prompt, str) else prompt
        return generation.generate_ids(self, ids, *how, **named)


def rms_norm(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    """Divide each row by its root mean square, then scale each column: ``(..., d), (d,) -> (..., d)``.

    The norm of Zhang and Sennrich, 2019, https://arxiv.org/abs/1910.07467.

    Examples
    --------
    >>> rms_norm(np.array([[3.0, 4.0]]), np.ones(2), 0.0).round(3)
    array([[0.849, 1.131]])
    """
    x, weight = check_floats("x", x), check_floats("weight", weight)
    if not x.ndim or weight.shape != x.shape[-1:]:
        raise InputError(f"x has the shape {x.shape} and the weight {weight.shape}: it needs one for each column.")
    mean_square = np.einsum("...d,...d->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(mean_square + epsilon, dtype=x.dtype) * weight


def rotation(n_tokens: int, d_head: int, base: float, start: int = 0) -> np.ndarray:
    """Return the complex numbers by which rotary position embedding turns each pair: ``(n_tokens, d_head // 2)``.

    Pair ``i`` turns by ``base ** (-2 * i / d_head)`` radians a position, and not at all at position 0; ``start`` is the
    position of the first token (Su et al., 2021, https://arxiv.org/abs/2104.09864).

    Examples
    --------
    >>> rotation(2, 4, 10000.0).round(2)
    array([[1.  +0.j  , 1.  +0.j  ],
           [0.54+0.84j, 1.  +0.01j]], dtype=complex64)
    """
    if check_whole("d_head", d_head, 2) % 2:
        raise InputError(f"Numbers are turned in pairs, and a head of {d_head} leaves one over: take an even width.")
    positions = check_whole("start", start, 0) + np.arange(check_whole("n_tokens", n_tokens, 0))
    speeds = check_number("base", base, least=1) ** (-np.arange(0, d_head, 2) / d_head)
    return np.exp(1j * np.outer(positions, speeds)).astype(np.complex64)


def rotate(x: np.ndarray, turn: np.ndarray) -> np.ndarray:
    """Turn neighbouring pairs of ``x``, ``(..., n_tokens, d_head)``, as the GGUF file lays them out.

    Each pair is a complex number, multiplied with that of its position in ``turn``, ``(n_tokens, d_head // 2)``.

    Examples
    --------
    >>> quarter = np.array([[1j]], dtype=np.complex64)
    >>> rotate(np.array([[[3.0, 1.0]]]), quarter)
    array([[[-1.,  3.]]])
    """
    x, turn = check_floats("x", x), np.asarray(turn)
    if x.ndim < 2 or turn.shape != (x.shape[-2], x.shape[-1] / 2) or turn.dtype.kind != "c":
        raise InputError(f"x has the shape {x.shape} and turn {turn.shape}: rotation() has a number for each pair.")
    pairs = np.result_type(x, turn)  # complex, of x's precision
    x = np.ascontiguousarray(x, dtype=f"f{pairs.itemsize // 2}")
    return (x.view(pairs) * turn).view(x.dtype)


def grouped_attention(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Let each token take from itself and the tokens before it; neighbouring heads share keys and values.

    Queries ``(n_heads, n_new, d_head)`` are those of the last tokens; keys and values ``(n_kv_heads, n_all, d_head)``
    are of all, each for ``n_heads / n_kv_heads`` heads (Ainslie et al., 2023, https://arxiv.org/abs/2305.13245). Mixed
    values come back, ``(n_heads, n_new, d_head)``, and the attention weights, ``(n_heads, n_new, n_all)``.

    Examples
    --------
    >>> mixed, weights = grouped_attention(np.zeros((4, 2, 8)), *np.ones((2, 2, 5, 8)))
    >>> mixed.shape, weights[0].tolist()
    ((4, 2, 8), [[0.25, 0.25, 0.25, 0.25, 0.0], [0.2, 0.2, 0.2, 0.2, 0.2]])
    """
    q, k, v = check_floats("q", q), check_floats("k", k), check_floats("v", v)
    fits = q.ndim == k.ndim == 3 and k.shape == v.shape and q.shape[2] == k.shape[2] and q.shape[1] <= k.shape[1]
    if not fits or not q.size or not k.size or len(q) % len(k):
        raise InputError(
            f"Queries {q.shape}, keys {k.shape}, values {v.shape} do not fit: see help(grouped_attention)."
        )
    (n_heads, n_new, d_head), (n_kv_heads, n_all, _) = q.shape, k.shape
    scores = (q.reshape(n_kv_heads, -1, d_head) @ k.transpose(0, 2, 1)).reshape(n_heads, n_new, n_all)
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
    x = check_floats("x", x)
    with np.errstate(over="ignore"):  # exp of a large number is infinite, and x over infinity is 0, as it should be
        return x / (1 + np.exp(-x))


def swiglu(x: np.ndarray, gate_up: np.ndarray) -> np.ndarray:
    """Multiply hidden numbers with their gates: ``(n, d_model), (d_model, 2 * d_hidden) -> (n, d_hidden)``.

    The gates' matrix is on the left, the numbers' on the right (Shazeer, 2020, https://arxiv.org/abs/2002.05202).

    Examples
    --------
    >>> swiglu(np.array([[1.0, 2.0]]), np.array([[3.0, 10.0], [0.0, 5.0]])).round(2)
    array([[57.15]])
    """
    x, gate_up = check_floats("x", x), check_floats("gate_up", gate_up)
    if not x.ndim or gate_up.ndim != 2 or len(gate_up) != x.shape[-1] or gate_up.shape[1] % 2:
        raise InputError(f"x has the shape {x.shape} and gate_up {gate_up.shape}: (d_model, 2 * d_hidden) is needed.")
    both = x @ gate_up
    hidden = silu(both[..., : both.shape[-1] // 2])
    hidden *= both[..., both.shape[-1] // 2 :]
    return hidden
