"""How many learners does this machine hold? ``python3 benchmarks/class_server.py --most 8``.

Starts JupyterHub with the example configuration of ``docs/class_server``, then one simulated learner after another:
each starts a server, opens notebook 01, runs all of it through the interfaces that a browser uses, and saves it with a
note. All stay logged in. Printed: memory a learner (what is shared between processes counted once), and whether any
work was lost. Needs ``pip install -e ".[class]" -c constraints.txt`` and ``npm install -g configurable-http-proxy``.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "docs" / "class_server" / "jupyterhub_config.py"
NOTEBOOK = "notebooks/01_meet_the_tokenizer.ipynb"
TOKEN = uuid.uuid4().hex
PASSWORD = uuid.uuid4().hex
AT_ONCE = 4
LEAST_FREE = 2e9  # bytes that must stay free when the next group is in
FIRST_GUESS = 1.2e9  # bytes a learner
SECONDS_TO_START = 90
EXTRA = """
load_subconfig({config!r})
c.JupyterHub.hub_port = {hub}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.JupyterHub.services = [{{"name": "smoke", "api_token": {token!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "smoke", "services": ["smoke"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


def absent() -> str:
    """Return what to install before a hub can be started here; nothing if all is there."""
    if os.name == "nt":
        return "JupyterHub does not run on Windows."
    if not importlib.util.find_spec("jupyterhub"):
        return 'JupyterHub is not installed: `pip install -e ".[class]" -c constraints.txt`.'
    if not shutil.which("configurable-http-proxy"):
        return "The hub's proxy is not installed: `npm install -g configurable-http-proxy`."
    return ""


@contextmanager
def started(folder: Path, cache: Path | None = None, wrapper: Sequence[str] = ()) -> Iterator[tuple[str, int]]:
    """Start the hub with the example configuration; yield its address and its process, and end all of it afterwards.

    ``folder`` keeps the learners' work, ``cache`` takes the place of the course's, and ``wrapper`` are words that come
    before the command.
    """
    with ExitStack() as stack:
        lent = [stack.enter_context(socket.socket()) for _ in range(3)]
        for one in lent:
            one.bind(("127.0.0.1", 0))
        port, hub_port, proxy_port = (one.getsockname()[1] for one in lent)
    config, log = folder / "smoke_config.py", folder / "hub.log"
    config.write_text(EXTRA.format(config=str(CONFIG), hub=hub_port, proxy=proxy_port, token=TOKEN), encoding="utf-8")
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "CLASS_FOLDER": str(folder), "CLASS_ADDRESS": address, "CLASS_PASSWORD": PASSWORD}
    if cache:
        environment["COURSE_CACHE"] = str(cache)
    command = [*wrapper, sys.executable, "-m", "jupyterhub", "-f", str(config)]
    with log.open("w", encoding="utf-8") as file:
        hub = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=file, start_new_session=os.name != "nt"
        )
    try:
        deadline = time.monotonic() + SECONDS_TO_START
        while "JupyterHub is now running" not in (said := log.read_text(encoding="utf-8")):
            if hub.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The hub did not start:\n{said[-3000:]}")
            time.sleep(0.5)
        yield address, hub.pid
    finally:
        family = psutil.Process(hub.pid).children(recursive=True) if hub.poll() is None else []
        hub.terminate()
        hub.wait(60)
        for process in family:
            if process.is_running():
                process.kill()


class Learner:
    """One simulated learner, who speaks to the hub as a browser does."""

    def __init__(self, name: str, address: str):
        self.name, self.client = name, AsyncHTTPClient()
        self.user = f"{address}/hub/api/users/{name}"
        self.mine = f"{address}/user/{name}/api"

    async def ask(self, method: str, url: str, body: object = None) -> object:
        """Send one request and return the answer's JSON."""
        request = HTTPRequest(
            url,
            method=method,
            headers={"Authorization": f"token {TOKEN}"},
            body=json.dumps(body) if method in ("POST", "PUT") else None,
            request_timeout=180,
        )
        answer = await self.client.fetch(request)
        return json.loads(answer.body or b"null")

    async def enter(self) -> None:
        """Have a server started, and wait until it answers."""
        await self.ask("POST", f"{self.user}/server")
        while not (await self.ask("GET", self.user))["servers"].get("", {}).get("ready"):
            await asyncio.sleep(0.5)

    async def leave(self) -> None:
        """Have the server stopped."""
        await self.ask("DELETE", f"{self.user}/server")
        while (await self.ask("GET", self.user))["servers"]:
            await asyncio.sleep(0.5)

    async def study(self) -> int:
        """Come for the first time, run the notebook, save it with a note; return the number of cells that ran."""
        await self.ask("POST", self.user)
        await self.enter()
        page = await self.open()
        kernel, ran = await self.kernel(), 0
        for cell in page["content"]["cells"]:
            if cell["cell_type"] == "code":
                await self.run(kernel, cell["source"])
                ran += 1
        page["content"]["cells"].append(
            {"cell_type": "markdown", "id": "my-note", "metadata": {}, "source": f"{self.name} was here"}
        )
        await self.ask("PUT", f"{self.mine}/contents/{NOTEBOOK}", {"type": "notebook", "content": page["content"]})
        return ran

    async def open(self) -> dict:
        """Return the notebook as the learner's server has it."""
        return await self.ask("GET", f"{self.mine}/contents/{NOTEBOOK}")

    async def kernel(self) -> str:
        """Start a kernel in the folder of the notebooks and return its id."""
        return (await self.ask("POST", f"{self.mine}/kernels", {"name": "python3", "path": "notebooks"}))["id"]

    async def run(self, kernel: str, code: str) -> str:
        """Execute one cell, wait for its end, and return what it printed."""
        url = f"{self.mine}/kernels/{kernel}/channels".replace("http", "ws", 1)
        channel = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {TOKEN}"}))
        header = {"msg_id": uuid.uuid4().hex, "msg_type": "execute_request", "session": self.name, "version": "5.3"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "channel": "shell", "content": content}
        await channel.write_message(json.dumps(message))
        printed, ends = "", {"execute_reply", "idle"}  # the answer, and the end of what it printed, in either order
        while ends and (line := await channel.read_message()):
            answer = json.loads(line)
            if answer["content"].get("execution_state") in ("restarting", "dead"):
                break
            if answer["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            kind, content = answer["header"]["msg_type"], answer["content"]
            printed += content["text"] if kind == "stream" else ""
            ends -= {kind, content.get("execution_state")}
            if kind == "execute_reply" and content["status"] != "ok":
                raise RuntimeError(f"{self.name}: {content}")
        channel.close()
        if ends:
            raise RuntimeError(f"{self.name}: the kernel went away")
        return printed

    async def kept(self) -> bool:
        """Tell whether what was saved is still there."""
        return (await self.open())["content"]["cells"][-1]["source"] == f"{self.name} was here"


def memory_of(hub: psutil.Process) -> int:
    """Return the memory of the hub and all it started, in bytes; a page that several processes share counts once."""
    total = 0
    for process in [hub, *hub.children(recursive=True)]:
        try:
            total += getattr(process.memory_full_info(), "pss", process.memory_info().rss)
        except psutil.Error:
            continue
    return total


async def teach(address: str, hub: psutil.Process, most: int) -> None:
    """Let learners in, a few at a time, while there is memory; then look whether anything was lost."""
    learners: list[Learner] = []
    print("| learners | memory of all | a learner | free | seconds for the last group |\n|---|---|---|---|---|")
    empty, each = memory_of(hub), FIRST_GUESS
    while len(learners) < most and psutil.virtual_memory().available > LEAST_FREE + AT_ONCE * each:
        names = [f"learner{len(learners) + number:02d}" for number in range(min(AT_ONCE, most - len(learners)))]
        group = [Learner(name, address) for name in names]
        start = time.perf_counter()
        await asyncio.gather(*(learner.study() for learner in group))
        learners += group
        used, free = memory_of(hub), psutil.virtual_memory().available
        each = (used - empty) / len(learners)
        took = time.perf_counter() - start
        print(
            f"| {len(learners)} | {used / 1e9:.1f} GB | {each / 1e6:.0f} MB | {free / 1e9:.1f} GB | {took:.0f} |",
            flush=True,
        )
    kept = await asyncio.gather(*(learner.kept() for learner in learners))
    print(f"work kept: {sum(kept)} of {len(kept)}")
    each = (memory_of(hub) - empty) / len(learners)
    print(f"so 24 GB hold about {int((24e9 - 2e9 - empty) / each)} learners, with 2 GB left for the system")


def main() -> int:
    """Start the hub, teach, and stop it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=8, help="how many learners at most (default: 8)")
    options = parser.parse_args()
    if problem := absent():
        print(problem)
        return 1
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as (address, process):
        asyncio.run(teach(address, psutil.Process(process), options.most))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
