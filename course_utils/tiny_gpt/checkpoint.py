"""A trained tiny GPT on disk: its weights in a safetensors file, and its plan in the file's metadata as JSON."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from course_utils.common.errors import InputError
from course_utils.common.files import save_file
from course_utils.tiny_gpt.model import Plan, TinyGPT

PLAN = "tiny_gpt_plan"  # the entry of the metadata


def save_checkpoint(model: TinyGPT, path: str | Path) -> None:
    """Write a model's weights and plan into one file, such as ``"tiny.safetensors"``, without the optimiser's state.

    The file is written under another name and renamed when it is whole. InputError says if it cannot be written.
    """
    from safetensors.torch import save

    weights = {name: weight.contiguous() for name, weight in model.state_dict().items()}
    save_file(Path(path), save(weights, {"format": "pt", PLAN: json.dumps(dataclasses.asdict(model.plan))}))


def load_checkpoint(path: str | Path) -> TinyGPT:
    """Read a model that `save_checkpoint` wrote; nothing in the file is executed, as it would be with a pickle.

    Raises
    ------
    InputError
        If the file is missing, or holds anything but a tiny GPT and its plan.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        with safe_open(path, "pt") as file:
            written = (file.metadata() or {}).get(PLAN)
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise InputError(f"There is no file {path.name} there: save_checkpoint(model, path) writes one.") from None
    except (SafetensorError, OSError):
        raise InputError(
            f"{path.name} is no whole safetensors file: save_checkpoint(model, path) writes one."
        ) from None
    try:
        model = TinyGPT(Plan(**json.loads(written or "")))
        model.load_state_dict(weights)
    except (ValueError, TypeError, RuntimeError):  # no plan, another one's, or weights of other names and sizes
        raise InputError(
            f"{path.name} is no checkpoint of a TinyGPT: save_checkpoint(model, path) writes one."
        ) from None
    return model
