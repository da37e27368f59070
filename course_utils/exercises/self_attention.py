"""The exercises of notebook 11, *Build self-attention by hand*."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.attention import (
    attention_weights,
    causal_mask,
    multi_head_attention,
    scaled_dot_product_attention,
    softmax,
)
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

X_2 = np.array([[0, 0, 2, 0], [0, 0, 0, 2], [0, 3, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]])
BANK_WITH_MONEY = softmax(X_2 @ X_2[5]) @ X_2  # what rich_bank should be, for the figure below the exercise
CARD = 8_000_000_000


def _sees_one_too_many(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    scores = q @ k.T / np.sqrt(q.shape[1])
    return softmax(np.where(np.tri(*scores.shape, k=1, dtype=bool), scores, -np.inf)) @ v


def _masked_after_the_softmax(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (attention_weights(q, k, causal=False) * np.tri(len(q), len(k))) @ v


def _masked_with_zero(q: np.ndarray, k: np.ndarray, v: np.ndarray) -> np.ndarray:
    return softmax(q @ k.T / np.sqrt(q.shape[1]) * np.tri(len(q), len(k))) @ v


# Four ways to keep a word from looking ahead, of which one works.
VERSIONS: dict[str, Callable] = {
    "one too many": _sees_one_too_many,
    "mask after the softmax": _masked_after_the_softmax,
    "mask with zero": _masked_with_zero,
    "mask with minus infinity": scaled_dot_product_attention,
}


def _test_rich_bank(answer: Any) -> str:
    scores = X_2 @ X_2[5]
    array = np.asarray(answer, dtype=float) if not callable(answer) else np.zeros(0)
    if array.shape == (6,):
        raise Wrong("These are six numbers, one for each word. Use them as attention weights: mix the six rows of x_2.")
    if array.shape != (4,):
        raise Wrong(f"It should be four numbers, water, money, person and action, and its shape is {array.shape}.")
    if np.allclose(array, scores @ X_2):
        raise Wrong("You mixed with the scores themselves: turn them into attention weights first, with a softmax.")
    if np.allclose(array, scores / scores.sum() @ X_2):
        raise Wrong("You divided the scores by their sum. A softmax raises e to each score before that.")
    if np.allclose(array, X_2.mean(axis=0)):
        raise Wrong("That is the plain average: the weights should follow the scores with bank.")
    if not np.allclose(array, softmax(scores) @ X_2, atol=0.006):
        raise Wrong("Not quite: scores x_2 @ x_2[5], weights by the softmax, then weights @ x_2.")
    return f"Water {array[0]:.2f}, money {array[1]:.2f}: the same row of the table has moved towards money."


def masked_scores(q: np.ndarray, k: np.ndarray) -> np.ndarray:
    """Return the scaled scores of each query and key, minus infinity where the key is of a later word."""
    return np.where(np.tri(len(q), len(k), dtype=bool), q @ k.T / np.sqrt(q.shape[1]), -np.inf)


def _test_scores(answer: Any) -> str:
    rng = np.random.default_rng(0)
    for n, width in ((3, 4), (5, 9), (4, 1)):
        q, k = rng.normal(size=(2, n, width))
        given, seen = _called(answer, q, k), np.tri(n, dtype=bool)
        if given.shape != (n, n):
            raise Wrong(f"For {n} queries and {n} keys the scores should be ({n}, {n}), and they are {given.shape}.")
        right = q @ k.T / np.sqrt(width)
        if np.isfinite(given).all() and np.allclose(given, right * seen):
            raise Wrong("Later words have the score 0, and e to the zero is 1. Only minus infinity gets the weight 0.")
        if np.isfinite(given).all():
            raise Wrong("Nothing is masked: the score of each later word should be -np.inf.")
        if np.array_equal(given, np.where(seen.T, given, -np.inf)):
            raise Wrong("The mask is the wrong way round: it hides earlier words. Row i may see columns 0 to i.")
        if np.isneginf(np.diag(given)).any():
            raise Wrong("A word may look at itself: the diagonal is not masked.")
        if not np.array_equal(np.isneginf(given), ~seen):
            raise Wrong("The wrong cells are masked: row i may see columns 0 to i, and no others.")
        if np.allclose(given[seen], right[seen]):
            continue
        if np.allclose(given[seen], (q @ k.T)[seen]):
            raise Wrong("The scale is missing: divide the scores by the square root of the width of a query.")
        if np.allclose(given[seen], (q @ k.T / width)[seen]):
            raise Wrong("Divide by the square root of the width, not by the width.")
        if np.allclose(given[seen], (q @ k.T / np.sqrt(n))[seen]):
            raise Wrong("Divide by the root of the width of a query, q.shape[1], not of the number of words.")
        raise Wrong("The numbers differ: the scores are q @ k.T, divided by the root of q.shape[1].")
    return "Row i holds finite scores for words 0 to i, and minus infinity for the later ones."


def _test_weights(answer: Any) -> str:
    scores = np.array([[0.0, -np.inf, -np.inf], [1.0, 3.0, -np.inf], [0.5, -2.0, 1.0]])
    given, right = _called(answer, scores), softmax(scores)
    if given.shape != scores.shape:
        raise Wrong(f"The weights should have the shape of the scores, {scores.shape}, and have {given.shape}.")
    if np.allclose(given, np.exp(scores)):
        raise Wrong("These are the powers of e. Divide each row by its sum.")
    if np.allclose(given, np.exp(scores) / np.exp(scores).sum()):
        raise Wrong("All weights together add up to 1. Each row should: sum with axis=1, keepdims=True.")
    if np.allclose(given, np.exp(scores) / np.exp(scores).sum(axis=0)):
        raise Wrong("The columns add up to 1. Each row should, the weights of one query: axis=1, keepdims=True.")
    if not np.allclose(given, right):
        raise Wrong(f"For the row [1, 3, -inf] it should be {right[1].round(2).tolist()}, not {given[1].round(2)}.")
    large = _called(answer, scores + np.array([[1000.0], [1000.0], [-1000.0]]))
    if not np.allclose(large, right):
        raise Wrong("Right for small scores, but e to the 1000 is too large for a float. Subtract each row's highest.")
    return "Each row adds up to 1, masked words have exactly 0, and no score is too large."


def _test_self_attention(answer: Any) -> str:
    import torch
    from torch.nn.functional import scaled_dot_product_attention as pytorch_attention

    rng = np.random.default_rng(2)
    for n, d_model, width in ((3, 4, 2), (6, 5, 7)):
        x, (w_q, w_k, w_v) = rng.normal(size=(n, d_model)), rng.normal(size=(3, d_model, width))
        given = _called(answer, x, w_q, w_k, w_v)
        q, k, v = x @ w_q, x @ w_k, x @ w_v
        if given.shape != (n, width):
            raise Wrong(f"For {n} words and values of {width} numbers the output has the shape {given.shape}.")
        theirs = pytorch_attention(*(torch.tensor(each) for each in (q, k, v)), is_causal=True).numpy()
        if np.allclose(given, theirs, atol=1e-9):
            continue
        if np.allclose(given, scaled_dot_product_attention(q, k, v, causal=False)):
            raise Wrong("Without the mask this is right. Score with masked_scores, so that nobody sees later words.")
        if np.allclose(given, scaled_dot_product_attention(k, q, v)):
            raise Wrong("Queries and keys are exchanged: the rows of the scores belong to the queries.")
        if np.allclose(given, scaled_dot_product_attention(q, k, k)):
            raise Wrong("You mixed the keys. They are for finding; what is mixed are the values, x @ w_v.")
        raise Wrong("The numbers differ from PyTorch's: q, k, v from x, masked_scores, row_weights, then @ v.")
    return "Equal to PyTorch's scaled_dot_product_attention with is_causal=True, to nine decimals."


def self_attention(x: np.ndarray, w_q: np.ndarray, w_k: np.ndarray, w_v: np.ndarray) -> np.ndarray:
    """Return the outputs of one head of causal self-attention, one row for each word."""
    return scaled_dot_product_attention(x @ w_q, x @ w_k, x @ w_v)


def _test_heads(answer: Any) -> str:
    import torch

    rng = np.random.default_rng(3)
    for n, d_model, n_heads in ((4, 6, 2), (5, 6, 3), (3, 4, 1)):
        x, (w_q, w_k, w_v, w_o) = rng.normal(size=(n, d_model)), rng.normal(size=(4, d_model, d_model))
        given = _called(answer, x, w_q, w_k, w_v, w_o, n_heads)
        if given.shape != (n, d_model):
            raise Wrong(f"For {n} words of {d_model} numbers the output is ({n}, {d_model}), yours is {given.shape}.")
        layer = torch.nn.MultiheadAttention(d_model, n_heads, bias=False, dtype=torch.float64)
        layer.in_proj_weight.data = torch.tensor(np.hstack([w_q, w_k, w_v]).T)
        layer.out_proj.weight.data = torch.tensor(w_o.T)
        words, future = torch.tensor(x), torch.tensor(~np.tri(n, dtype=bool))
        if np.allclose(given, layer(words, words, words, attn_mask=future)[0].detach().numpy(), atol=1e-9):
            continue
        if np.allclose(given, self_attention(x, w_q, w_k, w_v) @ w_o):
            raise Wrong("That is one head, whatever n_heads says: each head gets its own columns of the matrices.")
        if np.allclose(given, multi_head_attention(x, w_q, w_k, w_v, np.eye(d_model), n_heads)):
            raise Wrong("The heads are right, and w_o is missing: multiply the joined outputs by it.")
        if np.allclose(given, multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=False)):
            raise Wrong("Without the mask this is right. self_attention of step 3 has the mask.")
        by_turns = [self_attention(x, *(w[:, head::n_heads] for w in (w_q, w_k, w_v))) for head in range(n_heads)]
        if np.allclose(given, np.hstack(by_turns) @ w_o):
            raise Wrong("A head takes columns that are next to one another: the first width columns, then the next.")
        raise Wrong("The numbers differ from PyTorch's: each head's columns, self_attention, side by side, then @ w_o.")
    return "Equal to PyTorch's MultiheadAttention with 1, 2 and 3 heads, to nine decimals."


def _called(answer: Any, *arrays: np.ndarray | int) -> np.ndarray:
    try:
        with np.errstate(all="ignore"):
            result = call(answer, *(np.copy(array) if isinstance(array, np.ndarray) else array for array in arrays))
    except ValueError as error:
        shapes = ", ".join(str(array.shape) for array in arrays if isinstance(array, np.ndarray))
        raise Wrong(f"For arrays of the shapes {shapes} it raises ValueError: {error}") from None
    try:
        return np.asarray(result, dtype=float)
    except (TypeError, ValueError):
        raise Wrong(f"It should return an array of numbers, and this is {type(result).__name__}.") from None


def _test_leaks(answer: Any) -> str:
    verdicts = {}
    for name, attend in VERSIONS.items():
        verdict = call(answer, attend)
        if not isinstance(verdict, bool | np.bool_):
            raise Wrong("The function should return True or False.")
        verdicts[name] = bool(verdict)
    if verdicts["mask with minus infinity"]:
        raise Wrong(
            "It says that minus infinity leaks, which is sound. Compare only the outputs before the changed word."
        )
    for name, attend in VERSIONS.items():
        if name != "mask with minus infinity" and not verdicts[name]:
            hidden = " Here the later word's weight is 0, but its score still counts in the sum: change its key."
            more = hidden if attend is _masked_after_the_softmax else " Change key and value of the last word."
            raise Wrong(f"It does not see the leak of “{name}”.{more}")
    return "Only minus infinity before the softmax holds: a weight of 0 leaves the later score in the sum."


def _test_tokens(answer: Any) -> str:
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise Wrong("The answer should be a pair: (shared, unshared).")
    if any(isinstance(n, bool) or not isinstance(n, int | np.integer) for n in answer):
        raise Wrong("Tokens come whole: divide with // and give whole numbers.")
    shared, unshared = map(int, answer)
    right = tuple(CARD // (2 * 2 * 32 * heads * 128) for heads in (8, 32))
    if (shared, unshared) == tuple(CARD // (2 * 32 * heads * 128) for heads in (8, 32)):
        raise Wrong("Twice too many: there is a key and a value, and each number has 2 bytes; count both.")
    if (shared, unshared) == right[::-1]:
        raise Wrong("The other way round: more fit when keys and values are shared.")
    if shared == right[0] and unshared != right[1]:
        raise Wrong("The first is right. Without sharing there are 32 key-value heads, one for each query head.")
    if (shared, unshared) != right:
        raise Wrong("For one token: 2 (key and value) × 32 layers × key-value heads × 128 numbers × 2 bytes.")
    return "Sharing by four leaves room for four times as many tokens."


def merge(a: tuple, b: tuple) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the highest score, the sum and the mixture of two blocks of keys, from those of each."""
    highest = np.maximum(a[0], b[0])
    for_a, for_b = np.exp(a[0] - highest), np.exp(b[0] - highest)
    return highest, a[1] * for_a + b[1] * for_b, a[2] * for_a + b[2] * for_b


def _test_merge(answer: Any) -> str:
    rng = np.random.default_rng(4)
    for n, up in enumerate(([0, 3], [3, 0], [1000, 1000])):  # what is added to the scores of either block
        scores, values = rng.normal(size=(5, 8)) + np.repeat(up, 4), rng.normal(size=(8, 3))
        a, b, (highest, total, mixture) = (_block(scores[:, i], values[i]) for i in (np.s_[:4], np.s_[4:], np.s_[:]))
        with np.errstate(all="ignore"):
            given = call(answer, *(tuple(map(np.copy, block)) for block in (a, b)))
        if not isinstance(given, tuple | list) or [np.shape(each) for each in given] != [(5, 1), (5, 1), (5, 3)]:
            raise Wrong("From triples of arrays (n, 1), (n, 1) and (n, width) it should make a triple like them.")
        if not np.allclose(given[0], highest):
            raise Wrong("The first should be the higher of the two highest scores, query by query: np.maximum.")
        if n == 0 and np.allclose(given[1], a[1] + b[1]):
            raise Wrong("The sums were added as they are. The block with the lower highest score is scaled down first.")
        if n == 1 and np.allclose(given[1], a[1] + b[1]):
            raise Wrong("Only the first block is scaled down. Where it holds the highest score, the second has to be.")
        if n == 2 and not np.isfinite(given[1]).all():
            raise Wrong("Right for small scores, but e to the 1000 is too large: raise e to differences of scores.")
        if np.allclose(given[1], total) and not np.allclose(given[2], mixture):
            raise Wrong("The sum is right. The mixture is scaled by the same two factors, and not divided yet.")
        if not np.allclose(given[1], total):
            raise Wrong("The sum differs: scale a block by e to its own highest score minus the highest of both.")
    return "Mixture divided by sum equals the softmax over all eight keys, wherever the highest score is."


def _block(scores: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    highest = scores.max(axis=1, keepdims=True)
    powers = np.exp(scores - highest)
    return highest, powers.sum(axis=1, keepdims=True), powers @ values


def _given() -> dict[str, Any]:
    built = {"masked_scores": masked_scores, "row_weights": softmax, "self_attention": self_attention}
    return {"np": np, "softmax": softmax, "causal_mask": causal_mask, "x_2": X_2, **built}


rich_bank = Exercise(
    answer="rich_bank",
    test=_test_rich_bank,
    hints=(
        "The three lines for the river bank are above: scores, weights, mixture. Use x_2 in place of x.",
        "scores = x_2 @ x_2[5], and the weights are np.exp(scores) divided by their sum.",
    ),
    solution_code="""
    exponentials = np.exp(x_2 @ x_2[5])
    rich_bank = exponentials / exponentials.sum() @ x_2
    """,
    setting=_given,
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
    setting=_given,
)

tokens_that_fit = Exercise(
    answer="tokens_that_fit",
    test=_test_tokens,
    hints=(
        "The row of Llama 3 8B is in the table: 32 layers, 8 key-value heads for 32 query heads, width 128.",
        "A token costs 2 × 32 × 8 × 128 numbers of 2 bytes; divide 8,000,000,000 by that with //.",
    ),
    solution_code="""
    tokens_that_fit = tuple(8_000_000_000 // (2 * 32 * heads * 128 * 2) for heads in (8, 32))
    """,
)

build_merge = Exercise(
    answer="merge",
    test=_test_merge,
    hints=(
        "The new highest score is np.maximum(a[0], b[0]): one for each query.",
        "The factor of a block is e to its own highest score minus the new one; for the higher block that is 1.",
    ),
    solution_code="""
    def merge(a, b):
        highest = np.maximum(a[0], b[0])
        for_a, for_b = np.exp(a[0] - highest), np.exp(b[0] - highest)
        return highest, a[1] * for_a + b[1] * for_b, a[2] * for_a + b[2] * for_b
    """,
    setting=_given,
)

build_scores = Exercise(
    answer="masked_scores",
    test=_test_scores,
    hints=(
        "The scores are q @ k.T, and the width of a query is q.shape[1].",
        "np.tri(n, dtype=bool) is True at and below the diagonal.",
        "np.where(seen, scores, -np.inf) takes the scores where seen is True.",
    ),
    solution_code="""
    def masked_scores(q, k):
        scores = q @ k.T / np.sqrt(q.shape[1])
        return np.where(np.tri(len(q), len(k), dtype=bool), scores, -np.inf)
    """,
    setting=_given,
)

build_weights = Exercise(
    answer="row_weights",
    test=_test_weights,
    hints=(
        "np.exp takes e to the power of each number, and makes 0 of minus infinity.",
        "Sum each row with .sum(axis=1, keepdims=True), so that the division works row by row.",
        "Subtract scores.max(axis=1, keepdims=True) before np.exp: then no power is above 1.",
    ),
    solution_code="""
    def row_weights(scores):
        exponentials = np.exp(scores - scores.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)
    """,
    setting=_given,
)

build_output = Exercise(
    answer="self_attention",
    test=_test_self_attention,
    hints=(
        "Queries are x @ w_q; keys and values are made in the same way.",
        "Your two functions give the weights: row_weights(masked_scores(q, k)).",
        "The output is the weights times the values: weights @ (x @ w_v).",
    ),
    solution_code="""
    def self_attention(x, w_q, w_k, w_v):
        weights = row_weights(masked_scores(x @ w_q, x @ w_k))
        return weights @ (x @ w_v)
    """,
    setting=_given,
)

build_heads = Exercise(
    answer="multi_head",
    test=_test_heads,
    hints=(
        "A head has width = w_q.shape[1] // n_heads columns: head i those from i * width to (i + 1) * width.",
        "w_q[:, part] takes the columns of a head, with part = slice(i * width, (i + 1) * width); keys and values too.",
        "np.hstack(outputs) puts the outputs of a list side by side; then multiply by w_o.",
    ),
    solution_code="""
    def multi_head(x, w_q, w_k, w_v, w_o, n_heads):
        outputs, width = [], w_q.shape[1] // n_heads
        for head in range(n_heads):
            part = slice(head * width, (head + 1) * width)
            outputs.append(self_attention(x, w_q[:, part], w_k[:, part], w_v[:, part]))
        return np.hstack(outputs) @ w_o
    """,
    setting=_given,
)

quiz = Quiz(
    (
        Question(
            "A word's score for “the” is 0, and nothing is masked. What does “the” get?",
            {
                "A weight of 0: it has no say.": "Only a score of minus infinity gets the weight 0.",
                "A weight above 0.": "It is e to the power of 0, divided by the sum of the row: 0.03 for bank in the "
                "first example, and 0.17 for she, whose six scores were all 0.",
                "A negative weight, since the others score more.": "Powers of e are positive, so weights are too.",
            },
            "A weight above 0.",
        ),
        Question(
            "Which of the three vectors of a word ends up in the output of another word?",
            {
                "The value.": "The output is the weighted sum of the values.",
                "The key.": "The key only decides how large the weight is.",
                "The query.": "The query of a word decides what that same word receives.",
                "All three, added up.": "Queries and keys only make the scores.",
            },
            "The value.",
        ),
        Question(
            "Why are later words masked before the softmax, and not after it?",
            {
                "After the softmax a zero would be divided by zero.": "There is no division after the softmax.",
                "It is only faster that way.": "The outputs differ: exercise 2 had a version that masks afterwards.",
                "Otherwise the scores of later words would still be in the sum that divides the row.": "So a later "
                "word would move the weights of the earlier ones, and with them the output.",
            },
            "Otherwise the scores of later words would still be in the sum that divides the row.",
        ),
        Question(
            "A layer has queries of 512 numbers in all. It is cut into 8 heads instead of 4. What changes?",
            {
                "There are twice as many numbers to learn, as each head has its own matrices.": "The matrices keep "
                "their size; only the cut is different.",
                "Each head works with 64 numbers instead of 128, and there are 8 sets of attention weights.": "The "
                "columns are read in narrower groups, and each group attends for itself.",
                "The cache doubles.": "8 × 64 numbers are as many as 4 × 128.",
            },
            "Each head works with 64 numbers instead of 128, and there are 8 sets of attention weights.",
        ),
        Question(
            "32 query heads share 8 key-value heads. What gets four times smaller?",
            {
                "The cache of keys and values.": "Each layer keeps 8 keys and 8 values of a token instead of 32.",
                "The table of attention weights.": "Each query head still has weights of its own: 32 tables.",
                "The whole model.": "Only the matrices that make keys and values shrink; most of a model is elsewhere.",
            },
            "The cache of keys and values.",
        ),
    )
)
