"""Every exercise: its solution passes, plausible mistakes fail with a helpful message, the stub counts as untouched."""

from __future__ import annotations

import functools
import importlib
import pkgutil
import re
import textwrap

import pytest
from house import NOTEBOOKS, Book

from course_utils import exercises
from course_utils.common import card
from course_utils.exercises import Exercise, Wrong, call

MODULES = sorted(
    module.name
    for module in pkgutil.iter_modules(exercises.__path__)
    if module.name not in ("quiz", "grounded_checks", "block_checks")
)
LEAST_MISTAKES = 2


def exercises_of(module: str) -> dict[str, Exercise]:
    page = importlib.import_module(f"course_utils.exercises.{module}")
    return {name: thing for name, thing in vars(page).items() if isinstance(thing, Exercise)}


def mistakes_of(module: str) -> dict[str, list[tuple[str, str]]]:
    return importlib.import_module(f"mistakes.{module}").MISTAKES


def answer_of(exercise: Exercise, code: str):
    names = dict(exercise.setting())
    exec(textwrap.dedent(code), names)
    return names[exercise.answer]


EVERY = [(module, name) for module in MODULES for name in exercises_of(module)]
MISTAKES = [
    (module, name, number)
    for module in MODULES
    for name, list_of_mistakes in mistakes_of(module).items()
    for number in range(len(list_of_mistakes))
]


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_solution_passes_its_own_check(module, name):
    exercise = exercises_of(module)[name]
    verdict = exercise.check(answer_of(exercise, exercise.solution_code))
    assert verdict, verdict
    assert str(verdict).startswith("Right. ")


@pytest.mark.parametrize(("module", "name", "number"), MISTAKES)
def test_mistake_fails_with_a_message_that_helps(module, name, number):
    exercise = exercises_of(module)[name]
    code, fragment = mistakes_of(module)[name][number]
    verdict = exercise.check(answer_of(exercise, code))
    assert not verdict
    assert str(verdict).startswith("Not yet. ")
    assert fragment in str(verdict)


@pytest.mark.parametrize("module", MODULES)
def test_every_exercise_has_mistakes_and_hints(module):
    assert set(mistakes_of(module)) == set(exercises_of(module))
    assert all(len(mistakes) >= LEAST_MISTAKES for mistakes in mistakes_of(module).values())
    assert all(exercise.hints for exercise in exercises_of(module).values())


@pytest.mark.parametrize(("module", "name"), EVERY)
def test_untouched_stub_is_not_attempted(module, name):
    verdict = exercises_of(module)[name].check(None)
    assert not verdict
    assert str(verdict).startswith("Not attempted. ")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_has_a_stub_and_an_untouched_check_for_each_exercise(path):
    module = path.stem.split("_", 1)[1]
    assert module in MODULES, f"course_utils/exercises/{module}.py is missing"
    book, found = Book.read(path), exercises_of(module)
    sources = [cell.source for cell in book.code]
    assert 2 <= len(found) <= 8
    for name, exercise in found.items():
        stub = [source for source in sources if re.search(rf"^{exercise.answer} = None  # your turn", source, re.M)]
        assert len(stub) == 1, f"the stub of {name}"
        checks = [cell for cell in book.code if re.search(rf"\b{name}\.check\({exercise.answer}\)", cell.source)]
        assert len(checks) == 1, f"the check of {name}"
        assert "# " in checks[0].source
        assert f"{name}.hint()" in checks[0].source
        assert f"{name}.solution()" in checks[0].source
        shown = checks[0].outputs[0]["data"]["text/plain"]
        assert shown.startswith("Not attempted. "), shown


def test_names_that_code_spoils_come_back_whole():
    building = exercises_of("train_a_tiny_gpt")["build_loss"]
    building.setting().clear()
    for name in ("build_batch", "build_loss", "build_step"):
        assert "softmax" in exercises_of("train_a_tiny_gpt")[name].setting()
    for name, field in (("fit", "features"), ("ridge", "rows"), ("first_among", "values"), ("first_among", "among")):
        seeing = exercises_of("a_model_that_sees")[name]
        seeing.setting()[field][:] = 7
        assert (seeing.setting()[field] != 7).any(), field


def test_answers_given_as_lists_are_taken():
    small = exercises_of("learn_on_small_devices")
    for name, wrapped in (("spoil", "lambda row: right(row).tolist()"), ("build_four_bits", "lambda r: [*right(r)]")):
        names = small[name].setting() | {"right": answer_of(small[name], small[name].solution_code)}
        assert small[name].check(eval(wrapped, names)), name


def test_pythons_own_hash_is_found_in_the_code_inside_too():
    assert exercises.uses_hash(lambda words: [hash(word) for word in words])
    assert exercises.uses_hash(functools.partial(lambda word, n: hash(word) % n, n=4))
    assert not exercises.uses_hash(functools.partial(int, base=16))
    shipping = exercises_of("ship_and_watch")
    for name in ("version", "canary"):
        right = answer_of(shipping[name], shipping[name].solution_code)
        assert shipping[name].check(functools.partial(right)), name


def test_a_file_aside_may_lie_in_a_folder_of_the_targets_folder():
    from mistakes.scale_out import SUBFOLDER

    safely = exercises_of("scale_out")["count_safely"]
    assert safely.check(answer_of(safely, SUBFOLDER.format(name="uuid4().hex")))


def test_hints_come_one_by_one_and_the_last_stays():
    exercise = Exercise("x", lambda answer: "", ("first", "second"), "x = 1")
    assert [exercise.hint().text for _ in range(3)] == ["first", "second", "second"]


def test_an_error_in_the_answer_is_told_and_not_raised():
    exercise = Exercise("f", lambda answer: answer(0), ("h",), "")
    assert "ZeroDivisionError" in str(exercise.check(lambda x: 1 / x))


def test_a_function_without_return_gets_a_remedy():
    with pytest.raises(Wrong, match="return"):
        call(lambda: None)
    with pytest.raises(Wrong, match="should be a function"):
        call(3)


def test_text_on_a_card_is_escaped():
    assert "<script>" not in card.Card("<script>", "<script>", code="<script>")._repr_html_()
