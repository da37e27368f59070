"""Diagrams: boxes and arrows, attention as lines, vectors in the plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.plotting.figures import INK, PALE_INK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# The colour of a box says what it is: data, learned weights, a step of the computation, none of these, or one of the
# three vectors of attention.
KINDS = {"data": "#DCEBF7", "weights": "#FBE3CF", "step": "#E4F2EA", "plain": "#FFFFFF"}
KINDS |= {"query": "#D3E2F7", "key": "#F6E1EE", "value": "#FBF0C4"}
EDGES = {"data": "#0072B2", "weights": "#D55E00", "step": "#009E73", "plain": "#999999"}
EDGES |= {"query": "#3A5FA8", "key": "#B0568F", "value": "#B58900"}


def flow(
    ax: Axes,
    boxes: Mapping[str, tuple],
    arrows: Sequence[tuple],
    *,
    kinds: Mapping[str, str] | None = None,
    width: float = 1.5,
    height: float = 0.62,
    fontsize: float = 9,
) -> None:
    """Draw boxes, and arrows with captions, such as the shapes of the arrays that they carry.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Both axes get the same scale.
    boxes : mapping of str to tuple
        The name of a box and its middle ``(x, y)``, or ``(x, y, text)`` where the text differs from the name.
    arrows : sequence of tuple
        ``(from, to)``, ``(from, to, caption)`` or ``(from, to, caption, bend)``, between names of boxes (InputError);
        a positive bend, such as 0.4, curves the arrow to the right of its direction, a negative one to the left.
    kinds : mapping of str to str, optional
        ``"data"``, ``"weights"``, ``"step"``, ``"plain"``, ``"query"``, ``"key"`` or ``"value"`` by the names of boxes;
        data if left out.
    width, height, fontsize : float
        The size of a box, and of its text in points; captions are a point smaller.
    """
    from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

    kinds, patches = kinds or {}, {}
    for name, (x, y, *text) in boxes.items():
        kind = kinds.get(name, "data")
        style = "round,pad=0,rounding_size=0.12"
        patch = FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle=style, zorder=2)
        patch.set(facecolor=KINDS[kind], edgecolor=EDGES[kind], linewidth=1.2)
        patches[name] = ax.add_patch(patch)
        ax.text(x, y, *(text or [name]), ha="center", va="center", fontsize=fontsize, color=INK, zorder=3)
    for start, end, *rest in arrows:
        if missing := {start, end} - set(boxes):
            raise InputError(f"There is no box {missing.pop()!r}; the boxes are {', '.join(boxes)}.")
        caption, bend = (*rest, *("", 0.0)[len(rest) :])
        ends = [np.array(boxes[name][:2], dtype=float) for name in (start, end)]
        clip = {"patchA": patches[start], "patchB": patches[end], "shrinkA": 2, "shrinkB": 2}
        arrow = FancyArrowPatch(*ends, connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", **clip)
        arrow.set(mutation_scale=11, color="#555555", linewidth=1.1, zorder=1)
        ax.add_patch(arrow)
        if caption:
            _caption(ax, *ends, bend, caption, fontsize - 1)
    places = np.array([place[:2] for place in boxes.values()], dtype=float)
    low, high = places.min(axis=0), places.max(axis=0)
    ax.set(xlim=(low[0] - 0.6 * width, high[0] + 0.6 * width), ylim=(low[1] - 0.75 * height, high[1] + 0.75 * height))
    ax.set_aspect("equal")
    ax.set_axis_off()


def token_paths(start: str, paths: Sequence[Sequence[tuple[str, float]]], kinds: Sequence[str]) -> Figure:
    """Draw continuations of a text as rows of tokens, each probability on its arrow, and the products at the ends.

    Parameters
    ----------
    start : str
        The last words before all of them.
    paths : sequence of sequences of (token, probability)
        A space is drawn as ␣.
    kinds : sequence of str
        The kind of the boxes of each row: see `flow`.
    """
    import matplotlib.pyplot as plt

    middle, longest = (len(paths) - 1) / 2, max(len(path) for path in paths)
    boxes, arrows, kind_of = {"start": (0.0, -1.3 * middle, start)}, [], {"start": "plain"}
    for row, (path, kind) in enumerate(zip(paths, kinds, strict=True)):
        before = "start"
        for k, (token, p) in enumerate(path):
            name = f"{row} {k}"
            boxes[name], kind_of[name] = (3.0 * (k + 1), -1.3 * row, token.replace(" ", "␣")), kind
            arrows.append((before, name, f"{p:.2f}"))
            before = name
        product = float(np.prod([p for _, p in path]))
        boxes[f"product {row}"] = (3.0 * (longest + 1) - 0.4, -1.3 * row, f"= {product:.3f}")
        kind_of[f"product {row}"] = "plain"
    figure, ax = plt.subplots(figsize=(7.2, 0.5 + 0.75 * len(paths)))
    flow(ax, boxes, arrows, kinds=kind_of, width=1.8, height=0.8, fontsize=8.5)
    return figure


def two_models(answers: Sequence[str], shapes: Mapping[str, tuple[int, ...]]) -> Figure:
    """Draw how one sentence leads to a next token, an article and a topic, with the shape of each array on its arrow.

    Parameters
    ----------
    answers : sequence of three or four str
        The next token, the nearest article and the nearest topic, as they are to be written in their boxes; and, if the
        lower row is to be drawn, what the language model answers with a found article before the question.
    shapes : mapping of str to tuple of int
        The shapes of ``tokens``, ``probabilities``, ``pieces``, ``vector``, ``scores`` and ``topics``.
    """
    import matplotlib.pyplot as plt

    boxes = {"sentence": (0, 1.1), "language model": (8.4, 2.2), "encoder": (8.4, 0)}
    boxes |= {"tokens": (4.2, 2.2, "SmolLM2's\ntokens"), "pieces": (4.2, 0, "MiniLM's\ntokens")}
    boxes |= {"articles": (12.8, 0.75, "compare with\nall articles")}
    boxes |= {"topics": (12.8, -0.75, "compare with\nall topics")}
    heights = (2.2, 0.75, -0.75, -2.6)[: len(answers)]
    boxes |= {f"answer {n}": (18.2, y, answers[n]) for n, y in enumerate(heights)}
    arrows = [("sentence", "tokens"), ("tokens", "language model", f"{shapes['tokens']}")]
    arrows += [("sentence", "pieces"), ("pieces", "encoder", f"{shapes['pieces']}")]
    arrows += [("language model", "answer 0", f"probabilities {shapes['probabilities']}")]
    arrows += [("encoder", name, f"{shapes['vector']}") for name in ("articles", "topics")]
    arrows += [("articles", "answer 1", f"scores {shapes['scores']}")]
    arrows += [("topics", "answer 2", f"scores {shapes['topics']}")]
    kinds = dict.fromkeys(["language model", "encoder"], "weights") | dict.fromkeys(["articles", "topics"], "step")
    if len(answers) > 3:
        boxes |= {"question": (0, -2.6), "search": (4.2, -2.6, "search\nby words")}
        boxes |= {"both": (8.4, -2.6, "article and\nquestion"), "reader": (12.8, -2.6, "language model")}
        arrows += [("question", "search"), ("search", "both"), ("both", "reader")]
        arrows += [("reader", "answer 3", "token by token")]
        kinds |= {"search": "step", "reader": "weights"}
    figure, ax = plt.subplots(figsize=(9.2, 2.6 if len(answers) < 4 else 3.4))
    flow(ax, boxes, arrows, kinds=kinds, width=3, height=1.05, fontsize=7.5)
    title = "One sentence, two models, three answers"
    ax.set_title(title if len(answers) < 4 else f"{title}; below, the model with a search")
    return figure


def one_head(n_tokens: int, d_model: int, d_head: int) -> Figure:
    """Draw the computation of one head of attention and its two steps, with the shape of each array.

    The words are ``(n_tokens, d_model)``; queries, keys and values ``(n_tokens, d_head)``.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    into, inside, square = f"{n_tokens} × {d_model}", f"{n_tokens} × {d_head}", f"{n_tokens} × {n_tokens}"
    boxes, arrows, kinds = {"words": (0, 1.7)}, [], {"words": "plain", "output": "plain"}
    for y, letter, name in ((3.4, "q", "queries"), (1.7, "k", "keys"), (0, "v", "values")):
        boxes |= {f"W_{letter}": (3, y), name: (5.8, y, f"{name}\n{inside}")}
        arrows += [("words", f"W_{letter}", into), (f"W_{letter}", name)]
        kinds |= {f"W_{letter}": "weights", name: {"queries": "query", "keys": "key", "values": "value"}[name]}
    boxes |= {"score": (9, 2.55, "score,\nscale"), "softmax": (12, 2.55), "mix": (12, 0)}
    boxes |= {"output": (15, 0, f"output\n{inside}")}
    arrows += [("queries", "score"), ("keys", "score"), ("score", "softmax", square)]
    arrows += [("softmax", "mix", f"weights\n{square}"), ("values", "mix"), ("mix", "output")]
    kinds |= dict.fromkeys(["score", "softmax", "mix"], "step")
    figure, ax = plt.subplots(figsize=(7.6, 2.6))
    flow(ax, boxes, arrows, kinds=kinds, width=1.75, height=0.95, fontsize=8)
    for x, y, width, height, said in ((7.85, 1.85, 5.3, 2.2, "step 1: score"), (10.85, -0.7, 5.3, 1.4, "step 2: mix")):
        style = {"facecolor": "none", "edgecolor": EDGES["step"], "linestyle": ":", "linewidth": 1.1, "zorder": 0}
        ax.add_patch(Rectangle((x, y), width, height, **style))
        place = (x + 0.15, y + height - 0.12) if y > 0 else (x + width, y + height + 0.08)
        how = {"ha": "left", "va": "top"} if y > 0 else {"ha": "right", "va": "bottom"}
        ax.text(*place, said, fontsize=8, color=EDGES["step"], weight="bold", **how)
    ax.set(xlim=(-1, 16.3), ylim=(-0.85, 4.25))
    ax.set_title("One head of attention: two steps, three matrices")
    return figure


def several_heads(n_tokens: int, d_model: int, n_heads: int) -> Figure:
    """Draw heads side by side, the matrix that mixes their outputs, and the sum with the words that came in.

    Words and new words are ``(n_tokens, d_model)``; a head has queries, keys and values of ``d_model / n_heads``.
    """
    import matplotlib.pyplot as plt

    if d_model % n_heads:
        raise InputError(f"{d_model} columns cannot be split into {n_heads} heads of equal width.")
    whole, part = f"{n_tokens} × {d_model}", f"{n_tokens} × {d_model // n_heads}"
    middle = 0.75 * (n_heads - 1)
    boxes = {"x": (0, middle, "words x"), "W": (4.2, middle, "W_q, W_k,\nW_v"), "join": (13.2, middle)}
    boxes |= {f"head {head}": (9.2, 2 * middle - 1.5 * head) for head in range(n_heads)}
    boxes |= {"W_o": (17.1, middle), "sum": (21, middle, "add"), "new": (24.9, middle, "new\nwords")}
    arrows = [("x", "W", whole), ("join", "W_o", whole), ("W_o", "sum", whole), ("sum", "new", whole)]
    arrows += [("W", f"head {head}", f"3 × {part}" if head == 0 else "") for head in range(n_heads)]
    arrows += [(f"head {head}", "join", part if head == 0 else "") for head in range(n_heads)]
    kinds = {"W": "weights", "W_o": "weights", "join": "step", "sum": "step", "x": "plain", "new": "plain"}
    kinds |= {f"head {head}": "step" for head in range(n_heads)}
    figure, ax = plt.subplots(figsize=(8, 2.45))
    flow(ax, boxes, arrows, kinds=kinds, height=1.25, width=2.6, fontsize=7)
    around = -1.5  # the words go around the heads, to the sum
    ax.plot([0, 0, 21], [middle - 0.6, around, around], color="#555555", linewidth=1.1)
    line = {"arrowstyle": "-|>", "color": "#555555", "linewidth": 1.1, "shrinkA": 0, "shrinkB": 1}
    ax.annotate("", (21, middle - 0.6), (21, around), arrowprops=line)
    ax.text(10.5, around + 0.12, f"the words themselves {whole}", ha="center", va="bottom", fontsize=7, color=PALE_INK)
    ax.set_ylim(around - 0.2, 2 * middle + 0.7)
    ax.set_title("Heads side by side: x + output @ W_o")
    return figure


def shared_heads(n_heads: int, kept: Mapping[str, int]) -> Figure:
    """Draw which query heads read which keys and values, once for each way to share.

    Parameters
    ----------
    n_heads : int
        Query heads.
    kept : mapping of str to int
        The name of a way, and how many key-value heads it keeps; each must divide ``n_heads`` (InputError).
    """
    import matplotlib.pyplot as plt

    for n_kept in kept.values():
        if n_heads % n_kept:
            raise InputError(f"{n_heads} query heads cannot share {n_kept} key-value heads evenly.")
    figure, axes = plt.subplots(1, len(kept), figsize=(2.15 * len(kept), 1.85), squeeze=False)
    for ax, (name, n_kept) in zip(axes[0], kept.items(), strict=True):
        group = n_heads // n_kept
        boxes = {f"q {head}": (head, 1.95) for head in range(n_heads)}
        places = [each * group + (group - 1) / 2 for each in range(n_kept)]
        boxes |= {f"k {each}": (place, 0.5) for each, place in enumerate(places)}
        boxes |= {f"v {each}": (place, 0.0) for each, place in enumerate(places)}
        arrows = [(f"k {head // group}", f"q {head}") for head in range(n_heads)]
        kinds = {box: {"q": "query", "k": "key", "v": "value"}[box[0]] for box in boxes}
        flow(ax, boxes, arrows, kinds=kinds, width=0.78, height=0.5)
        ax.set_title(f"{name}:\n{n_kept} key-value head{'s' if n_kept > 1 else ''}", fontsize=9)
    return figure


def cache_step(words: Sequence[str], n: int) -> Figure:
    """Draw what is there when the n-th word comes in: its query above, and the keys and values kept so far below.

    What is new has a thick edge. A number of words below 1 or beyond the last raises an InputError.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Rectangle

    if not 1 <= n <= len(words):
        raise InputError(f"n counts words, from 1 to {len(words)}, and {n} is not one of them.")
    figure, ax = plt.subplots(figsize=(5.4, 1.9), layout="constrained")
    for y, kind, places in ((1, "query", [n - 1]), (0.5, "key", range(n)), (0, "value", range(n))):
        for place in places:
            style = {"facecolor": KINDS[kind], "edgecolor": EDGES[kind], "linewidth": 2.4 if place == n - 1 else 0.8}
            ax.add_patch(Rectangle((place - 0.42, y - 0.16), 0.84, 0.32, **style))
    lines = np.array([[(n - 1, 0.84), (place, 0.66), (np.nan, np.nan)] for place in range(n)]).reshape(-1, 2)
    ax.plot(*lines.T, color="0.6", linewidth=1)
    ax.set(xlim=(-0.55, len(words) - 0.45), ylim=(-0.25, 1.25))
    ax.set_xticks(range(n), words[:n], parse_math=False)
    ax.set_yticks([0, 0.5, 1], ["values", "keys", "query"])
    ax.tick_params(left=False, bottom=False)
    ax.spines[:].set_visible(False)
    ax.patch.set_visible(False)
    return figure


def draw_attention(ax: Axes, tokens: Sequence[str], weights: Sequence[float], query: int, *, digits: int = 2) -> None:
    """Draw the attention weights of one token as lines to the tokens that it attends to, thicker for a larger weight.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        About six tokens have room on 5.6 inches.
    tokens : sequence of str
        From left to right.
    weights : sequence of float
        The attention weight of each token, with sum 1.
    query : int
        The position of the token that attends.
    digits : int
        Decimals of the weights.
    """
    if len(tokens) != len(weights) or not 0 <= query < len(tokens):
        raise InputError(f"{len(tokens)} tokens need {len(tokens)} weights and a query from 0 to {len(tokens) - 1}.")
    from matplotlib.patches import FancyArrowPatch

    for place, (token, weight) in enumerate(zip(tokens, weights, strict=True)):
        line = FancyArrowPatch((query, 0.87), (place, 0.13), arrowstyle="-", shrinkA=0, shrinkB=0)
        line.set(linewidth=0.4 + 11 * weight, color="#0072B2", alpha=0.25 + 0.6 * min(1.0, weight), zorder=1)
        ax.add_patch(line)
        strong = "bold" if place == query else "normal"
        ax.text(place, 0, token, ha="center", va="center", fontsize=11, weight=strong, color=INK, parse_math=False)
        ax.text(place, -0.17, f"{weight:.{digits}f}", ha="center", va="center", fontsize=8.5, color=PALE_INK)
    ax.text(query, 1, tokens[query], ha="center", va="center", fontsize=11, weight="bold", color=EDGES["query"])
    ax.set(xlim=(-0.5, len(tokens) - 0.5), ylim=(-0.3, 1.15))
    ax.set_axis_off()


def plane(ax: Axes, vectors: Mapping[str, Sequence[float]], colours: Mapping[str, str] | None = None) -> None:
    """Draw vectors ``(x, y)`` as arrows from the origin, each with its name at the tip.

    ``colours`` holds colours by name; the others are blue. Both axes get the same scale.
    """
    for name, (x, y) in vectors.items():
        colour = (colours or {}).get(name, "C0")
        style = {"arrowstyle": "-|>", "color": colour, "linewidth": 1.6, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (x, y), (0, 0), arrowprops=style)
        length = np.hypot(x, y) or 1.0
        offset = (9 * x / length, 9 * y / length)
        across, up = "left" if x >= 0 else "right", "bottom" if y >= 0 else "top"
        style = {"textcoords": "offset points", "ha": across, "va": up, "color": colour, "parse_math": False}
        ax.annotate(name, (x, y), offset, **style)
    ends = np.array([*vectors.values(), (0, 0)], dtype=float)
    low, high = ends.min(axis=0), ends.max(axis=0)
    room = 0.18 * (high - low).max()
    ax.set(xlim=(low[0] - room, high[0] + 2 * room), ylim=(low[1] - room, high[1] + room), aspect="equal")
    ax.axhline(0, color="#dddddd", linewidth=0.8, zorder=0)
    ax.axvline(0, color="#dddddd", linewidth=0.8, zorder=0)


def _caption(ax: Axes, start: np.ndarray, end: np.ndarray, bend: float, text: str, fontsize: float) -> None:
    """Write along an arrow and above it, or to the right of a steep one, so that the text does not cover it."""
    along = end - start if end[0] >= start[0] else start - end
    middle = (start + end) / 2 + bend / 2 * np.array([(end - start)[1], (start - end)[0]])
    above = 6.5 * np.array([-along[1], along[0]]) / np.hypot(*along)
    angle = np.degrees(np.arctan2(along[1], along[0]))
    style = {
        "ha": "center",
        "va": "center",
        "fontsize": fontsize,
        "color": PALE_INK,
        "rotation": angle,
        "parse_math": False,
    }
    if abs(angle) > 60:
        style, above = {**style, "ha": "left", "rotation": 0}, (5, 0)
    ax.annotate(text, middle, above, textcoords="offset points", zorder=4, **style)
