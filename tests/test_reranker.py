"""The course's own reranker: MaxSim that can be trained, beside the MaxSim of search, and the updates that we ship."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from house import on_another_processor
from torch import nn

from course_utils.common.errors import InputError
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed_tokens
from course_utils.fine_tuning import lora, lora_files, reranker
from course_utils.fine_tuning.reranker import (
    BASE,
    RANK,
    TARGETS,
    Example,
    TokenEncoder,
    load_reranker,
    lora_rerank,
    maxsim,
    teach,
    teacher_shares,
    train,
)
from course_utils.search import Hit, likelihood_rerank, maxsim_rerank, rerank_by

TEXTS = [
    "Bread is baked from flour, water and salt.",
    "The cat slept on the mat.",
    "Parliament passed a law on the taxes of all companies, after a debate that took three days and most of a night.",
    "A kitten naps.",
    "The sun is a star.",
]
QUERIES = ["where does a pet sleep", "who decides what we pay", "what shines by day", "what do we eat"]
EXAMPLES = [
    Example(QUERIES[0], (1, 3, 0, 4), (0.7, 0.3, 0.0, 0.0)),
    Example(QUERIES[1], (1, 2, 4), (0.0, 1.0, 0.0)),
    Example(QUERIES[2], (4, 0, 3), (0.8, 0.1, 0.1)),
    Example(QUERIES[3], (0, 1), (0.9, 0.1)),
]
FEW = {"batch": 2, "n_candidates": 3, "n_tokens": 24}  # small steps


@pytest.fixture(scope="module")
def plain():
    """An encoder that nobody trains."""
    return TokenEncoder()


def with_updates(seed=0):
    encoder = TokenEncoder()
    lora.add_lora(encoder.network, TARGETS[-2:], rank=2, seed=seed)
    return encoder


def weights(network):
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


def rows(*vectors):
    return torch.tensor([vectors], dtype=torch.float32), torch.ones(1, len(vectors), dtype=torch.bool)


def scores_of(encoder, queries, texts):
    with torch.no_grad():
        return maxsim(*encoder(queries), *encoder(texts))


def test_maxsim_by_hand():
    query = rows((1, 0), (0, 1), (0.6, 0.8))
    text = rows((1, 0), (0.8, 0.6))
    # (1, 0) finds itself: 1. (0, 1) finds 0.6. (0.6, 0.8) finds 0.48 + 0.48. Their mean:
    assert maxsim(*query, *text).item() == pytest.approx((1 + 0.6 + 0.96) / 3)


def test_padding_does_not_count_on_either_side():
    query, text = rows((1, 0), (0, 1)), rows((0.6, 0.8))
    alone = maxsim(*query, *text)
    padding = torch.tensor([[[0.0, 1.0]]])  # would be the best for (0, 1), and one more token to average over
    no = torch.zeros(1, 1, dtype=torch.bool)
    padded = [(torch.cat([vectors, padding], 1), torch.cat([counted, no], 1)) for vectors, counted in (query, text)]
    torch.testing.assert_close(maxsim(*padded[0], *padded[1]), alone)


def test_every_query_meets_every_text():
    random = torch.Generator().manual_seed(0)
    query = nn.functional.normalize(torch.randn(3, 4, 8, generator=random), dim=2)
    text = nn.functional.normalize(torch.randn(2, 5, 8, generator=random), dim=2)
    in_query, in_text = torch.rand(3, 4, generator=random) > 0.3, torch.rand(2, 5, generator=random) > 0.3
    found = maxsim(query, in_query, text, in_text)
    assert found.shape == (3, 2)
    for i in range(3):
        for j in range(2):
            slow = [max(float(a @ b) for b in text[j][in_text[j]]) for a in query[i][in_query[i]]]
            assert found[i, j].item() == pytest.approx(np.mean(slow), abs=1e-6)


def test_a_query_or_a_text_without_tokens_gets_a_number(plain):
    scores = scores_of(plain, ["\u200b", "a cat"], ["\u200b", "The cat slept."])
    assert scores.isfinite().all()
    assert scores[1, 1] > scores[1, 0]


def test_untrained_vectors_are_those_of_embed_tokens(plain, monkeypatch):
    monkeypatch.setattr(reranker, "BATCH", 3)  # padded otherwise than there
    texts = [*TEXTS, "word " * 400, "Ünïcode 中文 🙂"]
    for ours, theirs in zip(plain.encode(texts), embed_tokens(texts), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_scores_are_those_of_maxsim_rerank_up_to_the_number_of_query_tokens(plain):
    scores = scores_of(plain, QUERIES, TEXTS)
    everything = [list(range(len(TEXTS)))] * len(QUERIES)
    for query, row, hits in zip(QUERIES, scores, maxsim_rerank(QUERIES, TEXTS, everything), strict=True):
        n_tokens = len(plain.encode([query])[0])
        for position, score in hits:
            assert n_tokens * row[position].item() == pytest.approx(score, abs=1e-3)


def test_the_teachers_shares_by_hand():
    # 5 * (-3 + 8 * 0.5) = 5, and 5 * (-2 + 8 * 0.25) = 0: exp(5) to 1
    np.testing.assert_allclose(teacher_shares([-3.0, -2.0], [0.5, 0.25]), np.array([np.exp(5), 1]) / (np.exp(5) + 1))


def test_the_teacher_trusts_by_both_and_its_shares_sum_to_one():
    rng = np.random.default_rng(0)
    likelihoods, cosines = rng.normal(-3, 0.4, size=12), rng.normal(0.4, 0.07, size=12)
    shares = teacher_shares(likelihoods, cosines)
    assert shares.sum() == pytest.approx(1)
    more = likelihoods.copy()
    more[3] += 0.2
    assert teacher_shares(more, cosines)[3] > shares[3]
    more = cosines.copy()
    more[3] += 0.02
    assert teacher_shares(likelihoods, more)[3] > shares[3]
    np.testing.assert_allclose(teacher_shares(likelihoods - 7, cosines), shares)  # a level common to all says nothing


def test_what_is_taught_are_the_shares_of_the_two_readers_in_the_order_of_the_candidates():
    positions = [[4, 0, 3], [1, 2]]
    for one, query, some in zip(teach(QUERIES[:2], TEXTS, positions), QUERIES, positions, strict=False):
        likely, sums = (dict(rerank(query, TEXTS, some)) for rerank in (likelihood_rerank, maxsim_rerank))
        n_tokens = len(embed_tokens([query])[0])
        expected = teacher_shares([likely[row] for row in some], [sums[row] / n_tokens for row in some])
        assert (one.query, one.candidates) == (query, tuple(some))
        assert one.shares == pytest.approx(expected, abs=1e-3)
        assert one.ranked == [some[place] for place in np.argsort(-expected)]


def test_the_teacher_counts_cosines_by_their_mean_over_the_querys_tokens():
    some = [0, 1, 4]
    sums, n_tokens = dict(maxsim_rerank(QUERIES[0], TEXTS, some)), len(embed_tokens(QUERIES[:1])[0])
    balanced = [-reranker.COSINE_COUNTS * sums[row] / n_tokens for row in some]  # what one judge gives the other takes
    [one] = teach(QUERIES[:1], TEXTS, [some], [balanced])
    assert one.shares == pytest.approx([1 / 3] * 3, abs=1e-3)


def test_the_teacher_takes_hits_and_likelihoods_that_are_known():
    hits = [[Hit(4, 0.9), Hit(3, 0.1)]]
    [one] = teach(QUERIES[:1], TEXTS, hits, [[-9.0, -1.0]])
    assert one.candidates == (4, 3)
    assert one.shares[1] > 0.999
    assert one.ranked == [3, 4]


def test_the_teacher_takes_cosines_that_are_known():
    [one] = teach(QUERIES[:1], TEXTS, [[4, 3]], [[-3.0, -3.5]], [[0.4, 0.5]])
    assert one.shares == pytest.approx(teacher_shares([-3.0, -3.5], [0.4, 0.5]))


def test_the_teacher_needs_a_likelihood_and_a_cosine_for_each_candidate():
    with pytest.raises(InputError, match="has 2 candidates"):
        teach(QUERIES[:1], TEXTS, [[4, 3]], [[-3.0]], [[0.4, 0.5]])


def test_training_changes_the_updates_alone_and_the_loss_falls():
    encoder = with_updates()
    before = weights(encoder)
    new = {name for name, weight in encoder.named_parameters() if weight.requires_grad}
    assert len(new) == 4  # A and B, twice
    losses = train(encoder, TEXTS, EXAMPLES, 40, rate=1e-2, batch=4, n_candidates=4)  # each step has all of it
    after = weights(encoder)
    assert {name for name in before if not torch.equal(before[name], after[name])} == new
    assert len(losses) == 40
    least = -np.mean([sum(share * np.log(share) for share in one.shares if share) for one in EXAMPLES])
    assert least < losses[-1] < least + 0.6 * (losses[0] - least)  # the shares' own surprise cannot be learned away


def test_the_first_loss_is_that_of_a_hand_made_softmax(plain):
    encoder = with_updates()  # B is zero: the scores are those of the untrained encoder
    [loss] = train(encoder, TEXTS, EXAMPLES[:2], 1, batch=2, n_candidates=9)
    scores = scores_of(plain, QUERIES[:2], TEXTS) * reranker.SHARPNESS
    [first, second] = (scores[place, list(EXAMPLES[place].candidates)].log_softmax(dim=0) for place in (0, 1))
    expected = -(0.7 * first[0] + 0.3 * first[1] + second[1]) / 2  # only a query's own candidates compete
    assert loss == pytest.approx(expected.item(), abs=1e-3)


def test_a_step_that_reads_fewer_candidates_shares_the_trust_among_them(plain):
    [loss] = train(with_updates(), TEXTS, EXAMPLES[2:3], 1, batch=1, n_candidates=2)
    scores = scores_of(plain, QUERIES[2:3], TEXTS)[0] * reranker.SHARPNESS
    both = [[8 / 9, 1 / 9] @ -scores[[4, other]].log_softmax(dim=0).numpy() for other in (0, 3)]  # 0.8 and 0.1
    assert min(abs(loss - one) for one in both) < 1e-3
    assert abs(both[0] - both[1]) > 1e-2


def test_training_twice_gives_the_same_and_another_seed_does_not():
    runs, ends = [], []
    for seed in (0, 0, 1):
        encoder = with_updates()
        runs.append(train(encoder, TEXTS, EXAMPLES, 3, seed=seed, **FEW))
        ends.append(weights(encoder))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert all(torch.equal(ends[0][name], ends[1][name]) for name in ends[0])


def test_on_another_processor_the_losses_differ_by_less_than_a_ten_thousandth():
    ours = train(with_updates(), TEXTS, EXAMPLES, 8, **FEW)
    printed = on_another_processor(
        "import json\nfrom test_reranker import *\nprint(json.dumps(train(with_updates(), TEXTS, EXAMPLES, 8, **FEW)))"
    )
    assert json.loads(printed) == pytest.approx(ours, abs=1e-4)


def test_who_watches_sees_every_step_all_losses_and_one_thread():
    seen, before = [], torch.get_num_threads()
    train(
        with_updates(),
        TEXTS,
        EXAMPLES,
        2,
        watch=lambda step, losses: seen.append((step, len(losses), torch.get_num_threads())),
        **FEW,
    )
    assert seen == [(1, 1, 1), (2, 2, 1)]
    assert torch.get_num_threads() == before


def test_an_encoder_that_is_all_frozen_has_nothing_to_train(plain):
    with pytest.raises(InputError, match="add_lora"):
        train(plain, TEXTS, EXAMPLES, 1, **FEW)


def test_too_few_examples_or_steps_are_refused():
    encoder = with_updates()
    with pytest.raises(InputError, match="needs 16 examples, and there are 4"):
        train(encoder, TEXTS, EXAMPLES, 1)
    for n_steps in (0, -1, 1.5):
        with pytest.raises(InputError, match="n_steps must be a whole number from 1"):
            train(encoder, TEXTS, EXAMPLES, n_steps, **FEW)
    for wrong, message in [
        ({"batch": 0}, "batch must be"),
        ({"n_candidates": 1}, "n_candidates must be"),
        ({"seed": -1}, "seed"),
    ]:
        with pytest.raises(InputError, match=message):
            train(encoder, TEXTS, EXAMPLES, 1, **{**FEW, **wrong})


def test_an_adapter_whose_b_is_zero_is_maxsim(tmp_path):
    encoder = TokenEncoder()
    lora.add_lora(encoder.network, TARGETS, RANK)
    lora_files.save_lora(encoder.network, tmp_path, BASE)
    loaded = load_reranker(tmp_path)
    assert not any(weight.requires_grad for weight in loaded.parameters())
    everything = [list(range(len(TEXTS)))] * 2
    ours = rerank_by("maxsim-test", loaded.encode, QUERIES[:2], TEXTS, everything)
    for our, their in zip(ours, maxsim_rerank(QUERIES[:2], TEXTS, everything), strict=True):
        assert [hit.position for hit in our] == [hit.position for hit in their]
        assert [hit.score for hit in our] == pytest.approx([hit.score for hit in their], abs=1e-3)


def test_what_was_saved_is_what_is_loaded(tmp_path, plain):
    encoder = TokenEncoder()
    for number, layer in enumerate(lora.add_lora(encoder.network, TARGETS, RANK).values()):
        nn.init.normal_(layer.B, std=0.02, generator=torch.Generator().manual_seed(number))
    lora_files.save_lora(encoder.network, tmp_path, BASE)
    saved, loaded = encoder.encode(QUERIES), load_reranker(tmp_path).encode(QUERIES)
    for ours, theirs, untrained in zip(saved, loaded, plain.encode(QUERIES), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)  # beside the weights, and merged into them
        assert np.abs(ours - untrained).max() > 0.01


def test_an_adapter_of_another_model_or_none_is_refused(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="trained on SmolLM2-135M-Instruct, and the network is all-MiniLM-L6-v2"):
        load_reranker(lora_files.WRITER)
    with pytest.raises(InputError, match="missing"):
        load_reranker(tmp_path / "nowhere")
    monkeypatch.setattr(reranker, "SHIPPED", tmp_path / "nowhere")
    with pytest.raises(InputError, match="missing"):
        lora_rerank("a cat", TEXTS, [0, 1])


def writers_network():
    """SmolLM2's layers, with their names and sizes and without their numbers."""
    from transformers import LlamaConfig, LlamaForCausalLM

    sizes = {"num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "vocab_size": 49152}
    with torch.device("meta"):
        return LlamaForCausalLM(LlamaConfig(hidden_size=576, intermediate_size=1536, **sizes))


SHIPPED = {
    reranker.SHIPPED: (BASE, lambda: TokenEncoder().network),
    lora_files.WRITER: (lora_files.WRITER_BASE, writers_network),
}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_a_shipped_update_is_small_and_fits_the_model_that_it_names(folder):
    from safetensors import safe_open

    base, network = SHIPPED[folder]
    assert sorted(path.name for path in folder.iterdir()) == [lora_files.CONFIG, lora_files.WEIGHTS]
    assert sum(path.stat().st_size for path in folder.iterdir()) < 3e6
    with safe_open(folder / lora_files.WEIGHTS, "pt") as file:
        assert all(file.get_tensor(name).isfinite().all() for name in file.keys())  # noqa: SIM118
    assert json.loads((folder / lora_files.CONFIG).read_text(encoding="utf-8"))["base_model_name_or_path"] == base
    layers = lora_files.load_lora(network(), folder, base)
    assert all(layer.B.any() for layer in layers.values())  # each of them was trained
    updates = lora_files.read_updates(folder)
    assert set(updates) == set(layers)
    for name, layer in layers.items():
        wide, low = updates[name]
        assert (wide @ low).shape == tuple(layer.layer.weight.shape)


def test_the_shipped_reranker_is_of_the_rank_and_layers_that_are_trained():
    config = json.loads((reranker.SHIPPED / lora_files.CONFIG).read_text(encoding="utf-8"))
    assert (config["r"], sorted(config["target_modules"])) == (RANK, sorted(TARGETS))


def test_peft_reads_the_shipped_reranker_and_gives_the_same_vectors(plain):
    peft = pytest.importorskip("peft")
    encoder = TokenEncoder()
    encoder.network = peft.PeftModel.from_pretrained(encoder.network, str(reranker.SHIPPED))
    ours, theirs = load_reranker().encode(TEXTS), encoder.encode(TEXTS)
    for some, others, untrained in zip(ours, theirs, plain.encode(TEXTS), strict=True):
        np.testing.assert_allclose(some, others, atol=1e-4)
        assert np.abs(some - untrained).max() > 0.01


def test_the_shipped_reranker_finds_what_shares_no_word():
    texts = [TEXTS[2], "A kitten naps in a basket.", TEXTS[0]]
    assert lora_rerank("where does the cat sleep", texts, [0, 1, 2])[0].position == 1


@pytest.mark.parametrize("kind", ["trained on", "held out"])
def test_what_was_measured_is_what_the_students_give(kind, plain):
    measured, articles = reranker.load_measured()[kind], load_wikipedia()
    text_of = dict(zip(articles["title"], articles["text"], strict=True))
    np.testing.assert_allclose(np.sum(measured["teacher"], axis=1), 1, atol=1e-4)
    for name, encoder in (("untrained", plain), ("shipped", load_reranker())):
        assert np.shape(measured[name]) == np.shape(measured["titles"]) == (30, 6)
        with torch.no_grad():
            texts = [text_of[title] for title in measured["titles"][0]]
            found = maxsim(*encoder([measured["query"][0]]), *encoder(texts, reranker.TOKENS_OF_TEXT))[0]
        np.testing.assert_allclose(found, measured[name][0], atol=1e-3)


def test_the_two_groups_of_measured_lessons_share_no_query():
    measured = reranker.load_measured()
    assert not set(measured["trained on"]["query"]) & set(measured["held out"]["query"])
    shapes = {name: np.shape(table) for name, table in measured["48 tokens"].items()}
    tables = dict.fromkeys(("untrained", "SmolLM2", "names a year", "twelve lessons"), (110, 6))
    assert shapes == tables | dict.fromkeys(("soft", "hard", "shuffled", "whim"), (5, 110, 6))
