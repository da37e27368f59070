"""Plausible wrong answers to the exercises of notebook 25, and a piece of the message that each must get."""

VERSION = "make_version = lambda parts: hashlib.sha256({}.encode()).hexdigest(){}"
CANARY = "in_canary = lambda request_id, share: {}"
ALARM = """
def alarm_day(values, limit, in_a_row):
    count = 0
    for day, value in enumerate(values, {first}):
        count = {count}
        if count == in_a_row:
            return {back}
    return None
"""
REQUESTS = "requests_needed = lambda p, loss: math.ceil({} * ({}) / {})"
Z, BOTH = "(1.644854 + 0.841621) ** 2", "p * (1 - p) + (p - loss) * (1 - p + loss)"
NEXT = "count + 1 if value > limit else 0"

MISTAKES = {
    "version": [
        (VERSION.format("json.dumps(parts)", "[:8]"), "another order"),
        (VERSION.format("json.dumps(dict(sorted(parts.items())))", ""), "eight hexadecimal digits"),
        (VERSION.format('"".join(sorted(parts.values()))', "[:8]"), "the names must go in too"),
        (VERSION.format('(parts["data"] + parts["code"])', "[:8]"), "for the weights"),
        ('make_version = lambda parts: f"{hash(tuple(sorted(parts.items()))) & 0xFFFFFFFF:08x}"', "own hash()"),
        (
            "def make_version(parts):\n    number = lambda: hash(tuple(sorted(parts.items())))\n"
            "    return f'{number() & 0xFFFFFFFF:08x}'",
            "own hash()",
        ),
    ],
    "canary": [
        (CANARY.format("np.random.random() < share"), "draw nothing at random"),
        (CANARY.format("hash(request_id) % 10_000 < share * 10_000"), "own hash()"),
        (CANARY.format("[hash(each) % 10_000 < share * 10_000 for each in [request_id]][0]"), "own hash()"),
        (CANARY.format("int(hashlib.sha256(request_id.encode()).hexdigest(), 16) % 2 == 0"), "A share of 0.2"),
        (
            CANARY.format(
                'int(hashlib.sha256(f"{request_id}{share}".encode()).hexdigest(), 16) % 10_000 < share * 10_000'
            ),
            "do not have it at 50%",
        ),
    ],
    "requests": [
        (REQUESTS.format(Z, "2 * p * (1 - p)", "loss**2"), "add the two variances"),
        (REQUESTS.format(Z, BOTH, "loss"), "the square of the loss"),
        (REQUESTS.format(f"2 * {Z}", BOTH, "loss**2"), "both sides together"),
        (REQUESTS.format("(1.644854**2 + 0.841621**2)", BOTH, "loss**2"), "Add the two values of z first"),
        (REQUESTS.format(Z, BOTH, "loss**2").replace("math.ceil", ""), "round up"),
        (REQUESTS.format(Z, BOTH, "loss**2").replace("math.ceil", "int"), "round up"),
        (REQUESTS.format(Z, BOTH, "loss**2").replace("math.ceil", "round"), "round up"),
        (REQUESTS.format("(1.6449 + 0.8416) ** 2", BOTH, "loss**2"), "it should be [216, 803, 4755]"),
        (REQUESTS.format(Z, "p - p**2 + loss", "loss**2"), "it should be [216, 803, 4755]"),
    ],
    "each_look": [
        ("each_look = 0.05", "send back 0.16"),
        ("each_look = 0.001", "take more"),
        ("each_look = 0.05 / 10", "take more"),
        ("each_look = [0.01] * 10", "one number"),
        ("each_look = 5", "between 0 and 1"),
    ],
    "unseen": [
        ("unseen = lambda reference: reference + 1", "The index sees it"),
        ("unseen = lambda reference: np.random.default_rng(0).permutation(reference)", "0.00 standard deviations"),
        ("unseen = lambda reference: [1000.0]", "as many values"),
    ],
    "build_shares": [
        (
            "to_shares = lambda values, edges: np.bincount(np.searchsorted(edges, values, side='right'))",
            "Those are counts",
        ),
        (
            "to_shares = lambda values, edges: np.bincount(np.searchsorted(edges, values)) / len(values)",
            "side='right'",
        ),
        (
            "to_shares = lambda values, edges: np.histogram(values, [0, *edges, 1])[0] / len(values)",
            "no value may get lost",
        ),
    ],
    "build_index": [
        ("index_of = lambda e, a: (a * np.log(a / e)).sum()", "Kullback and Leibler"),
        ("index_of = lambda e, a: ((a - e) * np.log(e / a)).sum()", "The sign"),
        ("index_of = lambda e, a: ((a - e) * np.log(a / e)).sum()", "infinity"),
    ],
    "build_alarm": [
        (ALARM.format(first=0, count=NEXT, back="day"), "counted from 1"),
        (ALARM.format(first=1, count=NEXT, back="day - in_a_row + 1"), "on the last of the days"),
        (ALARM.format(first=1, count="count + 1 if value > limit else count", back="day"), "must follow each other"),
    ],
}
