"""How good are lists of keywords? Shared words as F1, whole lists and lists of equal length, and paired leads."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.evaluation import bootstrap_interval
from course_utils.words import STOP_WORDS, words

FEW_WORDS = 4  # different words to which the lists are cut for the second count

Lists = Mapping[str, Sequence[Sequence[str]]]


def word_set(*phrases: str) -> set[str]:
    """Return the words of phrases, without stop words and without an s at the end.

    Examples
    --------
    >>> sorted(word_set("honey bees", "the hive"))
    ['bee', 'hive', 'honey']
    """
    return {word.removesuffix("s") for word in words(" ".join(phrases)) if word not in STOP_WORDS}


def keep_words(phrases: Sequence[str], most: int) -> Sequence[str]:
    """Cut a list before it holds more than ``most`` different words; its first phrase stays.

    Examples
    --------
    >>> keep_words(["honey bees", "bees produce", "thick"], 3)
    ['honey bees', 'bees produce']
    """
    check_whole("most", most, 1)
    n = 1
    while n < len(phrases) and len(word_set(*phrases[: n + 1])) <= most:
        n += 1
    return phrases[:n]


def compare(
    lists: Sequence[Lists], wanted: Sequence[Collection[str]], best: str | None = None, cut: bool = True
) -> dict[str, np.ndarray]:
    """Print how methods score on the same texts, and if asked to by how much one of them leads.

    Parameters
    ----------
    lists : sequence of mapping
        For each text the lists of phrases by the name of the method: one list, or several where chance decides, whose
        scores are averaged.
    wanted : sequence of set of str
        For each text the wanted words, as `word_set` returns them.
    best : str, optional
        The method whose lead is printed: the 95 % interval of the mean difference, text by text. Without it the means
        are printed alone.
    cut : bool, default True
        Print the second count as well, with at most four words.

    Returns
    -------
    dict of str to ndarray, shape (2, n_texts)
        The F1 of each text with all phrases, and with the first phrases that hold at most four words.

    Raises
    ------
    InputError
        If there are no texts, their numbers differ, or ``best`` is no method.

    Examples
    --------
    >>> lists = [{"first": [["honey", "bees"]], "all": [["honey", "bees", "sugar", "hive", "thick"]]}] * 2
    >>> scores = compare(lists, [{"honey", "bee"}] * 2, "first")
    2 texts; the intervals are those of the lead of: first
    <BLANKLINE>
                           words   five phrases            at most four words
    first                    2.0   1.00                    1.00
    all                      5.0   0.57  +0.43 to +0.43    0.67  +0.33 to +0.33
    >>> scores["all"].round(2).tolist()
    [[0.57, 0.57], [0.67, 0.67]]
    """
    if not len(lists) or len(lists) != len(wanted):
        raise InputError(f"Each text needs its wanted words: there are {len(lists)} texts and {len(wanted)} sets.")
    if best is not None and best not in lists[0]:
        raise InputError(f"There is no method {best!r}: the methods are {', '.join(lists[0])}.")
    scores, n_words = {}, {}
    for name in lists[0]:
        both = [
            np.mean([[_f1(row, aim), _f1(keep_words(row, FEW_WORDS), aim)] for row in one[name]], axis=0)
            for one, aim in zip(lists, wanted, strict=True)
        ]
        scores[name] = np.transpose(both)
        n_words[name] = np.mean([np.mean([len(word_set(*row)) for row in one[name]]) for one in lists])
    print(f"{len(lists)} texts{'' if best is None else f'; the intervals are those of the lead of: {best}'}\n")
    width = 6 if best is None else 15
    kinds = ("five phrases", "at most four words")[: 1 + cut]
    print(f"{'':22} words   {''.join(f'{kind:{width + 9}}' for kind in kinds)}".rstrip())
    for name, values in scores.items():
        line = f"{name:22} {n_words[name]:5.1f}"
        for kind in range(len(kinds)):
            ahead = lead(scores[best][kind], values[kind]) if best not in (None, name) else ""
            line += f"   {values[kind].mean():.2f}  {ahead:{width}}"
        print(line.rstrip())
    return scores


def lead(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Write the 95 % interval of the mean of paired differences.

    Examples
    --------
    >>> lead([0.5, 0.7, 0.9], [0.4, 0.6, 0.8])
    '+0.10 to +0.10'
    """
    low, high = bootstrap_interval(np.subtract(ours, theirs))
    return f"{low:+.2f} to {high:+.2f}"


def shared_words(lists: Sequence[Sequence[Sequence[str]]], most: int) -> np.ndarray:
    """Return how many words the lists of any two texts share, as F1.

    Parameters
    ----------
    lists : sequence of sequence of list of str
        For each text its lists of phrases: one, or as many as for the others where chance decides.
    most : int
        Each list is cut by `keep_words` before it holds more words.

    Returns
    -------
    ndarray, shape (n_draws, n_pairs)
        The first lists of all texts, then the second ones; the pairs in the order of ``np.triu_indices(n_texts, k=1)``.

    Examples
    --------
    >>> shared_words([[["honey"]], [["honey bees"]], [["igloo"]]], most=4).round(2).tolist()
    [[0.67, 0.0, 0.0]]
    """
    shared = []
    for draw in zip(*lists, strict=True):
        sets = [word_set(*keep_words(phrases, most)) for phrases in draw]
        pairs = zip(*np.triu_indices(len(sets), k=1), strict=True)
        shared.append([2 * len(sets[a] & sets[b]) / max(1, len(sets[a]) + len(sets[b])) for a, b in pairs])
    return np.array(shared)


def correlation_lead(ours: np.ndarray, theirs: np.ndarray, ratings: np.ndarray) -> str:
    """Write the 95 % interval of the difference of two `resampled_correlations`, of the same sets of texts.

    Examples
    --------
    >>> ratings = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
    >>> shared = np.array([[0.9, 0.1, 0.2]])
    >>> correlation_lead(shared, shared, ratings)
    '+0.00 to +0.00'
    """
    ahead = resampled_correlations(ours, ratings) - resampled_correlations(theirs, ratings)
    low, high = np.nanquantile(ahead, [0.025, 0.975])
    return f"{low:+.2f} to {high:+.2f}"


def resampled_correlations(
    shared: np.ndarray, ratings: np.ndarray, n_resamples: int = 500, seed: int = 0
) -> np.ndarray:
    """Correlate shared words with ratings, for sets of texts that are drawn with replacement.

    Parameters
    ----------
    shared : ndarray, shape (n_draws, n_pairs)
        As `shared_words` returns it; the correlations of the draws are averaged.
    ratings : ndarray, shape (n_texts, n_texts)
        How similar people find any two texts.
    n_resamples, seed : int
        How many sets are drawn; the same ones for every ``shared``, so that results can be subtracted.

    Returns
    -------
    ndarray, shape (n_resamples,)
        A pair counts as often as both its texts were drawn; a text that was drawn twice is no pair with itself. A draw
        in which no pair shares a word has no correlation and is left out; where none has one, the value is NaN.

    Examples
    --------
    >>> ratings = np.array([[1.0, 0.9, 0.1], [0.9, 1.0, 0.2], [0.1, 0.2, 1.0]])
    >>> resampled_correlations(np.array([[0.9, 0.1, 0.2]]), ratings, n_resamples=3).shape
    (3,)
    """
    n_texts = len(ratings)
    first, second = np.triu_indices(n_texts, k=1)
    rated = ratings[first, second]
    if shared.shape[1:] != rated.shape:
        raise InputError(f"{n_texts} rated texts have {len(rated)} pairs, and shared has shape {shared.shape}.")
    times = np.random.default_rng(seed).multinomial(n_texts, np.full(n_texts, 1 / n_texts), size=n_resamples)
    weights = (times[:, first] * times[:, second]).astype(float)  # (n_resamples, n_pairs)
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1)
    mean, means = (weights @ rated)[:, None], weights @ shared.T  # (n_resamples, 1), (n_resamples, n_draws)
    spread = (weights @ rated**2)[:, None] - mean**2
    spreads = weights @ shared.T**2 - means**2
    together = weights @ (shared * rated).T - means * mean
    some = spreads > 1e-12
    each = np.divide(together, np.sqrt(spread * np.where(some, spreads, 1)), where=some, out=np.zeros_like(together))
    return np.where(some.any(axis=1), each.sum(axis=1) / np.maximum(some.sum(axis=1), 1), np.nan)


def _f1(phrases: Sequence[str], wanted: Collection[str]) -> float:
    given = word_set(*phrases)
    return 2 * len(given & set(wanted)) / (len(given) + len(wanted))
