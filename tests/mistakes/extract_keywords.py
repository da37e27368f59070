"""Plausible wrong answers to the exercises of notebook 10, and a piece of the message that each must get."""

LOOP = (
    "def my_mmr(closeness, likeness, n, diversity):\n"
    "    chosen = [int(closeness.argmax())]\n"
    "    while len(chosen) < n:\n"
    "        worth = {worth}\n"
    "        {out}\n"
    "        chosen.append(int(worth.argmax()))\n"
    "    return chosen"
)
OUT = "worth[chosen] = -np.inf"

MISTAKES = {
    "diverse": [
        (
            LOOP.format(worth="(1 - diversity) * closeness - diversity * likeness[:, chosen].mean(axis=1)", out=OUT),
            "the max",
        ),
        (
            LOOP.format(worth="diversity * closeness - (1 - diversity) * likeness[:, chosen].max(axis=1)", out=OUT),
            "exchanged",
        ),
        (
            LOOP.format(worth="(1 - diversity) * closeness + diversity * likeness[:, chosen].max(axis=1)", out=OUT),
            "order of closeness alone",
        ),
        (
            LOOP.format(worth="(1 - diversity) * closeness - diversity * likeness[:, chosen].max(axis=1)", out="pass"),
            "twice",
        ),
        ("my_mmr = lambda closeness, likeness, n, diversity: np.argsort(-closeness)[:n]", "order of closeness alone"),
        ("my_mmr = lambda closeness, likeness, n, diversity: [0]", "gives 1"),
    ],
    "stuffing": [
        ("stuffed = honey", "Nothing is added"),
        ("stuffed = honey + ' Visit the casino.'", "more often"),
        ("stuffed = honey + ' casino' * 40", "must do"),
        ("stuffed = 'casino casino casino'", "whole article must be in it"),
        ("stuffed = honey + ' wine wine wine'", "no casino"),
        ("stuffed = ['casino']", "should be a text"),
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
        ("keep_supported = lambda phrases, text: ', '.join(phrases)", "a list"),
    ],
}
