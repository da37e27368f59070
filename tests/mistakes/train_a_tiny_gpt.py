"""Plausible wrong answers to the exercises of notebook 13, and a piece of the message that each must get."""

MISTAKES = {
    "share_unseen": [
        ("share_unseen = np.mean(counts == 0)", "all 512 × 512 pairs"),
        ("share_unseen = np.mean(counts[inputs, targets] > 0)", "that were seen"),
        ("share_unseen = int(np.sum(counts[inputs, targets] == 0))", "divide by the number"),
        ("share_unseen = np.mean(counts[targets, inputs] == 0)", "other way round"),
        ("share_unseen = 0.5", "Not quite"),
        ("share_unseen = counts[inputs, targets] == 0", "should be a number"),
    ],
    "learning_rate": [
        ("learning_rate = lambda s, n, h, w: h * s / w if s < w else h * (n - s) / (n - w)", "that step is wasted"),
        ("learning_rate = lambda s, n, h, w: h", "no warm-up"),
        ("learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h", "stays where it is"),
        (
            "learning_rate = lambda s, n, h, w: "
            "h * (s + 1) / w if s < w else h * (1 + np.cos(np.pi * (s - w) / (n - w))) / 2",
            "to a tenth",
        ),
        (
            "learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h * (1 - 0.9 * (s - w) / (n - w))",
            "straight line",
        ),
        (
            "learning_rate = lambda s, n, h, w: "
            "h * (s + 1) / w if s < w else h * (0.1 + 0.45 * (1 + np.cos(np.pi * s / n)))",
            "jumps down",
        ),
        ("learning_rate = lambda s, n, h, w: h * (s + 1) / w if s < w else h / (s - w + 1)", "way down is not right"),
        ("learning_rate = lambda s, n, h, w: [h * (s + 1) / w]", "return a number"),
        ("learning_rate = 0.001", "should be a function"),
    ],
    "ruined": [
        ("ruined = train(TinyGPT(small, seed=0), ids, 30)", "still learns"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 30, highest=1e-6)", "hardly moves"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 5, highest=5.0)", "should have 30"),
        ("ruined = train(TinyGPT(small, seed=0), ids, 30, highest=5.0)[-1]", "list of losses"),
    ],
    "first_share": [
        ("first_share = lambda w: w[:, 0].mean()", "leave row 0 out"),
        ("first_share = lambda w: w[0].mean()", "mean of any row"),
        ("first_share = lambda w: w.diagonal(-1).mean()", "share of the previous token"),
        ("first_share = lambda w: w[1:, 1].mean()", "without its first entry"),
        ("first_share = lambda w: w[1:, 0]", "one number"),
        ("first_share = lambda w: w.mean()", "mean of any row"),
    ],
    "standard_error": [
        ("standard_error = lambda a, b, p: (a - b).std(ddof=1) / np.sqrt(len(a))", "same or exchanged"),
        ("standard_error = lambda a, b, p: (a - b).std() / np.sqrt(len(a))", "use ddof=1"),
        ("standard_error = lambda a, b, p: (a - b).std(ddof=1)", "standard deviation"),
        ("standard_error = lambda a, b, p: abs(a - b)", "both variances"),
    ],
    "build_batch": [
        ("def make_batch(i, s, c):\n    x = np.array([i[a : a + c] for a in s])\n    return x, x", "inputs themselves"),
        (
            "def make_batch(i, s, c):\n    p = np.array(s)[:, None] + np.arange(c)\n    return i[p], i[p - 1]",
            "one place too early",
        ),
        (
            "def make_batch(i, s, c):\n    p = np.array(s)[:, None] + np.arange(c + 1)\n    return i[p], i[p]",
            "of the shape (3, 5)",
        ),
        ("def make_batch(i, s, c):\n    return np.array([i[a : a + c] for a in s])", "two arrays"),
    ],
    "build_loss": [
        (
            "def cross_entropy(z, t):\n    p = np.exp(z) / np.exp(z).sum(1, keepdims=True)\n    "
            "return -np.log(p[np.arange(len(t)), t]).mean()",
            "overflows",
        ),
        ("cross_entropy = lambda z, t: np.log(softmax(z)[np.arange(len(t)), t]).mean()", "The sign"),
        ("cross_entropy = lambda z, t: -np.log(softmax(z)[np.arange(len(t)), t]).sum()", "sum over all places"),
        ("cross_entropy = lambda z, t: -np.log2(softmax(z)[np.arange(len(t)), t]).mean()", "in bits"),
        ("cross_entropy = lambda z, t: -z[np.arange(len(t)), t].mean()", "logits of the targets"),
        ("cross_entropy = lambda z, t: -np.log(softmax(z)[np.arange(len(t)), t])", "one number"),
    ],
    "build_step": [
        (
            "def bigram_step(T, x, y, r):\n    G = np.zeros_like(T)\n    p = softmax(T[x])\n    "
            "p[np.arange(len(y)), y] -= 1\n    np.add.at(G, x, p / len(x))\n    return T + r * G",
            "wrong way",
        ),
        (
            "def bigram_step(T, x, y, r):\n    G = np.zeros_like(T)\n    p = softmax(T[x])\n    "
            "p[np.arange(len(y)), y] -= 1\n    np.add.at(G, x, p)\n    return T - r * G",
            "too long",
        ),
        (
            "def bigram_step(T, x, y, r):\n    G = np.zeros_like(T)\n    p = softmax(T[x])\n    "
            "p[np.arange(len(y)), y] -= 1\n    np.add.at(G, x, p / len(x))\n    return T - G",
            "learning_rate",
        ),
        (
            "def bigram_step(T, x, y, r):\n    G = np.zeros_like(T)\n    p = softmax(T[x])\n    "
            "p[np.arange(len(y)), y] -= 1\n    G[x] += p / len(x)\n    return T - r * G",
            "np.add.at",
        ),
        (
            "def bigram_step(T, x, y, r):\n    G = np.zeros_like(T)\n    p = softmax(T[x])\n    "
            "p[np.arange(len(y)), y] -= 1\n    np.add.at(G, x, p / len(x))\n    T -= r * G\n    return T",
            "changed the table",
        ),
        ("bigram_step = lambda T, x, y, r: T - r * softmax(T)", "never read"),
    ],
}
