"""Drawings about searches: their steps, three ways to compare a question with a text, and quality against time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import EDGES, KINDS, flow
from course_utils.plotting.figures import INK, MARKS, PALE_INK

if TYPE_CHECKING:
    import numpy as np
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
        style = {"ha": "center" if above else "left", "textcoords": "offset points", "fontsize": 9}
        ax.annotate(name, (time, quality), (0, -14) if above else (8, -4 if name in stored else -11), **style)
    ax.set(xlabel="processor time for one question (ms)", ylabel="MRR@10", xscale="log")
    ax.margins(0.1)
    ax.set_xlim(right=40 * max(time for time, _ in points.values()))  # room for names
    ax.xaxis.set_major_formatter("{x:g}")
    return figure


def dense_retrieval(n_texts: int, width: int) -> Figure:
    """Draw how articles become vectors once, how a question becomes one, and how dot products rank the articles.

    Parameters
    ----------
    n_texts, width : int
        How many vectors there are, and how long each is.

    Raises
    ------
    InputError
        If one of them is no whole number from 1.
    """
    import matplotlib.pyplot as plt

    n_texts, width = check_whole("n_texts", n_texts, least=1), check_whole("width", width, least=1)
    boxes = {"articles": (0, 1.3), "encoder": (2.6, 1.3), "vectors": (5.2, 1.3, "their vectors")}
    boxes |= {"question": (0, 0), "same": (2.6, 0, "same encoder"), "vector": (5.2, 0, "its vector")}
    boxes |= {"scores": (8.4, 0.65, "dot products"), "hits": (11.4, 0.65, "best articles")}
    arrows = [("articles", "encoder"), ("encoder", "vectors"), ("question", "same"), ("same", "vector")]
    arrows += [("vectors", "scores", f"{n_texts} × {width}"), ("vector", "scores", f"{width}")]
    arrows += [("scores", "hits", f"{n_texts}")]
    figure, ax = plt.subplots(figsize=(6.8, 1.45), layout="constrained")
    flow(ax, boxes, arrows, kinds={"encoder": "weights", "same": "weights", "scores": "step"}, width=1.85, fontsize=8)
    return figure


def quantized(vector: np.ndarray, typical: np.ndarray, numbers: Sequence[int]) -> Figure:
    """Draw a vector cut into parts, below each the typical part that is nearest to it, and the number of that.

    Both vectors have the same length, a multiple of how many ``numbers`` there are (InputError).
    """
    import matplotlib.pyplot as plt

    if len(vector) != len(typical) or not len(numbers) or len(vector) % len(numbers):
        raise InputError(f"{len(vector)} and {len(typical)} numbers cannot be cut into {len(numbers)} equal parts.")
    size = len(vector) // len(numbers)
    figure, axes = plt.subplots(2, len(numbers), figsize=(6.4, 1.25), layout="constrained", squeeze=False)
    for row, (name, values) in enumerate({"vector": vector, "typical": typical}.items()):
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center")
        for part, ax in enumerate(axes[row]):
            piece = values[None, part * size : (part + 1) * size]
            ax.imshow(piece, cmap="RdBu", vmin=-0.4, vmax=0.4, aspect="auto")
            ax.set(xticks=[], yticks=[])
    for ax, number in zip(axes[1], numbers, strict=True):
        ax.set_xlabel(f"no. {number}")
    figure.suptitle(f"{len(vector)} numbers become {len(numbers)}", weight="bold", size=10)
    return figure


def trade_offs(
    curves: Mapping[str, Sequence[tuple[float, float, float]]], built_in: Mapping[str, float], exact: float
) -> Figure:
    """Draw the recall of some indexes, on the left over the share of the vectors compared, on the right over time.

    Parameters
    ----------
    curves : mapping of str to sequence of (float, float, float)
        For each setting of an index the share compared, the recall, and the milliseconds of a query.
    built_in : mapping of str to float
        How many seconds each index took to build.
    exact : float
        The milliseconds of the exact search, which compares all and finds all.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(6.2, 2.5), sharey=True, layout="constrained")
    for (name, curve), mark in zip(curves.items(), MARKS, strict=False):
        shares, recalls, times = zip(*curve, strict=True)
        axes[0].plot([100 * share for share in shares], recalls, marker=mark)
        axes[1].plot(times, recalls, marker=mark, label=f"{name}, built in {built_in[name]:.1f} s")
    axes[0].plot(100, 1, "k*", ms=11)
    axes[1].plot(exact, 1, "k*", ms=11, label="exact (faiss)")
    axes[0].set(xlabel="vectors compared (%)", ylabel="recall of the ten nearest", title="The graph compares far less")
    axes[1].set(xlabel="time for one query (ms)", title="In time they lie closer")
    for ax, ticks in zip(axes, ((1, 3, 10, 30, 100), (0.01, 0.03, 0.1, 0.3, 1)), strict=True):
        ax.set_xscale("log")
        ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        ax.minorticks_off()
    axes[1].legend(loc="lower right", fontsize=8)
    return figure


def growth(sizes: Sequence[int], times: Mapping[str, Sequence[float]]) -> Figure:
    """Draw the milliseconds of a query over the number of vectors; the legend says by what factor they grow."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 2.4))
    for (name, row), mark in zip(times.items(), MARKS, strict=False):
        ax.plot(sizes, row, f"{mark}-", label=f"{name}: {row[-1] / row[0]:.0f} times as long")
    ax.set(xscale="log", yscale="log", xlabel="number of vectors", ylabel="time for one query (ms)")
    ax.set_xticks(sizes, [f"{size:,}" for size in sizes])
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_title("The gap grows with the number of vectors")
    ax.legend(loc="upper center", bbox_to_anchor=(0.45, -0.22), fontsize=8)
    return figure


def rows_of_scores(rows: Mapping[str, Sequence[float]], line: float) -> Figure:
    """Draw scores as dots, a named row for each group, and a dashed line at a threshold."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5.4, 2.2))
    colours = {"private question": "0.4", "doubtful": "0.6", "hit answers": "C0"}
    for height, (name, scores) in enumerate(rows.items()):
        ax.plot(scores, [height] * len(scores), "o", ms=6, alpha=0.55, mew=0, color=colours.get(name, "C1"))
    ax.axvline(line, color="0.4", ls="--", lw=1.2)
    ax.set(yticks=range(len(rows)), yticklabels=rows, ylim=(-0.6, len(rows) - 0.4), xlabel="score of the best hit")
    ax.set_title("Covered subjects pass, answered or not")
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


def pieces_read(words: Sequence[str], ways: Mapping[str, tuple[int, int]]) -> Figure:
    """Draw how a text is cut: a bar for each whole piece, coloured as far as the encoder reads it.

    Parameters
    ----------
    words : sequence of str
        The text.
    ways : mapping of str to (int, int)
        For each way to cut, from the top, a piece's words, and how far it is from one piece to the next. Pieces that
        overlap lie in two lines.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6, 0.55 * len(ways) + 0.7), layout="constrained")
    outline = {"edgecolor": EDGES["data"], "lw": 0.8}
    for row, (size, step) in enumerate(ways.values()):
        for number, start in enumerate(range(0, len(words) - size + 1, step)):
            low = row + (0.22 if number % 2 else -0.22) * (step < size)
            share = _share_read(" ".join(words[start : start + size]))
            ax.barh(low, size, 0.36, left=start, facecolor="white", **outline)
            ax.barh(low, size * share, 0.36, left=start, facecolor="#9CC7E4", **outline)
    ax.set(yticks=range(len(ways)), yticklabels=ways, xlabel="word", ylim=(len(ways) - 0.4, -0.6))
    ax.set_title("Of a long piece only the beginning is read")
    return figure


def _share_read(text: str) -> float:
    from course_utils.embeddings import encoder_tokens

    return min(1.0, len(" ".join(encoder_tokens(text)).replace(" ##", "")) / len(text))
