"""Exercises of notebook 23: one client that lies, a mean without extremes, a mask to take out, and a file of 4 bits."""

# ruff: noqa: N806 (W and X are the matrices of the prose)

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.federated.averaging import accuracy, average, load_articles, split_skewed, train_locally

RATE, N_STEPS = 300.0, 10  # of the lesson
FALLS_TO, MODULUS = 0.2, 100
ROW = np.array([0.8, -0.31, 0.12, 0.05, -0.77, 0.4, 0.0, -0.16])


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


@functools.cache
def honest_round() -> tuple[np.ndarray, tuple[np.ndarray, ...], tuple[np.ndarray, np.ndarray]]:
    """Return a model after three rounds of ten equal clients, nine honest copies of the next round, and test articles.

    Examples
    --------
    >>> W, copies, _ = honest_round()
    >>> W.shape, len(copies)
    ((385, 11), 9)
    """
    articles = load_articles()
    X, y = articles.train
    clients = [(X[rows], y[rows]) for rows in split_skewed(y, 10, 1000.0)]
    W, sizes = np.zeros((X.shape[1], len(articles.topics)), X.dtype), [len(own) for _, own in clients]
    for _ in range(3):
        copies = [train_locally(W, *client, RATE, N_STEPS) for client in clients]
        W = average(copies, sizes)
    return W, tuple(train_locally(W, *client, RATE, N_STEPS) for client in clients[:9]), articles.test


def accuracy_with(lie: np.ndarray) -> tuple[float, float]:
    """Return the test accuracy of the mean of nine honest copies and a lie, and that of their median.

    Examples
    --------
    >>> mean, median = accuracy_with(honest_round()[0])
    >>> mean > 0.8, median > 0.8
    (True, True)
    """
    _, copies, test = honest_round()
    together = np.stack([*copies, lie])
    return accuracy(together.mean(axis=0), *test), accuracy(np.median(together, axis=0), *test)


def _test_lie(function: Any) -> str:
    kept = honest_round()[0]
    W = kept.copy()  # a function that changes it must not change what the next one gets
    lie = np.asarray(call(function, W))
    if not np.array_equal(W, kept):
        raise Wrong("It changed the server's own model: work on a copy.")
    if lie.shape != W.shape:
        raise Wrong(f"The server takes models of the shape {W.shape} only, and yours has {lie.shape}.")
    if not np.isfinite(lie).all():
        raise Wrong("A server that looks for NaN and infinity would see this at once: send finite numbers.")
    mean, median = accuracy_with(lie)
    if mean > FALLS_TO:
        raise Wrong(
            f"The average is still right for {mean:.2f} of the articles: nine others outvote you, so be louder."
        )
    return (
        f"One liar among ten, and the average falls to {mean:.2f}. The median of all ten would still have {median:.2f}."
    )


def _test_trimmed(function: Any) -> str:
    models = [np.array([[n, -n, 5.0]]) for n in (3.0, 900.0, 1.0, 8.0, -500.0)]  # 900 is also the lowest of a column
    models[2][0, 2] = 70.0
    found, wanted = np.asarray(call(function, [model.copy() for model in models], 1)), np.array([[4.0, -4.0, 5.0]])
    if found.shape != wanted.shape:
        raise Wrong(f"The result has the shape of one model, {wanted.shape}, and yours has {found.shape}.")
    if np.allclose(found, np.mean(models, axis=0)):
        raise Wrong("That is the plain mean, with the extremes still inside.")
    if np.allclose(found, np.median(models, axis=0)):
        raise Wrong("That is the median: only n_cut numbers go at each end, and the mean of the rest counts.")
    if np.allclose(found, np.sort(models, axis=0)[:-1].mean(axis=0)):
        raise Wrong("You cut the largest only: a liar can also send numbers that are far too small.")
    if np.allclose(found, np.mean(models[1:-1], axis=0)):
        raise Wrong("You cut the first and the last client, whatever they sent: sort the numbers at each place first.")
    if not np.allclose(found, wanted):
        raise Wrong(f"With one number cut at each end it should be {wanted.tolist()}, and yours is {found.tolist()}.")
    whole = np.asarray(call(function, [model.copy() for model in models], 0))
    if not np.allclose(whole, np.mean(models, axis=0)):
        raise Wrong(
            "With n_cut = 0 it should be the plain mean. In Python, [0:-0] is empty: end at len(models) - n_cut."
        )
    _, copies, test = honest_round()
    loud = np.random.default_rng(0).normal(0, 1000, copies[0].shape)
    mean, cut = (accuracy(np.asarray(call(function, [*copies, loud], n)), *test) for n in (0, 1))
    return f"Nine honest copies and a lie: the plain mean has {mean:.2f}, and yours with one cut at each end {cut:.2f}."


def _test_unmask(function: Any) -> str:
    sent, masks = {0: 41, 2: 3}, {(0, 1): 17, (0, 2): 52, (1, 2): 88}
    # client 0 sends 72 + 17 + 52, client 2 sends 43 - 52 - 88; client 1 is gone
    found = call(function, sent, masks, 1)
    if np.ndim(found) or found != int(found):
        raise Wrong("The answer should be one whole number.")
    found, raw = int(found), sum(sent.values())
    if found % MODULUS == raw % MODULUS:
        raise Wrong("The masks that the others shared with client 1 are still inside.")
    if found % MODULUS == (raw + 17 - 88) % MODULUS:
        raise Wrong("You put the masks in a second time: take them out with the opposite sign.")
    if found % MODULUS == (raw - 17 - 88) % MODULUS:
        raise Wrong(
            "The mask of (1, 2) went into client 2 with a minus, since 2 is the right one of the pair: add it back."
        )
    if found % MODULUS != 15:
        raise Wrong(f"The two who stayed have 72 and 43, so the sum is 15 modulo 100, and yours is {found % MODULUS}.")
    if not 0 <= found < MODULUS:
        raise Wrong("Take the remainder at the end: % 100.")
    others = call(function, {1: 12, 2: 6}, {(0, 1): 5, (0, 2): 6, (1, 2): 7}, 0)  # 10 - 5 + 7 and 19 - 6 - 7
    if int(others) != 29:
        raise Wrong(f"Where client 0 is gone and the others have 10 and 19, the sum is 29, and yours is {others}.")
    return "The server learned the masks of one pair each, and of nobody who has sent: the rest still hides them."


def _test_to_four_bits(function: Any) -> str:
    found = call(function, ROW.copy())
    if not isinstance(found, tuple) or len(found) != 3:
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
    if not np.isfinite(np.asarray(same[0], dtype=float)).all():
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


lie = Exercise(
    "lie",
    _test_lie,
    (
        "The average is nine honest copies and a tenth of what you send. What would outweigh nine others?",
        "The last row is the bias. A topic with a huge bias wins for every article.",
        "lie = W.copy(), then lie[-1, 5] = 1000: everything is Mathematics.",
    ),
    """
    def lie(W):
        lie = W.copy()
        lie[-1, 5] = 1000
        return lie
    """,
    _numbers_setting,
)

trimmed = Exercise(
    "trimmed",
    _test_trimmed,
    (
        "np.sort(models, axis=0) sorts the copies' numbers at each place of the model.",
        "Of ten sorted numbers, those from n_cut to 10 - n_cut are left. Then comes the mean over the first axis.",
        "np.sort(models, axis=0)[n_cut : len(models) - n_cut].mean(axis=0)",
    ),
    """
    def trimmed(models, n_cut):
        return np.sort(models, axis=0)[n_cut : len(models) - n_cut].mean(axis=0)
    """,
    _numbers_setting,
)

unmask = Exercise(
    "unmask",
    _test_unmask,
    (
        "Add up what was sent. Then look at each mask whose pair contains the one who is gone.",
        "If gone is the right one of the pair, the left one has added the mask: subtract it. Otherwise add it.",
        "% 100 at the end gives the remainder.",
    ),
    """
    def unmask(sent, masks, gone):
        total = sum(sent.values())
        for (left, right), mask in masks.items():
            if right == gone:
                total -= mask
            elif left == gone:
                total += mask
        return total % 100
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
            "Ten clients with skewed data take many local steps. Why is their average worse than with even data?",
            {
                "Each copy runs towards its own best model.": "The mean of ten best models is not the best for all.",
                "The server loses precision when it adds ten models.": "It adds them to seven digits.",
                "They send fewer bytes.": "A model has the same size whatever it was trained on.",
            },
            "Each copy runs towards its own best model.",
        ),
        Question(
            "A server takes the median of ten copies in place of their mean. What does it win, and what may it lose?",
            {
                "One liar hardly moves it, and what one client alone knows is lost.": "Both are one against nine.",
                "Nothing, since a liar moves the median as far as the mean.": "One huge number stays at the edge.",
                "It finds out who lies, and loses bytes.": "It names nobody, and what is sent is the same.",
            },
            "One liar hardly moves it, and what one client alone knows is lost.",
        ),
        Question(
            "A client trains on one text and sends its gradient for a table of words. What can be read from it?",
            {
                "Nothing, because a gradient holds no text.": "It holds a row for each word, and most rows are zero.",
                "The words of the text, in their order.": "A bag of words has no order, so that is not there.",
                "Which words the text has.": "Only their rows differ from zero.",
            },
            "Which words the text has.",
        ),
        Question(
            "What does a server learn that adds up masked updates of ten clients?",
            {
                "All ten updates, once it has the sum.": "Many different tens of updates have that sum.",
                "Their sum, and nothing else of any single one.": "The sum itself may still say something of people.",
                "Nothing at all.": "Then it could not train.",
            },
            "Their sum, and nothing else of any single one.",
        ),
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
