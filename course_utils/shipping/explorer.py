"""An explorer of drift: how much of a window is another kind of request, how large it is, and which monitors ring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from course_utils.shipping.drift import Monitors, draw_windows, mix, thresholds

if TYPE_CHECKING:
    import ipywidgets

N_WINDOWS = 200


def drift_explorer(
    monitors: Monitors, calm: np.ndarray, other: Mapping[str, np.ndarray], right: np.ndarray
) -> ipywidgets.VBox:
    """Offer the kind and the share of other requests, the size of a window and the rate of false alarms."""
    import ipywidgets

    from course_utils.plotting.explorers import explorer

    kind = ipywidgets.Dropdown(options=list(other), description="what comes")
    share = ipywidgets.FloatSlider(0.2, min=0.0, max=1.0, step=0.05, description="share")
    size = ipywidgets.SelectionSlider(options=(25, 50, 100, 200, 400), value=100, description="window")
    risk = ipywidgets.SelectionSlider(options=(0.1, 0.05, 0.02, 0.01), value=0.01, description="false")
    return explorer(
        lambda kind, share, size, risk: draw_drift(monitors, calm, other[kind], right, share, size, risk),
        {"kind": kind, "share": share, "size": size, "risk": risk},
        "how often each monitor rings, by the kind and the share of new requests and the size of a window",
    )


def draw_drift(
    monitors: Monitors,
    calm: np.ndarray,
    other: np.ndarray,
    right: np.ndarray,
    share: float,
    size: int,
    risk: float,
) -> str:
    """Return HTML with the share of right answers, and how often each monitor rings in 200 windows.

    ``calm`` and ``other`` are rows of the pool of ``monitors``, and ``right`` says of each row whether the model's
    answer is right.
    """
    rng = np.random.default_rng(0)
    limits = thresholds(monitors.measure(calm[draw_windows(len(calm), N_WINDOWS, size, rng)]), risk)
    windows = mix(calm[draw_windows(len(calm), N_WINDOWS, size, rng)], other, share, rng)
    found = monitors.measure(windows)
    rings = {name: f"{np.mean(found[name] > limits[name]):.0%}" for name in monitors.names}
    rows = "".join(
        f"<tr><td style=padding:2px>{name}</td><td style=padding:2px>{often}</td></tr>" for name, often in rings.items()
    )
    head = f"right answers: {right[windows].mean():.2f}; windows that ring, of {N_WINDOWS}:"
    return f"<p>{head}</p><table>{rows}</table>"
