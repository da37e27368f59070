"""What the course ships of measurements that take too long for a lesson; ``training/scale_out.py`` made it."""

from __future__ import annotations

from typing import Any

from course_utils.common import DATA
from course_utils.common.files import read_results

FILE = DATA / "scale" / "times.json"


def load_times() -> dict[str, Any]:
    """Return what was measured, in seconds of the processor where nothing else is said.

    ``task`` is what an empty task costs the scheduler's process and a worker. ``curves`` has for each job the ``sizes``
    of its partitions, and the seconds a text of a ``worker`` as Dask starts it; ``serial`` the share of each job
    outside tasks; ``growth`` the rows of `measuring.grow`, and ``codes`` the row of `measuring.search_codes`. ``wall``
    has, for workers as Dask starts them and for those of `local_workers`, the ``clock`` seconds in which one worker and
    two encode 160 articles in 16 partitions, and how many of the one worker's seconds the operating ``system`` took.
    The computer had nothing else to do, except for ``codes``.

    Examples
    --------
    >>> sorted(load_times())
    ['codes', 'curves', 'growth', 'serial', 'task', 'wall']
    """
    return read_results(FILE, "training/scale_out.py")
