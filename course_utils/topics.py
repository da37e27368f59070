"""Topics that nobody gave: groups of texts, the words that name them, and a map to look at."""

from __future__ import annotations

import html
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.embeddings import embed
from course_utils.errors import InputError, is_whole
from course_utils.search import STOP_WORDS

NEIGHBOURS = 20  # a vector is averaged with this many, itself among them; 15 to 30 do much the same
ROUNDS = 3  # how often
DIMENSIONS = 30  # that are left for k-means
STARTS = 60  # of k-means; the best one counts
WORD_SHARE = 0.5  # length of the part that says which words a text has, beside 1 for what it means
WORD_DIMENSIONS = 200
LETTERS = r"(?u)\b[^\W\d_]{2,}\b"  # a word is two letters or more, and no number
ROWS_AT_ONCE = 1024
OUTSIDE = -1
# Colours for groups that have no colour of their own: Okabe and Ito's, and others between them.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#762A83", "#8C510A", "#B8A800", "#7F7F7F", "#222222", "#A50026"),
)


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
    counter = TfidfVectorizer(stop_words=_stop_words(), min_df=rare, sublinear_tf=True, token_pattern=LETTERS)
    try:
        counts = counter.fit_transform(texts)
    except ValueError:  # no word is left in any text
        return meanings
    width = min(WORD_DIMENSIONS, *(size - 1 for size in counts.shape))
    if width < 1:
        return meanings
    directions = TruncatedSVD(width, n_iter=5, random_state=0).fit_transform(counts)
    return _unit(np.hstack([meanings, WORD_SHARE * _unit(directions)])).astype(np.float32)


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
    vectors = _checked_vectors(vectors)
    _check_whole("n_topics", n_topics, 1)
    if not is_whole(seed) or seed < 0:
        raise InputError(f"seed must be a whole number from 0, and {seed!r} is not.")
    if not 0 <= leave_out < 1:
        raise InputError(f"leave_out must be a share from 0 to below 1, and {leave_out!r} is not.")
    if (different := _n_different(_unit(vectors))) < n_topics:
        raise InputError(
            f"{n_topics} groups need at least {n_topics} different texts, and among these {len(vectors)} there are "
            f"{different}: ask for fewer groups."
        )
    points, found = _unit(vectors), np.zeros(len(vectors), dtype=int)
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

    rows = _unit(_checked_vectors(vectors))
    _check_whole("n_neighbours", n_neighbours, 1)
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
        rows = _unit(average @ rows)
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
    vectors = _checked_vectors(vectors).astype(np.float64)
    _check_whole("n_dimensions", n_dimensions, 1)
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # the main ones are last
    return _unit(centred @ directions[:, ::-1][:, :n_dimensions])


@dataclass(frozen=True)
class WordWeights:
    """How typical each word is of each class: ``weights[i, j]`` for ``classes[i]`` and ``words[j]``."""

    classes: tuple
    words: tuple[str, ...]
    weights: np.ndarray


def class_tfidf(
    texts: Sequence[str], labels: Sequence, stop_words: Collection[str] | None = None, min_texts: int = 1
) -> WordWeights:
    """Weigh words by how typical they are of a class of texts: c-TF-IDF, with all texts of a class taken as one.

    Parameters
    ----------
    texts : sequence of str
        Texts; an empty one adds nothing to its class.
    labels : sequence
        The class of each text: numbers, strings, anything that can be compared.
    stop_words : collection of str, optional
        Words to leave out; common English ones by default, none for an empty collection.
    min_texts : int
        Leave out words that stand in fewer texts than this.

    Returns
    -------
    WordWeights
        Classes in sorted order, words in the order of the alphabet, and an array of their weights.

    Raises
    ------
    InputError
        If there are no texts, not one label for each, or no word is left.

    Notes
    -----
    A word's share of its class, times ``log(1 + A / f)``: ``A`` words has a class on average, cut to a whole number,
    and ``f`` times does the word stand in all of them (Grootendorst, 2022, https://arxiv.org/abs/2203.05794).

    Examples
    --------
    >>> found = class_tfidf(["cat cat milk", "dog bone milk"], ["cats", "dogs"])
    >>> found.words
    ('bone', 'cat', 'dog', 'milk')
    >>> found.weights.round(2)
    array([[0.  , 0.61, 0.  , 0.31],
           [0.46, 0.  , 0.46, 0.31]])
    """
    from sklearn.feature_extraction.text import CountVectorizer

    texts, labels = _checked_texts(texts, labels)
    classes = sorted(set(labels), key=None if _comparable(labels) else repr)
    place = {label: row for row, label in enumerate(classes)}
    stop_words = _stop_words() if stop_words is None else sorted(stop_words)
    counter = CountVectorizer(stop_words=stop_words or None, min_df=min_texts, token_pattern=LETTERS)
    try:
        counts = counter.fit_transform(texts)
    except ValueError as error:
        raise InputError("No word is left in these texts: they hold stop words, numbers or nothing.") from error
    together = np.zeros((len(classes), counts.shape[1]))
    for row, label in enumerate(labels):
        mine = slice(counts.indptr[row], counts.indptr[row + 1])
        together[place[label], counts.indices[mine]] += counts.data[mine]
    sizes = together.sum(axis=1, keepdims=True)  # (classes, 1)
    rarity = np.log(1 + int(sizes.mean()) / together.sum(axis=0))  # (words,)
    weights = together / np.maximum(sizes, 1) * rarity
    return WordWeights(tuple(classes), tuple(counter.get_feature_names_out().tolist()), weights)


def topic_words(found: WordWeights, n_words: int = 6, diversity: float = 0.0) -> dict:
    """Choose the words that name each class: the most typical, or typical ones that differ from each other.

    Parameters
    ----------
    found : WordWeights
        What `class_tfidf` returns.
    n_words : int
        How many words for each class, fewer where it has no more.
    diversity : float
        0 takes the heaviest words. Above, a word loses this share of its similarity in meaning to a word that is
        already chosen, and keeps the rest of its own weight (maximal marginal relevance; Carbonell and Goldstein,
        1998).

    Returns
    -------
    dict of class to list of str
        For each class its words, the most typical first.

    Raises
    ------
    InputError
        If ``n_words`` is below 1, or ``diversity`` not from 0 to 1.

    Examples
    --------
    >>> topic_words(class_tfidf(["cat cat milk", "dog bone bone"], ["cats", "dogs"]), n_words=1)
    {'cats': ['cat'], 'dogs': ['bone']}
    """
    _check_whole("n_words", n_words, 1)
    if not 0 <= diversity <= 1:
        raise InputError(f"diversity must be from 0 to 1, and {diversity!r} is not.")
    named = {}
    for label, weights in zip(found.classes, found.weights, strict=True):
        best = np.argsort(-weights, kind="stable")[: 4 * n_words if diversity else n_words]
        best = best[weights[best] > 0]
        words = [found.words[word] for word in best]
        named[label] = _different(words, weights[best], n_words, diversity) if diversity and words else words
    return named


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
    rows, labels = _unit(_checked_vectors(vectors)), _checked_labels(labels, len(vectors))
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

    rows, labels = _checked_vectors(vectors), _checked_labels(labels, len(vectors))
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

    labels = _checked_labels(labels)
    names, place = np.unique(labels[labels != OUTSIDE], return_inverse=True)
    if len(tree) != len(names) - 1:
        raise InputError(f"The tree joins {len(tree) + 1} groups and there are {len(names)}: make it of these labels.")
    _check_whole("n_topics", n_topics, 1)
    if n_topics > len(names):
        raise InputError(f"n_topics must be from 1 to {len(names)}, and {n_topics} is not.")
    merged = labels.copy()
    merged[labels != OUTSIDE] = _largest_first(fcluster(tree, n_topics, "maxclust")[place])
    return merged


def topic_map(
    points: np.ndarray,
    labels: Sequence[int],
    names: Sequence[str],
    titles: Sequence[str],
    chosen: int | None = None,
    width: int = 640,
) -> str:
    """Draw a map to look at, to hover over and to share: one self-contained picture (SVG) with a title on every dot.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        A place for each text, for example of `embeddings.flatten`.
    labels : sequence of int
        The group of each; -1 is drawn in grey.
    names : sequence of str
        The name of group 0, of group 1, and so on.
    titles : sequence of str
        What a dot says when the mouse rests on it.
    chosen : int, optional
        Bring this group forward: the others turn grey and say nothing.
    width : int
        Of the picture, in pixels.

    Returns
    -------
    str
        The SVG, with all texts escaped; write it to a file, or show it with `IPython.display.HTML`.

    Raises
    ------
    InputError
        If the lengths differ or a label has no name.

    Examples
    --------
    >>> picture = topic_map(np.array([[0, 0], [1, 1]]), [0, 0], ["<pets>"], ["Cat", "Dog & bone"])
    >>> "&lt;pets&gt;" in picture, "<title>Dog &amp; bone</title>" in picture
    (True, True)
    """
    points, labels = np.asarray(points, dtype=float), _checked_labels(labels)
    if points.shape != (len(labels), 2) or len(titles) != len(labels):
        raise InputError(
            f"Each text needs a place, a label and a title: there are {len(points)}, {len(labels)} and {len(titles)}."
        )
    if len(labels) and labels.max() >= len(names):
        raise InputError(f"Label {labels.max()} has no name: {len(names)} names are for labels 0 to {len(names) - 1}.")
    low, span = (points.min(axis=0), np.ptp(points, axis=0).max() or 1.0) if len(points) else (0.0, 1.0)
    places = (10 + (points - low) / span * (width - 20)).round(1)
    height = round(places[:, 1].max() + 10) if len(places) else 20
    places[:, 1] = height - places[:, 1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="A map of texts, coloured by topic" style="background:#ffffff;font-family:sans-serif">'
    ]
    for label in [OUTSIDE, *range(len(names))]:
        mine, grey = np.flatnonzero(labels == label), label == OUTSIDE or (chosen is not None and label != chosen)
        colour = "#dddddd" if grey else COLOURS[label % len(COLOURS)]
        if grey:
            path = "".join(f"M{x} {y}h0" for x, y in places[mine].tolist())
            parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="3" stroke-linecap="round"/>')
            continue
        dots = [
            f'<circle cx="{x}" cy="{y}" r="2"><title>{html.escape(str(titles[row]))}</title></circle>'
            for row, (x, y) in zip(mine.tolist(), places[mine].tolist(), strict=True)
        ]
        parts.append(f'<g fill="{colour}" fill-opacity="0.75">{"".join(dots)}</g>')
    for label, name in enumerate(names):
        mine = places[labels == label]
        if len(mine) and chosen in (None, label):
            x, y = np.median(mine, axis=0)
            parts.append(
                f'<text x="{np.clip(x, 70, width - 70):.0f}" y="{y:.0f}" text-anchor="middle" font-size="13" '
                f'font-weight="bold" fill="#222222" stroke="#ffffff" stroke-width="3" paint-order="stroke">'
                f"{html.escape(str(name))}</text>"
            )
    return "".join(parts) + "</svg>"


def _points_for_k_means(vectors: np.ndarray, n_topics: int) -> np.ndarray:
    """Smooth and reduce, or less than that where few rows would fall together."""
    n_neighbours = min(NEIGHBOURS, max(1, len(vectors) // (5 * n_topics)))
    points = reduce(smooth(vectors, n_neighbours))
    if _n_different(points) < n_topics:
        points = reduce(vectors)
    return points if _n_different(points) >= n_topics else _unit(vectors)


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
        for likeness in _unit(directions) @ points.T:  # (n_topics, n)
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


def _different(words: list[str], weights: np.ndarray, n_words: int, diversity: float) -> list[str]:
    """Choose words greedily: heavy ones that are not much like those chosen before."""
    vectors = embed(words)
    likeness, worth = vectors @ vectors.T, weights / weights.max()
    chosen = [0]
    while len(chosen) < min(n_words, len(words)):
        score = (1 - diversity) * worth - diversity * likeness[:, chosen].max(axis=1)
        score[chosen] = -np.inf
        chosen.append(int(score.argmax()))
    return [words[word] for word in chosen]


def _stop_words() -> list[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return sorted(STOP_WORDS | ENGLISH_STOP_WORDS)


def _unit(rows: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths > 1e-12, lengths, 1)


def _checked_vectors(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors)
    if vectors.ndim != 2 or not np.issubdtype(vectors.dtype, np.number) or 0 in vectors.shape:
        raise InputError(f"vectors must be a table of numbers with a row for each text; its shape is {vectors.shape}.")
    vectors = vectors if np.issubdtype(vectors.dtype, np.floating) else vectors.astype(float)
    if not np.isfinite(vectors).all():
        raise InputError("A vector holds a number that is not finite: leave it out.")
    if not np.any(vectors, axis=1).all():
        raise InputError("A vector of zeros has no direction and belongs nowhere: leave it out.")
    return vectors


def _checked_labels(labels: Sequence[int], n: int | None = None) -> np.ndarray:
    labels = np.asarray(labels)
    if labels.ndim != 1 or (n is not None and len(labels) != n):
        raise InputError(f"There must be one label for each of {n} rows, and labels have shape {labels.shape}.")
    if len(labels) and not np.issubdtype(labels.dtype, np.integer):
        raise InputError("Labels of groups are whole numbers, as cluster returns them.")
    return labels.astype(int)


def _checked_texts(texts: Sequence[str], labels: Sequence) -> tuple[list[str], list]:
    if isinstance(texts, str) or isinstance(labels, str):
        raise InputError("class_tfidf takes a list of texts and a list of labels, not a single string.")
    texts = list(texts[:] if hasattr(texts, "__getitem__") else texts)
    labels = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    if len(texts) != len(labels):
        raise InputError(f"Each text needs a label: there are {len(texts)} texts and {len(labels)} labels.")
    if not texts:
        raise InputError("There are no texts.")
    if wrong := [text for text in texts if not isinstance(text, str)]:
        raise InputError(f"A text is {type(wrong[0]).__name__} and not a string.")
    return texts, labels


def _comparable(labels: list) -> bool:
    return all(isinstance(label, str) for label in labels) or all(isinstance(label, int | float) for label in labels)


def _check_whole(name: str, value: int, least: int) -> None:
    if not is_whole(value) or value < least:
        raise InputError(f"{name} must be a whole number from {least}, and {value!r} is not.")
