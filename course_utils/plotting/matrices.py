"""Matrices as pictures: coloured squares with numbers, alone, in an equation, or one for each head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.figures import INK, PALE_INK, with_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MASKED = "#DDDDDD"
MOST_NUMBERS = 150  # cells of a grid that still have room for their numbers


def matrix(
    ax: Axes,
    values: np.ndarray,
    *,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    title: str = "",
    mask: np.ndarray | None = None,
    digits: int = 2,
    numbers: bool | None = None,
    limits: tuple[float, float] | None = None,
    frame: int | None = None,
) -> None:
    """Draw a matrix as a grid of coloured cells with numbers in them.

    Parameters
    ----------
    values : ndarray, shape (n_rows, n_columns)
        Positive numbers are blue, negative ones orange, infinite ones grey.
    rows, columns : sequence of str, optional
        Labels at the left and above, such as tokens.
    mask : ndarray of bool, shape (n_rows, n_columns), optional
        True for the cells that count, as in `attention.causal_mask`; the others are grey.
    digits, numbers : int, bool, optional
        Decimals of the numbers, and whether to write them; if left out, where there is room.
    limits : tuple of float, optional
        The values of the palest and the strongest colour; if left out, the least and the greatest.
    frame : int, optional
        A row to put a frame around.

    Raises
    ------
    InputError
        If shapes or labels do not fit.
    """
    values = np.asarray(values, dtype=float)
    _check(values, rows, columns, mask)
    hidden = ~np.isfinite(values) if mask is None else ~mask | ~np.isfinite(values)
    colours, low, high = _scale(values[~hidden], limits)
    ax.imshow(np.where(hidden, np.nan, values), cmap=colours, vmin=low, vmax=high)
    for row, column in zip(*np.nonzero(hidden), strict=True):
        _cell(ax, row, column, facecolor=MASKED, linewidth=0)
    if numbers or (numbers is None and values.size <= MOST_NUMBERS):
        for row, column in zip(*np.nonzero(~hidden), strict=True):
            value = values[row, column]
            dark = max(abs(low), abs(high)) > 0 and abs(value - max(low, 0)) > 0.6 * (high - max(low, 0))
            text = with_minus(f"{value:.{digits}f}")
            ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color="white" if dark else INK)
    if values.size <= MOST_NUMBERS:  # white lines between the cells
        ax.set_xticks(np.arange(values.shape[1] - 1) + 0.5, minor=True)
        ax.set_yticks(np.arange(values.shape[0] - 1) + 0.5, minor=True)
        ax.grid(which="minor", color="white", linewidth=1.2)
    if frame is not None:
        ax.add_patch(_rectangle(-0.5, frame - 0.5, values.shape[1], 1, fill=False, edgecolor="#D55E00", linewidth=2))
    _label(ax, values, rows, columns, title)


def equation(parts: Sequence[Mapping | str], *, title: str = "", cell: float = 0.44) -> Figure:
    """Draw matrices side by side with cells of one size, each with its shape below, and the operations between them.

    Parameters
    ----------
    parts : sequence of (mapping or str)
        A mapping holds the arguments of `matrix`: ``values``, ``title`` and so on. A text of one character is an
        operator, such as ``"@"`` or ``"="``; a longer one is written on an arrow, its second line below.
    cell : float
        The side of a cell in inches.
    """
    import matplotlib.pyplot as plt

    gap, left = 0.5, 0.0
    tallest = max(np.shape(part["values"])[0] for part in parts if not isinstance(part, str)) * cell
    figure = plt.figure(figsize=(1, 1))
    pieces = []
    for part in parts:
        if isinstance(part, str):
            width = gap if len(part) == 1 else 0.14 + 0.085 * max(map(len, part.split("\n")))
            pieces.append((left, width, 0.5, part))
        else:
            labels = max((len(label) for label in part.get("rows") or [""]), default=0) * 0.085
            left += labels
            n_rows, n_columns = np.shape(part["values"])
            width = n_columns * cell
            pieces.append((left, width, n_rows * cell, part))
        left += width + 0.12
    figure.set_size_inches(left, tallest)
    for start, width, height, part in pieces:
        ax = figure.add_axes((start / left, (1 - height / tallest) / 2, width / left, height / tallest))
        if isinstance(part, str):
            _between(ax, part)
        else:
            matrix(ax, **{**part, "title": ""})
            ax.set_title(part.get("title", ""), fontsize=10, weight="normal", loc="center", pad=6)
            n_rows, n_columns = np.shape(part["values"])
            ax.set_xlabel(f"{n_rows} × {n_columns}", fontsize=8.5, color=PALE_INK)
    above = max(ax.get_tightbbox().y1 for ax in figure.axes) / figure.bbox.height
    _headline(figure, title, above + 0.12 / tallest)
    return figure


def draw_heads(
    weights: np.ndarray,
    tokens: Sequence[str],
    titles: Sequence[str] | None = None,
    *,
    title: str = "",
    per_row: int = 4,
    side: float = 1.9,
) -> Figure:
    """Draw the attention weights of several heads as grids side by side: queries down, keys across.

    Parameters
    ----------
    weights : ndarray, shape (n_heads, n_tokens, n_tokens)
        Each row sums to 1. All heads have the same colours, from 0 to 1.
    tokens : sequence of str
        Labels of rows and columns.
    titles : sequence of str, optional
        One for each head; ``"head 0"`` and so on if left out.
    per_row, side : int, float
        Grids in a row, and the side of one in inches.
    """
    import matplotlib.pyplot as plt

    weights = np.asarray(weights)
    if weights.ndim != 3 or weights.shape[1:] != (len(tokens), len(tokens)):
        raise InputError(f"weights must be (n_heads, {len(tokens)}, {len(tokens)}) here, and they are {weights.shape}.")
    names = titles or [f"head {number}" for number in range(len(weights))]
    n_lines = -(-len(weights) // per_row)
    n_beside = min(per_row, len(weights))
    size = (n_beside * side + 0.6, n_lines * (side + 0.25) + 0.45)
    figure, axes = plt.subplots(n_lines, n_beside, figsize=size, squeeze=False, layout="constrained")
    for number, ax in enumerate(axes.flat):
        if number >= len(weights):
            ax.set_axis_off()
            continue
        seen = np.tri(len(tokens), dtype=bool) if not np.triu(weights[number], 1).any() else None
        matrix(ax, weights[number], mask=seen, limits=(0, 1), numbers=len(tokens) <= 4)
        ax.set_title(names[number], fontsize=9, weight="normal", loc="center", pad=4)
        places = range(len(tokens))
        if number % n_beside == 0:
            ax.set_yticks(places, tokens, fontsize=7.5, parse_math=False)
        if number + n_beside >= len(weights):
            ax.set_xticks(places, tokens, rotation=90, fontsize=7.5, parse_math=False)
            ax.tick_params(labelbottom=True, labeltop=False)
    _headline(figure, title, 1.0)
    return figure


def attention_step(
    words: Sequence[str],
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    weights: np.ndarray,
    step: int,
    rows: Sequence[int],
) -> Figure:
    """Draw the arrays of attention without a mask, as far as they are computed; what is not computed yet is grey.

    Numbers that round to 0.00 are left empty. Unless all words are drawn, a frame marks what
    the last of ``rows`` uses at this step: at step 1 its query, with a line to each key, at step 4 its weights, with a
    line from each value to its output, thicker for a larger weight.

    Parameters
    ----------
    words : sequence of str
        One for each row.
    q, k, v : ndarrays, shape (n_tokens, d)
        Queries, keys and values, each in its colour.
    weights : ndarray, shape (n_tokens, n_tokens)
        The attention weights, the softmax of the scaled scores.
    step : int
        1 after the scores, 2 after the scale, 3 after the softmax, 4 after the mixture (else InputError).
    rows : sequence of int
        The words for which it is done.
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import KINDS

    if step not in (1, 2, 3, 4):
        raise InputError(f"The steps are 1 to 4 (score, scale, softmax, mix), and {step} is none of them.")
    n, scores = len(words), q @ k.T
    second = (f"scores ÷ √{q.shape[1]}", scores / np.sqrt(q.shape[1])) if step > 1 else ("scores", scores)
    panels = [("queries", q, 0, "query"), ("keys", k, 0, "key"), (*second, 1, "step")]
    panels += [("weights", weights, 3, "step"), ("values", v, 0, "value"), ("output", weights @ v, 4, "step")]
    figure, ax = plt.subplots(figsize=(8.2, 2.7), layout="constrained")
    left, places = 0.0, []
    for name, values, since, kind in panels:
        known = range(n) if since == 0 else rows if step >= since else []
        width, square = values.shape[1], since in (1, 3)
        places.append((left, left + width))
        ax.text(left + width / 2, -0.95 if square else -0.3, name, ha="center", fontsize=10, color=INK)
        for column, word in enumerate(words if square and len(known) else []):
            ax.text(left + column + 0.5, -0.2, word, ha="center", fontsize=6.5, color=PALE_INK, parse_math=False)
        blocks = (
            [(0, n, KINDS[kind])] if len(known) == n else [(0, n, MASKED), *((row, 1, KINDS[kind]) for row in known)]
        )
        for top, height, colour in blocks:
            ax.add_patch(_rectangle(left, top, width, height, facecolor=colour, clip_on=False))
        for row in known:
            for column in np.flatnonzero(abs(values[row]) >= 0.005):
                number = f"{values[row, column]:.2f}"
                number = number.removesuffix(".00") if since <= 1 else number
                ax.text(left + column + 0.5, row + 0.68, number, ha="center", fontsize=7, color=INK)
        left += width + (1.6 if name in ("queries", "values") else 0.7)
    if len(rows) < n:
        _link_used(ax, places, step, rows[-1], weights[rows[-1]])
    ax.set(xlim=(-0.1, places[-1][1] + 0.1), ylim=(n + 0.1, -1.6), xticks=[])
    ax.set_yticks(np.arange(n) + 0.5, words, parse_math=False)
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    ax.patch.set_visible(False)
    return figure


def _link_used(ax: Axes, places: Sequence[tuple[float, float]], step: int, row: int, weights: np.ndarray) -> None:
    """Frame what a row uses at a step of `attention_step`, and join it to what comes out of it."""
    from course_utils.plotting.diagrams import EDGES

    n = len(weights)
    queries, keys, scores, shares, values, outputs = range(6)
    framed = {
        1: [(queries, row, 1, "query"), (keys, 0, n, "key"), (scores, row, 1, "step")],
        2: [(scores, row, 1, "step")],
        3: [(scores, row, 1, "step"), (shares, row, 1, "step")],
        4: [(shares, row, 1, "step"), (values, 0, n, "value"), (outputs, row, 1, "step")],
    }
    for panel, top, height, kind in framed[step]:
        start, end = places[panel]
        style = {"fill": False, "edgecolor": EDGES[kind], "linewidth": 1.5, "zorder": 3, "clip_on": False}
        ax.add_patch(_rectangle(start, top, end - start, height, **style))
    middle = row + 0.5
    line = {"color": "#555555", "zorder": 2, "clip_on": False, "solid_capstyle": "butt"}
    for each in range(n) if step in (1, 4) else []:
        before, after = (queries, keys) if step == 1 else (values, outputs)
        heights = [middle, each + 0.5] if step == 1 else [each + 0.5, middle]
        width = 0.8 if step == 1 else 0.4 + 4 * weights[each]
        ax.plot([places[before][1], places[after][0]], heights, linewidth=width, **line)
    if step == 3:
        ax.plot([places[scores][1], places[shares][0]], [middle, middle], linewidth=1.2, **line)


def _check(values: np.ndarray, rows: Sequence | None, columns: Sequence | None, mask: np.ndarray | None) -> None:
    if values.ndim != 2 or 0 in values.shape:
        raise InputError(f"A matrix has rows and columns, and this has the shape {values.shape}: pick one head, say.")
    for labels, n, name in ((rows, values.shape[0], "rows"), (columns, values.shape[1], "columns")):
        if labels is not None and len(labels) != n:
            raise InputError(f"The matrix has {n} {name} and there are {len(labels)} labels for them.")
    if mask is not None and np.shape(mask) != values.shape:
        raise InputError(f"The mask has the shape {np.shape(mask)} and the matrix {values.shape}.")


def _scale(shown: np.ndarray, limits: tuple[float, float] | None) -> tuple[object, float, float]:
    """Return a colour map and the values of its two ends: white is zero or the least."""
    from matplotlib.colors import LinearSegmentedColormap

    low, high = limits or (min(0.0, shown.min(initial=0.0)), max(0.0, shown.max(initial=0.0)))
    if low < 0:
        high = max(high, -low)
        return LinearSegmentedColormap.from_list("signed", ["#D55E00", "#FFFFFF", "#0072B2"]), -high, high
    return LinearSegmentedColormap.from_list("positive", ["#FFFFFF", "#0072B2"]), low, high or 1.0


def _label(ax: Axes, values: np.ndarray, rows: Sequence | None, columns: Sequence | None, title: str) -> None:
    across = range(values.shape[1]) if columns is not None else []
    slanted = columns is not None and max(map(len, columns), default=0) > 4
    ax.set_xticks(across, columns if columns is not None else [], rotation=45 if slanted else 0, parse_math=False)
    for text in ax.get_xticklabels() if slanted else []:
        text.set(ha="left", rotation_mode="anchor")
    ax.set_yticks(
        range(values.shape[0]) if rows is not None else [], rows if rows is not None else [], parse_math=False
    )
    ax.tick_params(which="both", length=0, labeltop=True, labelbottom=False, labelsize=9, labelcolor=INK, pad=3)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if title:
        ax.set_title(title)


def _headline(figure: Figure, title: str, y: float) -> None:
    if title:
        figure.text(0.0, y, title, ha="left", va="bottom", weight="bold", fontsize=11)


def _between(ax: Axes, text: str) -> None:
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    if len(text) == 1:
        ax.text(0.5, 0.5, text, ha="center", va="center", fontsize=13, color=INK)
        return
    ax.annotate("", (1, 0.5), (0, 0.5), arrowprops={"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.2})
    above, _, below = text.partition("\n")
    ax.text(0.46, 0.64, above, ha="center", va="bottom", fontsize=8.5, color=INK)
    ax.text(0.46, 0.36, below, ha="center", va="top", fontsize=8.5, color=PALE_INK)


def _cell(ax: Axes, row: int, column: int, **style: object) -> None:
    ax.add_patch(_rectangle(column - 0.5, row - 0.5, 1, 1, **style))


def _rectangle(x: float, y: float, width: float, height: float, **style: object) -> object:
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, **style)
