"""Drawings about searches: three ways to compare a question with a text, and quality against time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import EDGES, KINDS
from course_utils.plotting.figures import INK, PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FONT = 7
STORED = "#FFF6D6"  # the ground of what can be computed before the question comes
VECTOR_HEIGHT = 2.6


def three_designs(n_question: int, n_text: int, width: int) -> Figure:
    """Draw a bi-encoder, late interaction and a cross-encoder, token by token and vector by vector.

    Parameters
    ----------
    n_question, n_text : int
        Tokens of the question and of the text, without the marks [CLS] and [SEP].
    width : int
        The length of a token's vector.

    Raises
    ------
    InputError
        If one of them is no whole number from 1.
    """
    import matplotlib.pyplot as plt

    for name, number in {"n_question": n_question, "n_text": n_text, "width": width}.items():
        check_whole(name, number, least=1)
    figure, panels = plt.subplots(1, 3, figsize=(8, 3), layout="constrained")
    sides = {"question": (0, n_question), "text": (n_question + 4, n_text)}  # left end, tokens
    joined, middle = n_question + n_text + 3, (n_question + n_text + 6) / 2
    for ax, late in zip(panels, (False, True), strict=False):
        left, n = sides["text"]
        ground = {"facecolor": STORED, "edgecolor": "none", "zorder": 0}
        ax.add_patch(plt.Rectangle((left - 1, -2), n + 4, 10.8 if late else 15.2, **ground))
        for name, (start, n) in sides.items():
            centre, kept = start + (n + 2) / 2, n if late else n + 2
            _tower(ax, start, n + 2, name, f"{kept} × {width}")
            _vectors(ax, centre - kept / 2, kept, 5.8)
            if not late:
                _arrow(ax, centre, 8.6, 9.9)
                _vectors(ax, centre - 0.5, 1, 10.1)
                ax.text(centre + 1, 11.4, f"mean\n{width}", va="center", fontsize=FONT, color=PALE_INK)
            _arrow(ax, centre, 8.6 if late else 12.9, 15, to=middle)
        _end(ax, middle, "MaxSim: best matches, sum" if late else "dot product", "step")
    start = middle - joined / 2
    _tower(panels[2], start, joined, "question and text", f"{joined} × {width}")
    _vectors(panels[2], start, joined, 5.8, only=0)
    panels[2].text(start + 4.5, 9.9, f"{width}, of [CLS]", fontsize=FONT, color=PALE_INK, va="center")
    _arrow(panels[2], start + 0.5, 8.6, 15, to=middle)
    _end(panels[2], middle, "linear layer", "weights")
    stored = (f"stored: {width} numbers a text", f"stored: {n_text} × {width} numbers a text", "nothing to store")
    for ax, name, what in zip(panels, ("Bi-encoder", "Late interaction", "Cross-encoder"), stored, strict=True):
        ax.set_title(name, loc="center")
        ax.text(middle, -3.2, what, ha="center", va="center", fontsize=FONT, color=INK)
        ax.set(xlim=(-1.5, 2 * middle + 1.5), ylim=(-3.9, 20.6))
        ax.set_axis_off()
    return figure


def quality_and_time(points: Mapping[str, tuple[float, float]], stored: Mapping[str, float]) -> Figure:
    """Draw methods by their time and their MRR@10, joined to a hollow point where stored vectors make them quicker.

    Parameters
    ----------
    points : mapping of str to (float, float)
        Milliseconds and MRR@10 of each method. What begins with BM25 or dense gets the colour of that search.
    stored : mapping of str to float
        Milliseconds of some of them with stored vectors.

    Raises
    ------
    InputError
        If there is no method, or one of ``stored`` is not among ``points``.
    """
    import matplotlib.pyplot as plt

    if not points or (strangers := set(stored) - set(points)):
        raise InputError(f"Each method needs a time and an MRR@10: {strangers.pop() if points else 'there is none'}.")
    figure, ax = plt.subplots(figsize=(5.6, 3.2))
    for name, (time, quality) in points.items():
        colour = {"BM25": "C0", "dense": "C1"}.get(name.split(" ")[0], "0.3")
        if name in stored:
            ax.plot([stored[name], time], [quality] * 2, "o:", color=colour, mfc="w")
        ax.plot(time, quality, "o", color=colour)
        above = time > 100 and name not in stored  # its place may be on another method's line
        style = {"ha": "right" if above else "left", "textcoords": "offset points", "fontsize": 9}
        ax.annotate(name, (time, quality), (4, 7) if above else (8, -4 if name in stored else -11), **style)
    ax.set(xlabel="processor time for one question (ms)", ylabel="MRR@10", xscale="log")
    ax.margins(0.1)
    ax.set_xlim(right=40 * max(time for time, _ in points.values()))  # room for names
    ax.xaxis.set_major_formatter("{x:g}")
    return figure


def _end(ax: Axes, x: float, step: str, kind: str) -> None:
    """Draw the last step of a design, and the score that comes out of it."""
    _box(ax, x, 16, 20, step, kind)
    _arrow(ax, x, 17, 18.4)
    _box(ax, x, 19.4, 8, "score: 1", "data")


def _tower(ax: Axes, start: float, n: int, caption: str, shape: str) -> None:
    """Draw ``n`` tokens as squares, the encoder that reads them all, and the shape of what comes out."""
    from matplotlib.patches import Rectangle

    for place in range(n):
        style = {"facecolor": KINDS["data"], "edgecolor": EDGES["data"], "linewidth": 0.7}
        ax.add_patch(Rectangle((start + place + 0.1, 0), 0.8, 0.9, **style))
    ax.text(start + n / 2, -1.1, caption, ha="center", va="center", fontsize=FONT, color=INK)
    _arrow(ax, start + n / 2, 1.0, 2.2)
    _box(ax, start + n / 2, 3.1, n, "encoder", "weights")
    _arrow(ax, start + n / 2, 4.1, 5.6)
    ax.text(start + n / 2 + 0.7, 4.75, shape, va="center", fontsize=FONT, color=PALE_INK)


def _vectors(ax: Axes, start: float, n: int, bottom: float, only: int | None = None) -> None:
    """Draw ``n`` vectors as columns side by side; with ``only``, the others are pale."""
    from matplotlib.patches import Rectangle

    for place in range(n):
        style = {"facecolor": KINDS["data"], "edgecolor": EDGES["data"], "linewidth": 0.7}
        if only not in (None, place):
            style |= {"facecolor": "#FFFFFF", "edgecolor": "#CCCCCC"}
        ax.add_patch(Rectangle((start + place + 0.15, bottom), 0.7, VECTOR_HEIGHT, **style))


def _box(ax: Axes, x: float, y: float, width: float, text: str, kind: str) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch((x - width / 2, y - 0.9), width, 1.8, boxstyle="round,pad=0,rounding_size=0.3")
    shape.set(facecolor=KINDS[kind], edgecolor=EDGES[kind], linewidth=1.2)
    ax.add_patch(shape)
    ax.text(x, y, text, ha="center", va="center", fontsize=FONT, color=INK)


def _arrow(ax: Axes, x: float, bottom: float, top: float, to: float | None = None) -> None:
    style = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9}
    ax.annotate("", (x if to is None else to, top), (x, bottom), arrowprops=style)
