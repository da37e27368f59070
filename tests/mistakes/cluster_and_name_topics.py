"""Plausible wrong answers to the exercises of notebook 09, and a piece of the message that each must get."""

MISTAKES = {
    "smooth_round": [
        ("smooth_once = lambda rows, near: rows[near].mean(axis=1)", "length one"),
        ("smooth_once = lambda rows, near: rows[near].mean(axis=0)", "Over which axis"),
        (
            "def smooth_once(rows, near):\n    mean = rows[near[:, 1:]].mean(axis=1)\n"
            "    return mean / np.linalg.norm(mean, axis=1, keepdims=True)",
            "left the row itself out",
        ),
        (
            "def smooth_once(rows, near):\n    for i in range(len(rows)):\n        mean = rows[near[i]].mean(axis=0)\n"
            "        rows[i] = mean / np.linalg.norm(mean)\n    return rows",
            "changed the rows",
        ),
        ("smooth_once = lambda rows, near: rows", "The means differ"),
    ],
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
    "build_assign": [
        ("assign = lambda points, centres: (points @ centres.T).argmax(axis=1)", "dot product"),
        ("assign = lambda points, centres: ((points[:, None] - centres) ** 2).sum(axis=2)", "has shape (6, 3)"),
        ("assign = lambda points, centres: ((points[:, None] - centres) ** 2).sum(axis=2).min(axis=1)", "which centre"),
        ("assign = lambda points, centres: ((points[:, None] - centres) ** 2).sum(axis=2).argmax(axis=1)", "should be"),
    ],
    "build_update": [
        (
            "update = lambda points, labels, centres: "
            "np.stack([points[labels == g].sum(axis=0) / max((labels == g).sum(), 0.5) for g in range(len(centres))])",
            "without points has moved",
        ),
        (
            "def update(points, labels, centres):\n    with np.errstate(all='ignore'):\n"
            "        return np.stack([points[labels == g].sum(axis=0) / (labels == g).sum() "
            "for g in range(len(centres))])",
            "mean of nothing",
        ),
        (
            "update = lambda points, labels, centres: np.stack([points[labels == g].mean(axis=0) "
            "for g in np.unique(labels)])",
            "centres go in",
        ),
        (
            "def update(points, labels, centres):\n    for g in np.unique(labels):\n"
            "        centres[g] = points[labels == g].mean(axis=0)\n    return centres",
            "changed the centres",
        ),
        (
            "def update(points, labels, centres):\n    moved = centres.copy()\n    for g in np.unique(labels):\n"
            "        moved[g] = np.median(points[labels == g], axis=0)\n    return moved",
            "the centres should be",
        ),
    ],
    "build_start": [
        ("spread_start = lambda points, first, k: list(range(first, first + k))", "should be"),
        ("spread_start = lambda points, first, k: list(range(k))", "begin with rows = [first]"),
        (
            "def spread_start(points, first, k):\n    rows = [first]\n    while len(rows) < k:\n"
            "        squared = ((points[:, None] - points[rows]) ** 2).sum(axis=2)\n"
            "        rows.append(int(squared.max(axis=1).argmax()))\n    return rows",
            "comes twice",
        ),
        (
            "def spread_start(points, first, k):\n    rows = [first]\n    while len(rows) < k:\n"
            "        squared = ((points - points[first]) ** 2).sum(axis=1)\n        squared[rows] = -1\n"
            "        rows.append(int(squared.argmax()))\n    return rows",
            "the smallest",
        ),
        ("spread_start = lambda points, first, k: [first]", "there should be"),
    ],
}
