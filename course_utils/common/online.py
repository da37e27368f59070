"""What the course can use where a network is, and never needs: a model hub, a larger model on a server."""

from __future__ import annotations

import http.client
import json
import os
import tempfile
import urllib.request
from collections.abc import Callable
from pathlib import Path

from course_utils.common.cache import cache_folder, write_aside
from course_utils.common.download import certificates
from course_utils.common.errors import CourseError

SECONDS_FOR_THE_HUB = 4


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
        with urllib.request.urlopen(address, timeout=SECONDS_FOR_THE_HUB, context=certificates()) as answer:
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


SECONDS_FOR_A_SERVER = 30


def completion_server(address: str, model: str) -> Callable[[list[str]], list[str]]:
    """Return a function for `propose` that asks a larger model on a server which speaks OpenAI's completion protocol.

    Parameters
    ----------
    address : str
        Where the server listens, such as ``"http://localhost:11434/v1"`` for Ollama on this computer.
    model : str
        What the server calls the model.

    Returns
    -------
    callable
        Gets prompts, returns the first line of each answer; raises CourseError if no server answers.
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
