"""Notebooks executed from a fresh kernel: to refresh their outputs, or to measure their time and memory."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common import record
from course_utils.common.errors import CourseError
from course_utils.common.progress import QUIET, job_bar
from course_utils.tools.compare import WIDGET_VIEW
from course_utils.tools.environment import ROOT
from course_utils.tools.memory_limit import watched

if TYPE_CHECKING:
    from nbclient import NotebookClient
    from nbformat import NotebookNode

FOLDER = ROOT / "notebooks"
SECONDS_A_CELL = 1200
FIRST_ELECTIVE = 20
UNWATCHED = {QUIET: "1", record.SETTING: record.OFF}  # no bars, and no learner whose record would be kept


@dataclass(frozen=True)
class Run:
    """What one execution of a notebook took: seconds, and bytes of the whole process tree at the peak."""

    name: str
    seconds: float
    peak_bytes: int


def find(names: Sequence[str] = ()) -> list[Path]:
    """Return the notebooks that ``names`` mean (file names, paths, or their beginnings), in order; all without any.

    Examples
    --------
    >>> [path.name for path in find(["00"])]
    ['00_start_here.ipynb']
    """
    every = sorted(FOLDER.glob("[0-9]*.ipynb"))
    chosen = set()
    for name in names:
        fitting = [path for path in every if path.name.startswith(Path(name).name)]
        if not fitting:
            raise CourseError(f"There is no notebook {name!r}; there are {', '.join(path.name for path in every)}.")
        chosen.update(fitting)
    return sorted(chosen) if names else every


def exercises_name(path: Path) -> str:
    """Return the name of a notebook without its number, which is that of its exercises' module.

    Examples
    --------
    >>> exercises_name(Path("04_keyword_search.ipynb"))
    'keyword_search'
    """
    return path.stem.partition("_")[2]


def is_elective(path: Path) -> bool:
    """Tell whether a notebook is one of the electives, which may need packages of their own.

    Examples
    --------
    >>> is_elective(Path("16_images_and_text.ipynb")), is_elective(Path("20_compare_architectures.ipynb"))
    (False, True)
    """
    return int(path.name[:2]) >= FIRST_ELECTIVE


def changed() -> list[Path]:
    """Return the notebooks that git finds changed since the last commit; none outside a clone."""
    command = ["git", "status", "--porcelain", "--", str(FOLDER)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return [path for path in find() if path.name in answer.stdout]


def execute(path: Path, limit: int | None = None, folder: Path | None = None) -> tuple[NotebookNode, Run]:
    """Run a notebook in a fresh kernel, and return it with its new outputs.

    Parameters
    ----------
    path : Path
        The notebook; the file is left as it is.
    limit : int, optional
        Bytes that this process and all it starts may use together; the notebook is stopped when it wants more.
    folder : Path, optional
        The folder that the kernel works in; the notebook's own without it.

    Raises
    ------
    CourseError
        If a cell fails, or takes over twenty minutes or too much memory; the message shows the cell and the error.
    """
    import nbformat
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    book = nbformat.read(path, as_version=4)
    n_cells = sum(cell.cell_type == "code" for cell in book.cells)
    started = time.perf_counter()
    with job_bar(n_cells, "cell", path.name) as bar, watched(limit) as peak:
        client = kernel_client(book, folder or path.parent, on_cell_executed=lambda **_: bar.update())
        try:
            client.execute(env={**os.environ, **UNWATCHED})
        except KeyboardInterrupt:
            client.shutdown_kernel = "immediate"  # when this process ends
            raise
        except DeadKernelError as error:
            reason = f"it needs more memory than {limit / 1e9:.1f} GB" if limit else str(error)
            raise CourseError(f"{path.name} was stopped: {reason}.") from None
        except (CellExecutionError, CellTimeoutError) as error:
            raise CourseError(f"{path.name} stopped:\n{without_colours(str(error))}") from None
    return book, Run(path.name, time.perf_counter() - started, peak[0])


def kernel_client(book: NotebookNode, folder: Path, **more: object) -> NotebookClient:
    """Return what runs a notebook's cells in a kernel that works in ``folder``; ``more`` goes to nbclient."""
    from nbclient import NotebookClient

    return NotebookClient(
        book,
        timeout=SECONDS_A_CELL,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        extra_arguments=["--log-level=CRITICAL"],  # a Ctrl-C between two messages is no error to report
        resources={"metadata": {"path": str(folder)}},
        on_notebook_start=_leave_ctrl_c_to_python,
        **more,
    )


def _leave_ctrl_c_to_python(**_: object) -> None:
    """Undo nbclient's own handler of Ctrl-C, which ends in a failed assertion: the kernel goes with this process."""
    with contextlib.suppress(NotImplementedError):  # Windows, where nbclient has none
        asyncio.get_running_loop().remove_signal_handler(signal.SIGINT)


def refresh(path: Path) -> bool:
    """Execute a notebook in place; return whether the file changed. One that does not run to its end is left as it was.

    Nothing that differs from run to run is kept, so refreshing an unchanged notebook leaves the same bytes. Cells
    tagged ``measured`` draw times: while the notebook's code is what it was, they keep the measurement they have.
    """
    import nbformat

    before = nbformat.read(path, as_version=4)
    book, _ = execute(path)
    if before.metadata.get("course") == {"code": _fingerprint(book)}:
        for old, new in zip(before.cells, book.cells, strict=True):
            if "measured" in new.metadata.get("tags", []):
                new.outputs = old.outputs
    return rewrite(path, nbformat.writes(tidy(book)) + "\n")


def rewrite(path: Path, text: str) -> bool:
    """Put a new text into a file, by way of another name; return whether it differed from the old one."""
    if text == path.read_text(encoding="utf-8"):
        return False
    aside = path.with_suffix(".new")
    aside.write_text(text, encoding="utf-8", newline="\n")
    os.replace(aside, path)
    return True


def map_picture(path: Path = FOLDER / "00_start_here.ipynb") -> bytes:
    """Return the PNG that the cell tagged ``map`` of a notebook has drawn."""
    import nbformat

    book = nbformat.read(path, as_version=4)
    cell = next(cell for cell in book.cells if "map" in cell.metadata.get("tags", []))
    return base64.b64decode(cell.outputs[0]["data"]["image/png"])


def save_map(path: Path = ROOT / "docs" / "wikipedia_map.png") -> None:
    """Copy the map of notebook 00 to where the README shows it."""
    picture = map_picture()
    if not path.exists() or path.read_bytes() != picture:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)


def tidy(book: NotebookNode) -> NotebookNode:
    """Take out of an executed notebook what differs between computers: versions, timings and the ids of widgets."""
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "course": {"code": _fingerprint(book)},
    }
    for cell in book.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
    return book


def _fingerprint(book: NotebookNode) -> str:
    code = "\0".join(cell.source for cell in book.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def table(runs: Sequence[Run]) -> str:
    """Format what the notebooks took as a Markdown table.

    Examples
    --------
    >>> print(table([Run("00_start_here.ipynb", 42.0, 1_100_000_000)]))
    | notebook | minutes | peak memory |
    |---|---|---|
    | 00_start_here | 0.7 | 1.1 GB |
    """
    rows = ["| notebook | minutes | peak memory |", "|---|---|---|"]
    rows += [f"| {Path(run.name).stem} | {run.seconds / 60:.1f} | {run.peak_bytes / 1e9:.1f} GB |" for run in runs]
    if len(runs) > 1:
        peak = max(run.peak_bytes for run in runs) / 1e9
        rows.append(f"| all | {sum(run.seconds for run in runs) / 60:.1f} | {peak:.1f} GB |")
    return "\n".join(rows)


def merge_tables(old: str, new: str) -> str:
    """Return a table in which the rows of a new one take the place of an old one's, and the sum is made anew.

    Examples
    --------
    >>> old = table([Run("00_start_here.ipynb", 42.0, 1_100_000_000), Run("05_x.ipynb", 60.0, 900_000_000)])
    >>> print(merge_tables(old, table([Run("05_x.ipynb", 30.0, 1_200_000_000)])))
    | notebook | minutes | peak memory |
    |---|---|---|
    | 00_start_here | 0.7 | 1.1 GB |
    | 05_x | 0.5 | 1.2 GB |
    | all | 1.2 | 1.2 GB |
    """
    found = dict(re.findall(r"^\| (\d\d_\w+) (\|.*)$", f"{old}\n{new}", re.MULTILINE))
    rows = dict(sorted(found.items()))
    numbers = [re.findall(r"[\d.]+", row) for row in rows.values()]
    minutes, peak = sum(float(each) for each, _ in numbers), max(float(each) for _, each in numbers)
    lines = [f"| {name} {row}" for name, row in rows.items()]
    return "\n".join([*table([]).splitlines(), *lines, f"| all | {minutes:.1f} | {peak:.1f} GB |"])


def replace_between(text: str, marker: str, new: str) -> str:
    """Replace what lies between ``<!-- marker -->`` and ``<!-- /marker -->``.

    Examples
    --------
    >>> replace_between("a <!-- x -->old<!-- /x --> b", "x", "new")
    'a <!-- x -->new<!-- /x --> b'
    """
    start, end = f"<!-- {marker} -->", f"<!-- /{marker} -->"
    if start not in text or end not in text:
        raise CourseError(f"The markers {start} and {end} are missing.")
    before, rest = text.split(start, 1)
    return before + start + new + end + rest.split(end, 1)[1]


def without_colours(text: str) -> str:
    """Return a traceback's text without the marks that colour it in a terminal."""
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def each(paths: Sequence[Path], work: Callable[[Path], object]) -> list[str]:
    """Do ``work`` for every notebook, and return what is to be said of those that failed."""
    failures = []
    for path in paths:
        try:
            work(path)
        except CourseError as error:
            failures.append(str(error))
    return failures
