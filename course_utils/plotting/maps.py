"""Maps of texts, with as many labels as fit without touching."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.sampling import round_robin
from course_utils.plotting.figures import GREY, INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Bbox

# One colour for each of Wikipedia's topics: Okabe and Ito's eight, three more between them, grey for no topic.
TOPIC_COLOURS = {
    "Arts": "#CC79A7",
    "Biology and health sciences": "#009E73",
    "Everyday life": "#E69F00",
    "Geography": "#56B4E9",
    "History": "#8C510A",
    "Mathematics": "#222222",
    "People": "#D55E00",
    "Philosophy and religion": "#762A83",
    "Physical sciences": "#0072B2",
    "Society and social sciences": "#B8A800",
    "Technology": "#7F7F7F",
    "Uncategorized": "#D9D9D9",
}
LABELS_TRIED = 700  # titles on a map; most do not fit
SHORTEST = 3  # letters of a title that is written on a map
SMALL = 10  # points; titles are smaller, topics larger


def draw_map(
    ax: Axes, points: np.ndarray, topics: Sequence[str], titles: Sequence[str], weights: Sequence[float]
) -> None:
    """Draw articles as points in their topics' colours, with the topics' names and as many titles as fit.

    Parameters
    ----------
    points : ndarray, shape (n_articles, 2)
        Positions on the map; distances have no unit.
    topics, titles : sequence of str
        The topic and the title of each article.
    weights : sequence of float
        The titles with the greatest weights of each topic are tried first.
    """
    topics = np.asarray(topics)
    names, sizes = np.unique(topics, return_counts=True)
    for name in names[np.argsort(-sizes)]:
        mine = points[topics == name]
        ax.scatter(*mine.T, s=4, color=TOPIC_COLOURS.get(name, GREY), alpha=0.6, linewidths=0)
    ax.set_axis_off()
    taken = []
    for name in names[np.argsort(sizes)]:  # the largest topics have the most places where a label fits
        if name in TOPIC_COLOURS and name != "Uncategorized":
            style = {"fontsize": 12, "weight": "bold", "color": TOPIC_COLOURS[name]}
            for place in dense_points(points[topics == name]):
                if label_if_free(ax, name.replace(" and ", "\nand "), place, taken, **style):
                    break
    for article in round_robin(weights, topics)[:LABELS_TRIED]:
        if len(titles[article]) < SHORTEST:  # a digit or a syllable tells nobody where on the map this is
            continue
        label_if_free(ax, titles[article], points[article], taken, fontsize=7.5, color=INK)


def mark(ax: Axes, place: np.ndarray, text: str) -> None:
    """Draw a star at ``place`` with ``text`` beside it, and take away the small labels that it would cover."""
    others = [label for label in ax.texts if label.get_fontsize() < SMALL]
    (star,) = ax.plot(*place, marker="*", markersize=21, color="white", markeredgecolor="black", mew=2, zorder=9)
    tag = ax.annotate(
        text,
        place,
        xytext=(13, 4),
        textcoords="offset points",
        weight="bold",
        parse_math=False,
        bbox={"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "black", "linewidth": 0.8},
        zorder=10,
    )
    covered = [star.get_window_extent(), tag.get_window_extent()]
    for label in others:
        if any(label.get_window_extent().overlaps(box) for box in covered):
            label.remove()


def label_if_free(ax: Axes, text: str, place: np.ndarray, taken: list[Bbox], **style: object) -> bool:
    """Write ``text`` at ``place`` unless it would touch a label in ``taken``; return whether it was written.

    A label that is written is added to ``taken``.
    """
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=2.5, foreground="white")]
    label = ax.text(*place, text, ha="center", va="center", path_effects=halo, parse_math=False, **style)
    box = label.get_window_extent().expanded(1.06, 1.25)
    if any(box.overlaps(other) for other in taken):
        label.remove()
        return False
    taken.append(box)
    return True


def dense_points(points: np.ndarray) -> np.ndarray:
    """Order ``points``, shape ``(n, 2)``, by how many others are close by, the most crowded first.

    Examples
    --------
    >>> dense_points(np.array([[9.0, 9.0], [0.0, 0.0], [2.0, 0.0], [4.0, 0.0]]))[0]
    array([2., 0.])
    """
    from scipy.spatial import cKDTree

    radius = np.linalg.norm(points.std(axis=0)) / 2
    crowd = cKDTree(points).query_ball_point(points, radius or 1.0, return_length=True)
    return points[np.argsort(-crowd, kind="stable")]
