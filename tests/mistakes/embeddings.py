"""Plausible wrong answers to the exercises of notebook 03, and a piece of the message that each must get."""

MISTAKES = {
    "one_hot": [
        ("one_hot = np.eye(6)[[3, 5, 1]].T", "on its side"),
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
}
