"""The exercises of notebook 04, *Find text by its words*."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.search.bm25 import BM25Index
from course_utils.words import words

SENTENCES = [
    "The river rose over its bank in the storm.",
    "The bank raised the interest on every loan.",
    "A bank on the river bank: the bank with a view.",
    "The storm broke the old bridge over the river.",
    "A loan is money that a bank lends.",
    "The bridge was paid for with money of the city, and with a loan of the oldest bank in the country.",
]
PAGES = [
    "The first crewed landing on the Moon was in July 1969, when the lunar module Eagle carried two astronauts down "
    "while a third stayed in orbit.",
    "Moon moon moon! Moon watches, moon lamps, moon shoes: moon, moon, moon, moon, moon.",
    "The Moon moves the seas and makes the tides.",
    "A landing in fog needs instruments.",
    "Tides rise and fall twice a day.",
    "The lunar calendar follows the phases.",
    "Shoes and lamps are on the second floor.",
    "Watches were once wound by hand.",
]
TARGET = "Surgery"
MOST_WORDS = 4


def inverted_index(texts: list[str]) -> dict[str, set[int]]:
    """Return for each word the positions of the texts that hold it."""
    index: dict[str, set[int]] = {}
    for position, text in enumerate(texts):
        for word in words(text):
            index.setdefault(word, set()).add(position)
    return index


def _toy_setting() -> dict[str, Any]:
    return {"sentences": SENTENCES, "words": words, "index": inverted_index(SENTENCES)}


def _pages_setting() -> dict[str, Any]:
    return {"np": np, "pages": PAGES, "BM25Index": BM25Index}


@functools.lru_cache(maxsize=1)
def _wikipedia_setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia

    articles = load_wikipedia()
    return {"wiki": BM25Index(articles["text"]), "titles": articles["title"][:]}


def _test_texts_with_all(function: Any) -> str:
    index = inverted_index(SENTENCES)
    for query, expected in (("river bank", {0, 2}), ("the bank", {0, 1, 2, 5}), ("money", {4, 5})):
        found = call(function, query)
        if not isinstance(found, set):
            raise Wrong(f"The function should return a set of positions, and this is {type(found).__name__}.")
        if len(words(query)) > 1 and found == set().union(*(index[word] for word in words(query))):
            raise Wrong(f"For {query!r} these are the texts with any of the words. You want those with all: use &.")
        if found != expected:
            raise Wrong(f"For {query!r} it should return {expected}, and it returns {found}.")
    with contextlib.suppress(KeyError):
        if call(function, "River BANK") == {0, 2}:
            return _test_unknown_word(function)
    raise Wrong("It should not matter how the query is typed: cut it up with words(query), as the sentences were.")


def _test_unknown_word(function: Any) -> str:
    try:
        lost = call(function, "river giraffe")
    except KeyError:
        raise Wrong("A word that is in no text must not raise an error: use index.get(word, set()).") from None
    if lost != set():
        raise Wrong("No text has both 'river' and 'giraffe', so the result should be an empty set.")
    return "This is what a library catalogue does: exact and fast, and blind to which of the texts is better."


def _test_largest_k1(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.floating | np.integer):
        raise Wrong(f"largest_k1 should be a number, and this is {type(answer).__name__}.")
    tried = [step / 10 for step in range(31)]
    honest = [k1 for k1 in tried if BM25Index(PAGES, k1=k1).search("moon landing", k=1)[0].position == 0]
    if not any(abs(answer - k1) < 1e-9 for k1 in tried):
        raise Wrong("Choose one of the values 0.0, 0.1, ... 3.0.")
    if answer > honest[-1] + 1e-9:
        raise Wrong("With this k1 the stuffed page is first: repetition still pays too much.")
    if answer < honest[-1] - 1e-9:
        raise Wrong("The honest page is first with this k1, and also with a larger one: go on until it is not.")
    return (
        "The smaller k1, the sooner a repeated word stops paying. The usual 1.2 would have let the stuffed page win: "
        "this is why search engines on the web cannot rely on words alone."
    )


def _test_better_query(answer: Any) -> str:
    if not isinstance(answer, str):
        raise Wrong(f"better_query should be a piece of text, and this is {type(answer).__name__}.")
    asked = words(answer)
    if any(word.startswith("surg") for word in asked):
        raise Wrong("That names the thing itself. Find it by other words of its article.")
    if not 1 <= len(asked) <= MOST_WORDS:
        raise Wrong(f"Use one to {MOST_WORDS} words; this query has {len(asked)}.")
    names = _wikipedia_setting()
    hits = names["wiki"].search(answer, k=1)
    target = names["titles"].index(TARGET)
    if not names["wiki"].explain(answer, target):
        raise Wrong("The article has none of these words, so it cannot be found by them: print its text, and choose.")
    if names["titles"][hits[0].position] != TARGET:
        first = names["titles"][hits[0].position]
        raise Wrong(f"The first hit is {first}. Choose words of the article that are rarer elsewhere.")
    return "You had to know the article's words before you could find it. Whoever asks a question does not know them."


texts_with_all = Exercise(
    "texts_with_all",
    _test_texts_with_all,
    (
        "Cut the query up with words(query), and look up the set of each word in index.",
        "Start with the set of the first word, and narrow it down: found = found & index.get(word, set()).",
        "set.intersection(*sets) does it for a whole list of sets.",
    ),
    """
    def texts_with_all(query):
        return set.intersection(*(index.get(word, set()) for word in words(query)))
    """,
    _toy_setting,
)

largest_k1 = Exercise(
    "largest_k1",
    _test_largest_k1,
    (
        "Build BM25Index(pages, k1=k1) for each value, search for 'moon landing', and look at the first hit.",
        "The values are step / 10 for step in range(31).",
        "Keep those where .search('moon landing', k=1)[0].position == 0, and take the max.",
    ),
    """
    tried = [step / 10 for step in range(31)]
    largest_k1 = max(
        k1 for k1 in tried if BM25Index(pages, k1=k1).search("moon landing", k=1)[0].position == 0
    )
    """,
    _pages_setting,
)

better_query = Exercise(
    "better_query",
    _test_better_query,
    (
        "Print the article's text: articles['text'][titles.index('Surgery')].",
        "Which of its words would you hardly meet in another article?",
        "Two rare words are enough: try one about the bodies and one about the tools.",
    ),
    'better_query = "instrumental techniques tissue"',
    _wikipedia_setting,
)
