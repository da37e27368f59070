"""What the course ships of the shrunk encoders, which take too long for a lesson: ``training/shrink_encoder.py``."""

from __future__ import annotations

import json
from typing import Any

from course_utils.common import DATA

FOLDER = DATA / "edge"
N_TEXTS = 600  # test articles, the first thirty words of each
N_FIT = 1500  # training articles, cut in the same way, for a classifier fitted to a version's own vectors


def load_encoders() -> list[dict[str, Any]]:
    """Return the shrunk encoders: ``name``, ``megabytes`` of the weights, ``cosine`` to the full encoder's vectors.

    ``said`` holds the topic, as a number, that a classifier gave each of the 600 texts from the vector. The full and
    the pruned versions also have ``refitted``: what a classifier says that was fitted to the version's own vectors.

    Examples
    --------
    >>> rows = load_encoders()
    >>> rows[0]["name"], len(rows[0]["said"])
    ('float32', 600)
    """
    return json.loads((FOLDER / "encoder.json").read_text(encoding="utf-8"))
