"""The classifier as a service on this computer alone: checked requests, health, metrics, and an end."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import CourseError, InputError
from course_utils.shipping.models import Encode, TopicModel
from course_utils.shipping.rollout import Rollout

if TYPE_CHECKING:
    import fastapi

HOST, LONGEST_TEXT, SECONDS, THREAD = "127.0.0.1", 5000, 10.0, "course-service"


class Metrics:
    """Counts of answers by version and by status, and the milliseconds that each took."""

    def __init__(self) -> None:
        self.lock, self.versions, self.statuses, self.times = threading.Lock(), Counter(), Counter(), []

    def note(self, status: int, version: str | None = None, milliseconds: float | None = None) -> None:
        """Count one answer."""
        with self.lock:
            self.statuses[status] += 1
            if version is not None:
                self.versions[version] += 1
            if milliseconds is not None:
                self.times.append(milliseconds)

    def report(self) -> dict[str, Any]:
        """Return what ``/metrics`` shows."""
        with self.lock:
            seen = {f"p{q}_ms": round(float(np.percentile(self.times, q)), 1) for q in (50, 95, 99) if self.times}
            return {"statuses": dict(self.statuses), "versions": dict(self.versions), **seen}


def make_app(models: Mapping[str, TopicModel], rollout: Rollout, encode: Encode | None = None) -> fastapi.FastAPI:
    """Make the service: ``POST /topic``, ``GET /health`` and ``GET /metrics``.

    Parameters
    ----------
    models : mapping of str to TopicModel
        All versions that may answer, by their names.
    rollout : Rollout
        Says for each request which of them does; it can be changed while the service runs.
    encode : callable, optional
        Texts to vectors; the course's encoder without its memory, if left out, so that times are those of work.

    Examples
    --------
    >>> app = make_app({"1": TopicModel(("cold", "food"), np.zeros((2, 2)), np.ones(1), ("ice",))}, Rollout("1"))
    >>> from fastapi.testclient import TestClient
    >>> client = TestClient(app)
    >>> client.get("/health").json(), client.post("/topic", json={"text": ""}).status_code
    ({'status': 'ok', 'live': '1'}, 422)
    """
    from fastapi import FastAPI, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, ConfigDict, Field

    if rollout.live not in models:
        raise InputError(f"The live version {rollout.live!r} is not among the models: {', '.join(models)}.")
    encode = encode or fresh_encoder()
    metrics, app = Metrics(), FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    class Asked(BaseModel):
        model_config = ConfigDict(extra="forbid", strict=True)
        text: str = Field(min_length=1, max_length=LONGEST_TEXT, pattern=r"\S")
        id: str = Field(default="", max_length=100)

    def topic(asked: Asked) -> dict[str, Any]:
        start, version = time.perf_counter(), rollout.version_for(asked.id or asked.text)
        chances = models[version].probabilities([asked.text], encode)[0]
        best = int(chances.argmax())
        metrics.note(200, version, 1000 * (time.perf_counter() - start))
        return {"topic": models[version].topics[best], "confidence": float(chances[best]), "version": version}

    async def refuse(_: Request, error: Exception) -> JSONResponse:
        metrics.note(422)
        first = error.errors()[0]
        return JSONResponse({"field": str(first["loc"][-1]), "problem": first["msg"]}, status_code=422)

    topic.__annotations__["asked"] = Asked  # a class that is known here alone, so that its name is not enough
    app.post("/topic")(topic)
    app.get("/health")(lambda: {"status": "ok", "live": rollout.live})
    app.get("/metrics")(metrics.report)
    app.add_exception_handler(RequestValidationError, refuse)
    return app


def fresh_encoder() -> Encode:
    """Return MiniLM as a function of texts that computes each vector anew."""

    def encode(texts: Sequence[str]) -> np.ndarray:
        from course_utils.transformer.encoder import NumPyEncoder

        return NumPyEncoder.minilm().encode(texts)

    return encode


@contextmanager
def serving(app: fastapi.FastAPI) -> Iterator[str]:
    """Serve an app on a free port of the loopback address while the block runs; stop it at its end, whatever happens.

    Yields
    ------
    str
        The address, which only this computer can reach.
    """
    import uvicorn

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listening:
        listening.bind((HOST, 0))
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name=THREAD, daemon=True)
        thread.start()
        try:
            wait_for(server, thread)
            yield f"http://{HOST}:{port}"
        finally:
            server.should_exit = True
            thread.join(SECONDS)
            server.force_exit = True


def wait_for(server: Any, thread: threading.Thread, seconds: float = SECONDS) -> None:
    """Wait until a server answers; CourseError if it ends or does not begin in time."""
    end = time.monotonic() + seconds
    while not server.started:
        if not thread.is_alive() or time.monotonic() > end:
            raise CourseError("The service did not start. Run the cell again.")
        time.sleep(0.01)


def is_listening(address: str) -> bool:
    """Tell whether anything answers at an address such as ``http://127.0.0.1:8000``."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as asking:
        asking.settimeout(1.0)
        return asking.connect_ex((HOST, int(address.rsplit(":", 1)[1]))) == 0


def ask(address: str, texts: Sequence[str], n_clients: int = 1) -> list[tuple[int, dict[str, Any], float]]:
    """Send texts to a service and return for each one the status, the answer, and the milliseconds that it took.

    Parameters
    ----------
    n_clients : int
        How many clients send at once. Each waits for its answer before it sends the next text; together they send at
        most 1,000 texts.
    """
    from concurrent.futures import ThreadPoolExecutor

    import httpx

    if len(texts) > 1000:
        raise InputError(f"{len(texts)} texts are more than this small service shall answer at once: send 1,000.")

    def send(text: str) -> tuple[int, dict[str, Any], float]:
        start = time.perf_counter()
        answer = client.post(f"{address}/topic", json={"text": text})
        return answer.status_code, answer.json(), 1000 * (time.perf_counter() - start)

    n_clients = check_whole("n_clients", n_clients, 1, 16)
    with httpx.Client(trust_env=False, timeout=SECONDS) as client, ThreadPoolExecutor(n_clients) as pool:
        return list(pool.map(send, texts))
