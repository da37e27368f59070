"""What takes long and is the same for everybody, computed beforehand and shipped with the course.

``python3 -m course_utils precompute`` runs every notebook on an empty cache while all that goes through the disk store
is kept (vectors of texts, scores, answers of the language model, maps), and packs it into ``data/precomputed``. Vectors
are rounded to 16 bits at once, so that what follows from them is computed from the very numbers that learners get.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils.common import cache, store
from course_utils.common.progress import say
from course_utils.tools import notebooks

MAPS = "maps"


def precompute(paths: Sequence[Path], anew: bool) -> list[str]:
    """Run notebooks, keep what they compute, and pack it.

    Parameters
    ----------
    paths : sequence of Path
        The notebooks.
    anew : bool
        Begin with nothing; otherwise with what is shipped now, which is right after one notebook has changed.

    Returns
    -------
    list of str
        What went wrong in notebooks that did not run to their end. Then nothing that was begun anew is packed.
    """
    folder = cache.cache_folder() / "recording"
    if folder.exists():
        say(f"Going on with what an interrupted run has computed; delete {folder} to begin anew.")
    with recording(folder):
        if not anew:
            unpack()
        keep_wikipedia()
        keep_emoji()
        failures = notebooks.each(paths, lambda path: notebooks.execute(path))
        if failures and anew:
            return failures
        pack()
    shutil.rmtree(folder)
    return failures


@contextlib.contextmanager
def recording(folder: Path) -> Iterator[None]:
    """Let this process and the kernels that it starts keep all they compute in ``folder``, with the models at hand."""
    assets = cache.cache_folder() / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "assets").exists():
        os.symlink(assets, folder / "assets", target_is_directory=True)
    before = {name: os.environ.get(name) for name in ("COURSE_CACHE", store.RECORD)}
    os.environ |= {"COURSE_CACHE": str(folder), store.RECORD: "1"}
    store.forget_session()
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        store.forget_session()


def keep_wikipedia() -> None:
    """Compute the vectors of all English articles, and their map."""
    from course_utils.corpus import load_wikipedia
    from course_utils.embeddings import embed, flatten

    flatten(embed(load_wikipedia()["text"]))


def keep_emoji() -> None:
    """Compute the features of all emoji."""
    from course_utils.images import emoji_pictures, picture_features

    picture_features(emoji_pictures())


def kinds(folder: Path) -> list[store.Store]:
    """Return the stores that have files below a cache folder, or are shipped in it as packed files."""
    from course_utils.embeddings import vector_store
    from course_utils.grounding import answer_store
    from course_utils.images.features import feature_store
    from course_utils.transformer.likelihood import likeliest_store

    fixed = [vector_store(), answer_store(), feature_store(), likeliest_store()]
    names = {path.name for path in folder.glob("scores/*") if path.is_dir()}
    names |= {path.stem.removeprefix("scores--") for path in folder.glob("scores--*.npz")}
    return [*fixed, *(store.score_store(name) for name in sorted(names))]


def unpack() -> None:
    """Lay out what is shipped now as a cache."""
    for kind in kinds(store.PRECOMPUTED):
        if shipped := dict(kind.shipped()):
            kind.keep(shipped)
    if (store.PRECOMPUTED / MAPS).is_dir():
        shutil.copytree(store.PRECOMPUTED / MAPS, cache.cache_folder() / MAPS, dirs_exist_ok=True)


def pack() -> None:
    """Write what the cache holds into the files that are shipped, in place of those that were."""
    shutil.rmtree(store.PRECOMPUTED, ignore_errors=True)
    store.PRECOMPUTED.mkdir()
    for kind in kinds(cache.cache_folder()):
        if not any(kind.path.glob("*")):
            continue
        n_values = kind.pack()
        say(f"{kind.shipped_path.name}: {n_values:,} values, {kind.shipped_path.stat().st_size / 1e6:.1f} MB")
    if (cache.cache_folder() / MAPS).is_dir():
        shutil.copytree(cache.cache_folder() / MAPS, store.PRECOMPUTED / MAPS)
