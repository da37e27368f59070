"""One step of training, as the fine-tuning of the course takes it."""

from __future__ import annotations

from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def gradient_step(loss: Tensor, optimiser: Optimizer, schedule: LRScheduler | None = None) -> float:
    """Move the weights of an optimiser against the gradient of a loss, and return the loss.

    Examples
    --------
    >>> import torch
    >>> weight = torch.tensor(3.0, requires_grad=True)
    >>> gradient_step(weight**2, torch.optim.SGD([weight], lr=0.5))  # the gradient is 6
    9.0
    >>> weight.item()
    0.0
    """
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    if schedule is not None:
        schedule.step()
    return loss.item()
