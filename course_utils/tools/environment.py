"""The Python environment of the course: found where it exists, made where it does not.

Only the standard library is imported here: this file runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.metadata
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.tools import install
from course_utils.tools.install import venv_python

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"


def requirements(group: str = "dependencies", pyproject: Path = ROOT / "pyproject.toml") -> list[str]:
    """Read one list of requirements from ``pyproject.toml``.

    Python 3.10 has no TOML reader, so the lists keep to one requirement a line and are read line by line.

    Parameters
    ----------
    group : {"dependencies", "test", "site", "electives", "class", "marking"}
        The packages of the course, or those that its tests, its site, its electives, a class server or marking need
        besides.

    Examples
    --------
    >>> [line for line in requirements() if line.startswith("numpy")]
    ['numpy>=2.0,<3']
    """
    if not pyproject.is_file():  # the course was installed as a package, without its repository
        listed = importlib.metadata.requires("tokens-to-transformers") or []
        extras = [re.search(r'extra == ["\'](\w+)', line) for line in listed]
        wanted = None if group == "dependencies" else group
        return [
            line.partition(";")[0].strip()
            for line, extra in zip(listed, extras, strict=True)
            if (extra and extra.group(1)) == wanted
        ]
    block = re.search(rf"^{group} = \[\n(.*?)^\]", pyproject.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if block is None:
        raise CourseError(f"{pyproject.name} has no list called {group}; restore the file with `git checkout`.")
    return re.findall(r'^\s*"([^"]+)"', block.group(1), re.MULTILINE)


def missing(wanted: Sequence[str]) -> list[str]:
    """Return the requirements whose package is absent in the running Python, or outside the bounds ``>=`` and ``<``.

    Examples
    --------
    >>> missing(["pip>=1", "a-package-nobody-wrote>=1", "pip<1"])
    ['a-package-nobody-wrote>=1', 'pip<1']
    """
    return [requirement for requirement in wanted if not _is_met(requirement)]


def package_name(requirement: str) -> str:
    """Return the package that a requirement is about.

    Examples
    --------
    >>> package_name("numpy>=2.0,<3")
    'numpy'
    """
    return re.match(r"[\w.-]+", requirement).group()


def _is_met(requirement: str) -> bool:
    try:
        version = _numbers(importlib.metadata.version(package_name(requirement)))
    except importlib.metadata.PackageNotFoundError:
        return False
    bounds = re.findall(r"(>=|<)\s*([\d.]+)", requirement)
    return all(version >= _numbers(bound) if sign == ">=" else version < _numbers(bound) for sign, bound in bounds)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version).group().split("."))


def ensure(*groups: str) -> str:
    """Return the path of a Python that has the packages of ``groups``, the lists of ``pyproject.toml``.

    It is the running one if that has everything (conda, Binder, Colab, an activated environment), and otherwise that of
    ``.venv``, which is made where there is none.

    Raises
    ------
    CourseError
        If the environment cannot be made: no network, no space, no right to write, no ``venv`` module.
    """
    wanted = [requirement for group in groups for requirement in requirements(group)]
    if Path(sys.prefix) != VENV and not missing(wanted):
        return sys.executable
    stamp, needed = VENV / "course-ready.json", _fingerprints(wanted)
    if not needed <= _stamps(stamp):
        _check_place()
        with _lock():
            if not needed <= _stamps(stamp):  # another process may have installed meanwhile
                install.install(VENV, wanted, CONSTRAINTS)
                _write_stamp(stamp, needed)
    install.write_kernel_config(VENV)
    return str(venv_python(VENV))


def add(*groups: str) -> None:
    """Install what is missing of some groups into the running Python, and replace nothing that is there.

    Raises
    ------
    CourseError
        If pip does not install it: no network, no space, no right to write.
    """
    absent = missing([requirement for group in groups for requirement in requirements(group)])
    if not absent:
        return
    names = ", ".join(map(package_name, absent))
    held = {each.name: each.version for each in importlib.metadata.distributions() if each.name}
    with tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "held.txt"
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in held.items()), encoding="utf-8")
        words = [*absent, "--constraint", str(constraints)]
        if Path(sys.prefix) == VENV:
            words += ["--constraint", str(CONSTRAINTS)]
        sentence = f"Fetching what this notebook needs besides: {names}."
        install.pip_install(Path(sys.prefix), sentence, words, n_packages=len(absent) + 2)
    importlib.invalidate_caches()


def _fingerprints(wanted: Sequence[str]) -> set[str]:
    """Return what stands for each requirement in the versions of ``constraints.txt``."""
    versions = CONSTRAINTS.read_text(encoding="utf-8")
    return {hashlib.sha256(f"{requirement}\n{versions}".encode()).hexdigest() for requirement in wanted}


def _stamps(stamp: Path) -> set[str]:
    """Return the fingerprints of what ``.venv`` holds; none if it is absent, half made, or without its Python."""
    try:
        return set(json.loads(stamp.read_text(encoding="utf-8"))) if venv_python(VENV).exists() else set()
    except (OSError, ValueError):
        return set()


def _write_stamp(stamp: Path, met: set[str]) -> None:
    aside = stamp.with_suffix(".new")
    aside.write_text(json.dumps(sorted(_stamps(stamp) | met)), encoding="utf-8")
    os.replace(aside, stamp)


def _check_place() -> None:
    if not VENV.is_dir() and os.path.lexists(VENV):
        link = f"a link to {os.readlink(VENV)}, which is no folder" if VENV.is_symlink() else "no folder"
        raise CourseError(f"{VENV} is {link}: remove it, then start the same command again.")
    if not os.access(ROOT, os.W_OK):
        raise CourseError(f"The folder {ROOT} cannot be written: copy the course to a folder of your own.")
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < install.GIGABYTES_ON_DISK and not VENV.exists():
        raise CourseError(
            f"The course needs about {install.GIGABYTES_ON_DISK:.0f} GB of disk and {free:.1f} GB are free: make some "
            "room, then start the same command again."
        )


@contextlib.contextmanager
def _lock() -> Iterator[None]:
    """Let one process at a time install; the others wait, and then find the work done."""
    with open(ROOT / ".venv.lock", "a+b") as file:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield
