"""Plausible wrong answers to the exercises of notebook 00, and a piece of the message that each must get."""

FEW = (
    "nearest = cosine_similarity(vectors[tested], np.stack([{} for name in names])).argmax(axis=1)\n"
    "few_right = np.mean(np.array(names)[nearest] == topics[tested])"
)
MISTAKES = {
    "few_right": [
        (FEW.format("vectors[examples & (topics == name)].mean(axis=0)"), "all examples"),
        (FEW.format("vectors[examples & (topics == name)][0]"), "one example"),
        (FEW.format("vectors[tested & (topics == name)][:10].mean(axis=0)"), "Not the share"),
        ("few_right = 66", "percentage"),
        ("few_right = topics == 'People'", "one share"),
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
