"""How a Unigram model comes to its list of pieces: all ways to cut a word, a round of training, and the surprise.

For words of a few letters, whose cuts can all be written down. Real trainers count over the same cuts without a list
of them, by the forward and backward sums.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

from course_utils.common.errors import InputError

FREE = 0.1  # of a use, for each piece: so none gets the probability 0


def every_cut(word: str, pieces: Mapping[str, float]) -> list[list[str]]:
    """Return all ways to cut a word into pieces of a list, the shortest beginnings first.

    Examples
    --------
    >>> every_cut("sea", {"s": 0.1, "e": 0.1, "a": 0.1, "ea": 0.2})
    [['s', 'e', 'a'], ['s', 'ea']]
    """
    if not word:
        return [[]]
    ends = [end for end in range(1, len(word) + 1) if word[:end] in pieces]
    return [[word[:end], *rest] for end in ends for rest in every_cut(word[end:], pieces)]


def expected_uses(counts: Mapping[str, int], pieces: Mapping[str, float]) -> Counter[str]:
    """Count how often each piece is used, where a word is shared out among its cuts by their probabilities.

    The probability of a cut is the product of those of its pieces. This is the first half of a round of *expectation
    maximisation* (Kudo, 2018, https://arxiv.org/abs/1804.10959).

    Parameters
    ----------
    counts : mapping of str to int
        Each word and how often it occurs.
    pieces : mapping of str to float
        The pieces and their probabilities.

    Examples
    --------
    >>> {piece: round(n, 2) for piece, n in expected_uses({"ab": 3}, {"a": 0.5, "b": 0.4, "ab": 0.1}).items()}
    {'a': 2.0, 'b': 2.0, 'ab': 1.0}
    """
    used: Counter[str] = Counter()
    for word, n in counts.items():
        ways = _ways(word, pieces)
        weights = [math.prod(pieces[piece] for piece in way) for way in ways]
        for way, weight in zip(ways, weights, strict=True):
            for piece in way:
                used[piece] += n * weight / sum(weights)
    return used


def estimate(counts: Mapping[str, int], pieces: Mapping[str, float], free: float = FREE) -> dict[str, float]:
    """Train for one round: count how often each piece is used, and make the counts probabilities that add up to 1.

    Parameters
    ----------
    counts, pieces
        As for `expected_uses`.
    free : float
        What every piece gets on top of its count.

    Examples
    --------
    >>> estimate({"ab": 3}, {"a": 0.5, "b": 0.4, "ab": 0.1}, free=0)
    {'a': 0.4, 'b': 0.4, 'ab': 0.2}
    """
    used = expected_uses(counts, pieces)
    total = used.total() + free * len(pieces)
    return {piece: (used[piece] + free) / total for piece in pieces}


def surprise(counts: Mapping[str, int], pieces: Mapping[str, float]) -> float:
    """Return minus the logarithm of the probability of all words: the less, the better the pieces fit them.

    The probability of a word is the sum over its cuts, and it counts as often as it occurs.

    Examples
    --------
    >>> round(surprise({"ab": 2}, {"a": 0.5, "b": 0.5, "ab": 0.25}), 3)  # -2 ln(0.5 * 0.5 + 0.25)
    1.386
    """
    sums = {word: sum(math.prod(pieces[piece] for piece in way) for way in _ways(word, pieces)) for word in counts}
    return -sum(n * math.log(sums[word]) for word, n in counts.items())


def _ways(word: str, pieces: Mapping[str, float]) -> list[list[str]]:
    if ways := every_cut(word, pieces):
        return ways
    raise InputError(f"No cut of {word!r} is made of these pieces: keep its single letters among them.")
