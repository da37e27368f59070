"""The tokenizers of ten models, each loaded by its name."""

from __future__ import annotations

import base64
import difflib
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.assets import minilm_path, smollm2_path, tokenizer_path
from course_utils.common.errors import CourseError, InputError
from course_utils.common.gguf_file import open_gguf
from course_utils.common.online import hub_file
from course_utils.tokens.base import BaseTokenizer
from course_utils.tokens.bpe import BPETokenizer
from course_utils.tokens.libraries import SentencePieceTokenizer, Tokenizer, tokenizer_from_gguf
from course_utils.tokens.splits import GPT4_SPLIT, GPT4O_SPLIT, LLAMA3_SPLIT, QWEN3_SPLIT, TEKKEN_SPLIT
from course_utils.tokens.vocabulary import read_ranks

if TYPE_CHECKING:
    import tokenizers


def tokenizer_names(hub: bool = False) -> list[str]:
    """Return the names that `load_tokenizer` takes; ``hub``: also those that a model hub has to be asked for.

    Examples
    --------
    >>> tokenizer_names()[:3]
    ['BERT', 'J2', 'Mistral 7B']
    """
    return [*_LOADERS, *(_HUB if hub else ())]


def load_tokenizer(name: str) -> BaseTokenizer:
    """Load the tokenizer of a language model, one of `tokenizer_names`; a second call returns the same one.

    Raises
    ------
    InputError
        If there is no tokenizer of that name; the message names the nearest.
    CourseError
        If it is one of the hub's, and no hub answers.
    """
    if not isinstance(name, str):
        raise InputError(f"load_tokenizer takes a name such as 'SmolLM2', and this is {type(name).__name__}.")
    names = {known.lower(): known for known in tokenizer_names(hub=True)}
    if name.lower() not in names:
        near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.3)
        hint = f"did you mean {names[near[0]]!r}? " if near else ""
        raise InputError(f"There is no tokenizer {name!r}: {hint}There are {', '.join(names.values())}.")
    name = names[name.lower()]
    if name not in _LOADED:
        _LOADED[name] = _LOADERS[name](name) if name in _LOADERS else _from_hub(name)
    return _LOADED[name]


def unload_tokenizers() -> None:
    """Forget all loaded tokenizers, so that their memory is free once nothing else uses them."""
    _LOADED.clear()


def _ranked(file: str, split: str, normalisation: str = "") -> Callable[[str], BPETokenizer]:
    def load(name: str) -> BPETokenizer:
        special = read_ranks(tokenizer_path(f"{file}.special"), id_first=True)
        names = {token.decode(): number for token, number in special.items()}
        return BPETokenizer(read_ranks(tokenizer_path(f"{file}.vocab")), split, names, normalisation, name=name)

    return load


def _tekken(name: str) -> BPETokenizer:
    """Tekken keeps its first 1,000 ids for special tokens, and of its vocabulary the model uses 130,072."""
    content = json.loads(tokenizer_path("tekken_240718.json").read_text(encoding="utf-8"))
    n_special = content["config"]["default_num_special_tokens"]
    n_text = content["config"]["default_vocab_size"] - n_special
    ranks = {base64.b64decode(token["token_bytes"]): n_special + token["rank"] for token in content["vocab"][:n_text]}
    named = ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"]
    special = {token: number for number, token in enumerate(named)}
    special |= {f"<SPECIAL_{number}>": number for number in range(len(named), n_special)}
    return BPETokenizer(ranks, TEKKEN_SPLIT, special, name=name)


def _bert(name: str) -> Tokenizer:
    rules = _rules(minilm_path() / "tokenizer.json")
    rules.no_truncation()
    rules.no_padding()
    return Tokenizer(name, rules, "text")


def _rules(path: Path) -> tokenizers.Tokenizer:
    from tokenizers import Tokenizer as Rules

    return Rules.from_str(path.read_text(encoding="utf-8"))


def _smollm2(name: str) -> Tokenizer:
    return Tokenizer(name, tokenizer_from_gguf(open_gguf(smollm2_path())), "text")


def _from_hub(name: str) -> Tokenizer:
    try:
        return Tokenizer(name, _rules(hub_file(_HUB[name], "tokenizer.json")), "text")
    except CourseError as error:
        raise CourseError(
            f"The tokenizer of {name} lives on a model hub, and none answers here. The course does not need it: "
            f"{len(_LOADERS)} others are on this computer, see tokenizer_names()."
        ) from error


_LOADED: dict[str, BaseTokenizer] = {}
_LOADERS: dict[str, Callable[[str], BaseTokenizer]] = {
    "BERT": _bert,
    "J2": lambda name: SentencePieceTokenizer(name, tokenizer_path("j2-tokenizer.model"), "Unigram", "<|newline|>"),
    "Mistral 7B": lambda name: SentencePieceTokenizer(
        name, tokenizer_path("tokenizer.model.v1"), "BPE over characters"
    ),
    "GPT-4": _ranked("cl100k", GPT4_SPLIT),
    "GPT-4o": _ranked("o200k", GPT4O_SPLIT),
    "Llama 3": _ranked("llama3", LLAMA3_SPLIT),
    "Qwen 3": _ranked("qwen3", QWEN3_SPLIT, "NFC"),
    "Tekken": _tekken,
    "DeepSeek": lambda name: Tokenizer(name, _rules(tokenizer_path("tokenizer.json")), "text"),
    "SmolLM2": _smollm2,
}
_HUB = {
    "GPT-2": "openai-community/gpt2",
    "FlanT5": "google/flan-t5-small",
    "StarCoder2": "bigcode/starcoder2-3b",
    "Phi-3": "microsoft/Phi-3-mini-4k-instruct",
}
