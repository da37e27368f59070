"""Characters and bytes: what UTF-8 can write, which characters a token comes from, where a text may be cut."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from course_utils.common.errors import InputError


def check_text(text: str, start: int = 0) -> None:
    """Refuse what is no string or cannot be written as bytes.

    The InputError names the place, counted from ``start``, and a remedy that keeps every whole character.
    """
    if not isinstance(text, str):
        hint = "call .decode() on it first" if isinstance(text, bytes) else "give one text, and a loop for several"
        raise InputError(f"A tokenizer reads a string, and this is {type(text).__name__}: {hint}.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = text[error.start : error.start + 2]
        joined = found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if len(found) == 2 and len(joined) == 1:
            what = f"comes as a surrogate pair ({_code(found[0])} {_code(found[1])}), the halves of {joined}"
        else:
            what = f"is half a character (lone surrogate {_code(found[0])})"
        raise InputError(
            f"Character {start + error.start} of the text {what}, which UTF-8 cannot write: use {_repair(text)}."
        ) from None


def _code(character: str) -> str:
    return f"U+{ord(character):04X}"


def _repair(text: str) -> str:
    """Return the call that joins surrogate pairs; lone surrogates, if there are any, have to be replaced."""
    try:
        text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return 'text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")'
    return 'text.encode("utf-16", "surrogatepass").decode("utf-16")'


def byte_sources(text: str, form: str = "", left_out: bytes = b"") -> list[tuple[int, int]]:
    r"""Return for each byte of a text in UTF-8 the characters it comes from, as ``(start, end)``.

    The text is brought into a Unicode form first (``"NFC"``, or ``""`` for none); bytes in ``left_out`` are skipped.

    Examples
    --------
    >>> byte_sources("aé"), byte_sources("e\u0301", "NFC")
    ([(0, 1), (1, 2), (1, 2)], [(0, 2), (0, 2)])
    """
    if form and not unicodedata.is_normalized(form, text):
        import regex

        clusters = regex.findall(r"\X", text)  # whatever normalisation joins lies in one of these
    else:
        clusters = list(text)
    sources, start = [], 0
    for cluster in clusters:
        normal = unicodedata.normalize(form, cluster) if form else cluster
        if normal == cluster:
            parts = [((place, place + 1), character) for place, character in enumerate(cluster, start)]
        else:
            parts = [((start, start + len(cluster)), normal)]
        for source, part in parts:
            sources += [source] * len(part.encode().translate(None, left_out))
        start += len(cluster)
    return sources


def token_offsets(lengths: Iterable[int], sources: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the characters that each token comes from, given the number of its bytes and all `byte_sources`.

    Examples
    --------
    >>> token_offsets([1, 1, 1], byte_sources("aé"))
    [(0, 1), (1, 2), (1, 2)]
    """
    places = pairwise(accumulate(lengths, initial=0))
    return [(sources[first][0], sources[last - 1][1]) for first, last in places]


def is_word_border(before: str, after: str) -> bool:
    """Tell whether two neighbouring characters never share a token, whatever else the text holds.

    They do not if the first is a letter or a digit and the second is white space, a sign (other than the apostrophe of
    *it's*) or the other of the two, or if a space or tab follows what is not white space. Cut at such a place, a text
    has the same pre-tokens in two parts as in one, by the split of every model here.

    Examples
    --------
    >>> is_word_border("w", " "), is_word_border(" ", "w"), is_word_border("t", "'"), is_word_border("国", "。")
    (True, False, False, True)
    """
    if before.isspace() or after == "'":
        return False
    if after in " \t":
        return True
    left, right = unicodedata.category(before)[0], unicodedata.category(after)[0]
    return left in "LN" and left != right and (after.isspace() or right in "LNPS")
