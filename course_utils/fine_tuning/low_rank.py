"""An explorer of low rank: a picture as a sum of a few outer products."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.explorers import explorer

if TYPE_CHECKING:
    import ipywidgets


def rank_explorer(matrix: np.ndarray) -> ipywidgets.VBox:
    """Show a picture at a low rank, with a slider for the rank; make it the last line of a cell.

    Parameters
    ----------
    matrix : ndarray, shape (n_rows, n_columns)
        Finite grey values (InputError): the lowest is drawn black and the highest white.

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
    lowest, span, size, shape = matrix.min(), np.ptp(matrix) or 1, matrix.size, matrix.shape
    ranks = [rank for rank in (1, 2, 4, 8, 16, 32, 64, 128) if rank <= len(strength)]
    left, right = left[:, : ranks[-1]].copy(), right[: ranks[-1]].copy()  # the page keeps no table that it never shows

    def render(rank: int) -> str:
        low = (left[:, :rank] * strength[:rank]) @ right[:rank]  # (n_rows, rank) @ (rank, n_columns)
        grey = (255 * ((low - lowest) / span).clip(0, 1)).round().astype(np.uint8)
        Image.fromarray(grey).save(file := io.BytesIO(), "PNG")
        picture = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
        numbers = f"{rank * sum(shape):,} numbers instead of {size:,}"
        return (
            f'<img src="{picture}" alt="The picture at rank {rank}." style="width:24em;max-width:100%">'
            f"<br>{numbers} hold {held[rank - 1]:.1%} of its squares"
        )

    slider = ipywidgets.SelectionSlider(options=ranks, value=ranks[0], description="rank")
    return explorer(render, {"rank": slider}, "a picture made from a few tables, as many as you like")
