"""Files that are whole or absent: written under another name and renamed at the end."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from course_utils.common.errors import InputError


def replace_file(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file under another name and rename it when it is whole; if that fails, nothing is left behind.

    Parameters
    ----------
    path : Path
        Where the file belongs; its folder is made if it is not there.
    write : callable
        Gets the open binary file and writes into it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        with aside.open("xb") as file:  # with the rights that any new file gets: others may read a shared cache
            write(file)
        os.replace(aside, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(aside)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write bytes that are at hand with `replace_file`."""
    replace_file(path, lambda file: file.write(data))


def save_file(path: Path, data: bytes) -> None:
    """Write a learner's own file with `write_whole`; InputError says why it cannot be written."""
    try:
        write_whole(path, data)
    except OSError as error:
        raise InputError(f"{path.name} cannot be written there ({error.strerror}): choose another folder.") from error


def read_results(path: Path, made_by: str) -> Any:
    """Return what a JSON file of shipped results holds; without the file, an `InputError` names what makes it."""
    if not path.is_file():
        raise InputError(f"{path.name} is missing: {made_by} makes it.")
    return json.loads(path.read_text(encoding="utf-8"))
