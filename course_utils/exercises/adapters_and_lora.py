"""The exercises of notebook 14, *Adapt a model cheaply*."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call


def _setting() -> dict[str, Any]:
    return {"np": np}


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
    return "Two thin products beside the thick one. Nobody ever has to write out B A while training."


def _gradients(x: np.ndarray, error: np.ndarray, A: np.ndarray, B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:  # noqa: N803
    """Return the gradients of A and B, if the error comes back as ``error`` at the output."""
    return (error @ B).T @ x, error.T @ (x @ A.T)


def _test_stuck(answer: Any) -> str:
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Wrong("stuck should be a pair of two arrays, (A, B).")
    A, B = (np.asarray(part, dtype=float) for part in answer)  # noqa: N806
    if (A.shape, B.shape) != ((2, 6), (4, 2)):
        raise Wrong(f"A should have the shape (2, 6) and B (4, 2), and they have {A.shape} and {B.shape}.")
    rng = np.random.default_rng(0)
    of_a, of_b = _gradients(rng.normal(size=(9, 6)), rng.normal(size=(9, 4)), A, B)
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


def _test_megabytes(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("The answer should be a number of megabytes.")
    numbers = 30 * (4 * (576 + 576) + 4 * (1536 + 576))
    right = 4 * numbers / 1e6
    if np.isclose(answer, right, rtol=0.01):
        return "And so it is: the update that gives SmolLM2 a habit, further down, is a file of that size."
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
