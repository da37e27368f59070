"""Plausible wrong answers to the exercises of notebook 17, and a piece of the message that each must get."""

SOLVE = "np.linalg.solve"
SOFT = "def soft_rows(f, mean, w, base, length):\n    moved = {moved}\n    return {rows}"
UNIT = "moved / np.linalg.norm(moved, axis=1, keepdims=True)"
PICK = "first_among = lambda v, a: (1.0 * (np.take_along_axis({centred}, a, axis=1).argmax(axis=1) == 0))"
CARRY = (
    "def carry_back(x, down, up, length, s):\n    moved = x @ down @ up\n"
    "    size = np.linalg.norm(moved, axis=1, keepdims=True)\n    unit = moved / size\n"
    "    across = s - (s * unit).sum(axis=1, keepdims=True) * unit\n    back = {back}\n"
    "    return x.T @ (back @ up.T), (x @ down).T @ back, s.sum(axis=0)"
)

MISTAKES = {
    "ridge": [
        (f"ridge = lambda x, y, c: {SOLVE}(x.T @ x, x.T @ y)", "cost nothing"),
        (f"ridge = lambda x, y, c: {SOLVE}(x.T @ x + c, x.T @ y)", "every entry"),
        (f"ridge = lambda x, y, c: {SOLVE}(x.T @ x + c * np.eye(x.shape[1]), x.T @ y).T", "transposed"),
        (f"ridge = lambda x, y, c: {SOLVE}(x @ x.T + c * np.eye(len(x)), y)", "x @ x.T pictures"),
        (f"ridge = lambda x, y, c: {SOLVE}(x.T @ x + c**2 * np.eye(x.shape[1]), x.T @ y)", "squared the cost"),
        ("ridge = lambda x, y, c: x.T @ y / (1 + c)", "W solves"),
        ("def ridge(x, y, c):\n    x *= 2\n    return x.T @ y", "changes what it was given"),
        ("ridge = rows", "should be a function"),
    ],
    "fit": [
        ("fit = lambda f, r, c: ridge(f - f.mean(axis=0), r - r.mean(axis=0), c)", "three things"),
        ("fit = lambda f, r, c: (f.mean(axis=0), ridge(f, r, c), r.mean(axis=0))", "before you fit"),
        ("fit = lambda f, r, c: (f.mean(axis=0), ridge(f, r - r.mean(axis=0), c), r.mean(axis=0))", "keep their mean"),
        ("fit = lambda f, r, c: (f.mean(), ridge(f - f.mean(), r - r.mean(), c), r.mean())", "axis=0"),
        ("fit = lambda f, r, c: (0 * f[0], ridge(f, r, c), 0 * r[0])", "First comes the mean"),
        (
            "fit = lambda f, r, c: (f.mean(axis=0), ridge(r - r.mean(axis=0), f - f.mean(axis=0), c), r.mean(axis=0))",
            "W is ridge",
        ),
        ("fit = features", "should be a function"),
        (
            "def fit(f, r, c):\n    mean, base = f.mean(axis=0), r.mean(axis=0)\n    f -= mean\n    r -= base\n"
            "    return mean, ridge(f, r, c), base",
            "changes the features or rows",
        ),
    ],
    "soft_rows": [
        (SOFT.format(moved="(f - mean) @ w", rows=f"length * {UNIT}"), "around 0"),
        (SOFT.format(moved="(f - mean) @ w", rows="base + length * moved"), "divide it by its own length"),
        (SOFT.format(moved="(f - mean) @ w", rows=f"base + {UNIT}"), "multiply them by length"),
        (
            SOFT.format(moved="(f - mean) @ w", rows="base + length * moved / np.linalg.norm(moved)"),
            "one number for all",
        ),
        (SOFT.format(moved="f @ w", rows=f"base + length * {UNIT}"), "Subtract the mean"),
        (SOFT.format(moved="(f - mean) @ w", rows=f"base - length * {UNIT}"), "In this order"),
        (SOFT.format(moved="(f - mean) @ w", rows="base + length"), "have"),
        (
            SOFT.format(moved="f @ w", rows=f"base + length * {UNIT}").replace(
                "    moved", "    f -= mean\n    moved", 1
            ),
            "changes an array",
        ),
    ],
    "first_among": [
        ("first_among = lambda v, a: 1.0 * (np.take_along_axis(v, a, axis=1).argmax(axis=1) == 0)", "axis=0"),
        (PICK.format(centred="v - v.mean(axis=1, keepdims=True)"), "axis=0"),
        ("first_among = lambda v, a: 1.0 * ((v - v.mean(axis=0)).argmax(axis=1) == a[:, 0])", "yours all do"),
        (PICK.format(centred="v.mean(axis=0) - v"), "the highest value"),
        (PICK.format(centred="v - v.mean(axis=0)") + ".mean()", "one number for each"),
        ("def first_among(v, a):\n    v -= v.mean(axis=0)\n    return v[:, 0]", "changes the values"),
        ("first_among = values", "should be a function"),
    ],
    "blind_caption": [
        ("blind_caption = lambda words: sorted(words[0])[-1]", "another word fits"),
        ("blind_caption = lambda words: max((w for each in words for w in each), key=len)", "another word fits"),
        ("blind_caption = lambda words: len(words)", "one word"),
        ("blind_caption = 'animal'", "should be a function"),
    ],
    "carry_back": [
        (CARRY.format(back="s"), "passed over"),
        (CARRY.format(back="length / size * s"), "the part along the row"),
        (CARRY.format(back="across"), "multiply by length, divided"),
        (CARRY.format(back="length * across"), "Divide by the norm"),
        (CARRY.format(back="2 / size * across"), "the length that the function is given"),
        (CARRY.format(back="across / size"), "Multiply by length"),
        (CARRY.format(back="length / size * across / len(x)"), "what goes into up"),
        (CARRY.format(back="length / size * across").replace("s.sum", "back.sum"), "as it came"),
        (CARRY.format(back="length / size * across").replace("s.sum", "s.mean"), "sum slope"),
        (CARRY.format(back="length / size * across").replace("x.T @ (back @ up.T)", "x.T @ back"), "shape of its part"),
        (CARRY.format(back="length / size * across").replace("(x @ down).T", "-(x @ down).T"), "what goes into up"),
        (CARRY.format(back="length / size * across").replace("x.T @ (", "2 * x.T @ ("), "on its way to down"),
        ("carry_back = lambda x, down, up, length, s: s @ up.T", "three gradients"),
        ("def carry_back(x, down, up, length, s):\n    s -= s.mean()\n    return down, up, s[0]", "changes an array"),
        ("carry_back = slope", "should be a function"),
    ],
}
