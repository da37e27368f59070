"""One sentence for each step, and a bar where a step takes time; with the standard library alone."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

WIDTH = 30
QUIET = "COURSE_QUIET"


def say(sentence: str) -> None:
    """Print one sentence for a person who waits, at once."""
    print(sentence, flush=True)


def job_bar(total: int, unit: str, what: str, **more: object) -> tqdm:
    """Return tqdm's bar for a job in a notebook or a terminal; it appears after two seconds, not for quick jobs.

    Where outputs are compared or kept, the variable ``COURSE_QUIET`` keeps bars out of them.
    """
    from tqdm.auto import tqdm

    rare = {} if sys.stderr.isatty() or _in_a_notebook() else {"mininterval": 20, "ascii": True}
    return tqdm(total=total, unit=unit, desc=what, delay=2, disable=QUIET in os.environ, **rare, **more)


def _in_a_notebook() -> bool:
    """Tell whether this process is a kernel; one that starts kernels has imported the same modules."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


@contextlib.contextmanager
def quiet_loading() -> Iterator[None]:
    """Keep the bars of transformers out of a cell that loads a model in a moment."""
    from transformers.utils import logging

    was_shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            logging.enable_progress_bar()


class Bar:
    """A progress bar for a terminal, before tqdm is installed; where the output is a file, a line at each quarter.

    ``total`` may be a guess: the bar does not reach its end before it is closed.

    Examples
    --------
    >>> with Bar("Counting.", 4) as bar:
    ...     for _ in range(4):
    ...         bar.advance()
    Counting.
    Counting. 25 %
    Counting. 50 %
    Counting. 75 %
    """

    def __init__(self, sentence: str, total: int):
        self.sentence, self.total, self.done, self.shown = sentence, max(total, 1), 0, 0
        self.terminal = sys.stdout.isatty()

    def __enter__(self) -> Bar:
        self._draw() if self.terminal else say(self.sentence)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if self.terminal:
            self.done = self.total if kind is None else self.done
            self._draw()
            print()

    def advance(self, steps: int = 1) -> None:
        """Move the bar on by ``steps``."""
        self.reach(self.done + steps)

    def reach(self, done: int) -> None:
        """Move the bar to ``done`` steps, never back."""
        self.done = min(max(done, self.done), self.total)
        if self.terminal:
            self._draw()
        elif (quarter := 4 * self.done // self.total) > self.shown and quarter < 4:
            self.shown = quarter
            say(f"{self.sentence} {25 * quarter} %")

    def follow(self, count: Callable[[], int], while_running: subprocess.Popen) -> None:
        """Show the second half of the bar from a count that rises while another process works."""
        half, before = self.total // 2, count()
        self.reach(half)
        while while_running.poll() is None:
            self.reach(half + count() - before)
            time.sleep(0.5)

    def _draw(self) -> None:
        filled = WIDTH * self.done // self.total
        full, empty = "█·" if "utf" in (sys.stdout.encoding or "").lower() else "#."
        bar = full * filled + empty * (WIDTH - filled)
        print(f"\r{self.sentence} {bar} {100 * self.done // self.total:3d} %", end="", flush=True)
