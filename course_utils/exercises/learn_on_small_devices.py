"""Exercises of notebook 28: one weight that spoils a row, bytes counted, an alarm that waits, and a file of 4 bits."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.edge.quantise import quantise
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

ROW = np.array([0.8, -0.31, 0.12, 0.05, -0.77, 0.4, 0.0, -0.16])
MISSED = np.array([1, 1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 0])


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


def _test_n_bytes(function: Any) -> str:
    cases = {(64, 8, 64, 1.0): 66, (64, 4, 32, 1.0): 36, (64, 32, 64, 0.5): 136, (64, 8, 64, 0.5): 42}
    for (n, bits, block, kept), wanted in cases.items():
        found = call(function, n, bits, block, kept)
        case = f"n_bytes({n}, {bits}, {block}, {kept})"
        if bits < 32 and np.isclose(found, wanted - 2 * n / block):
            raise Wrong(f"{case}: the scales are missing, two bytes for each block.")
        if kept < 1 and np.isclose(found, wanted - n / 8):
            raise Wrong(f"{case}: nobody knows which weights are left. Add one bit for each place.")
        if np.isclose(found, wanted * 8):
            raise Wrong(f"{case}: those are bits; a byte has eight.")
        if not np.isclose(found, wanted):
            raise Wrong(f"{case} should be {wanted} bytes, and yours is {found}.")
    return "Half of the weights in 8 bits take 42 bytes in place of 256, so the two ways can be combined."


def _test_ring(function: Any) -> str:
    for first, wanted in ((0, 2), (4, 10), (9, 10)):
        found = call(function, MISSED.copy(), 4, 3, first)
        if first == 4 and found == 2:
            raise Wrong("It rang at article 2, before first: look at the articles from first on only.")
        if first == 0 and found == 3:
            raise Wrong("It waits for a full window. At article 2 three are wrong already: look at what is there.")
        if first == 4 and found == 10 - 4:
            raise Wrong("Count the articles from the very first one, not from first.")
        if first == 9 and found == len(MISSED):
            raise Wrong(
                "You forgot the articles before first: they are still among the last ones, only the alarm waits."
            )
        if found != wanted:
            raise Wrong(f"With window 4, count 3 and first {first} it rings at {wanted}, and yours says {found}.")
    never = call(function, np.zeros(6, dtype=int), 4, 1, 0)
    if never != 6:
        raise Wrong(f"Where nothing was wrong it never rings: return the number of articles, 6, and yours is {never}.")
    return "The next cell lets such an alarm wait for forty articles, and counts its false ones again."


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

n_bytes = Exercise(
    "n_bytes",
    _test_n_bytes,
    (
        "Three parts: the weights that are left, the scales, and a bit for each place.",
        "Scales count only below 32 bits, and the bits for the places only where kept is below 1.",
        "n * kept * bits / 8 + (2 * n / block if bits < 32 else 0) + (n / 8 if kept < 1 else 0)",
    ),
    """
    def n_bytes(n, bits, block, kept):
        scales = 2 * n / block if bits < 32 else 0
        places = n / 8 if kept < 1 else 0
        return n * kept * bits / 8 + scales + places
    """,
    _numbers_setting,
)

ring = Exercise(
    "ring",
    _test_ring,
    (
        "Go through the articles i from first on, and look at missed[i - window + 1] to missed[i].",
        "At the beginning there are fewer: max(0, i - window + 1).",
        "if missed[max(0, i - window + 1) : i + 1].sum() >= count: return i. After the loop return len(missed).",
    ),
    """
    def ring(missed, window, count, first):
        for i in range(first, len(missed)):
            if missed[max(0, i - window + 1) : i + 1].sum() >= count:
                return i
        return len(missed)
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
            "A model is stored in 8 bits, and its weights become decimals again before each product. What is won?",
            {
                "Memory and time.": "Its products are still those of decimals, and restoring takes time as well.",
                "Memory, and no time in the arithmetic.": "Time is won where whole numbers are multiplied as they are.",
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
