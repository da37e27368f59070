"""Exercises of notebook 22: a checksum, a secret out of two means, a broken log, and private training."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import numpy as np

from course_utils.common.checks import check_strings
from course_utils.common.errors import InputError
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.privacy import chain, clip_rows, iban_remainder
from course_utils.privacy.differential import ORDERS
from course_utils.privacy.ledger import START, link

LEAST = 5  # people of whom the server tells a mean
SALARIES = {
    "Anna": 3120,
    "Ben": 2890,
    "Clara": 4410,
    "David": 3560,
    "Emma": 3980,
    "Felix": 2750,
    "Lukas": 3310,
    "Nora": 4125,
    "Quillo": 3045,
    "Tavrin": 3690,
    "Ysmera": 5235,
}
everybody = list(SALARIES)


def mean_salary(names: Collection[str]) -> float:
    """Tell the mean salary of a group, as long as it has at least five people (InputError).

    Examples
    --------
    >>> mean_salary(["Anna", "Ben", "Clara", "David", "Emma"])
    3592.0
    """
    group = set(check_strings("names", names))
    if unknown := group - set(everybody):
        raise InputError(f"There is no {unknown.pop()} here: take names from everybody.")
    if len(group) < LEAST:
        raise InputError(f"To protect people, means are told of {LEAST} and more, and these are {len(group)}.")
    return float(np.mean([SALARIES[name] for name in group]))


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


def _server_setting() -> dict[str, Any]:
    return {"np": np, "everybody": everybody, "mean_salary": mean_salary}


def _log_setting() -> dict[str, Any]:
    return {"link": link, "START": START, "exercise": sys.modules[__name__]}


def _clip_setting() -> dict[str, Any]:
    return {"np": np, "clip_rows": clip_rows}


def _test_is_iban(function: Any) -> str:
    if not call(function, "GB82WEST12345698765432"):
        raise Wrong("GB82WEST12345698765432, the example of the standard, is valid, and yours refuses it.")
    try:
        spaced = call(function, "GB82 WEST 1234 5698 7654 32")
    except ValueError:  # of int(" ", 36)
        spaced = False
    if not spaced:
        raise Wrong("Spaces do not count: take them out first, with replace(' ', '').")
    wrong = ["GB82 WEST 1234 5698 7654 33", "GB82 WEST 1234 5698 7645 32", "GB28 WEST 1234 5698 7654 32"]
    for number in [*wrong, "QX00 0000 0000 0000 0001"]:
        if call(function, number) or iban_remainder(number) == 1:
            raise Wrong(f"{number} is not valid, and yours accepts it: the remainder by 97 must be 1.")
    if call(function, "GB82 WEST 1234 5698 7654 32") is not True:
        raise Wrong("Return True or False: compare the remainder with 1.")
    return "A remainder by 97 notices every single mistyped digit and every swap of two neighbours."


def _test_salary(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("salary_of_ysmera should be a number.")
    true = SALARIES["Ysmera"]
    if np.isclose(answer, mean_salary(everybody)):
        raise Wrong("That is the mean of all eleven: ask for the ten others too.")
    others = mean_salary([name for name in everybody if name != "Ysmera"])
    if np.isclose(answer, mean_salary(everybody) - others):
        raise Wrong("Means do not subtract, sums do: multiply each mean by the number of people first.")
    if abs(answer - true) > 0.5:
        raise Wrong("The sum of all eleven minus the sum of the ten others is her salary.")
    return "Two allowed questions gave away one person. To count the people in a group is no protection."


def _test_find_break(function: Any) -> str:
    entries = ["a reads 1", "b reads 2", "a edits 1", "c reads 2"]
    hashes = chain(entries)
    if (found := call(function, entries, hashes)) != -1:
        raise Wrong(f"This log is whole, so the answer is -1, and yours is {found!r}.")
    for place in range(len(entries)):
        changed = [*entries[:place], "z reads 9", *entries[place + 1 :]]
        if (found := call(function, changed, hashes)) != place or isinstance(found, bool):
            raise Wrong(
                f"Entry {place} was changed, and yours says {found!r}: is exercise.link(before, entry) its stored hash?"
            )
    moved = [*hashes[:2], "0" * 64, *hashes[3:]]
    if (found := call(function, entries, moved)) != 2:
        raise Wrong(f"Hash 2 was changed, so the first that does not fit is 2, and yours says {found!r}.")
    if (found := call(function, entries[:1] + entries[2:], hashes[:1] + hashes[2:])) != 1:
        raise Wrong(f"Entry 1 was taken out, so the next one does not fit, and yours says {found!r}.")
    return "Whoever changes an entry must change all hashes after it, up to the one that you keep elsewhere."


def _test_clip_each(function: Any) -> str:
    rows = np.array([[3.0, 4.0], [0.3, 0.4], [0.0, 0.0], [-6.0, 8.0]])
    given = rows.copy()
    with np.errstate(all="ignore"):
        found = np.asarray(call(function, rows, 2.0))
    if not np.array_equal(rows, given):
        raise Wrong("It changed the gradients that it was given: make new ones.")
    if found.shape != rows.shape:
        raise Wrong(f"There is a row for each record, {rows.shape}, and yours has the shape {found.shape}.")
    if not np.isfinite(found).all():
        raise Wrong("A gradient of zeros has the length 0: it must stay zeros, and yours is NaN.")
    if np.allclose(found, np.clip(rows, -2, 2)):
        raise Wrong("You clipped each number by itself. The whole row is shortened, so that its direction stays.")
    if np.allclose(found[1], [1.2, 1.6]):
        raise Wrong("A row shorter than C stays as it is, and yours was made longer.")
    if np.allclose(found, rows * min(1, 2 / np.linalg.norm(rows))):
        raise Wrong("Each row has its own length: np.linalg.norm(gradients, axis=1, keepdims=True).")
    if not np.allclose(found, clip_rows(rows, 2.0)):
        raise Wrong(f"The first row should be [1.2 1.6], and yours is {found[0].round(2)}.")
    return "Now no record can push the sum by more than C, however unusual it is."


def _test_private_mean(function: Any) -> str:
    rows, most, sigma = np.array([[3.0, 4.0, 0.0], [0.0, 0.3, 0.4]]), 1.0, 2.0
    clipped = clip_rows(rows, most).sum(axis=0)
    quiet = np.asarray(call(function, rows, most, 0.0, np.random.default_rng(0)))
    if quiet.shape != (3,):
        raise Wrong(f"The mean is one gradient of 3 numbers, and yours has the shape {quiet.shape}.")
    if np.allclose(quiet, rows.mean(axis=0)):
        raise Wrong("Nothing was clipped: without clip_rows one record may be as large as it likes.")
    if np.allclose(quiet, clip_rows(rows.mean(axis=0)[None], most)[0]):
        raise Wrong("You clipped the mean. Each record's gradient must be clipped before they are added up.")
    if not np.allclose(quiet, clipped / 2):
        raise Wrong(f"Without noise it should be {(clipped / 2).round(2)}, and yours is {quiet.round(2)}.")
    found = np.asarray(call(function, rows, most, sigma, np.random.default_rng(0)))
    noise = np.random.default_rng(0).normal(0, sigma * most, 3)
    if np.allclose(found, quiet):
        raise Wrong("There is no noise in it: add rng.normal(0, sigma * C, d) to the sum.")
    if np.allclose(found, quiet + noise):
        raise Wrong("The noise was added to the mean, so it is twice as large here: add it to the sum, then divide.")
    if not np.allclose(found, (clipped + noise) / 2):
        raise Wrong("The noise differs: draw it once, for the sum, with rng.normal(0, sigma * C, d).")
    if np.allclose(
        call(function, rows, 3.0, sigma, np.random.default_rng(0)), (clip_rows(rows, 3.0).sum(0) + noise) / 2
    ):
        raise Wrong("The noise must grow with C: its standard deviation is sigma * C.")
    return "That is one step of DP-SGD; the rest is an ordinary gradient step."


def simple_account(sigma: float, n_steps: int, delta: float) -> float:
    """Return the ε of Gaussian steps without sampling, by the simplest way from Rényi's divergence.

    Examples
    --------
    >>> round(simple_account(2.0, 1, 1e-3), 3)
    1.987
    """
    return float((n_steps * ORDERS / (2 * sigma**2) + np.log(1 / delta) / (ORDERS - 1)).min())


def _test_account(function: Any) -> str:
    found, wanted = float(call(function, 2.0, 1, 1e-3)), simple_account(2.0, 1, 1e-3)
    orders = np.arange(2, 129)
    wrong = {
        "Take the smallest over the orders, not the largest.": (orders / 8 + np.log(1000) / (orders - 1)).max(),
        "The noise is squared: alpha / (2 * sigma ** 2).": (orders / 4 + np.log(1000) / (orders - 1)).min(),
        "The part with delta is missing.": (orders / 8).min(),
        "The logarithm of 1 / delta is positive: you took that of delta.": (
            orders / 8 + np.log(0.001) / (orders - 1)
        ).min(),
    }
    for message, number in wrong.items():
        if np.isclose(found, number):
            raise Wrong(message)
    if not np.isclose(found, wanted):
        raise Wrong(f"One step with sigma = 2 and delta = 0.001 costs {wanted:.3f}, and yours says {found:.3f}.")
    many = float(call(function, 2.0, 10, 1e-3))
    if np.isclose(many, 10 * wanted):
        raise Wrong("Only the first part grows with the steps: choose the order after you added the steps up.")
    if not np.isclose(many, simple_account(2.0, 10, 1e-3)):
        raise Wrong(f"Ten steps cost {simple_account(2.0, 10, 1e-3):.3f}, and yours says {many:.3f}.")
    return "Ten steps cost less than ten times as much: another order is the best one then."


is_iban = Exercise(
    "is_iban",
    _test_is_iban,
    (
        "plain = number.replace(' ', ''), and plain[4:] + plain[:4] is the new order.",
        "int(sign, 36) is 10 for A and 35 for Z, and for a digit the digit itself.",
        "Join the numbers as text, make one int of it, and compare its remainder by 97 with 1.",
    ),
    """
    def is_iban(number):
        plain = number.replace(" ", "")
        digits = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
        return int(digits) % 97 == 1
    """,
)

salary_of_ysmera = Exercise(
    "salary_of_ysmera",
    _test_salary,
    (
        "Both the group of all eleven and the group of the ten others are large enough.",
        "others = [name for name in everybody if name != 'Ysmera'].",
        "A mean times the number of people is a sum, and sums subtract.",
    ),
    """
    others = [name for name in everybody if name != "Ysmera"]
    salary_of_ysmera = 11 * mean_salary(everybody) - 10 * mean_salary(others)
    """,
    _server_setting,
)

find_break = Exercise(
    "find_break",
    _test_find_break,
    (
        "Begin with before = exercise.START, and go through zip(entries, hashes) with enumerate.",
        "If exercise.link(before, entry) is not the stored hash, return the place; else before is the stored hash.",
    ),
    """
    def find_break(entries, hashes):
        before = exercise.START
        for place, (entry, stored) in enumerate(zip(entries, hashes)):
            if exercise.link(before, entry) != stored:
                return place
            before = stored
        return -1
    """,
    _log_setting,
)

build_clip = Exercise(
    "clip_each",
    _test_clip_each,
    (
        "np.linalg.norm(gradients, axis=1, keepdims=True) is a length for each row.",
        "The factor is C / length, and at most 1: np.minimum(1, ...).",
        "np.maximum(length, 1e-12) avoids a division by 0.",
    ),
    """
    def clip_each(gradients, C):
        length = np.linalg.norm(gradients, axis=1, keepdims=True)
        return gradients * np.minimum(1, C / np.maximum(length, 1e-12))
    """,
    _numbers_setting,
)

build_mean = Exercise(
    "private_mean",
    _test_private_mean,
    (
        "clip_rows(gradients, C).sum(axis=0) is the sum.",
        "Add the noise to the sum, then divide by len(gradients).",
    ),
    """
    def private_mean(gradients, C, sigma, rng):
        total = clip_rows(gradients, C).sum(axis=0)
        noise = rng.normal(0, sigma * C, gradients.shape[1])
        return (total + noise) / len(gradients)
    """,
    _clip_setting,
)

build_account = Exercise(
    "account",
    _test_account,
    (
        "orders = np.arange(2, 129) does all of them at once.",
        "n_steps * orders / (2 * sigma**2) + np.log(1 / delta) / (orders - 1), then the smallest.",
    ),
    """
    def account(sigma, n_steps, delta):
        orders = np.arange(2, 129)
        return np.min(n_steps * orders / (2 * sigma**2) + np.log(1 / delta) / (orders - 1))
    """,
    _numbers_setting,
)

quiz = Quiz(
    (
        Question(
            "A table has SHA-256 hashes in place of customer numbers of six digits. Is it anonymous?",
            {
                "Yes, a hash cannot be computed backwards.": "It need not be: all numbers can be hashed forwards.",
                "No, all numbers can be tried.": "A million tries take about a second.",
                "Yes, if the hash is long enough.": "Its length does not change how few numbers there are.",
            },
            "No, all numbers can be tried.",
        ),
        Question(
            "A secret has an exposure of 1 bit. What does that say?",
            {
                "The model recites it.": "Then the exposure would be the highest possible, 13.29 bits with our codes.",
                "It is in the middle of the ranking, as by chance.": "Half of the codes are likelier.",
                "Half of its digits are known.": "It counts ranks, and knows nothing of digits.",
            },
            "It is in the middle of the ranking, as by chance.",
        ),
        Question(
            "Clipping without noise brought the simple attack down as far as ε = 8 did. Why add noise?",
            {
                "For all the other attacks.": "The second one saw a difference, and the bound of ε holds for all.",
                "Because the accuracy rises.": "It fell by 0.01.",
                "To learn faster.": "Noise slows learning down.",
            },
            "For all the other attacks.",
        ),
        Question(
            "A search hides forbidden passages after the ranking. What can an attacker learn?",
            {
                "Nothing, no forbidden passage is shown.": "None is shown, and yet it leaves a gap.",
                "The text of the passages.": "Not a word of it is shown.",
                "That there is a hidden passage about a question.": "An empty answer says that it was hidden.",
            },
            "That there is a hidden passage about a question.",
        ),
        Question(
            "You want a rented computer to add up encrypted numbers. What fits?",
            {
                "AES-GCM.": "Its ciphertexts can only be decrypted again, and every change is refused.",
                "Paillier.": "The product of two ciphertexts encrypts the sum.",
                "A hash chain.": "It shows changes and hides nothing.",
            },
            "Paillier.",
        ),
    )
)
