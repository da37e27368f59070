"""Vocabularies: what a proper one is, how files write its bytes, and readers for three kinds of file."""

from __future__ import annotations

import functools
import json
import struct
from collections.abc import Iterable, Mapping
from itertools import pairwise
from pathlib import Path

from course_utils.common.checks import describe, is_whole_number
from course_utils.common.errors import InputError
from course_utils.common.files import save_file

SAVED = ("name", "split", "normalisation", "lossy", "special_tokens")  # the options in the file of a tokenizer


@functools.lru_cache(maxsize=1)
def byte_alphabet() -> dict[str, int]:
    """Return the letters that stand for the 256 bytes in the files of byte-level tokenizers: each letter's byte.

    Bytes that print stand for themselves; the others, the space among them, borrow a letter from U+0100 on.
    """
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in set(printing)]
    return {chr(byte): byte for byte in printing} | {chr(0x100 + n): byte for n, byte in enumerate(others)}


def byte_level_bytes(name: str) -> bytes:
    """Return the bytes of a token that is written in the byte alphabet.

    Examples
    --------
    >>> byte_level_bytes("Ġworld")
    b' world'
    """
    alphabet = byte_alphabet()
    return bytes(alphabet[letter] for letter in name)


def sentencepiece_bytes(name: str) -> bytes:
    r"""Return the bytes of a token that is written as SentencePiece does: ``▁`` is a space, ``<0x0A>`` a single byte.

    Examples
    --------
    >>> sentencepiece_bytes("▁world"), sentencepiece_bytes("<0x0A>")
    (b' world', b'\n')
    """
    if len(name) == 6 and name.startswith("<0x") and name.endswith(">"):
        return bytes([int(name[3:5], 16)])
    return name.replace("▁", " ").encode()


def read_text(path: Path) -> str:
    """Return the text of a learner's file; InputError says why it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path.name} cannot be read ({error.strerror}): check the path.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path.name} is no text in UTF-8: choose another file.") from None


def read_gpt2(
    encoder_json: Path, vocab_bpe: Path
) -> tuple[dict[bytes, int], list[tuple[bytes, bytes]], dict[str, int]]:
    """Read a vocabulary as OpenAI published GPT-2's: ``encoder.json`` with the ids, ``vocab.bpe`` with the merges.

    Returns the ids of all tokens that stand for bytes, the merges in their order, and the names that no merge makes,
    which are the special tokens. InputError if the files do not have this form or do not belong together.
    """
    content = read_text(encoder_json)
    try:
        numbers = json.loads(content)
    except ValueError as error:
        raise InputError(f"{encoder_json.name} is not JSON: give encoder.json first, then vocab.bpe.") from error
    if not isinstance(numbers, dict) or not all(type(number) is int for number in numbers.values()):
        raise InputError(f"{encoder_json.name} is no vocabulary: it should map each token to its id.")
    lines = [line.rstrip("\r") for line in read_text(vocab_bpe).split("\n")]
    pairs = [line.split(" ") for line in lines[lines[0].startswith("#version") :] if line]
    if odd := next((pair for pair in pairs if len(pair) != 2 or not all(pair)), None):
        raise InputError(f"{vocab_bpe.name} should hold two tokens a line, and {' '.join(odd)!r} is something else.")
    names = [*(letter for letter in byte_alphabet() if letter in numbers), *dict.fromkeys(map("".join, pairs))]
    if missing := {*names, *(part for pair in pairs for part in pair)} - numbers.keys():
        raise InputError(
            f"{encoder_json.name} lacks {min(missing)!r}, which {vocab_bpe.name} merges: take two files of one model."
        )
    if strange := set("".join(names)) - byte_alphabet().keys():
        raise InputError(f"{vocab_bpe.name} holds {min(strange)!r}, which stands for no byte: take GPT-2's form.")
    merged = [numbers[name] for name in dict.fromkeys(map("".join, pairs))]
    if any(first >= second for first, second in pairwise(merged)):
        raise InputError(
            f"The ids in {encoder_json.name} do not grow in the order of the merges, so they cannot serve as ranks: "
            "load this vocabulary with the library tokenizers."
        )
    ranks = {byte_level_bytes(name): numbers[name] for name in names}
    merges = [(byte_level_bytes(left), byte_level_bytes(right)) for left, right in pairs]
    known = set(names)
    return ranks, merges, {name: number for name, number in numbers.items() if name not in known}


def write_saved(
    path: Path, ranks: Mapping[bytes, int], merges: Iterable[tuple[bytes, bytes]], options: Mapping[str, object]
) -> None:
    """Write a tokenizer of one's own into a JSON file, in which the characters U+0000 to U+00FF are the bytes."""
    content = {
        **options,
        "ranks": {token.decode("latin-1"): number for token, number in ranks.items()},
        "merges": [[part.decode("latin-1") for part in pair] for pair in merges],
    }
    save_file(path, json.dumps(content).encode())


def read_saved(path: Path) -> tuple[dict[bytes, int], list[tuple[bytes, bytes]], dict[str, object]]:
    """Read what `write_saved` wrote: the ranks, the merges and the options; InputError if it is something else."""
    text = read_text(path)
    try:
        content = json.loads(text)
        ranks = {token.encode("latin-1"): number for token, number in content.pop("ranks").items()}
        merges = [(left.encode("latin-1"), right.encode("latin-1")) for left, right in content.pop("merges")]
        options = {name: content.pop(name) for name in SAVED}
    except (ValueError, KeyError, TypeError, AttributeError):
        content = True
    if content:
        raise InputError(f"{path.name} is not a tokenizer that BPETokenizer.save wrote: choose another file.")
    return ranks, merges, options


def read_ranks(path: Path, id_first: bool = False) -> dict[bytes, int]:
    """Read a vocabulary in quicktok's form: a count, then for each token its length, its bytes and its id.

    The files of special tokens have the same three with the id first.
    """
    data = path.read_bytes()
    (count,), place, ranks = struct.unpack_from("<I", data), 4, {}
    before, after = (4, 0) if id_first else (0, 4)
    for _ in range(count):
        start = place + before + 2
        end = start + int.from_bytes(data[start - 2 : start], "little")
        number = data[place : place + 4] if id_first else data[end : end + 4]
        ranks[data[start:end]] = int.from_bytes(number, "little")
        place = end + after
    return ranks


def check_ranks(ranks: Mapping[bytes, int]) -> dict[bytes, int]:
    """Return a vocabulary as a dictionary, if its tokens are bytes and each id is a whole number of its own."""
    if not isinstance(ranks, Mapping):
        raise InputError(f'ranks maps the bytes of each token to its id, such as {{b"a": 97}}{describe(ranks)}.')
    found: dict[int, bytes] = {}
    for token, number in ranks.items():
        if not isinstance(token, bytes) or not token:
            raise InputError(f"A token is bytes, at least one, and {token!r} is not: a string needs .encode().")
        if (type(number) is not int and not is_whole_number(number)) or number < 0:
            raise InputError(f"The id of {token!r} must be a whole number from 0, and {number!r} is not.")
        if found.setdefault(int(number), token) is not token:
            raise InputError(f"{token!r} and {found[number]!r} have the same id {number}: give each its own.")
    return {token: number for number, token in found.items()}
