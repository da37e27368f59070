"""Exercises of notebook 24: n equal qubits, a step too many, the end of Shor, records at risk, a gradient by shifts."""

from __future__ import annotations

from math import gcd
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.exercises.quiz import Question, Quiz
from course_utils.quantum import CNOT, H, apply, exposed, found_after, peaks, zeros

SOUGHT, N_ENTRIES = 13, 256


def _gates_setting() -> dict[str, Any]:
    return {"np": np, "apply": apply, "zeros": zeros, "H": H, "CNOT": CNOT}


def _search_setting() -> dict[str, Any]:
    return {"np": np, "found_after": found_after}


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


def _shor_setting() -> dict[str, Any]:
    from fractions import Fraction

    return {"np": np, "gcd": gcd, "Fraction": Fraction}


def _test_all_equal(function: Any) -> str:
    for n in (2, 3, 5):
        found = np.asarray(call(function, n))
        if found.shape != (2,) * n:
            raise Wrong(f"For n = {n} the state has the shape {(2,) * n}, and yours has {found.shape}.")
        size = float((np.abs(found) ** 2).sum())
        if not np.isclose(size, 1):
            raise Wrong(f"The squared amplitudes should add up to 1, and for n = {n} they add up to {size:.2f}.")
        chance = np.abs(found.ravel()) ** 2
        if np.allclose(chance, 1 / 2**n):
            raise Wrong("These are n independent coins: H on every qubit. Use H once, and let CNOT do the rest.")
        if np.isclose(chance[0] + chance[2 ** (n - 1)], 1) and np.isclose(chance[0], 0.5):
            raise Wrong("Only the first qubit is uncertain: carry its value on with CNOT.")
        if not np.allclose(chance[[0, -1]], 0.5):
            chances = chance[[0, -1]].round(2).tolist()
            raise Wrong(f"For n = {n} all zeros and all ones should have 0.5 each, and they have {chances}.")
        if not np.allclose(found.ravel()[[0, -1]], np.sqrt(0.5)):
            raise Wrong("The probabilities are right, but both amplitudes should be plus 0.71.")
    return "It is called a GHZ state. Whoever measures one of the qubits knows all others."


def _test_too_many(answer: Any) -> str:
    must_be_whole("too_many", answer)
    if answer < 1:
        raise Wrong("Before the first step it is just a blind guess: look for a number of steps from 1.")
    chance = found_after(N_ENTRIES, {SOUGHT}, max(int(answer), 40))
    if chance[answer] >= 1 / N_ENTRIES:
        raise Wrong(
            f"After {answer} steps the probability is {chance[answer]:.4f}, and a blind guess has {1 / N_ENTRIES:.4f}."
        )
    smallest = int(np.argmax(chance < 1 / N_ENTRIES - 1e-9))
    if answer != smallest:
        raise Wrong(f"After {answer} steps it is worse than a guess, and it was so before: find the smallest number.")
    return f"About twice the best number, 12, turns the state almost back: the probability is {chance[answer]:.4f}."


def _test_n_exposed(function: Any) -> str:
    made, keep = np.array([2026, 2026, 2028, 2030, 2031, 2020]), np.array([3, 15, 7, 9, 20, 10])
    found = call(function, made, keep, 2030, 2035)
    if np.ndim(found) or int(found) != found:
        raise Wrong("The answer is one number: how many of the records are harmed.")
    found, wanted = int(found), int(exposed(made, keep, 2030, 2035).sum())
    if found == int((made + keep > 2035).sum()):
        raise Wrong("Records made from the year `migrated` on are encrypted in the new way: they are safe.")
    if found == int((made < 2030).sum()):
        raise Wrong("Some of these are no longer secret when the machine comes: compare made + keep with arrives.")
    if found == int(((made < 2030) & (made + keep >= 2035)).sum()):
        raise Wrong("A record whose secret ends in the year of the machine is safe: made + keep must be larger.")
    if found == int(((made < 2030) & (made >= 2035 - 1)).sum()):
        raise Wrong("Records made long before the machine were copied and wait: do not compare made with arrives.")
    if found != wanted:
        raise Wrong(f"Of the six records {wanted} is harmed, and you count {found}.")
    if int(call(function, made, keep, 2032, 2029)) != int(exposed(made, keep, 2032, 2029).sum()):
        raise Wrong("With a machine in 2029 and a migration in 2032 the count is different: do not write years down.")
    return "Made before the migration, and still secret when the machine comes: both must hold."


def _test_fourier(function: Any) -> str:
    rng = np.random.default_rng(0)
    state = rng.normal(size=8) + 1j * rng.normal(size=8)
    found, wanted = np.asarray(call(function, state)), np.fft.ifft(state, norm="ortho")
    if found.shape != state.shape:
        raise Wrong(f"The new state has as many amplitudes as the old one, {state.shape}, and yours {found.shape}.")
    if np.allclose(found, np.fft.fft(state, norm="ortho")):
        raise Wrong("Your arrows turn the other way: the exponent is plus 2j * np.pi * x * k / Q.")
    if np.allclose(found, wanted * np.sqrt(8)) or np.allclose(found, wanted / np.sqrt(8)):
        raise Wrong("The size is wrong: divide the sums by the square root of Q, so that probabilities add up to 1.")
    if not np.allclose(found, wanted):
        raise Wrong("The amplitude of k is the sum over x of state[x] * exp(2j * pi * x * k / Q), divided by sqrt(Q).")
    return "That is the same as NumPy's inverse FFT with norm='ortho'."


def _test_find_period(function: Any) -> str:
    for k, size, N, wanted in ((85, 512, 21, 6), (192, 256, 15, 4), (614, 4096, 55, 20), (171, 512, 21, 3)):  # noqa: N806
        found = call(function, k, size, N)
        if isinstance(found, tuple) or not np.isclose(float(found), int(found)):
            raise Wrong("The answer is one whole number, the denominator of the fraction.")
        if int(found) == round(size / k) != wanted:
            raise Wrong(f"k / size is a multiple of 1 / r, not 1 / r itself: for {k} / {size} r is {wanted}.")
        if int(found) > N - 1:
            raise Wrong(f"A period is smaller than N: for {k} / {size} allow denominators up to {N - 1} only.")
        if int(found) != wanted:
            raise Wrong(f"For {k} / {size} the nearest fraction has the denominator {wanted}, and yours is {found}.")
    return "171 / 512 gives 3 where the period is 6, because 2 / 6 can be shortened: then one measures again."


def _test_split_number(function: Any) -> str:
    for a, r, N, wanted in ((7, 4, 15, {3, 5}), (2, 6, 21, {3, 7}), (2, 20, 55, {5, 11})):  # noqa: N806
        found = call(function, a, r, N)
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise Wrong("Return the two factors, such as (3, 5).")
        if int(found[0]) * int(found[1]) != N:
            raise Wrong(f"For N = {N} the two numbers should have the product {N}, and yours are {tuple(found)}.")
        if set(map(int, found)) != wanted:
            raise Wrong(f"1 and {N} tell nothing. Halve the period: which divisor does a ** (r // 2) - 1 share with N?")
    for a, r, N in ((14, 2, 15), (4, 3, 21)):  # noqa: N806
        if function(a, r, N) is not None:
            why = "its period is odd" if r % 2 else "a to the half of it is -1"
            raise Wrong(f"For a = {a} and N = {N} there is nothing to find, since {why}: return None.")
    chance, rng = peaks(2, 55), np.random.default_rng(0)
    from course_utils.quantum.shor import period_from

    for k in rng.choice(len(chance), 30, p=chance / chance.sum()):
        if (r := period_from(int(k), len(chance), 55)) == 20:
            p, q = sorted(map(int, function(2, r, 55)))
            return f"With your three functions the key of the lesson is open: 55 = {p} · {q}."
    raise Wrong("No measurement gave the period; run the check again.")


def _test_shift_gradient(function: Any) -> str:
    from course_utils.quantum import plateaus

    rng = np.random.default_rng(0)
    angles, axes = rng.uniform(0, 6, (2, 3, 1)), rng.integers(2, size=(2, 3, 1))  # two layers on three qubits

    def circuit(angle: float) -> float:
        turned_by = angles.copy()
        turned_by[0, 0, 0] = angle
        return float(plateaus.expected(turned_by, axes)[0])

    at = np.linspace(-3, 3, 9)
    means = (lambda angle: 0.1 + 0.5 * np.cos(angle) - 0.4 * np.sin(angle), circuit)
    wanted = np.array([[(f(x + 1e-5) - f(x - 1e-5)) / 2e-5 for x in at] for f in means])
    found = np.array([[float(call(function, f, x)) for x in at] for f in means])
    if np.allclose(found, 2 * wanted, atol=1e-6):
        raise Wrong("Twice too large: f(angle + a quarter turn) - f(angle - a quarter turn) is 2 f'. Halve it.")
    if np.allclose(found, -wanted, atol=1e-6):
        raise Wrong("The sign is wrong: subtract the value a quarter turn back from the one a quarter turn forward.")
    if np.allclose(found * np.pi / 2, wanted, atol=1e-6):
        raise Wrong("This divides by the distance, pi, as the slope of a straight line; here one divides by 2.")
    degrees = np.array([[(f(x + 90) - f(x - 90)) / 2 for x in at] for f in means])
    if np.allclose(found, degrees):
        raise Wrong("The angles are in radians: a quarter turn is np.pi / 2, and not 90.")
    if not np.allclose(found, wanted, atol=0.05):
        worst = np.unravel_index(abs(found - wanted).argmax(), found.shape)
        what = f"At {at[worst[1]]:.2f} a function's derivative is {wanted[worst]:.3f}"
        raise Wrong(f"{what}, and yours is {found[worst]:.3f}.")

    def error(rule: Any, draws: np.random.Generator) -> float:
        def measured(angle: float) -> float:  # the mean of 1,000 answers, each +1 or -1
            return draws.binomial(1000, np.clip((1 + circuit(angle)) / 2, 0, 1)) / 500 - 1

        return float(np.mean([abs(float(rule(measured, x)) - slope) for x, slope in zip(at, wanted[1], strict=True)]))

    mistake = error(function, np.random.default_rng(1))
    if mistake > 0.1:
        raise Wrong(f"Right for an exact f. But with means of 1,000 runs it errs by {mistake:.1f}: take larger shifts.")
    if not np.allclose(found, wanted, atol=1e-6):
        raise Wrong("Nearly right, but the rule is exact: shift by a quarter turn, np.pi / 2, both ways.")
    short = error(lambda f, x: (f(x + 0.01) - f(x - 0.01)) / 0.02, np.random.default_rng(1))
    return f"With means of 1,000 runs it errs by {mistake:.2f}, and a difference over steps of 0.01 by {short:.1f}."


all_equal = Exercise(
    "all_equal",
    _test_all_equal,
    (
        "Begin with state = zeros(n), and put H on qubit 0.",
        "In a loop, apply(CNOT, state, 0, k) copies the value of qubit 0 onto qubit k.",
    ),
    """
    def all_equal(n):
        state = apply(H, zeros(n), 0)
        for k in range(1, n):
            state = apply(CNOT, state, 0, k)
        return state
    """,
    _gates_setting,
)

too_many = Exercise(
    "too_many",
    _test_too_many,
    (
        "after = found_after(256, {13}, 40) has the probability after 0, 1, ..., 40 steps.",
        "Find the first step from 1 whose probability is below 1 / 256.",
    ),
    """
    after = found_after(256, {13}, 40)
    too_many = next(steps for steps in range(1, 41) if after[steps] < 1 / 256)
    """,
    _search_setting,
)

n_exposed = Exercise(
    "n_exposed",
    _test_n_exposed,
    (
        "Two conditions, joined by &: encrypted in the old way, and still secret when the machine comes.",
        "np.sum((made < migrated) & (made + keep > arrives)).",
    ),
    """
    def n_exposed(made, keep, migrated, arrives):
        return np.sum((made < migrated) & (made + keep > arrives))
    """,
    _numbers_setting,
)

build_fourier = Exercise(
    "fourier",
    _test_fourier,
    (
        "Q = len(state), and x = np.arange(Q) counts both the old amplitudes and the new ones.",
        "np.exp(2j * np.pi * np.outer(x, x) / Q) is the matrix of all arrows.",
    ),
    """
    def fourier(state):
        Q = len(state)
        x = np.arange(Q)
        return np.exp(2j * np.pi * np.outer(x, x) / Q) @ state / np.sqrt(Q)
    """,
    _numbers_setting,
)

build_period = Exercise(
    "find_period",
    _test_find_period,
    (
        "Fraction(k, size) is exact, and .limit_denominator(most) finds the nearest fraction with a small denominator.",
        "A period is smaller than N, so most is N - 1; the answer is .denominator.",
    ),
    """
    def find_period(k, size, N):
        return Fraction(k, size).limit_denominator(N - 1).denominator
    """,
    _shor_setting,
)

build_factors = Exercise(
    "split_number",
    _test_split_number,
    (
        "If r is odd, return None. Otherwise half = pow(a, r // 2, N).",
        "p = gcd(half - 1, N); if it is 1 or N, return None, otherwise (p, N // p).",
    ),
    """
    def split_number(a, r, N):
        if r % 2:
            return None
        p = gcd(pow(a, r // 2, N) - 1, N)
        return (p, N // p) if 1 < p < N else None
    """,
    _shor_setting,
)

shift_gradient = Exercise(
    "shift_gradient",
    _test_shift_gradient,
    (
        "Call f twice: a quarter turn beyond angle, and a quarter turn before it.",
        "A quarter turn is np.pi / 2 in radians, and the derivative is half of the difference.",
    ),
    """
    def shift_gradient(f, angle):
        return (f(angle + np.pi / 2) - f(angle - np.pi / 2)) / 2
    """,
    _numbers_setting,
)

quiz = Quiz(
    (
        Question(
            "A qubit went through H, and is measured. Then it goes through H again. How often is it 0 at the end?",
            {
                "Always, since two H cancel.": "They do, unless somebody looks in between: then a path is gone.",
                "In half of the cases.": "After the look it is 0 or 1, and H makes a fair coin of either.",
                "Never.": "No path to 0 is cancelled here, since only one path is left.",
            },
            "In half of the cases.",
        ),
        Question(
            "What do the two qubits of a Bell pair do that two sealed envelopes cannot?",
            {
                "They are always equal.": "Two envelopes with the same note are always equal, too.",
                "They send a message at once.": "Each side alone sees a fair coin, whatever the other side does.",
                "They win the game of two questions in 85% of its rounds.": "No notes win more than 75%.",
            },
            "They win the game of two questions in 85% of its rounds.",
        ),
        Question(
            "Grover's search needs about 0.79 √N steps. What does that do to a key of 256 bits?",
            {
                "It needs about 2 to the power of 128 steps.": "The square root halves the exponent, no more.",
                "It is found in 128 steps.": "The exponent is halved, not the number of keys.",
                "Nothing at all, since keys are no list.": "A key can be tested, and that is all the search needs.",
            },
            "It needs about 2 to the power of 128 steps.",
        ),
        Question(
            "Why does Shor's method threaten RSA, and not AES?",
            {
                "RSA has the shorter keys.": "RSA's keys are longer: 2,048 bits are usual, and AES has 128 or 256.",
                "A period betrays the two primes, and AES is not known to have one.": "The Fourier transform finds it.",
                "AES is newer.": "Age does not matter: it is the structure that is used.",
            },
            "A period betrays the two primes, and AES is not known to have one.",
        ),
        Question(
            "Two helpers say that the second of three qubits was flipped. What do they say of the two amplitudes?",
            {
                "Both, so that one can write them anew.": "They compare neighbours, and see neither amplitude.",
                "Nothing, so the repair leaves them as they were.": "000 and 111 give the same answer.",
                "Which of the two is larger.": "They would have to look at a qubit, and that ends the superposition.",
            },
            "Nothing, so the repair leaves them as they were.",
        ),
        Question(
            "In our deep circuits two more qubits, with twenty more layers, left about a quarter of the variance of a "
            "gradient. If that went on, what would follow for 50 qubits?",
            {
                "Training would take about twice as long as with 25.": "Each such step multiplies the runs by four.",
                "One derivative would take over a million billion runs.": "Its error must be below its size.",
                "A larger learning rate would be enough.": "Noise would be enlarged by it just as much.",
            },
            "One derivative would take over a million billion runs.",
        ),
    )
)
