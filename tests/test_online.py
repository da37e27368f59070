"""A model hub: used where one answers, and never waited for."""

from __future__ import annotations

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
import time

import pytest
from house import ROOT

from course_utils.common.errors import CourseError
from course_utils.common.online import hub_file

CONTENT = json.dumps({"model": "tiny"}).encode()
COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub(http.server.BaseHTTPRequestHandler):
    """A hub of one file, which says what the real one says about it."""

    asked: list[str] = []
    headers_of_a_hub = True

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        Hub.asked.append(f"{self.command} {self.path}")
        found = self.path == "/someone/tiny/resolve/main/config.json"
        self.send_response(200 if found or not Hub.headers_of_a_hub else 404)
        if Hub.headers_of_a_hub:
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", '"abc"')
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        return found

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(CONTENT)


@pytest.fixture
def hub(empty_cache, monkeypatch):
    Hub.asked, Hub.headers_of_a_hub = [], True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    yield Hub
    server.shutdown()
    server.server_close()


def test_a_file_is_fetched_once_and_said_nothing_about(hub, empty_cache, capfd):
    path = hub_file("someone/tiny", "config.json")
    assert path.read_bytes() == CONTENT
    assert empty_cache in path.parents
    n_asked = len(hub.asked)
    assert hub_file("someone/tiny", "config.json") == path
    assert len(hub.asked) == n_asked
    assert capfd.readouterr() == ("", "")


def test_what_an_earlier_version_kept_is_read(hub, empty_cache):
    kept = empty_cache / "hub" / "someone--tiny" / "config.json"
    kept.parent.mkdir(parents=True)
    kept.write_text("{}")
    assert hub_file("someone/tiny", "config.json") == kept
    assert hub.asked == []


def test_a_file_that_cannot_be_kept_is_there_until_the_process_ends(hub, tmp_path):
    (tmp_path / "file").write_text("no folder")
    code = """from course_utils.common.online import hub_file
path = hub_file("someone/tiny", "config.json")
print(path, path.read_bytes().decode(), hub_file("someone/tiny", "config.json") == path)"""
    variables = {**os.environ, "COURSE_CACHE": str(tmp_path / "file" / "cache"), "TMPDIR": str(tmp_path)}
    how = {"env": variables, "cwd": ROOT, "capture_output": True, "text": True}
    answer = subprocess.run([sys.executable, "-c", code], **how)
    assert answer.returncode == 0, answer.stderr
    path, rest = answer.stdout.split(" ", 1)
    assert rest.strip() == f"{CONTENT.decode()} True"
    assert path.startswith(str(tmp_path / "course-hub-"))
    assert not list(tmp_path.glob("course-hub-*"))


def test_a_file_that_the_hub_does_not_have_is_said_calmly(hub):
    with pytest.raises(CourseError, match="someone/other stays away"):
        hub_file("someone/other", "config.json")


def test_the_page_of_a_hotels_network_is_no_answer(hub, empty_cache):
    hub.headers_of_a_hub = False
    with pytest.raises(CourseError, match="No model hub answers here"):
        hub_file("someone/tiny", "config.json")
    assert not list(empty_cache.rglob("config.json"))


@pytest.mark.parametrize("answers", [False, True], ids=["refused", "silent"])
def test_without_a_hub_it_gives_up_within_seconds(answers, empty_cache, monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        if answers:  # it takes the call, and never says a word
            server.listen()
        monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        start = time.perf_counter()
        with pytest.raises(CourseError, match="No model hub answers here: someone/tiny stays away"):
            hub_file("someone/tiny", "config.json")
    assert time.perf_counter() - start < 8


def test_switched_off_it_is_not_asked(hub):
    code = "from course_utils.common.online import hub_file; hub_file('someone/tiny', 'config.json')"
    command = [sys.executable, "-c", code]
    for value, asked in [("1", False), ("", True)]:
        environment = {**os.environ, "HF_HUB_OFFLINE": value}
        answer = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert (answer.returncode == 0) is bool(hub.asked) is asked, answer.stderr


def test_importing_the_module_imports_no_hub():
    code = "import sys, course_utils.common.online; sys.exit('huggingface_hub' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0
