"""Who does the work: this process, or worker processes that a scheduler gives tasks to."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    import distributed

HOST, MOST_WORKERS, PATIENCE = "127.0.0.1", 2, 120  # seconds in which tasks have to come back
ENVIRONMENT, TRIM = "distributed.nanny.pre-spawn-environ", "MALLOC_TRIM_THRESHOLD_"


def run_tasks(client: distributed.Client | Stopwatch | None, function: Callable, *columns: Sequence) -> list:
    """Call a function once for each row of arguments, here or on workers, and return the results in order.

    Parameters
    ----------
    client : distributed.Client, Stopwatch or None
        Who does it: without a client this process, one call after the other.
    function : callable
        Gets one item of each column. On workers it may be called twice for the same item, when a worker dies.
    *columns : sequence
        Of one length.

    Raises
    ------
    InputError
        If there are no columns, their lengths differ, or ``client`` cannot give out tasks.

    Examples
    --------
    >>> run_tasks(None, pow, [2, 3], [3, 2])
    [8, 9]
    """
    if len({len(column) for column in columns}) != 1:
        raise InputError(f"Each task needs its arguments, and the columns have {[len(each) for each in columns]} rows.")
    if client is None:
        return [function(*row) for row in zip(*columns, strict=True)]
    if not hasattr(client, "map") or not hasattr(client, "gather"):
        raise InputError(f"client is a distributed.Client or None, and this is {type(client).__name__}.")
    return client.gather(client.map(function, *map(list, columns), pure=False))


class Stopwatch:
    """Plays a client that does each task here, and keeps the seconds of the processor that each of them took.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> run_tasks(watch, abs, [-1, 2]), len(watch.seconds)
    ([1, 2], 2)
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.start = time.process_time()

    def map(self, function: Callable, *columns: Sequence, pure: bool = False) -> list:
        """Do all tasks, one after the other."""
        found = []
        for row in zip(*columns, strict=True):
            start = time.process_time()
            found.append(function(*row))
            self.seconds.append(time.process_time() - start)
        return found

    def gather(self, found: list) -> list:
        """Return what `map` has returned."""
        return found

    def serial_share(self) -> float:
        """Return which share of the processor's time since the start was spent outside tasks."""
        return 1 - sum(self.seconds) / (time.process_time() - self.start)


@contextlib.contextmanager
def local_workers(n_workers: int = 2, memory: str = "600MB", *, trim: bool = False) -> Iterator[distributed.Client]:
    """Start a scheduler and workers on the loopback address, and stop all of them at the end, even after an error.

    Parameters
    ----------
    n_workers : int
        One or two processes of one thread each.
    memory : str
        What each may take; one that takes more is ended and started anew.
    trim : bool
        Keep Dask's setting `TRIM`, by which Linux gets freed memory back at once. It saves memory where workers run for
        days, and costs the encoder time, since it asks for the same memory anew at each step.

    Examples
    --------
    ::

        with local_workers(2) as client:
            run_tasks(client, abs, [-1, 2])
    """
    import dask
    from distributed import Client, LocalCluster

    check_whole("n_workers", n_workers, 1, MOST_WORKERS)
    settings = {"distributed.worker.memory.spill": False, "distributed.worker.memory.target": False}
    environment = dask.config.get(ENVIRONMENT)
    settings[ENVIRONMENT] = {name: value for name, value in environment.items() if trim or name != TRIM}
    how = {"n_workers": n_workers, "threads_per_worker": 1, "processes": True, "memory_limit": memory}
    how |= {"host": HOST, "dashboard_address": None, "silence_logs": logging.CRITICAL}
    with (
        _kept(environment),
        dask.config.set(settings),
        LocalCluster(**how) as cluster,
        Client(cluster, timeout=PATIENCE) as client,
    ):
        client.wait_for_workers(n_workers, timeout=PATIENCE)
        yield client


@contextlib.contextmanager
def _kept(names: Iterable[str]) -> Iterator[None]:
    """Give this process its own environment back, into which Dask writes what its workers shall inherit."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextlib.contextmanager
def kill_one_worker(client: distributed.Client, victim: Path) -> Iterator[None]:
    """End a worker's process in the midst of the work of a ``with`` block, as a crash of its machine would.

    Parameters
    ----------
    client : distributed.Client
        Of `local_workers`.
    victim : Path
        A file into which a task writes the number of its process before it waits to be ended. A number that is no
        worker's, such as one that an earlier run has left, is passed over.
    """
    import psutil

    pids, over = set(map(str, client.run(os.getpid).values())), threading.Event()

    def wait_and_kill() -> None:
        while not over.wait(0.01):
            pid = Path(victim).read_text(encoding="utf-8").strip() if Path(victim).exists() else ""
            if pid in pids:
                with contextlib.suppress(psutil.NoSuchProcess):
                    psutil.Process(int(pid)).kill()
                return

    killer = threading.Thread(target=wait_and_kill, daemon=True)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join(PATIENCE)
