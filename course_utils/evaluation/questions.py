"""The judged questions of the course."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from course_utils.common import DATA
from course_utils.common.errors import InputError
from course_utils.words import is_cut_into_pieces, query_words, whole_words

SPLITS = ("development", "test")


@dataclass(frozen=True)
class Question:
    """A question as a person would type it, and what people found when they read Wikipedia's summaries for it.

    ``titles`` are all the articles that answer it, none where the ten thousand do not. ``answers`` are short answers to
    accept, none where it has no short one. ``topic`` is that of the first article, ``None`` without one. ``added``
    marks the last four of each topic: plain questions that name their subject, written after the sixteen others.
    """

    text: str
    topic: str | None
    split: str
    titles: tuple[str, ...]
    answers: tuple[str, ...]
    added: bool = False


def load_questions(split: Literal["development", "test"] | None = None) -> list[Question]:
    """Load the judged questions of the course: tune on the development split, look at the test split once.

    Without a split, both halves are loaded. In each of them, 110 questions have articles that answer them, ten for each
    topic, and 15 have none.

    Raises
    ------
    InputError
        If there is no such split.

    Examples
    --------
    >>> questions = load_questions("development")
    >>> len(questions), sum(not question.titles for question in questions)
    (125, 15)
    """
    if split not in (None, *SPLITS):
        raise InputError(f"There is no split {split!r}: choose development or test.")
    return [question for question in _read() if split in (None, question.split)]


def relevant_positions(questions: Iterable[Question], titles: Sequence[str]) -> list[set[int]]:
    """Return, for each question, the positions in ``titles`` of the articles that answer it.

    Raises
    ------
    InputError
        If an article that answers a question is not among ``titles``.

    Examples
    --------
    >>> question = Question("what is the capital of Latvia", "Geography", "test", ("Riga", "Latvia"), ("Riga",))
    >>> relevant_positions([question], ["Latvia", "Rome", "Riga"]) == [{0, 2}]
    True
    """
    position = {title: row for row, title in enumerate(titles)}
    found = []
    for question in questions:
        if absent := [title for title in question.titles if title not in position]:
            raise InputError(f"{absent[0]!r} answers {question.text!r} and is not among the titles: search them all.")
        found.append({position[title] for title in question.titles})
    return found


def title_share(question: Question) -> float:
    """Return the share of a title's words that a question holds, for the article whose title it holds most of.

    The words are those that a keyword search looks for.

    Examples
    --------
    >>> title_share(Question("how deep is Lake Baikal?", "Geography", "test", ("Siberia", "Lake Baikal"), ()))
    1.0
    """
    asked, wanted = set(query_words(question.text)), [set(query_words(title)) for title in question.titles]
    return max((len(words & asked) / len(words) for words in wanted if words), default=0.0)


def has_answer(text: str, answers: Iterable[str]) -> bool:
    """Tell whether a text holds one of the accepted answers, as whole words, whatever their case and accents.

    A plural counts too. In Chinese, Korean and other scripts that join words, an answer may stand inside a longer run.

    Examples
    --------
    >>> has_answer("They are called antlers.", ["antler"]), has_answer("The year 10.", ["1"])
    (True, False)
    """
    if isinstance(answers, str):
        raise InputError(f"The answers to accept are a list: write [{answers!r}].")
    said = f" {' '.join(whole_words(text))} "
    wanted = [" ".join(whole_words(answer)) for answer in answers]
    return any(
        answer in said if is_cut_into_pieces(answer) else re.search(rf" {answer}(?:e?s)? ", said) is not None
        for answer in wanted
        if answer
    )


@functools.lru_cache(maxsize=1)
def _read() -> tuple[Question, ...]:
    rows = json.loads((DATA / "questions.json").read_text(encoding="utf-8"))
    return tuple(Question(**{**row, "titles": tuple(row["titles"]), "answers": tuple(row["answers"])}) for row in rows)
