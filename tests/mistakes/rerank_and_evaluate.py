"""Plausible wrong answers to the exercises of notebook 06, and a piece of the message that each must get."""

PAIRED = """
def paired_interval(a, b):
    a, b, rng = np.asarray(a), np.asarray(b), np.random.default_rng(0)
    n, means = len(a), []
    for _ in range(2000):
        {step}
    return {result}
"""
DRAWN = "means.append((a - b)[rng.integers(n, size=n)].mean())"
BOTH_ENDS = "np.quantile(means, [0.025, 0.975])"

NDCG = """
def ndcg(ranking, relevant, k):
    grades = {grades}
    best = {best}
    return {result}
"""
GRADES = "[relevant.get(text, 0) for text in ranking[:k]]"
BEST = "sorted(relevant.values(), reverse=True)[:k]"
RATIO = "dcg(grades) / dcg(best)"

MISTAKES = {
    "dcg": [
        ("dcg = lambda grades: sum(g / np.log2(p + 1) for p, g in enumerate(grades, start=2))", "Start enumerate at 1"),
        ("dcg = lambda grades: sum(g / np.log2(place + 1) for place, g in enumerate(grades))", "divided by 0"),
        ("import math\ndcg = lambda grades: sum(g / math.log2(p + 1) for p, g in enumerate(grades))", "divided by 0"),
        ("dcg = lambda grades: np.mean([g / np.log2(p + 1) for p, g in enumerate(grades, start=1)])", "DCG is the sum"),
        ("dcg = lambda grades: [g / np.log2(p + 1) for p, g in enumerate(grades, start=1)]", "one number"),
        ("dcg = sum", "discounted by its place"),
        ("dcg = lambda grades: sum(g / np.log(p + 1) for p, g in enumerate(grades, start=1))", "np.log2"),
        ("dcg = lambda grades: sum(g / p for p, g in enumerate(grades, start=1))", "falls faster"),
        ("dcg = 0.5", "should be a function"),
    ],
    "ndcg": [
        (
            NDCG.format(
                grades=GRADES, best="sorted(grades, reverse=True)", result="dcg(grades) / max(dcg(best), 1e-9)"
            ),
            "only what was found",
        ),
        (NDCG.format(grades=GRADES, best="sorted(relevant.values(), reverse=True)", result=RATIO), "cut the best list"),
        (NDCG.format(grades="[relevant.get(text, 0) for text in ranking]", best=BEST, result=RATIO), "ranking[:k]"),
        (
            NDCG.format(
                grades="[int(text in relevant) for text in ranking[:k]]",
                best="[1] * min(k, len(relevant))",
                result=RATIO,
            ),
            "Use its grade",
        ),
        (NDCG.format(grades=GRADES, best="[1] * k", result=RATIO), "relevant text at each place"),
        (NDCG.format(grades=GRADES, best=BEST, result="dcg(grades)"), "Divide it by"),
    ],
    "bootstrap": [
        (
            PAIRED.format(
                step="means.append(a[rng.integers(n, size=n)].mean() - b[rng.integers(n, size=n)].mean())",
                result=BOTH_ENDS,
            ),
            "on the same questions",
        ),
        (PAIRED.format(step="means.extend((a - b)[rng.integers(n, size=n)])", result=BOTH_ENDS), "single questions"),
        (PAIRED.format(step="means.append((a - b)[rng.permutation(n)].mean())", result=BOTH_ENDS), "with replacement"),
        (PAIRED.format(step=DRAWN, result="np.quantile(means, [0.05, 0.95])"), "0.025 and 0.975"),
        (PAIRED.format(step=DRAWN.replace("a - b", "b - a"), result=BOTH_ENDS), "b minus a"),
        (PAIRED.format(step=DRAWN.replace("(a - b)", "a"), result=BOTH_ENDS), "around the mean of a"),
        (PAIRED.format(step=DRAWN.replace("size=n", "size=n // 2"), result=BOTH_ENDS), "as many questions"),
        (PAIRED.format(step=DRAWN, result="np.mean(means)"), "two numbers"),
    ],
    "cheating": [
        ("unfair = np.flatnonzero(rr['dense'] > rr['BM25'])", "Turn the comparison round"),
        ("unfair = rr['BM25'] > rr['dense']", "np.flatnonzero"),
        ("unfair = [0, 1, 2]", "at least 10"),
        ("unfair = list(range(len(asked)))", "BM25"),
        ("unfair = [5] * 12", "twice"),
        ("unfair = [500] * 3", "go from 0"),
        ("unfair = 7", "list of positions"),
    ],
    "late_interaction": [
        ("maxsim = lambda question, text: (question @ text.T).max(axis=0).sum()", "other axis"),
        ("maxsim = lambda question, text: (question @ text.T).max(axis=1).mean()", "mean of the best"),
        ("maxsim = lambda question, text: (question @ text.T).max(axis=1)", "one number"),
        ("maxsim = lambda question, text: (question @ text.T).sum()", "All pairs"),
        ("maxsim = lambda question, text: (question @ text.T).max()", "single best"),
        ("maxsim = lambda question, text: question @ text.T", "table of all"),
    ],
    "new_questions": [
        ("n_needed = 176", "Take more questions"),
        ("n_needed = round(176 * 0.8 / power(riddles, 176))", "does not grow in step"),
        ("n_needed = 880", "Take fewer questions"),
        ("n_needed = 0.8", "a whole one"),
        ("n_needed = 1_000_000", "between 2 and 2,000"),
    ],
    "own_questions": [
        ("judged = ['how do bees make honey?']", "should be a dictionary"),
        ("judged = {'how do bees make honey?': 'Honey'}", "write {'Honey'}"),
        ("judged = {'how do bees make honey?': {'Hony'}}", "Do you mean 'Honey'?"),
        ("judged = {'how do bees make honey?': set()}", "has no title"),
        ("judged = {'how do bees make honey?': 7}", "a set of titles"),
        ("judged = {3: {'Honey'}}", "a question in words"),
        ("judged = {'who draws One Piece?': {'One Piece'}}", "one of the course's questions"),
        ("judged = {'how do bees make honey?': {'Honey'}}", "at least 10"),
    ],
}
