"""The course in JupyterLab, as a learner meets it: on a copy, since Lab saves what is changed."""

from __future__ import annotations

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
# A cell that is busy or waits shows [*]; a page that is scrolled to its end has drawn every cell.
BUSY = "() => [...document.querySelectorAll('.jp-InputPrompt')].some((prompt) => prompt.textContent.includes('*'))"


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
    page.wait_for_timeout(1500)
    page.wait_for_function(f"() => !({BUSY})()", timeout=60_000 * MINUTES)


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
        page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        page.click(RUN_ALL)
        wait_until_idle(page)
        assert page.locator('[data-mime-type="application/vnd.jupyter.error"]').count() == 0
        assert page.locator('[data-mime-type="application/vnd.jupyter.stderr"]').count() == 0

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
