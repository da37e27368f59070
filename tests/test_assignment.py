"""Assignments: right answers get their points, known mistakes and faked cards get none, and nothing gives it away."""

from __future__ import annotations

import ast
import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import nbformat
import pytest
from house import NOTEBOOKS, ROOT

from course_utils.common.errors import CourseError
from course_utils.exercises import Exercise
from course_utils.tools import commands
from course_utils.tools.assignment import cells, folder, fresh, make_assignment, marks
from course_utils.tools.environment import missing, requirements

ABSENT = missing(requirements("marking"))
needs_grader = pytest.mark.skipif(bool(ABSENT), reason=f"No grader here: pip install {' '.join(ABSENT)}")
BOOK = ROOT / "notebooks/04_keyword_search.ipynb"
NAME = BOOK.stem
CHEAP = ("keyword_search", "self_attention")  # whose every mistake is marked
FUNCTIONS = [key for key in fresh.FRESH if key[0] in CHEAP]
FAKE = """
from course_utils import exercises
from course_utils.common.card import Card
exercises.Exercise.check = lambda self, answer: Card("Right", "Well done.", passed=True)
for each in vars(exercise).values():
    if isinstance(each, exercises.Exercise):
        object.__setattr__(each, "test", lambda answer: "Well done.")
"""


def exercises_of(module: str) -> dict[str, Exercise]:
    page = importlib.import_module(f"course_utils.exercises.{module}")
    return {name: thing for name, thing in vars(page).items() if isinstance(thing, Exercise)}


def mistakes_of(module: str) -> dict[str, list[tuple[str, str]]]:
    return importlib.import_module(f"mistakes.{module}").MISTAKES


def names_after(exercise: Exercise, code: str) -> dict:
    names = dict(exercise.setting())
    exec(textwrap.dedent(code), names)
    return names


def fill_in(path: Path, answers: dict[str, str], first: str = "", check: str = "") -> None:
    """Write answers into a learner's notebook; ``first`` goes before them all, ``check`` in the place of each check."""
    book = nbformat.read(path, as_version=4)
    for before, cell in zip(book.cells, book.cells[1:], strict=False):
        if (name := cell.metadata.nbgrader.grade_id) in answers:
            before.source, cell.source = f"{first}\n{textwrap.dedent(answers[name])}", check or cell.source
    nbformat.write(book, path)


def commands_of_the_guide() -> list[str]:
    page = (ROOT / "docs/guide/plans.md").read_text(encoding="utf-8").partition("### Marks from code")[2]
    return re.findall(r"```\n(.*?)```", page, re.DOTALL)


def shell(code: str, place: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(["bash", "-e", "-c", code], cwd=place, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.fixture(scope="module")
def marking(tmp_path_factory):
    """A folder for marking with one assignment, as the command leaves it."""
    place = tmp_path_factory.mktemp("class") / "build" / "marking"
    make_assignment(BOOK, place)
    return place


@pytest.fixture(scope="module")
def marked(marking):
    """The same folder after two learners of a hub have handed in, and the guide's commands have marked them."""
    learners, (_, hand_out, mark) = marking.parent / "learners", commands_of_the_guide()
    for who in ("ada", "eve"):
        (learners / who / "notebooks").mkdir(parents=True)
    shell(hand_out, marking.parents[1])
    papers = {who: learners / who / "assignments" / NAME / BOOK.name for who in ("ada", "eve")}
    every = exercises_of("keyword_search")
    fill_in(papers["ada"], {name: exercise.solution_code for name, exercise in every.items()})
    wrong = {name: mistakes[0][0] for name, mistakes in mistakes_of("keyword_search").items()}
    fill_in(papers["eve"], wrong, first=FAKE, check='Card("Right", "Well done.", passed=True)')
    work = papers["ada"].read_bytes()
    shell(hand_out, marking.parents[1])
    assert papers["ada"].read_bytes() == work, "handing out once more must not overwrite work"
    shell(mark, marking.parents[1])
    return marking


def marks_of(place: Path, who: str) -> dict[str, tuple[float, float]]:
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{place / 'gradebook.db'}") as book:
        (paper,) = book.find_submission(NAME, who).notebooks
        return {grade.name: (grade.score, grade.max_score) for grade in paper.grades}


@needs_grader
@pytest.mark.skipif(not shutil.which("bash"), reason="the guide's commands need bash, which a class server has")
def test_the_grader_gives_full_points_for_solutions_and_none_for_mistakes_with_faked_cards(marked):
    every = exercises_of("keyword_search")
    full = {name: (cells.points(exercise), cells.points(exercise)) for name, exercise in every.items()}
    assert marks_of(marked, "ada") == full
    assert marks_of(marked, "eve") == {name: (0, most) for name, (_, most) in full.items()}
    total = sum(most for _, most in full.values())
    assert (full["largest_k1"], full["build_search"], total) == ((1, 1), (2, 2), 10)
    table = (marked / "grades.csv").read_text(encoding="utf-8")
    assert re.search(rf"^{NAME},.*,ada,.*,{total}\.0,{total}\.0$", table, re.M)
    assert re.search(rf"^{NAME},.*,eve,.*,0\.0,{total}\.0$", table, re.M)
    assert "You want those with all" in (marked / "feedback/eve" / NAME / f"{NAME}.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", CHEAP)
def test_every_solution_is_marked_right_and_every_known_mistake_wrong(module):
    for name, exercise in exercises_of(module).items():
        assert marks.find_problem(module, name, names_after(exercise, exercise.solution_code)) == ""
        for code, fragment in mistakes_of(module)[name]:
            assert fragment in marks.find_problem(module, name, names_after(exercise, code)), (name, code)
        assert marks.find_problem(module, name, {}).startswith("Not attempted: ")


@pytest.mark.parametrize(("module", "name"), FUNCTIONS)
def test_a_function_that_knows_the_checks_inputs_alone_is_marked_wrong(module, name):
    exercise, known = exercises_of(module)[name], []
    right = names_after(exercise, exercise.solution_code)[exercise.answer]

    def learn(*arguments):
        known.append((repr(arguments), right(*arguments)))
        return known[-1][1]

    def parrot(*arguments):
        return dict(known).get(repr(arguments), known[0][1])

    exercise.test(learn)
    assert exercise.test(parrot), "its card is green"
    assert "and not on others" in marks.find_problem(module, name, {exercise.answer: parrot})


@pytest.mark.parametrize("path", sorted((ROOT / "course_utils").rglob("*.py")), ids=lambda path: path.stem)
def test_no_function_hides_another_of_its_name(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    assert [name for name in names if names.count(name) > 1] == []


def test_fresh_inputs_are_for_exercises_that_exist():
    for module, name in fresh.FRESH:
        assert cells.points(exercises_of(module)[name]) == cells.FUNCTION_POINTS, (module, name)


@pytest.mark.parametrize(("module", "name"), fresh.FRESH)
def test_a_solution_takes_its_fresh_inputs(module, name):
    exercise = exercises_of(module)[name]
    names = dict(exercise.setting())
    exercise.solve_in(names)
    for words in fresh.fresh_arguments(module, name, names):
        names[exercise.answer](*words)


def test_a_wrong_first_step_costs_one_exercise_and_not_the_next():
    every = exercises_of("keyword_search")
    names = dict(every["build_search"].setting())
    exec(mistakes_of("keyword_search")["build_scores"][0][0], names)
    theirs = names["word_scores"]
    exec(textwrap.dedent(every["build_search"].solution_code), names)
    assert not every["build_search"].check(names["keyword_search"]), "it calls the wrong step"
    assert marks.find_problem("keyword_search", "build_scores", names)
    assert marks.find_problem("keyword_search", "build_search", names) == ""
    assert names["word_scores"] is theirs


def test_an_answer_that_ends_the_program_is_marked_wrong_and_the_page_stays():
    before = sys.modules["course_utils.exercises"]
    problem = marks.find_problem("rerank_and_evaluate", "dcg", {"dcg": lambda *_: sys.exit()})
    assert problem.startswith("Testing the answer raised SystemExit")
    assert sys.modules["course_utils.exercises"] is before


def for_learners(book):
    """Take out what nbgrader takes out for learners, without its database."""
    from nbgrader.preprocessors import ClearHiddenTests, ClearSolutions

    book, _ = ClearSolutions(code_stub={"python": ""}).preprocess(book, {})
    return ClearHiddenTests().preprocess(book, {})[0]


@needs_grader
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_makes_a_valid_assignment_that_gives_nothing_away(path):
    from nbgrader.nbgraderformat import MetadataValidator

    every = exercises_of(path.stem.partition("_")[2])
    book = cells.assignment(path)
    MetadataValidator().validate_nb(book)
    kinds = [cell.metadata.nbgrader for cell in book.cells]
    assert len({kind.grade_id for kind in kinds}) == len(kinds)
    assert {kind.grade_id for kind in kinds if kind.grade} == set(every)
    assert all(kind.points > 0 for kind in kinds if kind.grade)
    assert all(kind.locked or kind.solution for kind in kinds)
    text = "\n".join(cell.source for cell in for_learners(book).cells)
    assert "HIDDEN" not in text
    assert ".solution()" not in text
    for exercise in every.values():
        assert len(re.findall(rf"^{exercise.answer} = None  # your turn", text, re.M)) == 1
        assert f".check({exercise.answer})" in text
        solution = textwrap.dedent(exercise.solution_code).strip()
        assert solution not in text
        assert not [line for line in solution.splitlines() if len(line) > 40 and line.strip() in text]


def test_what_is_given_lets_each_solution_be_written():
    names = {}
    for cell in cells.assignment(BOOK).cells:
        if cell.cell_type == "code" and not cell.metadata.nbgrader.grade and "begin()" not in cell.source:
            exec(cell.source, names)
        elif cell.cell_type == "code" and "begin()" in cell.source:
            exec(cell.source.splitlines()[-1], names)
    assert all(exercise.check(names[exercise.answer]) for exercise in exercises_of("keyword_search").values())


def test_a_statement_that_a_cell_divides_shows_its_lines_and_what_they_printed():
    shown = [cell.source for cell in cells.assignment(BOOK).cells if cell.source.startswith("```python")]
    assert len(shown) == 1
    code, printed = shown[0].split("\n\n")
    assert code.startswith("```python\npages = exercise.PAGES\n")
    assert printed.startswith("```text\nb = 0.75: page 1, score 0.")
    assert printed.endswith("\n```")


@needs_grader
def test_the_same_command_again_changes_nothing(marking):
    before = {path: path.read_bytes() for path in marking.rglob("*.ipynb")}
    assert make_assignment(BOOK, marking) == marking / "release" / NAME / BOOK.name
    assert {path: path.read_bytes() for path in marking.rglob("*.ipynb")} == before


def contents(place: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}


@needs_grader
@pytest.mark.parametrize(
    ("place", "said"),
    [
        (f"submitted/ada/{NAME}/{NAME}.ipynb", "holds answers to 04_keyword_search, which has changed since, of ada"),
        (f"autograded/bob/{NAME}/{NAME}.ipynb", "of bob. Nothing was written: name another folder with --to"),
        ("notes.txt", "is there already, and differs from what the course makes now"),
    ],
)
def test_work_in_the_folder_is_never_overwritten(marking, tmp_path, place, said):
    copy = tmp_path / "marking"
    shutil.copytree(marking, copy, ignore=shutil.ignore_patterns("submitted", "autograded", "feedback"))
    source = copy / "source" / NAME / f"{NAME}.ipynb"
    source.write_text(source.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    (copy / place).parent.mkdir(parents=True, exist_ok=True)
    (copy / place).write_text("an evening's work", encoding="utf-8")
    before = contents(copy)
    with pytest.raises(CourseError, match=re.escape(said)):
        make_assignment(BOOK, copy)
    assert contents(copy) == before


def test_jupyterlab_is_the_same_with_and_without_the_grader(tmp_path):
    from jupyter_server.config_manager import BaseJSONConfigManager

    config, extension = tmp_path / "etc" / "jupyter", "nbgrader.server_extensions.formgrader"
    (config / "jupyter_server_config.d").mkdir(parents=True)
    on = json.dumps({"ServerApp": {"jpserver_extensions": {extension: True}}})
    (config / "jupyter_server_config.d" / "nbgrader.json").write_text(on)  # as the package puts it there
    reader = BaseJSONConfigManager(config_dir=str(config), read_directory=True)
    assert reader.get("jupyter_server_config")["ServerApp"]["jpserver_extensions"][extension] is True
    folder.keep_out_of_lab(tmp_path)
    assert reader.get("jupyter_server_config")["ServerApp"]["jpserver_extensions"][extension] is False
    page = config / "labconfig" / "page_config.json"
    assert json.loads(page.read_text()) == {"disabledExtensions": {"@jupyter/nbgrader": True}}
    page.write_text("{}")
    folder.keep_out_of_lab(tmp_path)
    assert page.read_text() == "{}", "who has switched it on keeps it"


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "04_keyword_search.ipynb").write_text("a learner's work")
    with pytest.raises(CourseError, match=r"holds other files, and no nbgrader_config\.py: name an empty or a new"):
        make_assignment(BOOK, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["04_keyword_search.ipynb"]


@pytest.mark.parametrize("name", ["98_no_such_page", "97_quiz"])
def test_a_notebook_without_exercises_is_refused(tmp_path, name):
    path = tmp_path / f"{name}.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1")]), path)
    with pytest.raises(CourseError, match=f"{name}.ipynb has no exercises, so it makes no assignment"):
        make_assignment(path, tmp_path / "marking")
    assert not (tmp_path / "marking").exists()


def test_the_command_fetches_its_grader_and_knows_no_other(capsys):
    options = commands.parser().parse_args(["assignment", "04", "--for", "nbgrader", "--to", "there"])
    assert options.command is commands.assignment
    assert options.groups == ("dependencies", "marking")
    assert commands.parser().parse_args(["lab"]).groups == ("dependencies",)
    for words in (["assignment", "04", "--for", "otter"], ["assignment"]):
        with pytest.raises(SystemExit):
            commands.main(words)
    said = capsys.readouterr().err
    assert "assignments are made for nbgrader, not for 'otter': leave --for away" in said
    assert "required: notebook" in said


def test_an_unknown_number_is_said_and_nothing_is_made(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(commands.environment, "ensure", lambda *groups: sys.executable)
    assert commands.main(["assignment", "77", "--to", str(tmp_path / "marking")]) == 1
    assert "There is no notebook '77'; there are 00_start_here.ipynb" in capsys.readouterr().err
    assert not (tmp_path / "marking").exists()
