"""Special tokens: names that may occur in a text and yet stand for no text, such as the end of a document."""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Container, Iterable, Mapping

from course_utils.common.checks import describe, is_whole_number
from course_utils.common.errors import InputError
from course_utils.tokens.characters import check_text

SPECIAL = ("text", "allow", "refuse")


def check_names(names: Iterable[str]) -> list[str]:
    """Return the names of special tokens as a list, each once."""
    if isinstance(names, str):
        raise InputError(f"special_tokens takes a list of names: write special_tokens=[{names!r}].")
    if isinstance(names, Mapping):
        raise InputError("Special tokens get their ids from training: give a list of their names, without ids.")
    if not isinstance(names, Iterable):
        raise InputError(f"special_tokens takes a list of names{describe(names)}.")
    found = list(names)
    for name in found:
        _check_name(name)
    return list(dict.fromkeys(found))


def check_special_tokens(special_tokens: Mapping[str, int], taken: Container[int] = ()) -> dict[str, int]:
    """Return special tokens as a dictionary, if each name is text and each id a whole number that is not taken yet."""
    if not isinstance(special_tokens, Mapping):
        raise InputError(
            f'special_tokens maps each name to its id, such as {{"<end>": 256}}{describe(special_tokens)}.'
        )
    found: dict[int, str] = {}
    for name, number in special_tokens.items():
        _check_name(name)
        if not is_whole_number(number) or number < 0:
            raise InputError(f"The id of {name} must be a whole number from 0, and {number!r} is not.")
        if number in taken or number in found:
            owner = found.get(number, "an ordinary token")
            raise InputError(f"The id {number} of {name} belongs to {owner}: choose one that is free.")
        found[int(number)] = name
    return {name: number for number, name in found.items()}


def recognised(special: str | Collection[str], known: Collection[str]) -> frozenset[str]:
    """Return the names that are looked for in a text: none of them, all, or some.

    Examples
    --------
    >>> recognised({"<end>"}, known=["<end>", "<pad>"]), recognised("text", known=["<end>", "<pad>"])
    (frozenset({'<end>'}), frozenset())
    """
    if isinstance(special, str) and special in SPECIAL:
        return frozenset(() if special == "text" else known)
    if isinstance(special, str) or not isinstance(special, Collection):
        some = f"{{{special!r}}}" if isinstance(special, str) and special in known else "a set of names"
        raise InputError(f"special must be one of {', '.join(map(repr, SPECIAL))} or {some}, and {special!r} is not.")
    for name in special:
        if name not in known:
            raise InputError(
                f"There is no special token {name!r} to allow: the special_tokens of a tokenizer name all."
            )
    return frozenset(special)


@functools.lru_cache(maxsize=64)
def names_pattern(names: frozenset[str]) -> re.Pattern[str]:
    """Return the pattern that finds any of these names, the longest where several begin at the same place.

    Examples
    --------
    >>> names_pattern(frozenset({"<a>", "<a><b>"})).split("x<a><b>y")
    ['x', '<a><b>', 'y']
    """
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")


def _check_name(name: str) -> None:
    if not isinstance(name, str) or not name:
        raise InputError(f"The name of a special token is a text of at least one character, and {name!r} is not.")
    check_text(name)
