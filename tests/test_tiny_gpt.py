"""The tiny GPT: its parts do what they should, its training learns, and what it cannot read is said."""

from __future__ import annotations

import dataclasses
import json
import pickle

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
    get_batch,
    head_grids,
    held_out_loss,
    load_checkpoint,
    piece_losses,
    rate,
    save_checkpoint,
    train,
    windows,
    write,
)
from course_utils.tiny_gpt.model import rotate, rotation

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
    turned_q, turned_k = (rotate(each.expand(9, 8), rotation(9, 8)) for each in (q, k))
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
        inputs, targets = get_batch(ROUND, 12, 4, draw)
        scores = theirs(inputs).flatten(0, 1).log_softmax(dim=1)
        loss = -scores[torch.arange(48), targets.flatten()].mean()
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


def test_rate_stays_where_it_ended():
    assert [rate(step, 100, 1.0, 10) for step in (101, 150, 500)] == pytest.approx([0.1] * 3)


def test_rate_after_the_warm_up_is_pytorchs_cosine():
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=90, eta_min=0.1)
    for step in range(10, 101):
        assert rate(step, 100, 1.0, 10) == pytest.approx(schedule.get_last_lr()[0], abs=1e-6)
        optimiser.step()
        schedule.step()


def test_a_batch_comes_from_every_place_of_a_text_and_the_last_too():
    inputs, targets = get_batch(range(9), context=4, batch=2000, generator=torch.Generator().manual_seed(0))
    starts, counts = inputs[:, 0].unique(return_counts=True)
    assert starts.tolist() == [0, 1, 2, 3, 4]  # the last piece reads 4 5 6 7 and predicts 5 6 7 8
    assert counts.min() > 2000 / 5 - 4 * 18  # four standard deviations below an even share
    assert torch.equal(inputs, inputs[:, :1] + torch.arange(4))
    assert torch.equal(targets, inputs + 1)


def test_a_batch_of_a_text_that_is_one_piece_is_that_piece():
    inputs, targets = get_batch([7, 8, 9], context=2, batch=3)
    assert inputs.tolist() == [[7, 8]] * 3
    assert targets.tolist() == [[8, 9]] * 3


def test_the_same_generator_draws_the_same_batch_from_a_list_and_from_a_tensor():
    draws = [
        get_batch(ids, 12, 4, torch.Generator().manual_seed(seed))[0]
        for ids, seed in ((ROUND.tolist(), 0), (torch.from_numpy(ROUND), 0), (ROUND, 1))
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_a_text_of_one_piece_and_a_token_is_enough_to_train_on():
    assert len(train(TinyGPT(SMALL), range(13), 1)) == 1


def test_at_temperature_zero_the_likeliest_token_is_written(model):
    written = [3, 1]
    for _ in range(15):  # more than the context
        with torch.no_grad():
            written.append(model(torch.tensor([written[-12:]]))[0, -1].argmax().item())
    assert write(model, [3, 1], 15, temperature=0) == written[2:]
    assert write(model, [3, 1], 15, temperature=0, seed=5) == written[2:]
    assert write(model, [3, 1], 0) == []


def test_tokens_are_drawn_with_the_models_probabilities_at_a_temperature(model):
    with torch.no_grad():
        expected = (model(torch.tensor([[3]]))[0, -1].double() / 0.05).softmax(dim=0).numpy()
    drawn = np.bincount([write(model, [3], 1, 0.05, seed)[0] for seed in range(400)], minlength=20) / 400
    assert (np.abs(drawn - expected) < 4 * np.sqrt(expected / 400)).all()
    assert np.ptp(expected) > 0.05


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
    each = piece_losses(model, inputs, targets)
    assert each.shape == (len(inputs),)
    assert each[-1] == pytest.approx(held_out_loss(model, inputs[-1:], targets[-1:]), abs=1e-5)


def test_the_grids_of_the_heads_have_their_numbers_and_rings():
    from matplotlib.patches import Rectangle

    grids = [np.arange(6).reshape(2, 3) / 10, np.full((2, 3), -0.001)]
    figure = head_grids(grids, ["share", "cost"], "Two measures", ringed=[1, 5], highest=[1, 0.4])
    for ax, first in zip(figure.axes, ("0.00", "0.00"), strict=True):
        assert ax.texts[0].get_text() == first
        rings = [patch for patch in ax.patches if isinstance(patch, Rectangle) and not patch.get_fill()]
        middles = [(ring.get_x() + ring.get_width() / 2, ring.get_y() + ring.get_height() / 2) for ring in rings]
        np.testing.assert_allclose(middles, [(1, 0), (2, 1)], atol=1e-9)
    assert figure.axes[1].images[0].get_clim()[1] == 0.4


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
        (lambda m: m(torch.tensor([1, 2, 3])), r"\(3,\): pass ids\[None\]"),
        (lambda m: m(torch.tensor([[1.0, 2.0]])), "whole numbers"),
        (lambda m: m(torch.tensor([[20]])), "from 0 to 19, and 20"),
        (lambda m: m(torch.tensor([[-1]])), "from 0 to 19, and -1"),
        (lambda m: write(m, [], 3), "is empty"),
        (lambda m: write(m, "abc", 3), "this is text"),
        (lambda m: write(m, [1, 2.5], 3), "whole numbers"),
        (lambda m: write(m, [[1, 2]], 3), "ids"),
        (lambda m: write(m, [1, 20], 3), "from 0 to 19"),
        (lambda m: write(m, [1], -1), "n_tokens must be a whole number from 0"),
        (lambda m: write(m, [1], 3, temperature=-1), "temperature must be"),
        (lambda m: write(m, [1], 3, temperature=float("nan")), "temperature must be"),
        (lambda m: write(m, [1], 3, seed=-1), "seed must be a whole number from 0"),
        (lambda m: train(m, range(12), 1), "12 tokens are too few"),
        (lambda m: train(m, "a text that is long enough", 1), "this is text"),
        (lambda m: train(m, range(21), 1), "from 0 to 19, and 20"),
        (lambda m: train(m, ROUND.reshape(2, -1), 1), "one row of token ids"),
        (lambda m: train(m, ROUND, 0), "n_steps must be a whole number from 1"),
        (lambda m: train(m, ROUND, 1, batch=0), "batch must be a whole number from 1"),
        (lambda m: train(m, ROUND, 1, highest=float("inf")), "highest must be a number"),
        (lambda m: get_batch(range(4), 4, 1), "4 tokens are too few"),
        (lambda m: get_batch("abc", 1, 1), "this is text"),
        (lambda m: get_batch([0.5] * 9, 1, 1), "whole numbers"),
        (lambda m: windows(range(3), 4), "3 tokens are too few"),
        (lambda m: windows(range(9), 0), "context must be a whole number from 1"),
        (lambda m: windows("abc", 1), "this is text"),
        (lambda m: held_out_loss(m, np.zeros((2, 3), int), np.zeros((2, 4), int)), "Each id needs its target"),
        (lambda m: attention_maps(m, "abc"), "this is text"),
        (lambda m: Plan(n_vocabulary=0), "n_vocabulary must be a whole number from 1"),
        (lambda m: Plan(n_vocabulary=5, n_layers=1.5), "n_layers must be"),
        (lambda m: Plan(n_vocabulary=5, residual="no"), "residual is a switch"),
        (lambda m: Plan(n_vocabulary=5, d_model=10, n_heads=4), "cannot be cut"),
        (lambda m: TinyGPT(SMALL, seed=-1), "seed must be"),
    ],
)
def test_what_cannot_be_done_is_explained(model, call, message):
    with pytest.raises(InputError, match=message):
        call(model)


def test_a_model_whose_weights_are_no_numbers_any_more_writes_a_sentence(model):
    with torch.no_grad():
        model.head.weight.fill_(float("nan"))
    with pytest.raises(InputError):
        write(model, [1], 3)


@pytest.fixture
def checkpoint(tmp_path):
    """A trained model without positions, and the file that it was saved in."""
    model = TinyGPT(dataclasses.replace(SMALL, positions=False), seed=4)
    train(model, ROUND, 3)
    save_checkpoint(model, tmp_path / "tiny.safetensors")
    return model, tmp_path / "tiny.safetensors"


def test_a_checkpoint_gives_the_same_model_to_the_last_bit(checkpoint):
    model, path = checkpoint
    loaded = load_checkpoint(str(path))
    ids = torch.from_numpy(ROUND[None, :12])
    with torch.no_grad():
        assert torch.equal(loaded(ids), model(ids))
        assert not torch.equal(loaded(ids), TinyGPT(SMALL)(ids))
    assert loaded.plan == model.plan
    assert [name for name, _ in loaded.named_parameters()] == [name for name, _ in model.named_parameters()]
    assert train(loaded, ROUND, 2) == train(model, ROUND, 2)


def test_any_reader_of_safetensors_reads_a_checkpoint(checkpoint):
    from safetensors import safe_open

    model, path = checkpoint
    with safe_open(path, "np") as file:
        assert json.loads(file.metadata()["tiny_gpt_plan"]) == dataclasses.asdict(model.plan)
        np.testing.assert_array_equal(file.get_tensor("head.weight"), model.head.weight.detach().numpy())


def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(checkpoint, monkeypatch):
    _, path = checkpoint
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", full)
        with pytest.raises(InputError, match=r"tiny\.safetensors cannot be written there \(No space left on device\)"):
            save_checkpoint(TinyGPT(SMALL), path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


class Executed:
    """What a pickle runs when it is read."""

    def __reduce__(self):
        return open, (str(Executed.witness), "w")


@pytest.mark.parametrize("how", ["missing", "empty", "cut", "pickle", "torch", "folder"])
def test_a_file_that_is_no_checkpoint_is_refused_and_never_executed(checkpoint, tmp_path, how):
    _, path = checkpoint
    Executed.witness = tmp_path / "executed"
    whole = path.read_bytes()
    path.unlink()
    if how == "pickle":
        path.write_bytes(pickle.dumps(Executed()))
    elif how == "torch":
        torch.save({"model": Executed()}, path)
    elif how == "folder":
        path.mkdir()
    elif how != "missing":
        path.write_bytes(b"" if how == "empty" else whole[: len(whole) // 2])
    with pytest.raises(InputError, match=r"tiny\.safetensors.*save_checkpoint"):
        load_checkpoint(path)
    assert not Executed.witness.exists()


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        {"tiny_gpt_plan": "{"},
        {"tiny_gpt_plan": "[]"},
        {"tiny_gpt_plan": "5"},
        {"tiny_gpt_plan": '{"n_vocabulary": 20, "colour": "blue"}'},
        {"tiny_gpt_plan": '{"n_vocabulary": "many"}'},
        {"tiny_gpt_plan": json.dumps(dataclasses.asdict(dataclasses.replace(SMALL, n_layers=3)))},
        {"tiny_gpt_plan": json.dumps(dataclasses.asdict(dataclasses.replace(SMALL, n_vocabulary=21)))},
    ],
)
def test_weights_without_their_own_plan_are_no_checkpoint(tmp_path, metadata):
    from safetensors.torch import save_file

    save_file(TinyGPT(SMALL).state_dict(), tmp_path / "other.safetensors", metadata)
    with pytest.raises(InputError, match="is no checkpoint of a TinyGPT"):
        load_checkpoint(tmp_path / "other.safetensors")


@pytest.mark.parametrize("losses", [[0.0, 0.0], [3.0, float("nan"), float("inf"), 2.0], [float("nan")]])
def test_a_curve_of_a_training_that_went_astray_is_drawn(losses):
    picture = live_curve.curve_svg(losses, n_steps=5)
    points = picture.split('points="')[2].split('"')[0]
    assert "nan" not in points
    assert "inf" not in points
