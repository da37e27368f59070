"""Attention in plain NumPy: each token asks, the others answer, and what they say is combined.

The rule is that of Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762). Keys and values that several heads share
are those of Shazeer, 2019 (https://arxiv.org/abs/1911.02150) and Ainslie et al., 2023
(https://arxiv.org/abs/2305.13245).
"""

from __future__ import annotations

import numpy as np

from course_utils.common.errors import InputError


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn each row of scores into shares: positive, with sum 1, and greater where the score is greater.

    Parameters
    ----------
    scores : ndarray, shape (..., n)
        Any numbers. Minus infinity gets the share 0, and each row needs one score above that.

    Returns
    -------
    ndarray, shape (..., n)
        The greatest score of a row is taken off first, so that no exponential overflows; the shares stay the same.

    Examples
    --------
    >>> softmax(np.array([0.0, np.log(3.0), -np.inf])).round(2)
    array([0.25, 0.75, 0.  ])
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    scores = np.asarray(scores)
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)


def causal_mask(n_queries: int, n_keys: int) -> np.ndarray:
    """Say which keys each query may see: those of its own token and of earlier ones.

    Parameters
    ----------
    n_queries, n_keys : int
        The queries are those of the last ``n_queries`` of ``n_keys`` tokens: all of them when a text is read at once,
        fewer when the keys of earlier tokens were kept.

    Returns
    -------
    ndarray of bool, shape (n_queries, n_keys)
        True where a query may look.

    Raises
    ------
    InputError
        If there are more queries than keys.

    Examples
    --------
    >>> causal_mask(3, 3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    >>> causal_mask(1, 3).astype(int)
    array([[1, 1, 1]])
    """
    if n_queries > n_keys:
        raise InputError(
            f"There are {n_queries} queries and only {n_keys} keys, and a causal mask wants a key for each query: pass "
            "causal=False if the queries come from another text."
        )
    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)


def attention_weights(q: np.ndarray, k: np.ndarray, causal: bool = True, scale: float | None = None) -> np.ndarray:
    """Score how relevant each key is to each query, as shares: the first step of attention.

    Parameters
    ----------
    q : ndarray, shape (..., n_heads, n_queries, d_head)
        Queries; ``(n_queries, d_head)`` for a single head.
    k : ndarray, shape (..., n_kv_heads, n_keys, d_head)
        Keys. There may be fewer heads of them: then neighbouring query heads share one.
    causal : bool
        Whether a token is kept from looking at later ones.
    scale : float, optional
        What scores are multiplied by; ``1 / sqrt(d_head)`` when left out.

    Returns
    -------
    ndarray, shape (..., n_heads, n_queries, n_keys)
        Each row sums to 1.

    Raises
    ------
    InputError
        If the shapes do not fit together.

    Examples
    --------
    >>> attention_weights(np.eye(2), np.eye(2), causal=True, scale=np.log(3)).round(2)
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """
    q, k = _matched(q, k, "queries", "keys")
    if q.shape[-1] != k.shape[-1]:
        raise InputError(f"Queries have {q.shape[-1]} numbers and keys {k.shape[-1]}: a dot product needs as many.")
    scores = q @ k.swapaxes(-1, -2) * float(q.shape[-1] ** -0.5 if scale is None else scale)
    if causal:
        scores = np.where(causal_mask(*scores.shape[-2:]), scores, -np.inf)
    return softmax(scores)


def scaled_dot_product_attention(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, causal: bool = True, scale: float | None = None
) -> np.ndarray:
    """Mix the values, each query with its own shares: both steps of attention.

    Parameters
    ----------
    q : ndarray, shape (..., n_heads, n_queries, d_head)
        Queries; ``(n_queries, d_head)`` for a single head.
    k : ndarray, shape (..., n_kv_heads, n_keys, d_head)
        Keys; ``n_heads`` must be a multiple of ``n_kv_heads``. As many is multi-head attention, one is multi-query,
        a number between is grouped-query.
    v : ndarray, shape (..., n_kv_heads, n_keys, d_value)
        Values, one for each key.
    causal : bool
        Whether a token is kept from looking at later ones.
    scale : float, optional
        What scores are multiplied by; ``1 / sqrt(d_head)`` when left out.

    Returns
    -------
    ndarray, shape (..., n_heads, n_queries, d_value)

    Raises
    ------
    InputError
        If the shapes do not fit together.

    Examples
    --------
    >>> values = np.array([[10.0, 0.0], [0.0, 10.0]])
    >>> scaled_dot_product_attention(np.zeros((2, 4)), np.ones((2, 4)), values)
    array([[10.,  0.],
           [ 5.,  5.]])
    """
    if np.shape(k)[:-1] != np.shape(v)[:-1]:
        raise InputError(f"Keys have the shape {np.shape(k)} and values {np.shape(v)}: each key needs one value.")
    weights = attention_weights(q, k, causal, scale)
    return weights @ _matched(q, v, "queries", "values")[1]


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut each row into heads: ``(..., n_tokens, n_heads * d_head) -> (..., n_heads, n_tokens, d_head)``.

    Examples
    --------
    >>> split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), n_heads=2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    if n_heads < 1 or x.shape[-1] % n_heads:
        raise InputError(f"{x.shape[-1]} columns cannot be cut into {n_heads} heads of equal width.")
    return x.reshape(*x.shape[:-1], n_heads, -1).swapaxes(-2, -3)


def join_heads(x: np.ndarray) -> np.ndarray:
    """Put heads side by side again: ``(..., n_heads, n_tokens, d_head) -> (..., n_tokens, n_heads * d_head)``.

    Examples
    --------
    >>> join_heads(split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), n_heads=2)).tolist()
    [[1, 2, 3, 4], [5, 6, 7, 8]]
    """
    x = x.swapaxes(-2, -3)
    return x.reshape(*x.shape[:-2], -1)


def multi_head_attention(
    x: np.ndarray,
    w_q: np.ndarray,
    w_k: np.ndarray,
    w_v: np.ndarray,
    w_o: np.ndarray,
    n_heads: int,
    n_kv_heads: int | None = None,
    causal: bool = True,
) -> np.ndarray:
    """Let several heads attend to the same tokens, each in its own columns, and mix what they found.

    Parameters
    ----------
    x : ndarray, shape (..., n_tokens, d_model)
        One row for each token.
    w_q : ndarray, shape (d_model, n_heads * d_head)
        Turns tokens into queries.
    w_k, w_v : ndarray, shape (d_model, n_kv_heads * d_head)
        Turn tokens into keys and values.
    w_o : ndarray, shape (n_heads * d_head, d_model)
        Turns what the heads found into a change of each token's row.
    n_heads : int
        Heads that ask.
    n_kv_heads : int, optional
        Heads that answer; as many as ask when left out. With fewer, several query heads share their keys and values.
    causal : bool
        Whether a token is kept from looking at later ones.

    Returns
    -------
    ndarray, shape (..., n_tokens, d_model)

    Raises
    ------
    InputError
        If the shapes do not fit together.

    Examples
    --------
    >>> x, same = np.array([[2.0, 0.0], [0.0, 4.0]]), np.eye(2)
    >>> multi_head_attention(x, 0 * same, same, same, same, n_heads=2)
    array([[2., 0.],
           [1., 2.]])
    """
    n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
    q = split_heads(x @ w_q, n_heads)
    k, v = (split_heads(x @ weight, n_kv_heads) for weight in (w_k, w_v))
    return join_heads(scaled_dot_product_attention(q, k, v, causal)) @ w_o


def _matched(q: np.ndarray, other: np.ndarray, asking: str, answering: str) -> tuple[np.ndarray, np.ndarray]:
    """Give each query head the head that answers it: ``(kv_heads, n, d) -> (heads, n, d)`` where there are fewer."""
    q, other = np.asarray(q), np.asarray(other)
    for name, array in ((asking, q), (answering, other)):
        if array.ndim < 2 or 0 in array.shape:
            raise InputError(
                f"The {name} have the shape {array.shape}: at least one row of at least one number is needed."
            )
    if q.ndim != other.ndim or q.shape[:-3] != other.shape[:-3]:
        raise InputError(f"The {asking} have the shape {q.shape} and the {answering} {other.shape}: they do not fit.")
    if q.ndim > 2 and q.shape[-3] != other.shape[-3]:
        n_heads, n_kv_heads = q.shape[-3], other.shape[-3]
        if n_heads % n_kv_heads:
            raise InputError(f"{n_heads} query heads cannot share {n_kv_heads} key heads: it must divide evenly.")
        other = other.repeat(n_heads // n_kv_heads, axis=-3)
    return q, other
