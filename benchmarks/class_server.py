"""How many learners does this machine hold? ``python3 benchmarks/class_server.py --most 8``.

Starts JupyterHub with the example configuration of ``docs/class_server``, then one simulated learner after another:
each starts a server, opens notebook 01, runs all of it through the interfaces that a browser uses, and saves it with a
note. All stay logged in. Printed: memory a learner (what is shared between processes counted once), and whether any
work was lost. Needs ``pip install jupyterhub`` and ``npm install -g configurable-http-proxy``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).resolve().parent.parent
CONFIG = ROOT / "docs" / "class_server" / "jupyterhub_config.py"
NOTEBOOK = "notebooks/01_meet_the_tokenizer.ipynb"
TOKEN = uuid.uuid4().hex
AT_ONCE = 4
LEAST_FREE = 2e9  # bytes that must stay free for the next group to be let in
EXTRA = f"""
load_subconfig({str(CONFIG)!r})
c.JupyterHub.hub_port = 18801
c.JupyterHub.services = [{{"name": "smoke", "api_token": {TOKEN!r}}}]
c.JupyterHub.load_roles = [
    {{"name": "smoke", "services": ["smoke"], "scopes": ["admin:users", "admin:servers", "access:servers"]}}
]
"""


class Learner:
    """One simulated learner, who speaks to the hub as a browser does."""

    def __init__(self, number: int, address: str):
        self.name, self.address, self.client = f"learner{number:02d}", address, AsyncHTTPClient()
        self.mine = f"{address}/user/{self.name}/api"

    async def ask(self, method: str, url: str, body: object = None) -> object:
        """Send one request and return the answer's JSON."""
        request = HTTPRequest(
            url,
            method=method,
            headers={"Authorization": f"token {TOKEN}"},
            body=None if method == "GET" else json.dumps(body),
            request_timeout=180,
        )
        answer = await self.client.fetch(request)
        return json.loads(answer.body or b"null")

    async def study(self) -> int:
        """Log in, run the notebook, save it; return the number of cells that ran."""
        user = f"{self.address}/hub/api/users/{self.name}"
        await self.ask("POST", user)
        await self.ask("POST", f"{user}/server")
        while not (await self.ask("GET", user))["servers"].get("", {}).get("ready"):
            await asyncio.sleep(0.5)
        page = await self.ask("GET", f"{self.mine}/contents/{NOTEBOOK}")
        kernel = await self.ask("POST", f"{self.mine}/kernels", {"name": "python3", "path": "notebooks"})
        ran = 0
        for cell in page["content"]["cells"]:
            if cell["cell_type"] == "code":
                await self.run(kernel["id"], cell["source"])
                ran += 1
        page["content"]["cells"].append(
            {"cell_type": "markdown", "id": "my-note", "metadata": {}, "source": f"{self.name} was here"}
        )
        await self.ask("PUT", f"{self.mine}/contents/{NOTEBOOK}", {"type": "notebook", "content": page["content"]})
        return ran

    async def run(self, kernel: str, code: str) -> None:
        """Execute one cell and wait for its end."""
        url = f"{self.mine}/kernels/{kernel}/channels".replace("http", "ws", 1)
        socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {TOKEN}"}))
        message = {
            "header": {
                "msg_id": uuid.uuid4().hex,
                "msg_type": "execute_request",
                "session": self.name,
                "version": "5.3",
            },
            "parent_header": {},
            "metadata": {},
            "channel": "shell",
            "content": {"code": code, "silent": False, "store_history": True, "allow_stdin": False},
        }
        await socket.write_message(json.dumps(message))
        while answer := await socket.read_message():
            answer = json.loads(answer)
            if answer["header"]["msg_type"] == "execute_reply":
                assert answer["content"]["status"] == "ok", f"{self.name}: {answer['content']}"
                break
        socket.close()

    async def kept(self) -> bool:
        """Tell whether what was saved is still there."""
        page = await self.ask("GET", f"{self.mine}/contents/{NOTEBOOK}")
        return page["content"]["cells"][-1]["source"] == f"{self.name} was here"


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
    empty = memory_of(hub)
    while len(learners) < most and psutil.virtual_memory().available > LEAST_FREE:
        group = [Learner(len(learners) + number, address) for number in range(min(AT_ONCE, most - len(learners)))]
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
    for needed in ("jupyterhub", "configurable-http-proxy"):
        if not shutil.which(needed):
            print(f"{needed} is not installed: `pip install jupyterhub`, `npm install -g configurable-http-proxy`.")
            return 1
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "smoke_config.py")
        config.write_text(EXTRA, encoding="utf-8")
        address = "http://127.0.0.1:18800"
        environment = {
            **os.environ,
            "CLASS_FOLDER": folder,
            "CLASS_ADDRESS": address,
            "CLASS_PASSWORD": uuid.uuid4().hex,
        }
        with open(Path(folder, "hub.log"), "w+", encoding="utf-8") as log:
            hub = subprocess.Popen(
                ["jupyterhub", "-f", str(config)],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                deadline = time.monotonic() + 90
                while "JupyterHub is now running" not in Path(log.name).read_text(encoding="utf-8"):
                    if hub.poll() is not None or time.monotonic() > deadline:
                        print(Path(log.name).read_text(encoding="utf-8")[-3000:], file=sys.stderr)
                        return 1
                    time.sleep(0.5)
                asyncio.run(teach(address, psutil.Process(hub.pid), options.most))
            finally:
                family = psutil.Process(hub.pid).children(recursive=True)
                hub.terminate()
                hub.wait(60)
                for process in family:
                    if process.is_running():
                        process.kill()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
