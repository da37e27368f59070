"""Tokenizers that the libraries tokenizers and sentencepiece run, and how their files write bytes."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.tokens.base import BaseTokenizer

if TYPE_CHECKING:
    import gguf
    import tokenizers


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
    >>> from course_utils.tokens import load_tokenizer
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
    >>> from course_utils.tokens import load_tokenizer
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


def _as_special(token: tokenizers.AddedToken) -> tokenizers.AddedToken:
    token.special = True
    return token


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


def tokenizer_from_gguf(reader: gguf.GGUFReader) -> tokenizers.Tokenizer:
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
