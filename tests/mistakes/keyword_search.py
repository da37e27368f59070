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
        ("largest_k1 = 1.2", "length still costs"),
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
    "build_postings": [
        (
            "def postings(texts):\n    lists = {}\n    for p, text in enumerate(texts):\n"
            "        for word in words(text):\n            lists.setdefault(word, set()).add(p)\n    return lists",
            "from positions to counts",
        ),
        (
            "def postings(texts):\n    lists = {}\n    for p, text in enumerate(texts):\n"
            "        for word in text.split():\n"
            "            d = lists.setdefault(word, {})\n            d[p] = d.get(p, 0) + 1\n    return lists",
            "drops commas",
        ),
        (
            "def postings(texts):\n    lists = {}\n    for p, text in enumerate(texts):\n"
            "        for word in words(text):\n            lists.setdefault(word, {})[p] = 1\n    return lists",
            "there should be {0: 2}",
        ),
    ],
    "build_scores": [
        (
            "def word_scores(counts, lengths):\n"
            "    idf = math.log(1 + (len(lengths) - len(counts) + 0.5) / (len(counts) + 0.5))\n"
            "    return {p: idf * f / (f + 1.2) for p, f in counts.items()}",
            "mean length",
        ),
        (
            "def word_scores(counts, lengths):\n    mean = sum(lengths) / len(lengths)\n"
            "    return {p: f / (f + 1.2 * (0.25 + 0.75 * lengths[p] / mean)) for p, f in counts.items()}",
            "IDF times",
        ),
        (
            "def word_scores(counts, lengths):\n    mean = sum(lengths[p] for p in counts) / len(counts)\n"
            "    idf = math.log(1 + (len(lengths) - len(counts) + 0.5) / (len(counts) + 0.5))\n"
            "    return {p: idf * f / (f + 1.2 * (0.25 + 0.75 * lengths[p] / mean)) for p, f in counts.items()}",
            "that of all texts",
        ),
    ],
    "build_search": [
        (
            "def keyword_search(query, lists, lengths, k):\n    total = {}\n"
            "    for word in words(query):\n        total |= word_scores(lists.get(word, {}), lengths)\n"
            "    return sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))[:k]",
            "order should be",
        ),
        (
            "def keyword_search(query, lists, lengths, k):\n    total = {}\n"
            "    for word in words(query):\n"
            "        for p, s in word_scores(lists[word], lengths).items():\n"
            "            total[p] = total.get(p, 0) + s\n"
            "    return sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))[:k]",
            "raised KeyError",
        ),
        (
            "def keyword_search(query, lists, lengths, k):\n    total = {}\n"
            "    for word in words(query):\n"
            "        for p, s in word_scores(lists.get(word, {}), lengths).items():\n"
            "            total[p] = total.get(p, 0) + s\n"
            "    return sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))",
            "at most k",
        ),
        (
            "def keyword_search(query, lists, lengths, k):\n"
            "    lists, lengths, total = postings(sentences), [len(words(t)) for t in sentences], {}\n"
            "    for word in words(query):\n"
            "        for p, s in word_scores(lists.get(word, {}), lengths).items():\n"
            "            total[p] = total.get(p, 0) + s\n"
            "    return sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))[:k]",
            "not into the sentences",
        ),
        (
            "def keyword_search(query, texts, k):\n"
            "    lists, lengths, total = postings(texts), [len(words(t)) for t in texts], {}\n"
            "    return sorted(total.items())[:k]",
            "takes 3",
        ),
    ],
}
