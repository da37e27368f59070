"""The exercises of notebook 16, *Search pictures with words*."""

from __future__ import annotations

import itertools
import sys
from typing import Any

import numpy as np

from course_utils.attention import log_softmax, softmax
from course_utils.common.vectors import gradient_of_rows, scaled_rows
from course_utils.contrastive import contrastive_loss
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

SQUARE = np.array([[0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9], [0, 0, 0, 9, 9]])
EDGE = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
NAMES = ["dog", "cat", "pizza", "train"]
# Four pairs of unit vectors: row i of the pictures belongs to row i of the texts.
PICTURES = np.array([[1.0, 0.0], [0.8, 0.6], [-0.6, 0.8], [0.0, -1.0]])
TEXTS = np.array([[0.8, 0.6], [1.0, 0.0], [0.0, 1.0], [0.6, -0.8]])
OWNER = np.array([2, 0, 1, 1])  # the class of each text, where classes are asked for
for _shared in (SQUARE, EDGE, PICTURES, TEXTS, OWNER):
    _shared.flags.writeable = False  # a function that changes what it gets must not change the exercise


def _picture_setting() -> dict[str, Any]:
    return {"np": np, "square": SQUARE, "edge": EDGE}


def _pairs_setting() -> dict[str, Any]:
    return {"np": np, "pictures": PICTURES, "texts": TEXTS}


def _classes_setting() -> dict[str, Any]:
    return {"np": np, "pictures": PICTURES, "texts": TEXTS, "owner": OWNER}


def _table_setting() -> dict[str, Any]:
    return {"np": np, "softmax": softmax}


def _step_setting() -> dict[str, Any]:
    names = _table_setting() | {"scaled_rows": scaled_rows, "gradient_of_rows": gradient_of_rows}
    wrong_table.solve_in(names)
    return names


def both_losses(pictures: np.ndarray, texts: np.ndarray, temperature: float) -> float:
    """Return the mean of the contrastive losses from pictures to texts and from texts to pictures.

    Examples
    --------
    >>> round(both_losses(np.eye(2), np.eye(2), 1.0), 3)
    0.313
    """
    return (contrastive_loss(pictures, texts, temperature) + contrastive_loss(texts, pictures, temperature)) / 2


def _test_convolve(function: Any) -> str:
    rng = np.random.default_rng(0)
    for picture, kernel in ((SQUARE, EDGE), (rng.integers(0, 9, (6, 8)), rng.integers(-2, 3, (3, 3)))):
        wanted = np.einsum("ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(picture, (3, 3)), kernel)
        found = np.asarray(call(function, picture, kernel))
        if found.shape == picture.shape:
            raise Wrong("A 3×3 kernel fits at two places fewer in each direction: the result is smaller.")
        if found.shape == wanted.T.shape and found.shape != wanted.shape and np.allclose(found, wanted.T):
            raise Wrong("It is transposed: the first index counts rows.")
        if found.shape != wanted.shape:
            raise Wrong(f"For a picture of {picture.shape} the result has {wanted.shape}, and yours has {found.shape}.")
        if np.allclose(found * 9, wanted):
            raise Wrong("That is the mean of the nine products: a convolution adds them up.")
        flipped = np.einsum(
            "ijkl,kl->ij", np.lib.stride_tricks.sliding_window_view(picture, (3, 3)), kernel[::-1, ::-1]
        )
        if np.allclose(found, flipped) and not np.allclose(wanted, flipped):
            raise Wrong("You turned the kernel round, as mathematicians do. Networks lay it on as it is.")
        if not np.allclose(found, wanted):
            raise Wrong("Multiply each 3×3 patch by the kernel, number by number, and take the sum of the nine.")
    return "The same nine numbers look at every place, so an edge is found wherever it is."


def _test_wrong_order(answer: Any) -> str:
    try:
        order = [int(each) for each in answer]
    except (TypeError, ValueError):
        raise Wrong("wrong_order should be a list of four places, such as [1, 0, 3, 2].") from None
    if sorted(order) != [0, 1, 2, 3]:
        raise Wrong("Each of the places 0, 1, 2 and 3 should come once.")
    losses = {each: both_losses(PICTURES, TEXTS[list(each)], 0.5) for each in itertools.permutations(range(4))}
    if order == [0, 1, 2, 3]:
        raise Wrong("That is the right order: every text stays with its picture.")
    mine, worst = losses[tuple(order)], max(losses.values())
    if mine < worst - 1e-9:
        raise Wrong(f"Its loss is {mine:.2f}, and another order has {worst:.2f}: try all 24, itertools.permutations.")
    return f"With these labels the loss is {mine:.2f}; with the right ones it is {losses[0, 1, 2, 3]:.2f}."


def _test_two_way_loss(function: Any) -> str:
    large = np.array([[1000.0, 0.0, 2.0], [1.0, 900.0, 3.0], [0.0, 5.0, 4.0]])
    hopeless = np.array([[0.0, 1000.0, 800.0], [900.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    for scores in (PICTURES @ TEXTS.T / 0.5, large, hopeless):
        with np.errstate(all="ignore"):
            found = np.asarray(call(function, scores.copy()))
        rows, columns = log_softmax(scores), log_softmax(scores.T)
        one, two = -np.diag(rows).mean(), -np.diag(columns).mean()
        if found.shape != ():
            raise Wrong(f"The loss of a batch is one number, and yours has the shape {found.shape}: take the mean.")
        if np.isposinf(found):
            raise Wrong("A probability became 0, and its logarithm infinite: take the score minus the log of the sum.")
        if not np.isfinite(found):
            raise Wrong("np.exp(1000) overflows: subtract each row's largest score before the exponential.")
        if np.isclose(found, -(one + two) / 2):
            raise Wrong("The logarithm of a probability is negative: the loss is minus its mean.")
        if np.isclose(found, one + two):
            raise Wrong("That is the sum of the two directions: take their mean.")
        if np.isclose(found, len(scores) * (one + two) / 2):
            raise Wrong("That is the sum over the pairs: take the mean.")
        if np.isclose(found, -(rows.mean() + columns.mean()) / 2):
            raise Wrong("That is the mean over the whole matrix: the true partners are on the diagonal, np.diag.")
        if np.isclose(found, one):
            raise Wrong("Only pictures choose among texts. Let texts choose among pictures too: the scores transposed.")
        if np.isclose(found, two):
            raise Wrong("Only texts choose among pictures. The other direction is missing.")
        if not np.isclose(found, (one + two) / 2):
            raise Wrong(f"For {len(scores)} pairs the loss is {(one + two) / 2:.3f}, and yours is {float(found):.3f}.")
    return "It is the loss that trains the two towers, in both directions, and it does not overflow."


def _test_wrong_table(function: Any) -> str:
    for scores in (PICTURES @ TEXTS.T / 0.5, np.array([[2.0, 0.0, 1.0], [0.0, 1.0, 3.0], [0.0, 5.0, 4.0]])):
        found = np.asarray(call(function, scores.copy()))
        rows, columns, own = np.exp(log_softmax(scores)), np.exp(log_softmax(scores.T)).T, np.eye(len(scores))
        wanted = (rows + columns) / 2 - own
        if found.shape != scores.shape:
            raise Wrong(f"The table has a cell for each score, {scores.shape}, and yours has the shape {found.shape}.")
        if np.allclose(found, wanted + own):
            raise Wrong("These are the mean probabilities: take 1 away on the diagonal, np.eye(len(scores)).")
        if np.allclose(found, -wanted):
            raise Wrong(
                "The sign is turned: probabilities minus 1. A step goes against the table, so it raises the diagonal."
            )
        if np.allclose(found, rows - own):
            raise Wrong("Only the rows choose. Add the probabilities of the columns and halve the sum.")
        if np.allclose(found, (rows + columns.T) / 2 - own):
            raise Wrong("The probabilities of the columns lie on their side: transpose softmax(scores.T) back.")
        if np.allclose(found, rows + columns - own) or np.allclose(found, rows + columns - 2 * own):
            raise Wrong("That is the sum of the two directions: take their mean.")
        if not np.allclose(found, wanted):
            raise Wrong("Each cell is the mean of its probabilities by row and by column, minus 1 on the diagonal.")
    return "Below 0 the score should rise, above 0 it should fall, and each row of a perfect batch is 0."


def _test_update_v(function: Any) -> str:
    import torch
    from torch.nn.functional import cross_entropy, normalize

    rng = np.random.default_rng(0)
    v, x, b, temperature, size = rng.normal(size=(5, 2)), rng.normal(size=(4, 5)), TEXTS, 0.3, 0.7
    kept = v.copy()
    found = np.asarray(call(function, v, x.copy(), b.copy(), temperature, size))
    if not np.array_equal(v, kept):
        raise Wrong("v itself was changed: write v - ..., which makes a new matrix.")
    if found.shape != v.shape:
        raise Wrong(f"The new v has the shape of the old one, {v.shape}, and yours has {found.shape}.")
    learned, right = torch.tensor(v, requires_grad=True), torch.arange(len(x))
    scores = normalize(torch.tensor(x) @ learned) @ torch.tensor(b).T / temperature
    loss = (cross_entropy(scores, right) + cross_entropy(scores.T, right)) / 2
    gradient = torch.autograd.grad(loss, learned)[0].numpy()
    for change, message in (
        (0 * gradient, "v has not moved."),
        (-gradient, "You went up: v minus the size times the derivative lowers the loss."),
        (gradient / size, "The size of the step is missing: size * x.T @ ..."),
        (len(x) * gradient, "The loss is a mean over the pairs: divide the table by len(x)."),
        (temperature * gradient, "The scores are cosines divided by the temperature: divide the table by it as well."),
        (len(x) * temperature * gradient, "Divide the table by len(x) * temperature first."),
    ):
        if np.allclose(found, v - size * change):
            raise Wrong(message)
    if not np.allclose(found, v - size * gradient):
        raise Wrong("PyTorch's derivative moves v to another place: go back in the order of the four lines.")
    return "It is where PyTorch's own derivative moves v."


def _test_zero_shot(function: Any) -> str:
    pictures, texts = PICTURES[[3, 0, 1, 2, 0]], np.array([[3.0], [1.0], [1.0], [1.0]]) * TEXTS  # one text is long
    nearest = (pictures @ TEXTS.T).argmax(axis=1)
    found, wanted = np.asarray(call(function, pictures, texts, OWNER)), OWNER[nearest].tolist()
    if found.shape != (len(pictures),):
        raise Wrong("Each picture gets one class: the argmax over the texts, axis=1.")
    if found.tolist() == nearest.tolist():
        raise Wrong("These are the places of the texts: return their classes, owner[...].")
    if found.tolist() == OWNER[(pictures @ texts.T).argmax(axis=1)].tolist():
        raise Wrong("A long row wins by its length: divide each row by its own length first.")
    if found.tolist() != wanted:
        raise Wrong(f"The classes should be {wanted}, and yours are {found.tolist()}: the one nearest text decides.")
    return "No class was trained: write another text, and you have another class."


convolve = Exercise(
    "convolve",
    _test_convolve,
    (
        "The result has picture.shape[0] - 2 rows and picture.shape[1] - 2 columns.",
        "The patch at row i and column j is picture[i : i + 3, j : j + 3].",
        "(patch * kernel).sum() is one number of the result.",
    ),
    """
    def convolve(picture, kernel):
        rows, columns = picture.shape[0] - 2, picture.shape[1] - 2
        answers = np.zeros((rows, columns))
        for i in range(rows):
            for j in range(columns):
                answers[i, j] = (picture[i : i + 3, j : j + 3] * kernel).sum()
        return answers
    """,
    _picture_setting,
)

wrong_order = Exercise(
    "wrong_order",
    _test_wrong_order,
    (
        "exercise.TEXTS[[1, 0, 3, 2]] gives the texts in another order.",
        "itertools.permutations(range(4)) lists all 24 orders; max(..., key=...) finds the worst.",
    ),
    """
    from itertools import permutations

    def loss(order):
        return exercise.both_losses(exercise.PICTURES, exercise.TEXTS[list(order)], 0.5)

    wrong_order = max(permutations(range(4)), key=loss)
    """,
    lambda: {"exercise": sys.modules[__name__]},
)

two_way_loss = Exercise(
    "two_way_loss",
    _test_two_way_loss,
    (
        "Subtract scores.max(axis=1, keepdims=True): the softmax stays the same, and nothing overflows.",
        "The logarithm of the softmax is the score minus the log of the row's sum of exponentials; np.diag takes the "
        "diagonal, and the loss of one direction is minus its mean.",
        "From texts to pictures it is the same with scores.T. A loop over (scores, scores.T) has both.",
    ),
    """
    def two_way_loss(scores):
        losses = []
        for each in (scores, scores.T):  # pictures choose, then texts choose
            each = each - each.max(axis=1, keepdims=True)
            logs = each - np.log(np.exp(each).sum(axis=1, keepdims=True))
            losses.append(-np.diag(logs).mean())
        return np.mean(losses)
    """,
    _pairs_setting,
)

wrong_table = Exercise(
    "wrong_table",
    _test_wrong_table,
    (
        "softmax(scores) has the probabilities of each row; softmax(scores.T).T those of each column.",
        "np.eye(len(scores)) has 1 on the diagonal and 0 elsewhere.",
    ),
    """
    def wrong_table(scores):
        return (softmax(scores) + softmax(scores.T).T) / 2 - np.eye(len(scores))  # (n, n)
    """,
    _table_setting,
)

update_v = Exercise(
    "update_v",
    _test_update_v,
    (
        "a, lengths = scaled_rows(x @ v) gives the rows at length one, and how long they were.",
        "wrong_table(a @ b.T / temperature) / (len(x) * temperature) is the derivative by the cosines.",
        "That times b is the derivative by a; gradient_of_rows(..., a, lengths) gives the one by x @ v, and "
        "x.T @ ... the one by v.",
    ),
    """
    def update_v(v, x, b, temperature, size):
        a, lengths = scaled_rows(x @ v)  # (n, features) @ (features, d) -> (n, d)
        by_cosines = wrong_table(a @ b.T / temperature) / (len(x) * temperature)  # (n, n)
        by_rows = gradient_of_rows(by_cosines @ b, a, lengths)  # (n, n) @ (n, d) -> (n, d)
        return v - size * x.T @ by_rows  # (features, n) @ (n, d) -> (features, d)
    """,
    _step_setting,
)

zero_shot = Exercise(
    "zero_shot",
    _test_zero_shot,
    (
        "Divide the rows of both sides by their lengths, then pictures @ texts.T.",
        "argmax(axis=1) gives the place of the nearest text; owner[place] is its class.",
    ),
    """
    def zero_shot(pictures, texts, owner):
        pictures = pictures / np.linalg.norm(pictures, axis=1, keepdims=True)
        texts = texts / np.linalg.norm(texts, axis=1, keepdims=True)
        return owner[(pictures @ texts.T).argmax(axis=1)]  # (n, d) @ (d, m) -> (n, m) -> (n,)
    """,
    _classes_setting,
)

quiz = Quiz(
    (
        Question(
            "Two drawings of a fox differ by a shift of ten pixels. What happens to their distance in pixels?",
            {
                "It stays near 0, since they show the same.": "Every pixel is compared with another part of the fox.",
                "It becomes large, as between two different animals.": "Pixels are compared place by place.",
                "It is not defined.": "Two pictures of one size always have a distance.",
            },
            "It becomes large, as between two different animals.",
        ),
        Question(
            "In a batch of 256 pairs, where do the wrong texts for a picture come from?",
            {
                "They are the texts of the other 255 pictures.": "Nobody has to write them, which is the trick.",
                "They are written by people.": "No label says what a picture does not show.",
                "They are drawn from the whole training set.": "A step sees its own batch and nothing else.",
            },
            "They are the texts of the other 255 pictures.",
        ),
        Question(
            "man farmer is trained on and woman farmer is tested on. What is wrong with that?",
            {
                "Nothing: the two names differ.": "The drawings hardly do: it is a test of memory.",
                "The test counts too many people.": "It may, but that would not make the result too high.",
                "The test measures memory more than sight.": "Near-copies belong on one side of the split.",
            },
            "The test measures memory more than sight.",
        ),
        Question(
            "How does zero-shot classification get its classes?",
            {
                "From a layer with an output for each class.": "That would have to be trained for these classes.",
                "From texts, each turned into a vector.": "The nearest text wins, so the wording counts.",
                "From clusters of the pictures.": "Clusters have no names.",
            },
            "From texts, each turned into a vector.",
        ),
        Question(
            "Shuffled weights find the same kind less often than trained ones. What makes the comparison fair?",
            {
                "The shuffled network sees more pictures.": "Both see the same ones.",
                "Its normalisation is set anew for its own answers.": "A mean from other weights may silence a layer.",
                "It has fewer layers.": "It has the same layers: only the order of the numbers differs.",
            },
            "Its normalisation is set anew for its own answers.",
        ),
    )
)
