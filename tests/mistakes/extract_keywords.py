"""Plausible wrong answers to the exercises of notebook 10, and a piece of the message that each must get."""

LOOP = (
    "def my_mmr(text_vector, vectors, n, diversity):\n"
    "    near = relevance(text_vector, vectors)\n"
    "    chosen = [int(near.argmax())]\n"
    "    while len(chosen) < {end}:\n"
    "        worth = {worth}\n"
    "        {out}\n"
    "        chosen.append(int(worth.argmax()))\n"
    "    return chosen"
)
OUT, END = "worth[chosen] = -np.inf", "min(n, len(vectors))"
WORTH = "(1 - diversity) * near - diversity * redundancy(vectors, chosen)"
UNIT = "    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)\n"
DRAWN = (
    "def paired_interval(ours, theirs, rng):\n"
    "    draws = rng.integers(len(ours), size=(1000, len(ours)))\n"
    "    return np.percentile({means}, {ends})"
)
COST = "def cheapest(thresholds, split, joined, wrong):\n    cost = {cost}\n    return {end}"
LEAST = "max(t for t, c in zip(thresholds, cost) if c == cost.min())"

MISTAKES = {
    "build_relevance": [
        ("relevance = lambda text_vector, vectors: vectors @ text_vector", "dot products"),
        (
            "def relevance(text_vector, vectors):\n"
            + UNIT
            + "    return 1 - unit @ text_vector / np.linalg.norm(text_vector)",
            "distances",
        ),
        ("def relevance(text_vector, vectors):\n" + UNIT + "    return unit @ text_vector", "divide by its length too"),
        (
            "relevance = lambda text_vector, vectors: vectors @ text_vector / np.linalg.norm(text_vector)",
            "Each row has its own length",
        ),
        ("relevance = lambda text_vector, vectors: (vectors @ text_vector).max()", "4 numbers"),
        (
            "def relevance(text_vector, vectors):\n"
            "    return vectors @ text_vector / np.linalg.norm(vectors) / np.linalg.norm(text_vector)",
            "it should return [0.8",
        ),
    ],
    "build_redundancy": [
        (
            "def redundancy(vectors, chosen):\n" + UNIT + "    return (unit @ unit[chosen].T).mean(axis=1)",
            "take the mean",
        ),
        ("def redundancy(vectors, chosen):\n" + UNIT + "    return (unit @ unit[chosen].T).min(axis=1)", "smallest"),
        ("def redundancy(vectors, chosen):\n" + UNIT + "    return (unit @ unit[chosen].T).sum(axis=1)", "add the"),
        ("redundancy = lambda vectors, chosen: (vectors @ vectors[chosen].T).max(axis=1)", "different lengths"),
        (
            "def redundancy(vectors, chosen):\n" + UNIT + "    return (unit @ unit[chosen].T).max(axis=0)",
            "4 numbers",
        ),
        (
            "def redundancy(vectors, chosen):\n" + UNIT + "    return (unit @ unit.T).max(axis=1)",
            "it should return [1.0",
        ),
    ],
    "build_mmr": [
        (
            LOOP.format(worth="diversity * near - (1 - diversity) * redundancy(vectors, chosen)", out=OUT, end=END),
            "exchanged",
        ),
        (
            LOOP.format(worth="(1 - diversity) * near + diversity * redundancy(vectors, chosen)", out=OUT, end=END),
            "twins are welcome",
        ),
        (LOOP.format(worth=WORTH.replace("chosen", "chosen[:1]"), out=OUT, end=END), "first choice only"),
        (LOOP.format(worth=WORTH, out="pass", end=END), "twice"),
        (LOOP.format(worth=WORTH, out=OUT, end="n"), "twice"),
        (
            "my_mmr = lambda text_vector, vectors, n, diversity: np.argsort(-relevance(text_vector, vectors))[:n]",
            "relevance alone",
        ),
        ("my_mmr = lambda text_vector, vectors, n, diversity: [0]", "returns 1 positions"),
    ],
    "stuffing": [
        ("stuffed = honey", "Nothing is added"),
        ("stuffed = honey + ' Visit the casino.'", "more often"),
        ("stuffed = honey + ' casino' * 40", "must do"),
        ("stuffed = 'casino casino casino'", "whole article must be in it"),
        ("stuffed = honey + ' wine wine wine'", "no casino"),
        ("stuffed = ['casino']", "should be a text"),
    ],
    "judge": [
        (
            DRAWN.format(means="ours[draws].mean(axis=1) - theirs[draws[::-1]].mean(axis=1)", ends="[2.5, 97.5]"),
            "Draw the articles once",
        ),
        (DRAWN.format(means="(theirs - ours)[draws].mean(axis=1)", ends="[2.5, 97.5]"), "subtract theirs from ours"),
        (DRAWN.format(means="(ours - theirs)[draws].mean(axis=1)", ends="[5, 95]"), "90 %"),
        (DRAWN.format(means="(ours - theirs)[draws].mean(axis=1)", ends="[97.5, 2.5]"), "exchanged"),
        (DRAWN.format(means="ours - theirs", ends="[2.5, 97.5]"), "range of single articles"),
        (DRAWN.format(means="np.sort(draws) * 0 + (ours - theirs).mean()", ends="[2.5, 97.5]"), "with repetition"),
        (DRAWN.format(means="(ours - theirs)[draws].mean(axis=1)", ends="[0.025, 0.975]"), "is right"),
        (DRAWN.format(means="(ours - theirs)[draws].mean(axis=1)", ends="2.5"), "2 ends"),
    ],
    "threshold": [
        (COST.format(cost="np.array(split) + wrong * np.array(joined)", end="cost.min()"), "Return the threshold"),
        (COST.format(cost="np.array(joined) + wrong * np.array(split)", end=LEAST), "wrong * joined"),
        (
            COST.format(cost="np.array(split) + wrong * np.array(joined)", end="thresholds[int(cost.argmin())]"),
            "Of equal ones",
        ),
        (COST.format(cost="np.array(joined)", end=LEAST), "do the calls"),
        (COST.format(cost="np.array(split) + np.array(joined)", end=LEAST), "so 0.7 is cheapest"),
        (COST.format(cost="None", end="list(thresholds)"), "one of the thresholds"),
    ],
    "honest": [
        ("keep_supported = lambda phrases, text: [p for p in phrases if p in text]", "capitals"),
        ("keep_supported = lambda phrases, text: [p for p in phrases if p in text.lower()]", "only a piece"),
        (
            "def keep_supported(phrases, text):\n"
            "    words = set(text.lower().replace('.', ' ').split())\n"
            "    return [p for p in phrases if set(p.split()) <= words]",
            "stand far apart",
        ),
        (
            "import re\n"
            "def keep_supported(phrases, text):\n"
            "    return [p for p in phrases if re.search(rf'\\b{p}\\b', text.lower())]",
            "Two spaces",
        ),
        (
            "import re\n"
            "def keep_supported(phrases, text):\n"
            "    only = lambda one: ' ' + ' '.join(re.findall(r'\\w+', one.lower())) + ' '\n"
            "    return [p for p in phrases if only(p) in only(text)]",
            "a full stop lies between",
        ),
        ("keep_supported = lambda phrases, text: ', '.join(phrases)", "a list"),
    ],
}
