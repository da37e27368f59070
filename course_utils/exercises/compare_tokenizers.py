"""The exercises of notebook 02, *Compare tokenizers*."""

from __future__ import annotations

import functools
from typing import Any

from course_utils.exercises import Exercise, Wrong

LINE = "The year 1492, CAFÉ 🍵"
SUSPECTS = ("BERT", "Mistral 7B", "GPT-4o")
# The first sentence of the Universal Declaration of Human Rights, in the United Nations' translations.
ASKED = {
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.",
    "Arabic": "يولد جميع الناس أحرارًا متساوين في الكرامة والحقوق.",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।",
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
            raise Wrong(f"{name} needs {counts[name]} tokens for the {language} text, and somebody needs fewer.")
    return (
        "Tekken and GPT-4o, as with the three sentences: both gave many places to these scripts. J2, with the largest "
        "vocabulary of all, is not among them."
    )


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
