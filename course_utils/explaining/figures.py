"""Drawings of explanations: one answer step by step, words coloured by several methods, and deletion curves."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.figures import INK, MARKS, with_minus

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

UP, DOWN, PALE = "#D55E00", "#0072B2", "#A9CDE4"


def pushes(ax: Axes, names: Sequence[str], shares: Sequence[float], start: float, n_shown: int = 7) -> None:
    """Draw how the shares of columns lead from the mean answer to this one, the largest on top, the rest as one bar.

    ``shares`` are Shapley values, one for each of ``names``, and ``start`` is the mean answer.
    """
    order = np.argsort(-np.abs(shares), kind="stable")
    shown = [(names[column], float(shares[column])) for column in order[:n_shown]]
    if rest := list(order[n_shown:]):
        shown.append((f"{len(rest)} others", float(np.sum(np.asarray(shares)[rest]))))
    place = start
    for row, (_, share) in enumerate(shown):
        ax.barh(row, share, left=place, color=UP if share > 0 else DOWN, height=0.66)
        end = place + share
        ax.plot([end, end], [row, min(row + 1, len(shown) - 1)], color="0.6", lw=0.8)
        ax.annotate(
            f"{share:+.2f}",
            (max(place, end), row),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=8.5,
            color=INK,
        )
        place = end
    ax.axvline(start, color="0.7", ls=":", lw=1)
    ax.set_yticks(range(len(shown)), [name for name, _ in shown])
    low, high = ax.get_xlim()
    ax.set(xlim=(low, high + 0.16 * (high - low)), ylim=(len(shown) - 0.4, -0.6), xlabel="log-odds of more than 50,000")
    ax.tick_params(left=False)


def joining(ax: Axes, rows: Mapping[str, Mapping[str, float]], start: float, label: str) -> None:
    """Draw for each row how columns lead from ``start`` to an answer: bars one after another, in the row's order.

    ``rows`` has for each label the gains by column, in the order in which they join. Gains of 0 are not drawn.
    """
    names = list(next(iter(rows.values())))
    colours = dict(zip(names, (UP, PALE, "0.8"), strict=False))
    for row, gains in enumerate(rows.values()):
        place = start
        for name, gain in gains.items():
            if gain:
                ax.barh(row, gain, left=place, color=colours[name], height=0.7)
                ax.text(place + gain / 2, row, f"{name} +{gain:g}", ha="center", va="center", fontsize=8.5)
                place += gain
    ax.set_yticks(range(len(rows)), list(rows))
    ax.set(ylim=(len(rows) - 0.4, -0.6), xlabel=label)
    ax.tick_params(left=False)


def word_table(words: Sequence[str], ways: Mapping[str, Sequence[float]], title: str, n_strong: int = 3) -> Figure:
    """Draw a row of words for each way to explain, the ``n_strong`` largest numbers in bold.

    Orange is above 0, blue below, white 0. The darkest box of a row is the number farthest from 0, written beside it.
    """
    import matplotlib.pyplot as plt
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    widths = np.array([_width(word, 7, "bold") + 7 for word in words])  # in points, as is the axis
    starts, end = np.concatenate([[0], np.cumsum(widths)[:-1]]), widths.sum()
    left, right = max(_width(name, 8.5, "normal") for name in ways) + 10, 36
    height = 0.33 * (len(ways) + 1) + 0.35
    figure = plt.figure(figsize=((left + end + right) / 72, height))
    ax = figure.add_axes((0, 0, 1, 1 - 0.35 / height))
    label = {"va": "center", "fontsize": 8.5, "color": INK}
    for row, (name, values) in enumerate(ways.items()):
        values = np.asarray(values, dtype=float)
        strong = set(np.argsort(-values, kind="stable")[:n_strong].tolist())
        most = values[np.abs(values).argmax()]
        ax.text(-5, row, name, ha="right", **label)
        ax.text(end + 3, row, with_minus(f"{most:+.2f}"), **label)
        for place, word in enumerate(words):
            shade = to_rgba(UP if values[place] > 0 else DOWN, 0.75 * abs(values[place] / (most or 1)))
            size = widths[place] - 1.5
            ax.add_patch(Rectangle((starts[place], row - 0.42), size, 0.84, facecolor=shade, edgecolor="0.9", lw=0.5))
            weight = "bold" if place in strong else "normal"
            style = {"fontsize": 7, "weight": weight, "color": INK, "parse_math": False}
            ax.text(starts[place] + size / 2, row, word, ha="center", va="center", **style)
    key = "orange: above 0, blue: below 0, white: 0; full shade: the row's number on the right"
    ax.text(0, len(ways) + 0.05, key, **label | {"fontsize": 7.5})
    ax.set(xlim=(-left, end + right), ylim=(len(ways) + 0.4, -0.6))
    ax.set_axis_off()
    ax.set_title(title, loc="left", color=INK)
    return figure


def _width(text: str, size: float, weight: str) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    return TextPath((0, 0), text.replace("$", r"\$"), prop=FontProperties(size=size, weight=weight)).get_extents().width


COLOURS = ("#009E73", "#0072B2", "#56B4E9", "#CC79A7", "#D55E00")


def deletion_curves(
    ax: Axes, counts: Sequence[int], curves: Mapping[str, np.ndarray], control: str, varied: Mapping[str, str]
) -> None:
    """Draw the mean probability of a topic after 0, 1, 2 ... words are deleted, the control dashed.

    ``curves`` holds ``(n_texts, n_counts)`` for each way to order the words. A way of ``varied`` has the colour of the
    way that it varies, and a dotted line.
    """
    ways = [name for name in curves if name != control and name not in varied]
    if len(ways) > len(COLOURS) or not {varied[name] for name in curves if name in varied} <= set(ways):
        raise InputError(f"Draw at most {len(COLOURS)} ways, and with each variant the way that it varies.")
    styles = dict(zip(ways, zip(COLOURS, MARKS, strict=True), strict=False))
    for name in [name for name in curves if name != control]:
        colour, mark = styles[varied.get(name, name)]
        form = {"ls": ":", "mfc": "white"} if name in varied else {}
        ax.plot(counts, curves[name].mean(axis=0), color=colour, marker=mark, ms=4, label=name, **form)
    ax.plot(counts, curves[control].mean(axis=0), color="0.4", ls="--", label=control)
    ax.set(xlabel="words deleted, of 20", ylabel="probability of the topic", ylim=(0.3, 1), xticks=counts)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8.5)


def dependence(ax: Axes, values: Sequence[float], each: np.ndarray, label: str) -> None:
    """Draw a partial dependence: ``each`` is ``(n_people, n_values)``; thin lines for the first 12, and the mean."""
    ax.plot(values, each[:12].T, color=PALE, lw=0.6)
    ax.plot(values, each.mean(axis=0), color=UP, lw=2.4, marker="o", ms=4)
    ax.text(values[-1], each.mean(axis=0)[-1], "  mean", color=UP, va="center", fontsize=9)
    ax.set(xlabel=label, ylabel="probability of more than 50,000", ylim=(0, 1))
    ax.margins(x=0.1)


def incident() -> Figure:
    """Draw the four steps after something went wrong, with what each one produces."""
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import flow

    steps = {"found": "one example\nthat is wrong", "measured": "rate, interval,\ncontrol group"}
    steps |= {"said": "who, how much,\nsince when", "mended": "measured again,\nwith its price"}
    boxes = {name: (4.6 * n, 1.5) for n, name in enumerate(steps)}
    boxes |= {f"{name} what": (4.6 * n, 0, text) for n, (name, text) in enumerate(steps.items())}
    names = list(steps)
    arrows = [*itertools.pairwise(names), *((name, f"{name} what") for name in names)]
    figure, ax = plt.subplots(figsize=(6.4, 2.1))
    kinds = dict.fromkeys(names, "step") | {f"{name} what": "plain" for name in names}
    flow(ax, boxes, arrows, kinds=kinds, width=3.9, height=1.05, fontsize=8)
    ax.set_title("After a fault: four steps, each with its result", color=INK)
    return figure
