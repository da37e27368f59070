"""Small interactive pages: controls whose changes draw a piece of HTML anew."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.errors import InputError

if TYPE_CHECKING:
    import ipywidgets


def explorer(
    render: Callable[..., str], controls: Mapping[str, ipywidgets.Widget], description: str
) -> ipywidgets.VBox:
    """Put controls above a piece of HTML that follows them.

    Parameters
    ----------
    render : callable
        Gets the controls' values by name and returns HTML, with every text of the learner's escaped.
    controls : mapping of str to ipywidgets.Widget
        Widgets that have a ``value``, by the names of ``render``'s arguments.
    description : str
        What can be explored, for readers who see the notebook without a running kernel.

    Returns
    -------
    ipywidgets.VBox
        Make it the last line of a cell.

    Examples
    --------
    >>> import ipywidgets
    >>> page = explorer(lambda n: f"<b>{n * n}</b>", {"n": ipywidgets.IntSlider(3)}, "squares of a number")
    >>> page
    [Interactive: squares of a number. It needs a running notebook.]
    >>> page.children[0].value = 5
    >>> page.children[-1].value
    '<b>25</b>'
    """
    import ipywidgets

    class Page(ipywidgets.VBox):
        def __repr__(self) -> str:
            return f"[Interactive: {description}. It needs a running notebook.]"

    view = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        try:
            view.value = render(**{name: control.value for name, control in controls.items()})
        except ValueError as error:  # what was typed cannot be used; the message says why
            view.value = f"<i>{html.escape(str(error))}</i>"

    for control in controls.values():
        control.observe(draw, names="value")
    draw()
    return Page([*controls.values(), view])


def bars(rows: Sequence[tuple[str, float]]) -> str:
    """Draw probabilities as bars in HTML, each with its text and its percentage.

    Parameters
    ----------
    rows : sequence of (text, probability)
        At least one, with probabilities above 0. The texts are shown in quotes, so that spaces are seen, and escaped.

    Returns
    -------
    str
        HTML that reads well on light and on dark pages.

    Examples
    --------
    >>> "&lt;b&gt;" in bars([("<b>", 0.5)])
    True
    """
    longest = max(probability for _, probability in rows)
    lines = [
        f'<tr><td style="text-align:right;padding:1px 8px;font-family:monospace">“{html.escape(text)}”</td>'
        f'<td style="width:20em"><div style="background:#0072B2;height:1em;width:{100 * probability / longest:.0f}%">'
        f"</div></td><td>{probability:.0%}</td></tr>"
        for text, probability in rows
    ]
    return f'<table style="border:0">{"".join(lines)}</table>'


def rank_explorer(matrix: np.ndarray) -> ipywidgets.VBox:
    """Show a picture made from few of its tables, with a slider for how many.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        Grey values: the lowest is drawn black and the highest white.

    Returns
    -------
    ipywidgets.VBox
        Make it the last line of a cell.

    Raises
    ------
    InputError
        If the matrix does not have two axes, or holds anything but finite numbers.

    Examples
    --------
    >>> page = rank_explorer(np.outer([1, 2, 3], [1, 2]))
    >>> page
    [Interactive: a picture made from a few tables, as many as you like. It needs a running notebook.]
    >>> "5 numbers instead of 6 hold 100.0% of its squares" in page.children[-1].value
    True
    """
    import ipywidgets
    from PIL import Image

    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or not matrix.size:
        raise InputError(f"A picture of grey values has rows and columns, and this has the shape {matrix.shape}.")
    if matrix.dtype.kind not in "biuf" or not np.isfinite(matrix).all():
        raise InputError("A picture consists of finite numbers, and here is something else.")
    matrix = matrix.astype(float)
    left, strength, right = np.linalg.svd(matrix, full_matrices=False)
    held = (strength**2).cumsum() / ((strength**2).sum() or 1)
    lowest, span = matrix.min(), np.ptp(matrix) or 1

    def render(rank: int) -> str:
        low = (left[:, :rank] * strength[:rank]) @ right[:rank]  # (n_rows, rank) @ (rank, n_columns)
        grey = (255 * ((low - lowest) / span).clip(0, 1)).round().astype(np.uint8)
        Image.fromarray(grey).save(file := io.BytesIO(), "PNG")
        picture = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        numbers = f"{rank * sum(matrix.shape):,} numbers instead of {matrix.size:,}"
        return (
            f'<img src="{picture}" alt="The picture at rank {rank}." style="width:24em;max-width:100%">'
            f"<br>{numbers} hold {held[rank - 1]:.1%} of its squares"
        )

    ranks = [rank for rank in (1, 2, 4, 8, 16, 32, 64, 128) if rank <= len(strength)]
    slider = ipywidgets.SelectionSlider(options=ranks, value=ranks[0], description="rank")
    return explorer(render, {"rank": slider}, "a picture made from a few tables, as many as you like")
