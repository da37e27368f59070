"""The training of a tiny GPT: batches of text, a learning rate that rises and falls, and the loss on other text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_ids, check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.plotting.live_curve import LiveCurve
from course_utils.tiny_gpt.model import TinyGPT

PIECES_AT_ONCE = 16  # what they need lies in the processor's cache: 64 take half as long again


def windows(ids: Sequence[int], context: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut a text into pieces side by side: what to read, and the same one token later, which is what to predict.

    Returns
    -------
    (inputs, targets) : ndarrays of int64, shape (n_pieces, context)
        What is left over at the end is dropped.

    Examples
    --------
    >>> windows([1, 2, 3, 4, 5, 6], 2)
    (array([[1, 2],
           [3, 4]]), array([[2, 3],
           [4, 5]]))
    """
    ids = _text(ids, context)
    n = (len(ids) - 1) // context
    return ids[: n * context].reshape(n, context), ids[1 : n * context + 1].reshape(n, context)


def get_batch(
    ids: Sequence[int] | Tensor, context: int, batch: int, generator: torch.Generator | None = None
) -> tuple[Tensor, Tensor]:
    """Draw pieces of a text at random places, each place as likely as any other.

    Parameters
    ----------
    ids : sequence of int, or Tensor of int64, shape (n,)
        The text as tokens, more than ``context`` of them.

    Returns
    -------
    (inputs, targets) : Tensors of int64, shape (batch, context)
        What to read, and the same one token later.

    Examples
    --------
    >>> inputs, targets = get_batch(range(100), context=4, batch=2, generator=torch.Generator().manual_seed(0))
    >>> inputs.shape, bool((targets == inputs + 1).all())
    (torch.Size([2, 4]), True)
    """
    if not isinstance(ids, Tensor):
        ids = torch.tensor(_text(ids, context))
    starts = torch.randint(len(ids) - context, (check_whole("batch", batch, 1), 1), generator=generator)
    pieces = ids[starts + torch.arange(context + 1)]  # (batch, context + 1)
    return pieces[:, :-1], pieces[:, 1:]


def _text(ids: Sequence[int], context: int, n_vocabulary: int | None = None) -> np.ndarray:
    """Return a text as int64, if it is one row of ids and long enough for a piece and the token after it."""
    context, ids = check_whole("context", context, 1), check_ids(ids, n_vocabulary)
    if ids.ndim != 1:
        raise InputError(f"A text is one row of token ids, and these have the shape {ids.shape}.")
    if len(ids) <= context:
        raise InputError(f"{len(ids)} tokens are too few for a piece of {context} and the token after it.")
    return ids


def rate(step: int, n_steps: int, highest: float, warm_up: int) -> float:
    """Return the learning rate of a step: a straight line up, half a cosine down to a tenth, and then no further.

    Examples
    --------
    >>> [round(rate(step, n_steps=10, highest=1.0, warm_up=2), 2) for step in (0, 1, 2, 6, 10, 14)]
    [0.5, 1.0, 1.0, 0.55, 0.1, 0.1]
    """
    if step < warm_up:
        return highest * (step + 1) / warm_up
    done = min(1, (step - warm_up) / max(1, n_steps - warm_up))
    return highest * (0.1 + 0.9 * (1 + math.cos(math.pi * done)) / 2)


@one_thread()
def train(
    model: TinyGPT,
    ids: Sequence[int],
    n_steps: int,
    *,
    highest: float = 5e-3,
    warm_up: int = 20,
    batch: int = 16,
    seed: int = 0,
    each: Callable[[int], None] | None = None,
    what: str = "training",
) -> list[float]:
    """Train a model, in place, to predict the next token; a progress bar and a growing curve show how it goes.

    Parameters
    ----------
    ids : sequence of int
        The text as tokens, more than ``model.plan.context`` of them.
    highest, warm_up : float, int
        The highest learning rate, and the steps until it is reached; see `rate`.
    batch, seed : int
        Pieces of text in each step, and the seed that draws them; see `get_batch`.
    each : callable, optional
        Called with the number of steps done: with 0 before the first, then after each.

    Returns
    -------
    list of float
        The loss of each step on its own batch, in nats a token.
    """
    plan = model.plan
    text = torch.tensor(_text(ids, plan.context, plan.n_vocabulary))
    n_steps, highest = check_whole("n_steps", n_steps, 1), check_number("highest", highest, 0)
    warm_up = check_whole("warm_up", warm_up, 0)
    generator = torch.Generator().manual_seed(check_whole("seed", seed, 0))
    optimiser = torch.optim.AdamW(model.parameters(), betas=(0.9, 0.98), weight_decay=0.05)
    losses, curve, report = [], LiveCurve(n_steps), each or (lambda step: None)
    report(0)
    with job_bar(n_steps, "step", what) as bar:
        for step in range(n_steps):
            inputs, targets = get_batch(text, plan.context, batch, generator)
            loss = F.cross_entropy(model(inputs).flatten(0, 1), targets.flatten())
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for group in optimiser.param_groups:
                group["lr"] = rate(step, n_steps, highest, warm_up)
            optimiser.step()
            losses.append(loss.item())
            bar.update()
            curve.show(losses)
            report(step + 1)
    curve.show(losses, at_last=True)
    return losses


def held_out_loss(model: TinyGPT, inputs: np.ndarray, targets: np.ndarray) -> float:
    """Return the average loss on what `windows` gives, each ``(n_pieces, context)``, in nats a token."""
    return float(piece_losses(model, inputs, targets).mean())


@one_thread()
@torch.no_grad()
def piece_losses(model: TinyGPT, inputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return the average loss on each piece of what `windows` gives, in nats a token: ``(n_pieces,)``."""
    inputs, targets = (check_ids(ids, model.plan.n_vocabulary) for ids in (inputs, targets))
    if inputs.shape != targets.shape or not inputs.size:
        raise InputError(f"Each id needs its target, and inputs are {inputs.shape} and targets {targets.shape}.")
    losses = []
    for start in range(0, len(inputs), PIECES_AT_ONCE):
        logits = model(inputs[start : start + PIECES_AT_ONCE])
        goal = torch.tensor(targets[start : start + PIECES_AT_ONCE])
        losses.append(F.cross_entropy(logits.transpose(1, 2), goal, reduction="none").mean(dim=1))
    return torch.cat(losses).double().numpy()
