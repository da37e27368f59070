"""Drawings of what was measured: differences with their intervals, and who is found by the words that are shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import bootstrap_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def paired_differences(halves: Mapping[str, Mapping[str, np.ndarray]], pairs: Mapping[str, tuple[str, str]]) -> Figure:
    """Draw differences in MRR@10 of two methods with their 95% intervals, a row for each pair of methods.

    Parameters
    ----------
    halves : mapping of str to mapping of str to ndarray, shape (n_questions,)
        For the halves ``"development"`` and ``"test"``, say, the reciprocal rank of each method on each question. The
        points of the last half are filled.
    pairs : mapping of str to (str, str)
        A label for each row, from the top, and the two methods of which the second is subtracted.

    Raises
    ------
    InputError
        If there is no half or no pair, or a half lacks a method.
    """
    import matplotlib.pyplot as plt

    if not halves or not pairs:
        raise InputError("There is nothing to draw: give a half with its methods, and a pair of methods.")
    figure, ax = plt.subplots(figsize=(5, 0.5 * len(pairs)))
    heights = np.linspace(-0.15, 0.15, len(halves)) if len(halves) > 1 else [0.0]
    for (half, values), height in zip(halves.items(), heights, strict=True):
        filled = half == [*halves][-1]
        for row, (one, other) in enumerate(pairs.values()):
            if missing := {one, other} - set(values):
                raise InputError(f"The half {half!r} has no method {missing.pop()!r}: it has {', '.join(values)}.")
            gaps = np.subtract(values[one], values[other])
            ax.plot(bootstrap_interval(gaps), [row + height] * 2, color="C2")
            style = {"color": "C2", "mfc": "C2" if filled else "w", "label": half if row == 0 else None}
            ax.plot(gaps.mean(), row + height, "o", **style)
    ax.axvline(0, color="0.4", linewidth=1)
    ax.legend(fontsize=8.5, loc="lower right")
    ax.set_yticks(range(len(pairs)), [*pairs], fontsize=8.5)
    ax.set(ylim=(len(pairs) - 0.4, -0.6), xlabel="difference of MRR@10, with its 95% interval")
    return figure


def found_by_rarity(rarest: np.ndarray, found: np.ndarray) -> tuple[Figure, list[float]]:
    """Draw the share of queries that are found, by the number of texts with the rarest word that query and text share.

    Parameters
    ----------
    rarest : ndarray of float, shape (n_queries,)
        That number for each query, NaN where no word is shared.
    found : ndarray of bool, shape (n_queries,)
        Whether the search found the text.

    Returns
    -------
    tuple of Figure and list of float
        The drawing, and the share of each of its bars, NaN where a bar has no query.

    Raises
    ------
    InputError
        If there are not as many of the one as of the other.

    Examples
    --------
    >>> found_by_rarity(np.array([np.nan, 2, 3, 20]), np.array([False, True, False, True]))[1][:2]
    [0.0, 0.5]
    """
    import matplotlib.pyplot as plt

    if len(rarest) != len(found):
        raise InputError(f"There are {len(rarest)} queries with a rarest word and {len(found)} that are found or not.")
    edges = {1: "1–3", 4: "4–15", 16: "16–63", 64: "64–255", 256: "256 on"}
    bars = np.where(np.isnan(rarest), 0, np.digitize(rarest, list(edges)))
    inside = [found[bars == n] for n in range(len(edges) + 1)]
    shares = [float(np.mean(each)) if len(each) else np.nan for each in inside]
    names = [f"{name}\n({len(each):,})" for name, each in zip(["no word", *edges.values()], inside, strict=True)]
    figure, ax = plt.subplots(figsize=(5.8, 2.6))
    ax.bar_label(ax.bar(names, shares), [f"{share:.0%}" for share in shares], fontsize=9)
    ax.set(xlabel="texts that have the rarest shared word (queries)", ylabel="share found", ylim=(0, 1.1))
    ax.set_title("The commoner the shared words, the more are lost")
    return figure, shares
