"""The exercises of notebook 06, *Measure a search, then rerank it*."""

from __future__ import annotations

import difflib
import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

if TYPE_CHECKING:
    from course_utils.evaluation.questions import Question as Judged
    from course_utils.search.dense import DenseIndex

LEAST_QUESTIONS, LEAST_LEAD = 10, 0.1
LEAST_POWER = 0.8
MOST_NEW = 2_000  # questions, so that 5,000 draws of them take 80 MB
N_CANDIDATES, N_RANDOM_LISTS = 10, 50


@functools.lru_cache(maxsize=1)
def _articles() -> tuple[list[str], list[str], DenseIndex]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed
    from course_utils.search.dense import DenseIndex

    texts, titles = (load_wikipedia()[column][:] for column in ("text", "title"))
    return texts, titles, DenseIndex(embed(texts))


@functools.lru_cache(maxsize=1)
def _searched() -> tuple[list[Judged], dict[str, np.ndarray]]:
    """Return the judged questions of both halves, and their reciprocal ranks with BM25 and with dense search."""
    from course_utils.embeddings import embed
    from course_utils.evaluation import load_questions, reciprocal_rank, relevant_positions
    from course_utils.search.bm25 import BM25Index

    texts, titles, dense = _articles()
    judged, bm25 = [question for question in load_questions() if question.titles], BM25Index(texts)
    asked, answering = [question.text for question in judged], relevant_positions(judged, titles)
    runs = {"BM25": [bm25.search(text, k=100) for text in asked], "dense": dense.search(embed(asked), k=100)}
    return judged, {name: reciprocal_rank(run, answering) for name, run in runs.items()}


def _setting() -> dict[str, Any]:
    judged, rr = _searched()
    chosen = np.flatnonzero([question.split == "development" for question in judged])
    return {"np": np, "asked": [judged[n].text for n in chosen], "rr": {name: rr[name][chosen] for name in rr}}


def _new_setting() -> dict[str, Any]:
    from course_utils.evaluation import power

    judged, rr = _searched()
    are_riddles = np.array([not question.added for question in judged])
    return {"np": np, "riddles": (rr["dense"] - rr["BM25"])[are_riddles], "power": power}


def _number(given: Any, of: str) -> float:
    """Return what the learner's function gave, if it is a number."""
    if isinstance(given, bool) or np.ndim(given) or not isinstance(given, int | float | np.number):
        raise Wrong(f"It should give one number, and for {of} it gives {given!r:.80}.")
    return float(given)


def _with_slip(here: str, given: float, slips: dict[str, float]) -> str:
    return " ".join([here, *(said for said, value in slips.items() if np.isclose(given, value))][:2])


def _test_dcg(answer: Any) -> str:
    for grades in ([0, 1, 1, 0, 0], [3, 0, 1], [1, 1]):
        terms = [grade / np.log2(place + 1) for place, grade in enumerate(grades, start=1)]
        try:
            with np.errstate(all="raise"):
                given = _number(call(answer, grades), str(grades))
        except (ZeroDivisionError, FloatingPointError):
            raise Wrong("Something is divided by 0. Places begin with 1: enumerate(grades, start=1).") from None
        if np.isclose(given, sum(terms)):
            continue
        here = f"For the grades {grades} it gives {given:.3f}, and {sum(terms):.3f} is right."
        places = range(1, len(grades) + 1)
        slips = {
            "You took the mean. DCG is the sum.": np.mean(terms),
            "That is the sum of the grades: each of them has to be discounted by its place.": sum(grades),
            "Your first place counts as 2. Start enumerate at 1.": np.sum(grades / np.log2(np.add(places, 2))),
            "That is the natural logarithm. Use np.log2.": np.sum(grades / np.log(np.add(places, 1))),
            "You divide by the place, which falls faster: divide by log2(place + 1).": np.sum(
                np.divide(grades, places)
            ),
        }
        raise Wrong(_with_slip(here, given, slips))
    if not np.isclose(_number(call(answer, []), "an empty list"), 0):
        raise Wrong("An empty list of grades should have a DCG of 0.")
    return "So 1.13 is the DCG of the list in the pictures above, whose right texts are at places 2 and 3."


def _dcg(grades: Any) -> float:
    return float(sum(grade / np.log2(place + 1) for place, grade in enumerate(grades, start=1)))


def _test_ndcg(answer: Any) -> str:
    from sklearn.metrics import ndcg_score

    from course_utils.evaluation.ranking import ndcg_at_k

    by_hand = [([7, 2, 4, 5, 1], {2: 1, 4: 1, 9: 1}, 5), ([7, 2, 5, 4, 1], {2: 1, 4: 3, 9: 2}, 3)]
    by_hand += [([8, 1], {8: 1, 1: 1, 3: 1, 4: 1}, 2), ([5, 3], {6: 2}, 10)]
    rng = np.random.default_rng(0)
    for _ in range(N_RANDOM_LISTS):
        grades = {int(text): int(rng.integers(1, 4)) for text in rng.choice(12, size=rng.integers(1, 7), replace=False)}
        by_hand.append((rng.permutation(12).tolist(), grades, int(rng.integers(1, 13))))
    for ranking, relevant, k in by_hand:
        given = _number(call(answer, ranking, relevant, k), f"{ranking}, {relevant} and k = {k}")
        right = float(ndcg_at_k([ranking], [relevant], k)[0])
        if not np.isclose(given, right):
            raise Wrong(_what_differs(given, right, ranking, relevant, k))
        if len(ranking) == 12:  # scikit-learn wants a grade and a score for each text that there is
            truth, scores = [relevant.get(text, 0) for text in ranking], range(12, 0, -1)
            assert np.isclose(given, ndcg_score([truth], [list(scores)], k=k))
    return f"On {N_RANDOM_LISTS} random lists it agrees with ndcg_at_k and with scikit-learn's ndcg_score."


def _what_differs(given: float, right: float, ranking: list, relevant: dict, k: int) -> str:
    here = f"For {ranking} with {relevant} and k = {k} it gives {given:.3f}, and {right:.3f} is right."
    found = [relevant.get(text, 0) for text in ranking]
    ideal = sorted(relevant.values(), reverse=True)
    of_found = _dcg(sorted(found[:k], reverse=True))
    if np.isclose(given, _dcg(found[:k])):
        return f"{here} That is the DCG. Divide it by the DCG of the best possible list."
    if of_found and np.isclose(given, _dcg(found[:k]) / of_found):
        return f"{here} Your best list holds only what was found. The best possible one has all relevant texts."
    if np.isclose(given, _dcg(found[:k]) / _dcg(ideal)):
        return f"{here} Nobody could do better than fill k places: cut the best list at k, too."
    if np.isclose(given, _dcg(found) / _dcg(ideal[:k])) or np.isclose(given, _dcg(found) / _dcg(ideal)):
        return f"{here} You count results after place k. Cut the ranking: ranking[:k]."
    if np.isclose(given, _dcg([bool(grade) for grade in found[:k]]) / _dcg([1] * min(k, len(relevant)))):
        return f"{here} You count each relevant text as 1. Use its grade, relevant[text]."
    if np.isclose(given, _dcg(found[:k]) / _dcg([1] * k)):
        return f"{here} Your best list has a relevant text at each place, and there are only {len(relevant)}."
    return here


def _test_paired_interval(answer: Any) -> str:
    from course_utils.evaluation.intervals import bootstrap_interval

    rng = np.random.default_rng(0)
    b = rng.uniform(size=60)  # questions differ a lot, and the two searches little on each
    a = b + rng.normal(0.1, 0.05, size=60)
    low, high = bootstrap_interval(a - b, n_resamples=20_000)
    try:
        given = np.asarray(call(answer, a, b), dtype=float)
    except (TypeError, ValueError):
        raise Wrong("It should give two numbers, low and high.") from None
    if given.shape != (2,):
        raise Wrong(f"It should give two numbers, low and high, and gives something of shape {given.shape}.")
    width = given[1] - given[0]
    here = f"For a small example it gives {given[0]:.3f} to {given[1]:.3f}, and {low:.3f} to {high:.3f} is right."
    if np.allclose(given, (low, high), atol=0.06 * (high - low)):
        apart = 2 * 1.96 * np.sqrt((a.var() + b.var()) / len(a))
        return (
            f"On this check's {len(a)} questions it is {width:.3f} wide. With questions of its own for each search "
            f"it would be about {apart:.3f}: here the questions differ much more than the two searches do."
        )
    if width < 0:
        raise Wrong(f"{here} The lower end comes first.")
    if width < 1e-9:
        raise Wrong(f"{here} Each draw has the same mean: draw with replacement, with rng.integers or rng.choice.")
    if np.allclose(given, (-high, -low), atol=0.06 * (high - low)):
        raise Wrong(f"{here} That is b minus a. The difference is a minus b.")
    if abs(given.mean() - a.mean()) < 0.1:
        raise Wrong(f"{here} That is around the mean of a. The interval is that of the difference a - b.")
    spread = np.quantile(a - b, [0.025, 0.975])
    if abs(width - np.ptp(spread)) < 0.2 * np.ptp(spread):
        raise Wrong(f"{here} That is how far single questions spread. Take the mean of each draw first.")
    if width > 3 * (high - low):
        raise Wrong(f"{here} Draw questions: each draw takes both searches' numbers on the same questions.")
    if np.isclose(width, (high - low) * 1.645 / 1.96, rtol=0.06):
        raise Wrong(f"{here} Yours holds 90% of the draws. For 95%, take the quantiles 0.025 and 0.975.")
    raise Wrong(f"{here} Draw as many questions as there are, 2,000 times.")


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
        raise Wrong("You let each token of the text look for the question. The question looks: take the other axis.")
    if np.isclose(given, right / 3):
        raise Wrong("That is the mean of the best matches. It ranks texts alike, but MaxSim is the sum.")
    if np.isclose(given, cosines.sum()) or np.isclose(given, cosines.mean()):
        raise Wrong("All pairs count in yours. Only the best match of each token of the question should.")
    if np.isclose(given, cosines.max()):
        raise Wrong("That is the single best pair. Each token of the question has a best match; add them up.")
    raise Wrong(f"For three tokens by hand it gives {given:.2f}, and {right:.2f} is right.")


def _test_new_questions(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | np.integer):
        raise Wrong(f"n_needed should be a number of questions, a whole one, and is {answer!r:.60}.")
    if not 2 <= answer <= MOST_NEW:
        raise Wrong(f"n_needed should lie between 2 and {MOST_NEW:,}.")
    riddles, power = (_new_setting()[name] for name in ("riddles", "power"))
    less, reached, more = (power(riddles, max(2, round(share * answer))) for share in (0.9, 1, 1.1))
    if less <= LEAST_POWER <= more:
        return f"The power is {reached:.2f}, with {answer / len(riddles):.1f} times our {len(riddles)} riddles."
    if abs(answer / len(riddles) - LEAST_POWER / power(riddles, len(riddles))) < 0.05:
        raise Wrong(f"Its power is {reached:.2f}: power does not grow in step with the number. Take more questions.")
    raise Wrong(f"Its power is {reached:.2f}. Take {'more' if reached < LEAST_POWER else 'fewer'} questions.")


def _test_own_questions(answer: Any) -> str:
    from course_utils.embeddings import embed
    from course_utils.evaluation import bootstrap_interval, load_questions, reciprocal_rank
    from course_utils.search.rerank import maxsim_rerank

    if not isinstance(answer, dict):
        raise Wrong('judged should be a dictionary such as {"how do bees make honey?": {"Honey"}}.')
    texts, titles, dense = _articles()
    position = {title: row for row, title in enumerate(titles)}
    for asked, right in answer.items():
        if not isinstance(asked, str) or not asked.strip():
            raise Wrong(f"Each key is a question in words, and {asked!r:.60} is none.")
        if isinstance(right, str):
            raise Wrong(f"The titles that answer {asked!r} should be a set: write {{{right!r}}}.")
        if not isinstance(right, set | frozenset | list | tuple):
            raise Wrong(f"The value of {asked!r} should be a set of titles, and is {right!r:.60}.")
        if not right:
            raise Wrong(f"{asked!r} has no title. Leave questions without an answer out.")
        for title in right:
            if title not in position:
                close = difflib.get_close_matches(str(title), titles, n=1)
                raise Wrong(f"There is no article {title!r}." + (f" Do you mean {close[0]!r}?" if close else ""))
    if copied := [question.text for question in load_questions() if question.text in answer]:
        raise Wrong(f"{copied[0]!r} is one of the course's questions. Write your own.")
    if len(answer) < LEAST_QUESTIONS:
        raise Wrong(f"These are {len(answer)} questions. Judge at least {LEAST_QUESTIONS}.")
    asked, wanted = list(answer), [{position[title] for title in right} for right in answer.values()]
    found = dense.search(embed(asked), k=N_CANDIDATES)
    first, second = (reciprocal_rank(run, wanted) for run in (found, maxsim_rerank(asked, texts, found)))
    low, high = bootstrap_interval(second - first)
    return (
        f"On your {len(asked)} questions dense search has an MRR@10 of {first.mean():.2f}, and with MaxSim it has "
        f"{second.mean():.2f}. The 95% interval of the difference goes from {low:+.2f} to {high:+.2f}. Only if it lies "
        "above zero, or below, do your questions tell the two apart."
    )


dcg = Exercise(
    "dcg",
    _test_dcg,
    (
        "Go through the grades with enumerate(grades, start=1), which gives each its place.",
        "Divide each grade by np.log2(place + 1), which is 1 for place 1 and 2 for place 3, and add up with sum.",
    ),
    """
    def dcg(grades):
        return sum(grade / np.log2(place + 1) for place, grade in enumerate(grades, start=1))
    """,
    lambda: {"np": np},
)

ndcg = Exercise(
    "ndcg",
    _test_ndcg,
    (
        "The grades of the list are relevant.get(text, 0) for each text of ranking[:k].",
        "The best possible list has all grades of relevant in order: sorted(relevant.values(), reverse=True)[:k].",
        "Divide the dcg of the first by the dcg of the second.",
    ),
    """
    def ndcg(ranking, relevant, k):
        grades = [relevant.get(text, 0) for text in ranking[:k]]
        best = sorted(relevant.values(), reverse=True)[:k]
        return dcg(grades) / dcg(best)
    """,
    lambda: {"np": np, "dcg": _dcg},
)

bootstrap = Exercise(
    "paired_interval",
    _test_paired_interval,
    (
        "Begin with the differences on each question: np.asarray(a) - np.asarray(b).",
        "rng.integers(n, size=n) draws positions with replacement; take the mean of the differences there.",
        "After 2,000 draws, np.quantile(means, [0.025, 0.975]) gives both ends.",
    ),
    """
    def paired_interval(a, b):
        differences, rng = np.asarray(a) - np.asarray(b), np.random.default_rng(0)
        n = len(differences)
        means = [differences[rng.integers(n, size=n)].mean() for _ in range(2000)]
        return np.quantile(means, [0.025, 0.975])
    """,
    lambda: {"np": np},
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

new_questions = Exercise(
    "n_needed",
    _test_new_questions,
    (
        "power(riddles, 176) is below 0.8 and power(riddles, 880) above it: try numbers between them.",
        "Halve the gap: if a number in the middle gives too little, go on in the upper half.",
    ),
    "n_needed = next(n for n in range(180, 880, 20) if power(riddles, n) >= 0.8)",
    _new_setting,
)

own_questions = Exercise(
    "judged",
    _test_own_questions,
    (
        "Write ten questions that you would really ask, before you look at any search's hits for them.",
        'titles.index("Honey") raises an error if there is no such article. Copy a title as the box above shows it.',
        "Read a text before you judge it: the article must hold the answer, not only be about the subject.",
    ),
    """
    judged = {
        "who painted the Mona Lisa?": {"Mona Lisa", "Leonardo da Vinci"},
        "which city was buried by a volcano in Roman times?": {"Pompeii"},
        "the art of folding paper": {"Origami"},
        "who discovered penicillin?": {"Alexander Fleming"},
        "the book about a captain who hunts a white whale": {"Moby-Dick"},
        "which instrument has 88 keys?": {"Piano"}, "second largest planet": {"Saturn"},
        "what is the longest river of Africa?": {"Nile"},
        "in which season do leaves change colour?": {"Autumn"},
        "the science of earthquakes": {"Seismology"},
    }
    """,
)

quiz = Quiz(
    (
        Question(
            "Two searches have an MRR of 0.75 (interval 0.68 to 0.81) and 0.67 (0.59 to 0.74). What do you conclude?",
            {
                "They do not differ, because the intervals overlap.": "Overlapping intervals do not show that. Each "
                "holds the spread between easy and hard questions, a part of which both searches share.",
                "The first is better, because its mean lies outside the other's interval.": "That compares one mean as "
                "if it were exact. Both were measured on a sample.",
                "Nothing yet.": "What counts is the interval of the difference on each question, and it is not given.",
            },
            "Nothing yet.",
        ),
        Question(
            "Rank fusion, k = 60: text A is at place 1 of one list only, text B at place 40 of both. Which is first?",
            {
                "Text B.": "It gets 2 / (60 + 40) = 0.020, and A gets 1 / (60 + 1) = 0.016.",
                "Text A, because a first place counts most.": "It does count most of all single places: 1/61 is 64% "
                "more than 1/100. But B has two of these.",
                "It depends on the scores in the two lists.": "Rank fusion never looks at scores, only at places.",
            },
            "Text B.",
        ),
        Question(
            "A text gets a paragraph on something else; the vectors of its old tokens stay. What does its MaxSim do?",
            {
                "It falls, because the text is now about two things.": "That can happen to the mean of all token "
                "vectors. MaxSim takes the best match of each token of the question.",
                "It stays the same, because the old best matches are still there.": "They are, but one of the new "
                "tokens may match better.",
                "It stays the same or rises.": "A maximum over more tokens cannot be smaller. So long texts have an "
                "advantage.",
            },
            "It stays the same or rises.",
        ),
        Question(
            "On 89% of the questions a right article is among the candidates. What can a perfect reranker reach?",
            {
                "A right article first on all of them.": "It only gives the candidates a new order, and on 11% of the "
                "questions none of them is right.",
                "A right article first on 89% of them.": "That is the ceiling: where a right one is among the "
                "candidates, it can be first.",
                "A right article first on fewer, since some are far down the list.": "A perfect reranker finds it "
                "wherever in the list it is.",
            },
            "A right article first on 89% of them.",
        ),
        Question(
            "On 110 questions p is 0.08. You ask 110 more, test all 220 together, and p is 0.04. What do you report?",
            {
                "A difference, since 0.04 is below 0.05.": "With two looks, chance alone gets below 0.05 more often "
                "than five times in a hundred.",
                "No difference, since the first test counts.": "The new questions are evidence as well. And a p above "
                "0.05 never shows that there is no difference.",
                "Both looks, with a stricter limit for each.": "For two looks it is about 0.03, and 0.04 is above it: "
                "still open.",
            },
            "Both looks, with a stricter limit for each.",
        ),
    )
)
