"""Plausible wrong answers to the exercises of notebook 16, and a piece of the message that each must get."""

WINDOWS = "np.lib.stride_tricks.sliding_window_view"
UNIT = "(texts / np.linalg.norm(texts, axis=1, keepdims=True))"
LOSS = """
def two_way_loss(scores):
    p, q = (np.exp(each - each.max(axis=1, keepdims=True)) for each in (scores, scores.T))
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore"):
        return {loss}
"""
BACK = "gradient_of_rows(wrong @ b, a, lengths)"
STEP = """
def update_v(v, x, b, temperature, size):
    a, lengths = scaled_rows(x @ v)
    wrong = wrong_table(a @ b.T / temperature) / {over}
    return v {way} * (x.T @ {back})
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
    "two_way_loss": [
        (LOSS.format(loss="np.log(np.diag(p) * np.diag(q)).mean() / 2"), "is negative"),
        (LOSS.format(loss="-np.log(np.diag(p) * np.diag(q)).mean()"), "sum of the two directions"),
        (LOSS.format(loss="-np.log(np.diag(p) * np.diag(q)).sum() / 2"), "sum over the pairs"),
        (LOSS.format(loss="-np.log(p * q).mean() / 2"), "whole matrix"),
        (LOSS.format(loss="-np.log(np.diag(p)).mean()"), "Only pictures choose"),
        (LOSS.format(loss="-np.log(np.diag(q)).mean()"), "Only texts choose"),
        (LOSS.format(loss="-np.log(np.diag(p) * np.diag(q)) / 2"), "one number"),
        (
            "def two_way_loss(scores):\n    a, b = (np.exp(each) for each in (scores, scores.T))\n"
            "    p, q = (np.diag(e / e.sum(axis=1, keepdims=True)) for e in (a, b))\n"
            "    return -np.log(p * q).mean() / 2",
            "overflows",
        ),
        (LOSS.format(loss="-np.log(np.diag(p) * np.diag(q)).mean() / 2"), "logarithm infinite"),
        (
            "def two_way_loss(scores):\n    losses = []\n"
            "    scores -= scores.max(axis=1, keepdims=True)  # the columns have other largest scores\n"
            "    for each in (scores, scores.T):\n"
            "        logs = each - np.log(np.exp(each).sum(axis=1, keepdims=True))\n"
            "        losses.append(-np.diag(logs).mean())\n    return np.mean(losses)",
            "the loss is",
        ),
        ("two_way_loss = pictures", "should be a function"),
    ],
    "wrong_table": [
        (
            "def wrong_table(scores):\n    scores -= scores.max(axis=1, keepdims=True)\n"
            "    return (softmax(scores) + softmax(scores.T).T) / 2 - np.eye(len(scores))",
            "by row and by column",
        ),
        ("wrong_table = lambda s: (softmax(s) + softmax(s.T).T) / 2", "take 1 away"),
        ("wrong_table = lambda s: np.eye(len(s)) - (softmax(s) + softmax(s.T).T) / 2", "sign is turned"),
        ("wrong_table = lambda s: softmax(s) - np.eye(len(s))", "Only the rows choose"),
        ("wrong_table = lambda s: (softmax(s) + softmax(s.T)) / 2 - np.eye(len(s))", "on their side"),
        ("wrong_table = lambda s: softmax(s) + softmax(s.T).T - np.eye(len(s))", "take their mean"),
        ("wrong_table = lambda s: np.diag(softmax(s)) - 1", "a cell for each score"),
    ],
    "update_v": [
        (STEP.format(way="+ size", over="(len(x) * temperature)", back=BACK), "You went up"),
        (STEP.format(way="- 1", over="(len(x) * temperature)", back=BACK), "size of the step"),
        (STEP.format(way="- size", over="temperature", back=BACK), "divide the table by len(x)"),
        (STEP.format(way="- size", over="len(x)", back=BACK), "divide the table by it as well"),
        (STEP.format(way="- size", over="1", back=BACK), "len(x) * temperature first"),
        (STEP.format(way="- size", over="(len(x) * temperature)", back="wrong @ b"), "to another place"),
        ("update_v = lambda v, x, b, temperature, size: v", "has not moved"),
        ("update_v = lambda v, x, b, temperature, size: x @ v", "shape of the old one"),
    ],
    "zero_shot": [
        (f"zero_shot = lambda pictures, texts, owner: (pictures @ {UNIT}.T).argmax(axis=1)", "places of the texts"),
        ("zero_shot = lambda pictures, texts, owner: owner[(pictures @ texts.T).argmax(axis=1)]", "by its length"),
        (f"zero_shot = lambda pictures, texts, owner: owner[(pictures @ {UNIT}.T).argmax(axis=0)]", "one class"),
        (f"zero_shot = lambda pictures, texts, owner: owner[(pictures @ {UNIT}.T).argmin(axis=1)]", "nearest text"),
        ("zero_shot = owner", "should be a function"),
    ],
}
