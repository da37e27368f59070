"""Emoji in rows, and drawings of the two towers and of the language model that sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval, with_interval
from course_utils.images.emoji import emoji_pictures, find_emoji, mosaic
from course_utils.plotting.diagrams import EDGES, KINDS, flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PIXELS_AN_INCH = 200  # of an emoji in a figure, so that none is enlarged


def emoji_rows(rows: Mapping[str, Sequence[int]], title: str = "") -> Figure:
    """Draw rows of emoji, given by their places, each with its caption above it; a caption of spaces takes no room.

    Raises
    ------
    InputError
        If there is no row.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise InputError("There is no row to draw: give a caption and the places of some emoji.")
    pages = [mosaic(places, columns=len(places)) for places in rows.values()]
    widest = max(page.shape[1] for page in pages) / PIXELS_AN_INCH
    above = 0.2 if any(caption.strip() for caption in rows) else 0.0
    height = sum(page.shape[0] / PIXELS_AN_INCH + above for page in pages)
    figure, axes = plt.subplots(len(rows), 1, figsize=(widest, height), layout="constrained", squeeze=False)
    figure.get_layout_engine().set(w_pad=0, h_pad=0, hspace=0, wspace=0)
    for ax, caption, page in zip(axes[:, 0], rows, pages, strict=True):
        ax.imshow(page, interpolation="none")
        ax.set_axis_off()
        if caption.strip():
            ax.set_title(caption, fontsize=8, loc="left", fontweight="normal", pad=1)
    if title:
        figure.suptitle(title, fontsize=9, fontweight="bold", x=0, ha="left")
        figure.set_figheight(height + 0.25)
    return figure


def describe_ranks(ranks: np.ndarray, groups: Sequence[str]) -> str:
    """Say for what share of the questions the partner is first, and among ten with a bootstrap interval of 95 %.

    The interval draws whole groups, so that questions that are nearly the same do not make it narrow.

    Parameters
    ----------
    ranks : ndarray, shape (n,)
        The place of each partner, from 1.
    groups : sequence of str
        The group of each question.

    Examples
    --------
    >>> describe_ranks(np.array([1, 1, 12, 12]), ["a", "a", "b", "b"])
    'first 0.50, in ten 0.50 (0.00 to 1.00)'
    """
    return f"first {np.mean(ranks <= 1):.2f}, in ten {describe_share(ranks <= 10, groups)}"


def describe_share(hits: np.ndarray, groups: Sequence[str]) -> str:
    """Say a share with its bootstrap interval of 95 %, which draws whole groups.

    Examples
    --------
    >>> describe_share(np.array([1, 1, 0, 0]), ["a", "a", "b", "b"])
    '0.50 (0.00 to 1.00)'
    """
    return with_interval(hits, groups=groups)


def describe_change(differences: np.ndarray, groups: Sequence[str]) -> str:
    """Say the bootstrap interval of 95 % of a mean difference, which draws whole groups.

    Examples
    --------
    >>> describe_change(np.array([1, 1, 0, 0]), ["a", "a", "b", "b"])
    '+0.00 to +1.00'
    """
    low, high = bootstrap_interval(differences, groups=groups)
    return f"{low:+.2f} to {high:+.2f}"


def draw_photographs(photos: Sequence[np.ndarray], rows: Sequence[Sequence[int]], names: Sequence[str]) -> Figure:
    """Draw photographs below each other, each with some emoji beside it, given by their places, and their names."""
    import matplotlib.pyplot as plt
    from PIL import Image

    size = (4.5, 0.85 * len(photos))
    figure, axes = plt.subplots(len(photos), 2, figsize=size, layout="constrained", width_ratios=(2, 5), squeeze=False)
    for photo, row, (left, right) in zip(photos, rows, axes, strict=True):
        left.imshow(Image.fromarray(photo).resize((150, 100)), interpolation="none")
        right.imshow(mosaic(row, columns=len(row), gap=0), interpolation="none")
        right.set_title(", ".join(names[place] for place in row), fontsize=7.5, fontweight="normal")
        for ax in (left, right):
            ax.set_axis_off()
    return figure


def draw_towers(names: Sequence[str]) -> Figure:
    """Draw CLIP's idea with our sizes: a tower for pictures, one for texts, and the table of all their cosines.

    ``names`` are those of four emoji; they are the batch.
    """
    import matplotlib.pyplot as plt

    boxes = {"pictures": (0, 2.5), "EfficientNet": (3, 2.5), "matrix 1": (6.4, 2.5, "matrix\n1,280 × 256")}
    boxes |= {"names": (0, 0), "MiniLM": (3, 0), "matrix 2": (6.4, 0, "matrix\n384 × 256")}
    boxes |= {"rows": (9.6, 2.5, "a row for\neach picture"), "columns": (9.6, 0, "a column for\neach name")}
    arrows = [("pictures", "EfficientNet"), ("EfficientNet", "matrix 1", "1,280"), ("matrix 1", "rows", "256")]
    arrows += [("names", "MiniLM"), ("MiniLM", "matrix 2", "384"), ("matrix 2", "columns", "256")]
    kinds = {"EfficientNet": "plain", "MiniLM": "plain", "matrix 1": "weights", "matrix 2": "weights"}
    figure, ax = plt.subplots(figsize=(8.6, 2.5))
    flow(ax, boxes, arrows, kinds=kinds, width=2, height=0.95, fontsize=8)
    for i, name in enumerate(names):
        y = 2.3 - 0.72 * i
        _put_emoji(ax, name, (12.1, y + 0.05), 0.33)
        ax.text(12.95 + 0.85 * i, 2.85, name, ha="left", va="bottom", fontsize=7, rotation=35)
        for j in range(len(names)):
            kind = "step" if i == j else "plain"
            ax.add_patch(plt.Rectangle((12.6 + 0.85 * j, y - 0.3), 0.8, 0.66, fc=KINDS[kind], ec=EDGES[kind], lw=0.9))
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1}
    for start, end in (((10.6, 2.5), (11.7, 1.9)), ((10.6, 0), (11.7, 0.6))):
        ax.annotate("", end, start, arrowprops=line)
    ax.text(12.6, -0.75, "cosines: high on the diagonal", fontsize=7.5, color=EDGES["step"])
    ax.text(3, 1.25, "white: stays as it is\norange: learned", ha="center", va="center", fontsize=7.5, color="#555555")
    ax.set(xlim=(-1.2, 16.4), ylim=(-1.1, 4))
    ax.set_title("Two towers end in one space")
    return figure


def draw_seeing(name: str, width: int, d_model: int) -> Figure:
    """Draw how a picture is put in front of a language model as a row among those of words.

    ``width`` is that of the features and ``d_model`` that of the rows.
    """
    import matplotlib.pyplot as plt

    boxes = {"…": (0, 0), "car": (1.9, 0), "line end": (3.8, 0), "row": (5.7, 0, "row of the\npicture"), ":": (7.6, 0)}
    boxes |= {
        "model": (3.8, 1.9, "SmolLM2: reads rows, whatever they were made from"),
        "next": (10.9, 1.9, f"“{name}”?"),
    }
    boxes |= {"matrix": (9.2, -1.7, "projection"), "network": (12.2, -1.7, "EfficientNet")}
    figure, ax = plt.subplots(figsize=(8.2, 2.7))
    rows = {key: place for key, place in boxes.items() if key not in ("model", "matrix", "network", "next")}
    flow(ax, rows, [], kinds=dict.fromkeys(rows, "data") | {"row": "weights"}, width=1.7, height=0.85, fontsize=8)
    rest = {key: boxes[key] for key in ("matrix", "network", "next")}
    arrows = [("network", "matrix", f"{width:,}")]
    flow(
        ax,
        rest,
        arrows,
        kinds={"matrix": "weights", "network": "plain", "next": "step"},
        width=1.9,
        height=0.85,
        fontsize=8,
    )
    wide = {"model": boxes["model"]}
    flow(ax, wide, [], kinds={"model": "plain"}, width=9.3, height=0.85, fontsize=8.5)
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1}
    for x, y, *_ in rows.values():
        ax.annotate("", (x, 1.47), (x, y + 0.43), arrowprops=line)
    ax.annotate("", (5.7, -0.43), (8.25, -1.7), arrowprops={**line, "connectionstyle": "angle,angleA=180,angleB=90"})
    ax.annotate("", (9.95, 1.9), (8.45, 1.9), arrowprops=line)
    ax.text(6.9, -1.55, f"{d_model}", ha="center", va="bottom", fontsize=7, color="#555555")
    _put_emoji(ax, name, (14.3, -1.7), 0.5)
    ax.annotate("", (13.15, -1.7), (13.8, -1.7), arrowprops=line)
    ax.set(xlim=(-1.1, 15), ylim=(-2.4, 2.6))
    ax.set_aspect("equal")
    ax.set_title("A picture takes the place of a word")
    return figure


def _put_emoji(ax: Axes, name: str, middle: tuple[float, float], half: float) -> None:
    (x, y), picture = middle, emoji_pictures()[find_emoji(name)]
    ax.imshow(picture, extent=(x - half, x + half, y - half, y + half), interpolation="none", zorder=3)
