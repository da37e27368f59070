"""The folder ``.venv``: made with Python's own ``venv``, filled by pip behind one bar, its failures in one sentence.

Only the standard library is imported here: this file runs before anything is installed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from course_utils.common import DATA
from course_utils.common.errors import CourseError
from course_utils.common.progress import Bar, say

TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # the CPU build for Linux; other systems get it by default
SECONDS_FOR_TORCH_INDEX = 4
SECONDS_TO_TIDY = 5
# Measured with the versions of constraints.txt on Linux, Python 3.11: the sums of the wheels that pip fetched.
MEGABYTES = {"torch": 192, "the other packages": 388}
GIGABYTES_ON_DISK = 3.0
FIRST_IMPORTS = "import IPython, gguf, ipywidgets, matplotlib.pyplot, nbformat, scipy.sparse"  # of notebook 00
KERNEL_CONFIG = """# Written by the course: every kernel of this environment explains a name that no cell has made yet.
c = get_config()  # noqa: F821 - IPython gives it
c.InteractiveShellApp.extra_extensions.append("course_utils.tools.kernel")
"""


def venv_python(venv: Path) -> Path:
    """Return where the interpreter of an environment lies."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(venv: Path, wanted: Sequence[str], constraints: Path) -> None:
    """Make an environment if there is none, and install the packages into it, in the versions of ``constraints``.

    Raises
    ------
    CourseError
        If Python cannot make the environment, or pip does not install the packages.
    """
    torch_options = find_torch_options()
    n_pins = len(re.findall(r"^\w", constraints.read_text(encoding="utf-8"), re.MULTILINE))
    if not venv_python(venv).exists():
        _announce(torch_options)
        make_venv(venv)
    constrained = ["--constraint", str(constraints)]
    pip_install(venv, "Installing PyTorch.", ["torch", *torch_options, *constrained], n_packages=12)
    pip_install(venv, "Installing the other packages.", [*wanted, *constrained], n_packages=n_pins)
    site_packages = subprocess.run(
        [venv_python(venv), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site_packages) / "course_utils.pth").write_text(f"{venv.parent}\n", encoding="utf-8")
    _compile_first_imports(venv)


def _compile_first_imports(venv: Path) -> None:
    """Import what notebook 00 imports, so that it need not wait for that; what this says goes into ``install.log``."""
    with (venv / "install.log").open("a", encoding="utf-8") as log:
        subprocess.run([venv_python(venv), "-c", FIRST_IMPORTS], stdout=log, stderr=log)


def _announce(torch_options: Sequence[str]) -> None:
    pins = json.loads((DATA / "assets.json").read_text(encoding="utf-8"))
    needed = sum(pin["size"] for pin in pins.values() if "only_for" not in pin)
    parts = {**MEGABYTES, "the models and the text": round(needed / 1e6)}
    sizes = ", ".join(f"{size} MB for {what}" for what, size in parts.items())
    say(f"First start: about {sum(parts.values())} MB will be downloaded ({sizes}).")
    if not torch_options and sys.platform == "linux":
        say("PyTorch's own index does not answer, so torch comes from the default registry: if that serves the")
        say("GPU build, several GB come with it.")
    say("Making the environment in .venv.")


def find_torch_options() -> list[str]:
    """Return pip's options for the CPU build of torch: its own index on Linux, where that answers; otherwise none."""
    if sys.platform != "linux":
        return []
    try:
        with urllib.request.urlopen(f"{TORCH_CPU_INDEX}/torch/", timeout=SECONDS_FOR_TORCH_INDEX):
            return ["--index-url", TORCH_CPU_INDEX]
    except OSError:
        return []


def make_venv(venv: Path) -> None:
    """Make an empty environment; a `CourseError` if Python cannot, and then nothing is left behind."""
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", venv], capture_output=True, text=True)
    if made.returncode:
        shutil.rmtree(venv, ignore_errors=True)
        raise CourseError(
            "Python could not make an environment: on Debian and Ubuntu install the package python3-venv, elsewhere "
            f"a Python from python.org, and start again. ({_last_line(made.stdout + made.stderr)})"
        )


def write_kernel_config(venv: Path) -> None:
    """Let every kernel of an environment load `course_utils.tools.kernel`, also one in which no cell has run yet.

    IPython reads ``etc/ipython`` below the environment's prefix. Where the folder cannot be written, kernels load the
    extension in their set-up cell.
    """
    path = venv / "etc" / "ipython" / "ipython_kernel_config.py"
    with contextlib.suppress(OSError):
        if not path.is_file() or path.read_text(encoding="utf-8") != KERNEL_CONFIG:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(KERNEL_CONFIG, encoding="utf-8")


def pip_install(venv: Path, sentence: str, words: Sequence[str], n_packages: int) -> None:
    """Run ``pip install`` in an environment behind a bar: half for what is collected, half for what is in place.

    ``words`` are requirements and options, ``n_packages`` may be a guess. All that pip says goes into ``install.log``;
    if it fails, a `CourseError` says what to do.
    """
    python = venv_python(venv) if venv_python(venv).exists() else sys.executable
    command = [python, "-m", "pip", "install", "--progress-bar", "off", "--disable-pip-version-check"]
    command += ["--no-input", "--retries", "2", *words]
    if not sys.dont_write_bytecode:
        command += ["--no-compile"]  # 25,000 files: Python compiles each when it is first imported, and keeps that
    lines = []
    with Bar(sentence, 2 * n_packages) as bar, (venv / "install.log").open("a", encoding="utf-8") as log:
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
                    bar.follow(lambda: count_packages(venv), while_running=pip)
        except KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired):
                pip.communicate(timeout=SECONDS_TO_TIDY)  # it has got the Ctrl-C too, and removes what it unpacked
            raise
        finally:
            pip.kill()
            pip.wait()
    if pip.returncode:
        raise CourseError(explain_failure("\n".join(lines), venv))


def count_packages(venv: Path) -> int:
    """Count the packages in an environment, also while pip moves folders about in it."""
    places = [*venv.glob("lib*/python*/site-packages"), *venv.glob("Lib/site-packages")]
    with contextlib.suppress(OSError):
        return len({name for place in places for name in os.listdir(place) if name.endswith(".dist-info")})
    return 0


def explain_failure(output: str, venv: Path) -> str:
    """Return one sentence with a remedy for what pip wrote before it failed.

    Examples
    --------
    >>> explain_failure("ERROR: No matching distribution found for x", Path(".venv"))
    'The installation stopped: ERROR: No matching distribution found for x The whole log is in .venv/install.log.'
    """
    again = "then start the same command again: it goes on where it stopped."
    if re.search(r"No space left|Errno 28|not enough space", output):
        return f"The disk is full: make about {GIGABYTES_ON_DISK:.0f} GB of room, {again}"
    if re.search(r"Retrying|NewConnectionError|NameResolution|ProxyError|timed out|ConnectionError|SSLError", output):
        return f"The packages could not be downloaded: check the network (or the proxy's settings), {again}"
    if re.search(r"PermissionError|Permission denied|Read-only", output):
        return f"The folder {venv} cannot be written: copy the course to a folder of your own, {again}"
    return f"The installation stopped: {_last_line(output)} The whole log is in {venv.name}/install.log."


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors or lines or ["no message"])[-1]
