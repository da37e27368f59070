"""Quizzes: their form, those of the notebooks, and what a browser shows."""

import importlib
import json

import pytest
from browser import needs_browser, opened
from house import NOTEBOOKS

from course_utils.common.errors import InputError
from course_utils.exercises.quiz import Question, Quiz

WITH_QUIZ = [path for path in NOTEBOOKS if "exercise.quiz" in path.read_text(encoding="utf-8")]


def quiz_of(path) -> Quiz:
    return importlib.import_module(f"course_utils.exercises.{path.stem.partition('_')[2]}").quiz


def example() -> Quiz:
    options = {"Yes & <always>.": "Many are parts.", "Not always.": "Some are words, some are parts."}
    return Quiz((Question("Is a token a <word>?", options, "Not always."),))


@pytest.mark.parametrize(
    ("options", "right", "message"),
    [
        ({"a": "r"}, "a", "two to six"),
        ({"a": "r", "b": " "}, "a", "no reason"),
        ({"a": "r", "b": "s"}, "c", "not among"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(options, right, message):
    with pytest.raises(InputError, match=message):
        Question("Which?", options, right)


def test_all_words_are_escaped():
    page = example()._repr_html_()
    assert "a &lt;word&gt;" in page
    assert "&amp; &lt;always&gt;" in page
    assert "<word>" not in page


@pytest.mark.parametrize("path", WITH_QUIZ, ids=lambda path: path.stem)
def test_a_notebooks_quiz_has_four_to_six_questions_with_three_options_each_at_least(path):
    quiz = quiz_of(path)
    assert 4 <= len(quiz.questions) <= 6
    assert all(len(question.options) >= 3 for question in quiz.questions)
    assert len({question.text for question in quiz.questions}) == len(quiz.questions)
    places = {list(question.options).index(question.right) for question in quiz.questions}
    assert len(places) > 1, "the right option is always the same letter"
    longest = [max(question.options, key=len) == question.right for question in quiz.questions]
    assert not all(longest), "the right option is always the longest"


@pytest.mark.parametrize("path", WITH_QUIZ, ids=lambda path: path.stem)
def test_the_quiz_in_the_notebook_is_the_one_of_today(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    cell = next(cell for cell in cells if "".join(cell["source"]).startswith("exercise.quiz\n# exercise.quiz.check("))
    shown = cell["outputs"][0]["data"]
    assert "".join(shown["text/plain"]) == repr(quiz_of(path))
    assert "".join(shown["text/html"]) == quiz_of(path)._repr_html_()


@needs_browser
def test_a_browser_opens_an_option_by_a_click_and_by_a_key(tmp_path):
    file = tmp_path / "page.html"
    file.write_text(f"<!doctype html><meta charset=utf-8>{example()._repr_html_()}", encoding="utf-8")
    with opened() as page:
        page.goto(file.as_uri())
        wrong, right = page.get_by_text("Many are parts."), page.get_by_text("Some are words")
        assert not wrong.is_visible()
        assert not right.is_visible()
        page.get_by_text("a) Yes").click()
        assert wrong.is_visible()
        assert not right.is_visible()
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert right.is_visible()
        assert page.get_by_role("group", name="1. Is a token a <word>?").count() == 1
