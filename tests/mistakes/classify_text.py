"""Plausible wrong answers to the exercises of notebook 08, and a piece of the message that each must get."""

MISTAKES = {
    "macro": [
        ("my_macro_f1 = lambda truth, said: (truth == said).mean()", "That is the accuracy"),
        (
            "def my_macro_f1(truth, said):\n"
            "    return np.mean([(said[truth == name] == name).mean() for name in np.unique(truth)])",
            "average recall",
        ),
        (
            "def my_macro_f1(truth, said):\n"
            "    scores = []\n"
            "    for name in np.unique(said):\n"
            "        hits = ((truth == name) & (said == name)).sum()\n"
            "        scores.append(2 * hits / ((truth == name).sum() + (said == name).sum()))\n"
            "    return np.mean(scores)",
            "The owl is missing",
        ),
        (
            "def my_macro_f1(truth, said):\n"
            "    from sklearn.metrics import f1_score\n"
            "    return f1_score(truth, said, average='weighted')",
            "plain average",
        ),
        ("my_macro_f1 = lambda truth, said: np.array([0.5, 0.5])", "one number"),
        ("my_macro_f1 = lambda truth, said: float('nan')", "NaN"),
    ],
    "mend_names": [
        ("label_texts = {str(name): str(name) for name in names}", "Of 'People' it finds"),
        ("label_texts = {str(name): str(name).upper() for name in names}", "is asked for"),
        ("label_texts = {'People': 'a person who was born'}", "There is no text for 'Arts'"),
        ("label_texts = [str(name) for name in names]", "dictionary"),
        ("label_texts = {str(name): '' for name in names}", "not empty"),
    ],
    "poison": [
        (
            "spoiled = train_topics.copy()\nspoiled[np.flatnonzero(spoiled == 'Mathematics')[:190]] = 'People'",
            "strangers",
        ),
        ("spoiled = train_topics.copy()", "No label differs"),
        ("spoiled = train_topics.copy()\nspoiled[spoiled == 'Geography'] = 'Mathematics'", "must be enough"),
        (
            "spoiled = train_topics.copy()\nspoiled[np.flatnonzero(spoiled == 'Technology')[:300]] = 'Mathematics'",
            "still found",
        ),
        ("spoiled = ['Mathematics'] * 300", "a label for each"),
        ("spoiled = train_topics.copy()\nspoiled[:9] = 'Maths'", "is no topic"),
    ],
}
