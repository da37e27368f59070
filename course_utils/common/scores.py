"""Scores of pairs of texts that take long to compute: computed once, kept in the cache folder, and never in doubt."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from course_utils.common import cache
from course_utils.common.errors import CourseError, InputError
from course_utils.common.progress import job_bar

WORTH_SAVING = 32  # fewer new pairs than this are done in a second or so and not kept
PIECE = 2048  # pairs after which the work so far is kept
Pair = tuple[str, str]
_ROW = np.dtype([("key", "V16"), ("score", "<f4")])


def remembered(kind: str, pairs: Sequence[Pair], compute: Callable[[list[Pair]], Sequence[float]]) -> np.ndarray:
    """Return a score for each pair, computing those that are not in the cache folder.

    Parameters
    ----------
    kind : str
        What the scores are and which model they come from; another rule or model needs another kind.
    pairs : sequence of (str, str)
        A query and a text each.
    compute : callable
        Gets a list of pairs, those of one text next to each other, and returns a score for each.

    Returns
    -------
    ndarray of float32, shape (n_pairs,)
        In the order of ``pairs``.

    Raises
    ------
    InputError
        If ``compute`` returns another number of scores than it got pairs.

    Examples
    --------
    >>> remembered("example", [("a", "b"), ("aa", "b")], lambda pairs: [len(q + text) for q, text in pairs])
    array([2., 3.], dtype=float32)
    """
    folder = cache.cache_folder() / "scores" / kind
    keys = [_key(pair) for pair in pairs]
    known = _known(folder, keys)
    absent = {key: pair for key, pair in zip(keys, pairs, strict=True) if key not in known}
    if len(absent) >= WORTH_SAVING:
        with cache.locked(f"scores-{kind}", needed=False):
            _open.cache_clear()
            known |= _known(folder, list(absent))
            _compute_and_keep(folder, {key: pair for key, pair in absent.items() if key not in known}, compute, known)
    elif absent:
        known |= zip(absent, _computed(list(absent.values()), compute), strict=True)
    return np.array([known[key] for key in keys], dtype=np.float32)


def _compute_and_keep(folder: Path, absent: dict[bytes, Pair], compute: Callable, known: dict[bytes, float]) -> None:
    keys = sorted(absent, key=lambda key: (-len(absent[key][1]), absent[key][1]))  # the pairs of a text side by side
    with job_bar(len(keys), "pair", f"scoring ({folder.name})") as bar:
        for start in range(0, len(keys), PIECE):
            piece = keys[start : start + PIECE]
            rows = np.empty(len(piece), dtype=_ROW)
            rows["key"] = np.array(piece, dtype="V16")
            rows["score"] = _computed([absent[key] for key in piece], compute)
            known |= zip(piece, rows["score"].tolist(), strict=True)
            bar.update(len(piece))
            name = hashlib.blake2b(rows["key"].tobytes(), digest_size=16).hexdigest()
            with contextlib.suppress(CourseError):  # a full or locked disk: the scores last for this call
                cache.write_aside(folder / f"{name}.npy", lambda file, rows=rows: np.save(file, rows))
    _open.cache_clear()


def _computed(pairs: list[Pair], compute: Callable[[list[Pair]], Sequence[float]]) -> np.ndarray:
    scores = np.asarray(compute(pairs), dtype=np.float32)
    if scores.shape != (len(pairs),):
        raise InputError(f"{len(pairs)} pairs need a score each, and the scores have shape {scores.shape}.")
    return scores


def _key(pair: Pair) -> bytes:
    query, text = (part.encode("utf-8", "surrogatepass") for part in pair)
    return hashlib.blake2b(len(query).to_bytes(8, "little") + query + text, digest_size=16).digest()


def _known(folder: Path, keys: list[bytes]) -> dict[bytes, float]:
    found: dict[bytes, float] = {}
    for path in sorted(folder.glob("*.npy")):
        block = _open(path)
        found |= {key: block[key] for key in keys if key in block}
    return found


@functools.lru_cache(maxsize=64)
def _open(path: Path) -> dict[bytes, float]:
    try:
        rows = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # cut short by a disk that failed: it will be computed again
        return {}
    if rows.dtype != _ROW:
        return {}
    return dict(zip((key.tobytes() for key in rows["key"]), rows["score"].tolist(), strict=True))
