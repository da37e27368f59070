"""An explorer of what a shift does: move a digit on its page, and see what each network takes it for."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from course_utils.architectures.changes import shift
from course_utils.architectures.data import MARGIN, Task
from course_utils.common.checks import check_whole
from course_utils.plotting.explorers import explorer
from course_utils.plotting.figures import INK

if TYPE_CHECKING:
    import ipywidgets
    from matplotlib.figure import Figure
    from torch import nn

ZOOM = 12  # pixels of the screen for one of the picture
MOVES = {
    "in place": (0, 0),
    "2 up": (-MARGIN, 0),
    "2 down": (MARGIN, 0),
    "2 left": (0, -MARGIN),
    "2 right": (0, MARGIN),
}


def answers(networks: Mapping[str, nn.Module], picture: np.ndarray) -> dict[str, tuple[int, float]]:
    """Return the class that each network gives a picture ``(12, 12)``, and the probability that it gives it."""
    import torch

    found = {}
    with torch.inference_mode():
        for name, network in networks.items():
            chances = network(torch.from_numpy(np.ascontiguousarray(picture[None]))).softmax(dim=1)[0]
            found[name] = int(chances.argmax()), float(chances.max())
    return found


def draw_moved(networks: Mapping[str, nn.Module], task: Task, number: int, down: int, right: int) -> str:
    """Draw a test digit after a shift, and what each network takes it for, as HTML.

    Raises
    ------
    InputError
        If there is no such digit, or the shift goes beyond the margin of two pixels.
    """
    from PIL import Image

    pictures, classes = task.test
    number = check_whole("number", number, 0, len(classes) - 1)
    down, right = (check_whole("a shift", pixels, -MARGIN, MARGIN) for pixels in (down, right))
    picture, file = shift(pictures[number][None], down, right)[0], io.BytesIO()
    side = ZOOM * len(picture)
    shown = Image.fromarray(np.uint8(255 * (1 - picture))).resize((side, side), Image.Resampling.NEAREST)
    shown.save(file, "PNG")
    address = base64.b64encode(file.getvalue()).decode()
    rows = [
        f"<tr><td>{name}</td><td><b>{answer}</b></td><td>{chance:.0%}</td>"
        f"<td>{'right' if answer == classes[number] else 'wrong'}</td></tr>"
        for name, (answer, chance) in answers(networks, picture).items()
    ]
    return (
        f'<img alt="A handwritten {classes[number]}, moved {down} down and {right} to the right" '
        f'src="data:image/png;base64,{address}" style="border:1px solid #999">'
        f"<table><tr><th>network</th><th>says</th><th>probability</th><th></th></tr>{''.join(rows)}</table>"
    )


def draw_moves(networks: Mapping[str, nn.Module], task: Task, number: int) -> Figure:
    """Draw a test digit in place and moved to the four edges, above each network's answers, wrong ones in orange."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 5, figsize=(5.4, 1.8), layout="constrained")
    for ax, (name, move) in zip(axes, MOVES.items(), strict=True):
        picture, digit = shift(task.test[0][number][None], *move)[0], task.test[1][number]
        ax.imshow(-picture, cmap="gray")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(True)
        ax.set_title(name, fontsize=10)
        for line, (network, (answer, _)) in enumerate(answers(networks, picture).items()):
            place = {"y": -0.06 - 0.15 * line, "fontsize": 9, "va": "top", "transform": ax.transAxes}
            ax.text(0.5, s=f"{answer}", color=INK if answer == digit else "C1", ha="center", **place)
            if ax is axes[0]:
                ax.text(-0.1, s=network, color=INK, ha="right", **place)
    return figure


def shift_explorer(networks: Mapping[str, nn.Module], task: Task) -> ipywidgets.VBox:
    """Offer sliders for a test digit and its shift, above the answers of the networks."""
    import ipywidgets

    pixels = {"min": -MARGIN, "max": MARGIN, "value": 0, "continuous_update": False}
    controls = {
        "number": ipywidgets.IntSlider(0, 0, len(task.test[1]) - 1, description="digit", continuous_update=False),
        "down": ipywidgets.IntSlider(**pixels, description="down"),
        "right": ipywidgets.IntSlider(**pixels, description="right"),
    }
    return explorer(lambda **values: draw_moved(networks, task, **values), controls, "move a digit under four networks")
