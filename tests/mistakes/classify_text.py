"""Plausible wrong answers to the exercises of notebook 08, and a piece of the message that each must get."""

MISTAKES = {
    "macro": [
        ("my_macro_f1 = lambda truth, said: (truth == said).mean()", "That is the accuracy"),
        (
            "def my_macro_f1(truth, said):\n"
            "    return np.mean([(said[truth == name] == name).mean() for name in np.unique(truth)])",
            "average recall",
        ),
        (
            "def my_macro_f1(truth, said):\n"
            "    scores = []\n"
            "    for name in np.unique(said):\n"
            "        hits = ((truth == name) & (said == name)).sum()\n"
            "        scores.append(2 * hits / ((truth == name).sum() + (said == name).sum()))\n"
            "    return np.mean(scores)",
            "The owl is missing",
        ),
        (
            "def my_macro_f1(truth, said):\n"
            "    from sklearn.metrics import f1_score\n"
            "    return f1_score(truth, said, average='weighted')",
            "plain average",
        ),
        ("my_macro_f1 = lambda truth, said: np.array([0.5, 0.5])", "one number"),
        ("my_macro_f1 = lambda truth, said: float('nan')", "NaN"),
    ],
    "mend_names": [
        ("label_texts = {str(name): str(name) for name in names}", "Of 'People' it finds"),
        ("label_texts = {str(name): str(name).upper() for name in names}", "is asked for"),
        ("label_texts = {'People': 'a person who was born'}", "There is no text for 'Arts'"),
        ("label_texts = [str(name) for name in names]", "dictionary"),
        ("label_texts = {str(name): '' for name in names}", "not empty"),
    ],
    "poison": [
        (
            "spoiled = train_topics.copy()\nspoiled[np.flatnonzero(spoiled == 'Mathematics')[:190]] = 'People'",
            "strangers",
        ),
        ("spoiled = train_topics.copy()", "No label differs"),
        ("spoiled = train_topics.copy()\nspoiled[spoiled == 'Geography'] = 'Mathematics'", "must be enough"),
        (
            "spoiled = train_topics.copy()\nspoiled[np.flatnonzero(spoiled == 'Technology')[:300]] = 'Mathematics'",
            "still found",
        ),
        ("spoiled = ['Mathematics'] * 300", "a label for each"),
        ("spoiled = train_topics.copy()\nspoiled[:9] = 'Maths'", "is no topic"),
    ],
    "habit": [
        ("corrected = lambda scores, batch: (scores - scores.mean(axis=0)).argmax(axis=1)", "measured on batch"),
        (
            "corrected = lambda scores, batch: (scores - scores.mean(axis=1, keepdims=True)).argmax(axis=1)",
            "for each class",
        ),
        ("corrected = lambda scores, batch: (scores - batch.mean()).argmax(axis=1)", "still wins everywhere"),
        ("corrected = lambda scores, batch: scores - batch.mean(axis=0)", "the best class of each row"),
        ("corrected = lambda scores, batch: (scores + batch.mean(axis=0)).argmax(axis=1)", "for each class"),
        ("corrected = lambda scores, batch: (scores - batch.mean(axis=0)).argmax(axis=0)", "has shape (3,)"),
        (
            "def corrected(scores, batch):\n    scores -= batch.mean(axis=0)\n    return scores.argmax(axis=1)",
            "changes a table",
        ),
        ("corrected = lambda scores, batch: (scores - batch.max(axis=0)).argmax(axis=1)", "It should be"),
    ],
    "temper": [
        (
            "def temper(logits, y, temperatures):\n"
            "    hits = [(softmax(logits / t).argmax(axis=1) == y).mean() for t in temperatures]\n"
            "    return temperatures[int(np.argmax(hits))]",
            "no answer changes",
        ),
        (
            "def temper(logits, y, temperatures):\n"
            "    losses = [-np.log(softmax(logits * t)[np.arange(len(y)), y]).mean() for t in temperatures]\n"
            "    return temperatures[int(np.argmin(losses))]",
            "divide the logits",
        ),
        (
            "def temper(logits, y, temperatures):\n"
            "    losses = [-np.log(softmax(logits / t)[np.arange(len(y)), y]).mean() for t in temperatures]\n"
            "    return temperatures[int(np.argmax(losses))]",
            "largest loss",
        ),
        (
            "def temper(logits, y, temperatures):\n"
            "    losses = [-np.log(softmax(logits / t)[np.arange(len(y)), y]).mean() for t in temperatures]\n"
            "    return int(np.argmin(losses))",
            "the place of the temperature",
        ),
        (
            "def temper(logits, y, temperatures):\n"
            "    losses = [-np.log(softmax(logits / t).max(axis=1)).mean() for t in temperatures]\n"
            "    return temperatures[int(np.argmin(losses))]",
            "reward boldness",
        ),
        ("temper = lambda logits, y, temperatures: softmax(logits / temperatures[0])", "one number"),
        (
            "def temper(logits, y, temperatures):\n    losses = []\n    for t in temperatures:\n        logits /= t\n"
            "        losses.append(-np.log(softmax(logits)[np.arange(len(y)), y]).mean())\n"
            "    return temperatures[int(np.argmin(losses))]",
            "not logits /= t",
        ),
    ],
    "build_softmax": [
        ("softmax_rows = lambda logits: np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)", "NaN"),
        ("softmax_rows = lambda logits: np.exp(logits) / np.exp(logits).sum()", "All shares together"),
        ("softmax_rows = lambda logits: np.exp(logits) / np.exp(logits).sum(axis=0)", "Each column"),
        ("softmax_rows = lambda logits: logits / logits.sum(axis=1, keepdims=True)", "NaN"),
        ("softmax_rows = lambda logits: logits.argmax(axis=1)", "one share for each logit"),
        (
            "def softmax_rows(logits):\n    logits -= logits.max(axis=1, keepdims=True)\n"
            "    return np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)",
            "make a new one",
        ),
    ],
    "build_loss": [
        (
            "def loss_and_gradient(X, W, y):\n    shares = softmax_rows(X @ W)\n"
            "    return -np.log(shares[np.arange(len(y)), y]).mean(), X.T @ shares / len(y)",
            "right classes are missing",
        ),
        (
            "def loss_and_gradient(X, W, y):\n    shares = softmax_rows(X @ W)\n    truth = np.eye(3)[y]\n"
            "    return -np.log(shares[np.arange(len(y)), y]).mean(), X.T @ (truth - shares) / len(y)",
            "wrong sign: shares minus truth",
        ),
        (
            "def loss_and_gradient(X, W, y):\n    shares = softmax_rows(X @ W)\n    truth = np.eye(3)[y]\n"
            "    return -np.log(shares[np.arange(len(y)), y]).sum(), X.T @ (shares - truth)",
            "Take the mean",
        ),
        (
            "def loss_and_gradient(X, W, y):\n    shares = softmax_rows(X @ W)\n    truth = np.eye(3)[y]\n"
            "    return -np.log(shares).mean(), X.T @ (shares - truth) / len(y)",
            "only the share of its right class",
        ),
        (
            "def loss_and_gradient(X, W, y):\n    shares = softmax_rows(X @ W)\n"
            "    return -np.log(shares[np.arange(len(y)), y]).mean()",
            "Return a pair",
        ),
    ],
    "build_fit": [
        (
            "def fit_softmax(X, y, rate, n_steps):\n    W = np.zeros((X.shape[1], y.max() + 1))\n"
            "    for _ in range(n_steps):\n        W = W + rate * loss_and_gradient(X, W, y)[1]\n    return W",
            "uphill",
        ),
        (
            "def fit_softmax(X, y, rate, n_steps):\n    W = np.zeros((X.shape[1], y.max() + 1))\n"
            "    gradient = loss_and_gradient(X, W, y)[1]\n"
            "    for _ in range(n_steps):\n        W = W - rate * gradient\n    return W",
            "compute the gradient anew",
        ),
        (
            "def fit_softmax(X, y, rate, n_steps):\n"
            "    W = np.random.default_rng(0).normal(size=(X.shape[1], y.max() + 1))\n"
            "    for _ in range(n_steps):\n        W = W - rate * loss_and_gradient(X, W, y)[1]\n    return W",
            "After one step from zero",
        ),
        ("fit_softmax = lambda X, y, rate, n_steps: np.zeros(X.shape[1])", "weights of shape"),
    ],
}
