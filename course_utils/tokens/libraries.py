"""Tokenizers that the libraries tokenizers and sentencepiece run."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.errors import InputError
from course_utils.tokens.base import BaseTokenizer
from course_utils.tokens.characters import byte_sources, is_word_border, token_offsets
from course_utils.tokens.vocabulary import byte_level_bytes, sentencepiece_bytes

if TYPE_CHECKING:
    import gguf
    import tokenizers


class Tokenizer(BaseTokenizer):
    """A tokenizer that the library tokenizers runs.

    Parameters
    ----------
    rules : tokenizers.Tokenizer
        The library's own tokenizer. It is changed: names of special tokens are found by `encode` alone from now on.
    special : {"allow", "text", "refuse"} or collection of str
        What `encode` does with the name of a special token inside a text unless it is told otherwise. The default is
        that of the library, for prompts that a chat template made.

    Examples
    --------
    >>> from course_utils.tokens import load_tokenizer
    >>> tokenizer = load_tokenizer("SmolLM2")
    >>> tokenizer.encode("Hello world"), tokenizer.tokens("Hello world")
    ([19556, 905], ['Hello', ' world'])
    >>> tokenizer.decode([19556, 905])
    'Hello world'
    """

    def __init__(self, name: str, rules: tokenizers.Tokenizer, special: str | Collection[str] = "allow"):
        added = rules.get_added_tokens_decoder()
        rules.add_special_tokens([_as_special(token) for token in added.values() if not token.special])
        special_tokens = {token.content: number for number, token in added.items()}
        super().__init__(name, special_tokens, rules.get_vocab_size(), special)
        self.rules = rules
        self.rules.encode_special_tokens = True
        self._has_words = rules.pre_tokenizer is not None
        model, decoder = type(rules.model).__name__, type(rules.decoder).__name__
        self._over_bytes = decoder == "ByteLevel"
        self.method = "BPE over bytes" if self._over_bytes else {"BPE": "BPE over characters"}.get(model, model)

    def _encode_ordinary(self, text: str) -> list[int]:
        return self.rules.encode(text, add_special_tokens=False).ids

    def _ordinary_offsets(self, text: str) -> list[tuple[int, int]]:
        found = self.rules.encode(text, add_special_tokens=False)
        lengths = [len(self._data(token)) for token in found.ids] if self._over_bytes else []
        if sum(lengths) == len(text.encode()) or not self._over_bytes:
            return found.offsets
        # Bytes that the vocabulary lacks were left out, and the library counts on as if the text had been without them.
        sources = byte_sources(text, left_out=self._missing_bytes)
        return token_offsets(lengths, sources) if sum(lengths) == len(sources) else found.offsets

    @functools.cached_property
    def _missing_bytes(self) -> bytes:
        return bytes(set(range(256)) - {data[0] for _, data in self.vocabulary() if len(data) == 1})

    def _data(self, token: int) -> bytes:
        if token in self._special_names:
            return self._special_names[token].encode()
        return self._bytes_of(self.rules.id_to_token(token))

    def _exists(self, token: int) -> bool:
        return token < 2**32 and self.rules.id_to_token(token) is not None

    def _highest_id(self) -> int:
        return max(self.rules.get_vocab().values())

    def _ordinary_tokens(self) -> Iterator[tuple[int, bytes]]:
        for name, number in self.rules.get_vocab(with_added_tokens=False).items():
            if number not in self._special_names:
                yield number, self._bytes_of(name)

    def _decode(self, ids: list[int]) -> str:
        return super()._decode(ids) if self._over_bytes else self.rules.decode(ids, skip_special_tokens=False)

    def _may_cut(self, before: str, after: str) -> bool:
        return self._has_words and is_word_border(before, after)

    def _bytes_of(self, name: str) -> bytes:
        return byte_level_bytes(name) if self._over_bytes else sentencepiece_bytes(name)


class SentencePieceTokenizer(BaseTokenizer):
    """A tokenizer that the library sentencepiece runs.

    Parameters
    ----------
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

        try:
            self._model = sentencepiece.SentencePieceProcessor(model_file=str(path))
        except (OSError, RuntimeError) as error:
            raise InputError(
                f"{Path(path).name} is no SentencePiece model that can be read: check the path."
            ) from error
        self.method = method
        size = self._model.get_piece_size()
        self._newline = self._model.piece_to_id(newline) if newline else None
        if newline and self._model.id_to_piece(self._newline) != newline:
            raise InputError(f"{Path(path).name} has no token {newline!r} for the end of a line: leave newline out.")
        self._adds_space = self._model.normalize("x").startswith("▁")
        no_text = (n for n in range(size) if self._model.is_control(n) or self._model.is_unknown(n))
        super().__init__(name, {self._model.id_to_piece(n): n for n in no_text if n != self._newline}, size)

    def _encode_ordinary(self, text: str) -> list[int]:
        first, *others = self._lines(text)
        ids = self._model.encode(first)
        for line in others:
            ids += [self._newline, *self._model.encode(line)]
        return ids

    def _ordinary_offsets(self, text: str) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        start = 0
        for line in self._lines(text):
            found += [(start - 1, start)] if start else []  # the line end
            found += [(start + first, start + last) for first, last in self._offsets_in_line(line)]
            start += len(line) + 1
        return found

    def _offsets_in_line(self, line: str) -> list[tuple[int, int]]:
        """Follow the tokens' bytes back through the model's own normalisation, which knows where each came from."""
        normal, starts = self._model.normalize(line, with_offsets=True)
        sources, end = [], len(line)
        for n, character in reversed(list(enumerate(normal))):  # from the right: what became several has one end
            end = starts[n + 1] if starts[n + 1] > starts[n] else end
            added = n == 0 and self._adds_space
            sources += [(starts[n], starts[n] if added else end)] * len(sentencepiece_bytes(character))
        names = self._model.encode(line, out_type=str)
        return token_offsets((len(sentencepiece_bytes(name)) for name in names), sources[::-1])

    def _data(self, token: int) -> bytes:
        return b"\n" if token == self._newline else sentencepiece_bytes(self._model.id_to_piece(token))

    def _exists(self, token: int) -> bool:
        return token < self.vocabulary_size

    def _highest_id(self) -> int:
        return self.vocabulary_size - 1

    def _ordinary_tokens(self) -> Iterator[tuple[int, bytes]]:
        return ((n, self._data(n)) for n in range(self.vocabulary_size) if n not in self._special_names)

    def _decode(self, ids: list[int]) -> str:
        lines: list[list[int]] = [[]]
        for token in ids:
            if token == self._newline:
                lines.append([])
            else:
                lines[-1].append(token)
        return "\n".join(self._model.decode(line) for line in lines)

    def _may_cut(self, before: str, after: str) -> bool:
        if self._newline is not None:
            return before == "\n"
        return after == " " and not before.isspace() and not self._tokens_cross_words

    @functools.cached_property
    def _tokens_cross_words(self) -> bool:
        names = map(self._model.id_to_piece, range(self.vocabulary_size))
        return any("▁" in name.lstrip("▁") for name in names)

    def _lines(self, text: str) -> list[str]:
        return [text] if self._newline is None else text.split("\n")


def _as_special(token: tokenizers.AddedToken) -> tokenizers.AddedToken:
    token.special = True
    return token


def tokenizer_from_gguf(reader: gguf.GGUFReader) -> tokenizers.Tokenizer:
    """Build the byte-level BPE tokenizer of a GGUF file whose pre-split is ``smollm``: single digits, then GPT-2's."""
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
