"""Plausible wrong answers to the exercises of notebook 27, and a piece of the message that each must get."""

DROPS = """
def drops_without(text, score):
    words = text.split()
    shorter = [{shorter} for i in range(len(words))]
    return {answer}
"""
ONE_LESS, DROP = '" ".join(words[:i] + words[i + 1 :])', "score([text])[0] - np.asarray(score(shorter))"
IMPLIED = "def implied_false_positives(p, precision, recall):\n    return {answer}"
PLEASE = """
def please_the_measure(scores, group):
    top = scores > np.quantile(scores[group == "a"], {top})
    bottom = scores {b}
    return np.where(group == "a", top, bottom)
"""
VALUE = """
def value_of(predict, x, background, known):
    rows = {rows}
    for column in {columns}:
        rows[:, column] = x[column]
    return {answer}
"""
COPY, MEAN = "background.copy()", "predict(rows).mean()"
GAINS = """
def gains_in_order(value, order):
    known, gains = set(), {{}}
    for column in order:
        gains[column] = {gain}
        {then}
    return gains
"""
SHAPLEY = """
def shapley(value, d):
    rows = []
    for order in {orders}:
        gains = gains_in_order(value, order)
        rows.append([gains[column] for column in range(d)])
    return {answer}
"""

MISTAKES = {
    "drops_without": [
        (DROPS.format(shorter=ONE_LESS, answer=f"-({DROP})"), "The sign is turned"),
        (DROPS.format(shorter=ONE_LESS, answer="score(shorter)"), "subtract them from the score of the whole text"),
        (
            DROPS.format(shorter='" ".join(word for word in words if word != words[i])', answer=DROP),
            "not every copy of the word",
        ),
        (DROPS.format(shorter=ONE_LESS, answer="score(text)"), "score takes a list"),
        (DROPS.format(shorter=ONE_LESS, answer=f"({DROP}).max()"), "a number for each of the 5 words"),
    ],
    "implied_false_positives": [
        (IMPLIED.format(answer="p * recall * (1 - precision) / precision"), "You divided by everybody"),
        (IMPLIED.format(answer="p * recall / (1 - p)"), "does not use the precision"),
        (IMPLIED.format(answer="1 - precision"), "share of the selected who will not repay"),
        (IMPLIED.format(answer="p / (1 - p) * (1 - precision) / precision"), "recall is missing"),
        (IMPLIED.format(answer="p * recall / precision / (1 - p)"), "it is 0.0375"),
        (IMPLIED.format(answer="0.0375"), "0.20 on the page"),
        ("implied_false_positives = 0.2", "should be a function"),
    ],
    "please_the_measure": [
        (PLEASE.format(top=0.7, b='> np.quantile(scores[group == "b"], 0.7)'), "lowest scores"),
        (PLEASE.format(top=0.7, b="> 0.7"), "lowest scores"),
        (PLEASE.format(top=0.3, b='< np.quantile(scores[group == "b"], 0.3)'), "Select 30%"),
        (PLEASE.format(top=0.7, b='< np.quantile(scores[group == "b"], 0.7)'), "Select 30%"),
        ("please_the_measure = lambda scores, group: scores > 0.7", "lowest scores"),
        (
            "please_the_measure = lambda scores, group: np.where(group == 'a', scores < np.quantile("
            "scores[group == 'a'], 0.3), scores < np.quantile(scores[group == 'b'], 0.3))",
            "highest scores",
        ),
    ],
    "build_value": [
        (VALUE.format(rows=COPY, columns="set(range(len(x))) - known", answer=MEAN), "wrong way round"),
        (
            VALUE.format(rows="background.mean(axis=0)[None].copy()", columns="known", answer=MEAN),
            "Average the answers of the model",
        ),
        (VALUE.format(rows="np.zeros_like(background)", columns="known", answer=MEAN), "are not 0"),
        (VALUE.format(rows="background", columns="known", answer=MEAN), "work on a copy"),
    ],
    "build_gains": [
        (GAINS.format(gain="value({column}) - value(set())", then="known.add(column)"), "join alone"),
        (GAINS.format(gain="value(known | {column})", then="known.add(column)"), "minus the value before it"),
        (GAINS.format(gain="value(known) - value(known | {column})", then="known.add(column)"), "and yours are"),
        ("gains_in_order = lambda value, order: [value({column}) for column in order]", "Return a dictionary"),
    ],
    "build_shapley": [
        (SHAPLEY.format(orders="permutations(range(d))", answer="np.sum(rows, axis=0)"), "divide by their number"),
        (SHAPLEY.format(orders="[range(d)]", answer="np.mean(rows, axis=0)"), "one order only"),
        (
            "shapley = lambda value, d: np.array([value({c}) - value(set()) for c in range(d)])",
            "join first",
        ),
        (SHAPLEY.format(orders="permutations(range(d))", answer="np.mean(rows)"), "a share for each"),
    ],
}
