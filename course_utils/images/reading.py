"""A language model that reads pictures: `NumPyLM` in PyTorch, on the same arrays, with gradients by what it reads.

The weights are not copied and not trained. Many pictures are read at once, each between the same two texts; the first
of them is read a single time. The gradient of a loss passes through all blocks and ends in the pictures' rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.transformer import NumPyLM
from course_utils.transformer.model import rotation

Past = list[tuple[Tensor, Tensor]]  # keys and values of each block, (n, n_kv_heads, n_tokens, d_head)
IGNORED = -100  # a place after the end of a caption, as PyTorch's cross-entropy knows it


AT_ONCE = 16  # pictures that are read together: more are faster and take more memory


class FrozenReader:
    """A language model that has read a text and reads pictures behind it; none of its weights changes.

    Parameters
    ----------
    model : NumPyLM
        The model. Its arrays are shared, so that no second copy takes memory.
    before, after : str
        What is read before and after each picture; ``before`` is read once.

    Examples
    --------
    >>> model = NumPyLM.smollm2()
    >>> reader = FrozenReader(model, "The capital of", " is")
    >>> france = model.embedding[model.tokenizer.encode(" France")][None]  # a word as a picture, (1, 1, 576)
    >>> captions(reader, france, most=1)
    ['Paris']
    """

    def __init__(self, model: NumPyLM, before: str = "", after: str = ""):
        self.model = model
        self.blocks = [{name: _shared(part) for name, part in vars(block).items()} for block in model.blocks]
        self.head, self.norm = _shared(model.embedding.T), _shared(model.final_norm)
        self.after = self.rows_of(model.tokenizer.encode(after) if after else [])
        empty = torch.zeros(1, model.n_kv_heads, 0, model.d_head)
        self.past: Past = [(empty, empty)] * len(self.blocks)
        if before:
            kept: Past = []
            with torch.no_grad():
                self.states(self.rows_of(model.tokenizer.encode(before))[None], kept=kept)
            self.past = kept

    def weights(self) -> list[Tensor]:
        """Return all weights of the blocks and the head, none of which wants a gradient."""
        return [*(part for block in self.blocks for part in block.values()), self.head, self.norm]

    def states(self, rows: Tensor, past: Past | None = None, kept: Past | None = None) -> Tensor:
        """Run all blocks over rows, ``(n, n_tokens, d_model)`` in and out, behind ``past``, the text read before.

        ``kept`` is a list that gets the keys and values of each block, to be the ``past`` of what comes next.
        """
        past, x = self.past if past is None else past, rows
        n_tokens, start = rows.shape[1], past[0][0].shape[2]
        turn = torch.from_numpy(rotation(n_tokens, self.model.d_head, self.model.rope_base, start))
        group = self.model.n_heads // self.model.n_kv_heads  # neighbouring heads share keys and values
        seen = torch.ones(n_tokens, start + n_tokens, dtype=torch.bool).tril(start).repeat(group, 1)
        for block, olds in zip(self.blocks, past, strict=True):
            q, *news = self._heads(self._scaled(x, block["attention_norm"]) @ block["qkv"], turn)
            k, v = (torch.cat([old.expand(len(x), -1, -1, -1), new], 2) for old, new in zip(olds, news, strict=True))
            q = q.reshape(len(x), self.model.n_kv_heads, -1, self.model.d_head)
            mixed = (
                F.scaled_dot_product_attention(q, k, v, attn_mask=seen).unflatten(2, (group, n_tokens)).flatten(1, 2)
            )
            x = x + mixed.transpose(1, 2).flatten(2) @ block["output"]
            gate, up = (self._scaled(x, block["mlp_norm"]) @ block["gate_up"]).chunk(2, dim=-1)
            x = x + (F.silu(gate) * up) @ block["down"]
            if kept is not None:
                kept.append((k, v))
        return x

    def scores(self, states: Tensor) -> Tensor:
        """Turn states, ``(..., d_model)``, into scores of the next token, ``(..., n_vocabulary)``."""
        return self._scaled(states, self.norm) @ self.head

    def losses(self, rows: Tensor, captions: Sequence[str]) -> Tensor:
        """Return the mean log loss of each caption's tokens, its line's end too, behind the rows of its picture.

        ``rows`` are ``(n, n_tokens, d_model)``, the result is ``(n,)``.
        """
        written = [self.model.tokenizer.encode(f" {caption}\n") for caption in captions]
        longest = max(map(len, written))
        goal = torch.tensor([ids + [IGNORED] * (longest - len(ids)) for ids in written])
        known = self.rows_of(goal[:, :-1].clamp(min=0).numpy())
        states = self.states(torch.cat([self.followed(rows), known], dim=1))[:, -longest:]
        wanted = goal != IGNORED
        each = F.cross_entropy(self.scores(states[wanted]), goal[wanted], reduction="none")
        place = torch.arange(len(goal))[:, None].expand_as(goal)[wanted]
        return torch.zeros(len(goal)).index_add(0, place, each) / wanted.sum(dim=1)

    def followed(self, rows: Tensor) -> Tensor:
        """Put the rows of the text after a picture behind those of each picture."""
        return torch.cat([rows, self.after.expand(len(rows), -1, -1)], dim=1)

    def rows_of(self, ids: Sequence[int] | np.ndarray) -> Tensor:
        """Return the rows of the embedding that belong to ids, ``(..., d_model)``."""
        return torch.from_numpy(np.ascontiguousarray(self.model.embedding[np.asarray(ids, dtype=int)]))

    def _scaled(self, x: Tensor, weight: Tensor) -> Tensor:
        return x * torch.rsqrt(x.square().mean(dim=-1, keepdim=True) + self.model.epsilon) * weight

    def _heads(self, qkv: Tensor, turn: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Split into heads, ``(n, heads, n_tokens, d_head)`` each, and turn the queries and the keys."""
        heads = qkv.unflatten(-1, (-1, self.model.d_head)).transpose(1, 2)
        n_kv_heads = self.model.n_kv_heads
        turned, v = heads[:, :-n_kv_heads], heads[:, -n_kv_heads:]
        pairs = torch.view_as_complex(turned.unflatten(-1, (-1, 2)).contiguous()) * turn
        turned = torch.view_as_real(pairs).flatten(-2)
        return turned[:, : self.model.n_heads], turned[:, self.model.n_heads :], v


def next_log_probabilities(reader: FrozenReader, rows: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """Return the logarithms of the probabilities that these tokens come next after each picture.

    Parameters
    ----------
    reader : FrozenReader
        The language model.
    rows : ndarray, shape (n_pictures, n_tokens, d_model)
        The rows that stand for each picture.
    tokens : sequence of int
        The ids that are asked for, k of them.

    Returns
    -------
    ndarray of float32, shape (n_pictures, k)

    Raises
    ------
    InputError
        If the rows have another shape, or there are none.
    """
    found = []
    for some in _pieces(reader, rows):
        scores = reader.scores(reader.states(reader.followed(some))[:, -1])
        found.append(scores.log_softmax(dim=-1)[:, list(tokens)].numpy())
    return np.concatenate(found)


def caption_losses(reader: FrozenReader, rows: np.ndarray, captions: Sequence[str]) -> np.ndarray:
    """Return the mean log loss of the tokens of each picture's caption, ``(n_pictures,)``.

    The other parameters and the errors are those of `next_log_probabilities`.
    """
    if len(rows) != len(captions):
        raise InputError(
            f"Each picture needs one caption: there are {len(rows)} pictures and {len(captions)} captions."
        )
    order = np.argsort([len(caption) for caption in captions], kind="stable")  # so that few places stay empty
    found, done = np.empty(len(rows), dtype=np.float32), 0
    for some in _pieces(reader, np.asarray(rows)[order], AT_ONCE // 2):  # each token needs all scores
        places = order[done : done + len(some)]
        found[places] = reader.losses(some, [captions[place] for place in places]).numpy()
        done += len(some)
    return found


def captions(reader: FrozenReader, rows: np.ndarray, most: int = 6) -> list[str]:
    """Let the model write on after each picture, the likeliest token each time, up to the end of the line.

    At most ``most`` tokens are written; the other parameters and the errors are those of `next_log_probabilities`.
    """
    check_whole("most", most, 1)
    written, decode = [], reader.model.tokenizer.decode
    for some in _pieces(reader, rows):
        lines, going = [[] for _ in some], np.arange(len(some))
        shown, past = reader.followed(some), reader.past
        for _ in range(most):
            kept: Past = []
            chosen = reader.scores(reader.states(shown, past, kept)[:, -1]).argmax(dim=-1).numpy()
            for place, id_ in zip(going, chosen, strict=True):
                lines[place].append(int(id_))
            on = np.array(["\n" not in decode([id_]) for id_ in chosen])  # lines that have ended are read no further
            if not on.any():
                break
            going, shown = going[on], reader.rows_of(chosen[on])[:, None]
            past = [(keys[on], values[on]) for keys, values in kept]
        written += [decode(line).split("\n")[0].strip() for line in lines]
    return written


def _pieces(reader: FrozenReader, rows: np.ndarray, size: int = AT_ONCE) -> Iterator[Tensor]:
    """Yield some pictures' rows at a time, to be read without gradients by one thread."""
    d_model = reader.model.embedding.shape[1]
    if np.ndim(rows) != 3 or np.shape(rows)[2] != d_model or not np.size(rows):
        raise InputError(f"Pictures need rows of shape (n, n_tokens, {d_model}), and these are {np.shape(rows)}.")
    with one_thread(), torch.inference_mode():
        for start in range(0, len(rows), size):
            yield torch.from_numpy(np.asarray(rows[start : start + size], dtype=np.float32))


def _shared(part: np.ndarray) -> Tensor:
    """Return an array as a tensor: the same memory, but for small vectors that may not be written to."""
    return torch.from_numpy(part if part.flags.writeable else part.copy())
