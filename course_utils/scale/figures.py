"""Drawings of work in pieces: map, shuffle and reduce, a partition's life, a scheduler, and shards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def map_shuffle_reduce(parts: Sequence[str], counts: Sequence[str], gathered: Sequence[str]) -> Figure:
    """Draw three partitions, what each counts, and the two reducers that get what belongs together."""
    import matplotlib.pyplot as plt

    boxes, arrows, kinds = {}, [], {}
    for n, y in enumerate((3.2, 0, -3.2)):
        boxes |= {f"part {n}": (0, y, parts[n]), f"map {n}": (6.2, y, counts[n])}
        arrows += [(f"part {n}", f"map {n}"), *((f"map {n}", f"reduce {m}") for m in range(2))]
        kinds |= {f"part {n}": "data", f"map {n}": "step"}
    for m, y in enumerate((1.6, -1.6)):
        boxes[f"reduce {m}"] = (13.4, y, gathered[m])
        kinds[f"reduce {m}"] = "step"
    figure, ax = plt.subplots(figsize=(6.4, 3.1))
    flow(ax, boxes, arrows, kinds=kinds, width=4.2, height=1.7, fontsize=8)
    for x, text in ((0, "partitions"), (6.2, "map"), (9.8, "shuffle"), (13.4, "reduce")):
        ax.text(x, 4.7, text, ha="center", fontsize=9, color=PALE_INK)
    ax.set(ylim=(-4.3, 5.2))
    ax.set_title("What belongs to one word meets in one place")
    return figure


def partition_life() -> Figure:
    """Draw how a task makes a partition: read, compare the stamp, work, write aside, rename."""
    import matplotlib.pyplot as plt

    boxes = {"source": (0, 0, "source\npartition"), "hash": (4.2, 0, "hash of bytes\nand recipe")}
    boxes |= {"same?": (8.4, 0, "same stamp\non the target?"), "keep": (8.4, -2.4, "keep it")}
    boxes |= {"work": (12.6, 0, "work"), "aside": (12.6, -2.4, "write under\nanother name")}
    boxes |= {"rename": (16.8, -2.4, "rename"), "target": (16.8, 0, "target\npartition")}
    arrows = [("source", "hash"), ("hash", "same?"), ("same?", "keep", "yes"), ("same?", "work", "no")]
    arrows += [("work", "aside"), ("aside", "rename"), ("rename", "target")]
    kinds = dict.fromkeys(("hash", "same?", "work", "aside", "rename", "keep"), "step")
    figure, ax = plt.subplots(figsize=(6.6, 2.1))
    flow(ax, boxes, arrows, kinds=kinds, width=3.3, height=1.25, fontsize=7)
    ax.set_title("A task may be killed at any arrow and run again")
    return figure


def scheduler_and_workers() -> Figure:
    """Draw a client, a scheduler and two workers, which say when they are done, and the disk that the workers share."""
    import matplotlib.pyplot as plt

    boxes = {"client": (0, 0, "client\n(this notebook)"), "scheduler": (5.6, 0, "scheduler\n(who has what)")}
    kinds, arrows = {"client": "plain", "scheduler": "step"}, [("client", "scheduler", "tasks")]
    for n, y in enumerate((1.5, -1.5)):
        boxes[f"worker {n}"] = (11.6, y, f"worker {n + 1}\n(a process)")
        kinds[f"worker {n}"] = "step"
        arrows += [("scheduler", f"worker {n}", "", 0.15), (f"worker {n}", "scheduler", "", 0.15)]
        arrows += [(f"worker {n}", "disk"), ("disk", f"worker {n}")]
    boxes["disk"] = (17.2, 0, "partitions\non disk")
    figure, ax = plt.subplots(figsize=(6.6, 2.3))
    flow(ax, boxes, arrows, kinds=kinds, width=4, height=1.5, fontsize=7.5)
    ax.set_title("In this job texts and vectors stay on the disk")
    return figure


def sharded_search(found: Sequence[str], merged: str) -> Figure:
    """Draw a query that goes to three shards, what each finds, and the merged list."""
    import matplotlib.pyplot as plt

    boxes = {"query": (0, 0), "merge": (14.4, 0, merged)}
    kinds, arrows = {"query": "plain", "merge": "step"}, []
    for n, y in enumerate((2.2, 0, -2.2)):
        boxes |= {f"shard {n}": (4.8, y, f"shard {n + 1}"), f"hits {n}": (9.6, y, found[n])}
        kinds |= {f"shard {n}": "data", f"hits {n}": "plain"}
        arrows += [("query", f"shard {n}"), (f"shard {n}", f"hits {n}"), (f"hits {n}", "merge")]
    figure, ax = plt.subplots(figsize=(6.2, 2.7))
    flow(ax, boxes, arrows, kinds=kinds, width=3.7, height=1.5, fontsize=8)
    ax.set_title("Each shard hands over its best; the best of these are merged")
    return figure


def product_quantisation(vector: np.ndarray, codebooks: np.ndarray, distances: np.ndarray) -> Figure:
    """Draw how each part of a vector gets the number of its nearest typical part, and what is read back.

    Parameters
    ----------
    vector : ndarray, shape (n_parts, width)
        The vector, cut into parts.
    codebooks : ndarray, shape (n_parts, n_typical, width)
        The typical parts.
    distances : ndarray, shape (n_parts, n_typical)
        Squared distances of each part to its typical ones; the smallest wins.
    """
    import matplotlib.pyplot as plt

    boxes, arrows, kinds = {}, [], {}
    for part, (numbers, typical, far) in enumerate(zip(vector, codebooks, distances, strict=True)):
        y, best = -3.6 * part, int(np.argmin(far))
        middle, read = y - 0.8 * (len(typical) - 1), " ".join(f"{x:g}" for x in typical[best])
        boxes[f"part {part}"] = (0, middle, " ".join(f"{x:g}" for x in numbers))
        for n, other in enumerate(typical):
            name = f"typical {part} {n}"
            boxes[name] = (6.4, y - 1.6 * n, f"{n}:  " + " ".join(f"{x:g}" for x in other))
            kinds[name] = "step" if n == best else "plain"
            arrows.append((f"part {part}", name, f"{far[n]:.2f}"))
        boxes |= {f"code {part}": (11, middle, str(best)), f"read {part}": (15.2, middle, read)}
        arrows += [(f"typical {part} {best}", f"code {part}"), (f"code {part}", f"read {part}")]
    figure, ax = plt.subplots(figsize=(6.6, 2.8))
    flow(ax, boxes, arrows, kinds=kinds, width=3, height=1.1, fontsize=8)
    for x, text in ((0, "the vector"), (6.4, "codebook"), (11, "code"), (15.2, "read back")):
        ax.text(x, 1.1, text, ha="center", fontsize=9, color=PALE_INK)
    ax.set_ylim(top=1.7)
    ax.set_title("Of each part only the number of the nearest is kept")
    return figure


def draw_size_curves(curves: Mapping[str, Mapping[int, Sequence[float]]], sizes: Sequence[int]) -> Figure:
    """Draw the time of a text by the size of a partition: a panel for each job, a line for each number of workers."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(6.6, 2.9), layout="constrained", squeeze=False)
    for ax, (name, rows) in zip(axes[0], curves.items(), strict=True):
        for (n_workers, seconds), style in zip(rows.items(), ("o-", "s-", "^-"), strict=True):
            label = f"{n_workers} worker{'s' if n_workers > 1 else ''}"
            ax.loglog(sizes, np.multiply(seconds, 1000), style, ms=4, label=label)
        ax.set(xlabel="texts in a partition", title=name)
    axes[0, 0].set_ylabel("milliseconds a text")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncol=3, fontsize=8.5)
    figure.suptitle("Small pieces pay the overhead, large ones leave workers idle", fontsize=10.5, weight="bold")
    return figure


def draw_schedules(
    schedules: Mapping[str, Sequence[tuple[int, float, float]]], slow: int, n_tasks: Sequence[int]
) -> Figure:
    """Draw who does what when: a panel for each schedule, a row for each worker, a bar for each run of a task.

    Parameters
    ----------
    schedules : mapping of str to sequence of (int, float, float)
        Rows of `measuring.schedule` by the panel's title.
    slow : int
        The worker whose bars get another colour.
    n_tasks : sequence of int
        How many tasks each panel has; the runs after as many are copies, which are hatched.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(schedules), figsize=(6.6, 2.3), layout="constrained", sharey=True, squeeze=False)
    latest = max(end for runs in schedules.values() for _, _, end in runs)
    for ax, (name, runs), n_first in zip(axes[0], schedules.items(), n_tasks, strict=True):
        for number, (n, start, end) in enumerate(runs):
            look = {"color": "C1" if n == slow else "C0", "edgecolor": "white", "lw": 0.5}
            ax.barh(n + 1, end - start, left=start, height=0.8, hatch="////" if number >= n_first else None, **look)
        ends = max(end for _, _, end in runs)
        ax.axvline(ends, color=PALE_INK, ls="--", lw=1)
        ax.set(xlim=(0, latest * 1.03), xlabel="minutes")
        ax.set_title(name, fontsize=9)
    axes[0, 0].set(ylabel="worker", yticks=range(1, 1 + max(n for n, _, _ in runs) + 1))
    axes[0, 0].invert_yaxis()
    figure.suptitle("Small tasks in a queue, or copies of large ones, shorten the wait", fontsize=10.5, weight="bold")
    return figure


def draw_limits(ax: Axes, limits: Mapping[str, float], goals: Sequence[float]) -> None:
    """Draw at how many documents each thing is at its end, on a logarithmic axis, with the goals as lines."""
    names = list(limits)
    ax.barh(range(len(names)), list(limits.values()), color="C0", height=0.6)
    for goal in goals:
        ax.axvline(goal, color="C1", ls="--", lw=1.2)
    ax.set(xscale="log", xlim=(1e5, 1e12), xlabel="documents")
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.tick_params(left=False)
