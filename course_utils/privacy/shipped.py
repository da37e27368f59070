"""What the course ships of the planted codes; ``training/keep_data_private.py`` made it."""

from __future__ import annotations

from typing import Any

from course_utils.common import DATA
from course_utils.common.files import read_results

FILE = DATA / "privacy" / "exposure.json"


def load_exposures() -> list[dict[str, Any]]:
    """Return the runs: ``way``, ``times``, ``seed``, ``secret`` and ``exposure`` of each, in bits.

    The ways are ``"copies"``, ``"deduplicated"``, ``"wordings"`` and ``"wordings, deduplicated"``.

    Examples
    --------
    >>> sorted({run["times"] for run in load_exposures() if run["way"] == "copies"})
    [0, 1, 2, 4, 8, 16, 32]
    """
    return read_results(FILE, "training/keep_data_private.py")
