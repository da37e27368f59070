"""Learning together without sharing: averaging, real processes, masks, and what an update gives away."""

from __future__ import annotations

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix

from course_utils.common.errors import CourseError, InputError
from course_utils.exercises import federated_and_edge as exercise
from course_utils.federated import averaging, figures, joining, leaks, masks, shipped, wire
from course_utils.federated.averaging import average, gradient, learn_together, split_skewed, train_locally


def small_clients(n_clients: int = 3, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(5 + n, 4)), rng.integers(3, size=5 + n)) for n in range(n_clients)]


# Averaging


def test_an_average_by_hand_counts_each_client_by_its_size():
    np.testing.assert_allclose(average([np.array([0.0, 2.0]), np.array([4.0, 6.0])], [3, 1]), [1.0, 3.0])
    with pytest.raises(InputError, match="not all of them 0"):
        average([np.zeros(2)], [0])


def test_the_gradient_is_that_of_torch():
    (X, y), W = small_clients(1)[0], np.random.default_rng(1).normal(size=(4, 3))
    free = torch.tensor(W, requires_grad=True)
    torch.nn.functional.cross_entropy(torch.tensor(X) @ free, torch.tensor(y)).backward()
    np.testing.assert_allclose(gradient(W, X, y), free.grad.numpy(), atol=1e-12)


def test_one_step_a_round_is_training_in_one_place_whatever_the_split():
    clients = small_clients()
    X, y = (np.concatenate(part) for part in zip(*clients, strict=True))
    together, _ = learn_together(clients, (X, y), n_topics=3, rate=0.5, n_steps=1, n_rounds=7)
    np.testing.assert_allclose(together, train_locally(np.zeros((4, 3)), X, y, 0.5, 7), atol=1e-12)


def test_many_steps_of_equal_clients_are_training_in_one_place_and_those_of_others_are_not():
    X, y = small_clients(1)[0]
    judge = {"judge": (X, y), "n_topics": 3, "rate": 0.5, "n_steps": 5, "n_rounds": 4}
    alone = train_locally(np.zeros((4, 3)), X, y, 0.5, 20)
    np.testing.assert_allclose(learn_together([(X, y)] * 3, **judge)[0], alone, atol=1e-12)
    halves = [(X[y == 0], y[y == 0]), (X[y != 0], y[y != 0])]
    assert np.abs(learn_together(halves, **judge)[0] - alone).max() > 0.01


def test_joining_by_the_mean_is_averaging_clients_of_one_size():
    X, y = small_clients(1)[0]
    clients, how = [(X, y), (2 * X, y)], {"n_topics": 3, "rate": 0.5, "n_steps": 2, "n_rounds": 3}
    wanted, _ = learn_together(clients, (X, y), **how)
    np.testing.assert_allclose(joining.learn_joined(clients, np.mean, **how), wanted, atol=1e-12)


def test_the_median_survives_a_liar_and_the_mean_does_not():
    clients, how = small_clients(5), {"n_topics": 3, "rate": 0.5, "n_steps": 2, "n_rounds": 3}
    honest = joining.learn_joined(clients, np.median, **how)
    lied = {join: joining.learn_joined(clients, join, lie="loud", **how) for join in (np.mean, np.median)}
    assert np.abs(lied[np.mean] - honest).max() > 100
    assert np.abs(lied[np.median] - honest).max() < 1


def test_a_trimmed_mean_by_hand_leaves_one_out_at_each_end_of_each_place():
    copies = [np.array([n, -n]) for n in (3.0, 1.0, 900.0, 2.0, 2.0)]
    np.testing.assert_allclose(joining.trim(copies), [7 / 3, -7 / 3])
    rng = np.random.default_rng(0)
    np.testing.assert_allclose(joining.trim(rng.normal(size=(4, 3, 2))).shape, (3, 2))
    np.testing.assert_allclose(joining.trim(np.array([[1.0, 2.0, 9.0], [7.0, 5.0, 0.0]]), axis=1), [2, 5])
    with pytest.raises(InputError, match=r"2 copies .* three or more"):
        joining.trim(copies[:2])


def test_a_quiet_lie_is_training_on_the_next_topic():
    clients, how = small_clients(3), {"n_topics": 3, "rate": 0.5, "n_steps": 2, "n_rounds": 2}
    (X, y), *others = clients
    wanted = joining.learn_joined([(X, (y + 1) % 3), *others], np.mean, **how)
    np.testing.assert_allclose(joining.learn_joined(clients, np.mean, lie="quiet", **how), wanted)
    with pytest.raises(InputError, match="no lie 'white'"):
        joining.learn_joined(clients, np.mean, lie="white", **how)


def test_the_best_rate_is_chosen_for_each_way_to_join():
    clients, judge = small_clients(5), small_clients(1)[0]
    how, rates = {"n_topics": 3, "n_steps": 2, "n_rounds": 3}, (0.0, 0.1, 0.5)
    for join in (np.mean, np.median):
        best = joining.best_joined_rate([clients], join, judge, rates, **how)
        right = [averaging.accuracy(joining.learn_joined(clients, join, rate=rate, **how), *judge) for rate in rates]
        assert right[rates.index(best)] == max(right) > right[0]


def test_a_strong_pull_keeps_the_copy_at_the_servers_model():
    (X, y), W = small_clients(1)[0], np.random.default_rng(1).normal(size=(4, 3))
    lengths = [np.linalg.norm(train_locally(W, X, y, 0.1, 30, pull=pull) - W) for pull in (0.0, 1.0, 9.0)]
    assert lengths[0] > lengths[1] > lengths[2] > 0
    assert np.array_equal(train_locally(W, X[:0], y[:0], 0.1, 5), W)  # a client without articles


def test_a_split_deals_each_article_once_and_alpha_sets_the_skew():
    y = np.repeat(np.arange(4), 200)
    spread = []
    for alpha in (0.05, 1000.0):
        parts = split_skewed(y, 5, alpha, seed=3)
        assert sorted(np.concatenate(parts).tolist()) == list(range(800))
        counts = np.array([np.bincount(y[part], minlength=4) for part in parts])
        spread.append(counts.std(axis=0).mean())
    assert spread[0] > 40
    assert spread[1] < 8
    with pytest.raises(InputError, match="alpha"):
        split_skewed(y, 5, 0.0)


def test_articles_are_centred_on_the_training_part_and_parts_share_no_text():
    articles = averaging.load_articles()
    assert np.abs(articles.train[0][:, :-1].mean(axis=0)).max() < 1e-6
    assert (articles.train[0][:, -1] == np.float32(averaging.CONSTANT)).all()
    assert [len(part) for part in articles.texts] == [6000, 1500, len(articles.test[1])]
    assert 0.1 < articles.majority() < 0.3


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="a column for each"):
        gradient(np.zeros((3, 2)), np.zeros((5, 4)), np.zeros(5, dtype=int))


# What is shipped


def test_a_shipped_run_is_made_again():
    articles = averaging.load_articles()
    X, y = articles.train
    stored = next(run for run in shipped.load_skew() if run["way"] == "skewed, 1 step" and run["seed"] == 0)
    clients = [(X[rows], y[rows]) for rows in split_skewed(y, 10, shipped.SKEWED, 0)]
    how = {"n_topics": 11, "rate": stored["rate"], "n_steps": 1, "n_rounds": shipped.N_ROUNDS}
    _, curve = learn_together(clients, articles.test, **how)
    np.testing.assert_allclose(curve, stored["curve"], atol=0.005)


def test_a_shipped_row_with_a_liar_is_made_again():
    articles = averaging.load_articles()
    X, y = articles.train
    stored = {(row["split"], row["join"], row["lie"]): row for row in shipped.load_liars()}["skewed", "trimmed", "loud"]
    how = {"n_topics": 11, "rate": stored["rate"], "n_steps": shipped.N_STEPS, "n_rounds": shipped.N_ROUNDS}
    for seed, wanted in enumerate(stored["accuracy"]):
        clients = [(X[rows], y[rows]) for rows in split_skewed(y, 10, shipped.SKEWED, seed)]
        W = joining.learn_joined(clients, joining.JOINS["trimmed"], lie="loud", **how)
        assert averaging.accuracy(W, *articles.test) == pytest.approx(wanted, abs=0.01)


def test_each_way_has_five_seeds_and_the_best_setting_of_its_grid():
    runs = shipped.load_skew()
    for way in shipped.WAYS:
        some = [run for run in runs if run["way"] == way]
        assert [run["seed"] for run in some] == [0, 1, 2, 3, 4]
        best = max(some[0]["grid"], key=lambda row: row[2])
        assert [some[0]["rate"], some[0]["pull"]] == best[:2]


def test_an_interval_over_seeds_is_students():
    from scipy import stats

    values = [0.3, 0.5, 0.2, 0.4]
    mean, low, high = shipped.seed_interval(values)
    theirs = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    np.testing.assert_allclose((low, high), theirs)
    assert mean == pytest.approx(0.35)
    with pytest.raises(InputError, match="two runs"):
        shipped.seed_interval([0.3])


# Processes


def test_processes_come_to_the_model_of_the_loop_and_are_gone_afterwards(tmp_path):
    clients, processes, W = small_clients(), [], np.zeros((4, 3))
    with wire.Server(W, [len(y) for _, y in clients], n_rounds=2) as server:
        try:
            for number, data in enumerate(clients):
                processes.append(wire.start_client(server.address, number, tmp_path, data, rate=0.5, n_steps=3))
            found = server.wait(processes)
        finally:
            wire.stop(processes)
    wanted, _ = learn_together(clients, clients[0], n_topics=3, rate=0.5, n_steps=3, n_rounds=2)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert server.sent == server.received == 6 * len(wire.to_bytes(W))
    assert all(process.poll() is not None for process in processes)


def test_a_client_that_dies_ends_the_wait_with_a_remedy():
    dead = subprocess.Popen([sys.executable, "-c", "pass"])
    dead.wait()
    with wire.Server(np.zeros((2, 2)), [3], 1) as server, pytest.raises(CourseError, match="ended early"):
        server.wait([dead])
    with wire.Server(np.zeros((2, 2)), [3], 1) as server, pytest.raises(CourseError, match="not enough"):
        server.wait([], seconds=0.05)


def test_what_is_sent_holds_numbers_and_no_objects():
    with pytest.raises(ValueError, match="Object arrays"):
        wire.to_bytes(np.array([{}], dtype=object))


# Masks


def test_whole_numbers_come_back_and_their_sum_does():
    values = np.random.default_rng(0).normal(size=(3, 50))
    np.testing.assert_allclose(masks.from_whole(masks.to_whole(values)), values, atol=0.5 / masks.STEPS)
    together = sum(masks.to_whole(row) for row in values)
    np.testing.assert_allclose(masks.from_whole(together), values.sum(axis=0), atol=2 / masks.STEPS)
    for value in (1000.0, np.nan):
        with pytest.raises(InputError, match="clip it"):
            masks.to_whole(np.array([value]))


@pytest.mark.parametrize("gone", [[], [0], [1, 3]])
def test_masks_cancel_also_when_clients_drop_out(gone):
    seeds, numbers = masks.agree_on_seeds(5), np.random.default_rng(0).integers(1000, size=(5, 7)).astype(np.uint64)
    sent = {i: masks.masked(numbers[i], i, seeds) for i in range(5) if i not in gone}
    wanted = numbers[[i for i in range(5) if i not in gone]].sum(axis=0)
    assert masks.sum_of_sent(sent, seeds, gone).tolist() == wanted.tolist()


def test_what_is_sent_looks_random_and_a_sum_with_masks_left_in_is_wrong():
    seeds, zeros = masks.agree_on_seeds(3), np.zeros(20_000, dtype=np.uint64)
    sent = {i: masks.masked(zeros, i, seeds) for i in range(3)}
    counts = np.bincount((sent[1] >> np.uint64(28)).astype(int), minlength=16)
    assert ((counts - 1250) ** 2 / 1250).sum() < 40  # chi-square with 15 degrees of freedom
    del sent[2]
    assert (masks.sum_of_sent(sent, seeds) != 0).mean() > 0.99


def test_a_client_that_has_sent_is_not_unmasked():
    seeds = masks.agree_on_seeds(3)
    sent = {i: masks.masked(np.zeros(2, np.uint64), i, seeds) for i in range(3)}
    with pytest.raises(InputError, match="could read them"):
        masks.sum_of_sent(sent, seeds, gone=[1])
    with pytest.raises(InputError, match="have no seed"):
        masks.pair_mask(0, 7, seeds, (2,))


# What an update gives away


def test_rows_of_a_gradient_are_zero_exactly_where_a_word_is_missing():
    X, y = csr_matrix(np.array([[0, 2.0, 0, 1.0], [0, 0, 0, 3.0]])), np.array([1, 0])
    found = leaks.word_gradient(np.zeros((4, 3)), X, y)
    assert np.flatnonzero(np.abs(found).sum(axis=1)).tolist() == [1, 3]
    np.testing.assert_allclose(found, gradient(np.zeros((4, 3)), X.toarray(), y), atol=1e-12)
    assert sorted(leaks.guessed_words(found, 2)) == [1, 3]


def test_clipping_shortens_and_never_lengthens():
    update = np.random.default_rng(0).normal(size=(5, 2))
    assert np.linalg.norm(leaks.clip(update, 0.5)) == pytest.approx(0.5)
    assert np.array_equal(leaks.clip(update, 100.0), update)
    assert not leaks.clip(np.zeros((2, 2)), 1.0).any()


def test_noise_hides_words():
    update = np.zeros((500, 3))
    update[:10] = 0.1
    shares = [leaks.share_found([update], [np.arange(10)], noise)[0] for noise in (0.0, 1.0)]
    assert shares[0] == 1
    assert shares[1] < 0.5


def test_lengths_of_gradients_are_found_without_making_them():
    rng = np.random.default_rng(0)
    X, y = rng.random((6, 5)), rng.integers(3, size=6)
    errors = averaging.softmax_rows(X @ np.zeros((5, 3)))
    errors[np.arange(6), y] -= 1
    parts = [slice(0, 3), slice(3, 6)]
    wanted = [np.linalg.norm(gradient(np.zeros((5, 3)), X[part], y[part])) for part in parts]
    np.testing.assert_allclose(leaks.client_lengths(np.array([X[part] @ X[part].T for part in parts]), errors), wanted)


def test_private_learning_without_noise_and_with_equal_lengths_is_gradient_descent():
    X, y = csr_matrix(np.eye(4)), np.array([0, 1, 0, 1])
    for n_clients in (2, 4):
        found = leaks.learn_privately(X, y, n_clients, n_topics=2, noise=0.0, rate=1.0, n_rounds=1)
        np.testing.assert_allclose(found, -gradient(np.zeros((4, 2)), np.eye(4), y), atol=1e-12)
    noisy = leaks.learn_privately(X, y, 4, n_topics=2, noise=0.5, rate=1.0, n_rounds=1)
    assert np.abs(noisy - found).max() > 0.01
    with pytest.raises(InputError, match="dealt evenly"):
        leaks.learn_privately(X, y, 3, n_topics=2, noise=0.0, rate=1.0, n_rounds=1)


def test_updates_of_32_bits_are_federated_averaging_and_those_of_few_are_near():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 4)), rng.integers(3, size=60)
    clients, how = [(X[:20], y[:20]), (X[20:], y[20:])], {"n_topics": 3, "rate": 0.5, "n_steps": 3, "n_rounds": 4}
    wanted, _ = learn_together(clients, (X, y), **how)
    np.testing.assert_allclose(averaging.learn_in_few_bits(clients, 32, **how), wanted, atol=1e-12)
    off = [np.abs(averaging.learn_in_few_bits(clients, bits, **how) - wanted).max() for bits in (8, 3)]
    assert 0 < off[0] < off[1] / 5


def test_the_commonest_first_byte_of_masked_numbers_is_that_of_random_ones():
    numbers = masks.to_whole(np.random.default_rng(0).normal(size=4000))
    assert masks.commonest_byte(numbers) > 0.3
    assert masks.commonest_byte(masks.masked(numbers, 0, masks.agree_on_seeds(3))) < 0.01


def test_an_attacker_who_adds_up_finds_more_in_noise_and_all_without():
    rng = np.random.default_rng(0)
    X, y = csr_matrix((rng.random((40, 200)) < 0.05).astype(float)), rng.integers(2, size=40)
    how = {"n_watched": 10, "n_topics": 2, "rate": 0.1, "n_rounds": 30}
    assert leaks.found_by_adding(X, y, 10, noise=0.0, **how)[-1].min() == 1
    found = leaks.found_by_adding(X, y, 10, noise=0.3, **how)
    assert found.shape == (30, 10)
    assert found[-1].mean() > found[0].mean() + 0.1


def test_watched_rounds_are_those_of_private_learning():
    X, y = csr_matrix(np.eye(4)), np.array([0, 1, 0, 1])
    how = {"n_topics": 2, "noise": 0.2, "rate": 1.0, "n_rounds": 3}
    rounds = [W.copy() for W, _, _ in leaks.private_rounds(X, y, 4, **how)]
    assert len(rounds) == 3
    np.testing.assert_array_equal(rounds[-1], leaks.learn_privately(X, y, 4, **how))


def test_no_pull_of_the_grid_beats_the_skewed_clients_at_their_rate():
    grids = {run["way"]: run["grid"] for run in shipped.load_skew()}
    alone = next(value for rate, _, value in grids["skewed"] if rate == 300)
    pulled = [value for rate, _, value in grids["skewed, pull (FedProx)"] if rate == 300]
    assert pulled == sorted(pulled, reverse=True)
    assert max(pulled) < alone + 0.002


def test_drawings_have_their_words():
    figure = figures.mask_ring([7, 20, 4], {(0, 1): 61, (0, 2): 88, (1, 2): 35}, 100)
    words = [text.get_text() for text in figure.axes[0].texts]
    assert {"sends 56", "sends 94", "sends 81"} <= set(words)
    assert figures.one_round().axes[0].get_title()
    figure, ax = plt.subplots()
    figures.draw_clients(ax, np.array([[3, 1], [0, 2]]), ["Arts", "History"], "two")
    found = {"one round": [1.0, 0.2], "twenty rounds": [1.0, 0.6]}
    drawn = figures.draw_price([0, 0.03], found, 0.2, {"10": [0.8, 0.7], "5": [0.7, 0.5]})
    assert [line.get_label() for line in drawn.axes[0].lines][:2] == list(found)
    ends = {1: 0.6, 20: 0.06}
    marked = figures.draw_drift(ends).axes[0].texts
    assert [text.get_text() for text in marked] == ["1", "20"]
    assert all(text.get_position()[0] > 0 for text in marked)  # the curve falls to the left of the last end
    cells = figures.draw_rows(["snow", "sun"], np.array([[0.5, -0.5], [0, 0]]), "two words").axes[0]
    assert [text.get_text() for text in cells.texts] == ["0.50", "-0.50", "0.00", "0.00"]
    drawn = figures.draw_curves({"a": [0.1, 0.2], "b": [0.3]}, {"a": 1, "b": 10}, 0.5)
    assert drawn.axes[0].lines[0].get_xdata().tolist() == [0.5, 1.0]
    assert drawn.axes[1].lines[1].get_xdata().tolist() == [10]
    plt.close("all")


def test_a_lie_that_changes_the_servers_model_leaves_it_whole_for_the_next_one(capsys):
    def in_place(W):
        W[-1, 5] = 1000
        return W

    before = exercise.honest_round()[0].copy()
    exercise.lie.check(in_place)
    assert np.array_equal(exercise.honest_round()[0], before)
