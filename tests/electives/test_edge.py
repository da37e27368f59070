"""Models for small devices: few bits, few weights, a real 4-bit file, a student, energy, and a stream."""

from __future__ import annotations

import dataclasses

import gguf
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.edge import (
    energy,
    explorer,
    figures,
    gguf_block,
    judging,
    quantise,
    shipped,
    shrink,
    split,
    stream,
    student,
    torch_encoder,
)
from course_utils.federated.averaging import load_articles
from course_utils.transformer.encoder import NumPyEncoder


def weights(seed: int = 0, shape: tuple[int, int] = (6, 64)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


# Few bits


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("block", [None, 16])
def test_rounding_is_off_by_half_a_step_at_most(bits, block):
    W = weights()
    q, scale = quantise.quantise(W, bits, block)
    assert np.abs(q).max() == 2 ** (bits - 1) - 1
    steps = np.repeat(scale, W.shape[1] // scale.shape[1], axis=1)
    assert (np.abs(quantise.restore(q, scale) - W) <= steps / 2 + 1e-6).all()


def test_more_bits_and_shorter_blocks_are_nearer():
    W = weights()
    errors = [np.square(quantise.rounded(W, *how) - W).mean() for how in ((3,), (4,), (4, 16), (8,))]
    assert errors == sorted(errors, reverse=True)


def test_eight_bits_are_those_of_torch():
    import torch

    W = weights()
    q, scale = quantise.quantise(W, 8)
    theirs = torch.fake_quantize_per_channel_affine(
        torch.tensor(W), torch.tensor(scale[:, 0]), torch.zeros(6, dtype=torch.int32), 0, -127, 127
    )
    np.testing.assert_allclose(quantise.restore(q, scale), theirs.numpy(), atol=1e-6)


def test_an_outlier_spoils_its_row_and_no_more_than_its_block():
    W = np.full((2, 32), 0.3, dtype=np.float32)
    W[0, 31] = 9.0
    whole, blocks = quantise.rounded(W, 4), quantise.rounded(W, 4, 16)
    assert not whole[0, :31].any()
    np.testing.assert_allclose(blocks[0, :16], 0.3)
    np.testing.assert_allclose(whole[1], 0.3)


def test_a_row_of_zeros_stays_zero():
    assert not quantise.rounded(np.zeros((1, 8)), 4).any()


def test_pruning_keeps_the_largest():
    W = weights()
    kept = quantise.pruned(W, 0.75)
    assert (kept == 0).mean() == 0.75
    assert np.abs(W[kept == 0]).max() <= np.abs(W[kept != 0]).min()
    assert np.array_equal(quantise.pruned(W, 0.0), W)


def two_words():
    return student.teach(["cold snow"], np.zeros((1, 1)), least=1).cutter


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: quantise.quantise(np.zeros(4), 4), r"W\[None\]"),
        (lambda: quantise.quantise(np.zeros((2, 6)), 4, 4), "blocks of 4"),
        (lambda: quantise.quantise(np.zeros((2, 6)), 1), "bits"),
        (lambda: quantise.pruned(np.zeros((2, 6)), 1.5), "share"),
        (lambda: gguf_block.take_apart(np.zeros(19, np.uint8)), "20 bytes"),
        (lambda: gguf_block.read_raw("blk.0.nothing", 1), "no 4-bit matrix"),
        (lambda: energy.estimate(1, 1, "int4"), "int4"),
        (lambda: judging.draw_few(np.array([0, 0, 1]), 2, 0), "fewer than 2"),
        (lambda: student.teach(["one"], np.zeros((2, 3))), "its goal"),
        (lambda: student.principal_directions(np.zeros((5, 2)), 3), "no 3 directions"),
        (lambda: student.table_without_teacher(two_words(), ["cold snow"] * 9, 3), "n must be .* from 1 to 2"),
        (lambda: stream.draw_streams(np.zeros(5, int), 2, 4), "two topics"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(call, message):
    with pytest.raises(InputError, match=message):
        call()


# A real file


def test_blocks_of_the_file_are_those_of_the_package_gguf():
    raw = gguf_block.read_raw("blk.3.ffn_down.weight", 400)
    theirs = gguf.dequantize(raw, gguf.GGMLQuantizationType.Q4_1).reshape(400, 32)
    np.testing.assert_array_equal(gguf_block.take_apart(raw).weights(), theirs)


def test_blocks_that_gguf_writes_come_back():
    W = weights(shape=(4, 64))
    raw = gguf.quantize(W, gguf.GGMLQuantizationType.Q4_1)
    blocks = gguf_block.take_apart(raw.reshape(-1))
    assert blocks.nibbles.max() == 15
    np.testing.assert_allclose(blocks.weights().reshape(W.shape), W, atol=blocks.scale.max())


# Whole models


@pytest.fixture(scope="module")
def small() -> NumPyEncoder:
    return NumPyEncoder.minilm().first_blocks(1)


def test_no_change_leaves_the_encoder_and_a_change_reaches_every_matrix(small):
    texts, seen = ["Snow falls on the town."], []
    same = shrink.change_encoder(small, lambda W: (seen.append(W.shape), W)[1])
    np.testing.assert_allclose(same.encode(texts), small.encode(texts), atol=1e-6)
    assert (384, 1536) in seen  # a row for each output, its inputs in the columns
    assert sum(np.prod(shape) for shape in seen) == shrink.encoder_weights(small)[0]
    coarse = shrink.change_encoder(small, lambda W: quantise.rounded(W, 3))
    assert 0.5 < (coarse.encode(texts) * small.encode(texts)).sum() < 0.999


def test_one_block_alone_is_exchanged(small):
    coarse, texts = shrink.change_encoder(small, lambda W: quantise.rounded(W, 3)), ["Snow falls on the town."]
    words, block = (shrink.exchange_block(small, coarse, n) for n in (0, 1))
    assert words.words is coarse.words
    assert words.blocks == small.blocks
    assert block.words is small.words
    both = shrink.exchange_block(words, coarse, 1)
    np.testing.assert_array_equal(both.encode(texts), coarse.encode(texts))
    with pytest.raises(InputError):
        shrink.exchange_block(small, coarse, 2)


def test_what_is_shipped_of_the_encoders_is_in_order():
    rows, truth = shipped.load_encoders(), load_articles().test[1][: shipped.N_TEXTS]
    right = {row["name"]: np.mean(np.array(row["said"]) == truth) for row in rows}
    assert right["float32"] > right["50% pruned"] > right["70% pruned"]
    assert rows[0]["cosine"] == 1
    assert rows[0]["megabytes"] > 4 * rows[2]["megabytes"]
    refitted = {row["name"]: np.mean(np.array(row["refitted"]) == truth) for row in rows if "refitted" in row}
    assert list(refitted) == ["float32", "30% pruned", "50% pruned", "70% pruned"]
    assert refitted["70% pruned"] > right["70% pruned"]


def test_what_is_shipped_of_retraining_and_of_parts_is_in_order():
    truth, rows = load_articles().test[1], shipped.load_encoders()
    untrained = {row["name"]: row["cosine"] for row in rows}
    runs = shipped.load_retrained()
    assert len({(run["name"], run["seed"]) for run in runs}) == len(runs) == 5 * 4 + 2
    before = {run["name"]: run["cosine"] for run in runs if run["seed"] is None}
    for run in runs:
        assert len(run["said"]) == shipped.N_TEXTS
        if run["seed"] is not None:
            assert run["cosine"] > before[run["name"]] + 0.005
    for name in before.keys() & untrained.keys():
        assert before[name] == pytest.approx(untrained[name], abs=0.001)
    two, three = (shipped.load_hits(name, truth[:600]) for name in ("int2, six times as long", "int3, blocks of 32"))
    assert two[0].mean() < 0.3 < 0.85 < two[1].mean()
    assert three[1].shape == (3, shipped.N_TEXTS)
    with pytest.raises(InputError, match="choose from"):
        shipped.load_hits("int9", truth[:600])
    told = judging.tell_training(np.array([0.0, 1.0]), np.array([[1.0, 1.0], [0.0, 1.0]]), np.ones(2))
    assert told.startswith("0.500, trained 1.000 0.500")
    assert "minus before 0.250" in told
    assert "minus float32 -0.250" in told
    parts = shipped.load_parts()
    assert [row["name"] for row in parts["alone"]] == ["table of words", *(f"block {n}" for n in range(1, 7))]
    assert {len(row["said"]) for row in parts["alone"]} == {shipped.N_TEXTS}
    assert {len(row["said"]) for row in parts["dealt"]} == {len(truth) - shipped.N_TEXTS}
    sizes = {row["name"]: row["megabytes"] for row in parts["dealt"]}
    assert sizes["float32"] == rows[0]["megabytes"]
    assert sizes["table in 2, blocks in 4"] < sizes["all in 3 bits"] < sizes["all in 4 bits"]


def test_trained_versions_have_the_bytes_of_their_weights_and_the_mean_of_their_runs():
    truth, encoder = load_articles().test[1][: shipped.N_TEXTS], NumPyEncoder.minilm()
    found, (n, _) = shipped.load_trained(truth), shrink.encoder_weights(encoder)
    bits = {"int3, trained": 3.5, "int2, trained": 2.5, "int2, trained longer": 2.5}
    bits |= {f"{share}% pruned, trained": quantise.sparse_bits(share / 100) for share in (50, 70)}
    sizes = {name: n * each / 8e6 for name, each in bits.items()}
    sizes["half the units, trained"] = 4 * shrink.encoder_weights(shrink.keep_units(encoder, 768))[0] / 1e6
    assert {name: size for name, (size, _) in found.items()} == pytest.approx(sizes, abs=0.05)
    _, runs = shipped.load_hits("50% pruned", truth)
    np.testing.assert_allclose(found["50% pruned, trained"][1], runs.mean(axis=0))
    assert len({hits.mean() for _, hits in found.values()}) == len(found)


def test_the_encoder_in_torch_is_that_in_numpy_and_its_product_may_be_exchanged(small):
    import torch

    texts, sizes = ["Snow falls on the town.", "Two."], []
    plain = torch_encoder.TorchEncoder(small, torch.tensor, lambda x, W: x @ W.T)
    np.testing.assert_allclose(plain.encode(texts).numpy(), small.encode(texts), atol=1e-5)
    assert plain.megabytes() == pytest.approx(4 * 12 * 384**2 / 1e6)  # 3 + 1 + 4 + 4 squares in a block

    def in_8_bits(W):
        sizes.append(W.shape)
        return [torch.tensor(each) for each in quantise.quantise(W, 8)]

    stored = torch_encoder.TorchEncoder(small, in_8_bits, lambda x, kept: x @ quantise.restore(*kept).T)
    coarse = shrink.change_encoder(small, lambda W: quantise.rounded(W, 8))
    theirs = dataclasses.replace(coarse, words=small.words).encode(texts)
    np.testing.assert_allclose(stored.encode(texts).numpy(), theirs, atol=1e-5)
    assert sizes == [(1152, 384), (384, 384), (1536, 384), (384, 1536)]
    assert stored.megabytes() == pytest.approx((12 * 384**2 + 4 * sum(n for n, _ in sizes)) / 1e6)
    nothing = torch_encoder.TorchEncoder(small, len, lambda x, n: torch.zeros(len(x), n))
    assert nothing.megabytes() == 0
    assert nothing.encode(texts).isfinite().all()


def test_rounding_in_torch_is_that_in_numpy_and_its_gradient_passes_straight_through():
    import torch

    rng = np.random.default_rng(0)
    W = torch.tensor(rng.normal(size=(3, 64)).astype(np.float32), requires_grad=True)
    for bits in (2, 3, 8):
        seen = torch_encoder.rounded_through(W, bits, 32)
        np.testing.assert_allclose(seen.detach().numpy(), quantise.rounded(W.detach().numpy(), bits, 32), atol=1e-6)
    up = torch.tensor(rng.normal(size=(3, 64)).astype(np.float32))
    (seen * up).sum().backward()
    assert torch.equal(W.grad, up)
    assert torch_encoder.rounded_through(torch.zeros(1, 4), 2, 4).tolist() == [[0, 0, 0, 0]]


def test_units_without_weights_are_the_first_to_go(small):
    (block, *_) = small.blocks
    (widen, bias), (narrow, shift) = block.widen, block.narrow
    silent = narrow.copy()
    silent[::2] = 0  # every second unit writes nothing
    still = dataclasses.replace(small, blocks=(dataclasses.replace(block, narrow=(silent, shift)),))
    fewer = shrink.keep_units(still, 768)
    assert fewer.blocks[0].widen[0].shape == (384, 768)
    np.testing.assert_array_equal(fewer.blocks[0].widen[0], widen[:, 1::2])
    np.testing.assert_array_equal(fewer.blocks[0].widen[1], bias[1::2])
    np.testing.assert_allclose(fewer.encode(["Snow falls."]), still.encode(["Snow falls."]), atol=1e-5)
    assert shrink.encoder_weights(fewer)[1] == shrink.encoder_weights(small)[1] - 2 * 384 * 768


# A student


def test_a_student_comes_near_what_can_be_learned_from_words():
    rng = np.random.default_rng(0)
    vocabulary, table = [f"word{n}" for n in range(30)], rng.normal(size=(30, 4))
    texts = [" ".join(rng.choice(vocabulary, 6, replace=False)) for _ in range(300)]
    goals = np.array([sum(table[vocabulary.index(word)] for word in text.split()) for text in texts])
    taught = student.teach(texts[:250], goals[:250], penalty=0.01)
    left = np.square(taught.encode(texts[250:]) - goals[250:]).mean() / np.square(goals[250:]).mean()
    assert left < 0.05


def test_a_table_without_a_teacher_is_that_of_singular_values():
    texts = ["cold snow falls", "warm sun shines", "snow and sun", "cold rain falls"]
    cutter = student.teach(texts, np.eye(4), least=1).cutter
    found = student.table_without_teacher(cutter, texts, 2)
    tfidf = cutter.transform(texts).toarray()
    theirs = np.linalg.svd(tfidf)[2][:2]  # (2, n_words)
    np.testing.assert_allclose(np.abs(theirs @ found.table), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(found.encode(texts), tfidf @ found.table, atol=1e-6)
    assert found.table.dtype == np.float32  # as that of a student that was taught


def test_directions_are_those_of_the_singular_values():
    vectors = np.random.default_rng(0).normal(size=(40, 5)) * [3, 2, 1, 0.5, 0.1]
    theirs = np.linalg.svd(vectors)[2][:2]
    np.testing.assert_allclose(np.abs(theirs @ student.principal_directions(vectors, 2)), np.eye(2), atol=1e-8)


def test_the_best_classifier_is_the_one_that_its_judge_prefers():
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=80)
    X = 0.1 * (2 * y[:, None] - 1) + rng.normal(size=(80, 30))
    train, judge = (X[:40], y[:40]), (X[40:], y[40:])
    scores = {strength: judging.fit_topics(train, strength).score(*judge) for strength in (0.001, 1.0, 100.0)}
    best = judging.fit_best(train, judge, tuple(scores))
    assert len(set(scores.values())) > 1
    assert best.score(*judge) == max(scores.values())
    assert scores[best.C] == max(scores.values())


def test_who_knows_the_topic_is_wrong_only_when_the_reader_strays():
    y = np.repeat([0, 1, 2], 20)
    streams = stream.draw_streams(y, 30, 40, change=20, noise=0.0, seed=1)
    assert (y[streams.opened[:, :20]] == streams.tastes[:, :1]).all()
    assert (y[streams.opened[:, 20:]] == streams.tastes[:, 1:]).all()
    assert stream.follow_knowing(np.eye(3)[y], y, streams).all()
    strays = stream.draw_streams(y, 30, 40, change=20, noise=0.5, seed=1)
    assert 0.4 < stream.follow_knowing(np.eye(3)[y], y, strays).mean() < 0.9


# Energy


def test_energy_by_hand():
    found = energy.estimate(2e6, 8e6, "float32")
    assert found.arithmetic == pytest.approx(9.2)  # 2 million times 3.7 + 0.9 picojoules
    assert found.memory == pytest.approx((1300, 2600))
    assert found.total[1] == pytest.approx(2609.2)
    assert energy.estimate(1, 0, "int8").arithmetic < energy.estimate(1, 0, "float16").arithmetic


# A stream


def test_an_average_on_the_way_is_an_average():
    vectors = np.random.default_rng(0).normal(size=(9, 3))
    streams = stream.Streams(np.arange(9)[None], np.roll(np.arange(9), 1)[None], 9, np.zeros((1, 2), int))
    hits, _ = stream.follow(vectors, streams, 0.0)
    for step in range(1, 9):
        mean = vectors[:step].mean(axis=0)  # of what was opened before
        assert hits[0, step] == ((vectors[step] - vectors[step - 1]) @ mean > 0)


def test_streams_are_of_the_taste_and_the_other_article_is_not():
    y = np.repeat(np.arange(3), 50)
    streams = stream.draw_streams(y, 20, 30, change=10, noise=0.0)
    assert all(len(set(y[row[:10]])) == 1 for row in streams.opened)
    assert (y[streams.opened[:, 9]] != y[streams.opened[:, 10]]).all()
    assert (y[streams.opened] != y[streams.other]).all()


def test_a_short_memory_follows_first_and_an_alarm_helps_a_long_one():
    y = np.repeat(np.arange(4), 30)
    vectors = np.eye(4)[y] + 0.1 * np.random.default_rng(0).normal(size=(120, 4))
    streams = stream.draw_streams(y, 100, 120, change=60)
    after = slice(75, 95)
    short, long = (stream.follow(vectors, streams, share)[0] for share in (0.3, 0.01))
    helped, alarms = stream.follow(vectors, streams, 0.01, alarm=(10, 5))
    assert short[:, after].mean() > long[:, after].mean() + 0.1
    assert helped[:, after].mean() > long[:, after].mean() + 0.1
    late, _ = stream.delays(alarms, 60)
    assert np.median(late) < 15


def test_the_alarm_rings_at_the_count_and_then_counts_anew():
    vectors = np.array([[1.0], [-1.0]])
    opened = np.array(
        [[0, 1, 1, 1, 1, 1, 1, 1]]
    )  # the first guess is blind, then two wrong ones, while m goes from 1 to 0
    streams = stream.Streams(opened, 1 - opened, 8, np.zeros((len(opened), 2), int))
    _, alarms = stream.follow(vectors, streams, 0.0, alarm=(3, 2))
    assert alarms[0].tolist() == [False, False, True, False, False, False, False, False]


def test_an_alarm_that_waits_rings_no_earlier_and_still_counts_what_was_before():
    vectors, wrong = np.array([[1.0], [-1.0]]), [0, 1, 1, 0, 0, 0]  # opened 0, then the other one twice
    opened = np.array([wrong])
    streams = stream.Streams(opened, 1 - opened, 6, np.zeros((1, 2), int))
    _, soon = stream.follow(vectors, streams, 0.0, alarm=(3, 2))
    _, later = stream.follow(vectors, streams, 0.0, alarm=(3, 2), first=3)
    assert soon.argmax() == 2
    assert later.any()
    assert later.argmax() == 3


def test_a_curious_server_names_the_tokens_that_it_has_met():
    encoder, known = NumPyEncoder.minilm(), ["the river rises", "money in the bank"]
    ids, states = split.states_after(encoder, known, 1)
    assert states.shape == (len(ids), 384)
    seen_ids, seen = split.states_after(encoder, ["the bank rises"], 1)
    assert split.name_tokens(ids, states, seen).tolist() == seen_ids.tolist()
    with pytest.raises(InputError, match="needs its token"):
        split.name_tokens(ids[1:], states, seen)


def test_marks_and_punctuation_are_no_words():
    encoder = NumPyEncoder.minilm()
    (ids,) = encoder.token_ids(["Snow, 12 metres: unquantisable!"])
    pieces = [encoder.tokenizer.id_to_token(each) for each in ids]
    kept = [piece for piece, word in zip(pieces, split.are_words(encoder, ids), strict=True) if word]
    assert set(pieces) - set(kept) == {"[CLS]", "[SEP]", ",", ":", "!"}
    assert "".join(piece.removeprefix("##") for piece in kept) == "snow12metresunquantisable"


def test_the_count_that_rings_is_that_of_the_binomial_distribution():
    from scipy.stats import binom

    count = stream.misses_that_ring(20, 0.1, 0.01)
    assert binom.sf(count - 1, 20, 0.1) <= 0.01 < binom.sf(count - 2, 20, 0.1)
    assert stream.misses_that_ring(2, 0.9, 0.01) == 3  # cannot ring


def test_figures_and_the_explorer_have_what_they_promise():
    figure, ax = plt.subplots()
    figures.draw_steps(ax, weights()[0], 4, 16, "a row")
    whole, part = plt.subplots(1, 2)[1]
    row = np.linspace(-1, 1, 64)
    figures.draw_steps(whole, row, 4, 32, "all")
    figures.draw_steps(part, row, 4, 32, "half of it", shown=(32, 64))
    assert len(part.lines) < len(whole.lines)
    back = {line.get_label(): line.get_ydata() for line in part.lines}["comes back"]
    np.testing.assert_allclose(back, quantise.rounded(row[None], 4, 32)[0, 32:])
    points = {"float32": (89.0, (0.9, 0.88, 0.92)), "student": (2.0, (0.8, 0.7, 0.9))}
    figures.draw_sizes(ax, points | {"70% pruned, trained": (30.0, (0.8, 0.8, 0.85))}, "fast")
    assert {"70% pruned, trained", "student", "fast"} <= {text.get_text() for text in ax.texts}
    words = [text.get_text() for text in figures.block_bytes(np.arange(20)).axes[0].texts]
    assert "0, 16" in words
    assert "scale" in words
    found = {"a": np.array([0.1, 0.3]), "b": np.array([0.0, 0.0])}
    (ax,) = figures.draw_parts(found).axes
    assert [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "o"] == pytest.approx([0.2, 0.0])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    stairs = figures.draw_staircase().axes[0].lines[0]
    assert sorted({abs(each) for each in stairs.get_ydata()}) == [0, 1]
    assert "make these alike" in [text.get_text() for text in figures.distillation().axes[0].texts]
    lines = figures.draw_by_hand({"short": [1, 0.4], "long": [1, 0.8]}, 1).axes[0].lines
    assert lines[0].get_ydata().tolist() == [1, 0.4]
    found = {"a": energy.estimate(1e6, 4e6), "b": energy.estimate(1e6, 8e6)}
    drawn = figures.draw_energy(found).axes[0]
    assert [round(bar.get_x()) for bar in drawn.patches] == [650, 1300]
    np.testing.assert_allclose(drawn.lines[0].get_xdata(), 4.6)
    plt.close("all")
    page = explorer.rounding_explorer(weights(shape=(1, 384))[0])
    before = page.children[-1].value
    page.children[2].value = 4.0
    assert "error" in before
    assert page.children[-1].value != before
