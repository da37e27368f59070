"""Threads and memory of this process."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import gc
import sys
from collections.abc import Iterator
from typing import Any

FEW = 128  # tokens up to which one thread reads


@contextlib.contextmanager
def threads_for(n_tokens: int) -> Iterator[None]:
    """Let one thread read few tokens.

    A single token waits for the memory, which a second thread hardly makes faster; a short text is over before two
    threads pay. And where other programs run, two threads wait for each other at each of two hundred multiplications.
    """
    if n_tokens > FEW:
        yield
    else:
        with one_blas_thread():
            yield


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy multiply matrices in one thread, where several threads of Python multiply at once."""
    with _blas().limit(limits=1, user_api="blas"):
        yield


@functools.lru_cache(maxsize=1)
def _blas() -> Any:
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let PyTorch work in one thread: the same numbers on any number of cores, and no waiting for one that is busy."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def release_memory() -> None:
    """Give memory that nothing uses any more back to the system, which the C library of Linux else keeps for later.

    Before a large model is loaded, so that it takes the place of what went before. Elsewhere than on Linux with glibc
    only Python's own garbage is collected.
    """
    gc.collect()
    if "pyarrow" in sys.modules:  # it keeps a store of its own
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    trim_memory()


def trim_memory() -> None:
    """Do what `release_memory` does without collecting Python's garbage first, which takes long in a large process."""
    with contextlib.suppress(AttributeError, OSError, TypeError):  # another C library has no such function
        ctypes.CDLL(None).malloc_trim(0)
