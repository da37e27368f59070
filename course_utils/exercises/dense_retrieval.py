"""The exercises of notebook 05, *Search by meaning*, and the questions it asks."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from course_utils.common import DATA
from course_utils.common.vectors import unit_rows
from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.exercises.quiz import Question, Quiz
from course_utils.search.dense import DenseIndex

LIKE = "Piano"
STRETCHED = "Honey"
STRETCH = 30
LEAST_PRECISION = 0.95
THRESHOLDS = [round(0.20 + 0.05 * step, 2) for step in range(13)]
QUESTIONS = {
    "Which animal is the fastest runner?": "Cheetah",
    "a house made of snow": "Igloo",
    "What is it called when prices keep rising?": "Inflation",
    "a baby frog": "Tadpole",
    "doctor for teeth": "Dentistry",
    "a doctor who operates": "Surgery",
    "people who cannot see": "Visual impairment",
    "giving birth": "Childbirth",
}
# Questions whose answers stand deep inside long articles, each with words of the passage that answers it.
LONG_QUESTIONS = {
    "How much fuel was left when they landed on the Moon?": "25 seconds of fuel",
    "What did the computer's alarms during the descent mean?": "executive overflows",
    "Which part of an old airplane was taken to the Moon?": "left propeller",
    "What did Aldrin do in private after the landing?": "took communion",
    "Why did nobody sleep after the landing?": "unable to sleep",
    "How long does an aardvark live?": "years in captivity",
    "Which fruit does the aardvark eat?": "aardvark cucumber",
    "How many insects does it eat in one night?": "50,000",
    "Which animals hunt the aardvark?": "hyenas",
    "How old was the oldest person in space?": "who was 77",
    "Who was the first tourist to pay for a trip to space?": "Dennis Tito",
    "How long was the longest stay in space?": "438 days",
    "In which aircraft do astronauts practise weightlessness?": "vomit comet",
    "Which Chinese painting shows an abacus?": "Qingming",
    "Who brought the abacus back to Europe in the Middle Ages?": "Sylvester",
    "What were the Roman counting stones called?": "calculi",
}
# Questions whose topic the library covers, and private ones, which nothing in it can answer, however close the words
# come. One reader has judged whether the first hit answers ("yes", "no", "doubtful"), and, where the best score is
# 0.6 or more without that hit, the next one: {question: [title, verdict]}.
_ASKED = json.loads((DATA / "answerable.json").read_text(encoding="utf-8"))
COVERED, PRIVATE, FIRST_HITS, NEXT_HITS = (_ASKED[key] for key in ("covered", "private", "first_hits", "next_hits"))


def nearest_centres(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Return for each vector the number of the centre with the largest dot product, ``(n, d), (m, d) -> (n,)``."""
    return (vectors @ centres.T).argmax(axis=1)


def make_cells(numbers: np.ndarray, n_cells: int) -> list[np.ndarray]:
    """Return for each cell the positions of its vectors, from the number of each vector's cell."""
    return [np.flatnonzero(numbers == cell) for cell in range(n_cells)]


def search_cells(
    query: np.ndarray, vectors: np.ndarray, centres: np.ndarray, cells: Sequence[np.ndarray], n_open: int, k: int
) -> np.ndarray:
    """Return the positions of the best vectors in the cells whose centres are nearest to the query, the best first."""
    opened = np.argsort(-(centres @ query))[:n_open]
    rows = np.concatenate([cells[cell] for cell in opened]).astype(int)
    return rows[np.argsort(-(vectors[rows] @ query))[:k]]


def overlapping_pieces(text: str, size: int, step: int) -> list[str]:
    """Cut a text into pieces of ``size`` words, a new one every ``step`` words, until one reaches the end.

    Examples
    --------
    >>> overlapping_pieces("one two three four five", size=3, step=2)
    ['one two three', 'three four five']
    """
    words = text.split()
    starts = range(0, max(min(1, len(words)), len(words) - size + step), step)  # the last one reaches the end
    return [" ".join(words[start : start + size]) for start in starts]


def lowest_threshold(known: np.ndarray, unknown: np.ndarray) -> float:
    """Return the lowest of the ``THRESHOLDS`` with which 95% of what passes is covered by the library."""
    return next(value for value in THRESHOLDS if _precision(known, unknown, value) >= LEAST_PRECISION)


def precision_in(share: float, known: np.ndarray, unknown: np.ndarray) -> list[float]:
    """Return the precision where a ``share`` of the questions is covered, from which of either kind pass.

    Beside it stand the precisions with both rates at the worse and at the better end of their 95% intervals.
    """
    from scipy.stats import binomtest

    tests = [binomtest(int(np.sum(passing)), len(passing)) for passing in (known, unknown)]
    (fewest, most), (least, worst) = ((around.low, around.high) for around in (test.proportion_ci() for test in tests))
    pairs = (tests[0].statistic, tests[1].statistic), (fewest, worst), (most, least)
    return [round(float(share * good / (share * good + (1 - share) * bad)), 2) for good, bad in pairs]


def _cells_setting() -> dict[str, Any]:
    return {"np": np, "nearest_centres": nearest_centres, "make_cells": make_cells}


def _unit(n: int, seed: int) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).normal(size=(n, 8)).astype(np.float32))


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed

    articles = load_wikipedia()
    vectors = embed(articles["text"])
    known, unknown = (embed(list(asked)) @ vectors.T for asked in (COVERED, PRIVATE))
    return {
        "np": np,
        "embed": embed,
        "DenseIndex": DenseIndex,
        "titles": articles["title"][:],
        "vectors": vectors,
        "index": DenseIndex(vectors),
        "question_vectors": embed(list(QUESTIONS)),
        "best_known": known.max(axis=1)[::2],  # every second question is for choosing the threshold
        "best_unknown": unknown.max(axis=1)[::2],
    }


def _test_more_like(function: Any) -> str:
    names = _setting()
    for title in (LIKE, "Volcano"):
        found = call(function, title, 3)
        row = names["titles"].index(title)
        hits = names["index"].search(names["vectors"][row], 4)
        expected = [names["titles"][hit.position] for hit in hits if hit.position != row]
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise Wrong("The function should return a list of titles.")
        if title in found:
            raise Wrong(f"{title} itself is in the list: nothing is nearer to a vector than that vector. Leave it out.")
        if len(found) != 3:
            raise Wrong(f"For k=3 it should return 3 titles, and it returns {len(found)}: ask for one hit more.")
        if found != expected:
            raise Wrong(f"For {title} it returns {', '.join(found)}. Search with the article's own row of vectors.")
    return f"{LIKE} leads to {', '.join(call(function, LIKE, 3))}: search without a word of a question."


def _test_n_hijacked(answer: Any) -> str:
    names = _setting()
    must_be_whole("n_hijacked", answer)
    stretched, row = names["vectors"].copy(), names["titles"].index(STRETCHED)
    stretched[row] *= STRETCH
    every = DenseIndex(stretched).search(names["question_vectors"], 1)
    right = sum(hits[0].position == row for hits in every)
    if answer == 0:
        raise Wrong("Nothing was hijacked: did you build a new index from the changed copy, and search in that?")
    if answer != right:
        raise Wrong(f"Count the questions whose first hit is {STRETCHED}; there are {len(QUESTIONS)} questions.")
    return (
        f"{STRETCHED} comes first for {right} of {len(QUESTIONS)} questions, only because its vector is long. With "
        "vectors of length one the dot product is the cosine. The other questions have "
        "a hit with a larger product, or a negative one with Honey, which stretching makes worse."
    )


def _test_overlapping(function: Any) -> str:
    text = "one two three four five six seven"
    cases = [
        ((text, 3, 3), ["one two three", "four five six", "seven"]),
        ((text, 3, 2), ["one two three", "three four five", "five six seven"]),
        ((text, 10, 5), [text]),
        ((text, 4, 2), ["one two three four", "three four five six", "five six seven"]),
    ]
    for arguments, expected in cases:
        found = call(function, *arguments)
        shown = f"For {len(text.split())} words, size={arguments[1]}, step={arguments[2]}"
        if not isinstance(found, list) or not all(isinstance(piece, str) for piece in found):
            raise Wrong("It should return a list of strings: join the words of each piece with a space.")
        if found and not any("seven" in piece for piece in found):
            raise Wrong(f"{shown} the last word is lost: the last piece may be shorter.")
        if len(found) > len(expected):
            raise Wrong(
                f"{shown} you get {len(found)} pieces, and {found[-1]!r} stands whole in the one before: stop as soon "
                "as a piece reaches the end of the text."
            )
        if found != expected:
            raise Wrong(f"{shown} the pieces should be {expected}, and they are {found}.")
    return "A sentence no longer than the overlap is now whole in one of the pieces, at the price of more vectors."


def _test_threshold(answer: Any) -> str:
    names = _setting()
    known, unknown = names["best_known"], names["best_unknown"]
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.floating | np.integer):
        raise Wrong(f"threshold should be a number, and this is {type(answer).__name__}.")
    if not any(abs(answer - value) < 1e-6 for value in THRESHOLDS):
        raise Wrong("Choose one of 0.20, 0.25, 0.30, ... 0.80.")
    lowest = lowest_threshold(known, unknown)
    if answer < lowest - 1e-6:
        share = _precision(known, unknown, answer)
        raise Wrong(f"With {answer} the precision is {share:.2f}: too many questions pass that are private.")
    if answer > lowest + 1e-6:
        raise Wrong(f"The precision is high enough, and a lower threshold would do: {answer} refuses too much.")
    return f"The lowest threshold that keeps the promise is {lowest:.2f}; the other half of the questions will test it."


def _test_nearest_centres(answer: Any) -> str:
    for vectors, centres in ((np.eye(3), np.eye(3)[[1, 2, 0]]), (_unit(60, 1), _unit(5, 2))):
        numbers, right = np.asarray(call(answer, vectors, centres)), nearest_centres(vectors, centres)
        if numbers.shape != (len(vectors),):
            raise Wrong(f"{len(vectors)} vectors need one number each, and your result has shape {numbers.shape}.")
        if not np.issubdtype(numbers.dtype, np.integer):
            raise Wrong("The result should be whole numbers: which centre it is, not how near. argmax gives the place.")
        if np.array_equal(numbers, (vectors @ centres.T).argmin(axis=1)):
            raise Wrong("Those are the centres farthest away: the largest dot product is the nearest.")
        if not np.array_equal(numbers, right):
            raise Wrong(f"{(numbers != right).sum()} of {len(vectors)} vectors are in a wrong cell.")
    return "The library has been sorted once, and every search will profit."


def _test_make_cells(answer: Any) -> str:
    for numbers, n_cells in (([2, 0, 2, 2], 3), ([1, 1], 4)):
        cells, right = call(answer, np.array(numbers), n_cells), make_cells(np.array(numbers), n_cells)
        if not isinstance(cells, list):
            raise Wrong(f"make_cells should return a list with an entry for each cell, not {type(cells).__name__}.")
        if len(cells) != n_cells:
            raise Wrong(
                f"There are {n_cells} cells, and your list has {len(cells)}: a cell without vectors is one, too."
            )
        for cell, (found, want) in enumerate(zip(cells, right, strict=True)):
            if np.asarray(found).dtype == bool:
                raise Wrong("Your entries are masks of True and False: np.flatnonzero turns one into positions.")
            if np.asarray(found).tolist() != want.tolist():
                raise Wrong(f"For the numbers {numbers} cell {cell} should be {want.tolist()}, not {list(found)}.")
    return "These are posting lists, with a centre where the keyword index has a word."


def _test_search_cells(answer: Any) -> str:
    vectors, centres = _unit(200, 3), _unit(9, 4)
    cells = make_cells(nearest_centres(vectors, centres), len(centres))
    for query in _unit(6, 5):
        exact = np.argsort(-(vectors @ query))[:5]
        for n_open in (1, 3, 9):
            found = np.asarray(call(answer, query, vectors, centres, cells, n_open, 5))
            right = search_cells(query, vectors, centres, cells, n_open, 5)
            if found.shape != right.shape:
                raise Wrong(
                    f"With k=5 and {n_open} cells there should be {len(right)} positions, and there are {found.size}."
                )
            if found.tolist() == right.tolist():
                continue
            if n_open < len(centres) and found.tolist() == exact.tolist():
                raise Wrong(
                    "You compare the query with every vector. Open only the n_open cells with the nearest centres."
                )
            if set(found.tolist()) == set(right.tolist()):
                raise Wrong("The right vectors, but not in order: the largest dot product comes first.")
            if found.max(initial=0) < len(np.concatenate([cells[c] for c in np.argsort(-(centres @ query))[:n_open]])):
                raise Wrong("Those are places among the opened vectors: look up which rows of the library they are.")
            raise Wrong(f"With {n_open} of 9 cells it should find {right.tolist()}, and it finds {found.tolist()}.")
    return "With all cells open it is the exact search; with fewer it is IVF, and the same as faiss with these centres."


def _precision(known: np.ndarray, unknown: np.ndarray, threshold: float) -> float:
    answered, mistaken = np.count_nonzero(known >= threshold), np.count_nonzero(unknown >= threshold)
    return answered / (answered + mistaken) if answered else 0.0


more_like = Exercise(
    "more_like",
    _test_more_like,
    (
        "The article's own vector is the query: vectors[titles.index(title)].",
        "The first hit is the article itself. Search for k + 1 hits and leave out the one at its own position.",
    ),
    """
    def more_like(title, k):
        row = titles.index(title)
        hits = index.search(vectors[row], k + 1)
        return [titles[hit.position] for hit in hits if hit.position != row][:k]
    """,
    _setting,
)

n_hijacked = Exercise(
    "n_hijacked",
    _test_n_hijacked,
    (
        f"stretched = vectors.copy(), then stretched[titles.index('{STRETCHED}')] *= {STRETCH}.",
        "DenseIndex(stretched).search(question_vectors, k=1) gives one list of hits for each question.",
        f"Count the lists whose first hit has the position of {STRETCHED}.",
    ),
    f"""
    stretched = vectors.copy()
    row = titles.index("{STRETCHED}")
    stretched[row] *= {STRETCH}
    every = DenseIndex(stretched).search(question_vectors, k=1)
    n_hijacked = sum(hits[0].position == row for hits in every)
    """,
    _setting,
)

overlapping = Exercise(
    "overlapping",
    _test_overlapping,
    (
        "words = text.split(); a piece is ' '.join(words[start : start + size]).",
        "The starts are range(0, len(words), step), as long as the piece before has not reached the end.",
        "The last useful start is the first one with start + size >= len(words): break there.",
    ),
    """
    def overlapping(text, size, step):
        words, pieces = text.split(), []
        for start in range(0, len(words), step):
            pieces.append(" ".join(words[start : start + size]))
            if start + size >= len(words):
                break
        return pieces
    """,
)

threshold = Exercise(
    "threshold",
    _test_threshold,
    (
        "For a value, count the passing scores: (best_known >= value).sum() and (best_unknown >= value).sum().",
        "Precision is the first count divided by the sum of both.",
        "Go through 0.20, 0.25, ... in this order and stop at the first value with a precision of 0.95 or more.",
    ),
    """
    for step in range(13):
        threshold = round(0.20 + 0.05 * step, 2)
        known, unknown = (best_known >= threshold).sum(), (best_unknown >= threshold).sum()
        if known / (known + unknown) >= 0.95:
            break
    """,
    _setting,
)

build_centres = Exercise(
    "nearest_centres",
    _test_nearest_centres,
    (
        "vectors @ centres.T has a row for each vector and a column for each centre.",
        "argmax(axis=1) is the column of the largest number in each row.",
    ),
    """
    def nearest_centres(vectors, centres):
        return (vectors @ centres.T).argmax(axis=1)
    """,
    _cells_setting,
)

build_cells = Exercise(
    "make_cells",
    _test_make_cells,
    (
        "numbers == cell is True where a vector is in the cell.",
        "np.flatnonzero gives the positions of what is True; do that for each cell in range(n_cells).",
    ),
    """
    def make_cells(numbers, n_cells):
        return [np.flatnonzero(numbers == cell) for cell in range(n_cells)]
    """,
    _cells_setting,
)

build_search = Exercise(
    "search_cells",
    _test_search_cells,
    (
        "Which cells to open: np.argsort(-(centres @ query))[:n_open].",
        "np.concatenate([cells[cell] for cell in opened]) are the rows of the library to compare.",
        "Order them by vectors[rows] @ query, the largest first, and return rows[...], not the places among them.",
    ),
    """
    def search_cells(query, vectors, centres, cells, n_open, k):
        opened = np.argsort(-(centres @ query))[:n_open]
        rows = np.concatenate([cells[cell] for cell in opened])
        return rows[np.argsort(-(vectors[rows] @ query))[:k]]
    """,
    _cells_setting,
)

quiz = Quiz(
    (
        Question(
            "When is the dot product of two vectors the cosine of their angle?",
            {
                "Always.": "A vector 30 times as long gets 30 times the dot product, and the angle stays.",
                "When both have length one.": "Honey hijacked the search once its row was stretched.",
                "When both have 384 numbers.": "Honey's stretched row had 384 numbers, too, and hijacked the search.",
            },
            "When both have length one.",
        ),
        Question(
            "IVF opens one cell and misses the nearest vector. Where was that vector?",
            {
                "In another cell: a border lay between it and the query.": "On the map "
                "the first cell had it in 93.9% of the cases, and the first two in 99.6%.",
                "In the same cell, but it was skipped.": "Within an opened cell every vector is compared.",
                "In no cell.": "Each vector belongs to exactly one cell.",
            },
            "In another cell: a border lay between it and the query.",
        ),
        Question(
            "With ten thousand articles, is it worth while to use an approximate index?",
            {
                "Yes, exact search is too slow to bear.": "It took less than a millisecond.",
                "Yes, its hits are better.": "It can only lose hits that the exact search has.",
                "Hardly: the exact search is fast enough.": "The gap opens with the number of vectors.",
            },
            "Hardly: the exact search is fast enough.",
        ),
        Question(
            "Why are long articles cut into pieces?",
            {
                "The encoder reads only the beginning of a text.": "Of the article on Apollo 11 it read 3%.",
                "Shorter texts take less room.": "Each piece has a vector of its own: pieces take more room.",
                "Keyword search needs it.": "BM25 reads a text of any length.",
            },
            "The encoder reads only the beginning of a text.",
        ),
        Question(
            "A threshold on the best score was chosen with questions. What can it be trusted with?",
            {
                "To notice every fact that is missing.": "At 0.6, 23 questions passed whose topic is in the library, "
                "and for 5 of the 23 the first hit holds no answer.",
                "To refuse most questions that are not about the world.": "None of 15 such questions passed at 0.6.",
                "To judge any kind of query.": "In the second half the precision at 0.5 is 0.94, and where one "
                "question in ten is covered it is 0.62.",
            },
            "To refuse most questions that are not about the world.",
        ),
    )
)
