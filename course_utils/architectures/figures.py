"""Drawings of the four architectures, and the charts that compare them."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.architectures.data import Task
from course_utils.common.errors import InputError
from course_utils.evaluation import bootstrap_interval
from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import INK, with_minus
from course_utils.plotting.matrices import matrix

METHOD_MARKS = "osD^v"  # marks that tell methods apart where colours are not seen

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"linear": "#888888", "trees": "#222222", "MLP": "C1", "CNN": "C0", "GRU": "C2", "Transformer": "C3"}
MARKERS = {"linear": "v", "trees": "^", "MLP": "s", "CNN": "o", "GRU": "D", "Transformer": "P"}


def who_meets_whom(n_tokens: int = 4) -> Figure:
    """Draw which tokens meet in each network, and where it uses the same weights again: lines of one colour share them.

    The tokens are below; above them are a layer's outputs. Random numbers stand for the Transformer's.
    """
    import matplotlib.pyplot as plt

    if n_tokens < 4:
        raise InputError(f"With {n_tokens} tokens all networks look alike: draw at least 4.")
    figure, axes = plt.subplots(1, 4, figsize=(4.7, 1.4), layout="constrained")
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
            scores = np.exp(np.random.default_rng(1).normal(size=(n_tokens, n_tokens)))
            shares = scores / scores.sum(axis=0)  # of each token in each output
            pairs = sorted(itertools.product(tokens, tokens), key=lambda pair: shares[pair])
            lines = [(a, b, plt.get_cmap("RdPu")(0.1 + 0.8 * shares[a, b] / shares.max())) for a, b in pairs]
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
    said = ("a weight a pair", "three weights", "one cell", "computed")
    for ax, text in zip(axes, said, strict=True):
        ax.text((n_tokens - 1) / 2, -0.25, text, ha="center", va="top", fontsize=8.5, color=INK)
    figure.suptitle("Which tokens meet, and which weights are used again", fontsize=10)
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
        ["flatten", "dense,\nReLU", "dense,\nReLU", f"head: {k}"],
        [f"{n} × {c}", f"{n * c}", f"{w}", f"{w}"],
    )
    w, sizes = widths["CNN"], [n, n // 2, n // 4]
    maps = [f"{w} × {s} × {s}" if task.picture else f"{w} × {s}" for s in sizes]
    steps = ["convolve", "pool,\nconvolve", "pool,\nconvolve", f"largest,\nhead: {k}"]
    rows["CNN"] = (steps, [f"{n} × {c}", *maps])
    w = widths["GRU"]
    rows["GRU"] = (["cell", "cell", "...", f"last,\nhead: {k}"], [f"{c}", f"state {w}", f"{w}", f"{w}"])
    w = widths["Transformer"]
    rows["Transformer"] = (
        ["dense,\nplaces", "block", "block", f"mean,\nhead: {k}"],
        [f"{n} × {c}", f"{n} × {w}", f"{n} × {w}", f"{n} × {w}"],
    )
    figure, axes = plt.subplots(len(rows), 1, figsize=(6.8, 2.9), layout="constrained")
    for ax, (name, (steps, shapes)) in zip(axes, rows.items(), strict=True):
        first = "token 1" if name == "GRU" else "tokens"
        stops = [(first, first), *((f"{number} {step}", step) for number, step in enumerate(steps))]
        boxes = {key: (7.8 * place, 0, text) for place, (key, text) in enumerate(stops)}
        arrows = [(a, b, shape) for ((a, _), (b, _)), shape in zip(itertools.pairwise(stops), shapes, strict=True)]
        kinds = {key: "plain" if text in ("flatten", "...") else "weights" for key, text in stops[1:]}
        flow(ax, boxes, arrows, kinds=kinds, width=3.5, height=1.75, fontsize=7.2)
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
    ax.locator_params(axis="x", nbins=3)
    ax.tick_params(left=False, labelsize=8)


def draw_changes(changes: Mapping[str, Mapping[str, np.ndarray]], title: str = "") -> Figure:
    """Draw what each change costs each network as a grid of means: orange where it loses, blue where it gains.

    A cell is left empty unless the change is clear: all seeds have one sign, and the bootstrap interval leaves out 0.

    Parameters
    ----------
    changes : mapping of str to mapping
        By the name of a row: by the name of a column the differences ``(n_seeds, n_test)``, as from `load_change`.
        The colour grows with the square root of the mean, so that small ones can be seen.
    """
    import matplotlib.pyplot as plt

    if not changes or not all(changes.values()):
        raise InputError("There is no change to draw: give a network and its differences.")
    columns = list(next(iter(changes.values())))
    if any(set(row) != set(columns) for row in changes.values()):
        raise InputError(f"Each row needs a change for each of these columns: {', '.join(columns)}.")
    means = np.array([[_clear_mean(row[name]) for name in columns] for row in changes.values()])
    figure, ax = plt.subplots(figsize=(0.8 + 0.85 * len(columns), 0.85 + 0.25 * len(means)), layout="constrained")
    matrix(ax, np.sign(means) * np.sqrt(abs(means)), rows=list(changes), numbers=False, limits=(-1, 1))
    ax.set_aspect("auto")
    ax.set_xticks(range(len(columns)), columns, fontsize=8)
    for row, column in zip(*np.nonzero(means), strict=True):
        colour = "white" if abs(means[row, column]) > 0.4 else INK
        text = with_minus(f"{means[row, column]:+.2f}")
        ax.text(column, row, text, ha="center", va="center", fontsize=8.5, color=colour)
    figure.suptitle(title, fontsize=10)
    return figure


def _clear_mean(gaps: np.ndarray) -> float:
    """Return the mean of ``(n_seeds, n_test)``, or 0 if a seed has the other sign or the interval contains 0."""
    low, high = bootstrap_interval(gaps.mean(axis=0))
    one_sign = len(set(np.sign(gaps.mean(axis=1)))) == 1
    return float(gaps.mean()) if low * high > 0 and one_sign else 0.0


def digits_in_rows(rows: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw rows of small pictures ``(n, height, width)`` from 0 to 1, each with its name on the left."""
    import matplotlib.pyplot as plt

    if not rows:
        raise InputError("There is no row to draw: give a name and some pictures.")
    figure, axes = plt.subplots(
        len(rows), 1, figsize=(3.9, 0.39 * len(rows) + 0.3), layout="constrained", squeeze=False
    )
    for ax, (name, pictures) in zip(axes[:, 0], rows.items(), strict=True):
        padded = np.rint(8 * np.pad(np.asarray(pictures, dtype=float), ((0, 0), (0, 0), (0, 1)))) / 8
        ax.imshow(1 - np.hstack(list(padded)) if len(padded) else padded, cmap="gray", vmin=0, vmax=1)
        ax.set(xticks=[], yticks=[])
        ax.set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
        ax.spines[:].set_visible(False)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure


def draw_examples(tasks: Mapping[str, Task]) -> Figure:
    """Draw an example of the pictures and one of the time series, each with its class: a digit and a day."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(3.9, 1.7), layout="constrained", width_ratios=(1, 1.6))
    axes[0].imshow(-tasks["pictures"].test[0][9], cmap="gray")
    axes[0].set(xticks=[], yticks=[])
    axes[0].spines[:].set_visible(True)
    axes[1].plot(tasks["time series"].test[0][0, :, 0], marker=".")
    axes[1].set(xlabel="hour", ylabel="demand, scaled", xticks=(0, 12, 23))
    for ax, (kind, number) in zip(axes, {"pictures": 9, "time series": 0}.items(), strict=True):
        task = tasks[kind]
        ax.set_title(f"{kind}:\n{task.classes[task.test[1][number]]}", fontsize=9)
    return figure


def draw_rates(
    panels: Mapping[str, Mapping[str, Mapping[float, Sequence[tuple[float, int]]]]], full: int, title: str = ""
) -> Figure:
    """Draw the share of good examples of each run by its learning rate, filled where a run covers everything.

    Parameters
    ----------
    panels : mapping of str to mapping
        By the title of a panel: for each method its scores, as `load_scores` gives them.
    full : int
        How many modes there are: a run that covers fewer is drawn hollow.
    """
    import matplotlib.pyplot as plt

    if not panels or not all(panels.values()):
        raise InputError("There is no method to draw: give a name and its scores.")
    order = list(dict.fromkeys(method for found in panels.values() for method in found))
    if len(order) > len(METHOD_MARKS):
        raise InputError(
            f"At most {len(METHOD_MARKS)} methods can be told apart, and these are {len(order)}: draw fewer."
        )
    rates_of = {name: sorted({rate for scores in found.values() for rate in scores}) for name, found in panels.items()}
    widths = [np.log10(1.9**2 * rates[-1] / rates[0]) for rates in rates_of.values()]  # one scale for all panels
    size = (1.9 + 0.9 * sum(widths), 2.1)
    figure, axes = plt.subplots(
        1, len(panels), figsize=size, layout="constrained", sharey=True, squeeze=False, width_ratios=widths
    )
    for ax, (name, found) in zip(axes[0], panels.items(), strict=True):
        for method, scores in found.items():
            number = order.index(method)
            style = {"color": f"C{number}", "marker": METHOD_MARKS[number], "markersize": 4.5, "linestyle": ""}
            beside = 1.28 ** (number - (len(order) - 1) / 2) if len(found) > 1 else 1
            for rate, share, covered in ((rate, *run) for rate, runs in scores.items() for run in runs):
                inside = style["color"] if covered == full else "white"
                ax.plot(rate * beside, share, markerfacecolor=inside, **style)
        rates = rates_of[name]
        ax.set(xscale="log", xlim=(rates[0] / 1.9, rates[-1] * 1.9), ylim=(-0.05, 1.05), yticks=(0, 0.5, 1))
        ax.set_xticks(rates, [f"{rate:g}" for rate in rates])
        ax.minorticks_off()
        ax.tick_params(labelsize=8)
        ax.set_title(name, fontsize=9)
    handles = [ax.plot([], [], METHOD_MARKS[k], color=f"C{k}", markersize=4.5)[0] for k in range(len(order))]
    axes[0, 0].set_ylabel("good share", fontsize=9)
    figure.supxlabel("learning rate", fontsize=9)
    figure.legend(handles, order, loc="outside right center", fontsize=8, handletextpad=0)
    figure.suptitle(title, fontsize=10)
    return figure


def draw_points(real: np.ndarray, made: Mapping[str, np.ndarray], title: str = "") -> Figure:
    """Draw sets of made points ``(n, 2)`` side by side, each with its name above it, over real ones in grey."""
    import matplotlib.pyplot as plt

    if not made:
        raise InputError("There is nothing to draw: give a name and some points.")
    size = (max(1.7, 1.3 * len(made)), 1.9 if title else 1.7)
    figure, axes = plt.subplots(1, len(made), figsize=size, layout="constrained", squeeze=False)
    for ax, (name, points) in zip(axes[0], made.items(), strict=True):
        ax.scatter(*np.asarray(real).T, s=3, color="0.8")
        ax.scatter(*np.asarray(points).T, s=4, color="C1")
        ax.set(xlim=(-2.2, 2.2), ylim=(-2.2, 2.2), xticks=[], yticks=[], aspect="equal")
        ax.spines[:].set_visible(True)
        ax.set_title(name, fontsize=9)
    if title:
        figure.suptitle(title, fontsize=10)
    return figure
