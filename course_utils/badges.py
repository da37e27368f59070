"""Launch badges: shown in the README and the notebooks once ``pyproject.toml`` names the repository."""

from __future__ import annotations

import re
from pathlib import Path

from course_utils import setup_cell
from course_utils.environment import ROOT
from course_utils.errors import CourseError
from course_utils.notebooks import replace_between, rewrite

START = "notebooks/00_start_here.ipynb"


def repository(pyproject: Path = ROOT / "pyproject.toml") -> tuple[str, str]:
    """Return the repository as ``("owner/name", branch)``; the first is empty while no address is set.

    Raises
    ------
    CourseError
        If the address is not one of GitHub, which Binder's and Colab's links need.
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


def markdown(notebook: str, name: str, branch: str) -> str:
    """Return the badges that open one notebook in Binder and in Colab; nothing while there is no address.

    Parameters
    ----------
    notebook : str
        Its path in the repository.
    name : str
        The repository as ``owner/name``, or an empty string.
    branch : str
        The branch to open.

    Examples
    --------
    >>> markdown("notebooks/00_start_here.ipynb", "", "main")
    ''
    >>> "colab" in markdown("notebooks/00_start_here.ipynb", "someone/course", "main")
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
    return rewrite(readme, replace_between(text, "badges", markdown(START, *repository())))


def write_into_notebook(path: Path) -> bool:
    """Bring the badges of a notebook and its way to find the course up to date; return whether it changed."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    badges = markdown(f"notebooks/{path.name}", *repository())
    book.cells[0].source = replace_between(book.cells[0].source, "badges", badges)
    setup_cell.write_into(book, setup_cell.opening(*repository()))
    return rewrite(path, nbformat.writes(book) + "\n")
