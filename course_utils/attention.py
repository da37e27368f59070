"""Attention in plain NumPy: each token asks, the others answer, and their values are mixed.

The rule is that of Vaswani et al., 2017 (https://arxiv.org/abs/1706.03762). Keys and values that several heads share
are those of Shazeer, 2019 (https://arxiv.org/abs/1911.02150) and Ainslie et al., 2023
(https://arxiv.org/abs/2305.13245).
"""

from __future__ import annotations

import numpy as np

from course_utils.common.checks import check_floats, check_whole, is_whole_number
from course_utils.common.errors import InputError


def scaled_dot_product_attention(
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    causal: bool = True,
    scale: float | None = None,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Mix the values, each query with weights of its own: ``(..., n_heads, n_queries, d_value)``.

    The values are ``(..., n_kv_heads, n_keys, d_value)``, one for each key; the other arguments, and the errors, are
    those of `attention_weights`.

    Examples
    --------
    >>> values = np.array([[10.0, 0.0], [0.0, 10.0]])
    >>> scaled_dot_product_attention(np.zeros((2, 4)), np.ones((2, 4)), values)
    array([[10.,  0.],
           [ 5.,  5.]])
    """
    if np.shape(k)[:-1] != np.shape(v)[:-1]:
        raise InputError(f"Keys have the shape {np.shape(k)} and values {np.shape(v)}: each key needs one value.")
    weights = attention_weights(q, k, causal, scale, mask)  # how relevant is each key to each query?
    return weights @ _one_for_each_head(q, v, "values")  # (n_queries, n_keys) @ (n_keys, d_value)


def attention_weights(
    q: np.ndarray, k: np.ndarray, causal: bool = True, scale: float | None = None, mask: np.ndarray | None = None
) -> np.ndarray:
    """Score how relevant each key is to each query, and turn the scores into weights: the first step of attention.

    Parameters
    ----------
    q : ndarray, shape (..., n_heads, n_queries, d_head)
        Queries; ``(n_queries, d_head)`` for a single head.
    k : ndarray, shape (..., n_kv_heads, n_keys, d_head)
        Keys. As many heads as there are queries' is multi-head attention, one is multi-query, a number between that
        divides ``n_heads`` is grouped-query: then neighbouring query heads share their keys.
    causal : bool
        Whether a token is kept from looking at later ones.
    scale : float, optional
        What scores are multiplied by; ``1 / sqrt(d_head)`` when left out.
    mask : ndarray of bool, optional
        True where a query may look; it is broadcast to ``(..., n_heads, n_queries, n_keys)`` and comes on top of the
        causal mask: pass ``causal=False`` to have this one alone.

    Returns
    -------
    ndarray, shape (..., n_heads, n_queries, n_keys)
        Each row is positive and sums to 1.

    Raises
    ------
    InputError
        If the shapes do not fit together, the mask is not of True and False, or a query may look nowhere.

    Examples
    --------
    >>> attention_weights(np.eye(2), np.eye(2), causal=True, scale=np.log(3)).round(2)
    array([[1.  , 0.  ],
           [0.25, 0.75]])
    """
    q, k = _rows(q, "queries"), _one_for_each_head(q, k, "keys")
    if q.shape[-1] != k.shape[-1]:
        raise InputError(f"Queries have {q.shape[-1]} numbers and keys {k.shape[-1]}: a dot product needs as many.")
    scores = q @ k.swapaxes(-1, -2) * float(q.shape[-1] ** -0.5 if scale is None else scale)
    if causal or mask is not None:
        scores = np.where(_allowed(causal, mask, scores.shape), scores, -np.inf)
    return softmax(scores)


def softmax(scores: np.ndarray) -> np.ndarray:
    """Turn each row of scores into positive numbers with sum 1, greater where the score is greater.

    Shape ``(..., n)`` stays. Minus infinity becomes 0; an `InputError` is raised for a row that has no finite highest
    score.

    Examples
    --------
    >>> softmax(np.array([0.0, np.log(3.0), -np.inf])).round(2)
    array([0.25, 0.75, 0.  ])
    >>> softmax(np.array([1000.0, 1000.0]))
    array([0.5, 0.5])
    """
    scores, highest = _with_highest(scores)
    exponentials = np.exp(scores - highest)  # at most 1, so that nothing overflows; the result is the same
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def log_softmax(scores: np.ndarray) -> np.ndarray:
    """Return the logarithm of `softmax`, which stays exact where a probability is too small for its float.

    Examples
    --------
    >>> log_softmax(np.array([0.0, 1000.0]))
    array([-1000.,     0.])
    """
    scores, highest = _with_highest(scores)
    return scores - (highest + np.log(np.exp(scores - highest).sum(axis=-1, keepdims=True)))


def causal_mask(n_queries: int, n_keys: int) -> np.ndarray:
    """Say which keys each query may see, those of its own token and of earlier ones: bool, ``(n_queries, n_keys)``.

    The queries are those of the last ``n_queries`` of ``n_keys`` tokens: all of them when a text is read at once,
    fewer when the keys of earlier tokens were kept. More queries than keys raise an `InputError`.

    Examples
    --------
    >>> causal_mask(3, 3).astype(int)
    array([[1, 0, 0],
           [1, 1, 0],
           [1, 1, 1]])
    >>> causal_mask(1, 3).astype(int)
    array([[1, 1, 1]])
    """
    if check_whole("n_queries", n_queries, 0) > check_whole("n_keys", n_keys, 0):
        raise InputError(
            f"There are {n_queries} queries and only {n_keys} keys, and a causal mask wants a key for each query: pass "
            "causal=False if the queries come from another text."
        )
    return np.tri(n_queries, n_keys, n_keys - n_queries, dtype=bool)


def split_heads(x: np.ndarray, n_heads: int) -> np.ndarray:
    """Cut each row into heads: ``(..., n_tokens, n_heads * d_head) -> (..., n_heads, n_tokens, d_head)``.

    Examples
    --------
    >>> split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), n_heads=2).tolist()
    [[[1, 2], [5, 6]], [[3, 4], [7, 8]]]
    """
    x = np.asarray(x)
    if x.ndim < 2 or not is_whole_number(n_heads) or n_heads < 1 or x.shape[-1] % n_heads:
        raise InputError(f"Rows of the shape {x.shape} cannot be cut into {n_heads} heads of equal width.")
    return x.reshape(*x.shape[:-1], n_heads, x.shape[-1] // n_heads).swapaxes(-2, -3)


def join_heads(x: np.ndarray) -> np.ndarray:
    """Put heads side by side again: ``(..., n_heads, n_tokens, d_head) -> (..., n_tokens, n_heads * d_head)``.

    Examples
    --------
    >>> join_heads(split_heads(np.array([[1, 2, 3, 4], [5, 6, 7, 8]]), n_heads=2)).tolist()
    [[1, 2, 3, 4], [5, 6, 7, 8]]
    """
    x = np.asarray(x)
    if x.ndim < 3:
        raise InputError(f"The shape {x.shape} has no heads to join: (..., n_heads, n_tokens, d_head) is needed.")
    x = x.swapaxes(-2, -3)
    return x.reshape(*x.shape[:-2], x.shape[-2] * x.shape[-1])


def multi_head_attention(
    x: np.ndarray,
    w_q: np.ndarray,
    w_k: np.ndarray,
    w_v: np.ndarray,
    w_o: np.ndarray,
    n_heads: int,
    n_kv_heads: int | None = None,
    causal: bool = True,
    mask: np.ndarray | None = None,
) -> np.ndarray:
    """Let several heads attend to the same tokens, each in its own columns: ``(..., n_tokens, d_model)``, as ``x``.

    Parameters
    ----------
    x : ndarray, shape (..., n_tokens, d_model)
        One row for each token.
    w_q : ndarray, shape (d_model, n_heads * d_head)
        Makes queries.
    w_k, w_v : ndarrays, shapes (d_model, n_kv_heads * d_head) and (d_model, n_kv_heads * d_value)
        Make keys and values.
    w_o : ndarray, shape (n_heads * d_value, d_model)
        Mixes what the heads found.
    n_heads, n_kv_heads : int
        Heads of queries, and of keys and values; as many when left out.
    causal, mask
        As in `attention_weights`, as are the errors.

    Examples
    --------
    >>> x, same = np.array([[2.0, 0.0], [0.0, 4.0]]), np.eye(2)
    >>> multi_head_attention(x, 0 * same, same, same, same, n_heads=2)
    array([[2., 0.],
           [1., 2.]])
    """
    x = _rows(x, "tokens")
    for name, weight in {"w_q": w_q, "w_k": w_k, "w_v": w_v}.items():
        if np.ndim(weight) != 2 or len(weight) != x.shape[-1]:
            raise _does_not_fit(name, weight, f"({x.shape[-1]}, columns of the heads)")
    n_kv_heads = n_heads if n_kv_heads is None else n_kv_heads
    q = split_heads(
        x @ check_floats("w_q", w_q), n_heads
    )  # (..., n_tokens, d_model) -> (..., n_heads, n_tokens, d_head)
    k, v = (split_heads(x @ check_floats(*each), n_kv_heads) for each in (("w_k", w_k), ("w_v", w_v)))
    mixed = join_heads(scaled_dot_product_attention(q, k, v, causal, mask=mask))  # (..., n_tokens, n_heads * d_value)
    if np.shape(w_o) != (mixed.shape[-1], x.shape[-1]):
        raise _does_not_fit("w_o", w_o, (mixed.shape[-1], x.shape[-1]))
    return mixed @ check_floats("w_o", w_o)


def _rows(x: np.ndarray, name: str) -> np.ndarray:
    x = check_floats(name, x)
    if x.ndim < 2 or 0 in x.shape:
        raise InputError(f"The {name} have the shape {x.shape}: at least one row of at least one number is needed.")
    return x


def _one_for_each_head(q: np.ndarray, shared: np.ndarray, name: str) -> np.ndarray:
    """Repeat keys or values for the query heads that share them: ``(n_kv_heads, n, d) -> (n_heads, n, d)``."""
    q, shared = _rows(q, "queries"), _rows(shared, name)
    if q.ndim != shared.ndim or q.shape[:-3] != shared.shape[:-3]:
        raise InputError(f"The queries have the shape {q.shape} and the {name} {shared.shape}: they do not fit.")
    if q.ndim == 2 or q.shape[-3] == shared.shape[-3]:
        return shared
    n_heads, n_kv_heads = q.shape[-3], shared.shape[-3]
    if n_heads % n_kv_heads:
        raise InputError(f"{n_heads} query heads cannot share {n_kv_heads} key heads: it must divide evenly.")
    return shared.repeat(n_heads // n_kv_heads, axis=-3)


def _allowed(causal: bool, mask: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Join the causal mask and another one for scores of a shape, and look for queries that would see nothing."""
    allowed = causal_mask(*shape[-2:]) if causal else np.True_
    if mask is None:
        return allowed
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise InputError(f"A mask is of True, where a query may look, and False; this is {mask.dtype}: compare first.")
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise InputError(f"The mask has the shape {mask.shape} and the scores {shape}: it cannot be broadcast to them.")
    allowed = np.broadcast_to(mask & allowed, shape)
    if not (sees := allowed.any(axis=-1)).all():
        blind = np.argwhere(~sees)[0][-1]
        raise InputError(f"Query {blind} may look nowhere, so it has no weights: leave it one True in its row.")
    return allowed


def _with_highest(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scores = check_floats("scores", scores)
    if scores.ndim == 0 or not scores.shape[-1]:
        raise InputError(f"A softmax needs rows of scores, and the shape of these is {scores.shape}.")
    highest = scores.max(axis=-1, keepdims=True)
    if not np.isfinite(highest).all():
        raise InputError("A row of scores holds NaN or infinity, or minus infinity alone: it has no highest score.")
    return scores, highest


def _does_not_fit(name: str, weight: np.ndarray, wanted: object) -> InputError:
    return InputError(
        f"{name} has the shape {np.shape(weight)}, and {wanted} is needed: rows of tokens multiply it from the left. "
        "Weights of PyTorch's layers are transposed first."
    )
