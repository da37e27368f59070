"""The exercises of notebook 00, *Start here*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, must_be_whole
from course_utils.exercises.quiz import Question, Quiz

SENTENCE = "The white stuff that falls from the sky in winter is called"
QUESTION = "an instrument with black and white keys"


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed
    from course_utils.transformer.model import NumPyLM

    articles = load_wikipedia()
    return {
        "np": np,
        "embed": embed,
        "sentence": SENTENCE,
        "titles": np.array(articles["title"]),
        "vectors": embed(articles["text"]),
        "model": NumPyLM.smollm2(),
    }


def _test_best_title(answer: Any) -> str:
    names = _setting()
    scores = names["vectors"] @ names["embed"]([QUESTION])[0]
    title = str(names["titles"][scores.argmax()])
    if isinstance(answer, int | np.integer):
        raise Wrong("That is a position in the list. Look up which title stands there: titles[position].")
    if not isinstance(answer, str):
        raise Wrong(f"best_title should be one title, and this is {type(answer).__name__}.")
    if answer == names["titles"][scores.argmin()]:
        raise Wrong("That is the article that has least to do with the question: argmin finds the lowest score.")
    if answer != title:
        raise Wrong(f"{answer!r} is not the best hit. Did you embed the new question, and not the old sentence?")
    return f"The question never says {title.lower()}, and the search finds it by meaning."


def _test_jumbled_word(answer: Any) -> str:
    names = _setting()
    jumbled = " ".join(sorted(names["sentence"].split()))
    word = names["model"].next_words(jumbled, k=1)[0][0].strip()
    if isinstance(answer, tuple | list):
        raise Wrong("next_words gives pairs in a list: take the word out of the first pair with [0][0].")
    if not isinstance(answer, str):
        raise Wrong(f"jumbled_word should be a word, and this is {type(answer).__name__}.")
    if answer.strip() == names["model"].next_words(names["sentence"], k=1)[0][0].strip():
        raise Wrong("That is the word for the sentence in its right order: pass the jumbled one.")
    if answer.strip() != word:
        raise Wrong(f"The model says something else after {jumbled!r}. Are the words sorted and joined by spaces?")
    return f"The same twelve words, and the model now says “{word}”: it reads the order, not only the words."


def _test_n_tokens(answer: Any) -> str:
    names = _setting()
    share = np.cumsum([probability for _, probability in names["model"].next_words(names["sentence"], k=1000)])
    n_tokens = int(np.argmax(share >= 0.9)) + 1
    must_be_whole("n_tokens", answer)
    if answer == n_tokens - 1:
        raise Wrong("Nearly: positions start at 0, and you want to know how many tokens there are.")
    if answer != n_tokens:
        raise Wrong(
            "Add up the probabilities from the first, and stop at the token that brings the sum to nine tenths."
        )
    return f"Out of 49,152 possible tokens, {n_tokens} share nine tenths of the probability."


best_title = Exercise(
    "best_title",
    _test_best_title,
    (
        "Three steps, all of them in the search above: embed the question, multiply, take the best.",
        "embed takes a list and gives a matrix, so the question's vector is embed([question])[0].",
        "np.argmax(vectors @ query) is the position of the best article; titles has the titles in the same order.",
    ),
    f"""
    query = embed(["{QUESTION}"])[0]
    best_title = str(titles[np.argmax(vectors @ query)])
    """,
    _setting,
)

jumbled_word = Exercise(
    "jumbled_word",
    _test_jumbled_word,
    (
        "sentence.split() gives the words, sorted(...) puts them in alphabetical order.",
        '" ".join(words) makes one string of them; then ask model.next_words(jumbled, k=1).',
    ),
    """
    jumbled = " ".join(sorted(sentence.split()))
    jumbled_word = model.next_words(jumbled, k=1)[0][0]
    """,
    _setting,
)

n_tokens = Exercise(
    "n_tokens",
    _test_n_tokens,
    (
        "model.next_words(sentence, k=1000) gives a thousand pairs, the likeliest first.",
        "np.cumsum adds up as it goes: its third number is the sum of the first three.",
        "np.argmax(sums >= 0.9) is the first position where that is true, and positions start at 0.",
    ),
    """
    probabilities = [probability for word, probability in model.next_words(sentence, k=1000)]
    n_tokens = int(np.argmax(np.cumsum(probabilities) >= 0.9)) + 1
    """,
    _setting,
)

quiz = Quiz(
    (
        Question(
            "What goes into a language model?",
            {
                "The letters of the text.": "The model never sees them: “snowballing” came as three pieces.",
                "The numbers of its tokens.": "Twelve numbers for our sentence, and nothing else.",
                "The words and their meanings.": "What it knows of meanings it has learned from such numbers.",
            },
            "The numbers of its tokens.",
        ),
        Question(
            "Sentence B shared six words with ours, sentence A one. Why did A get the higher cosine similarity?",
            {
                "A is shorter.": "C is short, too, and got the lowest of the three.",
                "The encoder counts shared words.": "Then B would have won.",
                "Its vector depends on words too, but more on the subject here.": "0.49 for A and 0.32 for B. "
                "Words count as well: without “white” B falls to 0.20.",
            },
            "Its vector depends on words too, but more on the subject here.",
        ),
        Question(
            "How did the search find Snow, when the sentence never says “snow”?",
            {
                "A list of synonyms was used.": "The cell multiplies a matrix with a vector, and uses nothing else.",
                "Its vector had the largest product with the sentence's vector.": "0.53, before White with 0.48.",
                "The language model guessed the word first.": "The search came before it, and did not use it.",
            },
            "Its vector had the largest product with the sentence's vector.",
        ),
        Question(
            "The model gives “snow” a probability of 0.46. What is the rest?",
            {
                "It is shared out among all other tokens of the vocabulary.": "Each of the "
                "other 49,151 gets a part, and with “snow” they add up to 1.",
                "It is the probability that the model made a mistake.": "It is the "
                "probability that another token comes, which may be right as well, such as “precipitation”.",
                "It goes to the second token.": "The second bar is far shorter than 0.54.",
            },
            "It is shared out among all other tokens of the vocabulary.",
        ),
        Question(
            "After “The capital of Australia is” the model puts Sydney before Canberra. What does that show?",
            {
                "It has never read that Canberra is the capital.": "Then Canberra would hardly come second, with 0.34.",
                "A likely next token need not be a true one.": "Training made likelier what comes next in texts. "
                "That alone makes no statement true.",
                "The loop should have run longer.": "It only appends to what is written, and corrects nothing.",
            },
            "A likely next token need not be a true one.",
        ),
    )
)
