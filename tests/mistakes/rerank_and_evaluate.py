"""Plausible wrong answers to the exercises of notebook 06, and a piece of the message that each must get."""

MISTAKES = {
    "reciprocal": [
        (
            "def first_right(ranking, relevant):\n"
            "    for place, text in enumerate(ranking):\n"
            "        if text in relevant:\n"
            "            return 1 / max(place, 0.5)\n"
            "    return 0.0",
            "start enumerate at 1",
        ),
        (
            "def first_right(ranking, relevant):\n"
            "    for place, text in enumerate(ranking, start=1):\n"
            "        if text in relevant:\n"
            "            return place\n"
            "    return 0",
            "one over it",
        ),
        (
            "def first_right(ranking, relevant):\n"
            "    for place, text in enumerate(ranking, start=1):\n"
            "        if text in relevant:\n"
            "            return 1 / place",
            "return",
        ),
        ("first_right = lambda ranking, relevant: len(set(ranking) & relevant) / len(relevant)", "is right"),
        ("first_right = 0.5", "should be a function"),
    ],
    "cheating": [
        ("unfair = np.flatnonzero(rr['dense'] > rr['BM25'])", "Turn the comparison round"),
        ("unfair = rr['BM25'] > rr['dense']", "np.flatnonzero"),
        ("unfair = [0, 1, 2]", "at least 10"),
        ("unfair = list(range(len(asked)))", "BM25"),
        ("unfair = [5] * 12", "twice"),
        ("unfair = [500] * 3", "go from 0"),
        ("unfair = 7", "list of positions"),
    ],
    "late_interaction": [
        ("maxsim = lambda question, text: (question @ text.T).max(axis=0).sum()", "other axis"),
        ("maxsim = lambda question, text: (question @ text.T).max(axis=1).mean()", "mean of the best"),
        ("maxsim = lambda question, text: (question @ text.T).max(axis=1)", "one number"),
        ("maxsim = lambda question, text: (question @ text.T).sum()", "All pairs"),
        ("maxsim = lambda question, text: (question @ text.T).max()", "single best"),
        ("maxsim = lambda question, text: question @ text.T", "table of all"),
    ],
}
