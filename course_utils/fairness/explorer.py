"""An explorer of thresholds: one for each group, and what they do to the rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.fairness.rates import rates_by_group
from course_utils.plotting.explorers import explorer

if TYPE_CHECKING:
    import ipywidgets

SHOWN = ("selected", "true_positive", "false_positive", "precision")


def threshold_explorer(scores: Sequence[float], truth: Sequence[bool], group: Sequence[str]) -> ipywidgets.VBox:
    """Offer a threshold for each of two groups; ``scores``, ``truth`` and ``group`` have an entry for each person."""
    import ipywidgets

    names = sorted(set(np.asarray(group).tolist()))
    controls = {
        key: ipywidgets.FloatSlider(value=0.5, min=0.05, max=0.95, step=0.05, description=name)
        for key, name in zip(("first", "second"), names, strict=True)
    }
    return explorer(
        lambda first, second: draw_rates(scores, truth, group, dict(zip(names, (first, second), strict=True))),
        controls,
        "a threshold for each group, with the rates that follow",
    )


def draw_rates(
    scores: Sequence[float], truth: Sequence[bool], group: Sequence[str], thresholds: dict[str, float]
) -> str:
    """Return an HTML table of each group's rates, the accuracy and the gap between the selection rates."""
    scores, truth, group = np.asarray(scores), np.asarray(truth), np.asarray(group)
    said = scores > np.array([thresholds[name] for name in group.tolist()])
    found = rates_by_group(truth, said, group)
    head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in SHOWN)
    rows = "".join(
        f"<tr><td>{name} above {thresholds[name]:.2f}</td>"
        + "".join(f"<td>{getattr(rates, column):.2f}</td>" for column in SHOWN)
        + "</tr>"
        for name, rates in found.items()
    )
    one, other = (rates.selected for rates in found.values())
    right = (said == truth).mean()
    return (
        f"<table><tr><th></th>{head}</tr>{rows}</table>"
        f"<p>accuracy {right:.3f}, selection rates {100 * abs(one - other):.0f} points apart</p>"
    )
