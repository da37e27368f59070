"""Low-rank updates on disk: the same layers with the same numbers as peft's, or a sentence that says why not."""

from __future__ import annotations

import dataclasses
import json
from collections import OrderedDict

import pytest
import torch
from torch import nn

from course_utils.common.errors import InputError
from course_utils.fine_tuning.lora import LoRALinear, add_lora
from course_utils.fine_tuning.lora_files import (
    CONFIG,
    HONOURED,
    WEIGHTS,
    WITHOUT_EFFECT,
    load_lora,
    read_updates,
    save_lora,
)

peft = pytest.importorskip("peft")
X = torch.linspace(-1, 1, 16).reshape(2, 8)


def network(width=8):
    """Two blocks of two linear layers and a head: model.blocks.0.query to head."""
    torch.manual_seed(0)

    def block():
        return nn.Sequential(
            OrderedDict(query=nn.Linear(width, width), act=nn.GELU(), value=nn.Linear(width, width, bias=False))
        )

    model = nn.Sequential(OrderedDict(blocks=nn.Sequential(block(), block())))
    return nn.Sequential(OrderedDict(model=model, head=nn.Linear(width, 4)))


def trained(layers):
    """Make updates that are no longer zero, as a training would."""
    for number, weight in enumerate(weight for layer in layers for weight in (layer.A, layer.B)):
        nn.init.normal_(weight, std=0.4, generator=torch.Generator().manual_seed(number))


def peft_adapter(folder, **settings):
    """Let peft put updates beside a network's layers and save them; return what the network answers, and its layers."""
    torch.manual_seed(1)
    theirs = peft.get_peft_model(network(), peft.LoraConfig(**{"r": 2, "lora_alpha": 6, **settings})).eval()
    layers = {
        name.removeprefix("base_model.model."): layer
        for name, layer in theirs.named_modules()
        if isinstance(layer, peft.tuners.lora.LoraLayer)
    }
    for number, layer in enumerate(layers.values()):
        for part in (layer.lora_A, layer.lora_B):
            nn.init.normal_(part["default"].weight, std=0.4, generator=torch.Generator().manual_seed(number))
    theirs.save_pretrained(folder)
    return theirs(X), layers


def merged(folder):
    """Return a network to whose weights the thin matrices of a folder were added."""
    model = network()
    with torch.no_grad():
        for name, (B, A) in read_updates(folder).items():
            model.get_submodule(name).weight += torch.from_numpy(B @ A)
    return model


def changed(folder, **fields):
    """Write other fields into a saved adapter's description."""
    config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    (folder / CONFIG).write_text(json.dumps({**config, **fields}), encoding="utf-8")


@pytest.fixture
def saved(tmp_path):
    """A folder with a saved update of a network, and what that network answers."""
    model = network()
    trained(add_lora(model, ["query", "head"], rank=2, alpha=6).values())
    save_lora(model, tmp_path / "mine", "small")
    return tmp_path / "mine", model(X)


def test_what_is_saved_is_loaded(saved):
    folder, answer = saved
    model = network()
    assert list(load_lora(model, folder, "small")) == ["model.blocks.0.query", "model.blocks.1.query", "head"]
    torch.testing.assert_close(model(X), answer)


def test_updates_are_read_as_thin_matrices(saved):
    folder, answer = saved
    torch.testing.assert_close(merged(folder)(X), answer)


def test_peft_reads_what_we_save_and_we_what_it_saves(saved, tmp_path):
    folder, answer = saved
    theirs = peft.PeftModel.from_pretrained(network(), str(folder))
    torch.testing.assert_close(theirs(X), answer)
    theirs.save_pretrained(tmp_path / "theirs")
    model = network()
    load_lora(model, tmp_path / "theirs")
    torch.testing.assert_close(model(X), answer)


READ = {
    "ends of names": {"target_modules": ["query", "value"]},
    "a pattern": {"target_modules": r"model\..*\.(query|value)|head"},
    "all-linear": {"target_modules": "all-linear"},
    "a name that is not there": {"target_modules": ["query", "key"]},
    "some left out": {"target_modules": ["query", "value"], "exclude_modules": ["1.query", "blocks.0.value"]},
    "a pattern left out": {"target_modules": ["query", "value"], "exclude_modules": r".*\.0\..*"},
    "one block": {"target_modules": ["query", "value"], "layers_to_transform": 1},
    "blocks by name": {"target_modules": ["query"], "layers_to_transform": [0], "layers_pattern": "blocks"},
    "no block in particular": {"target_modules": ["query"], "layers_to_transform": []},
    "ranks": {"target_modules": ["query", "head"], "rank_pattern": {"head": 3, "blocks.1.query": 1}},
    "alphas": {"target_modules": ["query", "head"], "alpha_pattern": {"^head": 1, "1.query": 40}},
    "both": {"target_modules": ["query"], "rank_pattern": {r".*\.1\.query": 4}, "alpha_pattern": {"query": 0.5}},
    "rank-stabilised": {"target_modules": ["query", "head"], "use_rslora": True, "rank_pattern": {"head": 3}},
    "dropout in training": {"target_modules": ["query"], "lora_dropout": 0.5},
    **{
        f"a start: {start}": {"target_modules": ["query", "head"], "init_lora_weights": start}
        for start in (True, False, "gaussian", "orthogonal", "mica")
    },
}


@pytest.mark.parametrize("settings", READ.values(), ids=READ)
def test_an_adapter_that_peft_saved_gives_pefts_answers(tmp_path, settings):
    answer, layers = peft_adapter(tmp_path, **settings)
    ours = network()
    assert set(load_lora(ours, tmp_path)) == set(layers)
    torch.testing.assert_close(ours(X), answer)
    torch.testing.assert_close(merged(tmp_path)(X), answer)
    assert (answer - network()(X)).abs().max() > 0.01


@pytest.mark.parametrize("start", ["pissa", "pissa_niter_2", "olora", "eva", "lora_ga"])
@pytest.mark.filterwarnings("ignore")
def test_an_adapter_whose_start_may_change_the_networks_own_weights_is_refused(tmp_path, start):
    answer, layers = peft_adapter(tmp_path, target_modules=["query", "head"], init_lora_weights=start)
    own = [torch.equal(layer.base_layer.weight, network().get_submodule(n).weight) for n, layer in layers.items()]
    assert all(own) == (start in ("eva", "lora_ga"))  # these two need data, which we did not give
    for read in (lambda: load_lora(network(), tmp_path), lambda: read_updates(tmp_path)):
        with pytest.raises(InputError, match=f"init_lora_weights = '{start}'.*load it with peft"):
            read()


@pytest.mark.parametrize("start", ["corda", "loftq", "something new", None, ["gaussian"]])
def test_any_other_start_is_refused(saved, start):
    folder, _ = saved
    changed(folder, init_lora_weights=start)
    with pytest.raises(InputError, match=r"init_lora_weights = .*load it with peft"):
        load_lora(network(), folder)


def test_a_start_that_peft_took_back_when_it_saved_is_read(tmp_path):
    theirs = peft.get_peft_model(
        network(), peft.LoraConfig(r=2, target_modules=["query"], init_lora_weights="pissa")
    ).eval()
    theirs.peft_config["default"].init_lora_weights = True
    theirs.save_pretrained(tmp_path / "start")
    theirs.peft_config["default"].init_lora_weights = "pissa"
    for number in (0, 1):
        B = theirs.base_model.model.model.blocks[number].query.lora_B["default"].weight
        nn.init.normal_(B, generator=torch.Generator().manual_seed(number))
    answer = theirs(X)
    theirs.save_pretrained(tmp_path / "end", path_initial_model_for_weight_conversion=str(tmp_path / "start"))
    ours = network()
    load_lora(ours, tmp_path / "end")
    torch.testing.assert_close(ours(X), answer, atol=1e-5, rtol=1e-4)


SAVED_FIELDS = sorted({field.name for field in dataclasses.fields(peft.LoraConfig)} - {"runtime_config"})
NOTES = {"task_type": "CAUSAL_LM", "auto_mapping": {"a": "b"}, "peft_version": "99", "revision": "main"}
NOTES |= {"inference_mode": False, "lora_dropout": 0.9, "megatron_core": "other", "qalora_group_size": 4}


@pytest.mark.parametrize("field", sorted(set(SAVED_FIELDS) - HONOURED - WITHOUT_EFFECT))
def test_every_other_field_of_pefts_configuration_is_refused_by_its_name(saved, field):
    folder, answer = saved
    default = peft.LoraConfig().to_dict()[field]
    changed(folder, **{field: default})
    assert not default
    load_lora(network(), folder)  # at its default it says nothing
    changed(folder, **{field: True if isinstance(default, bool) else {"some": "setting"}})
    for read in (lambda: load_lora(network(), folder), lambda: read_updates(folder)):
        with pytest.raises(InputError, match=f"{field}.*load it with peft"):
            read()


@pytest.mark.parametrize("field", sorted(WITHOUT_EFFECT))
def test_what_counts_in_training_alone_changes_no_answer(saved, field):
    folder, answer = saved
    changed(folder, **{field: NOTES[field]})
    model = network()
    load_lora(model, folder)
    torch.testing.assert_close(model(X), answer)


def test_what_is_read_are_fields_that_peft_has():
    assert set(SAVED_FIELDS) >= HONOURED | WITHOUT_EFFECT
    assert not HONOURED & WITHOUT_EFFECT
    assert set(NOTES) == WITHOUT_EFFECT


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"bias": "all"}, "bias = 'all'"),
        ({"bias": "lora_only"}, "bias = 'lora_only'"),
        ({"lora_bias": True}, "lora_bias"),
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["head"]}, "modules_to_save"),
        ({"target_modules": ["query"], "target_parameters": ["head.weight"]}, "target_parameters"),
    ],
)
def test_what_is_more_than_a_plain_update_is_refused(tmp_path, settings, message):
    peft_adapter(tmp_path, **{"target_modules": ["query"], **settings})
    with pytest.raises(InputError, match=message):
        load_lora(network(), tmp_path)


def test_an_update_of_something_other_than_a_linear_layer_is_refused(tmp_path):
    for target in ("words", "line"):
        model = nn.Sequential(OrderedDict(words=nn.Embedding(5, 8), line=nn.Conv1d(8, 4, 1)))
        peft.get_peft_model(model, peft.LoraConfig(r=2, target_modules=[target])).save_pretrained(tmp_path / target)
        with pytest.raises(InputError, match=f"{target}.*linear layer.*load it with peft"):
            read_updates(tmp_path / target)


def different(model):
    """Put updates of different ranks and factors beside two layers."""
    layers = []
    for name, rank, alpha in [("model.blocks.0.query", 2, 2), ("model.blocks.1.value", 3, 8), ("head", 2, 0.5)]:
        layers.append(LoRALinear(model.get_submodule(name), rank, alpha))
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, layers[-1])
    trained(layers)
    return model.requires_grad_(False)


def test_layers_of_different_rank_and_alpha_are_saved_each_with_its_own(tmp_path):
    model = different(network())
    save_lora(model, tmp_path, "small")
    ours = network()
    layers = load_lora(ours, tmp_path, "small")
    assert {name: (layer.rank, layer.alpha) for name, layer in layers.items()} == {
        "model.blocks.0.query": (2, 2),
        "model.blocks.1.value": (3, 8),
        "head": (2, 0.5),
    }
    torch.testing.assert_close(ours(X), model(X))
    torch.testing.assert_close(merged(tmp_path)(X), model(X))


def test_peft_reads_layers_of_different_rank_and_alpha_and_we_what_it_saves(tmp_path):
    model = different(network())
    save_lora(model, tmp_path / "ours", "small")
    theirs = peft.PeftModel.from_pretrained(network(), str(tmp_path / "ours"))
    torch.testing.assert_close(theirs(X), model(X))
    theirs.save_pretrained(tmp_path / "theirs")
    ours = network()
    load_lora(ours, tmp_path / "theirs")
    torch.testing.assert_close(ours(X), model(X))


def test_a_layer_whose_name_ends_like_another_ones_is_saved_alone(tmp_path):
    def nested():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(8, 8), nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 4)))  # 0, 1.0 and 1.1

    model = nested()
    model[0] = LoRALinear(model[0], 2)
    trained([model[0]])
    save_lora(model, tmp_path, "small")
    ours = nested()
    assert list(load_lora(ours, tmp_path)) == ["0"]
    torch.testing.assert_close(ours(X), model(X))
    theirs = peft.PeftModel.from_pretrained(nested(), str(tmp_path))
    torch.testing.assert_close(theirs(X), model(X))
    assert sum(isinstance(layer, peft.tuners.lora.LoraLayer) for layer in theirs.modules()) == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_updates_of_any_precision_are_read(saved, dtype):
    from safetensors.torch import load_file, save_file

    folder, answer = saved
    stored = {key: tensor.to(dtype) for key, tensor in load_file(folder / WEIGHTS).items()}
    save_file(stored, folder / WEIGHTS)
    model = network()
    load_lora(model, folder)
    torch.testing.assert_close(model(X), answer, atol=0.1, rtol=0.1)
    torch.testing.assert_close(merged(folder)(X), model(X))


def test_an_adapter_of_another_network_is_refused_and_changes_nothing(saved):
    folder, _ = saved
    changed(folder, target_modules=["query", "head"])
    less = network()
    del less.head
    more = network()
    more.model.blocks.append(nn.Sequential(OrderedDict(query=nn.Linear(8, 8))))
    for other, base, message in [
        (network(), "large", "trained on small"),
        (network(width=6), None, "another network"),
        (less, None, "another network: head"),
        (more, None, r"another network: model\.blocks\.2\.query"),
    ]:
        before = {name: weight.clone() for name, weight in other.named_parameters()}
        with pytest.raises(InputError, match=message):
            load_lora(other, folder, base)
        after = dict(other.named_parameters())
        assert all(torch.equal(after[name], weight) for name, weight in before.items())
        assert all(weight.requires_grad for weight in after.values())
        assert not any(isinstance(layer, LoRALinear) for layer in other.modules())


@pytest.mark.parametrize("left_out", ["head.lora_A.weight", "head.lora_B.weight", "head."])
def test_an_adapter_that_lacks_a_part_is_refused(saved, left_out):
    from safetensors.torch import load_file, save_file

    folder, _ = saved
    kept = {key: tensor for key, tensor in load_file(folder / WEIGHTS).items() if left_out not in key}
    save_file(kept, folder / WEIGHTS)
    with pytest.raises(InputError, match="head"):
        load_lora(network(), folder)


def test_files_that_are_no_adapter_are_refused(saved, tmp_path):
    folder, _ = saved
    with pytest.raises(InputError, match="missing"):
        load_lora(network(), tmp_path / "nowhere")
    whole = (folder / WEIGHTS).read_bytes()
    for weights in (b"", b"PK\x03\x04 a pickle in a zip", whole[: len(whole) // 2]):
        (folder / WEIGHTS).write_bytes(weights)
        with pytest.raises(InputError, match="not a safetensors file"):
            load_lora(network(), folder)
    (folder / WEIGHTS).write_bytes(whole)
    for text, message in [("{", "not JSON"), ("[]", "does not describe")]:
        (folder / CONFIG).write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match=message):
            load_lora(network(), folder)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"peft_type": "IA3"}, "no LoRA but IA3"),
        ({"peft_type": None}, "no LoRA"),
        ({"r": 0}, "r = 0"),
        ({"r": "two"}, "r = 'two'"),
        ({"r": 3}, "r = 3"),  # the file has matrices of rank 2
        ({"lora_alpha": None}, "lora_alpha = None"),
        ({"lora_alpha": 0}, "lora_alpha = 0"),
        ({"lora_alpha": float("nan")}, "lora_alpha = nan"),
        ({"rank_pattern": ["head"]}, "rank_pattern"),
        ({"rank_pattern": {"head": "2"}}, "r = '2'"),
        ({"alpha_pattern": {"(": 2}}, r"pattern '\('"),
        ({"target_modules": None}, "target_modules"),
        ({"target_modules": "("}, r"pattern '\('"),
        ({"target_modules": [1]}, "target_modules"),
        ({"exclude_modules": 5}, "exclude_modules"),
        ({"target_modules": ["query"], "layers_to_transform": "1"}, "layers_to_transform"),
        ({"target_modules": []}, "another network"),
        ({"something_new": 1}, "something_new"),
    ],
)
def test_a_description_that_cannot_be_right_is_refused(saved, fields, message):
    folder, _ = saved
    changed(folder, **fields)
    with pytest.raises(InputError, match=message):
        load_lora(network(), folder)


def test_a_network_without_updates_has_nothing_to_save(tmp_path):
    with pytest.raises(InputError, match="add_lora"):
        save_lora(network(), tmp_path / "mine", "small")
    assert not (tmp_path / "mine").exists()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    model = network()
    add_lora(model, ["head"], 2)
    with pytest.raises(InputError, match=r"adapter_model\.safetensors cannot be written there"):
        save_lora(model, tmp_path / "taken", "small")
