"""Drawings of the two generators: the game of a GAN, and the straight line of diffusion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.architectures.generators import mode_centres
from course_utils.common.checks import check_number
from course_utils.plotting.diagrams import flow
from course_utils.plotting.figures import INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NOISE, SHARE = (1.9, -0.5), 0.6  # noise, and its share in the mixture


def draw_game() -> Figure:
    """Draw who gives what to whom in a GAN, and which network each of the two losses changes."""
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(5.2, 1.55), layout="constrained")
    boxes = {"noise": (0, 0), "generator": (3.5, 0), "made": (7, 0), "real": (7, 1.6)}
    boxes |= {"discriminator": (10.8, 0.8), "score": (14.3, 0.8)}
    arrows = [("noise", "generator"), ("generator", "made"), ("made", "discriminator"), ("real", "discriminator")]
    arrows += [("discriminator", "score")]
    kinds = {"generator": "weights", "discriminator": "weights", "score": "step"}
    flow(ax, boxes, arrows, kinds=kinds, width=2.55, height=0.85, fontsize=7.5)
    for to, edge, y, loss, colour in ((10.8, 1.25, 2.35, "loss_d", "C0"), (3.5, -0.45, -1.15, "loss_g", "C1")):
        ax.plot([14.3, 14.3, to], [0.8 + 0.45 * np.sign(y), y, y], color=colour, linestyle="--", linewidth=1.3)
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.3, "shrinkA": 0, "shrinkB": 1}
        ax.annotate("", (to, edge), (to, y), arrowprops=style)
        ax.text((14.3 + to) / 2, y + 0.12, loss, ha="center", va="bottom", fontsize=7.5, color=INK)
    ax.set(xlim=(-1.5, 15.8), ylim=(-1.3, 2.95))
    figure.suptitle("The discriminator scores, and both learn from the score", fontsize=10)
    return figure


def mixture_and_directions(share: float = SHARE) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a mixture at this share of noise, three points that could be in it, and the direction for each.

    With another point in the same mixture the noise is another one, too, and so is the direction from point to noise.

    Examples
    --------
    >>> mixture, points, directions = mixture_and_directions(0.5)
    >>> np.allclose(0.5 * points + 0.5 * (points + directions), mixture)  # point + direction is the noise
    True
    """
    check_number("share", share, least=0.01, most=1)
    points = mode_centres()[[0, 2, 6]]
    mixture = (1 - share) * points[0] + share * np.array(NOISE)
    return mixture, points, (mixture - points) / share


def draw_mixture() -> Figure:
    """Draw a mixture between a point and a noise, and beside it three points that could be in the same mixture."""
    import matplotlib.pyplot as plt

    mixture, points, directions = mixture_and_directions()
    figure, axes = plt.subplots(1, 2, figsize=(4.6, 1.95), layout="constrained", sharex=True, sharey=True)
    for ax, n in zip(axes, (1, 3), strict=True):
        ax.scatter(*mode_centres().T, s=14, color="0.8")
        for point, direction in zip(points[:n], directions[:n], strict=True):
            style = {"arrowstyle": "-|>", "color": "C0", "linewidth": 1.2, "shrinkA": 2, "shrinkB": 2}
            ax.annotate("", point + direction, point, arrowprops=style)
            ax.plot(*point, "o", color="C2", markersize=6)
            ax.plot(*(point + direction), "o", color="0.4", markersize=5)
        ax.plot(*mixture, "s", color="C1", markersize=6, zorder=5)
        ax.set(xlim=(-1.2, 3), ylim=(-1.5, 1.2), aspect="equal")
        ax.set_axis_off()
    end = mixture - SHARE * directions.mean(axis=0)  # one step against the mean of the three
    axes[1].plot(*np.transpose([mixture, end]), "--", color="C1", linewidth=1.6)
    axes[1].plot(*end, "X", color="C1", markersize=7)
    style = {"textcoords": "offset points", "fontsize": 8, "color": INK}
    axes[0].annotate("x", points[0], (-9, 4), **style)
    axes[0].annotate("e", points[0] + directions[0], (5, -4), **style)
    axes[0].annotate(f"mixture,\nt = {SHARE}", mixture, (0, 6), **style)
    axes[1].annotate("one step", end, (-6, 7), ha="right", **style)
    for ax, title in zip(axes, ("one x: e - x is known", "three x: a step ends between"), strict=True):
        ax.set_title(title, fontsize=9)
    return figure
