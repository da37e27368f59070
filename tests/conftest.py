"""What holds for every test in this folder."""

from __future__ import annotations

import os
import sys

import pytest

from course_utils.common import record

os.environ[record.SETTING] = record.OFF  # what tests solve is nobody's progress


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    """Close what a test has drawn, so that no later test counts it and memory does not grow."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")
