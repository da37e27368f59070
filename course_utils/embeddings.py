"""Texts as vectors: the sentence encoder MiniLM, with every vector computed once."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from course_utils.common import assets
from course_utils.common.errors import InputError
from course_utils.common.store import Store, kept_array, key_of, recipe_of
from course_utils.common.vectors import unit_rows

DIMENSIONS = 384
VERSION = 1  # of the code that computes vectors


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
    `transformer.encoder`, whose vectors equal those of sentence-transformers. A vector is kept under the hash of its
    text, so no text is computed twice; those of the lessons come with the course, rounded to 16 bits.

    Examples
    --------
    >>> vectors = embed(["A cat sleeps.", "A kitten naps.", "Taxes rise."])
    >>> vectors.shape
    (3, 384)
    >>> bool(vectors[0] @ vectors[1] > vectors[0] @ vectors[2])
    True
    """
    texts = _checked(texts)

    def compute(rows, advance):
        from course_utils.transformer.encoder import NumPyEncoder

        return NumPyEncoder.minilm().encode([_without_halves(texts[row]) for row in rows], advance)

    found = vector_store().values(
        [key_of(text) for text in texts], compute, lambda row: -len(texts[row]), what=("text", "reading texts")
    )
    return np.array(found, dtype=np.float32).reshape(len(texts), DIMENSIONS)


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
    from course_utils.transformer.encoder import NumPyEncoder

    rows = NumPyEncoder.minilm().encode_tokens([_without_halves(text) for text in texts])
    return rows if as_pooled else [unit_rows(row[1:-1]) for row in rows]  # without [CLS] and [SEP]


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
    from course_utils.transformer.encoder import NumPyEncoder

    return NumPyEncoder.minilm().tokenizer.encode(_without_halves(text)).tokens[1:-1]


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
    return kept_array("maps", np.ascontiguousarray(vectors).tobytes(), lambda: _flattened(vectors))


@functools.cache
def vector_store() -> Store:
    """Return the store of the encoder's vectors, by the texts that they belong to."""
    model = next(member for member in assets.ASSETS["minilm"].members if member.name.endswith(".safetensors"))
    folder = f"embeddings/minilm-float32-{model.sha256[:12]}"
    return Store(folder, (DIMENSIONS,), "vector", recipe_of(VERSION))


def _flattened(vectors: np.ndarray) -> np.ndarray:
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    components = PCA(min(50, *vectors.shape), svd_solver="covariance_eigh").fit_transform(vectors)
    points = TSNE(init="pca", max_iter=500, random_state=0).fit_transform(components)
    return (points / np.abs(points).max()).astype(np.float32)


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


def _without_halves(text: str) -> str:
    """Replace halves of a character (lone surrogates), which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode()
