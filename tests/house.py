"""What the tests about notebooks share: where the notebooks are and how to read them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import nbformat

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@dataclass(frozen=True)
class Book:
    """A notebook of the course, as the tests look at it."""

    path: Path
    cells: tuple

    @classmethod
    def read(cls, path: Path) -> Book:
        return cls(path, tuple(nbformat.read(path, as_version=4).cells))

    @property
    def code(self) -> list:
        return [cell for cell in self.cells if cell.cell_type == "code"]

    @property
    def prose(self) -> list:
        return [cell for cell in self.cells if cell.cell_type == "markdown"]

    @property
    def outputs(self) -> list:
        return [output for cell in self.code for output in cell.outputs]

    @property
    def output_text(self) -> str:
        """All text and HTML of the outputs, without pictures."""
        parts = [output.get("text", "") for output in self.outputs]
        for output in self.outputs:
            parts += [str(value) for kind, value in output.get("data", {}).items() if not kind.startswith("image/")]
        return "\n".join(parts)


def fresh_copy(folder: Path) -> Path:
    """Copy into a new folder what a clone of the repository would hold, and return that folder."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    answer = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")
    if answer.returncode:  # no git clone: leave out what git would not have
        left_out = shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache", ".cache")
        return shutil.copytree(ROOT, folder, ignore=left_out)
    for name in filter(None, answer.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


OLD = {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "ONEDNN_MAX_CPU_ISA": "SSE41"}


def on_another_processor(code: str) -> str:
    """Run Python code beside the tests as a processor with fewer instructions rounds it; return what it printed."""
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'tests')!r})\n{code}"
    environment = {**os.environ, **OLD}
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def lines(cell) -> list[str]:
    """Return the lines of a cell that hold code or text."""
    return [line for line in cell.source.splitlines() if line.strip()]


def without_comments(cell) -> list[str]:
    """Return the lines of a code cell that hold code."""
    return [line for line in lines(cell) if not re.match(r"\s*#", line)]


@contextlib.contextmanager
def training_scripts() -> Iterator[Callable[[str], ModuleType]]:
    """Import scripts of ``training`` by name, with their neighbours in reach, and leave nothing of them behind."""
    folder = ROOT / "training"
    sys.path.insert(0, str(folder))

    def load(name: str) -> ModuleType:
        spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    try:
        yield load
    finally:
        sys.path.remove(str(folder))
        for path in folder.glob("*.py"):  # they import each other
            sys.modules.pop(path.stem, None)
