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
        ("cheapest = dict.fromkeys(['Korean', 'Arabic', 'Hindi'], 'SmolLM2')", "somebody needs fewer"),
        ("cheapest = {'Korean': 'GPT-4o'}", "is missing"),
        ("cheapest = dict.fromkeys(['Korean', 'Arabic', 'Hindi'], 12)", "should be names"),
        ("cheapest = 'GPT-4o'", "should be a dictionary"),
    ],
}
