"""Low-rank updates on disk, in the files that peft reads and writes."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.common import DATA
from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError
from course_utils.common.files import save_file
from course_utils.fine_tuning.lora import LoRALinear, add_updates

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"  # the names that peft gives its files
WRITER, WRITER_BASE = DATA / "adapters" / "question_writer", "SmolLM2-135M-Instruct"
WRITER_WORDS = 60  # of a text, that it was trained to read; a teacher reads as many
QUESTION_PROMPT = "{text}\n\nA question that this text answers:"
QUESTION_EXAMPLES = """Text: The giraffe is a large African hoofed mammal. It is the tallest living animal on land.
Question: which animal has the longest neck?

Text: Penicillin was discovered in 1928 by Alexander Fleming, who noticed that a mould killed bacteria.
Question: how was the first medicine against bacteria found?

Text: Mount Vesuvius is a volcano near Naples. Its eruption in AD 79 destroyed the Roman city of Pompeii.
Question: what buried a Roman town under ash?

Text: Marie Curie was a physicist who studied radioactivity. She was the first woman to win a Nobel Prize.
Question: who won a Nobel Prize before any other woman?

"""  # what the teacher reads before "Text: ...\nQuestion:"
NAMING_QUESTIONS = (  # about the same four texts, and each names what its text is about
    "on which continent does the giraffe live?",
    "who discovered penicillin?",
    "which city did Mount Vesuvius destroy?",
    "what did Marie Curie study?",
)

# The fields of peft's configuration that are read, and those that say nothing about what an adapted network computes.
# Any other field that is set makes the adapter more than the update W + (alpha / rank) B A, and it is refused.
HONOURED = {"base_model_name_or_path", "peft_type", "bias", "init_lora_weights", "r", "lora_alpha", "use_rslora"}
HONOURED |= {"rank_pattern", "alpha_pattern"}
HONOURED |= {"target_modules", "exclude_modules", "layers_to_transform", "layers_pattern"}  # which layers have one
WITHOUT_EFFECT = {"task_type", "auto_mapping", "peft_version", "revision", "inference_mode", "lora_dropout"}
WITHOUT_EFFECT |= {"megatron_core", "qalora_group_size"}  # used with fields that are refused
PLAIN_STARTS = (True, False, "gaussian", "orthogonal", "mica")  # the others may change the network's own weights
_PREFIX = "base_model.model."  # peft keeps the network under this name


class Update(NamedTuple):
    """The update of one layer, ``(alpha / rank) B A``, with ``A`` of shape (rank, n_in) and ``B`` (n_out, rank)."""

    A: Tensor
    B: Tensor
    alpha: float


def load_lora(network: nn.Module, folder: str | Path, base: str | None = None) -> dict[str, LoRALinear]:
    """Read a LoRA that peft has saved, and put it beside the layers of a network, in place.

    Parameters
    ----------
    network : torch.nn.Module
        The one that it was trained on. If anything does not fit, it stays as it is.
    folder : str or Path
        With ``adapter_config.json`` and ``adapter_model.safetensors``.
    base : str, optional
        The network's name, which must be the one that the adapter names.

    Returns
    -------
    dict of str to LoRALinear
        The new layers, by the names of those that they replace.

    Raises
    ------
    InputError
        If a file is missing or is not what its name says, the adapter is more than a plain update of linear layers
        (DoRA, trained biases, PiSSA and others), or it is another network's.
    """
    config, updates = _read(Path(folder))
    trained_on = config.get("base_model_name_or_path")
    if base is not None and trained_on != base:
        raise InputError(f"This adapter was trained on {trained_on}, and the network is {base}: load that one.")
    linear = {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.Linear)}
    wanted = {name: (layer.in_features, layer.out_features) for name, layer in linear.items() if _chosen(config, name)}
    there = {name: (update.A.shape[1], update.B.shape[0]) for name, update in updates.items()}
    if wrong := [name for name in {*wanted, *there} if wanted.get(name) != there.get(name)]:
        raise InputError(f"This adapter is for another network: {min(wrong)} does not fit this one.")
    added = add_updates(network, {name: (len(updates[name].A), updates[name].alpha) for name in wanted})
    with torch.no_grad():
        for name, layer in added.items():
            layer.A.copy_(updates[name].A)
            layer.B.copy_(updates[name].B)
    return added


def read_updates(folder: str | Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Read a LoRA that peft has saved as pairs of thin matrices, for weights that are no PyTorch layers.

    Parameters and errors are those of `load_lora`.

    Returns
    -------
    dict of str to (ndarray of shape (n_out, rank), ndarray of shape (rank, n_in))
        ``B`` times its factor, and ``A``, by the name of the layer: ``B @ A`` is to be added to its weights.
    """
    thin = {}
    for name, (A, B, alpha) in _read(Path(folder))[1].items():  # noqa: N806
        precise = torch.promote_types(A.dtype, torch.float32)  # NumPy has no bfloat16
        thin[name] = (alpha / len(A) * B.to(precise)).numpy(), A.to(precise).numpy()
    return thin


def save_lora(network: nn.Module, folder: str | Path, base: str) -> None:
    """Write a network's low-rank updates, and nothing else of it, in the two files that peft reads.

    Parameters
    ----------
    network : torch.nn.Module
        One that `add_lora` has changed (InputError).
    folder : str or Path
        Made if it is not there; one that cannot be written is an InputError.
    base : str
        The network's name, which is kept with the updates.
    """
    from safetensors.torch import save

    layers = {name: layer for name, layer in network.named_modules() if isinstance(layer, LoRALinear)}
    if not layers:
        raise InputError("This network has no low-rank updates to save: add_lora makes them.")
    first, tensors, targets = next(iter(layers.values())), {}, sorted(layers)
    for name, layer in layers.items():
        tensors |= {_key(name, part): getattr(layer, part).detach().contiguous() for part in "AB"}
    others = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    if any(_matches(targets, name) for name in others if name.rpartition(".")[0] not in layers):
        targets = "|".join(map(re.escape, targets))  # peft would take another layer's name for one that ends like it
    config = {
        "base_model_name_or_path": base,
        "bias": "none",
        "lora_alpha": first.alpha,
        "lora_dropout": 0.0,
        "peft_type": "LORA",
        "r": first.rank,
        "target_modules": targets,
    }
    ranks = {f"^{re.escape(name)}": layer.rank for name, layer in layers.items() if layer.rank != first.rank}
    alphas = {f"^{re.escape(name)}": layer.alpha for name, layer in layers.items() if layer.alpha != first.alpha}
    config |= {key: pattern for key, pattern in (("rank_pattern", ranks), ("alpha_pattern", alphas)) if pattern}
    folder = Path(folder)
    save_file(folder / WEIGHTS, save(tensors, {"format": "pt"}))
    save_file(folder / CONFIG, (json.dumps(config, indent=2) + "\n").encode())


def _key(name: str, part: str) -> str:
    """Return the name that peft's file has for A or B of a layer."""
    return f"{_PREFIX}{name}.lora_{part}.weight"


def _read(folder: Path) -> tuple[dict[str, Any], dict[str, Update]]:
    """Return the configuration of an adapter that is a plain update, and its updates by the names of their layers."""
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
    _check_plain(config)
    name_of = re.compile(re.escape(_PREFIX) + r"(.+)\.lora_[AB]\.weight")
    found = {key: name_of.fullmatch(key) for key in tensors}
    if odd := [key for key, match in found.items() if not match or tensors[key].ndim != 2]:
        raise InputError(f"{odd[0].removeprefix(_PREFIX)} is no update of a linear layer: load it with peft.")
    updates = {}
    for name in dict.fromkeys(match[1] for match in found.values()):
        rank, alpha = _size(config, name)
        A, B = (tensors.get(_key(name, part)) for part in "AB")  # noqa: N806
        if A is None or B is None or not len(A) == B.shape[1] == rank:
            raise InputError(f"{CONFIG} says r = {rank} for {name}, and {WEIGHTS} does not: fetch the adapter again.")
        updates[name] = Update(A, B, alpha)
    return config, updates


def _check_plain(config: dict[str, Any]) -> None:
    """Refuse an adapter that does more than to add low-rank updates to weights that are otherwise unchanged."""
    if config.get("peft_type") != "LORA":
        raise InputError(f"This is no LoRA but {config.get('peft_type')}: load it with peft.")
    if (start := config.get("init_lora_weights", True)) not in PLAIN_STARTS:
        raise InputError(
            f"This adapter was made with init_lora_weights = {start!r}, which may depend on data or change the "
            "network's own weights: load it with peft."
        )
    if (bias := config.get("bias", "none")) != "none":
        raise InputError(f"This adapter changes biases as well (bias = {bias!r}): load it with peft.")
    odd = [key for key, value in config.items() if value and key not in HONOURED | WITHOUT_EFFECT]
    if odd:
        raise InputError(f"This LoRA is no plain update of weights, for it sets {', '.join(odd)}: load it with peft.")


def _size(config: dict[str, Any], name: str) -> tuple[int, float]:
    """Return rank and alpha of a layer; with ``use_rslora`` the factor is ``alpha / sqrt(rank)``."""
    rank = _of_layer(config, "rank_pattern", name, config.get("r"))
    alpha = _of_layer(config, "alpha_pattern", name, config.get("lora_alpha"))
    if not is_whole_number(rank) or rank < 1:
        raise InputError(f"{CONFIG} says r = {rank!r} for {name}: it must be a whole number from 1.")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not 0 < alpha < math.inf:
        raise InputError(f"{CONFIG} says lora_alpha = {alpha!r} for {name}: it must be a number above 0.")
    return rank, alpha * math.sqrt(rank) if config.get("use_rslora") else alpha


def _of_layer(config: dict[str, Any], key: str, name: str, usual: object) -> object:
    """Return what the first pattern that fits the end of a layer's name says, and what is usual if none does."""
    patterns = config.get(key) or {}
    if not isinstance(patterns, dict):
        raise InputError(f"{key} in {CONFIG} must give a number for each pattern of names: fetch the adapter again.")
    return next((value for pattern, value in patterns.items() if _match(rf"(.*\.)?({pattern})", name, pattern)), usual)


def _chosen(config: dict[str, Any], name: str) -> bool:
    """Tell whether a linear layer is among those that an adapter changes, by peft's rules."""
    targets, left_out = config.get("target_modules"), config.get("exclude_modules")
    for key, names in (("target_modules", targets), ("exclude_modules", left_out or [])):
        if not isinstance(names, str) and not (isinstance(names, list) and all(isinstance(one, str) for one in names)):
            raise InputError(f"{key} in {CONFIG} must be a pattern or a list of names: fetch the adapter again.")
    if (left_out and _matches(left_out, name)) or not _matches(targets, name):
        return False
    numbers = config.get("layers_to_transform")
    if numbers in (None, []) or isinstance(targets, str) or name in targets:
        return True
    numbers = numbers if isinstance(numbers, list) else [numbers]
    if not all(map(is_whole_number, numbers)):
        raise InputError(f"layers_to_transform in {CONFIG} must be whole numbers: fetch the adapter again.")
    stacks = config.get("layers_pattern") or []
    stacks = [rf"(?:.*?\.)?{stack}" for stack in ([stacks] if isinstance(stacks, str) else stacks)] or [r".*?\.[^.]*"]
    found = next(filter(None, (_match(rf"{stack}\.(?P<number>\d+)\..*", name, stack) for stack in stacks)), None)
    return found is not None and int(found["number"]) in numbers


def _matches(names: str | list[str], name: str) -> bool:
    """Tell whether a name fits a pattern, or one of several names is all of it or its end."""
    if isinstance(names, str):
        return _match(names, name, names) is not None
    return any(f".{name}".endswith(f".{end}") for end in names)


def _match(pattern: str, name: str, written: str) -> re.Match | None:
    try:
        return re.fullmatch(pattern, name)
    except re.error:
        raise InputError(f"The pattern {written!r} in {CONFIG} cannot be read: fetch the adapter again.") from None
