"""The exercises of notebook 06, *Measure a search, then rerank it*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

LEAST_QUESTIONS = 10
LEAST_LEAD = 0.1


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed
    from course_utils.evaluation.questions import load_questions, relevant_positions
    from course_utils.evaluation.ranking import reciprocal_rank
    from course_utils.search.bm25 import BM25Index
    from course_utils.search.dense import DenseIndex

    articles = load_wikipedia()
    texts = articles["text"][:]
    questions = [question for question in load_questions("development") if question.titles]
    asked = [question.text for question in questions]
    answering = relevant_positions(questions, articles["title"][:])
    bm25 = BM25Index(texts)
    runs = {"BM25": [bm25.search(text, k=100) for text in asked]}
    runs["dense"] = DenseIndex(embed(texts)).search(embed(asked), k=100)
    rr = {name: reciprocal_rank(run, answering) for name, run in runs.items()}
    return {"np": np, "asked": asked, "rr": rr}


def _test_first_right(answer: Any) -> str:
    by_hand = [([7, 2, 5, 4, 1], {2, 4, 9}, 1 / 2), ([4, 1], {4}, 1.0), ([1, 2, 3], {3}, 1 / 3), ([1, 2], {9}, 0.0)]
    for ranking, relevant, right in by_hand:
        given = call(answer, ranking, relevant)
        if isinstance(given, bool) or not isinstance(given, int | float | np.number):
            raise Wrong(f"It should give a number, and for {ranking} with {relevant} it gives {given!r}.")
        if abs(given - right) > 1e-9:
            place = next((place for place, text in enumerate(ranking, 1) if text in relevant), None)
            if place and abs(given - place) < 1e-9:
                raise Wrong(f"For {ranking} with {relevant} it gives the place, {given}. The measure is one over it.")
            if place and place > 1 and abs(given - 1 / (place - 1)) < 1e-9:
                raise Wrong("The first place counts as 1, and Python counts from 0: start enumerate at 1.")
            raise Wrong(f"For {ranking} with {relevant} it gives {given:.3f}, and {right:.3f} is right.")
    return "A first place is worth 1, a second one half: most of the measure is decided at the top."


def _test_unfair(answer: Any) -> str:
    rr, n_questions = _setting()["rr"], len(_setting()["asked"])
    try:
        chosen = [int(position) for position in answer]
    except (TypeError, ValueError):
        raise Wrong("unfair should be a list of positions in asked, such as [0, 3, 7].") from None
    if np.asarray(answer).dtype == bool:
        raise Wrong("That is a yes or no for each question. Take the positions of the yes: np.flatnonzero.")
    if any(not 0 <= position < n_questions for position in chosen):
        raise Wrong(f"Positions go from 0 to {n_questions - 1}.")
    if len(set(chosen)) < len(chosen):
        raise Wrong("A question comes twice. That would be cheating even for a cheat.")
    if len(chosen) < LEAST_QUESTIONS:
        raise Wrong(f"These are {len(chosen)} questions. A convincing fraud needs at least {LEAST_QUESTIONS}.")
    keyword, dense = (rr[name][chosen].mean() for name in ("BM25", "dense"))
    if dense > keyword + LEAST_LEAD:
        raise Wrong(f"On these, dense search wins, {dense:.2f} to {keyword:.2f}. Turn the comparison round.")
    if keyword < dense + LEAST_LEAD:
        raise Wrong(f"BM25 gets {keyword:.2f} and dense search {dense:.2f}: a lead of {LEAST_LEAD} would look clear.")
    return f"BM25 {keyword:.2f}, dense search {dense:.2f}: real questions, honestly measured, and worth nothing."


def _test_maxsim(answer: Any) -> str:
    question, text = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]), np.array([[1.0, 0.0], [-0.6, 0.8]])
    cosines = question @ text.T
    right = cosines.max(axis=1).sum()
    given = np.asarray(call(answer, question, text), dtype=float)
    if given.shape == cosines.shape:
        raise Wrong("That is the table of all cosines. Take the best of each row, and add them up.")
    if given.shape == (3,):
        raise Wrong("That is the best match of each token of the question. Add them up to one number.")
    if given.shape != ():
        raise Wrong(f"It should give one number, and gives something of shape {given.shape}.")
    if np.isclose(given, right):
        return "The text's other tokens cost nothing, however many they are: only the best match counts."
    if np.isclose(given, cosines.max(axis=0).sum()):
        raise Wrong(
            "You let each token of the text look for the question. It is the question that looks: the other axis."
        )
    if np.isclose(given, right / 3):
        raise Wrong("That is the mean of the best matches. It ranks texts alike, but MaxSim is the sum.")
    if np.isclose(given, cosines.sum()) or np.isclose(given, cosines.mean()):
        raise Wrong("All pairs count in yours. Only the best match of each token of the question should.")
    if np.isclose(given, cosines.max()):
        raise Wrong("That is the single best pair. Each token of the question has a best match; add them up.")
    raise Wrong(f"For three tokens by hand it gives {given:.2f}, and {right:.2f} is right.")


reciprocal = Exercise(
    "first_right",
    _test_first_right,
    (
        "Go through the ranking with enumerate(ranking, start=1), and look whether the text is in relevant.",
        "At the first that is, return 1 / place. After the loop, return 0.",
    ),
    """
    def first_right(ranking, relevant):
        for place, text in enumerate(ranking, start=1):
            if text in relevant:
                return 1 / place
        return 0.0
    """,
)

cheating = Exercise(
    "unfair",
    _test_unfair,
    (
        'rr["BM25"] and rr["dense"] hold a reciprocal rank for each question, in the order of asked.',
        'np.flatnonzero(rr["BM25"] > rr["dense"]) gives the positions where BM25 did better.',
    ),
    'unfair = np.flatnonzero(rr["BM25"] > rr["dense"])',
    _setting,
)

late_interaction = Exercise(
    "maxsim",
    _test_maxsim,
    (
        "question @ text.T is a table with a row for each token of the question.",
        "Take .max(axis=1), the best of each row, and add them up with .sum().",
    ),
    """
    def maxsim(question, text):
        return (question @ text.T).max(axis=1).sum()
    """,
    lambda: {"np": np},
)
