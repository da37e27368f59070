"""Keyword search: BM25 over an inverted index."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from course_utils.common.checks import check_k, check_number, check_position, check_query, check_texts, describe
from course_utils.common.errors import InputError
from course_utils.search.hits import Hit, best_hits
from course_utils.words import letters_of_pieces, query_words, words


class BM25Index:
    """Keyword search: texts that hold the query's rare words, often and in little other text, come first.

    Parameters
    ----------
    texts : sequence of str
        At least one text with a word in it.
    k1 : float
        How much a word's second, third and later occurrence still adds; with 0 only its presence counts.
    b : float
        How far long texts are marked down, from 0 (not at all) to 1 (in proportion to their length).
    tokenizer : callable, optional
        Gets a text or a query and returns a list of words, which are searched as they are. If left out, texts are cut
        by `words`, and a query by `query_words`, which leaves out words such as *what* and *the*.

    Raises
    ------
    InputError
        If there are no texts, none of them has a word, one is no string, a setting is out of range, or the tokenizer
        returns something else than a list of strings.

    Notes
    -----
    BM25 (Robertson and Zaragoza, 2009) in the form that Lucene uses: a word ``w`` that stands in ``n`` of ``N`` texts,
    and ``f`` times in a text of ``length`` words, adds

        ln(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 * (1 - b + b * length / mean_length))

    All of these numbers are computed when the index is built; a query only adds some up.

    Examples
    --------
    >>> index = BM25Index(["The cat sat.", "A dog ran.", "The cat and the dog ran."])
    >>> [hit.position for hit in index.search("Did a dog run or ran?", k=2)]
    [1, 2]
    >>> index.search("giraffe", k=2)
    []
    >>> [hit.position for hit in BM25Index(["black coffee", "Green tea"], tokenizer=str.split).search("Green")]
    [1]
    """

    def __init__(
        self,
        texts: Sequence[str],
        k1: float = 1.2,
        b: float = 0.75,
        tokenizer: Callable[[str], list[str]] | None = None,
    ):
        k1, b = check_number("k1", k1, least=0), check_number("b", b, least=0, most=1)
        texts, self.tokenizer = check_texts(texts), tokenizer
        words_of = words if tokenizer is None else self._own_words
        self.vocabulary: dict[str, int] = {}
        every_word, n_words, lengths = array("i"), np.empty(len(texts), dtype=int), np.empty(len(texts))
        for row, text in enumerate(texts):
            found = words_of(text)
            lengths[row] = len(found)
            found = found if tokenizer else found + letters_of_pieces(text)  # for queries of one letter
            n_words[row] = len(found)
            every_word.extend([self.vocabulary.setdefault(word, len(self.vocabulary)) for word in found])
        if not self.vocabulary:
            raise InputError("None of the texts has a word in it, so there is nothing to search.")
        text_of_word = np.repeat(np.arange(len(texts)), n_words)
        # One number for each pair of word and text; sorted, they are the lists of texts, word by word.
        pairs, counts = np.unique(np.array(every_word, dtype=np.int64) * len(texts) + text_of_word, return_counts=True)
        word_of_pair, self._texts = pairs // len(texts), (pairs % len(texts)).astype(np.int32)
        self._starts = np.searchsorted(word_of_pair, np.arange(len(self.vocabulary) + 1))
        n = np.diff(self._starts)  # in how many texts each word stands
        rarity = np.log1p((len(texts) - n + 0.5) / (n + 0.5))
        length_penalty = k1 * (1 - b + b * lengths / lengths.mean())
        self._scores = rarity[word_of_pair] * counts / (counts + length_penalty[self._texts])
        self._n_texts = len(texts)

    def __len__(self) -> int:
        return self._n_texts

    def search(self, query: str, k: int = 10) -> list[Hit]:
        """Rank the texts that share a word with the query.

        The best comes first, and the earlier text where scores are equal. Texts without any word of the query are no
        hits, so there may be fewer than ``k``.

        Raises
        ------
        InputError
            If the query is empty or no string, or ``k`` is no whole number from 1.
        """
        k = check_k(k)
        scores = np.zeros(self._n_texts)
        for word in self.query_words(query):
            texts, values = self.postings(word)
            scores[texts] += values
        return best_hits(scores, k, above=0.0)

    def query_words(self, query: str) -> list[str]:
        """Return the words of a query that this index looks for."""
        return query_words(query) if self.tokenizer is None else self._own_words(check_query(query))

    def postings(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the texts that hold a word, and what it adds to the score of each."""
        row = self.vocabulary.get(word)
        part = slice(0, 0) if row is None else slice(self._starts[row], self._starts[row + 1])
        return self._texts[part], self._scores[part]

    def explain(self, query: str, position: int) -> dict[str, float]:
        """Say which words of the query a text was found by, and what each of them adds to its score.

        Examples
        --------
        >>> index = BM25Index(["The cat sat.", "A dog ran.", "The cat and the dog ran."])
        >>> {word: round(value, 2) for word, value in index.explain("Which dog ran?", 1).items()}
        {'dog': 0.24, 'ran': 0.24}
        """
        position = check_position(position, self._n_texts)
        found = {}
        for word in self.query_words(query):
            texts, values = self.postings(word)
            if values[texts == position].size:
                found[word] = found.get(word, 0.0) + float(values[texts == position][0])
        return found

    def _own_words(self, text: str) -> list[str]:
        if not callable(self.tokenizer):
            raise InputError(f"tokenizer is a function from a text to a list of words{describe(self.tokenizer)}.")
        found = self.tokenizer(text)
        if (
            not isinstance(found, Iterable)
            or isinstance(found, str)
            or any(not isinstance(word, str) for word in found)
        ):
            raise InputError(
                f"The tokenizer must return a list of words, as str.split does, and returns {found!r:.60}."
            )
        return list(found)
