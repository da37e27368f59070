"""The memory of this process and of all that it started: watched, and held below a limit where one is asked for."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from course_utils.common.errors import InputError

UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
SECONDS_BETWEEN_LOOKS = 0.1


def parse(amount: str) -> int:
    """Return the bytes that a text such as ``"2G"`` means.

    Raises
    ------
    InputError
        If it is no number with K, M, G or nothing behind it.

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
    """Keep the highest memory of the process tree in a list of one number, and stop the tree's children at a limit.

    Parameters
    ----------
    limit : int, optional
        Bytes. Linux enforces it with a control group where this process may make one; elsewhere the children are
        ended at the first look that finds more.

    Yields
    ------
    list of int
        The peak so far, in bytes.
    """
    peak, done = [0], threading.Event()
    group = _control_group(limit) if limit else None
    inside = group or contextlib.nullcontext()

    def watch() -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            now = tree_bytes()
            peak[0] = max(peak[0], now)
            if limit and not group and now > limit:
                _end_children()

    thread = threading.Thread(target=watch, daemon=True)
    with inside:
        thread.start()
        try:
            yield peak
        finally:
            done.set()
            thread.join()


def _end_children() -> None:
    import psutil

    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()


def _control_group(limit: int) -> contextlib.AbstractContextManager | None:
    """Make a control group of Linux with a memory limit below the one this process is in; None where it may not."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            _, controllers, place = line.split(":", 2)
            if controllers not in ("memory", ""):
                continue
            parent = Path("/sys/fs/cgroup", controllers, place.lstrip("/"))
            knob = "memory.limit_in_bytes" if controllers else "memory.max"
            group = parent / f"course-{os.getpid()}"
            if not (parent / "cgroup.procs").exists():
                continue
            with contextlib.suppress(OSError):
                group.mkdir(exist_ok=True)
                try:
                    (group / knob).write_text(str(limit), encoding="ascii")
                except OSError:
                    group.rmdir()
                    continue
                return _inside(group)
    return None


@contextlib.contextmanager
def _inside(group: Path) -> Iterator[None]:
    me = str(os.getpid())
    (group / "cgroup.procs").write_text(me, encoding="ascii")
    try:
        yield
    finally:
        (group.parent / "cgroup.procs").write_text(me, encoding="ascii")
        with contextlib.suppress(OSError):  # a child that has not ended yet keeps the empty group alive
            group.rmdir()
