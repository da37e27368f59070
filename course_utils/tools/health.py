"""What a run of the notebooks took, with its date and its versions: kept in a file, and shown as a page of the site."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.common.files import save_file
from course_utils.tools.environment import ROOT, package_name, requirements
from course_utils.tools.notebooks import Run

FOLDER = ROOT / "build" / "health"
NAME = r"[a-z0-9][a-z0-9.-]{0,39}"
COMMAND = "python3 -m course_utils run --health"
OPENING = f"""# Health

What the notebooks took when they were last run whole, from a fresh kernel each, and with which versions. A workflow
runs them every week with the oldest and with the newest versions that `pyproject.toml` allows.
`{COMMAND} NAME` adds a run of your own machine to this page.
"""


@dataclass(frozen=True)
class Health:
    """One run: the notebooks that went through, those that stopped, the day, the machine and the versions."""

    name: str
    day: str
    python: str
    system: str
    versions: dict[str, str]
    runs: tuple[Run, ...]
    stopped: tuple[str, ...]


def check_name(name: str) -> str:
    """Return a name that can be a file's; a `CourseError` otherwise.

    Examples
    --------
    >>> check_name("oldest-3.10")
    'oldest-3.10'
    """
    if not re.fullmatch(NAME, name):
        raise CourseError(f"A run's name is of small letters, digits, dots and hyphens, such as newest, not {name!r}.")
    return name


def measure(name: str, runs: Sequence[Run], stopped: Sequence[str]) -> Health:
    """Put the day, this Python, this machine and the versions of the course's packages beside what runs took."""
    versions = {}
    for requirement in requirements():
        versions[package_name(requirement)] = importlib.metadata.version(package_name(requirement))
    system = f"{platform.system()} {platform.machine()}"
    day, python = date.today().isoformat(), platform.python_version()
    return Health(check_name(name), day, python, system, versions, tuple(runs), tuple(stopped))


def keep(health: Health, folder: Path = FOLDER) -> Path:
    """Write a run into the folder, in place of an older one of its name, and return the file."""
    path = folder / f"{check_name(health.name)}.json"
    save_file(path, json.dumps(asdict(health), indent=1).encode())
    return path


def read(folder: Path = FOLDER) -> list[Health]:
    """Return the runs that a folder holds, by name; a `CourseError` names a file that is damaged."""
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            facts["runs"] = tuple(Run(**run) for run in facts["runs"])
            found.append(Health(**{**facts, "stopped": tuple(facts["stopped"])}))
        except (ValueError, TypeError, KeyError):
            raise CourseError(f"{path} is damaged: remove it, then run `{COMMAND} {path.stem}`.") from None
    return found


def page(found: Sequence[Health]) -> str:
    """Return the page: a table of minutes and memory by run, and a list of versions for each.

    Examples
    --------
    >>> run = Run("00_start_here.ipynb", 42.0, 1_100_000_000)
    >>> health = Health("newest", "2026-11-26", "3.13.0", "Linux", {"numpy": "2.4.6"}, (run,), ("01_next.ipynb",))
    >>> print(page([health]).partition("page.")[2].partition("##")[0].strip())
    | notebook | newest, Python 3.13.0, 2026-11-26 |
    |---|---|
    | 00_start_here | 0.7 min, 1.1 GB |
    | 01_next | **stopped** |
    """
    if not found:
        return f"{OPENING}\nThis copy of the site was built without a run.\n"
    names = sorted({run.name for health in found for run in health.runs} | {n for each in found for n in each.stopped})
    heads = [f"{each.name}, Python {each.python}, {each.day}" for each in found]
    lines = [" | ".join(["| notebook", *heads]) + " |", "|---" * (len(found) + 1) + "|"]
    lines += [" | ".join([f"| {Path(name).stem}", *(_taken(each, name) for each in found)]) + " |" for name in names]
    return "\n".join([OPENING, *lines, "", *map(_versions, found)])


def _taken(health: Health, name: str) -> str:
    for run in health.runs:
        if run.name == name:
            return f"{run.seconds / 60:.1f} min, {run.peak_bytes / 1e9:.1f} GB"
    return "**stopped**" if name in health.stopped else "not run"


def _versions(health: Health) -> str:
    listed = ", ".join(f"{name} {version}" for name, version in health.versions.items())
    return f"## Versions of {health.name}\n\n{health.system}, Python {health.python}: {listed}.\n"
