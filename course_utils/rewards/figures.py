"""Drawings of the frozen lake, the pole, and of who acts on whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import DASHES, INK, PALE_INK
from course_utils.rewards.lake import ACTIONS, Lake, check_lake
from course_utils.rewards.policy import best_on_leash, clipped_gain, divergence

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ICE, HOLE, GOAL, MARK = "#DCEBF7", "#8A97A6", "#E4F2EA", "#FBE3CF"


def draw_lake(
    ax: Axes,
    lake: Lake,
    values: np.ndarray | None = None,
    policy: np.ndarray | None = None,
    *,
    mark: int | None = None,
    action: int | None = None,
    title: str = "",
) -> None:
    """Draw the map of a lake, with a value and an arrow in each square where one can stand.

    Parameters
    ----------
    values : ndarray, shape (n_states,), optional
        Written into the squares with two decimals.
    policy : ndarray of int, shape (n_states,), optional
        The action in each square.
    mark : int, optional
        A state to draw in another colour.
    action : int, optional
        Arrows from the marked state to where this action may lead.
    title : str
        What is shown.
    """
    from matplotlib.patches import Rectangle

    letters = "".join(check_lake(lake).letters)
    side = len(lake.letters[0])
    for state, letter in enumerate(letters):
        x, y = state % side, -(state // side)
        colour = {"H": HOLE, "G": GOAL}.get(letter, MARK if state == mark else ICE)
        ax.add_patch(Rectangle((x - 0.5, y - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=2))
        style = {"ha": "center", "va": "center", "fontsize": 8.5}
        if letter in "HG":
            ax.text(x, y, {"H": "hole", "G": "goal"}[letter], color="white" if letter == "H" else INK, **style)
            continue
        if letter == "S":
            ax.text(x - 0.42, y + 0.42, "start", fontsize=7, ha="left", va="top", color=PALE_INK)
        if policy is not None:
            ax.text(
                x, y + (0.1 if values is not None else 0), ACTIONS[policy[state]], color=INK, **style | {"fontsize": 15}
            )
        if values is not None:
            ax.text(x, y - 0.3, f"{values[state]:.2f}", color=PALE_INK, **style)
        elif policy is None:
            ax.text(x, y, state, color=PALE_INK, **style)
    if mark is not None and action is not None:
        style = {"arrowstyle": "-|>", "shrinkA": 8, "shrinkB": 13}
        for end in lake.to[mark, action]:
            ax.annotate("", (end % side, -(end // side)), (mark % side, -(mark // side)), arrowprops=style)
    ax.set(title=title, xlim=(-0.52, side - 0.48), ylim=(-len(lake.letters) + 0.48, 0.52), aspect="equal")
    ax.set_axis_off()


def draw_pole(state: np.ndarray) -> Figure:
    """Draw a cart with its pole, and the four numbers of the state beside the parts that they belong to."""
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, ax = plt.subplots(figsize=(5, 2.6))
    position, _, angle, _ = np.asarray(state, dtype=float)
    top = position + 1.7 * np.sin(angle), 0.3 + 1.7 * np.cos(angle)
    ax.plot([-2.4, 2.4], [-0.12, -0.12], color="#999999", lw=1.5)
    ax.add_patch(Rectangle((position - 0.45, -0.1), 0.9, 0.4, facecolor=ICE, edgecolor="#0072B2"))
    ax.plot([position, top[0]], [0.3, top[1]], color="#D55E00", lw=5, solid_capstyle="round")
    ax.plot([position, position], [0.3, 2.0], color="#999999", lw=0.8, ls=":")
    arrow = {"arrowstyle": "-|>", "color": INK, "lw": 1.2}
    for way, action in ((-1, 0), (1, 1)):
        ax.annotate("", (position + way * 1.25, 0.1), (position + way * 0.5, 0.1), arrowprops=arrow)
        text = f"action {action}"
        ax.text(
            position + way * 1.3, 0.1, text, ha="left" if way > 0 else "right", va="center", fontsize=8.5, color=INK
        )
    ax.text(top[0] + 0.15, top[1], "angle, and how fast\nit changes", fontsize=8.5, va="top", color=PALE_INK)
    ax.text(position, -0.3, "position, and how fast it changes", fontsize=8.5, ha="center", va="top", color=PALE_INK)
    ax.set(xlim=(-2.5, 2.5), ylim=(-0.6, 2.2), aspect="equal")
    ax.set_axis_off()
    ax.set_title("CartPole: a state is four numbers, an action is a push")
    return figure


def agent_loop() -> Figure:
    """Draw the agent and its environment: an action goes one way, a reward and the next state come back."""
    import matplotlib.pyplot as plt

    boxes = {"agent": (0, 0, "agent\nits policy chooses"), "world": (9, 0, "environment\nit answers")}
    figure, ax = plt.subplots(figsize=(5.6, 2.3))
    kinds = {"agent": "weights", "world": "step"}
    arrows = [("agent", "world", "action", -0.25), ("world", "agent", "", -0.25)]
    flow(ax, boxes, arrows, kinds=kinds, width=4.2, height=1.7)
    ax.text(4.5, -1.75, "reward and next state", ha="center", fontsize=8, color=PALE_INK)
    ax.set(ylim=(-2, 1.9))
    ax.set_title("Nobody says which action was right, only what it paid")
    return figure


def rlhf() -> Figure:
    """Draw the three steps of RLHF: texts to imitate, choices for a reward model, rewards that train the policy."""
    import matplotlib.pyplot as plt

    boxes = {"choices": (5.4, 5, "2: people's\nchoices"), "judge": (10.8, 5, "reward\nmodel"), "policy": (0, 0)}
    boxes |= {"shown": (0, 5, "1: people's\nown texts"), "texts": (5.4, 0, "3: texts"), "gain": (16.2, 0, "advantage")}
    boxes |= {"reference": (10.8, 1.7), "critic": (10.8, -1.7), "update": (16.2, -3.9, "clipped\nupdate")}
    arrows = [("choices", "judge", "fit"), ("policy", "texts", "write"), ("judge", "gain", "reward")]
    arrows += [("shown", "policy", "fine-tune"), ("texts", "choices"), ("texts", "judge", "read")]
    arrows += [("texts", "reference"), ("texts", "critic")]
    arrows += [("reference", "gain", "β · KL"), ("critic", "gain", "baseline")]
    arrows += [("gain", "update"), ("update", "policy", "push, and again", -0.3)]
    kinds = dict.fromkeys(("judge", "policy", "reference", "critic"), "weights")
    kinds |= dict.fromkeys(("gain", "update"), "step")
    figure, ax = plt.subplots(figsize=(5.7, 3.4))
    flow(ax, boxes, arrows, kinds=kinds, width=3.4, height=1.4, fontsize=8)
    ax.text(5.1, 2.5, "compare", fontsize=7, color=PALE_INK, ha="right", va="center")
    ax.set(ylim=(-5.4, 5.9))
    ax.set_title("Demonstrations, then choices, then rewards")
    return figure


def draw_regret(curves: Mapping[str, np.ndarray], highest: float = 80) -> Figure:
    """Draw the mean regret of several ways, ``(n_runs, n_pulls)`` by name, with the names where the lines end.

    A line that rises above ``highest`` leaves the frame, and has its last value beside its name.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5, 2.5), layout="constrained")
    lines = sorted(((lost.mean(axis=0), name) for name, lost in curves.items()), key=lambda line: -line[0][-1])
    place = np.inf
    for n, (mean, name) in enumerate(lines):
        ax.plot(mean, color=f"C{n}")
        out = mean[-1] > highest
        place = min(highest if out else mean[-1], place - 0.075 * highest)  # names do not overlap
        text = f"{name}, {mean[-1]:.0f}" if out else name
        ax.text(1.02 * len(mean), place, text, color=f"C{n}", fontsize=8.5, va="center")
    ax.set(xlabel="pulls", ylabel="regret", xlim=(0, len(lines[0][0])), ylim=(0, highest))
    ax.set_title("Who never tries an arm loses most")
    return figure


def draw_leash(runs: Sequence[Mapping], p_count: np.ndarray, kept: np.ndarray, written: int) -> Figure:
    """Draw the runs of `shipped.load_leash`, the reward by the divergence, beside what is possible.

    The best policy on each leash is a hollow point, computed from the reference's probability ``p_count`` of each
    count, and the line has the best policies of all leashes. The counts ``kept`` of so many ``written`` texts are a
    star.
    """
    import matplotlib.pyplot as plt

    def best(beta: float) -> tuple[float, float]:
        p = best_on_leash(p_count, np.arange(len(p_count)), beta)
        return divergence(p, p_count), float(p @ np.arange(len(p_count)))

    figure, ax = plt.subplots(figsize=(5, 2.8))
    ax.plot(*np.array([best(beta) for beta in np.geomspace(0.02, 2, 300)]).T, color="#999999", lw=1, zorder=1)
    ax.plot(np.log(written / len(kept)), kept.mean(), "*", color="black", ms=11, label="kept texts")
    betas = sorted({run["beta"] for run in runs})
    for n, beta in enumerate(betas):
        x, y = np.array([(run["kl"], run["reward"]) for run in runs if run["beta"] == beta]).T
        ax.plot(x, y, "o", color=plt.cm.viridis(n / len(betas)), label="trained" if n == 3 else None)
        if beta:
            how = {"mfc": "white", "mew": 1.5, "color": plt.cm.viridis(n / len(betas))}
            ax.plot(*best(beta), "o", **how, label="best with this β" if n == 3 else None)
        at, how = (best(beta), {"ha": "right"}) if beta else ((1.4 * x.max(), y.max()), {"va": "center"})
        ax.annotate(f"β = {beta:g}", at, (-4, 4) if beta else (0, 0), textcoords="offset points", fontsize=8.5, **how)
    ax.legend(fontsize=8.5, loc="upper left")
    ax.set_title("Trained models stay below the best on their leash")
    ax.set(xscale="log", xlim=(0.015, 180), ylim=(-0.6, 11))
    ax.set(xlabel="KL divergence from the reference (nats a text)", ylabel="islands in a text")
    return figure


def draw_paths(ax: Axes, ways: Mapping[str, Sequence[Mapping]], across: str, up: str) -> None:
    """Draw the way of each run of `shipped.load_groups` from look to look, and a point where it ends."""
    for n, (name, runs) in enumerate(ways.items()):
        for run in runs:
            x, y = np.array([(look[across], look[up]) for look in run["looks"]]).T
            ax.plot(x, y, DASHES[n], lw=1.2, color=f"C{n}", label=name if run is runs[0] else None)
            ax.plot(x[-1], y[-1], "o", ms=5, color=f"C{n}")
    ax.legend(fontsize=8.5, loc="lower right")


def draw_gains(gains: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw for each way what the better and the worse text of each pair have gained on the reference, in nats.

    Pairs below the line are in the right order.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.2, 2.6))
    for n, (way, (better, worse)) in enumerate(gains.items()):
        ax.plot(better, worse, "os"[n % 2], ms=4, mew=0, label=way)
    low, high = ax.get_xlim()
    ax.plot([low, high], [low, high], color="#999999", lw=1)
    style = {"textcoords": "offset points", "fontsize": 8.5, "color": PALE_INK}
    ax.annotate("equal gains", (high, high), (4, 0), va="center", **style)
    ax.set(xlabel="gain of the better text (nats)", ylabel="gain of the worse text (nats)")
    ax.set_title("DPO pushes the worse texts down")
    ax.legend(fontsize=8.5, loc="upper left")
    return figure


def draw_clip() -> Figure:
    """Draw PPO's gain by the ratio, for a good token and for a bad one."""
    import matplotlib.pyplot as plt

    ratio = np.linspace(0.4, 1.6, 121)
    figure, ax = plt.subplots(figsize=(4.4, 2.7))
    for n, (gain, name) in enumerate(((1.0, "good token, A = 1"), (-1.0, "bad token, A = -1"))):
        ax.plot(ratio, ratio * gain, ":", color="#999999")
        ax.plot(ratio, clipped_gain(ratio, np.full(121, gain)), lw=2, color=f"C{n}")
        ax.text(0.75, 0.25 * gain, name, color=f"C{n}", fontsize=8.5, va="center")
    ax.set(xlabel="ratio", ylabel="gain", title="Flat above 1.2 for A = 1, below 0.8 for A = -1")
    return figure


def draw_runs(ax: Axes, curves: Mapping[str, Sequence], grid: np.ndarray) -> None:
    """Draw the mean of several runs, ``(n_runs, n_looks)`` by name, with the range from the lowest to the highest."""
    for (name, values), dash in zip(curves.items(), DASHES, strict=False):
        values = np.asarray(values)
        ax.fill_between(grid, values.min(axis=0), values.max(axis=0), alpha=0.2, lw=0, antialiased=False)
        ax.plot(grid, values.mean(axis=0), dash, label=name)
    ax.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))
