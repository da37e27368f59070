"""Drawings of how vectors learn: the window of word2vec as it slides, and partners that come nearer to each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import flow

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7"]  # of the pairs


def window_frames(line: Sequence[str], negatives: Sequence[str]) -> list[tuple[Figure, str]]:
    """Draw what word2vec asks of each middle word of a line, for `player`: its neighbours have target 1, a negative 0.

    Parameters
    ----------
    line : sequence of str
        The words of a text; the window takes one neighbour on each side.
    negatives : sequence of str
        The random word of each step; the first step has the second word in the middle.

    Returns
    -------
    list of (Figure, str)
        A picture for each negative, and its sentence.

    Raises
    ------
    InputError
        If there are more negatives than words with a neighbour on both sides.

    Examples
    --------
    >>> [said for _, said in window_frames(["the", "cat", "sits"], ["dog"])]
    ['Targets of cat: 1 with the, 1 with sits, 0 with the random dog.']
    """
    import matplotlib.pyplot as plt

    if len(negatives) > len(line) - 2:
        raise InputError(f"{len(line)} words have {max(len(line) - 2, 0)} middles, and not {len(negatives)}.")
    frames = []
    for middle, drawn in enumerate(negatives, 1):
        before, word, after = line[middle - 1 : middle + 2]
        boxes = {place: (0, -1.7 * place, text) for place, text in enumerate(line)}
        boxes |= {"drawn": (0, -1.7 * len(line) - 0.5, drawn), "in": (12, 0.6, "input table")}
        boxes |= {"out": (12, -4.5, "output table"), "dot": (19, -1.95, "dot, sigmoid")}
        targets = [(before, 1, 0), (after, 1, -1.95), (drawn, 0, -3.9)]
        boxes |= {f"target {y}": (26, y, f"{text}: {target}") for text, target, y in targets}
        arrows = [(middle, "in"), ("in", "dot"), ("out", "dot"), ("drawn", "out")]
        arrows += [(middle - 1, "out"), (middle + 1, "out"), *(("dot", f"target {y}") for *_, y in targets)]
        kinds = dict.fromkeys(boxes, "plain") | {"in": "weights", "out": "weights", "dot": "step", middle: "data"}
        figure, ax = plt.subplots(figsize=(6.8, 3))
        flow(ax, boxes, arrows, kinds=kinds, width=4.4, height=1.1, fontsize=8)
        said = f"Targets of {word}: 1 with {before}, 1 with {after}, 0 with the random {drawn}."
        frames.append((figure, said))
    return frames


def pair_frames(steps: Sequence[tuple[np.ndarray, np.ndarray, str]], names: Sequence[str]) -> list[tuple[Figure, str]]:
    """Draw pairs of unit vectors at each step of a training, for `player`: the left ones as arrows, the right as dots.

    Parameters
    ----------
    steps : sequence of (left, right, sentence)
        Two arrays of shape ``(n_pairs, 2)``, with at most four pairs, and what is said below the picture.
    names : sequence of str, length n_pairs
        Written at the arrows; their first letters stand in the dots.

    Raises
    ------
    InputError
        If an array has not one row of two numbers for each name, or there are more than four.
    """
    import matplotlib.pyplot as plt

    if len(names) > len(COLOURS):
        raise InputError(f"At most {len(COLOURS)} pairs can be told apart, and these are {len(names)}: draw fewer.")
    frames, shape = [], (len(names), 2)
    for left, right, said in steps:
        if not np.shape(left) == np.shape(right) == shape:
            raise InputError(f"The arrays have shape {shape}, and these have {np.shape(left)} and {np.shape(right)}.")
        figure, ax = plt.subplots(figsize=(2.7, 2.7), layout="constrained")
        ax.add_patch(plt.Circle((0, 0), 1, fill=False, color="#CCCCCC"))
        for name, arrow, dot, colour in zip(names, left, right, COLOURS, strict=False):
            ax.annotate("", arrow, (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 2})
            ax.plot(*dot, "o", color=colour, ms=12)
            ax.text(*dot, name[0], color="white", size=8, ha="center", va="center_baseline")
            ax.annotate(name, 1.42 * arrow, color=colour, ha="center", va="center")
        ax.set(xlim=(-1.8, 1.8), ylim=(-1.6, 1.6), aspect="equal")
        ax.set_axis_off()
        frames.append((figure, said))
    return frames
