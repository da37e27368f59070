"""What the course can use where a network is, and never needs: a model hub, a larger model on a server."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from course_utils.common.cache import cache_folder
from course_utils.common.errors import CourseError

SECONDS_FOR_THE_HUB = 4


def hub_file(repository: str, name: str) -> Path:
    """Return a small file of a model hub, fetched at first use; without a hub it gives up within seconds.

    Parameters
    ----------
    repository : str
        The owner and the name of the model, such as ``"openai-community/gpt2"``.
    name : str
        The name of the file.

    Raises
    ------
    CourseError
        If it is not in the cache and no hub answers, or ``HF_HUB_OFFLINE`` is set.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache

    folder = cache_folder() / "hub"
    kept = folder / repository.replace("/", "--") / name  # by an earlier version of the course
    if kept.is_file():
        return kept
    if isinstance(found := try_to_load_from_cache(repository, name, cache_dir=folder), str):
        return Path(found)
    what = {"repo_id": repository, "filename": name, "endpoint": os.environ.get("HF_ENDPOINT", "").strip() or None}
    try:
        with _quiet_hub():
            # One question first: where no hub answers, hf_hub_download goes on asking for up to some minutes.
            get_hf_file_metadata(hf_hub_url(**what), timeout=SECONDS_FOR_THE_HUB)
            try:
                return Path(hf_hub_download(**what, cache_dir=folder))
            except OSError:  # a full disk, or a cache that a whole class shares: kept for this session only
                return Path(hf_hub_download(**what, cache_dir=_session_folder().name))
    except Exception as error:  # which ones depends on the HTTP library below, and that has changed twice
        raise CourseError(f"No model hub answers here: {repository} stays away, the course goes on without.") from error


@functools.cache
def _session_folder() -> tempfile.TemporaryDirectory:
    """Make a folder that is gone when this process ends."""
    return tempfile.TemporaryDirectory(prefix="course-hub-")


@contextlib.contextmanager
def _quiet_hub() -> Iterator[None]:
    """Keep the hub's bars and its advice to log in out of a notebook."""
    from huggingface_hub import utils

    had_bars, level = not utils.are_progress_bars_disabled(), utils.logging.get_verbosity()
    utils.disable_progress_bars()
    utils.logging.set_verbosity_error()
    try:
        yield
    finally:
        utils.logging.set_verbosity(level)
        if had_bars:
            utils.enable_progress_bars()


SECONDS_FOR_A_SERVER = 30


def completion_server(address: str, model: str) -> Callable[[list[str]], list[str]]:
    """Return a function for `propose` that asks a larger model on a server with OpenAI's completion protocol.

    Parameters
    ----------
    address : str
        Where the server listens, such as ``"http://localhost:11434/v1"`` for Ollama on this computer.
    model : str
        What the server calls the model.

    Returns
    -------
    callable
        Gets prompts and returns the first line of each answer; raises CourseError if no server answers.
    """

    def ask(prompts: list[str]) -> list[str]:
        answers = []
        for prompt in prompts:
            wish = {"model": model, "prompt": prompt, "max_tokens": 24, "temperature": 0, "stop": ["\n"]}
            request = urllib.request.Request(
                f"{address.rstrip('/')}/completions",
                data=json.dumps(wish).encode(),
                headers={"Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=SECONDS_FOR_A_SERVER) as answer:
                    answers.append(str(json.load(answer)["choices"][0]["text"]).strip())
            except (OSError, ValueError, LookupError, TypeError) as error:
                raise CourseError("No larger model answers at that address: the course goes on without.") from error
        return answers

    return ask
