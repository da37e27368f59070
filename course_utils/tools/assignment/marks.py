"""Marking one answer: the exercise's own check, on a copy that nobody has touched, and other inputs than its own.

The hidden test of an assignment calls `mark`, in the kernel in which the learner's cells have run. What these cells may
have done to the exercise, so that its card is green whatever the answer, does not matter here: the exercises are read
anew from their files. Cells that go further, and change NumPy itself for example, are for a person to find.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

import course_utils
from course_utils.common import record
from course_utils.common.errors import CourseError
from course_utils.tools.assignment.fresh import fresh_arguments

PLACE = "course_utils.exercises"
TOLERANCE = 0.004  # absolute, and a quarter of it relative: the bootstrap's chance, and single precision
SHOWN = 60  # letters of a value in a message


def mark(module: str, name: str, names: dict[str, Any]) -> None:
    """Say nothing if the answer to an exercise is right.

    Parameters
    ----------
    module, name : str
        The exercise: its file in ``course_utils/exercises``, and its name there.
    names : dict
        The learner's names, where the answer is one of them.

    Raises
    ------
    CourseError
        If the answer is not right, or absent; the message says why, and the feedback shows it.
    """
    os.environ[record.SETTING] = record.OFF  # whoever marks has not solved it
    if problem := find_problem(module, name, names):
        raise CourseError(problem)


def find_problem(module: str, name: str, names: dict[str, Any]) -> str:
    """Return what is wrong with an answer, or nothing.

    Examples
    --------
    >>> find_problem("rerank_and_evaluate", "late_interaction", {"maxsim": None})
    'Not attempted: there is no answer in maxsim.'
    >>> maxsim = lambda question, text: (question @ text.T).max(axis=1).sum()
    >>> find_problem("rerank_and_evaluate", "late_interaction", {"maxsim": maxsim})
    ''
    """
    with untouched(module) as page:
        exercise = getattr(page, name)
        answer = names.get(exercise.answer)
        if answer is None or answer is Ellipsis:
            return f"Not attempted: there is no answer in {exercise.answer}."
        with lent(names, earlier_steps(page, exercise) if callable(answer) else {}):
            try:
                exercise.test(answer)
                return _on_fresh_inputs(module, name, exercise, answer)
            except KeyboardInterrupt:  # the grader's time limit
                raise
            except page.Wrong as wrong:
                return str(wrong)
            except BaseException as error:  # whatever the learner's code raised, SystemExit too
                return f"Testing the answer raised {type(error).__name__}: {error}"


def _on_fresh_inputs(module: str, name: str, exercise: Any, answer: Any) -> str:
    if not callable(answer):  # a value has no inputs
        return ""
    given = dict(exercise.setting())
    cases = fresh_arguments(module, name, given)
    if cases:
        exercise.solve_in(given)
    for arguments in cases:
        right, mine = given[exercise.answer](*copied(arguments)), answer(*copied(arguments))
        if not same(mine, right):
            return (
                f"Right on the inputs of its check, and not on others: for {_short(arguments)} the result should be "
                f"{_short(right)}, and it is {_short(mine)}."
            )
    return ""


def earlier_steps(page: ModuleType, exercise: Any) -> dict[str, Any]:
    """Return the course's own answers to other exercises of a page, where this exercise may use them.

    A step is marked with them in place of the learner's, so that one mistake costs one exercise.
    """
    answers = {thing.answer for thing in vars(page).values() if type(thing) is type(exercise)} - {exercise.answer}
    return {name: value for name, value in exercise.setting().items() if name in answers}


@contextlib.contextmanager
def lent(names: dict[str, Any], values: dict[str, Any]) -> Iterator[None]:
    """Give some names other values for a while.

    Examples
    --------
    >>> names = {"a": 1}
    >>> with lent(names, {"a": 2, "b": 3}):
    ...     dict(names)
    {'a': 2, 'b': 3}
    >>> names
    {'a': 1}
    """
    before = {name: names[name] for name in values if name in names}
    names.update(values)
    try:
        yield
    finally:
        for name in values:
            names.pop(name, None)
        names.update(before)


@contextlib.contextmanager
def untouched(module: str) -> Iterator[ModuleType]:
    """Read a page of exercises anew from its file, for a while, beside the one that the learner's cells have."""
    theirs, attribute = _taken_out(), getattr(course_utils, "exercises", None)
    try:
        yield importlib.import_module(f"{PLACE}.{module}")
    finally:
        _taken_out()
        sys.modules.update(theirs)
        if attribute is not None:
            course_utils.exercises = attribute


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == PLACE or name.startswith(f"{PLACE}.")]
    return {name: sys.modules.pop(name) for name in names}


def copied(value: Any) -> Any:
    """Return arguments that a function may change without harm: arrays and collections are copied, all else is not.

    Examples
    --------
    >>> row = np.zeros(2)
    >>> copied([row, "a"])[0] is row
    False
    """
    if isinstance(value, np.ndarray):
        return value.copy()
    if type(value) in (list, tuple):
        return type(value)(map(copied, value))
    return {key: copied(each) for key, each in value.items()} if type(value) is dict else value


def same(mine: Any, right: Any) -> bool:
    """Tell whether two results agree: numbers within `TOLERANCE`, however they are wrapped, all else exactly.

    Examples
    --------
    >>> same([1, 2.0001], np.array([1.0, 2.0])), same({"a": 1}, {"a": 2}), same("a", "a"), same((1, 2), (1, 2, 3))
    (True, False, True, False)
    """
    if isinstance(right, str | bytes | set):
        return isinstance(mine, type(right)) and mine == right
    if isinstance(right, dict):
        return isinstance(mine, dict) and mine.keys() == right.keys() and all(same(mine[k], right[k]) for k in right)
    if hasattr(right, "vocabulary"):  # a tokenizer
        return dict(mine.vocabulary()) == dict(right.vocabulary())
    if isinstance(right, list | tuple) and not _is_numeric(right):
        alike = isinstance(mine, list | tuple) and len(mine) == len(right)
        return alike and all(map(same, mine, right))
    if not _is_numeric(mine) or np.shape(mine) != np.shape(right):
        return False
    return bool(np.allclose(mine, right, atol=TOLERANCE, rtol=TOLERANCE / 4))


def _is_numeric(value: Any) -> bool:
    try:
        return np.asarray(value).dtype.kind in "biufc"
    except ValueError:  # rows of different lengths
        return False


def _short(value: Any) -> str:
    shown = " ".join(repr(value).split())
    return shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…"
