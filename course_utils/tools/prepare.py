"""Is the course ready? Everything the notebooks need, prepared once and looked over calmly."""

from __future__ import annotations

from course_utils.common import assets, download
from course_utils.common.card import Card
from course_utils.common.progress import say
from course_utils.tools import environment


def prepare() -> None:
    """Fetch the models and the text, and say so; later calls do nothing.

    Nothing is computed: the vectors of Wikipedia come with the course.

    Raises
    ------
    CourseError
        If something cannot be fetched.
    """
    for asset in assets.ASSETS.values():
        if not asset.only_for and not download.is_complete(asset):
            say(f"Fetching the {asset.what}: {asset.size / 1e6:.0f} MB, {asset.licence}.")
            download.fetch(asset)


def report() -> Card:
    """Look over the course's set-up and say what is there, and what to do about what is not.

    Returns
    -------
    Card
        True if everything is ready.
    """
    problems = []
    if absent := environment.missing(environment.requirements()):
        names = ", ".join(absent)
        problems.append(f"Missing packages: {names}. Close the notebook and start `python3 -m course_utils lab`.")
    for asset in assets.ASSETS.values():
        if not asset.only_for and not download.is_complete(asset):
            problems.append(f"The {asset.what} will be fetched at first use ({asset.size / 1e6:.0f} MB).")
    if problems:
        return Card("Nearly ready", " ".join(problems), "#E69F00")
    found = "packages, a sentence encoder, a language model, and Wikipedia in three languages"
    return Card(
        "Ready", f"Everything is installed: {found}. From now on nothing needs the network.", "#009E73", passed=True
    )
