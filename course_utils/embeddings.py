"""Texts as vectors: the sentence encoder MiniLM, with every vector computed once and kept on disk."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common import assets, cache
from course_utils.common.errors import CourseError, InputError
from course_utils.common.progress import job_bar, quiet_loading

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DIMENSIONS = 384
BATCH = 16  # texts of similar length; larger batches were slower on two cores
PIECE = 2048  # texts after which the work so far is saved
WORTH_SAVING = 32  # fewer new texts than this take under a second and stay in memory
_ROW = np.dtype([("key", "V16"), ("vector", "<f4", (DIMENSIONS,))])
_in_memory: dict[bytes, np.ndarray] = {}


def embed(texts: Sequence[str]) -> np.ndarray:
    """Turn texts into vectors of length one: texts that mean similar things get vectors that point the same way.

    Parameters
    ----------
    texts : sequence of str
        Any number of texts. Of a long one the encoder reads the first 256 tokens, about 180 English words.

    Returns
    -------
    ndarray of float32, shape (n_texts, 384)
        One unit row for each text, in the order of ``texts``.

    Raises
    ------
    InputError
        If ``texts`` is a single string, or one of them is empty or no string.

    Notes
    -----
    The encoder is all-MiniLM-L6-v2 (https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2), run by
    sentence-transformers. A vector is kept in the cache folder under the hash of its text, so no text is computed
    twice; large jobs show a progress bar. All of it is float32: bfloat16 is faster on some processors, but then the
    third decimal of a cosine, and with it a ranking or a cluster, would depend on the machine.

    Examples
    --------
    >>> vectors = embed(["A cat sleeps.", "A kitten naps.", "Taxes rise."])
    >>> vectors.shape
    (3, 384)
    >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    True
    """
    texts = _checked(texts)
    keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
    vectors = np.empty((len(texts), DIMENSIONS), dtype=np.float32)
    absent = _fill(vectors, keys)
    if len(absent) >= WORTH_SAVING:
        with cache.locked("embeddings", needed=False):  # another notebook may be at them: wait, and find them done
            absent = _fill(vectors, keys)
            _compute_and_save(texts, keys, absent)
        absent = _fill(vectors, keys)
    for row, vector in zip(absent, _encode([texts[row] for row in absent]), strict=True):
        vectors[row] = _in_memory[keys[row]] = vector
    return vectors


def embed_tokens(texts: Sequence[str], *, as_pooled: bool = False) -> list[np.ndarray]:
    """Turn each text into one vector for every token of it: what a word means at this place, in this text.

    Parameters
    ----------
    texts : sequence of str
        Any number of texts. Of a long one the encoder reads the first 256 tokens, about 180 English words.
    as_pooled : bool
        Return the rows as ``embed`` averages them: with those of the encoder's own marks [CLS] and [SEP] at the two
        ends, and in the lengths that they have.

    Returns
    -------
    list of ndarray of float32, each of shape (n_tokens, 384)
        One array for each text, with a row for each of ``encoder_tokens(text)``; of length one unless ``as_pooled``.
        They are computed anew each time, about 50 texts of 100 tokens a second on two cores.

    Raises
    ------
    InputError
        If ``texts`` is a single string, or one of them is empty or no string.

    Examples
    --------
    >>> vectors = embed_tokens(["A cat sleeps.", "Taxes"])
    >>> [rows.shape for rows in vectors]
    [(4, 384), (1, 384)]
    >>> average = embed_tokens(["A cat sleeps."], as_pooled=True)[0].mean(axis=0)
    >>> bool(cosine_similarity(average, embed(["A cat sleeps."])[0]) > 0.9999)
    True
    """
    texts = _checked(texts, "embed_tokens")
    if not texts:
        return []
    found = _encoder().encode(texts, batch_size=BATCH, output_value="token_embeddings", show_progress_bar=False)
    rows = [tokens.float().numpy() for tokens in found]
    if as_pooled:
        return rows
    inner = [row[1:-1] for row in rows]  # without [CLS] and [SEP]
    return [row / np.linalg.norm(row, axis=1, keepdims=True) for row in inner]


def encoder_tokens(text: str) -> list[str]:
    """Return the pieces that the encoder reads a text as; those that go on within a word begin with ``##``.

    Parameters
    ----------
    text : str
        Any text; pieces after the first 254 are not read.

    Examples
    --------
    >>> encoder_tokens("Tokenizers matter.")
    ['token', '##izer', '##s', 'matter', '.']
    """
    tokenizer = _encoder().tokenizer
    ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return tokenizer.convert_ids_to_tokens(ids)[: _encoder().max_seq_length - 2]


def cosine_similarity(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Compare directions: the cosine of the angle between vectors.

    Parameters
    ----------
    a : array_like, shape (d,) or (n, d)
        One vector, or one a row.
    b : array_like, shape (d,) or (m, d)
        The vectors to compare them with.

    Returns
    -------
    ndarray
        Numbers from -1 (opposite) to 1 (same direction), of shape ``(n, m)`` without the axes of single vectors.

    Raises
    ------
    InputError
        If the widths differ, or a vector is all zeros and so has no direction.

    Examples
    --------
    >>> float(cosine_similarity([1, 0], [3, 3]).round(3))
    0.707
    """
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if a.shape[-1:] != b.shape[-1:]:
        raise InputError(f"The vectors must be equally wide, and these have shapes {a.shape} and {b.shape}.")
    lengths = [np.linalg.norm(x, axis=-1, keepdims=True) for x in (a, b)]
    if not all(length.all() for length in lengths):
        raise InputError("A vector of zeros has no direction, so it has no cosine: leave it out.")
    return (a / lengths[0]) @ (b / lengths[1]).T


def flatten(vectors: np.ndarray) -> np.ndarray:
    """Lay vectors out on a plane so that neighbours stay neighbours; a view for the eye, where distances mean little.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        At least 100 rows.

    Returns
    -------
    ndarray of float32, shape (n, 2)
        A place for each row, from -1 to 1; kept in the cache folder, since ten thousand rows take about 20 seconds.

    Raises
    ------
    InputError
        If there are fewer than 100 rows, too few for neighbourhoods.

    Notes
    -----
    Principal components, then t-SNE (van der Maaten and Hinton, 2008) as scikit-learn has it.
    """
    if vectors.ndim != 2 or len(vectors) < 100:
        raise InputError(f"flatten needs at least 100 rows, and this has shape {vectors.shape}.")
    path = cache.cache_folder() / "maps" / f"{hashlib.blake2b(vectors.tobytes(), digest_size=16).hexdigest()}.npy"
    with contextlib.suppress(OSError, ValueError, EOFError):
        return np.load(path, allow_pickle=False)
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = PCA(min(50, *vectors.shape), svd_solver="covariance_eigh").fit_transform(vectors)
    points = TSNE(init="pca", max_iter=500, random_state=0).fit_transform(components)
    points = (points / np.abs(points).max()).astype(np.float32)
    _save(path, points)
    return points


def _checked(texts: Sequence[str], function: str = "embed") -> list[str]:
    if isinstance(texts, str):
        raise InputError(f"{function} takes a list of texts: write {function}([text]) for a single one.")
    texts = list(texts[:] if hasattr(texts, "__getitem__") else texts)  # a column of a dataset is far faster as a slice
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"Text {position} is {type(text).__name__} and not a string.")
        if not text.strip():
            raise InputError(f"Text {position} is empty, and an empty text has no meaning to embed: leave it out.")
    return texts


def _fill(vectors: np.ndarray, keys: list[bytes]) -> list[int]:
    """Copy the rows that are known into ``vectors`` and return the positions of the others."""
    absent = list(range(len(keys)))
    for block in [*_blocks(), _in_memory]:
        if not absent:
            break
        known = [row for row in absent if keys[row] in block]
        if known:
            absent = [row for row in absent if keys[row] not in block]
            if isinstance(block, _Block):
                vectors[known] = block.vectors([keys[row] for row in known])
            else:
                vectors[known] = [block[keys[row]] for row in known]
    return absent


class _Block:
    """One file of the cache: keys, and a vector for each."""

    def __init__(self, path: Path):
        self.rows = np.load(path, allow_pickle=False)
        if self.rows.dtype != _ROW:
            raise ValueError(f"{path.name} is not a block of vectors")
        self.position = {key.tobytes(): row for row, key in enumerate(self.rows["key"])}

    def __contains__(self, key: bytes) -> bool:
        return key in self.position

    def vectors(self, keys: list[bytes]) -> np.ndarray:
        return self.rows["vector"][[self.position[key] for key in keys]]


def _folder() -> Path:
    model = next(member for member in assets.ASSETS["minilm"].members if member.name.endswith(".safetensors"))
    return cache.cache_folder() / "embeddings" / f"minilm-float32-{model.sha256[:12]}"


def _blocks() -> Iterator[_Block]:
    for path in sorted(_folder().glob("*.npy")):
        if block := _open_block(path):
            yield block


@functools.lru_cache(maxsize=256)
def _open_block(path: Path) -> _Block | None:
    try:
        return _Block(path)
    except (OSError, ValueError, EOFError):  # cut short by a disk that failed: it will be computed again
        return None


def _compute_and_save(texts: list[str], keys: list[bytes], absent: list[int]) -> None:
    unique = list({keys[row]: row for row in absent}.values())
    by_length = sorted(unique, key=lambda row: len(texts[row]), reverse=True)
    with job_bar(len(by_length), "text", "reading texts") as bar:
        for start in range(0, len(by_length), PIECE):
            piece = by_length[start : start + PIECE]
            rows = np.empty(len(piece), dtype=_ROW)
            rows["key"] = np.array([keys[row] for row in piece], dtype="V16")
            rows["vector"] = _encode([texts[row] for row in piece], bar.update)
            name = hashlib.blake2b(rows["key"].tobytes(), digest_size=16).hexdigest()
            if not _save(_folder() / f"{name}.npy", rows):
                _in_memory.update(zip((keys[row] for row in piece), rows["vector"], strict=True))
    _open_block.cache_clear()


def _save(path: Path, rows: np.ndarray) -> bool:
    try:
        cache.write_aside(path, lambda file: np.save(file, rows, allow_pickle=False))
    except CourseError as problem:
        print(f"{problem} Until then the vectors last for this session only.", file=sys.stderr)
        return False
    return True


@functools.lru_cache(maxsize=1)
def _encoder() -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    with quiet_loading():
        return SentenceTransformer(str(assets.minilm_path()), device="cpu", local_files_only=True)


def _encode(texts: list[str], advance=lambda n: None) -> np.ndarray:
    """Run the encoder over texts, batch by batch, the longest first where the caller sorted them so."""
    if not texts:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    encoder, parts = _encoder(), []
    for start in range(0, len(texts), BATCH):
        batch = [_without_halves(text) for text in texts[start : start + BATCH]]
        parts.append(encoder.encode(batch, batch_size=BATCH, show_progress_bar=False))
        advance(len(batch))
    vectors = np.concatenate(parts).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _without_halves(text: str) -> str:
    """Replace halves of a character (lone surrogates), which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()
