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
PIXEL_RATIO = 2  # pixels of a stored picture for each pixel of an ordinary screen; today's screens have as many
COLOURS_IN_A_PICTURE = 128  # enough for a figure, and a third of the bytes of full colour


def use_course_style() -> None:
    """Draw all figures from now on in the course's style."""
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)


def show(figure: Figure, alt: str) -> Image:
    """Make a small picture of a figure, with a text for readers who cannot see it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        It is closed, so that a notebook does not show it twice.
    alt : str
        A sentence of at least four words (InputError): what is drawn, and what it shows. It is stored with the picture
        and shown where pictures cannot be.

    Returns
    -------
    IPython.display.Image
        Make it the last line of a cell.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image

    if len(alt.split()) < 4:
        raise InputError("alt must say in a sentence what the figure shows, for readers who cannot see it.")
    png, width = small_png(figure)
    plt.close(figure)

    class Picture(Image):
        def __repr__(self) -> str:
            return f"[Figure: {alt}]"

    return Picture(png, format="png", width=width, alt=alt)


def small_png(figure: Figure, **how: object) -> tuple[bytes, int]:
    """Return a figure as a PNG of few colours, and the width in pixels at which to show it; ``how`` as in savefig."""
    from PIL import Image as Pixels

    full, small = io.BytesIO(), io.BytesIO()
    figure.savefig(full, format="png", dpi=PIXEL_RATIO * figure.dpi, **how)
    pixels = Pixels.open(full).convert("RGB")
    pixels.quantize(COLOURS_IN_A_PICTURE, dither=Pixels.Dither.NONE).save(small, format="png", optimize=True)
    return small.getvalue(), round(pixels.width / PIXEL_RATIO)
