"""Federated averaging between real processes: a server on the loopback address, and clients that ask it."""

from __future__ import annotations

import http.server
import io
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import CourseError
from course_utils.federated.averaging import average

HOST, LONGEST, MOMENT = "127.0.0.1", 60.0, 2.0  # seconds after which clients give up, and for them to end
WAIT, OVER = 204, 410  # HTTP: nothing there yet; gone for good


def to_bytes(array: np.ndarray) -> bytes:
    """Write an array as NumPy's own file format, which holds numbers and no code.

    Examples
    --------
    >>> from_bytes(to_bytes(np.arange(3.0)))
    array([0., 1., 2.])
    """
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def from_bytes(body: bytes) -> np.ndarray:
    """Read an array that `to_bytes` wrote."""
    return np.load(io.BytesIO(body), allow_pickle=False)


class QuietServer(http.server.ThreadingHTTPServer):
    """A web server that says nothing of a client that hung up."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Tell of an error unless the other end is gone."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Server:
    """A server that hands out its model, collects what the clients send back, and averages it: rounds of it.

    Use it with ``with``: at the end, or after an error, it is closed. ``model`` is the last average, ``sent`` and
    ``received`` count the bytes of the bodies.

    Parameters
    ----------
    model : ndarray
        The model of the first round.
    sizes : sequence of int
        How many articles each client has.
    n_rounds : int
        After so many averages clients are told that it is over.
    """

    def __init__(self, model: np.ndarray, sizes: Sequence[int], n_rounds: int):
        self.model, self.sizes, self.n_rounds = model, list(sizes), check_whole("n_rounds", n_rounds, 1)
        self.round, self.sent, self.received, self.arrived = 0, 0, 0, {}
        self.lock, self.over = threading.Lock(), threading.Event()
        self.web = QuietServer((HOST, 0), handler_of(self))
        self.address = f"http://{HOST}:{self.web.server_port}"

    def __enter__(self) -> Server:
        threading.Thread(target=self.web.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.web.shutdown()
        self.web.server_close()

    def answer(self, number: int) -> tuple[int, bytes]:
        """Return the status and the body for a client that asks for the model of round ``number``."""
        with self.lock:
            if self.over.is_set():
                return OVER, b""
            if number != self.round:
                return WAIT, b""
            body = to_bytes(self.model)
            self.sent += len(body)
            return 200, body

    def take(self, client: int, body: bytes) -> None:
        """Keep a client's model, and average when all have come."""
        with self.lock:
            self.received += len(body)
            self.arrived[client] = from_bytes(body)
            if len(self.arrived) == len(self.sizes):
                self.model = average([self.arrived[n] for n in range(len(self.sizes))], self.sizes)
                self.arrived, self.round = {}, self.round + 1
                if self.round == self.n_rounds:
                    self.over.set()

    def wait(self, processes: Sequence[subprocess.Popen], seconds: float = LONGEST) -> np.ndarray:
        """Wait for the last average and return it; CourseError if a client died or the time is over."""
        end = time.monotonic() + seconds
        while not self.over.wait(0.05):
            dead = [number for number, process in enumerate(processes) if process.poll() is not None]
            if (dead or time.monotonic() > end) and not self.over.is_set():
                why = f"client {dead[0]} has ended early" if dead else f"{seconds:g} s were not enough"
                raise CourseError(f"The rounds were not finished: {why}. Run the cell again.")
        return self.model


def handler_of(server: Server) -> type[http.server.BaseHTTPRequestHandler]:
    """Return the class that answers requests: ``GET /<round>`` for the model, ``POST /<client>`` with a new one."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = server.answer(int(self.path.strip("/")))
            self.reply(status, body)

        def do_POST(self) -> None:
            server.take(int(self.path.strip("/")), self.rfile.read(int(self.headers["Content-Length"])))
            self.reply(200, b"")

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def start_client(
    address: str, number: int, folder: Path, data: tuple[np.ndarray, np.ndarray], *, rate: float, n_steps: int
) -> subprocess.Popen:
    """Write a client's articles into a file of its own and start a process that reads it and asks the server.

    The caller stops the process when it is done with it; by itself it ends when the server is gone or after a minute.
    """
    import course_utils

    path = Path(folder) / f"client_{number}.npz"
    np.savez(path, X=data[0], y=data[1])
    root = str(Path(course_utils.__file__).parents[1])
    around = os.environ | {"PYTHONPATH": root} | dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    order = [sys.executable, "-m", "course_utils.federated.client", address, number, path, rate, n_steps]
    return subprocess.Popen([str(part) for part in order], env=around, stdin=subprocess.DEVNULL)


def stop(processes: Sequence[subprocess.Popen]) -> None:
    """Give processes a moment to end, then end those that still run, and wait until they have."""
    end = time.monotonic() + MOMENT
    while any(process.poll() is None for process in processes) and time.monotonic() < end:
        time.sleep(0.02)
    for process in processes:
        process.kill()
    for process in processes:
        process.wait()
