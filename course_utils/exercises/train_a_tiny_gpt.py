"""The exercises of notebook 13, *Train a tiny GPT*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

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


def _number(answer: Any) -> float:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("The answer should be a number between 0 and 1.")
    return float(answer)


def _test_share_unseen(answer: Any) -> str:
    share, names = _number(answer), _setting()
    counts, inputs, targets = (names[name] for name in ("counts", "inputs", "targets"))
    right = np.mean(counts[inputs, targets] == 0)
    if np.isclose(share, np.mean(counts == 0)):
        raise Wrong(
            "That is the share of all 512 × 512 pairs. Look only at the pairs that occur in inputs and targets."
        )
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
    expected = highest * (n_steps - np.arange(warm_up, n_steps)) / (n_steps - warm_up)
    if np.allclose(values[warm_up:], highest * (1 - np.arange(warm_up, n_steps) / n_steps)):
        raise Wrong("At step warm_up the rate jumps down: the line should start there, at highest.")
    if not np.allclose(values[warm_up:], expected):
        raise Wrong("The way down is not right: from highest at step warm_up straight to 0 at step n_steps.")
    return "A ramp and a slope. Ours goes down along a cosine, which keeps the rate high a little longer."


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
        raise Wrong(
            f"It hardly moves: the last losses are near {end:.1f}. A greater rate ruins it; a small one only waits."
        )
    return (
        f"Near {end:.0f} at the end: worse than knowing nothing. Each step jumped over the valley it was heading for."
    )


def _test_first_share(answer: Any) -> str:
    from course_utils.attention import softmax

    rng = np.random.default_rng(0)
    for n in (5, 9):
        scores = np.where(np.tri(n, dtype=bool), rng.normal(size=(n, n)), -np.inf)
        weights = softmax(scores)
        value = call(answer, weights)
        if np.ndim(value) != 0:
            raise Wrong(f"The function should return one number, and this has the shape {np.shape(value)}.")
        right = weights[1:, 0].mean()
        if np.isclose(value, right):
            continue
        if np.isclose(value, weights[:, 0].mean()):
            raise Wrong("You counted the first query as well, which can attend to nothing but itself: leave row 0 out.")
        if np.isclose(value, 1 / n):
            raise Wrong(
                "The mean of any row is 1 over the number of tokens. Take column 0: the weights that token 0 gets."
            )
        if np.isclose(value, np.diagonal(weights, -1).mean()):
            raise Wrong("That is the share of the previous token. The first token is column 0.")
        raise Wrong("Take column 0, without its first entry, and average.")
    return "A large share is common in trained models: where a head finds nothing, it attends to the first token."


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

learning_rate = Exercise(
    answer="learning_rate",
    test=_test_learning_rate,
    hints=(
        "Two cases: step < warm_up, and the others.",
        "On the way down, the share of the way that is left is (n_steps - step) / (n_steps - warm_up).",
    ),
    solution_code="""
    def learning_rate(step, n_steps, highest, warm_up):
        if step < warm_up:
            return highest * (step + 1) / warm_up
        return highest * (n_steps - step) / (n_steps - warm_up)
    """,
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

first_share = Exercise(
    answer="first_share",
    test=_test_first_share,
    hints=(
        "Rows are queries, columns are keys: the tokens that are attended to.",
        "weights[1:, 0] are the attention weights of the first token, without the first query's.",
    ),
    solution_code="""
    def first_share(weights):
        return weights[1:, 0].mean()
    """,
)
