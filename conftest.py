"""What every test sees: notebooks compared up to rounding, and an empty cache for those that ask for one."""

from __future__ import annotations

import pytest

from tests.rounding import forgive_rounding


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let nbval compare outputs as another processor may print them."""
    forgive_rounding(item)


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Move the course's cache to an empty folder, as in a new session."""
    from course_utils.common import store

    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE", str(folder))
    store.forget_session()
    yield folder
    store.forget_session()
