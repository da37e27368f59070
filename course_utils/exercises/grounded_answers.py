"""The exercises of notebook 07, *Answer from what was found, and with its source*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.common.checks import is_whole_number
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.grounded_checks import check_beam_search, check_clean, check_quote
from course_utils.exercises.quiz import Question, Quiz

REFUSAL = "I found nothing about that."
QUESTION = "What is the capital of Latvia?"
JUDGED = {  # the number of an answer among the judged quotes, and what to ask about it
    81: "Is the temperature of the answer in the quote?",
    10: "Where does the quote say which kind of horse the Friesian is?",
    86: "The answer replies 1983. What does the quote say about the first sale?",
    61: "Where does the quote speak of an official status?",
    24: "Does the quote say that Antarctica is crowded?",
    87: "Is the version of the answer in the quote? Whether it was asked for plays no part.",
    3: "Where does the quote say that the pyramid is the oldest of the Seven Wonders?",
    37: "Are the man, the year and the purpose in the quote? About “first” the two readers differ.",
}
PRICE = 3  # of answering what has no answer, in refused questions that have one


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed
    from course_utils.evaluation.questions import load_questions
    from course_utils.search.dense import DenseIndex

    everything = load_questions("development")
    vectors = embed(load_wikipedia()["text"][:])
    dense, question_vectors = DenseIndex(vectors), embed([question.text for question in everything])
    nearest = np.array([found[0].score for found in dense.search(question_vectors, k=1)])
    has_one = np.array([bool(question.titles) for question in everything])
    known = {"np": np, "vectors": vectors, "nearest": nearest, "has_one": has_one}
    return {**known, "dense": dense, "question_vectors": question_vectors}


def _tools() -> dict[str, Any]:
    from course_utils.grounding import answer_prompt, sentences, supporting_sentence
    from course_utils.transformer.generation import chat_prompt
    from course_utils.words import STOP_WORDS, words

    tools = {each.__name__: each for each in (answer_prompt, chat_prompt, sentences, supporting_sentence, words)}
    return {**tools, "STOP_WORDS": STOP_WORDS}


def _test_retrieve(function: Any) -> str:
    paper = np.array([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6], [0.0, -1.0]])
    found = call(function, np.array([0.0, 1.0]), paper, 2)
    try:
        found = np.asarray(found).tolist()
        numbers = all(is_whole_number(each) for each in found)
    except (TypeError, ValueError):
        found, numbers = [found], False
    if not numbers:
        raise Wrong("It should return positions, which are whole numbers, and no scores: np.argsort gives positions.")
    if len(found) != 2:
        raise Wrong(f"For k=2 it should return 2 positions, and it returns {len(found)}.")
    if found == [3, 0]:
        raise Wrong("It returns the farthest articles: np.argsort puts the smallest score first.")
    if found == [2, 1]:
        raise Wrong("These are the right two, with the second best first.")
    if found != [1, 2]:
        raise Wrong(f"For four vectors in the plane and the query (0, 1) it should return [1, 2], and returns {found}.")
    names = _setting()
    asked = names["question_vectors"]
    for vector, hits in zip(asked, names["dense"].search(asked, k=30), strict=True):
        given = np.asarray(call(function, vector, names["vectors"], 30)).tolist()
        if given[:1] != [hits[0].position] or set(given) != {hit.position for hit in hits}:
            raise Wrong("It finds other articles than DenseIndex.search does for one of the development questions.")
    return f"It finds the same 30 articles as DenseIndex.search for all {len(asked)} development questions."


def _test_write_prompt(function: Any) -> str:
    from course_utils.grounding import MOST_LETTERS, answer_prompt

    short, long = "Riga is the capital of Latvia.", "Riga is a city on the Baltic Sea. " * 40
    said = call(function, QUESTION, short)
    if not isinstance(said, str):
        raise Wrong(f"It should return one string, and it returns {type(said).__name__}.")
    if short not in said:
        raise Wrong("The passage is not in the prompt, so the model would answer by heart.")
    if QUESTION not in said:
        raise Wrong("The question is not in the prompt.")
    if said.index(short) > said.index(QUESTION):
        raise Wrong("The question comes before the passage: put the passage first.")
    if "<|im_start|>user" not in said:
        raise Wrong('The marks around the turns are missing: give your text to chat_prompt as [("user", text)].')
    if said.count("<|im_start|>user") > 1 or "<|im_start|>system\nRiga" in said:
        raise Wrong("Passage and question belong into one message of the user.")
    if "Answer in one short sentence." not in said:
        raise Wrong("It does not ask for one short sentence, so the answer would be cut off.")
    if said != (wanted := answer_prompt(QUESTION, short)):
        different = next(n for n, (a, b) in enumerate(zip(said + "\0", wanted + "\0", strict=False)) if a != b)
        raise Wrong(f"It differs from the printed prompt from {said[different : different + 20]!r} on.")
    if len(call(function, QUESTION, long)) > len(answer_prompt(QUESTION, long)) + 5:
        raise Wrong(f"A long passage comes whole: take its first {MOST_LETTERS} characters.")
    if call(function, QUESTION, long) != answer_prompt(QUESTION, long):
        raise Wrong(f"For a long passage: cut it to {MOST_LETTERS} characters first, then remove spaces with .strip().")
    return "It writes what answer_prompt writes, character for character, for a short and for a long passage."


def _test_verdicts(answer: Any) -> str:
    from course_utils.grounding import load_judged_quotes

    if not isinstance(answer, list | tuple) or len(answer) != len(JUDGED):
        raise Wrong(f"verdicts should be a list of {len(JUDGED)} words, one for each quote, in their order.")
    if odd := [each for each in answer if each not in ("all", "part", "none")]:
        raise Wrong(f'Each should be "all", "part" or "none", and one of yours is {odd[0]!r}.')
    judged = load_judged_quotes()
    differ = [n for n, given in zip(JUDGED, answer, strict=True) if given not in (judged[n].first, judged[n].second)]
    agreed = f"You agree with a reader in {len(JUDGED) - len(differ)} of {len(JUDGED)}."
    if not differ:
        return f"{agreed} For the eighth one says “all” and the other “part”: is “first” a claim of its own?"
    place, what = [*JUDGED].index(differ[0]) + 1, JUDGED[differ[0]]
    if len(differ) > 1:
        raise Wrong(f"{agreed} Look again at number {place}: {what}")
    return f"{agreed} For number {place} the file says {judged[differ[0]].says!r}. {what}"


def _test_ask(function: Any) -> str:
    from course_utils.grounding import answer_prompt

    passage, prompts = "Riga is old. The capital of Latvia is Riga.", []

    def generate(prompt: str) -> str:
        prompts.append(prompt)
        return "Riga."

    def result(score: float) -> Any:
        prompts.clear()
        return call(function, QUESTION, lambda question: (score, passage), generate, 0.4)

    said = result(0.7)
    if not (isinstance(said, tuple) and len(said) == 2):
        raise Wrong("It should return two strings, the answer and the quote: return answer, quote.")
    if said[0] == REFUSAL:
        raise Wrong("It refuses where the article is near (0.7 with the threshold 0.4), so < should be the other way.")
    if not prompts:
        raise Wrong("It never calls generate, so the answer is not the model's.")
    if prompts != [answer_prompt(QUESTION, passage)]:
        raise Wrong("The model gets another prompt than answer_prompt(question, passage), once.")
    if said[0] != "Riga.":
        raise Wrong(f"The first string should be the model's answer, 'Riga.', and it is {said[0]!r}.")
    if said[1] != "The capital of Latvia is Riga.":
        raise Wrong(f"The quote should be a sentence of the passage, by supporting_sentence, and it is {said[1]!r}.")
    said = result(0.2)
    if not (isinstance(said, tuple) and len(said) == 2) or said[0] != REFUSAL:
        raise Wrong(f"With a score of 0.2 and the threshold 0.4 it should return the refusal, and returns {said!r}.")
    if prompts:
        raise Wrong("It refuses, but only after the model has answered: look at the score first.")
    if said[1]:
        raise Wrong("A refusal has no source: its quote should be ''.")
    if result(0.4)[0] == REFUSAL:
        raise Wrong("A score of exactly the threshold is answered: refuse below it.")
    return "It answers with a quote where something is near, and refuses elsewhere without asking the model."


def _cost(threshold: float) -> int:
    names = _setting()
    answered = names["nearest"] >= threshold
    return int(PRICE * (answered & ~names["has_one"]).sum() + (~answered & names["has_one"]).sum())


def _test_best_threshold(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number) or not np.isfinite(answer):
        raise Wrong(f"best_threshold should be a number, and this is {answer!r}.")
    costs = {round(float(t), 2): _cost(t) for t in np.arange(0, 1.001, 0.01)}
    best = min(costs, key=costs.get)
    given, least = _cost(float(answer)), costs[best]
    if given > least:
        where = "higher" if answer < best else "lower"
        near = " You are near, but the cost goes up and down on the way." if given <= least + 2 * PRICE else ""
        raise Wrong(f"It costs {given}, and another costs {least}. Try a {where} one, or all in a loop.{near}")
    return f"It costs {given}. With another price of a wrong answer, another threshold would be best: it is a choice."


retrieve = Exercise(
    "retrieve",
    _test_retrieve,
    (
        "vectors @ question_vector is the score of each article, an array of shape (n_articles,).",
        "np.argsort(scores) returns the positions, the smallest score first. Of -scores, the largest comes first.",
        "Cut after the first k positions with [:k].",
    ),
    """
    def retrieve(question_vector, vectors, k):
        scores = vectors @ question_vector  # (n_articles, 384) @ (384,) -> (n_articles,)
        return np.argsort(-scores, kind="stable")[:k].tolist()
    """,
    _setting,
)

write_prompt = Exercise(
    "write_prompt",
    _test_write_prompt,
    (
        "The first 700 characters of a passage are passage[:700]; .strip() removes spaces at both ends.",
        'The message is the passage, an empty line ("\\n\\n"), "According to this text: ", the question, and the '
        "order to answer in one short sentence.",
        'chat_prompt([("user", message)]) puts the marks around it, and the sentence of the system before it.',
    ),
    """
    def write_prompt(question, passage):
        asked = f"According to this text: {question} Answer in one short sentence."
        return chat_prompt([("user", passage[:700].strip() + "\\n\\n" + asked)])
    """,
    _tools,
)

quote = Exercise(
    "quote",
    check_quote,
    (
        "set(words(text)) - STOP_WORDS is the set of the words of a text that count. & is what two sets share.",
        "Make two numbers for a sentence: how many of the answer's new words it has, and how many of the question's.",
        "Python compares pairs by the first number, then by the second: max(sentences(passage), key=a function that "
        "returns the pair).",
    ),
    """
    def quote(question, answer, passage):
        def content(text):
            return set(words(text)) - STOP_WORDS

        asked = content(question)
        new = content(answer) - asked

        def shared(sentence):
            return len(content(sentence) & new), len(content(sentence) & asked)

        return max(sentences(passage), key=shared)
    """,
    _tools,
)

judge = Exercise(
    "verdicts",
    _test_verdicts,
    (
        "Look only at what the answer claims, one thing after another: is each of them in the quote?",
        'One claim that is not in the quote makes "part" of "all". A reply that the quote contradicts makes it "none".',
    ),
    """
    verdicts = ["all", "part", "none", "part", "none", "all", "part", "part"]
    """,
)

ask = Exercise(
    "ask",
    _test_ask,
    (
        "Begin with score, passage = search(question), and return the refusal where the score is below the threshold.",
        "answer = generate(answer_prompt(question, passage)).",
        "The quote is supporting_sentence(question, answer, passage). Return both: return answer, quote.",
    ),
    """
    def ask(question, search, generate, threshold):
        score, passage = search(question)
        if score < threshold:
            return "I found nothing about that.", ""
        answer = generate(answer_prompt(question, passage))
        return answer, supporting_sentence(question, answer, passage)
    """,
    _tools,
)

refusal = Exercise(
    "best_threshold",
    _test_best_threshold,
    (
        "For a threshold t, nearest >= t are the questions that are answered.",
        "The cost is 3 * np.sum((nearest >= t) & ~has_one) + np.sum((nearest < t) & has_one).",
        "Compute it for each t of np.arange(0, 1, 0.01), and take the t of the smallest.",
    ),
    """
    def cost(t):
        return 3 * np.sum((nearest >= t) & ~has_one) + np.sum((nearest < t) & has_one)

    best_threshold = min(np.arange(0, 1, 0.01), key=cost)
    """,
    _setting,
)

beam = Exercise(
    "beam_search",
    check_beam_search,
    (
        'Begin with beams = [("", 1.0)], and repeat as often as steps says.',
        "In each step collect (text + token, p * q) for each (text, p) of beams and each (token, q) after it.",
        "sorted(longer, key=lambda beam: beam[1], reverse=True)[:width] keeps the likeliest.",
    ),
    """
    def beam_search(next_words, width, steps):
        beams = [("", 1.0)]
        for _ in range(steps):
            longer = []
            for text, p in beams:
                if text.endswith("."):
                    longer.append((text, p))
                else:
                    longer += [(text + token, p * q) for token, q in next_words(text, width)]
            beams = sorted(longer, key=lambda beam: beam[1], reverse=True)[:width]
        return beams
    """,
)

clean = Exercise(
    "clean",
    check_clean,
    (
        "The forged turn begins at the first mark, and all that follows is the stranger's: keep what stands before it.",
        r"re.split(pattern, passage)[0] keeps that. \s* in a pattern is any number of spaces, \| the sign |.",
    ),
    r"""
    import re

    def clean(passage):
        return re.split(r"<\s*\|\s*\w+\s*\|\s*>", passage)[0]
    """,
)


def join_parts(**parts: Any) -> dict[str, Any]:
    """Return the four parts of the build-it by name: the learner's, or the solution's where it is None."""
    joined: dict[str, Any] = {}
    for exercise in (retrieve, write_prompt, quote, ask):
        name, given = exercise.answer, parts[exercise.answer]
        names = exercise.setting() if name != "retrieve" else {"np": np}
        if name == "ask":
            names |= {"answer_prompt": joined["write_prompt"], "supporting_sentence": joined["quote"]}
        if given is None:
            exercise.solve_in(names)
        joined[name] = names[name] if given is None else given
    return joined


quiz = Quiz(
    (
        Question(
            "What does grounding change in the language model?",
            {
                "Its parameters: it learns the facts of the passage.": "No parameter changes. Without the passage, the "
                "next question is answered as before.",
                "Its vocabulary gets the words of the passage.": "The tokenizer is the same, and it can write any word "
                "anyway.",
                "Nothing. Only the prompt is longer.": "The same model, with the same parameters, reads other tokens.",
                "It switches off what the model learned before, so that only the passage counts.": "With nothing to "
                "read, 8 of 9 answers were 12 players; with a passage that says seven, 6 still were.",
            },
            "Nothing. Only the prompt is longer.",
        ),
        Question(
            "You replace the search by an oracle, and right answers rise from 44 to 63 of 88. What does that tell you?",
            {
                "The model is the cause of 63 errors.": "63 are right. The other 25 are wrong although the article "
                "answers the question.",
                "Reading an answering article each time gains 19, and a better reader could gain up to 25 more.": "The "
                "oracle changes only the search. What is wrong with it as well is left to the model, or to the rule "
                "that counts.",
                "The search is worse than the model.": "The oracle does not tell. The search failed in 24% of the 88 "
                "and the model in 34% of the 67 that it could know; the interval of the difference includes zero.",
            },
            "Reading an answering article each time gains 19, and a better reader could gain up to 25 more.",
        ),
        Question(
            "An answer comes with a quoted sentence that says all of it. What do you know?",
            {
                "The text says what the answer says. It may be incorrect, or beside the question.": "Nine "
                "answers that count as wrong had such a quote: three reply incorrectly, five to something that nobody "
                "asked, and one, 0 Kelvin for the lowest temperature, is true although the rule misses it.",
                "The answer is right.": "“The capital city of Sakha is Yakutsk” had such a quote, and the question was "
                "which capital city is the coldest.",
                "The model wrote the answer from that sentence.": "The sentence was chosen later, by shared words. "
                "How the model came to its answer cannot be seen from it.",
            },
            "The text says what the answer says. It may be incorrect, or beside the question.",
        ),
        Question(
            "Refusing below 0.6 stops 13 of 15 unanswerable questions. Why not simply use 0.6?",
            {
                "Because the scores are cosines, which never exceed 0.5.": "A cosine goes up to 1, and the nearest "
                "article had more than 0.8 for some questions.",
                "Because it should stop all 15.": "The highest unanswerable question had 0.72, and a threshold above "
                "that would refuse 94 of the 110 that have an answer.",
                "Because a threshold cannot be chosen from data.": "It can, once you have said what each kind of error "
                "costs; the exercise does so.",
                "Because it also refuses 59 of 110 questions that have an answer.": "A threshold makes two kinds of "
                "error. Which is worse is a choice.",
            },
            "Because it also refuses 59 of 110 questions that have an answer.",
        ),
        Question(
            "With a harmless sentence about bananas before each passage, 8 of 44 answers spoke of bananas. Why was "
            "this row needed?",
            {
                "To show that the model obeys harmless sentences.": "That sentence orders nothing: there was nothing "
                "to obey.",
                "As a control: an answer with that word need not come from the order.": "All 8 copied the added "
                "sentence. Without this row one would have taken each banana for obedience, and each lost answer for "
                "the order's work.",
                "To make the passages equally long in all rows.": "They are not: nothing is added in the first "
                "row. This row shows what this sentence does without any order.",
            },
            "As a control: an answer with that word need not come from the order.",
        ),
    )
)
