"""Groups of texts that nobody sorted: vectors smoothed, reduced and clustered, and a tree of the groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_whole, is_whole_number
from course_utils.common.errors import InputError
from course_utils.embeddings import embed
from course_utils.words import STOP_WORDS

NEIGHBOURS = 20  # a vector is averaged with this many, itself among them; 15 to 30 do much the same
ROUNDS = 3  # how often
DIMENSIONS = 30  # that are left for k-means
STARTS = 60  # of k-means; the best one counts
WORD_SHARE = 0.5  # length of the part that says which words a text has, beside 1 for what it means
WORD_DIMENSIONS = 200
LETTERS = r"(?u)\b[^\W\d_]{2,}\b"  # a word is two letters or more, and no number
ROWS_AT_ONCE = 1024
OUTSIDE = -1


def text_vectors(texts: Sequence[str]) -> np.ndarray:
    """Describe texts twice in one row: by what they mean, and by the words that they use.

    Parameters
    ----------
    texts : sequence of str
        At least two texts, none of them empty.

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

    texts = list(texts[:]) if hasattr(texts, "__getitem__") and not isinstance(texts, str) else texts
    meanings = embed(texts)
    if len(meanings) < 2:
        raise InputError("text_vectors compares texts by their words, so it needs at least two.")
    rare = 3 if len(texts) >= 1000 else 1  # words in fewer texts than this are left out
    counter = TfidfVectorizer(
        stop_words=stop_words_for_counting(), min_df=rare, sublinear_tf=True, token_pattern=LETTERS
    )
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no word is left in any text
        return meanings
    width = min(WORD_DIMENSIONS, *(size - 1 for size in counts.shape))
    if width < 1:
        return meanings
    directions = TruncatedSVD(width, n_iter=5, random_state=0).fit_transform(counts)
    return unit_rows(np.hstack([meanings, WORD_SHARE * unit_rows(directions)])).astype(np.float32)


def cluster(vectors: np.ndarray, n_topics: int, seed: int = 0, *, leave_out: float = 0.0) -> np.ndarray:
    """Put vectors into groups of neighbours: smooth, reduce, then k-means.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        One row for each text, for example of `embed` or `text_vectors`; only their directions count.
    n_topics : int
        How many groups, from 1 to the number of different rows.
    seed : int
        Where k-means begins; the same seed gives the same groups.
    leave_out : float
        The share of rows, those farthest from the middle of their group, that get the label -1. None by default.

    Returns
    -------
    ndarray of int, shape (n,)
        A label for each row; 0 is the largest group, then 1, and so on.

    Raises
    ------
    InputError
        If there are fewer different rows than groups, a row is all zeros or not finite, or an argument is out of range.

    Notes
    -----
    Each row becomes the average of its nearest neighbours, three times over, which pulls loose texts towards the group
    that they lean to. What is left is centred, reduced by principal components, and brought to length one. The 60
    starts of k-means are the rows nearest to random directions and not random rows, so that neither the order of the
    rows nor the last digits of a processor decide; the tightest result is taken.

    Examples
    --------
    >>> cluster(np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9], [0, 0.8]]), n_topics=2)
    array([1, 1, 0, 0, 0])
    """
    vectors = check_vectors(vectors)
    check_whole("n_topics", n_topics, 1)
    if not is_whole_number(seed) or seed < 0:
        raise InputError(f"seed must be a whole number from 0, and {seed!r} is not.")
    if not 0 <= leave_out < 1:
        raise InputError(f"leave_out must be a share from 0 to below 1, and {leave_out!r} is not.")
    if (different := _n_different(unit_rows(vectors))) < n_topics:
        raise InputError(
            f"{n_topics} groups need at least {n_topics} different texts, and among these {len(vectors)} there are "
            f"{different}: ask for fewer groups."
        )
    points, found = unit_rows(vectors), np.zeros(len(vectors), dtype=int)
    if n_topics > 1:
        points = _points_for_k_means(vectors, n_topics)
        found = _largest_first(_best_k_means(points, n_topics, np.random.default_rng(seed)))
    n_out = int(leave_out * len(vectors))
    centres = np.stack([points[found == label].mean(axis=0) for label in range(n_topics)])
    far = np.argsort(-np.linalg.norm(points - centres[found], axis=1), kind="stable")[:n_out]
    found[far] = OUTSIDE
    return found


def smooth(vectors: np.ndarray, n_neighbours: int = NEIGHBOURS, rounds: int = ROUNDS) -> np.ndarray:
    """Replace each vector by the average of its nearest neighbours, itself among them, and do so again.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        One row for each text.
    n_neighbours : int
        How many rows are averaged; 1 changes nothing but the lengths.
    rounds : int
        How often. Who is a neighbour of whom is decided once, before the first.

    Returns
    -------
    ndarray, shape (n, d)
        Unit rows.

    Examples
    --------
    >>> smooth(np.array([[1.0, 0.0], [0.8, 0.6], [-1.0, 0.0], [-0.8, 0.6]]), n_neighbours=2, rounds=1).round(2)
    array([[ 0.95,  0.32],
           [ 0.95,  0.32],
           [-0.95,  0.32],
           [-0.95,  0.32]])
    """
    from scipy.sparse import csr_matrix

    rows = unit_rows(check_vectors(vectors))
    check_whole("n_neighbours", n_neighbours, 1)
    k, n = min(n_neighbours, len(rows)), len(rows)
    if k == 1:
        return rows
    near = np.concatenate(
        [
            np.argpartition(-(rows[start : start + ROWS_AT_ONCE] @ rows.T), k - 1, axis=1)[:, :k].copy()
            for start in range(0, n, ROWS_AT_ONCE)
        ]
    )
    average = csr_matrix((np.full(n * k, 1 / k, rows.dtype), near.ravel(), np.arange(0, n * k + 1, k)), shape=(n, n))
    for _ in range(rounds):
        rows = unit_rows(average @ rows)
    return rows


def reduce(vectors: np.ndarray, n_dimensions: int = DIMENSIONS) -> np.ndarray:
    """Keep the main directions of vectors around their common middle, and make every row as long as the others.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        One row for each text.
    n_dimensions : int
        How many principal components to keep, at most ``d``.

    Returns
    -------
    ndarray, shape (n, at most n_dimensions)
        Unit rows; a row in the very middle stays zero.

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
    return unit_rows(centred @ directions[:, ::-1][:, :n_dimensions])


def nearest_to_centre(vectors: np.ndarray, labels: Sequence[int], k: int = 3) -> dict:
    """Find the rows nearest to the middle of each group.

    Returns
    -------
    dict of label to list of int
        For each label its ``k`` most central rows, the nearest first.

    Examples
    --------
    >>> nearest_to_centre(np.array([[1, 0], [0.8, 0.6], [0, 1], [0.9, 0.3]]), [0, 0, 1, 0], k=1)
    {0: [3], 1: [2]}
    """
    rows, labels = unit_rows(check_vectors(vectors)), check_labels(labels, len(vectors))
    nearest = {}
    for label in np.unique(labels).tolist():
        mine = np.flatnonzero(labels == label)
        likeness = rows[mine] @ rows[mine].mean(axis=0)
        nearest[label] = mine[np.argsort(-likeness, kind="stable")[:k]].tolist()
    return nearest


def topic_tree(vectors: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Join the two most alike groups, again and again, until one is left.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
        One row for each text.
    labels : sequence of int
        A group for each row; rows with -1 are in none.

    Returns
    -------
    ndarray, shape (n_groups - 1, 4)
        The tree as SciPy's `linkage` writes it, over the middles of the groups by cosine distance, ready for
        `scipy.cluster.hierarchy.dendrogram`.

    Raises
    ------
    InputError
        If there are fewer than two groups.

    Examples
    --------
    >>> tree = topic_tree(np.array([[1, 0], [0.9, 0.1], [0, 1]]), [0, 1, 2])
    >>> tree[0, :2].tolist()
    [0.0, 1.0]
    """
    from scipy.cluster.hierarchy import linkage

    rows, labels = check_vectors(vectors), check_labels(labels, len(vectors))
    names = np.unique(labels[labels != OUTSIDE])
    if len(names) < 2:
        raise InputError("A tree needs at least two groups.")
    rows = rows - rows.mean(axis=0)
    return linkage(np.stack([rows[labels == name].mean(axis=0) for name in names]), "average", metric="cosine")


def merge_topics(labels: Sequence[int], tree: np.ndarray, n_topics: int) -> np.ndarray:
    """Cut a tree of topics so that ``n_topics`` are left.

    Parameters
    ----------
    labels : sequence of int
        The labels that the tree was made of, -1 for rows in no group.
    tree : ndarray
        What `topic_tree` returns.
    n_topics : int
        From 1 to the number of groups.

    Returns
    -------
    ndarray of int, shape (n,)
        New labels, the largest group first; -1 stays.

    Examples
    --------
    >>> labels = [0, 0, 1, 2]
    >>> merge_topics(labels, topic_tree(np.array([[1, 0], [1, 0], [0, 1], [0.1, 0.9]]), labels), 2)
    array([0, 0, 1, 1])
    """
    from scipy.cluster.hierarchy import fcluster

    labels = check_labels(labels)
    names, place = np.unique(labels[labels != OUTSIDE], return_inverse=True)
    if len(tree) != len(names) - 1:
        raise InputError(f"The tree joins {len(tree) + 1} groups and there are {len(names)}: make it of these labels.")
    check_whole("n_topics", n_topics, 1)
    if n_topics > len(names):
        raise InputError(f"n_topics must be from 1 to {len(names)}, and {n_topics} is not.")
    merged = labels.copy()
    merged[labels != OUTSIDE] = _largest_first(fcluster(tree, n_topics, "maxclust")[place])
    return merged


def _points_for_k_means(vectors: np.ndarray, n_topics: int) -> np.ndarray:
    """Smooth and reduce, or less than that where few rows would fall together."""
    n_neighbours = min(NEIGHBOURS, max(1, len(vectors) // (5 * n_topics)))
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
    for _ in range(STARTS):
        directions = rng.standard_normal((n_topics, points.shape[1])) * spread
        starts = []
        for likeness in unit_rows(directions) @ points.T:  # (n_topics, n)
            likeness[starts] = -np.inf  # no row twice
            starts.append(int(likeness.argmax()))
        with threadpool_limits(1):  # so small a job is no faster on two, and far slower where others compute
            fit = KMeans(n_topics, init=points[starts], n_init=1).fit(points)
        full = len(np.unique(fit.labels_)) == n_topics
        if best is None or (full, -fit.inertia_ * (1 + 1e-9)) > best[0]:
            best = (full, -fit.inertia_), fit.labels_
    return best[1]


def _largest_first(labels: np.ndarray) -> np.ndarray:
    """Give the largest group number 0, the next one 1, and so on; of equals the one that comes first."""
    _, first, place, sizes = np.unique(labels, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=int)
    rank[np.lexsort((first, -sizes))] = np.arange(len(sizes))
    return rank[place]


def stop_words_for_counting() -> list[str]:
    """Return the words that a count of typical words leaves out."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return sorted(STOP_WORDS | ENGLISH_STOP_WORDS)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Divide each row by its length; a row of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 1e-12, lengths, 1)


def check_vectors(vectors: np.ndarray) -> np.ndarray:
    """Return vectors as a table of finite numbers whose rows have a direction."""
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.number) or 0 in vectors.shape:
        raise InputError(f"vectors must be a table of numbers with a row for each text; its shape is {vectors.shape}.")
    vectors = vectors if np.issubdtype(vectors.dtype, np.floating) else vectors.astype(float)
    if not np.isfinite(vectors).all():
        raise InputError("A vector holds a number that is not finite: leave it out.")
    if not np.any(vectors, axis=1).all():
        raise InputError("A vector of zeros has no direction and belongs nowhere: leave it out.")
    return vectors


def check_labels(labels: Sequence[int], n: int | None = None) -> np.ndarray:
    """Return labels as an array, if there are ``n`` of them and they are whole numbers."""
    labels = np.asarray(labels)
    if labels.ndim != 1 or (n is not None and len(labels) != n):
        raise InputError(f"There must be one label for each of {n} rows, and labels have shape {labels.shape}.")
    if len(labels) and not np.issubdtype(labels.dtype, np.integer):
        raise InputError("Labels of groups are whole numbers, as cluster returns them.")
    return labels.astype(int)
