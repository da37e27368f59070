"""Plausible wrong answers to the exercises of notebook 04, and a piece of the message that each must get."""

MISTAKES = {
    "texts_with_all": [
        ("texts_with_all = lambda query: set.union(*(index.get(word, set()) for word in words(query)))", "use &"),
        ("texts_with_all = lambda query: set.intersection(*(index[word] for word in query.split()))", "cut it up"),
        ("texts_with_all = lambda query: set.intersection(*(index[word] for word in words(query)))", "index.get"),
        ("texts_with_all = lambda query: [p for p, s in enumerate(sentences) if query in s]", "a set of positions"),
        (
            "texts_with_all = lambda query: {p for p, s in enumerate(sentences) if query in s.lower()}",
            "should return {0, 2}",
        ),
        ("texts_with_all = index['river'] & index['bank']", "should be a function"),
    ],
    "largest_k1": [
        ("largest_k1 = 1.2", "still pays too much"),
        ("largest_k1 = 0.0", "go on until"),
        ("largest_k1 = 0.65", "one of the values"),
        ("largest_k1 = BM25Index(pages).search('moon landing', k=1)", "should be a number"),
    ],
    "better_query": [
        ("better_query = 'surgery'", "names the thing itself"),
        ("better_query = 'a doctor who operates'", "none of these words"),
        ("better_query = 'medical tissue'", "rarer elsewhere"),
        ("better_query = 'manual and instrumental techniques to diagnose or treat'", "one to 4"),
        ("better_query = ['techniques']", "a piece of text"),
    ],
}
