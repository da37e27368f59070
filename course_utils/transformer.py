"""A real language model in NumPy: the 135 million numbers of SmolLM2, read from its file and multiplied.

The file is opened by the package gguf; torch is not imported. The model is a Llama-style decoder: RMSNorm, rotary
positions, grouped-query attention, SwiGLU, and an output head that shares the embedding's matrix.
"""

from __future__ import annotations

import contextlib
import functools
import mmap
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

    Examples
    --------
    >>> from course_utils.assets import smollm2_path
    >>> model = NumPyLM.from_gguf(smollm2_path())
    >>> cache = KVCache(model, capacity=8)
    >>> whole = model.logits([504, 3575, 282, 4649])
    >>> pieces = [model.logits(ids, cache) for ids in ([504, 3575], [282, 4649])]
    >>> bool(np.allclose(whole, np.concatenate(pieces), atol=1e-3)), cache.length
    (True, 4)
    """

    def __init__(self, model: NumPyLM, capacity: int):
        if not 1 <= capacity <= model.context_length:
            raise InputError(f"capacity must be from 1 to {model.context_length}, and {capacity} is not.")
        shape = (len(model.blocks), model.n_kv_heads, capacity, model.d_head)
        self.keys, self.values = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        self.length = 0

    @property
    def capacity(self) -> int:
        """How many tokens fit."""
        return self.keys.shape[2]

    def keep(self, layer: int, keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Write a layer's new keys and values behind the old ones; return all of them.

        Both have shape ``(n_kv_heads, n_new, d_head)``; what is returned has ``length + n_new`` positions.
        """
        end = self.length + keys.shape[1]
        self.keys[layer, :, self.length : end] = keys
        self.values[layer, :, self.length : end] = values
        return self.keys[layer, :, :end], self.values[layer, :, :end]


@dataclass(frozen=True)
class NumPyLM:
    """A language model whose every step is a few lines of NumPy.

    Examples
    --------
    >>> from course_utils.assets import smollm2_path
    >>> model = NumPyLM.from_gguf(smollm2_path())
    >>> model.next_words("The capital of France is", k=1)[0][0]
    ' Paris'
    >>> model.generate("The capital of France is", max_new_tokens=2)
    ' Paris.'
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
    stop_ids: tuple[int, ...]

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
            If the file does not exist, is no GGUF file, or holds another architecture.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError(f"There is no file {path}: assets.smollm2_path() gives the path of the course's model.")
        return _read_gguf(path, path.stat().st_mtime_ns)

    @property
    def d_head(self) -> int:
        """The width of one head's queries, keys and values."""
        return self.embedding.shape[1] // self.n_heads

    def logits(self, ids: Sequence[int], cache: KVCache | None = None) -> np.ndarray:
        """Compute a score for each token of the vocabulary as the next one, after each position.

        Parameters
        ----------
        ids : sequence of int
            Token ids, at least one and at most ``context_length``.
        cache : KVCache, optional
            What was read before; ``ids`` come behind it and are added to it.

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
        return self._final_states(ids, cache) @ self.embedding.T

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
        probabilities = _softmax(self._last_logits(self.tokenizer.encode(text)))
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self.tokenizer.decode([int(token)]), float(probabilities[token])) for token in best]

    def generate(
        self,
        prompt: str,
        max_new_tokens: int,
        temperature: float = 0.0,
        top_k: int | None = None,
        seed: int | None = None,
    ) -> str:
        """Write on after ``prompt``, token by token, until the model ends its text or ``max_new_tokens`` is reached.

        Parameters
        ----------
        prompt : str
            The text to go on from; for a conversation, what `chat_prompt` gives.
        max_new_tokens : int
            The most tokens to write.
        temperature : float
            0 takes the likeliest token each time; 1 draws from the model's own probabilities; lower is more cautious.
        top_k : int, optional
            Draw among this many of the likeliest tokens only.
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
        if max_new_tokens < 1:
            raise InputError(f"max_new_tokens must be 1 or more, and {max_new_tokens} is not.")
        if not (np.isfinite(temperature) and temperature >= 0):
            raise InputError(f"temperature must be 0 or more, and {temperature} is not.")
        if top_k is not None and not 1 <= top_k <= len(self.embedding):
            raise InputError(f"top_k must be from 1 to {len(self.embedding)}, and {top_k} is not.")
        ids = self.tokenizer.encode(prompt)
        self._checked(ids, None)
        cache = KVCache(self, min(len(ids) + max_new_tokens, self.context_length))
        rng, written, unread = np.random.default_rng(seed), [], ids
        while len(written) < max_new_tokens and cache.length + len(unread) <= cache.capacity:
            token = _pick(self._last_logits(unread, cache), temperature, top_k, rng)
            if token in self.stop_ids:
                break
            written.append(token)
            unread = [token]
        return self.tokenizer.decode(written)

    def _last_logits(self, ids: Sequence[int], cache: KVCache | None = None) -> np.ndarray:
        return self.embedding @ self._final_states(ids, cache)[-1]

    def _final_states(self, ids: Sequence[int], cache: KVCache | None = None) -> np.ndarray:
        """Run all blocks and the final norm: ``(n_tokens,) -> (n_tokens, d_model)``."""
        x = self.embedding[self._checked(ids, cache)]
        past = cache.length if cache else 0
        turn = rotation(past + len(x), self.d_head, self.rope_base)[past:]
        for layer, block in enumerate(self.blocks):
            x = x + self._attend(layer, rms_norm(x, block.attention_norm, self.epsilon), turn, cache)
            gate, up = np.split(rms_norm(x, block.mlp_norm, self.epsilon) @ block.gate_up, 2, axis=-1)
            x = x + (gate / (1 + np.exp(-gate)) * up) @ block.down
        if cache:
            cache.length += len(x)
        return rms_norm(x, self.final_norm, self.epsilon)

    def _attend(self, layer: int, x: np.ndarray, turn: np.ndarray, cache: KVCache | None) -> np.ndarray:
        """Causal grouped-query attention: ``(n_tokens, d_model) -> (n_tokens, d_model)``."""
        block, (n_new, d_model) = self.blocks[layer], x.shape
        qkv = (x @ block.qkv).reshape(n_new, -1, self.d_head).transpose(1, 0, 2)  # (heads, tokens, d_head)
        q, k, v = np.split(qkv, [self.n_heads, self.n_heads + self.n_kv_heads])
        q, k = rotate(q, turn), rotate(k, turn)
        if cache:
            k, v = cache.keep(layer, k, v)
        q = q.reshape(self.n_kv_heads, -1, self.d_head)  # the heads that share keys, one below the other
        scores = q @ k.transpose(0, 2, 1) / np.float32(np.sqrt(self.d_head))
        scores = scores.reshape(self.n_heads, n_new, -1)
        if n_new > 1:
            scores[:, np.triu(np.ones(scores.shape[1:], bool), scores.shape[2] - n_new + 1)] = -np.inf
        mixed = _softmax(scores).reshape(self.n_kv_heads, -1, scores.shape[2]) @ v
        return mixed.reshape(self.n_heads, n_new, -1).transpose(1, 0, 2).reshape(n_new, d_model) @ block.output

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
            if cache.keys.shape != (len(self.blocks), self.n_kv_heads, cache.capacity, self.d_head):
                raise InputError("The cache belongs to another model: make one with KVCache(model, capacity).")
            if cache.length + ids.size > cache.capacity:
                raise InputError(f"The cache holds {cache.capacity} tokens and {cache.length + ids.size} are needed.")
        return ids


def chat_prompt(messages: Sequence[tuple[str, str]]) -> str:
    """Write a conversation the way SmolLM2 was trained to read one, up to the place where its answer begins.

    Parameters
    ----------
    messages : sequence of (role, text)
        Roles are ``"system"``, ``"user"`` and ``"assistant"``. Without a system message the model's own is put first.

    Returns
    -------
    str
        The prompt for `NumPyLM.generate`.

    Examples
    --------
    >>> print(chat_prompt([("system", "Be brief."), ("user", "Hi!")]))
    <|im_start|>system
    Be brief.<|im_end|>
    <|im_start|>user
    Hi!<|im_end|>
    <|im_start|>assistant
    """
    roles = {"system", "user", "assistant"}
    if not messages or any(role not in roles for role, _ in messages):
        raise InputError(f"messages must hold (role, text) pairs with the roles {', '.join(sorted(roles))}.")
    if messages[0][0] != "system":
        own = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
        messages = [("system", own), *messages]
    turns = [f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in messages]
    return "".join(turns) + "<|im_start|>assistant\n"


def _softmax(scores: np.ndarray) -> np.ndarray:
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _pick(logits: np.ndarray, temperature: float, top_k: int | None, rng: np.random.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    if top_k is not None:
        logits = np.where(logits >= np.partition(logits, -top_k)[-top_k], logits, -np.inf)
    probabilities = _softmax(logits.astype(np.float64) / temperature)
    return int(rng.choice(len(probabilities), p=probabilities))


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
    """Turn neighbouring pairs of ``x``, shape ``(heads, n_tokens, d_head)``, as the GGUF file lays them out."""
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
    rules = tokens.from_gguf(reader)
    reader.fields.clear()  # a hundred thousand small arrays, no longer needed
    tensors = {tensor.name: tensor for tensor in reader.tensors}

    def read(name: str) -> np.ndarray:
        return gguf.dequantize(tensors[name].data, tensors[name].tensor_type)

    def weight(*names: str) -> np.ndarray:
        with contextlib.suppress(AttributeError):  # what was read of the file need not stay in memory; Linux and macOS
            reader.data._mmap.madvise(mmap.MADV_DONTNEED)
        return np.ascontiguousarray(np.concatenate([read(name) for name in names]).T)

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
        tokenizer=tokens.Tokenizer("SmolLM2", rules),
        embedding=read("token_embd.weight"),
        blocks=tuple(block(number) for number in range(field["llama.block_count"])),
        final_norm=weight("output_norm.weight"),
        n_heads=field["llama.attention.head_count"],
        n_kv_heads=field["llama.attention.head_count_kv"],
        epsilon=field["llama.attention.layer_norm_rms_epsilon"],
        rope_base=field["llama.rope.freq_base"],
        context_length=field["llama.context_length"],
        stop_ids=tuple(
            rules.token_to_id(word) for word in ("<|endoftext|>", "<|im_end|>") if rules.token_to_id(word) is not None
        ),
    )
