"""The sentence encoder in PyTorch, with a product of one's own choice: decimals, whole numbers, or one that learns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.transformer.encoder import EPSILON

if TYPE_CHECKING:
    import torch

    from course_utils.transformer.encoder import NumPyEncoder

MATRICES = ("qkv", "output", "widen", "narrow")


class TorchEncoder:
    """The encoder's six blocks, whose matrices are kept by ``keep`` and multiplied by ``product``.

    Parameters
    ----------
    encoder : NumPyEncoder
        Where the weights come from; words, positions, biases and norms stay decimals.
    keep : callable
        Gets a matrix with the weights of one output in each row, ``(d_out, d_in)``, and returns what is stored of it.
    product : callable
        Gets vectors ``(n_tokens, d_in)`` and what was stored, and returns ``(n_tokens, d_out)``.

    Examples
    --------
    >>> import torch
    >>> from course_utils.transformer.encoder import NumPyEncoder
    >>> numpy_encoder = NumPyEncoder.minilm()
    >>> plain = TorchEncoder(numpy_encoder, torch.tensor, lambda x, W: x @ W.T)
    >>> difference = plain.encode(["Snow falls."]).numpy() - numpy_encoder.encode(["Snow falls."])
    >>> bool(np.abs(difference).max() < 1e-4)
    True
    """

    def __init__(
        self,
        encoder: NumPyEncoder,
        keep: Callable[[np.ndarray], Any],
        product: Callable[[torch.Tensor, Any], torch.Tensor],
    ) -> None:
        import torch

        self.encoder, self.product = encoder, product
        self.kept = [
            {name: keep(np.ascontiguousarray(getattr(block, name)[0].T)) for name in MATRICES}
            for block in encoder.blocks
        ]
        self.shifts = [{name: torch.tensor(getattr(block, name)[1]) for name in MATRICES} for block in encoder.blocks]

    def megabytes(self) -> float:
        """Return the size of what was stored of the matrices."""
        import torch

        stored = [each for kept in self.kept for each in kept.values()]
        lists = [each if isinstance(each, list) else [each] for each in stored]
        return sum(one.nbytes for each in lists for one in each if isinstance(one, torch.Tensor)) / 1e6

    def encode(self, texts: Sequence[str]) -> torch.Tensor:
        """Turn texts into vectors of length one: ``(n_texts, d_model)``."""
        import torch

        ids = self.encoder.token_ids(texts)
        lengths = [len(each) for each in ids]
        places = np.concatenate([np.arange(length) for length in lengths])
        x = torch.tensor(self.encoder.words[np.concatenate(ids)] + self.encoder.positions[places])
        x = _norm(x, self.encoder.norm)
        for block, kept, shift in zip(self.encoder.blocks, self.kept, self.shifts, strict=True):
            qkv = self.product(x, kept["qkv"]) + shift["qkv"]
            mixed = torch.cat([_mix(rows, self.encoder.n_heads) for rows in qkv.split(lengths)])
            x = _norm(x + self.product(mixed, kept["output"]) + shift["output"], block.norm_1)
            wide = torch.nn.functional.gelu(self.product(x, kept["widen"]) + shift["widen"])
            x = _norm(x + self.product(wide, kept["narrow"]) + shift["narrow"], block.norm_2)
        means = torch.stack([rows.mean(dim=0) for rows in x.split(lengths)])
        return means / means.norm(dim=1, keepdim=True)


def _norm(x: torch.Tensor, norm: tuple[np.ndarray, np.ndarray]) -> torch.Tensor:
    import torch

    return torch.nn.functional.layer_norm(x, x.shape[1:], *(torch.tensor(each) for each in norm), EPSILON)


def _mix(qkv: torch.Tensor, n_heads: int) -> torch.Tensor:
    """Let the tokens of one text mix: ``(n, 3 * d_model) -> (n, d_model)``."""
    n, d_head = len(qkv), qkv.shape[1] // 3 // n_heads
    q, k, v = qkv.reshape(n, 3, n_heads, d_head).permute(1, 2, 0, 3)  # each (heads, n, d_head)
    shares = (q @ k.transpose(1, 2) * d_head**-0.5).softmax(dim=-1)
    return (shares @ v).transpose(0, 1).reshape(n, -1)


def rounded_through(W: torch.Tensor, bits: int, block: int) -> torch.Tensor:  # noqa: N803 (W is the prose's matrix)
    """Round weights as `course_utils.edge.quantise.rounded` does, and let the gradient pass straight through to them.

    Examples
    --------
    >>> import torch
    >>> W = torch.tensor([[0.7, -0.25, 0.04, 0.1]], requires_grad=True)
    >>> seen = rounded_through(W, 4, 4)
    >>> seen.sum().backward()
    >>> [round(each, 2) for each in seen[0].tolist()], W.grad[0].tolist()
    ([0.7, -0.2, 0.0, 0.1], [1.0, 1.0, 1.0, 1.0])
    """
    rows = W.detach().reshape(len(W), -1, block)
    scale = (rows.abs().amax(dim=2, keepdim=True) / (2 ** (bits - 1) - 1)).clamp_min(1e-12)
    back = ((rows / scale).round() * scale).reshape(W.shape)
    return W + (back - W).detach()
