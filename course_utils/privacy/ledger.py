"""A log that shows tampering: each entry's hash covers the hash before it, so that a change breaks all that follow."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from course_utils.common.checks import check_strings
from course_utils.common.errors import InputError

START = "0" * 64  # what the first entry has before it


def link(before: str, entry: str) -> str:
    """Return the hash of an entry together with the hash before it, as 64 hexadecimal digits.

    Examples
    --------
    >>> link(START, "read 7") == link(START, "read 7") != link(START, "read 8")
    True
    """
    return hashlib.sha256(f"{before}\n{entry}".encode()).hexdigest()


def chain(entries: Sequence[str]) -> list[str]:
    """Return the hash of each entry, each computed from the one before."""
    hashes, before = [], START
    for entry in check_strings("entries", entries):
        before = link(before, entry)
        hashes.append(before)
    return hashes


def first_broken(entries: Sequence[str], hashes: Sequence[str]) -> int | None:
    """Return the place of the first entry whose hash does not fit, or None if all do.

    Examples
    --------
    >>> entries = ["a", "b", "c"]
    >>> hashes = chain(entries)
    >>> first_broken(entries, hashes), first_broken(["a", "B", "c"], hashes)
    (None, 1)
    """
    if len(entries) != len(hashes):
        raise InputError(f"Each entry has a hash, and there are {len(entries)} entries and {len(hashes)} hashes.")
    before = START
    for place, (entry, stored) in enumerate(zip(entries, hashes, strict=True)):
        before = link(before, entry)
        if before != stored:
            return place
    return None
