"""The tiny GPT: its parts do what they should, its training learns, and what it cannot read is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from course_utils.attention import attention_weights
from course_utils.common.errors import InputError
from course_utils.plotting import live_curve
from course_utils.tiny_gpt import (
    Plan,
    TinyGPT,
    attention_maps,
    held_out_loss,
    rate,
    rotate,
    train,
    turns,
    windows,
    write,
)

SMALL = Plan(n_vocabulary=20, context=12, d_model=16, n_heads=2, n_layers=2)
ROUND = np.tile(np.arange(10), 60)  # 0 1 2 ... 9 0 1 2 ...: easy to learn


@pytest.fixture
def model() -> TinyGPT:
    return TinyGPT(SMALL, seed=0)


def test_number_of_parameters_by_hand(model):
    block = 4 * 16 * 16 + (16 * 64 + 64) + (64 * 16 + 16) + 4 * 16
    assert model.n_parameters == 20 * 16 + 2 * block + 2 * 16 + 16 * 20


def test_the_plan_of_the_notebook_has_about_a_million():
    assert 0.8e6 < TinyGPT(Plan(n_vocabulary=512)).n_parameters < 1.2e6


def test_untrained_loss_is_near_the_uniform_guess(model):
    inputs, targets = windows(ROUND, 12)
    assert held_out_loss(model, inputs, targets) == pytest.approx(np.log(20), abs=0.1)


@pytest.mark.parametrize("part", [None, "attention", "positions", "residual", "scale"])
def test_a_later_token_cannot_change_an_earlier_score(part):
    plan = SMALL if part is None else dataclasses.replace(SMALL, **{part: False})
    model = TinyGPT(plan).eval()
    with torch.no_grad():
        before, after = model(torch.tensor([[1, 2, 3, 4]])), model(torch.tensor([[1, 2, 3, 9]]))
    torch.testing.assert_close(before[:, :3], after[:, :3])
    assert not torch.allclose(before[:, 3], after[:, 3])


def test_without_positions_the_order_of_what_came_before_does_not_matter():
    ids = torch.tensor([[3, 1, 2, 5], [1, 2, 3, 5]])
    one_block = {"n_layers": 1}
    with torch.no_grad():
        blind = TinyGPT(dataclasses.replace(SMALL, positions=False, **one_block))(ids)[:, -1]
        seeing = TinyGPT(dataclasses.replace(SMALL, **one_block))(ids)[:, -1]
    torch.testing.assert_close(blind[0], blind[1])
    assert not torch.allclose(seeing[0], seeing[1])


def test_without_attention_only_the_last_token_counts():
    ids = torch.tensor([[3, 1, 5], [7, 8, 5]])
    with torch.no_grad():
        scores = TinyGPT(dataclasses.replace(SMALL, attention=False))(ids)[:, -1]
    torch.testing.assert_close(scores[0], scores[1])


@pytest.mark.parametrize("scale", [True, False])
def test_attention_maps_equal_the_course_s_own_attention(scale):
    model = TinyGPT(dataclasses.replace(SMALL, scale=scale))
    maps = attention_maps(model, [1, 2, 3, 4, 5])
    block = model.blocks[0]
    with torch.no_grad():
        q, k, _ = (
            each[0].numpy() for each in block.attention.heads(block.norm_1(model.tokens(torch.arange(1, 6)[None])))
        )
    expected = attention_weights(q, k, scale=None if scale else 1.0)
    np.testing.assert_allclose(maps[0], expected, atol=1e-6)
    assert maps.shape == (2, 2, 5, 5)


def test_maps_are_what_the_forward_pass_uses(model):
    block, x = model.blocks[0], torch.randn(1, 5, 16, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        v = block.attention.heads(x)[2]
        mixed = (block.attention.weights(x) @ v).transpose(1, 2).flatten(2)
        torch.testing.assert_close(block.attention.output(mixed), block.attention(x))


def test_rotation_makes_scores_depend_on_the_distance_alone():
    q, k = torch.randn(2, 1, 8, generator=torch.Generator().manual_seed(1))
    turned_q, turned_k = rotate(q.expand(9, 8), turns(9, 8)), rotate(k.expand(9, 8), turns(9, 8))
    scores = turned_q @ turned_k.T
    torch.testing.assert_close(scores[5, 3], scores[8, 6])
    torch.testing.assert_close(turned_q.norm(dim=1), q.norm().expand(9))


def test_training_learns_and_the_same_seed_gives_the_same():
    runs = []
    for _ in range(2):
        model = TinyGPT(SMALL, seed=1)
        runs.append(train(model, ROUND, 80, highest=1e-2, warm_up=5, seed=3))
    assert runs[0] == runs[1]
    assert np.mean(runs[0][-5:]) < 0.3 < 2.5 < runs[0][0]
    assert write(model, [4, 5, 6], 4, temperature=0.1) == [7, 8, 9, 0]


def test_training_equals_a_loop_with_fresh_gradients_and_the_optimiser_s_own_schedule():
    ours, theirs = TinyGPT(SMALL, seed=1), TinyGPT(SMALL, seed=1)
    losses = train(ours, ROUND, 6, highest=1e-2, warm_up=3, batch=4, seed=3)
    draw, parameters = torch.Generator().manual_seed(3), list(theirs.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=1.0, betas=(0.9, 0.98), weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: rate(step, 6, 1e-2, 3))
    for step in range(6):
        starts = torch.randint(len(ROUND) - 13, (4, 1), generator=draw)
        pieces = torch.from_numpy(ROUND)[starts + torch.arange(13)]
        scores = theirs(pieces[:, :-1]).flatten(0, 1).log_softmax(dim=1)
        loss = -scores[torch.arange(48), pieces[:, 1:].flatten()].mean()
        assert losses[step] == pytest.approx(loss.item(), abs=1e-4)
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            parameter.grad = gradient
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()


def test_training_reports_each_step_and_leaves_the_global_seed_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    steps = []
    train(TinyGPT(SMALL, seed=1), ROUND, 3, each=steps.append)
    assert steps == [0, 1, 2, 3]
    assert torch.rand(1) == expected


def test_training_gives_the_same_with_any_number_of_threads_and_leaves_it_alone():
    runs, before = [], torch.get_num_threads()
    for n_threads in (1, 2):
        torch.set_num_threads(n_threads)
        runs.append(train(TinyGPT(SMALL, seed=1), ROUND, 3))
        assert torch.get_num_threads() == n_threads
    torch.set_num_threads(before)
    assert runs[0] == runs[1]


def test_rate_rises_then_falls():
    rates = [rate(step, 100, 1.0, 10) for step in range(101)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[100] == pytest.approx(0.1)


def test_windows_are_moved_by_one_and_drop_the_rest():
    inputs, targets = windows(range(10), 4)
    np.testing.assert_array_equal(inputs, [[0, 1, 2, 3], [4, 5, 6, 7]])
    np.testing.assert_array_equal(targets, inputs + 1)


def test_held_out_loss_equals_pytorch_s_over_all_at_once(model):
    inputs, targets = windows(np.random.default_rng(0).integers(20, size=2000), 12)
    with torch.no_grad():
        logits = model(torch.from_numpy(inputs))
    expected = torch.nn.functional.cross_entropy(logits.flatten(0, 1), torch.from_numpy(targets).flatten())
    assert held_out_loss(model, inputs, targets) == pytest.approx(expected.item(), abs=1e-5)


def test_the_curve_is_an_svg_with_a_point_for_each_step():
    picture = live_curve.curve_svg([4.0, 2.0, 1.0], n_steps=3, width=300, height=100)
    assert "100.0,0.0 200.0,50.0 300.0,75.0" in picture
    assert "step 3 of 3, loss 1.00" in picture


def test_the_live_curve_stays_away_outside_a_notebook(monkeypatch):
    monkeypatch.delenv("COURSE_QUIET", raising=False)
    assert live_curve.LiveCurve(10).off


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m(torch.zeros(1, 13, dtype=torch.long)), "1 to 12 tokens"),
        (lambda m: m(torch.zeros(1, 0, dtype=torch.long)), "1 to 12 tokens"),
        (lambda m: m(torch.tensor([[20]])), "from 0 to 19"),
        (lambda m: m(torch.tensor([[-1]])), "from 0 to 19"),
        (lambda m: write(m, [], 3), "is empty"),
        (lambda m: write(m, [1], 3, temperature=0), "above 0"),
        (lambda m: write(m, [1], 3, temperature=float("nan")), "above 0"),
        (lambda m: train(m, range(12), 1), "too few"),
        (lambda m: windows(range(3), 4), "too few"),
        (lambda m: Plan(n_vocabulary=0), "1 or more"),
        (lambda m: Plan(n_vocabulary=5, d_model=10, n_heads=4), "cannot be cut"),
    ],
)
def test_what_cannot_be_done_is_explained(model, call, message):
    with pytest.raises(InputError, match=message):
        call(model)
