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
NEXT = "count + 1 if value > limit else 0"

MISTAKES = {
    "version": [
        (VERSION.format("json.dumps(parts)", "[:8]"), "another order"),
        (VERSION.format("json.dumps(dict(sorted(parts.items())))", ""), "eight hexadecimal digits"),
        (VERSION.format('"".join(sorted(parts.values()))', "[:8]"), "the names must go in too"),
        (VERSION.format('(parts["data"] + parts["code"])', "[:8]"), "for the weights"),
        ('make_version = lambda parts: f"{hash(tuple(sorted(parts.items()))) & 0xFFFFFFFF:08x}"', "own hash()"),
    ],
    "canary": [
        (CANARY.format("np.random.random() < share"), "draw nothing at random"),
        (CANARY.format("hash(request_id) % 10_000 < share * 10_000"), "own hash()"),
        (CANARY.format("int(hashlib.sha256(request_id.encode()).hexdigest(), 16) % 2 == 0"), "A share of 0.2"),
        (
            CANARY.format(
                'int(hashlib.sha256(f"{request_id}{share}".encode()).hexdigest(), 16) % 10_000 < share * 10_000'
            ),
            "do not have it at 50%",
        ),
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
