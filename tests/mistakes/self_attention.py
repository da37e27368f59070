"""Plausible wrong answers to the exercises of notebook 11, and a piece of the message that each must get."""

MISTAKES = {
    "rich_bank": [
        ("rich_bank = softmax(x_2 @ x_2[5])", "mix the six rows"),
        ("rich_bank = (x_2 @ x_2[5]) @ x_2", "turn them into shares"),
        ("s = x_2 @ x_2[5]\nrich_bank = s / s.sum() @ x_2", "raises e"),
        ("rich_bank = x_2.mean(axis=0)", "plain average"),
        ("rich_bank = softmax(x_2 @ x_2[2]) @ x_2", "x_2[5]"),
        ("rich_bank = 2.5", "four numbers"),
        ("rich_bank = 'money'", "ValueError"),
    ],
    "attend": [
        ("attend = lambda q, k, v: softmax(q @ k.T) @ v", "scale is missing"),
        ("attend = lambda q, k, v: softmax(q @ k.T / q.shape[1]) @ v", "not by the width"),
        ("attend = lambda q, k, v: softmax(q @ k.T / np.sqrt(len(k))) @ v", "not of the number of words"),
        ("attend = lambda q, k, v: softmax((q @ k.T / np.sqrt(q.shape[1])).T).T @ v", "wrong side"),
        ("attend = lambda q, k, v: softmax(q @ k.T / np.sqrt(q.shape[1]))", "output has shape"),
        (
            "def attend(q, k, v):\n    mask = np.where(np.tri(len(q), len(k)), 0, -np.inf)\n"
            "    return softmax(q @ k.T / np.sqrt(q.shape[1]) + mask) @ v",
            "has a mask",
        ),
        ("attend = lambda q, k, v: (q @ k.T / np.sqrt(q.shape[1])) @ v", "differ from PyTorch's"),
        ("def attend(q, k, v):\n    softmax(q @ k.T) @ v", "return"),
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
}
