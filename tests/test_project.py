"""The project's own files: lint, licences, the README, Binder's recipe, and nothing that must not land."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys

import pytest
import yaml
from house import NOTEBOOKS, ROOT

import course_utils
from course_utils.common.assets import ASSETS
from course_utils.tools import commands, environment, health, notebooks, site


def tracked(*patterns: str) -> list:
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("this is no git clone")
    return [ROOT / name for name in listing.stdout.splitlines() if (ROOT / name).exists()]


@pytest.mark.parametrize("words", [("check",), ("format", "--check")], ids=["lint", "format"])
def test_ruff_finds_nothing(words):
    answer = subprocess.run([sys.executable, "-m", "ruff", *words, "."], cwd=ROOT, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stdout + answer.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")
@pytest.mark.skipif(not importlib.util.find_spec("repo2docker"), reason="repo2docker is not installed")
def test_binder_would_build_this_course():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    recipe = answer.stdout + answer.stderr
    assert answer.returncode == 0, recipe
    assert "Building conda environment for python=3.11" in recipe
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' in recipe
    assert recipe.index("src/ ${REPO_DIR}") < recipe.index("env update"), "constraints are there"
    assert recipe.index("env update") < recipe.index("./postBuild")
    assert os.access(ROOT / "postBuild", os.X_OK)


def test_the_readme_shows_the_map_of_notebook_00():
    assert (ROOT / "docs/wikipedia_map.png").read_bytes() == notebooks.map_picture(), "run refresh 00"
    assert "](docs/wikipedia_map.png)" in readme()


def test_the_readme_gives_the_two_commands():
    assert all(f"\npython3 -m course_utils {verb}\n" in readme() for verb in ("lab", "test"))


def test_the_readme_lists_every_notebook_and_its_budget():
    budget = readme().split("<!-- budget -->")[1].split("<!-- /budget -->")[0]
    for path in NOTEBOOKS:
        assert f"(notebooks/{path.name})" in readme()
        assert path.stem in budget, "run `python3 -m course_utils run --readme`"


def places_of_the_package() -> set[str]:
    found = {path.name + "/" * path.is_dir() for path in (ROOT / "course_utils").iterdir()}
    return found - {"__init__.py", "__main__.py", "__pycache__/"}


def test_the_readmes_tree_and_the_packages_map_have_every_place():
    tree = readme().split("## What is in here")[1].split("```")[1]
    listed = re.findall(r"^( *)(\S+)", tree, re.M)
    assert {name for indent, name in listed if indent} == places_of_the_package()
    tops = [name.rstrip(",") for line in re.findall(r"^\S.*?(?=  |$)", tree, re.M) for name in line.split()]
    assert all((ROOT / name).is_dir() for name in tops)
    named = set(re.findall(r"``(\w+)``", course_utils.__doc__))
    assert named == {place.removesuffix("/").removesuffix(".py") for place in places_of_the_package()} - {"data"}


def test_links_in_the_projects_pages_exist():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CREDITS.md"):
        for target in re.findall(r"\]\((?!https?:|#)([^)\s]+)\)", page.read_text(encoding="utf-8")):
            assert (ROOT / target).exists(), f"{page.name}: {target}"


def test_every_model_and_text_is_credited_with_its_licence():
    credits_ = (ROOT / "CREDITS.md").read_text(encoding="utf-8")
    for asset in ASSETS.values():
        assert asset.package in credits_, asset.package


def test_ci_calls_the_readmes_test_command():
    for file in (".ci/run", ".github/workflows/test.yml"):
        assert re.search(r"python3? -m course_utils test", (ROOT / file).read_text(encoding="utf-8"))


def workflow_steps(name: str) -> list[dict]:
    workflow = yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yml").read_text(encoding="utf-8"))
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize(
    ("workflow", "called"),
    [("test", [commands.test]), ("site", [commands.site]), ("weekly", [commands.run, commands.run, commands.test])],
)
def test_a_workflow_calls_commands_that_exist(workflow, called):
    start, lines = "python -m course_utils ", [step.get("run", "") for step in workflow_steps(workflow)]
    found = []
    for line in [line for line in lines if line.startswith(start)]:
        words = line.replace("${{ matrix.folder }}", "notebooks").replace("${{ matrix.name }}", "newest-3.13")
        found.append(commands.parser().parse_known_args(words.removeprefix(start).split())[0].command)
    assert found == called


def test_the_oldest_and_the_newest_versions_run_each_week_for_the_page_of_the_site():
    jobs = yaml.load((ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8"), yaml.BaseLoader)["jobs"]
    runs = jobs["versions"]["strategy"]["matrix"]["include"]
    oldest = re.search(r'requires-python = ">=([\d.]+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1]
    assert {"python": oldest, "name": f"oldest-{oldest}", "resolution": "lowest-direct"} in runs
    assert [run["resolution"] for run in runs].count("highest") == len(runs) - 1
    for run in runs:
        assert health.check_name(run["name"]).endswith(run["python"])
    (made,) = [step["run"] for step in jobs["versions"]["steps"] if "uv pip compile" in step.get("run", "")]
    assert f"--output-file {environment.CONSTRAINTS.name} pyproject.toml" in made
    (kept,) = [step["with"] for step in jobs["versions"]["steps"] if "upload" in step.get("uses", "")]
    assert ROOT / kept["path"] == health.FOLDER
    fetched = next(step for step in workflow_steps("site") if "gh run download" in step.get("run", ""))["run"]
    assert kept["name"].removesuffix("${{ matrix.name }}") + "*" in fetched
    assert f" {kept['path']}/" in fetched


def test_every_cell_runs_twice_each_week_in_the_notebooks_folder_and_in_another():
    text = (ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8")
    workflow = yaml.load(text, yaml.BaseLoader)  # which does not take the word "on" for true
    assert re.fullmatch(r"\d+ \d+ \* \* \d", workflow["on"]["schedule"][0]["cron"])
    folders = workflow["jobs"]["twice"]["strategy"]["matrix"]["folder"]
    assert "notebooks" in folders
    assert len(folders) == 2
    assert "run --twice --folder ${{ matrix.folder }}" in text


def test_the_workflow_publishes_the_folder_that_the_command_builds():
    steps = {step["uses"].split("@")[0]: step for step in workflow_steps("site") if "uses" in step}
    assert ROOT / steps["actions/upload-pages-artifact"]["with"]["path"] == site.FOLDER
    assert list(steps)[-2:] == ["actions/upload-pages-artifact", "actions/deploy-pages"]
    jobs = yaml.safe_load((ROOT / ".github/workflows/site.yml").read_text(encoding="utf-8"))["jobs"]
    assert jobs["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert steps["actions/deploy-pages"]["id"] in jobs["deploy"]["environment"]["url"]


def test_nothing_here_names_a_machines_folders():
    here = re.compile(r"/(?:root|work)/\w|/home/(?!jovyan)\w+/|/Users/\w+/")
    for path in tracked("*.py", "*.md", "*.toml", "*.yml", "*.ipynb", "*.txt", "*.json"):
        if path.name not in {"test_project.py", "test_house_style.py", "test_environment.py"}:
            assert not here.search(path.read_text(encoding="utf-8")), path


def test_nothing_is_unpickled():
    unsafe = re.compile(
        r"\bpickle\.\w|torch\.load\((?![^\n]*weights_only=True)|allow_pickle=True|joblib\.load|\beval\("
    )
    for path in tracked("course_utils/*.py", "notebooks/*.ipynb"):
        text = path.read_text(encoding="utf-8").replace("model.eval()", "")
        assert not unsafe.search(text), path


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")
