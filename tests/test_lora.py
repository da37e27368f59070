"""Low-rank updates and adapters, beside peft's."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_utils.common.errors import InputError
from course_utils.exercises import adapters_and_lora as exercises
from course_utils.fine_tuning.lora import Adapter, LoRALinear, add_adapters, add_lora, count_parameters, linear_layers
from course_utils.fine_tuning.steps import gradient_step


def network(width=8, seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 4))


def with_update(layer, rank=2, alpha=None, seed=1):
    """An update that is no longer zero."""
    changed = LoRALinear(layer, rank, alpha)
    nn.init.normal_(changed.B, generator=torch.Generator().manual_seed(seed))
    return changed


shapes = st.tuples(st.integers(1, 12), st.integers(1, 12)).flatmap(
    lambda sides: st.tuples(st.just(sides), st.integers(1, min(sides)), st.floats(0.5, 64), st.integers(0, 99))
)


def test_rank_one_update_worked_by_hand():
    layer = LoRALinear(nn.Linear(2, 2, bias=False), rank=1, alpha=2)
    with torch.no_grad():
        layer.layer.weight.copy_(torch.eye(2))
        layer.A.copy_(torch.tensor([[1.0, 3.0]]))
        layer.B.copy_(torch.tensor([[1.0], [-1.0]]))
    # B A = [[1, 3], [-1, -3]], twice that because alpha / rank = 2, beside the identity
    assert layer.update().tolist() == [[2, 6], [-2, -6]]
    assert layer(torch.tensor([[1.0, 1.0]])).tolist() == [[9, -7]]


@given(shapes)
@settings(deadline=None, max_examples=15)
def test_with_b_zero_the_layer_is_unchanged(case):
    (n_in, n_out), rank, alpha, seed = case
    torch.manual_seed(seed)
    layer, x = nn.Linear(n_in, n_out), torch.randn(3, n_in)
    before = layer(x)
    assert torch.equal(LoRALinear(layer, rank, alpha)(x), before)


@given(shapes)
@settings(deadline=None, max_examples=15)
def test_merged_layer_gives_the_same_outputs_and_can_be_unmerged(case):
    (n_in, n_out), rank, alpha, seed = case
    torch.manual_seed(seed)
    layer, x = nn.Linear(n_in, n_out), torch.randn(3, n_in)
    alone, weights = layer(x), layer.weight.clone()
    changed = with_update(layer, rank, alpha, seed)
    beside = changed(x)
    tolerance = {"atol": 1e-4 * alpha, "rtol": 1e-4}
    changed.merge()
    torch.testing.assert_close(changed(x), beside, **tolerance)
    torch.testing.assert_close(changed.layer(x), beside, **tolerance)
    changed.unmerge()
    torch.testing.assert_close(changed.layer.weight, weights, **tolerance)
    torch.testing.assert_close(changed.layer(x), alone, **tolerance)


@given(shapes)
@settings(deadline=None, max_examples=15)
def test_the_update_has_at_most_its_rank(case):
    (n_in, n_out), rank, alpha, seed = case
    torch.manual_seed(seed)
    update = with_update(nn.Linear(n_in, n_out), rank, alpha, seed).update()
    values = torch.linalg.svdvals(update.double())
    assert (values[rank:] < 1e-5 * max(1, values[0])).all()


@given(shapes)
@settings(deadline=None, max_examples=15)
def test_outputs_and_gradients_equal_pefts(case):
    peft = pytest.importorskip("peft")
    (n_in, n_out), rank, alpha, seed = case
    torch.manual_seed(seed)
    layer, x = nn.Linear(n_in, n_out), torch.randn(3, n_in)
    ours = with_update(layer, rank, alpha, seed)
    config = peft.LoraConfig(r=rank, lora_alpha=alpha, target_modules=["0"], init_lora_weights=True)
    theirs = peft.get_peft_model(nn.Sequential(nn.Linear(n_in, n_out)), config)
    inside = theirs.base_model.model[0]
    with torch.no_grad():
        inside.base_layer.load_state_dict(layer.state_dict())
        inside.lora_A["default"].weight.copy_(ours.A)
        inside.lora_B["default"].weight.copy_(ours.B)
    close = {"atol": 1e-5 * max(1, alpha), "rtol": 1e-4}
    torch.testing.assert_close(ours(x), theirs(x), **close)
    ours(x).square().sum().backward()
    theirs(x).square().sum().backward()
    scale = {"atol": 1e-4 * max(1, alpha**2), "rtol": 1e-3}
    torch.testing.assert_close(ours.A.grad, inside.lora_A["default"].weight.grad, **scale)
    torch.testing.assert_close(ours.B.grad, inside.lora_B["default"].weight.grad, **scale)
    assert inside.base_layer.weight.grad is None
    assert ours.layer.weight.grad is None
    ours.merge()
    merged = theirs.merge_and_unload()
    torch.testing.assert_close(ours.layer.weight, merged[0].weight, **close)


def test_adapter_worked_by_hand():
    adapter = Adapter(2, 1)
    with torch.no_grad():
        adapter.down.weight.copy_(torch.tensor([[1.0, 1.0]]))
        adapter.down.bias.zero_()
        adapter.up.weight.copy_(torch.tensor([[1.0], [-2.0]]))
    middle = 3 * 0.5 * (1 + math.erf(3 / math.sqrt(2)))  # gelu(1 + 2)
    assert adapter(torch.tensor([1.0, 2.0])).tolist() == pytest.approx([1 + middle, 2 - 2 * middle])


@given(st.integers(1, 30), st.integers(1, 30))
@settings(deadline=None, max_examples=15)
def test_new_adapter_changes_nothing_and_has_the_numbers_it_should(width, bottleneck):
    adapter, h = Adapter(width, bottleneck), torch.randn(2, width)
    assert torch.equal(adapter(h), h)
    assert count_parameters(adapter)[0] == 2 * width * bottleneck + width + bottleneck


def test_only_the_updates_are_trained():
    model = network()
    add_lora(model, ["0", "2"], rank=2)
    before = {name: weight.clone() for name, weight in model.named_parameters()}
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.SGD(weights, lr=0.1)
    for _ in range(2):  # after the first step B is no longer zero, so that A moves in the second
        optimiser.zero_grad()
        model(torch.ones(3, 8)).square().sum().backward()
        optimiser.step()
    changed = {name for name, weight in model.named_parameters() if not torch.equal(weight, before[name])}
    assert changed == {"0.A", "0.B", "2.A", "2.B"}


def test_the_same_seed_gives_the_same_start():
    starts = [add_lora(network(), ["0"], 2, seed=seed)["0"].A for seed in (3, 3, 4)]
    assert torch.equal(starts[0], starts[1])
    assert not torch.equal(starts[0], starts[2])


def test_targets_are_whole_parts_of_names():
    model = nn.ModuleDict({"query": nn.Linear(2, 2), "my_query": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    assert linear_layers(model, ["query"]) == ["query"]


@pytest.mark.parametrize("rank", [0, -1, 5, 1.0, True, None])
def test_bad_rank_is_refused(rank):
    with pytest.raises(InputError, match="from 1 to 4"):
        LoRALinear(nn.Linear(8, 4), rank)


@pytest.mark.parametrize("alpha", [0, -1, math.nan, math.inf, "8", True])
def test_bad_alpha_is_refused(alpha):
    with pytest.raises(InputError, match="alpha"):
        LoRALinear(nn.Linear(8, 4), 2, alpha)


@pytest.mark.parametrize(
    ("targets", "rank", "message"),
    [
        (["5"], 2, "no linear layer '5'.*end in 0, 2"),
        (["0", "5"], 2, "no linear layer '5'"),
        (["1"], 2, "no linear layer '1'"),  # there, but not linear
        ([], 2, "empty list"),
        ("0", 2, "list of names"),
        (["0", "2"], 6, "from 1 to 4"),  # fits the first layer and not the second
        (["0", "2"], 0, "from 1 to"),
    ],
)
def test_what_does_not_fit_changes_nothing(targets, rank, message):
    model = network()
    with pytest.raises(InputError, match=message):
        add_lora(model, targets, rank)
    assert not any(isinstance(layer, LoRALinear) for layer in model.modules())
    assert all(weight.requires_grad for weight in model.parameters())


@pytest.mark.parametrize("seed", [-1, 1.5, "1"])
def test_bad_seed_is_refused_and_changes_nothing(seed):
    for add in (add_lora, add_adapters):
        model = network()
        with pytest.raises(InputError, match="seed must be a whole number from 0"):
            add(model, ["0"], 2, seed=seed)
        assert [type(layer) for layer in model] == [nn.Linear, nn.GELU, nn.Linear]
        assert all(weight.requires_grad for weight in model.parameters())


def test_an_update_of_an_update_is_refused():
    model = network()
    add_lora(model, ["0"], 2)
    with pytest.raises(InputError, match="already"):
        add_lora(model, ["2"], 2)
    with pytest.raises(InputError, match="LoRALinear"):
        LoRALinear(model[0], 2)


def test_merging_twice_is_refused_and_nothing_is_counted_twice():
    changed = with_update(nn.Linear(4, 4))
    with pytest.raises(InputError, match="not merged"):
        changed.unmerge()
    changed.merge()
    weights = changed.layer.weight.clone()
    with pytest.raises(InputError, match="twice"):
        changed.merge()
    assert torch.equal(changed.layer.weight, weights)


@pytest.mark.parametrize(("width", "bottleneck"), [(0, 2), (2, 0), (2, -1), (2, 1.5)])
def test_bad_adapter_is_refused(width, bottleneck):
    with pytest.raises(InputError, match="a whole number from 1"):
        Adapter(width, bottleneck)


def test_adapters_go_behind_layers_and_change_nothing_at_first():
    model = network()
    before = model(torch.ones(1, 8))
    add_adapters(model, ["0", "2"], bottleneck=3)
    assert torch.equal(model(torch.ones(1, 8)), before)
    assert count_parameters(model)[0] == (2 * 8 * 3 + 8 + 3) + (2 * 4 * 3 + 4 + 3)
    with pytest.raises(InputError, match="no linear layer"):
        add_adapters(network(), ["7"], bottleneck=3)


def test_the_exercise_in_numpy_is_the_layer_of_pytorch():
    torch.manual_seed(0)
    layer = with_update(nn.Linear(6, 4, bias=False).double(), rank=2, alpha=8)
    x, error = torch.randn(5, 6, dtype=torch.double), torch.randn(5, 4, dtype=torch.double)
    W, A, B = (part.detach().numpy() for part in (layer.layer.weight, layer.A, layer.B))
    said = layer(x)
    assert exercises.with_lora_layer(x.numpy(), W, A, B, 8) == pytest.approx(said.detach().numpy())
    said.backward(error)
    for mine, theirs in zip(exercises.gradients(x.numpy(), error.numpy(), A, B, 8), (layer.A, layer.B), strict=True):
        assert mine == pytest.approx(theirs.grad.numpy())


def test_training_in_numpy_ends_where_gradient_descent_in_pytorch_ends():
    torch.manual_seed(0)
    layer, x, y = LoRALinear(nn.Linear(6, 4, bias=False).double(), 2, 4), torch.randn(9, 6).double(), torch.randn(9, 4)
    W, A = layer.layer.weight.detach().numpy().copy(), layer.A.detach().numpy().copy()
    optimiser = torch.optim.SGD([layer.A, layer.B], lr=0.05)
    for _ in range(20):
        gradient_step((layer(x) - y).square().sum() / 2 / len(x), optimiser)
    layer.merge()
    merged = exercises.trained(x.numpy(), y.numpy(), W, A, 4, 0.05, 20)
    assert merged == pytest.approx(layer.layer.weight.detach().numpy())
