"""A learner's own record: which exercises and quizzes were solved, and when. It stays on this computer.

There is one small file for each solved item, so that several kernels never wait for each other, and a damaged file
takes nothing else along. ``COURSE_PROGRESS`` names another folder for it; with ``COURSE_PROGRESS=off`` nothing is kept.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shutil
import sys
from pathlib import Path

from course_utils.common.errors import InputError
from course_utils.common.files import write_whole

PLACE = "course_utils.exercises."
SETTING, OFF = "COURSE_PROGRESS", "off"


def record_folder() -> Path | None:
    """Return the folder of the record, which may not exist yet, or None if no record is to be kept."""
    import platformdirs

    chosen = os.environ.get(SETTING, "").strip()
    if chosen.lower() == OFF:
        return None
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_data_path("tokens-to-transformers")


def note(item: object) -> None:
    """Keep that an exercise or a quiz of the course was solved today; a first date stays.

    What belongs to no notebook is not kept, and a folder that cannot be written disturbs no lesson.
    """
    folder, owner = record_folder(), find_owner(item)
    if folder is None or owner is None or (path := folder.joinpath(*owner)).exists():
        return
    with contextlib.suppress(OSError):
        write_whole(path, datetime.date.today().isoformat().encode())


def find_owner(item: object) -> tuple[str, str] | None:
    """Return the notebook that an exercise or a quiz belongs to and its name there, or None.

    Examples
    --------
    >>> from course_utils.exercises import keyword_search
    >>> find_owner(keyword_search.quiz)
    ('keyword_search', 'quiz')
    """
    for place, module in list(sys.modules.items()):
        if place.startswith(PLACE):
            for name, value in vars(module).items():
                if value is item:
                    return place.removeprefix(PLACE), name
    return None


def solved() -> dict[tuple[str, str], str]:
    """Return the date (YYYY-MM-DD) of each item that was solved, by notebook and name; empty where it cannot be read.

    Raises
    ------
    InputError
        If the record's place cannot be read.
    """
    folder = record_folder()
    if folder is None or not folder.exists():
        return {}
    try:
        files = [path for path in folder.glob("*/*") if path.is_file() and not path.name.startswith(".")]
        return {(path.parent.name, path.name): _date(path) for path in sorted(files)}
    except OSError as error:
        raise InputError(
            f"The record in {folder} cannot be read ({error.strerror}): set COURSE_PROGRESS to another folder."
        ) from error


def forget(notebook: str | None = None) -> None:
    """Remove the record of a notebook, named as its exercises are, such as ``"keyword_search"``; or all of it.

    Raises
    ------
    InputError
        If it cannot be removed.
    """
    folder = record_folder()
    if folder is None or not folder.exists():
        return
    try:
        for place in {place for place, _ in solved()} if notebook is None else {notebook}:
            if (folder / place).exists():
                shutil.rmtree(folder / place)
    except OSError as error:
        raise InputError(f"The record in {folder} cannot be removed ({error.strerror}).") from error


def _date(path: Path) -> str:
    with contextlib.suppress(OSError):
        if found := re.fullmatch(r"\d{4}-\d{2}-\d{2}", path.read_bytes()[:20].decode(errors="replace").strip()):
            return found.group()
    return ""
