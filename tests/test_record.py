"""A learner's record: what is solved is kept, damage costs one date at most, and the page and certificate say it."""

from __future__ import annotations

import datetime
import json
import multiprocessing
import os
import textwrap
import xml.etree.ElementTree as ET

import pytest
from browser import barriers, needs_browser, opened
from house import NOTEBOOKS

from course_utils.common import record, store
from course_utils.common.errors import InputError
from course_utils.exercises import Exercise, keyword_search, quiz, self_attention
from course_utils.tools import commands, notebooks, progress

EASY = next(
    name for name in progress.items_in((progress.EXERCISES / "keyword_search.py").read_text()) if name != "quiz"
)
TODAY = datetime.date.today().isoformat()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A record of its own for each test."""
    place = tmp_path / "my record"
    monkeypatch.setenv("COURSE_PROGRESS", str(place))
    return place


def right_letters(questions):
    return [quiz.LETTERS[list(each.options).index(each.right)] for each in questions]


def solve(exercise) -> None:
    names = exercise.setting()
    exec(textwrap.dedent(exercise.solution_code), names)
    assert exercise.check(names[exercise.answer])


def test_only_a_right_answer_is_kept_with_its_day(folder):
    exercise = getattr(keyword_search, EASY)
    exercise.check(None)
    exercise.check(object())
    assert record.solved() == {}
    solve(exercise)
    assert record.solved() == {("keyword_search", EASY): TODAY}
    (folder / "keyword_search" / EASY).write_text("2020-01-02")
    solve(exercise)
    assert record.solved() == {("keyword_search", EASY): "2020-01-02"}, "the first day stays"


def test_a_quiz_counts_when_every_letter_is_right():
    letters = right_letters(keyword_search.quiz.questions)
    wrong = ["b" if letter == "a" else "a" for letter in letters]
    assert not keyword_search.quiz.check("")
    assert "5 questions, and these are 2" in repr(keyword_search.quiz.check("a b"))
    assert repr(keyword_search.quiz.check("".join(wrong))) == "Not yet. Right: 0 of 5. Look again at 1, 2, 3, 4, 5."
    assert repr(keyword_search.quiz.check([wrong[0], *letters[1:]])) == "Not yet. Right: 4 of 5. Look again at 1."
    assert record.solved() == {}
    assert keyword_search.quiz.check(", ".join(letters).upper())
    assert list(record.solved()) == [("keyword_search", "quiz")]


def test_what_is_no_exercise_of_the_course_is_not_kept():
    Exercise("three", lambda answer: "", ("",), "three = 3").check(3)
    assert record.solved() == {}


@pytest.mark.parametrize("off", ["off", " OFF "])
def test_nothing_is_kept_when_the_record_is_off(off, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", off)
    assert record.record_folder() is None
    record.note(keyword_search.quiz)
    record.forget()
    assert record.solved() == {}


def test_its_setting_is_not_the_one_that_makes_the_store_compute_everything_anew():
    assert record.SETTING != store.RECORD
    assert store.RECORD not in notebooks.UNWATCHED


def test_a_damaged_file_costs_its_date_only(folder):
    for number, damage in enumerate([b"", b"\xff\xfe\x00", b"2026-13", b"<script>"]):
        record.note(keyword_search.quiz)
        record.note(self_attention.quiz)
        (folder / "keyword_search" / "quiz").write_bytes(damage)
        assert record.solved() == {("keyword_search", "quiz"): "", ("self_attention", "quiz"): TODAY}, number
        (row,) = progress.rows([path for path in NOTEBOOKS if "keyword_search" in path.name])
        assert len(row.dates) == 1


def test_a_record_that_cannot_be_written_disturbs_no_lesson(folder, monkeypatch):
    folder.write_text("a file where the folder should be")
    assert keyword_search.quiz.check(right_letters(keyword_search.quiz.questions))
    assert record.solved() == {}
    record.forget()


def write_many(place: str, n: int) -> None:
    os.environ["COURSE_PROGRESS"] = place
    for _ in range(n):
        record.note(keyword_search.quiz)
        record.note(self_attention.quiz)


def test_two_kernels_at_once_keep_both(folder):
    context = multiprocessing.get_context("spawn")
    kernels = [context.Process(target=write_many, args=(str(folder), 20)) for _ in range(2)]
    for kernel in kernels:
        kernel.start()
    for kernel in kernels:
        kernel.join(60)
        assert kernel.exitcode == 0
    assert record.solved() == {("keyword_search", "quiz"): TODAY, ("self_attention", "quiz"): TODAY}
    assert not [path for path in folder.rglob(".*")]


def test_a_reset_takes_one_notebook_or_all(folder):
    record.note(keyword_search.quiz)
    record.note(self_attention.quiz)
    (folder / "notes.txt").write_text("the learner's own")
    record.forget("no_such_notebook")
    record.forget("keyword_search")
    assert list(record.solved()) == [("self_attention", "quiz")]
    record.forget()
    assert record.solved() == {}
    assert (folder / "notes.txt").exists(), "only what the record made is removed"


def test_every_exercise_of_every_notebook_is_listed():
    found = {row.notebook: row.items for row in progress.rows(NOTEBOOKS)}
    assert list(found) == [path.stem for path in NOTEBOOKS]
    for path in NOTEBOOKS:
        code = "".join("".join(cell["source"]) + "\n" for cell in json.loads(path.read_text("utf-8"))["cells"])
        missing = [item for item in found[path.stem] if f"exercise.{item}" not in code]
        assert not missing, path.name


def test_the_page_and_the_certificate_say_what_is_solved(folder, tmp_path):
    record.note(keyword_search.quiz)
    found = progress.rows(NOTEBOOKS)
    n = sum(len(row.items) for row in found)
    page = progress.write_page(found, tmp_path).read_text("utf-8")
    assert f"1 of {n} exercises" in page
    assert page.count("<progress") == len(found)
    path = progress.write_certificate(found, " Ada  <b>Lovelace</b> ", tmp_path)
    words = " ".join(ET.fromstring(path.read_text("utf-8")).itertext())
    assert "Ada <b>Lovelace</b>" in words
    assert f"1 of {n}" in words
    assert TODAY in words


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_and_the_certificate_have_no_barrier_for_any_eyes(tmp_path, scheme):
    record.note(keyword_search.quiz)
    found = progress.rows(NOTEBOOKS)
    with opened(scheme) as page:
        for path in (progress.write_page(found, tmp_path), progress.write_certificate(found, "Ada", tmp_path)):
            page.goto(path.as_uri())
            assert barriers(page, ":root") == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "Ada\x00"])
def test_a_certificate_needs_a_name_and_something_solved(name, tmp_path):
    record.note(keyword_search.quiz)
    with pytest.raises(InputError, match="needs a name"):
        progress.write_certificate(progress.rows(NOTEBOOKS), name, tmp_path)
    record.forget()
    with pytest.raises(InputError, match="Nothing is solved yet"):
        progress.write_certificate(progress.rows(NOTEBOOKS), "Ada", tmp_path)


def test_the_command_shows_and_resets(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr(progress, "FOLDER", commands.ROOT / "build" / f"progress-{tmp_path.name}")
    record.note(keyword_search.quiz)
    assert commands.main(["progress", "04"]) == 0
    assert "04_keyword_search" in (said := capsys.readouterr().out)
    assert "1 of 7" in said
    assert commands.main(["progress", "04", "--reset"]) == 0
    assert "0 of 7" in capsys.readouterr().out
    assert commands.main(["progress", "--certificate", "Ada"]) == 1
    assert "Nothing is solved yet" in capsys.readouterr().err
