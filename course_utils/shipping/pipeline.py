"""The course's own pipeline: its workflow as a table, and a test run by pytest in a folder of its own."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

from course_utils.common import DATA
from course_utils.common.errors import CourseError

WORKFLOW = ".github/workflows/test.yml"


def read_workflow() -> str:
    """Return the text of the course's test workflow; where only the package is installed, that of the copy in it."""
    here = DATA.parents[1] / WORKFLOW
    return (here if here.is_file() else DATA / "shipping" / "test.yml").read_text(encoding="utf-8")


def runs_of(workflow: dict) -> list[dict[str, str]]:
    """Return what a job's matrix makes of it: one mapping for each run.

    Parameters
    ----------
    workflow : dict
        What YAML made of the file, with the job ``test``.

    Examples
    --------
    >>> matrix = {"os": ["linux", "mac"], "python": ["3.11"], "include": [{"os": "linux", "python": "3.10"}]}
    >>> len(runs_of({"jobs": {"test": {"strategy": {"matrix": matrix}}}}))
    3
    """
    matrix = dict(workflow["jobs"]["test"]["strategy"]["matrix"])
    more = matrix.pop("include", [])
    return [dict(zip(matrix, each, strict=True)) for each in itertools.product(*matrix.values())] + list(more)


def run_pytest(folder: Path, seconds: float = 60.0) -> tuple[int, int]:
    """Run the tests of a folder in a process of their own, and return how many passed and how many failed."""
    order = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull]
    around = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    answer = subprocess.run(
        [*order, str(folder)], cwd=folder, env=around, capture_output=True, text=True, timeout=seconds
    )
    passed, failed = (re.search(rf"(\d+) {word}", answer.stdout) for word in ("passed", "failed"))
    if not (passed or failed):
        raise CourseError(f"pytest ran no test: {(answer.stdout + answer.stderr).strip()[-300:]}")
    return tuple(int(found[1]) if found else 0 for found in (passed, failed))
