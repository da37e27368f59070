"""What every tokenizer of the course can do, whatever its rules are."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from course_utils.common.checks import check_ids, is_whole_number
from course_utils.common.errors import InputError
from course_utils.tokens.characters import check_text, is_word_border
from course_utils.tokens.special import names_pattern, recognised
from course_utils.tokens.streaming import encode_chunks

UNKNOWN = "𓂀"  # a hieroglyph that no vocabulary here holds


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
        """The bytes as text, with the replacement character for those that are no whole character."""
        return self.data.decode("utf-8", "replace")


class BaseTokenizer(ABC):
    """What every tokenizer of the course can do: text to ids, ids to text, and the tokens in between.

    Parameters
    ----------
    special_tokens : mapping of str to int
        The names of tokens that stand for no text, and their ids.
    vocabulary_size : int
        How many different tokens there are, the special ones among them; their ids may have gaps.
    special : {"text", "allow", "refuse"} or collection of str
        What `encode` does with such a name inside a text unless it is told otherwise.
    """

    method = "its own rules"

    def __init__(
        self,
        name: str,
        special_tokens: Mapping[str, int],
        vocabulary_size: int,
        special: str | Collection[str] = "text",
    ):
        self.name, self.special_tokens, self.vocabulary_size = name, dict(special_tokens), vocabulary_size
        recognised(special, self.special_tokens)
        self.special = special
        self._special_names = {number: token for token, number in self.special_tokens.items()}

    def __repr__(self) -> str:
        return f"<tokenizer {self.name}: {self.vocabulary_size:,} tokens>"

    # What the rules of each tokenizer supply.

    @abstractmethod
    def _encode_ordinary(self, text: str) -> list[int]: ...

    @abstractmethod
    def _ordinary_offsets(self, text: str) -> list[tuple[int, int]]: ...

    @abstractmethod
    def _data(self, token: int) -> bytes: ...

    @abstractmethod
    def _exists(self, token: int) -> bool: ...

    @abstractmethod
    def _highest_id(self) -> int: ...

    @abstractmethod
    def _ordinary_tokens(self) -> Iterator[tuple[int, bytes]]: ...

    def _decode(self, ids: list[int]) -> str:
        return b"".join(map(self._data, ids)).decode("utf-8", "replace")

    def _may_cut(self, before: str, after: str) -> bool:
        """Tell whether no token ever holds both of two neighbouring characters."""
        return is_word_border(before, after)

    def _units(self, text: str) -> list[str] | list[int]:
        """Return what must be the same for a text in two parts as for the whole."""
        return self._encode_ordinary(text)

    # What all of them do with it.

    def encode(self, text: str, special: str | Collection[str] | None = None) -> list[int]:
        """Return the ids of the tokens of ``text``.

        Parameters
        ----------
        special : {"text", "allow", "refuse"} or collection of str, optional
            What to do with the name of a special token inside ``text``: read it as the ordinary letters that it is made
            of (what a stranger wrote must never become a command), make it the special token, or raise. A set of names
            allows these and reads all others as letters. The tokenizers of `load_tokenizer` read letters by default.

        Raises
        ------
        InputError
            If the text is no string, holds half a character (a surrogate), or a special token that is refused.
        """
        check_text(text)
        ids: list[int] = []
        for _, part, token in self._parts(text, special):
            ids += self._encode_ordinary(part) if token is None else [token]
        return ids

    def encode_iterable(self, chunks: Iterable[str], special: str | Collection[str] | None = None) -> Iterator[int]:
        """Yield the ids of a text that arrives in chunks, such as the lines of an open file, in constant memory.

        The ids are those that `encode` gives for the whole text, wherever the chunks are cut. Text is held back until
        it has a safe place for a cut, one that no token can reach across: between a word and the space or sign after
        it (`is_word_border`), or next to a special token. So memory grows with the longest run that has none, which is
        a few characters in most texts, one line for J2, and everything for a tokenizer that does not cut a text into
        words. A split of one's own must not look further ahead than one character to decide where a word ends.

        Examples
        --------
        >>> from course_utils.tokens import BPETokenizer
        >>> list(BPETokenizer().encode_iterable(["caf", "é"]))
        [99, 97, 102, 195, 169]
        """
        if isinstance(chunks, str | bytes) or not isinstance(chunks, Iterable):
            raise InputError("encode_iterable takes the parts of a text, such as an open file or a list of strings.")
        names = recognised(self.special if special is None else special, self.special_tokens)

        def units(text: str) -> list[str | int]:
            parts = self._parts(text, special)
            return [unit for _, part, token in parts for unit in (self._units(part) if token is None else [token])]

        return encode_chunks(lambda text: self.encode(text, special), units, chunks, self._may_cut, names)

    def offsets(self, text: str, special: str | Collection[str] | None = None) -> list[tuple[int, int]]:
        """Return for each token of ``text`` where its characters begin and end: ``text[start:end]``.

        A token with a part of a character has the place of the whole character, as in the library tokenizers, so that
        several tokens can have the same. A token that was added, such as a space before the text, has an empty place.

        Examples
        --------
        >>> from course_utils.tokens import BPETokenizer
        >>> BPETokenizer().offsets("aé")
        [(0, 1), (1, 2), (1, 2)]
        """
        check_text(text)
        found: list[tuple[int, int]] = []
        for start, part, token in self._parts(text, special):
            inside = [(0, len(part))] if token is not None else self._ordinary_offsets(part)
            found += [(start + first, start + last) for first, last in inside]
        return found

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ``ids``; bytes that are no whole character come out as the replacement character."""
        return self._decode(self._checked(ids))

    def pieces(self, text: str, special: str | Collection[str] | None = None) -> list[Piece]:
        """Return the tokens of ``text``, each with its id and its bytes."""
        return [Piece(token, self._data(token), token in self._special_names) for token in self.encode(text, special)]

    def tokens(self, text: str, special: str | Collection[str] | None = None) -> list[str]:
        """Return the tokens of ``text`` as strings."""
        return [piece.text for piece in self.pieces(text, special)]

    def token_bytes(self, token: int) -> bytes:
        """Return what the token with this id stands for."""
        return self._data(*self._checked([token]))

    def vocabulary(self) -> Iterator[tuple[int, bytes]]:
        """Go through all tokens that stand for text: the id and the bytes of each."""
        return self._ordinary_tokens()

    @functools.cached_property
    def design(self) -> dict[str, str | int]:
        """The choices of its makers, found by trying it out and by looking through its vocabulary.

        ``longest number`` and ``longest gap`` count the digits and the spaces that one token can hold, ``most words``
        the words; ``unknown`` says what becomes of a character that the vocabulary lacks. ``white space`` is "tabs
        lost" where spaces and line ends come back, and tabs do not. ``accents`` is "composed" where é comes back, and
        an e with a combining accent comes back as é.
        """
        tokens = [data.decode("utf-8", "ignore").removeprefix("##") for _, data in self.vocabulary()]
        words = [token.strip(" ") for token in tokens]
        texts = {"capitals": "LOUD", "accents": "café", "white space": "if x:\n\treturn  y"}
        kept = {what: self.decode(self.encode(text)) == text for what, text in texts.items()}
        without_tab = texts["white space"].replace("\t", "    ")
        only_tabs = not kept["white space"] and self.decode(self.encode(without_tab)) == without_tab
        only_composed = kept["accents"] and self.decode(self.encode("cafe\u0301")) == "café"
        lost = [piece.text for piece in self.pieces(UNKNOWN) if piece.special]
        return {
            "method": self.method,
            "vocabulary": self.vocabulary_size,
            "special": len(self.special_tokens),
            "longest number": max((len(t) for t in words if t.isascii() and t.isdecimal()), default=0),
            "longest gap": max((len(token) for token, word in zip(tokens, words, strict=True) if not word), default=0),
            "most words": max(
                (word.count(" ") + 1 for word in words if all(part.isalpha() for part in word.split(" "))), default=0
            ),
            **{what: "kept" if same else "lost" for what, same in kept.items()},
            **({"white space": "tabs lost"} if only_tabs else {}),
            **({"accents": "composed"} if only_composed else {}),
            "unknown": lost[0] if lost else "bytes",
        }

    def _parts(self, text: str, special: str | Collection[str] | None) -> Iterator[tuple[int, str, int | None]]:
        """Cut a text at the special tokens: where each part begins, its text, and the id if it is one of them."""
        special = self.special if special is None else special
        names = recognised(special, self.special_tokens)
        start = 0
        for part in names_pattern(names).split(text) if names else [text]:
            token = self.special_tokens[part] if part in names else None
            if token is not None and special == "refuse":
                raise InputError(
                    f"The text holds the special token {part}: a stranger's text must not give commands. Write "
                    f'special="text" to read it as letters, or special={{{part!r}}} if you put it there yourself.'
                )
            if part:
                yield start, part, token
            start += len(part)

    def _checked(self, ids: Iterable[int]) -> list[int]:
        if isinstance(ids, Iterable) and not hasattr(ids, "dtype"):  # a generator too, but no array and no tensor
            ids = ids if isinstance(ids, str | bytes) else list(ids)
        found = check_ids([ids] if is_whole_number(ids) else ids)
        if found.ndim > 1:
            raise InputError(f"decode takes the ids of one text, and these have the shape {found.shape}: take one row.")
        for token in found.tolist() if found.ndim else [found.item()]:
            if not self._exists(token):
                highest = self._highest_id()
                why = (
                    f"its highest id is {highest}" if token > highest else f"ids go to {highest}, this one is not used"
                )
                raise InputError(f"{self.name} has no token {token}: {why}. Decode ids that its own encode gave.")
        return found.reshape(-1).tolist()
