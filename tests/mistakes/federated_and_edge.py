"""Plausible wrong answers to the exercises of notebook 23, and a piece of the message that each must get."""

TRIMMED = "trimmed = lambda models, n_cut: {}"
UNMASK = """
def unmask(sent, masks, gone):
    total = sum(sent.values())
    for (left, right), mask in masks.items():
        if right == gone:
            total {one}= mask
        elif left == gone:
            total {two}= mask
    return total{end}
"""
FOUR = """
def to_four_bits(row):
    minimum = {minimum}
    scale = (row.max() - row.min()) / {steps}
    return {how}((row - minimum) / {scale}), scale, minimum
"""

MISTAKES = {
    "lie": [
        ("lie = lambda W: -W", "be louder"),
        ("lie = lambda W: np.zeros_like(W)", "be louder"),
        ("lie = lambda W: W * np.nan", "finite numbers"),
        ("lie = lambda W: W[:10]", "takes models of the shape"),
        ("def lie(W):\n    W[-1, 5] = 1000\n    return W", "work on a copy"),
    ],
    "trimmed": [
        (TRIMMED.format("np.mean(models, axis=0)"), "extremes still inside"),
        (TRIMMED.format("np.median(models, axis=0)"), "That is the median"),
        (TRIMMED.format("np.sort(models, axis=0)[: len(models) - n_cut].mean(axis=0)"), "cut the largest only"),
        (TRIMMED.format("np.mean(models[n_cut : len(models) - n_cut], axis=0)"), "whatever they sent"),
        (TRIMMED.format("np.sort(models, axis=0)[n_cut:-n_cut].mean(axis=0)"), "is empty"),
        (TRIMMED.format("np.sort(models, axis=0)[n_cut : len(models) - n_cut]"), "shape of one model"),
        ("trimmed = [[4.0, -4.0, 5.0]]", "should be a function"),
    ],
    "unmask": [
        ("unmask = lambda sent, masks, gone: sum(sent.values()) % 100", "still inside"),
        (UNMASK.format(one="+", two="-", end=" % 100"), "second time"),
        (UNMASK.format(one="-", two="-", end=" % 100"), "add it back"),
        (UNMASK.format(one="-", two="+", end=""), "Take the remainder"),
        ("unmask = lambda sent, masks, gone: 15", "the sum is 29"),
    ],
    "build_four_bits": [
        (FOUR.format(minimum="row.min()", steps=16, how="np.rint", scale="scale"), "15 steps"),
        (FOUR.format(minimum="row.min()", steps=15, how="np.floor", scale="scale"), "cut the decimals off"),
        (FOUR.format(minimum="row.min()", steps=15, how="np.rint", scale="scale"), "no NaN"),
        (FOUR.format(minimum="0.0", steps=15, how="np.rint", scale="scale"), "The minimum is that"),
        ("to_four_bits = lambda row: np.rint(row * 15)", "three things"),
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
