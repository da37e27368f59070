"""A card for each model, text and data set: numbers from the pins, licences from the lists, and what is known of each.

What the cards say in words is in ``docs/reference/cards.md``. All else is read where it is kept: package, version, size
and licence in ``assets.json``, the origin in ``CREDITS.md``, the licence of what is shipped in ``LICENSES.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from course_utils.common import DATA
from course_utils.common.assets import ASSETS
from course_utils.common.download import Asset
from course_utils.tools.environment import ROOT
from course_utils.tools.reference.lessons import Lesson

SOURCE = ROOT / "docs" / "reference" / "cards.md"
SHIPPED = "data/"
SETTINGS = {"assets.json", "course.mplstyle", "lab_settings"}  # no data: pins, the look of figures, JupyterLab's


def read(source: Path = SOURCE) -> dict[str, str]:
    """Return what each card says in words, by the name of its asset or of what is shipped.

    Examples
    --------
    >>> {"minilm", "data/questions.json"} <= set(read())
    True
    """
    parts = re.split(r"^## (.+)$", source.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {name.strip(): text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


def needed(data: Path = DATA) -> set[str]:
    """Return the names of all that must have a card: each asset, and what lies in ``data`` and is no setting."""
    hidden = re.compile(r"[._]")
    shipped = {path.name for path in data.iterdir() if path.name not in SETTINGS and not hidden.match(path.name)}
    return {*ASSETS, *(SHIPPED + name for name in shipped)}


def table_rows(name: str) -> list[list[str]]:
    """Return the rows of the tables of one of the repository's pages, such as ``"CREDITS.md"``, cell by cell."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in re.findall(r"^\|.*\|$", text, re.M)]


def facts(name: str) -> dict[str, str]:
    """Return the facts on a card that are kept elsewhere: licence, origin, size, and where it lies."""
    return _asset_facts(ASSETS[name]) if name in ASSETS else _shipped_facts(name.removeprefix(SHIPPED))


def _asset_facts(asset: Asset) -> dict[str, str]:
    (origin,) = [row[1] for row in table_rows("CREDITS.md") if re.split(r"[, ]", row[-1])[0] == asset.package]
    files = f"{len(asset.members)} file" + "s" * (len(asset.members) > 1)
    found = {
        "origin": origin,
        "licence": asset.licence,
        "package": f"{asset.package} {asset.version}, {in_megabytes(asset.size)} to fetch",
        "size": f"{in_megabytes(sum(member.size for member in asset.members))} in {files}",
    }
    return {**found, "fetched for": asset.only_for} if asset.only_for else found


def _shipped_facts(name: str) -> dict[str, str]:
    (licence,) = [row[-1] for row in table_rows("LICENSES.md") if row[0] == name]
    path = DATA / name
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    number = f" in {len(files)} files" if len(files) > 1 else ""
    size = in_megabytes(sum(file.stat().st_size for file in files)) + number
    return {"origin": "see the [credits](../credits.md)", "licence": licence, "size": size}


def in_megabytes(n_bytes: int) -> str:
    """Return a number of bytes as megabytes with one decimal, or as kilobytes below that.

    Examples
    --------
    >>> in_megabytes(83_506_384), in_megabytes(4_391)
    ('83.5 MB', '4 kB')
    """
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 100_000 else f"{max(1, round(n_bytes / 1e3))} kB"


def page(lessons: Sequence[Lesson], source: Path = SOURCE) -> str:
    """Return all cards as a page: a heading, the words, in which notebooks' numbers are links, and a list of facts."""
    opening, cards = source.read_text(encoding="utf-8").split("\n## ")[0].strip(), read(source)
    parts = {"What the course fetches": ASSETS, "What it ships": [name for name in cards if name not in ASSETS]}
    for heading, names in parts.items():
        opening += "\n\n".join([f"\n\n## {heading}", *(_card(name, cards[name], lessons) for name in names)])
    return opening + "\n"


def _card(name: str, words: str, lessons: Sequence[Lesson]) -> str:
    title = ASSETS[name].what if name in ASSETS else f"`{name.removeprefix(SHIPPED)}`"
    listed = "\n".join(f"- {what}: {fact}" for what, fact in facts(name).items())
    links = {lesson.number: lesson.link() for lesson in lessons}

    def linked(found: re.Match[str]) -> str:
        return re.sub(r"\d\d", lambda number: f"[{number[0]}]({links[number[0]]})", found.group())

    words = re.sub(r"notebooks?\s\d\d(?:(?:,| and)\s\d\d)*", linked, words)
    return f"### {title[0].upper() + title[1:]}\n\n{words}\n\n{listed}"
