"""Figures of a language model: its parts, its heads, and the logit lens."""

from __future__ import annotations

import html
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import softmax
from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.common.visible import visible

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course_utils.transformer.heads import Activations
    from course_utils.transformer.model import NumPyLM

MOST_TOKENS_DRAWN = 40


def draw_model(ax: Axes, model: NumPyLM, n_tokens: int) -> None:
    """Draw the way of a text through a model as boxes, with the shape of what goes from each to the next.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 7.2 x 1.3 inches.
    model : NumPyLM
        The model that reads.
    n_tokens : int
        How many tokens the text has.
    """
    from course_utils.plotting.diagrams import flow

    n_words, d_model = model.embedding.shape
    stream, scores = f"{n_tokens} × {d_model}", f"{n_tokens} × {n_words:,}"
    boxes = {
        "text": (0, 0, "text"),
        "ids": (5.2, 0, "token ids"),
        "rows": (10.4, 0, "embedding\nrows"),
        "blocks": (15.6, 0, f"{len(model.blocks)} blocks"),
        "head": (15.6, -1.9, "norm, head"),
        "logits": (10.4, -1.9, "logits"),
        "chances": (5.2, -1.9, "probabilities"),
    }
    carried = [f"{n_tokens} tokens", str(n_tokens), stream, stream, scores, scores]
    arrows = [(*pair, what) for pair, what in zip(itertools.pairwise(boxes), carried, strict=True)]
    kinds = {"text": "plain", "blocks": "step", "head": "step"}
    flow(ax, boxes, arrows, kinds=kinds, width=2.8, height=0.95, fontsize=8.5)


def draw_block(model: NumPyLM, n_tokens: int, half: str) -> Figure:
    """Draw one step of a block with the way around it, and the shapes of what goes along.

    Parameters
    ----------
    model : NumPyLM
        The model whose block it is.
    n_tokens : int
        How many tokens the text has.
    half : str
        ``"attention"``, which comes first, or ``"network"`` (InputError for another).
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import flow

    heads, stream = model.n_heads + 2 * model.n_kv_heads, f"{n_tokens} × {model.embedding.shape[1]}"
    if half not in ("attention", "network"):
        raise InputError(f"The halves of a block are 'attention' and 'network', and {half!r} is neither.")
    if half == "attention":
        names = ("x", "RMSNorm", "W_qkv", "RoPE,\nattention", "W_output", "+")
        shapes = f"{heads}×{n_tokens}×{model.d_head}", f"{model.n_heads}×{n_tokens}×{model.d_head}"
    else:
        wide = len(model.blocks[0].down)
        names = ("x +\nattention", "RMSNorm", "W_gate\nW_up", "SwiGLU", "W_down", "+")
        shapes = f"{n_tokens}×{2 * wide:,}", f"{n_tokens}×{wide:,}"
    boxes = {name: (5.2 * column, 0) for column, name in enumerate(names)}
    arrows = [(*pair, what) for pair, what in zip(itertools.pairwise(names), ("", stream, *shapes, ""), strict=True)]
    kinds = dict.fromkeys(names[1::2], "step") | dict.fromkeys(names[2:5:2], "weights")
    figure, ax = plt.subplots(figsize=(7.2, 1.5), layout="constrained")
    flow(ax, boxes, [*arrows, (names[0], names[-1], stream, -0.13)], kinds=kinds, width=2.7, height=1.4, fontsize=8)
    ax.set_ylim(-0.9, 2.5)
    return figure


def draw_turned(query: tuple[float, float], key: tuple[float, float], speed: float, pairs: Sequence) -> Figure:
    """Draw one pair of a query and a key, turned by their positions, and the scores of eight positions by eight.

    Parameters
    ----------
    query, key : tuple of float
        The pairs at position 0.
    speed : float
        Radians for each position.
    pairs : sequence of (int, int)
        Two pairs of positions, of the query and of the key, to draw as arrows.
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import plane
    from course_utils.plotting.matrices import matrix

    places, (at_query, at_key) = np.exp(1j * speed * np.arange(8)), (complex(*pair) for pair in (query, key))
    figure, axes = plt.subplots(1, 3, figsize=(7.2, 2), layout="constrained")
    for ax, (i, j) in zip(axes[:2], pairs, strict=True):
        arrows = {f"query at {i}": at_query * places[i], f"key at {j}": at_key * places[j]}
        colours = dict(zip(arrows, ("#0072B2", "#D55E00"), strict=True))
        plane(ax, {name: (number.real, number.imag) for name, number in arrows.items()}, colours)
        ax.set(xlim=(-2.5, 2.5), ylim=(-1.6, 1.6), xticks=[], yticks=[])
        ax.spines[:].set_visible(False)
        ax.set_title(f"positions {i} and {j}", fontsize=10)
    scores = np.real(np.outer(at_query * places, (at_key * places).conj()))
    matrix(axes[2], scores, rows=list("01234567"), columns=list("01234567"), numbers=False)
    axes[2].set_title("equal on a diagonal", fontsize=10)
    axes[2].set_ylabel("query at", fontsize=9)
    axes[2].text(3.5, 8.4, "key at", ha="center", fontsize=9)
    return figure


def draw_cache(tokens: Sequence[str], n_kept: int, n_read: int) -> Figure:
    """Draw what a cache holds while a model reads: queries, keys and values, kept, new, or not yet there.

    Parameters
    ----------
    tokens : sequence of str
        All tokens of the text, one a column.
    n_kept : int
        How many tokens the cache held before.
    n_read : int
        How many tokens have been read afterwards; those after ``n_kept`` are computed now.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    check_whole("n_read", n_read, check_whole("n_kept", n_kept, 0), len(tokens))
    figure, ax = plt.subplots(figsize=(6.2, 2), layout="constrained")
    colours = {"query": "#0072B2", "key": "#D55E00", "value": "#009E73"}
    for column, token in enumerate(tokens):
        ink = "#222222" if column < n_read else "#AAAAAA"
        ax.text(column, 0, visible(token), ha="center", va="center", fontsize=9, color=ink, parse_math=False)
        for row, (name, colour) in enumerate(colours.items() if column < n_read else (), 1):
            new, kept = n_kept <= column < n_read, column < n_kept and name != "query"
            patch = Rectangle((column - 0.4, -row - 0.3), 0.8, 0.6)
            patch.set(facecolor=colour if new or kept else "none", alpha=1 if new else 0.3 if kept else 1)
            patch.set(edgecolor=colour if new or kept else "#CCCCCC", linestyle="-" if new or kept else ":")
            ax.add_patch(patch).set_clip_on(False)
            word = "new" if new else "kept" if kept else ""
            if not word or name != "key":
                continue
            ax.text(column, -row, word, ha="center", va="center", fontsize=8, color="white" if new else "#222222")
    for row, name in enumerate(colours, 1):
        ax.text(-0.65, -row, name, ha="right", va="center", fontsize=9)
    ax.set(xlim=(-1.4, len(tokens) - 0.5), ylim=(-3.5, 0.5))
    ax.set_axis_off()
    return figure


def draw_sink(lengths: np.ndarray, most: np.ndarray) -> Figure:
    """Draw how long the first token's row is at each depth, on a ground that says where heads look at it.

    Parameters
    ----------
    lengths : ndarray, shape (n_layers + 1, n_tokens)
        The length of each row before the first block and after each block.
    most : ndarray, shape (n_layers,)
        Of each layer, the highest first-token score; drawn at the blocks passed before that layer.
    """
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(4.2, 1.9), layout="constrained")
    ax.semilogy(lengths[:, 0], label="first token")
    ax.semilogy(np.median(lengths[:, 1:], axis=1), label="median of the others")
    ax.bar(range(len(most)), most > 0.5, 1, color="#009E73", alpha=0.15, transform=ax.get_xaxis_transform())
    ax.set_title("Where the first row is long, heads look at it", fontsize=10)
    ax.set(xlabel="blocks passed", ylabel="length", xlim=(-0.5, len(most) + 0.5), ylim=(1, 1e5))
    ax.legend(fontsize=7.5, loc="lower right")
    return figure


def draw_lens(ax: Axes, model: NumPyLM, seen: Activations, depths: Sequence[int]) -> None:
    """Draw the logit lens of a text as a table: what the model would say after each token, at several depths.

    ``seen`` is what `NumPyLM.look` returned; ``depths`` count the blocks passed. About 8 x 4 inches for a dozen tokens.
    """
    depths = sorted(check_whole("A depth", depth, 0, len(seen.residual) - 1) for depth in depths)
    chances = softmax(model.read_out(seen.residual[depths]))  # (depths, tokens, vocabulary)
    best, sure = chances.argmax(axis=-1), chances.max(axis=-1)
    ax.imshow(sure, cmap="Blues", vmin=0, vmax=1, aspect="auto", origin="lower")
    for row, column in np.ndindex(*best.shape):
        text = _bare(model.tokenizer.decode([int(best[row, column])]))
        colour = "white" if sure[row, column] > 0.55 else "#222222"
        style = {"ha": "center", "va": "center", "fontsize": 7.5, "color": colour, "parse_math": False}
        ax.text(column, row, text if len(text) <= 8 else text[:7] + "…", **style)
    ax.set_xticks(range(len(seen.tokens)), map(_bare, seen.tokens), rotation=45, ha="right", parse_math=False)
    ax.set_yticks(range(len(depths)), depths)
    ax.set(xlabel="token that was read", ylabel="blocks passed")
    ax.tick_params(length=0)


def _bare(token: str) -> str:
    """Return what to show of a token: without the space that begins it, if there is more."""
    return visible(token[1:] if token.startswith(" ") and len(token) > 1 else token)


def chances_html(model: NumPyLM, text: str, temperature: float, top_k: int, top_p: float) -> str:
    """Draw the ten likeliest next tokens of a text as bars in HTML, after temperature, top-k and top-p.

    Examples
    --------
    >>> from course_utils.transformer import NumPyLM
    >>> page = chances_html(NumPyLM.smollm2(), "The capital of France is", temperature=0, top_k=100, top_p=1.0)
    >>> "Paris" in page, "London" in page
    (True, False)
    """
    from course_utils.plotting.explorers import bars
    from course_utils.transformer.generation import sampling_probabilities

    scores = model.last_logits(model.tokenizer.encode(text))
    chances = sampling_probabilities(scores, temperature, top_k, top_p)
    likely = [int(token) for token in np.argsort(-chances)[:10] if chances[token] > 0]
    return bars([(model.tokenizer.decode([token]), float(chances[token])) for token in likely])


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
            f'background:rgba(0,114,178,{weight:.2f});forced-color-adjust:none"></td>'
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
