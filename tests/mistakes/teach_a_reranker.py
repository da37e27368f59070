"""Plausible wrong answers to the exercises of notebook 15."""

SHARES = "def shares(scores, temperature):\n    z = scores / temperature\n    "
FAR = "def divergence(teacher, own):\n    "
NEEDED = "def questions_needed(sizes, chances, goal=0.8):\n    "

MISTAKES = {
    "judges": [
        ("judges = ([-2.0, -2.1, -4.0], [0.60, 0.30, 0.62])", "SmolLM2 alone is already right"),
        ("judges = ([-2.1, -2.0, -4.0], [0.63, 0.30, 0.62])", "MaxSim alone is already right"),
        ("judges = ([-2.1, -2.0, -4.0], [0.60, 0.62, 0.30])", "the same wrong text"),
        ("judges = ([-3.0, -2.0, -4.0], [0.50, 0.45, 0.55])", "Remember the factor 8"),
        ("judges = ([0.4, 0.5, 0.1], [0.60, 0.30, 0.62])", "cannot be above 0"),
        ("judges = ([-2.1, -2.0, -4.0], [6.0, 3.0, 6.2])", "between -1 and 1"),
        ("judges = ([-2.1, -2.0], [0.60, 0.30])", "one for each text"),
        ("judges = [-2.1, -2.0, -4.0]", "should be a pair"),
    ],
    "shares": [
        (
            "def shares(scores, temperature):\n    powers = np.exp(scores)\n"
            "    return powers / powers.sum(axis=1, keepdims=True)",
            "temperature is missing",
        ),
        (
            "def shares(scores, temperature):\n    powers = np.exp(scores * temperature)\n"
            "    return powers / powers.sum(axis=1, keepdims=True)",
            "multiply by the temperature",
        ),
        (SHARES + "return np.exp(z) / np.exp(z).sum(axis=0)", "columns add up to 1"),
        (SHARES + "return np.exp(z) / np.exp(z).sum()", "All your numbers together"),
        (SHARES + "return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)", "Subtract the largest score"),
        (SHARES + "return z / z.max(axis=1, keepdims=True)", "should add up to 1"),
    ],
    "loss": [
        ("def loss(cosines, teacher):\n    return -(teacher * np.log(shares(cosines, 1 / 40))).sum()", "sum over the"),
        ("def loss(cosines, teacher):\n    return -(teacher * np.log(shares(cosines, 1 / 40))).mean()", "the texts as"),
        (
            "def loss(cosines, teacher):\n    return -(teacher * np.log(shares(cosines, 1 / 40))).sum(axis=1)",
            "Take their mean",
        ),
        (
            "def loss(cosines, teacher):\n"
            "    return (teacher * np.log(teacher / shares(cosines, 1 / 40))).sum(axis=1).mean()",
            "KL divergence",
        ),
        (
            "def loss(cosines, teacher):\n    return (teacher * np.log(shares(cosines, 1 / 40))).sum(axis=1).mean()",
            "The sign",
        ),
        (
            "def loss(cosines, teacher):\n    return -(shares(cosines, 1 / 40) * np.log(teacher)).sum(axis=1).mean()",
            "exchanged the two",
        ),
        (
            "def loss(cosines, teacher):\n    return -(teacher * np.log(shares(cosines, 1))).sum(axis=1).mean()",
            "temperature is missing",
        ),
    ],
    "gradient": [
        (
            "def gradient(cosines, teacher):\n    return 40 * (teacher - shares(cosines, 1 / 40)) / len(cosines)",
            "The sign",
        ),
        ("def gradient(cosines, teacher):\n    return (shares(cosines, 1 / 40) - teacher) / len(cosines)", "by 40"),
        ("def gradient(cosines, teacher):\n    return 40 * (shares(cosines, 1 / 40) - teacher)", "by their number"),
        ("def gradient(cosines, teacher):\n    return shares(cosines, 1 / 40) - teacher", "Two factors"),
        (
            "def gradient(cosines, teacher):\n    return 40 * (shares(cosines, 1 / 40) - teacher) / cosines.size",
            "summed",
        ),
    ],
    "keep": [
        (
            "def keep(lesson, row, n_articles):\n    return lesson.ranked[0] == row",
            "belongs to seven articles",
        ),
        (
            "def keep(lesson, row, n_articles):\n    return n_articles[lesson.query] == 1 and row in lesson.candidates",
            "favourite is another article",
        ),
        (
            "def keep(lesson, row, n_articles):\n    return n_articles[lesson.query] == 1",
            "favourite is another article",
        ),
        (
            "def keep(lesson, row, n_articles):\n"
            "    return n_articles[lesson.query] == 1 and lesson.candidates[0] == row",
            "it should be kept",
        ),
        (
            "def keep(lesson, row, n_articles):\n    return n_articles[lesson.query] == 1 and max(lesson.shares)",
            "True or False",
        ),
    ],
    "divergence": [
        (FAR + "return (teacher * np.log(teacher / own)).sum(axis=1)", "0 times the logarithm of 0"),
        (FAR + "return (own * np.log(own / teacher)).sum(axis=1)", "You exchanged the two"),
        (FAR + "return np.nan_to_num(teacher * np.log(teacher / own)).mean(axis=1)", "The divergence is their sum"),
        (FAR + "return np.nan_to_num(teacher * np.log(teacher / own)).sum()", "one number for the table"),
        (FAR + "return np.nan_to_num(teacher * np.log(teacher / own)).sum(axis=0)", "sum over the queries"),
        (FAR + "return -np.nan_to_num(teacher * np.log(teacher / own)).sum(axis=1)", "The sign"),
        (FAR + "return -(teacher * np.log(own)).sum(axis=1)", "That is the cross-entropy"),
        (FAR + "return np.nan_to_num(teacher * np.log(teacher / own))", "of shape (3,)"),
    ],
    "questions_needed": [
        (
            NEEDED + "return np.interp(goal, chances, sizes)",
            "np.log2(sizes)",
        ),
        (NEEDED + "return 2 ** np.interp(goal, chances, np.log2(sizes))", "never crosses it"),
        (NEEDED + "return np.interp(goal, chances, np.log2(sizes))", "Undo it"),
        (NEEDED + "return next(n for n, chance in zip(sizes, chances) if chance >= goal)", "Interpolate between"),
        (NEEDED + "return 2 ** np.interp(0.8, chances, np.log2(sizes))", "goal is not used"),
        (NEEDED + "return float('nan')", "gives no number"),
    ],
}
