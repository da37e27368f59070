"""Figures of a language model: its parts, its heads, and the logit lens."""

from __future__ import annotations

import html
import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_whole
from course_utils.common.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from course_utils.transformer.heads import Activations, Head
    from course_utils.transformer.model import NumPyLM

MOST_TOKENS_DRAWN = 40


def draw_model(ax: Axes, model: NumPyLM, n_tokens: int) -> None:
    """Draw the way of a text through a model as boxes, with the shape of what goes from each to the next.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 5.4 x 2.8 inches.
    model : NumPyLM
        The model that reads.
    n_tokens : int
        How many tokens the text has.
    """
    from course_utils.plotting.diagrams import flow

    n_words, d_model = model.embedding.shape
    stream, last = f"{n_tokens} × {d_model}", len(model.blocks)
    boxes = {
        "text": (0, 0, "text"),
        "ids": (3.3, 0, "token ids"),
        "rows": (6.6, 0, "embedding\nrows"),
        "first": (6.6, -1.7, "block 1"),
        "more": (3.3, -1.7, f"blocks 2 to {last - 1}"),
        "last": (0, -1.7, f"block {last}"),
        "head": (0, -3.4, "norm, head"),
        "logits": (3.3, -3.4, "logits"),
        "chances": (6.6, -3.4, "probabilities"),
    }
    carried = [f"{n_tokens} tokens", "look up", stream, stream, stream, stream, f"{n_tokens} × {n_words:,}", "softmax"]
    arrows = [(*pair, what) for pair, what in zip(itertools.pairwise(boxes), carried, strict=True)]
    steps = dict.fromkeys(("first", "more", "last", "head"), "step")
    flow(ax, boxes, arrows, kinds=steps | {"text": "plain"}, width=1.8)


def draw_block(ax: Axes, model: NumPyLM, n_tokens: int) -> None:
    """Draw the two steps of a block, each with the way around it, and the shapes of what goes along.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 7 x 2.7 inches.
    model : NumPyLM
        The model whose block it is.
    n_tokens : int
        How many tokens the text has.
    """
    from course_utils.plotting.diagrams import flow

    stream, block = f"{n_tokens} × {model.embedding.shape[1]}", model.blocks[0]
    made = f"{model.n_heads + 2 * model.n_kv_heads} × {n_tokens} × {model.d_head}"
    hidden = f"2 × {n_tokens} × {len(block.down)}"
    names = ["x", "RMSNorm", f"attention\n{model.n_heads} heads", "x + heads"]
    names += ["x + heads ", "RMSNorm ", "gates ×\nnumbers", "x + heads\n+ network"]
    boxes = {name: (3.6 * (place % 4), -2.3 * (place // 4)) for place, name in enumerate(names)}
    carried = [stream, made, stream, "", stream, hidden, stream]
    arrows = [(*pair, what) for pair, what in zip(itertools.pairwise(names), carried, strict=True) if what]
    arrows += [(names[0], names[3], stream, -0.16), (names[4], names[7], stream, -0.16)]
    flow(ax, boxes, arrows, kinds=dict.fromkeys(names[1:3] + names[5:7], "step"), width=1.7)
    ax.set_ylim(-2.8, 1.2)


def draw_scores(ax: Axes, scores: np.ndarray, marked: Sequence[Head] = (), limit: float = 1.0) -> None:
    """Draw a number for each head of a model as a grid, layers from left to right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 5.6 x 2.4 inches.
    scores : ndarray, shape (n_layers, n_heads)
        From 0 to ``limit``.
    marked : sequence of (layer, head)
        Heads to put frames around.
    limit : float
        The number that gets the strongest colour.
    """
    from matplotlib.patches import Rectangle

    image = ax.imshow(scores.T, cmap="Blues", vmin=0, vmax=limit, aspect="auto")
    for layer, head in marked:
        ax.add_patch(Rectangle((layer - 0.5, head - 0.5), 1, 1, fill=False, edgecolor="#D55E00", linewidth=1.6))
    ax.set(xlabel="layer", ylabel="head", xticks=range(0, len(scores), 5), yticks=range(0, scores.shape[1], 2))
    ax.figure.colorbar(image, ax=ax, pad=0.02)


def draw_losses(ax: Axes, losses: Mapping[str, np.ndarray], repeats_at: int, n_vocabulary: int) -> None:
    """Draw losses along a text that repeats itself, each the mean of five tokens, and the loss of blind guessing.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 4.8 x 2.5 inches.
    losses : mapping of str to ndarray
        What `token_losses` returned, by the labels of the lines.
    repeats_at : int
        The position at which the text begins again.
    n_vocabulary : int
        How many tokens there are: the loss of a blind guess is the logarithm of that.
    """
    for name, loss in losses.items():
        smooth = np.convolve(loss, np.ones(5) / 5, "valid")
        ax.plot(np.arange(3, 3 + len(smooth)), smooth, label=name)
    ax.axhline(
        np.log(n_vocabulary), color="#777777", linestyle=":", label=f"blind guessing: {np.log(n_vocabulary):.1f}"
    )
    ax.axvline(repeats_at, color="#999999", linewidth=0.8)
    ax.set(xlabel="position; the text repeats at the line", ylabel="loss (mean of 5)", ylim=(0, None))
    ax.legend(loc="lower left", fontsize=8.5)


def draw_lens(ax: Axes, model: NumPyLM, seen: Activations, depths: Sequence[int]) -> None:
    """Draw the logit lens of a text as a table: what the model would say after each token, at several depths.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 8 x 4 inches for a dozen tokens and ten depths.
    model : NumPyLM
        The model that read the text.
    seen : Activations
        What `NumPyLM.look` returned.
    depths : sequence of int
        After how many blocks to read off an answer, from 0 to the number of blocks; the last is drawn on top.
    """
    depths = sorted(check_whole("A depth", depth, 0, len(seen.residual) - 1) for depth in depths)
    chances = softmax(model.read_out(seen.residual[depths]))  # (depths, tokens, vocabulary)
    best, sure = chances.argmax(axis=-1), chances.max(axis=-1)
    ax.imshow(sure, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="lower")
    for row, column in np.ndindex(*best.shape):
        text = visible(model.tokenizer.decode([int(best[row, column])]))
        colour = "white" if sure[row, column] > 0.55 else "#222222"
        style = {"ha": "center", "va": "center", "fontsize": 7.5, "color": colour, "parse_math": False}
        ax.text(column, row, text if len(text) <= 8 else text[:7] + "…", **style)
    ax.set_xticks(range(len(seen.tokens)), map(visible, seen.tokens), rotation=45, ha="right", parse_math=False)
    ax.set_yticks(range(len(depths)), depths)
    ax.set(xlabel="token that was read", ylabel="blocks passed")
    ax.tick_params(length=0)


def attention_html(seen: Activations, layer: int, head: int) -> str:
    """Draw one head as an HTML grid, for light and dark pages: who looks (down) at whom (across), and how much.

    Parameters
    ----------
    seen : Activations
        What `NumPyLM.look` returned; the first 40 tokens are drawn.
    layer, head : int
        Which head, counted from 0.

    Examples
    --------
    >>> from course_utils.transformer import Activations
    >>> seen = Activations(("<b>", " x"), np.zeros((2, 2, 1)), np.array([[[[1.0, 0.0], [0.25, 0.75]]]]))
    >>> page = attention_html(seen, layer=0, head=0)
    >>> "&lt;b&gt;" in page, "75 %" in page, "<b>" in page
    (True, True, False)
    """
    check_whole("layer", layer, 0, len(seen.attention) - 1)
    check_whole("head", head, 0, seen.attention.shape[1] - 1)
    names = [html.escape(visible(token)) for token in seen.tokens[:MOST_TOKENS_DRAWN]]
    weights = seen.attention[layer, head, : len(names), : len(names)]
    side = "width:1.5em;height:1.5em;min-width:1.5em;padding:0;border:1px solid #8884"
    label = "font-family:monospace;font-size:.85em;padding:0 .5em;white-space:nowrap;border:0"
    upright = f"{label};writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;vertical-align:bottom"
    rows = []
    for number, name in enumerate(names):
        cells = [
            f'<td title="{name} takes {100 * weight:.0f} % from {other}" style="{side};'
            f'background:rgba(0,114,178,{weight:.2f})"></td>'
            for weight, other in zip(weights[number, : number + 1], names, strict=False)
        ]
        empty = f'<td style="{side};border:0"></td>' * (len(names) - number - 1)
        first = f'<td style="{label};text-align:right">{name}</td>'
        rows.append(f'<tr style="background:none">{first}{"".join(cells)}{empty}</tr>')
    foot = "".join(f'<td style="{upright}">{name}</td>' for name in names)
    rest = len(seen.tokens) - len(names)
    more = f"<div><i>The first {len(names)} tokens; {rest} more are not drawn.</i></div>" if rest else ""
    return (
        f'<div style="overflow-x:auto"><table style="border-collapse:collapse">{"".join(rows)}'
        f'<tr style="background:none"><td style="border:0"></td>{foot}</tr></table></div>{more}'
    )
