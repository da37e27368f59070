"""Exercises that answer: ``check``, ``hint`` and ``solution`` for each, one file of them for each notebook."""

from __future__ import annotations

import textwrap
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from course_utils.common import record
from course_utils.common.card import Card
from course_utils.common.checks import is_whole_number


class Wrong(Exception):
    """Raised by an exercise's test when an answer is not right; the message says what to look at."""


@dataclass(frozen=True)
class Exercise:
    """One task for the learner: it tests an answer, gives hints one at a time, and shows a solution on request.

    Parameters
    ----------
    answer : str
        The name that the learner's cell gives to the answer.
    test : callable
        Gets the answer, raises `Wrong` with a helpful sentence if it is not right, and returns a sentence that says
        what a right answer shows.
    hints : tuple of str
        From the first nudge to nearly everything.
    solution_code : str
        Code for the learner's cell. The tests of the course run it, so it is known to be right.
    setting : callable
        Returns the names that the code may use, as they stand in the notebook at this place.

    Examples
    --------
    >>> def test(answer):
    ...     if answer != 3:
    ...         raise Wrong("Count the words again.")
    ...     return "Each of them is one token here."
    >>> exercise = Exercise("n_words", test, ("Use split.",), 'n_words = len("to be or".split())')
    >>> exercise.check(None)
    Not attempted. Put your answer in n_words, run that cell, then this one.
    >>> exercise.check(4)
    Not yet. Count the words again.
    >>> exercise.check(3)
    Right. Each of them is one token here.
    """

    answer: str
    test: Callable[[Any], str]
    hints: tuple[str, ...]
    solution_code: str
    setting: Callable[[], dict[str, Any]] = dict
    _shown: list[int] = field(default_factory=list, repr=False)

    def check(self, answer: Any) -> Card:
        """Say whether ``answer`` is right, not yet right, or not attempted (``None``)."""
        if answer is None or answer is Ellipsis:
            return Card("Not attempted", f"Put your answer in {self.answer}, run that cell, then this one.", "#777777")
        try:
            seen = self.test(answer)
        except Wrong as wrong:
            return Card("Not yet", str(wrong), "#D55E00")
        except Exception as error:  # whatever the learner's own code raised while it was tested
            return Card("Not yet", f"Testing your answer raised {type(error).__name__}: {error}", "#D55E00")
        record.note(self)
        return Card("Right", seen, "#009E73", passed=True)

    def hint(self) -> Card:
        """Show the next hint, and the last one again when all were shown."""
        number = min(len(self._shown), len(self.hints) - 1)
        self._shown.append(number)
        return Card(f"Hint {number + 1} of {len(self.hints)}", self.hints[number])

    def solution(self) -> Card:
        """Show code that solves the exercise."""
        return Card("One solution", "", code=textwrap.dedent(self.solution_code).strip())

    def solve_in(self, names: dict[str, Any]) -> None:
        """Run the solution among ``names``, for an exercise that builds on this one."""
        exec(textwrap.dedent(self.solution_code), names)


def must_be_whole(name: str, answer: Any) -> None:
    """Refuse an answer that is no whole number.

    Raises
    ------
    Wrong
        With the name that the learner gave the answer, and what it is.
    """
    if not is_whole_number(answer):
        raise Wrong(f"{name} should be a whole number, and this is {type(answer).__name__}.")


def call(function: Any, *arguments: Any) -> Any:
    """Call the learner's function for a test.

    Raises
    ------
    Wrong
        If it is no function, or gives nothing back.
    """
    if not callable(function):
        raise Wrong(f"The answer should be a function, and this is {type(function).__name__}.")
    result = function(*arguments)
    if result is None:
        raise Wrong("Your function gives nothing back: end it with a return.")
    return result


def names_in(code: types.CodeType) -> set[str]:
    """Return the names that code takes from outside and those of attributes, with those of the code inside it."""
    inside = (each for each in code.co_consts if isinstance(each, types.CodeType))
    return set(code.co_names).union(*map(names_in, inside))


def uses_hash(function: Any) -> bool:
    """Say whether a function, or one that stands in it, names Python's ``hash``, which each process computes anew.

    Examples
    --------
    >>> uses_hash(lambda words: [hash(word) for word in words]), uses_hash(lambda words: len(words)), uses_hash(len)
    (True, False, False)
    """
    code = getattr(getattr(function, "func", function), "__code__", None)  # functools.partial keeps its own in func
    return code is not None and "hash" in names_in(code)
