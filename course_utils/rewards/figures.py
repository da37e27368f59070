"""Drawings of the frozen lake, the pole, and of who acts on whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import INK, PALE_INK
from course_utils.rewards.lake import ACTIONS, Lake, check_lake

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
    ax.set(title=title, xlim=(-0.52, side - 0.48), ylim=(-len(lake.letters) + 0.48, 0.52), aspect="equal")
    ax.set_axis_off()


def draw_pole(ax: Axes, state: np.ndarray) -> None:
    """Draw a cart with its pole, and the four numbers of the state beside the parts that they belong to."""
    from matplotlib.patches import Rectangle

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
    """Draw how choices make a reward model, and how its rewards train a policy that a reference holds."""
    import matplotlib.pyplot as plt

    boxes = {"choices": (0, 2.3, "people's\nchoices"), "judge": (5.4, 2.3, "reward\nmodel"), "policy": (0, 0)}
    boxes |= {"texts": (5.4, 0), "gain": (10.8, 0, "advantage"), "reference": (5.4, -2.3)}
    boxes |= {"update": (16.2, 0, "clipped\nupdate")}
    arrows = [("choices", "judge", "fit"), ("policy", "texts", "write"), ("judge", "gain", "reward")]
    arrows += [("texts", "judge"), ("texts", "gain"), ("texts", "reference"), ("reference", "gain", "β · KL")]
    arrows += [("gain", "update"), ("update", "policy", "", -0.62)]
    kinds = dict.fromkeys(("judge", "policy", "reference"), "weights") | dict.fromkeys(("gain", "update"), "step")
    figure, ax = plt.subplots(figsize=(7, 3.7))
    flow(ax, boxes, arrows, kinds=kinds, width=3.2, height=1.2, fontsize=8.5)
    ax.text(8.1, -4.75, "and again", ha="center", fontsize=7.5, color=PALE_INK)
    ax.set(ylim=(-5.6, 3.1))
    ax.set_title("Choices make a reward model, its rewards train the policy")
    return figure


def draw_runs(ax: Axes, curves: Mapping[str, Sequence], grid: np.ndarray) -> None:
    """Draw the mean of several runs, ``(n_runs, n_looks)`` by name, with the range from the lowest to the highest."""
    for name, values in curves.items():
        values = np.asarray(values)
        ax.fill_between(grid, values.min(axis=0), values.max(axis=0), alpha=0.2)
        ax.plot(grid, values.mean(axis=0), label=name)
    ax.legend(fontsize=8.5, loc="upper left", bbox_to_anchor=(1, 1))
