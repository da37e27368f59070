"""The exercises of notebook 13, *Train a tiny GPT*."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.attention import log_softmax, softmax
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.block_checks import check_block
from course_utils.exercises.quiz import Question, Quiz

N_STEPS = 30


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.tiny_gpt import Plan, TinyGPT, train, windows
    from course_utils.tokens.bpe import BPETokenizer

    texts = load_wikipedia()["text"][:]
    order = np.random.default_rng(0).permutation(len(texts))
    to_read = "\n\n".join(texts[article] for article in order[:-300])
    kept_aside = "\n\n".join(texts[article] for article in order[-300:])
    tokenizer = BPETokenizer.train(to_read[:500_000], vocab_size=512)
    ids = np.array(tokenizer.encode(to_read))
    inputs, targets = windows(tokenizer.encode(kept_aside)[:20_000], context=64)
    counts = np.zeros((512, 512))
    np.add.at(counts, (ids[:-1], ids[1:]), 1)
    small = Plan(n_vocabulary=512, context=16, d_model=32, n_heads=2, n_layers=1)
    names = {"ids": ids, "inputs": inputs, "targets": targets, "counts": counts, "small": small}
    return {"np": np, "TinyGPT": TinyGPT, "train": train, **names}


def make_batch(ids: np.ndarray, starts: Sequence[int], context: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows that begin at ``starts``, and the same windows one token later."""
    places = np.asarray(starts)[:, None] + np.arange(context)
    return ids[places], ids[places + 1]


def cross_entropy(logits: np.ndarray, targets: np.ndarray) -> float:
    """Return the mean of minus the log-probability of each target, from logits ``(n, n_vocabulary)``."""
    return -log_softmax(logits)[np.arange(len(targets)), targets].mean()


BUILDING = {"np": np, "softmax": softmax, "make_batch": make_batch, "cross_entropy": cross_entropy}


def _number(answer: Any) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("The answer should be a number between 0 and 1.")
    return float(answer)


def _test_share_unseen(answer: Any) -> str:
    share, names = _number(answer), _setting()
    counts, inputs, targets = (names[name] for name in ("counts", "inputs", "targets"))
    right = np.mean(counts[inputs, targets] == 0)
    if np.isclose(share, np.mean(counts == 0)):
        raise Wrong("That is the share of all 512 × 512 pairs: look only at those in inputs and targets.")
    if np.isclose(share, 1 - right):
        raise Wrong("That is the share of the pairs that were seen; the others are asked for.")
    if share > 1 and np.isclose(share, right * inputs.size):
        raise Wrong("That is how many; divide by the number of places.")
    if np.isclose(share, np.mean(counts[targets, inputs] == 0)):
        raise Wrong("The other way round: the row of counts is the token that was read, the column the one that came.")
    if not abs(share - right) < 0.0005:
        raise Wrong("Not quite: counts[inputs, targets] gives the count at every place; how often is it 0?")
    return "Few, but for a single one the plain bigram has probability 0, and the average loss is infinite."


def _test_learning_rate(answer: Any) -> str:
    from course_utils.tiny_gpt import rate

    n_steps, highest, warm_up = 50, 0.2, 10
    values = []
    for step in range(n_steps):
        value = call(answer, step, n_steps, highest, warm_up)
        if isinstance(value, bool) or not isinstance(value, int | float | np.number):
            raise Wrong("The function should return a number.")
        values.append(float(value))
    if values[0] == 0:
        raise Wrong("At step 0 the rate is 0, so that step is wasted: start with highest / warm_up.")
    if not np.allclose(values[:warm_up], highest * np.arange(1, warm_up + 1) / warm_up):
        if np.allclose(values[:warm_up], highest):
            raise Wrong("There is no warm-up: the first steps already have the highest rate.")
        raise Wrong("The way up is not right: at step s below warm_up it should be highest * (s + 1) / warm_up.")
    if np.allclose(values[warm_up:], highest):
        raise Wrong("After the warm-up the rate should fall, and it stays where it is.")
    done = (np.arange(warm_up, n_steps) - warm_up) / (n_steps - warm_up)
    if np.allclose(values[warm_up:], highest * (1 + np.cos(np.pi * done)) / 2):
        raise Wrong("It falls to 0 at step n_steps, and it should fall to a tenth of highest.")
    if np.allclose(values[warm_up:], highest * (1 - 0.9 * done)):
        raise Wrong("It falls along a straight line. Half a cosine falls slowly at first and at last: (1 + cos) / 2.")
    if values[warm_up] < 0.99 * highest:
        raise Wrong("At step warm_up the rate jumps down: count the way down from there, (step - warm_up).")
    if not np.allclose(values[warm_up:], [rate(step, n_steps, highest, warm_up) for step in range(warm_up, n_steps)]):
        raise Wrong("The way down is not right: highest * (0.1 + 0.9 * (1 + cos(pi * done)) / 2), done from 0 to 1.")
    return "This is the schedule of the training above: the same numbers as course_utils.tiny_gpt.rate."


def _test_ruined(answer: Any) -> str:
    if not isinstance(answer, list) or not all(isinstance(loss, float) for loss in answer):
        raise Wrong("The answer should be the list of losses that train returns.")
    if len(answer) != N_STEPS:
        raise Wrong(f"The list should have {N_STEPS} losses, one for each step, and it has {len(answer)}.")
    uniform = np.log(512)
    if abs(answer[0] - uniform) > 0.3:
        raise Wrong("The first loss should be that of an untrained model: make a new TinyGPT(small, seed=0).")
    end = float(np.mean(answer[-5:]))
    if end < uniform and end < answer[0] - 0.3:
        raise Wrong(f"It still learns: the last losses are near {end:.1f}, below the uniform guess. Be much bolder.")
    if end < uniform + 0.3:
        raise Wrong(f"It hardly moves: the last losses are near {end:.1f}. A greater rate ruins it.")
    return f"Near {end:.0f} at the end, and the uniform guess costs {uniform:.1f}: it would know more untrained."


def _test_standard_error(answer: Any) -> str:
    from course_utils.tiny_gpt import load_ablations

    lost, rng = load_ablations(200)[1], np.random.default_rng(0)
    stored, five = [lost[name][:, -1] for name in ("attention", "none")], list(rng.normal(size=(2, 5)))
    for part, whole in (five, stored):
        n = len(part)
        independent = np.sqrt((part.var(ddof=1) + whole.var(ddof=1)) / n)
        right = {True: (part - whole).std(ddof=1) / np.sqrt(n), False: independent}
        for paired, wanted in right.items():
            value = call(answer, part.copy(), whole.copy(), paired)
            for wrong, why in (
                (right[not paired], "The two ways are the same or exchanged: paired=True takes differences first."),
                (wanted * np.sqrt(1 - 1 / n), "It divides by n. Few seeds stand for all: use ddof=1, for n - 1."),
                (wanted * np.sqrt(n), "That is a standard deviation: that of the mean is smaller, by np.sqrt(n)."),
            ):
                if np.shape(value) == () and np.isclose(value, wrong):
                    raise Wrong(why)
            if np.shape(value) != () or not np.isclose(value, wanted):
                raise Wrong("paired: std of part - whole over np.sqrt(n); unpaired: the root of both variances over n.")
    return f"Without attention: {right[True]:.4f} paired, and {right[False]:.4f} if the seeds are taken as independent."


def _test_make_batch(answer: Any) -> str:
    ids = np.arange(100, 130) * 3
    for starts, context in (([0, 4, 4], 5), ([24], 5), ([2, 9], 1)):
        result = call(answer, ids.copy(), list(starts), context)
        if not isinstance(result, tuple) or len(result) != 2:
            raise Wrong("Return two arrays, inputs and targets: return inputs, targets.")
        inputs, targets = (np.asarray(each) for each in result)
        shape = (len(starts), context)
        if inputs.shape != shape or targets.shape != shape:
            raise Wrong(f"Both should be of the shape {shape}, and yours are {inputs.shape} and {targets.shape}.")
        right = make_batch(ids, starts, context)
        if np.array_equal(targets, inputs):
            raise Wrong("The targets are the inputs themselves: they should be the tokens one place later.")
        if np.array_equal(targets, ids[np.asarray(starts)[:, None] + np.arange(context) - 1]):
            raise Wrong("The targets are one place too early: the model is to predict the next token, not the last.")
        if not np.array_equal(inputs, right[0]):
            raise Wrong(f"Row i of inputs should be ids[starts[i] : starts[i] + {context}].")
        if not np.array_equal(targets, right[1]):
            raise Wrong(f"Row i of targets should be ids[starts[i] + 1 : starts[i] + {context} + 1].")
    return "Each window gives as many lessons as it has tokens: every place has its own next token."


def _test_cross_entropy(answer: Any) -> str:
    import torch

    rng = np.random.default_rng(0)
    for logits in (rng.normal(size=(6, 4)), 3 * rng.normal(size=(5, 7)), 1000 + rng.normal(size=(4, 3))):
        targets = rng.integers(logits.shape[1], size=len(logits))
        with np.errstate(all="ignore"):
            loss = call(answer, logits.copy(), targets.copy())
        if np.ndim(loss) != 0:
            raise Wrong(f"The loss is one number, and this has the shape {np.shape(loss)}: take the mean.")
        right = torch.nn.functional.cross_entropy(torch.tensor(logits), torch.tensor(targets)).item()
        if np.isclose(loss, right):
            continue
        if not np.isfinite(loss):
            raise Wrong("For logits near 1000 the exponential overflows: subtract each row's maximum first.")
        if np.isclose(loss, -right):
            raise Wrong("The sign: the loss is minus the logarithm, so it is never negative.")
        if np.isclose(loss, right * len(targets)):
            raise Wrong("That is the sum over all places; the loss is their mean.")
        if np.isclose(loss, right / np.log(2)):
            raise Wrong("That is in bits: use the natural logarithm, np.log.")
        if np.isclose(loss, -logits[np.arange(len(targets)), targets].mean()):
            raise Wrong("Those are the logits of the targets. Turn each row into probabilities first, by the softmax.")
        raise Wrong(f"For one set of logits the loss should be {right:.4f}, and it is {loss:.4f}.")
    return "Equal to torch.nn.functional.cross_entropy, for large logits too."


def _test_bigram_step(answer: Any) -> str:
    import torch

    table = np.random.default_rng(1).normal(size=(4, 4))
    inputs, targets = np.array([0, 0, 2, 3, 0, 2]), np.array([1, 1, 3, 0, 2, 3])  # 1 has no follower
    given = table.copy()
    after = call(answer, given, inputs.copy(), targets.copy(), 0.5)
    if np.shape(after) != table.shape:
        raise Wrong(f"Return the new table, of the shape {table.shape}; this has the shape {np.shape(after)}.")
    if not np.array_equal(given, table):
        raise Wrong("It changed the table that it was given: return table - learning_rate * gradient, a new array.")
    free = torch.tensor(table, requires_grad=True)
    torch.nn.functional.cross_entropy(free[torch.tensor(inputs)], torch.tensor(targets)).backward()
    step = 0.5 * free.grad.numpy()
    if not np.allclose(after, table - step):
        _say_what_is_wrong(np.asarray(after) - table, step, table, inputs, targets)
    text = np.array([0, 1, 2, 0, 1, 0, 1, 2, 2, 0, 1, 2, 0])
    inputs, targets, table = text[:-1], text[1:], np.zeros((3, 3))
    losses = [cross_entropy(table[inputs], targets)]
    for _ in range(500):
        table = answer(table, inputs, targets, 2.0)
        losses.append(cross_entropy(table[inputs], targets))
    counts = np.zeros((3, 3))
    np.add.at(counts, (inputs, targets), 1)
    counted = -np.log((counts / counts.sum(axis=1, keepdims=True))[inputs, targets]).mean()
    end = f"500 of your steps bring the loss from {losses[0]:.2f} to {losses[-1]:.2f}"
    return f"Equal to PyTorch's gradient. On a text of three tokens, {end}, and counting the pairs gives {counted:.2f}."


def _say_what_is_wrong(
    moved: np.ndarray, step: np.ndarray, table: np.ndarray, inputs: np.ndarray, targets: np.ndarray
) -> None:
    if np.allclose(moved, step):
        raise Wrong("It goes the wrong way, and the loss rises: subtract the gradient.")
    if np.allclose(moved, -step * len(inputs)):
        raise Wrong(f"The step is {len(inputs)} times too long: the loss is a mean, so divide by the number of pairs.")
    if np.allclose(moved, -2 * step):
        raise Wrong("The step is not multiplied by learning_rate.")
    once = softmax(table[inputs])
    once[np.arange(len(inputs)), targets] -= 1
    last = np.zeros_like(table)
    last[inputs] = once / len(inputs)
    if np.allclose(moved, -0.5 * last):
        raise Wrong("A token that is read three times got the gradient of one place only: add with np.add.at.")
    if np.allclose(moved[1], 0):
        raise Wrong("Only rows of tokens that were read have moved: right. Compare with (p - one-hot) / n.")
    raise Wrong("The row of a token that was never read has moved: each pair gives a gradient to the row of its input.")


share_unseen = Exercise(
    answer="share_unseen",
    test=_test_share_unseen,
    hints=(
        "counts[inputs, targets] is an array with the count for each held-out place.",
        "np.mean of a comparison is the share of places where it is true.",
    ),
    solution_code="share_unseen = np.mean(counts[inputs, targets] == 0)",
    setting=_setting,
)


def _given() -> dict[str, Any]:
    import torch
    from torch.nn import functional

    return {"np": np, "torch": torch, "functional": functional}


block_forward = Exercise(
    answer="block_forward",
    test=check_block,
    hints=(
        "rows = y @ w['attention.qkv.weight'].T; then q, k, v = rows.view(n, 3, n_heads, d).permute(1, 2, 0, 3).",
        "Scores are q @ k.transpose(1, 2) / d**0.5; masked_fill(torch.ones(n, n).triu(1) == 1, -torch.inf) masks them.",
        "mixed.transpose(0, 1).flatten(1) puts the heads of a token side by side again; then comes attention.output.",
    ),
    solution_code="""
    from course_utils.tiny_gpt import rotate, rotation

    def block_forward(x, w, n_heads):
        n, d = len(x), x.shape[1] // n_heads
        y = functional.layer_norm(x, x.shape[1:], w["norm_1.weight"], w["norm_1.bias"])
        q, k, v = (y @ w["attention.qkv.weight"].T).view(n, 3, n_heads, d).permute(1, 2, 0, 3)
        scores = rotate(q, rotation(n, d)) @ rotate(k, rotation(n, d)).transpose(1, 2) / d**0.5
        weights = scores.masked_fill(torch.ones(n, n).triu(1) == 1, -torch.inf).softmax(dim=-1)
        mixed = (weights @ v).transpose(0, 1).flatten(1)  # (n_heads, n, d) -> (n, d_model)
        x = x + mixed @ w["attention.output.weight"].T
        y = functional.layer_norm(x, x.shape[1:], w["norm_2.weight"], w["norm_2.bias"])
        wide = functional.gelu(y @ w["widen.weight"].T + w["widen.bias"])
        return x + wide @ w["narrow.weight"].T + w["narrow.bias"]
    """,
    setting=_given,
)

learning_rate = Exercise(
    answer="learning_rate",
    test=_test_learning_rate,
    hints=(
        "Two cases: step < warm_up, and the others.",
        "On the way down, the share of the way that is done is (step - warm_up) / (n_steps - warm_up).",
        "(1 + np.cos(np.pi * done)) / 2 goes from 1 to 0; 0.1 + 0.9 times that goes from 1 to a tenth.",
    ),
    solution_code="""
    def learning_rate(step, n_steps, highest, warm_up):
        if step < warm_up:
            return highest * (step + 1) / warm_up
        done = (step - warm_up) / (n_steps - warm_up)
        return highest * (0.1 + 0.9 * (1 + np.cos(np.pi * done)) / 2)
    """,
    setting=lambda: {"np": np},
)

ruined = Exercise(
    answer="ruined",
    test=_test_ruined,
    hints=(
        "The default of highest is 0.005. Try a hundred times that, and more.",
        "train(TinyGPT(small, seed=0), ids, 30, highest=5.0)",
    ),
    solution_code="ruined = train(TinyGPT(small, seed=0), ids, 30, highest=5.0)",
    setting=_setting,
)

standard_error = Exercise(
    answer="standard_error",
    test=_test_standard_error,
    hints=(
        "Paired: one difference for each seed, their std(ddof=1), divided by np.sqrt of how many they are.",
        "Unpaired: the variances of the two means, part.var(ddof=1) / n and whole.var(ddof=1) / n, add up.",
    ),
    solution_code="""
    def standard_error(part, whole, paired):
        if paired:
            return (part - whole).std(ddof=1) / np.sqrt(len(part))
        return np.sqrt((part.var(ddof=1) + whole.var(ddof=1)) / len(part))
    """,
    setting=lambda: {"np": np},
)

build_batch = Exercise(
    answer="make_batch",
    test=_test_make_batch,
    hints=(
        "The places of one window are start + np.arange(context).",
        "np.asarray(starts)[:, None] + np.arange(context) are the places of all windows: (n_starts, context).",
        "An array can be indexed by an array: ids[places], and ids[places + 1] for the targets.",
    ),
    solution_code="""
    def make_batch(ids, starts, context):
        places = np.asarray(starts)[:, None] + np.arange(context)
        return ids[places], ids[places + 1]
    """,
    setting=BUILDING.copy,
)

build_loss = Exercise(
    answer="cross_entropy",
    test=_test_cross_entropy,
    hints=(
        "Subtract each row's maximum: logits - logits.max(axis=1, keepdims=True). The softmax stays the same.",
        "The logarithm of the softmax is the shifted logit minus np.log of the row's sum of np.exp(shifted).",
        "log_p[np.arange(len(targets)), targets] picks one entry from each row.",
    ),
    solution_code="""
    def cross_entropy(logits, targets):
        shifted = logits - logits.max(axis=1, keepdims=True)
        log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return -log_p[np.arange(len(targets)), targets].mean()
    """,
    setting=BUILDING.copy,
)

build_step = Exercise(
    answer="bigram_step",
    test=_test_bigram_step,
    hints=(
        "softmax(table[inputs]) has one row of probabilities for each pair.",
        "Subtract 1 at each pair's target, and divide by the number of pairs: those are the gradients of the rows.",
        "A row that is read several times gets the sum: np.add.at(gradient, inputs, rows).",
    ),
    solution_code="""
    def bigram_step(table, inputs, targets, learning_rate):
        rows = softmax(table[inputs])
        rows[np.arange(len(targets)), targets] -= 1
        gradient = np.zeros_like(table)
        np.add.at(gradient, inputs, rows / len(inputs))
        return table - learning_rate * gradient
    """,
    setting=BUILDING.copy,
)

quiz = Quiz(
    (
        Question(
            "A model gives the token that comes a probability of 1/20 at every place. What is its perplexity?",
            {
                "0.05": "That is the probability. The loss is minus its logarithm, 3.0.",
                "20": "Perplexity is the exponential of the loss, exp(3.0) = 20: as unsure as among 20 options.",
                "3.0": "That is the loss in nats, minus the logarithm of 1/20.",
                "It depends on the vocabulary.": "Only for a uniform guess is it the size of the vocabulary.",
            },
            "20",
        ),
        Question(
            "In a gradient step on one token, which logits move?",
            {
                "Only that of the token that came.": "It gets the largest push, but the others are moved as well.",
                "Only those above that of the token that came.": "Every wrong token's gradient is its probability.",
                "All: up for the token that came, down for each other by its probability.": "The gradient is p minus "
                "the one-hot row: the more probable a wrong token was, the further it is moved down.",
            },
            "All: up for the token that came, down for each other by its probability.",
        ),
        Question(
            "You change the last token of a text. Which rows of what leaves a block change?",
            {
                "Only the last one.": "Earlier tokens do not attend to it, and norms and MLP work on each token alone.",
                "All of them.": "That would be so without the causal mask.",
                "None: it has no next token.": "It is read like any other, and its row predicts the next token.",
            },
            "Only the last one.",
        ),
        Question(
            "Training loss 0.2, held-out loss 7.9, uniform guess 6.2. What has happened?",
            {
                "The model is overfitted: it knows its text by heart and is confidently wrong on other text.": "To be "
                "sure and wrong costs more than to know nothing.",
                "The learning rate was too high.": "Then the training loss would be high as well.",
                "The model is too small.": "A model that was too small could not have learned its text by heart.",
            },
            "The model is overfitted: it knows its text by heart and is confidently wrong on other text.",
        ),
        Question(
            "Without attention, how low can the loss of this model go on new text?",
            {
                "To 0, if it is trained long enough.": "It does not know which tokens came before the last one.",
                "As low as the whole model, only more slowly.": "The whole model uses tokens that it cannot see.",
                "About as low as that of counting pairs.": "Each token by itself predicts the next one: a bigram. "
                "After 3,000 steps the small model had 3.75, and counting has 3.70.",
                "Not below the unigram.": "It still sees the present token, and that is worth a lot.",
            },
            "About as low as that of counting pairs.",
        ),
        Question(
            "After 200 steps, models without attention are 0.01 to 0.04 worse, for each of three seeds. What follows?",
            {
                "Attention is nearly worthless in models of this size.": "After 3,000 steps the same models are 0.87 "
                "worse. A short training measures what is learned early.",
                "In 200 steps attention helps little, if at all; longer trainings may differ.": "The stored runs of "
                "3,000 steps do differ: there it is worth 0.87.",
                "Nothing at all, because runs of the whole model differ by more.": "Runs of one seed are compared.",
                "With more seeds the damage will be larger.": "It will be more certain. More steps made it larger.",
            },
            "In 200 steps attention helps little, if at all; longer trainings may differ.",
        ),
    )
)
