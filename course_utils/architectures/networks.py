"""Four small networks over one form of input: a list of tokens, each a row of numbers, ``(n, n_tokens, n_numbers)``.

A table's tokens are its columns, a picture's its rows of pixels, a time series' its hours, a text's its words.
"""

from __future__ import annotations

import functools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.architectures.data import Task
from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError

N_HEADS, N_BLOCKS, KERNEL = 4, 2, 3


class MLP(nn.Module):
    """Every number meets its own weights: flatten, two hidden layers, a score for each class."""

    def __init__(self, n_tokens: int, n_numbers: int, n_classes: int, width: int):
        super().__init__()
        self.first = nn.Linear(n_tokens * n_numbers, width)
        self.second = nn.Linear(width, width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into ``(n, n_classes)``."""
        x = functional.relu(self.first(x.flatten(1)))
        return self.head(functional.relu(self.second(x)))


class CNN(nn.Module):
    """One small window of weights for all places, three layers of them, and the largest answer of each kernel.

    With ``picture`` the rows of the input are the rows of a picture, and the window is 3 × 3; otherwise it covers three
    neighbouring tokens. Between the layers, the larger one of two neighbours is kept, if it ``halves``. The weights of
    a window are ``steps`` places apart, one number for each layer.
    """

    halves, steps = True, (1, 1, 1)

    def __init__(self, n_tokens: int, n_numbers: int, n_classes: int, width: int, *, picture: bool = False):
        super().__init__()
        self.picture, self.halve = picture, (2, 2) if picture else (1, 2)
        kernel = (KERNEL, KERNEL) if picture else (1, KERNEL)
        channels = (1 if picture else n_numbers, width, width, width)
        self.layers = nn.ModuleList(
            nn.Conv2d(channels[k], width, kernel, padding="same", dilation=step) for k, step in enumerate(self.steps)
        )
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into ``(n, n_classes)``."""
        x = x[:, None] if self.picture else x.mT[:, :, None]  # (n, channels, height, n_places)
        for number, layer in enumerate(self.layers):
            x = functional.max_pool2d(x, self.halve) if number and self.halves else x
            x = functional.relu(layer(x))
        return self.head(x.amax((2, 3)))


class WholeCNN(CNN):
    """The CNN without halving: its layers see every place, to the end."""

    halves = False


class DilatedCNN(WholeCNN):
    """The CNN without halving and with a wide view: the weights of its windows are 1, 2 and 4 places apart."""

    steps = (1, 2, 4)


class GRU(nn.Module):
    """One token after the other: a state of ``width`` numbers that each token changes, read at the end."""

    def __init__(self, n_tokens: int, n_numbers: int, n_classes: int, width: int):
        super().__init__()
        self.cell = nn.GRU(n_numbers, width, batch_first=True)
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into ``(n, n_classes)``."""
        _, last = self.cell(x)  # all states (n, n_tokens, width), the last one (1, n, width)
        return self.head(last[0])


class Block(nn.Module):
    """One block of the Transformer: tokens look at each other, then each one is worked on by itself."""

    def __init__(self, width: int):
        super().__init__()
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.mix = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.widen, self.narrow = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, width)`` into as many new rows."""
        n, n_tokens, width = x.shape
        qkv = self.qkv(self.norm_1(x)).view(n, n_tokens, 3, N_HEADS, width // N_HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)  # (n, heads, n_tokens, width / heads) each
        seen = functional.scaled_dot_product_attention(q, k, v)
        x = x + self.mix(seen.transpose(1, 2).flatten(2))
        return x + self.narrow(functional.relu(self.widen(self.norm_2(x))))


class Transformer(nn.Module):
    """Every token may look at every other one; where a token is comes in as numbers that are added to it."""

    places = True

    def __init__(self, n_tokens: int, n_numbers: int, n_classes: int, width: int):
        super().__init__()
        self.entry = nn.Linear(n_numbers, width)
        self.blocks = nn.Sequential(*(Block(width) for _ in range(N_BLOCKS)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into ``(n, n_classes)``."""
        x = self.entry(x)
        x = self.blocks(x + positions(*x.shape[1:]) if self.places else x)
        return self.head(self.norm(x.mean(1)))


class PlacelessTransformer(Transformer):
    """The Transformer without the numbers that say where a token is."""

    places = False


class Mean(nn.Module):
    """The mean of all tokens and one dense layer; it has no hidden layer, so its ``width`` changes nothing."""

    def __init__(self, n_tokens: int, n_numbers: int, n_classes: int, width: int):
        super().__init__()
        self.head = nn.Linear(n_numbers, n_classes)

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_tokens, n_numbers)`` into ``(n, n_classes)``."""
        return self.head(x.mean(1))


def positions(n_tokens: int, width: int) -> Tensor:
    """Return the sines and cosines that tell a Transformer where a token is, ``(n_tokens, width)``.

    Notes
    -----
    As in Vaswani and others (2017), *Attention Is All You Need*, section 3.5, the sines first.

    Examples
    --------
    >>> positions(2, 4)[:, [0, 2]]  # a sine and the cosine of the same wave
    tensor([[0.0000, 1.0000],
            [0.8415, 0.5403]])
    """
    speeds = 1000.0 ** -(torch.arange(width // 2) / (width // 2))
    angles = torch.arange(n_tokens)[:, None] * speeds
    return torch.cat([angles.sin(), angles.cos()], dim=1)


class Columns(nn.Module):
    """The entry of a table: a row of numbers for each value of a column of words, and a line for each of numbers."""

    def __init__(self, n_words: int, n_columns_of_words: int, n_columns: int, n_numbers: int):
        super().__init__()
        self.split = n_columns_of_words
        self.words = nn.Embedding(n_words, n_numbers)
        self.slope = nn.Parameter(torch.randn(n_columns - n_columns_of_words, n_numbers))
        self.start = nn.Parameter(torch.randn(n_columns - n_columns_of_words, n_numbers))

    def forward(self, x: Tensor) -> Tensor:
        """Turn ``(n, n_columns)`` into ``(n, n_columns, n_numbers)``."""
        numbers = x[:, self.split :, None] * self.slope + self.start
        return torch.cat([self.words(x[:, : self.split].long()), numbers], dim=1)


NETWORKS: dict[str, type[nn.Module]] = {"MLP": MLP, "CNN": CNN, "GRU": GRU, "Transformer": Transformer}
OF_PICTURES: dict[str, type[nn.Module]] = {"CNN without halving": WholeCNN, "CNN, dilated, no halving": DilatedCNN}
OF_TEXTS: dict[str, type[nn.Module]] = {"mean of words": Mean, "Transformer without places": PlacelessTransformer}
VARIANTS = OF_PICTURES | OF_TEXTS


def build(name: str, task: Task, budget: int, seed: int = 0) -> nn.Sequential:
    """Build a network for a task, as wide as a budget of parameters allows, behind the task's entry.

    Parameters
    ----------
    name : {"MLP", "CNN", "GRU", "Transformer"} or a name of `VARIANTS`
        Which network.
    task : Task
        What it is for: its shape, its entry and its number of classes.
    budget : int
        The most parameters of the network; those of the entry, which is the same for all networks, are not counted.
    seed : int
        Of the weights at the start.

    Raises
    ------
    InputError
        If there is no such network, or the budget does not even allow the narrowest one.
    """
    width = widest(name, task, budget)
    torch.manual_seed(check_whole("seed", seed, 0))
    entry: nn.Module = nn.Identity()
    if task.n_words and task.columns_of_words:
        entry = Columns(task.n_words, task.columns_of_words, task.n_tokens, task.n_numbers)
    elif task.n_words:
        entry = nn.Embedding(task.n_words, task.n_numbers)
    return nn.Sequential(entry, _make(name, task.n_tokens, task.n_numbers, task.n_classes, width, task.picture))


def widest(name: str, task: Task, budget: int) -> int:
    """Return the largest width of a network's hidden layers that a budget of parameters allows.

    The parameters and the errors are those of `build`.
    """
    if name not in NETWORKS | VARIANTS:
        raise InputError(f"There is no network {name!r}; choose one of {', '.join(NETWORKS | VARIANTS)}.")
    return _widest(name, task.n_tokens, task.n_numbers, task.n_classes, check_whole("budget", budget, 1), task.picture)


def n_parameters(network: nn.Module) -> int:
    """Count the numbers that training may change.

    Examples
    --------
    >>> n_parameters(MLP(n_tokens=4, n_numbers=2, n_classes=3, width=5))  # 8*5 + 5, 5*5 + 5, 5*3 + 3
    93
    """
    return sum(weight.numel() for weight in network.parameters())


def _make(name: str, n_tokens: int, n_numbers: int, n_classes: int, width: int, picture: bool) -> nn.Module:
    kind = (NETWORKS | VARIANTS)[name]
    extra = {"picture": picture} if issubclass(kind, CNN) else {}
    return kind(n_tokens, n_numbers, n_classes, width, **extra)


@functools.lru_cache
def _widest(name: str, n_tokens: int, n_numbers: int, n_classes: int, budget: int, picture: bool) -> int:
    """Return the largest width that fits the budget; the Transformer's is a multiple of its number of heads."""
    step, fits = N_HEADS if name.startswith("Transformer") else 1, 0
    with torch.device("meta"):  # counts without making the numbers
        for width in range(step, math.isqrt(budget) + step, step):
            if n_parameters(_make(name, n_tokens, n_numbers, n_classes, width, picture)) > budget:
                break
            fits = width
    if not fits:
        raise InputError(f"A budget of {budget} parameters is too small for the narrowest {name}: allow more.")
    return fits
