"""The site's page *Try it here*: what the course computes, computed again by a browser, from the site's own files.

Python writes the data, once for each build; the scripts beside this file do the rest, with no framework and no server.
Each part of the page fetches its file when it is first asked for, and says before how large that file is. SmolLM2's own
file is the largest by far, so the site has it only where it was asked for: ``site --with-model``.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from string import Template

from course_utils.common import assets
from course_utils.common.files import replace_file, write_whole
from course_utils.tools.try_here import articles, data

HERE = Path(__file__).parent
PAGE, PLACE = "try_here.md", Path("_static") / "try_here"
FACTS, MODEL = "facts.json", "smollm2.gguf"


def write(source: Path) -> None:
    """Write the page, its scripts and its data into the folder that Sphinx reads."""
    place = source / PLACE
    place.mkdir(parents=True, exist_ok=True)
    for path in sorted([*HERE.glob("*.js"), *HERE.glob("*.css")]):
        shutil.copyfile(path, place / path.name)
    facts = {
        "tokenizers": data.write_tokenizers(place),
        "articles": articles.write(place),
        "tiny": data.write_tiny_gpt(place),
        "words": data.word_rules(),
        "model": None,
    }
    write_whole(place / FACTS, json.dumps(facts).encode())
    page = Template((HERE / "page.md").read_text(encoding="utf-8")).substitute(sizes(facts))
    write_whole(source / PAGE, page.encode())


def add_model(site: Path) -> Path:
    """Copy SmolLM2's file into a built site, so that the page can ask for the next word; return where it is."""
    place = site / PLACE
    with assets.smollm2_path().open("rb") as model:
        replace_file(place / MODEL, lambda file: shutil.copyfileobj(model, file))
    facts = json.loads((place / FACTS).read_text(encoding="utf-8"))
    facts["model"] = data.file_facts(place / MODEL)
    write_whole(place / FACTS, json.dumps(facts).encode())
    return place / MODEL


def sizes(facts: dict) -> dict[str, str]:
    """Return the sizes that the page says, in megabytes.

    Examples
    --------
    >>> small, two = {"bytes": 400_000}, {"bytes": 2_000_000}
    >>> facts = {"tokenizers": [small, two], "articles": [two], "tiny": {"files": [small]}}
    >>> {name: size for name, size in sizes(facts).items() if name != "model"}
    {'tokenizers': '2.4 MB', 'articles': '2.0 MB', 'tiny': '0.4 MB'}
    """
    parts = {"tokenizers": facts["tokenizers"], "articles": facts["articles"], "tiny": facts["tiny"]["files"]}
    found = {name: _megabytes(sum(file["bytes"] for file in files)) for name, files in parts.items()}
    return {**found, "model": _megabytes(assets.ASSETS["smollm2"].members[0].size)}


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.{0 if n_bytes > 1e7 else 1}f} MB"
