"""Search: ranking texts for a question, by the words they share with it and by what they mean."""

from __future__ import annotations

import functools
import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from course_utils.errors import InputError, is_whole

# Words that tell a question's form and not its subject. A query without any other word is searched with them.
STOP_WORDS = frozenset(
    word
    for line in (
        "a an the this that these those there it its he she they them their his her i me my we our you your",
        "and or but if so than then as at by for from in into of on to with about",
        "am is are was were be been being do does did has have had can could might must shall should will would",
        "how what when where which who whom whose why s t",
    )
    for word in line.split()
)
NEAR = 1e-6  # scores closer than this are a tie, which the earlier text wins
SCORES_AT_ONCE = 1 << 23  # 32 MB of scores: a batch of queries is worked through in pieces of this size
LIKELIHOOD_PROMPT = "{text}\n\nA question that this answers:"
MOST_TOKENS_READ = 512  # of a text and of a query, by the language model
TEXTS_AT_ONCE = 64  # candidates whose token vectors are in memory together


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


def words(text: str) -> list[str]:
    """Split a text into the words that a keyword index knows: lower case, without accents and punctuation.

    Parameters
    ----------
    text : str
        Any text.

    Examples
    --------
    >>> words("Where is São Paulo's old café?")
    ['where', 'is', 'sao', 'paulo', 's', 'old', 'cafe']
    """
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"\w+", text.lower())


def query_words(query: str) -> list[str]:
    """Return the words of a query that are searched for: without stop words, unless there is nothing else in it.

    Parameters
    ----------
    query : str
        A question or some words.

    Raises
    ------
    InputError
        If the query is empty or no string.

    Examples
    --------
    >>> query_words("Who painted the Mona Lisa?")
    ['painted', 'mona', 'lisa']
    >>> query_words("The Who")
    ['the', 'who']
    """
    found = words(_checked_query(query))
    return [word for word in found if word not in STOP_WORDS] or found


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

    Raises
    ------
    InputError
        If there are no texts, none of them has a word, one is no string, or ``k1`` or ``b`` is out of range.

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
    """

    def __init__(self, texts: Sequence[str], k1: float = 1.2, b: float = 0.75):
        if not k1 >= 0 or not 0 <= b <= 1:
            raise InputError(f"k1 must be 0 or more and b from 0 to 1, and they are {k1} and {b}.")
        texts = _checked_texts(texts)
        self.vocabulary: dict[str, int] = {}
        every_word, lengths = array("i"), np.empty(len(texts))
        for row, text in enumerate(texts):
            found = words(text)
            lengths[row] = len(found)
            every_word.extend([self.vocabulary.setdefault(word, len(self.vocabulary)) for word in found])
        if not self.vocabulary:
            raise InputError("None of the texts has a word in it, so there is nothing to search.")
        text_of_word = np.repeat(np.arange(len(texts)), lengths.astype(int))
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

        Parameters
        ----------
        query : str
            A question or some words. Words such as *what* and *the* count only if there are no others.
        k : int
            How many hits at most.

        Returns
        -------
        list of Hit
            The best first; the earlier text first where scores are equal; texts without any word of the query are no
            hits, so there may be fewer than ``k``.

        Raises
        ------
        InputError
            If the query is empty or no string, or ``k`` is no whole number from 1.
        """
        k = _checked_k(k)
        scores = np.zeros(self._n_texts)
        for word in query_words(query):
            texts, values = self.postings(word)
            scores[texts] += values
        return _best(scores, k, above=0.0)

    def postings(self, word: str) -> tuple[np.ndarray, np.ndarray]:
        """Return the positions of the texts that hold a word, and what it adds to the score of each."""
        row = self.vocabulary.get(word)
        part = slice(0, 0) if row is None else slice(self._starts[row], self._starts[row + 1])
        return self._texts[part], self._scores[part]

    def explain(self, query: str, position: int) -> dict[str, float]:
        """Say which words of the query a text was found by, and what each of them adds to its score.

        Parameters
        ----------
        query : str
            As for ``search``.
        position : int
            The position of a text, for example a hit's.

        Examples
        --------
        >>> index = BM25Index(["The cat sat.", "A dog ran.", "The cat and the dog ran."])
        >>> {word: round(value, 2) for word, value in index.explain("Which dog ran?", 1).items()}
        {'dog': 0.24, 'ran': 0.24}
        """
        if not 0 <= position < self._n_texts:
            raise InputError(f"There is no text {position}; the positions are 0 to {self._n_texts - 1}.")
        found = {}
        for word in query_words(query):
            texts, values = self.postings(word)
            if values[texts == position].size:
                found[word] = found.get(word, 0.0) + float(values[texts == position][0])
        return found


class DenseIndex:
    """Search by meaning: the vectors that point most nearly the way the query does, found by comparing with them all.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, d)
        One row for each text, for example from ``embed``. The index looks at this very array: nothing is copied.

    Raises
    ------
    InputError
        If ``vectors`` is of another type or shape, has no rows, or holds something that is no finite number.

    Notes
    -----
    The score is the dot product; for rows and queries of length one, as ``embed`` gives them, that is the cosine.

    Examples
    --------
    >>> index = DenseIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    >>> [hit.position for hit in index.search(np.array([0, 1], dtype=np.float32), k=2)]
    [1, 2]
    """

    def __init__(self, vectors: np.ndarray):
        if not isinstance(vectors, np.ndarray) or vectors.dtype != np.float32 or vectors.ndim != 2:
            raise InputError(
                "DenseIndex takes a float32 array with one row for each text, such as embed(texts) returns"
                f"{_seen(vectors)}."
            )
        if not vectors.size:
            raise InputError("There are no vectors, so there is nothing to search.")
        if not np.isfinite(np.einsum("ij,ij->i", vectors, vectors)).all():  # one number a row, no copy of the rows
            raise InputError("A vector holds NaN or infinity, which is near to nothing: find out where it comes from.")
        self.vectors = vectors

    def __len__(self) -> int:
        return len(self.vectors)

    def search(self, query: np.ndarray, k: int = 10) -> list[Hit] | list[list[Hit]]:
        """Rank the vectors by their dot product with the query.

        Parameters
        ----------
        query : ndarray, shape (d,) or (n_queries, d)
            One query, or one a row; many at once are faster than one after the other.
        k : int
            How many hits; all vectors are ranked where there are fewer.

        Returns
        -------
        list of Hit, or a list of those
            The best first, the earlier row first where scores are equal; one list for each row of ``query``.

        Raises
        ------
        InputError
            If the query has another width, is text, or holds NaN, or ``k`` is no whole number from 1.
        """
        k = _checked_k(k)
        query = self._checked(query)
        if query.ndim == 1:
            return _best(self.vectors @ query, k)
        at_once = max(1, SCORES_AT_ONCE // len(self))
        hits: list[list[Hit]] = []
        for start in range(0, len(query), at_once):
            scores = query[start : start + at_once] @ self.vectors.T  # (queries, d) @ (d, n) -> (queries, n)
            hits += [_best(row, k) for row in scores]
        return hits

    def _checked(self, query: np.ndarray) -> np.ndarray:
        if isinstance(query, str):
            raise InputError("DenseIndex searches with a vector: write index.search(embed([question])[0], k).")
        try:
            query = np.asarray(query, dtype=np.float32)
        except (TypeError, ValueError):
            raise InputError(f"The query must be a vector of numbers{_seen(query)}.") from None
        if query.ndim not in (1, 2) or query.shape[-1] != self.vectors.shape[1]:
            raise InputError(
                f"The vectors of this index are {self.vectors.shape[1]} numbers wide, and the query has shape "
                f"{query.shape}: embed both with the same encoder."
            )
        if not np.isfinite(query).all():
            raise InputError("The query holds NaN or infinity, which is near to nothing: find out where it comes from.")
        return query


def _best(scores: np.ndarray, k: int, above: float = -np.inf) -> list[Hit]:
    """Return the k highest scores that are higher than ``above``, equal ones in the order of their positions."""
    places = np.flatnonzero(scores > above)
    if k < len(places):
        scores_there = scores[places]
        places = places[scores_there >= _reached_by(scores_there, k) - NEAR]
    best = scores[places]
    order = np.lexsort((places, -np.round(best / NEAR)))[:k]
    return [Hit(*pair) for pair in zip(places[order].tolist(), best[order].tolist(), strict=True)]


def _reached_by(scores: np.ndarray, k: int) -> float:
    """Return a number that at least ``k`` scores reach, and few more: the k-th best among the maxima of groups.

    It is ten times faster than sorting or partitioning all the scores.
    """
    n_groups = max(k, len(scores) // 128)
    size = len(scores) // n_groups
    maxima = scores[: size * n_groups].reshape(size, n_groups).max(axis=0)
    return np.partition(maxima, n_groups - k)[n_groups - k]


def _checked_k(k: int) -> int:
    if not is_whole(k) or k < 1:
        raise InputError(f"k says how many hits you want, a whole number from 1, and {k!r} is not.")
    return int(k)


def _checked_query(query: str) -> str:
    if not isinstance(query, str):
        raise InputError(f"The query must be text{_seen(query)}.")
    if not query.strip():
        raise InputError("The query is empty: type a question or some words.")
    return query


def _checked_texts(texts: Sequence[str]) -> list[str]:
    if isinstance(texts, str):
        raise InputError("An index takes a list of texts, and this is a single string: write [text] around it.")
    texts = list(texts[:] if hasattr(texts, "__getitem__") else texts)  # a column of a dataset is far faster as a slice
    if not texts:
        raise InputError("There are no texts, so there is nothing to search.")
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"Text {position} is {type(text).__name__} and not a string.")
    return texts


def _seen(value: object) -> str:
    kind = f"{value.dtype} of shape {value.shape}" if isinstance(value, np.ndarray) else type(value).__name__
    return f", and this is {kind}"


def maxsim_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Reorder the candidates of another search by comparing every word of the query with every word of the text.

    Parameters
    ----------
    query : str or sequence of str
        One question, or many.
    texts : sequence of str
        All texts.
    positions : sequence of int or Hit
        The positions of the candidates in ``texts``, or another search's hits; one such list for each of many queries.

    Returns
    -------
    list of Hit, or a list of those
        The same positions, the best first; candidates with equal scores keep their order.

    Raises
    ------
    InputError
        If the query is empty, a position is not one of ``texts`` or comes twice, or there are not as many lists of
        candidates as queries.

    Notes
    -----
    ColBERT's late interaction (Khattab and Zaharia, 2020), here with MiniLM's vectors: each token of the query looks
    for the token of the text most like it, and these cosines are added up. Large jobs are kept in the cache folder.

    Examples
    --------
    >>> texts = ["Bread is baked.", "The cat slept on the mat.", "A kitten naps."]
    >>> [hit.position for hit in maxsim_rerank("a sleeping cat", texts, [0, 1, 2])]
    [1, 2, 0]
    """
    from course_utils.embeddings import embed_tokens

    return rerank_by("maxsim-minilm", embed_tokens, query, texts, positions)


def rerank_by(
    kind: str,
    encode: Callable[[list[str]], list[np.ndarray]],
    query: str | Sequence[str],
    texts: Sequence[str],
    positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]],
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates by MaxSim with token vectors of any encoder.

    Parameters
    ----------
    kind : str
        The encoder's name; scores are kept in the cache folder under it, so another encoder needs another name.
    encode : callable
        Gets texts and returns an array of unit rows, one for each token, for each of them.
    query, texts, positions
        As in `maxsim_rerank`, as are the result and the errors.
    """
    return _reranked(kind, functools.partial(_maxsim, encode), query, texts, positions)


def likelihood_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates by how likely a language model finds the query after reading each of them.

    Parameters, result and errors are those of `maxsim_rerank`. A score is the mean logarithm of the probabilities that
    SmolLM2 gives to the tokens of the query.

    Notes
    -----
    The query likelihood model (Ponte and Croft, 1998), with a neural language model in place of counted words. About
    two candidates a second on two cores; large jobs are kept in the cache folder.
    """
    return _reranked("likelihood-smollm2", _likelihoods, query, texts, positions)


def cross_encoder_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates with a network from a model hub that reads the query and the text together.

    Parameters, result and errors are those of `maxsim_rerank`.

    Raises
    ------
    CourseError
        If the model was not fetched before and no model hub answers.

    Notes
    -----
    The cross-encoder is https://huggingface.co/cross-encoder/ms-marco-MiniLM-L6-v2, about 90 MB, fetched at first use.
    """
    return _reranked("cross-encoder-minilm", _cross_encode, query, texts, positions)


def reciprocal_rank_fusion(
    rankings: Sequence[Sequence[int | Hit]], weights: Sequence[float] | None = None, k: float = 60
) -> list[Hit]:
    """Merge rankings of the same texts by their places alone: a text gets ``weight / (k + place)`` from each of them.

    Parameters
    ----------
    rankings : sequence of sequence of int or Hit
        Positions of texts, the best first; they may be of different lengths and hold different texts.
    weights : sequence of float, optional
        How much each ranking counts, 0 or more; all the same when left out.
    k : float
        How slowly the worth of a place falls: with 60, the first place is worth little more than the second.

    Returns
    -------
    list of Hit
        Every text of any ranking once, the best first; of equal ones, the one met earlier in the first rankings.

    Raises
    ------
    InputError
        If there is no ranking, one holds a text twice, or ``weights`` or ``k`` do not fit.

    Notes
    -----
    Cormack, Clarke and Büttcher (2009).

    Examples
    --------
    >>> [hit.position for hit in reciprocal_rank_fusion([[4, 7, 9], [7, 9, 1]])]
    [7, 9, 4, 1]
    """
    if not k > 0:
        raise InputError(f"k must be above 0, and it is {k!r}.")
    worth = [{place: 1 / (k + place) for place in range(1, len(ranking) + 1)} for ranking in rankings]
    return _merged(rankings, weights, worth)


def score_fusion(rankings: Sequence[Sequence[Hit]], weights: Sequence[float] | None = None) -> list[Hit]:
    """Merge rankings of the same texts by their scores, each stretched to go from 0 (its last hit) to 1 (its first).

    Parameters, result and errors are those of `reciprocal_rank_fusion`; the rankings must be hits, which have scores.

    Examples
    --------
    >>> keyword, dense = [Hit(4, 9.0), Hit(7, 8.0), Hit(9, 1.0)], [Hit(7, 0.6), Hit(9, 0.5), Hit(1, 0.4)]
    >>> [(hit.position, round(hit.score, 2)) for hit in score_fusion([keyword, dense], [0.5, 0.5])]
    [(7, 0.94), (4, 0.5), (9, 0.25), (1, 0.0)]
    """
    worth = []
    for ranking in rankings:
        if not all(isinstance(hit, Hit) for hit in ranking):
            raise InputError("score_fusion needs hits, which have scores; reciprocal_rank_fusion takes positions.")
        scores = np.array([hit.score for hit in ranking], dtype=float)
        if not np.isfinite(scores).all():
            raise InputError("A score is NaN or infinite: find out where it comes from.")
        span = np.ptp(scores) if len(scores) else 0.0
        stretched = (scores - scores.min()) / span if span > NEAR else np.ones(len(scores))
        worth.append(dict(enumerate(stretched.tolist(), start=1)))
    return _merged(rankings, weights, worth)


def _merged(
    rankings: Sequence[Sequence[int | Hit]], weights: Sequence[float] | None, worth: list[dict[int, float]]
) -> list[Hit]:
    """Add up what the places are worth."""
    if not len(rankings):
        raise InputError("There is no ranking to merge.")
    weights = [1.0] * len(rankings) if weights is None else list(weights)
    if len(weights) != len(rankings) or not all(np.isfinite(weight) and weight >= 0 for weight in weights):
        raise InputError(f"Each ranking needs a weight of 0 or more, and the weights are {weights}.")
    total: dict[int, float] = {}
    for ranking, weight, worth_here in zip(rankings, weights, worth, strict=True):
        for place, position in enumerate(_checked_positions(ranking, None), start=1):
            total[position] = total.get(position, 0.0) + weight * worth_here[place]
    return _in_order(total.items())


def _reranked(
    kind: str,
    score: Callable[[list[tuple[str, str]]], Sequence[float]],
    query: str | Sequence[str],
    texts: Sequence[str],
    positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]],
) -> list[Hit] | list[list[Hit]]:
    """Order the candidates of one query, or of each of many, by a score for query and text."""
    from course_utils.scores import remembered

    if isinstance(query, str):
        return _reranked(kind, score, [query], texts, [positions])[0]
    if len(query) != len(positions):
        raise InputError(f"Each of {len(query)} queries needs a list of candidates, and there are {len(positions)}.")
    candidates = [_checked_positions(some, len(texts)) for some in positions]
    pairs = [(_checked_query(q), texts[p]) for q, some in zip(query, candidates, strict=True) for p in some]
    scores = iter(remembered(kind, pairs, score).tolist())
    return [_in_order([(position, next(scores)) for position in some]) for some in candidates]


def _maxsim(encode: Callable[[list[str]], list[np.ndarray]], pairs: list[tuple[str, str]]) -> list[float]:
    """Score pairs of query and text; each distinct query and text is encoded once."""
    queries = list(dict.fromkeys(query for query, _ in pairs))
    of_query = dict(zip(queries, encode(queries), strict=True))
    distinct = sorted({text for _, text in pairs}, key=len, reverse=True)
    wanted: dict[str, list[int]] = {text: [] for text in distinct}
    for row, (_, text) in enumerate(pairs):
        wanted[text].append(row)
    scores = [0.0] * len(pairs)
    for start in range(0, len(distinct), TEXTS_AT_ONCE):
        part = distinct[start : start + TEXTS_AT_ONCE]
        for text, of_text in zip(part, encode(part), strict=True):
            for row in wanted[text] if len(of_text) else ():
                # (query tokens, d) @ (d, text tokens) -> the best of each row -> their sum
                scores[row] = float((of_query[pairs[row][0]] @ of_text.T).max(axis=1).sum())
    return scores


def _likelihoods(pairs: list[tuple[str, str]]) -> list[float]:
    """Score pairs of query and text; a text that comes several times in a row is read once."""
    from course_utils.assets import smollm2_path
    from course_utils.transformer import KVCache, NumPyLM

    model, scores, before = NumPyLM.from_gguf(smollm2_path()), [], None
    for query, text in pairs:
        asked = model.tokenizer.encode(query)
        if text != before:
            read = model.tokenizer.encode(LIKELIHOOD_PROMPT.format(text=text))[-MOST_TOKENS_READ:]
            cache, before = KVCache(model, len(read) + MOST_TOKENS_READ), text
            last = model.logits(read, cache)[-1:]
        cache.length = len(read)  # forget the query before
        asked = asked[:MOST_TOKENS_READ]
        logits = np.concatenate([last, model.logits(asked, cache)[:-1]])  # (query tokens, vocabulary)
        highest = logits.max(axis=1)
        total = highest + np.log(np.exp(logits - highest[:, None]).sum(axis=1))
        scores.append(float((logits[np.arange(len(asked)), asked] - total).mean()))
    return scores


def _cross_encode(pairs: list[tuple[str, str]]) -> list[float]:
    from course_utils.assets import hub_file

    name = "cross-encoder/ms-marco-MiniLM-L6-v2"
    hub_file(name, "config.json")  # says in one sentence, and soon, that no hub answers
    from sentence_transformers import CrossEncoder

    return CrossEncoder(name, device="cpu").predict(pairs, batch_size=32, show_progress_bar=False).tolist()


def _in_order(found: Iterable[tuple[int, float]]) -> list[Hit]:
    """Sort by score, the highest first; what is equal stays in its order."""
    return sorted((Hit(*pair) for pair in found), key=lambda hit: -round(hit.score / NEAR))


def _checked_positions(positions: Sequence[int | Hit], n_texts: int | None) -> list[int]:
    found = [hit.position if isinstance(hit, Hit) else hit for hit in positions]
    for position in found:
        if not is_whole(position) or position < 0:
            raise InputError(f"A position is a whole number from 0, and {position!r} is not.")
        if n_texts is not None and position >= n_texts:
            raise InputError(f"There is no text {position}; the positions are 0 to {n_texts - 1}.")
    if len(set(found)) < len(found):
        raise InputError("The candidates hold a text twice: give each position once.")
    return [int(position) for position in found]
