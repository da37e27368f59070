"""The environment: found or made, and one clear sentence for everything that can be in the way."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.error
from pathlib import Path

import pytest
import yaml
from house import ROOT

from course_utils.common.errors import CourseError
from course_utils.tools import environment, install
from course_utils.tools.environment import missing, requirements

GROUPS = ("dependencies", "test", "site", "electives")
EXTRAS = ("class", "marking")  # for one computer in a course: not in what Binder and conda get
PINS = {
    re.split(r"==", line)[0].lower().replace("_", "-")
    for line in environment.CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    if "==" in line
}


def names(lines) -> list[str]:
    return [re.match(r"[\w.-]+", line).group().lower() for line in lines]


@pytest.fixture
def no_packages(tmp_path, monkeypatch):
    """A copy of the course's root whose Python has nothing, and no way to install for real."""
    for file in ("pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / file, tmp_path)
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "missing", list)
    monkeypatch.setattr(install, "find_torch_options", list)
    return tmp_path


def fake_install(folder: Path):
    def pretend(venv, wanted, constraints):
        python = install.venv_python(venv)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.write_text("python")
        (folder / "installs").open("a").write("x")

    return pretend


def test_requirements_are_read_as_a_toml_reader_reads_them():
    tomllib = pytest.importorskip("tomllib")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert requirements() == project["dependencies"]
    assert {group: requirements(group) for group in (*GROUPS[1:], *EXTRAS)} == project["optional-dependencies"]


def test_environment_yml_has_the_packages_of_pyproject():
    (pip,) = [part["pip"] for part in conda()["dependencies"] if isinstance(part, dict)]
    packages = [line for line in pip if not line.startswith("-")]
    assert sorted(packages) == sorted({line for group in GROUPS for line in requirements(group)})
    assert pip[-1] == "-e ."
    assert "-c constraints.txt" in pip
    assert f"--extra-index-url {install.TORCH_CPU_INDEX}" in pip


def test_environment_yml_has_a_python_that_the_course_supports():
    (python,) = [part for part in conda()["dependencies"] if str(part).startswith("python=")]
    assert tuple(map(int, python.split("=")[1].split("."))) >= (3, 10)


def conda() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_every_requirement_has_an_exact_pin():
    wanted = {name.replace("_", "-") for group in (*GROUPS, *EXTRAS) for name in names(requirements(group))}
    assert wanted <= PINS


def test_a_course_without_its_repository_knows_its_groups_too(tmp_path, monkeypatch):
    listed = ["numpy>=2.0,<3", "gymnasium>=1.0; extra == 'electives'", 'pytest>=8.0; extra == "test"']
    monkeypatch.setattr(environment.importlib.metadata, "requires", lambda _: listed)
    absent = tmp_path / "pyproject.toml"
    assert requirements(pyproject=absent) == ["numpy>=2.0,<3"]
    assert requirements("electives", pyproject=absent) == ["gymnasium>=1.0"]
    assert requirements("class", pyproject=absent) == []


def test_an_elective_fetches_only_what_is_missing_and_replaces_nothing(tmp_path, monkeypatch):
    asked = []

    def remember(venv, sentence, words, n_packages):
        held = Path(words[words.index("--constraint") + 1]).read_text(encoding="utf-8")
        asked.append((sentence, words[0], f"numpy=={environment.importlib.metadata.version('numpy')}\n" in held))

    monkeypatch.setattr(install, "pip_install", remember)
    environment.add()
    environment.add("electives")
    assert asked == [], "all is there"
    monkeypatch.setattr(environment, "missing", lambda wanted: [line for line in wanted if "gymnasium" in line])
    environment.add("electives")
    assert asked == [("Fetching what this notebook needs besides: gymnasium.", "gymnasium>=1.0", True)]


def test_the_core_starts_without_the_packages_of_electives():
    assert not set(names(requirements("electives"))) & set(names(requirements()))


def test_the_owners_packages_are_all_there():
    owners = {"jupyter", "numpy", "matplotlib", "transformers", "datasets", "sentence-transformers", "scikit-learn"}
    assert owners <= set(names(requirements()))


def test_what_is_installed_meets_the_ranges():
    assert missing([line for group in GROUPS for line in requirements(group)]) == []


@pytest.mark.parametrize(
    ("requirement", "met"),
    [("pip>=1", True), ("pip>=1,<2", False), ("pip>=9999", False), ("no-such-package-here", False), ("pip", True)],
)
def test_bounds_are_compared_as_numbers(requirement, met):
    assert (missing([requirement]) == []) is met


@pytest.mark.parametrize(
    ("version", "requirement", "met"),
    [
        ("10.2.dev1", "pip>=9.9", True),
        ("10.2", "pip<9.9", False),
        ("2.13.0+cpu", "pip>=2.13.0,<2.13.1", True),
        ("2.13.0+cpu", "pip>=2.13.1", False),
    ],
)
def test_versions_are_numbers_and_not_text(version, requirement, met, monkeypatch):
    monkeypatch.setattr(environment.importlib.metadata, "version", lambda _: version)
    assert (missing([requirement]) == []) is met


def test_a_python_that_has_everything_is_used_as_it_is():
    assert environment.ensure("dependencies") in {sys.executable, str(install.venv_python(environment.VENV))}


def test_conda_with_all_packages_makes_no_venv(no_packages, monkeypatch):
    monkeypatch.setattr(environment, "missing", lambda _: [])
    monkeypatch.setattr(install, "install", lambda *_: pytest.fail("nothing to install"))
    assert environment.ensure("dependencies", "test") == sys.executable
    assert not environment.VENV.exists()


def test_it_installs_once_and_again_only_if_the_packages_change(no_packages, monkeypatch):
    monkeypatch.setattr(install, "install", fake_install(no_packages))
    for _ in range(2):
        assert environment.ensure("dependencies") == str(install.venv_python(environment.VENV))
    assert (no_packages / "installs").read_text() == "x"
    environment.ensure("dependencies", "test")
    environment.ensure("dependencies")
    assert (no_packages / "installs").read_text() == "xx"
    monkeypatch.setattr(environment, "requirements", lambda group: ["other>=1"])
    environment.ensure("dependencies")
    assert (no_packages / "installs").read_text() == "xxx"


def test_an_installation_that_was_stopped_is_not_taken_for_done(no_packages, monkeypatch):
    def stop(*arguments):
        fake_install(no_packages)(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(install, "install", stop)
    with pytest.raises(KeyboardInterrupt):
        environment.ensure("dependencies")
    monkeypatch.setattr(install, "install", fake_install(no_packages))
    environment.ensure("dependencies")
    assert (no_packages / "installs").read_text() == "xx"


def test_a_broken_stamp_is_not_taken_for_done(no_packages, monkeypatch):
    monkeypatch.setattr(install, "install", fake_install(no_packages))
    environment.ensure("dependencies")
    (no_packages / ".venv/course-ready.json").write_text('["half')
    environment.ensure("dependencies")
    assert (no_packages / "installs").read_text() == "xx"
    assert len(json.loads((no_packages / ".venv/course-ready.json").read_text())) == len(requirements())


def test_the_first_imports_are_those_of_packages_that_are_there():
    subprocess.run([sys.executable, "-c", install.FIRST_IMPORTS], check=True, timeout=120)


def test_what_several_groups_brought_is_there_for_each_of_them(no_packages, monkeypatch):
    monkeypatch.setattr(install, "install", fake_install(no_packages))
    environment.ensure("dependencies", "test", "class", "marking")
    for groups in (["dependencies"], ["class"], ["test", "dependencies"]):
        environment.ensure(*groups)
    assert (no_packages / "installs").read_text() == "x"
    environment.ensure("dependencies", "site")
    assert (no_packages / "installs").read_text() == "xx"


def test_too_little_room_is_said_before_anything_starts(no_packages, monkeypatch):
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 10**9))
    with pytest.raises(CourseError, match=r"3 GB of disk and 1\.0 GB are free"):
        environment.ensure("dependencies")
    assert not environment.VENV.exists()


def test_a_folder_that_cannot_be_written_is_said(no_packages, monkeypatch):
    monkeypatch.setattr(environment.os, "access", lambda *_: False)
    with pytest.raises(CourseError, match="copy the course to a folder of your own"):
        environment.ensure("dependencies")


@pytest.mark.skipif(os.name == "nt", reason="making a link needs a right on Windows")
def test_a_link_to_nowhere_is_named_and_left_alone(no_packages):
    environment.VENV.symlink_to(no_packages / "gone")
    with pytest.raises(CourseError, match=r"\.venv is a link to .*gone, which is no folder: remove it"):
        environment.ensure("dependencies")
    assert environment.VENV.is_symlink()


def test_a_file_in_the_environments_place_is_named_and_left_alone(no_packages):
    environment.VENV.write_text("mine")
    with pytest.raises(CourseError, match=r"\.venv is no folder: remove it"):
        environment.ensure("dependencies")
    assert environment.VENV.read_text() == "mine"


def test_a_python_without_venv_gets_the_remedy_and_leaves_nothing(no_packages, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "ensurepip is not available", "")
    monkeypatch.setattr(install.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(CourseError, match="python3-venv"):
        environment.ensure("dependencies")
    assert not environment.VENV.exists()


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("WARNING: Retrying (Retry(total=1)) after connection broken by 'NewConnectionError'", "check the network"),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: [Errno 13] Permission denied: '/x'", "cannot be written"),
        ("ERROR: ResolutionImpossible", "The whole log is in"),
    ],
)
def test_what_pip_says_becomes_one_sentence_with_a_remedy(output, remedy):
    sentence = install.explain_failure(output, ROOT / ".venv")
    assert remedy in sentence
    assert "\n" not in sentence


def test_pip_without_network_ends_in_that_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(install, "venv_python", lambda _: Path(sys.executable))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    options = ["--dry-run", "--ignore-installed", "--index-url", "http://127.0.0.1:9/simple"]
    with pytest.raises(CourseError, match="goes on where it stopped"):
        install.pip_install(tmp_path, "Trying.", ["six", *options, "--timeout", "1"], n_packages=1)


def test_torch_comes_from_its_cpu_index_only_where_that_answers(monkeypatch):
    monkeypatch.setattr(install.sys, "platform", "linux")

    def refuse(*_, **__):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(install.urllib.request, "urlopen", refuse)
    assert install.find_torch_options() == []
    monkeypatch.setattr(install.urllib.request, "urlopen", lambda *_, **__: open(__file__))
    assert install.find_torch_options() == ["--index-url", install.TORCH_CPU_INDEX]
    monkeypatch.setattr(install.sys, "platform", "darwin")
    assert install.find_torch_options() == []


def test_the_bootstrap_imports_only_the_standard_library():
    code = (
        "import sys; before = set(sys.modules)\n"
        "import course_utils.tools.commands\n"
        "new = {name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)\n"
        "assert new <= {'course_utils'}, new"
    )
    subprocess.run([sys.executable, "-S", "-c", code], check=True, cwd=ROOT)


def older_pythons() -> list[str]:
    """Pythons before 3.10 that this computer happens to have, as the launchers of pyenv and of systems name them."""
    folders = [Path.home() / ".pyenv/versions", Path("/usr/bin")]
    found = [*folders[0].glob("[23].[0-9].*/bin/python"), *folders[1].glob("python[23].[0-9]")]
    return sorted(str(path) for path in found)


def test_a_python_that_is_too_old_reads_one_sentence(monkeypatch, capsys):
    from course_utils import __main__

    monkeypatch.setattr(__main__.sys, "version_info", (3, 8, 1))
    assert __main__.main(["lab"]) == 1
    assert "needs Python 3.10 or newer, and this is Python 3.8" in capsys.readouterr().err


@pytest.mark.parametrize(
    "python", older_pythons() or [pytest.param("", marks=pytest.mark.skip("no older Python here"))]
)
def test_real_older_pythons_read_that_sentence(python):
    answer = subprocess.run([python, "-m", "course_utils", "lab"], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "needs Python 3.10 or newer" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_packages_are_counted_while_pip_moves_folders_about(tmp_path):
    place = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in ("one-1.0.dist-info", "two-2.0.dist-info", "two", "~moving/_vendor"):
        (place / name).mkdir(parents=True)
    (place / "~moving" / "_vendor").chmod(0)
    (place / "gone").symlink_to(tmp_path / "nowhere")
    assert install.count_packages(tmp_path) == 2
    assert install.count_packages(tmp_path / "no environment") == 0
