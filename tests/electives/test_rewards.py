"""Learning from reward: bandits, the frozen lake, the pole, the tiny GPT, and preferences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.common.errors import InputError
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.exercises.learn_from_reward import grpo_by_hand
from course_utils.rewards import (
    best_on_leash,
    cartpole,
    clipped_gain,
    divergence,
    dpo_loss,
    draw_arms,
    exact_gradient,
    explore_evenly,
    follow,
    frozen_lake,
    group_advantages,
    groups,
    iterate_values,
    learn_q,
    preferences,
    pull_many,
    rare,
    report,
    sampled_gradients,
    scores,
    shipped,
    upper_bounds,
    with_bonus,
    with_potential,
    words,
)
from course_utils.tiny_gpt import Plan, TinyGPT, load_longer, write

gymnasium = pytest.importorskip("gymnasium")


# Bandits


def test_an_arm_that_pays_always_is_kept_by_a_greedy_agent_once_it_was_found():
    lost = pull_many(np.array([[1.0, 0.0]] * 50), explore_evenly(0.0), 100)
    assert lost[:, -1].max() < 100
    assert (np.diff(lost[lost[:, 0] == 0], axis=1) == 0).all()  # the first pull paid: it never leaves


def test_regret_of_equal_arms_is_zero_and_grows_never_downwards():
    assert pull_many(np.full((3, 4), 0.5), explore_evenly(0.3), 20).max() == 0
    lost = pull_many(draw_arms(20, 5), upper_bounds(0.3), 50)
    assert (np.diff(lost, axis=1) >= 0).all()


def test_optimism_and_ucb_try_every_arm_first():
    chances = np.array([[0.0, 1e-9, 2e-9, 3e-9]] * 30)  # nothing pays
    for ways, more in ((upper_bounds(0.5), {}), (explore_evenly(0.0), {"start": 1.0, "weight": 3})):
        lost = pull_many(chances, ways, 4, **more)
        np.testing.assert_allclose(lost[:, -1], 6e-9)  # 3 + 2 + 1 + 0, each arm once


def test_an_upper_bound_is_above_the_mean_and_highest_where_little_is_known():
    bounds = upper_bounds(0.5)(np.array([[0.4, 0.4]]), np.array([[100, 4]]), 104, None)[0]
    np.testing.assert_allclose(bounds, 0.4 + 0.5 * np.sqrt(np.log(104) / [100, 4]))


def test_random_pulls_lose_the_mean_gap():
    lost = pull_many(np.array([[0.2, 0.8]] * 400), explore_evenly(1.0), 100)
    assert lost[:, -1].mean() == pytest.approx(30, abs=1)


def test_what_is_no_bandit_is_refused():
    with pytest.raises(InputError, match=r"chances\[None\]"):
        pull_many(np.array([0.5, 0.6]), explore_evenly(0.1), 10)
    with pytest.raises(InputError, match="epsilon"):
        explore_evenly(1.5)


# The lake


def test_the_lake_is_that_of_gymnasium():
    env, lake = gymnasium.make("FrozenLake-v1").unwrapped, frozen_lake()
    for s in range(16):
        for a in range(4):
            if len(env.P[s][a]) == 3:  # not where a walk is over
                assert sorted(lake.to[s, a]) == sorted(out[1] for out in env.P[s][a])
                assert lake.reward[s, a].mean() == pytest.approx(sum(p * r for p, _, r, _ in env.P[s][a]))


def test_the_best_values_satisfy_bellmans_equation_and_no_other_policy_arrives_more_often():
    lake, q = frozen_lake(), iterate_values(frozen_lake())
    target = (lake.reward + 0.99 * np.where(lake.ended, 0, q.max(axis=1)[lake.to])).mean(axis=2)
    np.testing.assert_allclose(q, target, atol=1e-8)
    arrival, _ = follow(lake, np.random.default_rng(0).integers(4, size=(200, 16)))
    assert arrival.max() < follow(lake, q.argmax(axis=1))[0][0]


def test_what_is_computed_of_a_policy_is_what_walks_of_gymnasium_show():
    lake, env = frozen_lake(), gymnasium.make("FrozenLake-v1")
    policy, arrived = iterate_values(lake).argmax(axis=1), 0
    env.reset(seed=0)
    for _ in range(1000):
        s, over = env.reset()[0], False
        while not over:
            s, reward, ended, cut, _ = env.step(int(policy[s]))
            over = ended or cut
        arrived += reward
    assert arrived / 1000 == pytest.approx(follow(lake, policy)[0][0], abs=0.04)


def test_a_q_update_is_the_one_by_hand():
    lake = frozen_lake()
    _, tables, _ = learn_q(lake, np.ones(8), n_steps=3000, n_looks=3000, alpha=0.1)
    changed = np.diff(tables, axis=0, prepend=0)
    first = changed[:, :, 14].reshape(3000, -1)
    first = first[(first != 0).any(axis=1)][0]
    assert first.max() == pytest.approx(0.1)  # 0 + 0.1 * (1 + 0.99 * 0 - 0)
    assert ((changed != 0).sum(axis=(2, 3)) <= 1).all()


def test_learners_of_one_seed_are_the_same_and_a_greedy_one_knows_little():
    one, two = (learn_q(frozen_lake(), np.array([0.0, 0.3]), n_steps=500, seed=3)[1] for _ in range(2))
    np.testing.assert_array_equal(one, two)


def test_a_bonus_can_spoil_the_lake_and_a_potential_cannot():
    lake, phi = frozen_lake(), np.random.default_rng(0).normal(size=16)
    spoiled = with_bonus(lake, 2, 0.05)
    arrival, paid = follow(spoiled, iterate_values(spoiled).argmax(axis=1))
    assert arrival[0] < 0.01
    assert paid[0] > 1
    shaped = with_potential(lake, phi, 0.99)
    difference = iterate_values(shaped) - iterate_values(lake)
    standing = [s for s, letter in enumerate("".join(lake.letters)) if letter in "SF"]
    np.testing.assert_allclose(difference[standing], np.repeat(-phi[standing, None], 4, axis=1), atol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: with_bonus(frozen_lake(), 16, 0.1), "state"),
        (lambda: with_potential(frozen_lake(), np.zeros(4), 0.99), "16 states"),
        (lambda: learn_q(frozen_lake(), [2.0]), "from 0 to 1"),
        (lambda: iterate_values("lake"), r"frozen_lake\(\)"),
    ],
)
def test_what_is_no_lake_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


# The pole


def test_carts_move_as_those_of_gymnasium():
    env, rng = gymnasium.make("CartPole-v1").unwrapped, np.random.default_rng(0)
    for _ in range(20):
        env.reset(seed=int(rng.integers(1000)))
        state, over = np.array(env.state, dtype=float)[None], False
        for _ in range(60):
            action = int(rng.integers(2))
            _, _, over, _, _ = env.step(action)
            state, fell = cartpole.move(state, np.array([action]))
            np.testing.assert_allclose(state[0], env.state, atol=1e-9)
            assert fell[0] == over
            if over:
                break


def test_returns_are_those_by_hand():
    there = np.array([[True, True], [True, False], [True, False]])
    episodes = cartpole.Episodes(np.zeros((3, 2, 4)), np.zeros((3, 2)), np.zeros((3, 2)), there)
    np.testing.assert_allclose(episodes.returns(0.5), [[1.75, 1], [1.5, 0], [1, 0]])
    np.testing.assert_array_equal(episodes.lengths, [3, 1])


def test_the_score_is_the_gradient_of_torch():
    theta = torch.tensor([0.3, -0.2, 1.0, 0.5], dtype=torch.float64, requires_grad=True)
    episodes = cartpole.play(theta.detach().numpy(), 2, np.random.default_rng(0))
    logit = (torch.tensor(episodes.features[0, 1]) * theta).sum()
    chance = torch.sigmoid(logit) if episodes.actions[0, 1] else 1 - torch.sigmoid(logit)
    chance.log().backward()
    np.testing.assert_allclose(episodes.score[0, 1], theta.grad.numpy(), atol=1e-12)


def test_both_ways_learn_to_balance():
    theta, curve = cartpole.reinforce(10.0, baseline=True, n_steps=15_000, seed=0)
    assert cartpole.judge_policy(theta) > 150 > cartpole.judge_policy(np.zeros((1120, 2)))
    assert curve[-1][0] >= 15_000
    table, _ = cartpole.learn_cells(0.2, 0.5, n_steps=15_000, seed=0)
    assert table.shape == (1120, 2)
    assert cartpole.judge_policy(table) > cartpole.judge_policy(np.zeros((1120, 2)))


def test_the_gradient_of_a_table_is_that_of_one_number_for_each_cell():
    table = np.random.default_rng(0).normal(size=cartpole.N_CELLS)
    episodes = cartpole.play(table, 8, np.random.default_rng(1))
    assert set(np.unique(episodes.features)) <= set(range(cartpole.N_CELLS))
    advantage, by_hand = episodes.returns(0.99), np.zeros(cartpole.N_CELLS)
    for step, one in zip(*np.nonzero(episodes.there), strict=True):
        pushed = episodes.actions[step, one] - episodes.chances[step, one]
        by_hand[episodes.features[step, one]] += advantage[step, one] * pushed / episodes.there.sum()
    np.testing.assert_allclose(cartpole.mean_gradient(episodes, advantage), by_hand)


def test_a_table_learns_to_balance_by_reinforce():
    table, _ = cartpole.reinforce(3.0, cells=True, n_steps=15_000, seed=0)
    assert cartpole.judge_policy(table) > 2 * cartpole.judge_policy(np.zeros(cartpole.N_CELLS))
    with pytest.raises(InputError, match="cells or baseline"):
        cartpole.reinforce(3.0, cells=True, baseline=True, seed=0)


def test_a_baseline_is_fitted_to_the_returns():
    episodes = cartpole.play(np.zeros(4), 30, np.random.default_rng(0))
    judge, returns = cartpole.Baseline(), episodes.returns(0.99)
    assert not judge.guess(episodes).any()
    judge.fit(episodes, returns)
    left = (returns - judge.guess(episodes))[episodes.there]
    assert left.std() < 0.8 * returns[episodes.there].std()


def test_a_policy_of_another_shape_is_refused():
    with pytest.raises(InputError, match="four numbers"):
        cartpole.play(np.zeros(3), 1, np.random.default_rng(0))
    with pytest.raises(InputError, match="two columns"):
        cartpole.judge_policy(np.zeros((5, 3)))


# Small computations


def test_the_exact_gradient_is_that_of_torch_and_samples_agree():
    logits, rewards = np.array([1.0, 0.5, 0.0]), np.array([0.0, 1.0, 0.2])
    free = torch.tensor(logits, requires_grad=True)
    (free.softmax(dim=0) * torch.tensor(rewards)).sum().backward()
    exact = exact_gradient(logits, rewards)
    np.testing.assert_allclose(exact, free.grad.numpy(), atol=1e-12)
    for baseline in (0.0, 0.34, 10.0):
        rows = sampled_gradients(logits, rewards, 200_000, np.random.default_rng(0), baseline)
        np.testing.assert_allclose(rows.mean(axis=0), exact, atol=6 * rows.std() / np.sqrt(200_000))


def test_no_policy_on_the_leash_is_better_than_the_best():
    reference, rewards, rng = np.array([0.6, 0.05, 0.35]), np.array([0.0, 1.0, 0.3]), np.random.default_rng(0)
    best = best_on_leash(reference, rewards, 0.5)
    value = best @ rewards - 0.5 * divergence(best, reference)
    others = rng.dirichlet(np.ones(3), 500)
    assert max(p @ rewards - 0.5 * divergence(p, reference) for p in others) < value
    assert best[0] / best[2] != pytest.approx(0.6 / 0.35)


def test_the_divergence_is_that_of_torch():
    p, q = np.array([0.2, 0.8]), np.array([0.5, 0.5])
    theirs = functional.kl_div(torch.tensor(q).log(), torch.tensor(p), reduction="sum")
    assert divergence(p, q) == pytest.approx(theirs.item())
    assert divergence(p, p) == 0


def test_the_clipped_gain_has_no_gradient_beyond_its_bounds():
    for ratio, advantage, slope in ((1.5, 1, 0), (0.5, 1, 1), (1.5, -1, -1), (0.5, -1, 0)):
        step = clipped_gain(ratio + 1e-6, advantage) - clipped_gain(ratio, advantage)
        assert step / 1e-6 == pytest.approx(slope, abs=1e-6)


def test_group_advantages_have_mean_zero_and_deviation_one():
    found = group_advantages(np.random.default_rng(0).random((5, 8)))
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(axis=1), 1)
    with pytest.raises(InputError, match="two answers"):
        group_advantages(np.ones(4))


def test_the_dpo_loss_is_that_of_torch():
    margins = np.array([-3.0, 0.0, 700.0])
    theirs = -functional.logsigmoid(0.1 * torch.tensor(margins)).mean()
    assert dpo_loss(margins, 0.1) == pytest.approx(theirs.item(), abs=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exact_gradient(np.zeros(3), np.zeros(2)), "both arrays"),
        (lambda: best_on_leash(np.array([0.5, 0.6]), np.zeros(2), 1.0), "add up to 1"),
        (lambda: best_on_leash(np.array([0.5, 0.5]), np.zeros(2), 0.0), "beta"),
    ],
)
def test_what_cannot_be_computed_is_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()


# The language model


@pytest.fixture(scope="module")
def small() -> TinyGPT:
    return TinyGPT(Plan(n_vocabulary=20, context=40, d_model=16, n_heads=2, n_layers=2), seed=1)


@pytest.mark.parametrize("n_first", [1, 3, 4])
def test_tokens_read_in_two_pieces_are_read_as_in_one(small, n_first):
    ids = torch.tensor([[3, 4, 7, 1, 9]])
    whole, _ = words.read_on(small, ids)
    _, kept = words.read_on(small, ids[:, :n_first])
    rest, _ = words.read_on(small, ids[:, n_first:], kept)
    torch.testing.assert_close(rest, whole)


def test_a_count_that_a_run_does_not_pass_is_named():
    looks = [{"reward": 1.0, "with_it": 0.4, "kl": 2.0}, {"reward": 3.0, "with_it": 0.6, "kl": 6.0}]
    for count in (0.5, 4.0):
        with pytest.raises(InputError, match="does not pass"):
            report.at_count({"looks": looks}, count)


def test_counts_of_a_word_need_a_word_and_room_for_it(small):
    def chances(beginning, word):
        return rare.chances_of_counts(
            small, beginning, word, lambda texts: [0] * len(texts), tilt=0, draws=torch.Generator()
        )

    with pytest.raises(InputError, match="no token"):
        chances([1], [])
    with pytest.raises(InputError, match="must fit"):
        chances([1] * 39, [2])


def test_keys_and_values_kept_give_the_texts_of_a_model_that_reads_all_again():
    model = load_longer()[0]
    ids = words.write_many(model, [3, 4], 5, 8, draws=torch.Generator().manual_seed(0))
    draws, again = torch.Generator().manual_seed(0), torch.tensor([[3, 4]] * 5)
    for _ in range(8):
        chances = model(again)[:, -1].softmax(dim=-1)
        again = torch.cat([again, torch.multinomial(chances, 1, generator=draws)], dim=1)
    assert ids.tolist() == again.tolist()


def test_the_likelihood_is_the_product_of_the_next_tokens(small):
    ids = torch.tensor([[3, 4, 5, 6]])
    logs = small(ids).log_softmax(dim=-1)[0]
    by_hand = logs[1, 5] + logs[2, 6]
    assert words.log_likelihood(small, ids, 2).item() == pytest.approx(by_hand.item(), abs=1e-6)


def test_the_leash_is_zero_at_the_reference_and_the_divergence_elsewhere(small):
    other, ids = TinyGPT(small.plan, seed=2), torch.tensor([[3, 4, 5]])
    here, there = words.next_logs(small, ids, 1), words.next_logs(other, ids, 1)
    assert words.leash(here, here).abs().max().item() == 0
    p, q = (logs[0].exp().detach().numpy() for logs in (here, there))
    assert words.leash(here, there)[0].tolist() == pytest.approx(list(map(divergence, p, q)), abs=1e-5)


def test_the_leashed_loss_has_the_gradient_of_reward_less_divergence():
    """A policy of two steps with two tokens, its second step by the first: all four texts can be counted."""
    beta, reward = 0.7, torch.tensor([[0.0, 1.0], [0.0, 3.0]])
    start = torch.tensor(
        [[0.3, -0.2], [0.1, 0.5], [-0.4, 0.6]]
    )  # logits: of the first token, of the second after 0, after 1
    before = torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]]).log_softmax(dim=1)

    def spread(logits):
        logs = logits.log_softmax(dim=1)
        return logs, (logs.exp() * (logs - before)).sum(dim=1)

    exact = start.clone().requires_grad_()
    logs, apart = spread(exact)
    texts = logs[0].exp()[:, None] * logs[1:].exp()  # (2, 2): how likely each text is
    (-(texts * reward).sum() + beta * (apart[0] + logs[0].exp() @ apart[1:])).backward()

    sampled = start.clone().requires_grad_()
    logs, apart = spread(sampled)
    drawn = torch.multinomial(texts.detach().flatten(), 400_000, True, generator=torch.Generator().manual_seed(0))
    first, second = drawn // 2, drawn % 2
    written = torch.stack([logs[0, first], logs[1 + first, second]], dim=1)
    places = torch.stack([apart[0].expand(len(drawn)), apart[1 + first]], dim=1)
    words.leashed_loss(reward[first, second], places, written, beta).backward()
    torch.testing.assert_close(sampled.grad, exact.grad, atol=0.01, rtol=0)


def test_what_is_rewarded_is_written_more_often_and_the_reference_stays(small):
    before = small.head.weight.clone()

    def paid(rows):
        return np.array([row.count(7) for row in rows])

    how = {"n_steps": 25, "seed": 0, "batch": 32, "learning_rate": 1e-2}
    far, history = words.learn_from_reward(small, [1] * 3, paid, beta=0.0, **how)
    near, _ = words.learn_from_reward(small, [1] * 3, paid, beta=50.0, **how)
    assert history[-5:, 0].mean() > 2 * history[:5, 0].mean()
    judged = [words.judge_texts(model, small, [1] * 3, paid, n_texts=50) for model in (far, near)]
    assert judged[0]["reward"] > judged[1]["reward"]
    assert judged[0]["kl"] > judged[1]["kl"]
    assert torch.equal(before, small.head.weight)


def test_a_step_on_pairs_is_one_step_of_adam_on_the_loss_by_hand(small):
    rng = np.random.default_rng(0)
    better, worse = (torch.tensor(rng.integers(20, size=(6, 5))) for _ in range(2))
    tuned = words.learn_from_pairs(small, better, worse, 1, beta=0.5, n_steps=1, learning_rate=1e-2, seed=0, batch=6)
    by_hand = TinyGPT(small.plan, seed=1)
    gains = [words.log_likelihood(by_hand, ids, 1) for ids in (better, worse)]
    margin = gains[0] - gains[1] - (gains[0] - gains[1]).detach()
    (-functional.logsigmoid(0.5 * margin)).mean().backward()
    torch.nn.utils.clip_grad_norm_(by_hand.parameters(), 1.0)
    torch.optim.Adam(by_hand.parameters(), lr=1e-2).step()
    torch.testing.assert_close(tuned.head.weight, by_hand.head.weight, atol=2e-4, rtol=0)
    after = [
        words.log_likelihood(tuned, ids, 1) - gain.detach() for ids, gain in zip((better, worse), gains, strict=True)
    ]
    assert after[0].mean() > after[1].mean()


def test_a_fitted_score_sets_the_better_texts_one_above_the_worse():
    rng = np.random.default_rng(0)
    better, worse = (torch.tensor(rng.integers(20, size=(30, 9))) for _ in range(2))
    better[:, 4], worse[worse == 7] = 7, 8  # what the choices are about
    weights = scores.fit_score(better, worse, 1, 20)
    above = (scores.token_counts(better, 1, 20) - scores.token_counts(worse, 1, 20)) @ weights
    assert above.mean().item() == pytest.approx(1, abs=1e-5)
    assert weights.argmax() == 7
    assert scores.token_counts(better, 1, 20).sum(dim=1).tolist() == [8] * 30


def test_the_loss_of_groups_is_the_one_that_learners_build():
    rng = np.random.default_rng(0)
    old, before = -2 * rng.random((2, 4, 5)), -2 * rng.random((2, 4, 5))
    now, rewards = old + rng.normal(0, 0.3, old.shape), rng.integers(0, 4, (2, 4)) * 1.0
    gain, penalty = grpo_by_hand(now, old, before, rewards, 0.2, 0.5)
    parts = (torch.tensor(part).reshape(8, 5) for part in (now, old, before))
    advantage = torch.tensor(group_advantages(rewards)).reshape(8, 1)
    loss = groups.group_loss(*parts, advantage, beta=0.5, epsilon=0.2)
    assert loss.item() == pytest.approx(-gain + 0.5 * penalty)


def test_the_clip_has_no_gradient_where_it_counts_a_token_as_outside():
    old, gain = torch.zeros(2, 3), torch.tensor([[1.0], [-1.0]])
    now = torch.tensor([[0.3, -0.3, 0.0], [0.3, -0.3, 0.0]], requires_grad=True)
    groups.group_loss(now, old, now.detach(), gain, beta=0.0, epsilon=0.2).backward()
    assert (now.grad == 0).tolist() == [[True, False, False], [False, True, False]]
    assert groups.outside(now.detach(), old, gain) == pytest.approx(2 / 6)


def test_groups_learn_to_write_what_is_rewarded(small):
    def paid(rows):
        return np.array([row.count(7) for row in rows])

    how = {"beta": 0.0, "n_batches": 12, "n_updates": 2, "seed": 0, "learning_rate": 1e-2}
    _, history = groups.learn_from_groups(small, [[1], [2]], paid, epsilon=0.2, **how)
    assert history[-3:, 0].mean() > 2 * history[:3, 0].mean()


def test_texts_of_other_shapes_are_refused(small):
    with pytest.raises(InputError, match="fit into the 40"):
        words.write_many(small, [1] * 20, 1, 30, draws=torch.Generator())
    how = {"beta": 0.1, "n_steps": 1, "learning_rate": 1e-3, "seed": 0}
    with pytest.raises(InputError, match="needs a worse one"):
        words.learn_from_pairs(small, torch.ones(2, 5), torch.ones(3, 5), 1, **how)
    with pytest.raises(InputError, match="needs a worse one"):
        scores.fit_score(torch.ones(2, 5).long(), torch.ones(3, 5).long(), 1, 9)


def test_one_text_at_a_time_the_tiny_gpt_writes_with_the_same_probabilities():
    model, ids = load_longer()[0], torch.tensor([[5, 9, 11]])
    many = words.write_many(model, [5, 9, 11], 4000, 1, draws=torch.Generator().manual_seed(0))[:, -1]
    likeliest = write(model, [5, 9, 11], 1, temperature=0.0)[0]
    chance = model(ids)[0, -1].softmax(dim=-1)[likeliest].item()
    assert (many == likeliest).double().mean().item() == pytest.approx(chance, abs=0.04)


# Preferences


def test_the_fit_is_where_the_gradient_of_the_penalised_loss_is_zero():
    rng = np.random.default_rng(0)
    x, won = rng.normal(size=(30, 3)), rng.random(30) < 0.5
    weights = preferences.fit_taste(x, won, penalty=2.0)
    gradient = x.T @ (1 / (1 + np.exp(-x @ weights)) - won) + 2.0 * weights
    np.testing.assert_allclose(gradient, 0, atol=2e-3)


def test_a_clear_taste_is_found_from_choices():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 5))
    right = preferences.cross_validated(x, x @ np.array([3.0, 0, 0, -3, 0]) > 0, penalty=0.1)
    assert right.mean() > 0.9
    assert preferences.cross_validated(x, rng.random(200) < 0.5).mean() == pytest.approx(0.5, abs=0.12)


def test_one_who_always_chooses_the_first_can_be_fitted():
    assert preferences.fit_taste(np.array([[1.0], [2.0]]), np.array([True, True]), 1.0)[0] > 0


def test_the_shipped_choices_are_the_simulated_readers():
    pairs = preferences.article_pairs(40)
    np.testing.assert_array_equal(preferences.read_choices(preferences.CHOICES), preferences.simulated_choices(pairs))
    np.testing.assert_array_equal(pairs[:7], preferences.article_pairs(7))
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_the_reader_follows_the_model_of_bradley_and_terry():
    pairs = preferences.article_pairs(4000, seed=3)
    won, liked = preferences.simulated_choices(pairs), preferences.likings(pairs)
    far = liked[:, 0] - liked[:, 1] == 3
    assert won[far].mean() == pytest.approx(1 / (1 + np.exp(-3)), abs=0.04)


@pytest.mark.parametrize("letters", ["ab", "c" * 40, 7, "ab" * 21])
def test_choices_must_be_forty_letters(letters):
    with pytest.raises(InputError, match="letters"):
        preferences.read_choices(letters)


# What is shipped


def test_the_shipped_runs_are_whole_and_the_leash_orders_them():
    runs = shipped.load_leash()
    betas = sorted({run["beta"] for run in runs})
    assert len(runs) == 3 * len(betas)
    kl = [np.mean([run["kl"] for run in runs if run["beta"] == beta]) for beta in betas]
    assert kl == sorted(kl, reverse=True)
    assert all(len(run["texts"]) == 3 for run in runs)
    assert len(runs[0]["history"]) == 80
    assert {way: len(some) for way, some in shipped.load_tuning().items()} == {
        "reinforce": 4,
        "baseline": 4,
        "same cells": 6,
        "cells": 15,
    }
    assert len(shipped.load_preferred()) == 18
    assert [(run["beta"], run["seed"]) for run in shipped.load_scored()] == [(b, s) for b in (0, 0.3) for s in range(3)]
    assert all(len(run["looks"]) == 8 and len(run["texts"]) == 3 for run in shipped.load_scored())
    runs = shipped.load_groups()
    assert [(run["n_updates"], run["epsilon"]) for run in runs[::3]] == [(1, 0.2), (4, 0.2), (4, None)]
    assert all(len(run["history"]) == len(run["looks"]) == 12 for run in runs)
    assert all(share == 0 for run in runs if run["n_updates"] == 1 for _, share in run["history"][:1])


def test_a_shipped_pair_has_the_word_on_one_side():
    _, tokenizer = words.load_reference()
    better, worse = shipped.load_pairs()
    assert all(shipped.WORD in tokenizer.decode(row[1:]) for row in better.tolist())
    assert not any(shipped.WORD in tokenizer.decode(row[1:]) for row in worse.tolist())


def test_the_shipped_counts_are_those_of_the_reference_and_no_run_beats_the_best_on_its_leash():
    chances, times = shipped.load_counts()[0], np.arange(11)
    reference, tokenizer = words.load_reference()
    ids = words.write_many(reference, tokenizer.encode("The"), 2048, draws=torch.Generator().manual_seed(5))
    has = np.mean([shipped.WORD in tokenizer.decode(row[1:]) for row in ids.tolist()])
    assert 1 - chances[0] == pytest.approx(has, abs=0.012)
    for run in shipped.load_leash():
        if run["beta"]:
            best = best_on_leash(chances, times, run["beta"])
            aim = best @ times - run["beta"] * divergence(best, chances)
            assert run["reward"] - run["beta"] * run["kl"] < aim


@pytest.mark.parametrize("tilt", [0.0, 2.0])
@pytest.mark.parametrize("word", [[7], [7, 8]])
def test_rare_texts_are_as_probable_as_all_texts_counted_one_by_one_say(small, word, tilt):
    def count(rows):
        return np.array([sum(row[n : n + len(word)] == word for n in range(len(row))) for row in rows])

    texts = torch.cartesian_prod(torch.tensor([3]), *[torch.arange(20)] * 3)  # (8000, 4)
    with torch.no_grad():
        chances = words.log_likelihood(small, texts, 1).exp().numpy()
    exact = np.bincount(count(texts[:, 1:].tolist()), chances, minlength=4)
    how = {"tilt": tilt, "draws": torch.Generator().manual_seed(0), "n_texts": 20_000, "n_tokens": 3, "most": 3}
    found = rare.chances_of_counts(small, [3], word, count, **how)
    np.testing.assert_allclose(found, exact, rtol=0.15 if tilt else 0, atol=0 if tilt else 0.006)  # rare: tilted alone


def test_more_choices_predict_better():
    vectors = embed(load_wikipedia()["text"][:])
    test = preferences.article_pairs(400, seed=1)
    won = preferences.simulated_choices(test, seed=1)
    few, many = (preferences.share_right(vectors, test, won, n, seeds=(2, 3)) for n in (10, 1000))
    assert 0.45 < few < many < 0.8
