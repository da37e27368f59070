"""Emoji in rows, as figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval
from course_utils.images.emoji import mosaic

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIXELS_AN_INCH = 200  # of an emoji in a figure, so that none is enlarged


def emoji_rows(rows: Mapping[str, Sequence[int]], title: str = "") -> Figure:
    """Draw rows of emoji, given by their places, each with its caption above it; a caption of spaces takes no room.

    Raises
    ------
    InputError
        If there is no row.
    """
    import matplotlib.pyplot as plt

    if not rows:
        raise InputError("There is no row to draw: give a caption and the places of some emoji.")
    pages = [mosaic(places, columns=len(places)) for places in rows.values()]
    widest = max(page.shape[1] for page in pages) / PIXELS_AN_INCH
    above = 0.2 if any(caption.strip() for caption in rows) else 0.0
    height = sum(page.shape[0] / PIXELS_AN_INCH + above for page in pages)
    figure, axes = plt.subplots(len(rows), 1, figsize=(widest, height), layout="constrained", squeeze=False)
    figure.get_layout_engine().set(w_pad=0, h_pad=0, hspace=0, wspace=0)
    for ax, caption, page in zip(axes[:, 0], rows, pages, strict=True):
        ax.imshow(page, interpolation="none")
        ax.set_axis_off()
        if caption.strip():
            ax.set_title(caption, fontsize=8, loc="left", fontweight="normal", pad=1)
    if title:
        figure.suptitle(title, fontsize=9, fontweight="bold", x=0, ha="left")
        figure.set_figheight(height + 0.25)
    return figure


def describe_ranks(ranks: np.ndarray, groups: Sequence[str]) -> str:
    """Say for what share of the questions the partner is first, and among ten with a bootstrap interval of 95 %.

    The interval draws whole groups, so that questions that are nearly the same do not make it narrow.

    Parameters
    ----------
    ranks : ndarray, shape (n,)
        The place of each partner, from 1.
    groups : sequence of str
        The group of each question.

    Examples
    --------
    >>> describe_ranks(np.array([1, 1, 12, 12]), ["a", "a", "b", "b"])
    'first 0.50, in ten 0.50 (0.00 to 1.00)'
    """
    low, high = bootstrap_interval(ranks <= 10, groups=groups)
    first, ten = (np.mean(ranks <= k) for k in (1, 10))
    return f"first {first:.2f}, in ten {ten:.2f} ({low:.2f} to {high:.2f})"
