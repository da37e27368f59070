"""What an exercise of notebook 13 tries: a block of a tiny GPT, with its likeliest mistakes, and a trained model."""

from __future__ import annotations

from typing import Any

from course_utils.exercises import Wrong, call


def _small_block(**switches: Any) -> Any:
    """Return a block of which each number is drawn, norms and biases too: the same ones for all switches."""
    import torch

    from course_utils.tiny_gpt import Plan, TinyGPT

    sizes = {"n_vocabulary": 2, "context": 6, "d_model": 8, "n_heads": 2, "n_layers": 1}
    block, draws = TinyGPT(Plan(**sizes | switches)).blocks[0], torch.Generator().manual_seed(0)
    for weight in block.parameters():
        weight.data = torch.randn(weight.shape, generator=draws)
    return block.requires_grad_(False)


def _slips(x: Any) -> list[tuple[Any, str]]:
    """Return what comes out of a block with one mistake, for ``x`` of the shape (1, n_tokens, d_model), and why."""
    from torch.nn import functional as F  # noqa: N812

    block = _small_block()
    attend, norm_1, norm_2 = block.attention, block.norm_1, block.norm_2
    found, bare = attend(norm_1(x)), x + attend(x)
    uncut = attend.weights(norm_1(x)) @ attend.heads(norm_1(x))[2]  # (1, n_heads, n_tokens, d_head)
    mixed = x + attend.output(uncut.reshape(x.shape))
    missing = "A residual is missing: each of the two parts adds its result to the vector that it was given."

    def network(y: Any, bend: Any = F.gelu) -> Any:
        return block.narrow(bend(block.widen(y)))

    return [
        (found + network(norm_2(found)), missing),
        (network(norm_2(x + found)), missing),
        (network(norm_2(found)), missing),
        (norm_2(norm_1(bare) + network(norm_1(bare))), "Your norms come after the parts: put each before its part."),
        (bare + network(bare), "The norms are missing: each part reads a normed copy, and adds to the vector itself."),
        (x + found + network(norm_2(x)), "The network reads the x of the beginning: it should read x + attention."),
        (x + found + network(norm_2(x + found), F.relu), "The network bends by the GELU, not by the ReLU."),
        (mixed + network(norm_2(mixed)), "The heads got mixed up: mixed.transpose(0, 1) first, then flatten(1)."),
        (_small_block(scale=False)(x), "The scale is missing: divide the scores by the root of the width of a head."),
        (_small_block(positions=False)(x), "Nothing is turned: queries and keys go through rotate before they meet."),
        (_small_block(n_heads=1)(x), "All columns are one head: cut them into n_heads, each with its own scores."),
    ]


def check_block(function: Any) -> str:
    """Compare the learner's block with the model's own, and let a trained model run on it."""
    import torch

    from course_utils.tiny_gpt import load_shorter

    def theirs(block: Any, x: Any, n_heads: int) -> Any:
        weights = {name: weight.clone() for name, weight in block.named_parameters()}
        found = call(function, x.clone(), weights, n_heads)
        if not isinstance(found, torch.Tensor):
            raise Wrong(f"It returns {type(found).__name__}: return a tensor of the shape of x.")
        return found.detach().to(x.dtype)

    block, x = _small_block(), torch.randn(1, 6, 8, generator=torch.Generator().manual_seed(1))
    given, right = theirs(block, x[0], 2), block(x)[0]
    if given.shape != right.shape:
        raise Wrong(f"For x of the shape {tuple(right.shape)} it returns {tuple(given.shape)}: keep the shape.")
    if given.isnan().any():
        raise Wrong("A token has nothing left to look at: triu(1) leaves the diagonal open, so that it sees itself.")
    for wrong, why in _slips(x):
        if torch.allclose(given, wrong[0], atol=1e-4):
            raise Wrong(why)
    if not torch.allclose(given[:3], theirs(block, x[0, :3], 2), atol=1e-4):
        raise Wrong("A token sees later ones: before the softmax, their scores should be -torch.inf.")
    if not torch.allclose(given, right, atol=1e-4):
        raise Wrong("The numbers differ. Go through it line by line: are all four biases of norms and network added?")
    model, ids = load_shorter().requires_grad_(False), torch.arange(64)[None] * 7 % 512
    x = model.tokens(ids)[0]
    for each in model.blocks:
        x = theirs(each, x, 4)
    gap = float((model.head(model.norm(x)) - model(ids)[0]).abs().max())
    if not gap < 1e-4:
        raise Wrong(f"Right for a small block, but in the trained model of 128 numbers a logit differs by {gap:.2f}.")
    return "A trained model whose four blocks run on your function gives the same logits, to 0.0001."
