"""What every test sees: an empty cache for those that ask for one, and the course's folder on the path."""

from __future__ import annotations

import pytest


@pytest.fixture
def empty_cache(tmp_path, monkeypatch):
    """Move the course's cache to an empty folder."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("COURSE_CACHE", str(folder))
    return folder
