"""What one step of training costs: what must be kept for the way back, and the multiplications."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional as F  # noqa: N812

from course_utils.common.compute import one_thread
from course_utils.fine_tuning.classifier import BATCH, Classifier


class StepCosts(NamedTuple):
    """Bytes of what the forward pass keeps for the backward pass, and the operations of both."""

    kept: int
    forward: int
    backward: int


def step_costs(model: Classifier, n_texts: int = BATCH) -> StepCosts:
    """Measure a step of training on texts that are as long as the model reads; its weights stay as they are.

    What is kept are the *activations*: PyTorch is asked for each array that it saves on the way forward, and the
    weights themselves are not counted. Operations are those of matrix products, a multiplication and an addition
    counted as two.

    Examples
    --------
    >>> model = Classifier(n_classes=2, n_tokens=4).requires_grad_(False)
    >>> _ = model.head.requires_grad_(True)  # the loss comes back to the head, and no further
    >>> costs = step_costs(model, n_texts=1)
    >>> costs.backward < 0.01 * costs.forward
    True
    """
    from torch.utils.flop_counter import FlopCounterMode

    texts, labels = ["word " * model.n_tokens] * n_texts, torch.zeros(n_texts, dtype=torch.long)
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, int] = {}

    def keep(saved: torch.Tensor) -> torch.Tensor:
        storage = saved.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()  # several arrays may share their numbers
        return saved.detach()  # the array itself would keep the whole graph alive

    with one_thread(), torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
        with FlopCounterMode(display=False) as there:
            loss = F.cross_entropy(model(texts), labels)
        with FlopCounterMode(display=False) as back:
            loss.backward()
    model.zero_grad()
    return StepCosts(sum(kept.values()), there.get_total_flops(), back.get_total_flops())
