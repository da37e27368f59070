"""Two towers: a matrix for pictures and a matrix for texts that meet in one space, trained on pairs (CLIP's idea).

What stays as it was trained by others, the network that sees and the encoder that reads, is computed beforehand; so
training is two matrices and a temperature, in NumPy, with the loss of `contrastive` in both directions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.attention import log_softmax
from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_blas_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.common.vectors import gradient_of_rows, scaled_rows, unit_rows

HIGHEST_SCALE = 100.0  # 1 / temperature, as in CLIP: beyond it one pair in a batch decides the whole step


@dataclass(frozen=True)
class Towers:
    """Pictures and texts as vectors of one space.

    Parameters
    ----------
    picture_mean, picture_weights : ndarray, shapes (n_features,) and (n_features, width)
        What is subtracted from a picture's features, and the matrix that turns them.
    text_mean, text_weights : ndarray, shapes (n_numbers,) and (n_numbers, width)
        The same for texts.
    temperature : float
        What training ended with.
    """

    picture_mean: np.ndarray
    picture_weights: np.ndarray
    text_mean: np.ndarray
    text_weights: np.ndarray
    temperature: float

    def see(self, features: np.ndarray) -> np.ndarray:
        """Turn features of pictures into unit rows of the common space: ``(n, n_features) -> (n, width)``."""
        return _turned(features, self.picture_mean, self.picture_weights, "Features of pictures")

    def read(self, vectors: np.ndarray) -> np.ndarray:
        """Turn vectors of texts into unit rows of the common space: ``(n, n_numbers) -> (n, width)``."""
        return _turned(vectors, self.text_mean, self.text_weights, "Vectors of texts")


def train_towers(
    features: np.ndarray,
    vectors: np.ndarray,
    *,
    width: int = 256,
    steps: int = 200,
    batch_size: int = 256,
    temperature: float = 0.07,
    learning_rate: float = 1e-3,
    decay: float = 0.3,
    dropout: float = 0.3,
    learn_temperature: bool = True,
    start: Towers | None = None,
    rng: np.random.Generator,
) -> tuple[Towers, list[float]]:
    """Train both towers so that each picture finds its text in the batch, and each text its picture.

    Parameters
    ----------
    features, vectors : ndarray, shapes (n_pairs, n_features) and (n_pairs, n_numbers)
        Row i of the one belongs to row i of the other.
    width, steps, batch_size : int
        The width of the common space, how many steps are taken, and the pairs of each.
    temperature, learn_temperature : float, bool
        Where the temperature starts, and whether it is learned too.
    learning_rate, decay, dropout : float
        The highest size of a step; how much of itself each weight loses in a step of size 1 (AdamW); and the share of
        the pictures' features that are left out in each step.
    start : Towers, optional
        Where the weights start; by default they are drawn.
    rng : numpy.random.Generator
        Draws the weights and the batches.

    Returns
    -------
    towers : Towers
    losses : list of float
        The mean of the losses in both directions, for each batch before its step.

    Raises
    ------
    InputError
        If the two sides have not as many rows, or fewer than a batch.

    Notes
    -----
    Radford and others, 2021, https://arxiv.org/abs/2103.00020, with the large networks left as they are; AdamW is
    Loshchilov and Hutter's, 2019.
    """
    if features.ndim != 2 or vectors.ndim != 2 or len(features) != len(vectors):
        raise InputError(f"Pairs need as many rows on each side, and the shapes are {features.shape}, {vectors.shape}.")
    check_whole("batch_size", batch_size, 2, len(features))
    check_whole("steps", steps, 1)
    check_number("dropout", dropout, 0, 0.99)
    means = features.mean(axis=0), vectors.mean(axis=0)
    sides = [(side - mean).astype(np.float32) for side, mean in zip((features, vectors), means, strict=True)]
    drawn = _drawn(sides, width, rng)  # whether used or not, so that the batches are the same
    begin = drawn if start is None else [start.picture_weights, start.text_weights]
    log_scale = -np.log(check_number("temperature", temperature, 0.001))
    weights = [*(part.astype(np.float32) for part in begin), np.array(log_scale)]
    moments, losses = [[np.zeros_like(part), np.zeros_like(part)] for part in weights], []
    with job_bar(steps, "step", "training") as bar, one_blas_thread():  # two threads would wait for each other
        for step in range(1, steps + 1):
            batch = rng.choice(len(features), batch_size, replace=False)
            seen, read = (side[batch] for side in sides)
            seen = seen * (rng.random(seen.shape, dtype=np.float32) >= dropout) / np.float32(1 - dropout)
            loss, gradients = batch_gradients(seen, read, *weights)
            losses.append(loss)
            size = float(learning_rate * min(1, step / 20) * (1 + np.cos(np.pi * step / steps)) / 2)
            for number, gradient in enumerate(gradients[: 3 if learn_temperature else 2]):
                change = size * _adam(moments[number], gradient, step)
                weights[number] *= 1 - size * (decay if number < 2 else 0)
                weights[number] -= change
            weights[2] = np.minimum(weights[2], np.log(HIGHEST_SCALE))
            bar.update()
    return Towers(means[0], weights[0], means[1], weights[1], float(np.exp(-weights[2]))), losses


def batch_gradients(
    seen: np.ndarray, read: np.ndarray, picture_weights: np.ndarray, text_weights: np.ndarray, log_scale: np.ndarray
) -> tuple[float, list[np.ndarray]]:
    """Return the loss of a batch in both directions, and its gradients by the two matrices and the log of the scale.

    The scale is 1 / temperature. ``(n, n_features)`` and ``(n, n_numbers)`` are the two sides of the pairs.
    """
    temperature = float(np.exp(-log_scale))
    pictures, picture_lengths = scaled_rows(seen @ picture_weights)
    texts, text_lengths = scaled_rows(read @ text_weights)
    scores = pictures @ texts.T / temperature  # (n, n)
    by_row, by_column = log_softmax(scores), log_softmax(scores.T)
    loss = -float(np.diag(by_row).mean() + np.diag(by_column).mean()) / 2
    errors = (np.exp(by_row) + np.exp(by_column).T) / 2
    np.fill_diagonal(errors, np.diag(errors) - 1)  # softmax - 1 on the diagonal, the mean of both directions
    errors /= len(errors) * temperature
    of_pictures, of_texts = errors @ texts, errors.T @ pictures
    by_scale = np.sum(of_pictures * pictures)  # the scale multiplies all similarities, and so does the pictures' length
    by_pictures = seen.T @ gradient_of_rows(of_pictures, pictures, picture_lengths)
    return loss, [by_pictures, read.T @ gradient_of_rows(of_texts, texts, text_lengths), by_scale]


def least_squares(left: np.ndarray, right: np.ndarray, strength: float = 1.0) -> np.ndarray:
    """Return the matrix that turns rows on the left into those on the right with the least squared error (ridge).

    Parameters
    ----------
    left, right : ndarray, shapes (n, a) and (n, b)
        The pairs, with their means subtracted.
    strength : float
        What large weights cost, above 0: the sum of their squares is multiplied with it.

    Returns
    -------
    ndarray, shape (a, b)

    Examples
    --------
    >>> least_squares(np.eye(2), np.array([[2.0, 0.0], [0.0, 4.0]]), strength=1.0)
    array([[1., 0.],
           [0., 2.]])
    """
    if left.ndim != 2 or right.ndim != 2 or len(left) != len(right):
        raise InputError(f"Pairs need as many rows on each side, and the shapes are {left.shape} and {right.shape}.")
    strength = check_number("strength", strength, 1e-9)
    return np.linalg.solve(left.T @ left + strength * np.eye(left.shape[1], dtype=left.dtype), left.T @ right)


def one_in_ten(asked: np.ndarray, rows: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Tell for each question whether one of the ten rows nearest to it is wanted: 1 or 0.

    Parameters
    ----------
    asked, rows : ndarray, shapes (n_questions, d) and (n_rows, d)
        Unit rows.
    wanted : ndarray of bool, shape (n_questions, n_rows)
        Which rows are right for which question.

    Examples
    --------
    >>> one_in_ten(np.eye(12)[:2], np.eye(12), np.eye(12, dtype=bool)[[0, 11]])
    array([1., 0.])
    """
    ten = np.argsort(-asked @ rows.T, axis=1, kind="stable")[:, :10]
    return 1.0 * np.take_along_axis(wanted, ten, axis=1).any(axis=1)


def random_towers(features: np.ndarray, vectors: np.ndarray, seed: int = 0, *, width: int = 256) -> Towers:
    """Return towers that have learned nothing: both matrices are drawn, and only the means are those of the pairs.

    The parameters are those of `train_towers`; the seed draws the numbers.

    Examples
    --------
    >>> random_towers(np.eye(3), np.eye(3), width=2).picture_weights.shape
    (3, 2)
    """
    drawn = _drawn((features, vectors), width, np.random.default_rng(seed))
    return Towers(features.mean(axis=0), drawn[0], vectors.mean(axis=0), drawn[1], 0.2)


def _drawn(sides: Sequence[np.ndarray], width: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Draw a matrix for each side, ``(n, a) -> (a, width)``, whose products are about as large as what they turn."""
    return [(rng.normal(size=(side.shape[1], width)) / side.shape[1] ** 0.5).astype(np.float32) for side in sides]


def least_squares_towers(features: np.ndarray, vectors: np.ndarray, strength: float = 1.0) -> Towers:
    """Return towers without training: least squares turns pictures, and texts stay as they are, but for their mean.

    The parameters are those of `train_towers` and of `least_squares`.
    """
    means = features.mean(axis=0), vectors.mean(axis=0)
    weights = least_squares(features - means[0], vectors - means[1], strength)
    weights /= np.linalg.norm((features - means[0]) @ weights, axis=1).mean()
    return Towers(means[0], weights, means[1], np.eye(vectors.shape[1], dtype=vectors.dtype), 0.07)


def _turned(rows: np.ndarray, mean: np.ndarray, weights: np.ndarray, what: str) -> np.ndarray:
    if np.ndim(rows) != 2 or rows.shape[1] != len(weights):
        raise InputError(f"{what} need the shape (n, {len(weights)}), and this is {np.shape(rows)}.")
    return unit_rows((rows - mean) @ weights)


def _adam(moments: list[np.ndarray], gradient: np.ndarray, step: int) -> np.ndarray:
    """Move the running means of a gradient and of its square, and return the step of Adam that follows from them."""
    mean, square = moments
    mean *= 0.9
    mean += 0.1 * gradient
    square *= 0.999
    square += 0.001 * gradient**2
    change = np.sqrt(square / (1 - 0.999**step))
    change += 1e-8
    return mean / change / (1 - 0.9**step)
