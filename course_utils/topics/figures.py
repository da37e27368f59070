"""Drawings for the lesson on topics: a round of k-means, a map, islands in rising water, and values as dots on rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.topics.islands import Island, land
from course_utils.topics.map import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def k_means_round(
    points: np.ndarray,
    labels: Sequence[int],
    centres: np.ndarray,
    moved: np.ndarray,
    markers: Sequence[str],
    title: str = "",
) -> Figure:
    """Draw points in the colours of their groups, the centres as crosses, and an arrow to where each moves next.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    labels : sequence of int, length n
        The row of ``centres`` that each point is assigned to.
    centres, moved : ndarray, shape (k, 2)
        The centres now and after the next step; one that stays has no arrow.
    markers : sequence of str, length n
        Matplotlib's sign for each point.

    Raises
    ------
    InputError
        If there is not one label and one marker for each point.
    """
    import matplotlib.pyplot as plt

    if not len(points) == len(labels) == len(markers):
        raise InputError(f"There are {len(points)} points, {len(labels)} labels and {len(markers)} markers.")
    figure, ax = plt.subplots(figsize=(3.1, 2.4), layout="constrained")
    labels, markers = np.asarray(labels), np.asarray([*markers])
    for marker in dict.fromkeys(markers.tolist()):
        mine = markers == marker
        ax.scatter(*points[mine].T, s=24, c=[f"C{label}" for label in labels[mine]], marker=marker)
    style = {"arrowstyle": "->", "color": "0.3", "shrinkA": 6, "shrinkB": 0}
    for group, (centre, after) in enumerate(zip(centres, moved, strict=True)):
        ax.plot(*centre, "x", ms=11, mew=2, color=f"C{group}")
        if (centre != after).any():
            ax.annotate("", after, centre, arrowprops=style)
    ax.set(xticks=[], yticks=[], title=title)
    return figure


def pairs_on_map(
    places: np.ndarray, pairs: Sequence[tuple[int, int]], titles: Sequence[str], title: str, every: int = 15
) -> Figure:
    """Draw a map as grey dots, and on it some pairs of texts, each joined by a line and named below the map.

    Parameters
    ----------
    places : ndarray, shape (n, 2)
        Where each text lies; every ``every``-th is drawn.
    pairs : sequence of (int, int)
        The rows of the two texts.
    titles : sequence of str, length n

    Raises
    ------
    InputError
        If there is not one title for each place, or there are more than three pairs.
    """
    import matplotlib.pyplot as plt

    if len(places) != len(titles):
        raise InputError(f"There are {len(places)} places and {len(titles)} titles.")
    colours = ("C1", "C0", "C2")
    if len(pairs) > len(colours):
        raise InputError(f"At most {len(colours)} pairs can be told apart, and these are {len(pairs)}: draw fewer.")
    figure, ax = plt.subplots(figsize=(3.8, 2.9))
    ax.scatter(*places[::every].T, s=3, lw=0, color="0.75")
    for (one, other), colour in zip(pairs, colours, strict=False):
        name = f"{titles[one]} and\n{titles[other]}"
        ax.plot(*places[[one, other]].T, "o-", ms=4.5, color=colour, label=name)
    ax.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=len(pairs))
    ax.set_aspect("equal")
    ax.set_axis_off()
    ax.set_title(title)
    return figure


def rising_water(
    points: np.ndarray, found: Sequence[Island], levels: Sequence[float], smallest: int, in_reach: int, title: str
) -> Figure:
    """Draw maps at a few levels of the water, and below them a bar for each island from where it comes off to its end.

    A bar is as thick as its island is large. The islands that HDBSCAN keeps have a colour, on the maps as well: there,
    the dots of land that goes to none of them are dark, and what is under water is pale.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
    found : sequence of Island
        What `islands` returns for these points and the same ``smallest`` and ``in_reach``.
    levels : sequence of float
        The distances of the maps; each is a dotted line among the bars.
    """
    import matplotlib.pyplot as plt

    colour_of = dict(zip((id(each) for each in found if each.kept), COLOURS * 9, strict=False))
    colours = np.full(len(points), "0.45", dtype=object)
    for island in found:
        if island.kept:
            colours[island.members] = colour_of[id(island)]
    rows = [[*map(str, levels)], ["bars"] * len(levels)]
    how = {"figsize": (4.6, 4.1), "height_ratios": [1.35, 1.7], "layout": "constrained"}
    figure, axes = plt.subplot_mosaic(rows, **how)
    for level in levels:
        label = land(points, level, smallest, in_reach)
        dry, n = label >= 0, label.max() + 1
        axes[str(level)].scatter(*points[~dry].T, s=1.5, lw=0, color="0.8")
        axes[str(level)].scatter(*points[dry].T, s=5, lw=0, c=colours[dry].tolist())
        axes[str(level)].set(xticks=[], yticks=[], aspect="equal")
        axes[str(level)].set_xlabel(f"r = {level:.2f}: {n} islands,\n{np.mean(~dry):.0%} under water", size=8)
        axes["bars"].axvline(level, color="0.6", lw=0.8, ls=":", zorder=0)
    _bars(axes["bars"], found, colour_of)
    axes["bars"].set(xlabel="distance r, down while the water rises", yticks=[])
    axes["bars"].set_title(title, loc="left")
    return figure


def _bars(ax: Axes, found: Sequence[Island], colour_of: dict[int, str]) -> None:
    """Draw the islands as a tree: those that drown in rows of their own, the others in the middle of their parts."""
    heights = {}
    leaves = _drowning(found[0])
    first = max(each.comes_off for each in found[1:]) * 1.03 if len(found) > 1 else found[0].ends * 1.1
    for island in reversed(found):  # the parts of an island come after it
        parts = [heights[id(part)] for part in island.parts]
        y = heights[id(island)] = np.mean(parts) if parts else next(k for k, x in enumerate(leaves) if x is island)
        colour = colour_of.get(id(island), "0.65")
        ends = min(island.comes_off, first), island.ends
        ax.plot(ends, [y, y], color=colour, lw=0.4 * np.sqrt(len(island.members)), solid_capstyle="butt")
        if parts:
            ax.plot([island.ends] * 2, [min(parts), max(parts)], color="0.65", lw=0.8, zorder=0)
        if island.kept:
            x, shift = (np.mean(ends), (0, 7)) if parts else (island.ends, (9, 0))
            style = {"textcoords": "offset points", "ha": "center", "va": "center", "size": 7.5, "weight": "bold"}
            ax.annotate(str(len(island.members)), (x, y), shift, color=colour, **style)
    ax.set(xlim=(first, min(each.ends for each in found) * 0.95), ylim=(len(leaves) - 0.4, -0.6))


def _drowning(island: Island) -> list[Island]:
    """Return the islands inside an island that do not break again, in order."""
    return [leaf for part in island.parts for leaf in _drowning(part)] if island.parts else [island]


def dot_rows(ax: Axes, names: Sequence[str], rows: Sequence[Sequence[float]], marked: int | None = None) -> None:
    """Draw each row of values as dots beside its name, the first on top, with a line at the mean, written at the right.

    Parameters
    ----------
    names, rows : sequence
        A name for each row of values; the rows may have different lengths.
    marked : int, optional
        The place in each row of the value that is drawn in another colour, and larger.

    Raises
    ------
    InputError
        If there is not one name for each row, or a row is empty.
    """
    if len(names) != len(rows) or not all(len(row) for row in rows):
        raise InputError("Each row of values needs a name and at least one value.")
    for height, row in enumerate(rows):
        ax.plot(row, [height] * len(row), "o", ms=3, color="C0", mew=0)
        ax.plot([np.mean(row)] * 2, [height - 0.35, height + 0.35], color="k", lw=1.5)
        ax.text(1.02, height, f"{np.mean(row):.2f}", transform=ax.get_yaxis_transform(), va="center", size=7.5)
        if marked is not None:
            ax.plot(row[marked], height, "o", ms=4.5, color="C1", mew=0)
    ax.set_yticks(range(len(rows)), names, size=7.5)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(len(rows) - 0.4, -0.6)
