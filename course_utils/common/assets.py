"""The models and the texts of the course, as pinned in ``data/assets.json``, and where they lie once fetched."""

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
    """Return the folder of the sentence encoder MiniLM, fetched and verified.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    return fetch(ASSETS["minilm"]) / "model"


def smollm2_path() -> Path:
    """Return the GGUF file of the language model SmolLM2, fetched and verified.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    asset = ASSETS["smollm2"]
    return fetch(asset) / asset.members[0].name


def wikipedia_path(language: str = "en") -> Path:
    """Return the JSON file of Wikipedia's summaries in one language, fetched and verified.

    Parameters
    ----------
    language : {"en", "es", "fr"}
        English, Spanish or French.

    Raises
    ------
    InputError
        If there is no text in that language.
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    if language not in LANGUAGES:
        raise InputError(f"There is no Wikipedia text in {language!r}; choose one of {', '.join(LANGUAGES)}.")
    return fetch(ASSETS["wikipedia"]) / f"data/summaries_{LANGUAGES[language]}.json"


def tokenizer_path(name: str) -> Path:
    """Return the file with a tokenizer's vocabulary, fetched and verified.

    Parameters
    ----------
    name : str
        The name of the file, such as ``"cl100k.vocab"`` or ``"tekken_240718.json"``.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    for asset in ASSETS.values():
        for member in asset.members:
            if asset.name.endswith("-vocabularies") and Path(member.name).name == name:
                return fetch(asset) / member.name
    raise InputError(f"The course has no vocabulary {name!r}.")
