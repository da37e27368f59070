"""Drawings of how a word is cut: its merges step by step, and its pieces as arcs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PIECE, NEW, EDGE = "#DCEBF7", "#FBE3CF", "#0072B2"


def merge_frames(
    counts: Mapping[str, int], merges: Sequence[tuple[str, str]], merge: Callable[[Sequence[str], tuple], Sequence[str]]
) -> list[tuple[Figure, str]]:
    """Draw a few words as boxes before the first merge and after each, for `player`.

    Parameters
    ----------
    counts : mapping of str to int
        The words, at most five of up to five letters, and how often each occurs.
    merges : sequence of (str, str)
        The pairs, in the order in which they are merged.
    merge : callable
        Gets the pieces of a word and a pair, and returns the pieces after the merge.

    Returns
    -------
    list of (Figure, str)
        A picture and its sentence, which has the sum of the new piece: as often as it occurs in the words.

    Examples
    --------
    >>> from course_utils.exercises.meet_the_tokenizer import merge_pair
    >>> [said for _, said in merge_frames({"eat": 6, "tea": 4}, [("e", "a"), ("ea", "t")], merge_pair)]
    ['Every letter is a piece.', 'Merge 1 makes ea: 10 times, from 6 + 4.', 'Merge 2 makes eat: 6 times, from 6.']
    """
    import matplotlib.pyplot as plt

    frames, words = [], {word: list(word) for word in counts}
    for step, new in enumerate(["", *map("".join, merges)]):
        if step:
            words = {word: merge(pieces, merges[step - 1]) for word, pieces in words.items()}
        figure, sums = plt.figure(figsize=(6, 0.8)), []
        for column, (word, pieces) in enumerate(words.items()):
            x = 0.02 + 0.2 * column
            figure.text(x, 0.08, f"{counts[word]} times", fontsize=8)
            for piece in pieces:
                box = {"facecolor": NEW if piece == new else PIECE, "edgecolor": "0.3"}
                figure.text(x, 0.55, piece, family="monospace", bbox=box)
                x += 0.0145 * len(piece) + 0.0175
                sums += [counts[word]] if piece == new else []
        said = f"Merge {step} makes {new}: {sum(sums)} times, from {' + '.join(map(str, sums))}."
        frames.append((figure, said if step else "Every letter is a piece."))
    return frames


def cut_arcs(word: str, pieces: Mapping[str, float], colours: Mapping[str, str]) -> Figure:
    """Draw the places between the letters of a word as points, and each piece that fits as an arc.

    Parameters
    ----------
    word : str
        The word.
    pieces : mapping of str to float
        The pieces and their probabilities; each of more than one letter is drawn where it first occurs in the word.
    colours : mapping of str to str
        Colours of the pieces that a cut uses; the others are grey.

    Examples
    --------
    >>> figure = cut_arcs("tea", {"te": 0.1, "ea": 0.2, "t": 0.3}, {"te": "C1"})
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['te 0.1', 'ea 0.2']
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(6.6, 3.2))
    arc = np.linspace(0, np.pi, 60)
    label = {"ha": "center", "va": "center", "bbox": {"fc": "white", "ec": "none", "pad": 1}}
    for piece in [piece for piece in pieces if len(piece) > 1 and piece in word]:
        middle, height = word.find(piece) + len(piece) / 2, 0.12 * len(piece) ** 1.6
        x, colour = middle - len(piece) / 2 * np.cos(arc), colours.get(piece, "#777777")
        ax.plot(x, height * np.sin(arc), color=colour, lw=2)
        ax.text(middle, height, f"{piece} {pieces[piece]:g}", color=colour, fontsize=9, **label)
    ax.plot(range(len(word) + 1), [0] * (len(word) + 1), "o-", color="#555555", lw=1)
    ax.set(ylim=(-0.2, None), yticks=[], xticks=np.arange(len(word)) + 0.5, xticklabels=word, frame_on=False)
    return figure
