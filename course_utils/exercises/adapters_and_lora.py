"""The exercises of notebook 14, *Adapt a model cheaply*."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz


def with_lora_layer(x: np.ndarray, W: np.ndarray, A: np.ndarray, B: np.ndarray, alpha: float) -> np.ndarray:  # noqa: N803
    """Return what a layer with a low-rank update answers: ``(n, n_in) -> (n, n_out)``."""
    return x @ W.T + alpha / len(A) * (x @ A.T) @ B.T


def gradients(
    x: np.ndarray,
    error: np.ndarray,
    A: np.ndarray,  # noqa: N803
    B: np.ndarray,  # noqa: N803
    alpha: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradients of ``A`` and ``B``, if the error comes back to the output as ``error``, ``(n, n_out)``."""
    factor = alpha / len(A)
    return factor * (error @ B).T @ x, factor * error.T @ (x @ A.T)


def trained(
    x: np.ndarray,
    y: np.ndarray,
    W: np.ndarray,  # noqa: N803
    A: np.ndarray,  # noqa: N803
    alpha: float,
    rate: float,
    n_steps: int,
) -> np.ndarray:
    """Return the merged weights after plain gradient steps on the mean over rows of half the squared error."""
    A, B = A.copy(), np.zeros((len(W), len(A)))  # noqa: N806
    for _ in range(n_steps):
        error = (with_lora_layer(x, W, A, B, alpha) - y) / len(x)
        of_a, of_b = gradients(x, error, A, B, alpha)
        A, B = A - rate * of_a, B - rate * of_b  # noqa: N806
    return W + alpha / len(A) * B @ A


def _setting() -> dict[str, Any]:
    return {"np": np}


def _building_setting() -> dict[str, Any]:
    return {"np": np, "with_lora": with_lora_layer, "lora_gradients": gradients}


def _test_with_lora(answer: Any) -> str:
    rng = np.random.default_rng(0)
    x, W, A, B = (rng.normal(size=shape) for shape in ((5, 6), (4, 6), (2, 6), (4, 2)))  # noqa: N806
    value, alpha = np.asarray(call(answer, x, W, A, B, 8.0), dtype=float), 8.0
    plain, update = x @ W.T, (x @ A.T) @ B.T
    if value.shape != plain.shape:
        raise Wrong(f"The result should have the shape (5, 4), a row of n_out numbers for each x, not {value.shape}.")
    if np.allclose(value, plain):
        raise Wrong("That is the frozen layer alone: add what goes through A and B.")
    if np.allclose(value, plain + update):
        raise Wrong("The factor is missing: the update counts alpha / rank times.")
    if np.allclose(value, plain + alpha * update):
        raise Wrong("You multiply by alpha; divide it by the rank, the number of rows of A.")
    if np.allclose(value, alpha / 2 * (plain + update)):
        raise Wrong("The factor belongs to the update alone: the frozen layer counts once.")
    if np.allclose(value, plain + alpha / 6 * update) or np.allclose(value, plain + alpha / 4 * update):
        raise Wrong("You divide by the width. The rank is the number of rows of A, and of columns of B.")
    if not np.allclose(value, plain + alpha / 2 * update):
        raise Wrong("Not quite: x @ W.T, and beside it x through A.T, then through B.T, times alpha / rank.")
    return "Two thin products beside the thick one: while training nobody has to write out B A."


def _test_stuck(answer: Any) -> str:
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Wrong("stuck should be a pair of two arrays, (A, B).")
    A, B = (np.asarray(part, dtype=float) for part in answer)  # noqa: N806
    if (A.shape, B.shape) != ((2, 6), (4, 2)):
        raise Wrong(f"A should have the shape (2, 6) and B (4, 2), and they have {A.shape} and {B.shape}.")
    rng = np.random.default_rng(0)
    of_a, of_b = gradients(rng.normal(size=(9, 6)), rng.normal(size=(9, 4)), A, B, 2.0)
    if np.any(of_b) and not np.any(of_a):
        raise Wrong(
            "With B at zero A has no gradient, but B has one as long as A is not zero: it would start to learn."
        )
    if np.any(of_a) and not np.any(of_b):
        raise Wrong(
            "With A at zero B has no gradient, but A has one as long as B is not zero: it would start to learn."
        )
    if np.any(of_a):
        raise Wrong("Both gradients are alive. A's goes through B, and B's goes through A: what stops both?")
    return "Each waits for the other. One of the two must start away from zero; LoRA lets it be A."


def _test_gradients(answer: Any) -> str:
    rng = np.random.default_rng(1)
    x, error, A, B = (rng.normal(size=shape) for shape in ((5, 6), (5, 4), (2, 6), (4, 2)))  # noqa: N806
    result = call(answer, x, error, A, B, 8.0)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise Wrong("Return two arrays: the gradient of A, then that of B.")
    found, right = [np.asarray(part, dtype=float) for part in result], gradients(x, error, A, B, 8.0)
    if [part.shape for part in found] == [(4, 2), (2, 6)]:
        raise Wrong("The gradient of A comes first, and here it is that of B.")
    for name, mine, part in zip("AB", found, right, strict=True):
        if mine.shape != part.shape:
            raise Wrong(f"The gradient of {name} has the shape of {name}, {part.shape}, and yours has {mine.shape}.")
        if np.allclose(mine, part / 4):
            raise Wrong(f"The factor alpha / rank is missing in the gradient of {name}: it is in the forward pass.")
        if np.allclose(mine, part / 5):
            raise Wrong("Do not divide by the number of rows: `error` is all that comes back, whatever the loss is.")
        if np.allclose(mine, -part):
            raise Wrong(f"The gradient of {name} has the wrong sign: the minus comes later, in the step.")
        if not np.allclose(mine, part):
            raise Wrong(
                f"The gradient of {name} is not right yet. For A the error goes back through B and meets x; for B it "
                "meets what comes out of A."
            )
    if np.any(gradients(x, error, A, 0 * B, 8.0)[0]) or np.any(call(answer, x, error, A, 0 * B, 8.0)[0]):
        raise Wrong("With B at zero the gradient of A must be zero.")
    return "PyTorch's are the same. At the first step B is zero, so only B moves."


def _test_train_lora(answer: Any) -> str:
    rng = np.random.default_rng(2)
    x, W, A = rng.normal(size=(40, 6)), rng.normal(size=(4, 6)), rng.normal(size=(2, 6)) / 2  # noqa: N806
    y = x @ (W + rng.normal(size=(4, 2)) @ rng.normal(size=(2, 6))).T
    before = [part.copy() for part in (x, y, W, A)]

    def said(n_steps: int) -> np.ndarray:
        result = np.asarray(call(answer, x, y, W, A, 4.0, 0.02, n_steps), dtype=float)
        if any(not np.array_equal(old, new) for old, new in zip(before, (x, y, W, A), strict=True)):
            raise Wrong("Your function changes an array that it was given: write A = A - rate * ..., not A -= ...")
        if result.shape != W.shape:
            raise Wrong(f"Return the merged weights, of the shape of W, {W.shape}, and not {result.shape}.")
        return result

    start = said(0)
    if not np.allclose(start, W):
        raise Wrong("After no step at all the weights should be W: B starts at zero.")
    one = said(1)
    if np.allclose(one, W):
        raise Wrong("After a step nothing has changed: B must move, and the update be added to W.")
    right = trained(x, y, W, A, 4.0, 0.02, 1)
    if np.allclose(one - W, (right - W) * len(x)):
        raise Wrong("The error is the sum over the rows: divide it by len(x), for a mean.")
    if np.allclose(one - W, (right - W) / 2):
        raise Wrong("The factor alpha / rank is missing where the update is merged.")
    if np.allclose(one - W, W - right):
        raise Wrong("Your steps go uphill: the error is what the layer says minus y, and a step goes against it.")
    if not np.allclose(one, right):
        raise Wrong(
            "The first step is not right: error = (with_lora(...) - y) / len(x), then both gradients, then both."
        )
    if not np.allclose(said(5), trained(x, y, W, A, 4.0, 0.02, 5)):
        raise Wrong("The first step is right, and later ones are not: take both gradients before either matrix moves.")
    return "A whole LoRA: it begins as the frozen layer, learns, and ends as a matrix of the old shape."


def _test_megabytes(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("The answer should be a number of megabytes.")
    numbers = 30 * (4 * (576 + 576) + 4 * (1536 + 576))
    right = 4 * numbers / 1e6
    if np.isclose(answer, right, rtol=0.01):
        return "The update that gives SmolLM2 a habit, further down, is a file of that size."
    if np.isclose(answer, right / 30, rtol=0.01):
        raise Wrong("That is one block; there are 30.")
    if np.isclose(answer, numbers / 1e6, rtol=0.01):
        raise Wrong("That many million numbers; each takes four bytes.")
    if np.isclose(answer, 4 * numbers, rtol=0.01):
        raise Wrong("Those are bytes; a megabyte is a million of them.")
    if np.isclose(answer, 30 * 4 * 4 * (576 * 576 + 1536 * 576) / 1e6, rtol=0.01):
        raise Wrong("That is four times the matrices themselves. An update of rank r has r * (n_in + n_out) numbers.")
    if np.isclose(answer, 30 * 4 * (576 * 576 + 1536 * 576) / 1e6, rtol=0.01):
        raise Wrong("That is the size of the matrices. An update of rank r has r * (n_in + n_out) numbers.")
    raise Wrong("Not quite: A has rank * n_in numbers and B has n_out * rank, for two matrices in each of 30 blocks.")


with_lora = Exercise(
    "with_lora",
    _test_with_lora,
    (
        "The frozen layer alone is x @ W.T.",
        "Beside it, x goes first through A.T, which leaves as many columns as the rank, then through B.T.",
        "The rank is len(A), and the update is multiplied by alpha / len(A).",
    ),
    """
    def with_lora(x, W, A, B, alpha):
        return x @ W.T + alpha / len(A) * (x @ A.T) @ B.T
    """,
    _setting,
)
stuck = Exercise(
    "stuck",
    _test_stuck,
    (
        "The gradient of B is made of what comes out of A, and that of A goes back through B.",
        "If B is zero, A gets no gradient. What must A be, so that B gets none either?",
    ),
    """
    stuck = (np.zeros((2, 6)), np.zeros((4, 2)))
    """,
    _setting,
)
megabytes = Exercise(
    "megabytes",
    _test_megabytes,
    (
        "An update of rank r beside a matrix from n_in to n_out has r * n_in numbers in A and n_out * r in B.",
        "For one block: 4 * (576 + 576) + 4 * (1536 + 576).",
    ),
    """
    megabytes = 4 * 30 * (4 * (576 + 576) + 4 * (1536 + 576)) / 1e6
    """,
    _setting,
)
lora_gradients = Exercise(
    "lora_gradients",
    _test_gradients,
    (
        "The update's answer is alpha / len(A) * (x @ A.T) @ B.T. For y = z @ B.T the gradient of B is error.T @ z.",
        "What comes back to z is error @ B, and z = x @ A.T, so the gradient of A is (error @ B).T @ x.",
        "Both are multiplied by alpha / len(A), as the answer was.",
    ),
    """
    def lora_gradients(x, error, A, B, alpha):
        factor = alpha / len(A)
        return factor * (error @ B).T @ x, factor * error.T @ (x @ A.T)
    """,
    _building_setting,
)
train_lora = Exercise(
    "train_lora",
    _test_train_lora,
    (
        "Start with B = np.zeros((len(W), len(A))). A is given; do not change it in place.",
        "In each step: error = (with_lora(x, W, A, B, alpha) - y) / len(x), then both gradients, then both steps.",
        "At the end merge: W + alpha / len(A) * B @ A.",
    ),
    """
    def train_lora(x, y, W, A, alpha, rate, n_steps):
        B = np.zeros((len(W), len(A)))
        for _ in range(n_steps):
            error = (with_lora(x, W, A, B, alpha) - y) / len(x)
            of_a, of_b = lora_gradients(x, error, A, B, alpha)
            A, B = A - rate * of_a, B - rate * of_b
        return W + alpha / len(A) * B @ A
    """,
    _building_setting,
)

quiz = Quiz(
    (
        Question(
            "A layer goes from 1,000 numbers to 500. How many numbers does LoRA of rank 4 train beside it?",
            {
                "6,000": "4 times 1,000 in A, and 500 times 4 in B.",
                "2,000": "That is B alone.",
                "500,000": "That is the frozen matrix itself.",
                "4,000": "That is A alone.",
            },
            "6,000",
        ),
        Question(
            "Why does B start at zero, and A not?",
            {
                "Zeros take no room in the file.": "Both are stored in full.",
                "With both at zero the first loss would be infinite.": "It would be that of the model as it was.",
                "The model is unchanged at first, and yet B has a gradient.": "B's gradient is made of what comes out "
                "of A. With both at zero neither would ever move.",
            },
            "The model is unchanged at first, and yet B has a gradient.",
        ),
        Question(
            "LoRA trains 0.3 % of MiniLM's numbers. What happens to a step of training?",
            {
                "It needs 0.3 % of the memory and of the time.": "The frozen weights and much of what the forward pass "
                "keeps are still needed, and every text still goes through all the weights.",
                "Gradients and Adam's numbers nearly vanish; the way forward costs what it did.": "The table "
                "says so: what shrinks is what belongs to the trained numbers, and the gradients of frozen weights.",
                "Nothing: all gradients are computed, and most are thrown away.": "PyTorch does not compute "
                "gradients of frozen weights.",
            },
            "Gradients and Adam's numbers nearly vanish; the way forward costs what it did.",
        ),
        Question(
            "Which of these can be merged into the frozen weights?",
            {
                "LoRA and adapters": "An adapter applies the GELU in the middle, and no matrix does that.",
                "adapters only": "What an adapter computes is no product with a matrix, because of the GELU.",
                "LoRA only": "Its update is a matrix of the shape of W.",
            },
            "LoRA only",
        ),
        Question(
            "We cut trained weights to rank 16, and most of the accuracy was lost. Why can LoRA use rank 8?",
            {
                "Because its weights were trained to be of low rank.": "The frozen weights are as they were.",
                "Because only the change has to be of low rank.": "The frozen weights stay whole. Of the change that "
                "full fine-tuning made, 16 tables brought nearly all of the gain.",
                "Because MiniLM is small.": "A 384 by 384 matrix could have rank 384, whatever the model's size.",
            },
            "Because only the change has to be of low rank.",
        ),
    )
)
