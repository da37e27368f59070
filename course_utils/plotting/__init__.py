"""The look of the course: one style, and one way to show a figure."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from course_utils.common import DATA
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    from IPython.display import Image
    from matplotlib.figure import Figure

STYLE = DATA / "course.mplstyle"
SHARPNESS = 2  # dots of a stored picture for each dot of an ordinary screen; today's screens have as many
COLOURS_IN_A_PICTURE = 128  # enough for a figure, and a third of the bytes of full colour


def use_course_style() -> None:
    """Draw all later figures of this session in the course's style."""
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)


def show(figure: Figure, alt: str) -> Image:
    """Turn a figure into a small picture that also says in words what it shows.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; it is closed, so that a notebook does not show it twice.
    alt : str
        What a reader who cannot see the picture should know: what is drawn, and what it shows. It is stored with the
        picture, and stands in its place where pictures cannot be shown.

    Returns
    -------
    IPython.display.Image
        Make it the last line of a cell.

    Raises
    ------
    InputError
        If the words are missing.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image
    from PIL import Image as Pixels

    if len(alt.split()) < 4:
        raise InputError("alt must say in a sentence what the figure shows, for readers who cannot see it.")
    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=SHARPNESS * figure.dpi)
    plt.close(figure)
    pixels = Pixels.open(full).convert("RGB")
    width = round(pixels.width / SHARPNESS)
    pixels.quantize(COLOURS_IN_A_PICTURE, dither=Pixels.Dither.NONE).save(small, format="png", optimize=True)

    class Picture(Image):
        def __repr__(self) -> str:
            return f"[Figure: {alt}]"

    return Picture(small.getvalue(), format="png", width=width, alt=alt)
