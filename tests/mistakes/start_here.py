"""Plausible wrong answers to the exercises of notebook 00, and a piece of the message that each must get."""

MISTAKES = {
    "best_title": [
        ("best_title = int(np.argmax(vectors @ embed(['an instrument with black and white keys'])[0]))", "position"),
        ("best_title = titles[np.argmin(vectors @ embed(['an instrument with black and white keys'])[0])]", "argmin"),
        ("best_title = titles[np.argmax(vectors @ embed([sentence])[0])]", "new question"),
        ("best_title = vectors @ embed(['piano'])[0]", "one title"),
    ],
    "jumbled_word": [
        ("jumbled_word = model.next_words(sentence, k=1)[0][0]", "right order"),
        ("jumbled_word = model.next_words(' '.join(sorted(sentence.split())), k=1)[0]", "[0][0]"),
        ("jumbled_word = model.next_words(''.join(sorted(sentence)), k=1)[0][0]", "joined by spaces"),
        ("jumbled_word = 7", "should be a word"),
    ],
    "n_tokens": [
        (
            "n_tokens = int(np.argmax(np.cumsum([p for _, p in model.next_words(sentence, k=1000)]) >= 0.9))",
            "start at 0",
        ),
        ("n_tokens = 25", "from the first"),
        ("n_tokens = 0.9", "whole number"),
        ("n_tokens = True", "whole number"),
    ],
}
