"""The one cache folder: where it is, one writer at a time, and files that are whole or absent."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from course_utils.common.errors import CourseError
from course_utils.common.files import replace_file

BLOCK = 1 << 20


def cache_folder() -> Path:
    """Return the folder that keeps what was fetched or computed once.

    ``COURSE_CACHE`` names it; while that variable is unset or blank, it is the system's usual folder for caches.

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

    chosen = os.environ.get("COURSE_CACHE", "").strip()
    return Path(chosen).expanduser().absolute() if chosen else platformdirs.user_cache_path("tokens-to-transformers")


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
            with explain_cache_errors():
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
    with explain_cache_errors():
        replace_file(path, write)


@contextlib.contextmanager
def explain_cache_errors() -> Iterator[None]:
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
