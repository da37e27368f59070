"""Plausible wrong answers to the exercises of notebook 22, and a piece of the message that each must get."""

IBAN = """
def is_iban(number):
    plain = number{replace}
    digits = "".join(str(int(sign, 36)) for sign in {order})
    return {answer}
"""
SPACES, ORDER, ONE = '.replace(" ", "")', "plain[4:] + plain[:4]", "int(digits) % 97 == 1"
FIND = """
def find_break(entries, hashes):
    before = START
    for place, (entry, stored) in enumerate(zip(entries, hashes)):
        if link({before}, entry) != stored:
            return place
        {after}
    return {whole}
"""
MEAN = """
def private_mean(gradients, C, sigma, rng):
    return {answer}
"""
NOISE = "rng.normal(0, sigma * C, gradients.shape[1])"

MISTAKES = {
    "is_iban": [
        (IBAN.format(replace=SPACES, order="plain", answer=ONE), "yours refuses it"),
        (IBAN.format(replace="", order=ORDER, answer="' ' not in number and " + ONE), "Spaces do not count"),
        (IBAN.format(replace=SPACES, order=ORDER, answer="int(digits) % 97"), "yours accepts it"),
        (IBAN.format(replace=SPACES, order=ORDER, answer="True"), "yours accepts it"),
        (IBAN.format(replace=SPACES, order=ORDER, answer="int(int(digits) % 97 == 1)"), "True or False"),
        ("is_iban = 'GB82'", "should be a function"),
    ],
    "salary_of_ysmera": [
        ("salary_of_ysmera = mean_salary(everybody)", "mean of all eleven"),
        (
            "salary_of_ysmera = mean_salary(everybody) - mean_salary([n for n in everybody if n != 'Ysmera'])",
            "sums do",
        ),
        ("salary_of_ysmera = 11 * mean_salary(everybody) - 11 * mean_salary(everybody[:-1])", "ten others"),
        ("salary_of_ysmera = '5235'", "should be a number"),
    ],
    "find_break": [
        (FIND.format(before="before", after="before = stored", whole="None"), "gives nothing back"),
        (FIND.format(before="START", after="pass", whole="-1"), "This log is whole"),
        (FIND.format(before="before", after="before = stored", whole="len(entries)"), "This log is whole"),
        ("find_break = lambda entries, hashes: -1", "was changed"),
        (
            FIND.format(before="before", after="before = stored", whole="-1").replace(
                "return place", "return place + 1"
            ),
            "yours says 1",
        ),
    ],
    "build_clip": [
        ("clip_each = lambda gradients, C: np.clip(gradients, -C, C)", "each number by itself"),
        (
            "clip_each = lambda g, C: C * g / np.maximum(np.linalg.norm(g, axis=1, keepdims=True), 1e-12)",
            "made longer",
        ),
        ("clip_each = lambda g, C: g * np.minimum(1, C / np.linalg.norm(g))", "its own length"),
        (
            "clip_each = lambda g, C: g * np.where(np.linalg.norm(g, axis=1, keepdims=True) > C, "
            "C / np.linalg.norm(g, axis=1, keepdims=True), g / g)",
            "yours is NaN",
        ),
    ],
    "build_mean": [
        (MEAN.format(answer=f"gradients.mean(axis=0) + {NOISE} / len(gradients)"), "Nothing was clipped"),
        (
            MEAN.format(answer=f"clip_rows(gradients.mean(axis=0)[None], C)[0] + {NOISE} / len(gradients)"),
            "clipped the mean",
        ),
        (MEAN.format(answer="clip_rows(gradients, C).mean(axis=0)"), "no noise in it"),
        (MEAN.format(answer=f"clip_rows(gradients, C).mean(axis=0) + {NOISE}"), "then divide"),
        (MEAN.format(answer=f"(clip_rows(gradients, C).sum(axis=0) + {NOISE.replace(' * C', '')}) / 2"), "grow with C"),
        (MEAN.format(answer=f"clip_rows(gradients, C).sum(axis=0) + {NOISE}"), "Without noise it should be"),
    ],
    "build_account": [
        (
            "def account(sigma, n_steps, delta):\n    a = np.arange(2, 129)\n"
            "    return np.max(n_steps * a / (2 * sigma**2) + np.log(1 / delta) / (a - 1))",
            "not the largest",
        ),
        (
            "def account(sigma, n_steps, delta):\n    a = np.arange(2, 129)\n"
            "    return np.min(n_steps * a / (2 * sigma) + np.log(1 / delta) / (a - 1))",
            "noise is squared",
        ),
        (
            "def account(sigma, n_steps, delta):\n    a = np.arange(2, 129)\n"
            "    return n_steps * np.min(a / (2 * sigma**2) + np.log(1 / delta) / (a - 1))",
            "added the steps up",
        ),
        (
            "def account(sigma, n_steps, delta):\n    a = np.arange(2, 129)\n"
            "    return np.min(n_steps * a / (2 * sigma**2) + np.log(delta) / (a - 1))",
            "that of delta",
        ),
    ],
}
