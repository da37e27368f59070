"""Plausible wrong answers to the exercises of notebook 12, and a piece of the message that each must get."""

MISTAKES = {
    "min_p": [
        ("min_p = lambda p, share: np.where(p >= share, p, 0) / p[p >= share].sum()", "of the highest probability"),
        ("min_p = lambda p, share: np.where(p >= share * p.max(), p, 0)", "add up to 1"),
        ("min_p = lambda p, share: p[p >= share * p.max()] / p[p >= share * p.max()].sum()", "for every token"),
        ("min_p = lambda p, share: sampling_probabilities(np.log(p), top_p=1 - share)", "should be kept"),
        (
            "def min_p(p, share):\n    p[p < share * p.max()] = 0\n    return p / p.sum()",
            "changes the array",
        ),
        ("min_p = np.array([1.0, 0.0])", "should be a function"),
    ],
    "fresh_word": [
        (
            "def fresh_word(text, cache):\n"
            "    scores = model.last_logits(model.tokenizer.encode(text), cache)\n"
            "    return model.tokenizer.decode([int(scores.argmax())])",
            "What does the cache still hold",
        ),
        ("fresh_word = lambda text, cache: model.next_words(text, k=1)[0][0]", "read into the cache"),
        (
            "def fresh_word(text, cache):\n"
            "    scores = model.last_logits(model.tokenizer.encode(text), cache)\n"
            "    cache.reset()\n"
            "    return model.tokenizer.decode([int(scores.argmax())])",
            "empty afterwards",
        ),
        (
            "def fresh_word(text, cache):\n"
            "    cache.reset()\n"
            "    return int(model.last_logits(model.tokenizer.encode(text), cache).argmax())",
            "should give a word",
        ),
    ],
    "own_head": [
        ("own_head = strongest_heads(seen.attention[..., 1:, 0].mean(axis=-1), 1)[0]", "own token is the diagonal"),
        (
            "scores = np.diagonal(seen.attention, axis1=-2, axis2=-1)[..., 1:].mean(axis=-1)\n"
            "own_head = int(scores.argmax())",
            "a pair (layer, head)",
        ),
        (
            "scores = np.diagonal(seen.attention, axis1=-2, axis2=-1)[..., 1:].mean(axis=-1)\n"
            "own_head = strongest_heads(scores, 1)[0][::-1]",
            "layer comes first",
        ),
        ("own_head = (30, 0)", "There is no head"),
    ],
}
