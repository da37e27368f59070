"""How a notebook is launched: the badges in it, and the code with which it finds the course."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.errors import CourseError
from course_utils.tools.environment import ROOT
from course_utils.tools.notebooks import is_elective, replace_between, rewrite

if TYPE_CHECKING:
    from nbformat import NotebookNode

START = "notebooks/00_start_here.ipynb"


def repository(pyproject: Path = ROOT / "pyproject.toml") -> tuple[str, str]:
    """Return the repository as ``("owner/name", branch)``; the first is empty while no address is set.

    Binder's and Colab's links need an address at GitHub: a `CourseError` for any other.
    """
    address, branch = (setting(key, pyproject) for key in ("repository", "branch"))
    if not address:
        return "", branch
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)(\.git)?/?", address)
    if not found:
        raise CourseError(
            f"repository in pyproject.toml must look like https://github.com/NAME/REPOSITORY, not {address}."
        )
    return found.group(1), branch


def setting(key: str, pyproject: Path = ROOT / "pyproject.toml") -> str:
    """Return one setting of ``pyproject.toml``, such as the repository's address or ``"jupyterhub"``."""
    return re.search(rf'^{key} = "(.*)"$', pyproject.read_text(encoding="utf-8"), re.MULTILINE).group(1)


def badges_markdown(notebook: str, name: str, branch: str) -> str:
    """Return the badges that open a notebook of the repository ``owner/name`` in Binder and in Colab, if it has one.

    Examples
    --------
    >>> badges_markdown("notebooks/00_start_here.ipynb", "", "main")
    ''
    >>> "colab" in badges_markdown("notebooks/00_start_here.ipynb", "someone/course", "main")
    True
    """
    if not name:
        return ""
    binder = f"https://mybinder.org/v2/gh/{name}/{branch}?urlpath=lab/tree/{notebook}"
    colab = f"https://colab.research.google.com/github/{name}/blob/{branch}/{notebook}"
    return (
        f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder}) "
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({colab})"
    )


def write_into_readme(readme: Path = ROOT / "README.md") -> bool:
    """Bring the badges of the README up to date; return whether it changed."""
    text = readme.read_text(encoding="utf-8")
    return rewrite(readme, replace_between(text, "badges", badges_markdown(START, *repository())))


def write_into_notebook(path: Path) -> bool:
    """Bring the badges of a notebook and its way to find the course up to date; return whether it changed."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    badges = badges_markdown(f"notebooks/{path.name}", *repository())
    book.cells[0].source = replace_between(book.cells[0].source, "badges", badges)
    write_set_up_code(book, set_up_code(*repository(), group_of(path)))
    return rewrite(path, nbformat.writes(book) + "\n")


LOCAL = """try:
    from course_utils.tools.kernel import begin
except ModuleNotFoundError:
    remedy = "in its folder run python3 -m course_utils lab"
    raise SystemExit(f"The course is not installed here: {remedy}") from None
begin()"""
REMOTE = """try:
    from course_utils.tools.kernel import begin
except ModuleNotFoundError:  # on Colab: add the course, and replace no package that is there
    import importlib.metadata as installed
    from pathlib import Path

    names = {{package.name for package in installed.distributions() if package.name}}
    held = "\\n".join(f"{{name}}=={{installed.version(name)}}" for name in sorted(names))
    Path("held.txt").write_text(held)
    %pip install -q -c held.txt "{source}"
    from course_utils.tools.kernel import begin
    from course_utils.tools.prepare import prepare

    prepare()
begin()"""
OPENING = re.compile(r"\Atry:\n.*?^begin\(.*\)\Z", re.DOTALL | re.MULTILINE)


def set_up_code(repository: str, branch: str = "main", group: str = "") -> str:
    """Return the set-up cell, with which a notebook finds the course and begins.

    On Colab it installs the repository ``owner/name``; without one there is no place to install from. With a ``group``
    of packages, such as ``"electives"``, it fetches those that are missing.

    Examples
    --------
    >>> "pip install" in set_up_code("")
    False
    >>> "github.com/someone/course@main" in set_up_code("someone/course")
    True
    """
    text = REMOTE.format(source=f"git+https://github.com/{repository}@{branch}") if repository else LOCAL
    return text.removesuffix("begin()") + f'begin("{group}")' if group else text


def group_of(path: Path) -> str:
    """Return the name of the packages that a notebook needs beside the course's, if it needs any.

    Examples
    --------
    >>> group_of(Path("notebooks/04_keyword_search.ipynb")), group_of(Path("notebooks/21_learn_from_reward.ipynb"))
    ('', 'electives')
    """
    return "electives" if is_elective(path) else ""


def is_set_up_cell(cell: NotebookNode) -> bool:
    """Tell whether a cell is the one that finds the course and begins."""
    return cell.cell_type == "code" and bool(OPENING.match(cell.source))


def write_set_up_code(book: NotebookNode, text: str) -> None:
    """Put ``text`` into a notebook's set-up cell; a `CourseError` if it has none."""
    for cell in book.cells:
        if is_set_up_cell(cell):
            cell.source = text
            return
    raise CourseError("The notebook has no set-up cell that begins with `try:` and finds the course.")
