"""Charts that are drawn more than once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GREY = "#b8b8b8"  # bars and points that are not brought forward
INK = "#222222"  # words
PALE_INK = "#666666"  # captions, shapes and numbers


def bar_chart(
    ax: Axes, values: Mapping[str, float], *, unit: str, digits: int = 0, highlight: str | None = None
) -> None:
    """Draw horizontal bars, the first on top, with each value at its end.

    Parameters
    ----------
    values : mapping of str to float
        Lengths by label.
    unit : str
        What is measured; the label of the axis.
    highlight : str, optional
        The label of the one bar that is not grey.
    """
    labels = list(values)
    colours = ["C0" if highlight in (None, label) else GREY for label in labels]
    bars = ax.barh(range(len(labels)), list(values.values()), color=colours, height=0.72)
    ax.bar_label(bars, fmt=f"%.{digits}f", padding=3, fontsize=8.5, color="#555555")
    ax.set(yticks=range(len(labels)), xlabel=unit)
    ax.set_yticklabels(labels, color=INK, parse_math=False)
    ax.invert_yaxis()
    ax.tick_params(left=False)
