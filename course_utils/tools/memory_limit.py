"""The memory of this process and of all that it started: watched, and held below a limit where one is asked for."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator

from course_utils.common.errors import InputError

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
SECONDS_BETWEEN_MEASUREMENTS = 0.1


def parse(amount: str) -> int:
    """Return the bytes that a number with K, M, G or nothing behind it means.

    Examples
    --------
    >>> parse("1.5G")
    1500000000
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMG]?)B?", amount.strip().upper())
    if not found or not float(found[1]):
        raise InputError(f"An amount of memory looks like 2G or 1500M, not {amount!r}.")
    return int(float(found[1]) * UNITS[found[2]])


def tree_bytes() -> int:
    """Return the resident memory of this process and all its descendants, in bytes."""
    import psutil

    def resident(process: psutil.Process) -> int:
        try:
            return process.memory_info().rss
        except psutil.Error:  # it ended meanwhile
            return 0

    me = psutil.Process()
    return sum(resident(process) for process in [me, *me.children(recursive=True)])


@contextlib.contextmanager
def watched(limit: int | None = None) -> Iterator[list[int]]:
    """Keep the highest memory of the process tree in a list of one number, and end the tree's children at a limit.

    All amounts are bytes. The tree is measured ten times a second: what is used for less than that may not be seen.
    """
    peak, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(SECONDS_BETWEEN_MEASUREMENTS):
            now = tree_bytes()
            peak[0] = max(peak[0], now)
            if limit and now > limit:
                end_children()

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def end_children() -> None:
    """End every process that this one has started, and those that they have started, at once."""
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()
