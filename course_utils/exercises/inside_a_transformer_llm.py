"""The exercises of notebook 12, *Open a language model and look inside*."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

SENTENCE = "The white stuff that falls from the sky in winter is called"
FIRST_TEXT, SECOND_TEXT = "The capital of Japan is", "In the morning I drink a cup of"
CAPITAL = "The capital city of {} is called"
REPEATED = "A blue fox found seven old maps. A blue fox found seven old"
ANSWERS = {
    "capital": ("Paris", "Tokyo", "Berlin", "Rome", "Moscow", "Beijing"),
    "language": ("French", "Japanese", "German", "Italian", "Russian", "Chinese"),
}

LAYER = 7  # the block that the check of `block_step` runs


def turn_heads(x: np.ndarray, position: int, base: float) -> np.ndarray:
    """Turn the pairs of one token's queries or keys by their position: ``(n_heads, d_head) -> (n_heads, d_head)``."""
    angles = position * base ** (-np.arange(0, x.shape[-1], 2) / x.shape[-1])
    a, b, turned = x[..., 0::2], x[..., 1::2], np.empty_like(x)
    turned[..., 0::2] = a * np.cos(angles) - b * np.sin(angles)
    turned[..., 1::2] = a * np.sin(angles) + b * np.cos(angles)
    return turned


def network_step(row: np.ndarray, block: Any, epsilon: float) -> np.ndarray:
    """Take one row through the second half of a block: norm, SwiGLU, and the addition."""
    h = row / np.sqrt(np.mean(row**2) + epsilon) * block.mlp_norm
    gate, up = np.split(h @ block.gate_up, 2)
    return row + (gate / (1 + np.exp(-gate)) * up) @ block.down


def block_step(
    row: np.ndarray, block: Any, keys: np.ndarray, values: np.ndarray, slip: str = ""
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take one token through a block behind the keys and values of earlier ones; ``slip`` makes a known mistake."""
    from course_utils.attention import softmax

    model = _model()
    h = row / np.sqrt(np.mean(row**2) + model.epsilon) * block.attention_norm
    made = (h @ block.qkv).reshape(15, 64)
    q, k = (turn_heads(part, keys.shape[1], model.rope_base) for part in (made[:9], made[9:12]))
    k = made[9:12] if slip == "plain keys" else k
    keys = np.concatenate([keys, k[:, None]], axis=1)
    values = np.concatenate([values, made[12:, None]], axis=1)
    served = np.arange(9) % 3 if slip == "tile" else np.arange(9) // 3  # the key head of each query head
    scores = np.einsum("hd,hnd->hn", q, keys[served])
    weights = softmax(scores if slip == "scale" else scores / np.sqrt(64))
    mixed = np.einsum("hn,hnd->hd", weights, values[served]).reshape(-1) @ block.output
    row = mixed if slip == "addition" else row + mixed
    return network_step(row, block, model.epsilon), keys, values


SLIPS = {
    "plain keys": "Turn the new token's key before you keep it, as you turn its queries.",
    "tile": "Neighbouring query heads share a key head: heads 0, 1 and 2 use key head 0, as np.repeat gives.",
    "scale": "Divide the scores by the square root of 64 before the softmax.",
    "addition": "What attention gives is added to the row: the row itself goes around it.",
}


@functools.lru_cache(maxsize=1)
def _model() -> Any:
    from course_utils.transformer.model import NumPyLM

    return NumPyLM.smollm2()


def _setting() -> dict[str, Any]:
    from course_utils import attention
    from course_utils.transformer.generation import sampling_probabilities
    from course_utils.transformer.kv_cache import KVCache

    model = _model()
    known = {"np": np, "attention": attention, "model": model, "encode": model.tokenizer.encode, "run": _run}
    return known | {"KVCache": KVCache, "sampling_probabilities": sampling_probabilities}


def _run(x: np.ndarray, blocks: Any) -> np.ndarray:
    """Take the rows of one text through some blocks, as the notebook's `run` does."""
    for block in blocks:
        keys = values = np.zeros((3, 0, 64), x.dtype)
        rows = []
        for row in x:
            row, keys, values = block_step(row, block, keys, values)
            rows.append(row)
        x = np.array(rows)
    return x


def _building_setting() -> dict[str, Any]:
    from course_utils.attention import softmax

    built = {"turn_heads": turn_heads, "network_step": network_step}
    return {"np": np, "model": _model(), "softmax": softmax, **built}


@functools.lru_cache(maxsize=1)
def _read_slowly() -> tuple[np.ndarray, np.ndarray]:
    """Return the residual stream of a sentence before and after the block that is built."""
    model = _model()
    residual = model.look(model.tokenizer.encode(FIRST_TEXT)).residual
    return residual[LAYER], residual[LAYER + 1]


def _array(found: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    if np.shape(found) != shape:
        raise Wrong(f"{name} should have the shape {shape}, and yours has {np.shape(found)}.")
    return np.asarray(found, dtype=float)


def _test_turn_heads(answer: Any) -> str:
    from course_utils.transformer.model import rotate, rotation

    x = np.random.default_rng(0).normal(size=(3, 64)).astype(np.float32)
    before, base = x.copy(), 10_000.0
    for position in (0, 1, 7):
        found = _array(call(answer, x, position, base), x.shape, "The result")
        if not np.array_equal(x, before):
            raise Wrong("Your function changes the array that it is given: write into a new one, np.empty_like(x).")
        wanted = rotate(x[:, None], rotation(1, 64, base, start=position))[:, 0]
        if np.allclose(found, wanted, atol=1e-4):
            continue
        if position == 0:
            raise Wrong("At position 0 nothing turns: the result should be x itself.")
        if np.allclose(found, rotate(x[:, None], rotation(1, 64, base, start=position).conj())[:, 0], atol=1e-4):
            raise Wrong("Your pairs turn the other way: (a, b) becomes (a cos - b sin, a sin + b cos).")
        if np.allclose(found, _halves(x, position, base), atol=1e-4):
            raise Wrong(
                "Your pairs are number i and number i + 32. Here neighbours are a pair: x[:, 0::2], x[:, 1::2]."
            )
        if not np.allclose(np.linalg.norm(found, axis=1), np.linalg.norm(x, axis=1), atol=1e-3):
            raise Wrong("Turning keeps the length of each pair, and yours does not: look at the signs, and at a and b.")
        raise Wrong(
            f"At position {position} the pairs turn by other angles: position * base ** (-2 * i / 64) for pair i."
        )
    return "This is RoPE without complex numbers, equal to the course's rotate."


def _halves(x: np.ndarray, position: int, base: float) -> np.ndarray:
    """Turn number i with number i + 32, as some libraries lay them out."""
    angles, (a, b) = position * base ** (-np.arange(0, 64, 2) / 64), np.split(x, 2, axis=1)
    return np.hstack([a * np.cos(angles) - b * np.sin(angles), a * np.sin(angles) + b * np.cos(angles)])


def _test_network_step(answer: Any) -> str:
    model, row = _model(), _read_slowly()[0][-1]
    block = model.blocks[LAYER]
    found = _array(call(answer, row, block, model.epsilon), row.shape, "The row")
    wanted = network_step(row, block, model.epsilon)
    if np.allclose(found, wanted, atol=1e-3):
        return "Norm, gates, numbers, and the way back to 576: the second half of a block."
    if np.allclose(found, wanted - row, atol=1e-3):
        raise Wrong("The network's result is added to the row: the row itself goes around it.")
    h = row / np.sqrt(np.mean(row**2) + model.epsilon) * block.mlp_norm
    if np.allclose(found, h + wanted - row, atol=1e-3):
        raise Wrong("Add the result to the row as it came in, not to the normed one.")
    gate, up = np.split(h @ block.gate_up, 2)
    if np.allclose(found, row + (up / (1 + np.exp(-up)) * gate) @ block.down, atol=1e-3):
        raise Wrong("The gates are the left half of the columns, and silu goes over the gates, not over the numbers.")
    if np.allclose(found, row + (up / (1 + np.exp(-gate))) @ block.down, atol=1e-3):
        raise Wrong("silu(gate) is gate times its sigmoid, and yours is the sigmoid alone.")
    gate, up = np.split(row @ block.gate_up, 2)
    if np.allclose(found, row + (gate / (1 + np.exp(-gate)) * up) @ block.down, rtol=1e-3, atol=1e-2):
        raise Wrong("The row was not normed: divide it by its root mean square, and scale it with block.mlp_norm.")
    raise Wrong("The row differs from the model's: norm, then gate and up, then silu(gate) * up, then down, then add.")


def _test_block_step(answer: Any) -> str:
    model, (before, after) = _model(), _read_slowly()
    block = model.blocks[LAYER]
    keys = values = np.zeros((3, 0, 64), np.float32)
    for n, (row, wanted) in enumerate(zip(before, after, strict=True), 1):
        result = call(answer, row, block, keys, values)
        if not isinstance(result, tuple) or len(result) != 3:
            raise Wrong("Return three things: the row, the keys and the values.")
        found = _array(result[0], row.shape, "The row")
        for name, part in zip(("keys", "values"), result[1:], strict=True):
            _array(part, (3, n, 64), f"After {n} tokens, {name}")
        if not np.allclose(found, wanted, atol=1e-2, rtol=1e-3):
            for slip, advice in SLIPS.items():
                if np.allclose(found, block_step(row, block, keys, values, slip)[0], atol=1e-3, rtol=1e-3):
                    raise Wrong(advice)
            raise Wrong(f"The row of token {n} differs from the model's after this block, though its shapes are right.")
        _, keys, values = block_step(row, block, keys, values)
        if not np.allclose(result[1], keys, atol=1e-3):
            raise Wrong(SLIPS["plain keys"])
        if not np.allclose(result[2], values, atol=1e-3):
            raise Wrong("Values are kept as they come, and are never turned.")
    return "Token by token, equal to the rows that the model has after this block: a transformer block with a cache."


def _test_min_p(answer: Any) -> str:
    given = np.array([0.5, 0.04, 0.26, 0.2])
    before = given.copy()
    for share, kept in [(0.3, [0, 2, 3]), (0.45, [0, 2]), (1.0, [0]), (0.01, [0, 1, 2, 3])]:
        found = np.asarray(call(answer, given, share), dtype=float)
        if not np.array_equal(given, before):
            raise Wrong("Your function changes the array that it is given: work on a copy, or use np.where.")
        if found.shape != given.shape:
            raise Wrong(f"The result should have a probability for every token, and its shape is {found.shape}.")
        wanted = np.where(np.isin(np.arange(4), kept), given, 0)
        if np.allclose(found, wanted / wanted.sum()):
            continue
        if np.allclose(found, wanted):
            raise Wrong("The right tokens are kept, but their probabilities must add up to 1 again.")
        if np.array_equal(found > 0, given >= share):
            raise Wrong(f"With {share} the limit is {share} of the highest probability, not {share} itself.")
        raise Wrong(f"For {given} and {share}, tokens {kept} should be kept; yours gives {found.round(2)}.")
    return "This is min-p. It keeps many tokens where the model is unsure, and few where one is far ahead."


def _test_fresh_word(answer: Any) -> str:
    from course_utils.transformer.kv_cache import KVCache

    model = _model()
    cache, alone = KVCache(model, 32), {}
    for text in (FIRST_TEXT, SECOND_TEXT, FIRST_TEXT):
        found = call(answer, text, cache)
        ids = model.tokenizer.encode(text)
        alone[text] = model.next_words(text, k=1)[0][0]
        if not isinstance(found, str):
            raise Wrong(f"It should give a word, such as {alone[text]!r}, and gives {found!r}.")
        if found != alone[text]:
            raise Wrong(
                f"After {text!r} it says {found!r}, and a model that reads this text alone says {alone[text]!r}. What "
                "does the cache still hold?"
            )
        if cache.length == 0:
            raise Wrong("The right word, but the cache is empty afterwards: let the model read into the cache.")
        if cache.length != len(ids):
            raise Wrong(f"Afterwards the cache should hold the {len(ids)} tokens of the text, not {cache.length}.")
    return "A cache is a memory of one text. Programs that forget to empty it mix what different people said."


def _test_patched(answer: Any) -> str:
    from course_utils.attention import softmax

    model, texts = _model(), [CAPITAL.format(name) for name in ("France", "Japan")]
    streams = {text: model.look(model.tokenizer.encode(text)).residual for text in texts}

    def wanted(source: str, target: str, depth: int, rows: Any, skipped: int = 0) -> np.ndarray:
        x, rest = streams[target][depth].copy(), dataclasses.replace(model, blocks=model.blocks[depth + skipped :])
        x[rows] = streams[source][depth, rows]
        return softmax(rest.last_logits(x))

    for source, target in (texts, texts[::-1]):
        for depth, row in ((10, 4), (0, 4), (30, 6), (10, 3)):
            found = _array(call(answer, source, target, depth, row), (model.embedding.shape[0],), "The result")
            if np.allclose(found, wanted(source, target, depth, row), atol=2e-3):
                continue
            if abs(found.sum() - 1) > 1e-3:
                raise Wrong(f"Probabilities add up to 1, and yours to {found.sum():.1f}: the softmax makes them so.")
            for other, advice in (
                (wanted(target, source, depth, row), "The row goes from source into target, not the other way."),
                (wanted(source, target, depth, slice(None)), "Replace one row only: now all come from source."),
                (wanted(source, target, depth, row, 1), "The row after `depth` blocks goes into blocks[depth:]."),
                (wanted(target, target, depth, row), "This is what the text says without a patch."),
            ):
                if np.allclose(found, other, atol=2e-3):
                    raise Wrong(advice)
            raise Wrong(f"After {depth} blocks, with row {row} of {source!r}, {target!r} should go on otherwise.")
    return (
        "Row 4 brings Paris, and row 3 brings nothing: the word before the country cannot know it, so its row is the "
        "same in both texts. That is a control for free: the same patch in a wrong place."
    )


patched = Exercise(
    "patched",
    _test_patched,
    (
        "model.look(encode(text)).residual[depth] is a text's rows after so many blocks: take a copy of the target's.",
        "run(x, model.blocks[depth:]) takes the rows through the blocks that are left.",
        "model.read_out of the last row gives the logits, and attention.softmax the probabilities.",
    ),
    """
    def patched(source, target, depth, row):
        x = model.look(encode(target)).residual[depth].copy()
        x[row] = model.look(encode(source)).residual[depth, row]
        return attention.softmax(model.read_out(run(x, model.blocks[depth:])[-1]))
    """,
    _setting,
)

min_p = Exercise(
    "min_p",
    _test_min_p,
    (
        "The limit is share * probabilities.max().",
        "np.where(probabilities >= limit, probabilities, 0) puts a 0 in all other places.",
        "Divide the result by its sum.",
    ),
    """
    def min_p(probabilities, share):
        limit = share * probabilities.max()
        kept = np.where(probabilities >= limit, probabilities, 0)
        return kept / kept.sum()
    """,
    _setting,
)

fresh_word = Exercise(
    "fresh_word",
    _test_fresh_word,
    (
        "Print cache.length before you read the second text: what does the cache still hold?",
        "cache.reset() makes the model forget what it has read.",
    ),
    """
    def fresh_word(text, cache):
        cache.reset()
        scores = model.last_logits(model.tokenizer.encode(text), cache)
        return model.tokenizer.decode([int(scores.argmax())])
    """,
    _setting,
)

build_turn = Exercise(
    "turn_heads",
    _test_turn_heads,
    (
        "The angles of the 32 pairs: position * base ** (-np.arange(0, 64, 2) / 64).",
        "x[:, 0::2] is the first number of each pair, and x[:, 1::2] the second.",
        "Make turned = np.empty_like(x), and write into turned[:, 0::2] and turned[:, 1::2].",
    ),
    """
    def turn_heads(x, position, base):
        angles = position * base ** (-np.arange(0, 64, 2) / 64)
        a, b = x[:, 0::2], x[:, 1::2]
        turned = np.empty_like(x)
        turned[:, 0::2] = a * np.cos(angles) - b * np.sin(angles)
        turned[:, 1::2] = a * np.sin(angles) + b * np.cos(angles)
        return turned
    """,
    _building_setting,
)

build_network = Exercise(
    "network_step",
    _test_network_step,
    (
        "RMSNorm of one row: row / np.sqrt(np.mean(row**2) + epsilon) * block.mlp_norm.",
        "np.split(h @ block.gate_up, 2) gives the gates and the numbers, 1,536 each.",
        "silu(gate) is gate / (1 + np.exp(-gate)); multiply, go back with block.down, and add to the row.",
    ),
    """
    def network_step(row, block, epsilon):
        h = row / np.sqrt(np.mean(row**2) + epsilon) * block.mlp_norm
        gate, up = np.split(h @ block.gate_up, 2)
        return row + (gate / (1 + np.exp(-gate)) * up) @ block.down
    """,
    _building_setting,
)

build_block = Exercise(
    "block_step",
    _test_block_step,
    (
        "(h @ block.qkv).reshape(15, 64): rows 0 to 8 are queries, 9 to 11 keys, 12 to 14 values.",
        "The position is keys.shape[1]. np.concatenate([keys, k[:, None]], axis=1) keeps the new keys.",
        'np.einsum("hd,hnd->hn", q, np.repeat(keys, 3, axis=0)) scores every token so far for each of the nine heads.',
        "Mix the repeated values by the weights, join the heads with reshape(-1), multiply with block.output, add.",
    ),
    """
    def block_step(row, block, keys, values):
        h = row / np.sqrt(np.mean(row**2) + model.epsilon) * block.attention_norm
        made = (h @ block.qkv).reshape(15, 64)
        position = keys.shape[1]
        q, k = turn_heads(made[:9], position, model.rope_base), turn_heads(made[9:12], position, model.rope_base)
        keys = np.concatenate([keys, k[:, None]], axis=1)
        values = np.concatenate([values, made[12:, None]], axis=1)
        scores = np.einsum("hd,hnd->hn", q, np.repeat(keys, 3, axis=0)) / np.sqrt(64)
        mixed = np.einsum("hn,hnd->hd", softmax(scores), np.repeat(values, 3, axis=0))
        row = row + mixed.reshape(-1) @ block.output
        return network_step(row, block, model.epsilon), keys, values
    """,
    _building_setting,
)

quiz = Quiz(
    (
        Question(
            "A query is at position 50 and a key at 47. Which score does RoPE keep equal to theirs?",
            {
                "That of the same query at 50 and the same key at 53.": "Three apart too, but on the other side.",
                "That of the same query at 10 and the same key at 7.": "Three apart and in the same order: both arrows "
                "turn by the same angle, and the angle between them stays.",
                "That of the same query at 100 and the same key at 94.": "Twice the positions is twice the distance.",
            },
            "That of the same query at 10 and the same key at 7.",
        ),
        Question(
            "France's row, put into a text on Japan after block 10, makes it say Paris, even if it comes from a "
            "sentence on the language. After block 26 it does nothing. What does the row hold?",
            {
                "Up to block 23 the answer, afterwards nothing.": "Then a row from another question would bring "
                "another answer, and not Paris. And the row does not become empty: it is only no longer read.",
                "Nothing: rows become too long to be changed by a patch.": "The last row can be patched late, and "
                "Paris comes.",
                "The country, or what goes with it. In block 24 the last row reads it.": "The row serves both "
                "questions, and after block 24 the last row says Paris without it.",
            },
            "The country, or what goes with it. In block 24 the last row reads it.",
        ),
        Question(
            "Without four heads the loss rises from 2.4 to 11.5. What shows that it is due to what these heads do?",
            {
                "Random sets of four heads from the same layers do less harm.": "Taking anything away does some harm, "
                "so the size of the harm needs a comparison.",
                "Nothing more is needed: 11.5 is far above 2.4.": "Any four might do that, until some were tried.",
                "The heads look at the right token in a picture.": "What a head adds may still not matter.",
            },
            "Random sets of four heads from the same layers do less harm.",
        ),
        Question(
            "Why did rounding the weights again to 5 bits cost more than rounding them to 4?",
            {
                "Five bits are fewer levels than four bits.": "They are 32 levels, and 4 bits are 16.",
                "The interval is wide, so there is no difference.": "That of 5 bits, 0.13 ± 0.06, does not contain 0. "
                "With 4 bits the loss was the same to the last printed digit.",
                "The file's weights sit on 16 levels, and the 32 new levels do not contain them.": "Only the ends are "
                "shared. Rounding to the levels that are there changes nothing.",
            },
            "The file's weights sit on 16 levels, and the 32 new levels do not contain them.",
        ),
        Question(
            "What does a KV cache hold?",
            {
                "The answers to questions that were asked before.": "It knows no answers, only rows of one text.",
                "Keys and values of every token read, in every layer.": "Queries are used once, and need not be kept.",
                "The residual stream after the last block.": "Later tokens never look at it: attention reads keys and "
                "values, in each layer.",
                "Queries, keys and values of the last token.": "Attention needs keys and values of all earlier ones.",
            },
            "Keys and values of every token read, in every layer.",
        ),
    )
)
