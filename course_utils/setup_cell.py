"""The first code of every notebook: it finds the course, or on Colab installs it beside what is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from course_utils.errors import CourseError

if TYPE_CHECKING:
    from nbformat import NotebookNode

ABSENT = "The course is not installed in this Python: in its folder run python3 -m course_utils lab"
LOCAL = f'''try:
    from course_utils.plotting import use_course_style
except ModuleNotFoundError:
    raise SystemExit(
        "{ABSENT}"
    ) from None
'''
REMOTE = """try:
    from course_utils.plotting import use_course_style
except ModuleNotFoundError:  # on Colab: add the course, and replace no package that is there
    import importlib.metadata as installed
    from pathlib import Path

    names = {{package.name for package in installed.distributions() if package.name}}
    held = "\\n".join(f"{{name}}=={{installed.version(name)}}" for name in sorted(names))
    Path("held.txt").write_text(held)
    %pip install -q -c held.txt "{source}"
    from course_utils import ready
    from course_utils.plotting import use_course_style

    ready.prepare()
"""
OPENING = re.compile(r"\Atry:\n(?:(?:[ \t].*|except.*|)\n)*?(?=\S)(?!except)")


def opening(repository: str, branch: str = "main") -> str:
    """Return the lines with which a notebook finds the course.

    Parameters
    ----------
    repository : str
        The repository as ``owner/name``; while it is empty there is no place to install from.
    branch : str
        The branch to install.

    Examples
    --------
    >>> "pip install" in opening("")
    False
    >>> "github.com/someone/course@main" in opening("someone/course")
    True
    """
    if not repository:
        return LOCAL
    return REMOTE.format(source=f"git+https://github.com/{repository}@{branch}")


def write_into(book: NotebookNode, text: str) -> None:
    """Put ``text`` in place of the lines with which a notebook finds the course.

    Raises
    ------
    CourseError
        If the notebook has no such lines.
    """
    for cell in book.cells:
        if cell.cell_type == "code" and OPENING.match(cell.source):
            cell.source = OPENING.sub(lambda _: text, cell.source, count=1)
            return
    raise CourseError("The notebook has no set-up cell that begins with `try:` and finds the course.")
