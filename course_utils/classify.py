"""Texts into classes: the centre of each class, and measures for what a classifier said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from course_utils.common.checks import describe
from course_utils.common.errors import InputError
from course_utils.evaluation.intervals import percentile_interval

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def class_centres(vectors: np.ndarray, labels: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    """Average the vectors of each class and give each average length one.

    ``vectors`` has shape ``(n, d)``, a row for each example; ``labels`` holds the class of each, a string or a whole
    number.

    The result is the sorted classes, shape ``(n_classes,)``, and a unit row for each, shape ``(n_classes, d)``.

    Raises
    ------
    InputError
        If there are no examples, not as many labels as rows, labels of several kinds, a number that is not finite, or a
        class whose vectors cancel out.

    Examples
    --------
    >>> names, centres = class_centres(np.array([[3.0, 0.0], [1.0, 0.0], [0.0, 2.0]]), ["cat", "cat", "tax"])
    >>> names.tolist(), centres.tolist()
    (['cat', 'tax'], [[1.0, 0.0], [0.0, 1.0]])
    """
    try:
        vectors = np.asarray(vectors, dtype=float)
    except (TypeError, ValueError):  # text, or rows of different lengths
        raise InputError(f"The vectors must be rows of one table of numbers{describe(vectors)}.") from None
    if vectors.ndim != 2 or not len(vectors):
        raise InputError(f"The vectors must be rows of one table, at least one, and this has shape {vectors.shape}.")
    if not np.isfinite(vectors).all():
        raise InputError("A vector holds NaN or infinity: find out where it comes from.")
    labels = _labels(labels)
    if len(labels) != len(vectors):
        raise InputError(f"Each of {len(vectors)} vectors needs a label, and there are {len(labels)}.")
    names, row = np.unique(labels, return_inverse=True)
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, row, vectors)
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(f"The vectors of the class {names[int(lengths.argmin())]} cancel out: it has no direction.")
    return names, sums / lengths


def macro_f1(truth: Sequence[Any], said: Sequence[Any]) -> float:
    """Return the plain average, over the classes, of F1: the harmonic mean of precision and recall.

    ``truth`` and ``said`` are the right and the predicted class of each text, strings or whole numbers. A class that
    occurs in either of them counts.

    Raises
    ------
    InputError
        If there are no labels, not as many of one as of the other, or labels of several kinds.

    Examples
    --------
    >>> macro_f1(["a", "a", "a", "b"], ["a", "a", "a", "a"]).__round__(3)
    0.429
    """
    truth, said = _pair(truth, said)
    names, coded = np.unique(np.concatenate([truth, said]), return_inverse=True)
    right = coded[: len(truth)]
    return float(_f1(right[None], coded[len(truth) :][None], len(names))[0])


def resampled_interval(
    truth: Sequence[Any], said: Sequence[Any], confidence: float = 0.95, n_resamples: int = 500, seed: int = 0
) -> tuple[float, float]:
    """Return the range in which `macro_f1` would probably lie on other texts of the same kind.

    ``truth`` and ``said`` are those of `macro_f1`, as are their errors; ``confidence``, ``n_resamples`` and ``seed``
    are those of `evaluation.bootstrap_interval`, which does the same for means.

    Examples
    --------
    >>> resampled_interval(["a", "b"] * 20, ["a", "b"] * 20)
    (1.0, 1.0)
    """
    truth, said = _pair(truth, said)
    names, coded = np.unique(np.concatenate([truth, said]), return_inverse=True)
    right, claimed = coded[: len(truth)], coded[len(truth) :]
    return percentile_interval(
        len(truth),
        lambda drawn: _f1(right[drawn], claimed[drawn], len(names)),
        confidence,
        n_resamples=n_resamples,
        seed=seed,
    )


def _f1(right: np.ndarray, said: np.ndarray, n_classes: int) -> np.ndarray:
    """Macro-F1 of each row of class numbers: ``(n_sets, n_texts) -> (n_sets,)``; absent classes do not count."""
    hits, wanted, claimed = (np.zeros((len(right), n_classes)) for _ in range(3))
    for number in range(n_classes):
        hits[:, number] = ((right == number) & (said == number)).sum(axis=1)
        wanted[:, number] = (right == number).sum(axis=1)
        claimed[:, number] = (said == number).sum(axis=1)
    present = wanted + claimed > 0
    f1 = np.divide(2 * hits, wanted + claimed, out=np.zeros_like(hits), where=present)
    return f1.sum(axis=1) / present.sum(axis=1)


def _pair(truth: Sequence[Any], said: Sequence[Any]) -> tuple[np.ndarray, np.ndarray]:
    truth, said = _labels(truth), _labels(said)
    if len(truth) != len(said):
        raise InputError(
            f"{len(truth)} texts have a right class and {len(said)} a predicted one: they must be as many."
        )
    if not len(truth):
        raise InputError("There are no labels, so there is nothing to measure.")
    if truth.dtype.kind != said.dtype.kind:
        raise InputError(
            f"The right classes are of type {truth.dtype}, the predicted of {said.dtype}: use one of them."
        )
    return truth, said


def _labels(labels: Sequence[Any]) -> np.ndarray:
    """Return labels as a flat array of strings or of whole numbers."""
    if isinstance(labels, str):
        raise InputError(f"Labels are a list with one for each text, and this is the single string {labels!r}.")
    if not isinstance(labels, Iterable):
        raise InputError(f"Labels are a list with one for each text{describe(labels)}.")
    given = labels.tolist() if isinstance(labels, np.ndarray) else list(labels)
    kinds = {type(label).__name__ for label in given}
    if any(isinstance(label, bool | float | list | tuple) or label is None for label in given) or len(kinds) > 1:
        raise InputError(f"Labels must be strings, or whole numbers, all of one kind; these are {sorted(kinds)}.")
    return np.asarray(given if given else [], dtype=None if given else str)


def draw_choices(
    prompt: str, pieces: Sequence[Sequence[str]], logs: Sequence[Sequence[float]], shares: Sequence[float]
) -> Figure:
    """Draw how a language model scores names: token by token after a prompt, then a sum and a share for each.

    Parameters
    ----------
    prompt : str
        What the names follow, short enough for a box.
    pieces, logs : sequences of sequences of str and of float
        The tokens of each name, and their log-probabilities.
    shares : sequence of float
        The softmax of the sums.
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import flow

    boxes, arrows = {"prompt": (0, 1.4 * (len(pieces) - 1) / 2, prompt)}, []
    ends = 5.4 + 4.7 * max(map(len, pieces))
    for row, tokens in enumerate(pieces):
        last, y = "prompt", 1.4 * (len(pieces) - 1 - row)
        for step, token in enumerate(tokens):
            boxes[f"{row}, {step}"] = (5.4 + 4.4 * step, y, token.strip())
            arrows.append((last, last := f"{row}, {step}", f"{logs[row][step]:.1f}"))
        boxes[f"end {row}"] = (ends, y, f"sum {sum(logs[row]):.1f}\nshare {shares[row]:.2f}")
        arrows.append((last, f"end {row}"))
    figure, ax = plt.subplots(figsize=(7, 0.75 * len(pieces)))
    flow(ax, boxes, arrows, kinds={"prompt": "weights"}, width=3.4, height=0.95, fontsize=8)
    ax.set_title("Each name: the sum of its tokens' log-probabilities, then a softmax")
    return figure


def draw_ways(n_numbers: int, n_labels: int, n_topics: int) -> Figure:
    """Draw the five ways of notebook 08 from a text to a topic, with the labels that each of them has seen.

    Parameters
    ----------
    n_numbers : int
        The length of the encoder's vectors.
    n_labels, n_topics : int
        The labelled texts, all of which three ways learn from, and the topics, of which the language model sees one
        example each.
    """
    import matplotlib.pyplot as plt

    from course_utils.plotting.diagrams import flow

    labels, end = f"{n_labels:,} labels", 12.6
    boxes = {"text": (0, 1.3), "encoder": (5, 3.9), "count": (5, 1.3, "count its words")}
    boxes |= {"model": (5, 0, "language model"), "name": (end, 5.2, "nearest name\nno labels")}
    boxes |= {"centre": (end, 3.9, f"nearest centre\n{labels}"), "fit": (end, 2.6, f"regression\n{labels}")}
    boxes |= {"words": (end, 1.3, f"regression\n{labels}"), "likely": (end, 0, f"likeliest name\n{n_topics} labels")}
    arrows = [("text", way) for way in ("encoder", "count", "model")]
    arrows += [("encoder", "name"), ("encoder", "centre", f"{n_numbers} numbers"), ("encoder", "fit")]
    arrows += [("count", "words", "a number a word"), ("model", "likely", "log-probabilities")]
    kinds = dict.fromkeys(["encoder", "model", "fit", "words"], "weights")
    kinds |= dict.fromkeys(["count", "name", "centre", "likely"], "step")
    figure, ax = plt.subplots(figsize=(6.8, 3.2))
    flow(ax, boxes, arrows, kinds=kinds, width=3.4, height=0.98, fontsize=8)
    ax.set_title("Five ways from a text to a topic need from 0 to " + labels)
    return figure


def draw_border(points: np.ndarray, classes: Sequence[str], weights: np.ndarray, centres: np.ndarray) -> Figure:
    """Draw points of two classes, the border that a logistic regression has learned, and the one between two centres.

    Parameters
    ----------
    points : ndarray, shape (n, 2)
        All from 0 to 4 and from -1 to 7.
    classes : sequence of str
        The class of each point, one of two.
    weights : ndarray, shape (3, 2)
        For each class the weights of the two numbers and the bias.
    centres : ndarray, shape (2, 2)
        A row for each class. The dashed line lies halfway between them.
    """
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    names, grid = np.unique(classes), np.meshgrid(np.linspace(0, 4, 60), np.linspace(-1, 7, 60))
    (a, b, bias), (across, up) = weights[:, 1] - weights[:, 0], centres[1] - centres[0]
    figure, ax = plt.subplots(figsize=(4.8, 3.2), layout="constrained")
    pale = ["#DCEBF7", "#FBE3CF"]
    ax.contourf(*grid, a * grid[0] + b * grid[1] + bias, [-99, 0, 99], colors=pale)
    for number, name in enumerate(names):
        chosen = points[np.asarray(classes) == name]
        ax.plot(*chosen.T, "os"[number], color=f"C{number}", ms=8, label=str(name))
    ax.axline(centres.mean(axis=0), slope=-across / up, color="k", ls="--", lw=1, label="between\nthe centres")
    shown = [Patch(color=color, label=f"called {name}") for color, name in zip(pale, names, strict=True)]
    ax.set(xlim=(0, 4), ylim=(-1, 7), xlabel="first number", ylabel="second number")
    ax.legend(
        handles=[*ax.get_legend_handles_labels()[0], *shown], fontsize=8.5, loc="center left", bbox_to_anchor=(1, 0.5)
    )
    return figure
