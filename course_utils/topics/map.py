"""A map of texts to look at, with groups coloured and named."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from course_utils.common.checks import check_floats, check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.topics.groups import OUTSIDE, check_labels

# Colours for groups that have no colour of their own: Okabe and Ito's, and others between them.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"),
    *("#762A83", "#8C510A", "#B8A800", "#7F7F7F", "#222222", "#A50026"),
)


def topic_map(
    points: np.ndarray,
    labels: Sequence[int],
    names: Sequence[str],
    titles: Sequence[str],
    chosen: int | None = None,
    width: int = 640,
) -> str:
    """Draw a map to hover over and to share: one self-contained picture (SVG) with a title on every dot.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        A place for each text, for example of `embeddings.flatten`.
    labels : sequence of int
        The group of each text, which says its colour and which of the ``names`` it has; -1 is drawn in grey.
    chosen : int, optional
        The only group in colour and with titles.
    width : int
        In pixels.

    Returns
    -------
    str
        The SVG, with all texts escaped: write it to a file, or show it with `IPython.display.HTML`.

    Raises
    ------
    InputError
        If the lengths differ, a place is not finite, or a label has no name.

    Examples
    --------
    >>> picture = topic_map(np.array([[0, 0], [1, 1]]), [0, 0], ["<pets>"], ["Cat", "Dog & bone"])
    >>> "&lt;pets&gt;" in picture, "<title>Dog &amp; bone</title>" in picture
    (True, True)
    """
    points, labels = check_floats("points", points), check_labels(labels)
    names, titles = check_strings("names", names), check_strings("titles", titles)
    if points.shape != (len(labels), 2) or len(titles) != len(labels):
        raise InputError(
            "Each text needs a place, a label and a title: there are points of shape "
            f"{points.shape}, {len(labels)} labels and {len(titles)} titles."
        )
    if not np.isfinite(points).all():
        raise InputError("A place is not finite: leave that text out.")
    if strangers := sorted({*labels.tolist()} - {OUTSIDE, *range(len(names))}):
        raise InputError(f"Label {strangers[0]} has no name: there are {len(names)} names, for 0 and the next ones.")
    if chosen is not None:
        check_whole("chosen", chosen, 0, len(names) - 1)
    check_whole("width", width, 30)
    low, span = (points.min(axis=0), np.ptp(points, axis=0).max() or 1.0) if len(points) else (0.0, 1.0)
    places = (10 + (points - low) / span * (width - 20)).round(1)
    height = round(places[:, 1].max() + 10) if len(places) else 20
    places[:, 1] = height - places[:, 1]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'role="img" aria-label="A map of texts, coloured by topic" style="background:#ffffff;font-family:sans-serif">'
    ]
    for label in (OUTSIDE, *range(len(names))):
        mine, grey = np.flatnonzero(labels == label), label == OUTSIDE or (chosen is not None and label != chosen)
        colour = "#dddddd" if grey else COLOURS[label % len(COLOURS)]
        if grey:
            path = "".join(f"M{x} {y}h0" for x, y in places[mine].tolist())
            parts.append(f'<path d="{path}" stroke="{colour}" stroke-width="3" stroke-linecap="round"/>')
            continue
        dots = [
            f'<circle cx="{x}" cy="{y}" r="2"><title>{html.escape(str(titles[row]))}</title></circle>'
            for row, (x, y) in zip(mine.tolist(), places[mine].tolist(), strict=True)
        ]
        parts.append(f'<g fill="{colour}" fill-opacity="0.75">{"".join(dots)}</g>')
    for label, name in enumerate(names):
        mine = places[labels == label]
        if len(mine) and chosen in (None, label):
            x, y = np.median(mine, axis=0)
            parts.append(
                f'<text x="{np.clip(x, 70, width - 70):.0f}" y="{y:.0f}" text-anchor="middle" font-size="13" '
                f'font-weight="bold" fill="#222222" stroke="#ffffff" stroke-width="3" paint-order="stroke">'
                f"{html.escape(str(name))}</text>"
            )
    return "".join(parts) + "</svg>"
