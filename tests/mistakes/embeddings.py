"""Plausible wrong answers to the exercises of notebook 03, and a piece of the message that each must get."""

LOSS = """
def pair_loss(left, right, t):
    S = similarities(left, right)
    P = np.exp({weights})
    P = P / {of}
    D = np.diag(P)
    return {loss}
"""

MISTAKES = {
    "one_hot": [
        ("one_hot = np.eye(6)[[3, 5, 1]].T", "transposed"),
        ("one_hot = np.eye(6)[[0, 1, 2]]", "wrong column"),
        ("one_hot = table[[3, 5, 1]]", "Its shape should be"),
        ("one_hot = np.ones((3, 6))", "a single 1"),
        ("one_hot = [3, 5, 1]", "NumPy array"),
    ],
    "sits_step": [
        ("sits_step = 0.5 * (1 - sigmoid(cat @ sits)) * sits", "what sits does to cat"),
        ("sits_step = (1 - sigmoid(cat @ sits)) * cat", "learning rate is missing"),
        ("sits_step = 0.5 * (sigmoid(cat @ sits) - 1) * cat", "sign is turned round"),
        ("sits_step = sits + 0.5 * (1 - sigmoid(cat @ sits)) * cat", "the step alone"),
        ("sits_step = 0.5 * (1 - sigmoid(cat @ sits))", "two numbers"),
        ("sits_step = 0.5 * sigmoid(cat @ sits) * cat", "as it was before"),
    ],
    "pool": [
        ("pool = lambda rows: rows.mean(axis=1)", "axis 0"),
        ("pool = lambda rows: rows.mean(axis=0)", "divide the average by its length"),
        ("pool = lambda rows: rows[0] / np.linalg.norm(rows[0])", "not the encoder's vector"),
        ("pool = lambda rows: rows.max(axis=0) / np.linalg.norm(rows.max(axis=0))", "not the encoder's vector"),
        ("pool = embed(['A cat'])[0]", "should be a function"),
    ],
    "closest_opposites": [
        ("closest_opposites = min(opposites, key=lambda pair: np.dot(*embed(list(pair))))", "lowest cosine"),
        ("closest_opposites = ('car', 'automobile')", "not in the list"),
        ("closest_opposites = 'hot'", "one of the pairs"),
        ("closest_opposites = ('hot', 'cold')", "another pair"),
    ],
    "similarities": [
        ("similarities = lambda left, right: left @ right.T", "longer row"),
        ("similarities = lambda left, right: (left * right).sum(axis=1)", "shape (3, 3)"),
        (
            "def similarities(left, right):\n    left = left / np.linalg.norm(left, axis=1, keepdims=True)\n"
            "    return left @ right.T",
            "Scale both sides",
        ),
        (
            "def similarities(left, right):\n    left = left / np.linalg.norm(left)\n"
            "    right = right / np.linalg.norm(right)\n    return left @ right.T",
            "its own length",
        ),
    ],
    "pair_loss": [
        (LOSS.format(weights="S / t", of="P.sum(axis=1, keepdims=True)", loss="np.log(D).mean()"), "is negative"),
        (
            LOSS.format(weights="S / t", of="P.sum(axis=1, keepdims=True)", loss="-np.log(D).sum()"),
            "sum over the pairs",
        ),
        (LOSS.format(weights="S / t", of="P.sum(axis=1, keepdims=True)", loss="-np.log(P).mean()"), "whole matrix"),
        (
            LOSS.format(weights="S / t", of="P.sum(axis=1, keepdims=True)", loss="-np.log(D.mean())"),
            "of the logarithms",
        ),
        (LOSS.format(weights="S / t", of="P.sum(axis=1, keepdims=True)", loss="-np.log(D)"), "one number"),
        (LOSS.format(weights="S", of="P.sum(axis=1, keepdims=True)", loss="-np.log(D).mean()"), "Nothing was divided"),
        (LOSS.format(weights="S * t", of="P.sum(axis=1, keepdims=True)", loss="-np.log(D).mean()"), "divide by it"),
        (LOSS.format(weights="S / t", of="P.sum(axis=0)", loss="-np.log(D).mean()"), "Your columns sum to 1"),
    ],
    "pull_only": [
        ("pull_only = lambda similarity: -np.diag(similarity).mean()", "one number"),
        ("pull_only = lambda similarity: -np.ones(len(similarity)) / len(similarity)", "shape of the similarities"),
        ("pull_only = lambda similarity: np.eye(len(similarity)) / len(similarity)", "the sign is minus"),
        ("pull_only = lambda similarity: -np.eye(len(similarity))", "divide by their number"),
        (
            "def pull_only(similarity):\n    weights = np.exp(similarity)\n"
            "    return weights / weights.sum(axis=1, keepdims=True) - np.eye(len(similarity))",
            "no pushes",
        ),
        ("pull_only = lambda similarity: -np.diag(np.diag(similarity)) / len(similarity)", "whatever the similarities"),
    ],
}
