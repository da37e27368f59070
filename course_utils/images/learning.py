"""Training a projection through a language model: the gradient passes the frozen model and ends in two matrices.

The recipe is that of LLaVA's first stage (Liu and others, 2023, https://arxiv.org/abs/2304.08485), in little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.images.reading import FrozenReader
from course_utils.images.seeing import Projection

AT_ONCE = 6  # captions that pass through the model together, sorted by length; a batch's gradients add up
LEARNED = ("down", "up", "base")
DECAY = 0.1  # how much of itself each weight loses in a step of size 1
KEYWORDS = 0.5  # how often a keyword is the caption, in place of the name


def train_projection(
    reader: FrozenReader,
    start: Projection,
    features: np.ndarray,
    captions: Sequence[tuple[str, Sequence[str]]],
    *,
    steps: int,
    batch_size: int = 16,
    learning_rate: float = 5e-4,
    dropout: float = 0.3,
    learned: Sequence[str] = LEARNED,
    rng: np.random.Generator,
) -> tuple[Projection, list[float]]:
    """Train a projection so that the model writes a picture's caption behind the row that is made from the picture.

    Parameters
    ----------
    reader : FrozenReader
        The language model, which has read the lines before a picture and stays as it is.
    start : Projection
        Where training starts; it is not changed.
    features : ndarray, shape (n_pictures, n_features)
        The features of the pictures of training.
    captions : sequence of (str, sequence of str)
        For each picture its name and its keywords, of which one is drawn each time.
    steps, batch_size, learning_rate, dropout : int, int, float, float
        How many steps, pictures in each, the highest size of a step (see `one_cycle`), and the share of features that
        are left out.
    learned : sequence of str
        What is trained, of ``down``, ``up`` and ``base``; the rest stays as it is in ``start``.
    rng : numpy.random.Generator
        Draws pictures, captions and what is left out.

    Returns
    -------
    projection : Projection
    losses : list of float
        The mean log loss of the captions' tokens in each batch, before its step.

    Raises
    ------
    InputError
        If there is not a caption for each picture, a number is out of range, or there is no such part.
    """
    if len(features) != len(captions):
        raise InputError(
            f"Each picture needs its captions: there are {len(features)} rows and {len(captions)} captions."
        )
    if not learned or not set(learned) <= set(LEARNED):
        raise InputError(f"What can be learned are {', '.join(LEARNED)}, and this asks for {', '.join(learned)}.")
    check_whole("steps", steps, 2)
    check_whole("batch_size", batch_size, 1, len(features))
    check_number("dropout", dropout, 0, 0.99)
    parts = {name: torch.tensor(getattr(start, name)).requires_grad_(name in learned) for name in LEARNED}
    moments, losses = {name: (torch.zeros_like(parts[name]), torch.zeros_like(parts[name])) for name in learned}, []
    with job_bar(steps, "step", "training") as bar, one_thread():
        for step in range(steps):
            batch = rng.choice(len(features), batch_size, replace=False)
            kept = (rng.random((batch_size, features.shape[1])) >= dropout) / (1 - dropout)
            shown = ((features[batch] - start.mean) * kept).astype(np.float32)
            words = [draw_caption(*captions[place], rng) for place in batch]
            losses.append(add_gradients(reader, parts, float(start.length), shown, words))
            for name in learned:
                move(parts[name], moments[name], step, *one_cycle(step, steps, learning_rate))
            bar.update()
    return replace(start, **{name: part.detach().numpy() for name, part in parts.items()}), losses


def one_cycle(step: int, steps: int, highest: float) -> tuple[float, float]:
    """Return the size of a step, counted from 0, and its momentum: the one rises for a tenth of the steps, then falls.

    The momentum does the opposite, between 0.95 and 0.85 (Smith and Topin, 2019, https://arxiv.org/abs/1708.07120).

    Examples
    --------
    >>> [tuple(round(number, 3) for number in one_cycle(step, 20, 1.0)) for step in (0, 1, 19)]
    [(0.04, 0.95), (1.0, 0.85), (0.0, 0.95)]
    """
    peak = 0.1 * steps - 1 or 1e-9
    part = step / peak if step <= peak else (step - peak) / (steps - 1 - peak)
    wave = (1 + math.cos(math.pi * part)) / 2  # from 1 to 0 in either part
    ends = ((highest / 25, highest), (0.95, 0.85)) if step <= peak else ((highest, highest / 25e4), (0.85, 0.95))
    return tuple(last + (first - last) * wave for first, last in ends)


@torch.no_grad()
def move(
    part: Tensor, moments: tuple[Tensor, Tensor], step: int, size: float, momentum: float, decay: float = DECAY
) -> None:
    """Take a step of AdamW (Loshchilov and Hutter, 2019) against a part's gradient, and forget the gradient.

    In a step each weight loses ``size * decay`` of itself. The two moments are running means of the gradient and of its
    square. PyTorch's own optimiser does the same; its compiler, which comes with it, would take 50 MB.
    """
    mean, square = moments
    mean.lerp_(part.grad, 1 - momentum)
    square.lerp_(part.grad.square(), 0.001)
    change = mean / (1 - momentum ** (step + 1)) / ((square / (1 - 0.999 ** (step + 1))).sqrt() + 1e-8)
    part.mul_(1 - size * decay).sub_(size * change)
    part.grad = None


def draw_caption(name: str, keywords: Sequence[str], rng: np.random.Generator) -> str:
    """Return the name in small letters, or in one of two cases one of the keywords.

    Examples
    --------
    >>> draw_caption("Fox face", [], np.random.default_rng(0))
    'fox face'
    """
    return name.lower() if not keywords or rng.random() >= KEYWORDS else str(rng.choice(keywords))


def add_gradients(
    reader: FrozenReader, parts: dict[str, Tensor], length: float, shown: np.ndarray, words: Sequence[str]
) -> float:
    """Return the loss of a batch of captions and add its gradients to the parts of a projection, some at a time.

    ``shown`` are the features with their mean subtracted, ``(n, n_features)``, and ``words`` the n captions.
    """
    order, total = np.argsort([len(text) for text in words], kind="stable"), 0.0
    for start in range(0, len(order), AT_ONCE):
        some = order[start : start + AT_ONCE]
        moved = F.normalize(torch.from_numpy(shown[some]) @ parts["down"] @ parts["up"], dim=-1)
        rows = (parts["base"] + length * moved)[:, None]  # (n, d_model) -> (n, 1, d_model)
        loss = reader.losses(rows, [words[place] for place in some]).sum() / len(words)
        loss.backward()
        total += loss.item()
    return total
