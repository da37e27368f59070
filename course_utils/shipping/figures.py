"""Drawings of a model in service: its way, its version, the gates, a canary, and what watches it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import GREY, INK, PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#666666")


def way_of_a_model() -> Figure:
    """Draw the circle: a version, gates, a canary, service, watching, and back to training."""
    import matplotlib.pyplot as plt

    boxes = {"train": (0, 2.4, "train:\na version"), "gates": (4.4, 2.4, "gates:\ntests before use")}
    boxes |= {"canary": (8.8, 2.4, "canary:\na few requests"), "serve": (13.2, 2.4, "service:\nall requests")}
    boxes |= {"watch": (8.8, 0, "watch:\nhas it changed?"), "label": (0, 0, "label some,\ndecide")}
    arrows = [("train", "gates"), ("gates", "canary"), ("canary", "serve"), ("serve", "watch", "", -0.25)]
    arrows += [("watch", "label", "alarm"), ("label", "train")]
    kinds = {"train": "weights", "gates": "step", "canary": "step", "watch": "step", "serve": "weights"}
    figure, ax = plt.subplots(figsize=(6.8, 2.5))
    flow(ax, boxes, arrows, kinds=kinds, width=3.6, height=1.35, fontsize=8.5)
    ax.set_title("A model in service goes round in a circle")
    return figure


def version_drawing(parts: Mapping[str, str], version: str) -> Figure:
    """Draw how the hashes of the parts make the version of a model."""
    import matplotlib.pyplot as plt

    middle = (len(parts) - 1) / 2
    boxes = {name: (0, 1.45 * (middle - n), name) for n, name in enumerate(parts)}
    boxes |= {f"{name} hash": (5.2, place[1], parts[name][:8]) for name, place in list(boxes.items())}
    boxes |= {"all": (10.2, 0, "all hashes,\nhashed"), "version": (14.6, 0, version)}
    arrows = [(name, f"{name} hash", "SHA-256") for name in parts] + [(f"{name} hash", "all") for name in parts]
    kinds = {"all": "step", "version": "weights"} | {f"{name} hash": "plain" for name in parts}
    figure, ax = plt.subplots(figsize=(6.6, 0.74 * len(parts) + 0.5))
    flow(ax, boxes, [*arrows, ("all", "version")], kinds=kinds, width=3.0, height=1.05, fontsize=8)
    ax.set_title("Another hash of any part gives another version")
    return figure


def draw_slices(ax: Axes, live: Mapping[str, float], others: Mapping[str, Mapping[str, float]], allowed: float) -> None:
    """Draw the accuracy of each slice: the live model as a bar with its limit, candidates as points."""
    names = list(live)
    rows = np.arange(len(names))
    ax.barh(rows, list(live.values()), color="#d9d9d9", height=0.7, label="live")
    limits = np.array(list(live.values())) - allowed
    ax.plot(np.stack([limits, limits]), [rows - 0.35, rows + 0.35], color=INK, lw=1.3)
    ax.plot([], [], color=INK, lw=1.3, label=f"limit ({allowed:.2f} below)")
    shifts = 0.3 * (np.arange(len(others)) - (len(others) - 1) / 2)  # points with one value stay side by side
    for (name, values), shift, colour, mark in zip(others.items(), shifts, COLOURS[1:], "osD", strict=False):
        ax.plot([values[each] for each in names], rows + shift, mark, color=colour, label=name, ms=5)
    ax.set(xlim=(-0.03, 1.02), xlabel="share of right topics", ylim=(len(names) - 0.4, -0.6))
    ax.set_yticks(rows, names, fontsize=8.5)
    ax.figure.legend(loc="outside lower center", ncol=4, fontsize=8.5)


def two_trials(share: float) -> Figure:
    """Draw two ways to try a candidate: a canary, where each request goes to one model, and a shadow, to both."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.2, 2.9))
    boxes, arrows, kinds = {}, [], {}
    for name, top, other, shares, ends in (
        ("canary", 4.6, "canary", (f"{1 - share:.0%}", f"{share:.0%}"), ("sent", "sent")),
        ("shadow", 0.0, "candidate", ("all", "all"), ("sent", "kept")),
    ):
        boxes |= {name: (0, top, "requests"), f"{name} live": (6, top + 0.95, "live model")}
        boxes |= {f"{name} new": (6, top - 0.95, other), f"{name} 1": (11.4, top + 0.95, ends[0])}
        boxes |= {f"{name} 2": (11.4, top - 0.95, ends[1])}
        arrows += [(name, f"{name} live", shares[0]), (name, f"{name} new", shares[1])]
        arrows += [(f"{name} live", f"{name} 1"), (f"{name} new", f"{name} 2")]
        kinds |= {f"{name} live": "weights", f"{name} new": "weights"}
        kinds |= {f"{name} {n}": "plain" if end == "kept" else "step" for n, end in zip("12", ends, strict=True)}
    flow(ax, boxes, arrows, kinds=kinds, width=3.4, height=1.3, fontsize=8.5)
    for top, words in ((4.6, "compare\ntwo rates"), (0.0, "compare two\nanswers to\neach request")):
        ax.text(13.5, top, words, va="center", fontsize=8.5, color=INK)
    ax.set(xlim=(-1.9, 17.6))
    ax.set_title("A canary gets some of the requests, a shadow gets all")
    return figure


def draw_sides(ax: Axes, sides: Mapping[str, tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """Draw the rates of right answers of both sides of a canary, by slice, with 95% intervals (Wilson, 1927)."""
    for n, (live, canary) in enumerate(sides.values()):
        for shift, (right, many), colour in ((-0.13, live, COLOURS[0]), (0.13, canary, COLOURS[1])):
            low, high = wilson(right, many)
            ax.plot([low, high], [n + shift, n + shift], color=colour, lw=2)
            ax.plot(right / many, n + shift, "o", color=colour, ms=6)
            ax.text(high + 0.012, n + shift, f"{right / many:.2f}", va="center", fontsize=8.5, color=colour)
    ax.plot([], [], "o-", color=COLOURS[0], label="live")
    ax.plot([], [], "o-", color=COLOURS[1], label="canary")
    ax.set(xlabel="share of right topics, 95% interval", ylim=(len(sides) - 0.5, -0.5))
    ax.set_yticks(range(len(sides)), list(sides))


def wilson(right: int, many: int) -> tuple[float, float]:
    """Return the 95% interval of a rate by Wilson's formula.

    Examples
    --------
    >>> tuple(round(end, 2) for end in wilson(8, 10))
    (0.49, 0.94)
    """
    z, p = 1.96, right / many
    middle, half = p + z * z / (2 * many), z * np.sqrt(p * (1 - p) / many + z * z / (4 * many * many))
    return float((middle - half) / (1 + z * z / many)), float((middle + half) / (1 + z * z / many))


def draw_cumulative(ax: Axes, sides: Mapping[str, Sequence[float]]) -> float:
    """Draw for two samples which share lies at or below each value, and a bar at the widest gap, which is returned."""
    rows = [np.sort(values) for values in sides.values()]
    for (name, row), colour in zip(zip(sides, rows, strict=True), COLOURS, strict=False):
        ax.step(row, np.arange(1, len(row) + 1) / len(row), where="post", color=colour, label=name)
    places = np.concatenate(rows)
    low, high = (np.searchsorted(row, places, side="right") / len(row) for row in rows)
    widest = np.abs(high - low).argmax()
    ax.plot([places[widest]] * 2, [low[widest], high[widest]], color=INK, lw=2)
    gap = float(abs(high[widest] - low[widest]))
    middle = 0.7 * low[widest] + 0.3 * high[widest]
    ax.annotate(f"{gap:.2f} ", (places[widest], middle), ha="right", va="center", fontsize=9)
    ax.set(ylabel="share at or below it", ylim=(0, 1.03))
    return gap


def calm_drawing(found: Mapping[int, Mapping[str, np.ndarray]], name: str, title: str) -> Figure:
    """Draw how a monitor spreads over calm windows of one to five sizes, with the two limits of the usual advice."""
    import matplotlib.pyplot as plt

    if not 1 <= len(found) <= len(COLOURS):
        raise InputError(f"There are colours for 1 to {len(COLOURS)} sizes of windows, not for {len(found)}.")
    colours = (*COLOURS[1::-1], *COLOURS[2:])[: len(found)]
    figure, ax = plt.subplots(figsize=(5, 2.6), layout="constrained")
    for (size, values), colour in zip(found.items(), colours, strict=True):
        ax.hist(
            values[name], np.linspace(0, 0.4, 41), histtype="step", lw=1.8, color=colour, label=f"windows of {size}"
        )
    for word, limit in (("look", 0.1), ("act", 0.25)):
        ax.axvline(limit, color=INK, ls=":", lw=1)
        ax.text(limit, ax.get_ylim()[1], f" “{word}”", va="top", fontsize=9)
    ax.set(
        xlabel=f"{name}, nothing has changed", ylabel=f"windows, of {len(values[name]):,}", xlim=(0, 0.4), title=title
    )
    ax.legend(loc="center right", fontsize=8.5)
    return figure


def after_labels(scores: Mapping[tuple[int, str], np.ndarray], always: float, title: str) -> Figure:
    """Draw what labels bring: all Spanish articles with their range, people, others, the English test, and a control.

    Parameters
    ----------
    scores : mapping of (number of labels, language) to ndarray, shape (n_draws, 4)
        For each draw the share of right topics: all, people, others, English test.
    always : float
        The share of one that always says *People*.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5.8, 2.7), layout="constrained")
    rows = {n: found for (n, language), found in scores.items() if language == "Spanish"}
    x, draws = list(rows), np.stack(list(rows.values()), axis=1)  # (n_draws, n_counts, 4)
    means = draws.mean(axis=0)
    ax.fill_between(x, draws[..., 0].min(axis=0), draws[..., 0].max(axis=0), color=COLOURS[0], alpha=0.25, lw=0)
    names = ("people", "all, with range", "others", "English test")
    for name, n, colour, style in zip(names, (1, 0, 2, 3), (1, 0, 2, 4), ("s-", "o-", "D-", "--"), strict=True):
        ax.plot(x, means[:, n], style, color=COLOURS[colour], label=name, ms=4.5, clip_on=False)
    ax.axhline(always, color=INK, ls=":", lw=1.2, label="always People")
    for (n, language), found in scores.items():
        if language == "English":
            ax.plot(n, found[:, 0].mean(), "x", color=COLOURS[0], ms=8, mew=2, label="all, English labels")
    ax.set_xscale("function", functions=(np.sqrt, np.square))
    ax.set_xticks(x, x)
    ax.set(xlabel="number of labels (square-root scale)", ylabel="share of right topics", ylim=(0.3, 1.0), title=title)
    figure.legend(loc="outside right center", fontsize=8.5)
    return figure


def draw_delays(ax: Axes, curves: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> None:
    """Draw days until the alarm over false alarms in a hundred calm days, a line for each monitor."""
    for (name, (false, days)), colour in zip(curves.items(), COLOURS, strict=False):
        ax.plot(100 * false, days, "o-", color=colour, label=name, ms=4)
    ax.set(xscale="log", xlabel="false alarms in 100 calm days (logarithmic)", ylabel="day on which half have rung")
    ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
    ax.figure.legend(loc="outside right center", fontsize=8.5)


def draw_jobs(workflow: Mapping, runs: Sequence[Mapping[str, str]]) -> Figure:
    """Draw what starts the course's workflow, its runs, and the steps of each."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyBboxPatch

    starts = list(workflow.get("on", workflow.get(True)))  # YAML 1.1 reads the key `on` as true
    steps = [step.get("uses", step.get("run", "")) for step in workflow["jobs"]["test"]["steps"]]
    steps = [
        step.split("@")[0].removeprefix("actions/").replace("python -m course_utils", "course_utils") for step in steps
    ]
    boxes = {f"start {n}": (0, 3.3 - 2.2 * n, name.replace("_", " ")) for n, name in enumerate(starts)}
    boxes |= {"matrix": (4.5, 1.1, f"matrix:\n{len(runs)} runs")}
    boxes |= {
        f"run {n}": (9.0, 4.4 - 2.2 * n, f"{run['os'].removesuffix('-latest')}\nPython {run['python']}")
        for n, run in enumerate(runs)
    }
    boxes |= {f"step {n}": (14.2, 4.4 - 2.2 * n, name.replace(" ", "\n", 1)) for n, name in enumerate(steps)}
    arrows = [(f"start {n}", "matrix") for n in range(len(starts))]
    arrows += [(f"step {n}", f"step {n + 1}") for n in range(len(steps) - 1)]
    kinds = {"matrix": "plain"} | {f"run {n}": "weights" for n in range(len(runs))}
    kinds |= {f"step {n}": "step" for n in range(len(steps))}
    figure, ax = plt.subplots(figsize=(6.6, 3.1))
    flow(ax, boxes, arrows, kinds=kinds, width=3.1, height=1.45, fontsize=8)
    for x, n_boxes in ((9.0, len(runs)), (14.2, len(steps))):  # each run takes all steps
        around = FancyBboxPatch((x - 1.9, 3.2 - 2.2 * (n_boxes - 1)), 3.8, 2.2 * n_boxes + 0.2, boxstyle="round,pad=0")
        around.set(facecolor="none", edgecolor=GREY, zorder=0)
        ax.add_patch(around)
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1, "shrinkA": 1, "shrinkB": 1}
    ax.annotate("", (7.1, 1.1), (6.05, 1.1), arrowprops=line)
    ax.annotate("", (12.3, 1.1), (10.9, 1.1), arrowprops=line)
    ax.text(11.6, 1.35, "each", ha="center", fontsize=7, color=PALE_INK)
    ax.set(xlim=(-1.7, 16.3), ylim=(-3.6, 5.7))
    ax.set_title("Three events start it; each run takes the same steps")
    return figure
