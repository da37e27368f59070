"""An explorer of the leash: a price of a nat, and what the model writes that was trained with it."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from course_utils.common.errors import InputError
from course_utils.plotting.explorers import explorer

if TYPE_CHECKING:
    import ipywidgets


def leash_explorer(runs: Sequence[Mapping]) -> ipywidgets.VBox:
    """Offer the prices and the seeds of `shipped.load_leash`, above three texts of the model trained so."""
    import ipywidgets

    betas, seeds = (sorted({run[name] for run in runs}) for name in ("beta", "seed"))
    beta = ipywidgets.SelectionSlider(options=betas, value=betas[len(betas) // 2], description="beta")
    seed = ipywidgets.Dropdown(options=seeds, description="seed")
    return explorer(
        lambda beta, seed: draw_run(runs, beta, seed),
        {"beta": beta, "seed": seed},
        "texts of models that were paid for a word, on a longer or shorter leash",
    )


def draw_run(runs: Sequence[Mapping], beta: float, seed: int) -> str:
    """Return HTML with one run's numbers and its texts.

    Examples
    --------
    >>> run = {"beta": 0.1, "seed": 0, "reward": 2.0, "kl": 9.0, "texts": ["An <island>."]}
    >>> draw_run([run], 0.1, 0)
    '<p>2.0 times the word in a text, 9.0 nats from the reference</p><p>An &lt;island&gt;.</p>'
    """
    found = [run for run in runs if run["beta"] == beta and run["seed"] == seed]
    if not found:
        raise InputError(f"There is no run with beta {beta} and seed {seed}.")
    run = found[0]
    head = f"{run['reward']:.1f} times the word in a text, {run['kl']:.1f} nats from the reference"
    return "".join(f"<p>{html.escape(line)}</p>" for line in (head, *run["texts"]))
