"""An explorer of noise on a vector: which words are guessed from it, and where its text comes in a search."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.checks import check_position
from course_utils.common.vectors import unit_rows
from course_utils.plotting.explorers import explorer
from course_utils.privacy.inversion import WordGuesser, noisy
from course_utils.words import words

if TYPE_CHECKING:
    import ipywidgets


def noise_explorer(
    guessers: Mapping[float, WordGuesser],
    titles: Sequence[str],
    texts: Sequence[str],
    vectors: np.ndarray,
    questions: np.ndarray,
) -> ipywidgets.VBox:
    """Offer texts and amounts of noise, with the guesser that has learned from vectors of each amount.

    ``vectors`` and ``questions`` have a row for each text.
    """
    import ipywidgets

    article = ipywidgets.Dropdown(options=[(title, place) for place, title in enumerate(titles)], description="article")
    noise = ipywidgets.SelectionSlider(options=list(guessers), description="noise")
    return explorer(
        lambda article, noise: draw_guess(guessers[noise], texts, vectors, questions, article, noise),
        {"article": article, "noise": noise},
        "words guessed from a noisy vector, and the rank of its text in a search for the title",
    )


def draw_guess(
    guesser: WordGuesser, texts: Sequence[str], vectors: np.ndarray, questions: np.ndarray, article: int, noise: float
) -> str:
    """Return HTML with ten guessed words, the right ones in bold, and the rank of the text for its title."""
    place = check_position(article, len(texts))
    changed = noisy(vectors, noise)
    scores = changed @ unit_rows(np.asarray(questions, dtype=np.float32))[place]
    rank = 1 + int((scores > scores[place]).sum())
    there = set(words(texts[place]))
    guesses = [
        f"<b>{html.escape(word)}</b>" if word in there else html.escape(word) for word in guesser.guess(changed[place])
    ]
    return f"<p>guessed: {', '.join(guesses)}</p><p>rank {rank} of {len(texts)} in a search for its title</p>"
