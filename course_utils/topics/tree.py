"""A tree of topics: the most similar groups joined two by two, and the tree cut at any height."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.common.vectors import check_vectors, unit_rows
from course_utils.topics.groups import OUTSIDE, ROUNDING, check_labels, numbered_by_size


def topic_tree(vectors: np.ndarray, labels: Sequence[int]) -> np.ndarray:
    """Join the two most similar groups, again and again, until one is left.

    Parameters
    ----------
    vectors : ndarray, shape (n, d)
    labels : sequence of int
        A group for each row; rows with -1 are in none.

    Returns
    -------
    ndarray, shape (n_groups - 1, 4)
        The tree as SciPy's `linkage` writes it, ready for `scipy.cluster.hierarchy.dendrogram`: average linkage over
        the cosine distances of the groups' middles, seen from the middle of all rows. Groups with equal middles have
        distance 0, and one whose middle is that of all rows has distance 1 from the others.

    Raises
    ------
    InputError
        If there are fewer than two groups, or a row is no vector.

    Examples
    --------
    >>> tree = topic_tree(np.array([[1, 0], [0.9, 0.1], [0, 1]]), [0, 1, 2])
    >>> tree[0, :2].tolist()
    [0.0, 1.0]
    """
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    rows = check_vectors(vectors).astype(np.float64)
    labels = check_labels(labels, len(rows))
    names = np.unique(labels[labels != OUTSIDE])
    if len(names) < 2:
        raise InputError("A tree needs at least two groups.")
    rows /= np.abs(rows).max()
    rows -= rows.mean(axis=0)
    middles = np.stack([rows[labels == name].mean(axis=0) for name in names])  # (n_groups, d)
    middles[np.linalg.norm(middles, axis=1) <= ROUNDING] = 0
    directions = unit_rows(middles)
    distances = 1 - directions @ directions.T
    in_the_middle = ~directions.any(axis=1)
    distances[np.ix_(in_the_middle, in_the_middle)] = 0
    distances[distances <= ROUNDING] = 0
    return linkage(squareform(distances, checks=False), "average")


def merge_topics(labels: Sequence[int], tree: np.ndarray, n_topics: int) -> np.ndarray:
    """Cut a tree of topics so that ``n_topics`` are left.

    Parameters
    ----------
    labels : sequence of int
        The labels that the tree was made of, -1 for rows in no group.
    tree : ndarray, shape (n_groups - 1, 4)
        What `topic_tree` returns.
    n_topics : int

    Returns
    -------
    ndarray of int, shape (n,)
        New labels, 0 for the largest group; -1 stays.

    Raises
    ------
    InputError
        If the tree does not belong to the labels, or the number is out of range.

    Examples
    --------
    >>> labels = [0, 0, 1, 2]
    >>> merge_topics(labels, topic_tree(np.array([[1, 0], [1, 0], [0, 1], [0.1, 0.9]]), labels), 2)
    array([0, 0, 1, 1])
    """
    labels = check_labels(labels)
    names, place = np.unique(labels[labels != OUTSIDE], return_inverse=True)
    tree = np.asarray(tree)
    no_tree = "The tree must be one that topic_tree returns, with two groups to join in each row."
    if tree.ndim != 2 or tree.shape[1] != 4:
        raise InputError(no_tree)
    if not len(names):
        raise InputError("There is no group to merge: all labels are -1.")
    if len(tree) != len(names) - 1:
        raise InputError(f"The tree joins {len(tree) + 1} groups and there are {len(names)}: make it of these labels.")
    check_whole("n_topics", n_topics, 1, len(names))
    groups = {number: [number] for number in range(len(names))}
    try:
        for step, (one, other) in enumerate(tree[: len(names) - n_topics, :2].tolist()):
            groups[len(names) + step] = groups.pop(one) + groups.pop(other)
    except KeyError:
        raise InputError(no_tree) from None
    group_of = np.empty(len(names), dtype=int)
    for number, members in enumerate(groups.values()):
        group_of[members] = number
    merged = labels.copy()
    merged[labels != OUTSIDE] = numbered_by_size(group_of[place])
    return merged
