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
RING = """
def ring(missed, window, count, first):
    for i in range({}, len(missed)):
        if missed[{} : i + 1].sum() >= count:
            return i
    return {}
"""

MISTAKES = {
    "spoil": [
        (SPOIL.format("0", "5 * np.abs(row).max()"), "still come back"),
        (SPOIL.format("0", "0"), "still come back"),
        (SPOIL.format("0", "np.inf"), "finite number"),
        (SPOIL.format(":2", "1e6"), "Change a single weight"),
        ("def spoil(row):\n    row[0] = 1e6\n    return row", "work on a copy"),
    ],
    "n_bytes": [
        ("n_bytes = lambda n, bits, block, kept: n * kept * bits / 8", "the scales are missing"),
        (
            "n_bytes = lambda n, bits, block, kept: n * kept * bits / 8 + (2 * n / block if bits < 32 else 0)",
            "Add one bit for each place",
        ),
        (
            "n_bytes = lambda n, bits, block, kept: n * kept * bits / 8 + 2 * n / block + (n / 8 if kept < 1 else 0)",
            "should be 136 bytes",
        ),
        ("n_bytes = lambda n, bits, block, kept: n * kept * bits + 16 * n // block", "those are bits"),
    ],
    "ring": [
        (RING.format("0", "max(0, i - window + 1)", "len(missed)"), "before first"),
        (RING.format("max(first, window - 1)", "max(0, i - window + 1)", "len(missed)"), "full window"),
        (RING.format("first", "max(first, i - window + 1)", "len(missed)"), "forgot the articles before"),
        (RING.format("first", "max(0, i - window + 1)", "0"), "never rings"),
        (RING.format("first", "max(0, i - window)", "len(missed)"), "it rings at"),
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
