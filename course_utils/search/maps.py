"""Drawings of searches on a map: points in cells, and walks along the links of a graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def cells_on_a_map(
    points: np.ndarray, cell_of_point: np.ndarray, centres: np.ndarray, query: np.ndarray, nearest: np.ndarray
) -> Figure:
    """Draw points in the colours of their cells, the borders of these, and a query with its nearest point.

    The points have shape ``(n, 2)``, the centres ``(n_cells, 2)``; a border that goes on beyond the picture is dashed.
    """
    import matplotlib.pyplot as plt
    from scipy.spatial import Voronoi, voronoi_plot_2d

    figure, ax = plt.subplots(figsize=(3.9, 2.75))
    ax.scatter(*points.T, c=cell_of_point, cmap="Set2", s=9, lw=0, antialiased=False)
    ax.plot(*query, "k*", ms=9, label="query")
    ax.plot(*nearest, "o", ms=11, mfc="none", mec="k", label="its nearest point")
    ax.set(xlabel="first direction", ylabel="second direction", title="Nearest, but across a border")
    limits = ax.axis()
    voronoi_plot_2d(Voronoi(centres), ax, show_vertices=False, show_points=False, line_colors="0.5")
    ax.plot(*centres.T, "kx", ms=8, mew=2, label="centres")
    ax.axis(limits)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncol=3)
    return figure


def walks_side_by_side(
    points: np.ndarray,
    links: Sequence[set[int]],
    walks: Mapping[str, tuple[Sequence[int], Mapping[int, float]]],
    query: np.ndarray,
    nearest: np.ndarray,
    around: float = 0.11,
) -> Figure:
    """Draw walks to one query beside each other: where each went on from, and what it only compared.

    Parameters
    ----------
    points : ndarray of shape (n, 2)
        The map.
    links : sequence of set of int
        The points that each is linked to.
    walks : mapping of str to (sequence of int, mapping of int to float)
        By their titles: the points that the walk went on from, and all that it compared.
    query, nearest : ndarray of shape (2,)
        Where the walks go, and the point nearest to it.
    around : float
        How far the picture goes to the sides of the query, in the units of the map.

    Raises
    ------
    InputError
        If there is no walk.
    """
    import matplotlib.pyplot as plt

    n_walks = check_whole("the number of walks", len(walks), least=1)
    figure, axes = plt.subplots(1, n_walks, figsize=(5, 2), sharey=True, layout="constrained", squeeze=False)
    for ax, (title, (path, seen)) in zip(axes[0], walks.items(), strict=True):
        looked = [(here, there) for here in path for there in sorted(links[here])]
        ax.plot(*points[looked].transpose(2, 1, 0), "0.85", lw=0.8)
        for places, colour, size in ((range(len(points)), "0.8", 2), (list(seen), "C0", 4), (path, "C1", 6)):
            ax.plot(*points[places].T, "o", color=colour, ms=size)
        ax.plot(*nearest, "o", ms=14, mfc="none", mec="k")
        ax.plot(*query, "k*", ms=6)
        x, y = query
        ax.set(
            xlim=(x - around, x + around), ylim=(y - 0.5 * around, y + around), xlabel="first direction", title=title
        )
    axes[0][0].set_ylabel("second direction")
    return figure
