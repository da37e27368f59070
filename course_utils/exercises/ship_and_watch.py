"""Exercises of notebook 25: a version, a canary and its size, a change that an index cannot see, and an alarm."""

from __future__ import annotations

import hashlib
import json
import math
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, uses_hash
from course_utils.exercises.quiz import Question, Quiz
from course_utils.shipping.drift import bin_shares, psi, quantile_edges
from course_utils.shipping.rollout import caught_peeking, needed

PARTS = {"data": "a1b2", "code": "c3d4", "weights": "e5f6"}
N_BINS, BELOW, FAR = 10, 0.01, 1.0


def _version_setting() -> dict[str, Any]:
    return {"np": np, "hashlib": hashlib, "json": json, "math": math, "caught_peeking": caught_peeking}


def reference_values() -> np.ndarray:
    """Return 500 confidences of a calm week, for the exercise about an index that sees no change.

    Examples
    --------
    >>> reference_values().shape
    (500,)
    """
    return np.random.default_rng(0).beta(6, 2, 500)


def _test_version(function: Any) -> str:
    found = call(function, dict(PARTS))
    if not isinstance(found, str) or len(found) != 8 or set(found) - set("0123456789abcdef"):
        raise Wrong(f"A version has eight hexadecimal digits, as text, and yours is {found!r}.")
    if found != call(function, dict(reversed(list(PARTS.items())))):
        raise Wrong("The same parts in another order give another version: sort them first.")
    for name in PARTS:
        if found == call(function, {**PARTS, name: "0000"}):
            raise Wrong(f"With another hash for the {name} the version is the same: all parts must go in.")
    if found == call(function, {**PARTS, "data": PARTS["code"], "code": PARTS["data"]}):
        raise Wrong("Exchange the hashes of data and code, and the version is the same: the names must go in too.")
    if uses_hash(function):
        raise Wrong("Python's own hash() gives another number after each start: use hashlib.sha256.")
    return "Whoever has the same data, code and weights gets the same version, on any computer."


def _test_canary(function: Any) -> str:
    ids = [f"request {n}" for n in range(4000)]
    chosen = np.array([bool(call(function, name, 0.2)) for name in ids])
    if not np.array_equal(chosen, [bool(call(function, name, 0.2)) for name in ids]):
        raise Wrong("The same request went to the canary at one time and not at another: draw nothing at random.")
    if uses_hash(function):
        raise Wrong("Python's own hash() of a text differs after each start: use hashlib.sha256.")
    if not 0.17 < chosen.mean() < 0.23:
        raise Wrong(f"A share of 0.2 was wanted, and {chosen.mean():.2f} of 4,000 requests went to the canary.")
    more = np.array([bool(call(function, name, 0.5)) for name in ids])
    if not 0.46 < more.mean() < 0.54:
        raise Wrong(f"A share of 0.5 was wanted, and {more.mean():.2f} of 4,000 requests went to the canary.")
    if (chosen & ~more).any():
        raise Wrong("Some who had the canary at 20% do not have it at 50%: compare one number with the share.")
    if any(call(function, name, 0.0) for name in ids[:200]) or not all(call(function, name, 1.0) for name in ids[:200]):
        raise Wrong("With a share of 0 nobody goes to the canary, and with 1 everybody.")
    return "Who asks twice gets the same model twice, and whoever is in at 20% stays in at 50%."


def _test_requests(function: Any) -> str:
    found = [float(call(function, 0.82, loss)) for loss in (0.1, 0.05, 0.02)]
    wanted = [needed(0.82, loss) for loss in (0.1, 0.05, 0.02)]
    if found == wanted:
        return "Half the loss, about four times the requests: 2 points need 4,755 a side, where 5 need 803."
    if set(np.subtract(wanted, np.ceil(found))) <= {0, 1}:  # not rounded, or some of them down
        raise Wrong("There is no part of a request: round up with math.ceil.")
    if np.allclose(found, np.multiply(wanted, 2), rtol=0.01):
        raise Wrong("That is the number of both sides together, and each side was asked for.")
    z, losses = np.array([1.644854, 0.841621]), np.array([0.1, 0.05, 0.02])
    if np.allclose(found, np.multiply(wanted, (z @ z) / z.sum() ** 2), rtol=0.02):
        raise Wrong("Add the two values of z first, and then square the sum.")
    if np.allclose(found, wanted * losses, rtol=0.02, atol=1):
        raise Wrong("The number goes with one over the square of the loss: divide by loss**2.")
    if np.allclose(found, z.sum() ** 2 * 2 * 0.82 * 0.18 / losses**2, rtol=0.01):
        raise Wrong("The canary is right with rate p - loss, and its variance is another one: add the two variances.")
    case, shown = "For p = 0.82 and losses of 0.1, 0.05 and 0.02", ", ".join(f"{each:g}" for each in found)
    raise Wrong(f"{case} it should be {wanted}, by 1.644854 and 0.841621, and yours is {shown}.")


def _test_each_look(risk: Any) -> str:
    if isinstance(risk, bool) or not isinstance(risk, int | float | np.number):
        raise Wrong(f"each_look is one number, the risk of one look, and yours is {type(risk).__name__}.")
    if not 0 < risk < 1:
        raise Wrong(f"A risk lies between 0 and 1, and yours is {risk}.")
    rate = caught_peeking(0.82, 800, 10, risk=float(risk))
    if rate > 0.05:
        raise Wrong(f"With {risk:g} at each look, ten looks send back {rate:.2f} of the good canaries: more than 0.05.")
    if rate < 0.03:
        raise Wrong(f"With {risk:g} only {rate:.3f} of the good ones go back, so more of the bad ones stay: take more.")
    return f"Ten looks with {risk:g} each send back {rate:.2f} of the good canaries, where one look with 0.05 would."


def _test_unseen(function: Any) -> str:
    old = reference_values()
    found = np.asarray(call(function, old.copy()), dtype=float)
    if found.shape != old.shape:
        raise Wrong(f"Return as many values as the reference has, {len(old)}, and yours has the shape {found.shape}.")
    if not np.isfinite(found).all():
        raise Wrong("All values must be finite numbers.")
    edges = quantile_edges(old, N_BINS)
    index = float(psi(bin_shares(old, edges), bin_shares(found, edges)))
    shift = abs(found.mean() - old.mean()) / old.std()
    if index >= BELOW:
        raise Wrong(f"The index sees it: {index:.3f}. Each of the ten bins must keep its share of the values.")
    if shift <= FAR:
        raise Wrong(f"The mean has moved by {shift:.2f} standard deviations, and it should be more than 1.")
    return f"The mean has moved by {shift:.1f} standard deviations, and the index is {index:.3f}."


def _test_to_shares(function: Any) -> str:
    values, edges = np.array([0.1, 0.2, 0.2, 0.5, 0.9, 2.0, -1.0, 0.3]), np.array([0.2, 0.5])
    found, wanted = np.asarray(call(function, values, edges), dtype=float), np.array([0.25, 0.375, 0.375])
    if found.shape != (3,):
        raise Wrong(f"Two edges make three bins, and yours has the shape {found.shape}.")
    if np.allclose(found, wanted * 8):
        raise Wrong("Those are counts: divide by the number of values.")
    if np.isclose(found.sum(), 1) and np.allclose(found, [0.5, 0.25, 0.25]):
        raise Wrong("A value that lies on an edge counts in the bin above it: searchsorted with side='right'.")
    if not np.isclose(found.sum(), 1):
        raise Wrong(f"The shares add up to 1, and yours to {found.sum():.2f}: no value may get lost at the ends.")
    if not np.allclose(found, wanted):
        raise Wrong(f"The shares should be {wanted.tolist()}, and yours are {found.round(3).tolist()}.")
    return "The outer bins are open, so nothing is lost, however far it lies outside."


def _test_index(function: Any) -> str:
    e, a = np.array([0.5, 0.3, 0.2]), np.array([0.3, 0.3, 0.4])
    found, wanted = call(function, e, a), float(psi(e, a))
    if np.isclose(found, (a * np.log(a / e)).sum()):
        raise Wrong("That is the divergence of Kullback and Leibler: multiply by a - e in place of a.")
    if np.isclose(found, -wanted):
        raise Wrong("The sign is turned around: (a - e) and ln(a / e) have the same sign, so no part is negative.")
    if not np.isclose(found, wanted):
        raise Wrong(f"The index should be {wanted:.3f}, and yours is {float(found):.3f}.")
    with np.errstate(all="ignore"):
        empty = call(function, e, np.array([0.5, 0.5, 0.0]))
    if not np.isfinite(empty):
        raise Wrong("An empty bin gives infinity: raise shares below 0.001 to 0.001 on both sides.")
    if not np.isclose(empty, psi(e, np.array([0.5, 0.5, 0.0]))):
        raise Wrong("With an empty bin the index is another one: np.maximum(share, 0.001) for both sides.")
    return "It is 0 where nothing has changed, and never negative."


def _test_alarm(function: Any) -> str:
    values = [0.1, 0.4, 0.1, 0.4, 0.4, 0.2, 0.5, 0.5, 0.5]
    found = [call(function, list(values), 0.3, times) for times in (1, 2, 3)]
    if found == [1, 4, 8]:
        raise Wrong("Days are counted from 1, and yours from 0.")
    if found == [2, 4, 7]:
        raise Wrong("The alarm rings on the last of the days in a row, since the future is not known on the first.")
    if found == [2, 4, 5]:
        raise Wrong("Days above the limit must follow each other: a day below it starts the count anew.")
    if found != [2, 5, 9]:
        raise Wrong(f"With one, two and three days in a row it rings on day 2, 5 and 9, and yours on {found}.")
    if function([0.3, 0.3], 0.3, 1) is not None or function([0.1], 0.3, 1) is not None:
        raise Wrong("Only values above the limit count, and without an alarm the answer is None.")
    return "What two days in a row bring on calm days, and what they cost, the next cell measures."


version = Exercise(
    "make_version",
    _test_version,
    (
        "A text that holds every name with its hash, in a fixed order, is what you want to hash.",
        "json.dumps(dict(sorted(parts.items()))) is such a text.",
        "hashlib.sha256(text.encode()).hexdigest()[:8]",
    ),
    """
    import hashlib

    def make_version(parts):
        text = json.dumps(dict(sorted(parts.items())))
        return hashlib.sha256(text.encode()).hexdigest()[:8]
    """,
    _version_setting,
)

canary = Exercise(
    "in_canary",
    _test_canary,
    (
        "Make a number between 0 and 1 from the id alone, and compare it with the share.",
        "int(hashlib.sha256(request_id.encode()).hexdigest(), 16) is a large whole number; take it modulo 10,000.",
    ),
    """
    import hashlib

    def in_canary(request_id, share):
        number = int(hashlib.sha256(request_id.encode()).hexdigest(), 16) % 10_000
        return number < share * 10_000
    """,
    _version_setting,
)

requests = Exercise(
    "requests_needed",
    _test_requests,
    (
        "The canary's rate is low = p - loss. Each side has its own variance, rate * (1 - rate).",
        "(1.644854 + 0.841621) ** 2 times the sum of the two variances, divided by the square of the loss.",
        "math.ceil rounds up.",
    ),
    """
    import math

    def requests_needed(p, loss):
        low = p - loss
        return math.ceil((1.644854 + 0.841621) ** 2 * (p * (1 - p) + low * (1 - low)) / loss**2)
    """,
    _version_setting,
)

each_look = Exercise(
    "each_look",
    _test_each_look,
    (
        "Try 0.005, which is 0.05 / 10. Does it send back 0.05, or less than it may?",
        "The looks share their requests, so their chances do not simply add up: try numbers between 0.005 and 0.02.",
    ),
    """
    tried = [n / 1000 for n in range(1, 51)]
    each_look = max(risk for risk in tried if caught_peeking(0.82, 800, 10, risk=risk) <= 0.05)
    """,
    _version_setting,
)

unseen = Exercise(
    "unseen",
    _test_unseen,
    (
        "The index only knows in which bin a value lies, and the last bin is open above.",
        "Take a copy, and make the largest values of all much larger.",
    ),
    """
    def unseen(reference):
        changed = reference.copy()
        changed[changed.argmax()] = 1000
        return changed
    """,
    _version_setting,
)

build_shares = Exercise(
    "to_shares",
    _test_to_shares,
    (
        "np.searchsorted(edges, values, side='right') is the number of each value's bin.",
        "np.bincount(bins, minlength=len(edges) + 1) counts them.",
    ),
    """
    def to_shares(values, edges):
        bins = np.searchsorted(edges, values, side="right")
        return np.bincount(bins, minlength=len(edges) + 1) / len(values)
    """,
    _version_setting,
)

build_index = Exercise(
    "index_of",
    _test_index,
    ("np.maximum(expected, 0.001), and the same for actual, first.", "The sum of (a - e) * np.log(a / e)."),
    """
    def index_of(expected, actual):
        e, a = np.maximum(expected, 0.001), np.maximum(actual, 0.001)
        return ((a - e) * np.log(a / e)).sum()
    """,
    _version_setting,
)

build_alarm = Exercise(
    "alarm_day",
    _test_alarm,
    (
        "Go through the days and count how many in a row were above the limit; a day that is not sets the count to 0.",
        "for day, value in enumerate(values, 1): ...",
    ),
    """
    def alarm_day(values, limit, in_a_row):
        count = 0
        for day, value in enumerate(values, 1):
            count = count + 1 if value > limit else 0
            if count == in_a_row:
                return day
        return None
    """,
    _version_setting,
)

quiz = Quiz(
    (
        Question(
            "Why are the weights not shipped as a pickle?",
            {
                "A pickle is larger.": "It has about the same size.",
                "Loading it can run any program.": "It holds instructions, and the loader obeys them.",
                "It loses digits of the numbers.": "It keeps all of them.",
            },
            "Loading it can run any program.",
        ),
        Question(
            "A candidate has lost one topic, and its accuracy falls by 0.016. Which gate catches it?",
            {
                "The gate of each slice.": "In its topic it has no right answer at all.",
                "The gate of latency.": "It is as fast as before.",
                "The gate of the whole test set, surely.": "A rare topic hardly moves the mean.",
            },
            "The gate of each slice.",
        ),
        Question(
            "You want to see a loss of 2 points in place of 4. How many more requests does a canary need?",
            {
                "Twice as many.": "The number goes with one over the square of the loss.",
                "About four times as many.": "Half the loss, four times the requests.",
                "As many, with a smaller risk.": "A smaller risk needs even more.",
            },
            "About four times as many.",
        ),
        Question(
            "Requests come in another language. What do the status codes show?",
            {
                "Errors, since the words are unknown.": "The encoder cuts unknown words into pieces and goes on.",
                "A warning with each wrong answer.": "The service does not know which of its answers are wrong.",
                "Nothing: each request gets the status 200.": "Many answers are wrong, and no status says so.",
            },
            "Nothing: each request gets the status 200.",
        ),
        Question(
            "An alarm for drift rings. What do you know?",
            {
                "What comes in may have changed.": "Some calm days ring too. Labels tell whether answers got worse.",
                "The model has become worse.": "It rang for English people and places too, where it got better.",
                "It is time to train anew at once.": "First label some requests and measure.",
            },
            "What comes in may have changed.",
        ),
    )
)
