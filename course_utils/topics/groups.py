"""Groups of texts that nobody sorted: vectors smoothed, reduced and clustered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_number, check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors, unit_rows
from course_utils.embeddings import embed
from course_utils.topics.names import words_but
from course_utils.words import STOP_WORDS

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

N_NEIGHBOURS = 20  # rows in an average, the row itself among them; 15 to 30 do much the same
N_ROUNDS = 3  # of averaging
N_DIMENSIONS = 30  # kept for k-means
N_STARTS = 60  # of k-means, of which the tightest result counts
WORD_WEIGHT = 0.5  # length of the part of a row that says which words a text has; what it means has length 1
N_WORD_DIMENSIONS = 200
ROWS_AT_ONCE = 1024  # compared with all others in one product
ROUNDING = 1e-12  # what is smaller, beside the largest number, is an error of rounding
OUTSIDE = -1  # the label of a row in no group


def text_vectors(texts: Sequence[str]) -> np.ndarray:
    """Describe each text twice in one row: by what it means, and by the words that it uses.

    Returns
    -------
    ndarray of float32, shape (n_texts, 384 + at most 200)
        Unit rows: the vector of `embed`, and beside it, half as long, the main directions of the texts' TF-IDF
        (latent semantic analysis; Deerwester et al., 1990).

    Raises
    ------
    InputError
        If there are fewer than two texts, or one is empty or no string.

    Examples
    --------
    >>> text_vectors(["A cat sleeps.", "A kitten naps.", "Taxes rise."]).shape
    (3, 386)
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = check_strings("texts", texts)
    meanings = embed(texts)
    if len(meanings) < 2:
        raise InputError("text_vectors compares texts by their words, so it needs at least two.")
    least = 3 if len(texts) >= 1000 else 1  # words in fewer texts than this are left out
    counter = TfidfVectorizer(analyzer=words_but(STOP_WORDS), min_df=least, sublinear_tf=True)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no word is left in any text
        return meanings
    width = min(N_WORD_DIMENSIONS, *(size - 1 for size in counts.shape))
    if width < 1:
        return meanings
    directions = TruncatedSVD(width, n_iter=5, random_state=0).fit_transform(counts)
    return unit_rows(np.hstack([meanings, WORD_WEIGHT * unit_rows(directions)])).astype(np.float32)


def cluster(vectors: np.ndarray, n_topics: int, seed: int = 0, *, leave_out: float = 0.0) -> np.ndarray:
    """Put vectors into groups of neighbours: smooth, reduce, then k-means.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        One row for each text, for example of `embed` or `text_vectors`; only their directions count.
    n_topics : int
        From 1 to the number of different rows.
    leave_out : float
        The share of rows, those farthest from the middle of their group, that get the label -1.

    Returns
    -------
    ndarray of int, shape (n,)
        A label for each row, 0 for the largest group; with the same ``seed`` always the same.

    Raises
    ------
    InputError
        If there are fewer different rows than groups, a row is all zeros or not finite, or an argument is out of range.

    Notes
    -----
    `smooth` pulls texts between two groups towards the nearer one; `reduce` keeps the main directions. The 60 starts of
    k-means are the rows nearest to random directions, not random rows, so that neither the order of the rows nor a
    processor's last digits decide. The result with the smallest distances within groups is taken.

    Examples
    --------
    >>> cluster(np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0, 0.8]]), n_topics=2)
    array([1, 1, 0, 0, 0])
    """
    vectors = check_vectors(vectors)
    check_whole("n_topics", n_topics, 1)
    check_whole("seed", seed, 0)
    if check_number("leave_out", leave_out, 0, 1) == 1:
        raise InputError("leave_out is a share below 1: leave some rows in.")
    if (different := _n_different(unit_rows(vectors))) < n_topics:
        raise InputError(
            f"{n_topics} groups need at least {n_topics} different texts, and among these {len(vectors)} there are "
            f"{different}: ask for fewer groups."
        )
    points, found = unit_rows(vectors), np.zeros(len(vectors), dtype=int)
    if n_topics > 1:
        points = _points_for_k_means(vectors, n_topics)
        found = numbered_by_size(_best_k_means(points, n_topics, np.random.default_rng(seed)))
    n_out = int(leave_out * len(vectors))
    centres = np.stack([points[found == label].mean(axis=0) for label in range(n_topics)])
    far = np.argsort(-np.linalg.norm(points - centres[found], axis=1), kind="stable")[:n_out]
    found[far] = OUTSIDE
    return found


def smooth(
    vectors: np.ndarray,
    n_neighbours: int = N_NEIGHBOURS,
    rounds: int = N_ROUNDS,
    average: csr_matrix | None = None,
) -> np.ndarray:
    """Replace each vector by the average of its nearest neighbours, itself among them, several times over.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
    n_neighbours : int
        How many rows are averaged; 1 changes nothing but the lengths.
    rounds : int
        How often. The neighbours are found once, before the first round.
    average : csr_matrix, shape (n, n), optional
        Who is averaged, if it is known: the `neighbour_average` of the vectors. ``n_neighbours`` is then not used.

    Returns
    -------
    ndarray, shape (n, d), of unit rows

    Examples
    --------
    >>> smooth(np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0], [-0.8, 0.6]]), n_neighbours=2, rounds=1).round(2)
    array([[ 0.95,  0.32],
           [ 0.95,  0.32],
           [-0.95,  0.32],
           [-0.95,  0.32]])
    """
    rows = unit_rows(check_vectors(vectors))
    check_whole("rounds", rounds, 0)
    if check_whole("n_neighbours", n_neighbours, 1) == 1 and average is None:
        return rows
    average = neighbour_average(vectors, n_neighbours) if average is None else average
    if average.shape != (len(rows), len(rows)):
        raise InputError(f"The average of {len(rows)} vectors has as many rows and columns, not {average.shape}.")
    for _ in range(rounds):
        rows = unit_rows(average @ rows)
    return rows


def neighbour_average(vectors: np.ndarray, n_neighbours: int = N_NEIGHBOURS) -> csr_matrix:
    """Return the sparse matrix by which each row of a table becomes the average of its nearest neighbours.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        The rows whose cosines say which are near; each is its own neighbour, or one that is equal to it.
    n_neighbours : int
        How many rows are averaged.

    Returns
    -------
    csr_matrix, shape (n, n)
        In each row one over the number of neighbours, at their places.

    Examples
    --------
    >>> neighbour_average(np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0]]), n_neighbours=2).toarray()[0]
    array([0.5, 0.5, 0. ])
    """
    from scipy.sparse import csr_matrix

    rows = unit_rows(check_vectors(vectors))
    k, n = min(check_whole("n_neighbours", n_neighbours, 1), len(rows)), len(rows)
    near = np.concatenate(
        [
            np.argpartition(-(rows[start : start + ROWS_AT_ONCE] @ rows.T), k - 1, axis=1)[:, :k].copy()
            for start in range(0, n, ROWS_AT_ONCE)
        ]
    )
    return csr_matrix((np.full(n * k, 1 / k, rows.dtype), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))


def reduce(vectors: np.ndarray, n_dimensions: int = N_DIMENSIONS) -> np.ndarray:
    """Centre vectors, keep their main directions (principal components), and bring every row to length one.

    A table of shape ``(n, d)`` becomes one of ``(n, n_dimensions)``, or of ``(n, d)`` where that is less. A row that
    equals the mean of all becomes zero.

    Examples
    --------
    >>> abs(reduce(np.array([[1.0, 1.0], [1.0, 3.0], [1.0, 7.0]]), 1)).round(2)
    array([[1.],
           [1.],
           [1.]])
    """
    vectors = check_vectors(vectors).astype(np.float64)
    check_whole("n_dimensions", n_dimensions, 1)
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # the main ones are last
    points = centred @ directions[:, ::-1][:, :n_dimensions]
    points[np.linalg.norm(points, axis=1) <= ROUNDING * np.abs(vectors).max()] = 0
    return unit_rows(points)


def nearest_to_centre(vectors: np.ndarray, labels: Sequence[int], k: int = 3) -> dict:
    """Return for each label the ``k`` rows nearest to the mean of its group, the nearest first.

    Examples
    --------
    >>> nearest_to_centre(np.array([[1, 0], [0.8, 0.6], [0, 1], [0.9, 0.3]]), [0, 0, 1, 0], k=1)
    {0: [3], 1: [2]}
    """
    rows = unit_rows(check_vectors(vectors))
    labels = check_labels(labels, len(rows))
    check_whole("k", k, 1)
    nearest = {}
    for label in np.unique(labels).tolist():
        mine = np.flatnonzero(labels == label)
        closeness = rows[mine] @ rows[mine].mean(axis=0)
        nearest[label] = mine[np.argsort(-closeness, kind="stable")[:k]].tolist()
    return nearest


def _points_for_k_means(vectors: np.ndarray, n_topics: int) -> np.ndarray:
    """Smooth and reduce; leave out the smoothing, or both, where too few different rows would be left."""
    n_neighbours = min(N_NEIGHBOURS, max(1, len(vectors) // (5 * n_topics)))
    points = reduce(smooth(vectors, n_neighbours))
    if _n_different(points) < n_topics:
        points = reduce(vectors)
    return points if _n_different(points) >= n_topics else unit_rows(vectors)


def _n_different(rows: np.ndarray) -> int:
    return len({row.tobytes() for row in rows.astype(np.float32).round(5) + np.float32(0)})


def _best_k_means(points: np.ndarray, n_topics: int, rng: np.random.Generator) -> np.ndarray:
    """Run k-means from rows near random directions, and return the labels of the tightest result."""
    from sklearn.cluster import KMeans
    from threadpoolctl import threadpool_limits

    best = None
    spread = points.std(axis=0)
    for _ in range(N_STARTS):
        directions = rng.standard_normal((n_topics, points.shape[1])) * spread
        starts = []
        for closeness in unit_rows(directions) @ points.T:  # (n_topics, n)
            closeness[starts] = -np.inf  # no row twice
            starts.append(int(closeness.argmax()))
        with threadpool_limits(1):  # so small a job gains nothing from a second thread, which other programs delay
            fit = KMeans(n_topics, init=points[starts], n_init=1).fit(points)
        full = len(np.unique(fit.labels_)) == n_topics
        if best is None or (full, -fit.inertia_ * (1 + 1e-9)) > best[0]:
            best = (full, -fit.inertia_), fit.labels_
    return best[1]


def numbered_by_size(labels: np.ndarray) -> np.ndarray:
    """Give the largest group the label 0, the next one 1, and so on; among equals the one that comes first.

    Examples
    --------
    >>> numbered_by_size(np.array([7, 3, 3, 5]))
    array([1, 0, 0, 2])
    """
    _, first, place, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=int)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[place]


def check_labels(labels: Sequence[int], n: int | None = None) -> np.ndarray:
    """Return labels as an array of whole numbers, if there are ``n`` of them."""
    try:
        labels = np.asarray(labels)
    except ValueError:  # NumPy's, for lists of different lengths
        raise InputError("There must be one label for each row, and these are lists of labels.") from None
    if labels.ndim != 1 or (n is not None and len(labels) != n):
        many = "" if n is None else f", {n} in all"
        raise InputError(f"There must be one label for each row{many}, and labels have shape {labels.shape}.")
    if len(labels) and not np.issubdtype(labels.dtype, np.integer):
        raise InputError("Labels of groups are whole numbers, as cluster returns them.")
    return labels.astype(int)
