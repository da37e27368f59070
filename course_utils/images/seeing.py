"""A language model that sees: rows made from a picture stand where a word's row of the embedding table would stand.

The idea is LLaVA's (Liu and others, 2023, https://arxiv.org/abs/2304.08485): the network that sees and the language
model stay as they are, and a projection turns features into rows as wide as the embeddings.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from course_utils.common import DATA
from course_utils.common.checks import check_floats, check_whole
from course_utils.common.errors import InputError
from course_utils.common.files import save_file
from course_utils.common.progress import job_bar
from course_utils.common.vectors import unit_rows
from course_utils.transformer import KVCache, NumPyLM

SHOTS = "\n dog: dog\n pizza: pizza\n woman: woman\n car: car\n"  # what the model reads before a picture
TRAINED = DATA / "emoji" / "projection.safetensors"


@dataclass(frozen=True)
class Projection:
    """Two matrices that turn the features of a picture into a row for a language model.

    Parameters
    ----------
    mean : ndarray, shape (n_features,)
        What is subtracted from features.
    down, up : ndarrays, shapes (n_features, rank) and (rank, d_model)
        The matrices, one after the other.
    base : ndarray, shape (d_model,)
        What the rows of all pictures have in common.
    length : ndarray, shape ()
        How far from it each row is.
    """

    mean: np.ndarray
    down: np.ndarray
    up: np.ndarray
    base: np.ndarray
    length: np.ndarray

    def rows(self, features: np.ndarray) -> np.ndarray:
        """Turn features, ``(n, n_features)``, into a row for each picture: float32 ``(n, 1, d_model)``.

        Raises
        ------
        InputError
            If the features have another width.
        """
        features = check_floats("features", features)
        if features.ndim != 2 or features.shape[1] != len(self.mean):
            raise InputError(f"Features need the shape (n, {len(self.mean)}), and these are {features.shape}.")
        moved = unit_rows((features - self.mean) @ self.down @ self.up)
        return (self.base + self.length * moved)[:, None].astype(np.float32)


def load_projection(path: str | Path = TRAINED) -> Projection:
    """Read a projection; the one of the course was trained through SmolLM2 by ``training/train_seeing.py``.

    Raises
    ------
    InputError
        If the file is missing, or is no projection.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return Projection(**load(Path(path).read_bytes()))
    except FileNotFoundError:
        raise InputError(f"There is no file {Path(path).name} there: save_projection writes one.") from None
    except (SafetensorError, TypeError):
        raise InputError(f"{Path(path).name} is no projection: save_projection writes one.") from None


def save_projection(projection: Projection, path: str | Path) -> None:
    """Write a projection into a safetensors file, under another name first, so that it is whole when it appears."""
    from safetensors.numpy import save

    parts = {part.name: np.asarray(getattr(projection, part.name), np.float32) for part in fields(projection)}
    save_file(Path(path), save({name: np.ascontiguousarray(part) for name, part in parts.items()}))


def next_logits(model: NumPyLM, rows: np.ndarray, before: str = "", after: str = "") -> np.ndarray:
    """Return the scores of the next token after each picture, set between two texts.

    Parameters
    ----------
    model : NumPyLM
        The language model.
    rows : ndarray, shape (n_pictures, n_tokens, d_model)
        The rows that stand for each picture.
    before, after : str
        What is read before and after the picture; ``before`` is read once.

    Returns
    -------
    ndarray of float32, shape (n_pictures, n_vocabulary)

    Raises
    ------
    InputError
        If the rows have another shape, or there are none.
    """
    found = np.empty((len(rows), len(model.embedding)), dtype=np.float32)
    for number, (scores, _) in enumerate(_read_each(model, rows, before, after, 0)):
        found[number] = scores
    return found


def captions(model: NumPyLM, rows: np.ndarray, before: str = "", after: str = "", most: int = 6) -> list[str]:
    """Let the model write on after each picture, the likeliest token each time, up to the end of the line.

    The other parameters and the errors are those of `next_logits`; ``most`` tokens are written at most.
    """
    written, decode = [], model.tokenizer.decode
    for scores, cache in _read_each(model, rows, before, after, check_whole("most", most, 1)):
        line = [int(scores.argmax())]
        while len(line) < most and "\n" not in decode(line):
            line.append(int(model.last_logits(line[-1:], cache).argmax()))
        written.append(decode(line).split("\n")[0].strip())
    return written


def _read_each(
    model: NumPyLM, rows: np.ndarray, before: str, after: str, room: int
) -> Iterator[tuple[np.ndarray, KVCache]]:
    """Yield, for each picture, the scores of the next token, and the cache with room for more, to be used at once."""
    d_model = model.embedding.shape[1]
    if np.ndim(rows) != 3 or np.shape(rows)[2] != d_model or not np.size(rows):
        raise InputError(f"Pictures need rows of shape (n, n_tokens, {d_model}), and these are {np.shape(rows)}.")
    ids, tail = (np.array(model.tokenizer.encode(text) if text else [], dtype=int) for text in (before, after))
    cache = KVCache(model, len(ids) + rows.shape[1] + len(tail) + room)
    if len(ids):
        model.last_logits(ids, cache)
    with job_bar(len(rows), "picture", "reading pictures") as bar:
        for own in rows:
            cache.reset(len(ids))
            yield model.last_logits(np.concatenate([own, model.embedding[tail]]), cache), cache
            bar.update()
