"""The layout of `course_utils`: four kinds of place, who may import whom, and how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from house import NOTEBOOKS, ROOT, Book

PACKAGE = ROOT / "course_utils"
FILES = sorted(PACKAGE.rglob("*.py"))
PLACES = ("common", "plotting", "exercises", "tools")
STANDARD_LIBRARY_ALONE = ["__main__", "tools.commands", "tools.environment", "tools.install", "tools.kernel"]
STANDARD_LIBRARY_ALONE += ["common.errors", "common.progress"]
MOST_LINES, MOST_LINES_OF_A_LESSON = 450, 300
RUN = 6  # lines that are the same in two places


def module(path: Path) -> str:
    """Return a file's name as a module below `course_utils`, such as ``"search.bm25"``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def place(name: str) -> str:
    """Return the part of the package that a module lies in: one of ``PLACES``, or the lesson it belongs to."""
    return name.split(".")[0]


@cache
def imported_modules(path: Path) -> frozenset[str]:
    """Return the modules of the course that a file imports anywhere, in its functions too."""
    known, found = {module(each) for each in FILES}, set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "course_utils":
            base = node.module.removeprefix("course_utils").lstrip(".")
            for alias in node.names:
                inner = f"{base}.{alias.name}".lstrip(".")
                found.add(inner if inner in known else base)
        elif isinstance(node, ast.Import):
            found |= {a.name.removeprefix("course_utils.") for a in node.names if a.name.startswith("course_utils.")}
    return frozenset(found - {""})


def files_in(*places: str) -> list[Path]:
    return [path for path in FILES if place(module(path)) in places]


LESSONS = [path for path in FILES if place(module(path)) not in (*PLACES, "__main__", "")]


def imported_places(paths: list[Path]) -> dict[str, set[str]]:
    return {module(path): {place(name) for name in imported_modules(path)} for path in paths}


def test_there_are_lessons_and_all_four_places():
    assert len(LESSONS) > 20
    assert all(files_in(name) for name in PLACES)


def test_common_imports_only_common():
    assert {
        name: found - {"common"} for name, found in imported_places(files_in("common")).items() if found - {"common"}
    } == {}


def test_plotting_imports_common_only():
    strangers = {n: found - {"common", "plotting"} for n, found in imported_places(files_in("plotting")).items()}
    assert not any(strangers.values()), strangers


def test_no_lesson_imports_exercises_or_tools():
    strangers = {name: found & {"exercises", "tools"} for name, found in imported_places(LESSONS).items()}
    assert not any(strangers.values()), strangers


def test_lessons_build_on_lessons_below_them_and_never_in_a_circle():
    below = defaultdict(set)
    for name, found in imported_places(LESSONS).items():
        below[place(name)] |= found - set(PLACES) - {place(name)}
    assert list(TopologicalSorter(below).static_order())


def test_exercises_import_lessons_and_common():
    strangers = {name: found & {"tools", "plotting"} for name, found in imported_places(files_in("exercises")).items()}
    assert not any(strangers.values()), strangers


def test_only_those_who_set_up_and_publish_know_the_tools():
    knowing = {name for name, found in imported_places(FILES).items() if "tools" in found and place(name) != "tools"}
    assert knowing == {"__main__"}
    for path in NOTEBOOKS:
        for number, cell in enumerate(Book.read(path).code):
            if "course_utils.tools" in cell.source:
                assert number == 0 or path.name.startswith("00"), f"{path.name}: {cell.source}"


@pytest.mark.parametrize("name", STANDARD_LIBRARY_ALONE)
def test_what_runs_before_anything_is_installed_needs_the_standard_library_alone(name):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import course_utils.{name}"
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr


def private_names_of_others(path: Path) -> list[str]:
    """Return the underscore names of the course that a file takes from another one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    modules, found = set(), []
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "course_utils":
            found += [alias.name for alias in node.names if re.match(r"_[a-z]", alias.name)]
            modules |= {alias.asname or alias.name for alias in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found += [f"{node.value.id}.{node.attr}"] if re.match(r"_(?!repr_|_)", node.attr) else []
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setattr" and len(node.args) > 1:
            what, name = node.args[0], node.args[1]
            if isinstance(what, ast.Name) and what.id in modules and isinstance(name, ast.Constant):
                found += [f"{what.id}.{name.value}"] if str(name.value).startswith("_") else []
            elif isinstance(what, ast.Constant) and re.match(r"course_utils\..*\._", str(what.value)):
                found.append(what.value)
    return found


WHO_MAY_NOT = [*FILES, *ROOT.glob("tests/**/*.py"), *ROOT.glob("benchmarks/*.py"), *ROOT.glob("training/*.py")]


@pytest.mark.parametrize("path", WHO_MAY_NOT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_name_with_an_underscore_crosses_a_file(path):
    assert private_names_of_others(path) == []


@pytest.mark.parametrize("path", FILES, ids=module)
def test_no_module_is_too_long_to_be_read(path):
    n_lines = len(path.read_text(encoding="utf-8").splitlines())
    assert n_lines <= (MOST_LINES_OF_A_LESSON if path in LESSONS else MOST_LINES)


def test_no_run_of_six_lines_stands_twice():
    places = defaultdict(list)
    for path in FILES:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
        lines = [line for line in lines if len(line) > 3 and not line.startswith(("#", "from ", "import "))]
        for start in range(len(lines) - RUN + 1):
            places["\n".join(lines[start : start + RUN])].append(f"{module(path)}:{start}")
    assert {run: where for run, where in places.items() if len(where) > 1} == {}


def test_the_site_shows_lessons_and_plotting_only():
    from course_utils.tools.site import lesson_modules

    assert {place(name) for name in lesson_modules()} & set(PLACES) == {"plotting"}
