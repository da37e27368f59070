"""A quiz for the end of a notebook: each option opens to its reason, with no script. Letters can be checked as well."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from course_utils.common import record
from course_utils.common.card import Card
from course_utils.common.errors import InputError

LETTERS = "abcdef"


@dataclass(frozen=True)
class Question:
    """A question, its options with a reason for each, and the right one.

    Parameters
    ----------
    text : str
        What is asked.
    options : mapping of str to str
        Two to six options in the order in which they are shown, each with the reason why it is right or wrong.
    right : str
        The right option, word for word.

    Raises
    ------
    InputError
        If there are other than two to six options, a reason is missing, or the right one is not among them.
    """

    text: str
    options: Mapping[str, str]
    right: str

    def __post_init__(self) -> None:
        if not 2 <= len(self.options) <= len(LETTERS):
            raise InputError(f"A question has two to six options, and {self.text!r} has {len(self.options)}.")
        if missing := [option for option, reason in self.options.items() if not reason.strip()]:
            raise InputError(f"The option {missing[0]!r} of {self.text!r} has no reason.")
        if self.right not in self.options:
            raise InputError(f"{self.right!r} is not among the options of {self.text!r}.")


@dataclass(frozen=True)
class Quiz:
    """Questions to answer for oneself: an option is opened like a drawer, and says whether it is right, and why.

    Examples
    --------
    >>> Quiz((Question("Is a token a word?", {"Yes.": "Many are parts.", "Not always.": "Some are."}, "Not always."),))
    1. Is a token a word?
       a) Yes.
          Not this one. Many are parts.
       b) Not always.
          Right. Some are.
    """

    questions: tuple[Question, ...]

    def check(self, letters: str) -> Card:
        """Say how many questions are right, given a letter for each in their order, such as ``"b a c"``.

        Examples
        --------
        >>> options = {"Yes.": "Many are parts.", "Not always.": "Some are."}
        >>> quiz = Quiz((Question("Is a token a word?", options, "Not always."),) * 2)
        >>> quiz.check("b a")
        Not yet. Right: 1 of 2. Look again at 2.
        >>> quiz.check("B, B")
        Right. All 2 questions.
        """
        given = re.findall(r"[a-z]", str(letters or "").lower())
        if not given:
            return Card("Not attempted", "Write a letter for each question, in their order.", "#777777")
        if len(given) != (n := len(self.questions)):
            return Card("Not yet", f"There are {n} questions, and these are {len(given)} letters.", "#D55E00")
        right = [LETTERS[list(question.options).index(question.right)] for question in self.questions]
        if wrong := [number for number in range(n) if given[number] != right[number]]:
            look = ", ".join(str(number + 1) for number in wrong)
            return Card("Not yet", f"Right: {n - len(wrong)} of {n}. Look again at {look}.", "#D55E00")
        record.note(self)
        return Card("Right", f"All {n} questions.", "#009E73", passed=True)

    def __repr__(self) -> str:
        lines = []
        for number, question in enumerate(self.questions, 1):
            lines.append(f"{number}. {question.text}")
            for letter, option, verdict, reason in _opened(question):
                lines += [f"   {letter}) {option}", f"      {verdict} {reason}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return "".join(
            '<fieldset style="border:0;padding:0;margin:0 0 1em;max-width:46em">'
            '<legend style="font-weight:bold;font-size:1em">'
            f"{number}. {html.escape(question.text)}</legend>{''.join(_drawer(*each) for each in _opened(question))}"
            "</fieldset>"
            for number, question in enumerate(self.questions, 1)
        )


def _drawer(letter: str, option: str, verdict: str, reason: str) -> str:
    colour = "#009E73" if verdict == "Right." else "#D55E00"
    return (
        f'<details style="margin:.2em 0"><summary style="cursor:pointer">{letter}) {html.escape(option)}</summary>'
        f'<div style="margin:.2em 0 .5em 2em;padding-left:.7em;border-left:.3em solid {colour}">'
        f"<b>{verdict}</b> {html.escape(reason)}</div></details>"
    )


def _opened(question: Question) -> list[tuple[str, str, str, str]]:
    return [
        (letter, option, "Right." if option == question.right else "Not this one.", reason)
        for letter, (option, reason) in zip(LETTERS, question.options.items(), strict=False)
    ]
