"""Texts for the tests of tokenizers: any Unicode, and many scripts mixed, the same on every computer."""

from __future__ import annotations

import random
import unicodedata

from hypothesis import strategies as st

from course_utils.tokens import tokenizer_names

NAMES = tokenizer_names()
OWN = ["GPT-4", "GPT-4o", "Llama 3", "Qwen 3", "Tekken"]  # of our class; named, since to load all takes three seconds
EXACT = [*OWN, "DeepSeek"]  # gives back what it was given, whatever that was (Qwen 3: in Unicode's form NFC)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# Characters that were assigned long ago: libraries differ in which of the newest they know as letters.
KNOWN_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], max_codepoint=0x1F9FF), max_size=60).map(
    lambda text: "".join(character for character in text if unicodedata.category(character) != "Cn")
)
BLOCKS = [
    *[(0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0x01, 0x20), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530)],
    *[(0x5D0, 0x5EB), (0x620, 0x64B), (0x905, 0x93A), (0xE01, 0xE3B), (0x1100, 0x1200), (0x2000, 0x2028)],
    *[(0x3041, 0x3097), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFF01, 0xFFBF), (0x1F300, 0x1F600), (0x20000, 0x2A6D6)],
]
JOINTS = ["", "", " ", "  ", "\n", " \n\n", "\t", "\r\n", "'s", "'LL", "1234567", " 42", " the", "the"]


def random_texts(n: int = 1200) -> list[str]:
    """Make strings of many scripts."""
    rng, texts = random.Random(3), []
    for _ in range(n):
        parts = []
        for _ in range(1 + int(rng.random() * 8)):
            low, high = BLOCKS[int(rng.random() * len(BLOCKS))]
            parts += [chr(low + int(rng.random() * (high - low))) for _ in range(1 + int(rng.random() * 10))]
            parts.append(JOINTS[int(rng.random() * len(JOINTS))])
        texts.append("".join(parts))
    return texts


# Words, numbers, signs and white space of several scripts, where the pre-splits have most to decide.
MIXED_TEXT = st.lists(
    st.sampled_from(
        [*JOINTS, "'", "it", "é", "e\u0301", "国", "。", "है", "🦙", "!", "(", "/", "-", ".", "12", "A", "\u2028"]
    ),
    max_size=25,
).map("".join)
