"""Memory of a whole process tree: seen, and held below a limit that really stops what passes it."""

from __future__ import annotations

import platform
import subprocess
import sys
import textwrap

import nbformat
import pytest
from house import ROOT

from course_utils.common.errors import CourseError, InputError
from course_utils.tools import memory_limit, notebooks

MB = 10**6


@pytest.mark.parametrize(("text", "amount"), [("2G", 2 * 10**9), ("1500m", 1500 * MB), ("7", 7), ("0.5 GB", 500 * MB)])
def test_an_amount_of_memory_is_read(text, amount):
    assert memory_limit.parse(text) == amount


@pytest.mark.parametrize("text", ["", "lots", "-1G", "0", "2T"])
def test_what_is_no_amount_gets_a_sentence(text):
    with pytest.raises(InputError, match="looks like 2G"):
        memory_limit.parse(text)


def test_the_peak_holds_what_children_used():
    hold = "import time; held = bytearray(200_000_000); time.sleep(1)"
    with memory_limit.watched() as peak:
        before = memory_limit.tree_bytes()
        subprocess.run([sys.executable, "-c", hold], check=True)
    assert peak[0] > before + 190 * MB


LIMITED = """
import subprocess, sys
from course_utils.tools import memory_limit
hungry = "import time; held = [bytearray(b'x' * 50_000_000) for _ in range(40)]; time.sleep(5)"
modest = "print('still here')"
with memory_limit.watched(600_000_000):
    print(subprocess.run([sys.executable, "-c", hungry]).returncode != 0)
    print(subprocess.run([sys.executable, "-c", modest]).returncode == 0)
"""


def test_a_child_that_wants_more_is_stopped_and_others_go_on():
    answer = subprocess.run([sys.executable, "-c", LIMITED], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert sorted(answer.stdout.split("\n")) == ["", "True", "True", "still here"]
    assert answer.returncode == 0


def test_a_notebook_over_the_limit_is_named(tmp_path):
    path = tmp_path / "00_hungry.ipynb"
    cell = nbformat.v4.new_code_cell("held = [bytearray(b'x' * 50_000_000) for _ in range(60)]")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    with pytest.raises(CourseError, match=r"00_hungry.ipynb was stopped: it needs more memory than \d\.\d GB"):
        notebooks.execute(path, memory_limit.tree_bytes() + 1000 * MB)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library cannot be asked to")
def test_memory_that_nothing_uses_is_given_back():
    code = """
    from course_utils.common.compute import release_memory
    from course_utils.tools.memory_limit import tree_bytes
    lives, dies = [], []
    for _ in range(8000):
        dies.append(bytearray(20_000))
        lives.append(bytearray(600))  # between the others, so that the heap cannot simply be cut short
    full = tree_bytes()
    del dies
    kept = full - tree_bytes()
    release_memory()
    print(kept, full - tree_bytes())
    """
    printed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, cwd=ROOT)
    kept, given_back = map(int, printed.stdout.split())
    assert kept < 20 * MB, "nothing needs to be given back here"
    assert given_back > 120 * MB
