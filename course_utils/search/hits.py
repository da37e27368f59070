"""Hits: the results of a search, and the order they come in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

TIE = 1e-6  # scores closer than this are equal, and the earlier text comes first


class Hit(NamedTuple):
    """One result of a search: the position of a text or vector in the index, and its score there.

    Examples
    --------
    >>> hit = Hit(position=7, score=2.5)
    >>> position, score = hit
    >>> position, score
    (7, 2.5)
    """

    position: int
    score: float


def best_hits(scores: np.ndarray, k: int, above: float = -np.inf) -> list[Hit]:
    """Return the k highest scores that are higher than ``above``, equal ones in the order of their positions."""
    places = np.flatnonzero(scores > above)
    if k < len(places):
        scores_there = scores[places]
        places = places[scores_there >= _reached_by(scores_there, k) - TIE]
    best = scores[places]
    order = np.lexsort((places, -np.round(best / TIE)))[:k]
    return [Hit(*pair) for pair in zip(places[order].tolist(), best[order].tolist(), strict=True)]


def _reached_by(scores: np.ndarray, k: int) -> float:
    """Return a number that at least ``k`` scores reach, and few more: the k-th best among the maxima of groups.

    It is ten times faster than to sort or partition all the scores.
    """
    n_groups = max(k, len(scores) // 128)
    size = len(scores) // n_groups
    maxima = scores[: size * n_groups].reshape(size, n_groups).max(axis=0)
    return np.partition(maxima, n_groups - k)[n_groups - k]


def in_order(found: Iterable[tuple[int, float]]) -> list[Hit]:
    """Sort by score, the highest first; what is equal stays in its order."""
    return sorted((Hit(*pair) for pair in found), key=lambda hit: -round(hit.score / TIE))


def full_text_ranks(table: Any, questions: Mapping[str, str], k: int = 100) -> list[str]:
    """Ask a table of LanceDB by its full-text index, and say where the wanted titles are among the first ``k`` hits.

    Parameters
    ----------
    table : lancedb.table.Table
        It has a column ``title`` and a full-text index.
    questions : mapping of str to str
        What is asked, with the title of the row that answers it.
    k : int
        How many hits are asked for.

    Returns
    -------
    list of str
        For each question the rank of that row, or a dash, and the number of hits, such as ``"6 of 15 hits"``.
    """
    lines = []
    for question, wanted in questions.items():
        names = [row["title"] for row in table.search(question, query_type="fts").limit(k).to_list()]
        rank = names.index(wanted) + 1 if wanted in names else "-"
        lines.append(f"{rank} of {len(names)} hits")
    return lines
