"""Plausible wrong answers to the exercises of notebook 28, and a piece of the message that each must get."""

FOUR = """
def to_four_bits(row):
    minimum = {minimum}
    scale = (row.max() - row.min()) / {steps}
    return {how}((row - minimum) / {scale}), scale, minimum
"""
SPOIL = """
def spoil(row):
    spoiled = row.copy()
    spoiled[{}] = {}
    return spoiled
"""
PRUNE = """
def prune(W, share):
    places = np.argsort({}, axis=None)
    left = {}
    left.flat[places[{}]] = 0
    return left
"""
SMALLEST = ": round(share * W.size)"
TRAIN = """
def train_rounded(w, X, y, rate, n_turns):
    {}
    for _ in range({}):
        missing = {}
        w {}
    return {}
"""
MISSING, MOVE = "y - X @ np.rint(w)", "= w + rate * X.T @ missing / len(y)"

MISTAKES = {
    "spoil": [
        (SPOIL.format("0", "5 * np.abs(row).max()"), "still come back"),
        (SPOIL.format("0", "0"), "still come back"),
        (SPOIL.format("0", "np.inf"), "finite number"),
        (SPOIL.format(":2", "1e6"), "Change a single weight"),
        ("def spoil(row):\n    row[0] = 1e6\n    return row", "work on a copy"),
    ],
    "prune": [
        (PRUNE.format("W", "W.copy()", SMALLEST), "far from zero"),
        (PRUNE.format("np.abs(W)", "W", SMALLEST), "work on a copy"),
        (PRUNE.format("np.abs(W)", "np.abs(W)", SMALLEST), "signs are gone"),
        (PRUNE.format("np.abs(W)", "W.copy()", "round(share * W.size) :"), "pruned the largest"),
        ("prune = lambda W, s: W * (np.abs(W) > np.quantile(np.abs(W), s, axis=1)[:, None])", "half of each row"),
        ("prune = lambda W, s: W * (np.abs(W) > np.quantile(np.abs(W), s))", "With the share 0 there should be 8"),
        ("prune = lambda W, s: W[np.abs(W) >= np.quantile(np.abs(W), s)]", "a whole matrix"),
        ("prune = lambda W, s: W * (np.abs(W) >= s)", "from 0.4 on should be left"),
    ],
    "train_rounded": [
        (TRAIN.format("pass", "n_turns", "y - X @ w", MOVE, "w"), "Forward the weights should be rounded"),
        (TRAIN.format("pass", "n_turns", MISSING, MOVE, "np.rint(w)"), "keep the decimals"),
        (TRAIN.format("pass", "n_turns", MISSING, "= np.rint(w + rate * X.T @ missing / len(y))", "w"), "small moves"),
        (TRAIN.format("pass", "n_turns", "X @ np.rint(w) - y", MOVE, "w"), "away from the goals"),
        (TRAIN.format("pass", "n_turns", MISSING, "= w + rate * X.T @ missing", "w"), "divide by their number"),
        (TRAIN.format("pass", "1", MISSING, MOVE, "w"), "take n_turns"),
        (TRAIN.format("pass", "n_turns", MISSING, "+= rate * X.T @ missing / len(y)", "w"), "w = w.copy()"),
        (TRAIN.format("pass", "n_turns", MISSING, "= np.rint(w) + rate * X.T @ missing / len(y)", "w"), "first weight"),
        (TRAIN.format("missing = y - X @ np.rint(w)", "n_turns", "missing", MOVE, "w"), "anew in each turn"),
    ],
    "build_four_bits": [
        (FOUR.format(minimum="row.min()", steps=16, how="np.rint", scale="scale"), "15 steps"),
        (FOUR.format(minimum="row.min()", steps=15, how="np.floor", scale="scale"), "cut the decimals off"),
        (FOUR.format(minimum="row.min()", steps=15, how="np.rint", scale="scale"), "no NaN"),
        (FOUR.format(minimum="0.0", steps=15, how="np.rint", scale="scale"), "The minimum is that"),
        ("to_four_bits = lambda row: np.rint(row * 15)", "three things"),
        (
            FOUR.format(minimum="row.min()", steps=15, how="np.rint", scale="scale").replace(
                "return", "if scale == 0:\n        return np.full(len(row), 7), 0.0, minimum\n    return"
            ),
            "should be 0, and no NaN",
        ),
        (
            "def to_four_bits(row):\n    m, scale = row.min(), (row.max() - row.min()) / 15\n    row -= m\n"
            "    return np.rint(row / (scale or 1)), scale, m",
            "not row -= minimum",
        ),
    ],
    "build_pack": [
        ("pack = lambda q: q[::2] | q[1::2] << 4", "paired neighbours"),
        ("pack = lambda q: q[:4] << 4 | q[4:]", "halves are exchanged"),
        ("pack = lambda q: q[:4] + 16 * q[4:].astype(int)", "a byte is a uint8"),
        ("pack = lambda q: q", "four bytes"),
    ],
    "build_unpack": [
        ("unpack = lambda p, s, m: np.concatenate([p & 15, p >> 4])", "Those are the whole numbers"),
        ("unpack = lambda p, s, m: np.concatenate([p & 15, p >> 4]) * s", "minimum is missing"),
        ("unpack = lambda p, s, m: (np.concatenate([p & 15, p >> 4]) + m) * s", "scale first"),
        ("unpack = lambda p, s, m: np.concatenate([p >> 4, p & 15]) * s + m", "halves are exchanged"),
        ("unpack = lambda p, s, m: p * s + m", "32 weights"),
    ],
}
