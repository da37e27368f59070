"""Names for groups of texts: the words that are typical of each."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common.checks import check_number, check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.embeddings import embed
from course_utils.keywords import mmr
from course_utils.phrases import IN_WORDS
from course_utils.words import STOP_WORDS


@dataclass(frozen=True)
class WordWeights:
    """How typical each word is of each class: ``weights[i, j]`` for ``classes[i]`` and ``words[j]``."""

    classes: tuple
    words: tuple[str, ...]
    weights: np.ndarray


def class_tfidf(
    texts: Sequence[str], labels: Sequence, stop_words: Collection[str] | None = None, min_texts: int = 1
) -> WordWeights:
    """Weigh words by how typical they are of a class of texts: c-TF-IDF, with all texts of a class taken as one.

    Parameters
    ----------
    texts, labels : sequence
        Texts, and the class of each: a number, a name, any single value.
    stop_words : collection of str, optional
        Words to leave out: `words.STOP_WORDS` by default, none for an empty collection.
    min_texts : int
        Leave out words that fewer texts than this have.

    Returns
    -------
    WordWeights
        Classes in sorted order, `counted_words` in the order of the alphabet, and an array of their weights.

    Raises
    ------
    InputError
        If there are no texts, not one label for each, or no word is left.

    Notes
    -----
    A weight is the word's share of its class, times ``log(1 + A / f)``: ``A`` is the mean number of words in a class,
    cut to a whole number, and ``f`` is how often the word occurs in all of them (Grootendorst, 2022,
    https://arxiv.org/abs/2203.05794).

    Examples
    --------
    >>> found = class_tfidf(["cat cat milk", "dog bone milk"], ["cats", "dogs"])
    >>> found.words
    ('bone', 'cat', 'dog', 'milk')
    >>> found.weights.round(2)
    array([[0.  , 0.61, 0.  , 0.31],
           [0.46, 0.  , 0.46, 0.31]])
    """
    from sklearn.feature_extraction.text import CountVectorizer

    texts, labels = _checked_texts(texts, labels)
    classes = sorted(set(labels), key=None if _comparable(labels) else repr)
    place = {label: row for row, label in enumerate(classes)}
    stop_words = STOP_WORDS if stop_words is None else check_strings("stop_words", stop_words)
    check_whole("min_texts", min_texts, 1)
    counter = CountVectorizer(analyzer=words_but(stop_words), min_df=min_texts)
    try:
        counts = counter.fit_transform(texts)
    except ValueError as error:
        left = f"stop words, numbers, or no word that at least {min_texts} of them have"
        raise InputError(f"No word is left: these texts hold {left}.") from error
    together = np.zeros((len(classes), counts.shape[1]))
    for row, label in enumerate(labels):
        mine = slice(counts.indptr[row], counts.indptr[row + 1])
        together[place[label], counts.indices[mine]] += counts.data[mine]
    sizes = together.sum(axis=1, keepdims=True)  # (classes, 1)
    rarity = np.log(1 + int(sizes.mean()) / together.sum(axis=0))  # (words,)
    weights = together / np.maximum(sizes, 1) * rarity
    return WordWeights(tuple(classes), tuple(counter.get_feature_names_out().tolist()), weights)


def topic_words(found: WordWeights, n_words: int = 6, diversity: float = 0.0) -> dict:
    """Choose the words that name each class: the most typical, or typical ones that differ from each other.

    Parameters
    ----------
    found : WordWeights
    n_words : int
        How many words for each class, fewer where it has no more.
    diversity : float
        With 0 the heaviest words are taken. Above 0, `keywords.mmr` chooses among four times as many; the relevance of
        a word is its weight, divided by the greatest in the class.

    Returns
    -------
    dict of class to list of str
        For each class its words, the first chosen first.

    Examples
    --------
    >>> topic_words(class_tfidf(["cat cat milk", "dog bone bone"], ["cats", "dogs"]), n_words=1)
    {'cats': ['cat'], 'dogs': ['bone']}
    """
    check_whole("n_words", n_words, 1)
    check_number("diversity", diversity, 0, 1)
    named = {}
    for label, weights in zip(found.classes, found.weights, strict=True):
        heaviest = np.argsort(-weights, kind="stable")[: 4 * n_words if diversity else n_words]
        heaviest = heaviest[weights[heaviest] > 0]
        words = [found.words[column] for column in heaviest]
        if diversity and words:
            relevance = weights[heaviest] / weights.max()
            words = [words[row] for row in mmr(None, embed(words), n_words, diversity, relevance=relevance)]
        named[label] = words
    return named


def counted_words(text: str) -> list[str]:
    """Return the words of a text that are counted: two letters or more, in lower case, and nothing with a digit.

    Examples
    --------
    >>> counted_words("In 1905 São Paulo's cafés: B2B")
    ['in', 'são', 'paulo', 'cafés']
    """
    import regex

    letters = r"(?:\p{L}[\p{M}\u200c\u200d]*){2,}+"
    return regex.findall(rf"(?<!{IN_WORDS}|_){letters}(?!{IN_WORDS}|_)", _in_lower_case(text))


def words_but(stop_words: Collection[str]) -> Callable[[str], list[str]]:
    """Return a function that cuts a text into its `counted_words` without some of them, for scikit-learn's counters.

    Examples
    --------
    >>> words_but({"Sa\u0303o"})("São Paulo")
    ['paulo']
    """
    left_out = {_in_lower_case(word) for word in stop_words}
    return lambda text: [word for word in counted_words(text) if word not in left_out]


def _in_lower_case(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower().replace("\u00ad", "")  # the soft hyphen


def _checked_texts(texts: Sequence[str], labels: Sequence) -> tuple[list[str], list]:
    if isinstance(labels, str):
        raise InputError(f"labels takes a list: write labels=[{labels!r}].")
    texts = check_strings("texts", texts)
    labels = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    if len(texts) != len(labels):
        raise InputError(f"Each text needs a label: there are {len(texts)} texts and {len(labels)} labels.")
    if not texts:
        raise InputError("There are no texts.")
    if lists := [label for label in labels if isinstance(label, list | dict | set)]:
        raise InputError(f"A label is a single value, such as a number or a name, and {lists[0]!r} is not.")
    return texts, labels


def _comparable(labels: list) -> bool:
    return all(isinstance(label, str) for label in labels) or all(isinstance(label, int | float) for label in labels)
