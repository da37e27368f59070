"""The exercises of notebook 00, *Start here*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.exercises.quiz import Question, Quiz

SENTENCE = "The white stuff that falls from the sky in winter is called"
QUESTION = "Which element has the atomic number {}?"
ASKED = [QUESTION.format(number) for number in (74, 79, 82)]
DESCRIBED = "What is the white stuff that falls from the sky in winter called?"


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import cosine_similarity, embed
    from course_utils.transformer.model import NumPyLM

    articles = load_wikipedia()
    topics = np.array(articles["topic"])
    known = topics != "Uncategorized"
    examples = known & (np.random.default_rng(0).random(len(topics)) < 0.5)
    return {
        "np": np,
        "cosine_similarity": cosine_similarity,
        "sentence": SENTENCE,
        "vectors": embed(articles["text"]),
        "topics": topics,
        "names": sorted(set(topics[known])),
        "examples": examples,
        "tested": known & ~examples,
        "model": NumPyLM.smollm2(),
    }


@functools.lru_cache(maxsize=1)
def _library() -> dict[str, Any]:
    from course_utils.corpus import load_wikipedia
    from course_utils.grounding import answer_prompt, generate_answers
    from course_utils.search import BM25Index

    articles = load_wikipedia()
    titles = np.array(articles["title"])
    return {
        "np": np,
        "sentence": SENTENCE,
        "titles": titles,
        "index": BM25Index(articles["text"]),
        "openings": dict(zip(titles, articles["text"], strict=True)),
        "answer_prompt": answer_prompt,
        "generate_answers": generate_answers,
    }


def _test_snow_place(answer: Any) -> str:
    found, before = (_places(text) for text in (SENTENCE.replace("falls", "fall"), SENTENCE))
    must_be_whole("snow_place", answer)
    place = found.index("Snow") + 1
    if answer == place - 1:
        raise Wrong("Nearly: positions in a list start at 0, and the first place is 1.")
    if answer == 1:
        raise Wrong("That is the search by vectors. Take index.search, the search by words.")
    if answer in (len(found), len(before)):
        raise Wrong("So many articles are found. At which place among them is Snow?")
    if answer != place:
        raise Wrong("Not the place of Snow. Search for sentence.replace('falls', 'fall') with k=len(titles).")
    return (
        f"BM25 now finds Snow, but puts {place - 1} articles before it, {found[0]} first: one shared word of six earns "
        "few points."
    )


def _places(text: str) -> list[str]:
    """Return the titles that the search by words finds, the best first."""
    names = _library()
    return [str(names["titles"][hit.position]) for hit in names["index"].search(text, k=len(names["titles"]))]


def _test_few_right(answer: Any) -> str:
    names = _setting()
    ten, one, all_examples = (_share_right(names, n) for n in (10, 1, None))
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong(f"few_right should be one share of the tested articles, and this is {type(answer).__name__}.")
    share = float(answer)
    if abs(share - 100 * ten) < 0.5:
        raise Wrong("That is a percentage: give the share, a number between 0 and 1.")
    if abs(share - all_examples) < 0.001:
        raise Wrong("That is the share with all examples: take only ten of each topic before the mean, with [:10].")
    if abs(share - one) < 0.001:
        raise Wrong("That is one example of each topic: [:10] takes ten.")
    if abs(share - ten) > 0.001:
        raise Wrong(
            "Not the share for ten examples of each topic. Average vectors[examples & (topics == name)][:10], and "
            "compare the nearest with topics[tested]."
        )
    return f"Ten examples of each topic give {ten:.0%}, 411 on average gave {all_examples:.0%}."


def _share_right(names: dict[str, Any], n: int | None) -> float:
    """Return for what share of the tested articles the nearest average of ``n`` examples a topic is the right one."""
    vectors, topics, examples, tested = (names[key] for key in ("vectors", "topics", "examples", "tested"))
    averages = np.stack([vectors[examples & (topics == name)][:n].mean(axis=0) for name in names["names"]])
    guesses = np.array(names["names"])[names["cosine_similarity"](vectors[tested], averages).argmax(axis=1)]
    return float(np.mean(guesses == topics[tested]))


def _test_jumbled_word(answer: Any) -> str:
    names = _setting()
    jumbled = " ".join(sorted(names["sentence"].split()))
    likeliest = [(token.strip(), share) for token, share in names["model"].next_words(jumbled, k=100)]
    word, probability = likeliest[0]
    if isinstance(answer, tuple | list):
        raise Wrong("next_words gives pairs in a list: take the word out of the first pair with [0][0].")
    if not isinstance(answer, str):
        raise Wrong(f"jumbled_word should be a word, and this is {type(answer).__name__}.")
    if answer.strip() == names["model"].next_words(names["sentence"], k=1)[0][0].strip():
        raise Wrong("That is the word for the sentence in its right order: pass the jumbled one.")
    if answer.strip() != word:
        raise Wrong(f"The model says something else after {jumbled!r}. Are the words sorted and joined by spaces?")
    place = [token for token, _ in likeliest].index("snow") + 1
    return (
        f"The same twelve words, and the model now puts “{word}” first, with {probability:.0%}; “snow” is at place "
        f"{place}, with {likeliest[place - 1][1]:.0%}. It reads the order, not only the words."
    )


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


def _test_answer_by_search(function: Any) -> str:
    names = _library()
    answer_prompt, answer = names["answer_prompt"], names["generate_answers"]
    for asked in (*ASKED, DESCRIBED):
        said = call(function, asked)
        if isinstance(said, list):
            raise Wrong("generate_answers returns a list of answers: return its first, with [0].")
        if not isinstance(said, str):
            raise Wrong(f"It should return the answer, a string, and it returns {type(said).__name__}.")
        title = _places(asked)[0]
        if "<|im_start|>" in said:
            raise Wrong("It returns the prompt: let the model answer it, with generate_answers([prompt])[0].")
        if said in names["openings"]:
            raise Wrong("It returns a title: put the opening of that article before the question.")
        if said == answer([answer_prompt(asked, names["openings"][title])])[0]:
            continue
        if said == answer([answer_prompt(asked)])[0]:
            raise Wrong("The model had nothing to read: answer_prompt takes the opening as its second argument.")
        if said == answer([answer_prompt(asked, title)])[0]:
            raise Wrong("It gives the model the title to read: take openings[title].")
        raise Wrong(f"For {asked!r} the model should read the opening of {title!r}, the first article by words.")
    return f"It names tungsten, gold and lead. But a search that finds the wrong article misleads it: “{said}”"


snow_place = Exercise(
    "snow_place",
    _test_snow_place,
    (
        'sentence.replace("falls", "fall") is the sentence to search for.',
        "index.search(text, k=len(titles)) finds all articles with one of its words; a hit has a position.",
        'Make a list of titles[hit.position]; its index("Snow") starts at 0.',
    ),
    """
    hits = index.search(sentence.replace("falls", "fall"), k=len(titles))
    snow_place = [titles[hit.position] for hit in hits].index("Snow") + 1
    """,
    _library,
)

few_right = Exercise(
    "few_right",
    _test_few_right,
    (
        "Two lines of the test above need a change: the averages, and with them the guesses.",
        "vectors[examples & (topics == name)] are a topic's examples, one in a row: [:10] takes the first ten rows.",
        "The share is the mean of guesses == topics[tested], as before.",
    ),
    """
    few = np.stack([vectors[examples & (topics == name)][:10].mean(axis=0) for name in names])
    nearest = cosine_similarity(vectors[tested], few).argmax(axis=1)
    few_right = np.mean(np.array(names)[nearest] == topics[tested])
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

answer_by_search = Exercise(
    "answer_by_search",
    _test_answer_by_search,
    (
        "Three steps: find a title, write a prompt with the opening of that article, let the model answer.",
        "titles[index.search(asked, k=1)[0].position] is the first title by words.",
        "generate_answers takes a list of prompts and returns a list of answers: [0] is the first.",
    ),
    """
    def answer_by_search(asked):
        title = titles[index.search(asked, k=1)[0].position]
        return generate_answers([answer_prompt(asked, openings[title])])[0]
    """,
    _library,
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
            "Sentence B shares six words with ours, sentence A one. Why did A get the higher cosine similarity?",
            {
                "A is shorter.": "C and D are short, too, and got the lowest two.",
                "The encoder counts shared words.": "Then B would have won.",
                "It is about the same thing, and here that counted for more than six words.": "0.49 for A, and "
                "0.42 for B. Our words count, too: without any of them the garden has only 0.26.",
            },
            "It is about the same thing, and here that counted for more than six words.",
        ),
        Question(
            "The nearest average was right for 81% of the tested articles. Why did we also count how often “always "
            "People” is right?",
            {
                "To see how good a rule is that looks at no article.": "That is 21%. With a topic that "
                "holds 75% of the articles, 81% would be little.",
                "To find the topic with the most mistakes.": "It looks at no article, and it is wrong for every topic "
                "but its own.",
                "To subtract it: without luck the method would be right for 60%.": "We compare the two and subtract "
                "nothing. Always saying People is a rule, not luck.",
            },
            "To see how good a rule is that looks at no article.",
        ),
        Question(
            "At temperature 2.0 the probability of “snow” falls from 46% to 2%. Where does the rest go?",
            {
                "To the second token.": "The order stays the same at any temperature, so the second still has less "
                "than “snow”.",
                "Nowhere: the probabilities no longer add up to 1.": "They are divided by their new sum, so they do.",
                "To the many tokens that were very unlikely.": "The power of 1 / 2 turns 0.46 into 0.68, and 0.0001 "
                "into 0.01, a hundred times as much; then all are divided by their sum.",
            },
            "To the many tokens that were very unlikely.",
        ),
        Question(
            "After “The capital of Australia is” the model puts Sydney first. What does that show?",
            {
                "It has never read that Canberra is the capital.": "In another wording, and in the chat, it says "
                "Canberra.",
                "A likely next token need not be a true one.": "No step of the loop looks anything up.",
                "A right answer needs the marks of a chat.": "In the third wording, without any marks, Canberra came "
                "first.",
            },
            "A likely next token need not be a true one.",
        ),
        Question(
            "Asked for element 92, with the article “Neptunium” before the question, the model says neptunium. Why?",
            {
                "The article is about neptunium.": "In all seven such cases it named the element of the article, "
                "whatever number we asked for.",
                "The article says that 92 is the number of neptunium.": "It does not: 92 is uranium's number.",
                "It has learned that 92 is neptunium.": "With the article “Uranium” before the same question it named "
                "uranium.",
            },
            "The article is about neptunium.",
        ),
    )
)
