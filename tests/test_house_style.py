"""The house style of the notebooks, as rules that a machine can check: see CONTRIBUTING.md."""

from __future__ import annotations

import ast
import itertools
import re
import statistics

import pytest
from house import NOTEBOOKS, ROOT, Book, lines, without_comments

from course_utils.tools import notebooks

PATHS = re.compile(r"(?<![\w/.])/(?:root|home|tmp|Users|work|content|var|opt|usr)/|[A-Z]:\\\\|site-packages")
TIMINGS = re.compile(r"\b\d+(\.\d+)?\s*(ms|µs|seconds?|secs?|minutes?|s/it|it/s)\b|CPU times|Wall time|\d+%\|")
VERSIONS = re.compile(r"\b(torch|numpy|transformers|python|Python)[ =]+v?\d+\.\d+")
COLAB_ADDRESS = "git+https://"


@pytest.fixture(params=NOTEBOOKS, ids=[path.stem for path in NOTEBOOKS])
def book(request) -> Book:
    return Book.read(request.param)


def test_there_is_a_first_notebook():
    assert NOTEBOOKS, "the course has no notebooks"
    assert NOTEBOOKS[0].name == "00_start_here.ipynb"


def test_names_are_numbered_and_readable(book):
    assert re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", book.path.name)


def test_every_code_cell_was_run_once_in_order(book):
    counts = [cell.execution_count for cell in book.code]
    assert counts == list(range(1, len(counts) + 1)), "run `python3 -m course_utils refresh`"


def test_no_cell_is_empty(book):
    assert all(cell.source.strip() for cell in book.cells)


def test_size_is_at_most_400_kb(book):
    assert book.path.stat().st_size <= 400_000


def test_no_output_is_an_error_or_a_warning(book):
    assert not [output for output in book.outputs if output.output_type == "error"]
    assert not [output for output in book.outputs if output.get("name") == "stderr"]


def test_no_output_shows_a_path(book):
    assert not PATHS.search(book.output_text)


def test_no_output_shows_a_timing_or_a_version(book):
    assert not TIMINGS.search(book.output_text), TIMINGS.search(book.output_text)
    assert not VERSIONS.search(book.output_text)


def test_no_notebook_keeps_what_differs_between_computers(book):
    text = book.path.read_text(encoding="utf-8")
    assert "model_id" not in text
    assert '"execution":' not in text
    assert '"version":' not in text


def test_it_opens_with_a_title_an_outcome_and_its_cost(book):
    first = book.cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"# \w", first.source)
    assert "<!-- badges -->" in first.source, "the place for the launch badges"
    assert re.search(r"\*\*About \d+ minutes?\*\*", first.source), "how long a learner needs"
    assert re.search(r"\*\*[\d.]+ GB\*\* of memory", first.source), "how much memory it needs"


def test_it_says_what_will_be_learned_and_mirrors_it_at_the_end(book):
    prose = [cell.source for cell in book.prose]
    opening = next(source for source in prose if "## You will be able to" in source)
    closing = next(source for source in prose if "## What you learned" in source)
    n_goals, n_learned = (len(re.findall(r"^- ", part, re.MULTILINE)) for part in (opening, closing.split("\n\n**")[0]))
    assert 3 <= n_goals <= 5
    assert n_learned == n_goals, "What you learned mirrors You will be able to, point by point"
    assert "**You need**" in opening
    assert "**One limitation**" in closing
    assert "**Further reading**" in closing
    assert "**Next**" in closing
    assert prose.index(closing) == len(prose) - 1, "it is the last cell of prose"


def test_headings_go_down_one_level_at_a_time(book):
    text = re.sub(r"```.*?```", "", "\n".join(cell.source for cell in book.prose), flags=re.DOTALL)
    levels = [len(mark) for mark in re.findall(r"^(#+) ", text, re.MULTILINE)]
    assert levels[0] == 1
    assert levels.count(1) == 1, "one title"
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert levels.count(2) >= 5


def test_the_rhythm_is_that_of_a_lesson(book):
    lengths = [len(without_imports(cell)) for cell in book.code]
    exercises = [cell for cell in book.code if re.search(r"# your turn|^exercise\.", cell.source, re.MULTILINE)]
    lesson = len(lengths) - len(exercises)
    assert 10 <= lesson <= 36, "code cells beside the stubs and checks of exercises"
    assert 1.0 <= len(book.prose) / lesson <= 2.0
    assert statistics.median(lengths) <= 5
    assert statistics.quantiles(lengths, n=10)[-1] <= 12.5
    assert max(lengths) <= 25


def test_never_three_code_cells_in_a_row(book):
    kinds = "".join(cell.cell_type[0] for cell in book.cells)
    assert "ccc" not in kinds


def test_code_is_narrow_enough_for_a_slide(book):
    widest = max((line for cell in book.code for line in cell.source.splitlines()), key=len)
    assert len(widest) <= 100, widest


def test_few_functions_are_defined(book):
    trees = [ast.parse(_python(cell.source)) for cell in book.code]
    functions = [node.name for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert len(functions) <= 5, functions


def test_a_figure_an_explorer_or_a_player_is_the_last_line_of_its_cell(book):
    shown = ("show", "explorer", "player")
    for cell in book.code:
        early = [ast.unparse(line) for line in ast.parse(_python(cell.source)).body[:-1]]
        assert not [line for line in early if line.split("(")[0] in shown], "its picture is thrown away"


def test_imports_are_explicit(book):
    for cell in book.code:
        for node in ast.walk(ast.parse(_python(cell.source))):
            if isinstance(node, ast.ImportFrom):
                assert all(name.name != "*" for name in node.names), cell.source


def test_every_picture_says_in_words_what_it_shows(book):
    for output in book.outputs:
        for kind in output.get("data", {}):
            if kind == "image/png":
                assert len(output.metadata.get(kind, {}).get("alt", "").split()) >= 4, "use plotting.show(figure, alt)"
        for picture in re.findall(r"<img[^>]*>", str(output.get("data", {}).get("text/html", ""))):
            address, alt = (re.search(f'{name}="([^"]*)"', picture)[1] for name in ("src", "alt"))
            assert address.startswith("data:image/"), "pictures go through plotting.show or plotting.player"
            assert len(alt.split()) >= 4, alt
    for cell in book.prose:
        assert not re.search(r"!\[\s*\]\(", cell.source), "a picture without alt text"
        assert not re.search(r"!\[[^]]*\]\(https?://(?!mybinder|colab)", cell.source), "no remote pictures"


def test_there_is_a_set_up_cell_and_it_is_the_only_one(book):
    begin = 'begin("electives")' if notebooks.is_elective(book.path) else "begin()"
    set_up = [cell for cell in book.code if begin in cell.source.splitlines()]
    assert len(set_up) == 1
    assert set_up[0] is book.code[0]
    assert "ModuleNotFoundError" in set_up[0].source, "it says what to do where the course is not installed"
    assert "slide-skip" in set_up[0].metadata.get("tags", []), "a room need not see it"


def test_a_section_begins_a_cell(book):
    assert not [cell.source for cell in book.prose if "\n## " in cell.source], (
        "slides are cut at the first line of a cell"
    )


def test_lines_of_prose_are_not_endless(book):
    assert all(len(lines(cell)) <= 30 for cell in book.prose)


def test_tables_stand_row_by_row_and_prose_is_no_code_by_its_indent(book):
    for line in (line for cell in book.prose for line in lines(cell)):
        assert "|---" not in line or re.fullmatch(r"\|(:?-+:?\|)+", line), line
        assert not re.match(r" {4}\S| {6,}", line), line


def test_links_inside_the_course_exist(book):
    for cell in book.prose:
        for target in re.findall(r"\]\((?!https?:|#|attachment:)([^)\s]+)\)", cell.source):
            assert (book.path.parent / target).resolve().is_relative_to(ROOT)
            assert (book.path.parent / target).exists(), target


def without_imports(cell) -> list[str]:
    """Return the lines of a code cell that do something."""
    return [line for line in without_comments(cell) if not re.match(r"(from|import) ", line)]


def _python(source: str) -> str:
    return "\n".join("pass" if line.lstrip().startswith(("%", "!")) else line for line in source.splitlines())
