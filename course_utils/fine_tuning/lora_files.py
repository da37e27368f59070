"""Low-rank updates on disk, in the files that peft reads and writes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.common import DATA, cache
from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError
from course_utils.fine_tuning.lora import LoRALinear, add_lora, linear_layers

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"  # the names that peft gives its files
WRITER, WRITER_BASE = DATA / "adapters" / "question_writer", "SmolLM2-135M-Instruct"
WRITER_WORDS = 60  # of a text, that it was trained to read; a teacher reads as many
QUESTION_PROMPT = "{text}\n\nA question that this text answers:"
_PREFIX = "base_model.model."  # peft keeps the network under this name
_SPECIAL = ("use_dora", "use_rslora", "fan_in_fan_out", "lora_bias", "rank_pattern", "alpha_pattern", "modules_to_save")


def load_lora(network: nn.Module, folder: str | Path, base: str | None = None) -> dict[str, LoRALinear]:
    """Read a LoRA that peft has saved, and put it beside the layers of a network, in place.

    Parameters
    ----------
    network : torch.nn.Module
        The network that it was trained on. If anything does not fit, it stays as it is.
    folder : str or Path
        Where ``adapter_config.json`` and ``adapter_model.safetensors`` lie.
    base : str, optional
        The name of ``network``; must be the one that the adapter says it was trained on.

    Returns
    -------
    dict of str to LoRALinear
        The new layers, by the names of those that they replace.

    Raises
    ------
    InputError
        If a file is missing or is not what its name says, or the adapter is another network's.
    """
    config, tensors = _read(Path(folder))
    trained_on = config.get("base_model_name_or_path")
    if base is not None and trained_on != base:
        raise InputError(f"This adapter was trained on {trained_on}, and the network is {base}: load that one.")
    rank, alpha, targets = (config[key] for key in ("r", "lora_alpha", "target_modules"))
    wanted = {}
    for name in linear_layers(network, targets):
        n_out, n_in = network.get_submodule(name).weight.shape
        wanted |= {_key(name, "A"): (rank, n_in), _key(name, "B"): (n_out, rank)}
    shapes = {key: tuple(tensor.shape) for key, tensor in tensors.items()}
    if shapes != wanted:
        wrong = min(key for key in {*shapes, *wanted} if shapes.get(key) != wanted.get(key))
        raise InputError(f"This adapter is for another network: {wrong.removeprefix(_PREFIX)} does not fit this one.")
    added = add_lora(network, targets, rank, alpha)
    with torch.no_grad():
        for name, layer in added.items():
            layer.A.copy_(tensors[_key(name, "A")])
            layer.B.copy_(tensors[_key(name, "B")])
    return added


def read_updates(folder: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read a LoRA that peft has saved as pairs of thin matrices, for weights that are no PyTorch layers.

    Parameters
    ----------
    folder : str or Path
        As in `load_lora`.

    Returns
    -------
    dict of str to (ndarray of shape (n_out, r), ndarray of shape (r, n_in))
        ``B`` times its factor, and ``A``, by the name of the layer: ``B @ A`` is to be added to its weights.

    Raises
    ------
    InputError
        If a file is missing or is not what its name says.
    """
    config, tensors = _read(Path(folder))
    factor, end = config["lora_alpha"] / config["r"], _key("", "A").removeprefix(_PREFIX)
    names = [key.removeprefix(_PREFIX).removesuffix(end) for key in tensors if key.endswith(end)]
    return {name: ((factor * tensors[_key(name, "B")]).numpy(), tensors[_key(name, "A")].numpy()) for name in names}


def save_lora(network: nn.Module, folder: str | Path, base: str) -> None:
    """Write a network's low-rank updates, and nothing else of it, in the two files that peft reads.

    Parameters
    ----------
    network : torch.nn.Module
        A network that `add_lora` has changed.
    folder : str or Path
        Where to write; made if it is not there.
    base : str
        The network's name, which is written down with the updates.

    Raises
    ------
    InputError
        If the network has no low-rank updates.
    """
    from safetensors.torch import save

    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, LoRALinear)}
    if not layers:
        raise InputError("This network has no low-rank updates to save: add_lora makes them.")
    first = next(iter(layers.values()))
    tensors = {}
    for name, layer in layers.items():
        tensors |= {_key(name, part): getattr(layer, part).detach().contiguous() for part in "AB"}
    config = {
        "base_model_name_or_path": base,
        "bias": "none",
        "lora_alpha": first.alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": first.rank,
        "target_modules": sorted(layers),
    }
    folder = Path(folder)
    written = (json.dumps(config, indent=2) + "\n").encode()
    cache.write_aside(folder / WEIGHTS, lambda file: file.write(save(tensors, {"format": "pt"})))
    cache.write_aside(folder / CONFIG, lambda file: file.write(written))


def _key(name: str, part: str) -> str:
    """Return the name that peft's file has for A or B of a layer."""
    return f"{_PREFIX}{name}.lora_{part}.weight"


def _read(folder: Path) -> tuple[dict, dict[str, Tensor]]:
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        tensors = load((folder / WEIGHTS).read_bytes())
    except FileNotFoundError as problem:
        raise InputError(f"There is no adapter in {folder.name}: {Path(problem.filename).name} is missing.") from None
    except OSError as problem:
        raise InputError(f"The adapter in {folder.name} cannot be read ({problem.strerror}).") from None
    except (SafetensorError, UnicodeDecodeError, json.JSONDecodeError):
        raise InputError(
            f"{WEIGHTS} in {folder.name} is not a safetensors file, or {CONFIG} is not JSON: fetch the adapter again."
        ) from None
    if not isinstance(config, dict):
        raise InputError(f"{CONFIG} in {folder.name} does not describe an adapter: fetch the adapter again.")
    odd = [key for key in _SPECIAL if config.get(key)]
    if config.get("peft_type") != "LORA" or odd or not isinstance(config.get("target_modules"), list):
        raise InputError(f"This is not a plain LoRA ({', '.join(odd) or config.get('peft_type')}): load it with peft.")
    rank, alpha = config.get("r"), config.get("lora_alpha")
    if not is_whole_number(rank) or rank < 1 or isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
        raise InputError(f"{CONFIG} says r = {rank!r} and lora_alpha = {alpha!r}: they must be numbers, r 1 or more.")
    return config, tensors
