"""A small sentence encoder, trained on matching pairs: a table of word vectors, mean pooling, a contrastive loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import log_softmax
from course_utils.common.checks import check_floats, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import gradient_of_rows, scaled_rows

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


def pooling_matrix(texts: Sequence[Sequence[str]], column: Mapping[str, int]) -> csr_matrix:
    """Write mean pooling as a matrix: times the table of word vectors it gives the mean vector of each text.

    Parameters
    ----------
    texts : sequence of sequence of str
        The words of each text.
    column : mapping of str to int
        The row of each word in the table, from 0 to ``n_words - 1``; words that it lacks are left out.

    Returns
    -------
    scipy.sparse.csr_matrix of float32, shape (n_texts, n_words)
        Rows that sum to 1, or hold only zeros where a text has no word of the table.

    Examples
    --------
    >>> pooling_matrix([["a", "cat", "a", "dog"], ["owl"]], {"a": 0, "cat": 1, "dog": 2}).toarray()
    array([[0.5 , 0.25, 0.25],
           [0.  , 0.  , 0.  ]], dtype=float32)
    """
    from scipy.sparse import csr_matrix

    known = [[column[word] for word in words if word in column] for words in texts]
    lengths = np.array([len(ids) for ids in known])
    rows = np.repeat(np.arange(len(known)), lengths)
    parts = np.repeat(1 / np.maximum(lengths, 1), lengths).astype(np.float32)
    ids = np.array([id_ for ids in known for id_ in ids], dtype=int)
    return csr_matrix((parts, (rows, ids)), shape=(len(known), len(column)))  # equal places are added up


def encode_pooled(pooling: csr_matrix, table: np.ndarray) -> np.ndarray:
    """Return the vector of each text: the mean of its words' vectors, scaled to length one.

    ``(n_texts, n_words) @ (n_words, d)`` is ``(n_texts, d)``; a text without words stays a row of zeros.
    """
    return scaled_rows(pooling @ table)[0]


def contrastive_loss(left: np.ndarray, right: np.ndarray, temperature: float) -> float:
    """Return the mean log loss of finding, for each row on the left, its partner among all rows on the right.

    Parameters
    ----------
    left, right : ndarray, shape (n_pairs, d)
        Unit rows; row i of the one belongs to row i of the other, and all other rows are its negatives.
    temperature : float
        What similarities are divided by before the softmax, above 0.

    Notes
    -----
    Also called InfoNCE (van den Oord, Li and Vinyals, 2018) or the multiple negatives ranking loss.

    Examples
    --------
    >>> right = np.eye(2)
    >>> round(contrastive_loss(right, right, 1.0), 3), round(contrastive_loss(right[::-1], right, 1.0), 3)
    (0.313, 1.313)
    >>> round(contrastive_loss(right, right, 0.1), 5)
    5e-05
    """
    return _loss_and_errors(_similarities(left, right), temperature)[0]


def contrastive_gradients(left: np.ndarray, right: np.ndarray, temperature: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of `contrastive_loss` by its two arrays, each ``(n_pairs, d)``.

    Examples
    --------
    >>> by_left, by_right = contrastive_gradients(np.eye(2), np.eye(2), 1.0)
    >>> by_left.round(3)
    array([[-0.134,  0.134],
           [ 0.134, -0.134]])
    """
    errors = _loss_and_errors(_similarities(left, right), temperature)[1]
    return errors @ right, errors.T @ left


def loss_and_gradient(
    table: np.ndarray,
    left: csr_matrix,
    right: csr_matrix,
    temperature: float,
    gradient: Callable[[np.ndarray], np.ndarray] | None = None,
) -> tuple[float, np.ndarray]:
    """Return the contrastive loss of a batch of pairs of texts, and its gradient by the table of word vectors.

    Parameters
    ----------
    table : ndarray, shape (n_words, d)
        The vectors that both sides share.
    left, right : scipy.sparse.csr_matrix, shape (n_pairs, n_words)
        Rows of `pooling_matrix`.
    temperature : float
        As in `contrastive_loss`.
    gradient : callable, optional
        Turns the similarities, ``(n_pairs, n_pairs)``, into the gradient of another loss by them, of the same shape.
        The table's gradient is then that of the other loss; the loss that is returned stays the contrastive one.

    Raises
    ------
    InputError
        If ``gradient`` gives another shape.

    Examples
    --------
    >>> pooling = pooling_matrix([["cat"], ["dog"]], {"cat": 0, "dog": 1})
    >>> loss, gradient = loss_and_gradient(np.array([[1.0, 0.0], [1.0, 1.0]]), pooling, pooling, 1.0)
    >>> bool((np.array([[1.0, 0.0], [1.0, 1.0]]) - gradient)[0, 1] < 0)  # cat turns away from dog
    True
    """
    (left_rows, left_lengths), (right_rows, right_lengths) = scaled_rows(left @ table), scaled_rows(right @ table)
    loss, errors = _loss_and_errors(_similarities(left_rows, right_rows), temperature)
    if gradient is not None:
        shape, errors = errors.shape, np.asarray(gradient(left_rows @ right_rows.T))
        if errors.shape != shape:
            raise InputError(f"The gradient by the similarities has their shape, {shape}, and this is {errors.shape}.")
    by_left = gradient_of_rows(errors @ right_rows, left_rows, left_lengths)
    by_right = gradient_of_rows(errors.T @ left_rows, right_rows, right_lengths)
    return loss, left.T @ by_left + right.T @ by_right


def gradient_among(similarity: np.ndarray, n_texts: int, temperature: float = 0.1) -> np.ndarray:
    """Return the gradient of the loss by the similarities where each row chooses among ``n_texts`` texts of the batch.

    The batch is cut into blocks of ``n_texts`` pairs, and a block's rows have only its own texts to choose from; the
    loss is the mean over all rows. For `train_table` and its ``gradient``.

    Parameters
    ----------
    similarity : ndarray, shape (n_pairs, n_pairs)
    n_texts : int
        From 1, where nothing is left to choose, to ``n_pairs``; it divides ``n_pairs`` (InputError).
    temperature : float
        As in `contrastive_loss`.

    Examples
    --------
    >>> gradient_among(np.eye(4), 2, 1.0).round(2)
    array([[-0.07,  0.07,  0.  ,  0.  ],
           [ 0.07, -0.07,  0.  ,  0.  ],
           [ 0.  ,  0.  , -0.07,  0.07],
           [ 0.  ,  0.  ,  0.07, -0.07]])
    """
    similarity = check_floats("similarity", similarity)
    if similarity.ndim != 2 or similarity.shape[0] != similarity.shape[1]:
        raise InputError(f"Each row and each column is a pair: give left @ right.T, and not {similarity.shape}.")
    n_pairs = len(similarity)
    if check_whole("n_texts", n_texts, 1) > n_pairs or n_pairs % n_texts:
        raise InputError(f"A batch of {n_pairs} pairs cannot be cut into blocks of {n_texts}.")
    gradient = np.zeros_like(similarity)
    for start in range(0, n_pairs, n_texts):
        block = slice(start, start + n_texts)
        gradient[block, block] = _loss_and_errors(similarity[block, block], temperature)[1] * n_texts / n_pairs
    return gradient


def train_table(
    table: np.ndarray,
    left: csr_matrix,
    right: csr_matrix,
    *,
    temperature: float = 0.1,
    batch_size: int = 256,
    epochs: int = 3,
    learning_rate: float = 0.1,
    gradient: Callable[[np.ndarray], np.ndarray] | None = None,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[float]]:
    """Train a table of word vectors so that each text on the left finds its partner on the right.

    Parameters
    ----------
    table : ndarray, shape (n_words, d)
        Where training starts; it is not changed.
    left, right : scipy.sparse.csr_matrix, shape (n_pairs, n_words)
        The two texts of each pair, as `pooling_matrix` gives them.
    temperature, batch_size, epochs, learning_rate : float, int, int, float
        The loss's temperature, the pairs of a batch (each has the others for negatives), how often each pair is seen,
        and the size of a step.
    gradient : callable, optional
        Trains with another loss, as in `loss_and_gradient`.
    rng : numpy.random.Generator
        Shuffles the pairs.

    Returns
    -------
    table : ndarray, shape (n_words, d)
        The trained vectors.
    losses : list of float
        The contrastive loss of each batch before its step.

    Raises
    ------
    InputError
        If there are fewer pairs than a batch has.

    Notes
    -----
    Steps are Adagrad's (Duchi, Hazan and Singer, 2011), with one number a word: a word's step is divided by the root of
    the sum of its mean squared gradients so far, which starts at 1e-8. No step is longer than ``learning_rate *
    sqrt(d)`` (0.8 for 0.1 and 64 numbers); a word's first step comes near to it unless its gradient is tiny.
    """
    n_pairs = left.shape[0]
    if not 2 <= batch_size <= n_pairs:
        raise InputError(f"A batch needs from 2 to all {n_pairs} pairs, and batch_size is {batch_size}.")
    table, losses = table.copy(), []
    squares = np.full((len(table), 1), 1e-8, dtype=table.dtype)
    for _ in range(epochs):
        order = rng.permutation(n_pairs)
        for start in range(0, n_pairs - batch_size + 1, batch_size):
            batch = order[start : start + batch_size]
            loss, by_table = loss_and_gradient(table, left[batch], right[batch], temperature, gradient)
            squares += (by_table**2).mean(axis=1, keepdims=True)
            table -= learning_rate * by_table / np.sqrt(squares)
            losses.append(loss)
    return table, losses


def partner_ranks(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the place of each row's partner when all rows on the right are ranked by their product with it.

    Places count from 1; the result has shape ``(n_pairs,)``. A tie counts against the partner, so that rows that are
    all equal find nothing.

    Examples
    --------
    >>> partner_ranks(np.array([[1.0, 0.0], [1.0, 0.1]]), np.eye(2))
    array([1, 2])
    """
    scores = left @ right.T
    return (scores >= np.diag(scores)[:, None]).sum(axis=1)


def _similarities(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.shape != right.shape or left.ndim != 2:
        raise InputError(f"Pairs need as many rows on each side, and the shapes are {left.shape} and {right.shape}.")
    return left @ right.T


def _loss_and_errors(similarity: np.ndarray, temperature: float) -> tuple[float, np.ndarray]:
    """Return the loss and its gradient by the similarities, ``(n_pairs, n_pairs)``: softmax - 1 on the diagonal."""
    if not temperature > 0:
        raise InputError(f"A temperature is above 0, and this is {temperature}.")
    logs = log_softmax(similarity / temperature)
    loss = float(-np.diag(logs).mean())
    errors = np.exp(logs)
    np.fill_diagonal(errors, np.diag(errors) - 1)
    return loss, errors / (len(similarity) * temperature)
