"""A curve that grows while a training runs."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Sequence

from course_utils.common.progress import QUIET

SECONDS_BETWEEN_CURVES = 2.0


class LiveCurve:
    """A curve of losses that is redrawn every two seconds in a notebook; where outputs are kept, it is not drawn."""

    def __init__(self, n_steps: int):
        self.n_steps, self.handle, self.shown = n_steps, None, time.monotonic()
        shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        self.off = QUIET in os.environ or not hasattr(shell, "kernel")  # without a kernel nobody would see it

    def show(self, losses: Sequence[float], at_last: bool = False) -> None:
        """Draw the losses so far, if it is time."""
        if self.off or not (at_last or time.monotonic() - self.shown > SECONDS_BETWEEN_CURVES):
            return
        from IPython.display import HTML, display

        self.shown, picture = time.monotonic(), HTML(curve_svg(losses, self.n_steps))
        if self.handle is None:
            self.handle = display(picture, display_id=True)
        else:
            self.handle.update(picture)


def curve_svg(losses: Sequence[float], n_steps: int, width: int = 420, height: int = 130) -> str:
    """Draw losses as an SVG picture, from 0 at the bottom to the greatest at the top; NaN and infinity are left out.

    Examples
    --------
    >>> "<polyline" in curve_svg([6.9, 5.0, 4.2], n_steps=10)
    True
    """
    finite = [(step, loss) for step, loss in enumerate(losses, start=1) if math.isfinite(loss)]
    top = max((loss for _, loss in finite), default=0) or 1
    points = " ".join(f"{width * step / n_steps:.1f},{height * (1 - loss / top):.1f}" for step, loss in finite)
    return (
        f'<svg role="img" aria-label="the loss so far" width="{width + 150}" height="{height + 6}" fill="none">'
        f'<polyline points="0,0 0,{height} {width},{height}" stroke="#999"/>'
        f'<polyline points="{points}" stroke="#0072B2" stroke-width="1.5"/>'
        f'<text x="{width + 8}" y="{height - 4}" fill="currentColor" font-size="13">'
        f"step {len(losses)} of {n_steps}, loss {losses[-1]:.2f}</text></svg>"
    )
