"""An order in which several groups take turns."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def round_robin(weights: Sequence[float], groups: Sequence[str]) -> np.ndarray:
    """Return positions so that the greatest weight of each group comes first, then the second of each, and so on.

    Examples
    --------
    >>> round_robin([5, 4, 1, 2], ["a", "a", "b", "b"])
    array([0, 3, 1, 2])
    """
    groups, best = np.asarray(groups), np.argsort(-np.asarray(weights), kind="stable")
    rank = np.empty(len(best), dtype=int)
    for group in np.unique(groups):
        mine = best[groups[best] == group]
        rank[mine] = np.arange(len(mine))
    return best[np.argsort(rank[best], kind="stable")]
