"""Keeping data private: rules and pseudonyms, memorised secrets, noise with an account, vectors, logs, an enclave."""

from __future__ import annotations

import dataclasses
import re
import secrets

import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.privacy import (
    KINDS,
    best_guess,
    chain,
    clip_rows,
    divergence_of_step,
    epsilon_spent,
    find_personal,
    first_broken,
    iban_remainder,
    inversion,
    is_card,
    luhn_sum,
    make_messages,
    membership,
    memorised,
    noise_for,
    passport_digit,
    precision_and_recall,
    pseudonym,
    replaced,
    shipped,
)
from course_utils.privacy.detect import TWO_CAPITALS
from course_utils.privacy.explorer import draw_guess, noise_explorer

# Texts


def test_luhn_by_hand_and_every_single_mistake_is_noticed():
    assert luhn_sum("79927398713") == 70  # the example of the usual descriptions
    for place in range(16):
        for digit in "0123456789":
            number = "4111111111111111"[:place] + digit + "4111111111111111"[place + 1 :]
            assert is_card(number) == (number == "4111111111111111")


def test_documented_account_and_passport_numbers_fit():
    for number in ("GB82 WEST 1234 5698 7654 32", "DE89 3704 0044 0532 0130 00"):  # examples of the standard
        assert iban_remainder(number) == 1
    assert passport_digit("L898902C3") == 6
    assert passport_digit("520727") == 3  # the birth date on a specimen of ICAO's document 9303


def test_what_is_no_number_is_refused():
    with pytest.raises(InputError, match="digits"):
        luhn_sum("four")
    with pytest.raises(InputError, match="capital letters"):
        iban_remainder("gb82")
    with pytest.raises(InputError, match="capital letters"):
        passport_digit(7)


def test_messages_are_the_same_again_and_their_spans_hold_what_they_say():
    messages = make_messages(100, seed=4)
    assert messages == make_messages(100, seed=4) != make_messages(100, seed=5)
    for message in messages:
        for kind, start, end in message.spans:
            value = message.text[start:end]
            assert kind in KINDS
            assert value == value.strip() != ""
            if kind == "card":
                assert is_card(value)
                assert value.startswith("9999")
            if kind == "bank account":
                assert iban_remainder(value) == 1
                assert value.startswith("QX")
            if kind == "mail":
                assert value.endswith("@example.org")


def test_rules_with_checksums_find_numbers_and_no_look_alikes():
    text = "QX82 1111 and 9999 0000 0000 0005 and order 9999000000000004, ben@example.org, 3 Mill Street"
    kinds = [span.kind for span in find_personal(text)]
    assert kinds == ["card", "mail", "address"]
    assert "card" not in [span.kind for span in find_personal("order 9999000000000005")]
    assert [span.kind for span in find_personal("order 9999000000000005", checked=False)] == ["card"]
    assert [span.kind for span in find_personal("Quillo Quenn")] == []
    assert [span.kind for span in find_personal("Quillo Quenn", names=TWO_CAPITALS)] == ["name"]
    with pytest.raises(InputError, match="text to look through"):
        find_personal(None)


def test_precision_and_recall_count_exact_spans():
    messages = make_messages(50, seed=1)
    perfect = [message.spans for message in messages]
    for kind in KINDS:
        right, said, there = precision_and_recall(messages, perfect, kind)
        assert right == said == there
    shifted = [[span._replace(end=span.end - 1) for span in spans] for spans in perfect]
    assert precision_and_recall(messages, shifted, "name")[0] == 0
    with pytest.raises(InputError, match="Each message"):
        precision_and_recall(messages, perfect[:-1], "name")


def test_replaced_changes_the_spans_alone():
    text, spans = "Ben Quenn, 3 Mill Street", find_personal("Ben Quenn, 3 Mill Street")
    assert replaced(text, spans, lambda kind, value: f"[{kind}]") == "[name], [address]"
    for message in make_messages(30):
        masked = replaced(message.text, message.spans, lambda kind, value: f"[{kind}]")
        assert masked.count("[") == len(message.spans)
        assert replaced(message.text, message.spans, lambda kind, value: value) == message.text


def test_a_pseudonym_is_the_hmac_of_the_standard_library_and_needs_a_key():
    import hashlib
    import hmac

    key = bytes(range(32))
    assert pseudonym("123456", key) == hmac.new(key, b"123456", hashlib.sha256).hexdigest()[:8]
    assert pseudonym("123456", key) != pseudonym("123456", key[::-1])
    with pytest.raises(InputError, match="16 random bytes"):
        pseudonym("123456", b"short")


# Memorised secrets


class Letters:
    """A tokenizer of single bytes."""

    def encode(self, text):
        return list(text.encode())

    def decode(self, ids):
        return bytes(ids).decode()


def test_exposure_by_hand():
    scores = np.log([0.5, 0.1, 0.3, 0.1])
    assert exposure_of(scores, 0) == 2.0
    assert exposure_of(scores, 2) == 1.0
    assert exposure_of(scores, 3) == pytest.approx(2 - np.log2(3))  # equal scores count for the secret
    with pytest.raises(InputError, match="finite score"):
        exposure_of([np.nan, 1.0], 0)
    with pytest.raises(InputError, match="secret"):
        exposure_of(scores, 4)


exposure_of = memorised.exposure


def test_chance_has_the_exposure_that_it_should():
    scores = -np.arange(1000.0)
    bits = np.array([exposure_of(scores, rank) for rank in range(1000)])  # a secret never seen has any rank
    for share in (0.25, 0.5, 0.9, 0.95):
        assert (bits < memorised.random_exposure(share)).mean() == pytest.approx(share, abs=0.002)


def test_a_code_is_planted_as_often_as_asked_and_found_again():
    rows = np.full((40, 40), ord("x"))
    planted = memorised.plant(rows, Letters(), "0420", times=7, seed=1)
    texts = [Letters().decode(row) for row in planted.tolist()]
    assert sum(f"{memorised.BEGINNING}0420" in text for text in texts) == 7
    assert (rows == ord("x")).all()  # what was given stays
    mixed = memorised.plant(rows, Letters(), "0420", 8, wordings=memorised.WORDINGS)
    texts = "".join(Letters().decode(row) for row in mixed.tolist())
    assert all(f"{wording}0420" in texts for wording in memorised.WORDINGS)
    with pytest.raises(InputError, match="4 digits"):
        memorised.plant(rows, Letters(), "42", 1)
    with pytest.raises(InputError, match="a row only"):
        memorised.plant(rows[:, :9], Letters(), "0420", 1)


def test_deduplication_keeps_one_copy():
    rows = np.random.default_rng(0).integers(97, 123, (60, 40))
    planted = memorised.plant(rows, Letters(), "0420", times=9, seed=2)
    kept = memorised.without_copies(planted)
    texts = [Letters().decode(row) for row in kept.tolist()]
    assert sum(memorised.BEGINNING in text for text in texts) == 1
    assert len(kept) == len(rows) - 8
    assert len(memorised.without_copies(rows)) == len(rows)


def test_scores_of_codes_are_those_of_reading_each_code_and_training_raises_the_planted_one():
    import torch

    from course_utils.tiny_gpt import Plan, TinyGPT

    model, cutter = TinyGPT(Plan(n_vocabulary=128, context=40, d_model=16, n_heads=2, n_layers=1), seed=3), Letters()
    scores = memorised.code_scores(model, cutter)
    assert scores.shape == (10_000,)
    for code in ("0000", "0420", "9999"):
        ids = torch.tensor([cutter.encode(memorised.BEGINNING + code)])
        with torch.no_grad():
            logs = model(ids[:, :-1]).log_softmax(dim=-1)[0, -4:]
        assert scores[int(code)] == pytest.approx(logs.gather(1, ids[0, -4:, None]).sum().item(), abs=1e-4)
    rows = memorised.plant(np.full((96, 40), ord("x")), cutter, "0420", 96)
    tuned = memorised.fine_tune(model, rows)
    assert exposure_of(memorised.code_scores(tuned, cutter), 420) > 8
    assert np.array_equal(memorised.code_scores(model, cutter), scores)  # the model that was given stays


def test_shipped_exposures_are_complete_and_say_what_the_page_says():
    runs = shipped.load_exposures()
    mean = {
        (way, times): np.mean([run["exposure"] for run in runs if (run["way"], run["times"]) == (way, times)])
        for way, times in {(run["way"], run["times"]) for run in runs}
    }
    assert len(runs) == 50
    assert mean["copies", 1] < mean["copies", 4] < mean["copies", 8] < mean["copies", 16]
    assert mean["deduplicated", 32] < 2 < mean["wordings, deduplicated", 32] < mean["wordings", 32]


# Noise and its account


def test_rows_are_clipped_to_the_length_and_keep_their_direction():
    rows = np.random.default_rng(0).normal(size=(20, 5))
    clipped = clip_rows(rows, 1.0)
    assert np.linalg.norm(clipped, axis=1).max() <= 1 + 1e-12
    cosines = (rows * clipped).sum(axis=1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(clipped, axis=1)
    np.testing.assert_allclose(cosines, 1)
    assert np.array_equal(clip_rows(np.zeros((2, 3)), 1.0), np.zeros((2, 3)))
    with pytest.raises(InputError, match=r"rows\[None\]"):
        clip_rows(np.ones(3), 1.0)


def test_a_step_without_sampling_costs_order_over_two_sigma_squared():
    np.testing.assert_allclose(divergence_of_step(3.0, 1.0, [2, 5, 64]), np.array([2, 5, 64]) / 18)
    assert (divergence_of_step(3.0, 0.1, [2, 5, 64]) < divergence_of_step(3.0, 1.0, [2, 5, 64])).all()


def test_the_account_is_that_of_opacus():
    accountants = pytest.importorskip("opacus.accountants")
    for sigma, q, n_steps, delta in ((1.0, 0.01, 1000, 1e-5), (2.45, 0.25, 300, 1 / 1600), (4.0, 1.0, 10, 1e-3)):
        theirs = accountants.RDPAccountant()
        theirs.history = [(sigma, q, n_steps)]
        wanted = theirs.get_epsilon(delta=delta, alphas=list(range(2, 129)))
        assert epsilon_spent(sigma, q, n_steps, delta) == pytest.approx(wanted, rel=1e-6)


def test_more_steps_cost_more_and_more_noise_costs_less():
    spent = [epsilon_spent(2.0, 0.25, n, 1e-3) for n in (0, 1, 10, 100)]
    assert spent[0] == 0
    assert spent == sorted(spent)
    assert epsilon_spent(4.0, 0.25, 10, 1e-3) < epsilon_spent(2.0, 0.25, 10, 1e-3)
    for epsilon in (0.5, 1.0, 8.0):
        sigma = noise_for(epsilon, 0.25, 50, 1e-3)
        assert epsilon_spent(sigma, 0.25, 50, 1e-3) <= epsilon < epsilon_spent(sigma - 0.002, 0.25, 50, 1e-3)


def test_no_attack_on_a_gaussian_beats_the_bound():
    from scipy.stats import norm

    for sigma in (0.25, 0.5, 1.0, 2.0, 4.0):
        best = norm.cdf(0.5 / sigma)
        assert best <= best_guess(epsilon_spent(sigma, 1.0, 1, 1e-3), 1e-3)
    with pytest.raises(InputError, match="epsilon"):
        best_guess(-1.0)


def test_clipped_sums_are_those_of_the_gradients_that_opacus_writes_down():
    pytest.importorskip("opacus")
    halves, network = membership.digit_halves(1), membership.first_network(2)
    x, y = halves.x[:6], halves.y[:6]
    rows = membership.gradient_rows(network, x, y)
    for most in (0.5, 4.8, 100.0):
        ours = np.concatenate([part.ravel() for part in membership.gradients(network, x, y, most)])
        np.testing.assert_allclose(ours, clip_rows(rows, most).sum(axis=0), atol=1e-12)
    plain = np.concatenate([part.ravel() for part in membership.gradients(network, x, y, None)])
    np.testing.assert_allclose(plain, rows.sum(axis=0), atol=1e-12)


def test_the_network_is_pytorchs():
    import torch

    halves, network = membership.digit_halves(0), membership.first_network(1)
    with torch.no_grad():
        theirs = membership.as_torch(network)(torch.tensor(halves.x[:5])).softmax(dim=1).numpy()
    np.testing.assert_allclose(network.states(halves.x[:5])[-1], theirs, atol=1e-12)


def test_training_learns_and_noise_without_a_bound_is_refused():
    halves = membership.digit_halves(0)
    network = membership.train_network(halves.x, halves.y, n_steps=100, rate=1.0, clip=1.0)
    assert network.accuracy(halves.other_x, halves.other_true) > 0.85
    with pytest.raises(InputError, match="give clip"):
        membership.train_network(halves.x, halves.y, n_steps=1, rate=1.0, sigma=1.0)


def test_a_step_moves_the_weights_in_their_order():
    network = membership.first_network(0)
    step = np.arange(4810.0)
    (first, biases), (second, last) = network.moved(step).layers
    np.testing.assert_allclose(first - network.layers[0][0], step[:4096].reshape(64, 64))
    np.testing.assert_allclose(biases, step[4096:4160])
    np.testing.assert_allclose(second - network.layers[1][0], step[4160:4800].reshape(64, 10))
    np.testing.assert_allclose(last, step[4800:])
    with pytest.raises(InputError, match="4,810 weights"):
        network.moved(step[:-1])


def test_opacus_trains_to_the_same_accuracy_and_counts_the_same():
    pytest.importorskip("opacus")
    halves, sigma = membership.digit_halves(0), noise_for(1.0, 0.25, 100, 1 / 1600)
    how = {"n_steps": 100, "rate": 1.0, "q": 0.25, "clip": 1.0, "sigma": sigma}
    ours = [membership.train_network(halves.x, halves.y, seed=seed, **how) for seed in range(3)]
    theirs, spent = zip(*(train_with_opacus(halves.x, halves.y, seed=seed, **how) for seed in range(3)), strict=True)
    rights = [np.mean([one.accuracy(halves.other_x, halves.other_true) for one in some]) for some in (ours, theirs)]
    assert abs(rights[0] - rights[1]) < 0.05
    assert spent[0] == pytest.approx(1.0, abs=0.01)


def train_with_opacus(x, y, *, n_steps, rate, q, clip, sigma, seed=0):
    """Train the same network with the library opacus, and return it with the ε that opacus counts at δ = 1 / (2 n)."""
    import warnings

    import torch
    from opacus import PrivacyEngine
    from torch.nn import functional
    from torch.utils.data import DataLoader, TensorDataset

    draws, model = torch.Generator().manual_seed(seed), membership.as_torch(membership.first_network(seed))
    optimiser = torch.optim.SGD(model.parameters(), lr=rate)
    loader = DataLoader(TensorDataset(torch.tensor(x), torch.tensor(y)), batch_size=round(q * len(x)), generator=draws)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that the noise is not drawn by a cryptographic generator
        engine = PrivacyEngine(accountant="rdp")
        how = {"noise_multiplier": sigma, "max_grad_norm": clip, "noise_generator": draws}
        model, optimiser, loader = engine.make_private(module=model, optimizer=optimiser, data_loader=loader, **how)
        done = 0
        while done < n_steps:
            for some, labels in loader:
                if done == n_steps:
                    break
                optimiser.zero_grad()
                functional.cross_entropy(model(some), labels).backward()
                optimiser.step()
                done += 1
        spent = engine.get_epsilon(delta=1 / (2 * len(x)))
    linear = [part.detach().numpy() for part in model.parameters()]
    return membership.Network(((linear[0].T, linear[1]), (linear[2].T, linear[3]))), float(spent)


def test_losses_unseen_are_those_of_networks_without_the_record():
    how = {"n_steps": 600, "rate": 0.5}
    halves = membership.digit_halves(0)
    network = membership.train_network(halves.x, halves.y, **how)
    inside, outside = membership.losses_unseen(halves, n_cuts=1, seed=1, **how)
    assert inside.shape == outside.shape == (800,)
    assert inside[halves.odd].mean() > 1.5 * network.losses(halves.x, halves.y)[halves.odd].mean()
    kept_out = network.losses(halves.other_x, halves.other_y)[halves.other_odd].mean()
    assert outside[halves.other_odd].mean() == pytest.approx(kept_out, rel=0.3)
    again, _ = membership.losses_unseen(halves, n_cuts=1, seed=1, **how)
    assert np.array_equal(inside, again)


def test_what_is_expected_of_a_record_makes_the_attack_sharper():
    how = {"n_steps": 100, "rate": 0.5}
    halves = membership.digit_halves(0)
    network = membership.train_network(halves.x, halves.y, **how)
    simple = membership.attack(network, halves)
    sharper = membership.attack(network, halves, membership.losses_unseen(halves, n_cuts=3, seed=1, **how))
    assert sharper[0] > simple[0] + 0.02
    assert sharper[1] > simple[1] + 0.1
    zeros = np.zeros(800), np.zeros(800)
    assert membership.attack(network, halves, zeros) == simple


def test_the_attack_is_the_area_under_the_curve():
    from sklearn.metrics import roc_auc_score

    rng = np.random.default_rng(0)
    inside, outside = rng.normal(0, 1, 30).round(1), rng.normal(0.5, 1, 40).round(1)
    wanted = roc_auc_score([1] * 30 + [0] * 40, -np.concatenate([inside, outside]))
    assert membership.attack_score(inside, outside) == pytest.approx(wanted)
    assert membership.attack_score(outside, inside) == pytest.approx(1 - wanted)
    with pytest.raises(InputError, match="empty"):
        membership.attack_score([], outside)


def test_halves_do_not_share_a_record_and_wrong_labels_are_wrong():
    halves = membership.digit_halves(3)
    assert not {row.tobytes() for row in halves.x} & {row.tobytes() for row in halves.other_x}
    assert np.array_equal(halves.odd, halves.y != halves.true)
    assert halves.odd.sum() == halves.other_odd.sum() == 40


# Vectors


def test_the_guesser_solves_the_ridge_regression_and_takes_the_better_penalty():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    vectors, words = rng.normal(size=(80, 6)), tuple("abcdefghijklmno")
    table = (vectors @ rng.normal(size=(6, 15)) > 0.5).astype(float)
    parts = vectors[:60], table[:60], words, (vectors[60:], table[60:])
    guesser = inversion.WordGuesser.fit(*parts, penalties=(2.0,))
    theirs = Ridge(alpha=2.0).fit(vectors[:60], table[:60])
    np.testing.assert_allclose(guesser.scores(vectors[60:]), theirs.predict(vectors[60:]), atol=1e-9)
    best = inversion.WordGuesser.fit(*parts, penalties=(1e9, 2.0))
    right = [inversion.share_right(one.scores(vectors[60:]), table[60:]).mean() for one in (best, guesser)]
    assert right[0] >= right[1] - 1e-9
    assert guesser.guess(vectors[0], 2)[0] in words


def test_words_are_counted_by_texts():
    texts = ["The cat and the cat", "cat dog", "dog bird cat"]
    assert inversion.frequent_words(texts, 2) == ["cat", "dog"]
    assert inversion.word_table(texts, ["dog", "cat"]).tolist() == [[0, 1], [1, 1], [1, 1]]
    with pytest.raises(InputError, match="score"):
        inversion.share_right(np.ones((2, 3)), np.ones((2, 2)))
    with pytest.raises(InputError, match="row for each text"):
        inversion.WordGuesser.fit(np.ones((2, 3)), np.ones((3, 1)), ["a"], (np.ones((1, 3)), np.ones((1, 1))))


def test_noise_is_as_long_as_it_says():
    vectors = np.zeros((400, 384), dtype=np.float32)
    vectors[:, 0] = 1
    kept = inversion.noisy(vectors, 0.0)
    np.testing.assert_allclose(kept, vectors)
    for noise in (0.5, 2.0):
        cosine = (inversion.noisy(vectors, noise) @ vectors[0]).mean()
        assert cosine == pytest.approx(1 / np.sqrt(1 + noise**2), abs=0.01)


def test_the_explorer_shows_guesses_and_the_rank():
    vectors = np.eye(3, dtype=np.float32)
    guesser = inversion.WordGuesser(("red", "<b>"), np.array([[1.0, 0], [0, 1], [0, 0]]), np.zeros(3), np.zeros(2))
    page = draw_guess(guesser, ["red cat", "x", "y"], vectors, vectors, 0, 0.0)
    assert "<b>red</b>, &lt;b&gt;" in page
    assert "rank 1 of 3" in page
    assert "words guessed" in repr(noise_explorer({0.0: guesser}, ["A", "B", "C"], ["red", "x", "y"], vectors, vectors))
    with pytest.raises(InputError, match="positions"):
        draw_guess(guesser, ["red"], vectors[:1], vectors[:1], 4, 0.0)


# Log and enclave


def test_any_change_of_one_entry_or_hash_is_found_at_its_place():
    entries = [f"entry {n}" for n in range(6)]
    hashes = chain(entries)
    assert first_broken(entries, hashes) is None
    assert all(re.fullmatch("[0-9a-f]{64}", each) for each in hashes)
    for place in range(6):
        assert first_broken([*entries[:place], "other", *entries[place + 1 :]], hashes) == place
        assert first_broken(entries, [*hashes[:place], "0" * 64, *hashes[place + 1 :]]) == place
    assert first_broken(entries[:3], hashes[:3]) is None  # the end cut off is not seen
    with pytest.raises(InputError, match="has a hash"):
        first_broken(entries, hashes[:-1])


def test_the_key_comes_to_the_right_program_on_a_genuine_machine_alone():
    pytest.importorskip("cryptography")
    from course_utils.privacy.enclave import Machine, Maker, judge, measure, seal

    maker, nonce = Maker(), secrets.token_bytes(16)
    machine, spy = Machine(maker, "a program"), Machine(maker, "another")
    honest, allowed = machine.attest(nonce), {measure("a program")}
    assert judge(honest, maker.public, allowed, nonce) == "accepted"
    assert "another program" in judge(spy.attest(nonce), maker.public, allowed, nonce)
    assert "old quote" in judge(honest, maker.public, allowed, secrets.token_bytes(16))
    assert "did not sign this device" in judge(honest, Maker().public, allowed, nonce)
    for name, value in (("measurement", measure("x")), ("public", bytes(32)), ("nonce", bytes(16)), ("signature", b"")):
        changed = dataclasses.replace(honest, **{name: value})
        assert "quote was changed" in judge(changed, maker.public, allowed, nonce)
    sealed = seal(b"key", honest.public)
    assert machine.open(sealed) == b"key"
    with pytest.raises(InputError, match="another enclave"):
        spy.open(sealed)
    with pytest.raises(InputError, match="changed"):
        machine.open(sealed[:-1] + bytes([sealed[-1] ^ 1]))


def test_figures_are_drawn():
    import matplotlib.pyplot as plt

    from course_utils.privacy import figures

    drawn = [figures.leaks(), figures.handshake(), figures.filters([1, 0, 1, 1], k=3)]
    rng = np.random.default_rng(0)
    kinds = {kind: (rng.random(40), rng.random(30)) for kind in ("usual", "unusual")}
    drawn += [figures.losses(kinds, "a finding")]
    counted = [sum(patch.get_height() for patch in ax.patches[:32]) for ax in drawn[3].axes]
    assert counted == [40, 40]
    drawn += [figures.hash_chain(["a", "b"], chain(["a", "b"])), figures.clipping(np.eye(2) * 3, 1.0, 1.0)]
    texts = [text.get_text() for text in drawn[2].axes[0].texts]
    assert "filter after:\n2 hits" in texts
    assert "filter before:\n3 hits" in texts
    assert any("…" in text.get_text() for text in drawn[4].axes[0].texts)
    figure, ax = plt.subplots()
    figures.exposures(ax, {0: [0.5, 1.0], 1: [2.0, 3.0]})
    assert ax.lines[2].get_ydata().tolist() == [0.75, 2.5]
    ax.clear()
    ways = {"plain 1": np.ones((5, 2)), "plain 2": np.full((5, 2), 0.9), "clip 1": np.full((5, 2), 0.8)}
    figures.by_heart(ax, ways | {"ε = 8": np.full((5, 2), 0.7)})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["plain", "clip", "ε = 8"]
    assert [text.get_text() for text in ax.texts] == ["1", "2", "1"]
    ax.clear()
    figures.two_bells(ax, sigma=2.0, at=2.5)
    assert ax.texts[-1].get_text() == f"{np.exp((2.5 - 0.5) / 2.0**2):.1f} times as likely"
    ax.clear()
    figures.two_attacks(ax, {"a": np.array([0.5, 0.7]), "b": np.ones(2)}, {"a": np.ones(2), "b": np.ones(2)})
    assert [line.get_xdata().tolist() for line in ax.lines if line.get_marker() == "D"] == [[1.0, 0.6], [1.0, 1.0]]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["b", "a"]
    ax.clear()
    figures.prices(ax, {"one": 1.0, "other": 2000.0})
    assert {text.get_text() for text in ax.texts} == {"1.0", "2,000"}
    for one in [*drawn, figure]:
        plt.close(one)
