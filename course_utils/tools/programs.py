"""Other programs run by a command: Ctrl-C is left to them, and waited for."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence


def run_program(command: Sequence[str], timeout: float | None = None, **more: object) -> int:
    """Run a program and return its exit status; after a Ctrl-C it may end in its own way, a second one ends it at once.

    Parameters
    ----------
    command : sequence of str
        The program and its words.
    timeout : float, optional
        Seconds after which it is ended.
    **more
        What `subprocess.Popen` takes besides.

    Raises
    ------
    subprocess.TimeoutExpired
        If it took longer than ``timeout``.
    """
    with subprocess.Popen(command, **more) as program:
        try:
            return program.wait(timeout)
        except KeyboardInterrupt:
            if os.name != "nt" and not (
                sys.stdin and sys.stdin.isatty()
            ):  # a terminal has sent Ctrl-C to the program too
                program.send_signal(signal.SIGINT)
            return program.wait()
        finally:
            program.kill()
