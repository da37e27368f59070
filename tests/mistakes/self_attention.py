"""Plausible wrong answers to the exercises of notebook 11, and a piece of the message that each must get."""

HEADS = (
    "def multi_head(x, w_q, w_k, w_v, w_o, n_heads):\n    outputs, width = [], w_q.shape[1] // n_heads\n"
    "    for head in range(n_heads):\n        part = slice({part})\n"
    "        outputs.append(self_attention(x, w_q[:, part], w_k[:, part], w_v[:, part]))\n    return {end}"
)

MERGE = (
    "def merge(a, b):\n    new = np.maximum(a[0], b[0])\n    for_a, for_b = {factors}\n"
    "    return new, a[1] * for_a + b[1] * for_b, {mixture}"
)
MIXTURE = "a[2] * for_a + b[2] * for_b"

MISTAKES = {
    "build_merge": [
        (MERGE.format(factors="1, 1", mixture=MIXTURE), "added as they are"),
        (MERGE.format(factors="np.exp(a[0] - new), 1", mixture=MIXTURE), "Only the first block"),
        (
            MERGE.format(factors="np.exp(a[0]) / np.exp(new), np.exp(b[0]) / np.exp(new)", mixture=MIXTURE),
            "Right for small scores",
        ),
        (MERGE.format(factors="np.exp(a[0] - new), np.exp(b[0] - new)", mixture="a[2] + b[2]"), "The sum is right"),
        (MERGE.format(factors="np.exp(new - a[0]), np.exp(new - b[0])", mixture=MIXTURE), "The sum differs"),
        ("def merge(a, b):\n    return a[0], a[1], a[2]", "np.maximum"),
        ("def merge(a, b):\n    return a[0] + b[0]", "a triple like them"),
    ],
    "rich_bank": [
        ("rich_bank = softmax(x_2 @ x_2[5])", "mix the six rows"),
        ("rich_bank = (x_2 @ x_2[5]) @ x_2", "turn them into attention weights"),
        ("s = x_2 @ x_2[5]\nrich_bank = s / s.sum() @ x_2", "raises e"),
        ("rich_bank = x_2.mean(axis=0)", "plain average"),
        ("rich_bank = softmax(x_2 @ x_2[2]) @ x_2", "x_2[5]"),
        ("rich_bank = 2.5", "four numbers"),
        ("rich_bank = 'money'", "ValueError"),
    ],
    "leaks": [
        ("leaks = lambda attend: True", "which is sound"),
        ("leaks = lambda attend: False", "does not see the leak of “one too many”"),
        (
            "def leaks(attend):\n    q, k, v = np.random.default_rng(1).normal(size=(3, 5, 4))\n    w = v.copy()\n"
            "    w[-1] += 1\n    return not np.allclose(attend(q, k, v)[:-1], attend(q, k, w)[:-1])",
            "its score still counts",
        ),
        (
            "def leaks(attend):\n    q, k, v = np.random.default_rng(1).normal(size=(3, 5, 4))\n    w = v.copy()\n"
            "    w[-1] += 1\n    return not np.allclose(attend(q, k, v), attend(q, k, w))",
            "Compare only the outputs before",
        ),
        ("leaks = lambda attend: 'yes'", "True or False"),
        ("leaks = True", "should be a function"),
    ],
    "tokens_that_fit": [
        ("tokens_that_fit = (122070, 30517)", "Twice too many"),
        ("tokens_that_fit = (15258, 61035)", "other way round"),
        ("tokens_that_fit = (61035, 61035)", "The first is right"),
        ("tokens_that_fit = (8000, 2000)", "For one token"),
        ("tokens_that_fit = (61035.2, 15258.8)", "Tokens come whole"),
        ("tokens_that_fit = 61035", "a pair"),
    ],
    "build_scores": [
        (
            "def masked_scores(q, k):\n    return np.where(np.tri(len(q), dtype=bool), q @ k.T, -np.inf)",
            "scale is missing",
        ),
        (
            "def masked_scores(q, k):\n    return np.where(np.tri(len(q), dtype=bool), q @ k.T / q.shape[1], -np.inf)",
            "not by the width",
        ),
        (
            "def masked_scores(q, k):\n"
            "    return np.where(np.tri(len(q), dtype=bool), q @ k.T / np.sqrt(len(q)), -np.inf)",
            "not of the number of words",
        ),
        ("def masked_scores(q, k):\n    return q @ k.T / np.sqrt(q.shape[1])", "Nothing is masked"),
        ("def masked_scores(q, k):\n    return np.tril(q @ k.T / np.sqrt(q.shape[1]))", "e to the zero is 1"),
        (
            "def masked_scores(q, k):\n    s = q @ k.T / np.sqrt(q.shape[1])\n"
            "    return np.where(np.tri(len(q), dtype=bool).T, s, -np.inf)",
            "wrong way round",
        ),
        (
            "def masked_scores(q, k):\n    s = q @ k.T / np.sqrt(q.shape[1])\n"
            "    return np.where(np.tri(len(q), k=-1, dtype=bool), s, -np.inf)",
            "look at itself",
        ),
        ("def masked_scores(q, k):\n    return q @ k / np.sqrt(q.shape[1])", "ValueError"),
    ],
    "build_weights": [
        ("def row_weights(scores):\n    return np.exp(scores)", "powers of e"),
        ("def row_weights(scores):\n    e = np.exp(scores)\n    return e / e.sum()", "All weights together"),
        ("def row_weights(scores):\n    e = np.exp(scores)\n    return e / e.sum(axis=0)", "columns add up"),
        (
            "def row_weights(scores):\n    e = np.exp(scores)\n    return e / e.sum(axis=1, keepdims=True)",
            "too large for a float",
        ),
        ("def row_weights(scores):\n    return scores / scores.sum(axis=1, keepdims=True)", "For the row"),
    ],
    "build_output": [
        (
            "def self_attention(x, w_q, w_k, w_v):\n    q, k = x @ w_q, x @ w_k\n"
            "    return row_weights(q @ k.T / np.sqrt(q.shape[1])) @ (x @ w_v)",
            "Without the mask",
        ),
        (
            "def self_attention(x, w_q, w_k, w_v):\n"
            "    return row_weights(masked_scores(x @ w_k, x @ w_q)) @ (x @ w_v)",
            "exchanged",
        ),
        (
            "def self_attention(x, w_q, w_k, w_v):\n"
            "    return row_weights(masked_scores(x @ w_q, x @ w_k)) @ (x @ w_k)",
            "mixed the keys",
        ),
        (
            "def self_attention(x, w_q, w_k, w_v):\n    return row_weights(masked_scores(x @ w_q, x @ w_k))",
            "the output has the shape",
        ),
        (
            "def self_attention(x, w_q, w_k, w_v):\n    return masked_scores(x @ w_q, x @ w_k) @ (x @ w_v)",
            "differ from PyTorch's",
        ),
    ],
    "build_heads": [
        (
            "def multi_head(x, w_q, w_k, w_v, w_o, n_heads):\n    return self_attention(x, w_q, w_k, w_v) @ w_o",
            "one head, whatever",
        ),
        (HEADS.format(part="head * width, (head + 1) * width", end="np.hstack(outputs)"), "w_o is missing"),
        (HEADS.format(part="head, None, n_heads", end="np.hstack(outputs) @ w_o"), "next to one another"),
        (HEADS.format(part="head * width, (head + 1) * width", end="sum(outputs)"), "the output is (4, 6)"),
        (HEADS.format(part="head * width, (head + 1) * width", end="np.hstack(outputs[::-1]) @ w_o"), "differ from"),
        (
            "from course_utils.attention import multi_head_attention\n"
            "multi_head = lambda *given: multi_head_attention(*given, causal=False)",
            "Without the mask",
        ),
    ],
}
