"""The course in JupyterLab, as a learner meets it: on a copy, since Lab saves what is changed."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
import pytest
from browser import barriers, needs_browser, opened
from house import ROOT
from jupyter_client import BlockingKernelClient

from course_utils.tools.lab import STOPPED

FIRST = "notebooks/00_start_here.ipynb"
RUN_ALL = 'li.lm-Menu-item[data-command="runmenu:run-all"]'
MINUTES = 4
posix = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one program alone")
# What the notebook's own indicator says of its kernel; the prompts of cells do not tell, since Lab draws few of them.
STATUS = "() => document.querySelector('.jp-Notebook-ExecutionIndicator')?.getAttribute('data-status')"


def free_port() -> int:
    with socket.socket() as lent:
        lent.bind(("127.0.0.1", 0))
        return lent.getsockname()[1]


@contextlib.contextmanager
def started(folder: Path) -> Iterator[tuple[subprocess.Popen, str]]:
    """Run the command `lab` in a copy of the course below ``folder``; yield its process and the address it prints."""
    copy, log = folder / "course", folder / "lab.log"
    if not copy.exists():
        shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".venv", "build", "__pycache__", ".*_cache"))
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_QUIET"}
    environment |= {"PYTHONPATH": str(copy), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
    environment["TMPDIR"] = str(folder)
    with log.open("w") as file:
        lab = subprocess.Popen(
            [sys.executable, "-m", "course_utils", "lab", "--no-browser", f"--port={free_port()}"],
            cwd=copy,
            env=environment,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=os.name != "nt",
        )
    try:
        deadline = time.monotonic() + 120
        while not (found := re.search(r"http://127\.0\.0\.1:\d+/lab/tree/\S+\?token=\w+", log.read_text())):
            assert time.monotonic() < deadline, log.read_text()
            assert lab.poll() is None, log.read_text()
            time.sleep(0.3)
        yield lab, found.group()
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, signal.SIGTERM) if os.name != "nt" else lab.terminate()
        lab.wait(30)


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Start the command `lab` and return the address that it prints."""
    with started(tmp_path_factory.mktemp("lab")) as (_, found):
        yield found


def ask(address: str, path: str, what: dict, method: str = "POST") -> dict:
    """Ask the server of ``address`` for something, as the page does."""
    parts = urllib.parse.urlsplit(address)
    request = urllib.request.Request(
        f"{parts.scheme}://{parts.netloc}/api/{path}?{parts.query}",
        data=json.dumps(what).encode(),
        headers={"Content-Type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def add_book(address: str, name: str, cell: nbformat.NotebookNode) -> str:
    """Give the server a notebook of one cell, and return the address at which it opens afresh."""
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    book = nbformat.v4.new_notebook(cells=[cell], metadata=kernel)
    ask(address, f"contents/notebooks/{name}.ipynb", {"type": "notebook", "content": book}, method="PUT")
    return address.replace("?", "?reset&").replace("00_start_here", name)


def wear(page, theme: str) -> None:
    """Put on JupyterLab's dark or its light theme from its menu."""
    page.click(".lm-MenuBar-itemLabel:text-is('Settings')")
    page.hover(".lm-Menu-itemLabel:text-is('Theme')")
    page.click(f".lm-Menu-itemLabel:text-is('JupyterLab {theme}')")
    page.wait_for_selector(f"[data-jp-theme-name='JupyterLab {theme}']", state="attached", timeout=60_000)


def start_kernel(address: str) -> str:
    """Start a kernel as the page does, and return its id."""
    return ask(address, "kernels", {"name": "python3", "path": "notebooks"})["id"]


def test_lab_serves_the_first_notebook(address):
    assert f"/lab/tree/{FIRST}?" in address
    with urllib.request.urlopen(address.replace("/lab/tree/", "/api/contents/"), timeout=60) as answer:
        assert b"Follow one sentence" in answer.read()


STUBBORN = """
import pathlib, signal, time
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, signal.SIG_IGN)
pathlib.Path({said!r}).touch()
time.sleep(100)
"""


def make_stubborn(connection: Path) -> None:
    """Give a kernel something to do that no polite request ends, and return when it is busy.

    The kernel says so by a file: a printed line is lost when it comes before the client listens to prints.
    """
    said = connection.with_suffix(".busy")
    client = BlockingKernelClient(connection_file=str(connection))
    client.load_connection_file()
    client.start_channels()
    client.kernel_info(reply=True, timeout=60)
    client.execute(STUBBORN.format(said=str(said)))
    deadline = time.monotonic() + 60
    while not said.exists():
        assert time.monotonic() < deadline, "the kernel did not begin its work"
        time.sleep(0.1)
    client.stop_channels()


@posix
@pytest.mark.parametrize("to_all", [True, False], ids=["as a terminal sends it", "to the command alone"])
def test_ctrl_c_ends_lab_in_its_own_way(tmp_path, to_all):
    with started(tmp_path) as (lab, address):
        kernel = start_kernel(address)
        (tmp_path / "runtime" / f"kernel-{kernel}.json").stat()
        children = psutil.Process(lab.pid).children(recursive=True)
        assert children
        os.killpg(lab.pid, signal.SIGINT) if to_all else os.kill(lab.pid, signal.SIGINT)
        assert lab.wait(30) == 0
    said = (tmp_path / "lab.log").read_text()
    assert STOPPED in said.splitlines()
    assert "Stopping the kernels; a second Ctrl-C ends them at once." in said
    assert not re.search("Nothing is lost|skip confirmation", said)
    assert [path for pattern in ("runtime/*.json", "course-lab-*") for path in tmp_path.glob(pattern)] == []
    assert not [child for child in children if child.is_running()]


@posix
def test_a_second_ctrl_c_ends_lab_at_once(tmp_path):
    with started(tmp_path) as (lab, address):
        make_stubborn(tmp_path / "runtime" / f"kernel-{start_kernel(address)}.json")
        children = psutil.Process(lab.pid).children(recursive=True)
        lab.send_signal(signal.SIGINT)
        while "a second Ctrl-C ends them at once" not in (tmp_path / "lab.log").read_text():
            assert lab.poll() is None
            time.sleep(0.1)
        second = time.monotonic()
        lab.send_signal(signal.SIGINT)
        assert lab.wait(30) == 130
        assert time.monotonic() - second < 2
    assert [path for pattern in ("runtime/*.json", "course-lab-*") for path in tmp_path.glob(pattern)] == []
    assert not psutil.wait_procs(children, timeout=5)[1]


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
    now = {"last_modified": before}
    page.keyboard.press("ControlOrMeta+s")
    while now["last_modified"] == before:
        assert time.monotonic() < deadline, "Lab did not save the notebook"
        page.wait_for_timeout(300)
        with contextlib.suppress(urllib.error.HTTPError):  # half of it is written
            now = stored()
    code = [cell for cell in now["content"]["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    return [output for cell in code for output in cell["outputs"]]


def answer_with(page, source: str) -> str:
    """Type an answer over the first exercise's stub, run it and its check, and return what the check says."""
    stub = page.locator(".jp-CodeCell", has_text="few_right = ").first
    stub.scroll_into_view_if_needed()
    stub.locator(".cm-content").click()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")
    wait_until_idle(page)
    return check_of(page).text_content()


def check_of(page):
    check = page.locator(".jp-CodeCell", has_text="few_right.check").first
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
        field.fill("Once upon a")
        field.press("Enter")
        after = "() => document.querySelector('.widget-html-content').innerText.includes('time')"
        page.wait_for_function(after, timeout=60_000)

        assert "Not attempted" in check_of(page).text_content()
        assert "Not yet" in answer_with(page, "few_right = 0.2")
        few = "np.stack([vectors[examples & (topics == name)][:10].mean(axis=0) for name in names])"
        nearest = f"cosine_similarity(vectors[tested], {few}).argmax(axis=1)"
        right = answer_with(page, f"few_right = np.mean(np.array(names)[{nearest}] == topics[tested])")
        assert "Right" in right


PLAY_AND_ASK = """
import matplotlib.pyplot as plt
from course_utils.exercises.start_here import few_right, quiz
from course_utils.plotting.player import player
from course_utils.tokens import load_tokenizer, show_tokens

frames = [(plt.figure(figsize=(2, 1)), f"This is picture {n}.") for n in "abc"]
cards = few_right.check(None), few_right.check(0.2), few_right.hint(), few_right.solution()
shown = player(frames, "Three pictures"), quiz, *cards, show_tokens("für 한국어 🦊", load_tokenizer("bert"))
"""


@needs_browser
def test_a_player_and_a_quiz_work_before_and_after_their_cell_is_run(address):
    names = {}
    exec(PLAY_AND_ASK, names)
    outputs = [
        nbformat.v4.new_output("display_data", {"text/html": each._repr_html_(), "text/plain": repr(each)})
        for each in names["shown"]
    ]
    cell = nbformat.v4.new_code_cell(f"{PLAY_AND_ASK}display(*shown)", outputs=outputs, execution_count=1)
    place = add_book(address, "played", cell)
    with opened() as page:
        page.goto(place)
        page.wait_for_selector("figure", timeout=60_000)
        assert page.get_by_text("This is picture a.").is_visible()
        assert not page.get_by_text("This is picture b.").is_visible(), (
            "scripts of a notebook from elsewhere do not run"
        )
        assert not page.get_by_role("button", name="forward").count()
        page.get_by_text("The pictures that follow").click()
        assert page.get_by_text("This is picture c.").is_visible()
        page.get_by_text("a) The letters of the text.").click()
        assert page.get_by_text("Not this one.").first.is_visible()

        page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=/Python 3/", timeout=60_000)
        wait_until_idle(page)
        page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        page.click(RUN_ALL)
        forward = page.get_by_role("button", name="forward")
        forward.wait_for(timeout=60_000)
        forward.press("Enter")  # with the keyboard alone
        assert page.get_by_text("This is picture b.").is_visible()
        assert not page.get_by_text("This is picture a.").is_visible()
        page.get_by_text("b) The numbers of its tokens.").press("Enter")
        assert page.get_by_text("Twelve numbers for our sentence").is_visible()
        for theme in ("Dark", "Light"):
            wear(page, theme)
            assert barriers(page, ".jp-OutputArea-output") == [], theme


CLICK = """
import numpy as np

from course_utils.images import Towers
from course_utils.images.explorer import picture_explorer

rng = np.random.default_rng(0)
picture_explorer(Towers(np.zeros(1280), rng.normal(size=(1280, 8)), np.zeros(384), rng.normal(size=(384, 8)), 0.07))
"""


@needs_browser
def test_a_click_and_the_return_key_on_a_picture_show_its_neighbours(address):
    place = add_book(address, "clicked", nbformat.v4.new_code_cell(CLICK))
    with opened() as page:
        page.goto(place)
        page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=/Python 3/", timeout=60_000)
        wait_until_idle(page)
        page.click(".lm-MenuBar-itemLabel:text-is('Run')")
        page.click(RUN_ALL)
        pictures = page.locator("button[class*=course-picture-]")
        pictures.nth(11).wait_for(timeout=60_000)
        assert pictures.count() == 12

        def shown() -> list[str]:
            return pictures.all_inner_texts()

        def background(n: int) -> str:
            return pictures.nth(n).evaluate("button => getComputedStyle(button).backgroundImage")

        for act in (lambda n: pictures.nth(n).click(), lambda n: pictures.nth(n).press("Enter")):
            name, picture = shown()[3].rsplit(" ", 1)[0], background(3)
            assert picture.startswith('url("data:image/png')
            act(3)
            page.get_by_text(f"the picture of “{name}”").wait_for(timeout=60_000)
            page.wait_for_function(
                "name => document.querySelector('button[class*=course-picture-]').innerText === name",
                arg=f"{name} 1.00",
            )
            assert background(0) == picture


EXPLORE = """
import ipywidgets
from course_utils.plotting.explorers import bars, explorer

def letters(text, n, order):
    chosen = sorted(set(text), reverse=order == "last first")[:n]
    return bars([(letter, text.count(letter) / len(text)) for letter in chosen])

controls = {
    "text": ipywidgets.Text("aab", description="your text"),
    "n": ipywidgets.IntSlider(1, min=1, max=5, description="letters"),
    "order": ipywidgets.Dropdown(options=["first first", "last first"], description="order"),
}
explorer(letters, controls, "the letters of a text")
"""


NAMELESS = 'class="noUi-handle'  # the slider of ipywidgets 8 gives its handle no name


def tab_to(page, place: str) -> None:
    """Press the Tab key until the focus is on an element that the selector names."""
    for _ in range(40):
        if page.evaluate("place => document.activeElement.matches(place)", place):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"the Tab key does not lead to {place}")


@needs_browser
def test_an_explorer_is_used_with_the_keyboard_alone(address):
    place = add_book(address, "explored", nbformat.v4.new_code_cell(EXPLORE))
    with opened() as page:
        page.goto(place)
        page.wait_for_selector(".jp-NotebookPanel-toolbar >> text=/Python 3/", timeout=60_000)
        wait_until_idle(page)
        tab_to(page, ".jp-Cell, .jp-Cell *")
        page.keyboard.press("ControlOrMeta+Enter")
        shown = page.locator(".widget-html-content table")
        shown.wait_for(timeout=60_000)
        assert shown.inner_text().split() == ["“a”", "67%"]

        def changes_to(*words: str) -> None:
            after = "words => document.querySelector('.widget-html-content').innerText.split(/\\s+/).join() === words"
            page.wait_for_function(after, arg=",".join(words), timeout=30_000)

        page.keyboard.press("Escape")  # out of the editor, where Tab is a letter
        tab_to(page, ".widget-text input")
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("bbbc")
        page.keyboard.press("Enter")
        changes_to("“b”", "75%")
        tab_to(page, ".widget-slider [role=slider]")
        page.keyboard.press("ArrowRight")
        changes_to("“b”", "75%", "“c”", "25%")
        tab_to(page, ".widget-dropdown select")
        for key in ("Space", "ArrowDown", "Enter"):  # opened first: Lab keeps the arrow keys of a closed list
            page.keyboard.press(key)
        changes_to("“c”", "25%", "“b”", "75%")
        for theme in ("Dark", "Light"):
            wear(page, theme)
            found = [each for each in barriers(page, ".jp-OutputArea-output") if NAMELESS not in each]
            assert found == [], theme
        page.emulate_media(forced_colors="active")
        bar = page.locator(".widget-html-content td div").first
        assert bar.evaluate("bar => getComputedStyle(bar).backgroundColor") == "rgb(0, 114, 178)"
