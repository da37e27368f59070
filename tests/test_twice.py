"""Cells run twice: what is fine, and what a learner would stumble over."""

from __future__ import annotations

import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_utils.tools import commands, environment, notebooks, prepare
from course_utils.tools.twice import run_twice


@pytest.fixture
def book(tmp_path):
    def make(*sources: str, name: str = "00_tiny.ipynb", **tags: list[str]):
        cells = [new_code_cell(source) for source in sources]
        for number, of_cell in tags.items():
            cells[int(number.removeprefix("cell")) - 1].metadata["tags"] = of_cell
        path = tmp_path / name
        nbformat.write(new_notebook(cells=[new_markdown_cell("# Tiny"), *cells]), path)
        return path

    return make


def test_a_notebook_that_is_fine(book):
    sources = [
        "words = ['a', 'b']",
        "print([word.upper() for word in words], object())",
        "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "from IPython.display import HTML\nHTML('<b>1</b>')",
        "import ipywidgets\nipywidgets.IntSlider()",
    ]
    path = book(*sources)
    before = path.read_bytes()
    found = run_twice(path)
    assert (found.name, found.n_cells, found.problems) == ("00_tiny.ipynb", 5, ())
    assert path.read_bytes() == before


def test_a_cell_that_empties_its_list(book):
    found = run_twice(book("words = ['a', 'b']", "last = max(words)\nwords.clear()", "len(words)"))
    assert found.problems == (
        "cell 2: the second run fails: ValueError: max() arg is an empty sequence"
        if sys.version_info < (3, 12)
        else "cell 2: the second run fails: ValueError: max() iterable argument is empty",
    )


def test_a_cell_that_deletes_a_name(book):
    found = run_twice(book("words = ['a']", "print(len(words))\ndel words", "1"))
    assert found.problems == ("cell 2: the second run fails: NameError: name 'words' is not defined",)


def test_a_cell_that_shows_something_else(book):
    found = run_twice(book("words = ['a']", "words.append('b')\nprint(len(words))", "len(words)"))
    assert found.problems == ("cell 2: the second run shows 'stdout: 3', the first 'stdout: 2'",)


def test_a_cell_that_shows_less(book):
    found = run_twice(book("first = True", "if first:\n    print('once')\nfirst = False"))
    assert found.problems == ("cell 2: the second run shows 'nothing', the first 'stdout: once'",)


def test_a_cell_that_fails_at_once_is_named_and_the_others_go_on(book):
    found = run_twice(book("1 / 0", "n = 1", "n += 1\nprint(n)"))
    assert found.problems == (
        "cell 1: the first run fails: ZeroDivisionError: division by zero",
        "cell 3: the second run shows 'stdout: 3', the first 'stdout: 2'",
    )


def test_the_last_digit_may_be_rounded_the_other_way(book):
    found = run_twice(book("n = 0", "n += 1\nprint(f'{0.42 + n / 100:.2f}')", "print(f'{0.42 + n / 50:.2f}')\nn += 1"))
    assert found.problems == ("cell 3: the second run shows 'stdout: 0.48', the first 'stdout: 0.46'",)


def test_a_cell_with_free_output_only_has_to_succeed(book):
    sources = ("n = 0", "n += 1\nprint(n)", "assert n == 2\nn += 1")
    found = run_twice(book(*sources, cell2=["nbval-ignore-output"], cell3=["nbval-ignore-output"]))
    assert found.problems == ("cell 3: the second run fails: AssertionError:",)


def test_a_cell_that_is_meant_to_fail_has_to_fail_in_the_same_way(book):
    same = run_twice(book("n = 1", "1 / 0", cell2=["raises-exception"]))
    assert same.problems == ()
    other = run_twice(book("n = 1", "n -= 1\n1 / n", cell2=["raises-exception"]))
    assert other.problems[0].startswith("cell 2: the second run shows")


def test_a_kernel_that_ends_is_said(book):
    found = run_twice(book("import os\nos._exit(1)", "1"))
    assert found.problems == ("cell 1: the first run ended the kernel (DeadKernelError)",)


def test_the_kernel_works_in_the_notebooks_folder_or_in_another(book, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    path = book("open('data.txt').read()")
    (tmp_path / "data.txt").write_text("here")
    assert run_twice(path).problems == ()
    assert "FileNotFoundError" in run_twice(path, other).problems[0]


def test_the_command_prints_a_table_and_fails_where_there_is_a_problem(book, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    monkeypatch.setattr(prepare, "prepare", lambda: None)
    book("1", "2", name="00_fine.ipynb")
    assert commands.main(["run", "--twice"]) == 0
    book("n = 0", "n += 1\nn", name="01_counts.ipynb")
    assert commands.main(["run", "--twice", f"--folder={tmp_path}"]) == 1
    said = capsys.readouterr()
    table = ["| notebook | cells | problems |", "|---|---|---|", "| 00_fine | 2 | 0 |"]
    assert said.out.splitlines() == [*table, *table, "| 01_counts | 2 | 1 |"]
    assert said.err.endswith(
        "01_counts.ipynb, cell 2: the second run shows 'text/plain: 2', the first 'text/plain: 1'.\n"
    )


@pytest.mark.parametrize("words", [["--twice", "--readme"], ["--folder=/no/such/folder"]])
def test_options_that_cannot_be_followed_are_refused(words, monkeypatch):
    monkeypatch.setattr(environment, "ensure", lambda *groups: pytest.fail("nothing should start"))
    with pytest.raises(SystemExit):
        commands.main(["run", *words])
