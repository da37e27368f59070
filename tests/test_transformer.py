"""The language model in NumPy: equal to the reference library, and clear about what it cannot read."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from course_utils.assets import smollm2_path, wikipedia_path
from course_utils.errors import InputError
from course_utils.transformer import KVCache, NumPyLM, chat_prompt, rms_norm, rotate, rotation

PROMPTS = [
    "The capital of France is",
    "def add(a, b):\n    return",
    "Der Schnee fällt, 雪が降る, 눈이 온다",
    "  two  spaces\tand a tab\n\n",
    chat_prompt([("user", "Name a colour.")]),
]


@pytest.fixture(scope="module")
def model() -> NumPyLM:
    return NumPyLM.from_gguf(smollm2_path())


@pytest.fixture(scope="module")
def reference():
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder, name = smollm2_path().parent, smollm2_path().name
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=name)
    return tokenizer, AutoModelForCausalLM.from_pretrained(folder, gguf_file=name).eval()


@pytest.mark.parametrize("prompt", PROMPTS)
def test_ids_and_logits_equal_the_reference(model, reference, prompt):
    import torch

    tokenizer, network = reference
    ids = tokenizer(prompt)["input_ids"]
    assert model.tokenizer.encode(prompt) == ids
    with torch.no_grad():
        expected = network(torch.tensor([ids])).logits[0].numpy()
    np.testing.assert_allclose(model.logits(ids), expected, atol=1e-3)


def test_greedy_text_equals_the_reference(model, reference):
    import torch

    tokenizer, network = reference
    ids = tokenizer("Snow is", return_tensors="pt")["input_ids"]
    with torch.no_grad():
        written = network.generate(ids, max_new_tokens=30, do_sample=False)[0, ids.shape[1] :]
    assert model.generate("Snow is", max_new_tokens=30) == tokenizer.decode(written)


def test_chat_prompt_equals_the_models_template(reference):
    messages = [("user", "Hi"), ("assistant", "Hello!"), ("user", "Why?")]
    as_dicts = [{"role": role, "content": text} for role, text in messages]
    assert chat_prompt(messages) == reference[0].apply_chat_template(
        as_dicts, tokenize=False, add_generation_prompt=True
    )


def test_next_words_are_probabilities_in_order(model):
    words = model.next_words("Snow is", k=200)
    probabilities = [probability for _, probability in words]
    assert probabilities == sorted(probabilities, reverse=True)
    assert 0 < sum(probabilities) <= 1
    everything = model.next_words("Snow is", k=model.tokenizer.vocabulary_size)
    assert sum(probability for _, probability in everything) == pytest.approx(1, abs=1e-4)


def test_later_tokens_do_not_change_earlier_logits(model):
    ids = model.tokenizer.encode("Snow falls in winter")
    np.testing.assert_allclose(model.logits(ids)[:2], model.logits(ids[:2]), atol=1e-3)


def test_a_cache_in_several_pieces_gives_the_same_logits(model):
    ids = model.tokenizer.encode("The white stuff that falls from the sky in winter is called snow.")
    cache, rows = KVCache(model, len(ids)), []
    for piece in (ids[:5], ids[5:6], ids[6:]):
        rows.append(model.logits(piece, cache))
    np.testing.assert_allclose(np.concatenate(rows), model.logits(ids), atol=1e-3)
    assert cache.length == len(ids)


def test_the_same_seed_draws_the_same_text(model):
    texts = {model.generate("Once", 8, temperature=1.0, top_k=50, seed=seed) for seed in (1, 1, 2)}
    assert len(texts) == 2


def test_top_1_is_greedy_at_any_temperature(model):
    assert model.generate("Snow is", 5, temperature=2.0, top_k=1, seed=0) == model.generate("Snow is", 5)


def test_it_stops_where_the_answer_ends(model):
    answer = model.generate(chat_prompt([("user", "What is the capital of France?")]), 60)
    assert answer == "The capital of France is Paris."


def test_rms_norm_by_hand():
    np.testing.assert_allclose(rms_norm(np.array([[1.0, -7.0]]), np.array([2.0, 1.0]), 0.0), [[0.4, -1.4]])


def test_rotation_keeps_lengths_and_shifts():
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 1, 8)).astype(np.float32)
    turn = rotation(12, 8, 10_000.0)
    turned_q, turned_k = (rotate(np.repeat(x, 12, axis=1), turn)[0] for x in (q, k))
    np.testing.assert_allclose(np.linalg.norm(turned_q, axis=1), np.linalg.norm(q), rtol=1e-5)
    products = turned_q @ turned_k.T
    np.testing.assert_allclose(np.diagonal(products, 3), products[0, 3], rtol=1e-4)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "empty"),
        ([49_152], "from 0 to 49151"),
        ([-1], "from 0 to 49151"),
        ([1] * 8193, "at most 8192"),
        ([0.5], "whole numbers"),
        ([[1]], "one row"),
    ],
)
def test_ids_that_no_model_reads_are_refused(model, ids, message):
    with pytest.raises(InputError, match=message):
        model.logits(ids)


def test_a_full_cache_is_refused_and_stays_as_it_was(model):
    cache = KVCache(model, 3)
    model.logits([1, 2], cache)
    before = cache.keys.copy()
    with pytest.raises(InputError, match="holds 3 tokens and 4 are needed"):
        model.logits([3, 4], cache)
    assert cache.length == 2
    np.testing.assert_array_equal(cache.keys, before)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_new_tokens": 0}, "max_new_tokens"),
        ({"max_new_tokens": 1, "temperature": -1}, "temperature"),
        ({"max_new_tokens": 1, "temperature": float("nan")}, "temperature"),
        ({"max_new_tokens": 1, "top_k": 0}, "top_k"),
    ],
)
def test_arguments_out_of_range_are_refused(model, arguments, message):
    with pytest.raises(InputError, match=message):
        model.generate("Snow", **arguments)


@pytest.mark.parametrize("prompt", [""])
def test_an_empty_prompt_is_refused(model, prompt):
    for ask in (model.next_words, lambda text: model.generate(text, 3)):
        with pytest.raises(InputError, match="text is empty"):
            ask(prompt)


def test_files_that_hold_no_model_are_refused(tmp_path):
    with pytest.raises(InputError, match="not a GGUF file"):
        NumPyLM.from_gguf(wikipedia_path("en"))
    with pytest.raises(InputError, match="There is no file"):
        NumPyLM.from_gguf(tmp_path / "absent.gguf")


def test_no_torch_is_imported():
    code = (
        "import sys; from course_utils.assets import smollm2_path; from course_utils.transformer import NumPyLM\n"
        "NumPyLM.from_gguf(smollm2_path()).next_words('Snow', k=1); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
