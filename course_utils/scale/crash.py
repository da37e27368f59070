"""What a crash would leave: looks at a folder at every step of a job that writes files into it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType


def watch_steps(job: Callable[[], object], look: Callable[[int], object]) -> int:
    """Do a job, and call ``look`` with the number of the step before and after each call that the job makes.

    What lies on the disk at such a moment is what a power cut would leave there: no later line of the job runs, not
    even one that tidies up, and what a file still holds back in memory is not there.

    Returns
    -------
    int
        How many steps there were.

    Examples
    --------
    >>> watch_steps(lambda: len([1]), lambda step: None) > 1
    True
    """
    steps = 0

    def at_step(frame: FrameType, event: str, argument: object) -> None:
        nonlocal steps
        look(steps)
        steps += 1

    before = sys.getprofile()
    sys.setprofile(at_step)
    try:
        job()
    finally:
        sys.setprofile(before)
    return steps


def crash_states(job: Callable[[], object], folder: Path) -> list[dict[str, bytes]]:
    """Return what a crash would leave in a folder at the steps of a job, each different state once, in their order.

    A state has the bytes of each file by its name, with the folders between: ``"aside/count.txt"``.
    """
    folder = Path(folder)
    states: list[dict[str, bytes]] = []

    def look(step: int) -> None:
        files = (path for path in folder.rglob("*") if path.is_file())
        now = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
        if now not in states:
            states.append(now)

    watch_steps(job, look)
    return states


def run_inside(job: Callable[[], object], other: Callable[[], object], when: int) -> None:
    """Do a job, and another one from beginning to end at one of its steps, as if two machines did them at once."""
    watch_steps(job, lambda step: other() if step == when else None)


def restore(folder: Path, state: Mapping[str, bytes]) -> None:
    """Make a folder that holds the files of one of `crash_states`."""
    folder.mkdir(parents=True)
    for name, data in state.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
