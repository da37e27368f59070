"""Drawings of the language model that sees, and pictures with what it wrote below them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.images.emoji import emoji_pictures, find_emoji
from course_utils.images.figures import put_emoji
from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import with_minus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

BACK = "#D55E00"  # the way of a gradient
RIGHT = "#00704F"  # a caption that fits
FROZEN = {"facecolor": "#E2E2E2", "edgecolor": "#777777"}  # a network that does not learn


def draw_seeing(name: str, width: int, d_model: int, gradient: bool = False) -> Figure:
    """Draw how a picture is put in front of a language model as a row among those of words.

    Parameters
    ----------
    name : str
        The emoji.
    width, d_model : int
        How many numbers the features have, and the rows.
    gradient : bool
        Draw the way back too, from the answer through the frozen model to the projection, as dashed arrows.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(7.2, 2.4))
    rows = {"…": (0, 0), "car": (1.9, 0), "line end": (3.8, 0), "row": (5.7, 0, "row of the\npicture"), ":": (7.6, 0)}
    flow(ax, rows, [], kinds=dict.fromkeys(rows, "data") | {"row": "weights"}, width=1.7, height=0.85, fontsize=7.2)
    rest = {"network": (12.2, -1.7, "EfficientNet\nfrozen"), "matrix": (9.2, -1.7, "projection"), "next": (10.9, 1.9)}
    rest["next"] += (f"“{name}”?",)
    kinds, arrows = {"matrix": "weights", "network": "plain", "next": "step"}, [("network", "matrix", f"{width:,}")]
    flow(ax, rest, arrows, kinds=kinds, width=1.9, height=0.85, fontsize=7.2)
    wide = {"model": (3.8, 1.9, "SmolLM2 (frozen) reads rows, whatever they are made from")}
    flow(ax, wide, [], kinds={"model": "plain"}, width=9.3, height=0.85, fontsize=7.2)
    for place in (len(rows), -1):  # the boxes of the two networks
        ax.patches[place].set(**FROZEN)
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1}
    for x, y, *_ in rows.values():
        ax.annotate("", (x, 1.47), (x, y + 0.43), arrowprops=line)
    bent = {"connectionstyle": "angle,angleA=180,angleB=90"}
    ax.annotate("", (5.7, -0.43), (8.25, -1.7), arrowprops=line | bent)
    ax.annotate("", (9.95, 1.9), (8.45, 1.9), arrowprops=line)
    ax.text(6.9, -1.55, f"{d_model}", ha="center", va="bottom", fontsize=7, color="#555555")
    put_emoji(ax, name, (14.3, -1.7), 0.5)
    ax.annotate("", (13.15, -1.7), (13.8, -1.7), arrowprops=line)
    title = "A picture takes the place of a word"
    if gradient:
        back, title = (
            line | {"color": BACK, "linestyle": (0, (3, 2))},
            "The gradient goes back through the frozen model",
        )
        ax.annotate("", (8.45, 2.2), (9.95, 2.2), arrowprops=back)
        ax.annotate("", (5.4, 0.43), (5.4, 1.47), arrowprops=back)
        bent = {"connectionstyle": "angle,angleA=90,angleB=180"}
        ax.annotate("", (8.25, -1.95), (5.4, -0.43), arrowprops=back | bent)
        ax.text(9.2, 2.3, "gradient", ha="center", va="bottom", fontsize=7, color=BACK)
    ax.set(xlim=(-1.1, 15), ylim=(-2.4, 2.6 + 0.3 * gradient))
    ax.set_aspect("equal")
    ax.set_title(title, fontsize=10)
    return figure


def draw_captions(places: Sequence[int], captions: Sequence[str], fits: Sequence[float], columns: int = 6) -> Figure:
    """Draw emoji, given by their places, each with its caption under it; one that fits is green and has a tick.

    Raises
    ------
    InputError
        If there is not a caption and a verdict for each picture.
    """
    import matplotlib.pyplot as plt

    if not len(places) == len(captions) == len(fits) > 0:
        raise InputError(f"Each picture needs a caption and a verdict: {len(places)}, {len(captions)}, {len(fits)}.")
    n_rows = -(-len(places) // columns)
    size = 0.95 * columns, 0.95 * n_rows
    figure, axes = plt.subplots(n_rows, columns, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for ax, place, text, right in zip(axes.flat, places, captions, fits, strict=False):
        ax.imshow(emoji_pictures()[place], interpolation="none")
        said = textwrap.fill(f"✓ {text}" if right else text or "(empty)", 14)
        style = {"color": RIGHT, "weight": "bold"} if right else {"color": "#222222"}
        ax.text(36, 76, said, ha="center", va="top", fontsize=8, linespacing=0.95, **style)
        ax.set_ylim(98, 0)  # room for the caption
    return figure


def draw_ways(pictures: Mapping[str, str], shares: Mapping[str, tuple[float, float, float]], chance: float) -> Figure:
    """Draw a share with its interval for each way to choose, some with a picture as an example.

    Parameters
    ----------
    pictures : mapping of str to str
        Some of the ways, and the name of the emoji that is drawn beside each.
    shares : mapping of str to (float, float, float)
        For each way its share and the ends of its interval.
    chance : float
        The share of whoever guesses: a dashed line.
    """
    import matplotlib.pyplot as plt
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    figure, ax = plt.subplots(figsize=(7.2, 2.6), layout="constrained")
    mean, low, high = np.array(list(shares.values())).T
    places = np.arange(len(shares))
    for way, name in pictures.items():
        image, middle = OffsetImage(emoji_pictures()[find_emoji(name)], zoom=0.3), (-0.25, list(shares).index(way))
        ax.add_artist(AnnotationBbox(image, middle, xycoords=ax.get_yaxis_transform(), frameon=False))
    ax.errorbar(mean, places, xerr=(mean - low, high - mean), fmt="o", color="#0072B2", capsize=3, markersize=5)
    ax.axvline(chance, color="#555555", linestyle="--", linewidth=1)
    ax.text(chance, -0.72, "chance", ha="center", va="bottom", fontsize=7.5, color="#555555")
    for place, share, end in zip(places, mean, high, strict=True):
        ax.text(end + 0.02, place, f"{share:.2f}", va="center", fontsize=8)
    ax.set(xlim=(0, 1.05), ylim=(len(shares) - 0.4, -0.75), yticks=places, xlabel="share first of twenty")
    ax.set_yticklabels(list(shares), fontsize=8)
    return figure


def draw_run_changes(
    changes: Mapping[str, Sequence[tuple[float, float, float]]], runs: Sequence[str], unit: str
) -> Figure:
    """Draw how some values changed in each of some runs, with intervals, around a line at 0.

    Parameters
    ----------
    changes : mapping of str to sequence of (float, float, float)
        For each value, named, the change in each run with the ends of its interval.
    runs : sequence of str
        The names of the runs.
    unit : str
        What the axis shows.

    Raises
    ------
    InputError
        If there is none, or a value has not a change for each run.
    """
    import matplotlib.pyplot as plt

    if not changes or not len(runs):
        raise InputError("There are no changes to draw: give those of at least one value and one run.")
    if any(len(each) != len(runs) for each in changes.values()):
        raise InputError(f"Each value needs a change for each of the {len(runs)} runs.")
    high = 1.2 + 0.24 * len(runs) * (len(changes) + 1)
    figure, ax = plt.subplots(figsize=(7.2, high), layout="constrained")
    ax.axvline(0, color="#555555", linestyle="--", linewidth=1)
    ticks, labels = [], []
    for number, run in enumerate(runs):
        top = number * (len(changes) + 1)  # a line for the run's name, then one for each value
        ax.text(-0.02, top, run, transform=ax.get_yaxis_transform(), ha="right", va="center", fontsize=8, weight="bold")
        for place, (label, each) in enumerate(changes.items()):
            mean, least, most = each[number]
            style = {"fmt": "so^"[place % 3], "color": f"C{place}", "capsize": 3, "markersize": 5}
            ax.errorbar([mean], [top + place + 1], xerr=[[mean - least], [most - mean]], **style)
            where, said = (most, top + place + 1), with_minus(f"{mean:+.2f}")
            text = ax.annotate(said, where, (5, 0), textcoords="offset points", va="center", fontsize=8)
            text.set_bbox({"fc": "white", "ec": "none", "pad": 0.3})  # the line at 0 goes through no number
            ticks.append(top + place + 1)
            labels.append(label)
    ax.set(ylim=(len(runs) * (len(changes) + 1) - 0.4, -0.6), yticks=ticks, xlabel=unit)
    ax.set_yticklabels(labels, fontsize=8)
    ax.margins(x=0.12)
    return figure
