"""What every tokenizer of the course can do, whatever its rules are."""

from __future__ import annotations

import functools
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from course_utils.common.errors import InputError

UNKNOWN = "𓂀"  # a hieroglyph that no vocabulary here holds
SPECIAL = ("text", "allow", "refuse")


@dataclass(frozen=True)
class Piece:
    """One token of a text: its id, its bytes, and whether it is a special token such as an end of text.

    Examples
    --------
    >>> Piece(19556, b"Hello").text
    'Hello'
    """

    id: int
    data: bytes
    special: bool = False

    @property
    def text(self) -> str:
        """The bytes as text; those that are no whole character come out as the replacement character."""
        return self.data.decode("utf-8", "replace")


class BaseTokenizer(ABC):
    """What every tokenizer of the course can do: text to ids, ids to text, and the pieces in between.

    Parameters
    ----------
    name : str
        The model it belongs to.
    special_tokens : mapping of str to int
        Tokens that stand for no text, such as the end of one: their names and ids.
    special : {"text", "allow", "refuse"}
        What `encode` does with such a name inside a text unless it is told otherwise.
    """

    method = "its own rules"

    def __init__(self, name: str, special_tokens: Mapping[str, int], special: str = "text"):
        self.name, self.special_tokens, self.special = name, dict(special_tokens), special
        self._special_names = {number: token for token, number in self.special_tokens.items()}

    def __repr__(self) -> str:
        return f"<tokenizer {self.name}: {self.vocabulary_size:,} tokens>"

    @functools.cached_property
    def _special_split(self) -> re.Pattern[str]:
        longest_first = sorted(self.special_tokens, key=len, reverse=True)
        return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")

    @property
    @abstractmethod
    def vocabulary_size(self) -> int:
        """How many different tokens there are, the special ones among them."""

    @abstractmethod
    def token_bytes(self, token: int) -> bytes:
        """Return what the token with this id stands for."""

    @abstractmethod
    def vocabulary(self) -> Iterator[tuple[int, bytes]]:
        """Go through all tokens that stand for text: the id and the bytes of each."""

    @abstractmethod
    def _encode_ordinary(self, text: str) -> list[int]: ...

    def encode(self, text: str, special: str | None = None) -> list[int]:
        """Return the ids of the tokens of ``text``.

        Parameters
        ----------
        text : str
            Any text, an empty one too.
        special : {"text", "allow", "refuse"}, optional
            What to do with the name of a special token inside ``text``: read it as the ordinary letters that it is made
            of (what a stranger wrote must never become a command), make it the special token, or raise. Tokenizers of
            `load_tokenizer` read letters when it is left out.

        Raises
        ------
        InputError
            If the text is no string, holds half a character (a lone surrogate), or a special token that is refused.
        """
        check_text(text)
        special = self.special if special is None else special
        if special not in SPECIAL:
            raise InputError(f"special must be one of {', '.join(map(repr, SPECIAL))}, and {special!r} is not.")
        if special == "text":
            return self._encode_ordinary(text)
        ids = []
        for part in self._special_split.split(text):
            if part not in self.special_tokens:
                ids += self._encode_ordinary(part) if part else []
            elif special == "allow":
                ids.append(self.special_tokens[part])
            else:
                raise InputError(
                    f"The text holds the special token {part}: a stranger's text must not give commands. Write "
                    'special="text" to read it as letters, or special="allow" if you put it there yourself.'
                )
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; bytes that are no whole character come out as the replacement character.

        Raises
        ------
        InputError
            If there is no token with one of the ids.
        """
        return b"".join(self.token_bytes(token) for token in self._checked(ids)).decode("utf-8", "replace")

    def pieces(self, text: str, special: str | None = None) -> list[Piece]:
        """Return the tokens of ``text``, each with its id and its bytes."""
        ids = self.encode(text, special)
        return [Piece(token, self.token_bytes(token), token in self._special_names) for token in ids]

    def tokens(self, text: str, special: str | None = None) -> list[str]:
        """Return the piece of text behind each id."""
        return [piece.text for piece in self.pieces(text, special)]

    @functools.cached_property
    def design(self) -> dict[str, str | int]:
        """The choices of its makers, found by trying it out and by looking through its vocabulary.

        ``longest number`` and ``longest gap`` count the digits and the spaces that one token can hold, ``most words``
        the words; ``unknown`` says what becomes of a character that the vocabulary lacks.
        """
        tokens = [data.decode("utf-8", "ignore").removeprefix("##") for _, data in self.vocabulary()]
        words = [token.strip(" ") for token in tokens]

        def fate(text: str) -> str:
            return "kept" if self.decode(self.encode(text)) == text else "lost"

        lost = [piece.text for piece in self.pieces(UNKNOWN) if piece.special]
        return {
            "method": self.method,
            "vocabulary": self.vocabulary_size,
            "special": len(self.special_tokens),
            "longest number": max(len(t) for t in words if t.isascii() and t.isdecimal()),
            "longest gap": max((len(token) for token, word in zip(tokens, words, strict=True) if not word), default=0),
            "most words": max(word.count(" ") + 1 for word in words if all(part.isalpha() for part in word.split(" "))),
            "capitals": fate("LOUD"),
            "accents": fate("café"),
            "white space": fate("if x:\n\treturn  y"),
            "unknown": lost[0] if lost else "bytes",
        }

    def _checked(self, ids: Iterable[int]) -> list[int]:
        if isinstance(ids, str | bytes):
            raise InputError("decode takes ids, which are whole numbers, and this is text: encode makes ids of it.")
        ids = [ids] if isinstance(ids, int) else list(ids)
        for token in ids:
            if isinstance(token, bool) or not hasattr(token, "__index__"):
                raise InputError(f"An id is a whole number, and {token!r} is not.")
            if not self._exists(int(token)):
                raise InputError(
                    f"{self.name} has no token {int(token)}: it has {self.vocabulary_size:,}, counted from 0."
                )
        return [int(token) for token in ids]

    def _exists(self, token: int) -> bool:
        return 0 <= token < self.vocabulary_size


def check_text(text: str) -> None:
    """Refuse what cannot be written as bytes.

    Raises
    ------
    InputError
        If ``text`` is no string, or holds half a character.
    """
    if not isinstance(text, str):
        hint = "call .decode() on it first" if isinstance(text, bytes) else "give one text, and a loop for several"
        raise InputError(f"A tokenizer reads a string, and this is {type(text).__name__}: {hint}.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"Character {error.start} of the text is half a character (lone surrogate U+{ord(text[error.start]):04X}), "
            'which UTF-8 cannot write: replace it with text.encode("utf-8", "replace").decode().'
        ) from None
