"""The exercises of notebook 02, *Compare tokenizers*."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from course_utils.common.checks import is_whole_number
from course_utils.corpus import load_declaration
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

if TYPE_CHECKING:
    from course_utils.tokens.bpe import BPETokenizer
    from course_utils.tokens.libraries import Tokenizer

LINE = "The year 1492, CAFÉ 🍵"
SUSPECTS = ("BERT", "Mistral 7B", "GPT-4o")
# Article 1 of the Universal Declaration of Human Rights.
ASKED = {language: load_declaration(language)[0] for language in ("Korean", "Arabic", "Hindi")}
BUDGET, MOST_ARTICLES, MOST_TOKENS_A_WORD = 1_500, 300, 2.63


@functools.lru_cache(maxsize=1)
def load_articles() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return 300 articles in each of three languages to learn from, and 100 others in each to measure on."""
    from course_utils.corpus import load_wikipedia

    codes = {"English": "en", "French": "fr", "Spanish": "es"}
    every = {language: load_wikipedia(code, size=400)["text"][:] for language, code in codes.items()}
    training = {language: texts[:MOST_ARTICLES] for language, texts in every.items()}
    return training, {language: texts[MOST_ARTICLES:] for language, texts in every.items()}


def tokens_a_word(tokenizer: Tokenizer | BPETokenizer, texts: Sequence[str]) -> float:
    """Return tokens divided by words over all texts; infinity where a text does not come back."""
    every = [tokenizer.encode(text) for text in texts]
    if any(tokenizer.decode(ids) != text for ids, text in zip(every, texts, strict=True)):
        return math.inf
    return sum(map(len, every)) / sum(len(text.split()) for text in texts)


def design(mix: Mapping[str, int], budget: int) -> BPETokenizer:
    """Train a tokenizer of so many tokens on the first so many articles of each language."""
    from course_utils.tokens.bpe import BPETokenizer

    training, _ = load_articles()
    chosen = [text for language, n in mix.items() for text in training[language][:n]]
    return BPETokenizer.train("\n".join(chosen), vocab_size=budget)


def equal_parts() -> dict[str, float]:
    """Return the tokens a word in each language where all three give equally many articles, rounded to three digits."""
    training, held_out = load_articles()
    made = design(dict.fromkeys(training, MOST_ARTICLES // len(training)), BUDGET)
    return {language: round(tokens_a_word(made, texts), 3) for language, texts in held_out.items()}


def equal_words() -> dict[str, float]:
    """Return the tokens a word where each language gives as many words as the first hundred French articles hold.

    Whole articles are taken from the front while they fit, and the result is rounded to three digits.
    """
    training, held_out = load_articles()
    words = {language: [len(text.split()) for text in texts] for language, texts in training.items()}
    most = sum(words["French"][: MOST_ARTICLES // len(training)])
    mix = {language: sum(total <= most for total in itertools.accumulate(n)) for language, n in words.items()}
    made = design(mix, BUDGET)
    return {language: round(tokens_a_word(made, texts), 3) for language, texts in held_out.items()}


@functools.lru_cache(maxsize=1)
def _design_setting() -> dict[str, Any]:
    from course_utils.tokens.bpe import BPETokenizer

    training, held_out = load_articles()
    return {
        "math": math,
        "BPETokenizer": BPETokenizer,
        "training": training,
        "held_out": held_out,
        "tokens_a_word": tokens_a_word,
        "design": design,
    }


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from course_utils.tokens.models import load_tokenizer, tokenizer_names
    from course_utils.tokens.view import show_tokens

    return {
        "tokenizers": [load_tokenizer(name) for name in tokenizer_names()],
        "load_tokenizer": load_tokenizer,
        "show_tokens": show_tokens,
        "tokenizer_names": tokenizer_names,
        "first_article": dict(ASKED),
    }


def _test_suspects(answer: Any) -> str:
    if not isinstance(answer, list | tuple) or len(answer) != 3:
        raise Wrong("suspects should be a list of three names, for A, B and C.")
    known = _setting()["tokenizer_names"]()
    for letter, name, right in zip("ABC", answer, SUSPECTS, strict=True):
        if name not in known:
            raise Wrong(f"There is no tokenizer {name!r} among the ten: {', '.join(known)}.")
        if name != right:
            cuts = repr(_setting()["show_tokens"](LINE, _setting()["load_tokenizer"](name)))
            raise Wrong(f"{letter} is not {name}, which cuts the line so: {cuts}")
    return "Small letters and [UNK]; a space in front and single bytes; three digits and a larger vocabulary."


def _test_twins(answer: Any) -> str:
    if not isinstance(answer, list | tuple) or len(answer) != 2 or not all(isinstance(text, str) for text in answer):
        raise Wrong("twins should be a pair of two texts.")
    first, second = answer
    if first == second:
        raise Wrong("Those are the same text: they must differ in at least one character.")
    bert = _setting()["load_tokenizer"]("BERT")
    ids, others = bert.encode(first), bert.encode(second)
    if not ids:
        raise Wrong("BERT finds nothing at all in the first one: there must be at least one token.")
    if bert.special_tokens["[UNK]"] in ids + others:
        raise Wrong("There is an [UNK] among the tokens: find a pair where BERT believes that it knows every piece.")
    if ids != others:
        raise Wrong(f"BERT sees a difference: {bert.tokens(first)} and {bert.tokens(second)}. What does it throw away?")
    return f"To BERT both are {bert.tokens(first)}. No model behind it can ever find out which one you wrote."


def _test_cheapest(answer: Any) -> str:
    if not isinstance(answer, dict):
        raise Wrong(f"cheapest should be a dictionary, and this is {type(answer).__name__}.")
    if absent := [language for language in ASKED if language not in answer]:
        raise Wrong(f"{absent[0]} is missing.")
    tokenizers = _setting()["tokenizers"]
    for language, text in ASKED.items():
        counts = {t.name: len(t.encode(text)) for t in tokenizers if t.decode(t.encode(text)) == text}
        name = getattr(answer[language], "name", answer[language])
        if name not in {t.name for t in tokenizers}:
            raise Wrong(f"{name!r} is no tokenizer: the values of the dictionary should be names.")
        if name not in counts:
            raise Wrong(f"{name} does not give the {language} text back: compare decode(encode(text)) with the text.")
        if counts[name] > min(counts.values()):
            raise Wrong(f"{name} needs {counts[name]} tokens for the {language} text, and another needs fewer.")
    return (
        "Tekken and GPT-4o, as with the whole Declaration: both have over a thousand tokens in each of "
        "these scripts. J2, with the largest vocabulary of all, is not among them."
    )


def _test_tokens_a_word(answer: Any) -> str:
    load = _setting()["load_tokenizer"]
    for name, texts in (("GPT-4", ["one two three", "four"]), ("SmolLM2", list(ASKED.values())), ("BERT", ["Café"])):
        found, right = call(answer, load(name), texts), tokens_a_word(load(name), texts)
        if isinstance(found, bool) or not isinstance(found, int | float):
            raise Wrong(f"tokens_a_word should return a number, and this is {type(found).__name__}.")
        if right == math.inf and found != right:
            raise Wrong("BERT does not give 'Café' back, and still gets a price: return float('inf') for lost text.")
        if right != math.inf and found == math.inf:
            raise Wrong(f"{name} gives those texts back: compare each text with decode(encode(text)).")
        if right != math.inf and abs(found - right) > 1e-9:
            raise Wrong(
                f"For {name} and {len(texts)} texts it should be {right:.3f}, not {found:.3f}: all tokens divided by "
                "all words, over the texts together."
            )
    return "A price that counts only what arrives whole."


def _test_design(answer: Any) -> str:
    for mix, budget in (({"English": 8, "French": 4, "Spanish": 0}, 400), ({"Spanish": 9}, 300)):
        made, right = call(answer, dict(mix), budget), design(mix, budget)
        if not hasattr(made, "encode") or not hasattr(made, "vocabulary_size"):
            raise Wrong(f"design should return a tokenizer, and this is {type(made).__name__}.")
        if made.vocabulary_size != budget:
            raise Wrong(f"The budget was {budget} tokens, and your tokenizer has {made.vocabulary_size}.")
        if dict(made.vocabulary()) != dict(right.vocabulary()):
            raise Wrong(f"For {mix} other tokens are learned: the first articles of each, and no more.")
    return "The makers of every vocabulary had such a function, and had to decide what goes in."


def _test_mix(answer: Any) -> str:
    training, held_out = load_articles()
    if not isinstance(answer, dict):
        raise Wrong(f"mix should be a dictionary, and this is {type(answer).__name__}.")
    if set(answer) != set(training):
        raise Wrong(f"mix needs a number for each of {', '.join(training)}, and for nothing else.")
    if not all(is_whole_number(n) and n >= 0 for n in answer.values()):
        raise Wrong("The values of mix should be whole numbers of articles.")
    if sum(answer.values()) > MOST_ARTICLES:
        raise Wrong(f"Those are {sum(answer.values())} articles, and {MOST_ARTICLES} are allowed.")
    made = design(answer, BUDGET)
    prices = {language: tokens_a_word(made, texts) for language, texts in held_out.items()}
    shown = ", ".join(f"{language} {price:.3f}" for language, price in prices.items())
    worst = max(prices, key=prices.__getitem__)
    if prices[worst] > MOST_TOKENS_A_WORD:
        raise Wrong(f"{shown}: {worst} takes more than {MOST_TOKENS_A_WORD}. Take articles from where there is room.")
    return f"{shown}. With equal parts French took 2.69: which texts go in decides who pays."


suspects = Exercise(
    "suspects",
    _test_suspects,
    (
        "Who writes small letters only? Who puts a space in front of the first word? Who cuts numbers in threes?",
        "Let them cut the line themselves: show_tokens('The year 1492, CAFÉ 🍵', tokenizers).",
    ),
    """
    suspects = ["BERT", "Mistral 7B", "GPT-4o"]
    """,
    _setting,
)

twins = Exercise(
    "twins",
    _test_twins,
    (
        "In the table of lost lines BERT lost three things: capitals, accents, and something else.",
        "Two texts that differ only in what is lost: small and capital letters, é and e, one space and two.",
    ),
    """
    twins = ("the Polish résumé", "The polish resume")
    """,
    _setting,
)

cheapest = Exercise(
    "cheapest",
    _test_cheapest,
    (
        "For one language: keep the tokenizers with t.decode(t.encode(text)) == text, then take the one with the "
        "fewest ids.",
        "min(honest, key=lambda t: len(t.encode(text))).name, in a loop over the three languages.",
    ),
    """
    cheapest = {}
    for language in ["Korean", "Arabic", "Hindi"]:
        text = first_article[language]
        honest = [t for t in tokenizers if t.decode(t.encode(text)) == text]
        cheapest[language] = min(honest, key=lambda t: len(t.encode(text))).name
    """,
    _setting,
)

build_price = Exercise(
    "tokens_a_word",
    _test_tokens_a_word,
    (
        "Encode each text once, and keep the lists of ids.",
        "If tokenizer.decode(ids) differs from its text anywhere, return float('inf').",
        "Otherwise: the sum of len(ids) over all texts, divided by the sum of len(text.split()).",
    ),
    """
    def tokens_a_word(tokenizer, texts):
        every = [tokenizer.encode(text) for text in texts]
        if any(tokenizer.decode(ids) != text for ids, text in zip(every, texts)):
            return float("inf")
        return sum(len(ids) for ids in every) / sum(len(text.split()) for text in texts)
    """,
    _design_setting,
)

build_design = Exercise(
    "design",
    _test_design,
    (
        "training[language][:n] are the first n articles of a language.",
        "Join all chosen articles with line ends, and give them to BPETokenizer.train with vocab_size=budget.",
    ),
    """
    def design(mix, budget):
        chosen = [text for language, n in mix.items() for text in training[language][:n]]
        return BPETokenizer.train("\\n".join(chosen), vocab_size=budget)
    """,
    _design_setting,
)

build_mix = Exercise(
    "mix",
    _test_mix,
    (
        "Begin with 100 of each, and see what the check says of each language.",
        "English has room: take articles away there, and give them to the language that takes the most tokens.",
        "About 60 English and 140 French articles, and the rest Spanish.",
    ),
    """
    mix = {"English": 60, "French": 140, "Spanish": 100}
    """,
    _design_setting,
)

quiz = Quiz(
    (
        Question(
            "BERT takes 5,428 tokens for the Hindi Declaration, and J2 takes 7,978. Why is BERT not the better choice?",
            {
                "Its vocabulary is the smallest.": "That would make texts longer, not shorter.",
                "The text does not come back: it saves tokens by destroying text.": "It drops vowel signs and "
                "writes [UNK], so its tokens hold another text.",
                "It is the better choice: fewer tokens are always better.": "Fewer is cheaper, not better; and here "
                "the text is lost.",
            },
            "The text does not come back: it saves tokens by destroying text.",
        ),
        Question(
            "J2's Hindi takes 7.5 times as many tokens as its English, the highest ratio. At the same price for a "
            "token, does its Hindi cost the most?",
            {
                "Yes, 7.5 is the highest ratio.": "A ratio compares with J2's own English, which is very short.",
                "No: in tokens three others take more.": "J2 takes 7,978, and the others from 8,350 to 9,116.",
                "That cannot be known from tokens.": "At the same price for a token, the count is what you pay.",
            },
            "No: in tokens three others take more.",
        ),
        Question(
            "To come within 5% of what GPT-4's 100,000 tokens take, Hindi needs 2,000 of GPT-4o's first tokens and "
            "English 70,000. What does this suggest?",
            {
                "The size of a vocabulary does not matter.": "GPT-4 comes from 22,492 tokens for the Hindi text down "
                "to 8,350 as it grows from 2,000 to 100,000.",
                "Hindi needs fewer tokens than English.": "Each language is compared with itself, in two vocabularies. "
                "GPT-4o's Hindi takes 2,421 tokens and its English 1,524.",
                "The training texts of GPT-4's vocabulary held much English and little Hindi.": "GPT-4 has 27 tokens "
                "with Hindi's script, and Llama 3, whose pattern cuts Hindi in the same places, has 1,011.",
                "GPT-4o has a better algorithm.": "Both are byte-level BPE. Their pre-splits differ, "
                "but with 2,000 tokens that changes 8,537 to 8,532.",
            },
            "The training texts of GPT-4's vocabulary held much English and little Hindi.",
        ),
        Question(
            "Why does SmolLM2 cut 1000 and 1001 into equally many tokens, and BERT not?",
            {
                "SmolLM2 has more tokens.": "A rule cuts SmolLM2's numbers, so its size plays no part.",
                "BERT cannot write numbers.": "It can: 1000 is even one token.",
                "SmolLM2 has a rule for digits, BERT takes what was frequent.": "One digit is one token.",
            },
            "SmolLM2 has a rule for digits, BERT takes what was frequent.",
        ),
        Question(
            "Which tokenizer can be expected to be worst at reading Python?",
            {
                "The one that throws white space away.": "Indentation is grammar: BERT's row had none left.",
                "The one that needs more tokens the deeper a line is indented.": "J2 does. That costs tokens, but a "
                "program with spaces is still there.",
                "The one that takes the fewest tokens for the function.": "Six take only 22, and all six give the "
                "program back.",
            },
            "The one that throws white space away.",
        ),
    )
)
