"""Drawings of clients and their server: a round, whose articles are whose, and masks that cancel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import DASHES, INK, PALE_INK
from course_utils.plotting.maps import TOPIC_COLOURS

# Where the names of the lines of the price of noise stand: at which noise, on which side, and how far away.
NAMES = (((2, "right", (-8, 0)), (2, "left", (4, 12))), ((1, "center", (0, 10)), (1, "center", (0, -12))))

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def one_round() -> Figure:
    """Draw a round of federated averaging: the model goes out, copies come back, the articles stay."""
    import matplotlib.pyplot as plt

    boxes = {"server": (0, 0, "server\nmodel W")}
    kinds, arrows = {"server": "weights"}, []
    for n, y in enumerate((2.4, 0, -2.4)):
        boxes |= {
            f"train {n}": (6.4, y, "trains its\nown copy"),
            f"data {n}": (11.6, y, f"articles of\nclient {n + 1}"),
        }
        kinds |= {f"train {n}": "step", f"data {n}": "data"}
        arrows += [("server", f"train {n}", "", -0.1)]
        arrows += [(f"train {n}", "server", "", -0.1), (f"data {n}", f"train {n}")]
    figure, ax = plt.subplots(figsize=(5.6, 2.7))
    flow(ax, boxes, arrows, kinds=kinds, width=3.3, height=1.35, fontsize=8.5)
    ax.plot([3.2, 3.2], [-3.3, 3.3], ":", color="#999999", lw=1)
    ax.text(9.0, -3.75, "each device: articles never cross the line", fontsize=8.5, ha="center", color=PALE_INK)
    ax.text(0.6, -3.75, "only models cross", fontsize=8.5, ha="center", color=PALE_INK)
    ax.set(ylim=(-4.1, 3.3))
    ax.set_title("A round: models travel, articles stay")
    return figure


def draw_clients(ax: Axes, counts: np.ndarray, topics: Sequence[str], title: str) -> None:
    """Draw a bar for each client, made of its articles by topic: ``counts`` is ``(n_clients, n_topics)``."""
    left = np.zeros(len(counts))
    for topic, column in zip(topics, np.transpose(counts), strict=True):
        ax.barh(
            np.arange(1, len(counts) + 1), column, left=left, color=TOPIC_COLOURS.get(topic, "#999999"), label=topic
        )
        left += column
    ax.set(title=title, xlabel="articles", yticks=range(1, len(counts) + 1), ylim=(len(counts) + 0.6, 0.4))
    ax.tick_params(left=False)


def mask_ring(numbers: Sequence[int], masks: Mapping[tuple[int, int], int], modulus: int) -> Figure:
    """Draw three clients with their secret numbers, the mask of each pair, and what each of them sends."""
    import matplotlib.pyplot as plt

    places = [(0, 0), (5.6, 0), (11.2, 0)]
    boxes = {f"client {n}": (*place, f"client {n}\nhas {numbers[n]}") for n, place in enumerate(places)}
    sent = [sum(masks.get((n, m), 0) - masks.get((m, n), 0) for m in range(3)) + numbers[n] for n in range(3)]
    boxes |= {f"sent {n}": (x, -3.0, f"sends {sent[n] % modulus}") for n, (x, _) in enumerate(places)}
    kinds = {f"client {n}": "data" for n in range(3)} | {f"sent {n}": "step" for n in range(3)}
    figure, ax = plt.subplots(figsize=(6.4, 3.0))
    flow(ax, boxes, [(f"client {n}", f"sent {n}") for n in range(3)], kinds=kinds, width=3, height=1.3, fontsize=9)
    for (i, j), mask in masks.items():
        x, high = (places[i][0] + places[j][0]) / 2, 2.1 if j - i == 2 else 1.0
        if j - i == 2:
            line = [places[i][0], places[i][0], places[j][0], places[j][0]], [0.7, high, high, 0.7]
            ax.plot(*line, color="#999999", lw=1.1, ls="--", zorder=0)
        else:
            ax.plot([places[i][0] + 1.5, places[j][0] - 1.5], [0, 0], color="#999999", lw=1.1, ls="--", zorder=0)
        y = high + 0.15 if j - i == 2 else 0.15
        ax.text(x, y, f"{mask}", ha="center", va="bottom", fontsize=9, color=INK)
    ax.text(
        -1.5, 2.9, "a secret number for each pair: + for the left one, − for the right one", fontsize=8, color=PALE_INK
    )
    ax.set(xlim=(-1.8, 13), ylim=(-3.9, 3.3))
    ax.set_title(f"What they send adds up to {sum(numbers)}, counted modulo {modulus}")
    return figure


def draw_curves(curves: Mapping[str, Sequence[float]], n_steps: Mapping[str, int], megabytes: float) -> Figure:
    """Draw accuracies over what was sent and over the steps of each client.

    Parameters
    ----------
    curves : mapping of str to sequence of float
        The accuracy after each round.
    n_steps : mapping of str to int
        How many steps each client takes in a round.
    megabytes : float
        What one round sends.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(6.6, 2.7), layout="constrained", sharey=True)
    for (name, curve), dash in zip(curves.items(), DASHES, strict=False):
        rounds = np.arange(1, len(curve) + 1)
        axes[0].semilogx(rounds * megabytes, curve, dash, label=name)
        axes[1].semilogx(rounds * n_steps[name], curve, dash, label=name)
    axes[0].set(xlabel="megabytes sent", ylabel="accuracy", title="Per byte, even clients lead")
    axes[1].set(xlabel="steps of each client", title="Per step, frequent means catch up")
    figure.legend(*axes[0].get_legend_handles_labels(), fontsize=8.5, loc="outside lower center", ncol=4)
    return figure


def draw_price(
    noises: Sequence[float],
    found: Mapping[str, Sequence[float]],
    blind: float,
    accuracies: Mapping[str, Sequence[float]],
) -> Figure:
    """Draw how many words an attacker finds, and beside it how accurate the model is, by the noise.

    Parameters
    ----------
    noises : sequence of float
        The noise.
    found : mapping of str to sequence of float
        The share of words that were found, by the noise, for each of two attackers.
    blind : float
        The share that is named without looking.
    accuracies : mapping of str to sequence of float
        For each number of clients, by the noise.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(6.6, 2.7), layout="constrained", sharex=True, sharey=True)
    places, style = range(len(noises)), {"textcoords": "offset points", "fontsize": 9, "va": "center"}
    for ax, rows, colour in ((axes[0], found, "#D55E00"), (axes[1], accuracies, "#0072B2")):
        for (name, row), dash, (place, across, offset) in zip(
            rows.items(), ("o-", "o--"), NAMES[ax is axes[1]], strict=False
        ):
            ax.plot(places, row, dash, color=colour, label=name)
            place = min(place, len(row) - 1)
            ax.annotate(name, (place, row[place]), offset, ha=across, color=colour, **style)
        ax.set_xticks(places, noises)
    axes[0].axhline(blind, color=PALE_INK, ls=":", lw=1.2)
    axes[0].annotate("named blindly", (0, blind), (0, -7), ha="left", color=PALE_INK, **style)
    axes[0].set(ylabel="share", ylim=(0, 1.08), title="0.03 hides words for one round")
    axes[1].set(title="A small crowd pays more")
    figure.supxlabel("noise, as a multiple of the update's length", fontsize=9)
    return figure


def draw_drift(ends: Mapping[int, float]) -> Figure:
    """Draw the losses of the two clients of the example, their sum, and where it ends by the steps in a round."""
    import matplotlib.pyplot as plt

    w = np.linspace(-1.6, 1.6, 200)
    clients = {"client A": lambda w: 2 * (w - 1) ** 2, "client B": lambda w: 0.5 * (w + 1) ** 2}
    losses = {name: loss(w) for name, loss in clients.items()}
    losses["sum"] = sum(losses.values())
    figure, ax = plt.subplots(figsize=(5.6, 2.9), layout="constrained")
    for (name, loss), colour, dash in zip(losses.items(), ("#0072B2", "#D55E00", INK), ("--", "-.", "-"), strict=True):
        ax.plot(w, loss, dash, color=colour, lw=1.6, label=name)
    for n_steps, end in ends.items():
        height = sum(loss(end) for loss in clients.values())
        ax.plot(end, height, "o", color="#009E73", zorder=3)
        style = {"textcoords": "offset points", "fontsize": 9, "color": "#00785A"}
        offset = (9, 5) if n_steps in (1, max(ends)) else (-4, 7)  # right of the curve where it falls, and of the 2
        ax.annotate(f"{n_steps}", (end, height), offset, ha="center", **style)
    ax.plot([], [], "o", color="#009E73", label="where it ends,\nby steps a round")
    ax.set(xlabel="w", ylabel="loss", ylim=(0, 6), title="More steps a round end farther from the best w")
    ax.legend(fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def draw_rows(words: Sequence[str], update: np.ndarray, title: str) -> Figure:
    """Draw a gradient as coloured cells, a row for each word and a column for each topic: ``(n_words, n_topics)``."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.2, 2.7), layout="constrained")
    most = np.abs(update).max()
    ax.imshow(update, cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
    for (row, column), value in np.ndenumerate(update):
        colour = "white" if abs(value) > 0.7 * most else INK
        ax.text(column, row, f"{value:.2f}", ha="center", va="center", fontsize=9, color=colour)
    ax.set_xticks(range(update.shape[1]), [f"topic {n}" for n in range(1, update.shape[1] + 1)])
    ax.set_yticks(range(len(words)), words)
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.set_title(title)
    return figure
