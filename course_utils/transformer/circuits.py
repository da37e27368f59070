"""Experiments inside a language model: a patch, heads that were found, and two that work together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.attention import attention_weights, split_heads
from course_utils.common.checks import check_floats, check_whole
from course_utils.common.errors import InputError
from course_utils.transformer.heads import induction_score
from course_utils.transformer.model import rms_norm, rotate, rotation

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from course_utils.transformer.heads import Head
    from course_utils.transformer.model import NumPyLM

OURS, THEIRS, PALE = "#0072B2", "#D55E00", "#CCCCCC"


def draw_patch(texts: Sequence[Sequence[str]], row: int, depth: int, n_blocks: int) -> Figure:
    """Draw activation patching: one row of the first text, after some blocks, replaces that of the second.

    Parameters
    ----------
    texts : two sequences of str
        The tokens of the text that gives the row, and of the one that gets it, of one length (InputError).
    row : int
        Which token's row is replaced.
    depth : int
        After how many blocks, of ``n_blocks``.
    n_blocks : int
        How many blocks the model has.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import ConnectionPatch

    n_tokens = len(texts[0])
    if len(texts) != 2 or len(texts[1]) != n_tokens:
        raise InputError("A patch needs two texts with as many tokens, so that each row has a counterpart.")
    check_whole("row", row, 0, n_tokens - 1)
    check_whole("depth", depth, 0, n_blocks)
    figure, axes = plt.subplots(1, 2, figsize=(6.4, 1.7), sharey=True, layout="constrained")
    for ax, words in zip(axes, texts, strict=True):
        ax.vlines(range(n_tokens), 0, n_blocks, color=PALE, linewidth=3, zorder=1)
        ax.plot(row, depth, "s", color=THEIRS, markersize=9, zorder=4)
        ax.set_xticks(range(n_tokens), map(str.strip, words), fontsize=8, parse_math=False)
        ax.set(xlim=(-0.5, n_tokens - 0.5), ylim=(0, 1.05 * n_blocks))
    axes[0].set_ylabel("blocks passed")
    axes[0].set_title("One row is exchanged, and what it can change")
    into = axes[1]
    into.vlines(row, depth, n_blocks, color=THEIRS, linewidth=3, zorder=2)
    for step, later in enumerate(range(row + 1, n_tokens) if depth < n_blocks else (), 1):
        height = depth + step * (n_blocks - depth) / (n_tokens - row + 1)
        into.vlines(later, height, n_blocks, color=THEIRS, linewidth=3, alpha=0.45, zorder=2)
        look = {"arrowstyle": "-|>", "color": THEIRS, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
        into.annotate("", (later, height), (row, max(depth, height - 2)), arrowprops=look, zorder=3)
    joined = {"coordsA": axes[0].transData, "coordsB": into.transData, "arrowstyle": "-|>", "color": THEIRS}
    figure.add_artist(
        ConnectionPatch((row, depth), (row, depth), shrinkA=6, shrinkB=7, linewidth=1.4, mutation_scale=13, **joined)
    )
    return figure


def draw_two_heads(tokens: Sequence[str], heads: Sequence[Head], step: int) -> Figure:
    """Draw how a previous-token head helps an induction head: in step 1 the first of them works, in step 2 the second.

    Parameters
    ----------
    tokens : sequence of str
        A text whose last token came before; what followed it then is what is sought.
    heads : two (layer, head)
        The previous-token head and the induction head.
    step : int
        1 or 2.

    Raises
    ------
    InputError
        If the last token has not come before, or there is no such step.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import FancyArrowPatch

    check_whole("step", step, 1, 2)
    words, last = [token.strip() for token in tokens], len(tokens) - 1
    if words[-1] not in words[:-1]:
        raise InputError(f"The last token, {words[-1]!r}, should have come before.")
    found = words.index(words[-1]) + 1
    figure, ax = plt.subplots(figsize=(6.4, 2.1), layout="constrained")
    frame = {"boxstyle": "round,pad=0.3", "facecolor": "white"}
    for place, word in enumerate(words):
        mine, sought = place == last and step == 2, place == found
        ax.text(place, 0, word, ha="center", va="center", parse_math=False)
        if place:
            note = f"{word}\nafter: {words[place - 1]}"
            edge = frame | {"edgecolor": THEIRS if sought else OURS} if sought or mine else None
            ax.text(place, 1.25, note, ha="center", va="center", fontsize=8, parse_math=False, bbox=edge)
            arrow = FancyArrowPatch((place - 1, 0.25), (place - 0.1, 0.9), arrowstyle="-|>", mutation_scale=10)
            ax.add_patch(arrow).set(color=THEIRS if sought and step == 1 else PALE, linewidth=1.4)
    if step == 2:
        bend = {"connectionstyle": "arc3,rad=-0.25", "arrowstyle": "-|>", "mutation_scale": 12}
        ax.add_patch(FancyArrowPatch((found, 1.65), (last, 1.65), **bend)).set(color=OURS, linewidth=1.6)
        said = f"Who stands after {words[-1]}? It brings {words[found]}."
        ax.text((found + last) / 2, 2.62, said, ha="center", va="center", fontsize=8.5, color=OURS, parse_math=False)
    name = "layer {},\nhead {}".format(*heads[step - 1])
    ax.text(-0.6, 1.25, name, ha="center", va="center", fontsize=8.5, color=(THEIRS, OURS)[step - 1])
    ax.set(xlim=(-1.1, last + 0.6), ylim=(-0.35, 2.85))
    ax.set_axis_off()
    return figure


def draw_scores(ax: Axes, scores: np.ndarray, marked: Sequence[Head] = (), name: str = "") -> None:
    """Draw a number from 0 to 1 for each head of a model as a grid, layers from left to right.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; about 4 x 1 inches.
    scores : ndarray, shape (n_layers, n_heads)
        From 0 to 1.
    marked : sequence of (layer, head)
        Heads to put frames around.
    name : str
        What is measured, for a title that says how many heads have more than one half.
    """
    from matplotlib.patches import Rectangle

    ax.imshow(scores.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for layer, head in marked:
        ax.add_patch(Rectangle((layer - 0.5, head - 0.5), 1, 1, fill=False, edgecolor=THEIRS, linewidth=1))
    ax.set(xlabel="layer", ylabel="head", xticks=range(0, len(scores), 5), yticks=range(0, scores.shape[1], 4))
    if name:
        ax.set_title(f"{name}: {np.sum(scores > 0.5)} of {scores.size} above one half", fontsize=9.5)
    ax.label_outer()


def weights_between(model: NumPyLM, layer: int, asks: np.ndarray, finds: np.ndarray) -> np.ndarray:
    """Compute a layer's attention weights with the queries of one residual stream and the keys of another.

    Where the two differ only in what some earlier head wrote, this tells whether a later head needs it to ask or to be
    found (*Q-* and *K-composition*; Elhage et al., 2021, https://transformer-circuits.pub/2021/framework).

    Parameters
    ----------
    model : NumPyLM
        The model to which the layer belongs.
    layer : int
        Its number, from 0.
    asks, finds : ndarray, shape (n_tokens, d_model)
        The rows before this layer from which queries and keys are made, as in `Activations.residual`.

    Returns
    -------
    ndarray, shape (n_heads, n_tokens, n_tokens)
        With the same rows twice these are the layer's own weights.

    Raises
    ------
    InputError
        If there is no such layer, or the rows do not fit to the model or to each other.
    """
    check_whole("layer", layer, 0, len(model.blocks) - 1)
    asks, finds = check_floats("asks", asks), check_floats("finds", finds)
    if asks.shape != finds.shape or asks.ndim != 2 or asks.shape[1] != model.embedding.shape[1]:
        wanted = f"pass two of Activations.residual, (n_tokens, {model.embedding.shape[1]}), of texts of one length"
        raise InputError(f"Rows of shapes {asks.shape} and {finds.shape} do not fit: {wanted}.")
    block, n_q = model.blocks[layer], model.n_heads
    turn = rotation(len(asks), model.d_head, model.rope_base)
    normed = (rms_norm(rows, block.attention_norm, model.epsilon) for rows in (asks, finds))
    q, k = (split_heads(h @ block.qkv, n_q + 2 * model.n_kv_heads) for h in normed)  # (9 + 3 + 3, n_tokens, d_head)
    return attention_weights(rotate(q[:n_q], turn), rotate(k[n_q : n_q + model.n_kv_heads], turn))


def found_by(
    model: NumPyLM,
    ids: Sequence[int],
    period: int,
    heads: Sequence[Head],
    queries_without: Sequence[Head],
    keys_without: Sequence[Head],
) -> float:
    """Return the mean weight that induction heads give to the right token of a text that repeats after ``period``.

    Their queries come from a run in which some heads are off, and their keys from one in which others are: what they
    miss with one of the two alone tells what they needed for it.

    Raises
    ------
    InputError
        If there are no heads, or a head, a token or the period is out of range.
    """
    if not len(heads):
        raise InputError("There are no heads to measure: pass pairs of a layer and a head.")
    asks = finds = model.look(ids, queries_without).residual
    if list(keys_without) != list(queries_without):
        finds = model.look(ids, keys_without).residual
    between = {layer: weights_between(model, layer, asks[layer], finds[layer]) for layer, _ in heads}
    return float(np.mean([induction_score(between[layer], period)[head] for layer, head in heads]))
