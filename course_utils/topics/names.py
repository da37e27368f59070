"""Names for groups of texts: the words that are typical of each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError
from course_utils.embeddings import embed
from course_utils.keywords import mmr
from course_utils.topics.groups import LETTERS, stop_words_for_counting


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
    texts : sequence of str
        Texts; an empty one adds nothing to its class.
    labels : sequence
        The class of each text: numbers, strings, anything that can be compared.
    stop_words : collection of str, optional
        Words to leave out; common English ones by default, none for an empty collection.
    min_texts : int
        Leave out words that stand in fewer texts than this.

    Returns
    -------
    WordWeights
        Classes in sorted order, words in the order of the alphabet, and an array of their weights.

    Raises
    ------
    InputError
        If there are no texts, not one label for each, or no word is left.

    Notes
    -----
    A word's share of its class, times ``log(1 + A / f)``: ``A`` words has a class on average, cut to a whole number,
    and ``f`` times does the word stand in all of them (Grootendorst, 2022, https://arxiv.org/abs/2203.05794).

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
    stop_words = stop_words_for_counting() if stop_words is None else sorted(stop_words)
    counter = CountVectorizer(stop_words=stop_words or None, min_df=min_texts, token_pattern=LETTERS)
    try:
        counts = counter.fit_transform(texts)
    except ValueError as error:
        raise InputError("No word is left in these texts: they hold stop words, numbers or nothing.") from error
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
        What `class_tfidf` returns.
    n_words : int
        How many words for each class, fewer where it has no more.
    diversity : float
        0 takes the heaviest words. Above, a word loses this share of its similarity in meaning to a word that is
        already chosen, and keeps the rest of its own weight (maximal marginal relevance; Carbonell and Goldstein,
        1998).

    Returns
    -------
    dict of class to list of str
        For each class its words, the most typical first.

    Raises
    ------
    InputError
        If ``n_words`` is below 1, or ``diversity`` not from 0 to 1.

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


def _checked_texts(texts: Sequence[str], labels: Sequence) -> tuple[list[str], list]:
    if isinstance(texts, str) or isinstance(labels, str):
        raise InputError("class_tfidf takes a list of texts and a list of labels, not a single string.")
    texts = list(texts[:] if hasattr(texts, "__getitem__") else texts)
    labels = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    if len(texts) != len(labels):
        raise InputError(f"Each text needs a label: there are {len(texts)} texts and {len(labels)} labels.")
    if not texts:
        raise InputError("There are no texts.")
    if wrong := [text for text in texts if not isinstance(text, str)]:
        raise InputError(f"A text is {type(wrong[0]).__name__} and not a string.")
    return texts, labels


def _comparable(labels: list) -> bool:
    return all(isinstance(label, str) for label in labels) or all(isinstance(label, int | float) for label in labels)
