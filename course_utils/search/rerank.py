"""Reranking: another search's candidates, put in a better order by a slower model."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from course_utils.common.checks import check_positions, check_query, check_rankings
from course_utils.common.errors import InputError
from course_utils.search.hits import Hit, in_order

LIKELIHOOD_PROMPT = "{text}\n\nA question that this answers:"
MOST_TOKENS_READ = 512  # of a text and of a query, by the language model
TEXTS_AT_ONCE = 64  # candidates whose token vectors are in memory together


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
        They are returned with the best first; candidates with equal scores keep their order.

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


def maxsim(query: np.ndarray, text: np.ndarray) -> float:
    """Add up, for each token of a query, the cosine with the token of a text that is most like it.

    Both are unit rows of shape ``(n_tokens, d)``. A text without tokens scores 0.

    Examples
    --------
    >>> maxsim(np.eye(2), np.array([[0.6, 0.8]]))
    1.4
    """
    return float((query @ text.T).max(axis=1).sum()) if len(text) else 0.0  # (n_query, d) @ (d, n_text)


def rerank_by(
    kind: str,
    encode: Callable[[list[str]], list[np.ndarray]],
    query: str | Sequence[str],
    texts: Sequence[str],
    positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]],
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates by MaxSim with token vectors of any encoder.

    ``encode`` gets texts and returns for each an array of unit rows, one for each token. ``kind`` is the encoder's
    name, under which scores are kept in the cache folder. The rest is that of `maxsim_rerank`.
    """
    return _reranked(kind, functools.partial(_maxsim_scores, encode), query, texts, positions)


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
    return _reranked("likelihood-smollm2", query_likelihoods, query, texts, positions)


def cross_encoder_rerank(
    query: str | Sequence[str], texts: Sequence[str], positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]]
) -> list[Hit] | list[list[Hit]]:
    """Reorder candidates with a network from a model hub that reads the query and the text together.

    Parameters, result and errors are those of `maxsim_rerank`, and a CourseError if no model hub answers. The
    cross-encoder is https://huggingface.co/cross-encoder/ms-marco-MiniLM-L6-v2, about 90 MB, fetched at first use.
    """
    return _reranked("cross-encoder-minilm", _cross_encode, query, texts, positions)


def _reranked(
    kind: str,
    score: Callable[[list[tuple[str, str]]], Sequence[float]],
    query: str | Sequence[str],
    texts: Sequence[str],
    positions: Sequence[int | Hit] | Sequence[Sequence[int | Hit]],
) -> list[Hit] | list[list[Hit]]:
    """Order the candidates of one query, or of each of many, by a score for query and text."""
    from course_utils.common.store import remembered

    if isinstance(query, str):
        return _reranked(kind, score, [query], texts, [positions])[0]
    queries = [check_query(each) for each in (query if isinstance(query, Iterable) else [query])]
    candidates = [check_positions(some, len(texts)) for some in check_rankings(positions)]
    if len(queries) != len(candidates):
        raise InputError(f"Each of {len(queries)} queries needs a list of candidates, and there are {len(candidates)}.")
    pairs = [(each, _text(texts, p)) for each, some in zip(queries, candidates, strict=True) for p in some]
    scores = iter(remembered(kind, pairs, score).tolist())
    return [in_order([(position, next(scores)) for position in some]) for some in candidates]


def _text(texts: Sequence[str], position: int) -> str:
    if isinstance(texts, str) or not isinstance(texts[position], str):
        wrong = texts if isinstance(texts, str) else texts[position]
        raise InputError(f"texts must be the list of all texts, each a string, and {wrong!r:.60} is not.")
    return texts[position]


def _maxsim_scores(encode: Callable[[list[str]], list[np.ndarray]], pairs: list[tuple[str, str]]) -> list[float]:
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
            for row in wanted[text]:
                scores[row] = maxsim(of_query[pairs[row][0]], of_text)
    return scores


def query_likelihoods(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return, for pairs of query and text, the mean log-probability of the query's tokens after the text.

    A text that comes several times in a row is read once. Query and text are read as plain text, whatever marks of a
    conversation they hold.
    """
    from course_utils.transformer.likelihood import log_probabilities
    from course_utils.transformer.model import NumPyLM

    model = NumPyLM.smollm2()
    encode = functools.partial(model.tokenizer.encode, special="text")
    asked = {query: encode(query)[:MOST_TOKENS_READ] for query in {query for query, _ in pairs}}
    distinct = {text for _, text in pairs}
    read = {text: encode(LIKELIHOOD_PROMPT.format(text=text))[-MOST_TOKENS_READ:] for text in distinct}
    ids = [(read[text], asked[query]) for query, text in pairs]
    return [float(logs.mean()) for logs in log_probabilities(model, ids)]


def _cross_encode(pairs: list[tuple[str, str]]) -> list[float]:
    from course_utils.common.online import hub_file

    name = "cross-encoder/ms-marco-MiniLM-L6-v2"
    hub_file(name, "config.json")  # says in one sentence, and soon, that no hub answers
    from sentence_transformers import CrossEncoder

    return CrossEncoder(name, device="cpu").predict(pairs, batch_size=32, show_progress_bar=False).tolist()
