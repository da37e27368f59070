"""How a notebook finds the course: here, and on a computer such as Colab's, where only the notebook's file is."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sysconfig
import venv

import nbformat
import pytest
from house import NOTEBOOKS, ROOT

from course_utils.common.errors import CourseError
from course_utils.tools import launch

OTHER_VERSIONS = ["numpy==2.3.5", "tqdm==4.67.1", "matplotlib==3.10.7"]  # not those of constraints.txt
EXECUTE = """
import sys, nbformat
from nbclient import NotebookClient
book = nbformat.read(sys.argv[1], as_version=4)
NotebookClient(book, timeout=600, kernel_name="python3").execute()
nbformat.write(book, sys.argv[1])
"""
VERSIONS = "import importlib.metadata as m; import json; print(json.dumps({n: m.version(n) for n in %r}))"


def set_up(path) -> str:
    return next(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_notebook_finds_the_course_in_the_same_way(path):
    assert set_up(path) == launch.set_up_code(*launch.repository(), launch.group_of(path))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_way_changes_with_the_repository_and_back(path):
    book = nbformat.read(path, as_version=4)
    before = [cell.source for cell in book.cells]
    launch.write_set_up_code(book, launch.set_up_code("someone/course", group=launch.group_of(path)))
    assert [cell.source for cell in book.cells] != before
    launch.write_set_up_code(book, launch.set_up_code(*launch.repository(), launch.group_of(path)))
    assert [cell.source for cell in book.cells] == before


def test_a_notebook_without_a_set_up_cell_is_refused():
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import numpy")])
    with pytest.raises(CourseError, match="no set-up cell"):
        launch.write_set_up_code(book, launch.set_up_code(""))


@pytest.fixture
def elsewhere(tmp_path):
    """Make a Python that has the packages, some in other versions, and not the course: as Colab's has."""
    venv.create(tmp_path / "python", with_pip=True)
    python = tmp_path / "python" / ("Scripts" if os.name == "nt" else "bin") / "python"
    site_packages = subprocess.check_output(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], text=True
    ).strip()
    shared = sysconfig.get_path("purelib")
    with open(f"{site_packages}/shared.pth", "w", encoding="utf-8") as file:
        file.write(f"{shared}\n")
    pip = [python, "-m", "pip"]
    subprocess.run([*pip, "uninstall", "-qy", "setuptools"], capture_output=True)  # older than torch allows
    words = [*pip, "install", "-q", "--no-compile", "--no-deps", *OTHER_VERSIONS]
    answer = subprocess.run(words, capture_output=True, text=True)
    if answer.returncode:
        pytest.skip("no package index answers here, so installing beside other versions was not tried")
    return python


def test_elsewhere_the_course_is_added_and_nothing_is_replaced(elsewhere, tmp_path):
    source = tmp_path / "repository"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache"))
    notebook = tmp_path / "alone" / "04_keyword_search.ipynb"
    notebook.parent.mkdir()
    book = nbformat.read(ROOT / "notebooks" / notebook.name, as_version=4)
    launch.write_set_up_code(book, launch.REMOTE.format(source=source))
    nbformat.write(book, notebook)

    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COURSE_QUIET"))}
    names = [wanted.split("==")[0] for wanted in (*OTHER_VERSIONS, "torch==", "transformers==")]
    versions = [elsewhere, "-c", VERSIONS % names]
    before = json.loads(subprocess.check_output(versions, text=True, env=environment))
    assert [f"{name}=={before[name]}" for name in names[:3]] == OTHER_VERSIONS
    run = [elsewhere, "-c", EXECUTE, str(notebook)]
    answer = subprocess.run(run, cwd=notebook.parent, env=environment, capture_output=True, text=True, timeout=600)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert json.loads(subprocess.check_output(versions, text=True, env=environment)) == before
    course = [elsewhere, "-c", "import course_utils; print(course_utils.__file__)"]
    installed = subprocess.check_output(course, text=True, env=environment, cwd=tmp_path)
    assert str(tmp_path / "python") in installed
    assert all(cell.execution_count for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code")
