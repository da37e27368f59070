"""Two networks that learn from pixels and texts alone, with the contrastive loss (CLIP in little)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.images.learning import move


def small_networks(seed: int, *, kernels_learn: bool = True) -> tuple[nn.Sequential, nn.Linear]:
    """Return two networks of random numbers that end in rows of 256: three convolutions, and a matrix for texts.

    Behind each convolution are a normalisation and a ReLU; what is left of the picture, 64 maps of 2 x 2 means, is
    turned by a matrix: ``(n, 3, height, width) -> (n, 256)``, and texts ``(n, 384) -> (n, 256)``.

    Parameters
    ----------
    seed : int
        Draws the numbers.
    kernels_learn : bool
        Whether training moves the convolutions; otherwise they keep their random numbers.

    Examples
    --------
    >>> see, read = small_networks(0, kernels_learn=False)
    >>> see(torch.zeros(2, 3, 36, 36)).shape, sum(part.numel() for part in see.parameters() if part.requires_grad)
    (torch.Size([2, 256]), 66016)
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        convolutions = [nn.Conv2d(3, 16, 5, 2), nn.Conv2d(16, 32, 3, 2), nn.Conv2d(32, 64, 3, 2)]
        end = [nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(256, 256)]
        read = nn.Linear(384, 256, bias=False)
    parts = [p.requires_grad_(kernels_learn) for p in convolutions]
    layers = [layer for p in parts for layer in (p, nn.BatchNorm2d(p.out_channels), nn.ReLU())]
    return nn.Sequential(*layers, *end), read


def train_networks(
    see: nn.Module,
    read: nn.Module,
    pictures: Tensor,
    vectors: Tensor,
    *,
    steps: int = 60,
    batch_size: int = 256,
    learning_rate: float = 3e-3,
    temperature: float = 0.2,
    seed: int = 0,
) -> list[float]:
    """Train two networks, in place, so that each picture finds its text in the batch, and each text its picture.

    Parameters
    ----------
    see, read : torch.nn.Module
        Turn pictures and vectors of texts into rows of one width; afterwards they are in evaluation mode. Parts that
        ask for no gradient stay as they are.
    pictures, vectors : Tensor, shapes (n_pairs, ...) and (n_pairs, n_numbers)
        Row i of the one belongs to row i of the other.
    steps, batch_size, learning_rate : int, int, float
        How many steps of AdamW are taken, the pairs of each, and its size.
    temperature : float
        What cosines are divided by.
    seed : int
        Draws the batches.

    Returns
    -------
    list of float
        The mean of the losses in both directions, for each batch before its step.

    Raises
    ------
    InputError
        If the two sides have not as many rows, or fewer than a batch, or a number is out of its range.
    """
    if len(pictures) != len(vectors):
        raise InputError(f"Pairs need as many pictures as texts, and there are {len(pictures)} and {len(vectors)}.")
    check_whole("batch_size", batch_size, 2, len(pictures))
    check_whole("steps", steps, 1)
    check_number("temperature", temperature, 0.001)
    check_number("learning_rate", learning_rate, 0)
    draw, own, losses = torch.Generator().manual_seed(seed), torch.arange(batch_size), []
    parts = [part for net in (see, read) for part in net.parameters() if part.requires_grad]
    moments = [(torch.zeros_like(part), torch.zeros_like(part)) for part in parts]
    with job_bar(steps, "step", "training") as bar, one_thread():
        for step in range(steps):
            batch = torch.randperm(len(pictures), generator=draw)[:batch_size]
            rows = [F.normalize(net(side[batch])) for net, side in ((see.train(), pictures), (read.train(), vectors))]
            scores = rows[0] @ rows[1].T / temperature  # (n, n)
            loss = (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
            loss.backward()
            losses.append(loss.item())
            for part, moment in zip(parts, moments, strict=True):
                move(part, moment, step, learning_rate, 0.9)
            bar.update()
    see.train(False), read.train(False)
    return losses
