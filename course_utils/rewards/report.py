"""Lines of a table: several runs, each number with its lowest and highest, and what they were to make large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation import with_interval
from course_utils.rewards.policy import best_on_leash, divergence

__all__ = ["best_row", "group_rows", "leash_rows", "named_rows", "runs_by_way", "with_interval"]


def named_rows(rows: Sequence[tuple[str, Mapping]]) -> list[str]:
    """Write for each name what its runs wrote, by `words.judge_texts`: means, with lowest and highest.

    Examples
    --------
    >>> named_rows([("dpo", {"with_it": 0.9, "reward": 1.4, "kl": 6.0}), ("dpo", {"with_it": 1, "reward": 2, "kl": 8})])
    ['dpo                    : with_it 0.95 (0.90-1.00)  reward 1.70 (1.40-2.00)  kl  7.0 (6.0-8.0)']
    """
    if not rows:
        raise InputError("There are no runs to take a mean of.")
    lines = []
    for name in dict.fromkeys(name for name, _ in rows):
        some = [run for each, run in rows if each == name]
        numbers = (_spread(some, *how) for how in (("with_it", 2, 4), ("reward", 2, 4), ("kl", 1, 4)))
        lines.append(f"{name:23}: " + "  ".join(numbers))
    return lines


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


def runs_by_way(runs: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """Return the runs of `shipped.load_groups` by how they used a batch, and when they stopped, if that was early.

    Examples
    --------
    >>> how = {"epsilon": 0.2, "n_updates": 1}
    >>> list(runs_by_way([how | {"n_batches": 12}, how | {"n_batches": 10}, how | {"n_batches": 12, "n_updates": 4}]))
    ['1 update', '1 update, 10 batches', '4 updates, clip']
    """
    most, ways = max((run["n_batches"] for run in runs), default=0), {}
    for run in runs:
        clip = "clip" if run["epsilon"] else "no clip"
        way = "1 update" if run["n_updates"] == 1 else f"{run['n_updates']} updates, {clip}"
        stopped = "" if run["n_batches"] == most else f", {run['n_batches']} batches"
        ways.setdefault(way + stopped, []).append(run)
    return ways


def group_rows(runs: Sequence[Mapping]) -> list[str]:
    """Write for each way to use a batch the means of its runs, with lowest and highest.

    Examples
    --------
    >>> run = {"n_updates": 4, "epsilon": None, "n_batches": 2, "with_it": 1.0, "reward": 7.0, "kl": 45.0}
    >>> print(*group_rows([run | {"history": [[0.1, 0.5], [0.2, 0.1]]}]))
    4 updates, no clip  : with_it 1.00 (1.00-1.00)  reward  7.0 (7.0-7.0)  kl 45.0 (45.0-45.0)  outside the clip 0.30
    """
    rows = []
    for way, some in runs_by_way(runs).items():
        flat = np.mean([np.mean(run["history"], axis=0)[1] for run in some])
        with_it, reward, kl = (_spread(some, *how) for how in (("with_it", 2, 4), ("reward", 1, 4), ("kl", 1, 4)))
        rows.append(f"{way:20}: {with_it}  {reward}  {kl}  outside the clip {flat:.2f}")
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
