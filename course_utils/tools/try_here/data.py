"""What the page needs to know of tokenizers, words and the tiny GPT, as files that a few lines of JavaScript read."""

from __future__ import annotations

import functools
import re
import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from course_utils.common import DATA
from course_utils.common.errors import CourseError
from course_utils.common.files import write_whole
from course_utils.corpus import load_wikipedia
from course_utils.tokens import SMOLLM2_SPLIT, BPETokenizer, load_tokenizer
from course_utils.tokens.splits import GPT4_SPLIT
from course_utils.words import LAST_WITH_ACCENTS, PLAIN_LETTERS, QUESTION_WORDS, UNSEEN

WHITE_SPACE = r"\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # Unicode's; JavaScript's \s differs
ENDINGS = r"(?i:[sdmt]|ll|ve|re)", r"(?:[sdmtSDMT\u017f]|[lL]{2}|[vV][eE]|[rR][eE])"
KEPT_ASIDE, READ_FOR_TOKENS, N_TOKENS = 300, 500_000, 512  # as in notebook 13


def file_facts(path: Path) -> dict[str, str | int]:
    """Return the name and the size of a file, as the page asks for it."""
    return {"file": path.name, "bytes": path.stat().st_size}


def as_javascript(split: str) -> str:
    r"""Return a pre-split as a regular expression of JavaScript (with the flag ``u``) that finds the same words.

    JavaScript has no possessive quantifiers, and the splits cut the same without; ``\s`` means other characters there;
    and not all browsers know ``(?i:...)``.

    Raises
    ------
    CourseError
        If the split holds something else that JavaScript lacks.

    Examples
    --------
    >>> print(as_javascript(r"\p{L}++|\p{N}{1,3}+|[^\r\n]?+x| ?\p{L}+"))
    \p{L}+|\p{N}{1,3}|[^\r\n]?x| ?\p{L}+
    """
    changed = split.replace(*ENDINGS)
    changed = re.sub(r"(?<!\\)([+*?]|\{\d+,\d+\})\+", r"\1", changed)
    classes = re.split(r"(\[[^]]*\])", changed)  # odd places are character classes
    for place, part in enumerate(classes):
        inside = place % 2
        part = part.replace(r"\S", f"[^{WHITE_SPACE}]")
        classes[place] = part.replace(r"\s", WHITE_SPACE if inside else f"[{WHITE_SPACE}]")
    if "(?i" in (changed := "".join(classes)) or "(?>" in changed:
        raise CourseError(f"The split {split} has no equal in JavaScript: write one into as_javascript.")
    return changed


def packed_vocabulary(tokens: Iterable[tuple[int, bytes]]) -> bytes:
    r"""Return a vocabulary in few bytes: the first id, then for each id the length of its token and the token.

    Where an id has no token the length is 0.

    Examples
    --------
    >>> packed_vocabulary([(7, b"bc"), (5, b"a")])
    b'\x05\x00\x00\x00\x01a\x00\x02bc'
    """
    found = dict(tokens)
    ids = range(min(found), max(found) + 1)
    return struct.pack("<I", ids[0]) + b"".join(bytes([len(found.get(i, b""))]) + found.get(i, b"") for i in ids)


@functools.lru_cache(maxsize=1)
def tiny_tokenizer() -> BPETokenizer:
    """Return the tokenizer of the tiny GPT, trained as in notebook 13 on the same text."""
    texts = load_wikipedia()["text"][:]
    order = np.random.default_rng(0).permutation(len(texts))
    to_read = "\n\n".join(texts[article] for article in order[:-KEPT_ASIDE])
    return BPETokenizer.train(to_read[:READ_FOR_TOKENS], vocab_size=N_TOKENS)


def write_tokenizers(folder: Path) -> list[dict]:
    """Write the vocabularies of SmolLM2 and GPT-4, and return what the page needs to know of each."""
    splits = {"SmolLM2": SMOLLM2_SPLIT, "GPT-4": GPT4_SPLIT}
    return [
        {"name": name, "split": as_javascript(split), **_write_vocabulary(folder, name, load_tokenizer(name))}
        for name, split in splits.items()
    ]


def write_tiny_gpt(folder: Path) -> dict:
    """Write the tiny GPT after its 8,000 steps and its vocabulary; return what the page needs to know of them."""
    weights = folder / "tiny_gpt.safetensors"
    write_whole(weights, (DATA / "tiny_gpt" / "longer.safetensors").read_bytes())
    split = as_javascript(GPT4_SPLIT)
    vocabulary = _write_vocabulary(folder, "tiny GPT", tiny_tokenizer())
    return {"name": "the tiny GPT", "split": split, "files": [vocabulary, file_facts(weights)]}


def word_rules() -> dict:
    """Return what `course_utils.words` knows by heart: letters without accents, words that a question leaves out.

    Examples
    --------
    >>> rules = word_rules()
    >>> rules["plain"]["ł"], "who" in rules["question"]
    ('l', True)
    """
    return {
        "question": sorted(QUESTION_WORDS),
        "plain": {chr(letter): plain for letter, plain in PLAIN_LETTERS.items()},
        "unseen": "".join(map(chr, UNSEEN)),
        "lastWithAccents": LAST_WITH_ACCENTS,
    }


def _write_vocabulary(folder: Path, name: str, tokenizer: BPETokenizer) -> dict:
    path = folder / f"{name.lower().replace(' ', '_').replace('-', '')}.vocabulary"
    write_whole(path, packed_vocabulary(tokenizer.vocabulary()))
    return file_facts(path)
