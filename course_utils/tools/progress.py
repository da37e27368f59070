"""What a learner has solved: a table, a page, and a certificate, all made on this computer and sent to nobody."""

from __future__ import annotations

import ast
import datetime
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.common import record
from course_utils.common.errors import InputError
from course_utils.common.files import write_whole
from course_utils.tools.environment import ROOT
from course_utils.tools.notebooks import exercises_name

FOLDER = ROOT / "build" / "progress"
EXERCISES = ROOT / "course_utils" / "exercises"
KINDS = ("Exercise", "Quiz")
LONGEST_NAME = 60


@dataclass(frozen=True)
class Row:
    """A notebook, the names of its exercises and its quiz, and the dates of those that are solved."""

    notebook: str
    items: tuple[str, ...]
    dates: Mapping[str, str]

    @property
    def last(self) -> str:
        """The date of what was solved last, or nothing."""
        return max(self.dates.values(), default="")


def rows(notebooks: Sequence[Path]) -> list[Row]:
    """Return a row for each notebook that has exercises, in the order of the notebooks."""
    done, found = record.solved(), []
    for path in notebooks:
        name = exercises_name(path)
        if (file := EXERCISES / f"{name}.py").exists():
            items = items_in(file.read_text(encoding="utf-8"))
            dates = {item: done[name, item] for item in items if (name, item) in done}
            found.append(Row(path.stem, items, dates))
    return found


def items_in(code: str) -> tuple[str, ...]:
    r"""Return the names that a file of exercises gives to its exercises and its quiz.

    Examples
    --------
    >>> items_in("count = Exercise('n', test, (), '')\nLIMIT = 3\nquiz = Quiz(())")
    ('count', 'quiz')
    """
    return tuple(
        line.targets[0].id
        for line in ast.parse(code).body
        if isinstance(line, ast.Assign)
        and isinstance(line.value, ast.Call)
        and isinstance(line.value.func, ast.Name)
        and line.value.func.id in KINDS
    )


def table(found: Sequence[Row]) -> str:
    """Return the rows as lines of text, the sum at the end.

    Examples
    --------
    >>> print(table([Row("04_keyword_search", ("postings", "quiz"), {"quiz": "2026-11-26"})]))
    04_keyword_search                 1 of 2   2026-11-26
    all                               1 of 2
    """
    lines = [f"{row.notebook:32}  {_share(row):>7}   {row.last}".rstrip() for row in found]
    return "\n".join([*lines, f"{'all':32}  {_share(total(found)):>7}"])


def total(found: Sequence[Row]) -> Row:
    """Return all rows as one."""
    names = [(row.notebook, item) for row in found for item in row.items]
    dates = {f"{row.notebook} {item}": date for row in found for item, date in row.dates.items()}
    return Row("all", tuple(map(" ".join, names)), dates)


def write_page(found: Sequence[Row], folder: Path = FOLDER) -> Path:
    """Write the rows as a page and return its path."""
    lines = "".join(
        f'<tr><th scope="row">{html.escape(row.notebook)}</th><td><progress max="{len(row.items)}" '
        f'value="{len(row.dates)}" aria-label="{html.escape(row.notebook)}"></progress></td>'
        f"<td>{_share(row)}</td><td>{row.last}</td></tr>"
        for row in found
    )
    path = folder / "index.html"
    write_whole(path, PAGE.format(lines=lines, sum=_share(total(found))).encode())
    return path


def write_certificate(found: Sequence[Row], name: str, folder: Path = FOLDER) -> Path:
    """Write a certificate with a learner's name and what was solved, and return its path.

    Raises
    ------
    InputError
        If nothing is solved yet, or the name is empty or does not fit on a line.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        raise InputError(f"A certificate needs a name of 1 to {LONGEST_NAME} characters.")
    if not (whole := total(found)).dates:
        raise InputError("Nothing is solved yet: a green card in a notebook is the first entry.")
    complete = [row.notebook for row in found if len(row.dates) == len(row.items)]
    words = {
        "name": name,
        "share": f"has solved {_share(whole)} exercises and quizzes of the course",
        "complete": f"{len(complete)} of {len(found)} notebooks complete",
        "date": whole.last or datetime.date.today().isoformat(),
    }
    path = folder / "certificate.svg"
    text = CERTIFICATE.format(**{key: html.escape(value) for key, value in words.items()})
    write_whole(path, text.encode())
    return path


def _share(row: Row) -> str:
    return f"{len(row.dates)} of {len(row.items)}"


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>My progress</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; }}
table {{ border-collapse: collapse; width: 100%; }}
th, td {{ text-align: left; font-weight: normal; padding: .25em .8em .25em 0; }}
progress {{ width: 10em; }}
</style>
<h1>Tokens to Transformers: my progress</h1>
<p>{sum} exercises and quizzes are solved. This page was made on this computer, from the record of its notebooks, and
nothing was sent anywhere.</p>
<table>
<tr><th scope="col">Notebook</th><th scope="col">Share</th><th scope="col">Solved</th><th scope="col">Last</th></tr>
{lines}</table>
</html>
"""
CERTIFICATE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 840 594" role="img" aria-labelledby="t">
<title id="t">Certificate: {name} {share}</title>
<rect width="840" height="594" fill="#ffffff"/>
<rect x="24" y="24" width="792" height="546" fill="none" stroke="#0072B2" stroke-width="3"/>
<g font-family="Georgia, 'DejaVu Serif', serif" fill="#222222" text-anchor="middle">
<text x="420" y="130" font-size="40">Tokens to Transformers</text>
<text x="420" y="170" font-size="18">how language models work, in notebooks</text>
<text x="420" y="275" font-size="34">{name}</text>
<text x="420" y="330" font-size="20">{share}</text>
<text x="420" y="362" font-size="20">{complete}</text>
<text x="420" y="470" font-size="18">{date}</text>
<g font-size="13" fill="#555555"><text x="420" y="520">Written by the learner's own computer from its record:</text>
<text x="420" y="538">it tells what was solved and is no proof.</text></g>
</g>
</svg>
"""
