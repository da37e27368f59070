"""The course as a site: the notebooks with their outputs, the instructor's guide and the helpers, in plain pages."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from course_utils.common import assets, download
from course_utils.common.errors import CourseError
from course_utils.tools import health, launch, notebooks, slides, try_here
from course_utils.tools.environment import ROOT
from course_utils.tools.reference import glossary, shelf

BUILD = ROOT / "build"
FOLDER = BUILD / "site"
ON_ONE_PAGE = """
````{{container}} on-one-page
[This lesson on one page](../reference/summaries/{0}.md), for print · [Notes for teachers](../guide/{0}.md)
````
"""


def build(folder: Path = FOLDER, with_model: bool = False) -> Path:
    """Build the site with Sphinx into an empty folder, and return its first page; a warning is a `CourseError`.

    Nothing on any page is fetched from another place. With SmolLM2's file, ``with_model``, its page *Try it here* can
    also ask for the next word.
    """
    source = folder.with_name(f"{folder.name}-source")
    for old in (source, folder):
        shutil.rmtree(old, ignore_errors=True)
    collect(source)
    try_here.write(source)
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-j", "2"]
    command += ["-d", str(folder.with_name(f"{folder.name}-doctrees")), str(source), str(folder)]
    if subprocess.call(command):
        raise CourseError("The site was not built: Sphinx says above what is wrong.")
    shutil.rmtree(folder / "_sources", ignore_errors=True)
    if with_model:
        try_here.add_model(folder)
    return folder / "index.html"


def collect(source: Path) -> None:
    """Lay out what Sphinx reads: the pages of ``docs``, the notebooks as a page can show them, a list of helpers."""
    shutil.copytree(ROOT / "docs", source)
    (source / "notebooks").mkdir()
    terms = glossary.read()
    for path in notebooks.find():
        (source / "notebooks" / path.name).write_text(_as_page(path, terms), encoding="utf-8")
    shelf.write(source)
    for name in ("CREDITS.md", "LICENSES.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        (source / name.lower()).write_text(_without_links_out_of_the_site(ROOT / name), encoding="utf-8")
    (source / "helpers.md").write_text(helpers_page(), encoding="utf-8")
    (source / "health.md").write_text(health.page(health.read()), encoding="utf-8")
    (source / "course_table.inc").write_text(_course_table(), encoding="utf-8")
    formulas = assets.ASSETS["mathjax"]
    (source / "_static").mkdir(exist_ok=True)
    shutil.copyfile(download.fetch(formulas) / formulas.members[0].name, source / "_static" / "tex-svg.js")


def helpers_page() -> str:
    """Return the page that documents the lessons' helpers and ``plotting`` from their docstrings."""
    parts = [
        f"## {name}\n\n```{{eval-rst}}\n.. automodule:: course_utils.{name}\n   :members:\n```\n"
        for name in lesson_modules()
    ]
    opening = "# The helpers\n\nWhat the notebooks import from `course_utils`: one module for one concept.\n"
    return "\n".join([opening, *parts])


def lesson_modules() -> list[str]:
    """Return the modules that a lesson may show: all but the machinery, the exercises and what lies under both.

    Examples
    --------
    >>> "attention" in lesson_modules(), "tools.site" in lesson_modules()
    (True, False)
    """
    package = ROOT / "course_utils"
    paths = [path.relative_to(package) for path in package.rglob("*.py")]
    hidden = ("common", "exercises", "tools", "__init__.py", "__main__.py")
    names = [".".join(path.with_suffix("").parts) for path in paths if path.parts[0] not in hidden]
    return sorted(
        name.removesuffix(".__init__") for name in names if name == "plotting.__init__" or "__init__" not in name
    )


def _as_page(path: Path, terms: Sequence[glossary.Entry]) -> str:
    """Return a notebook as a page: its number, no badges, no live widgets, set-up folded, the words of its pictures.

    The first use of each term leads to the glossary, and a line under the title to the notebook's page for print.
    """
    import nbformat

    book = nbformat.read(path, as_version=4)
    opening = notebooks.replace_between(book.cells[0].source, "badges", ON_ONE_PAGE.format(path.stem))
    book.cells[0].source = opening.replace("# ", f"# {path.name[:2]} ", 1)
    prose = [cell for cell in book.cells if cell.cell_type == "markdown"]
    linked = glossary.with_links([cell.source for cell in prose], terms, path.name[:2])
    for cell, text in zip(prose, linked, strict=True):
        cell.source = text
    for cell in book.cells:
        if launch.is_set_up_cell(cell):
            cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
        if cell.cell_type == "code":
            cell.outputs = slides.shown_outputs(cell)
            for output in cell.outputs:
                if "alt" in (facts := output.get("metadata", {}).get("image/png", {})):
                    cell.metadata["mystnb"] = {"image": {"alt": facts["alt"]}}
    book.metadata.pop("widgets", None)
    return nbformat.writes(book)


def _course_table() -> str:
    """Return the README's table of notebooks, as the site's pages link to it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\|.*\.ipynb.*\|$", text, re.MULTILINE)
    return "| | notebook | you will |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def _without_links_out_of_the_site(path: Path) -> str:
    """Return a page of the repository in which links to its other files are plain text."""
    text = path.read_text(encoding="utf-8")
    return re.sub(r"\[([^\]]+)\]\((?!https?://|#)[^)]*\)", r"\1", text)


def launch_buttons() -> dict[str, str]:
    """Return the theme's settings for Binder, Colab and JupyterHub; empty while the repository has no address."""
    name, _ = launch.repository()
    if not name:
        return {}
    buttons = {"binderhub_url": "https://mybinder.org", "colab_url": "https://colab.research.google.com"}
    if hub := launch.setting("jupyterhub"):
        buttons["jupyterhub_url"] = hub
    return {**buttons, "notebook_interface": "jupyterlab"}
