"""Plausible wrong answers to the exercises of notebook 13, and a piece of the message that each must get."""

BLOCK = """
from course_utils.tiny_gpt import rotate, rotation

def block_forward(x, w, n_heads):
    n, d = len(x), x.shape[1] // n_heads
    y = functional.layer_norm(x, x.shape[1:], w["norm_1.weight"], w["norm_1.bias"])
    q, k, v = (y @ w["attention.qkv.weight"].T).view(n, 3, n_heads, d).permute(1, 2, 0, 3)
    q, k = rotate(q, rotation(n, d)), rotate(k, rotation(n, d))
    scores = q @ k.transpose(1, 2) / d**0.5
    scores = scores.masked_fill(torch.ones(n, n).triu(1) == 1, -torch.inf)
    mixed = (scores.softmax(dim=-1) @ v).transpose(0, 1).flatten(1)
    x = x + mixed @ w["attention.output.weight"].T
    z = functional.layer_norm(x, x.shape[1:], w["norm_2.weight"], w["norm_2.bias"])
    wide = functional.gelu(z @ w["widen.weight"].T + w["widen.bias"])
    return x + wide @ w["narrow.weight"].T + w["narrow.bias"]
"""
BEHIND = """
from course_utils.tiny_gpt import rotate, rotation

def block_forward(x, w, n_heads):
    n, d = len(x), x.shape[1] // n_heads
    q, k, v = (x @ w["attention.qkv.weight"].T).view(n, 3, n_heads, d).permute(1, 2, 0, 3)
    q, k = rotate(q, rotation(n, d)), rotate(k, rotation(n, d))
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(0, 1).flatten(1)
    x = x + mixed @ w["attention.output.weight"].T
    x = functional.layer_norm(x, x.shape[1:], w["norm_1.weight"], w["norm_1.bias"])
    x = x + functional.gelu(x @ w["widen.weight"].T + w["widen.bias"]) @ w["narrow.weight"].T + w["narrow.bias"]
    return functional.layer_norm(x, x.shape[1:], w["norm_2.weight"], w["norm_2.bias"])
"""


def block(*changes: tuple[str, str]) -> str:
    """Return the right block with pieces of its code exchanged."""
    code = BLOCK
    for old, new in changes:
        assert old in code, old
        code = code.replace(old, new)
    return code


MISTAKES = {
    "share_unseen": [
        ("share_unseen = np.mean(counts == 0)", "all 512 × 512 pairs"),
        ("share_unseen = np.mean(counts[inputs, targets] > 0)", "that were seen"),
        ("share_unseen = int(np.sum(counts[inputs, targets] == 0))", "divide by the number"),
        ("share_unseen = np.mean(counts[targets, inputs] == 0)", "other way round"),
        ("share_unseen = 0.5", "Not quite"),
        ("share_unseen = counts[inputs, targets] == 0", "should be a number"),
    ],
    "block_forward": [
        (block(("torch.ones(n, n).triu(1) == 1", "torch.zeros(n, n) == 1")), "sees later ones"),
        (block((".triu(1) == 1", ".tril(-1) == 1")), "sees later ones"),
        (block((".triu(1) == 1", ".triu() == 1")), "nothing left to look at"),
        (block(("    return x +", "    [each.zero_() for each in w.values()]\n    return x +")), "The numbers differ"),
        ("block_forward = lambda x, w, n_heads: str(x)", "return a tensor"),
        (block(("x = x + mixed", "x = mixed")), "residual is missing"),
        (block(("return x + wide", "return wide")), "residual is missing"),
        (block(("x = x + mixed", "x = mixed"), ("return x + wide", "return wide")), "residual is missing"),
        (BEHIND, "come after the parts"),
        (block(("(y @", "(x @"), ("gelu(z", "gelu(x")), "norms are missing"),
        (block(("x = x + mixed", "r = x + mixed"), ("return x +", "return r +")), "x + attention"),
        (block((".gelu", ".relu")), "not by the ReLU"),
        (block((".transpose(0, 1).flatten(1)", ".reshape(n, -1)")), "heads got mixed up"),
        (block((" / d**0.5", "")), "scale is missing"),
        (block(("rotate(q, rotation(n, d)), rotate(k, rotation(n, d))", "q, k")), "Nothing is turned"),
        (block(("n, d =", "n_heads = 1\n    n, d =")), "All columns are one head"),
        (block((' + w["narrow.bias"]', "")), "are all four biases"),
        ("block_forward = lambda x, w, n_heads: x[:, :2]", "keep the shape"),
        ("block_forward = lambda x, w, n_heads: x", "The numbers differ"),
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
