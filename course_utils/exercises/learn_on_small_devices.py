"""Exercises of notebook 28: one weight that spoils a row, pruning, training with rounded weights, a 4-bit format."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.edge.quantise import quantise
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

ROW = np.array([0.8, -0.31, 0.12, 0.05, -0.77, 0.4, 0.0, -0.16])
UNEVEN = np.array([[0.7, -0.25, 0.4, 0.5], [-0.02, 0.03, -0.9, 0.06]])  # the largest four: three above, one below


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


def _test_spoil(function: Any) -> str:
    for row in (ROW, np.linspace(-9.0, 7.0, 12)):
        given = row.copy()
        found = np.asarray(call(function, given), dtype=float)
        if not np.array_equal(given, row):
            raise Wrong("It changed the row that it got: work on a copy.")
        if found.shape != row.shape:
            raise Wrong(f"Return the whole row, {len(row)} weights; yours has the shape {found.shape}.")
        if not np.isfinite(found).all():
            raise Wrong("Whoever reads the file would see NaN or infinity at once: use a finite number.")
        changed = np.flatnonzero(found != row)
        if len(changed) != 1:
            raise Wrong(f"Change a single weight; you changed {len(changed)}.")
        q, scale = quantise(found[None], 4)
        left = np.count_nonzero(np.delete(q[0], changed))
        if left:
            raise Wrong(
                f"{left} of the others still come back: a step is {scale[0, 0]:.2f}, which is not large enough."
            )
    q, _ = quantise(np.asarray(call(function, ROW.copy()), dtype=float)[None], 4, 4)
    return (
        f"All others are 0. With a scale for each four weights {np.count_nonzero(q) - 1} of the seven would be saved."
    )


def _test_prune(function: Any) -> str:
    given = UNEVEN.copy()
    found = np.asarray(call(function, given, 0.5), dtype=float)
    if not np.array_equal(given, UNEVEN):
        raise Wrong("It changed the matrix that it got: work on a copy.")
    if found.shape != UNEVEN.shape:
        raise Wrong(f"Return a whole matrix of the shape {UNEVEN.shape}, with zeros; yours has {found.shape}.")
    size, left = np.abs(UNEVEN), found != 0
    if np.array_equal(found, np.where(size >= 0.4, size, 0)):
        raise Wrong("The signs are gone: compare the absolute values, and keep the weights.")
    if np.array_equal(left, size < 0.4):
        raise Wrong("You pruned the largest: those nearest to zero should go.")
    if np.array_equal(left, UNEVEN > 0.05):
        raise Wrong("-0.9 is far from zero: compare the absolute values.")
    if (left.sum(axis=1) == 2).all():
        raise Wrong("You pruned half of each row. The share is one of all weights in the matrix.")
    if not np.array_equal(found, np.where(size >= 0.4, UNEVEN, 0)):
        raise Wrong(f"With the share 0.5 the weights from 0.4 on should be left; yours gives {found.tolist()}.")
    for share, n_left in ((0, 8), (0.25, 6), (0.75, 2)):
        n_found = np.count_nonzero(np.asarray(call(function, UNEVEN.copy(), share)))
        if n_found != n_left:
            raise Wrong(f"With the share {share} there should be {n_left} of the 8 weights left; you kept {n_found}.")
    return "One row keeps three of its four weights, the other one. MiniLM goes through the same in the next table."


def _unit() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return nine small weights, inputs that rise and fall together, and as many inputs for later."""
    rng = np.random.default_rng(4)
    inputs = rng.normal(size=(400, 1)) + 0.3 * rng.normal(size=(400, 9))
    return np.linspace(0.05, 0.45, 9), inputs[:200], inputs[200:]


def _turns(w: np.ndarray, x: np.ndarray, y: np.ndarray, rate: float, n: int, used: Any = np.rint) -> np.ndarray:
    for _ in range(n):
        w = w + rate * x.T @ (y - x @ used(w)) / len(y)
    return w


def _test_train_rounded(function: Any) -> str:
    w, x, new = _unit()
    y, given = x @ w, w.copy()
    found = np.asarray(call(function, given, x.copy(), y.copy(), 0.02, 3), dtype=float)
    if not np.array_equal(given, w):
        raise Wrong("It changed the weights that it got: begin with w = w.copy().")
    if found.shape != w.shape:
        raise Wrong(f"Return the weights, {len(w)} of them; yours has the shape {found.shape}.")
    if np.array_equal(found, np.rint(found)):
        raise Wrong("Those are whole numbers: keep the decimals, in which small moves add up, and return them.")
    if np.allclose(found, _turns(w, x, y, 0.02, 3, lambda w: w)):
        raise Wrong("Forward the weights should be rounded: nothing is missing as long as the decimals are used.")
    if np.allclose(found, _turns(w, x, y, -0.02, 3)):
        raise Wrong("It moves away from the goals: what is missing is y minus what the unit says.")
    if np.allclose(found, _turns(w, x, y, 0.02 * len(y), 3)):
        raise Wrong("That is the sum over the examples: divide by their number for the mean.")
    once = np.asarray(call(function, w.copy(), x.copy(), y.copy(), 0.02, 1), dtype=float)
    wanted = _turns(w, x, y, 0.02, 1)
    if not np.allclose(once, wanted):
        raise Wrong(f"After one turn the first weight should be {wanted[0]:.3f}, and yours is {once[0]:.3f}.")
    if np.allclose(found, once):
        raise Wrong("After three turns it says the same as after one: take n_turns of them.")
    if not np.allclose(found, _turns(w, x, y, 0.02, 3)):
        raise Wrong("One turn is right, and three are not: round the weights anew in each turn, and keep the decimals.")
    before, after = (np.sqrt(np.mean((new @ (np.rint(each) - w)) ** 2)) for each in (w, found))
    return (
        f"On inputs that it did not learn from the unit is {after:.2f} off after three turns, and was {before:.2f} off."
    )


def _test_to_four_bits(function: Any) -> str:
    given = ROW.copy()
    found = call(function, given)
    if not np.array_equal(given, ROW):
        raise Wrong("It changed the row that it got: write row - minimum, not row -= minimum.")
    if not isinstance(found, tuple | list) or len(found) != 3:
        raise Wrong("Return three things: the whole numbers, the scale and the minimum.")
    q, scale, minimum = np.asarray(found[0]), float(found[1]), float(found[2])
    if not np.isclose(minimum, ROW.min()):
        raise Wrong(f"The minimum is that of the weights, {ROW.min()}, and yours is {minimum:.3f}.")
    if np.isclose(scale, (ROW.max() - ROW.min()) / 16):
        raise Wrong("From 0 to 15 there are 15 steps: with 16 the largest weight would need a seventeenth number.")
    if not np.isclose(scale, (ROW.max() - ROW.min()) / 15):
        raise Wrong(f"A step is (largest - smallest) / 15 = {(ROW.max() - ROW.min()) / 15:.4f}; yours is {scale:.4f}.")
    if q.shape != ROW.shape or q.min() < 0 or q.max() > 15:
        raise Wrong("There should be a whole number from 0 to 15 for each weight.")
    wanted = np.rint((ROW - minimum) / scale)
    if np.array_equal(q, np.floor((ROW - minimum) / scale)) and not np.array_equal(q, wanted):
        raise Wrong("You cut the decimals off: np.rint goes to the nearest step, and its error is half as large.")
    if not np.array_equal(q, wanted):
        raise Wrong(f"The whole numbers should be {wanted.astype(int).tolist()}, and yours are {q.tolist()}.")
    with np.errstate(all="ignore"):
        same = call(function, np.full(8, 0.5))
    if np.any(np.asarray(same[0], dtype=float) != 0):
        raise Wrong("Where all weights are equal the scale is 0: the whole numbers should be 0, and no NaN.")
    return "Eight weights are now eight numbers of 4 bits, a scale and a minimum."


def _test_pack(function: Any) -> str:
    q = np.array([15, 5, 9, 8, 0, 11, 7, 6], dtype=np.uint8)
    found, wanted = np.asarray(call(function, q.copy())), q[:4] | q[4:] << 4
    if found.shape != wanted.shape:
        raise Wrong(f"Eight numbers of 4 bits make four bytes, and yours has the shape {found.shape}.")
    if np.array_equal(found, q[::2] | q[1::2] << 4):
        raise Wrong("You paired neighbours. In the file number i goes with number i + n / 2.")
    if np.array_equal(found, q[:4] << 4 | q[4:]):
        raise Wrong("The halves are exchanged: the first half of the numbers goes into the low four bits.")
    if not np.array_equal(found, wanted):
        raise Wrong(f"The bytes should be {wanted.tolist()}, and yours are {found.tolist()}.")
    if found.dtype != np.uint8:
        raise Wrong(f"The bytes are of type {found.dtype}: a byte is a uint8, and you use {found.itemsize} for each.")
    return "Two weights in a byte: the first half in the low bits, the second half in the high ones."


def _test_unpack(function: Any) -> str:
    q = np.random.default_rng(0).integers(16, size=32).astype(np.uint8)
    found = np.asarray(call(function, q[:16] | q[16:] << 4, 0.25, -2.0))
    if found.shape != (32,):
        raise Wrong(f"Sixteen bytes hold 32 weights, and yours has the shape {found.shape}.")
    if np.allclose(found, q):
        raise Wrong("Those are the whole numbers: multiply by the scale and add the minimum.")
    if np.allclose(found, q * 0.25):
        raise Wrong("The minimum is missing: the number 0 means the smallest weight.")
    if np.allclose(found, (q - 2.0) * 0.25):
        raise Wrong("Multiply by the scale first, then add the minimum.")
    if np.allclose(found, np.concatenate([q[16:], q[:16]]) * 0.25 - 2.0):
        raise Wrong("The halves are exchanged: the low bits are the first sixteen weights.")
    if not np.allclose(found, q * 0.25 - 2.0):
        raise Wrong(f"The first weight should be {q[0] * 0.25 - 2.0}, and yours is {found[0]}.")
    return "That reads every 4-bit block of SmolLM2's file: try it on the block of the lesson."


spoil = Exercise(
    "spoil",
    _test_spoil,
    (
        "The largest weight sets the step: it is divided by 7. How large must it be for the next largest to become 0?",
        "A weight becomes 0 when it is at most half a step, so the step must be twice the largest of the others.",
        "spoiled[0] = 100 * np.abs(row).max() is far more than enough.",
    ),
    """
    def spoil(row):
        spoiled = row.copy()
        spoiled[0] = 100 * np.abs(row).max()
        return spoiled
    """,
    _numbers_setting,
)

prune = Exercise(
    "prune",
    _test_prune,
    (
        "np.argsort(np.abs(W), axis=None) has the places of all weights, the one nearest to zero first.",
        "The first round(share * W.size) of these places become 0.",
        "left = W.copy(), then left.flat[places[:n]] = 0",
    ),
    """
    def prune(W, share):
        places = np.argsort(np.abs(W), axis=None)
        left = W.copy()
        left.flat[places[: round(share * W.size)]] = 0
        return left
    """,
    _numbers_setting,
)

train_rounded = Exercise(
    "train_rounded",
    _test_train_rounded,
    (
        "In each turn: missing = y - X @ np.rint(w), one number for each example.",
        "X.T @ missing / len(y) has for each weight the mean of its input times what is missing.",
        "w = w + rate * X.T @ missing / len(y): the decimals move, and they are rounded only where they are used.",
    ),
    """
    def train_rounded(w, X, y, rate, n_turns):
        for _ in range(n_turns):
            missing = y - X @ np.rint(w)
            w = w + rate * X.T @ missing / len(y)
        return w
    """,
    _numbers_setting,
)

build_four_bits = Exercise(
    "to_four_bits",
    _test_to_four_bits,
    (
        "scale = (row.max() - row.min()) / 15, since there are 15 steps from 0 to 15.",
        "np.rint((row - minimum) / scale) are the whole numbers; where the scale is 0, divide by 1 instead.",
    ),
    """
    def to_four_bits(row):
        minimum = row.min()
        scale = (row.max() - minimum) / 15
        return np.rint((row - minimum) / (scale or 1)).astype(np.uint8), scale, minimum
    """,
    _numbers_setting,
)

build_pack = Exercise(
    "pack",
    _test_pack,
    (
        "q << 4 moves four bits up, and a | b puts two numbers together.",
        "half = len(q) // 2, then q[:half] | q[half:] << 4.",
    ),
    """
    def pack(q):
        half = len(q) // 2
        return q[:half] | q[half:] << 4
    """,
    _numbers_setting,
)

build_unpack = Exercise(
    "unpack",
    _test_unpack,
    (
        "packed & 15 are the low four bits, packed >> 4 the high ones.",
        "np.concatenate([packed & 15, packed >> 4]) * scale + minimum",
    ),
    """
    def unpack(packed, scale, minimum):
        return np.concatenate([packed & 15, packed >> 4]) * scale + minimum
    """,
    _numbers_setting,
)

quiz = Quiz(
    (
        Question(
            "One weight of a row is a hundred times the others. What happens with 4 bits and one scale for the row?",
            {
                "The large weight is cut to the size of the others.": "It sets the scale, so it comes back as it was.",
                "Nothing, because the scale adapts.": "It does, and that is the trouble for the others.",
                "All others come back as zero.": "A step is then larger than twice any of them.",
            },
            "All others come back as zero.",
        ),
        Question(
            "What does training with rounded weights do about the slope of the rounding?",
            {
                "It computes it exactly.": "Exactly it is 0 nearly everywhere, and no weight would move.",
                "It takes it to be 1 on the way back.": "The staircase climbs as a straight line of slope 1 does.",
                "It leaves the rounding out forward as well.": "Then the model would not learn to live with it.",
            },
            "It takes it to be 1 on the way back.",
        ),
        Question(
            "In our program a model is stored in 8 bits, and becomes decimals again before each product. What is won?",
            {
                "Memory and time.": "Its products are still those of decimals, and restoring takes time as well.",
                "Memory, and no time in the arithmetic.": "Time is won with whole numbers, or where fetching is slow.",
                "Nothing, since they are decimals in the end.": "A quarter of the bytes has to be kept and read.",
            },
            "Memory, and no time in the arithmetic.",
        ),
        Question(
            "Why can a teacher's soft labels teach a student more than the right answers?",
            {
                "They are more often right.": "They come from a model that errs too.",
                "They say how sure the teacher is.": "Less of river bank than of river, which says something of bank.",
                "They take fewer bytes.": "A decimal takes more than a class.",
            },
            "They say how sure the teacher is.",
        ),
        Question(
            "A device runs the first blocks of a model and sends their vectors to a server. What does that hide?",
            {
                "The text, since vectors are no words.": "After one block most words could be named from them.",
                "Little, and it costs more bytes than the text.": "Each token becomes 384 numbers.",
                "Nothing, but it saves bytes.": "The vectors are far longer than the letters.",
            },
            "Little, and it costs more bytes than the text.",
        ),
        Question(
            "A reader's taste changes. Which memory follows first, and what does it cost?",
            {
                "One with a long memory, at no cost.": "A long memory keeps the old taste for long.",
                "A short one; it is noisier while nothing changes.": "It rests on the last few articles only.",
                "Both at the same time.": "The share of each new article sets the pace.",
            },
            "A short one; it is noisier while nothing changes.",
        ),
    )
)
