"""A drawing of what is measured of every head of a tiny GPT: a grid of blocks and heads for each measure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.plotting import matrices

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RING = "#D55E00"


def head_grids(
    grids: Sequence[np.ndarray],
    names: Sequence[str],
    title: str,
    *,
    ringed: Sequence[int] = (),
    highest: Sequence[float] | None = None,
) -> Figure:
    """Draw one grid for each measure, blocks down and heads across, with the numbers in its cells.

    Parameters
    ----------
    grids : sequence of ndarray, shape (n_blocks, n_heads)
        What was measured of each head, for each measure.
    names, title : sequence of str, str
        The names of the measures, and the headline.
    ringed : sequence of int
        Heads to put a frame around in every grid, counted row by row.
    highest : sequence of float, optional
        The value of the strongest colour for each measure; 1 if left out.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    figure, axes = plt.subplots(1, len(grids), figsize=(1.85 * len(grids), 2.3), layout="constrained", squeeze=False)
    for ax, name, values, most in zip(axes[0], names, grids, highest or [1] * len(grids), strict=True):
        n_blocks, n_heads = np.shape(values)
        rows = [str(block) for block in range(n_blocks)] if ax is axes[0, 0] else None
        shown = np.round(values, 2) + 0.0  # no minus before a zero
        matrices.matrix(ax, shown, rows=rows, columns=[str(head) for head in range(n_heads)], limits=(0, most))
        for block, head in zip(*np.unravel_index(np.array(ringed, int), (n_blocks, n_heads)), strict=True):
            ax.add_patch(Rectangle((head - 0.46, block - 0.46), 0.92, 0.92, fill=False, ec=RING, lw=1.8))
        ax.set_xlabel(f"{name}\nhead")
        ax.xaxis.set_label_position("top")
    axes[0, 0].set_ylabel("block")
    figure.suptitle(title, weight="bold", fontsize=11)
    return figure
