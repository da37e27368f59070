"""An explorer of the estimate: documents, machines and prices on sliders, above what they lead to."""

from __future__ import annotations

import html
from dataclasses import replace
from typing import TYPE_CHECKING

from course_utils.common.checks import check_number
from course_utils.plotting.explorers import explorer
from course_utils.scale.estimate import Costs, plan

if TYPE_CHECKING:
    import ipywidgets


def plan_explorer(costs: Costs) -> ipywidgets.VBox:
    """Offer documents, machines, cores, memory and the price of a core as controls, above the plan for them."""
    import ipywidgets

    wide = {"description_width": "13em"}
    powers = {f"10^{power}": power for power in range(5, 12)}
    controls = {
        "power": ipywidgets.Dropdown(options=powers, value=8, description="documents", style=wide),
        "n_machines": ipywidgets.IntSlider(value=10, min=1, max=1000, description="machines", style=wide),
        "cores": ipywidgets.IntSlider(value=16, min=1, max=128, description="cores of each", style=wide),
        "memory": ipywidgets.IntSlider(value=64, min=8, max=1024, step=8, description="its gigabytes", style=wide),
        "cents": ipywidgets.IntSlider(value=5, min=1, max=50, description="cents for a core an hour", style=wide),
    }

    def render(power: float, n_machines: int, cores: int, memory: int, cents: int) -> str:
        return draw_plan(power, n_machines, replace(costs, cores=cores, memory=memory, price=cents / 100))

    return explorer(render, controls, "hours, money and machines for a corpus of any size")


def draw_plan(power: float, n_machines: int, costs: Costs) -> str:
    """Return HTML with a table of the plan for ``10 ** power`` documents.

    Examples
    --------
    >>> "1,000" in draw_plan(8, 10, Costs(seconds=0.036, text=500, vector=768, code=64, task=0.001))
    True
    """
    found = plan(10 ** check_number("power", power, 0, 15), n_machines, costs)
    rows = ""
    for name, value in found.items():
        digits = 0 if value >= 100 or value == int(value) else 2
        rows += f'<tr><td style="padding:1px 8px">{html.escape(name)}</td>'
        rows += f'<td style="text-align:right;padding:1px 8px">{value:,.{digits}f}</td></tr>'
    return f'<table style="border:0">{rows}</table>'
