"""A network that sees: EfficientNet-lite0, trained on a million photographs, from pixels to 1,280 features.

The layers of Tan and Le (2019, https://arxiv.org/abs/1905.11946) in the version for phones, with the names that the
published weights have. Each block widens its input with 1×1 convolutions, looks at neighbours within each channel, and
narrows again; where the shape stays, the input is added, as in a transformer's residual stream.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.common import assets
from course_utils.common.compute import one_thread
from course_utils.images.features import network_input

# (blocks, kernel, stride of the first, how much wider inside, channels out)
STAGES = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112))
STAGES += ((4, 5, 2, 6, 192), (1, 3, 1, 6, 320))
N_FEATURES, N_CLASSES, STEM = 1280, 1000, 32


class Convolution(nn.Conv2d):
    """A convolution that pads with zeros so that a stride of s gives ``ceil(size / s)``, as TensorFlow does."""

    def forward(self, x: Tensor) -> Tensor:
        """Convolve ``(n, channels, height, width)``."""
        kernel, stride = self.kernel_size[0], self.stride[0]
        missing = [max((math.ceil(size / stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:]]
        sides = [part for gap in reversed(missing) for part in (gap // 2, gap - gap // 2)]
        return super().forward(functional.pad(x, sides))


class Block(nn.Module):
    """One inverted bottleneck: widen, look around within each channel, narrow, and add the input if it fits."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expand: int):
        super().__init__()
        wide = n_in * expand
        if expand > 1:
            self._expand_conv = Convolution(n_in, wide, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(wide, eps=1e-3)
        self._depthwise_conv = Convolution(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = nn.BatchNorm2d(wide, eps=1e-3)
        self._project_conv = Convolution(wide, n_out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(n_out, eps=1e-3)
        self.adds = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_in, height, width)`` into ``(n, n_out, height / stride, width / stride)``."""
        h = functional.relu6(self._bn0(self._expand_conv(x))) if hasattr(self, "_bn0") else x
        h = functional.relu6(self._bn1(self._depthwise_conv(h)))
        h = self._bn2(self._project_conv(h))
        return h + x if self.adds else h


class EfficientNetLite(nn.Module):
    """The whole network; `maps` gives what its layers answer to, `forward` the scores of ImageNet's classes."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = Convolution(3, STEM, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(STEM, eps=1e-3)
        blocks, width = [], STEM
        for n_blocks, kernel, stride, expand, n_out in STAGES:
            for number in range(n_blocks):
                blocks.append(Block(width, n_out, kernel, stride if number == 0 else 1, expand))
                width = n_out
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = Convolution(width, N_FEATURES, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(N_FEATURES, eps=1e-3)
        self._fc = nn.Linear(N_FEATURES, N_CLASSES)

    def maps(self, x: Tensor) -> list[Tensor]:
        """Return the output of the stem, of each of the 16 blocks, and of the head, each ``(n, channels, h, w)``."""
        found = [functional.relu6(self._bn0(self._conv_stem(x)))]
        for block in self._blocks:
            found.append(block(found[-1]))
        return [*found, functional.relu6(self._bn1(self._conv_head(found[-1])))]

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, 3, height, width)`` into the scores of the classes, ``(n, 1000)``."""
        return self._fc(self.maps(x)[-1].mean((2, 3)))


@functools.cache
def efficientnet() -> EfficientNetLite:
    """Return the network with its published weights, fetched at first use (17 MB)."""
    weights = torch.load(assets.efficientnet_path(), map_location="cpu", weights_only=True)  # no code runs
    network = EfficientNetLite()
    network.load_state_dict(weights)
    return network.requires_grad_(False).train(False)


def shuffled_weights(seed: int) -> EfficientNetLite:
    """Return a network whose convolutions have the trained one's numbers in a random order: a control for training.

    Each layer keeps its numbers, so that their sizes are those of the trained network; what was learned is gone.
    """
    network, generator = copy.deepcopy(efficientnet()), torch.Generator().manual_seed(seed)
    for layer in network.modules():
        if isinstance(layer, Convolution):
            order = torch.randperm(layer.weight.numel(), generator=generator)
            layer.weight.copy_(layer.weight.flatten()[order].view_as(layer.weight))
    return network


def renormalised(network: EfficientNetLite, pictures: Sequence[np.ndarray]) -> EfficientNetLite:
    """Return a network whose normalisation fits what its own layers answer to some pictures, 32 at a time.

    The means and variances that a trained network keeps are those of its trained layers. After the weights were
    shuffled they fit no longer, and a layer behind a wrong mean may be silent whatever it sees.

    Parameters
    ----------
    network : EfficientNetLite
        It is not changed.
    pictures : sequence of ndarray
        What it is to look at; nothing else is known of them.
    """
    network = copy.deepcopy(network).train()
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None  # the plain mean over all batches
            layer.weight.data.fill_(1)
            layer.bias.data.zero_()
    with one_thread(), torch.no_grad():
        for start in range(0, len(pictures), 32):
            network.maps(torch.from_numpy(network_input(pictures[start : start + 32])))
    return network.train(False)
