"""Tokens: the pieces of text, each with a number, that a language model reads and writes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.assets import smollm2_path

if TYPE_CHECKING:
    import gguf
    import tokenizers


class Tokenizer:
    """Text to ids and back, by the rules of one language model.

    Parameters
    ----------
    name : str
        The name of the model it belongs to.
    rules : tokenizers.Tokenizer
        The tokenizer itself.

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

    def __init__(self, name: str, rules: tokenizers.Tokenizer):
        self.name, self._rules = name, rules

    @property
    def vocabulary_size(self) -> int:
        """How many different tokens there are."""
        return self._rules.get_vocab_size()

    def encode(self, text: str) -> list[int]:
        """Return the ids of the tokens of ``text``."""
        return self._rules.encode(text).ids

    def decode(self, ids: list[int]) -> str:
        """Return the text of ``ids``; bytes that are no whole character come out as the replacement character."""
        return self._rules.decode(ids, skip_special_tokens=False)

    def tokens(self, text: str) -> list[str]:
        """Return the piece of text behind each id."""
        return [self.decode([token]) for token in self.encode(text)]


@functools.lru_cache(maxsize=1)
def load_tokenizer(name: str) -> Tokenizer:
    """Load the tokenizer of SmolLM2, out of the model's own file.

    Parameters
    ----------
    name : {"SmolLM2"}
        The model.
    """
    import gguf

    return Tokenizer(name, from_gguf(gguf.GGUFReader(Path(smollm2_path()))))


def from_gguf(reader: gguf.GGUFReader) -> tokenizers.Tokenizer:
    """Build the byte-level BPE tokenizer that a GGUF file describes.

    Parameters
    ----------
    reader : gguf.GGUFReader
        An open GGUF file whose pre-tokenizer is ``smollm``: digits alone, then GPT-2's pattern.
    """
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
    control = gguf_control_token()
    rules.add_special_tokens([AddedToken(w, special=True) for w, kind in zip(words, kinds, strict=True) if kind == control])
    return rules


def gguf_control_token() -> int:
    """Return the number by which GGUF files mark a special token."""
    import gguf

    return int(gguf.TokenType.CONTROL)
