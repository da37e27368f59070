"""What every test sees: notebooks compared up to rounding, and an empty cache for those that ask for one."""

from __future__ import annotations

import os
import tempfile

import pytest

from tests.rounding import forgive_rounding

LEFT_BEHIND = pytest.StashKey[tuple[tempfile.TemporaryDirectory, str | None]]()
LONG = {"assignment", "book", "class_server", "exercises", "lab", "setup_cell", "site", "slides", "transformer"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add an option for what takes too long for each run."""
    parser.addoption("--every-page", action="store_true", help="look for barriers on all pages and decks, not on a few")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let nbval compare outputs as another processor may print them."""
    forgive_rounding(item)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where two processes share the tests, begin with what takes long, so that neither is left alone with it."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: not takes_long(item.nodeid.partition("::")[0]))


def takes_long(name: str) -> bool:
    """Tell whether a file is a notebook, or its tests start browsers, servers or models."""
    return name.endswith(".ipynb") or name in {f"tests/test_{part}.py" for part in LONG}


def pytest_configure(config: pytest.Config) -> None:
    """Give what tests start a folder for its temporary files; say which files two processes are testing."""
    if not hasattr(config, "workerinput"):  # whose environment is this process's
        leftovers = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
        config.stash[LEFT_BEHIND] = leftovers, os.environ.get("TMPDIR")
        os.environ["TMPDIR"] = leftovers.name  # nbval ends kernels before they can tidy up
    if config.getoption("numprocesses", None):
        config.pluginmanager.register(FileNames(config), "file names")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what kernels, servers and browsers have left behind."""
    if LEFT_BEHIND in config.stash:
        leftovers, before = config.stash[LEFT_BEHIND]
        os.environ.pop("TMPDIR") if before is None else os.environ.update(TMPDIR=before)
        leftovers.cleanup()


class FileNames:
    """Write the name of each file when a process begins with it."""

    def __init__(self, config: pytest.Config) -> None:
        self.config, self.current = config, {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write a file's name before the first result of it."""
        name, node = report.nodeid.partition("::")[0], getattr(report, "node", None)
        if self.current.get(node) != name:
            self.current[node] = name
            reporter = self.config.pluginmanager.get_plugin("terminalreporter")
            reporter.ensure_newline()
            reporter.write(f"{name} ")


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Move the course's cache to an empty folder, as in a new session."""
    from course_utils.common import store

    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE", str(folder))
    store.forget_session()
    yield folder
    store.forget_session()
