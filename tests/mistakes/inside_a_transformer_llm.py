"""Plausible wrong answers to the exercises of notebook 12, and a piece of the message that each must get."""

BLOCK = """
def block_step(row, block, keys, values):
    h = row / np.sqrt(np.mean(row**2) + model.epsilon) * block.attention_norm
    made, n = (h @ block.qkv).reshape(15, 64), keys.shape[1]
    q, k = turn_heads(made[:9], n, model.rope_base), turn_heads(made[9:12], n, model.rope_base)
    keys = np.concatenate([keys, k[:, None]], axis=1)
    values = np.concatenate([values, made[12:, None]], axis=1)
    scores = np.einsum("hd,hnd->hn", q, np.repeat(keys, 3, axis=0)) / np.sqrt(64)
    mixed = np.einsum("hn,hnd->hd", softmax(scores), np.repeat(values, 3, axis=0))
    row = row + mixed.reshape(-1) @ block.output
    return network_step(row, block, model.epsilon), keys, values
"""

PATCHED = """
def patched(source, target, depth, row):
    x = model.look(encode(target)).residual[depth].copy()
    x[row] = model.look(encode(source)).residual[depth, row]
    return attention.softmax(model.read_out(run(x, model.blocks[depth:])[-1]))
"""

MISTAKES = {
    "min_p": [
        ("min_p = lambda p, share: np.where(p >= share, p, 0) / p[p >= share].sum()", "of the highest probability"),
        ("min_p = lambda p, share: np.where(p >= share * p.max(), p, 0)", "add up to 1"),
        ("min_p = lambda p, share: p[p >= share * p.max()] / p[p >= share * p.max()].sum()", "for every token"),
        ("min_p = lambda p, share: sampling_probabilities(np.log(p), top_p=1 - share)", "should be kept"),
        (
            "def min_p(p, share):\n    p[p < share * p.max()] = 0\n    return p / p.sum()",
            "changes the array",
        ),
        ("min_p = np.array([1.0, 0.0])", "should be a function"),
    ],
    "fresh_word": [
        (
            "def fresh_word(text, cache):\n"
            "    scores = model.last_logits(model.tokenizer.encode(text), cache)\n"
            "    return model.tokenizer.decode([int(scores.argmax())])",
            "What does the cache still hold",
        ),
        ("fresh_word = lambda text, cache: model.next_words(text, k=1)[0][0]", "read into the cache"),
        (
            "def fresh_word(text, cache):\n"
            "    scores = model.last_logits(model.tokenizer.encode(text), cache)\n"
            "    cache.reset()\n"
            "    return model.tokenizer.decode([int(scores.argmax())])",
            "empty afterwards",
        ),
        (
            "def fresh_word(text, cache):\n"
            "    cache.reset()\n"
            "    return int(model.last_logits(model.tokenizer.encode(text), cache).argmax())",
            "should give a word",
        ),
    ],
    "patched": [
        (PATCHED.replace("x[row] =", "x[:] =").replace("[depth, row]", "[depth]"), "Replace one row only"),
        (PATCHED.replace("blocks[depth:]", "blocks[depth + 1:]"), "goes into blocks[depth:]"),
        (PATCHED.replace("(source, target, ", "(target, source, "), "not the other way"),
        (PATCHED.replace("attention.softmax", ""), "add up to 1"),
        (PATCHED.replace("    x[row] =", "    _ ="), "without a patch"),
        (PATCHED.replace("run(x, model.blocks[depth:])[-1]", "x[-1]"), "should go on otherwise"),
        (PATCHED.replace("[-1]))", "))"), "should have the shape"),
    ],
    "build_turn": [
        (
            "def turn_heads(x, position, base):\n"
            "    angles = position * base ** (-np.arange(0, 64, 2) / 64)\n"
            "    a, b = x[:, :32], x[:, 32:]\n"
            "    return np.hstack([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)])",
            "neighbours are a pair",
        ),
        (
            "right = turn_heads\ndef turn_heads(x, position, base):\n    return right(x, -position, base)",
            "the other way",
        ),
        (
            "right = turn_heads\ndef turn_heads(x, position, base):\n    return right(x, position + 1, base)",
            "At position 0 nothing turns",
        ),
        (
            "right = turn_heads\ndef turn_heads(x, position, base):\n    return right(x, position, 1 / base)",
            "by other angles",
        ),
        (
            "def turn_heads(x, position, base):\n"
            "    angles = position * base ** (-np.arange(0, 64, 2) / 64)\n"
            "    x[:, 0::2] = x[:, 0::2] * np.cos(angles) - x[:, 1::2] * np.sin(angles)\n"
            "    x[:, 1::2] = x[:, 0::2] * np.sin(angles) + x[:, 1::2] * np.cos(angles)\n"
            "    return x",
            "changes the array",
        ),
    ],
    "build_network": [
        (
            "right = network_step\ndef network_step(row, block, epsilon):\n    return right(row, block, epsilon) - row",
            "added to the row",
        ),
        (
            "def network_step(row, block, epsilon):\n"
            "    gate, up = np.split(row @ block.gate_up, 2)\n"
            "    return row + (gate / (1 + np.exp(-gate)) * up) @ block.down",
            "was not normed",
        ),
        (
            "def network_step(row, block, epsilon):\n"
            "    h = row / np.sqrt(np.mean(row**2) + epsilon) * block.mlp_norm\n"
            "    up, gate = np.split(h @ block.gate_up, 2)\n"
            "    return row + (gate / (1 + np.exp(-gate)) * up) @ block.down",
            "left half",
        ),
        (
            "def network_step(row, block, epsilon):\n"
            "    h = row / np.sqrt(np.mean(row**2) + epsilon) * block.mlp_norm\n"
            "    gate, up = np.split(h @ block.gate_up, 2)\n"
            "    return row + (1 / (1 + np.exp(-gate)) * up) @ block.down",
            "sigmoid alone",
        ),
    ],
    "build_block": [
        (BLOCK.replace("turn_heads(made[9:12], n, model.rope_base)", "made[9:12]"), "Turn the new token's key"),
        (BLOCK.replace("np.repeat(", "np.tile(").replace("3, axis=0", "(3, 1, 1)"), "as np.repeat gives"),
        (BLOCK.replace(" / np.sqrt(64)", ""), "square root of 64"),
        (BLOCK.replace("row = row + ", "row = "), "goes around it"),
        (BLOCK.replace(", keys, values\n", "\n"), "Return three things"),
        (
            BLOCK.replace("made[12:, None]", "turn_heads(made[12:], n, model.rope_base)[:, None]"),
            "differs from the model",
        ),
        (
            BLOCK.replace("keys = np.concatenate([keys, k[:, None]], axis=1)", "keys = k[:, None]"),
            "After 2 tokens, keys",
        ),
    ],
}
