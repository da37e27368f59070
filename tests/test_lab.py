"""The course in JupyterLab, as a learner meets it: on a copy, since Lab saves what is changed."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from browser import needs_browser, opened
from house import ROOT

FIRST = "notebooks/00_start_here.ipynb"
RUN_ALL = 'li.lm-Menu-item[data-command="runmenu:run-all"]'
MINUTES = 4
# What the notebook's own indicator says of its kernel; the prompts of cells do not tell, since Lab draws few of them.
STATUS = "() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.getAttribute('data-status')"


def free_port() -> int:
    with socket.socket() as lent:
        lent.bind(("127.0.0.1", 0))
        return lent.getsockname()[1]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Start the command `lab` in a copy of the course and return the address that it prints."""
    copy = tmp_path_factory.mktemp("lab") / "course"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache"))
    log = copy.with_name("lab.log")
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_QUIET"}
    environment["PYTHONPATH"] = str(copy)
    with log.open("w") as file:
        lab = subprocess.Popen(
            [sys.executable, "-m", "course_utils", "lab", "--no-browser", f"--port={free_port()}"],
            cwd=copy,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=os.name != "nt",
        )
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\w+", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            assert lab.poll() is None, log.read_text()
            time.sleep(0.3)
        yield found.group()
    finally:
        os.killpg(lab.pid, signal.SIGTERM) if os.name != "nt" else lab.terminate()
        lab.wait(30)


def test_lab_serves_the_first_notebook(address):
    assert f"/lab/tree/{FIRST}?" in address
    with urllib.request.urlopen(address.replace("/lab/tree/", "/api/contents/"), timeout=60) as answer:
        assert b"Follow one sentence" in answer.read()


def wait_until_idle(page) -> None:
    """Wait until the kernel has had nothing to do for a second and a half."""
    deadline, since = time.monotonic() + 60 * MINUTES, time.monotonic()
    while time.monotonic() - since < 1.5:
        assert time.monotonic() < deadline, f"the kernel was still busy after {MINUTES} minutes"
        page.wait_for_timeout(100)
        if page.evaluate(STATUS) != "idle":
            since = time.monotonic()


def saved_outputs(page, address: str) -> list[dict]:
    """Save the notebook and return the outputs of all its cells, also of those that the page has not drawn."""

    def stored() -> dict:
        with urllib.request.urlopen(address.replace("/lab/tree/", "/api/contents/"), timeout=60) as answer:
            return json.load(answer)

    before, deadline = stored()["last_modified"], time.monotonic() + 60
    page.keyboard.press("ControlOrMeta+s")
    while (now := stored())["last_modified"] == before:
        assert time.monotonic() < deadline, "Lab did not save the notebook"
        page.wait_for_timeout(300)
    code = [cell for cell in now["content"]["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    return [output for cell in code for output in cell["outputs"]]


def answer_with(page, source: str) -> str:
    """Type an answer over the first exercise's stub, run it and its check, and return what the check says."""
    stub = page.locator(".jp-CodeCell", has_text="best_title = ").first
    stub.scroll_into_view_if_needed()
    stub.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    wait_until_idle(page)
    return check_of(page).inner_text()


def check_of(page):
    check = page.locator(".jp-CodeCell", has_text="start_here.best_title.check").first
    check.scroll_into_view_if_needed()
    return check.locator(".jp-OutputArea-output [role=note]").first


@needs_browser
@pytest.mark.timeout(60 * (MINUTES + 4))
def test_a_learner_runs_everything_explores_and_answers(address):
    with opened() as page:
        page.set_viewport_size({"width": 1400, "height": 1000})
        page.goto(address.replace("?", "?reset&"))
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=/Python 3/", timeout=60_000)
        wait_until_idle(page)
        page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        page.click(RUN_ALL)
        page.wait_for_function(f"() => ({STATUS})() === 'busy'", timeout=60_000)
        wait_until_idle(page)
        outputs = saved_outputs(page, address)
        assert [
            output for output in outputs if output["output_type"] == "error" or output.get("name") == "stderr"
        ] == []

        field = page.locator(".widget-text input").first
        field.scroll_into_view_if_needed()
        shown = page.locator(".widget-html-content").first
        before = shown.inner_text()
        field.fill("Once upon a")
        field.press("Enter")
        page.wait_for_function("(old) => document.querySelector('.widget-html-content').innerText != old", arg=before)
        assert "time" in shown.inner_text()

        assert "Not attempted" in check_of(page).inner_text()
        assert "Not yet" in answer_with(page, "best_title = 'Snow'")
        right = answer_with(
            page, "best_title = titles[(vectors @ embed(['an instrument with black and white keys'])[0]).argmax()]"
        )
        assert "Right" in right
