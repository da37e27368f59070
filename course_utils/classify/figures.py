"""The figures of notebook 08."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.classify import reliability_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_choices(
    prompt: str, pieces: Sequence[Sequence[str]], logs: Sequence[Sequence[float]], shares: Sequence[float]
) -> Figure:
    """Draw how a language model scores names: token by token after a prompt, then a sum and a share for each.

    Parameters
    ----------
    prompt : str
        What the names follow, short enough for a box.
    pieces, logs : sequences of sequences of str and of float
        The tokens of each name, and their log-probabilities.
    shares : sequence of float
        The softmax of the sums.
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import flow

    boxes, arrows = {"prompt": (0, 1.6 * (len(pieces) - 1) / 2, prompt)}, []
    ends = 5.4 + 4.7 * max(map(len, pieces))
    for row, tokens in enumerate(pieces):
        last, y = "prompt", 1.6 * (len(pieces) - 1 - row)
        for step, token in enumerate(tokens):
            boxes[f"{row}, {step}"] = (5.4 + 4.4 * step, y, token.strip())
            arrows.append((last, last := f"{row}, {step}", f"{logs[row][step]:.1f}"))
        boxes[f"end {row}"] = (ends, y, f"sum {sum(logs[row]):.1f}\nshare {shares[row]:.2f}")
        arrows.append((last, f"end {row}"))
    figure, ax = plt.subplots(figsize=(6, 0.75 * len(pieces)))
    flow(ax, boxes, arrows, kinds={"prompt": "weights"}, width=3.4, height=1.2, fontsize=7.5)
    ax.set_title("Each name: the sum of its tokens' log-probabilities, then a softmax")
    return figure


def draw_border(points: np.ndarray, classes: Sequence[str], weights: np.ndarray, centres: np.ndarray) -> Figure:
    """Draw points of two classes, the border that a logistic regression has learned, and the one between two centres.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        All from 0 to 4 and from -1 to 7.
    classes : sequence of str
        The class of each point, one of two.
    weights : ndarray, shape (3, 2)
        For each class the weights of the two numbers and the bias.
    centres : ndarray, shape (2, 2)
        A row for each class. The dashed line lies halfway between them.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    names, grid = np.unique(classes), np.meshgrid(np.linspace(0, 4, 60), np.linspace(-1, 7, 60))
    (a, b, bias), (across, up) = weights[:, 1] - weights[:, 0], centres[1] - centres[0]
    figure, ax = plt.subplots(figsize=(4, 2.5), layout="constrained")
    pale = ["#DCEBF7", "#FBE3CF"]
    ax.contourf(*grid, a * grid[0] + b * grid[1] + bias, [-99, 0, 99], colors=pale)
    for number, name in enumerate(names):
        chosen = points[np.asarray(classes) == name]
        ax.plot(*chosen.T, "os"[number], color=f"C{number}", ms=8, label=str(name))
    ax.axline(centres.mean(axis=0), slope=-across / up, color="k", ls="--", lw=1, label="between\nthe centres")
    shown = [Patch(color=color, label=f"called {name}") for color, name in zip(pale, names, strict=True)]
    ax.set(xlim=(0, 4), ylim=(-1, 7), xlabel="first number", ylabel="second number")
    ax.legend(
        handles=[*ax.get_legend_handles_labels()[0], *shown], fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    return figure


def draw_losses(sizes: Sequence[float], curve: Mapping[tuple[str, str], Sequence[float]]) -> Figure:
    """Draw log losses over the penalty's ``C``, a line for each kind of table and each place.

    Parameters
    ----------
    sizes : sequence of float
        The values of ``C``.
    curve : mapping of (str, str) to sequence of float
        The losses by kind and place, of which one is ``"learned from"``. A ring marks the smallest of each other line.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.4, 2.5))
    for (kind, place), losses in curve.items():
        number = [kind for kind, _ in curve].index(kind) // 2
        ax.plot(
            sizes, losses, ":o" if place == "learned from" else "-o", ms=4, color=f"C{number}", label=f"{kind}, {place}"
        )
        if place != "learned from":
            best = int(np.argmin(losses))
            ax.plot(sizes[best], losses[best], "o", ms=11, mfc="none", mec="k")
    ax.set(xscale="log", xlabel="C: a weaker penalty →", ylabel="mean log loss")
    ax.minorticks_off()
    ax.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.43, 1.03))
    ax.set_title("On validation the loss turns up again")
    return figure


def draw_label_curves(
    counts: Sequence[int],
    curves: Mapping[tuple[str, int], Sequence[float]],
    names: Sequence[str],
    flat: Mapping[str, float],
) -> Figure:
    """Draw accuracies over the labels for each class: the mean of the draws, their range, and what needs no label.

    Parameters
    ----------
    counts : sequence of int
        How many labels each class has.
    curves : mapping of (str, int) to sequence of float
        The accuracies of all draws, by name and count.
    names : sequence of str
        The four that are drawn, the best first.
    flat : mapping of str to float
        Two accuracies that need no examples.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.8, 2.8))
    for name, color in zip(names, ("C0", "C2", "C3", "#888888"), strict=True):
        drawn = np.array([curves[name, count] for count in counts])
        ax.plot(counts, drawn.mean(axis=1), "o-", ms=4, color=color, label=name)
        ax.fill_between(counts, drawn.min(axis=1), drawn.max(axis=1), color=color, alpha=0.2)
    for (name, height), style in zip(flat.items(), ("--", ":"), strict=True):
        ax.axhline(height, color="#555555", lw=1.2, ls=style, label=name)
    ax.set(xscale="log", xlabel="labelled articles for each topic", ylabel="accuracy", ylim=(0, 1))
    ax.set_xticks(counts, counts)
    ax.minorticks_off()
    ax.set_title("At 100 labels, words are level")
    ax.legend(fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_confusion(counted: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """Draw a confusion matrix in percent of its rows: the right answers grey, the mistakes coloured.

    Parameters
    ----------
    counted : ndarray, shape (n_classes, n_classes)
        A row for each true class, a column for each answer. Fields of at most 2.5 % stay without a number.
    names : sequence of str
        Short names of the classes.
    title : str
        What the matrix shows.
    """
    import matplotlib.pyplot as plt

    share, n = 100 * counted / counted.sum(axis=1, keepdims=True), len(names)
    figure, ax = plt.subplots(figsize=(4.4, 3.8))
    ax.imshow(np.where(np.eye(n), np.nan, share), cmap="Oranges", vmin=0, vmax=14)
    for row, column in zip(*np.nonzero(share > 2.5), strict=True):
        box = {"facecolor": "#DDDDDD", "edgecolor": "none"} if row == column else None
        ax.text(column, row, f"{share[row, column]:.0f}", bbox=box, ha="center", va="center", fontsize=7)
    ax.set_xticks(range(n), names, rotation=60, ha="right", fontsize=7.5)
    ax.set_yticks(range(n), names, fontsize=7.5)
    ax.set(xlabel="what was said", ylabel="Wikipedia's topic (each row: 100 %)", title=title)
    return figure


def draw_prior(parts: Mapping[str, np.ndarray], names: Sequence[str], title: str) -> Figure:
    """Draw scores of classes as bars, a panel for each row of scores, the largest of each in another colour.

    Parameters
    ----------
    parts : mapping of str to ndarray, shape (n_classes,)
        The rows by their captions. Each panel shows the distances from the mean of its row.
    names : sequence of str
        The classes.
    title : str
        What the bars show.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(parts), figsize=(5.4, 2.4), sharex=True, sharey=True, layout="constrained")
    for ax, (caption, row) in zip(axes, parts.items(), strict=True):
        ax.barh(names, row - row.mean(), color=np.where(row == row.max(), "C1", "#AAAAAA"))
        ax.axvline(0, color="k", lw=0.8)
        ax.set_title(caption, fontsize=10, loc="center")
    axes[0].invert_yaxis()
    axes[0].tick_params(axis="y", labelsize=7.5)
    axes[1].set_xlabel("log-probability minus the row's mean")
    figure.suptitle(title, fontweight="bold")
    return figure


def draw_reliability(claims: Mapping[str | int, tuple[np.ndarray, np.ndarray]], title: str) -> Figure:
    """Draw a reliability diagram, with the 95 % interval of each step of `reliability_table`.

    Parameters
    ----------
    claims : mapping of str or int to (ndarray, ndarray)
        For each of at most three classifiers what it claimed and whether it was right; a number is its ``C``.
    title : str
        What the diagram shows.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4, 2.8))
    for (name, said), style in zip(claims.items(), ("o-", "s-", "^-"), strict=False):
        table = reliability_table(*said)
        ends = table["right"] - table["low"], table["high"] - table["right"]
        label = name if isinstance(name, str) else f"C = {name}"
        ax.errorbar(table["claim"], table["right"], ends, fmt=style, ms=5, elinewidth=1, label=label)
    ax.axline((0.7, 0.7), slope=1, color="#888888", lw=1, label="as sure as right")
    ax.set(xlabel="claim", ylabel="share that is right", title=title)
    ax.legend(fontsize=9)
    return figure
