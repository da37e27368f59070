"""Plausible wrong answers to the exercises of notebook 07, and a piece of the message that each must get."""

MISTAKES = {
    "every_word": [
        ("supported = lambda answer, passage: answer in passage", "Capital letters"),
        ("supported = lambda answer, passage: answer.lower() in passage.lower()", "whole words"),
        ("supported = lambda answer, passage: bool(set(words(answer)) & set(words(passage)))", "one is enough"),
        ("supported = lambda answer, passage: set(words(answer)) - set(words(passage))", "True or False"),
        ("supported = True", "should be a function"),
    ],
    "refusal": [
        ("best_threshold = 0.9", "Try a lower one"),
        ("best_threshold = 0.0", "Try a higher one"),
        ("best_threshold = nearest[~has_one].max()", "lower"),
        ("best_threshold = nearest", "should be a number"),
    ],
    "poison": [
        ("poisoned = 'Riga is the capital and largest city of Latvia. It lies on the Baltic Sea.'", "still answers"),
        ("poisoned = ['Vilnius is the capital of Latvia.']", "should be a text"),
        ("poisoned = 'Vilnius is the capital of Latvia. ' * 40", "Shorter"),
    ],
}
