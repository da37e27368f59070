"""What EfficientNet sees in a picture: 1,280 numbers, computed once for each picture."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.assets import ASSETS
from course_utils.common.checks import describe
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.store import Store, key_of
from course_utils.common.vectors import unit_rows

if TYPE_CHECKING:
    from course_utils.images.network import EfficientNetLite

N_FEATURES = 1280
INPUT = 128  # pixels of a side that the network reads; it was trained on 224, and 128 take a third of the time
BATCH = 16
VERSION = 1  # of the code that computes features


def check_picture(picture: object) -> np.ndarray:
    """Return a picture as numbers from 0 to 255, ``(height, width, 3)``.

    Parameters
    ----------
    picture : array, PIL image, str or Path
        Rows, columns and three colours as whole numbers from 0 to 255; or a picture of the library Pillow; or the file
        of one. What is transparent becomes white.

    Raises
    ------
    InputError
        If it is no picture, has no pixel, or has other colours.
    """
    from PIL import Image, UnidentifiedImageError

    if isinstance(picture, str | Path):
        try:
            with Image.open(picture) as file:
                file.load()
                return check_picture(file)
        except FileNotFoundError:
            raise InputError(f"There is no file {str(picture)!r:.80}: look at the spelling and the folder.") from None
        except (UnidentifiedImageError, OSError, ValueError):
            raise InputError(f"{str(picture)!r:.80} is no picture that can be read: try a PNG or a JPEG.") from None
    if isinstance(picture, Image.Image):
        page = Image.new("RGBA", picture.size, "white")
        picture = np.asarray(Image.alpha_composite(page, picture.convert("RGBA")).convert("RGB"))
    if not isinstance(picture, np.ndarray):
        raise InputError(f"A picture is an array, a Pillow image or the path of a file{describe(picture)}.")
    if picture.size == 0:
        raise InputError(f"The picture is empty: its shape is {picture.shape}, and it needs at least one pixel.")
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(
            f"A picture has the shape (height, width, 3), and this has {picture.shape}: for grey, repeat the numbers "
            "three times; for several pictures, hand over a list of them."
        )
    if picture.dtype != np.uint8:
        raise InputError(
            f"Colours are whole numbers from 0 to 255 (uint8), and these are {picture.dtype}: for numbers from 0 to 1, "
            "(255 * picture).round().astype('uint8')."
        )
    return picture


def sample_photographs() -> list[np.ndarray]:
    """Return the two photographs that come with scikit-learn, of a temple in China and of a flower, ``(427, 640, 3)``.

    They are read from their files, since the import of scikit-learn would take 100 MB.

    Examples
    --------
    >>> [photo.shape for photo in sample_photographs()]
    [(427, 640, 3), (427, 640, 3)]
    """
    spec = importlib.util.find_spec("sklearn")
    if spec is None:
        raise InputError("The photographs come with scikit-learn, and it is not installed: pip install scikit-learn.")
    folder = Path(spec.submodule_search_locations[0]) / "datasets" / "images"
    return [check_picture(folder / f"{name}.jpg") for name in ("china", "flower")]


def network_input(pictures: Sequence[np.ndarray], side: int = INPUT) -> np.ndarray:
    """Stretch pictures to squares and scale their colours to about -1 to 1, as the network was trained to read them.

    ``(height, width, 3)`` each becomes ``(n, 3, side, side)`` of float32.
    """
    from PIL import Image

    squares = [Image.fromarray(picture).resize((side, side), Image.Resampling.BICUBIC) for picture in pictures]
    return (np.stack(squares).transpose(0, 3, 1, 2).astype(np.float32) - 127) / 128


def picture_features(pictures: Iterable[object]) -> np.ndarray:
    """Turn pictures into vectors of length one: the means of the last layer's 1,280 maps, scaled.

    Parameters
    ----------
    pictures : iterable of pictures
        Each as `check_picture` takes it.

    Returns
    -------
    ndarray of float32, shape (n_pictures, 1280)
        One unit row for each. Those of the emoji come with the course, rounded to 16 bits; others are kept under the
        hash of their pixels.

    Raises
    ------
    InputError
        If something is no picture.

    Notes
    -----
    The network is EfficientNet-lite0 (`images.network`); about 100 pictures a second on one core.

    Examples
    --------
    >>> picture_features([np.zeros((8, 8, 3), dtype=np.uint8)]).shape
    (1, 1280)
    """
    if isinstance(pictures, str | Path) or (isinstance(pictures, np.ndarray) and pictures.ndim < 4):
        raise InputError("picture_features takes several pictures: write picture_features([picture]) for a single one.")
    checked = [check_picture(picture) for picture in pictures]
    rows = feature_store().values(
        [picture_key(picture) for picture in checked],
        lambda places, advance: compute_features([checked[place] for place in places], advance=advance),
        what=("picture", "looking at pictures"),
    )
    return np.array(rows, dtype=np.float32).reshape(len(checked), N_FEATURES)


def most_of_one_kind(values: np.ndarray, kinds: np.ndarray, k: int = 8) -> np.ndarray:
    """Count for each column how many of the k rows in which it is highest are of their commonest kind.

    Parameters
    ----------
    values : ndarray, shape (n_pictures, n_columns)
        Such as the features of pictures.
    kinds : ndarray of str, shape (n_pictures,)
        The kind of each picture.

    Examples
    --------
    >>> most_of_one_kind(np.array([[3, 0], [2, 1], [1, 2], [0, 3]]), np.array(["cat", "cat", "dog", "owl"]), k=2)
    array([2, 1])
    """
    highest = kinds[np.argsort(-values, axis=0, kind="stable")[:k]].T  # (n_columns, k)
    return np.array([np.unique(each, return_counts=True)[1].max() for each in highest])


def picture_key(picture: np.ndarray) -> bytes:
    """Return the key of a picture's features: its shape and its pixels."""
    return key_of("x".join(map(str, picture.shape)), hashlib.sha256(picture.tobytes()).hexdigest())


def compute_features(
    pictures: Sequence[np.ndarray], network: EfficientNetLite | None = None, advance: object = lambda n: None
) -> np.ndarray:
    """Let a network look at pictures, by default the trained one, whatever is stored: unit rows, ``(n, 1280)``."""
    import torch

    from course_utils.images.network import efficientnet

    rows, network = [], network or efficientnet()
    with one_thread(), torch.inference_mode():
        for start in range(0, len(pictures), BATCH):
            batch = network_input(pictures[start : start + BATCH])
            rows.append(network.maps(torch.from_numpy(batch))[-1].mean((2, 3)).numpy())
            advance(len(batch))
    found = np.concatenate(rows)
    return unit_rows(found)


@functools.cache
def feature_store() -> Store:
    """Return the store of the network's features, by the pictures that they belong to."""
    recipe = {"version": str(VERSION), "network": ASSETS["efficientnet"].sha256, "input": str(INPUT)}
    return Store("features/efficientnet-lite0", (N_FEATURES,), "vector", recipe)
