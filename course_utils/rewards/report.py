"""Lines of a table: several runs, each number with its lowest and highest, and what they were to make large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation import with_interval

__all__ = ["at_count", "group_rows", "leash_rows", "named_rows", "runs_by_way", "score_rows", "with_interval"]


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


def score_rows(runs: Sequence[Mapping], updates: Sequence[int] = (10, 20)) -> list[str]:
    r"""Write for each leash how the learned score and what it stands for went on: means, with lowest and highest.

    Examples
    --------
    >>> run = {"beta": 0.3, "looks": [[0.5, 0.4, 0.3]], "score": 2.0, "reward": 1.5, "with_it": 0.8, "kl": 6.0}
    >>> print(*score_rows([run], updates=[10]), sep="\n")
    β = 0.3, update 10: score  0.5 (0.5-0.5)  count  0.4 (0.4-0.4)  with_it 0.30 (0.30-0.30)
    β = 0.3, the end  : score  2.0 (2.0-2.0)  count  1.5 (1.5-1.5)  with_it 0.80 (0.80-0.80)  kl  6.0 (6.0-6.0)
    """
    rows = []
    for beta in sorted({run["beta"] for run in runs}):
        some = [run for run in runs if run["beta"] == beta]
        seen = {f"update {n}": [_look(run["looks"][n // 10 - 1]) for run in some] for n in updates}
        seen["the end"] = [{**run, "count": run["reward"]} for run in some]
        for when, looks in seen.items():
            how = (("score", 1, 4), ("count", 1, 4), ("with_it", 2, 4), *([("kl", 1, 4)] if when == "the end" else []))
            rows.append(f"β = {beta:3}, {when:9}: " + "  ".join(_spread(looks, *each) for each in how))
    return rows


def _look(numbers: Sequence[float]) -> dict[str, float]:
    """Name the numbers of a look of `shipped.load_scored`."""
    return dict(zip(("score", "count", "with_it"), numbers, strict=True))


def _spread(runs: Sequence[Mapping], name: str, digits: int, width: int) -> str:
    """Write the mean of some runs, the lowest and the highest."""
    found = [run[name] for run in runs]
    return f"{name} {np.mean(found):{width}.{digits}f} ({min(found):.{digits}f}-{max(found):.{digits}f})"


def runs_by_way(runs: Sequence[Mapping]) -> dict[str, list[Mapping]]:
    """Return the runs of `shipped.load_groups` by how they used a batch.

    Examples
    --------
    >>> list(runs_by_way([{"epsilon": 0.2, "n_updates": 1}, {"epsilon": None, "n_updates": 4}]))
    ['1 update', '4 updates, no clip']
    """
    ways = {}
    for run in runs:
        clip = "clip" if run["epsilon"] else "no clip"
        way = "1 update" if run["n_updates"] == 1 else f"{run['n_updates']} updates, {clip}"
        ways.setdefault(way, []).append(run)
    return ways


def at_count(run: Mapping, count: float) -> dict[str, float]:
    """Return what a run of GRPO was like when its texts first had the word ``count`` times on average.

    Between two looks it is read from the straight line that joins them.

    Returns
    -------
    dict of str to float
        After how many ``batches``, and ``reward``, ``with_it`` and ``kl``, as in `words.judge_texts`.

    Raises
    ------
    InputError
        If the run begins above this count, or never reaches it.

    Examples
    --------
    >>> looks = [{"reward": 1.0, "with_it": 0.4, "kl": 2.0}, {"reward": 3.0, "with_it": 0.6, "kl": 6.0}]
    >>> at_count({"looks": looks}, 2.0)
    {'batches': 1.5, 'reward': 2.0, 'with_it': 0.5, 'kl': 4.0}
    """
    looks = run["looks"]
    later = next((n for n, look in enumerate(looks) if look["reward"] >= count), 0)
    if not later:
        ends = f"its looks go from {looks[0]['reward']:g} to {max(look['reward'] for look in looks):g}"
        raise InputError(f"The run does not pass {count:g}: {ends}; choose a count between them.")
    one, two = looks[later - 1], looks[later]
    share = (count - one["reward"]) / (two["reward"] - one["reward"])
    numbers = {name: one[name] + share * (two[name] - one[name]) for name in ("reward", "with_it", "kl")}
    return {name: float(number) for name, number in ({"batches": later + share} | numbers).items()}


def group_rows(runs: Sequence[Mapping], count: float | None = None) -> list[str]:
    """Write for each way to use a batch the means of its runs after the last batch, with lowest and highest.

    With a ``count`` it is the moment at which their texts first had the word so often, and after how many batches that
    was; see `at_count`.

    Examples
    --------
    >>> looks = [{"reward": 1.0, "with_it": 0.4, "kl": 2.0}, {"reward": 3.0, "with_it": 0.6, "kl": 6.0}]
    >>> print(*group_rows([{"n_updates": 4, "epsilon": None, "looks": looks}], count=2.0))
    4 updates, no clip: batches  1.5 (1.5-1.5)  with_it 0.50 (0.50-0.50)  kl  4.0 (4.0-4.0)
    """
    rows = []
    for way, some in runs_by_way(runs).items():
        seen = [run["looks"][-1] if count is None else at_count(run, count) for run in some]
        how = ("reward", 1, 4) if count is None else ("batches", 1, 4), ("with_it", 2, 4), ("kl", 1, 4)
        rows.append(f"{way:18}: " + "  ".join(_spread(seen, *each) for each in how))
    return rows
