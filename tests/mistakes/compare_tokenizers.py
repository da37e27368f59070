"""Plausible wrong answers to the exercises of notebook 02, and a piece of the message that each must get."""

MISTAKES = {
    "suspects": [
        ("suspects = ['BERT', 'Mistral 7B', 'GPT-4']", "C is not GPT-4"),
        ("suspects = ['BERT', 'SmolLM2', 'GPT-4o']", "B is not SmolLM2"),
        ("suspects = ['bert', 'mistral', 'gpt']", "among the ten"),
        ("suspects = 'BERT'", "a list of three names"),
    ],
    "twins": [
        ("twins = ('word', 'word')", "the same text"),
        ("twins = ('🦙', '🎵🎵')", "[UNK]"),
        ("twins = ('flour', 'flower')", "sees a difference"),
        ("twins = (' ', '')", "nothing at all"),
        ("twins = 'résumé'", "a pair"),
    ],
    "cheapest": [
        (
            "cheapest = {language: min(tokenizers, key=lambda t: len(t.encode(text))).name "
            "for language, text in first_article.items()} | {'Hindi': 'BERT'}",
            "does not give",
        ),
        ("cheapest = dict.fromkeys(['Korean', 'Arabic', 'Hindi'], 'SmolLM2')", "another needs fewer"),
        ("cheapest = {'Korean': 'GPT-4o'}", "is missing"),
        ("cheapest = dict.fromkeys(['Korean', 'Arabic', 'Hindi'], 12)", "should be names"),
        ("cheapest = 'GPT-4o'", "should be a dictionary"),
    ],
    "build_price": [
        (
            "tokens_a_word = lambda t, x: sum(map(len, map(t.encode, x))) / len(' '.join(x).split())",
            "still gets a price",
        ),
        (
            "def tokens_a_word(t, texts):\n    if any(t.decode(t.encode(x)) != x for x in texts):\n"
            "        return math.inf\n"
            "    return sum(len(t.encode(x)) / len(x.split()) for x in texts) / len(texts)",
            "over the texts together",
        ),
        ("tokens_a_word = lambda t, texts: math.inf", "gives those texts back"),
    ],
    "build_design": [
        (
            "design = lambda mix, budget: BPETokenizer.train('\\n'.join(t for m in mix for t in training[m]), budget)",
            "and no more",
        ),
        (
            "def design(mix, budget):\n"
            "    return BPETokenizer.train('\\n'.join(t for m, n in mix.items() for t in training[m][:n]), 500)",
            "The budget was",
        ),
        ("design = lambda mix, budget: '\\n'.join(t for m, n in mix.items() for t in training[m][:n])", "a tokenizer"),
    ],
    "build_mix": [
        ("mix = {'English': 100, 'French': 100, 'Spanish': 100}", "French takes more than"),
        ("mix = {'English': 0, 'French': 150, 'Spanish': 150}", "English takes more than"),
        ("mix = {'English': 200, 'French': 200, 'Spanish': 200}", "300 are allowed"),
        ("mix = {'English': 60, 'French': 240}", "a number for each of"),
    ],
}
