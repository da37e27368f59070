"""Diagrams: boxes and arrows, attention as lines, vectors in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.figures import INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# What a box holds tells its colour: numbers that flow, weights that were learned, a step that computes.
KINDS = {"data": "#DCEBF7", "weights": "#FBE3CF", "step": "#E4F2EA", "plain": "#FFFFFF"}
EDGES = {"data": "#0072B2", "weights": "#D55E00", "step": "#009E73", "plain": "#999999"}
QUIET = "#666666"


def flow(
    ax: Axes,
    boxes: Mapping[str, tuple],
    arrows: Sequence[tuple],
    *,
    kinds: Mapping[str, str] | None = None,
    width: float = 1.5,
    height: float = 0.62,
) -> None:
    """Draw boxes, and arrows with the shapes of what they carry.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; one unit across is one unit up.
    boxes : mapping of str to tuple
        The name of a box and its middle ``(x, y)``, or ``(x, y, text)`` where the text differs from the name.
    arrows : sequence of tuple
        ``(from, to)``, ``(from, to, caption)`` or ``(from, to, caption, bend)``; the bend, such as 0.4, makes it a
        curve to the right of its way, a negative one to the left.
    kinds : mapping of str to str, optional
        ``"data"``, ``"weights"``, ``"step"`` or ``"plain"`` by the names of boxes: the colour. Data when left out.
    width, height : float
        The size of a box.

    Raises
    ------
    InputError
        If an arrow names a box that is not there.
    """
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    kinds, patches = kinds or {}, {}
    for name, (x, y, *text) in boxes.items():
        kind = kinds.get(name, "data")
        style = "round,pad=0,rounding_size=0.12"
        patch = FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=style, zorder=2)
        patch.set(facecolor=KINDS[kind], edgecolor=EDGES[kind], linewidth=1.2)
        patches[name] = ax.add_patch(patch)
        ax.text(x, y, *(text or [name]), ha="center", va="center", fontsize=9, color=INK, zorder=3)
    for start, end, *rest in arrows:
        if missing := {start, end} - set(boxes):
            raise InputError(f"There is no box {missing.pop()!r}; the boxes are {', '.join(boxes)}.")
        caption, bend = (*rest, *("", 0.0)[len(rest) :])
        ends = [np.array(boxes[name][:2], dtype=float) for name in (start, end)]
        clip = {"patchA": patches[start], "patchB": patches[end], "shrinkA": 2, "shrinkB": 2}
        arrow = FancyArrowPatch(*ends, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", **clip)
        arrow.set(mutation_scale=11, color="#555555", linewidth=1.1, zorder=1)
        ax.add_patch(arrow)
        if caption:
            _caption(ax, *ends, bend, caption)
    places = np.array([place[:2] for place in boxes.values()], dtype=float)
    low, high = places.min(axis=0), places.max(axis=0)
    ax.set(xlim=(low[0] - 0.6 * width, high[0] + 0.6 * width), ylim=(low[1] - 0.75 * height, high[1] + 0.75 * height))
    ax.set_aspect("equal")
    ax.set_axis_off()


def one_head(n_tokens: int, d_model: int, d_head: int) -> Figure:
    """Draw the way of the numbers through one head of attention, with their shapes.

    Parameters
    ----------
    n_tokens, d_model, d_head : int
        Rows and columns of the tokens, and the width of queries, keys and values.

    Returns
    -------
    matplotlib.figure.Figure
        For `plotting.show`.
    """
    import matplotlib.pyplot as plt

    into, inside, square = f"{n_tokens} × {d_model}", f"{n_tokens} × {d_head}", f"{n_tokens} × {n_tokens}"
    boxes = {"tokens": (0, 1.5), "W_q": (2.9, 3), "W_k": (2.9, 1.5), "W_v": (2.9, 0)}
    boxes |= {"scores": (7, 2.3, "score,\nscale"), "softmax": (9.8, 2.3), "mix": (9.8, 0), "output": (12.6, 0)}
    arrows = [("tokens", "W_q", into), ("tokens", "W_k", into), ("tokens", "W_v", into)]
    arrows += [("W_q", "scores", f"queries {inside}"), ("W_k", "scores", f"keys {inside}")]
    arrows += [("scores", "softmax", square), ("softmax", "mix", f"shares {square}")]
    arrows += [("W_v", "mix", f"values {inside}"), ("mix", "output", inside)]
    kinds = dict.fromkeys(["scores", "softmax", "mix"], "step") | dict.fromkeys(["W_q", "W_k", "W_v"], "weights")
    figure, ax = plt.subplots(figsize=(8.2, 2.6))
    flow(ax, boxes, arrows, kinds=kinds, height=0.8)
    ax.set_title("One head of attention: two steps, three learned matrices")
    return figure


def many_heads(n_tokens: int, d_model: int, n_heads: int) -> Figure:
    """Draw how tokens are cut into heads, attended and joined, with the shapes.

    Parameters
    ----------
    n_tokens, d_model, n_heads : int
        Rows and columns of the tokens, and into how many heads the columns are cut.

    Returns
    -------
    matplotlib.figure.Figure
        For `plotting.show`.
    """
    import matplotlib.pyplot as plt

    flat, cut = f"{n_tokens} × {d_model}", f"{n_heads} × {n_tokens} × {d_model // n_heads}"
    boxes = {"tokens": (0, 2), "W": (3.3, 2, "W_q, W_k,\nW_v"), "cut": (7, 2)}
    boxes |= {"attend": (10.6, 2, "each attends\nalone"), "join": (10.6, 0), "W_o": (7, 0), "output": (3.3, 0)}
    captions = [flat, f"{flat} each", cut, cut, flat, flat]
    arrows = list(zip(list(boxes)[:-1], list(boxes)[1:], captions, strict=True))
    kinds = dict.fromkeys(["cut", "attend", "join"], "step") | {"W": "weights", "W_o": "weights"}
    figure, ax = plt.subplots(figsize=(7.4, 2.0))
    flow(ax, boxes, arrows, kinds=kinds, width=2, height=0.95)
    ax.set_title(f"{n_heads} heads: the columns are cut, attended, joined")
    return figure


def shared_heads(n_heads: int, n_kv_heads: Mapping[str, int]) -> Figure:
    """Draw which query heads read which keys and values.

    Parameters
    ----------
    n_heads : int
        Query heads.
    n_kv_heads : mapping of str to int
        The name of each way, and its number of pairs of keys and values.

    Returns
    -------
    matplotlib.figure.Figure
        For `plotting.show`.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(n_kv_heads), figsize=(7.8, 1.7))
    for ax, (name, n_pairs) in zip(np.atleast_1d(axes), n_kv_heads.items(), strict=True):
        group = n_heads // n_pairs
        boxes = {f"q{i}": (i, 0, "q") for i in range(n_heads)}
        boxes |= {f"k{j}": (j * group + (group - 1) / 2, 2.4, "k v") for j in range(n_pairs)}
        kinds = {f"k{j}": "weights" for j in range(n_pairs)}
        flow(ax, boxes, [(f"q{i}", f"k{i // group}") for i in range(n_heads)], kinds=kinds, width=0.86, height=0.8)
        ax.set_title(f"{name}: {n_pairs} × k, v", fontsize=10, loc="center")
    return figure


def gpt(n_tokens: int, d_model: int, n_vocabulary: int, n_blocks: int) -> Figure:
    """Draw a small GPT from token ids to scores, with the shapes of what flows and the ways around each part.

    Parameters
    ----------
    n_tokens, d_model, n_vocabulary, n_blocks : int
        The sizes that stand on the arrows and in the title.

    Returns
    -------
    matplotlib.figure.Figure
        For `plotting.show`.
    """
    import matplotlib.pyplot as plt

    shape = f"{n_tokens} × {d_model}"
    boxes = {"ids": (0, 0), "embed": (3, 0), "norm": (6.6, 0), "attention": (9.2, 0), "+": (11.8, 0)}
    boxes |= {
        "norm 2": (14.4, 0, "norm"),
        "MLP": (17, 0),
        "+ 2": (19.6, 0, "+"),
        "head": (23.2, 0),
        "scores": (26.8, 0),
    }
    arrows = [("ids", "embed", f"{n_tokens}"), ("embed", "norm", shape), ("norm", "attention"), ("attention", "+")]
    arrows += [("+", "norm 2"), ("norm 2", "MLP"), ("MLP", "+ 2"), ("+ 2", "head", shape)]
    arrows += [("head", "scores", f"{n_tokens} × {n_vocabulary}")]
    arrows += [("embed", "+", "residual", -0.3), ("+", "+ 2", "residual", -0.33)]
    kinds = {"embed": "weights", "head": "weights"} | dict.fromkeys(["norm", "attention", "norm 2", "MLP"], "step")
    kinds |= {"+": "plain", "+ 2": "plain"}
    figure, ax = plt.subplots(figsize=(9.2, 1.7))
    flow(ax, boxes, arrows, kinds=kinds, width=1.8, height=1.0)
    ax.set(title=f"From ids to scores; from the first norm to the last +, {n_blocks} times", ylim=(-0.8, 2.4))
    return figure


def draw_attention(ax: Axes, tokens: Sequence[str], shares: Sequence[float], asker: int, *, digits: int = 2) -> None:
    """Draw one token looking at the others: the thicker a line, the more it takes from there.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about six tokens have room on 5.6 inches.
    tokens : sequence of str
        The tokens in their order, from left to right.
    shares : sequence of float
        The share that ``asker`` takes from each of them, with sum 1.
    asker : int
        The position of the token that looks.
    digits : int
        Decimals of the shares.
    """
    if len(tokens) != len(shares) or not 0 <= asker < len(tokens):
        raise InputError(f"{len(tokens)} tokens need {len(tokens)} shares and an asker from 0 to {len(tokens) - 1}.")
    from matplotlib.patches import FancyArrowPatch

    for place, (token, share) in enumerate(zip(tokens, shares, strict=True)):
        line = FancyArrowPatch((asker, 1), (place, 0.0), arrowstyle="-", shrinkA=11, shrinkB=11)
        line.set(linewidth=0.4 + 11 * share, color="#0072B2", alpha=0.25 + 0.6 * min(1.0, share), zorder=1)
        ax.add_patch(line)
        strong = "bold" if place == asker else "normal"
        ax.text(place, 0, token, ha="center", va="center", fontsize=11, weight=strong, color=INK, parse_math=False)
        ax.text(place, -0.17, f"{share:.{digits}f}", ha="center", va="center", fontsize=8.5, color=QUIET)
    ax.text(asker, 1, tokens[asker], ha="center", va="center", fontsize=11, weight="bold", color="#D55E00")
    ax.set(xlim=(-0.5, len(tokens) - 0.5), ylim=(-0.3, 1.15))
    ax.set_axis_off()


def plane(ax: Axes, vectors: Mapping[str, Sequence[float]], colours: Mapping[str, str] | None = None) -> None:
    """Draw vectors of two numbers as arrows from the origin, each with its name at the tip.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; both axes get the same scale.
    vectors : mapping of str to (x, y)
        Names and vectors.
    colours : mapping of str to str, optional
        Colours by name; the others are blue.
    """
    for name, (x, y) in vectors.items():
        colour = (colours or {}).get(name, "C0")
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x, y), (0, 0), arrowprops=style)
        length = np.hypot(x, y) or 1.0
        offset = (9 * x / length, 9 * y / length)
        across, up = "left" if x >= 0 else "right", "bottom" if y >= 0 else "top"
        style = {"textcoords": "offset points", "ha": across, "va": up, "color": colour, "parse_math": False}
        ax.annotate(name, (x, y), offset, **style)
    ends = np.array([*vectors.values(), (0, 0)], dtype=float)
    low, high = ends.min(axis=0), ends.max(axis=0)
    room = 0.18 * (high - low).max()
    ax.set(xlim=(low[0] - room, high[0] + 2 * room), ylim=(low[1] - room, high[1] + room), aspect="equal")
    ax.axhline(0, color="#dddddd", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#dddddd", linewidth=0.8, zorder=0)


def _caption(ax: Axes, start: np.ndarray, end: np.ndarray, bend: float, text: str) -> None:
    """Write along an arrow and above it, or to the right of a steep one, so that the text never hides it."""
    along = end - start if end[0] >= start[0] else start - end
    middle = (start + end) / 2 + bend / 2 * np.array([(end - start)[1], (start - end)[0]])
    above = 6.5 * np.array([-along[1], along[0]]) / np.hypot(*along)
    angle = np.degrees(np.arctan2(along[1], along[0]))
    style = {"ha": "center", "va": "center", "fontsize": 8, "color": QUIET, "rotation": angle, "parse_math": False}
    if abs(angle) > 60:
        style, above = {**style, "ha": "left", "rotation": 0}, (5, 0)
    ax.annotate(text, middle, above, textcoords="offset points", zorder=4, **style)
