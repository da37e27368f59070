"""The exercises of notebook 05, *Search by meaning*, and the questions it asks."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.search.dense import DenseIndex

LIKE = "Piano"
STRETCHED = "Honey"
STRETCH = 30
LEAST_PRECISION = 0.95
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
# Questions that an encyclopedia answers, and others that nothing in it can answer, however close the words come.
ANSWERABLE = (
    "How do bees make honey?",
    "Why is the sea salty?",
    "Who wrote Romeo and Juliet?",
    "What causes earthquakes?",
    "How does a vaccine work?",
    "What is inflation in an economy?",
    "Which planet has rings?",
    "How do birds fly?",
    "Who discovered penicillin?",
    "How is glass made?",
    "What do plants need to grow?",
    "Who was the first emperor of Rome?",
    "What is democracy?",
    "How do submarines dive?",
    "Why do we dream when we sleep?",
    "What is the tallest mountain on Earth?",
    "Who built the pyramids?",
    "How does the heart pump blood?",
    "What are rainbows made of?",
    "Where do kangaroos live?",
    "Who painted the ceiling of the Sistine Chapel?",
    "How do magnets attract iron?",
    "What is the difference between a virus and bacteria?",
    "How was paper invented?",
    "Why did the Roman Empire fall?",
    "What does a judge do?",
    "Which metal is liquid at room temperature?",
    "How do people meditate?",
    "What is chess and who plays it?",
    "How do volcanoes erupt?",
)
UNANSWERABLE = (
    "Where did I leave my keys?",
    "What is my neighbour's phone number?",
    "What will the weather be tomorrow?",
    "When does the next bus to the station leave?",
    "What did I eat for breakfast yesterday?",
    "How do I reset the password of my router?",
    "Is my sister angry with me?",
    "Which shoes go with this dress?",
    "What time is the dentist open on Saturday?",
    "Who won last night's match?",
    "How do I cancel my gym membership?",
    "What is the wifi password here?",
    "Can you recommend a cheap hotel near the station?",
    "Why is my code not compiling?",
    "How much does my flight to Rome cost?",
    "Did the plumber call back?",
    "Which room is the meeting in?",
    "How many unread messages do I have?",
    "What colour did we paint the kitchen?",
    "When is my library book due?",
    "Who is standing at the door?",
    "What is on the menu of the canteen today?",
    "How long is the queue at the post office?",
    "Where can I park near your house?",
    "What did the teacher say about the homework?",
    "Is there any milk left in the fridge?",
    "Which of these two phones should I buy?",
    "How old is the girl next door?",
    "When will my parcel arrive?",
    "Do you sell gift cards?",
)


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed

    articles = load_wikipedia()
    vectors = embed(articles["text"])
    known, unknown = (embed(list(asked)) @ vectors.T for asked in (ANSWERABLE, UNANSWERABLE))
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
        "vectors of length one the dot product is the cosine, and nobody can shout."
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
    return "With overlap no sentence is cut in every piece that holds it, at the price of more vectors."


def _test_threshold(answer: Any) -> str:
    names = _setting()
    known, unknown = names["best_known"], names["best_unknown"]
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.floating | np.integer):
        raise Wrong(f"threshold should be a number, and this is {type(answer).__name__}.")
    tried = [round(0.20 + 0.05 * step, 2) for step in range(13)]
    if not any(abs(answer - value) < 1e-6 for value in tried):
        raise Wrong("Choose one of 0.20, 0.25, 0.30, ... 0.80.")
    good = [value for value in tried if _precision(known, unknown, value) >= LEAST_PRECISION]
    if answer < good[0] - 1e-6:
        share = _precision(known, unknown, answer)
        raise Wrong(f"With {answer} the precision is {share:.2f}: too many questions without an answer pass.")
    if answer > good[0] + 1e-6:
        raise Wrong(f"The precision is high enough, and a lower threshold would do: {answer} refuses too much.")
    return (
        f"The lowest threshold that keeps the promise is {good[0]:.2f}; the other half of the questions will test it."
    )


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
