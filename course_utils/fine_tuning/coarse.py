"""Weights in 4 bits: 64 numbers share a scale, and each becomes one of fifteen levels."""

from __future__ import annotations

import torch
from torch import nn

BLOCK, HIGHEST = 64, 7  # numbers that share a scale; the levels go from -7 to 7


@torch.no_grad()
def coarsen(network: nn.Module) -> None:
    """Round the weights of all linear layers in place, as a simple 4-bit format would store them.

    Each block of 64 numbers has its own scale, its largest absolute number divided by 7. QLoRA's levels are closer
    together near zero (Dettmers and others, 2023, https://arxiv.org/abs/2305.14314); these are evenly spaced.

    Examples
    --------
    >>> layer = nn.Linear(64, 1)
    >>> coarsen(layer)
    >>> (layer.weight / layer.weight.abs().max() * 7).round().unique().numel() <= 15
    True
    """
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            blocks = layer.weight.view(-1, BLOCK)
            scale = blocks.abs().amax(dim=1, keepdim=True).clamp(min=1e-12) / HIGHEST
            blocks.copy_((blocks / scale).round() * scale)
