"""Drawings of the four architectures, and the charts that compare them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.architectures.data import Task
from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import INK, PALE_INK
from course_utils.words import words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"linear": "#888888", "trees": "#222222", "MLP": "C1", "CNN": "C0", "GRU": "C2", "Transformer": "C3"}
MARKERS = {"linear": "v", "trees": "^", "MLP": "s", "CNN": "o", "GRU": "D", "Transformer": "P"}


def who_meets_whom(n_tokens: int = 4) -> Figure:
    """Draw which tokens meet in each network, and where it uses the same weights again: lines of one colour share them.

    The tokens are below; above them are a layer's outputs.
    """
    import matplotlib.pyplot as plt

    if n_tokens < 4:
        raise InputError(f"With {n_tokens} tokens all networks look alike: draw at least 4.")
    figure, axes = plt.subplots(1, 4, figsize=(6.6, 1.9), layout="constrained")
    tokens, inner = range(n_tokens), np.linspace(0.5, n_tokens - 1.5, 3)
    shades = plt.get_cmap("tab20").colors
    for ax, name in zip(axes, ("MLP", "CNN", "GRU", "Transformer"), strict=True):
        tops: Sequence[float] = inner if name == "MLP" else list(tokens)
        if name == "MLP":
            pairs = list(itertools.product(tokens, inner))
            lines = [(a, b, shades[number % 20]) for number, (a, b) in enumerate(pairs)]
        elif name == "CNN":
            near = [(a, b) for a, b in itertools.product(tokens, tokens) if abs(a - b) <= 1]
            lines = [(a, b, ("C0", "C1", "C2")[a - b + 1]) for a, b in near]
        elif name == "GRU":
            lines = [(a, a, "C0") for a in tokens]
        else:
            lines = [(a, b, "0.65") for a, b in itertools.product(tokens, tokens)]
        for low, high, colour in lines:
            ax.plot([low, high], [0, 1], color=colour, linewidth=1.2, zorder=1)
        if name == "GRU":
            for a in list(tokens)[:-1]:
                style = {"arrowstyle": "-|>", "color": "C1", "linewidth": 1.4, "shrinkA": 5, "shrinkB": 5}
                ax.annotate("", (a + 1, 1), (a, 1), arrowprops=style)
        for xs, y, colour in ((tokens, 0, "#0072B2"), (tops, 1, "#009E73")):
            ax.scatter(xs, np.full(len(xs), y), s=48, color="white", edgecolors=colour, linewidths=1.5, zorder=3)
        ax.set(xlim=(-0.5, n_tokens - 0.5), ylim=(-0.35, 1.2))
        ax.set_axis_off()
        ax.set_title(name, fontsize=10)
    said = (
        "a weight for each pair",
        "three weights, slid along",
        "one cell, again and again",
        "weights from the tokens",
    )
    for ax, text in zip(axes, said, strict=True):
        ax.text((n_tokens - 1) / 2, -0.3, text, ha="center", va="top", fontsize=8, color=PALE_INK)
    figure.suptitle("Which tokens meet, and which weights are used again (one colour = one weight)", fontsize=10)
    return figure


def draw_shapes(task: Task, widths: Mapping[str, int]) -> Figure:
    """Draw the way of one example through each network, with the shapes of the arrays on the arrows.

    ``widths`` has the width of each network by its name.
    """
    import matplotlib.pyplot as plt

    n, c, k = task.n_tokens, task.n_numbers, task.n_classes
    rows: dict[str, tuple[list[str], list[str]]] = {}
    w = widths["MLP"]
    rows["MLP"] = (
        ["flatten", "dense,\nReLU", "dense,\nReLU", "head"],
        [f"{n} × {c}", f"{n * c}", f"{w}", f"{w}", f"{k}"],
    )
    w, sizes = widths["CNN"], [n, n // 2, n // 4]
    maps = [f"{w} × {s} × {s}" if task.picture else f"{w} × {s}" for s in sizes]
    steps = ["convolve", "halve,\nconvolve", "halve,\nconvolve", "largest,\nhead"]
    rows["CNN"] = (steps, [f"{n} × {c}", *maps, f"{k}"])
    w = widths["GRU"]
    rows["GRU"] = (["cell", "cell", "...", "last,\nhead"], [f"{c}", f"state {w}", f"state {w}", f"state {w}", f"{k}"])
    w = widths["Transformer"]
    rows["Transformer"] = (
        ["widen,\nplaces", "block", "block", "mean,\nhead"],
        [f"{n} × {c}", f"{n} × {w}", f"{n} × {w}", f"{n} × {w}", f"{k}"],
    )
    figure, axes = plt.subplots(len(rows), 1, figsize=(7.6, 3.2), layout="constrained")
    for ax, (name, (steps, shapes)) in zip(axes, rows.items(), strict=True):
        first = "first token" if name == "GRU" else "tokens"
        stops = [(first, first), *((f"{number} {step}", step) for number, step in enumerate(steps)), ("out", "classes")]
        boxes = {key: (5.6 * place, 0, text) for place, (key, text) in enumerate(stops)}
        arrows = [(a, b, shape) for ((a, _), (b, _)), shape in zip(itertools.pairwise(stops), shapes, strict=True)]
        kinds = {key: "weights" for key, text in stops[1:-1] if text not in ("flatten", "...")}
        flow(
            ax, boxes, arrows, kinds=kinds | {"0 flatten": "step", "2 ...": "plain"}, width=2.5, height=1.15, fontsize=8
        )
        ax.set_title(name, fontsize=9, loc="left", color=INK)
    return figure


def accuracy_dots(ax: Axes, found: Mapping[str, tuple[float, float, float]]) -> None:
    """Draw accuracies as dots with their intervals, one method a row, the first on top.

    ``found`` has ``(mean, low, high)`` by the name of the method.
    """
    for row, (name, (mean, low, high)) in enumerate(found.items()):
        ax.plot([low, high], [row, row], color=COLOURS[name], linewidth=2)
        ax.plot(mean, row, MARKERS[name], color=COLOURS[name], markersize=6)
    ax.set(yticks=range(len(found)), ylim=(len(found) - 0.5, -0.5))
    ax.set_yticklabels(found, color=INK)
    ax.tick_params(left=False)


def digits_in_rows(rows: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw rows of small pictures ``(n, height, width)`` from 0 to 1, each with its name on the left."""
    import matplotlib.pyplot as plt

    if not rows:
        raise InputError("There is no row to draw: give a name and some pictures.")
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(6.2, 0.62 * len(rows) + 0.3), layout="constrained", squeeze=False
    )
    for ax, (name, pictures) in zip(axes[:, 0], rows.items(), strict=True):
        padded = np.pad(np.asarray(pictures, dtype=float), ((0, 0), (0, 0), (0, 1)))
        ax.imshow(1 - np.hstack(list(padded)) if len(padded) else padded, cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        ax.spines[:].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def draw_examples(tasks: Mapping[str, Task]) -> Figure:
    """Draw an example of each kind of data: some columns of the table's first row, a digit, a day, words."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(8, 2.0), layout="constrained", width_ratios=(1.7, 1, 1.7, 1.3))
    row = ["age: 39", "education: Bachelors", "occupation: Adm-clerical", "hours a week: 40", "…"]
    sentence = [*words("A vacuole is a membrane-bound organelle"), "…"]
    for ax, lines in ((axes[0], row), (axes[3], sentence)):
        for place, line in enumerate(lines):
            ax.text(0, -place, line, fontsize=8.5, va="center")
        ax.set(xlim=(0, 1), ylim=(0.4 - len(lines), 0.6))
        ax.set_axis_off()
    axes[1].imshow(-tasks["pictures"].test[0][3], cmap="gray")
    axes[1].set(xticks=[], yticks=[])
    axes[2].plot(tasks["time series"].test[0][0, :, 0], marker=".")
    axes[2].set(xlabel="hour", ylabel="demand, scaled", xticks=(0, 12, 23))
    for ax, (kind, task) in zip(axes, tasks.items(), strict=True):
        ax.set_title(f"{kind}: {task.n_tokens} tokens", fontsize=8)
    return figure


def draw_gan() -> Figure:
    """Draw who gets what in a GAN of points in the plane, with the shapes of the arrays on the arrows."""
    import matplotlib.pyplot as plt

    boxes = {"noise": (0, 0), "generator": (4, 0), "made": (8, 0), "real": (8, 1.7), "discriminator": (12.4, 0.85)}
    boxes |= {"real or made?": (17, 0.85)}
    arrows = [("noise", "generator", "n × 2"), ("generator", "made", "n × 2"), ("made", "discriminator", "n × 2")]
    arrows += [("real", "discriminator", "n × 2"), ("discriminator", "real or made?", "n scores")]
    figure, ax = plt.subplots(figsize=(7.4, 1.8), layout="constrained")
    flow(ax, boxes, arrows, kinds={"generator": "weights", "discriminator": "weights"}, width=2.6, height=0.9)
    ax.set_title("Two networks with opposite aims")
    return figure


def made_points(ax: Axes, real: np.ndarray, made: np.ndarray) -> None:
    """Draw made points ``(n, 2)`` over real ones, in grey."""
    ax.scatter(*np.asarray(real).T, s=3, color="0.8")
    ax.scatter(*np.asarray(made).T, s=4, color="C1")
    ax.set(xlim=(-1.9, 1.9), ylim=(-1.9, 1.9), xticks=[], yticks=[], aspect="equal")
