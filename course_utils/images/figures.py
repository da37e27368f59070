"""Emoji in rows, maps and vectors of pictures, and a drawing of the two towers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval, with_interval
from course_utils.images.emoji import emoji_pictures, find_emoji, load_emoji, mosaic
from course_utils.plotting.diagrams import EDGES, KINDS, flow
from course_utils.plotting.figures import with_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from torch import Tensor

PIXELS_AN_INCH = 200  # of an emoji in a figure, so that none is enlarged
WRITTEN = 0.3  # a cosine at least so far from 0, to one decimal, is written into its cell


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
        figure.set_figheight(height + 0.08 + 0.17 * (title.count("\n") + 1))
    return figure


def draw_maps(maps: Sequence[Tensor], layers: Sequence[int], k: int = 2) -> Figure:
    """Draw for some layers the k feature maps whose numbers vary most; ``maps`` are those of one picture.

    Each layer's are ``(1, channels, height, width)``.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(k, len(layers), figsize=(1.35 * len(layers), 1.4 * k), layout="constrained")
    for column, layer in zip(axes.T, layers, strict=True):
        found = maps[layer][0].numpy()
        for ax, channel in zip(column, np.argsort(-found.var(axis=(1, 2)))[:k], strict=True):
            ax.imshow(found[channel], cmap="viridis")
            ax.set_axis_off()
        column[0].set_title(f"layer {layer}, {found.shape[1]} × {found.shape[2]}", fontsize=9)
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
    """Draw photographs below each other, each beside some emoji, given by their places, with their names under them."""
    import matplotlib.pyplot as plt
    from PIL import Image

    columns = len(rows[0])
    size, widths = (0.9 + 0.56 * columns, 0.8 * len(photos)), (1.6, *[1] * columns)
    figure, axes = plt.subplots(len(photos), columns + 1, figsize=size, layout="constrained", width_ratios=widths)
    figure.get_layout_engine().set(w_pad=0.02, h_pad=0.02)
    for photo, row, line in zip(photos, rows, np.atleast_2d(axes), strict=True):
        line[0].imshow(Image.fromarray(photo).resize((96, 64)), interpolation="none")
        for ax, place in zip(line[1:], row, strict=True):
            ax.imshow(emoji_pictures()[place], interpolation="none")
            name = textwrap.fill(names[place], 12)
            ax.text(36, 74, name, ha="center", va="top", fontsize=7, linespacing=0.95, in_layout=False)
            ax.set_ylim(104, 0)  # room for two lines
        for ax in line:
            ax.set_axis_off()
    return figure


def draw_pairs(names: Sequence[str], pictures: np.ndarray, texts: np.ndarray) -> Figure:
    """Draw pairs of unit vectors, ``(n, 2)``, in one plane: blue arrows for pictures, orange ones for texts."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(3.6, 2.3), layout="constrained")
    for side, colour, width, far in ((pictures, "C0", 3.5, (1.35, 1.25)), (texts, "C1", 1.3, (2.15, 1.6))):
        for name, (x, y) in zip(names, side, strict=True):
            style = {"arrowstyle": "-|>", "color": colour, "linewidth": width, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (x, y), (0, 0), arrowprops=style)
            said = name if side is pictures else f"“{name}”"
            ax.text(far[0] * x, far[1] * y, said, ha="center", va="center", fontsize=8.5, color=colour)
    ax.add_patch(plt.Circle((0, 0), 1, fill=False, color="#dddddd", linewidth=0.8))
    ax.set(xlim=(-2.7, 2.7), ylim=(-1.75, 1.75), aspect="equal")
    ax.set_axis_off()
    return figure


def draw_shares(ways: Mapping[str, np.ndarray], groups: Sequence[str], chance: float) -> Figure:
    """Draw the shares of several ways as dots with 95 % intervals.

    Parameters
    ----------
    ways : mapping of str to ndarray, shape (n,)
        For each way which of the questions it got right; the first is drawn on top.
    groups : sequence of str
        The group of each question; whole groups are drawn for the bootstrap intervals.
    chance : float
        What luck would get right; a line.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(3.9, 0.6 + 0.2 * len(ways)), layout="constrained")
    ends = [bootstrap_interval(hits, groups=groups) for hits in ways.values()]
    for y, (hits, (low, high)) in enumerate(zip(ways.values(), ends, strict=True)):
        ax.plot((low, high), (y, y), color="C0", linewidth=2)
        ax.plot(np.mean(hits), y, "o", color="C0", markersize=5)
    ax.axvline(chance, color="#888888", linewidth=1, linestyle="--")
    ax.text(chance + 0.02, -0.55, "chance", fontsize=7.5, color="#666666", va="center")
    ax.set(
        yticks=range(len(ways)), xlim=(0, max(0.8, *(high + 0.02 for _, high in ends))), ylim=(len(ways) - 0.5, -0.9)
    )
    ax.set_xlabel("names with their picture among ten", fontsize=8)
    ax.set_yticklabels(list(ways))
    ax.tick_params(labelsize=8)
    return figure


def draw_cosines(tables: Mapping[str, np.ndarray], places: Sequence[int], title: str = "") -> Figure:
    """Draw tables of cosines beside each other: row i is a picture, column j a name, and high ones are orange.

    Parameters
    ----------
    tables : mapping of str to ndarray, shape (n_places, n_places)
        Of the picture of each emoji with the name of each, by the title of the panel; all share their colours.
    places : sequence of int
        The emoji.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(tables), figsize=(2.7 * len(tables), 2.2), layout="constrained", squeeze=False)
    figure.suptitle(title, fontsize=9.5, weight="bold")
    most = max(np.abs(cosines).max() for cosines in tables.values())
    for ax, (said, cosines) in zip(axes[0], tables.items(), strict=True):
        ax.imshow(cosines, cmap="PuOr_r", vmin=-most, vmax=most, aspect="auto")
        for (row, column), value in np.ndenumerate(np.round(cosines, 1) + 0.0):
            if abs(value) >= WRITTEN:
                ink, text = "white" if abs(value) > 0.6 * most else "#222222", with_minus(f"{value:.1f}")
                ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=ink)
        ax.set_yticks(range(len(places)), [""] * len(places))
        ax.set_xticks(range(len(places)), [load_emoji()[place].en for place in places], rotation=35, ha="left")
        ax.tick_params(left=False, bottom=False, labelbottom=False, labeltop=True, pad=-2, labelsize=7)
        ax.set(frame_on=False)
        ax.set_xlabel(said, fontsize=8.5)
    for row, place in enumerate(places):  # left of the first table
        box = axes[0, 0].inset_axes((-0.11, 1 - (row + 0.95) / len(places), 0.1, 0.9 / len(places)))
        box.imshow(emoji_pictures()[place], interpolation="none")
        box.set_axis_off()
    return figure


def draw_clouds(clouds: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str = "") -> Figure:
    """Draw rows of pictures and of texts, ``(n, width)`` each, as points in the plane in which they differ most.

    ``clouds`` holds them by the title of their panel.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(clouds), figsize=(1.95 * len(clouds), 1.7), layout="constrained", squeeze=False)
    figure.suptitle(title, fontsize=9.5, weight="bold")
    for ax, (said, sides) in zip(axes[0], clouds.items(), strict=True):
        rows = np.concatenate(sides)
        rows = rows - rows.mean(axis=0)
        places = rows @ np.linalg.svd(rows, full_matrices=False)[2][:2].T
        kinds = ("pictures", "."), ("names", "x")
        for part, (name, mark) in zip(np.split(places, [len(sides[0])]), kinds, strict=True):
            ax.plot(*part.T, mark, markersize=2.5, mew=0.5, label=name)
        ax.set_title(said, fontsize=9, weight="normal")
        ax.set(xticks=[], yticks=[])
        ax.set_xlabel("first axis", fontsize=8)
        ax.set_ylabel("second axis", fontsize=8)
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2, markerscale=3, fontsize=8)
    return figure


def draw_towers(names: Sequence[str]) -> Figure:
    """Draw CLIP's idea with our sizes: a tower for pictures, one for texts, and the table of all their cosines.

    ``names`` are those of four emoji; they are the batch.
    """
    import matplotlib.pyplot as plt

    boxes = {"pictures": (0, 2.5), "EfficientNet": (3, 2.5), "matrix 1": (6.4, 2.5, "matrix\n1,280 × d")}
    boxes |= {"names": (0, 0), "MiniLM": (3, 0), "matrix 2": (6.4, 0, "matrix\n384 × d")}
    boxes |= {"rows": (9.6, 2.5, "a row for\neach picture"), "columns": (9.6, 0, "a column for\neach name")}
    arrows = [("pictures", "EfficientNet"), ("EfficientNet", "matrix 1", "1,280"), ("matrix 1", "rows", "d")]
    arrows += [("names", "MiniLM"), ("MiniLM", "matrix 2", "384"), ("matrix 2", "columns", "d")]
    kinds = {"EfficientNet": "plain", "MiniLM": "plain", "matrix 1": "weights", "matrix 2": "weights"}
    figure, ax = plt.subplots(figsize=(8.2, 2.1))
    flow(ax, boxes, arrows, kinds=kinds, width=2.1, height=0.95, fontsize=7.5)
    for i, name in enumerate(names):
        y = 2.3 - 0.72 * i
        put_emoji(ax, name, (12.1, y + 0.05), 0.33)
        ax.text(12.95 + 0.85 * i, 2.85, name, ha="left", va="bottom", fontsize=7, rotation=35)
        for j in range(len(names)):
            kind = "step" if i == j else "plain"
            ax.add_patch(plt.Rectangle((12.6 + 0.85 * j, y - 0.3), 0.8, 0.66, fc=KINDS[kind], ec=EDGES[kind], lw=0.9))
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1}
    for start, end in (((10.6, 2.5), (11.7, 1.9)), ((10.6, 0), (11.7, 0.6))):
        ax.annotate("", end, start, arrowprops=line)
    ax.text(12.6, -0.75, "cosines: high on the diagonal", fontsize=7.5, color=EDGES["step"])
    ax.text(3, 1.25, "white: frozen\norange: learned", ha="center", va="center", fontsize=7.5, color="#555555")
    ax.set(xlim=(-1.2, 16.4), ylim=(-1.1, 3.7))
    return figure


def put_emoji(ax: Axes, name: str, middle: tuple[float, float], half: float) -> None:
    """Put the picture of an emoji into a drawing, around ``middle``, ``half`` a unit to each side."""
    (x, y), picture = middle, emoji_pictures()[find_emoji(name)]
    ax.imshow(picture, extent=(x - half, x + half, y - half, y + half), interpolation="none", zorder=3)
