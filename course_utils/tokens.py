"""Tokens: the pieces of text, each with a number, that a language model reads and writes.

The tokenizers of ten models behind one small interface; `BPETokenizer` is written to be read, in ``bpe.py``.
"""

from __future__ import annotations

import base64
import difflib
import functools
import json
import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.assets import hub_file, minilm_path, smollm2_path, tokenizer_path
from course_utils.bpe import GPT4_SPLIT, SMOLLM2_SPLIT, BPETokenizer, learn_merges
from course_utils.chips import TokenView, show_tokens
from course_utils.errors import CourseError, InputError
from course_utils.tokenizer import BaseTokenizer, Piece

if TYPE_CHECKING:
    import gguf
    import tokenizers

__all__ = [
    "GPT4_SPLIT",
    "SMOLLM2_SPLIT",
    "BPETokenizer",
    "BaseTokenizer",
    "Piece",
    "SentencePieceTokenizer",
    "TokenView",
    "Tokenizer",
    "from_gguf",
    "learn_merges",
    "load_tokenizer",
    "show_tokens",
    "tokenizer_names",
]

_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
# Words in capitals, in small letters, or with one capital; marks count as letters.
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s"
)
_SIGNS_AND_SLASH = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3_SPLIT = "|".join([_ENDINGS, _LETTERS, r"\p{N}{1,3}", _SIGNS])
QWEN3_SPLIT = "|".join([_ENDINGS, _LETTERS, r"\p{N}", _SIGNS])
GPT4O_SPLIT = "|".join([_CASED % (_ENDINGS + "?", _ENDINGS + "?"), r"\p{N}{1,3}", _SIGNS_AND_SLASH])
TEKKEN_SPLIT = "|".join([_CASED % ("", ""), r"\p{N}", _SIGNS_AND_SLASH])


class Tokenizer(BaseTokenizer):
    """A tokenizer that the library tokenizers runs.

    Parameters
    ----------
    name : str
        The name of the model it belongs to.
    rules : tokenizers.Tokenizer
        The tokenizer itself.
    special : {"allow", "text", "refuse"}
        What `encode` does with the name of a special token inside a text unless it is told otherwise. The default is
        that of the library, for prompts that a chat template made.

    Examples
    --------
    >>> tokenizer = load_tokenizer("SmolLM2")
    >>> tokenizer.encode("Hello world")
    [19556, 905]
    >>> tokenizer.tokens("Hello world")
    ['Hello', ' world']
    >>> tokenizer.decode([19556, 905])
    'Hello world'
    """

    def __init__(self, name: str, rules: tokenizers.Tokenizer, special: str = "allow"):
        added = rules.get_added_tokens_decoder()
        rules.add_special_tokens([_as_special(token) for token in added.values() if not token.special])
        super().__init__(name, {token.content: number for number, token in added.items()}, special)
        self._rules = rules
        self._rules.encode_special_tokens = True  # names of special tokens are found here, by `encode`, and not there
        model, decoder = type(rules.model).__name__, type(rules.decoder).__name__
        self._over_bytes = decoder == "ByteLevel"
        self.method = "BPE over bytes" if self._over_bytes else {"BPE": "BPE over characters"}.get(model, model)

    @property
    def vocabulary_size(self) -> int:
        """How many different tokens there are, the special ones among them."""
        return self._rules.get_vocab_size()

    def token_bytes(self, token: int) -> bytes:
        """Return what the token with this id stands for."""
        if token in self._special_names:
            return self._special_names[token].encode()
        return self._bytes_of(self._rules.id_to_token(token))

    def vocabulary(self) -> Iterator[tuple[int, bytes]]:
        """Go through all tokens that stand for text: the id and the bytes of each."""
        for name, number in self._rules.get_vocab(with_added_tokens=False).items():
            if number not in self._special_names:
                yield number, self._bytes_of(name)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; bytes that are no whole character come out as the replacement character.

        Raises
        ------
        InputError
            If there is no token with one of the ids.
        """
        if self._over_bytes:
            return super().decode(ids)
        return self._rules.decode(self._checked(ids), skip_special_tokens=False)

    def _encode_ordinary(self, text: str) -> list[int]:
        return self._rules.encode(text, add_special_tokens=False).ids

    def _bytes_of(self, name: str) -> bytes:
        return bytes_of(name) if self._over_bytes else piece_bytes(name)

    def _exists(self, token: int) -> bool:
        return 0 <= token < 2**32 and self._rules.id_to_token(token) is not None


class SentencePieceTokenizer(BaseTokenizer):
    """A tokenizer that the library sentencepiece runs.

    Parameters
    ----------
    name : str
        The name of the model it belongs to.
    path : str or Path
        A SentencePiece model.
    method : str
        How the vocabulary was made.
    newline : str
        The token for the end of a line, if the model has one of its own.

    Examples
    --------
    >>> load_tokenizer("Mistral 7B").tokens("bytes: 🦙")
    [' bytes', ':', ' ', '�', '�', '�', '�']
    """

    def __init__(self, name: str, path: str | Path, method: str, newline: str = ""):
        import sentencepiece

        self._model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        self.method = method
        size = self._model.get_piece_size()
        self._newline = self._model.piece_to_id(newline) if newline else None
        no_text = (n for n in range(size) if self._model.is_control(n) or self._model.is_unknown(n))
        super().__init__(name, {self._model.id_to_piece(n): n for n in no_text if n != self._newline})

    @property
    def vocabulary_size(self) -> int:
        """How many different tokens there are, the special ones among them."""
        return self._model.get_piece_size()

    def token_bytes(self, token: int) -> bytes:
        """Return what the token with this id stands for."""
        return b"\n" if token == self._newline else piece_bytes(self._model.id_to_piece(token))

    def vocabulary(self) -> Iterator[tuple[int, bytes]]:
        """Go through all tokens that stand for text: the id and the bytes of each."""
        return ((n, self.token_bytes(n)) for n in range(self.vocabulary_size) if n not in self._special_names)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; bytes that are no whole character come out as the replacement character.

        Raises
        ------
        InputError
            If there is no token with one of the ids.
        """
        lines: list[list[int]] = [[]]
        for token in self._checked(ids):
            if token == self._newline:
                lines.append([])
            else:
                lines[-1].append(token)
        return "\n".join(self._model.decode(line) for line in lines)

    def _encode_ordinary(self, text: str) -> list[int]:
        if self._newline is None:
            return self._model.encode(text)
        first, *others = text.split("\n")
        ids = self._model.encode(first)
        for line in others:
            ids += [self._newline, *self._model.encode(line)]
        return ids


def tokenizer_names(hub: bool = False) -> list[str]:
    """Return the names that `load_tokenizer` takes.

    Parameters
    ----------
    hub : bool
        Also those that a model hub has to be asked for.

    Examples
    --------
    >>> tokenizer_names()[:3]
    ['BERT', 'J2', 'Mistral 7B']
    """
    return [*_LOADERS, *(_HUB if hub else ())]


def load_tokenizer(name: str) -> BaseTokenizer:
    """Load the tokenizer of a language model.

    Parameters
    ----------
    name : str
        One of `tokenizer_names`; capitals do not matter.

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
    return _load(names[name.lower()])


@functools.cache
def _load(name: str) -> BaseTokenizer:
    return _LOADERS[name](name) if name in _LOADERS else _from_hub(name)


def from_gguf(reader: gguf.GGUFReader) -> tokenizers.Tokenizer:
    """Build the byte-level BPE tokenizer that a GGUF file describes.

    Parameters
    ----------
    reader : gguf.GGUFReader
        An open GGUF file whose pre-tokenizer is ``smollm``: digits alone, then GPT-2's pattern.
    """
    import gguf
    from tokenizers import AddedToken, decoders, models, pre_tokenizers
    from tokenizers import Tokenizer as Rules

    words = reader.fields["tokenizer.ggml.tokens"].contents()
    kinds = reader.fields["tokenizer.ggml.token_type"].contents()
    merges = [tuple(merge.split(" ")) for merge in reader.fields["tokenizer.ggml.merges"].contents()]
    rules = Rules(models.BPE({word: number for number, word in enumerate(words)}, merges))
    rules.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    rules.decoder = decoders.ByteLevel()
    control = int(gguf.TokenType.CONTROL)
    rules.add_special_tokens(
        [AddedToken(w, special=True) for w, kind in zip(words, kinds, strict=True) if kind == control]
    )
    return rules


@functools.lru_cache(maxsize=1)
def byte_alphabet() -> dict[str, int]:
    """Return the letters that stand for the 256 bytes in the files of byte-level tokenizers: each letter's byte.

    Bytes that print stand for themselves; the others, the space among them, borrow a letter from U+0100 on.
    """
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printing)]
    return {chr(byte): byte for byte in printing} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


def bytes_of(name: str) -> bytes:
    """Turn a token's name in the byte alphabet into its bytes.

    Examples
    --------
    >>> bytes_of("Ġworld")
    b' world'
    """
    alphabet = byte_alphabet()
    return bytes(alphabet[letter] for letter in name)


def piece_bytes(name: str) -> bytes:
    r"""Turn SentencePiece's name of a piece into its bytes: ``▁`` is a space, ``<0x0A>`` a single byte.

    Examples
    --------
    >>> piece_bytes("▁world"), piece_bytes("<0x0A>")
    (b' world', b'\n')
    """
    if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
        return bytes([int(name[3:5], 16)])
    return name.replace("▁", " ").encode()


def read_ranks(path: Path, id_first: bool = False) -> dict[bytes, int]:
    """Read a vocabulary in quicktok's form: a count, then for each token its length, its bytes and its id.

    The files of special tokens have the same three with the id first.
    """
    data = path.read_bytes()
    (count,), place, ranks = struct.unpack_from("<I", data), 4, {}
    before, after = (4, 0) if id_first else (0, 4)
    for _ in range(count):
        start = place + before + 2
        end = start + int.from_bytes(data[start - 2 : start], "little")
        number = data[place : place + 4] if id_first else data[end : end + 4]
        ranks[data[start:end]] = int.from_bytes(number, "little")
        place = end + after
    return ranks


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


def _as_special(token: tokenizers.AddedToken) -> tokenizers.AddedToken:
    token.special = True
    return token


def _smollm2(name: str) -> Tokenizer:
    import gguf

    return Tokenizer(name, from_gguf(gguf.GGUFReader(smollm2_path())), "text")


def _from_hub(name: str) -> Tokenizer:
    try:
        return Tokenizer(name, _rules(hub_file(_HUB[name], "tokenizer.json")), "text")
    except CourseError as error:
        raise CourseError(
            f"The tokenizer of {name} lives on a model hub, and none answers here. The course does not need it: "
            f"{len(_LOADERS)} others are on this computer, see tokenizer_names()."
        ) from error


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
