"""The exercises of notebook 04, *Find text by its words*."""

from __future__ import annotations

import contextlib
import functools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
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
K1, B = 1.2, 0.75
MOST_WORDS = 4


def inverted_index(texts: list[str]) -> dict[str, set[int]]:
    """Return for each word the positions of the texts that hold it."""
    index: dict[str, set[int]] = {}
    for position, text in enumerate(texts):
        for word in words(text):
            index.setdefault(word, set()).add(position)
    return index


def postings(texts: Sequence[str]) -> dict[str, dict[int, int]]:
    """Return for each word how often it occurs in each text that has it, by the text's position."""
    lists: dict[str, dict[int, int]] = {}
    for position, text in enumerate(texts):
        for word, count in Counter(words(text)).items():
            lists.setdefault(word, {})[position] = count
    return lists


def word_scores(counts: Mapping[int, int], lengths: Sequence[int]) -> dict[int, float]:
    """Return what one word adds to the BM25 score of each text that has it."""
    n, n_texts, mean = len(counts), len(lengths), sum(lengths) / len(lengths)
    idf = math.log(1 + (n_texts - n + 0.5) / (n + 0.5))
    return {p: idf * f / (f + K1 * (1 - B + B * lengths[p] / mean)) for p, f in counts.items()}


def _toy_setting() -> dict[str, Any]:
    return {"sentences": SENTENCES, "words": words, "index": inverted_index(SENTENCES)}


def _building_setting() -> dict[str, Any]:
    built = {"postings": postings, "word_scores": word_scores}
    return {"math": math, "words": words, "sentences": SENTENCES, **built}


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
    return "It finds exactly the sentences with every word. Which of them answers best, a set of positions cannot say."


def _test_postings(answer: Any) -> str:
    for texts in (["tea, Tea!", "no sea", ""], SENTENCES):
        lists, right = call(answer, list(texts)), postings(texts)
        if not isinstance(lists, Mapping):
            raise Wrong(f"postings should return a dictionary, and this is {type(lists).__name__}.")
        if unknown := [word for word in lists if word not in right]:
            raise Wrong(
                f"There is an entry {unknown[0]!r}: cut the texts with words(text), which drops commas and capitals."
            )
        for word, counts in right.items():
            found = lists.get(word)
            if isinstance(found, set | list | int):
                raise Wrong(f"Behind {word!r} there should be a dictionary from positions to counts, such as {counts}.")
            if found != counts:
                raise Wrong(f"Behind {word!r} there should be {counts}, and there is {found}.")
    return "Each text was read once. Every query from now on looks into these lists only."


def _test_word_scores(answer: Any) -> str:
    cases = [({0: 1, 1: 2}, [5, 5, 5, 5]), ({0: 1, 1: 1}, [4, 16, 10]), ({2: 3}, [9, 9, 12])]
    for counts, lengths in cases:
        scores, right = call(answer, dict(counts), list(lengths)), word_scores(counts, lengths)
        if not isinstance(scores, Mapping) or set(scores) != set(counts):
            raise Wrong(f"For the counts {counts} return a dictionary with the same positions, {sorted(counts)}.")
        if all(abs(scores[p] - right[p]) < 1e-9 for p in counts):
            continue
        if len(set(lengths)) == 1:
            raise Wrong(
                f"Four texts of equal length, counts {counts}: it should be {_rounded(right)}, not {_rounded(scores)}. "
                "IDF times f / (f + k1), since the bracket is 1 here."
            )
        raise Wrong(
            f"Lengths {lengths}, counts {counts}: it should be {_rounded(right)}, not {_rounded(scores)}. "
            "The bracket is 1 - b + b * length / mean length, and the mean is that of all texts."
        )
    return "That is the whole of BM25: what remains is adding up."


def _test_keyword_search(answer: Any) -> str:
    for texts, query, k in (
        (["the bank", "old tea", "a river by a bank", "tea"], "river bank", 6),
        (SENTENCES, "river bank", 6),
        (SENTENCES, "The OLD giraffe", 2),
        (["b a", "a b", "c"], "a", 2),
    ):
        lists, lengths = postings(texts), [len(words(text)) for text in texts]
        hits, right = call(answer, query, lists, lengths, k), BM25Index(texts, K1, B, tokenizer=words).search(query, k)
        if not isinstance(hits, list) or not all(isinstance(hit, tuple) and len(hit) == 2 for hit in hits):
            raise Wrong("Return a list of pairs (position, score), the best first.")
        if texts is not SENTENCES and any(p >= len(texts) for p, _ in hits):
            raise Wrong(
                f"There are {len(texts)} texts here, and a hit is at position {max(p for p, _ in hits)}: look only "
                "into the lists and lengths that the function is given, not into the sentences."
            )
        if len(hits) != len(right):
            raise Wrong(
                f"For {query!r} and k={k} there should be {len(right)} hits, and there are {len(hits)}: at most k, "
                "and only texts that have a word of the query."
            )
        if [p for p, _ in hits] != [p for p, _ in right]:
            raise Wrong(
                f"For {query!r} the order should be {[p for p, _ in right]}, and it is {[p for p, _ in hits]}: the "
                "highest score first, and of equal scores the lower position."
            )
        if any(abs(a - b) > 1e-6 for (_, a), (_, b) in zip(hits, right, strict=True)):
            raise Wrong(f"For {query!r} the order is right, but the scores should be {_rounded(dict(right))}.")
    return "Your engine gives the hits and scores of the course's, and for a query it never sees the texts again."


def _rounded(scores: Mapping[int, float]) -> dict[int, float]:
    return {position: round(float(score), 3) for position, score in scores.items()}


def _test_largest_k1(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.floating | np.integer):
        raise Wrong(f"largest_k1 should be a number, and this is {type(answer).__name__}.")
    tried = [step / 10 for step in range(31)]
    honest = [k1 for k1 in tried if BM25Index(PAGES, k1=k1).search("moon landing", k=1)[0].position == 0]
    if not any(abs(answer - k1) < 1e-9 for k1 in tried):
        raise Wrong("Choose one of the values 0.0, 0.1, ... 3.0.")
    if answer > honest[-1] + 1e-9:
        raise Wrong("The honest page is not first with this k1: repetition still pays and length still costs too much.")
    if answer < honest[-1] - 1e-9:
        raise Wrong("The honest page is first with this k1, and also with a larger one: go on until it is not.")
    return (
        "At 0.7 the honest page is first, at 0.8 the stuffed one. The stuffed page has only 'moon', and repeating it "
        "never earns more than the IDF of that one word. The honest page has both words, and the smaller k1, the "
        "nearer each of them comes to its whole IDF, however long the page."
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
    lost = [word for word in asked if word not in names["wiki"].explain(answer, target)]
    unused = f" ({', '.join(lost)}: not in the article, so it added nothing.)" if lost else ""
    return f"You had to know the article's words before you could find it. Whoever asks can only guess them.{unused}"


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
    'better_query = "instrumental tissues"',
    _wikipedia_setting,
)

build_postings = Exercise(
    "postings",
    _test_postings,
    (
        "Go through the texts with enumerate, and through Counter(words(text)).items() of each (from collections).",
        "lists.setdefault(word, {}) is the dictionary behind a word, new or old: put the count under the position.",
    ),
    """
    from collections import Counter

    def postings(texts):
        lists = {}
        for position, text in enumerate(texts):
            for word, count in Counter(words(text)).items():
                lists.setdefault(word, {})[position] = count
        return lists
    """,
    _building_setting,
)

build_scores = Exercise(
    "word_scores",
    _test_word_scores,
    (
        "n is len(counts), the number of texts is len(lengths), and the mean length is sum(lengths) / len(lengths).",
        "IDF is math.log(1 + (n_texts - n + 0.5) / (n + 0.5)), as in the function idf of this notebook.",
        "For each position p with count f: idf * f / (f + 1.2 * (0.25 + 0.75 * lengths[p] / mean)).",
    ),
    """
    def word_scores(counts, lengths):
        n, n_texts, mean = len(counts), len(lengths), sum(lengths) / len(lengths)
        idf = math.log(1 + (n_texts - n + 0.5) / (n + 0.5))
        return {p: idf * f / (f + 1.2 * (0.25 + 0.75 * lengths[p] / mean)) for p, f in counts.items()}
    """,
    _building_setting,
)

build_search = Exercise(
    "keyword_search",
    _test_keyword_search,
    (
        "For each of words(query), add what word_scores(lists[word], lengths) returns to a dictionary of sums.",
        "A word that no text has is not in the lists: lists.get(word, {}) is empty for it.",
        "sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))[:k] puts the best first.",
    ),
    """
    def keyword_search(query, lists, lengths, k):
        total = {}
        for word in words(query):
            for position, score in word_scores(lists.get(word, {}), lengths).items():
                total[position] = total.get(position, 0) + score
        return sorted(total.items(), key=lambda hit: (-hit[1], hit[0]))[:k]
    """,
    _building_setting,
)

quiz = Quiz(
    (
        Question(
            "Why does a search with an inverted index read so little of the library?",
            {
                "It reads only the lists of the query's own words.": "For the fastest land animal it "
                "read 429 entries out of 542,911.",
                "It stops as soon as it has found ten hits.": "It adds up every text that has a word of the query.",
                "It keeps all texts in memory.": "In memory, too, reading every text would take long.",
            },
            "It reads only the lists of the query's own words.",
        ),
        Question(
            "A word is in 1,000 of 10,000 texts, another one in a single text. How do their IDFs compare?",
            {
                "The rare one has 667 times the IDF.": "That would be so without the logarithm: 6,667 against 10.",
                "They are equal: IDF counts occurrences, not texts.": "It counts the texts that have the word.",
                "The rare one has about four times the IDF.": "8.8 against 2.3: the logarithm keeps it small.",
            },
            "The rare one has about four times the IDF.",
        ),
        Question(
            "What does BM25 do when a page repeats a word a hundred times?",
            {
                "The word counts a hundred times as much.": "That is what a plain count would do.",
                "It earns at most its IDF, however often it is repeated.": "With k1 = 1.2 the hundredth adds 0.0001.",
                "The page is left out as spam.": "The stuffed page came first with the usual settings.",
            },
            "It earns at most its IDF, however often it is repeated.",
        ),
        Question(
            "A query says “vaccinated”, an article says “vaccine” throughout. With which settings is it found?",
            {
                "With a small k1.": "k1 changes what a matching word earns, and no word matches.",
                "With b = 0.": "b changes what length costs, and no word matches.",
                "With none.": "To the index these are two words. A stemmer that makes them "
                "one would help, or comparing meanings.",
            },
            "With none.",
        ),
        Question(
            "A question says “do”. What can go wrong in our articles if the search keeps that word?",
            {
                "It is in nearly every article, so nearly every article is found.": "“do” is in 153 of "
                "10,033 articles. “the” is in nearly all.",
                "It is rare, so the IDF gives it a high weight, though it says nothing about the subject.": "In one "
                "question it counted twice and put the wasp before the bee. Over all queries no gain from "
                "dropping such words was measured, only less work.",
                "Its list is so long that the search gets slow.": "Its list has 153 entries. “the” has the "
                "long one, with 9,570.",
            },
            "It is rare, so the IDF gives it a high weight, though it says nothing about the subject.",
        ),
    )
)
