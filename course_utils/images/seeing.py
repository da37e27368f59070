"""A language model that sees: rows made from a picture stand where a word's row of the embedding table would stand.

The idea is LLaVA's (Liu and others, 2023, https://arxiv.org/abs/2304.08485): the network that sees and the language
model stay as they are, and a projection turns features into rows as wide as the embeddings.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from course_utils.common import DATA
from course_utils.common.checks import check_floats, check_whole
from course_utils.common.errors import InputError
from course_utils.common.files import save_file
from course_utils.common.vectors import unit_rows
from course_utils.images.towers import least_squares

SHOTS = "\n dog: dog\n pizza: pizza\n woman: woman\n car: car\n"  # what the model reads before a picture
TRAINED = DATA / "emoji" / "projection.safetensors"
EXCHANGED = DATA / "emoji" / "projection-exchanged.safetensors"  # each caption learned behind another picture
MEAN_ROW = DATA / "emoji" / "mean-row.npy"  # the mean row when it alone is trained; the matrices stay least squares
RANK = 192  # the width between the two matrices that are trained


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
    """Read a projection; those of the course were trained through SmolLM2 by ``training/train_seeing.py``.

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


def least_squares_projection(
    features: np.ndarray, rows: np.ndarray, length: float, rank: int | None = None
) -> Projection:
    """Return the projection by least squares: from pictures' features to the rows of their names.

    Parameters
    ----------
    features, rows : ndarray, shapes (n_pictures, n_features) and (n_pictures, d_model)
        The pairs.
    length : float
        How far from the mean of ``rows`` each row is to be.
    rank : int, optional
        The width between the two matrices; by default nothing is cut.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> least_squares_projection(rng.random((9, 5)), rng.random((9, 3)), 2.0, rank=2).down.shape
    (5, 2)
    """
    mean, base = features.mean(axis=0), rows.mean(axis=0)
    left, sizes, right = np.linalg.svd(least_squares(features - mean, rows - base), full_matrices=False)
    rank = len(sizes) if rank is None else check_whole("rank", rank, 1, len(sizes))
    root = np.sqrt(sizes[:rank] / sizes[0])  # half of each direction's size into either matrix
    parts = mean, left[:, :rank] * root, root[:, None] * right[:rank], base, np.array(length)
    return Projection(*(part.astype(np.float32) for part in parts))


def first_among(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Tell for each picture whether the first of some columns is the highest, as 1.0 or 0.0.

    The mean of each column is subtracted first, so that a word that is likely behind all pictures has no advantage.

    Parameters
    ----------
    values : ndarray, shape (n_pictures, n_columns)
        How well each word fits each picture.
    among : ndarray of int, shape (n_pictures, k)
        The columns that compete for each picture, the right one in front.

    Examples
    --------
    >>> first_among(np.array([[0.9, 0.4], [0.8, 0.1]]), np.array([[0, 1], [0, 1]]))
    array([0., 1.])
    """
    values = np.take_along_axis(values - values.mean(axis=0), among, axis=1)
    return 1.0 * (values.argmax(axis=1) == 0)
