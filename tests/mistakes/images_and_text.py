"""Plausible wrong answers to the exercises of notebook 16, and a piece of the message that each must get."""

WINDOWS = "np.lib.stride_tricks.sliding_window_view"
UNIT = "(texts / np.linalg.norm(texts, axis=1, keepdims=True))"
LOSS = """
def diagonal_loss(scores):
    weights = np.exp(scores - scores.max(axis={axis}, keepdims=True))
    p = weights / weights.sum(axis={axis}, keepdims=True)
    return {loss}
"""

MISTAKES = {
    "convolve": [
        ("convolve = lambda p, k: np.zeros(p.shape)", "two places fewer"),
        (f"convolve = lambda p, k: ({WINDOWS}(p, (3, 3)) * k).mean(axis=(2, 3))", "adds them up"),
        (f"convolve = lambda p, k: ({WINDOWS}(p, (3, 3)) * k[::-1, ::-1]).sum(axis=(2, 3))", "turned the kernel"),
        (f"convolve = lambda p, k: {WINDOWS}(p, (3, 3)).sum(axis=(2, 3))", "number by number"),
        ("convolve = edge", "should be a function"),
    ],
    "wrong_order": [
        ("wrong_order = [0, 1, 2, 3]", "the right order"),
        ("wrong_order = [1, 0, 3, 2]", "another order"),
        ("wrong_order = [1, 1, 2, 3]", "should come once"),
        ("wrong_order = 3", "four places"),
    ],
    "scaled_cosines": [
        ("scaled_cosines = lambda a, b, t: a @ b.T / t", "Long rows"),
        (
            "def scaled_cosines(a, b, t):\n    a = a / np.linalg.norm(a, axis=1, keepdims=True)\n"
            "    b = b / np.linalg.norm(b, axis=1, keepdims=True)\n    return a @ b.T",
            "by the temperature",
        ),
        (
            "def scaled_cosines(a, b, t):\n    a = a / np.linalg.norm(a, axis=1, keepdims=True)\n"
            "    b = b / np.linalg.norm(b, axis=1, keepdims=True)\n    return a @ b.T * t",
            "You multiplied",
        ),
        ("scaled_cosines = lambda a, b, t: (a * b).sum(axis=1)", "(3, 3)"),
    ],
    "diagonal_loss": [
        (LOSS.format(axis=1, loss="np.log(np.diag(p)).mean()"), "is negative"),
        (LOSS.format(axis=1, loss="-np.log(np.diag(p)).sum()"), "the sum over the pairs"),
        (LOSS.format(axis=1, loss="-np.log(p).mean()"), "whole matrix"),
        (LOSS.format(axis=0, loss="-np.log(np.diag(p)).mean()"), "each row chooses"),
        (
            "def diagonal_loss(scores):\n    p = np.exp(scores)\n"
            "    return -np.log(np.diag(p / p.sum(axis=1, keepdims=True))).mean()",
            "overflows",
        ),
        (LOSS.format(axis=1, loss="-np.log(np.diag(p))"), "one number"),
    ],
    "two_way_loss": [
        ("two_way_loss = lambda a, b, t: diagonal_loss(scaled_cosines(a, b, t))", "Only pictures choose"),
        ("two_way_loss = lambda a, b, t: diagonal_loss(scaled_cosines(b, a, t))", "Only texts choose"),
        (
            "two_way_loss = lambda a, b, t: diagonal_loss(s := scaled_cosines(a, b, t)) + diagonal_loss(s.T)",
            "take their mean",
        ),
        ("two_way_loss = lambda a, b, t: diagonal_loss(scaled_cosines(a, b, 1.0))", "divided by it"),
    ],
    "zero_shot": [
        (f"zero_shot = lambda pictures, texts, owner: (pictures @ {UNIT}.T).argmax(axis=1)", "places of the texts"),
        ("zero_shot = lambda pictures, texts, owner: owner[(pictures @ texts.T).argmax(axis=1)]", "by its length"),
        (f"zero_shot = lambda pictures, texts, owner: owner[(pictures @ {UNIT}.T).argmax(axis=0)]", "one class"),
        (f"zero_shot = lambda pictures, texts, owner: owner[(pictures @ {UNIT}.T).argmin(axis=1)]", "nearest text"),
        ("zero_shot = owner", "should be a function"),
    ],
}
