"""Personal data found by rules, scored against what is known to be there, and masked or replaced by pseudonyms."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Sequence

from course_utils.common.errors import InputError
from course_utils.privacy.checksums import iban_remainder, is_card, passport_digit
from course_utils.privacy.texts import KINDS, LISTED, Message, Span

PATTERNS = {
    "card": r"\b\d(?:[ -]?\d){12,18}\b",
    "bank account": r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b",
    "passport": r"\bQ[A-Z]{2}\d{7}\b",
    "mail": r"\b[\w.+-]+@[\w-]+\.[a-z]{2,}\b",
    "address": r"\b\d{1,3} (?:[A-Z][a-z]+ )+(?:Street|Road|Lane)\b",
}
CHECKS: dict[str, Callable[[str], bool]] = {
    "card": is_card,
    "bank account": lambda number: iban_remainder(number) == 1,
    "passport": lambda number: passport_digit(number[:-1]) == int(number[-1]),
}
FROM_A_LIST = rf"\b(?:{'|'.join(LISTED)}) [A-Z][a-z]+\b"
TWO_CAPITALS = r"\b[A-Z][a-z]+ [A-Z][a-z]+\b"


def find_personal(text: str, *, checked: bool = True, names: str = FROM_A_LIST) -> list[Span]:
    """Find personal data by patterns.

    Parameters
    ----------
    checked : bool
        Keep a number only if its checksum is right, where its kind has one.
    names : str
        The regular expression of a name: `FROM_A_LIST` or `TWO_CAPITALS`, for example.

    Returns
    -------
    list of Span
        In the order of the text. What lies inside something found before it in the order of `KINDS` is left out.

    Examples
    --------
    >>> text = "Anna Quenn paid with 9999 0000 0000 0004."
    >>> [(span.kind, text[span.start : span.end]) for span in find_personal(text)]
    [('name', 'Anna Quenn'), ('card', '9999 0000 0000 0004')]
    """
    if not isinstance(text, str):
        raise InputError(f"There must be a text to look through, and this is {type(text).__name__}.")
    found: list[Span] = []
    for kind in KINDS:
        for match in re.finditer(PATTERNS.get(kind, names), text):
            fits = not checked or CHECKS.get(kind, bool)(match[0])
            if fits and not any(match.start() < span.end and span.start < match.end() for span in found):
                found.append(Span(kind, match.start(), match.end()))
    return sorted(found, key=lambda span: span.start)


def precision_and_recall(messages: Sequence[Message], found: Sequence[Sequence[Span]], kind: str) -> tuple[int, ...]:
    """Return how many of a kind were found rightly, how many were found, and how many there are.

    Precision is the first over the second, recall the first over the third. Only a span with both ends right counts.

    Examples
    --------
    >>> precision_and_recall([Message("Ben Quenn", (Span("name", 0, 9),))], [[Span("name", 0, 9)]], "name")
    (1, 1, 1)
    """
    if len(messages) != len(found):
        raise InputError(f"Each message needs what was found in it: {len(messages)} and {len(found)}.")
    right = n_found = n_there = 0
    for message, spans in zip(messages, found, strict=True):
        said, true = ({span for span in some if span.kind == kind} for some in (spans, message.spans))
        right, n_found, n_there = right + len(said & true), n_found + len(said), n_there + len(true)
    return right, n_found, n_there


def replaced(text: str, spans: Sequence[Span], write: Callable[[str, str], str]) -> str:
    """Return the text with each span replaced by ``write(kind, value)``.

    Examples
    --------
    >>> replaced("Ben Quenn called.", [Span("name", 0, 9)], lambda kind, value: f"[{kind}]")
    '[name] called.'
    """
    for span in sorted(spans, key=lambda span: -span.start):
        text = text[: span.start] + write(span.kind, text[span.start : span.end]) + text[span.end :]
    return text


def pseudonym(value: str, key: bytes) -> str:
    """Return the same eight letters for the same value and key, which nobody can compute without the key (HMAC).

    Case and spaces do not count, so that two ways to write a value meet.

    Examples
    --------
    >>> pseudonym("Ben Quenn", b"k" * 32) == pseudonym("ben  quenn", b"k" * 32) != pseudonym("Ben Quenn", b"K" * 32)
    True
    """
    if not isinstance(key, bytes) or len(key) < 16:
        raise InputError("The key must be at least 16 random bytes: secrets.token_bytes(32) draws 32.")
    plain = re.sub(r"\s+", "", value).casefold().encode()
    return hmac.new(key, plain, hashlib.sha256).hexdigest()[:8]
