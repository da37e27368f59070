"""Lines of a table: the means of several runs, and what they were to make large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation import with_interval
from course_utils.rewards.policy import best_on_leash, divergence

__all__ = ["best_row", "group_rows", "leash_rows", "means_of", "with_interval"]


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
    """Write for each length of the leash the means of its runs, with lowest and highest, and their mean objective.

    The objective is what they were to make large, the reward less ``beta`` times the divergence.

    Examples
    --------
    >>> run = {"beta": 0.5, "with_it": 0.2, "reward": 0.3, "kl": 0.4, "different": 28.0}
    >>> leash_rows([run])
    ['β = 0.5: with_it 0.20 (0.20-0.20)  reward  0.3 (0.3-0.3)  kl  0.4 (0.4-0.4)  different 28  objective +0.10']
    """
    rows = []
    for beta in sorted({run["beta"] for run in runs}):
        some = [run for run in runs if run["beta"] == beta]
        aim = np.mean([run["reward"] - beta * run["kl"] for run in some])
        with_it, reward, kl = (_spread(some, *how) for how in (("with_it", 2, 4), ("reward", 1, 4), ("kl", 1, 4)))
        different = np.mean([run["different"] for run in some])
        rows.append(f"β = {beta:3}: {with_it}  {reward}  {kl}  different {different:2.0f}  objective {aim:+.2f}")
    return rows


def _spread(runs: Sequence[Mapping], name: str, digits: int, width: int) -> str:
    """Write the mean of some runs, the lowest and the highest."""
    found = [run[name] for run in runs]
    return f"{name} {np.mean(found):{width}.{digits}f} ({min(found):.{digits}f}-{max(found):.{digits}f})"


def group_rows(runs: Sequence[Mapping]) -> list[str]:
    """Write for each way to use a batch the means of its runs, with lowest and highest.

    Examples
    --------
    >>> run = {"n_updates": 4, "epsilon": None, "reward": 7.0, "kl": 45.0, "history": [[0.1, 0.5], [0.2, 0.1]]}
    >>> group_rows([run])
    ['4 updates, no clip: reward  7.0 (7.0-7.0)  kl 45.0 (45.0-45.0)  outside the clip 0.30']
    """
    rows = []
    for n_updates, epsilon in dict.fromkeys((run["n_updates"], run["epsilon"]) for run in runs):
        some = [run for run in runs if (run["n_updates"], run["epsilon"]) == (n_updates, epsilon)]
        how = "1 update" if n_updates == 1 else f"{n_updates} updates, " + ("clip" if epsilon else "no clip")
        flat = np.mean([np.mean(run["history"], axis=0)[1] for run in some])
        rows.append(
            f"{how:18}: {_spread(some, 'reward', 1, 4)}  {_spread(some, 'kl', 1, 4)}  outside the clip {flat:.2f}"
        )
    return rows


def best_row(counts: np.ndarray, beta: float) -> str:
    """Estimate what the best policy on a leash does, from texts of the reference, and write it like `leash_rows`.

    The best policy gives a text the reference's probability times ``exp(reward / beta)``, divided by the sum, so texts
    of the reference with these weights stand for its own. Few of them weigh much where ``beta`` is small. The intervals
    come from texts drawn again, with replacement.

    Examples
    --------
    >>> best_row(np.array([0.0, 0.0, 0.0, 1.0] * 500), beta=1.0)
    'best 1.0: with_it 0.48 (0.45-0.50)  reward 0.48  kl 0.12  objective +0.36 (+0.33 to +0.38)'
    """
    with_it, reward, kl, aim = _best(counts, beta)
    rng = np.random.default_rng(0)
    again = [_best(rng.choice(counts, len(counts)), beta) for _ in range(400)]
    low, high = np.percentile(again, [2.5, 97.5], axis=0)
    share, aims = f"{with_it:.2f} ({low[0]:.2f}-{high[0]:.2f})", f"{aim:+.2f} ({low[3]:+.2f} to {high[3]:+.2f})"
    return f"best {beta}: with_it {share}  reward {reward:.2f}  kl {kl:.2f}  objective {aims}"


def _best(counts: np.ndarray, beta: float) -> tuple[float, ...]:
    """Return the share with a reward, the mean reward, the divergence and the objective of the best policy."""
    p_ref = np.full(len(counts), 1 / len(counts))
    p = best_on_leash(p_ref, counts, beta)
    kl = divergence(p, p_ref)
    return float(p @ (counts > 0)), float(p @ counts), kl, float(p @ counts - beta * kl)
