"""Lines of a table: a mean with its interval, and the means of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from course_utils.common.errors import InputError
from course_utils.evaluation import bootstrap_interval


def with_interval(values: Sequence[float], digits: int = 2) -> str:
    """Write a mean with its 95% bootstrap interval.

    Examples
    --------
    >>> with_interval([0.0, 1.0] * 50, digits=1)
    '0.5 (0.4 to 0.6)'
    """
    low, high = bootstrap_interval(values)
    return f"{np.mean(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


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
