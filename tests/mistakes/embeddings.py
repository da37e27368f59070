"""Plausible wrong answers to the exercises of notebook 03, and a piece of the message that each must get."""

MISTAKES = {
    "one_hot": [
        ("one_hot = np.eye(6)[[3, 5, 1]].T", "transposed"),
        ("one_hot = np.eye(6)[[0, 1, 2]]", "wrong column"),
        ("one_hot = table[[3, 5, 1]]", "Its shape should be"),
        ("one_hot = np.ones((3, 6))", "a single 1"),
        ("one_hot = [3, 5, 1]", "NumPy array"),
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
    "partner_probabilities": [
        (
            "def partner_probabilities(similarity, temperature):\n    weights = np.exp(similarity)\n"
            "    return weights / weights.sum(axis=1, keepdims=True)",
            "Nothing was divided",
        ),
        (
            "def partner_probabilities(similarity, temperature):\n    weights = np.exp(similarity * temperature)\n"
            "    return weights / weights.sum(axis=1, keepdims=True)",
            "divide by it",
        ),
        (
            "def partner_probabilities(similarity, temperature):\n    weights = np.exp(similarity / temperature)\n"
            "    return weights / weights.sum(axis=0)",
            "Your columns sum to 1",
        ),
        (
            "def partner_probabilities(similarity, temperature):\n    weights = np.exp(similarity / temperature)\n"
            "    return weights / weights.sum()",
            "sums to 1",
        ),
    ],
    "pair_loss": [
        (
            "pair_loss = lambda left, right, temperature: np.log(np.diag(partner_probabilities("
            "similarities(left, right), temperature))).mean()",
            "is negative",
        ),
        (
            "pair_loss = lambda left, right, temperature: -np.log(np.diag(partner_probabilities("
            "similarities(left, right), temperature))).sum()",
            "sum over the pairs",
        ),
        (
            "pair_loss = lambda left, right, temperature: -np.log(partner_probabilities("
            "similarities(left, right), temperature)).mean()",
            "whole matrix",
        ),
        (
            "pair_loss = lambda left, right, temperature: -np.log(np.diag(partner_probabilities("
            "similarities(left, right), temperature)).mean())",
            "mean of the logarithms",
        ),
        (
            "pair_loss = lambda left, right, temperature: -np.log(np.diag(partner_probabilities("
            "similarities(left, right), temperature)))",
            "one number",
        ),
    ],
}
