"""A reward model for texts of the tiny GPT: a score that is fitted to pairs of a better and a worse text."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from course_utils.common.errors import InputError
from course_utils.rewards.preferences import fit_taste


def token_counts(ids: Tensor, n_given: int, n_vocabulary: int) -> Tensor:
    """Count how often each token was written behind the first ``n_given``: ``(batch, n_vocabulary)``.

    Examples
    --------
    >>> token_counts(torch.tensor([[2, 0, 0, 1]]), 1, 3)
    tensor([[2., 1., 0.]])
    """
    return F.one_hot(ids[:, n_given:], n_vocabulary).sum(dim=1).float()


def fit_score(better: Tensor, worse: Tensor, n_given: int, n_vocabulary: int) -> Tensor:
    """Fit Bradley and Terry's model to pairs of texts; the score of a text is its `token_counts` times these weights.

    The weights are divided by a number, so that the better text of a pair is 1 above the worse one on average.

    Returns
    -------
    Tensor, shape (n_vocabulary,)

    Examples
    --------
    >>> fit_score(torch.tensor([[2, 0, 0], [2, 0, 1]]), torch.tensor([[2, 1, 1], [2, 1, 1]]), 1, 3).round(decimals=2)
    tensor([ 0.3300, -0.3300,  0.0000])
    """
    if better.shape != worse.shape or better.ndim != 2:
        raise InputError(f"Each better text needs a worse one, and the shapes are {better.shape} and {worse.shape}.")
    gaps = token_counts(better, n_given, n_vocabulary) - token_counts(worse, n_given, n_vocabulary)
    weights = torch.tensor(fit_taste(gaps.double().numpy(), np.ones(len(gaps), dtype=bool))).float()
    return weights / (gaps @ weights).mean()
