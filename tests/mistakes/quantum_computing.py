"""Plausible wrong answers to the exercises of notebook 24, and a piece of the message that each must get."""

GHZ = """
def all_equal(n):
    state = apply(H, zeros(n), 0)
    for k in range(1, n):
        state = {step}
    return {answer}
"""
CHAIN = "apply(CNOT, state, 0, k)"
FOURIER = """
def fourier(state):
    Q = len(state)
    x = np.arange(Q)
    return np.exp({sign}2j * np.pi * np.outer(x, x) / Q) @ state{size}
"""
SHIFT = "shift_gradient = lambda f, angle: (f(angle + {by}) - f(angle - {by})) / {over}"

MISTAKES = {
    "all_equal": [
        (GHZ.format(step="apply(H, state, k)", answer="state"), "independent coins"),
        (GHZ.format(step="state", answer="state"), "Only the first qubit"),
        (GHZ.format(step=CHAIN, answer="state.ravel()"), "the shape"),
        (GHZ.format(step=CHAIN, answer="state * 2"), "add up to 1"),
        (GHZ.format(step="apply(CNOT, state, k, 0)", answer="state"), "Only the first qubit"),
    ],
    "too_many": [
        ("too_many = 12", "After 12 steps"),
        ("too_many = 0", "blind guess"),
        ("too_many = 8", "After 8 steps"),
        ("too_many = 50", "find the smallest"),
        ("too_many = 25.0", "whole number"),
    ],
    "n_exposed": [
        ("n_exposed = lambda made, keep, migrated, arrives: np.sum(made + keep > arrives)", "encrypted in the new way"),
        ("n_exposed = lambda made, keep, migrated, arrives: np.sum(made < migrated)", "no longer secret"),
        (
            "n_exposed = lambda made, keep, migrated, arrives: np.sum((made < migrated) & (made + keep >= arrives))",
            "must be larger",
        ),
        (
            "n_exposed = lambda made, keep, migrated, arrives: (made < migrated) & (made + keep > arrives)",
            "one number",
        ),
        ("n_exposed = lambda made, keep, migrated, arrives: 1", "do not write years down"),
    ],
    "build_fourier": [
        (FOURIER.format(sign="-", size=" / np.sqrt(Q)"), "the other way"),
        (FOURIER.format(sign="", size=""), "square root of Q"),
        (FOURIER.format(sign="", size=" / Q"), "square root of Q"),
        ("fourier = lambda state: np.fft.fft(state)", "The amplitude of k"),
    ],
    "build_period": [
        ("find_period = lambda k, size, N: Fraction(k, size).denominator", "smaller than N"),
        ("find_period = lambda k, size, N: Fraction(k, size).limit_denominator(N - 1).numerator", "nearest fraction"),
        ("find_period = lambda k, size, N: round(size / k)", "not 1 / r itself"),
        ("find_period = lambda k, size, N: (1, 6)", "one whole number"),
    ],
    "build_factors": [
        ("split_number = lambda a, r, N: (gcd(a ** (r // 2) - 1, N), N // gcd(a ** (r // 2) - 1, N))", "return None"),
        ("split_number = lambda a, r, N: (gcd(a**r - 1, N), N // gcd(a**r - 1, N))", "Halve the period"),
        ("split_number = lambda a, r, N: gcd(a ** (r // 2) - 1, N)", "two factors"),
        ("split_number = lambda a, r, N: (a, r)", "the product"),
    ],
    "shift_gradient": [
        (SHIFT.format(by="np.pi / 2", over="1"), "Halve it"),
        (SHIFT.format(by="-np.pi / 2", over="2"), "The sign"),
        (SHIFT.format(by="np.pi / 2", over="np.pi"), "the distance"),
        (SHIFT.format(by="90", over="2"), "radians"),
        (SHIFT.format(by="0.01", over="0.02"), "take larger shifts"),
        (SHIFT.format(by="0.5", over="1"), "Nearly right"),
        ("shift_gradient = lambda f, angle: f(angle + np.pi / 2) - f(angle)", "derivative is"),
        ("shift_gradient = lambda f, angle: f(angle + np.pi / 2)", "derivative is"),
    ],
}
