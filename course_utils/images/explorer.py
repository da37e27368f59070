"""An explorer of the common space: words or an emoji in, the nearest pictures out."""

from __future__ import annotations

import base64
import html
import io
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.embeddings import embed
from course_utils.images.emoji import emoji_pictures, find_emoji, load_emoji
from course_utils.images.features import picture_features
from course_utils.images.towers import Towers
from course_utils.plotting.explorers import explorer

if TYPE_CHECKING:
    import ipywidgets

SHOWN = 12


def picture_explorer(towers: Towers) -> ipywidgets.VBox:
    """Offer a field for words and one for an emoji, above the nearest pictures of all 1,644.

    Parameters
    ----------
    towers : Towers
        The trained towers.
    """
    import ipywidgets

    seen = towers.see(picture_features(emoji_pictures()))
    by = ipywidgets.Dropdown(options=["words", "picture"], description="search by")
    typed = ipywidgets.Text("a cold winter night", description="text", continuous_update=False)

    def render(by: str, typed: str) -> str:
        return draw_nearest(seen, query_row(towers, seen, by, typed))

    return explorer(render, {"by": by, "typed": typed}, "pictures near to words, or to another picture")


def query_row(towers: Towers, seen: np.ndarray, by: str, typed: str) -> np.ndarray:
    """Return the row of the common space that is asked for: that of words, or that of an emoji."""
    if by == "picture":
        return seen[find_emoji(typed)]
    if not typed.strip():
        raise InputError("Type some words, such as 'a cold winter night'.")
    return towers.read(embed([typed]))[0]


def draw_nearest(seen: np.ndarray, row: np.ndarray) -> str:
    """Return HTML with the pictures whose rows are nearest, each with its name and its cosine."""
    from PIL import Image

    cosines, parts = seen @ row, []
    for place in np.argsort(-cosines, kind="stable")[:SHOWN]:
        file, name = io.BytesIO(), html.escape(load_emoji()[place].en)
        Image.fromarray(emoji_pictures()[place]).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode("ascii")
        parts.append(
            '<figure style="display:inline-block;width:8em;margin:.3em;text-align:center;vertical-align:top">'
            f'<img alt="emoji of {name}, near the query" src="data:image/png;base64,{data}">'
            f'<figcaption style="font-size:.8em">{name}<br>{cosines[place]:.2f}</figcaption></figure>'
        )
    return "".join(parts)
