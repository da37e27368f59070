"""Adapt a trained network with few new weights beside its frozen ones: low-rank updates (LoRA) and adapters."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common.checks import check_whole, is_whole_number
from course_utils.common.errors import InputError


class LoRALinear(nn.Module):
    """A frozen linear layer with a trained update of low rank: ``y = W x + b + (alpha / rank) B A x``.

    ``A``, shape ``(rank, n_in)``, starts random as in peft, and ``B``, shape ``(n_out, rank)``, at zero, so that at
    first nothing changes (Hu et al., 2021, https://arxiv.org/abs/2106.09685). Only these two are trained.

    Parameters
    ----------
    layer : torch.nn.Linear
        Its weights are frozen and not copied.
    rank, alpha : int, float, optional
        A rank from 1 to the smaller side of the layer's matrix, and a number above 0 (InputError). Without an alpha,
        ``B A`` is the update itself.
    generator : torch.Generator, optional
        Draws the first ``A``.

    Examples
    --------
    >>> layer = LoRALinear(nn.Linear(6, 4), rank=2)
    >>> sum(weight.numel() for weight in layer.parameters() if weight.requires_grad)
    20
    >>> x = torch.ones(1, 6)
    >>> bool((layer(x) == layer.layer(x)).all())
    True
    """

    def __init__(
        self, layer: nn.Linear, rank: int, alpha: float | None = None, generator: torch.Generator | None = None
    ):
        super().__init__()
        if not isinstance(layer, nn.Linear):
            raise InputError(f"A low-rank update goes beside a linear layer, and this is a {type(layer).__name__}.")
        n_out, n_in = layer.weight.shape
        if not is_whole_number(rank) or not 1 <= rank <= min(n_in, n_out):
            most = min(n_in, n_out)
            raise InputError(f"The rank is {rank!r}: it must be a whole number from 1 to {most}, the matrix's own.")
        alpha = rank if alpha is None else alpha
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha < math.inf:
            raise InputError(f"alpha is {alpha!r}: it must be a number above 0.")
        self.layer = layer.requires_grad_(False)
        self.rank, self.alpha, self.merged = int(rank), alpha, False
        self.A = nn.Parameter(torch.empty(rank, n_in, dtype=layer.weight.dtype))
        self.B = nn.Parameter(torch.zeros(n_out, rank, dtype=layer.weight.dtype))
        nn.init.kaiming_uniform_(self.A, a=math.sqrt(5), generator=generator)

    @property
    def scaling(self) -> float:
        """The factor of the update, ``alpha / rank``."""
        return self.alpha / self.rank

    def forward(self, x: Tensor) -> Tensor:
        """Add the layer's output and the update's: ``(..., n_in) -> (..., n_out)``."""
        if self.merged:
            return self.layer(x)
        narrow = x @ self.A.T  # (..., n_in) -> (..., rank)
        return self.layer(x) + self.scaling * (narrow @ self.B.T)  # (..., rank) -> (..., n_out)

    def update(self) -> Tensor:
        """Return what is added to the weights: ``(alpha / rank) B A``, of shape ``(n_out, n_in)``."""
        return self.scaling * (self.B @ self.A)

    @torch.no_grad()
    def merge(self) -> None:
        """Add the update to the weights themselves, so that it costs nothing more; once only, or InputError."""
        if self.merged:
            raise InputError("This update is merged already, and a second time would count it twice: unmerge() first.")
        self.layer.weight += self.update()
        self.merged = True

    @torch.no_grad()
    def unmerge(self) -> None:
        """Take a merged update out of the weights again."""
        if not self.merged:
            raise InputError("This update is not merged, so there is nothing to take out: merge() first.")
        self.layer.weight -= self.update()
        self.merged = False


class Adapter(nn.Module):
    """A bottleneck with a residual connection, put behind a frozen layer: ``h + up(gelu(down(h)))``.

    ``up`` starts at zero, so that at first nothing changes (Houlsby et al., 2019, https://arxiv.org/abs/1902.00751).

    Examples
    --------
    >>> adapter, h = Adapter(6, 2), torch.ones(1, 6)
    >>> sum(weight.numel() for weight in adapter.parameters())
    32
    >>> bool((adapter(h) == h).all())
    True
    """

    def __init__(self, width: int, bottleneck: int):
        super().__init__()
        width, bottleneck = check_whole("width", width, 1), check_whole("bottleneck", bottleneck, 1)
        self.down, self.up = nn.Linear(width, bottleneck), nn.Linear(bottleneck, width)
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, h: Tensor) -> Tensor:
        """Return rows of the same shape, ``(..., width)``."""
        return h + self.up(F.gelu(self.down(h)))


def linear_layers(network: nn.Module, targets: Sequence[str]) -> list[str]:
    """Return the full names of the linear layers whose names end with one of ``targets``.

    An end is of whole parts between dots, such as ``"query"`` or ``"attention.self.query"``; each must be there
    (InputError).

    Examples
    --------
    >>> network = nn.ModuleDict({"query": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
    >>> linear_layers(network, ["query"])
    ['query']
    """
    if isinstance(targets, str):
        raise InputError(f"targets is a list of names: write [{targets!r}] for a single one.")
    there = [name for name, layer in network.named_modules() if isinstance(layer, nn.Linear)]
    found = {target: [name for name in there if f".{name}".endswith(f".{target}")] for target in targets}
    missing = [target for target, names in found.items() if not names]
    if missing or not found:
        ends = sorted({name.rpartition(".")[2] for name in there})
        what = f"no linear layer {missing[0]!r}" if missing else "nothing to change in an empty list"
        raise InputError(f"There is {what}: this network's linear layers end in {', '.join(ends) or '(none)'}.")
    return [name for name in there if any(name in names for names in found.values())]


def add_lora(
    network: nn.Module, targets: Sequence[str], rank: int, alpha: float | None = None, seed: int = 0
) -> dict[str, LoRALinear]:
    """Freeze a network, in place, and put a low-rank update beside some of its linear layers.

    Which layers is said as in `linear_layers`, rank and alpha as in `LoRALinear`, and ``seed`` draws the first ``A`` of
    each. If anything does not fit, or there are updates already (InputError), the network stays as it is.

    Returns
    -------
    dict of str to LoRALinear
        The new layers, by the names of those that they replace.

    Examples
    --------
    >>> network = nn.ModuleDict({"query": nn.Linear(6, 6), "value": nn.Linear(6, 6)})
    >>> sorted(add_lora(network, ["query", "value"], rank=1))
    ['query', 'value']
    >>> count_parameters(network)
    (24, 108)
    """
    return add_updates(network, dict.fromkeys(linear_layers(network, targets), (rank, alpha)), seed)


def add_updates(
    network: nn.Module, sizes: Mapping[str, tuple[int, float | None]], seed: int = 0
) -> dict[str, LoRALinear]:
    """Do what `add_lora` does with a rank and an alpha for each layer, by the layers' full names.

    Examples
    --------
    >>> network = nn.ModuleDict({"query": nn.Linear(6, 6), "value": nn.Linear(6, 6)})
    >>> layers = add_updates(network, {"query": (1, None), "value": (3, 6)})
    >>> layers["value"].A.shape, layers["value"].scaling
    (torch.Size([3, 6]), 2.0)
    """
    if any(isinstance(layer, LoRALinear) for layer in network.modules()):
        raise InputError("This network has low-rank updates already: load it anew to give it others.")
    generator = torch.Generator().manual_seed(check_whole("seed", seed, 0))
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    try:
        added = {name: LoRALinear(network.get_submodule(name), *size, generator) for name, size in sizes.items()}
    except InputError:
        for weight in trained:
            weight.requires_grad_(True)
        raise
    network.requires_grad_(False)
    for name, layer in added.items():
        _replace(network, name, layer)
    return added


def add_adapters(network: nn.Module, targets: Sequence[str], bottleneck: int, seed: int = 0) -> dict[str, Adapter]:
    """Freeze a network, in place, and put an adapter behind some of its linear layers.

    Arguments and errors are those of `add_lora`, with the bottleneck of `Adapter` in place of a rank.

    Returns
    -------
    dict of str to Adapter
        The adapters, by the names of the layers that they follow.

    Examples
    --------
    >>> network = nn.ModuleDict({"output": nn.Linear(6, 6)})
    >>> sorted(add_adapters(network, ["output"], bottleneck=2))
    ['output']
    >>> count_parameters(network)
    (32, 74)
    """
    names = linear_layers(network, targets)
    with torch.random.fork_rng():
        torch.manual_seed(check_whole("seed", seed, 0))
        added = {name: Adapter(network.get_submodule(name).out_features, bottleneck) for name in names}
    network.requires_grad_(False)
    for name, adapter in added.items():
        _replace(network, name, nn.Sequential(network.get_submodule(name), adapter))
    return added


def count_parameters(network: nn.Module) -> tuple[int, int]:
    """Return how many weights of a network are trained, and how many it has.

    Examples
    --------
    >>> count_parameters(LoRALinear(nn.Linear(10, 10), rank=1))
    (20, 130)
    """
    sizes = [(weight.numel(), weight.requires_grad) for weight in network.parameters()]
    return sum(n for n, trained in sizes if trained), sum(n for n, _ in sizes)


def _replace(network: nn.Module, name: str, layer: nn.Module) -> None:
    parent, _, last = name.rpartition(".")
    setattr(network.get_submodule(parent), last, layer)
