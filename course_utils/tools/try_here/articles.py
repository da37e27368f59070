"""The inverted index of notebook 04 over Wikipedia's ten thousand articles, as files that a browser searches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from course_utils.common.files import write_whole
from course_utils.corpus import load_wikipedia
from course_utils.search.engine import shortened
from course_utils.tools.try_here.data import file_facts
from course_utils.words import letters_of_pieces, words

LETTERS_SHOWN = 150


def write(folder: Path) -> list[dict]:
    """Write the titles and beginnings of all articles, and their index; return the names and sizes of both files."""
    found = load_wikipedia()
    texts = found["text"][:]
    shown = {"titles": found["title"][:], "beginnings": [shortened(text, LETTERS_SHOWN) for text in texts]}
    contents = {
        "articles.json": json.dumps(shown, ensure_ascii=False, separators=(",", ":")).encode(),
        "articles.index": packed_index(texts),
    }
    for name, content in contents.items():
        write_whole(folder / name, content)
    return [file_facts(folder / name) for name in contents]


def packed_index(texts: Sequence[str]) -> bytes:
    r"""Return the lists of an inverted index in few bytes, with what BM25 needs to compute each score.

    Numbers are little-endian. First come three of four bytes: how many texts, words and entries there are. Then for
    each word where its entries begin, and where the last ones end (four bytes each); the length of each text in words
    (two bytes); of each entry the text (two bytes) and how often the word comes in it (one byte, at most 255); and at
    last the words in UTF-8, with a line end after each.

    Examples
    --------
    >>> index = packed_index(["The cat sat.", "The cat ran; the end."])
    >>> np.frombuffer(index, "<u4", 9).tolist()
    [2, 5, 7, 0, 2, 4, 5, 6, 7]
    >>> index[-20:]
    b'the\ncat\nsat\nran\nend\n'
    """
    vocabulary: dict[str, list[tuple[int, int]]] = {}
    lengths = []
    for row, text in enumerate(texts):
        found = words(text)
        lengths.append(len(found))
        for word, count in Counter(found + letters_of_pieces(text)).items():
            vocabulary.setdefault(word, []).append((row, min(count, 255)))
    starts = np.cumsum([0, *map(len, vocabulary.values())])
    entries = np.array([entry for listed in vocabulary.values() for entry in listed])
    numbers = [
        np.array([len(texts), len(vocabulary), len(entries), *starts], "<u4"),
        np.array([*lengths, *entries[:, 0]], "<u2"),
        entries[:, 1].astype("u1"),
    ]
    return b"".join(part.tobytes() for part in numbers) + "".join(f"{word}\n" for word in vocabulary).encode()
