"""The ids of a text that arrives in chunks and need not fit into memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from course_utils.tokens.characters import check_text
from course_utils.tokens.special import names_pattern

CHARACTERS_HELD = 1_024  # at least so many are gathered before the text is cut
MOST_TRIES = 16  # places that are tried before more text is gathered


def encode_chunks(
    encode: Callable[[str], list[int]],
    units: Callable[[str], list],
    chunks: Iterable[str],
    may_cut: Callable[[str, str], bool],
    names: frozenset[str] = frozenset(),
) -> Iterator[int]:
    """Yield the ids of a text in chunks, the same as those of the whole text, wherever the chunks are cut.

    Parameters
    ----------
    units : callable
        Gives what must be the same in two parts as in one: pre-tokens, or ids where a tokenizer shows no pre-tokens.
    may_cut : callable
        Tells for two neighbouring characters whether a text may be cut between them.
    names : frozenset of str
        Names of special tokens that `encode` looks for; a cut inside one is not safe.
    """
    held, n_done, wanted = "", 0, CHARACTERS_HELD
    for chunk in chunks:
        if not isinstance(chunk, str):
            check_text(chunk)
        held += chunk
        if len(held) < wanted:
            continue
        check_text(held, n_done)
        end, rest = _last_cut(units, held, safe_places(held, may_cut, names))
        yield from encode(held[:end])
        held, n_done = held[rest:], n_done + rest
        wanted = max(CHARACTERS_HELD, 2 * len(held))  # doubling: a text without a safe place is not read too often
    check_text(held, n_done)
    yield from encode(held)


def safe_places(text: str, may_cut: Callable[[str, str], bool], names: frozenset[str] = frozenset()) -> Iterator[int]:
    """Yield the places where a text can be cut, the last one first: between words, and around special tokens.

    No place is so near the end that a special token could still become longer there.

    Examples
    --------
    >>> from course_utils.tokens.characters import is_word_border
    >>> list(safe_places("a bit<end>of", is_word_border, frozenset({"<end>"})))
    [5, 1]
    """
    found = [match.span() for match in names_pattern(names).finditer(text)]
    around = {place for span in found for place in span}
    inside = {place for start, end in found for place in range(start + 1, end)}
    longest = max(map(len, names), default=1)
    for place in range(len(text) - longest, 0, -1):
        if place in around or (place not in inside and may_cut(text[place - 1], text[place])):
            yield place


def _last_cut(units: Callable[[str], list], text: str, places: Iterable[int]) -> tuple[int, int]:
    """Return where the text before the last safe place ends and where the rest begins; 0 and 0 if there is no place.

    A tokenizer that writes a space before every text gets the rest without the rest's own.
    """
    whole = None
    for place in islice(places, MOST_TRIES):
        whole = units(text) if whole is None else whole
        before = units(text[:place])
        for rest in (place, place + 1)[: 1 + (text[place] == " ")]:
            if before + units(text[rest:]) == whole:
                return place, rest
    return 0, 0
