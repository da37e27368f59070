"""Charts that are drawn more than once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

GREY = "#b8b8b8"  # bars and points that are not brought forward
INK = "#222222"  # words
PALE_INK = "#666666"  # captions, shapes and numbers
MARKS, DASHES = "os^Dv", ("-", "--", ":", "-.")  # tell curves apart where colours are not seen


def bar_chart(
    ax: Axes, values: Mapping[str, float], *, unit: str, digits: int = 0, highlight: str | None = None
) -> None:
    """Draw horizontal bars, the first on top, with each value at its end.

    Parameters
    ----------
    values : mapping of str to float
        Lengths by label.
    unit : str
        What is measured; the label of the axis.
    highlight : str, optional
        The label of the one bar that is not grey.
    """
    labels = list(values)
    colours = ["C0" if highlight in (None, label) else GREY for label in labels]
    bars = ax.barh(range(len(labels)), list(values.values()), color=colours, height=0.72)
    ax.bar_label(bars, fmt=f"%.{digits}f", padding=3, fontsize=8.5, color="#555555")
    ax.set(yticks=range(len(labels)), xlabel=unit)
    ax.set_yticklabels(labels, color=INK, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(left=False)


def with_minus(number: str) -> str:
    r"""Write a formatted number with the sign for minus, as Matplotlib's axes do, in place of a hyphen.

    Examples
    --------
    >>> with_minus(f"{-0.5:+.2f}") == "\u22120.50"
    True
    """
    return number.replace("-", "\u2212")


def interval_bars(
    ax: Axes,
    rows: Sequence[str],
    series: Mapping[str, Sequence[tuple[float, float, float]]],
    of: int,
    colours: Sequence[str | Sequence[str]],
) -> None:
    """Draw counts as horizontal bars in percent of ``of``, each with its interval as a line and the count behind it.

    Parameters
    ----------
    series : mapping of str to sequence of (count, low, high)
        One for each row; several series are drawn beside each other, the first on top.
    colours : sequence of str, or of sequences of str
        One for each series, or one for each of its bars.
    """
    height = 0.8 / len(series)
    for k, ((name, values), colour) in enumerate(zip(series.items(), colours, strict=True)):
        counts, low, high = np.transpose(values) * 100 / of
        place = np.arange(len(rows)) + height * (k - (len(series) - 1) / 2)
        ax.barh(place, counts, height, xerr=[counts - low, high - counts], color=colour, ecolor="0.2", label=name)
        for y, end, (count, *_) in zip(place, np.maximum(high, counts), values, strict=True):
            box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(end + 2, y, f"{count:.0f}", va="center", fontsize=9, weight="bold", bbox=box)
    ax.set(xlim=(0, 112), xticks=range(0, 101, 25), ylim=(len(rows) - 0.4, -0.6))
    ax.set_yticks(range(len(rows)), rows)


def range_dots(
    ax: Axes, rows: Mapping[str, tuple[float, float]], colours: Mapping[str, str] | None = None, fontsize: float = 8
) -> None:
    """Draw one value a row as a dot, with a line from value - margin to value + margin, the highest value on top.

    Parameters
    ----------
    rows : mapping of str to (value, margin)
    colours : mapping of str to str, optional
        Colours by name; the others are grey.
    fontsize : float
        The size of the names.
    """
    ranked = sorted(rows, key=lambda name: rows[name][0])
    for y, name in enumerate(ranked):
        value, margin = rows[name]
        ax.errorbar(value, y, xerr=margin, fmt="o", ms=4, color=(colours or {}).get(name, "#999999"))
    ax.set_yticks(range(len(ranked)), ranked, fontsize=fontsize)


def dots_over_settings(ax: Axes, values: Mapping[float, float], digits: int = 2) -> None:
    """Draw values as dots over the settings that gave them, on a logarithmic axis, each with its number above it."""
    for x, value in values.items():
        ax.semilogx(x, value, "o", color="C0")
        ax.annotate(f"{value:.{digits}f}", (x, value), (0, 5), textcoords="offset points", ha="center", fontsize=8.5)
    ax.set_xticks(list(values), list(values))
    ax.minorticks_off()
    ax.margins(x=0.12)


def turn_strips(rows: Mapping[str, Sequence[tuple[str, str]]]) -> Figure:
    """Draw conversations as strips: one row each, cut into turns, the user's in blue and the assistant's in orange.

    Parameters
    ----------
    rows : mapping of str to sequence of (role, text)
        By its label the turns of a conversation, a longer text wider; a role that is none of the two is drawn in grey.
    """
    import matplotlib.pyplot as plt

    colours = {"user": "#DCEBF7", "assistant": "#FBE3CF"}
    figure, ax = plt.subplots(figsize=(6.8, 0.7 + 0.5 * len(rows)), layout="constrained")
    for y, turns in enumerate(rows.values()):
        start, lengths = 0.0, [len(text) + 8 for _, text in turns]
        for (role, text), length in zip(turns, lengths, strict=True):
            width = length / sum(lengths)
            ax.barh(y, width, 0.72, start, color=colours.get(role, "#EEEEEE"), edgecolor=PALE_INK, linewidth=1)
            looks = {"ha": "center", "va": "center", "fontsize": 8, "color": INK, "parse_math": False}
            ax.text(start + width / 2, y, f"{role}\n{text}", **looks)
            start += width
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(ylim=(len(rows) - 0.5, -0.5), xticks=[])
    ax.tick_params(left=False)
    ax.spines[:].set_visible(False)
    return figure


def coverage_curves(ax: Axes, curves: Mapping[str, tuple[np.ndarray, np.ndarray]], thresholds: Sequence[float]) -> None:
    """Draw which part of the answers is right against which part is given, for all thresholds on a score.

    Parameters
    ----------
    curves : mapping of str to (scores, right)
        By its label the score of each question, and whether its answer is right. Fewer than ten answers are not drawn.
    thresholds : sequence of float
        Those to mark on each curve, with their values: below the first curve, above the others.

    Raises
    ------
    InputError
        If a curve has fewer than ten questions, or not an answer for each.
    """
    for k, (label, (scores, right)) in enumerate(curves.items()):
        if len(scores) != len(right) or len(scores) < 10:
            raise InputError(f"{label}: a curve needs a score and an answer for each of at least ten questions.")
        steps = [scores >= t for t in np.sort(scores)[:-9]]
        line = [(100 * kept.mean(), 100 * right[kept].mean()) for kept in steps]
        ax.plot(*np.transpose(line), DASHES[k], color=f"C{k}", label=label, antialiased=False)  # a smaller file
        for t in (t for t in thresholds if (scores >= t).any()):
            x, y = 100 * (scores >= t).mean(), 100 * right[scores >= t].mean()
            ax.plot(x, y, MARKS[k], color=f"C{k}")
            looks = {"ha": "center", "fontsize": 8.5, "color": INK, "textcoords": "offset points"}
            box = {"fc": "white", "ec": "none", "pad": 0.5, "alpha": 0.8}
            ax.annotate(f"{t}", (x, y), (0, 6 if k else -13), bbox=box, **looks)
    ax.set(xlabel="answered, %", ylabel="right, % of the answered", xlim=(102, 0))
    ax.legend(fontsize=9, loc="upper left")


def next_token_bars(
    written: str, choices: Sequence[tuple[str, float]], right: Sequence[str] = ()
) -> tuple[Figure, str]:
    """Draw the likeliest next tokens after a text, the one that is taken in orange, for a frame of the player.

    Parameters
    ----------
    choices : sequence of (token, probability)
        The likeliest first, as `NumPyLM.next_words` returns them. A space is drawn as ␣.
    right : sequence of str
        Tokens to draw in green.

    Returns
    -------
    (Figure, str)
        The picture, and what it shows in words.
    """
    import matplotlib.pyplot as plt

    shown = [token.replace(" ", "␣") for token, _ in choices]
    written = written[:-1] + "␣" if written.endswith(" ") else written
    margins = {"left": 0.17, "right": 0.97, "bottom": 0.27, "top": 0.86}
    figure, ax = plt.subplots(figsize=(5.6, 1.9), gridspec_kw=margins)
    colours = ["C1", *["C2" if token in right else "0.7" for token, _ in choices[1:]]]
    ax.barh(shown, [p for _, p in choices], color=colours)
    ax.set(xlim=(0, 1), xlabel="probability of the next token", title=f"{written} …")
    ax.invert_yaxis()
    listed = ", ".join(f"{token} ({p:.2f})" for token, (_, p) in zip(shown, choices, strict=True))
    return figure, f"After “{written}” the likeliest tokens are {listed}."
