"""An explorer of the common space: words in, the nearest pictures out; a click on a picture shows its neighbours."""

from __future__ import annotations

import base64
import html
import io
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.embeddings import embed
from course_utils.images.emoji import emoji_pictures, held_out, load_emoji
from course_utils.images.features import picture_features
from course_utils.images.towers import Towers, least_squares_towers
from course_utils.plotting.explorers import page

if TYPE_CHECKING:
    import ipywidgets

SHOWN, FIRST = 12, "a cold winter night"
_numbers = itertools.count()  # of the explorers of this process, whose buttons must not share their pictures


def picture_explorer(towers: Towers) -> ipywidgets.VBox:
    """Offer a field for words above the nearest pictures of all 1,644; each picture is a button.

    A click on it, or the return key where it has the focus, shows the pictures nearest to that picture.

    Parameters
    ----------
    towers : Towers
        The trained towers.
    """
    import ipywidgets

    seen, name = towers.see(picture_features(emoji_pictures())), f"course-picture-{next(_numbers)}"
    typed = ipywidgets.Text(FIRST, description="words", continuous_update=False)
    again = ipywidgets.Button(description="search", tooltip="show the pictures nearest to these words")
    said, looks = ipywidgets.HTML(), ipywidgets.HTML()
    square = {"width": "10em", "height": "9.4em", "margin": "2px"}
    buttons = [ipywidgets.Button(layout=ipywidgets.Layout(**square)) for _ in range(SHOWN)]
    shown = []

    def show(row: np.ndarray, what: str) -> None:
        cosines = seen @ row
        shown[:] = nearest_pictures(cosines)
        said.value = f"Nearest to {html.escape(what)}, each with its cosine. Click on a picture for its neighbours."
        looks.value = button_styles(name, shown)
        for button, place in zip(buttons, shown, strict=True):
            button.description = f"{load_emoji()[place].en} {cosines[place]:.2f}"
            button.tooltip = f"show the pictures nearest to {load_emoji()[place].en}"

    def by_words(_change: object = None) -> None:
        try:
            show(words_row(towers, typed.value), f"the words “{typed.value.strip()}”")
        except InputError as error:
            said.value = html.escape(str(error))

    def by_picture(button: ipywidgets.Button) -> None:
        place = shown[buttons.index(button)]
        show(seen[place], f"the picture of “{load_emoji()[place].en}”")

    for number, button in enumerate(buttons):
        button.add_class(f"{name}-{number}")
        button.on_click(by_picture)
    typed.observe(by_words, names="value")
    again.on_click(by_words)
    by_words()
    rows = ipywidgets.Box(buttons, layout=ipywidgets.Layout(flex_flow="row wrap"))
    parts = [ipywidgets.HBox([typed, again]), said, rows, looks]
    return page(parts, "pictures near to words; a click on a picture shows its neighbours")


def words_row(towers: Towers, typed: str) -> np.ndarray:
    """Return the row of the common space that belongs to words.

    Raises
    ------
    InputError
        If nothing was typed.
    """
    if not typed.strip():
        raise InputError(f"Type some words, such as '{FIRST}'.")
    return towers.read(embed([typed.strip()]))[0]


def nearest_pictures(cosines: np.ndarray) -> list[int]:
    """Return the places of the pictures with the highest cosines, the nearest first."""
    return np.argsort(-cosines, kind="stable")[:SHOWN].tolist()


def search_held_out(queries: Sequence[str], k: int = 5) -> dict[str, list[int]]:
    """Search the pictures of held-out subjects with words, by least squares from the other emoji's pictures and names.

    Returns
    -------
    dict of str to list of int
        For each query the places of the ``k`` nearest pictures among those that `held_out` keeps aside.
    """
    names = [each.en for each in load_emoji()]
    aside, features = held_out(names), picture_features(emoji_pictures())
    learned = [name for name, out in zip(names, aside, strict=True) if not out]
    towers = least_squares_towers(features[~aside], embed(learned))
    cosines = towers.read(embed(queries)) @ towers.see(features[aside]).T  # (n_queries, n_aside)
    places = np.flatnonzero(aside)[np.argsort(-cosines, axis=1, kind="stable")[:, :k]]
    return dict(zip(queries, places.tolist(), strict=True))


def button_styles(name: str, places: list[int]) -> str:
    """Return a style sheet that puts a picture onto each of the buttons ``name-0``, ``name-1`` and so on."""
    from PIL import Image

    rules = [
        f'button[class*="{name}-"] {{ white-space: normal; line-height: 1.15; padding: 74px 4px 2px; overflow: hidden; '
        "color: #222; background: #fff no-repeat center 2px; border: 1px solid #ccc }"
    ]
    for number, place in enumerate(places):
        file = io.BytesIO()
        Image.fromarray(emoji_pictures()[place]).save(file, "PNG")
        data = base64.b64encode(file.getvalue()).decode("ascii")
        rules.append(f"button.{name}-{number} {{ background-image: url(data:image/png;base64,{data}) }}")
    return f"<style>{' '.join(rules)}</style>"
