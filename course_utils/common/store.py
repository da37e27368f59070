"""The one disk store: what takes long to compute is computed once, and found again by the hash of what it is about.

Three layers are asked in turn: what the course ships in ``data/precomputed``, which nobody writes; the files below the
cache folder; and what this session computed and was too little to be kept. While ``COURSE_RECORD`` is set, the first
layer is left out and everything is kept: so `tools.precompute` makes the files of the first layer.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import itertools
import json
import math
import os
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.common import DATA, cache
from course_utils.common.assets import ASSETS
from course_utils.common.errors import CourseError, InputError
from course_utils.common.progress import job_bar
from course_utils.common.vectors import unit_rows

RECORD = "COURSE_RECORD"
PRECOMPUTED = DATA / "precomputed"
WORTH_KEEPING = 32  # fewer new values than this take about a second and stay in memory
AT_ONCE = 512  # values after which the work so far is kept
KEY = 8  # bytes; a learner's files of earlier versions have twice as many, of which these are the first
PARTS = ("about", "keys", "values")  # of a file that is shipped
DAMAGED = (OSError, ValueError, EOFError, KeyError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile)
_said: set[str] = set()
_stores: list[Store] = []


def recipe_of(version: int) -> dict[str, str]:
    """Return what values follow from: the version of the code that computes them, the models, and the texts."""
    whole = {name: ASSETS[name].sha256 for name in ("minilm", "smollm2", "wikipedia")}
    return {"version": str(version), **whole}


def key_of(*parts: str) -> bytes:
    """Return the 8 bytes under which a value is kept, from the texts that it is about.

    Two of a million texts get the same ones with a probability of one to forty million.

    Examples
    --------
    >>> key_of("ab", "c") == key_of("a", "bc"), len(key_of("ab"))
    (False, 8)
    """
    *others, last = (part.encode("utf-8", "surrogatepass") for part in parts)
    content = b"".join(len(part).to_bytes(8, "little") + part for part in others) + last
    return hashlib.blake2b(content, digest_size=16).digest()[:KEY]


@dataclass(frozen=True)
class Store:
    """Values of one kind, by keys.

    Parameters
    ----------
    folder : str
        The folder below the cache folder, such as ``"scores/choice-smollm2"``; another rule or model needs another one.
    shape : tuple of int
        The shape of one value: ``()`` for a number, ``(384,)`` for a vector, which has length one. ``None``: texts.
    column : str
        What a value is called in the files.
    recipe : mapping of str to str
        What the values follow from besides their keys: `recipe_of` the code's version. A precomputed file that says
        otherwise is not used.
    worth_keeping : int
        The least number of new values that are written to the disk.
    at_once : int
        How many are computed before they are written.
    """

    folder: str
    shape: tuple[int, ...] | None = ()
    column: str = "score"
    recipe: Mapping[str, str] = field(default_factory=dict)
    worth_keeping: int = WORTH_KEEPING
    at_once: int = AT_ONCE
    recent: dict[bytes, Any] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        _stores.append(self)

    @property
    def path(self) -> Path:
        """Where the files of this computer lie."""
        return cache.cache_folder() / self.folder

    @property
    def shipped_path(self) -> Path:
        """Where the file that the course ships would lie."""
        return PRECOMPUTED / f"{self.folder.replace('/', '--')}.npz"

    def values(
        self,
        keys: Sequence[bytes],
        compute: Callable[[list[int], Callable[[int], None]], Sequence],
        order: Callable[[int], Any] = lambda row: row,
        *,
        what: tuple[str, str] = ("value", "computing"),
    ) -> list:
        """Return a value for each key, computing those that no layer has.

        Parameters
        ----------
        keys : sequence of bytes
            What `key_of` gives; the same key may come several times.
        compute : callable
            Gets the rows (positions in ``keys``) to compute, and a function to tell how many are done; returns a value
            for each row.
        order : callable
            Rows are computed sorted by this, for example the longest text first.
        what : (str, str)
            The unit and the sentence of the progress bar.

        Raises
        ------
        InputError
            If ``compute`` returns another number of values than it got rows, or values of another shape.
        """
        found = self._known(keys)
        absent = {key: row for row, key in enumerate(keys) if key not in found}
        keep = len(absent) >= (1 if RECORD in os.environ else self.worth_keeping)
        if keep:
            with cache.locked(self.folder.replace("/", "-"), needed=False):  # another kernel may be at them: wait
                _open.cache_clear()
                found |= self._known(list(absent))
                rows = sorted((row for key, row in absent.items() if key not in found), key=order)
                with job_bar(len(rows), *what) as bar:
                    for start in range(0, len(rows), self.at_once):
                        part = rows[start : start + self.at_once]
                        new = self._computed([keys[row] for row in part], compute(part, bar.update))
                        found |= new
                        self.keep(new)
            _open.cache_clear()
        elif absent:
            rows = sorted(absent.values(), key=order)
            new = self._computed([keys[row] for row in rows], compute(rows, lambda n: None))
            self.recent.update(new)
            found |= new
        return [found[key] for key in keys]

    def _known(self, keys: Sequence[bytes]) -> dict[bytes, Any]:
        """Look keys up in all layers."""
        found: dict[bytes, Any] = {}
        layers = [] if RECORD in os.environ else [self.shipped()]
        for layer in itertools.chain(layers, [self.recent], map(self._block, sorted(self.path.glob("*.*")))):
            found |= {key: layer[key] for key in keys if key not in found and key in layer}
            if len(found) == len(keys):
                break
        return found

    def shipped(self) -> Mapping[bytes, Any]:
        """Return what the course ships of this kind; nothing, with a sentence, where it is damaged or out of date."""
        return _open_shipped(self.shipped_path, self.shape, tuple(sorted(self.recipe.items())))

    def _block(self, path: Path) -> Mapping[bytes, Any]:
        return _open(path, self.shape, self.column)

    def _computed(self, keys: list[bytes], values: Sequence) -> dict[bytes, Any]:
        if len(values) != len(keys):
            raise InputError(f"{len(keys)} things need a value each, and there are {len(values)} values.")
        if self.shape is not None:
            values = np.asarray(values, dtype=np.float32)
            if values.shape != (len(keys), *self.shape):
                raise InputError(f"Each of {len(keys)} values has shape {self.shape}, and all have {values.shape}.")
            values = from_half(to_half(values)) if RECORD in os.environ and self.shape else values
        return dict(zip(keys, values, strict=True))

    def keep(self, new: dict[bytes, Any]) -> None:
        """Write values into a file of this computer."""
        keys = sorted(new)
        if self.shape is None:
            content = json.dumps({key.hex(): new[key] for key in keys}, ensure_ascii=False, indent=0).encode()
            ending, write = "json", lambda file: file.write(content)
        else:
            rows = np.empty(len(keys), dtype=_row(self.shape, self.column))
            rows["key"], rows[self.column] = np.array(keys, dtype=f"V{KEY}"), [new[key] for key in keys]
            ending, write = "npy", lambda file: np.save(file, rows, allow_pickle=False)
        name = hashlib.blake2b(b"".join(keys), digest_size=16).hexdigest()
        try:
            cache.write_aside(self.path / f"{name}.{ending}", write)
        except CourseError as problem:
            self.recent.update(new)
            say_once(f"{problem} Until then what is computed lasts for this session only.")

    def pack(self) -> int:
        """Write all values of this computer into the file that the course ships, in the order of their keys.

        Returns
        -------
        int
            How many there are.
        """
        everything: dict[bytes, Any] = {}
        for path in sorted(self.path.glob("*.*")):
            everything |= self._block(path)
        keys = sorted(everything)
        values = [everything[key] for key in keys]
        if self.shape is None:
            packed = np.frombuffer(json.dumps(values, ensure_ascii=False).encode(), dtype=np.uint8)
        else:
            packed = np.array(values, dtype=np.float32).reshape(len(keys), *self.shape)
            packed = packed_halves(to_half(packed)) if self.shape else packed
        about = np.frombuffer(json.dumps(dict(sorted(self.recipe.items()))).encode(), dtype=np.uint8)
        parts = {"about": about, "keys": np.array(keys, dtype=f"V{KEY}").view(np.uint8), "values": packed}
        PRECOMPUTED.mkdir(exist_ok=True)
        cache.write_aside(self.shipped_path, lambda file: np.savez_compressed(file, **parts))
        return len(keys)


class Vectors(Mapping):
    """The vectors that the course ships, by their keys: they stay the 16-bit numbers that they are until asked for."""

    def __init__(self, rows: Mapping[bytes, int], halves: np.ndarray):
        self.rows, self.halves = rows, halves

    def __getitem__(self, key: bytes) -> np.ndarray:
        return from_half(self.halves[self.rows[key]])

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __contains__(self, key: object) -> bool:
        return key in self.rows


def remembered(
    kind: str, pairs: Sequence[tuple[str, str]], compute: Callable[[list], Sequence[float]], version: int = 1
) -> np.ndarray:
    """Return a score for each pair of texts, computing those that are not in the store.

    Parameters
    ----------
    kind : str
        What the scores are and which model they come from.
    pairs : sequence of (str, str)
        A query and a text each.
    compute : callable
        Gets a list of pairs, those of one text next to each other, and returns a score for each.
    version : int
        Of the code that computes: scores of another one that the course ships are not used.

    Returns
    -------
    ndarray of float32, shape (n_pairs,)

    Examples
    --------
    >>> remembered("example", [("a", "b"), ("aa", "b")], lambda pairs: [len(q + text) for q, text in pairs])
    array([2., 3.], dtype=float32)
    """
    values = score_store(kind, version).values(
        [key_of(*pair) for pair in pairs],
        lambda rows, advance: _advanced(compute([pairs[row] for row in rows]), advance),
        lambda row: (-len(pairs[row][1]), pairs[row][1]),
        what=("pair", f"scoring ({kind})"),
    )
    return np.array(values, dtype=np.float32)


@functools.cache
def score_store(kind: str, version: int = 1) -> Store:
    """Return the store of one kind of score."""
    return Store(f"scores/{kind}", recipe=recipe_of(version))


def kept_array(folder: str, key: Hashable, compute: Callable[[], np.ndarray]) -> np.ndarray:
    """Return one array, such as a map of many vectors, that is computed once and kept under its key.

    Parameters
    ----------
    folder : str
        The folder below the cache folder.
    key : bytes
        What the array follows from; its hash names the file.
    compute : callable
        Returns the array.
    """
    name = f"{hashlib.blake2b(key, digest_size=16).hexdigest()}.npy"
    path = cache.cache_folder() / folder / name
    for place in (PRECOMPUTED / folder / name, path)[RECORD in os.environ :]:
        with contextlib.suppress(*DAMAGED):
            return np.load(place, allow_pickle=False)
    array = compute()
    try:
        cache.write_aside(path, lambda file: np.save(file, array, allow_pickle=False))
    except CourseError as problem:
        say_once(f"{problem} Until then what is computed lasts for this session only.")
    return array


def to_half(vectors: np.ndarray) -> np.ndarray:
    """Round vectors to the 16-bit numbers that the course ships: ``(n, d) -> (n, d)``."""
    return vectors.astype(np.float16)


def packed_halves(halves: np.ndarray) -> np.ndarray:
    """Pack 16-bit numbers, ``(n, ...)``, as bytes: a tenth less than deflate makes of them as they are.

    Column by column: first a bit for each number that is not zero, then these numbers' lower bytes, then their upper
    ones, which hold sign and size and are alike. What is alike is found by Huffman's code rather than by repetitions.

    Examples
    --------
    >>> halves = np.array([[1, -2], [0, 4], [0.5, -0.0]], dtype=np.float16)
    >>> bool((unpacked_halves(packed_halves(halves), (3, 2)).view("u2") == halves.view("u2")).all())
    True
    """
    columns = np.ascontiguousarray(halves.reshape(len(halves), -1).T, dtype="<f2").view("<u2")
    there = columns != 0
    deflate = zlib.compressobj(strategy=zlib.Z_FILTERED)
    content = np.packbits(there).tobytes() + columns[there].view(np.uint8).reshape(-1, 2).T.tobytes()
    return np.frombuffer(deflate.compress(content) + deflate.flush(), dtype=np.uint8)


def unpacked_halves(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Return the 16-bit numbers that `packed_halves` has packed, ``shape[0]`` rows of them."""
    content, size = np.frombuffer(zlib.decompress(packed.tobytes()), dtype=np.uint8), math.prod(shape)
    bits, lower_and_upper = np.split(content, [-(-size // 8)])
    there = np.unpackbits(bits, count=size).view(bool).reshape(-1, shape[0])
    columns = np.zeros(there.shape, dtype="<u2")
    columns[there] = np.ascontiguousarray(lower_and_upper.reshape(2, -1).T).view("<u2")[:, 0]
    return np.ascontiguousarray(columns.T).view("<f2").reshape(shape)


def from_half(halves: np.ndarray) -> np.ndarray:
    """Return 16-bit vectors as float32 of length one; squares and sums are exact, so every processor gets the same."""
    return unit_rows(halves.astype(np.float64)).astype(np.float32)


def say_once(sentence: str) -> None:
    """Tell the learner something about the store, once in a session."""
    if sentence not in _said:
        _said.add(sentence)
        print(sentence, file=sys.stderr)


def forget_session() -> None:
    """Forget what this session read and computed, as a new session would: files stay."""
    for kept in (_open, _open_shipped, score_store):
        kept.cache_clear()
    for store in _stores:
        store.recent.clear()
    _said.clear()


def _advanced(values: Sequence, advance: Callable[[int], None]) -> Sequence:
    advance(len(values))
    return values


def _row(shape: tuple[int, ...], column: str, key: int = KEY) -> np.dtype:
    return np.dtype([("key", f"V{key}"), (column, "<f4", shape)])


@functools.lru_cache(maxsize=4096)
def _open(path: Path, shape: tuple[int, ...] | None, column: str) -> Mapping[bytes, Any]:
    """Read one file of the cache; one that was cut short, or holds something else, counts as empty."""
    try:
        if shape is None:
            content = json.loads(path.read_text(encoding="utf-8"))
            return {bytes.fromhex(key)[:KEY]: value for key, value in content.items() if isinstance(value, str)}
        rows = np.load(path, allow_pickle=False)
        if rows.dtype not in (_row(shape, column), _row(shape, column, 2 * KEY)):
            return {}
    except (*DAMAGED, AttributeError):
        return {}
    return dict(zip((key.tobytes()[:KEY] for key in rows["key"]), rows[column], strict=True))


@functools.lru_cache(maxsize=64)
def _open_shipped(path: Path, shape: tuple[int, ...] | None, recipe: tuple) -> Mapping[bytes, Any]:
    if not path.is_file():
        return {}
    try:
        with zipfile.ZipFile(path) as archive:  # compares the checksum of each part; NumPy alone may read less than one
            about, keys, values = (np.load(io.BytesIO(archive.read(f"{part}.npy"))) for part in PARTS)
        if json.loads(about.tobytes()) != dict(recipe):
            say_once(f"{path.name} was computed with another model or recipe, so it is not used: computing anew.")
            return {}
        if shape is None:
            values = json.loads(values.tobytes())
        elif shape:
            values = unpacked_halves(values, (keys.size // KEY, *shape))
    except DAMAGED:
        say_once(f"{path.name} is damaged, so it is not used: restore it with `git checkout`. Computing anew.")
        return {}
    rows = {key.tobytes(): row for row, key in enumerate(keys.reshape(-1, KEY))}
    return Vectors(rows, values) if shape else {key: values[row] for key, row in rows.items()}
