"""Lines of a table: the means of several runs, and what they were to make large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation import with_interval
from course_utils.rewards.policy import best_on_leash, divergence

__all__ = ["best_row", "leash_rows", "means_of", "with_interval"]


def means_of(runs: Sequence[Mapping], names: Sequence[str] = ("with_it", "reward", "kl", "different")) -> str:
    """Write the means over runs of the numbers that `words.judge_texts` gave them.

    Examples
    --------
    >>> means_of([{"kl": 1.0}, {"kl": 3.0}], ["kl"])
    'kl  2.00'
    """
    if not runs:
        raise InputError("There are no runs to take a mean of.")
    return "  ".join(f"{name} {np.mean([run[name] for run in runs]):5.2f}" for name in names)


def leash_rows(runs: Sequence[Mapping]) -> list[str]:
    """Write for each length of the leash the means of its runs, and of what they were to make large.

    Examples
    --------
    >>> run = {"beta": 0.5, "with_it": 0.2, "reward": 0.3, "kl": 0.4, "different": 28.0}
    >>> leash_rows([run])
    ['β = 0.5:  with_it  0.20  reward  0.30  kl  0.40  different 28.00  reward - β KL +0.10']
    """
    rows = []
    for beta in sorted({run["beta"] for run in runs}):
        some = [run for run in runs if run["beta"] == beta]
        aim = np.mean([run["reward"] - beta * run["kl"] for run in some])
        rows.append(f"β = {beta:3}:  {means_of(some)}  reward - β KL {aim:+.2f}")
    return rows


def best_row(counts: np.ndarray, beta: float) -> str:
    """Estimate what the best policy on a leash does, from texts of the reference, and write it like `leash_rows`.

    The best policy gives a text the reference's probability times ``exp(reward / beta)``, divided by the sum, so texts
    of the reference with these weights stand for its own. Few of them weigh much where ``beta`` is small.

    Examples
    --------
    >>> best_row(np.array([0.0, 0.0, 0.0, 1.0]), beta=1.0)
    'best 1.0:  with_it  0.48  reward  0.48  kl  0.12               reward - β KL +0.36'
    """
    p_ref = np.full(len(counts), 1 / len(counts))
    p = best_on_leash(p_ref, counts, beta)
    kl = divergence(p, p_ref)
    means = means_of([{"with_it": p @ (counts > 0), "reward": p @ counts, "kl": kl}], ("with_it", "reward", "kl"))
    return f"best {beta}:  {means}{'reward - β KL':>28} {p @ counts - beta * kl:+.2f}"
