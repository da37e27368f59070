"""A fresh kernel: a name that no cell has made yet gets one sentence, wherever the kernel was started."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
import venv
from pathlib import Path

import pytest
from house import NOTEBOOKS, ROOT, Book

from course_utils.tools import environment, install, kernel

RUN = """
import json, sys
import nbformat
from nbclient import NotebookClient
cells = [nbformat.v4.new_code_cell(source) for source in json.loads(sys.argv[1])]
client = NotebookClient(nbformat.v4.new_notebook(cells=cells), timeout=120, kernel_name="python3", allow_errors=True)
book = client.execute(cwd=sys.argv[2])
print(json.dumps([[output for output in cell.outputs if output.output_type == "error"] for cell in book.cells]))
"""


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Make a Python that has all packages, the course too, in an environment that nobody has written into."""
    folder = tmp_path_factory.mktemp("other") / "python"
    venv.create(folder)
    python = install.venv_python(folder)
    paths = f"{sysconfig.get_path('purelib')}\n{ROOT}\n"
    place = [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    Path(subprocess.check_output(place, text=True).strip(), "shared.pth").write_text(paths, encoding="utf-8")
    return folder


def errors(folder: Path, *cells: str, **variables: str) -> list[list[dict]]:
    """Run cells in a fresh kernel of an environment, in the folder of the notebooks; return each cell's errors."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "JUPYTER"))}
    command = [install.venv_python(folder), "-c", RUN, json.dumps(cells), str(ROOT / "notebooks")]
    answer = subprocess.run(command, env={**surroundings, **variables}, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def is_explained(error: dict, name: str) -> bool:
    """Tell whether an error shows one sentence about a name, and is still a NameError for a program."""
    assert (error["ename"], error["evalue"]) == ("NameError", f"name '{name}' is not defined")
    return error["traceback"] == [kernel.unknown_name(name)]


def last_section(path: Path) -> str:
    """Return the first code cell of a notebook's last section with code."""
    found, pending = "", False
    for cell in Book.read(path).cells:
        pending |= cell.cell_type == "markdown" and cell.source.startswith("## ")
        if cell.cell_type == "code" and pending:
            found, pending = cell.source, False
    return found


def test_a_kernel_that_nobody_told_shows_a_traceback(other):
    ((error,),) = errors(other, "vectors")
    assert not is_explained(error, "vectors")
    assert len(error["traceback"]) > 1


def test_lab_tells_the_kernels_of_another_environment_and_writes_nothing_there(other, tmp_path):
    before = sorted(other.rglob("*"))
    ((error,),) = errors(other, "vectors", JUPYTER_PATH=kernel.describe_kernel(tmp_path))
    assert is_explained(error, "vectors")
    assert sorted(other.rglob("*")) == before


def test_what_lab_tells_comes_before_a_path_that_is_set_already(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_PATH", "mine")
    assert kernel.describe_kernel(tmp_path) == os.pathsep.join([str(tmp_path), "mine"])
    assert kernel.describe_kernel(tmp_path) == os.pathsep.join([str(tmp_path), "mine"])  # a second time too


def test_the_set_up_cell_tells_any_kernel(other):
    code = "from course_utils.tools.kernel import begin\nbegin()"
    first, (error,) = errors(other, code, "vectors")
    assert first == []
    assert is_explained(error, "vectors")


@pytest.fixture(scope="module")
def ours(other):
    """Let the environment be one that the course has made."""
    install.write_kernel_config(other)
    yield other
    (other / "etc/ipython/ipython_kernel_config.py").unlink()


@pytest.mark.parametrize("path", NOTEBOOKS[3:12:6], ids=lambda path: path.stem)
def test_the_last_section_run_first_asks_for_what_comes_before(ours, path):
    ((error,),) = errors(ours, last_section(path))
    assert is_explained(error, error["evalue"].split("'")[1])


def test_the_courses_environment_loads_nothing_but_that(ours):
    ((error,),) = errors(ours, "import sys\n1 / ('numpy' not in sys.modules and 'torch' not in sys.modules) / 0")
    assert error["ename"] == "ZeroDivisionError"
    assert error["traceback"][-1].endswith("float division by zero")


def test_names_in_cells_and_their_functions_are_explained_and_those_of_libraries_are_not(ours):
    explained = [
        "def f():\n    return lost\nf()",
        "del lost",
        "[lost for _ in 'a']",
        "async def g():\n    lost\nawait g()",
    ]
    library = "from types import ModuleType\nm = ModuleType('m')\nexec('def deep(): return lost', m.__dict__)\nm.deep()"
    local, raised = "def h():\n    lost\n    lost = 1\nh()", "raise NameError('by hand')"
    *found, deep, unbound, by_hand = errors(ours, *explained, library, local, raised)
    assert all(is_explained(error, "lost") for (error,) in found)
    for (error,) in (deep, unbound, by_hand):
        assert len(error["traceback"]) > 1
        assert not any("does not exist yet" in line for line in error["traceback"])


def test_a_config_of_the_learners_own_is_kept(ours, tmp_path):
    profile = tmp_path / "profile_default"
    profile.mkdir()
    (profile / "ipython_kernel_config.py").write_text(
        "c = get_config()\nc.InteractiveShellApp.extensions = ['autoreload']\n"
        "c.InteractiveShellApp.exec_lines = ['mine = 1']\n"
    )
    cells = ["mine", "%autoreload 2", "vectors"]
    *fine, (error,) = errors(ours, *cells, IPYTHONDIR=str(tmp_path))
    assert fine == [[], []]
    assert is_explained(error, "vectors")


def test_an_environment_that_an_earlier_version_made_is_brought_up_to_date(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "VENV", tmp_path)
    monkeypatch.setattr(environment, "missing", list)
    monkeypatch.setattr(install, "install", lambda *_: install.venv_python(tmp_path))
    python = install.venv_python(tmp_path)
    python.parent.mkdir()
    python.write_text("")
    config = tmp_path / "etc/ipython/ipython_kernel_config.py"
    assert environment.ensure("dependencies") == str(python)
    for old in ("", "c = get_config()\n"):
        config.write_text(old)
        monkeypatch.setattr(install, "install", lambda *_: pytest.fail("everything is installed"))
        environment.ensure("dependencies")
        assert config.read_text() == install.KERNEL_CONFIG
