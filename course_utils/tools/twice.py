"""Every cell of a notebook run twice in a row, as learners do: the second run has to show what the first one did."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.progress import job_bar
from course_utils.tools.compare import shown
from course_utils.tools.memory_limit import watched
from course_utils.tools.notebooks import UNWATCHED, kernel_client

if TYPE_CHECKING:
    from nbclient import NotebookClient
    from nbformat import NotebookNode

FREE = "nbval-ignore-output"  # the tag of a cell that may show anything, as long as it succeeds
MAY_FAIL = "raises-exception"
LONGEST = 120  # characters of an output that a problem quotes


@dataclass(frozen=True)
class Twice:
    """What running a notebook's cells twice found: how many code cells it has, and a sentence for each problem."""

    name: str
    n_cells: int
    problems: tuple[str, ...]


def run_twice(path: Path, folder: Path | None = None, limit: int | None = None) -> Twice:
    """Run each code cell of a notebook twice in a row in one kernel, and compare what the two runs show.

    The kernel works in ``folder``, or in the notebook's own; ``limit`` is the most bytes that this process and
    all it starts may use. A problem names a cell by the count beside it in the notebook. The file is left as it is.
    """
    import nbformat

    book = nbformat.read(path, as_version=4)
    cells = [(place, cell) for place, cell in enumerate(book.cells) if cell.cell_type == "code"]
    with job_bar(2 * len(cells), "run", path.name) as bar, watched(limit):
        client = kernel_client(
            book, folder or path.parent, allow_errors=True, on_cell_executed=lambda **_: bar.update()
        )
        problems = asyncio.run(_problems(client, cells))
    return Twice(path.name, len(cells), tuple(problems))


async def _problems(client: NotebookClient, cells: Sequence[tuple[int, NotebookNode]]) -> list[str]:
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    found = []
    client.reset_execution_trackers()
    async with client.async_setup_kernel(env={**os.environ, **UNWATCHED}):
        for number, (place, cell) in enumerate(cells, 1):
            runs = []
            try:
                for _ in range(2):
                    runs.append(shown(await client.async_execute_cell(cell, place)))
            except (CellTimeoutError, DeadKernelError) as error:
                which = "second" if runs else "first"
                return [*found, f"cell {number}: the {which} run ended the kernel ({type(error).__name__})"]
            found += [f"cell {number}: {problem}" for problem in difference(*runs, cell.metadata.get("tags", []))]
    return found


def difference(first: list[tuple[str, str]], second: list[tuple[str, str]], tags: Sequence[str] = ()) -> Iterator[str]:
    """Say in one sentence what is wrong with what two runs of a cell showed; nothing if both succeed and are the same.

    Examples
    --------
    >>> list(difference([("stdout", "2 words")], [("stdout", "4 words")]))
    ["the second run shows 'stdout: 4 words', the first 'stdout: 2 words'"]
    >>> list(difference([("stdout", "2 words")], [("stdout", "4 words")], ["nbval-ignore-output"]))
    []
    """
    for which, run in (("first", first), ("second", second)):
        errors = [text for kind, text in run if kind == "error"]
        if errors and MAY_FAIL not in tags:
            yield f"the {which} run fails: {_short(errors[0])}"
            return
    if FREE in tags or first == second:
        return
    longest = max(len(first), len(second))
    pairs = zip(*(run + [("nothing", "")] * (longest - len(run)) for run in (first, second)), strict=True)
    ours, theirs = next(pair for pair in pairs if pair[0] != pair[1])
    yield f"the second run shows {_quoted(*theirs)}, the first {_quoted(*ours)}"


def _quoted(kind: str, text: str) -> str:
    return repr(_short(f"{kind}: {text}" if text else kind))


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def twice_table(runs: Sequence[Twice]) -> str:
    """Format what was found as a Markdown table.

    Examples
    --------
    >>> print(twice_table([Twice("00_start_here.ipynb", 12, ("cell 3: ...",))]))
    | notebook | cells | problems |
    |---|---|---|
    | 00_start_here | 12 | 1 |
    """
    rows = ["| notebook | cells | problems |", "|---|---|---|"]
    return "\n".join(rows + [f"| {Path(run.name).stem} | {run.n_cells} | {len(run.problems)} |" for run in runs])
