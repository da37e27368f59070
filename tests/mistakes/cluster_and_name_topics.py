"""Plausible wrong answers to the exercises of notebook 09, and a piece of the message that each must get."""

MISTAKES = {
    "weigh": [
        ("weigh = lambda counts: counts / counts.sum(axis=1, keepdims=True)", "shares alone"),
        (
            "weigh = lambda c: c * np.log(1 + int(c.sum(axis=1).mean()) / c.sum(axis=0))",
            "divide each row by its sum",
        ),
        (
            "weigh = lambda c: c / c.sum(axis=0) * np.log(1 + int(c.sum(axis=1).mean()) / c.sum(axis=0))",
            "sums of the columns",
        ),
        (
            "weigh = lambda c: c / c.sum(axis=1, keepdims=True) * np.log(len(c) / (c > 0).sum(axis=0))",
            "The weights differ",
        ),
        ("weigh = lambda counts: counts.sum(axis=0)", "shape"),
    ],
    "n_the": [
        (
            "n_the = sum(w == ['the'] for w in topics.topic_words(topics.class_tfidf(texts, gold), 1).values())",
            "stop_words=()",
        ),
        ("n_the = 12", "Count the topics"),
        ("n_the = 'the'", "whole number"),
    ],
    "rand": [
        ("agreement = lambda a, b: sum(x == y for x, y in zip(a, b)) / len(a)", "only their names differ"),
        (
            "agreement = lambda a, b: sum((a[i] == a[j]) == (b[i] == b[j]) for i in range(len(a)) "
            "for j in range(len(a))) / len(a) ** 2",
            "count each pair once",
        ),
        ("agreement = 1.0", "should be a function"),
    ],
}
