"""Pre-splits: the regular expressions by which language models cut a text before any merging."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from course_utils.common.checks import describe
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    import regex

# The alternatives are tried in this order.
GPT2_SPLIT = "|".join(
    [
        r"'(?:[sdmt]|ll|ve|re)",  # the short endings of English: 's, 't, 'll
        r" ?\p{L}+",  # letters, with the space before them
        r" ?\p{N}+",  # digits
        r" ?[^\s\p{L}\p{N}]+",  # signs
        r"\s+(?!\S)|\s+",  # white space; the last space before a word stays for the word
    ]
)
GPT4_SPLIT = "|".join(
    [
        r"'(?i:[sdmt]|ll|ve|re)",
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",  # letters, with the space or sign before them
        r"\p{N}{1,3}+",  # up to three digits
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",  # signs, with the space before and the line ends after them
        r"\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    ]
)
# SmolLM2's: each digit alone, otherwise GPT-2's; white space before a digit stays together.
SMOLLM2_SPLIT = r"\p{N}|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+"
_LETTERS = r"[^\r\n\p{L}\p{N}]?\p{L}+"
_SIGNS = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
_ENDINGS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
# Words in capitals, in small letters, or with one capital; marks count as letters.
_CASED = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+%s"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*%s"
)
_SIGNS_AND_SLASH = r" ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3_SPLIT = "|".join([_ENDINGS, _LETTERS, r"\p{N}{1,3}", _SIGNS])
QWEN3_SPLIT = "|".join([_ENDINGS, _LETTERS, r"\p{N}", _SIGNS])
GPT4O_SPLIT = "|".join([_CASED % (_ENDINGS + "?", _ENDINGS + "?"), r"\p{N}{1,3}", _SIGNS_AND_SLASH])
TEKKEN_SPLIT = "|".join([_CASED % ("", ""), r"\p{N}", _SIGNS_AND_SLASH])


def compile_split(split: str) -> regex.Pattern[str]:
    """Return the regular expression of a pre-split, compiled; InputError if it is none."""
    import regex

    if not isinstance(split, str):
        raise InputError(f"A split is a regular expression in a string{describe(split)}: '' cuts nothing.")
    try:
        return regex.compile(split)
    except regex.error as error:
        raise InputError(f"The split is no regular expression: {error}.") from None


def find_words(pattern: regex.Pattern[str], text: str) -> list[str]:
    """Return the pre-tokens of a text; an empty pattern leaves it whole, and InputError if one leaves text out."""
    if not pattern.pattern:
        return [text] if text else []
    # Where a pattern has groups of its own, findall would return those instead of the matches.
    words = [match.group() for match in pattern.finditer(text)] if pattern.groups else pattern.findall(text)
    if sum(map(len, words)) != len(text):
        raise InputError("The split leaves out a part of this text: let its last alternative match any character.")
    return words


def cut_places(pieces: Sequence[str]) -> set[int]:
    """Find where a text is cut into pieces, in characters counted from its end.

    So the cuts of two numbers can be compared digit by digit, ones with ones and tens with tens.

    Examples
    --------
    >>> cut_places(["927", "7"]), cut_places(["160", "54"]), cut_places(["7"])
    ({1}, {2}, set())
    """
    return {len("".join(pieces[start:])) for start in range(1, len(pieces))}
