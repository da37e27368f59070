"""An explorer of Mosca's inequality: how long a secret lasts, how long we take, and when the machine comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from course_utils.common.checks import check_number
from course_utils.plotting.explorers import explorer

if TYPE_CHECKING:
    import ipywidgets


def mosca_explorer() -> ipywidgets.VBox:
    """Offer the three times of Mosca's inequality as sliders, above two bars and what follows from them."""
    import ipywidgets

    wide = {"description_width": "11em"}
    times = {"keep": ("secret for", 12), "migrate": ("old encryption for", 5), "arrives": ("machine comes in", 15)}
    controls = {
        name: ipywidgets.IntSlider(value=value, min=0, max=30, description=f"{text} (years)", style=wide)
        for name, (text, value) in times.items()
    }
    return explorer(draw_mosca, controls, "which records a later machine can read, by three numbers of years")


def years_at_risk(keep: float, migrate: float, arrives: float) -> float:
    """Return how many years of records, made from now on, will be readable while they should be secret.

    Examples
    --------
    >>> years_at_risk(12, 5, 10), years_at_risk(2, 5, 10), years_at_risk(3, 5, 4)
    (5.0, 0.0, 4.0)
    """
    keep, migrate, arrives = (
        check_number(name, value, least=0)
        for name, value in (("keep", keep), ("migrate", migrate), ("arrives", arrives))
    )
    return max(0.0, migrate - max(0.0, arrives - keep))


def draw_mosca(keep: float, migrate: float, arrives: float) -> str:
    """Return HTML with a bar for the secrets, a bar for the machine, and the years of records at risk.

    Examples
    --------
    >>> "5 of 5 years of records" in draw_mosca(12, 5, 10)
    True
    """
    lost = years_at_risk(keep, migrate, arrives)
    rows = ""
    bars = (
        ("migrate, then keep", [(migrate, "#56B4E9"), (keep, "#0072B2")]),
        ("until the machine", [(arrives, "#D55E00")]),
    )
    for name, parts in bars:
        blocks = "".join(
            f'<span style="display:inline-block;height:1em;forced-color-adjust:none;background:{colour};'
            f'width:{0.6 * years:.1f}em"></span>'
            for years, colour in parts
        )
        rows += f'<tr><td style="text-align:right;padding:1px 8px">{name}</td><td>{blocks}</td></tr>'
    said = f"{lost:g} of {migrate:g} years of records can be read too early"
    return f'<table style="border:0">{rows}</table><p>{said}.</p>'
