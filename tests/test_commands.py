"""The commands, as a person types them."""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import Mock

import nbformat
import pytest
from house import ROOT, fresh_copy

from course_utils.common.errors import CourseError
from course_utils.tools import commands, environment, launch, notebooks, prepare, site, slides

posix = pytest.mark.skipif(os.name == "nt", reason="Windows cannot send Ctrl-C to one program alone")


def course(*words: str, **more) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "course_utils", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, **more)


@pytest.fixture
def notebook(tmp_path, monkeypatch):
    """Make notebooks in an empty folder, which takes the place of the course's own."""
    monkeypatch.setattr(notebooks, "FOLDER", tmp_path)

    def make(*sources: str, name: str = "00_tiny.ipynb"):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
        path = tmp_path / name
        path.write_text(nbformat.writes(book) + "\n", encoding="utf-8")
        return path

    return make


def test_help_names_every_command():
    answer = course("--help")
    assert answer.returncode == 0
    assert all(re.search(rf"^ +{verb} ", answer.stdout, re.M) for verb in ("lab", "test", "run", "refresh", "assets"))
    assert "Start with: python3 -m course_utils lab" in answer.stdout


def test_an_unknown_option_or_command_is_refused():
    assert course("run", "--fast").returncode == 2
    assert course("dance").returncode == 2


@pytest.mark.parametrize("verb", ["run", "refresh", "slides"])
def test_a_notebook_that_does_not_exist_is_named(verb):
    answer = course(verb, "77")
    assert answer.returncode == 1
    assert re.fullmatch(r"There is no notebook '77'; there are 00_start_here.ipynb, .*\.\n", answer.stderr)


def test_the_site_takes_no_notebooks(monkeypatch, capsys):
    with pytest.raises(SystemExit):
        commands.main(["site", "77"])
    assert capsys.readouterr().err.endswith("error: there is no option 77\n")


@pytest.mark.parametrize("verb", ["slides", "site"])
def test_a_port_in_use_is_said_in_a_sentence(verb, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    monkeypatch.setattr(slides, "build", lambda path: ROOT / "build" / path.name)
    monkeypatch.setattr(slides, "write_index", lambda paths: tmp_path / "index.html")
    monkeypatch.setattr(site, "build", lambda with_model: ROOT / "build" / "index.html")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert commands.main([verb, "--serve", f"--port={port}"]) == 1
    assert re.fullmatch(rf"Port {port} cannot be used here .*: choose another with --port\.\n", capsys.readouterr().err)


@pytest.mark.parametrize("port", ["80000", "65536", "0", "-1", "８０", "8.0", "all"])
@pytest.mark.parametrize("verb", ["lab", "slides", "site"])
def test_what_is_no_port_is_refused_before_anything_starts(verb, port, monkeypatch, capsys):
    monkeypatch.setattr(environment, "ensure", lambda *groups: pytest.fail("nothing should start"))
    with pytest.raises(SystemExit) as ended:
        commands.main([verb, f"--port={port}"])
    assert ended.value.code == 2
    assert capsys.readouterr().err.endswith(f"a port is a whole number from 1 to 65535, and {port!r} is not\n")


# Root writes everywhere, whatever a folder's rights say, until it gives up that power.
AS_OTHERS = ["setpriv", "--bounding-set=-dac_override"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


@pytest.fixture
def locked(tmp_path):
    """Copy the course into a folder that cannot be written."""
    if os.name == "nt" or (AS_OTHERS and not shutil.which("setpriv")):
        pytest.skip("a folder that cannot be written cannot be made here")
    folder = fresh_copy(tmp_path / "course")
    paths = [folder, *filter(Path.is_dir, folder.rglob("*"))]
    for path in paths:
        path.chmod(0o555)
    yield folder
    for path in paths:
        path.chmod(0o755)


@pytest.mark.parametrize("words", [("slides", "04"), ("site",)], ids=" ".join)
def test_a_course_that_cannot_be_written_is_said_in_a_sentence(words, locked):
    command = [*AS_OTHERS, sys.executable, "-m", "course_utils", *words]
    environment = {**os.environ, "PYTHONPATH": str(locked)}
    answer = subprocess.run(command, cwd=locked, env=environment, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 1
    assert re.search(rf"(^|\n){locked}/\S+ cannot be written \(.*\): .*a folder of your own\.\n$", answer.stderr)
    assert "Traceback" not in answer.stderr


def test_a_file_where_slides_go_and_a_full_disk_are_said(monkeypatch, capsys):
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    for error, sentence in [
        (
            FileExistsError(errno.EEXIST, "File exists", "build/slides"),
            r"build/slides cannot be written \(File exists\)",
        ),
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full: make some room"),
    ]:
        monkeypatch.setattr(slides, "build", Mock(side_effect=error))
        assert commands.main(["slides"]) == 1
        assert re.match(sentence, capsys.readouterr().err)


def test_an_error_of_another_kind_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    monkeypatch.setattr(slides, "build", Mock(side_effect=FileNotFoundError(errno.ENOENT, "No such file", "x")))
    with pytest.raises(FileNotFoundError):
        commands.main(["slides"])


@pytest.mark.skipif(os.name == "nt", reason="Windows finds programs in more places than PATH names")
def test_without_a_browser_its_tests_are_skipped_with_a_sentence(tmp_path):
    files = [f"tests/test_{name}.py" for name in ("lab", "slides", "site")]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    command += ["-k", "a_browser or search_of_the_site or runs_everything"]
    environment = {**os.environ, "PATH": str(tmp_path)}
    answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert re.search(r"\n5 skipped, \d+ deselected", answer.stdout), answer.stdout
    assert answer.stdout.count("no Chromium or Chrome is installed here, so what a browser would show was not") == 5


def test_assets_lists_and_verifies():
    answer = course("assets", "--verify")
    assert answer.returncode == 0
    assert "minilm: verified." in answer.stdout
    assert "CC BY-SA" in answer.stdout


@pytest.fixture
def handed_over(monkeypatch):
    """Let `test` stop where pytest would begin, and collect the words and the variables that it would get."""
    seen = []
    monkeypatch.setattr(prepare, "prepare", lambda: None)
    monkeypatch.setattr(environment, "ensure", lambda *groups: sys.executable)
    monkeypatch.setattr(commands.os, "execve", lambda _, words, variables: sys.exit(seen.extend([words, variables])))
    return seen


@posix
def test_the_tests_options_go_to_pytest(handed_over):
    with pytest.raises(SystemExit):
        commands.main(["test", "tests/test_corpus.py", "-k", "size"])
    words, _ = handed_over
    assert words[1:] == ["-m", "pytest", "--session-timeout=4800", "tests/test_corpus.py", "-k", "size"]


@posix
@pytest.mark.parametrize("words", [["-n", "10"], ["-k", "15 or 16"], ["--durations", "20"]])
def test_a_number_behind_an_option_is_no_notebook(words, handed_over):
    with pytest.raises(SystemExit):
        commands.main(["test", "tests/test_corpus.py", *words])
    assert handed_over[0][-3:] == ["tests/test_corpus.py", *words]


@posix
def test_a_page_may_have_the_number_of_an_option(handed_over):
    with pytest.raises(SystemExit):
        commands.main(["test", "10", "--maxfail", "10"])
    words = handed_over[0]
    assert words[words.index("--maxfail") + 1] == "10"
    assert any(word.endswith("10_extract_keywords.ipynb") for word in words)


@posix
def test_all_tests_are_shared_by_two_processes_with_half_the_threads(handed_over, monkeypatch):
    seen = handed_over
    monkeypatch.setattr(commands.os, "cpu_count", lambda: 8)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    for words in (["test"], ["test", "--durations=9"]):
        with pytest.raises(SystemExit):
            commands.main(words)
        sent, variables = seen[-2:]
        assert sent[-5:] == ["-n", "2", "--dist", "loadscope", "--no-loadscope-reorder"]
        assert variables["OMP_NUM_THREADS"] == "4"
    with pytest.raises(SystemExit):
        commands.main(["test", "05"])
    assert "-n" not in seen[-2]


# A shell lets what it starts in the background ignore Ctrl-C, and so would these tests and all that they start.
HEAR_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def test_files_that_take_long_are_there_and_come_first(pytestconfig):
    rules = next(each for each in pytestconfig.pluginmanager.get_plugins() if hasattr(each, "takes_long"))
    assert all((ROOT / f"tests/test_{part}.py").is_file() for part in rules.LONG)
    assert rules.takes_long("tests/test_lab.py")
    assert rules.takes_long("notebooks/05_dense_retrieval.ipynb")
    assert not rules.takes_long("tests/test_words.py")


LITTER = """
import subprocess, sys

def test_a_process_that_does_not_tidy_up():
    subprocess.run([sys.executable, "-c", "import tempfile; tempfile.mkdtemp(prefix='left-')"], check=True)
"""


@posix
@pytest.mark.parametrize("processes", [[], ["-n", "2"]], ids=["one process", "two processes"])
def test_what_a_test_leaves_behind_is_removed(processes, tmp_path):
    (rooted := tmp_path / "course").mkdir()
    shutil.copy(ROOT / "conftest.py", rooted)
    (rooted / "tests").symlink_to(ROOT / "tests")
    (rooted / "test_litter.py").write_text(LITTER)
    (room := tmp_path / "room").mkdir()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *processes, "test_litter.py"]
    variables = {**os.environ, "TMPDIR": str(room), "PYTEST_DEBUG_TEMPROOT": str(tmp_path)}
    answer = subprocess.run(command, cwd=rooted, env=variables, capture_output=True, text=True, timeout=60)
    assert "1 passed" in answer.stdout, answer.stdout + answer.stderr
    assert list(room.iterdir()) == []


SLOW = """
import time
from pathlib import Path

def test_slow():
    Path(__file__).with_name("started").touch()
    time.sleep(60)
"""


@posix
@pytest.mark.parametrize("to_all", [True, False], ids=["as a terminal sends it", "to the command alone"])
def test_ctrl_c_leaves_the_last_word_to_pytest(to_all, tmp_path):
    (tmp_path / "test_slow.py").write_text(SLOW)
    words = ["test", str(tmp_path), f"--rootdir={tmp_path}", "-c", os.devnull, "-p", "no:cacheprovider"]
    said = interrupted(words, tmp_path / "started", to_all)
    assert "KeyboardInterrupt" in said
    assert re.search(r"=+ no tests ran in .* =+\n$", said)


@posix
def test_ctrl_c_stops_notebooks_that_run_and_says_what_is_true(notebook, tmp_path):
    notebook(f"from pathlib import Path; import time\nPath({str(tmp_path / 'started')!r}).touch()\ntime.sleep(60)")
    said = interrupted(["run"], tmp_path / "started", to_all=False, folder=tmp_path)
    assert said.endswith("\nStopped. What was fetched or written is kept; the same command does the rest.\n")
    assert "Traceback" not in said


@posix
def test_ctrl_c_ends_serving(tmp_path):
    serving = f"from course_utils.tools import serve; serve.serve(__import__('pathlib').Path({str(tmp_path)!r}), 0)"
    code = f"{HEAR_CTRL_C}\n{serving}"
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout.readline().startswith("Look at http://127.0.0.1:")
        program.send_signal(signal.SIGINT)
        assert program.stdout.read() == "\nStopped: the pages are no longer served.\n"
    assert program.returncode == 0


def interrupted(words: list[str], started: Path, to_all: bool, folder: Path = notebooks.FOLDER) -> str:
    """Run a command with another folder of notebooks, press Ctrl-C when ``started`` exists; return what it said."""
    code = (
        f"{HEAR_CTRL_C}\nimport sys; from pathlib import Path; from course_utils.tools import commands, notebooks\n"
        f"notebooks.FOLDER = Path({str(folder)!r})\n"
        f"sys.exit(commands.main({words!r}))"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        deadline = time.monotonic() + 60
        while not started.exists():
            assert program.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.killpg(program.pid, signal.SIGINT) if to_all else program.send_signal(signal.SIGINT)
        said, _ = program.communicate(timeout=30)
    finally:
        program.kill()
    assert program.returncode in (2, 130)  # pytest's status, and the shell's
    return said


def test_refreshing_twice_leaves_the_same_bytes(notebook):
    path = notebook(
        "1 + 1", "import ipywidgets\nipywidgets.IntSlider()", "%matplotlib inline\nimport time; time.time() > 0"
    )
    assert notebooks.refresh(path)
    first = path.read_bytes()
    assert not notebooks.refresh(path)
    assert path.read_bytes() == first
    assert b"model_id" not in first
    assert [cell.execution_count for cell in nbformat.read(path, 4).cells] == [1, 2, 3]


def test_a_measured_cell_keeps_its_measurement_until_the_code_changes(notebook):
    path = notebook("import time\ntime.time()", "2")
    book = nbformat.read(path, 4)
    book.cells[0].metadata["tags"] = ["measured"]
    path.write_text(nbformat.writes(book), encoding="utf-8")
    notebooks.refresh(path)
    first = path.read_bytes()
    assert not notebooks.refresh(path)
    book = nbformat.read(path, 4)
    book.cells[1].source = "3"
    path.write_text(nbformat.writes(book), encoding="utf-8")
    notebooks.refresh(path)
    assert nbformat.read(path, 4).cells[0].outputs != nbformat.reads(first.decode(), 4).cells[0].outputs


def test_a_notebook_that_fails_is_left_as_it_was(notebook):
    path = notebook("1 + 1", "1 / 0")
    before = path.read_bytes()
    with pytest.raises(CourseError, match=r"00_tiny.ipynb stopped:(.|\n)*ZeroDivisionError"):
        notebooks.refresh(path)
    assert path.read_bytes() == before


def test_a_bar_in_a_file_is_plain_also_after_a_kernel_was_started():
    code = (
        "import ipykernel, IPython; from course_utils.common.progress import job_bar; print(job_bar(3, 'x', 'y').ascii)"
    )
    variables = {name: value for name, value in os.environ.items() if name != "COURSE_QUIET"}
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, env=variables, text=True) == "True\n"


def test_one_failure_does_not_stop_the_other_notebooks(notebook):
    paths = [notebook("1 / 0", name="00_bad.ipynb"), notebook("2", name="01_good.ipynb")]
    runs = []
    failures = notebooks.each(paths, lambda path: runs.append(notebooks.execute(path)[1]))
    assert [run.name for run in runs] == ["01_good.ipynb"]
    assert len(failures) == 1


def test_memory_is_that_of_the_whole_tree(notebook):
    code = (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'import time; x = bytearray(300_000_000); time.sleep(1)'])"
    )
    small = notebooks.execute(notebook("1"))[1]
    large = notebooks.execute(notebook(code))[1]
    assert large.peak_bytes - small.peak_bytes > 250_000_000


def test_a_course_error_shows_as_one_sentence_in_a_notebook(notebook):
    path = notebook("from course_utils.embeddings import embed\nembed('text')")
    with pytest.raises(CourseError) as caught:
        notebooks.execute(path)
    assert "embed takes a list of texts" in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_a_notebook_started_from_another_folder_works(notebook):
    path = notebook("from course_utils.corpus import load_wikipedia\nlen(load_wikipedia(size=12))")
    book, _ = notebooks.execute(path)
    assert book.cells[0].outputs[0]["data"]["text/plain"] == "12"


def test_without_the_course_the_set_up_cell_says_what_to_do(tmp_path):
    cell = nbformat.read(ROOT / "notebooks/00_start_here.ipynb", 4).cells
    code = next(cell.source for cell in cell if cell.cell_type == "code")
    answer = subprocess.run([sys.executable, "-I", "-S", "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert answer.stderr.strip() == "The course is not installed here: in its folder run python3 -m course_utils lab"


def test_a_missing_package_is_reported_calmly(monkeypatch):
    monkeypatch.setattr(environment, "missing", lambda _: ["gguf>=0.10"])
    report = prepare.report()
    assert not report
    assert "Missing packages: gguf>=0.10. Close the notebook and start `python3 -m course_utils lab`." in str(report)


def test_an_empty_cache_is_reported_calmly(empty_cache):
    report = prepare.report()
    assert not report
    assert "will be fetched at first use" in str(report)


def test_no_address_means_no_badges_anywhere():
    name, _ = launch.repository()
    texts = [path.read_text(encoding="utf-8") for path in [ROOT / "README.md", *notebooks.find()]]
    assert all(("mybinder.org" in text) is bool(name) for text in texts)


def test_an_address_brings_the_badges_and_taking_it_away_removes_them(tmp_path, monkeypatch):
    readme, book = shutil.copy(ROOT / "README.md", tmp_path), shutil.copy(notebooks.find(["00"])[0], tmp_path)
    before = [open(path, encoding="utf-8").read() for path in (readme, book)]
    monkeypatch.setattr(launch, "repository", lambda: ("someone/course", "main"))
    assert launch.write_into_readme(type(ROOT)(readme))
    assert launch.write_into_notebook(type(ROOT)(book))
    assert (
        "mybinder.org/v2/gh/someone/course/main?urlpath=lab/tree/notebooks/00_start_here.ipynb" in open(readme).read()
    )
    assert (
        "colab.research.google.com/github/someone/course/blob/main/notebooks/00_start_here.ipynb" in open(book).read()
    )
    monkeypatch.setattr(launch, "repository", lambda: ("", "main"))
    launch.write_into_readme(type(ROOT)(readme))
    launch.write_into_notebook(type(ROOT)(book))
    assert [open(path, encoding="utf-8").read() for path in (readme, book)] == before


@pytest.mark.parametrize(
    ("address", "name"), [("", ""), ("https://github.com/a/b", "a/b"), ("https://github.com/a/b.git", "a/b")]
)
def test_the_address_is_read_from_one_place(tmp_path, address, name):
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(re.sub('repository = ".*"', f'repository = "{address}"', text))
    assert launch.repository(tmp_path / "pyproject.toml")[0] == name


def test_an_address_that_badges_cannot_use_is_refused(tmp_path):
    (tmp_path / "pyproject.toml").write_text('repository = "git@host:a/b"\nbranch = "main"\n')
    with pytest.raises(CourseError, match="must look like"):
        launch.repository(tmp_path / "pyproject.toml")


def test_one_notebook_is_tested_by_its_number():
    words = commands.words_for_pytest(notebooks.find(["05", "07"]), all_rules=False)
    assert words[-2:] == ["-k", "dense_retrieval or grounded_answers"]
    answer = course("test", "05", "--collect-only", "-q")
    collected = answer.stdout.splitlines()
    assert answer.returncode == 0, answer.stderr
    assert any(line.startswith("notebooks/05_dense_retrieval.ipynb::Cell") for line in collected)
    assert any("test_house_style.py" in line and "05_dense_retrieval" in line for line in collected)
    assert any("test_exercises.py" in line and "dense_retrieval" in line for line in collected)
    assert not any("04_keyword" in line for line in collected)


def test_the_quick_test_knows_the_rules_of_all_notebooks():
    answer = course("test", "--quick", "--collect-only", "-q")
    assert answer.returncode == 0, answer.stderr
    for rule in ("test_layout.py", "test_project.py", "test_house_style.py::test_no_cell_is_empty[13_"):
        assert f"tests/{rule}" in answer.stdout


def test_the_test_of_the_core_leaves_the_electives_out():
    answer = course("test", "--core", "--collect-only", "-q", "notebooks")  # to collect all takes ten seconds more
    assert answer.returncode == 0, answer.stderr
    files = {line.partition("::")[0] for line in answer.stdout.splitlines()}
    assert "notebooks/16_images_and_text.ipynb" in files
    assert not [name for name in files if name.startswith("notebooks/2")]
    assert commands.words_for_the_core(notebooks.find())[-1] == "--ignore=tests/electives"
