"""The exercises of notebook 11, *Build self-attention by hand*."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.attention import attention_weights, causal_mask, scaled_dot_product_attention, softmax
from course_utils.exercises import Exercise, Wrong, call

WORDS_2 = ("she", "took", "money", "to", "the", "bank")
X_2 = np.array([[0, 0, 2, 0], [0, 0, 0, 2], [0, 3, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]])
CARD = 8_000_000_000


def _sees_one_too_many(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = q @ k.T / np.sqrt(q.shape[1])
    return softmax(np.where(np.tri(*scores.shape, k=1, dtype=bool), scores, -np.inf)) @ v


def _masked_after_the_softmax(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (attention_weights(q, k, causal=False) * causal_mask(len(q), len(k))) @ v


def _masked_with_zero(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return softmax(q @ k.T / np.sqrt(q.shape[1]) * causal_mask(len(q), len(k))) @ v


# Four ways to keep a word from looking ahead, of which one works.
VERSIONS: dict[str, Callable] = {
    "one too many": _sees_one_too_many,
    "mask after the softmax": _masked_after_the_softmax,
    "mask with zero": _masked_with_zero,
    "mask with minus infinity": scaled_dot_product_attention,
}


def _numbers(answer: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"The answer should be {what}.") from None
    if array.shape != shape:
        raise Wrong(f"The answer should be {what}, and its shape is {array.shape}.")
    return array


def _test_rich_bank(answer: Any) -> str:
    scores = X_2 @ X_2[5]
    array = np.asarray(answer, dtype=float) if not callable(answer) else np.zeros(0)
    if array.shape == (6,):
        raise Wrong("These are six numbers, one for each word. Use them as shares: mix the six rows of x_2.")
    array = _numbers(answer, (4,), "an array of four numbers: water, money, person, action")
    if np.allclose(array, scores @ X_2):
        raise Wrong("You mixed with the scores themselves: turn them into shares first, with a softmax.")
    if np.allclose(array, scores / scores.sum() @ X_2):
        raise Wrong("You divided the scores by their sum. A softmax raises e to each score before that.")
    if np.allclose(array, X_2.mean(axis=0)):
        raise Wrong("That is the plain average: the shares should follow the scores with bank.")
    if not np.allclose(array, softmax(scores) @ X_2, atol=0.006):
        raise Wrong("Not quite: scores x_2 @ x_2[5], shares by the softmax, then shares @ x_2.")
    return f"Water {array[0]:.2f}, money {array[1]:.2f}: the same row of the table became a rich bank."


def _test_attend(answer: Any) -> str:
    rng = np.random.default_rng(0)
    for n_queries, n_keys, width, n_values in ((3, 3, 4, 4), (2, 5, 9, 3), (6, 6, 2, 2)):
        q, k, v = (rng.normal(size=s) for s in ((n_queries, width), (n_keys, width), (n_keys, n_values)))
        try:
            out = np.asarray(call(answer, q, k, v), dtype=float)
        except ValueError as error:
            raise Wrong(f"With {n_queries} queries and {n_keys} keys it raises ValueError: {error}") from None
        dots = q @ k.T
        if out.shape != (n_queries, n_values):
            raise Wrong(f"For {n_queries} queries and values of {n_values} numbers the output has shape {out.shape}.")
        if np.allclose(out, scaled_dot_product_attention(q, k, v, causal=False)):
            continue
        if np.allclose(out, softmax(dots) @ v):
            raise Wrong("The scale is missing: divide the scores by the square root of the width of a query.")
        if np.allclose(out, softmax(dots / width) @ v):
            raise Wrong("Divide by the square root of the width, not by the width.")
        if any(np.allclose(out, softmax(dots / np.sqrt(n)) @ v) for n in (n_queries, n_keys)):
            raise Wrong("Divide by the root of the width of a query, q.shape[1], not of the number of words.")
        if np.allclose(out, softmax(dots.T / np.sqrt(width)).T @ v):
            raise Wrong("The softmax runs over the wrong side: the shares of each query, a row, should sum to 1.")
        if n_queries == n_keys and np.allclose(out, scaled_dot_product_attention(q, k, v)):
            raise Wrong("This one has a mask. Here every query may look at all keys.")
        raise Wrong("The numbers differ from PyTorch's: scores, scale, softmax over each row, then @ v.")
    return "Equal to PyTorch's, for any width, in one line or two."


def _test_leaks(answer: Any) -> str:
    verdicts = {}
    for name, attend in VERSIONS.items():
        verdict = call(answer, attend)
        if not isinstance(verdict, bool | np.bool_):
            raise Wrong("The function should return True or False.")
        verdicts[name] = bool(verdict)
    if verdicts["mask with minus infinity"]:
        raise Wrong(
            "It says that minus infinity leaks, which is sound. Compare only the outputs before the word you changed: "
            "that word's own output may move."
        )
    for name, attend in VERSIONS.items():
        if name != "mask with minus infinity" and not verdicts[name]:
            hidden = " Here the later word's share is 0, but its score still counts in the sum: change its key."
            more = hidden if attend is _masked_after_the_softmax else " Change key and value of the last word."
            raise Wrong(f"It does not see the leak of “{name}”.{more}")
    return "Only minus infinity before the softmax is tight. A zero share is not enough while the sum knows the future."


def _test_tokens(answer: Any) -> str:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise Wrong("The answer should be a pair: (shared, unshared).")
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in answer):
        raise Wrong("Tokens come whole: divide with // and give whole numbers.")
    shared, unshared = map(int, answer)
    right = tuple(CARD // (2 * 2 * 32 * heads * 128) for heads in (8, 32))
    if (shared, unshared) == tuple(CARD // (2 * 32 * heads * 128) for heads in (8, 32)):
        raise Wrong(
            "Twice too many: a key and a value of 2 bytes a number each, or each number has 2 bytes; count both."
        )
    if (shared, unshared) == right[::-1]:
        raise Wrong("The other way round: more fit when keys and values are shared.")
    if shared == right[0] and unshared != right[1]:
        raise Wrong("The first is right. Without sharing there are 32 key/value heads, one for each query head.")
    if (shared, unshared) != right:
        raise Wrong("For one token: 2 (key and value) × 32 layers × key/value heads × 128 numbers × 2 bytes.")
    return "A factor of four between a short story and a novel."


def _toy() -> dict[str, Any]:
    return {"np": np, "softmax": softmax, "words_2": list(WORDS_2), "x_2": X_2}


def _tools() -> dict[str, Any]:
    return {"np": np, "softmax": softmax, "causal_mask": causal_mask}


rich_bank = Exercise(
    answer="rich_bank",
    test=_test_rich_bank,
    hints=(
        "The three lines for the river bank are above: scores, shares, mixture. Use x_2 in place of x.",
        "scores = x_2 @ x_2[5], and the shares are np.exp(scores) divided by their sum.",
    ),
    solution_code="""
    exponentials = np.exp(x_2 @ x_2[5])
    rich_bank = exponentials / exponentials.sum() @ x_2
    """,
    setting=_toy,
)

attend = Exercise(
    answer="attend",
    test=_test_attend,
    hints=(
        "The cell with “divided by the root” has it for a width of 2; take the width from q.shape[1].",
        "softmax(q @ k.T / np.sqrt(q.shape[1])) are the shares.",
    ),
    solution_code="""
    def attend(q, k, v):
        return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v
    """,
    setting=_tools,
)

leaks = Exercise(
    answer="leaks",
    test=_test_leaks,
    hints=(
        "Make random q, k and v of, say, 5 words, call attend, change k[-1] and v[-1] in copies, call it again.",
        "Compare the outputs of all words but the last, with np.allclose.",
        "A version can hide its leak if only the value is changed; change the key as well.",
    ),
    solution_code="""
    def leaks(attend):
        q, k, v = np.random.default_rng(1).normal(size=(3, 5, 4))
        k_2, v_2 = k.copy(), v.copy()
        k_2[-1] += 1
        v_2[-1] += 1
        return not np.allclose(attend(q, k, v)[:-1], attend(q, k_2, v_2)[:-1])
    """,
    setting=_tools,
)

tokens_that_fit = Exercise(
    answer="tokens_that_fit",
    test=_test_tokens,
    hints=(
        "The row of Llama 3 8B is in the table: 32 layers, 8 key/value heads for 32 query heads, width 128.",
        "A token costs 2 × 32 × 8 × 128 numbers of 2 bytes; divide 8,000,000,000 by that with //.",
    ),
    solution_code="""
    tokens_that_fit = tuple(8_000_000_000 // (2 * 32 * heads * 128 * 2) for heads in (8, 32))
    """,
)
