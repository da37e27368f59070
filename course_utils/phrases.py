"""Phrases in a text: whether and where it has them as whole words, and the text with them marked."""

from __future__ import annotations

import functools
import html
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from course_utils.common.checks import check_strings, describe
from course_utils.common.errors import InputError
from course_utils.words import UNSEEN

LETTER = r"[\p{L}\p{N}]"  # or a digit
IN_WORDS = r"[\p{L}\p{N}\p{M}\u200c\u200d]"  # also the marks on a letter, and the joiners of Persian and Hindi
WORD = rf"(?={LETTER}){IN_WORDS}+(?:['’.-](?={LETTER}){IN_WORDS}+)*"  # honey, honey's, best-known, U.S


def stands_in(phrase: str, text: str) -> bool:
    """Tell whether a text has a phrase: whole words, in upper or lower case, with any space between them.

    An accent makes another word, whether it is written as one character with its letter or as two.

    Examples
    --------
    >>> stands_in("Art", "a party"), stands_in("art", "Modern Art."), stands_in("space time", "space and time")
    (False, True, False)
    """
    if not isinstance(phrase, str) or not isinstance(text, str):
        raise InputError(f"A phrase and a text must be strings{describe(text if isinstance(phrase, str) else phrase)}.")
    return bool(phrase_spans([phrase], text))


@dataclass(frozen=True)
class Highlighted:
    """A text with its keywords marked, as `stands_in` finds them: as HTML, or with brackets where that is not shown.

    Examples
    --------
    >>> Highlighted("Bees make <honey>.", ("honey", "bees"))
    [Bees] make <[honey]>.
    >>> Highlighted("Bees make <honey>.", ("honey",)).html.count("&lt;<mark")
    1
    """

    text: str
    keywords: tuple[str, ...]

    def __post_init__(self):
        check_strings("keywords", self.keywords)
        if not isinstance(self.text, str):
            raise InputError(f"The text must be a string{describe(self.text)}.")

    @property
    def html(self) -> str:
        """The text as HTML; all of it is escaped."""
        marked = "".join(
            f'<mark style="background:#F0E442;color:black;padding:0 .15em">{html.escape(part)}</mark>'
            if is_keyword
            else html.escape(part)
            for part, is_keyword in self._parts()
        )
        return f'<div style="max-width:46em;line-height:1.6">{marked}</div>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        return "".join(f"[{part}]" if is_keyword else part for part, is_keyword in self._parts())

    def _parts(self) -> list[tuple[str, bool]]:
        """Cut the text into parts that are or are not keywords."""
        parts, done = [], 0
        for start, end in phrase_spans(self.keywords, self.text):
            parts += [(self.text[done:start], False), (self.text[start:end], True)]
            done = end
        return [part for part in [*parts, (self.text[done:], False)] if part[0]]


def phrase_spans(phrases: Sequence[str], text: str) -> list[tuple[int, int]]:
    """Return where a text has phrases, each place from its first character to behind its last; none overlap.

    Phrases that share a word in the text make one place. The rule for a phrase is that of `stands_in`.

    Examples
    --------
    >>> phrase_spans(["honey", "honey bees"], "Honey bees make honey.")
    [(0, 10), (16, 21)]
    >>> phrase_spans(["bees produce", "produce honey"], "Bees produce honey.")
    [(0, 18)]
    """
    import regex

    wanted = sorted((_folded(phrase)[0].split() for phrase in phrases), key=lambda words: -len(" ".join(words)))
    either = "|".join(r"\s+".join(regex.escape(word) for word in words) for words in wanted if words)
    if not either:
        return []
    folded, places = _folded(text)
    matches = regex.finditer(rf"(?<!{LETTER}\p{{M}}*)(?:{either})(?!{IN_WORDS})", folded, overlapped=True)
    spans: list[tuple[int, int]] = []
    for start, end in ((places[match.start()], places[match.end()]) for match in matches):
        if spans and start < spans[-1][1]:
            start, end = spans[-1][0], max(end, spans.pop()[1])
        spans.append((start, end))
    return spans


@functools.lru_cache(maxsize=64)  # many phrases are looked for in the same text
def _folded(text: str) -> tuple[str, Sequence[int]]:
    """Return a text as it is compared, and for each character, and for its end, the place in the original.

    Folding a letter can make it longer ("ß", "İ"), and letters with their accents are taken apart.
    """
    import regex

    if text.isascii():
        return text.lower(), range(len(text) + 1)
    pieces, places = [], []
    for letter in regex.finditer(r"\P{M}[\p{M}\u00ad\u200c\u200d]*|\p{M}+", text):  # a letter with its marks
        plain = unicodedata.normalize("NFD", letter[0].translate(UNSEEN)).casefold()
        pieces.append(unicodedata.normalize("NFD", plain))
        places += [letter.start()] * len(pieces[-1])
    return "".join(pieces), (*places, len(text))
