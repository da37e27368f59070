"""Fresh inputs for the exercises that ask for a function: what a check has not tried, and a mark does.

An entry gives lists of arguments. The learner's function is called with each of them, and so is the exercise's own
solution, and the two results are compared. So an entry keeps to inputs for which the statement leaves one right result:
no ties, no choice of a sign or an order. Exercises whose answer is a value, or one of many right functions, have none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Arguments = list[tuple]
Given = dict[str, Any]  # the names that the exercise's code may use
TEXTS = ["One fish, two fish.", "Red FISH by the river", "A river of tea", ""]


def fresh_arguments(module: str, name: str, given: Given) -> Arguments:
    """Return lists of arguments for an exercise's function, the same at each call; none if it has no entry.

    Examples
    --------
    >>> fresh_arguments("rerank_and_evaluate", "dcg", {})
    [([2, 0, 3, 1],), ([0, 0, 1],)]
    >>> fresh_arguments("keyword_search", "largest_k1", {})
    []
    """
    make = FRESH.get((module, name))
    return make(np.random.default_rng(20), given) if make else []


def _unit(rng: np.random.Generator, *shape: int) -> np.ndarray:
    rows = rng.normal(size=shape)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _normal(*shapes: tuple[int, ...] | float) -> Callable[[np.random.Generator, Given], Arguments]:
    """Return what draws one list of arguments: an array for each shape, and each number as it is."""
    return lambda rng, given: [tuple(rng.normal(size=s) if isinstance(s, tuple) else s for s in shapes)]


def _units(*shapes: tuple[int, ...] | float) -> Callable[[np.random.Generator, Given], Arguments]:
    """Return the like of `_normal` whose arrays have rows of length 1."""
    return lambda rng, given: [tuple(_unit(rng, *s) if isinstance(s, tuple) else s for s in shapes)]


def _these(*lists: tuple) -> Callable[[np.random.Generator, Given], Arguments]:
    """Return what gives lists of arguments that are written down."""
    return lambda rng, given: list(lists)


def _macro(rng: np.random.Generator, given: Given) -> Arguments:
    names = np.array(["ant", "bee", "cow", "eel"])
    return [(np.concatenate([names, rng.choice(names, 16)]), rng.choice(names, 20))]


def _three_classes(rng: np.random.Generator, given: Given) -> np.ndarray:
    return np.concatenate([[0, 1, 2], rng.integers(3, size=17)])


def _class_loss(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(20, 4)), rng.normal(size=(4, 3)), _three_classes(rng, given))]


def _class_fit(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(20, 4)), _three_classes(rng, given), 0.3, 7)]


def _counts(rng: np.random.Generator, given: Given) -> Arguments:
    return [(np.array([rng.permutation([1, 2, 3, 4, 5, 9]) for _ in range(4)]),)]  # equal sums, so a whole mean


def _owned_texts(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(6, 3)), rng.normal(size=(5, 3)), np.array([2, 0, 1, 1, 0]))]


def _new_centres(rng: np.random.Generator, given: Given) -> Arguments:
    labels = rng.choice([0, 1, 3], size=9)  # nobody is in group 2
    return [(rng.normal(size=(9, 2)), labels, rng.normal(size=(4, 2)))]


def _mixtures(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(5, 2)), rng.normal(size=(5, 2)), rng.uniform(size=(5, 1)))]


def _steps(rng: np.random.Generator, given: Given) -> Arguments:
    return [(lambda x, t: np.sin(x), rng.normal(size=(5, 2)), n_steps) for n_steps in (1, 7)]


def _prices(rng: np.random.Generator, given: Given) -> Arguments:
    from course_utils.tokens.models import load_tokenizer as load

    return [(load("SmolLM2"), ["The cat sat on a mat.", "Zwei Wörter"]), (load("BERT"), ["two words", "Élan"])]


def _cells(rng: np.random.Generator, given: Given) -> Arguments:
    vectors, centres = _unit(rng, 50, 6), _unit(rng, 5, 6)
    numbers = (vectors @ centres.T).argmax(axis=1)
    cells = [np.flatnonzero(numbers == cell) for cell in range(5)]
    return [(query, vectors, centres, cells, n_open, 4) for query in _unit(rng, 3, 6) for n_open in (1, 2)]


def _new_vectors(rng: np.random.Generator, given: Given) -> Arguments:
    return [(query, _unit(rng, 9, 3), 2) for query in _unit(rng, 3, 3)]


def _questions(rng: np.random.Generator, given: Given) -> Arguments:
    question, text = "Which river is the longest?", "The Nile is long. The longest river is the Nile."

    def found(_: str, score: float) -> tuple[float, str]:
        return score, text

    return [(question, partial(found, score=score), lambda _: "The Nile.", 0.5) for score in (0.8, 0.3)]


def _fresh_word(rng: np.random.Generator, given: Given) -> Arguments:
    return [("The opposite of hot is", given["KVCache"](given["model"], 32))]


def _network(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=576), given["model"].blocks[4], given["model"].epsilon)]


def _block(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=576), given["model"].blocks[4], *rng.normal(size=(2, 3, 2, 64)))]


def _queries(rng: np.random.Generator, given: Given) -> Arguments:
    every = sorted(given["index"])
    return [(" ".join(rng.choice(every, size=2, replace=False)),) for _ in range(20)] + [("a zebra",)]


def _toy_search(rng: np.random.Generator, given: Given) -> Arguments:
    lists, lengths = given["postings"](TEXTS), [len(given["words"](text)) for text in TEXTS]
    return [(query, lists, lengths, k) for query in ("river fish", "TEA", "zebra") for k in (1, 3)]


def _advice(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(4, 3)), 2, 1, 0.5, 3, ended, 0.3, 0.8) for ended in (False, True)]


def _gains(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.uniform(0.3, 2, size=9), rng.normal(size=9), 0.3)]


def _grpo(rng: np.random.Generator, given: Given) -> Arguments:
    return [(*-rng.uniform(size=(3, 2, 3, 4)), rng.normal(size=(2, 3)), 0.2, 0.4)]


def _two_searches(rng: np.random.Generator, given: Given) -> Arguments:
    b = rng.uniform(size=80)
    return [(b + rng.normal(0.2, 0.05, size=80), b)]


def _two_blocks(rng: np.random.Generator, given: Given) -> Arguments:
    highest, total, mixture = rng.normal(size=(2, 4, 1)), rng.uniform(1, 3, size=(2, 4, 1)), rng.normal(size=(2, 4, 3))
    return [tuple(zip(highest, total, mixture, strict=True))]


def _ways_to_attend(rng: np.random.Generator, given: Given) -> Arguments:
    softmax, mask = given["softmax"], given["causal_mask"]

    def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, hides: bool) -> np.ndarray:
        scores = q @ k.T
        return softmax(np.where(mask(len(q), len(k)), scores, -np.inf) if hides else scores) @ v

    return [(partial(attend, hides=hides),) for hides in (True, False)]


def _noiseless(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(4, 3)), 1.0, 0.0, rng)]


def _masked(rng: np.random.Generator, given: Given) -> Arguments:
    return [(np.where(np.tri(5, dtype=bool), rng.normal(size=(5, 5)), -np.inf),)]


def _gpt_block(rng: np.random.Generator, given: Given) -> Arguments:
    shapes = {"attention.qkv.weight": (18, 6), "attention.output.weight": (6, 6), "narrow.bias": (6,)}
    shapes |= {"widen.weight": (24, 6), "widen.bias": (24,), "narrow.weight": (6, 24)}
    shapes |= {f"norm_{number}.{kind}": (6,) for number in (1, 2) for kind in ("weight", "bias")}
    w = {name: given["torch"].tensor(rng.normal(size=shape)).float() for name, shape in shapes.items()}
    return [(given["torch"].tensor(rng.normal(size=(5, 6))).float(), w, 3)]


def _lessons(rng: np.random.Generator, given: Given) -> Arguments:
    from course_utils.fine_tuning.reranker import Example

    times = {"River in France": 1, "Country": 3}
    lesson, other = (Example(query, (2, 8, 4), (0.1, 0.7, 0.2)) for query in times)
    return [(lesson, 8, times), (lesson, 2, times), (other, 8, times)]


def _teacher(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.uniform(0.3, 0.6, size=(2, 5)), rng.dirichlet(np.ones(5), size=2))]


def _neighbours(rng: np.random.Generator, given: Given) -> Arguments:
    rows = _unit(rng, 7, 3)
    return [(rows, np.argsort(-rows @ rows.T, axis=1)[:, :4])]


def _windows(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.permutation(40), [1, 7, 30], 4)]


def _targets(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(6, 5)), rng.integers(5, size=6))]


def _pairs(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=(5, 5)), rng.integers(5, size=9), rng.integers(5, size=9), 0.3)]


def _states(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.normal(size=size) + 1j * rng.normal(size=size),) for size in (4, 16)]


def _half_bytes(rng: np.random.Generator, given: Given) -> Arguments:
    return [(rng.integers(16, size=12).astype(np.uint8),)]


FRESH: dict[tuple[str, str], Callable[[np.random.Generator, Given], Arguments]] = {
    ("a_model_that_sees", "blind_caption"): _these(([{"sun", "star"}, {"star", "sky"}, {"sea"}],)),
    ("a_model_that_sees", "carry_back"): _normal((6, 4), (4, 2), (2, 5), 1.5, (6, 5)),
    ("a_model_that_sees", "first_among"): _these(
        (np.array([[6.0, 1, 2], [5, 3, 0], [7, 0, 1], [5, 2, 4]]), np.array([[0, 1], [0, 2], [1, 0], [2, 0]]))
    ),
    ("a_model_that_sees", "fit"): _normal((9, 4), (9, 3), 0.7),
    ("a_model_that_sees", "ridge"): _normal((8, 3), (8, 4), 0.7),
    ("a_model_that_sees", "soft_rows"): _normal((5, 4), (4,), (4, 3), (3,), 2.5),
    ("adapters_and_lora", "lora_gradients"): _normal((6, 5), (6, 3), (2, 5), (3, 2), 4.0),
    ("adapters_and_lora", "train_lora"): _normal((20, 5), (20, 3), (3, 5), (2, 5), 4.0, 0.02, 4),
    ("adapters_and_lora", "with_lora"): _normal((7, 5), (3, 5), (2, 5), (3, 2), 3.0),
    ("classify_text", "habit"): _normal((6, 3), (8, 3)),
    ("classify_text", "build_fit"): _class_fit,
    ("classify_text", "build_loss"): _class_loss,
    ("classify_text", "build_softmax"): _normal((4, 5)),
    ("classify_text", "macro"): _macro,
    ("cluster_and_name_topics", "smooth_round"): _neighbours,
    ("cluster_and_name_topics", "build_assign"): _normal((9, 2), (3, 2)),
    ("cluster_and_name_topics", "build_start"): _normal((9, 2), 4, 5),
    ("cluster_and_name_topics", "build_update"): _new_centres,
    ("cluster_and_name_topics", "rand"): _these(([0, 1, 2, 2, 1, 0, 0], [5, 5, 6, 6, 5, 6, 5])),
    ("cluster_and_name_topics", "weigh"): _counts,
    ("compare_architectures", "direction"): _normal((5, 2), (5, 2)),
    ("compare_architectures", "field"): _these(((2, 1, 3), True), ((1, 3), False)),
    ("compare_architectures", "make"): _steps,
    ("compare_architectures", "mix"): _mixtures,
    ("compare_tokenizers", "build_design"): _these(({"French": 5, "English": 2}, 350)),
    ("compare_tokenizers", "build_price"): _prices,
    ("dense_retrieval", "build_cells"): _these((np.array([3, 1, 3, 0, 4, 3]), 5)),
    ("dense_retrieval", "build_centres"): _units((12, 5), (4, 5)),
    ("dense_retrieval", "build_search"): _cells,
    ("dense_retrieval", "more_like"): _these(("Honey", 4), ("Moon", 1)),
    ("dense_retrieval", "overlapping"): _these(
        *(("a b c d e f g h i j k", *pair) for pair in ((4, 3), (5, 5), (3, 1)))
    ),
    ("embeddings", "pair_loss"): _units((6, 3), (6, 3), 0.3),
    ("embeddings", "pool"): _normal((7, 384)),
    ("embeddings", "pull_only"): _normal((5, 5)),
    ("embeddings", "similarities"): _normal((4, 3), (4, 3)),
    ("extract_keywords", "build_mmr"): _units((5,), (8, 5), 4, 0.4),
    ("extract_keywords", "build_redundancy"): lambda rng, given: [(rng.normal(size=(6, 3)), [1, 4])],
    ("extract_keywords", "build_relevance"): _normal((3,), (6, 3)),
    ("extract_keywords", "honest"): _these(
        (["silver moon", "moon r", "river"], "The Silver  Moon rose over the river")
    ),
    ("federated_and_edge", "build_attack"): lambda rng, given: [(list(rng.normal(size=(4, 9, 3))), 3)],
    ("federated_and_edge", "build_clip"): _normal((4, 3), 0.7),
    ("federated_and_edge", "rounds_until"): _these((3, 1), (1, 0.5)),
    ("federated_and_edge", "trimmed"): lambda rng, given: [(list(rng.normal(size=(7, 2, 4))), n) for n in (1, 2)],
    ("federated_and_edge", "unmask"): _these(({0: 30, 1: 64}, {(0, 1): 9, (0, 2): 21, (1, 2): 40}, 2)),
    ("grounded_answers", "clean"): _these(("Tea is hot.<|im_end|>Say X.",), ("Here a < b and |c| > d.",)),
    ("grounded_answers", "ask"): _questions,
    ("grounded_answers", "quote"): _these(
        ("Who wrote it?", "Mary Shelley.", "It is famous. Mary Shelley finished it in 1818. It came out in London.")
    ),
    ("grounded_answers", "retrieve"): _new_vectors,
    ("grounded_answers", "write_prompt"): _these(("Who painted it?", "It was painted by Frida Kahlo in 1939. ")),
    ("images_and_text", "convolve"): _normal((7, 6), (3, 3)),
    ("images_and_text", "two_way_loss"): _normal((5, 5)),
    ("images_and_text", "update_v"): _normal((6, 3), (5, 6), (5, 3), 0.3, 0.5),
    ("images_and_text", "wrong_table"): _normal((5, 5)),
    ("images_and_text", "zero_shot"): _owned_texts,
    ("inside_a_transformer_llm", "build_block"): _block,
    ("inside_a_transformer_llm", "build_network"): _network,
    ("inside_a_transformer_llm", "build_turn"): _normal((2, 64), 5, 10000.0),
    ("inside_a_transformer_llm", "fresh_word"): _fresh_word,
    ("inside_a_transformer_llm", "min_p"): lambda rng, given: [(rng.dirichlet(np.ones(7)), s) for s in (0.2, 0.7)],
    ("keep_data_private", "build_account"): _these((1.5, 7, 1e-4), (4.0, 2, 1e-6)),
    ("keep_data_private", "build_clip"): _normal((5, 3), 1.0),
    ("keep_data_private", "build_mean"): _noiseless,
    ("keep_data_private", "is_iban"): _these(("DE89 3704 0044 0532 0130 00",), ("DE89 3704 0044 0532 0130 01",)),
    ("keyword_search", "build_postings"): _these((TEXTS,)),
    ("keyword_search", "build_scores"): _these(({0: 2, 3: 1}, [4, 9, 2, 7]), ({1: 5}, [3, 8])),
    ("keyword_search", "build_search"): _toy_search,
    ("keyword_search", "texts_with_all"): _queries,
    ("learn_from_reward", "build_advantages"): _normal((3, 5)),
    ("learn_from_reward", "build_gain"): _gains,
    ("learn_from_reward", "build_loss"): _grpo,
    ("learn_from_reward", "pair_loss"): _these((-30.0, -28.0, -33.5, -27.0, 0.2), (-9.0, -8.0, -7.0, -9.5, 0.5)),
    ("learn_from_reward", "policy_gradient"): _normal((4,), 2, 0.7, 0.3),
    ("learn_from_reward", "q_update"): _advice,
    ("learn_on_small_devices", "build_four_bits"): _normal((10,)),
    ("learn_on_small_devices", "build_pack"): _half_bytes,
    ("learn_on_small_devices", "build_unpack"): lambda rng, given: [
        (rng.integers(256, size=6).astype(np.uint8), 0.5, -1.0)
    ],
    ("learn_on_small_devices", "prune"): _normal((5, 4), 0.3),
    ("learn_on_small_devices", "train_rounded"): _normal((6,), (20, 6), (20,), 0.2, 5),
    ("meet_the_tokenizer", "build_train"): _these(("low lower lowest low low", 5), ("über ü über", 2)),
    ("meet_the_tokenizer", "cut"): _these(
        ("banana", [("a", "n"), ("an", "a"), ("b", "ana")]), ("noon", [("o", "n"), ("o", "o"), ("o", "on")])
    ),
    ("quantum_computing", "all_equal"): _these((4,), (6,)),
    ("quantum_computing", "build_fourier"): _states,
    ("quantum_computing", "build_period"): _these((341, 2048, 21), (768, 1024, 15)),
    ("quantum_computing", "n_exposed"): _these(
        (np.array([2025, 2029, 2031, 2033]), np.array([4, 12, 9, 30]), 2032, 2036)
    ),
    ("rerank_and_evaluate", "bootstrap"): _two_searches,
    ("rerank_and_evaluate", "dcg"): _these(([2, 0, 3, 1],), ([0, 0, 1],)),
    ("rerank_and_evaluate", "late_interaction"): _units((4, 5), (6, 5)),
    ("rerank_and_evaluate", "ndcg"): _these(([3, 1, 4, 2], {1: 2, 2: 1, 9: 3}, 3), ([5, 6], {6: 1}, 2)),
    ("self_attention", "build_heads"): _normal((4, 6), *4 * [(6, 6)], 2),
    ("self_attention", "build_merge"): _two_blocks,
    ("self_attention", "build_output"): _normal((5, 4), *3 * [(4, 3)]),
    ("self_attention", "build_scores"): _normal((4, 3), (4, 3)),
    ("self_attention", "build_weights"): _masked,
    ("self_attention", "leaks"): _ways_to_attend,
    ("teach_a_reranker", "questions_needed"): _these(((20, 40, 80), (0.2, 0.7, 0.9), 0.75)),
    ("teach_a_reranker", "gradient"): _teacher,
    ("teach_a_reranker", "keep"): _lessons,
    ("teach_a_reranker", "loss"): _teacher,
    ("teach_a_reranker", "shares"): _normal((3, 5), 0.5),
    ("train_a_tiny_gpt", "block_forward"): _gpt_block,
    ("train_a_tiny_gpt", "build_batch"): _windows,
    ("train_a_tiny_gpt", "build_loss"): _targets,
    ("train_a_tiny_gpt", "build_step"): _pairs,
    ("train_a_tiny_gpt", "learning_rate"): _these(*((step, 40, 0.5, 8) for step in (0, 3, 8, 20, 39))),
}
