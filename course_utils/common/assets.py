"""The models and the texts of the course, as pinned in ``data/assets.json``, and where they lie once fetched.

Each function returns the path of a file or a folder that is whole. What is not in the cache is fetched first, and if
that fails, a `CourseError` says what to do.
"""

from __future__ import annotations

import json
from pathlib import Path

from course_utils.common import DATA
from course_utils.common.download import Asset, Member, fetch
from course_utils.common.errors import InputError


def _read_pins() -> dict[str, Asset]:
    pins = json.loads((DATA / "assets.json").read_text(encoding="utf-8"))
    return {
        name: Asset(
            name,
            members=tuple(Member(path, **facts) for path, facts in pin.pop("files").items()),
            pip_options=tuple(pin.pop("pip_options", ())),
            **pin,
        )
        for name, pin in pins.items()
    }


ASSETS = _read_pins()
LANGUAGES = {"en": "en-us", "es": "es-es", "fr": "fr-fr"}


def minilm_path() -> Path:
    """Return the folder of the sentence encoder MiniLM."""
    return fetch(ASSETS["minilm"]) / "model"


def smollm2_path() -> Path:
    """Return the GGUF file of the language model SmolLM2."""
    asset = ASSETS["smollm2"]
    return fetch(asset) / asset.members[0].name


def efficientnet_path() -> Path:
    """Return the file with the weights of EfficientNet-lite0, the network that sees."""
    asset = ASSETS["efficientnet"]
    return fetch(asset) / asset.members[0].name


def wikipedia_path(language: str = "en") -> Path:
    """Return the JSON file of Wikipedia's summaries in English (``"en"``), Spanish (``"es"``) or French (``"fr"``)."""
    if language not in LANGUAGES:
        raise InputError(f"There is no Wikipedia text in {language!r}; choose one of {', '.join(LANGUAGES)}.")
    return fetch(ASSETS["wikipedia"]) / f"data/summaries_{LANGUAGES[language]}.json"


def adult_path(name: str = "adult.data") -> Path:
    """Return a file of the Adult census, ``"adult.data"`` (32,561 people) or ``"adult.test"`` (16,281)."""
    if name not in ("adult.data", "adult.test"):
        raise InputError(f"The Adult census has the files adult.data and adult.test, and no {name!r}.")
    return fetch(ASSETS["adult"]) / f"dataset/adult/{name}"


def compas_path() -> Path:
    """Return ProPublica's table of people with a COMPAS score in Broward County (7,214 people)."""
    return fetch(ASSETS["adult"]) / "dataset/compas/compas-scores-two-years.csv"


def italy_power_path(part: str = "TRAIN") -> Path:
    """Return a file with days of Italy's electricity demand, ``"TRAIN"`` (67 days) or ``"TEST"`` (1,029)."""
    if part not in ("TRAIN", "TEST"):
        raise InputError(f"The days come in the parts TRAIN and TEST, and there is no {part!r}.")
    return fetch(ASSETS["italy-power"]) / f"datasets/data/ItalyPowerDemand/ItalyPowerDemand_{part}.ts"


def tokenizer_path(name: str) -> Path:
    """Return the file with a tokenizer's vocabulary, such as ``"cl100k.vocab"`` or ``"tekken_240718.json"``."""
    for asset in ASSETS.values():
        for member in asset.members:
            if asset.name.endswith("-vocabularies") and Path(member.name).name == name:
                return fetch(asset) / member.name
    raise InputError(f"The course has no vocabulary {name!r}.")
