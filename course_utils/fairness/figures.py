"""Drawings of decisions about groups: a hundred people each, calibrated scores, prices, and words on a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.figures import INK, PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

YES, NO = "#D55E00", "#9DB7CC"
GROUPS = ("#0072B2", "#E69F00")


def crowd(ax: Axes, hit: int, missed: int, wrongly: int, rest: int, title: str) -> None:
    """Draw people as dots in rows of ten: orange if the answer is truly yes, and inside a ring if they got a yes.

    ``hit`` are truly yes and got it, ``missed`` truly yes and did not, ``wrongly`` not and got it, ``rest`` neither.
    """
    kinds = [(hit, YES, True), (missed, YES, False), (wrongly, NO, True), (rest, NO, False)]
    drawn = [(colour, ringed) for n, colour, ringed in kinds for _ in range(n)]
    for place, (colour, ringed) in enumerate(drawn):
        x, y = place % 10, -(place // 10)
        ax.plot(x, y, "o", color=colour, ms=7, mec="none")
        if ringed:
            ax.plot(x, y, "o", mfc="none", mec=INK, mew=1.3, ms=11.5)
    ax.set(xlim=(-0.7, 9.7), ylim=(-9.7, 0.7), aspect="equal")
    ax.set_axis_off()
    ax.set_title(title, fontsize=10)


def crowds(groups: Mapping[str, tuple[int, int, int, int]], title: str) -> Figure:
    """Draw a `crowd` for each group beside each other, and say what the marks mean."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(groups), figsize=(6, 3.4))
    figure.subplots_adjust(top=0.82, bottom=0.1, left=0.02, right=0.98)
    for ax, (name, counts) in zip(axes, groups.items(), strict=True):
        crowd(ax, *counts, name)
    figure.suptitle(title, x=0.04, ha="left", fontsize=11, weight="bold")
    note = "orange: will repay        ring: gets the loan"
    figure.text(0.5, 0.03, note, ha="center", fontsize=9, color=PALE_INK)
    return figure


def calibration(ax: Axes, scores: Sequence[int], groups: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw for each score the share that came true, with its interval: by group the scores and what happened."""
    from course_utils.evaluation import count_interval

    for (name, (score, came)), colour, shift in zip(groups.items(), GROUPS, (-0.1, 0.1), strict=True):
        shares = [came[score == s].mean() for s in scores]
        ends = [np.divide(count_interval(came[score == s]), (score == s).sum()) for s in scores]
        low, high = np.transpose(ends)
        error = [np.subtract(shares, low), np.subtract(high, shares)]
        ax.errorbar(np.add(scores, shift), shares, error, fmt="o", color=colour, ms=4, lw=1.2, label=name)
    ax.set(xlabel="score", ylabel="share with a new arrest", ylim=(0, 1), xticks=scores)
    ax.legend(loc="upper left", fontsize=9)


def prices(ax: Axes, ways: Mapping[str, tuple[float, float]]) -> None:
    """Draw each way to decide as a point: the gap between groups and the accuracy, both in percent."""
    for (name, (gap, accuracy)), mark in zip(ways.items(), "osD^vP", strict=False):
        ax.plot(gap, accuracy, mark, color=GROUPS[0], ms=7)
        near = [there for there in ways.values() if abs(there[0] - gap) < 3 and abs(there[1] - accuracy) < 0.3]
        left = len(near) > 1 and gap == min(near)[0]
        up = 0 if len(near) < 2 or left else 4 if accuracy == max(there[1] for there in near) else -5
        style = {"textcoords": "offset points", "va": "center", "fontsize": 9, "ha": "right" if left else "left"}
        ax.annotate(name, (gap, accuracy), (-8 if left else 8, up), **style)
    low, high = ax.get_xlim()
    ax.set(xlim=(min(low, -1), high + 0.5 * (high - low)), xlabel="gap between the groups' selection rates, points")
    ax.set_ylabel("accuracy, percent")
    ax.margins(y=0.18)


def word_lines(axes: Sequence[Axes], panels: Mapping[str, Mapping[str, tuple[Sequence[str], np.ndarray]]]) -> None:
    """Draw words on a line by their association: in each panel two lists, with the words and their numbers.

    ``panels`` has the axes' labels as its keys.
    """
    for ax, (label, lists) in zip(axes, panels.items(), strict=True):
        for row, ((name, (words, numbers)), colour) in enumerate(zip(lists.items(), GROUPS, strict=True)):
            order = np.argsort(numbers)
            ax.plot(numbers, np.full(len(numbers), -row), "o", color=colour, alpha=0.75, ms=6)
            ax.plot([np.mean(numbers)] * 2, [-row - 0.22, -row + 0.22], color=colour, lw=2.5)
            for place, side in ((order[0], "right"), (order[-1], "left")):
                at = (-7 if side == "right" else 7, 0)
                style = {"ha": side, "va": "center", "fontsize": 8, "color": PALE_INK}
                ax.annotate(words[place], (numbers[place], -row), at, textcoords="offset points", **style)
            ax.text(0, -row + 0.34, name, ha="center", va="bottom", fontsize=9, color=colour)
        reach = 1.6 * max(np.abs(numbers).max() for _, numbers in lists.values())
        ax.axvline(0, color="0.8", lw=0.8, zorder=0)
        far = np.round(reach / 2, 2)
        ax.set(xlim=(-reach, reach), ylim=(-1.5, 0.8), yticks=[], xticks=[-far, 0, far], xlabel=label)
        ax.spines["left"].set_visible(False)
