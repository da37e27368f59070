"""Exercises of notebook 23: a client that lies, extremes cut, a mask to take out, and a private round to break."""

# ruff: noqa: N806 (W and X are the matrices of the prose)

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.federated.averaging import accuracy, average, load_articles, split_skewed, train_locally
from course_utils.federated.leaks import clip

RATE, N_STEPS = 300.0, 10  # of the lesson
FALLS_TO, MODULUS = 0.2, 100


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


def _test_rounds_until(function: Any) -> str:
    for noise, clean, wanted in ((2, 1, 36), (1, 2, 3), (1, 1, 9)):
        found = call(function, noise, clean)
        if (noise, clean) == (2, 1) and found == 4:
            raise Wrong("There both are equal: the sum should be at least three times the noise.")
        if (noise, clean) == (2, 1) and found in (6, 12):
            raise Wrong(
                "The noise grows with the root of n, so n has to grow with the square: 36 for noise 2, clean 1."
            )
        if found != wanted:
            raise Wrong(f"For noise {noise} and clean {clean} it is {wanted}, and yours is {found}.")
    if call(function, 0, 1) != 1:
        raise Wrong("Without noise the first round is enough.")
    return "A noise twice as large needs four times as many rounds, and no noise hides for ever what comes again."


def _test_clip(function: Any) -> str:
    update = np.array([[3.0, 0.0], [0.0, -4.0]])
    given = update.copy()
    found = np.asarray(call(function, given, 1.0))
    if not np.array_equal(given, update):
        raise Wrong("It changed the update that it got: return a new one.")
    if found.shape != update.shape:
        raise Wrong(f"The result has the shape of the update, {update.shape}, and yours has {found.shape}.")
    if np.allclose(found, np.clip(update, -1, 1)):
        raise Wrong("That cuts each number by itself. Shorten the whole update, so that its direction stays.")
    if np.allclose(found, update / np.abs(update).sum()):
        raise Wrong("The length is the root of the sum of all squares, np.linalg.norm.")
    if not np.allclose(found, update / 5):
        raise Wrong(f"The update's length is 5, so with limit 1 it should be {(update / 5).tolist()}.")
    if not np.allclose(call(function, update.copy(), 2.0), update * 0.4):
        raise Wrong("The length should be limit, not 1: multiply by limit / length.")
    short = np.asarray(call(function, update.copy(), 10.0))
    if not np.allclose(short, update):
        raise Wrong("An update that is shorter than the limit stays as it is.")
    with np.errstate(all="ignore"):
        nothing = np.asarray(call(function, np.zeros((2, 2)), 1.0))
    if not np.array_equal(nothing, np.zeros((2, 2))):
        raise Wrong("An update of zeros has the length 0: do not divide by it.")
    return "Nobody can now move the mean by more than the limit divided by the number of clients."


def _test_noisy_mean(function: Any) -> str:
    updates = [np.array([[6.0, 8.0]]), np.array([[0.0, 0.5]]), np.array([[-0.3, 0.0]])]
    found = np.asarray(call(function, [each.copy() for each in updates], 1.0, 0.0, np.random.default_rng(0)))
    wanted = np.mean([clip(each, 1.0) for each in updates], axis=0)
    if found.shape != wanted.shape:
        raise Wrong(f"The mean has the shape of an update, {wanted.shape}, and yours has {found.shape}.")
    if np.allclose(found, wanted * 3):
        raise Wrong("That is the sum: divide by the number of clients.")
    if np.allclose(found, np.mean(updates, axis=0)) or np.allclose(found, clip(np.mean(updates, axis=0), 1.0)):
        raise Wrong("Each client clips its own update, before anything is added up.")
    if not np.allclose(found, wanted):
        raise Wrong(f"Without noise the mean of the clipped updates is {wanted.round(3).tolist()}.")
    quiet = [np.zeros((100, 50))] * 16  # each number of their mean: 0.5 * 2 / sqrt(16)
    noisy = np.asarray(call(function, quiet, 2.0, 0.5, np.random.default_rng(1)))
    spread = float(np.std(noisy))
    if not noisy.any():
        raise Wrong("There is no noise in it: each client adds rng.normal(0, noise * limit, update.shape) to its own.")
    if spread < 1e-9:
        raise Wrong("A single random number moves all alike: draw one for each number, rng.normal(size=update.shape).")
    if spread < 0.01:  # a clipped noise has the length 2, so each of its 5,000 numbers about 2 / sqrt(5000)
        raise Wrong("You clip the noise too: clip first, then add it.")
    if spread > 0.7:
        raise Wrong("The noise was drawn once. Each client draws its own, and in a mean of 16 it shrinks to a quarter.")
    if abs(spread - 0.125) < 0.02:
        raise Wrong("The noise is a multiple of the limit: its spread is noise * limit.")
    if abs(spread - 0.25) > 0.02:
        raise Wrong(f"With 16 clients, limit 2 and noise 0.5 the spread should be 0.25, and yours is {spread:.2f}.")
    return "Sixteen clients' noise of spread 1 is 0.25 in the mean: a crowd hides its members at less cost."


def _test_name_words(function: Any) -> str:
    rounds = np.zeros((3, 5, 2))
    rounds[:, 0] = [1, -1]  # comes in every round
    rounds[:, 1, 0] = [4, -4, 0.1]  # loud, but cancels
    rounds[:, 2, 1] = [-1, -1.2, 2.5]  # longest in the last round
    rounds[:, 3] = [0.5, -0.5]
    rounds[:, 4] = [[0.6, 0.6], [-0.5, -0.5], [0, 0.3]]  # small, of one sign in most rounds
    found = [int(n) for n in np.ravel(call(function, list(rounds.copy()), 2))]
    lengths = np.linalg.norm(rounds, axis=2)  # (3, 5)
    if len(found) != 2:
        raise Wrong(f"Name as many words as the client has, here 2, and yours are {len(found)}.")
    if set(found) == set(np.argsort(-lengths.sum(axis=0))[:2].tolist()):
        raise Wrong("You added the lengths, which are never negative, so noise piles up. Add the updates first.")
    if set(found) == set(np.argsort(-lengths[-1])[:2].tolist()):
        raise Wrong("You looked at the last round only: add up all that was seen.")
    if set(found) == set(np.argsort(-rounds.sum(axis=(0, 2)))[:2].tolist()):
        raise Wrong("You added the numbers of a row, where plus and minus cancel: take the row's length.")
    if set(found) != {0, 3}:
        raise Wrong(f"The rows of the sum are longest for the words 0 and 3, and yours are {found}.")
    if found != [0, 3]:
        raise Wrong("These are the words. Name the one with the longest row first.")
    rng, truly, shares = np.random.default_rng(0), np.zeros((500, 11)), []
    truly[:20] = rng.normal(size=(20, 11))
    seen = [truly + rng.normal(0, 1.5, truly.shape) for _ in range(20)]
    for n in (1, 20):
        shares.append(np.isin(np.ravel(call(function, seen[:n], 20)), np.arange(20)).mean())
    return f"Of twenty words under a noise of 1.5 it finds {shares[0]:.2f} in one round and {shares[1]:.2f} in twenty."


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

rounds_until = Exercise(
    "rounds_until",
    _test_rounds_until,
    (
        "Try n = 1, 2, 3 and so on: the word adds up to n * clean, the noise to about noise * np.sqrt(n).",
        "n * clean >= 3 * noise * np.sqrt(n): divide by the root, then square.",
        "n = 1, and while n * clean < 3 * noise * np.sqrt(n): n += 1",
    ),
    """
    def rounds_until(noise, clean):
        n = 1
        while n * clean < 3 * noise * np.sqrt(n):
            n += 1
        return n
    """,
    _numbers_setting,
)

build_clip = Exercise(
    "shorten",
    _test_clip,
    (
        "np.linalg.norm(update) is the length of the whole update.",
        "Multiply by limit / length where the length is above the limit, and leave the rest as it is.",
    ),
    """
    def shorten(update, limit):
        length = np.linalg.norm(update)
        return update * (limit / length) if length > limit else update.copy()
    """,
    _numbers_setting,
)

build_noisy_mean = Exercise(
    "noisy_mean",
    _test_noisy_mean,
    (
        "For each update: clip it, then add rng.normal(0, noise * limit, update.shape).",
        "np.mean(sent, axis=0) is the mean of a list of arrays, number by number.",
    ),
    """
    def noisy_mean(updates, limit, noise, rng):
        sent = [clip(update, limit) + rng.normal(0, noise * limit, update.shape) for update in updates]
        return np.mean(sent, axis=0)
    """,
    lambda: {"np": np, "clip": clip},
)

build_attack = Exercise(
    "name_words",
    _test_name_words,
    (
        "np.sum(seen, axis=0) adds up the rounds; np.linalg.norm(total, axis=1) gives a length for each row.",
        "np.argsort(-lengths)[:n] are the places of the n largest, the largest first.",
    ),
    """
    def name_words(seen, n):
        lengths = np.linalg.norm(np.sum(seen, axis=0), axis=1)
        return np.argsort(-lengths)[:n]
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
            "A client adds fresh noise in each of twenty rounds, and somebody sees all its updates. What helps them?",
            {
                "Adding up: what comes again grows faster than noise.": "By n against the root of n.",
                "Nothing: each update is hidden, so their sum is.": "Noise grows more slowly in a sum than words do.",
                "The last update: it has the least noise.": "The noise is as large as before, and the update smaller.",
            },
            "Adding up: what comes again grows faster than noise.",
        ),
        Question(
            "In which case does one local step a round give the same model as training with all articles in one place?",
            {
                "Only where all clients have the same mixture.": "The mean of gradients does not ask who has what.",
                "With any split, if each client counts by its articles.": "Their mean is the gradient of all.",
                "Never.": "The cell found a difference of 0.000.",
            },
            "With any split, if each client counts by its articles.",
        ),
    )
)
