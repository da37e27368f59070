"""Drawings of circuits, amplitudes and phases."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.diagrams import EDGES, KINDS, flow
from course_utils.plotting.figures import INK, MARKS, PALE_INK
from course_utils.quantum.grover import grover

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PLUS, MINUS = "#0072B2", "#D55E00"


def draw_circuit(ax: Axes, wires: Sequence[str], columns: Sequence[Sequence[tuple]]) -> None:
    """Draw a circuit: a line for each qubit, and boxes on the lines, from left to right.

    Parameters
    ----------
    wires : sequence of str
        What stands at the left of each line.
    columns : sequence of sequence of tuple
        The gates that act at once: ``(label, qubit)``, with several qubits for a box over neighbouring lines, and
        ``(label, qubit, "if", control)`` for a gate that another qubit controls.
    """
    from matplotlib.patches import FancyBboxPatch

    for y, wire in enumerate(wires):
        ax.plot([-0.6, len(columns) - 0.4], [-y, -y], color="#888888", lw=1.2, zorder=0)
        ax.text(-0.75, -y, wire, ha="right", va="center", fontsize=9.5, color=INK)
    for x, gates in enumerate(columns):
        for label, *where in gates:
            qubits, controls = (where[: where.index("if")], where[-1:]) if "if" in where else (where, [])
            if not set(qubits + controls) <= set(range(len(wires))):
                raise InputError(f"The circuit has the qubits 0 to {len(wires) - 1}, and the gate {label} other ones.")
            for control in controls:
                ax.plot([x, x], [-control, -qubits[0]], color=INK, lw=1.2, zorder=1)
                ax.plot([x], [-control], "o", color=INK, ms=6, zorder=2)
            half = 0.36 if len(label) < 3 else 0.44
            low, high = -max(qubits) - 0.34, -min(qubits) + 0.34
            box = FancyBboxPatch((x - half, low), 2 * half, high - low, boxstyle="round,pad=0,rounding_size=0.08")
            box.set(facecolor=KINDS["step"], edgecolor=EDGES["step"], linewidth=1.2, zorder=2)
            ax.add_patch(box)
            ax.text(x, (low + high) / 2, label, ha="center", va="center", fontsize=9, color=INK, zorder=3)
    ax.set(xlim=(-1.9, len(columns) - 0.3), ylim=(-len(wires) + 0.45, 0.55), aspect="equal")
    ax.set_axis_off()


def circuits(panels: Mapping[str, tuple[Sequence[str], Sequence]], size: tuple[float, float]) -> Figure:
    """Draw circuits side by side, at one scale, each with its title above; see `draw_circuit`.

    Parameters
    ----------
    panels : mapping of str to (wires, columns)
        By title; all with the same number of lines.
    size : (float, float)
        Width and height in inches.
    """
    import matplotlib.pyplot as plt

    widths = [len(columns) + 1.6 for _, columns in panels.values()]
    figure, axes = plt.subplots(1, len(panels), figsize=size, layout="constrained", width_ratios=widths, squeeze=False)
    for ax, (title, (wires, columns)) in zip(axes[0], panels.items(), strict=True):
        draw_circuit(ax, wires, columns)
        ax.set_title(title, fontsize=10.5)
    return figure


def shors_circuit() -> Figure:
    """Draw Shor's circuit with three qubits that count and two for the power, which begins as 1."""
    wires = ["counter: 0", "counter: 0", "counter: 0", "power: 0", "power: 1"]
    columns = [[("H", 0), ("H", 1), ("H", 2)], [("· a", 3, 4, "if", 2)], [("· a²", 3, 4, "if", 1)]]
    columns += [[("· a⁴", 3, 4, "if", 0)], [("QFT", 0, 1, 2)], [("read", 0), ("read", 1), ("read", 2)]]
    return circuits({"Shor's circuit: all x, their powers, Fourier": (wires, columns)}, (5, 2.8))


def two_paths() -> Figure:
    """Draw the four ways through two gates H, with the factor of each step: those to 1 cancel."""
    import matplotlib.pyplot as plt

    boxes = {"start": (0, 1, "0"), "a": (4.5, 2, "0"), "b": (4.5, 0, "1")}
    boxes |= {"zero": (9, 2, "0"), "one": (9, 0, "1")}
    figure, ax = plt.subplots(figsize=(5.8, 2.7), layout="constrained")
    arrows = [("start", "a", "+0.71"), ("start", "b", "+0.71"), ("a", "zero", "+0.71")]
    flow(ax, boxes, arrows, width=0.9, height=0.8, fontsize=11)
    style = {"arrowstyle": "-|>", "lw": 1.3, "shrinkA": 13, "shrinkB": 13, "mutation_scale": 11}
    for ends, colour in ((((9, 2), (4.5, 0)), "#555555"), (((9, 0), (4.5, 2)), "#555555"), (((9, 0), (4.5, 0)), MINUS)):
        ax.annotate("", *ends, arrowprops={**style, "color": colour}, zorder=2)
    for y in (1.28, 0.72):
        paper = {"fc": "white", "ec": "none", "pad": 0.5}
        ax.text(5.5, y, "+0.71", fontsize=8, color=PALE_INK, ha="left", va="center", bbox=paper)
    ax.text(6.75, -0.16, "−0.71", fontsize=8, color=MINUS, ha="center", va="top")
    ax.text(9.8, 2, "0.5 + 0.5 = 1", fontsize=10, color=PLUS, va="center")
    ax.text(9.8, 0, "0.5 − 0.5 = 0", fontsize=10, color=MINUS, va="center")
    for x, text in ((2.25, "first H"), (6.75, "second H")):
        ax.text(x, 2.85, text, ha="center", fontsize=9, color=INK)
    ax.set(xlim=(-0.7, 13), ylim=(-0.75, 3.2))
    ax.set_title("Two paths to 0 add up, two paths to 1 cancel")
    return figure


def draw_amplitudes(ax: Axes, amplitudes: np.ndarray, *, sought: Collection[int] = ()) -> None:
    """Draw real amplitudes as bars from zero, negative ones in orange; what is sought has a dark edge."""
    values, marked = np.real(np.ravel(amplitudes)), sorted(sought)
    for sign, colour in ((1, PLUS), (-1, MINUS)):  # one outline for all bars of a colour, which keeps the file small
        which = np.flatnonzero(sign * values > 0)
        corners = np.add.outer(which, [-0.4, -0.4, 0.4, 0.4]), np.outer(values[which], [0, 1, 1, 0])
        ax.fill(*map(np.ravel, corners), color=colour, lw=0)
    ax.bar(marked, values[marked], color="none", edgecolor=INK, linewidth=1.4, width=0.8)
    ax.axhline(0, color="#999999", lw=0.8)
    ax.set(ylabel="amplitude", ylim=(-1.08, 1.08))


def grover_frames(n_entries: int, sought: int, n_steps: int) -> list[tuple[Figure, str]]:
    """Return a picture and a sentence for each half of each of Grover's steps, for the player."""
    import matplotlib.pyplot as plt

    frames, said = [], {"start": "All entries have the amplitude {0:.2f}, and so has their mean, the dashed line."}
    said["marked"] = "The sought entry gets a minus sign, and no probability has changed."
    said["mirrored"] = "All amplitudes are mirrored at their mean; the sought one is now {0:.2f}."
    for number, (what, amplitudes) in enumerate(grover(n_entries, {sought}, n_steps)):
        figure, ax = plt.subplots(figsize=(5.2, 2), layout="constrained")
        draw_amplitudes(ax, amplitudes, sought={sought})
        ax.axhline(amplitudes.mean(), color="#009E73", ls="--", lw=1.2)
        step = "before the first step" if number == 0 else f"step {(number + 1) // 2}: {what}"
        ax.set(xlabel="entry", title=step, xticks=(0, sought, n_entries - 1))
        frames.append((figure, said[what].format(amplitudes[sought])))
    return frames


def arrow_sums(period: int, size: int, candidates: Sequence[int], n_arrows: int = 8) -> Figure:
    """Draw the arrows that the Fourier transform adds up for each measured number, one behind the other.

    The counter's numbers that share one power are ``period`` apart, and each brings an arrow of one length, turned by
    ``k * period / size`` of a full turn against the one before it.
    """
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(candidates), figsize=(2.05 * len(candidates), 1.9), layout="constrained")
    for ax, k in zip(np.atleast_1d(axes), candidates, strict=True):
        ends = np.cumsum(np.exp(2j * np.pi * k * period * np.arange(-1, n_arrows) / size))
        ends -= ends[0]
        if abs(ends[-1]) > 0.05:
            ends *= abs(ends[-1]) / ends[-1]  # the sum points to the right
            ax.plot([0, ends[-1].real], [0, 0], color=MINUS, lw=1.4, ls=":")
        for start, end in itertools.pairwise(ends):
            line = {"arrowstyle": "-|>", "color": PLUS, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
            ax.annotate("", (end.real, end.imag), (start.real, start.imag), arrowprops=line)
        middle, half = (ends.real.min() + ends.real.max()) / 2, n_arrows / 2 + 0.4
        ax.set(xlim=(middle - half, middle + half), ylim=(-1.5, 2.9), aspect="equal")
        ax.set_axis_off()
        ax.set_title(f"k = {k}: length {abs(ends[-1]):.1f}", fontsize=9.5, loc="center")
    figure.suptitle("Only where k fits the period do the arrows line up", x=0.01, ha="left", weight="bold", fontsize=11)
    return figure


def draw_peaks(ax: Axes, chance: np.ndarray, title: str) -> None:
    """Draw the probability of each measured number, and write those above a tenth at their peaks."""
    ax.vlines(range(len(chance)), 0, chance, color=PLUS, lw=1.6)
    ax.set(xlabel="measured k", ylabel="probability", title=title, ylim=(0, 1.15 * chance.max()))
    for k in np.flatnonzero(chance > 0.1):
        ax.text(k, chance[k], f"{k}", ha="center", va="bottom", fontsize=8, color=PALE_INK)


def log_dots(
    ax: Axes, values: Mapping[str, float], colours: Sequence[str], unit: str, *, hollow: Collection[str] = ()
) -> None:
    """Draw a dot for each number on a logarithmic axis, the first on top, with the number beside it.

    Those in ``hollow`` are drawn as rings: what one cannot lay beside the others.
    """
    inside = ["white" if name in hollow else colour for name, colour in zip(values, colours, strict=True)]
    ax.scatter(list(values.values()), list(values), c=inside, edgecolors=colours, linewidths=1.6, s=42, zorder=2)
    for y, value in enumerate(values.values()):
        ax.text(value * 1.5, y, f"{value:,.0f}", va="center", fontsize=8.5, color=INK)
    ax.set(xscale="log", xlabel=unit, xlim=(50, 1e9), ylim=(len(values) - 0.5, -0.5))
    ax.grid(axis="y", color="#dddddd", lw=0.8)
    ax.tick_params(left=False, labelsize=9)


def timeline(keep: int, migrate: int, arrives: int) -> Figure:
    """Draw Mosca's inequality: the time to migrate and to keep secrets above the time until the machine."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5.8, 2.0), layout="constrained")
    rows = ((1, 0, migrate, "#56B4E9", "old encryption"), (1, migrate, keep, PLUS, "the last record must stay secret"))
    for y, start, length, colour, text in (*rows, (0, 0, arrives, MINUS, "until the machine")):
        ax.barh(y, length, left=start, color=colour, height=0.62)
        dark = colour != "#56B4E9"
        ax.text(start + length / 2, y, text, ha="center", va="center", fontsize=8.5, color="white" if dark else INK)
    ax.axvline(arrives, color=MINUS, lw=1, ls=":")
    verdict = "too late" if migrate + keep > arrives else "in time"
    ax.set(xlabel="years from now", yticks=[], ylim=(-0.5, 1.5), xlim=(0, max(arrives, migrate + keep) + 1))
    ax.spines["left"].set_visible(False)
    ax.set_title(f"{migrate} + {keep} against {arrives} years: {verdict}")
    return figure


def kernel_gaps(ax: Axes, gaps: Mapping[str, Mapping[int, tuple[float, ...]]]) -> None:
    """Draw how far methods are ahead of one, side by side at each number of qubits.

    By method and number of qubits ``gaps`` has five numbers: a mean, the ends of an interval, which is drawn thin, and
    those of another, drawn broad and pale.
    """
    colours = ("#888888", "#56B4E9", MINUS)
    for place, (name, by_qubits) in enumerate(gaps.items()):
        x = np.arange(len(by_qubits)) + 0.18 * (place - (len(gaps) - 1) / 2)
        mean, low, high, *pale = np.transpose(list(by_qubits.values()))
        ax.vlines(x, *pale, lw=6, color=colours[place], alpha=0.3)
        look = {"fmt": MARKS[place], "ms": 5, "lw": 1.6, "color": colours[place]}
        ax.errorbar(x, mean, [mean - low, high - mean], label=name, **look)
    numbers = list(next(iter(gaps.values())))
    ax.axhline(0, color=INK, lw=0.9, ls="--")
    ax.set_xticks(range(len(numbers)), numbers)
    ax.set(xlabel="qubits, and numbers of a picture", ylabel="accuracy minus that of RBF")
    ax.legend(fontsize=8.5, loc="lower right")


def feature_maps() -> Figure:
    """Draw the circuits of the angle map and of the ZZ map for an example of two numbers, x and y."""
    layer = [[("H", 0), ("H", 1)], [("2x", 0), ("2y", 1)], [("2(π−x)\n(π−y)", 0, 1)]]
    panels = {"angle: rotations": (["0", "0"], [[("rotate x", 0), ("rotate y", 1)]])}
    panels["ZZ: H, two phases, a phase for the pair; twice"] = ["0", "0"], layer * 2
    return circuits(panels, (7.2, 1.75))


def plateau(sizes: Sequence[int], rows: Mapping[str, Sequence[tuple[float, ...]]], title: str) -> Figure:
    """Draw one layer of random circuits, and how the variance of their gradient depends on the number of qubits.

    By the name of a kind of circuit ``rows`` has a variance and the ends of its interval for each of ``sizes``.
    """
    import matplotlib.pyplot as plt

    figure, (one, ax) = plt.subplots(1, 2, figsize=(7, 2.5), layout="constrained", width_ratios=(1, 2))
    draw_circuit(one, [""] * 3, [[("turn", k) for k in range(3)], [("Z", 1, "if", 0)], [("Z", 2, "if", 1)]])
    one.set_title("One layer, three qubits")
    for (name, row), look in zip(rows.items(), ("o-", "s--"), strict=True):
        mean, low, high = np.transpose(row)
        ax.errorbar(sizes, mean, [mean - low, high - mean], fmt=look, ms=5, label=name, aa=False)
    ax.set(yscale="log", xlabel="qubits", ylabel="variance of the gradient", xticks=sizes, title=title)
    ax.legend(fontsize=8.5, loc="lower left")
    return figure
