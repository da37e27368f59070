"""The cells of an assignment: each exercise of a notebook with its statement, what it needs, and its marks."""

from __future__ import annotations

import importlib
import importlib.util
import re
import textwrap
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from course_utils.common.errors import CourseError
from course_utils.tools.notebooks import exercises_name

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from course_utils.exercises import Exercise

PLACE = "course_utils.exercises"
VALUE_POINTS, FUNCTION_POINTS = 1, 2
SCHEMA = 3  # of nbgrader's metadata
INTRODUCTION = """# Assignment: {title}

It goes with notebook {number}, and names mean here what they mean there. Cells that begin with *Given* bring them.

- Write each answer into the cell that says *your turn*. Add cells where you need some. The others are locked: whatever
  is changed in them is put back before marking.
- The cell below an answer shows whether it is right. Marking asks the same, and calls a function with other inputs too.
  A later step is marked with the course's own earlier steps, so that a mistake costs one exercise.
- Before you hand it in choose *Restart Kernel and Run All Cells*, look at each card once more, and save.

| exercise | points |
|---|---|
{rows}"""
HIDDEN = """### BEGIN HIDDEN TESTS
import importlib

from course_utils.tools.assignment import marks

importlib.reload(marks).mark("{module}", "{name}", globals())
### END HIDDEN TESTS
exercise.{name}.check({answer})
# exercise.{name}.hint()"""


def assignment(path: Path) -> NotebookNode:
    """Return the assignment that a notebook's exercises make, as its author has it: with solutions and hidden tests.

    Parameters
    ----------
    path : Path
        A notebook of the course.

    Raises
    ------
    CourseError
        If the notebook has no exercises.
    """
    import nbformat

    book, module, page = nbformat.read(path, as_version=4), exercises_name(path), exercises_page(path)
    found = exercises_in(book, page) if page else []
    if not found:
        raise CourseError(f"{path.name} has no exercises, so it makes no assignment: choose another notebook.")
    rows = "\n".join(f"| {_title(statement[0].source)} | {points(each)} |" for _, each, _, statement in found)
    title = book.cells[0].source.splitlines()[0].removeprefix("# ")
    setup = next(cell for cell in book.cells if cell.cell_type == "code")
    cells = [_locked(book.cells[0], INTRODUCTION.format(title=title, number=path.name[:2], rows=rows))]
    cells += [_locked(setup, f"{setup.source}\nfrom {PLACE} import {module} as exercise")]
    setting = None
    for name, exercise, stub, statement in found:
        given = given_code(page, name, exercise) if exercise.setting is not setting else ""
        setting = exercise.setting
        cells += [_locked(cell, cell.source) for cell in statement]
        cells += [_locked(stub, given, f"{stub.id}-given")] * bool(given)
        cells += [_answer_cell(stub, exercise), _graded_cell(stub, module, name, exercise)]
    new = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": dict(book.metadata.kernelspec)})
    nbformat.validate(new)
    return new


def exercises_page(path: Path) -> ModuleType | None:
    """Return the module with a notebook's exercises, or None if there is none."""
    module = f"{PLACE}.{exercises_name(path)}"
    return importlib.import_module(module) if importlib.util.find_spec(module) else None


def exercises_in(book: NotebookNode, page: ModuleType) -> list[tuple[str, Exercise, NotebookNode, list[NotebookNode]]]:
    """Return a notebook's exercises in order: name, exercise, the cell of the answer, the cells of the statement."""
    from course_utils.exercises import Exercise

    found = []
    by_answer = {each.answer: name for name, each in vars(page).items() if isinstance(each, Exercise)}
    for number, cell in enumerate(book.cells):
        answers = re.findall(r"^(\w+) = None  # your turn", cell.source, re.M) if cell.cell_type == "code" else []
        for answer in answers:
            if name := by_answer.get(answer):
                found.append((name, getattr(page, name), cell, _statement(book.cells, number)))
    return found


def _statement(cells: list[NotebookNode], stub: int) -> list[NotebookNode]:
    """Return the text before an answer's cell; where a cell of code divides it, that cell as text with its output."""
    start = stub - 1
    title = re.compile(r"\*\*(Exercise|Step)\b|^#+ ", re.M)
    while stub - start < 3 and not (cells[start].cell_type == "markdown" and title.search(cells[start].source)):
        start -= 1
    if not re.search(r"\*\*(Exercise|Step)\b", cells[start].source):
        start = stub - 1
    return [_from_its_title(cell) if cell.cell_type == "markdown" else _as_text(cell) for cell in cells[start:stub]]


def _as_text(cell: NotebookNode) -> NotebookNode:
    """Return a cell of code as a cell of text: its lines, and the text that it printed in the notebook."""
    from nbformat.v4 import new_markdown_cell

    printed = "".join(output.get("text", "") for output in cell.outputs)
    parts = [("python", cell.source), *([("text", printed.rstrip())] if printed else [])]
    return new_markdown_cell("\n\n".join(f"```{kind}\n{text}\n```" for kind, text in parts), id=cell.id)


def _from_its_title(cell: NotebookNode) -> NotebookNode:
    """Return a cell of text without what speaks of the outputs above an exercise, or of a solution on request."""
    cell = deepcopy(cell)
    cell.source = re.sub(r"(?<=\. )[A-Z][^\n]*?\.solution\(\)[^\n]*?\.(?=\s|$)", "", cell.source)
    if not cell.source.startswith("#") and (match := re.search(r"^\*\*(Exercise|Step)\b", cell.source, re.M)):
        cell.source = cell.source[match.start() :]
    return cell


def _title(statement: str) -> str:
    r"""Return what an exercise is called where its statement begins.

    Examples
    --------
    >>> _title("**Exercise 2: break it.** Find two texts"), _title("## Can you?\n\n**Step 2.** Write `f`.")
    ('Exercise 2: break it', 'Step 2')
    """
    for title in (r"\*\*((?:Exercise|Step)[^*]*?)\.?\*\*", r"^#+ (.*)"):
        if match := re.search(title, statement, re.M):
            return match.group(1)
    return re.sub(r"\s+", " ", statement)[:60].rsplit(" ", 1)[0] + " …"


def points(exercise: Exercise) -> int:
    """Return an exercise's points: 2 where a function is to be written, 1 where a value is to be found."""
    is_function = re.search(rf"^\s*(def {exercise.answer}\(|{exercise.answer} = lambda)", exercise.solution_code, re.M)
    return FUNCTION_POINTS if is_function else VALUE_POINTS


def given_code(page: ModuleType, name: str, exercise: Exercise) -> str:
    """Return code that brings the names which an exercise may use, without the answers to the others."""
    answers = {each.answer for each in vars(page).values() if isinstance(each, type(exercise))}
    values = {k: v for k, v in exercise.setting().items() if k not in answers and not k.startswith("__")}
    imports = {key: found for key, value in values.items() if (found := _import_of(key, value))}
    rest = [key for key in values if key not in imports]
    lines = ["# Given, as in the notebook.", *sorted(set(imports.values()))]
    if rest:
        lines += ["", f"given = exercise.{name}.setting()"] if imports else [f"given = exercise.{name}.setting()"]
        lines += [f'{key} = given["{key}"]' for key in rest]
    return "\n".join(lines) if values else ""


def _import_of(name: str, value: Any) -> str:
    """Return the import that gives a name its value, or nothing.

    Examples
    --------
    >>> _import_of("np", importlib.import_module("numpy")), _import_of("Path", Path), _import_of("x", 3)
    ('import numpy as np', 'from pathlib import Path', '')
    """
    if isinstance(value, ModuleType):
        return f"import {name}" if value.__name__ == name else f"import {value.__name__} as {name}"
    module, own = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    if not isinstance(module, str) or not own.isidentifier() or module.startswith((PLACE, "_", "builtins")):
        return ""
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        place = ".".join(parts[:n])
        if getattr(importlib.import_module(place), own, None) is value:
            return f"from {place} import {own}" + ("" if own == name else f" as {name}")
    return ""


def _locked(cell: NotebookNode, source: str, identity: str = "") -> NotebookNode:
    new = deepcopy(cell)
    new.source, new.id, new.metadata = source, identity or cell.id, {}
    if new.cell_type == "code":
        new.outputs, new.execution_count = [], None
    return _tagged(new, locked=True)


def _answer_cell(stub: NotebookNode, exercise: Exercise) -> NotebookNode:
    line = re.search(rf"^{exercise.answer} = None  # your turn.*", stub.source, re.M).group()
    solution = textwrap.dedent(exercise.solution_code).strip()
    return _tagged(_locked(stub, f"{line}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"), solution=True)


def _graded_cell(stub: NotebookNode, module: str, name: str, exercise: Exercise) -> NotebookNode:
    source = HIDDEN.format(module=module, name=name, answer=exercise.answer)
    cell = _locked(stub, source, f"{stub.id}-check")
    return _tagged(cell, grade=True, locked=True, points=points(exercise), grade_id=name)


def _tagged(cell: NotebookNode, **more: Any) -> NotebookNode:
    from nbformat import from_dict

    kind = {"grade": False, "grade_id": f"cell-{cell.id}", "locked": False, "schema_version": SCHEMA}
    cell.metadata = from_dict({"nbgrader": {**kind, "solution": False, "task": False, **more}})
    return cell
