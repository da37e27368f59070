"""The idea of HDBSCAN, step by step: islands that come off each other while the water rises, and those it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_floats, check_number, check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from scipy.cluster.hierarchy import ClusterNode


TINY = 1e-12  # distances are at least this, so that equal points have a mass


@dataclass
class Island:
    """Points that hang together, from the distance where they come off others to the one where they break or drown.

    Attributes
    ----------
    members : ndarray of int
        The rows of the points when it comes off.
    comes_off, ends : float
        The distances, the first the larger one; the sea's first land has an infinite ``comes_off``.
    mass : float
        The sum over its points of ``1 / distance`` where the point leaves, minus that where the island came off.
    inside : float
        The most mass that islands inside it have together, of which none is inside another.
    parts : list of Island
        The two or more that it breaks into, or nothing if it drowns.
    kept : bool
        Whether HDBSCAN makes a group of it.
    """

    members: np.ndarray
    comes_off: float
    ends: float = 0.0
    mass: float = 0.0
    inside: float = 0.0
    parts: list[Island] = field(default_factory=list)
    kept: bool = False


def islands(points: np.ndarray, smallest: int = 15, in_reach: int = 5) -> list[Island]:
    """Return all islands of ``smallest`` points or more, from the whole land on, each followed by its parts.

    Two points hang together at a distance if it is at least the distance between them, and at least the one that each
    of them needs to have ``in_reach`` points around it, itself included.

    Parameters
    ----------
    points : ndarray, shape (n, d)
        At most 2,000, since all distances are computed.
    smallest, in_reach : int
        ``min_cluster_size`` and ``min_samples`` of scikit-learn.

    Raises
    ------
    InputError
        If there are fewer points than ``smallest``, or more than 2,000, or they are no finite numbers.

    Notes
    -----
    The condensed tree of Campello, Moulavi and Sander (2013). An island is kept if its mass is at least that of what
    is ``inside`` it and it lies in no other that is kept; the whole land never is. Where a point hangs on two
    islands at the very distance where they come apart, it leaves both; scikit-learn leaves it with one of them.

    Examples
    --------
    >>> line = np.array([[0], [1], [2], [10], [11], [12.0]])
    >>> [(len(each.members), each.comes_off, each.kept) for each in islands(line, smallest=3, in_reach=2)]
    [(6, inf, False), (3, 8.0, True), (3, 8.0, True)]
    """
    from scipy.cluster.hierarchy import linkage, to_tree
    from scipy.spatial.distance import pdist, squareform

    points = _check_points(points)
    if not check_whole("smallest", smallest, 2) <= len(points) <= 2000:
        raise InputError(f"There are {len(points)} points: give {smallest} to 2,000.")
    check_whole("in_reach", in_reach, 1, len(points))
    distances = squareform(pdist(points))
    needs = np.sort(distances, axis=1)[:, in_reach - 1]
    reach = np.maximum(distances, np.maximum.outer(needs, needs))
    np.fill_diagonal(reach, 0)
    root = to_tree(linkage(squareform(reach, checks=False), "single"))
    whole = Island(np.array(root.pre_order()), np.inf)
    found, waiting = [], [(root, whole)]
    while waiting:
        node, island = waiting.pop(0)
        found.append(island)
        while True:  # points leave one by one, or in lots that are too small to be an island
            stay = [part for part in _parts(node) if part.count >= smallest]
            leave = node.count - (stay[0].count if len(stay) == 1 else 0)
            island.mass += leave * (1 / max(node.dist, TINY) - 1 / island.comes_off)
            if len(stay) != 1:
                break
            node = stay[0]
        island.ends = float(node.dist)
        island.parts = [Island(np.array(part.pre_order()), float(node.dist)) for part in stay]
        waiting += zip(stay, island.parts, strict=True)
    for island in reversed(found):  # parts come after what they are parts of
        island.inside = sum(max(part.mass, part.inside) for part in island.parts)
    waiting = [*whole.parts]
    while waiting:
        island = waiting.pop()
        island.kept = bool(island.mass >= island.inside)
        waiting += [] if island.kept else island.parts
    return found


def land(points: np.ndarray, distance: float, smallest: int = 15, in_reach: int = 5) -> np.ndarray:
    """Return the island of each point at one level of the water, from 0, or -1 for what is under water.

    The points with ``in_reach`` points around them, itself included, as DBSCAN links them: ``smallest`` or more.

    Examples
    --------
    >>> land(np.array([[0], [1], [2], [10], [11], [12.0]]), 1.5, smallest=3, in_reach=2)
    array([0, 0, 0, 1, 1, 1])
    """
    from sklearn.cluster import DBSCAN

    check_number("distance", distance, TINY)
    check_whole("smallest", smallest, 1)
    points = _check_points(points)
    links = DBSCAN(eps=distance, min_samples=check_whole("in_reach", in_reach, 1)).fit(points)
    crowded = np.isin(np.arange(len(points)), links.core_sample_indices_)
    labels = np.where(crowded, links.labels_, -1)
    names, sizes = np.unique(labels[crowded], return_counts=True)
    for name in names[sizes < smallest]:
        labels[labels == name] = -1
    return np.unique(np.append(labels, -1), return_inverse=True)[1][:-1] - 1


def _check_points(points: np.ndarray) -> np.ndarray:
    points = check_floats("points", points)
    if points.ndim != 2 or not len(points) or not np.isfinite(points).all():
        raise InputError(f"points are finite rows of numbers, (n, d), and these have the shape {points.shape}.")
    return points


def _parts(node: ClusterNode) -> list[ClusterNode]:
    """Return what a node of the tree breaks into at its distance: two parts, or more if some have the same distance."""
    parts, waiting = [], [node.left, node.right]
    while waiting:
        part = waiting.pop()
        if part.dist == node.dist and part.count > 1:
            waiting += [part.left, part.right]
        else:
            parts.append(part)
    return parts
