"""The folder in which an instructor marks: what nbgrader wants there, and what must not be lost from it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.tools.assignment.cells import assignment
from course_utils.tools.environment import ROOT, VENV

FOLDER = ROOT / "build" / "marking"
CONFIG = "nbgrader_config.py"
SETTINGS = '''"""Settings for marking with nbgrader, written once by the course; they are yours to change."""

c = get_config()  # noqa: F821 - nbgrader gives it

c.CourseDirectory.course_id = "tokens-to-transformers"
c.ClearSolutions.code_stub = {"python": ""}  # the line above a solution says what to do
c.Execute.timeout = 300  # seconds for one cell
'''
EXTENSIONS = ("assignment_list", "course_list", "formgrader", "validate_assignment")
NOT_LOADED = {f"nbgrader.server_extensions.{name}": False for name in EXTENSIONS}
OFF = {  # below etc/jupyter of an environment; Jupyter reads the first file after nbgrader's own, by its name
    "jupyter_server_config.d/nbgrader_off.json": {"ServerApp": {"jpserver_extensions": NOT_LOADED}},
    "labconfig/page_config.json": {"disabledExtensions": {"@jupyter/nbgrader": True}},
}


def make_assignment(path: Path, folder: Path = FOLDER) -> Path:
    """Make an assignment from a notebook: the author's copy in ``source``, the learners' in ``release``.

    Parameters
    ----------
    path : Path
        A notebook of the course.
    folder : Path
        Where an instructor marks; it is made if it is not there.

    Returns
    -------
    Path
        The learners' notebook. It is left as it is if it was made before and nothing has changed.

    Raises
    ------
    CourseError
        If the notebook has no exercises, the folder holds something else, or the assignment is there already and would
        become another one. Then nothing was written.
    """
    import nbformat

    check_folder(folder)
    if Path(sys.prefix) == VENV:
        keep_out_of_lab(VENV)
    text = nbformat.writes(assignment(path)) + "\n"
    source, release = (folder / part / path.stem / path.name for part in ("source", "release"))
    if not source.exists() or not release.exists() or source.read_text(encoding="utf-8") != text:
        check_free(folder, path.stem, text)
        source.parent.mkdir(parents=True, exist_ok=True)
        if not (folder / CONFIG).exists():
            (folder / CONFIG).write_text(SETTINGS, encoding="utf-8")
        source.write_text(text, encoding="utf-8")
        _generate(folder, path.stem)
    return release


def keep_out_of_lab(prefix: Path) -> None:
    """Switch off nbgrader's part of JupyterLab in an environment: learners' lessons look the same with and without it.

    Without the folder that it expects, it writes an error at each start, and its button calls any answer valid that
    raises no error. Where one of the two files is there already, it is left as it is.
    """
    for name, content in OFF.items():
        path = prefix / "etc" / "jupyter" / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def check_folder(folder: Path) -> None:
    """Raise `CourseError` if a folder holds something, and is none for marking."""
    if folder.is_dir() and not (folder / CONFIG).exists() and any(folder.iterdir()):
        raise CourseError(f"{folder} holds other files, and no {CONFIG}: name an empty or a new folder with --to.")


def check_free(folder: Path, name: str, text: str) -> None:
    """Raise `CourseError` if an assignment is there that ``text`` would replace, or somebody's answers to it."""
    answers = [place for part in ("submitted", "autograded") for place in sorted(folder.glob(f"{part}/*/{name}"))]
    remedy = "Nothing was written: name another folder with --to, or move that away first."
    if answers:
        people = ", ".join(dict.fromkeys(place.parent.name for place in answers))
        raise CourseError(f"{folder} holds answers to {name}, which has changed since, of {people}. {remedy}")
    source = folder / "source" / name / f"{name}.ipynb"
    if source.exists() and source.read_text(encoding="utf-8") != text:
        raise CourseError(f"{source} is there already, and differs from what the course makes now. {remedy}")
    if (folder / "release" / name).exists():
        raise CourseError(f"{folder / 'release' / name} is there already. {remedy}")


def _generate(folder: Path, name: str) -> None:
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", name]
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])  # nbgrader calls alembic
    answer = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": beside}, capture_output=True, encoding="utf-8", errors="replace"
    )
    if answer.returncode:
        raise CourseError(f"nbgrader could not make the assignment in {folder}: {explain_failure(answer.stderr)}")


def explain_failure(output: str) -> str:
    r"""Return the line of nbgrader's output that names an error.

    Examples
    --------
    >>> explain_failure("Traceback\n    KeyError: 'x'\n    \n[App | ERROR] See the above.")
    "KeyError: 'x'"
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b", line)]
    return (named or lines or ["it gave no message"])[-1]
