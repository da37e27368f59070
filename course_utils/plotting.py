"""The look of the course's figures, and the few figures that are drawn more than once."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import InputError

if TYPE_CHECKING:
    from IPython.display import Image
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLE = Path(__file__).with_name("course.mplstyle")
GREY = "#b8b8b8"
INK = "#222222"
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
COLOURS_IN_A_PICTURE = 160  # enough for a figure, and a third of the bytes of full colour


def use_course_style() -> None:
    """Draw all later figures of this session in the course's style."""
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)


def show(figure: Figure, alt: str) -> Image:
    """Turn a figure into a small picture that also says in words what it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; it is closed, so that a notebook does not show it twice.
    alt : str
        What a reader who cannot see the picture should know: what is drawn, and what it shows. It is stored with the
        picture, and stands in its place where pictures cannot be shown.

    Returns
    -------
    IPython.display.Image
        Make it the last line of a cell.

    Raises
    ------
    InputError
        If the words are missing.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image
    from PIL import Image as Pixels

    if len(alt.split()) < 4:
        raise InputError("alt must say in a sentence what the figure shows, for readers who cannot see it.")
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=figure.dpi)
    plt.close(figure)
    pixels = Pixels.open(full).convert("RGB")
    width = pixels.width * 100 // int(figure.dpi)
    pixels.quantize(COLOURS_IN_A_PICTURE, dither=Pixels.Dither.NONE).save(small, format="png", optimize=True)

    class Picture(Image):
        def __repr__(self) -> str:
            return f"[Figure: {alt}]"

    return Picture(small.getvalue(), format="png", width=width, alt=alt)


def bar_chart(ax: Axes, values: Mapping[str, float], *, unit: str, digits: int = 0, highlight: str | None = None) -> None:
    """Draw horizontal bars, the first on top, with each value at its end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    values : mapping of str to float
        A label and a length for each bar.
    unit : str
        What is measured; the label of the axis.
    digits : int
        Decimals of the values shown.
    highlight : str, optional
        The label of a bar to bring forward; the others are grey.
    """
    labels = list(values)
    colours = ["C0" if highlight in (None, label) else GREY for label in labels]
    bars = ax.barh(range(len(labels)), list(values.values()), color=colours, height=0.72)
    ax.bar_label(bars, fmt=f"%.{digits}f", padding=3, fontsize=8.5, color="#555555")
    ax.set(yticks=range(len(labels)), xlabel=unit)
    ax.set_yticklabels(labels, color=INK, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(left=False)


def scatter_topics(ax: Axes, points: np.ndarray, topics: Sequence[str], *, size: float = 3.0) -> None:
    """Draw a point for each article in its topic's colour, and each topic's name where its articles are densest.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    points : ndarray, shape (n_articles, 2)
        Places on the map; distances have no unit.
    topics : sequence of str
        The topic of each article.
    size : float
        Area of a point, in square points.
    """
    from matplotlib import patheffects

    topics = np.asarray(topics)
    for topic in sorted(set(topics), key=lambda topic: -np.count_nonzero(topics == topic)):
        mine = points[topics == topic]
        colour = TOPIC_COLOURS.get(topic, GREY)
        ax.scatter(*mine.T, s=size, color=colour, alpha=0.55, linewidths=0, rasterized=True)
    halo = [patheffects.withStroke(linewidth=3, foreground="white")]
    for topic in sorted(set(topics) & set(TOPIC_COLOURS) - {"Uncategorized"}):
        place = densest_point(points[topics == topic])
        ax.annotate(
            topic.replace(" and ", "\nand "),
            place,
            ha="center",
            va="center",
            fontsize=10.5,
            weight="bold",
            color=TOPIC_COLOURS[topic],
            path_effects=halo,
        )
    ax.set_axis_off()
    ax.set_aspect("equal")


def densest_point(points: np.ndarray) -> np.ndarray:
    """Return the one of ``points`` with the most others close by.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        At least one point.

    Examples
    --------
    >>> densest_point(np.array([[0.0, 0.0], [0.1, 0.0], [0.2, 0.0], [9.0, 9.0]]))
    array([0.1, 0. ])
    """
    from scipy.spatial import cKDTree

    radius = np.linalg.norm(points.std(axis=0)) / 4
    return points[np.argmax(cKDTree(points).query_ball_point(points, radius or 1.0, return_length=True))]
