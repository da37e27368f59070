"""What the course ships as computed beforehand: a new random sample of it is computed anew at each run."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from house import ROOT

from course_utils.common import store
from course_utils.common.store import key_of
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed, embed_tokens, vector_store
from course_utils.evaluation import load_questions
from course_utils.exercises import meet_the_tokenizer
from course_utils.grounding import answer_prompt, answer_store
from course_utils.search import DenseIndex
from course_utils.tools import precompute
from course_utils.transformer import NumPyLM, chat_ids
from course_utils.transformer.encoder import NumPyEncoder
from course_utils.transformer.likelihood import likeliest_store

MOST_MEGABYTES = 15
N_VECTORS, N_SCORES, N_ANSWERS = 50, 20, 2


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return load_wikipedia()["text"][:]


@pytest.fixture(scope="module")
def pairs(texts) -> list[tuple[str, str]]:
    """Return pairs of a question and an article that searches may have scored."""
    questions = [question.text for question in load_questions("development") if question.titles]
    found = DenseIndex(embed(texts)).search(embed(questions), k=30)
    return [(q, texts[hit.position]) for q, hits in zip(questions, found, strict=True) for hit in hits]


def sample(things: list, n: int) -> list:
    assert len(things) >= n, "too little is shipped"
    return [things[row] for row in np.random.default_rng().choice(len(things), n, replace=False)]


def test_it_is_small_enough():
    files = [path for path in store.PRECOMPUTED.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_MEGABYTES * 1e6


def test_every_kind_is_whole_and_of_todays_recipe():
    kinds = [kind for kind in precompute.kinds(store.PRECOMPUTED) if kind.shipped_path.exists()]
    assert {path.name for path in store.PRECOMPUTED.glob("*.npz")} == {kind.shipped_path.name for kind in kinds}
    for kind in kinds:
        assert kind.shipped(), kind.folder


def test_every_english_article_has_its_vector(texts):
    shipped = vector_store().shipped()
    assert all(key_of(text) in shipped for text in texts)


def test_a_sample_of_the_vectors_is_what_the_encoder_computes(texts):
    chosen, shipped = sample(texts, N_VECTORS), vector_store().shipped()
    stored = np.array([shipped[key_of(text)] for text in chosen])
    fresh = NumPyEncoder.minilm().encode(chosen)
    np.testing.assert_allclose(stored, fresh, atol=2e-4)
    assert (stored * fresh).sum(axis=1).min() > 1 - 1e-6


def test_rounding_moves_no_score_by_more_than_a_ten_thousandth(texts):
    chosen, shipped = sample(texts, N_VECTORS), vector_store().shipped()
    stored = np.array([shipped[key_of(text)] for text in chosen])
    fresh = NumPyEncoder.minilm().encode(chosen)
    assert abs(stored @ stored.T - fresh @ fresh.T).max() < 2e-4


def test_a_sample_of_the_maxsim_scores_is_what_the_token_vectors_give(pairs):
    shipped = store.score_store("maxsim-minilm").shipped()
    for query, text in sample([pair for pair in pairs if key_of(*pair) in shipped], N_SCORES):
        of_query, of_text = embed_tokens([query, text])
        assert (of_query @ of_text.T).max(axis=1).sum() == pytest.approx(shipped[key_of(query, text)], abs=1e-4)


def test_a_sample_of_the_likelihoods_is_what_the_language_model_gives(pairs):
    from course_utils.search.rerank import query_likelihoods

    shipped = store.score_store("likelihood-smollm2").shipped()
    chosen = sample([pair for pair in pairs if key_of(*pair) in shipped], N_SCORES)
    fresh = query_likelihoods(chosen)
    np.testing.assert_allclose(fresh, [shipped[key_of(*pair)] for pair in chosen], atol=1e-3)


def test_a_sample_of_the_answers_is_what_the_language_model_says():
    shipped, model = answer_store().shipped(), NumPyLM.smollm2()
    prompts = [answer_prompt(question.text) for question in load_questions("development")]
    for prompt in sample([prompt for prompt in prompts if key_of(prompt) in shipped], N_ANSWERS):
        assert model.generate(prompt, 24).strip().splitlines()[0] == shipped[key_of(prompt)]


def test_a_sample_of_the_likeliest_tokens_is_what_the_language_model_holds():
    shipped, tokenizer, kept = likeliest_store().shipped(), NumPyLM.smollm2().tokenizer, []
    for word, order in meet_the_tokenizer.ORDERS.items():  # as 01 asks: the order is the user's, and then the word
        prompt = chat_ids([("system", "You are a polite helper."), ("user", f"Hello!\n{order}")], tokenizer)
        beginning, after = prompt[:3], prompt[3:] + tokenizer.encode(word)
        kept.append((beginning, after, shipped[key_of(*(" ".join(map(str, ids)) for ids in (beginning, after)))]))
    for beginning, after, numbers in sample(kept, N_ANSWERS):
        fresh = NumPyLM.smollm2().logits([*beginning, *after])[-len(after) :].argmax(axis=1)
        assert fresh.tolist() == [int(number) for number in numbers.split()]


def arrays_of(path) -> dict[str, tuple]:
    with np.load(path, allow_pickle=False) as file:
        return {name: (file[name].dtype, file[name].shape, file[name].tobytes()) for name in file.files}


def test_packing_what_is_unpacked_gives_the_same_arrays_and_twice_the_same_bytes(tmp_path, monkeypatch):
    before = {path.name: arrays_of(path) for path in store.PRECOMPUTED.glob("*.npz")}
    packed = []
    for folder in (tmp_path / "one", tmp_path / "two"):
        with precompute.recording(tmp_path / f"{folder.name}-cache"):
            precompute.unpack()
            monkeypatch.setattr(store, "PRECOMPUTED", folder)
            precompute.pack()
        assert {path.name: arrays_of(path) for path in folder.glob("*.npz")} == before
        packed.append({path.name: path.read_bytes() for path in folder.glob("*.npz")})
    assert packed[0] == packed[1]


def test_what_a_notebook_computes_twice_is_packed_once(tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PRECOMPUTED", tmp_path / "packed")
    (tmp_path / "cache").mkdir()
    with precompute.recording(tmp_path / "cache"):
        for texts_ in itertools.repeat(["a cat", "a dog"], 2):
            embed(texts_)
        assert vector_store().pack() == 2
    assert ROOT not in store.PRECOMPUTED.parents
