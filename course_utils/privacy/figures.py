"""Drawings of where data leak, of attacks, clipping, a filter before and after a search, a log, and a handshake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.diagrams import EDGES, KINDS, flow
from course_utils.plotting.figures import INK, PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECRET = "#C8D0DA"  # the colour of what a reader may not see


def leaks() -> Figure:
    """Draw the ways in which people's data leak."""
    import matplotlib.pyplot as plt

    ways = {
        "copy": ("a copy\nto analyse", "names,\nnumbers"),
        "model": ("a trained\nmodel", "texts recited,\nwho was in it"),
        "vectors": ("stored\nvectors", "words of\nthe texts"),
        "search": ("a search", "passages of\nothers"),
        "server": ("a rented\ncomputer", "everything"),
    }
    boxes, arrows, kinds = {"data": (0, 0, "people's\ndata")}, [], {"model": "weights", "vectors": "weights"}
    for row, (name, (text, lost)) in enumerate(ways.items()):
        y = 4.4 - 2.2 * row
        boxes |= {name: (7.6, y, text), f"lost {name}": (14.8, y, lost)}
        arrows += [("data", name), (name, f"lost {name}", "leaks")]
        kinds |= {name: kinds.get(name, "step"), f"lost {name}": "plain"}
    figure, ax = plt.subplots(figsize=(5.4, 3.2))
    flow(ax, boxes, arrows, kinds=kinds, width=3.9, height=1.6, fontsize=8)
    ax.set_title("Five ways in which data leak")
    return figure


def two_bells(ax: Axes, sigma: float, at: float) -> None:
    """Draw how likely noisy answers are without a person and with one who adds the most, 1; compare them ``at``.

    ``sigma`` is the noise's standard deviation, as a multiple of that most.
    """
    x = np.linspace(-3 * sigma, 1 + 3 * sigma, 300)
    for middle, colour, label in ((0, "#0072B2", "without"), (1, "#D55E00", "with")):
        ax.plot(x, np.exp(-(((x - middle) / sigma) ** 2) / 2), color=colour, label=label)
    heights = np.exp(-(((at - np.array([0, 1])) / sigma) ** 2) / 2)
    ax.vlines(at, 0, heights[1], color="#555555", ls=":", lw=1.2)
    ax.plot([at, at], heights, "o", color="#555555", ms=4)
    ratio = f"{heights[1] / heights[0]:.1f} times as likely"
    ax.annotate(ratio, (at, heights[1]), xytext=(6, 8), textcoords="offset points", fontsize=8.5)
    ax.set(xlabel="noisy sum minus that of the others, in units of C", yticks=[], ylim=(0, 1.15))
    ax.set_ylabel("how likely")
    ax.legend(fontsize=8.5, loc="upper left")


def clipping(rows: np.ndarray, most: float, sigma: float, seed: int = 0) -> Figure:
    """Draw gradients, clipped gradients, and their noisy sum with and without the last one: ``rows`` is (n, 2)."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Circle

    from course_utils.privacy.differential import clip_rows

    clipped = clip_rows(rows, most)
    figure, axes = plt.subplots(1, 3, figsize=(6.2, 2.35), layout="constrained", sharex=True, sharey=True)
    titles = "gradients", f"clipped to length {most:g}", "sum and noise"
    without, total = clipped[:-1].sum(axis=0), clipped.sum(axis=0)
    start = np.zeros(2)
    arrows = [
        [(start, row, "#D55E00" if row is some[-1] else "#0072B2") for row in some]
        for some in map(list, (rows, clipped))
    ]
    arrows.append([(start, without, "#0072B2"), (without, total, "#D55E00")])
    for ax, some, title in zip(axes, arrows, titles, strict=True):
        for begin, end, colour in some:
            style = {"arrowstyle": "-|>", "color": colour, "lw": 1.5, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", end, begin, arrowprops=style)
        ax.set(title=title, aspect="equal", xlabel="first weight")
        ax.axhline(0, color="#dddddd", lw=0.8, zorder=0)
        ax.axvline(0, color="#dddddd", lw=0.8, zorder=0)
    axes[0].set_ylabel("second weight")
    axes[1].add_patch(Circle((0, 0), most, fill=False, ls=":", color="#555555"))
    spread = np.random.default_rng(seed).normal(0, sigma * most, (150, 2)) + total
    axes[2].scatter(*spread.T, s=5, color="#E69F00", alpha=0.7, lw=0, zorder=0)
    ends = np.vstack([rows, spread, [[0, 0]]])
    low, high = ends.min(axis=0) - 0.3, ends.max(axis=0) + 0.3
    axes[0].set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    return figure


def losses(some: Mapping[str, tuple[np.ndarray, np.ndarray]], title: str) -> Figure:
    """Draw, for each kind of records, how large the losses are of those in the training and of those kept out."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(some), figsize=(6.6, 2.6), sharex=True, layout="constrained", squeeze=False)
    bins = np.logspace(-6, 2, 33)
    for ax, (kind, (inside, outside)) in zip(axes[0], some.items(), strict=True):
        ax.hist(np.maximum(inside, bins[0]), bins, color="#D55E00", alpha=0.75, label="in the training")
        ax.hist(np.maximum(outside, bins[0]), bins, histtype="step", color="#0072B2", lw=1.6, label="kept out")
        ax.set(xscale="log", xlabel=f"loss of {kind}", ylabel="records")
    axes[0, -1].legend(fontsize=8.5, loc="upper left")
    axes[0, 0].set_title(title)
    return figure


def exposures(ax: Axes, bits: Mapping[int, Sequence[float]]) -> None:
    """Draw the exposures of a secret against its copies: a point for each run, and a line through the means."""
    from course_utils.privacy.memorised import random_exposure

    for place, some in enumerate(bits.values()):
        ax.plot([place] * len(some), some, "o", color="#0072B2", alpha=0.5, mec="none")
    ax.plot([np.mean(some) for some in bits.values()], color="#0072B2")
    low, most = random_exposure(0.95), np.log2(10_000)
    for y, text in ((low, f"19 of 20 unseen: below {low:.2f}"), (most, "likeliest of all")):
        ax.axhline(y, ls=":", color="#555555")
        ax.text(0, y + 0.15, text, va="bottom", fontsize=8.5)
    ax.set_xticks(range(len(bits)), bits)
    ax.set(xlabel="copies among 512 pieces", ylabel="exposure in bits", ylim=(0, 15))


def by_heart(ax: Axes, results: Mapping[str, np.ndarray]) -> None:
    """Draw the attack on unusual records against the fit of the usual ones.

    ``results`` holds an array (n_drawings, 2) of both for each way to train. Ways called "plain" and "clip" with their
    steps become curves, each drawing a thin one, and the others single points.
    """
    styles = (("plain", "#0072B2", "#a6cbe3", "s-", -1), ("clip", "#D55E00", "#f0c4a0", "o-", 1))
    for name, colour, pale, mark, side in styles:
        found = {way.split()[1]: rows for way, rows in results.items() if way.split()[0] == name}
        rows = np.array(list(found.values()))  # (n_steps, n_drawings, 2)
        ax.plot(rows[:, :, 0], rows[:, :, 1], color=pale, lw=0.8, zorder=1)
        ax.plot(*rows.mean(axis=1).T, mark, color=colour, label=name)
        for steps, (fit, score) in zip(found, rows.mean(axis=1), strict=True):
            ax.text(fit + 0.007 * side, score - 0.02 * side, steps, ha="center", va="center", fontsize=8.5)
    others = [way for way in results if way.split()[0] not in ("plain", "clip")]
    for way, mark in zip(others, "^vD", strict=False):
        ax.plot(*results[way].mean(axis=0), mark, color="#009E73", label=way)
    ax.legend(fontsize=8.5, title="numbers: steps; thin: drawings", title_fontsize=8.5)
    ax.set(xlabel="fit: share of the usual training records put right", ylabel="attack on the unusual")


def two_attacks(ax: Axes, simple: Mapping[str, np.ndarray], better: Mapping[str, np.ndarray]) -> None:
    """Draw two attacks on networks trained in several ways, one row each: the drawings as dots, the means larger.

    Both map the name of each way to the scores ``(n_drawings,)``, which may be 0.5 for guessing to 1.
    """
    names = list(simple)[::-1]
    attacks = (simple, "#0072B2", "#7fb4d6", 0.13, "simple"), (better, "#D55E00", "#eaae7f", -0.13, "better")
    for scores, colour, pale, side, label in attacks:
        for place, name in enumerate(names):
            ax.plot(scores[name], np.full(len(scores[name]), place + side), "o", color=pale, ms=3)
        means = [np.mean(scores[name]) for name in names]
        ax.plot(means, np.arange(len(names)) + side, "D", color=colour, ms=6, label=f"{label} attack")
    ax.axvline(0.5, color="#999999", ls=":", lw=1)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel="score on the unusual records (0.5: guessing)", ylim=(-0.6, len(names) - 0.4))
    ax.legend(fontsize=8.5, loc="lower right", title="small: drawings", title_fontsize=8.5)


def filters(visible: Sequence[bool], k: int) -> Figure:
    """Draw a ranking of passages twice: hidden ones taken out after the best ``k`` were chosen, and before."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(5.6, 2.4))
    shown = np.flatnonzero(visible)[:k]
    for y, chosen, title in ((1.7, [p for p in range(k) if visible[p]], "after"), (0, list(shown), "before")):
        for place, seen in enumerate(visible):
            inside = place in chosen
            style = {
                "facecolor": KINDS["step"] if seen else SECRET,
                "edgecolor": EDGES["step"] if inside else "#999999",
            }
            ax.add_patch(Rectangle((place, y), 0.84, 0.84, lw=2.2 if inside else 0.8, **style))
            text = str(place + 1) if seen else "–"
            ax.text(place + 0.42, y + 0.42, text, ha="center", va="center", fontsize=10, color=INK)
        ax.text(-0.2, y + 0.42, f"filter {title}:\n{len(chosen)} hits", ha="right", va="center", fontsize=9, color=INK)
    ax.plot([k - 0.08, k - 0.08], [1.5, 2.75], color="#555555", ls=":", lw=1.2)
    ax.text(k - 0.2, 2.82, f"best {k}", ha="right", va="bottom", fontsize=8.5, color=PALE_INK)
    ax.text(len(visible), -0.15, "grey: this reader may not see it", ha="right", va="top", fontsize=8.5, color=PALE_INK)
    ax.set(xlim=(-2.6, len(visible) + 0.1), ylim=(-0.6, 3.2), aspect="equal")
    ax.set_axis_off()
    ax.set_title("A filter after the ranking loses hits, and shows that it did")
    return figure


def hash_chain(entries: Sequence[str], hashes: Sequence[str]) -> Figure:
    """Draw a log: each entry, its hash, and the arrow from the hash before."""
    import matplotlib.pyplot as plt

    boxes = {f"e{n}": (5.2 * n, 2, entry) for n, entry in enumerate(entries)}
    boxes |= {f"h{n}": (5.2 * n, 0, f"{digits[:6]}…") for n, digits in enumerate(hashes)}
    arrows = [(f"e{n}", f"h{n}") for n in range(len(entries))] + [
        (f"h{n}", f"h{n + 1}") for n in range(len(entries) - 1)
    ]
    figure, ax = plt.subplots(figsize=(6.6, 2.2))
    kinds = {f"h{n}": "step" for n in range(len(hashes))}
    flow(ax, boxes, arrows, kinds=kinds, width=3.9, height=1.15, fontsize=8.5)
    ax.set_title("Each hash covers its entry and the hash before it")
    return figure


def handshake() -> Figure:
    """Draw how a key comes to a program that has proved what it is."""
    import matplotlib.pyplot as plt

    boxes = {"maker": (0, 2.6, "maker of the\nprocessor"), "machine": (0, 0, "machine:\nprogram, keys")}
    boxes |= {"owner": (17, 0, "owner of the\ndata: checks"), "key": (17, 2.6, "data key")}
    arrows = [("maker", "machine", "signs its key"), ("key", "owner")]
    figure, ax = plt.subplots(figsize=(6.1, 3))
    kinds = {"machine": "step", "owner": "weights", "maker": "plain"}
    flow(ax, boxes, arrows, kinds=kinds, width=4.2, height=1.5, fontsize=8.5)
    line = {"arrowstyle": "-|>", "color": "#555555", "lw": 1.2}
    texts = (
        "1. a random number",
        "2. signed quote: program's hash, key, number",
        "3. the data key, sealed for that key",
    )
    for place, text in enumerate(texts):
        y = 0.5 - 0.95 * place
        ends = ((2.3, y), (14.7, y)) if place == 1 else ((14.7, y), (2.3, y))
        ax.annotate("", ends[1], ends[0], arrowprops=line)
        ax.text(8.5, y + 0.1, text, ha="center", va="bottom", fontsize=7.5, color=PALE_INK)
    ax.set(ylim=(-1.9, 3.6))
    ax.set_title("First the proof, then the key")
    return figure


def prices(ax: Axes, factors: Mapping[str, float]) -> None:
    """Draw how many times as long each way takes as the plain one, as points on a logarithmic axis."""
    names = list(factors)[::-1]
    values = [factors[name] for name in names]
    ax.axvline(1, color="#999999", ls=":", lw=1)
    ax.plot(values, range(len(names)), "o", color="#0072B2")
    ax.set_yticks(range(len(names)), names)
    ax.set(
        xscale="log",
        xlim=(0.05, 30 * max(values)),
        ylim=(-0.6, len(names) - 0.4),
        xlabel="times the processor time of the same in plain",
    )
    ground = {"facecolor": "white", "edgecolor": "none", "pad": 1}  # so that the dotted line does not cross a number
    for place, value in enumerate(values):
        ax.text(
            value * 1.5, place, f"{value:,.0f}" if value >= 10 else f"{value:.1f}", va="center", fontsize=9, bbox=ground
        )
