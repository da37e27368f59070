"""The Python environment of the course: found where it exists, made where it does not.

Only the standard library is imported here: this file runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils.common import DATA
from course_utils.common.errors import CourseError
from course_utils.common.progress import Bar, say

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # the CPU build for Linux; other systems get it by default
SECONDS_FOR_TORCH_INDEX = 4
# Measured with the versions of constraints.txt on Linux, Python 3.11: the sums of the wheels that pip fetched.
MEGABYTES = {"torch": 192, "the other packages": 388}
GIGABYTES_ON_DISK = 3.0


def requirements(group: str = "dependencies", pyproject: Path = ROOT / "pyproject.toml") -> list[str]:
    """Read one list of requirements from ``pyproject.toml``.

    Python 3.10 has no TOML reader, so the lists keep to one requirement a line and are read line by line.

    Parameters
    ----------
    group : {"dependencies", "test", "site", "class"}
        The packages of the course, or those that its tests, its site or a class server need besides.
    pyproject : Path
        The file to read.

    Returns
    -------
    list of str
        For example ``["numpy>=1.26,<3", ...]``.

    Examples
    --------
    >>> [line for line in requirements() if line.startswith("numpy")]
    ['numpy>=1.26,<3']
    """
    if not pyproject.is_file():  # the course was installed as a package, without its repository
        listed = importlib.metadata.requires("tokens-to-transformers") or []
        return [line for line in listed if "extra ==" not in line] if group == "dependencies" else []
    block = re.search(rf"^{group} = \[\n(.*?)^\]", pyproject.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    if block is None:
        raise CourseError(f"{pyproject.name} has no list called {group}; restore the file with `git checkout`.")
    return re.findall(r'^\s*"([^"]+)"', block.group(1), re.MULTILINE)


def missing(wanted: Sequence[str]) -> list[str]:
    """Find the requirements that the running Python does not meet.

    Parameters
    ----------
    wanted : sequence of str
        Requirements such as ``"numpy>=1.26,<3"``: a name, then ``>=`` and ``<`` bounds.

    Returns
    -------
    list of str
        The ones whose package is absent or outside its bounds.

    Examples
    --------
    >>> missing(["pip>=1", "a-package-nobody-wrote>=1", "pip<1"])
    ['a-package-nobody-wrote>=1', 'pip<1']
    """
    return [requirement for requirement in wanted if not _is_met(requirement)]


def _is_met(requirement: str) -> bool:
    name = re.match(r"[\w.-]+", requirement).group()
    try:
        version = _numbers(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
    bounds = re.findall(r"(>=|<)\s*([\d.]+)", requirement)
    return all(version >= _numbers(bound) if sign == ">=" else version < _numbers(bound) for sign, bound in bounds)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.match(r"\d+(\.\d+)*", version).group().split("."))


def ensure(*groups: str) -> str:
    """Return a Python that holds the packages of ``groups``, making ``.venv`` where there is none.

    Parameters
    ----------
    *groups : {"dependencies", "test", "site", "class"}
        The lists of ``pyproject.toml`` that are needed.

    Returns
    -------
    str
        The path of an interpreter: the running one where it already has everything (conda, Binder, Colab, an
        activated environment), else the one of ``.venv``.

    Raises
    ------
    CourseError
        If the environment cannot be made: no network, no space, no right to write, no ``venv`` module.
    """
    wanted = [requirement for group in groups for requirement in requirements(group)]
    if Path(sys.prefix) != VENV and not missing(wanted):
        return sys.executable
    stamp = VENV / "course-ready.json"
    fingerprint = _fingerprint(wanted)
    if fingerprint in _stamps(stamp):
        return str(_venv_python())
    _check_room()
    with _lock():
        if fingerprint not in _stamps(stamp):
            _install(wanted)
            _write_stamp(stamp, fingerprint)
    return str(_venv_python())


def _fingerprint(wanted: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([*wanted, CONSTRAINTS.read_text(encoding="utf-8")]).encode()).hexdigest()


def _stamps(stamp: Path) -> list[str]:
    """Fingerprints of what ``.venv`` is known to hold; none where it is absent, half made, or its Python is gone."""
    try:
        return json.loads(stamp.read_text(encoding="utf-8")) if _venv_python().exists() else []
    except (OSError, ValueError):
        return []


def _write_stamp(stamp: Path, fingerprint: str) -> None:
    aside = stamp.with_suffix(".new")
    aside.write_text(json.dumps([*_stamps(stamp), fingerprint]), encoding="utf-8")
    os.replace(aside, stamp)


def _venv_python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _check_room() -> None:
    if not os.access(ROOT, os.W_OK):
        raise CourseError(f"The folder {ROOT} cannot be written: copy the course to a folder of your own.")
    free = shutil.disk_usage(ROOT).free / 1e9
    if free < GIGABYTES_ON_DISK and not VENV.exists():
        raise CourseError(
            f"The course needs about {GIGABYTES_ON_DISK:.0f} GB of disk and {free:.1f} GB are free: make some room, "
            "then start the same command again."
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


def _install(wanted: Sequence[str]) -> None:
    first_time = not _venv_python().exists()
    torch_options = _torch_options()
    if first_time:
        pins = json.loads((DATA / "assets.json").read_text(encoding="utf-8"))
        needed = sum(pin["size"] for pin in pins.values() if "only_for" not in pin)
        parts = {**MEGABYTES, "the models and the text": round(needed / 1e6)}
        sizes = ", ".join(f"{size} MB for {what}" for what, size in parts.items())
        say(f"First start: about {sum(parts.values())} MB will be downloaded ({sizes}).")
        if not torch_options and sys.platform == "linux":
            say("PyTorch's own index does not answer, so torch comes from the default registry: if that serves the")
            say("GPU build, several GB come with it.")
        say("Making the environment in .venv.")
        _make_venv()
    _pip("Installing PyTorch.", ["torch", *torch_options], expected=12)
    _pip("Installing the other packages.", list(wanted), expected=_pins())
    site_packages = subprocess.run(
        [_venv_python(), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site_packages) / "course_utils.pth").write_text(f"{ROOT}\n", encoding="utf-8")


def _torch_options() -> list[str]:
    if sys.platform != "linux":
        return []
    try:
        with urllib.request.urlopen(f"{TORCH_CPU_INDEX}/torch/", timeout=SECONDS_FOR_TORCH_INDEX):
            return ["--index-url", TORCH_CPU_INDEX]
    except OSError:
        return []


def _make_venv() -> None:
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise CourseError(
            "Python could not make an environment: on Debian and Ubuntu install the package python3-venv, elsewhere "
            f"a Python from python.org, and start again. ({_last_line(made.stdout + made.stderr)})"
        )


def _pins() -> int:
    return len(re.findall(r"^\w", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE))


def _pip(sentence: str, words: list[str], expected: int) -> None:
    """Run ``pip install`` in ``.venv`` behind a progress bar: half for what is collected, half for what is in place."""
    command = [_venv_python(), "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    command += ["--no-input", "--retries", "2", "--constraint", CONSTRAINTS, *words]
    log_path = VENV / "install.log"
    lines = []
    with Bar(sentence, 2 * expected) as bar, log_path.open("a", encoding="utf-8") as log:
        pip = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", errors="replace"
        )
        try:
            for line in pip.stdout:
                log.write(line)
                lines.append(line.strip())
                if line.startswith(("Collecting", "Requirement already satisfied")):
                    bar.advance()
                if line.startswith("Installing collected packages"):
                    log.flush()
                    bar.follow(_count_packages, while_running=pip)
        except BaseException:
            pip.kill()
            raise
        finally:
            pip.wait()
    if pip.returncode:
        raise CourseError(_explain("\n".join(lines), log_path))


def _count_packages() -> int:
    return sum(1 for _ in VENV.glob("**/*.dist-info"))


def _explain(output: str, log_path: Path) -> str:
    again = "then start the same command again: it goes on where it stopped."
    if re.search(r"No space left|Errno 28|not enough space", output):
        return f"The disk is full: make about {GIGABYTES_ON_DISK:.0f} GB of room, {again}"
    if re.search(r"Retrying|NewConnectionError|NameResolution|ProxyError|timed out|ConnectionError|SSLError", output):
        return f"The packages could not be downloaded: check the network (or the proxy's settings), {again}"
    if re.search(r"PermissionError|Permission denied|Read-only", output):
        return f"The folder {VENV} cannot be written: copy the course to a folder of your own, {again}"
    return f"The installation stopped: {_last_line(output)} The whole log is in {log_path.relative_to(ROOT)}."


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no message"])[-1]
