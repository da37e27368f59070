"""A client of federated averaging, as a process: ``python -m course_utils.federated.client`` with five arguments."""

# ruff: noqa: N806 (W and X are the matrices of the prose)

from __future__ import annotations

import sys
import time
import urllib.error
import urllib.request

import numpy as np

from course_utils.federated.averaging import train_locally
from course_utils.federated.wire import LONGEST, WAIT, from_bytes, to_bytes

PAUSE = 0.02  # seconds between two questions whether the next model is there


def take_part(address: str, number: int, path: str, rate: float, n_steps: int) -> int:
    """Train in each round on the articles of one file, send the model and nothing else, and return the rounds.

    Examples
    --------
    >>> import tempfile, pathlib, threading
    >>> from course_utils.federated.wire import Server
    >>> with tempfile.TemporaryDirectory() as folder, Server(np.zeros((2, 2)), [4], n_rounds=3) as server:
    ...     file = pathlib.Path(folder) / "one.npz"
    ...     np.savez(file, X=np.ones((4, 2)), y=np.array([0, 1, 1, 1]))
    ...     take_part(server.address, 0, str(file), 0.5, 1)
    3
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the loopback address needs no proxy
    with np.load(path) as file:
        X, y = file["X"], file["y"]
    done, end = 0, time.monotonic() + LONGEST
    while time.monotonic() < end:
        try:
            with opener.open(f"{address}/{done}", timeout=LONGEST) as answer:
                status, body = answer.status, answer.read()
            if status == WAIT:
                time.sleep(PAUSE)
                continue
            W = train_locally(from_bytes(body), X, y, rate, n_steps)
            opener.open(urllib.request.Request(f"{address}/{number}", to_bytes(W), method="POST"), timeout=LONGEST)
        except OSError:  # over (410), or the server is gone
            break
        done += 1
    return done


if __name__ == "__main__":
    _, address, number, path, rate, n_steps = sys.argv
    take_part(address, int(number), path, float(rate), int(n_steps))
