"""The class server: one hub, a learner's own notebooks, and a cache that everybody reads and nobody can write."""

from __future__ import annotations

import asyncio
import http.cookiejar
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml
from house import NOTEBOOKS, ROOT
from traitlets.config import Config

from benchmarks import class_server
from benchmarks.class_server import CONFIG, Learner
from course_utils.common.cache import cache_folder

needs_hub = pytest.mark.skipif(bool(class_server.absent()), reason=f"No class server here. {class_server.absent()}")
# Root writes everywhere, whatever a folder's rights say, until it gives up that power.
AS_OTHERS = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
NAME = "ada"
NEW_WORK = """
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
print(len(load_wikipedia(size=12)["text"]), embed(["A sentence nobody wrote before", *map(str, range(64))]).shape)
"""


def cannot_write(folder: Path, wrapper: list[str]) -> bool:
    command = [*wrapper, sys.executable, "-c", f"open({str(folder / 'probe')!r}, 'w')"]
    return "PermissionError" in subprocess.run(command, capture_output=True, text=True).stderr


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Copy the cache, and take away all rights to write there."""
    folder = tmp_path_factory.mktemp("shared") / "cache"
    shutil.copytree(cache_folder(), folder, ignore=shutil.ignore_patterns("downloads"))
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    yield folder
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def classroom(tmp_path_factory, cache):
    """Start the hub; give its address, the folder of the learners' work, and whether the cache is really locked."""
    wrapper = AS_OTHERS if os.geteuid() == 0 and shutil.which("setpriv") else []
    locked = cannot_write(cache, wrapper)
    folder = tmp_path_factory.mktemp("class")
    with class_server.started(folder, cache, wrapper if locked else []) as (address, _):
        yield address, folder, locked


def browser_at(address: str):
    """Return a browser without windows: it keeps cookies and follows redirections."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"{address}/hub/login", timeout=60) as page:
        guard = re.search(r'name="_xsrf"\s+value="([^"]+)"', page.read().decode()).group(1)

    def log_in(password: str) -> str:
        words = urllib.parse.urlencode({"username": NAME, "password": password, "_xsrf": guard}).encode()
        return browser.open(f"{address}/hub/login?next=%2Fhub%2Fhome", words, timeout=60).geturl()

    return browser, log_in


@needs_hub
@pytest.mark.timeout(300)
def test_a_learner_logs_in_and_lands_in_a_copy_of_the_first_notebook(classroom):
    address, folder, _ = classroom
    browser, log_in = browser_at(address)
    with pytest.raises(urllib.error.HTTPError, match="403"):
        log_in("a wrong password")
    assert log_in(class_server.PASSWORD).endswith("/hub/home")
    asyncio.run(Learner(NAME, address).enter())
    with browser.open(f"{address}/user/{NAME}/", timeout=60) as page:
        assert page.geturl().endswith(f"/user/{NAME}/lab/tree/notebooks/00_start_here.ipynb")
        assert "<title>JupyterLab</title>" in page.read().decode()
    copies = {path.name: path.read_bytes() for path in (folder / NAME / "notebooks").glob("*.ipynb")}
    assert copies == {path.name: path.read_bytes() for path in NOTEBOOKS}


@needs_hub
@pytest.mark.timeout(300)
def test_a_second_start_brings_what_is_missing_and_overwrites_nothing(classroom):
    address, folder, _ = classroom
    mine, gone = (folder / NAME / "notebooks" / path.name for path in NOTEBOOKS[1:3])

    async def come_again() -> str:
        learner = Learner(NAME, address)
        await learner.leave()
        mine.write_text(mine.read_text(encoding="utf-8").replace("# Meet", "# I was here: meet", 1), encoding="utf-8")
        gone.unlink()
        await learner.enter()
        return (await learner.open())["content"]["cells"][0]["source"]

    assert asyncio.run(come_again()).startswith("# I was here: meet")
    assert gone.read_bytes() == NOTEBOOKS[2].read_bytes()


@needs_hub
@pytest.mark.timeout(600)
def test_a_notebook_runs_and_new_work_is_done_where_the_cache_cannot_be_written(classroom, cache):
    address, _, locked = classroom
    if not locked:
        pytest.skip("this user can write everywhere, so a cache that cannot be written was not tried")
    before = sorted(path.relative_to(cache) for path in cache.rglob("*"))

    async def learn() -> str:
        learner = Learner("grace", address)
        assert await learner.study() > 10
        return await learner.run(await learner.kernel(), NEW_WORK)

    printed = asyncio.run(learn())
    assert "12 (65, 384)" in printed
    assert f"The cache folder {cache} cannot be written" in printed
    assert "Until then what is computed lasts for this session only." in printed
    assert sorted(path.relative_to(cache) for path in cache.rglob("*")) == before


@needs_hub
@pytest.mark.timeout(300)
def test_a_kernel_that_ends_is_not_taken_for_work_done(classroom):
    address, _, _ = classroom

    async def fall_over() -> None:
        learner = Learner("alan", address)
        await learner.ask("POST", learner.user)
        await learner.enter()
        await learner.run(await learner.kernel(), "import os; os._exit(1)")

    with pytest.raises(RuntimeError, match="alan: the kernel went away"):
        asyncio.run(asyncio.wait_for(fall_over(), 60))


@pytest.mark.skipif(os.name == "nt", reason="JupyterHub does not run on Windows")
def test_learners_share_the_cache_of_whoever_starts_the_server(tmp_path, monkeypatch):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setenv("CLASS_PASSWORD", class_server.PASSWORD)
    monkeypatch.setenv("CLASS_FOLDER", str(tmp_path / "work"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    config = Config()
    runpy.run_path(str(CONFIG), {"get_config": lambda: config})
    assert config.Spawner.environment["COURSE_CACHE"] == str(cache_folder())
    assert config.Spawner.environment["JUPYTER_PATH"].split(os.pathsep)[0] == str(tmp_path / "work" / "jupyter")
    described = json.loads((tmp_path / "work/jupyter/kernels/python3/kernel.json").read_text(encoding="utf-8"))
    assert "--ext=course_utils.tools.kernel" in described["argv"]


@pytest.mark.skipif(os.name == "nt", reason="JupyterHub does not run on Windows")
def test_a_blank_folder_or_address_counts_as_none(tmp_path, monkeypatch):
    monkeypatch.setenv("CLASS_PASSWORD", class_server.PASSWORD)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("CLASS_FOLDER", "CLASS_ADDRESS"):
        monkeypatch.setenv(name, " ")
    copy = tmp_path / "docs" / "class_server" / CONFIG.name
    copy.parent.mkdir(parents=True)
    shutil.copyfile(CONFIG, copy)
    config = Config()
    runpy.run_path(str(copy), {"get_config": lambda: config})
    assert config.Spawner.notebook_dir == str(tmp_path / "build" / "learners" / "{username}")
    assert config.JupyterHub.bind_url == "http://:8000"


@pytest.mark.skipif(not class_server.importlib.util.find_spec("jupyterhub"), reason="JupyterHub is not installed here")
@pytest.mark.parametrize("password", ["", "short"])
def test_a_class_without_a_real_password_is_refused(tmp_path, password):
    environment = {**os.environ, "CLASS_PASSWORD": password, "CLASS_FOLDER": str(tmp_path / "work")}
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIG)]
    answer = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    assert answer.returncode == 1
    assert re.fullmatch(r"The class needs a password of at least 8 letters: .*\.\n", answer.stderr)
    assert not (tmp_path / "work").exists()


def test_what_is_absent_is_said_with_its_remedy(monkeypatch):
    monkeypatch.setattr(class_server.importlib.util, "find_spec", lambda _: None)
    assert 'pip install -e ".[class]" -c constraints.txt' in class_server.absent()
    monkeypatch.setattr(class_server.importlib.util, "find_spec", lambda _: True)
    monkeypatch.setattr(class_server.shutil, "which", lambda _: None)
    assert "npm install -g configurable-http-proxy" in class_server.absent()


def test_the_guide_names_what_the_server_reads():
    page = (ROOT / "docs/class_server.md").read_text(encoding="utf-8")
    config = CONFIG.read_text(encoding="utf-8")
    for name in ("CLASS_PASSWORD", "CLASS_FOLDER", "COURSE_CACHE"):
        assert name in page
        assert name in config


def test_kubernetes_finds_the_cache_where_binders_recipe_puts_it():
    values = yaml.safe_load((CONFIG.parent / "values.yaml").read_text(encoding="utf-8"))["singleuser"]
    place = values["extraEnv"]["COURSE_CACHE"].removeprefix("/srv/repo/")
    assert f'COURSE_CACHE="$PWD/{place}"' in (ROOT / "postBuild").read_text(encoding="utf-8")
    assert values["memory"]["limit"] == "2G"
    assert values["defaultUrl"].endswith(f"/notebooks/{NOTEBOOKS[0].name}")
