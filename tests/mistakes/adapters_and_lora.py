"""Plausible wrong answers to the exercises of notebook 14."""

MISTAKES = {
    "with_lora": [
        ("def with_lora(x, W, A, B, alpha):\n    return x @ W.T + (x @ A.T) @ B.T", "factor is missing"),
        ("def with_lora(x, W, A, B, alpha):\n    return x @ W.T + alpha * (x @ A.T) @ B.T", "divide it by the rank"),
        ("def with_lora(x, W, A, B, alpha):\n    return alpha / len(A) * (x @ W.T + x @ A.T @ B.T)", "counts once"),
        (
            "def with_lora(x, W, A, B, alpha):\n    return x @ W.T + alpha / len(x.T) * x @ A.T @ B.T",
            "divide by the width",
        ),
        ("def with_lora(x, W, A, B, alpha):\n    return x @ W.T", "frozen layer alone"),
        ("def with_lora(x, W, A, B, alpha):\n    return (W + alpha / len(A) * B @ A) @ x.T", "shape (5, 4)"),
    ],
    "stuck": [
        ("stuck = (np.ones((2, 6)), np.zeros((4, 2)))", "as long as A is not zero"),
        ("stuck = (np.zeros((2, 6)), np.ones((4, 2)))", "as long as B is not zero"),
        ("stuck = (np.ones((2, 6)), np.ones((4, 2)))", "Both gradients are alive"),
        ("stuck = (np.zeros((6, 2)), np.zeros((2, 4)))", "should have the shape"),
        ("stuck = np.zeros((4, 6))", "a pair of two arrays"),
    ],
    "megabytes": [
        ("megabytes = 30 * 4 * (576 + 576 + 1536 + 576) / 1e6", "four bytes"),
        ("megabytes = 4 * 4 * (576 + 576 + 1536 + 576) / 1e6", "there are 30"),
        ("megabytes = 4 * 30 * 4 * (576 + 576 + 1536 + 576)", "a million of them"),
        ("megabytes = 4 * 30 * (576 * 576 + 1536 * 576) / 1e6", "size of the matrices"),
        ("megabytes = 4 * 30 * 4 * (576 * 576 + 1536 * 576) / 1e6", "four times the matrices"),
    ],
    "lora_gradients": [
        (
            "def lora_gradients(x, error, A, B, alpha):\n    return (error @ B).T @ x, error.T @ (x @ A.T)",
            "factor alpha / rank is missing",
        ),
        (
            "def lora_gradients(x, error, A, B, alpha):\n    f = alpha / len(A)\n"
            "    return f * error.T @ (x @ A.T), f * (error @ B).T @ x",
            "gradient of A comes first",
        ),
        (
            "def lora_gradients(x, error, A, B, alpha):\n    f = alpha / len(A) / len(x)\n"
            "    return f * (error @ B).T @ x, f * error.T @ (x @ A.T)",
            "number of rows",
        ),
        (
            "def lora_gradients(x, error, A, B, alpha):\n    f = alpha / len(A)\n"
            "    return f * x.T @ (error @ B), f * (x @ A.T).T @ error",
            "has the shape of A",
        ),
    ],
    "train_lora": [
        (
            "def train_lora(x, y, W, A, alpha, rate, n_steps):\n    B = np.ones((len(W), len(A)))\n"
            "    return W + alpha / len(A) * B @ A",
            "B starts at zero",
        ),
        (
            "def train_lora(x, y, W, A, alpha, rate, n_steps):\n    B = np.zeros((len(W), len(A)))\n"
            "    for _ in range(n_steps):\n        error = with_lora(x, W, A, B, alpha) - y\n"
            "        of_a, of_b = lora_gradients(x, error, A, B, alpha)\n"
            "        A, B = A - rate * of_a, B - rate * of_b\n    return W + alpha / len(A) * B @ A",
            "divide it by len(x)",
        ),
        (
            "def train_lora(x, y, W, A, alpha, rate, n_steps):\n    B = np.zeros((len(W), len(A)))\n"
            "    for _ in range(n_steps):\n        error = (with_lora(x, W, A, B, alpha) - y) / len(x)\n"
            "        of_a, of_b = lora_gradients(x, error, A, B, alpha)\n"
            "        A, B = A - rate * of_a, B - rate * of_b\n    return W + B @ A",
            "where the update is merged",
        ),
        (
            "def train_lora(x, y, W, A, alpha, rate, n_steps):\n    B = np.zeros((len(W), len(A)))\n"
            "    for _ in range(n_steps):\n        error = (with_lora(x, W, A, B, alpha) - y) / len(x)\n"
            "        of_a, of_b = lora_gradients(x, error, A, B, alpha)\n"
            "        A -= rate * of_a\n        B -= rate * of_b\n    return W + alpha / len(A) * B @ A",
            "changes an array",
        ),
        (
            "def train_lora(x, y, W, A, alpha, rate, n_steps):\n    B = np.zeros((len(W), len(A)))\n"
            "    for _ in range(n_steps):\n        error = (with_lora(x, W, A, B, alpha) - y) / len(x)\n"
            "        of_a, of_b = lora_gradients(x, error, A, B, alpha)\n"
            "        A = A - rate * of_a\n"
            "        B = B - rate * lora_gradients(x, error, A, B, alpha)[1]\n    return W + alpha / len(A) * B @ A",
            "before either matrix moves",
        ),
    ],
}
