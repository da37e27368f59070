"""Small interactive pages: controls, and a piece of HTML that is redrawn when one of them changes."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ipywidgets


def explorer(
    render: Callable[..., str], controls: Mapping[str, ipywidgets.Widget], description: str
) -> ipywidgets.VBox:
    """Put controls above a piece of HTML that follows them; make it the last line of a cell.

    Parameters
    ----------
    render : callable
        Gets the controls' values by name and returns HTML, in which every text of the learner's is escaped. The message
        of a ValueError is shown instead.
    controls : mapping of str to ipywidgets.Widget
        Widgets with a ``value``, by the names of ``render``'s arguments.
    description : str
        What can be explored, for readers without a running kernel.

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

    view = ipywidgets.HTML()

    def draw(_change: object = None) -> None:
        try:
            view.value = render(**{name: control.value for name, control in controls.items()})
        except ValueError as error:  # InputError too: what was typed cannot be used
            view.value = f"<i>{html.escape(str(error))}</i>"

    for control in controls.values():
        control.observe(draw, names="value")
    draw()
    return page([*controls.values(), view], description)


def page(children: Sequence[ipywidgets.Widget], description: str) -> ipywidgets.VBox:
    """Put widgets below each other; where no kernel runs, a sentence with the description stands in their place.

    Examples
    --------
    >>> page([], "squares of a number")
    [Interactive: squares of a number. It needs a running notebook.]
    """
    import ipywidgets

    class Page(ipywidgets.VBox):
        def __repr__(self) -> str:
            return f"[Interactive: {description}. It needs a running notebook.]"

    return Page(children)


def bars(rows: Sequence[tuple[str, float]]) -> str:
    """Draw probabilities as bars in HTML, for light and dark pages, each with its text and its percentage.

    The bars keep their colour where a reader's system sets all colours (forced colours), or they would vanish there.

    Parameters
    ----------
    rows : sequence of (text, probability)
        At least one, with probabilities above 0. The texts are escaped, and quoted so that spaces are seen.

    Examples
    --------
    >>> "&lt;b&gt;" in bars([("<b>", 0.5)])
    True
    """
    longest = max(probability for _, probability in rows)
    lines = [
        f'<tr><td style="text-align:right;padding:1px 8px;font-family:monospace">“{html.escape(text)}”</td>'
        f'<td style="width:20em"><div style="background:#0072B2;forced-color-adjust:none;height:1em;'
        f'width:{100 * probability / longest:.0f}%"></div></td><td>{probability:.0%}</td></tr>'
        for text, probability in rows
    ]
    return f'<table style="border:0">{"".join(lines)}</table>'
