"""A model as files that hold no code, and a version made from the hashes of its data, its code and its weights."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from course_utils.common.errors import InputError
from course_utils.common.files import save_file
from course_utils.shipping.models import TopicModel

WEIGHTS, CARD = "model.safetensors", "model.json"


def fingerprint(data: bytes | str) -> str:
    """Return the SHA-256 hash of some bytes, or of a text, as 64 hexadecimal digits.

    Examples
    --------
    >>> fingerprint("snow")[:12], fingerprint("Snow")[:12]
    ('a746222f09d8', '4f946da92e82')
    """
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def version_of(parts: Mapping[str, str]) -> str:
    """Return a version made from the names and hashes of all parts, whatever their order: eight digits.

    Examples
    --------
    >>> version_of({"data": "a1", "code": "b2"}) == version_of({"code": "b2", "data": "a1"})
    True
    """
    return fingerprint(json.dumps(dict(sorted(parts.items()))))[:8]


def save_model(folder: Path, model: TopicModel, parts: Mapping[str, str]) -> dict:
    """Write a model into a folder and return its card, which is what ``model.json`` holds.

    Parameters
    ----------
    folder : Path
        Gets the weights as ``model.safetensors``, which are numbers and their names, and the card.
    parts : mapping of str to str
        Hashes of what the model was made from, such as its data and its code; those of what is shipped are added.
    """
    from safetensors.numpy import save

    weights = save({"W": np.ascontiguousarray(model.W), "scale": np.ascontiguousarray(model.scale)})
    parts = {**parts, **shipped_hashes(weights, model.topics, model.words)}
    card = {"version": version_of(parts), "parts": parts, "topics": list(model.topics), "words": list(model.words)}
    save_file(Path(folder) / WEIGHTS, weights)
    save_file(Path(folder) / CARD, json.dumps(card).encode())
    return card


def shipped_hashes(weights: bytes, topics: Sequence[str], words: Sequence[str]) -> dict[str, str]:
    """Return the hashes of what the files of a model hold: its weights, its topics in their order, and its words.

    Examples
    --------
    >>> shipped_hashes(b"", ("a", "b"), ())["topics"] == shipped_hashes(b"", ("b", "a"), ())["topics"]
    False
    """
    texts = {"topics": "\n".join(topics), "words": "\n".join(words)}
    return {"weights": fingerprint(weights)} | {name: fingerprint(text) for name, text in texts.items()}


def load_model(folder: Path) -> tuple[TopicModel, str]:
    """Read a model that `save_model` wrote, and its version; InputError if a file is not the one of its hash."""
    from safetensors.numpy import load

    folder = Path(folder)
    if missing := [name for name in (WEIGHTS, CARD) if not (folder / name).is_file()]:
        raise InputError(f"{missing[0]} is missing: write the model with save_model.")
    card, weights = json.loads((folder / CARD).read_text(encoding="utf-8")), (folder / WEIGHTS).read_bytes()
    found = {**card["parts"], **shipped_hashes(weights, card["topics"], card["words"])}
    if wrong := [name for name in found if found[name] != card["parts"].get(name)]:
        raise InputError(f"The {wrong[0]} are not those of version {card['version']}: fetch the model again.")
    if version_of(found) != card["version"]:
        raise InputError(f"The card's parts do not make version {card['version']}: fetch the model again.")
    arrays = load(weights)
    return TopicModel(tuple(card["topics"]), arrays["W"], arrays["scale"], tuple(card["words"])), card["version"]
