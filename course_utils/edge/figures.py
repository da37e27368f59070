"""Drawings of small models: steps on a line, the bytes of a block, sizes beside accuracies, energy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.edge.quantise import quantise, restore
from course_utils.plotting.diagrams import EDGES, KINDS, flow
from course_utils.plotting.figures import INK, PALE_INK

# Where a name stands beside its point, and whether a thin line leads to it.
OFFSETS = {"float32": ("left", (6, 0)), "int8, a scale a row": ("center", (3, 38))}
OFFSETS |= {"int4, blocks of 32": ("center", (-30, 62)), "int3, trained": ("center", (27, -70))}
OFFSETS |= {"int2, trained": ("right", (-8, -8)), "int2, trained longer": ("right", (-8, 4))}
OFFSETS |= {"50% pruned, trained": ("center", (22, 57)), "70% pruned, trained": ("left", (3, -32))}
OFFSETS |= {"half the units, trained": ("center", (7, -45)), "TF-IDF itself": ("left", (6, 8))}
OFFSETS |= {"student": ("left", (6, -8)), "student, int4": ("left", (6, -14))}
LEADERS = (
    "int8, a scale a row",
    "int4, blocks of 32",
    "int3, trained",
    "50% pruned, trained",
    "half the units, trained",
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course_utils.edge.energy import Energy


def draw_steps(
    ax: Axes, row: np.ndarray, bits: int, block: int | None, title: str, shown: tuple[int, int] | None = None
) -> None:
    """Draw the weights of a row as points, and where they land after rounding; ``row`` is ``(n,)``.

    With ``shown`` only the weights from one place to another, whose scales are still those of the whole row.
    """
    q, scale = quantise(row[None], bits, block)
    start, end = shown or (0, len(row))
    back, width = restore(q, scale)[0, start:end], len(row) // scale.shape[1]
    row, places = row[start:end], np.arange(start, end)
    for n, step in enumerate(scale[0]):
        inside = places[(places >= n * width) & (places < (n + 1) * width)]
        if not len(inside):
            continue
        for level in range(-(2 ** (bits - 1)) + 1, 2 ** (bits - 1)):
            ends = [inside[0] - 0.45, inside[-1] + 0.45]
            ax.plot(ends, [level * step] * 2, color="#dddddd", lw=0.7, zorder=0)
    ax.vlines(places, row, back, color="#D55E00", lw=1.6)
    ax.plot(places, row, "o", color="#0072B2", ms=4, label="weight")
    ax.plot(places, back, "_", color="#D55E00", ms=9, mew=2, label="comes back")
    ax.set(title=title, xlabel="weight in the row", ylabel="value", xlim=(start - 1, end))
    ax.label_outer()


def block_bytes(raw: Sequence[int]) -> Figure:
    """Draw the twenty bytes of a Q4_1 block: the scale, the minimum, and pairs of weights."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(6.6, 2.3))
    for n, byte in enumerate(raw):
        row, column = divmod(n, 10)
        kind = "weights" if n < 2 else "step" if n < 4 else "data"
        style = {"facecolor": KINDS[kind], "edgecolor": EDGES[kind], "linewidth": 1.1}
        ax.add_patch(Rectangle((column, -1.5 * row), 0.94, 0.8, **style))
        ax.text(
            column + 0.47, 0.4 - 1.5 * row, f"{int(byte):02x}", ha="center", va="center", family="monospace", color=INK
        )
        if n >= 4:
            text = f"{n - 4}, {n + 12}"
            ax.text(column + 0.47, -0.12 - 1.5 * row, text, ha="center", va="top", fontsize=8.5, color=PALE_INK)
    for x, text in ((0.97, "scale"), (2.97, "minimum")):
        ax.text(x, -0.12, text, ha="center", va="top", fontsize=8.5, color=PALE_INK)
    ax.set(xlim=(-0.1, 10.1), ylim=(-2.1, 0.95))
    ax.set_axis_off()
    ax.set_title("Twenty bytes hold 32 weights: two in each blue byte")
    return figure


def draw_sizes(ax: Axes, points: Mapping[str, tuple[float, tuple[float, float, float]]], speed: str) -> None:
    """Draw accuracy with its interval over megabytes, with a name at each point and a line on speed.

    Parameters
    ----------
    points : mapping of str to (megabytes, (mean, low, high))
        The versions of a model, by names that say ``pruned``, ``units`` or ``student`` where they are.
    speed : str
        How fast the small ones are, and beside what.
    """
    from matplotlib.ticker import MultipleLocator

    colours = {"student": "#D55E00", "pruned": "#009E73", "units": "#009E73", "TF-IDF": "#8C4A75"}
    for name, (size, (mean, low, high)) in points.items():
        colour = next((each for word, each in colours.items() if word in name), "#0072B2")
        ax.plot([size, size], [low, high], color=colour, lw=1.6, alpha=0.6)
        ax.plot(size, mean, "o", color=colour, ms=6)
        across, offset = OFFSETS.get(name, ("left", (6, 0)))
        style = {"textcoords": "offset points", "fontsize": 9, "color": colour, "va": "center"}
        if name in LEADERS:
            style["arrowprops"] = {"arrowstyle": "-", "color": colour, "lw": 0.6, "shrinkA": 0, "shrinkB": 4}
        ax.annotate(name, (size, mean), offset, ha=across, **style)
    ax.text(0.02, 0.97, speed, transform=ax.transAxes, va="top", fontsize=9, color=INK)
    ax.yaxis.set_major_locator(MultipleLocator(0.05))
    ax.set(xscale="log", xlabel="megabytes of weights", ylabel="accuracy", xlim=(0.2, 240), ylim=(0.77, 1.0))


def draw_staircase() -> Figure:
    """Draw what a weight is rounded to, over the weight, and the straight line that the staircase climbs along."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(3.8, 2.5), layout="constrained")
    w = np.linspace(-1.49, 1.49, 299)
    ax.plot(w, np.rint(w), color="#0072B2", lw=2, drawstyle="steps-mid", label="forward: rounded")
    ax.plot(w, w, "--", color="#D55E00", lw=1.4, label="backward: slope 1")
    ax.set(xlabel="weight, in steps", ylabel="what the unit uses", yticks=(-1, 0, 1))
    ax.legend(fontsize=8.5, loc="upper left")
    ax.set_title("Each stair is flat; the flight climbs", fontsize=10.5)
    return figure


def draw_parts(lost: Mapping[str, np.ndarray]) -> Figure:
    """Draw what rounding one part does to the accuracy, a mean with its interval; ``lost`` has ``(n_texts,)`` hits."""
    import matplotlib.pyplot as plt

    from course_utils.edge.judging import share_with_ends

    figure, ax = plt.subplots(figsize=(4.6, 2.5), layout="constrained")
    for place, values in enumerate(lost.values()):
        mean, low, high = share_with_ends(values)
        ax.plot([low, high], [place] * 2, color="#D55E00", lw=1.8, alpha=0.6)
        ax.plot(mean, place, "o", color="#D55E00", ms=5.5)
    ax.axvline(0, color="#bbbbbb", lw=0.9, zorder=0)
    ax.set(xlabel="accuracy: difference to float32", yticks=range(len(lost)))
    ax.set_yticklabels(list(lost))
    ax.invert_yaxis()
    ax.set_title("The last block needs its bits most", fontsize=10.5)
    return figure


def draw_memories(curves: Mapping[str, np.ndarray], change: int) -> Figure:
    """Draw the share of right guesses over the articles read, and where the taste changes."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.2, 2.4), layout="constrained")
    dashes = ("-", "-.", ":", (0, (6, 1, 1, 1, 1, 1)), "--")
    for (name, curve), dash in zip(curves.items(), dashes, strict=False):
        ax.plot(curve, ls=dash, lw=1.6, label=name)
    ax.axvline(change, color="#bbbbbb", lw=0.9, zorder=0)
    ax.set(xlabel="articles", ylabel="share of right guesses", xlim=(0, len(curve)), ylim=(0.4, 1))
    ax.legend(fontsize=8.5, loc="lower left")
    ax.set_title("A long memory knows more and forgets late")
    return figure


def distillation() -> Figure:
    """Draw how a student is fitted: one text goes to the teacher and to the student, and both vectors shall agree."""
    import matplotlib.pyplot as plt

    boxes = {"text": (0, 0, "a text,\nno label"), "teacher": (4.7, 1.3, "teacher: MiniLM,\n89 MB")}
    boxes |= {"student": (4.7, -1.3, "student: a table\nof words, 2 MB")}
    boxes |= {
        "goal": (9.4, 1.3, "its vector,\n64 numbers"),
        "sum": (9.4, -1.3, "sum of its words'\nvectors, 64 numbers"),
    }
    arrows = [("text", "teacher"), ("text", "student"), ("teacher", "goal"), ("student", "sum")]
    kinds = {"teacher": "weights", "student": "weights", "goal": "value", "sum": "value"}
    figure, ax = plt.subplots(figsize=(6.4, 2.5))
    flow(ax, boxes, arrows, kinds=kinds, width=3.9, height=1.3, fontsize=8.5)
    ax.annotate("", (9.4, 0.6), (9.4, -0.6), arrowprops={"arrowstyle": "<->", "color": EDGES["step"], "lw": 1.6})
    ax.text(9.7, 0, "make these alike", va="center", fontsize=8.5, color="#00785A")
    ax.set(xlim=(-2.1, 12.7))
    ax.set_title("The student learns to say what the teacher says")
    return figure


def draw_energy(found: Mapping[str, Energy]) -> Figure:
    """Draw for each case the arithmetic as a point and the memory, from the least to the most, as a bar."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.2, 2.5), layout="constrained")
    places = np.arange(len(found))
    low, high = np.array([each.memory for each in found.values()]).T
    ax.barh(places, high - low, left=low, height=0.5, color="#D55E00", label="memory, least to most")
    ax.plot([each.arithmetic for each in found.values()], places, "o", color="#0072B2", label="arithmetic")
    ends = (min(each.arithmetic for each in found.values()) / 3, 3 * high.max())
    ax.set(xscale="log", xlabel="microjoules, in powers of ten", yticks=places, xlim=ends)
    ax.set_yticklabels(list(found))
    ax.invert_yaxis()
    ax.legend(fontsize=8.5, loc="upper left", frameon=True, edgecolor="#bbbbbb")
    ax.set_title("Memory takes more energy in each row")
    return figure


def draw_by_hand(memories: Mapping[str, Sequence[float]], change: int) -> Figure:
    """Draw memories of a single number, article by article, and the article at which all that comes changes sign."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 2.4), layout="constrained")
    for (name, values), dash in zip(memories.items(), ("o-", "s--"), strict=True):
        ax.plot(range(1, len(values) + 1), values, dash, ms=3.5, lw=1.4, label=name)
    ax.axvline(change + 0.5, color="#bbbbbb", lw=0.9, zorder=0)
    ax.axhline(0, color="#bbbbbb", lw=0.9, zorder=0)
    ax.set(xlabel="article", ylabel="memory", ylim=(-1.1, 1.1), title="The short memory changes sides first")
    ax.legend(fontsize=8.5, loc="lower left")
    return figure
