"""An explorer of rounding: how many bits, how long a block, one large weight, and what comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from course_utils.edge.quantise import bits_per_weight, in_blocks, quantise, restore

if TYPE_CHECKING:
    import ipywidgets

SHOWN = 8  # weights that the table shows


def rounding_explorer(row: np.ndarray) -> ipywidgets.VBox:
    """Offer bits, the length of a block and the size of one outlier, for a row of 384 weights."""
    import ipywidgets

    from course_utils.plotting.explorers import explorer

    bits = ipywidgets.IntSlider(4, 2, 8, description="bits")
    block = ipywidgets.SelectionSlider(options=(16, 32, 64, 128, 384), value=384, description="block")
    outlier = ipywidgets.FloatSlider(0.0, min=0.0, max=4.0, step=0.5, description="outlier")
    controls = {"bits": bits, "block": block, "outlier": outlier}
    return explorer(
        lambda bits, block, outlier: draw_rounding(row, bits, block, outlier),
        controls,
        "a row of weights, rounded to few bits, with one large weight among them",
    )


def draw_rounding(row: np.ndarray, bits: int, block: int, outlier: float) -> str:
    """Return HTML with the first weights, their whole numbers, what comes back, and the error over all others.

    Examples
    --------
    >>> "5.0 bits a weight" in draw_rounding(np.linspace(-1, 1, 32), 4, 16, 0.0)
    True
    """
    in_blocks(row[None], block)  # refuses a length that does not fit
    changed = row.copy()
    if outlier:
        changed[-1] = outlier
    q, scale = quantise(changed[None], bits, block)
    back = restore(q, scale)[0]
    error = np.sqrt(np.mean((back - changed)[:-1] ** 2) / np.mean(changed[:-1] ** 2))
    lines = {
        "weight": [f"{value:.3f}" for value in changed[:SHOWN]],
        "whole number": [f"{value}" for value in q[0, :SHOWN]],
        "comes back": [f"{value:.3f}" for value in back[:SHOWN]],
    }
    cells = (
        f"<tr><th>{name}</th>{''.join(f'<td style=padding:2px>{value}</td>' for value in values)}</tr>"
        for name, values in lines.items()
    )
    head = f"{bits_per_weight(bits, block):.1f} bits a weight; error {error:.0%} of the weights' own size"
    return f"<p>{head}</p><table>{''.join(cells)}</table>"
