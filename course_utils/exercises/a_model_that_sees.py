"""The exercises of notebook 17, *Show a language model a picture*."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

# Five pictures with three features each, and the rows of their names, two numbers wide.
FEATURES = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0], [2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 2.0, 2.0]])
ROWS = np.array([[0.5, 1.0], [0.0, 0.5], [1.5, 0.0], [1.0, 2.0], [0.5, 1.5]])
# How well each of four tokens fits each of three pictures, and which three tokens compete, the right one in front.
VALUES = np.array([[-1.0, -2.0, -4.0, -3.0], [-1.0, -4.0, -2.0, -3.5], [-1.2, -4.5, -4.2, -2.5]])
AMONG = np.array([[1, 0, 2], [2, 0, 1], [1, 0, 3]])
# For each of six pictures the words that fit it.
WORDS = [{"fox", "animal", "face"}, {"owl", "animal", "bird"}, {"pizza", "food"}, {"smile", "face"}]
WORDS += [{"cat", "animal", "pet"}, {"tea", "drink"}]
# Two thin matrices that turn FEATURES into rows four numbers wide, and the gradient of a loss at each of the five rows.
DOWN = np.array([[1.0, 0.5], [0.0, -1.0], [-0.5, 1.0]])
UP = np.array([[0.5, 1.0, 0.0, -1.0], [1.0, 0.0, 2.0, 0.5]])
SLOPE = np.array([[0.2, 0, 0.1, 0], [0, -0.3, 0, 0.1], [0.1, 0.1, 0, 0], [0, 0, -0.2, 0.4], [0.3, 0, 0, -0.1]])


def _ridge_setting() -> dict[str, Any]:
    return {"np": np, "features": FEATURES.copy(), "rows": ROWS.copy()}


def _fit_setting() -> dict[str, Any]:
    names = _ridge_setting()
    ridge.solve_in(names)
    return names


def _among_setting() -> dict[str, Any]:
    return {"np": np, "values": VALUES.copy(), "among": AMONG.copy()}


def _words_setting() -> dict[str, Any]:
    return {"np": np, "words": [set(each) for each in WORDS]}


def _carry_setting() -> dict[str, Any]:
    shown = FEATURES - FEATURES.mean(axis=0)
    return {"np": np, "shown": shown, "down": DOWN.copy(), "up": UP.copy(), "length": 2.0, "slope": SLOPE.copy()}


def _ridge(x: np.ndarray, y: np.ndarray, cost: np.ndarray | float) -> np.ndarray:
    return np.linalg.solve(x.T @ x + cost, x.T @ y)


def _test_ridge(function: Any) -> str:
    rng = np.random.default_rng(0)
    for x, y, cost in ((rng.normal(size=(7, 3)), rng.normal(size=(7, 2)), 2.0), (np.eye(2), 6 * np.eye(2), 0.5)):
        given, eye = (x.copy(), y.copy()), np.eye(x.shape[1])
        found, wanted = np.asarray(call(function, *given, cost), dtype=float), _ridge(x, y, cost * eye)
        if not (np.array_equal(given[0], x) and np.array_equal(given[1], y)):
            raise Wrong("Your function changes what it was given: write x.T @ x + ..., not x += ...")
        if found.shape == wanted.T.shape != wanted.shape:
            raise Wrong("It is transposed: x @ W has to be as wide as y, so W has as many rows as x has columns.")
        if found.shape != wanted.shape:
            said = f"For x of {x.shape} and y of {y.shape} W has {wanted.shape}"
            raise Wrong(f"{said}, and yours has {found.shape}: x.T @ x compares numbers, x @ x.T pictures.")
        if np.allclose(found, _ridge(x, y, cost)) and not np.allclose(found, wanted):
            raise Wrong("You added the cost to every entry: it belongs on the diagonal, cost * np.eye(...).")
        if np.allclose(found, _ridge(x, y, 0 * eye)):
            raise Wrong("Large weights cost nothing in yours: add cost * np.eye(...) before you solve.")
        if np.allclose(found, _ridge(x, y, cost**2 * eye)):
            raise Wrong("You squared the cost: the statement has c itself.")
        if not np.allclose(found, wanted):
            raise Wrong("W solves (x.T @ x + cost * np.eye(...)) W = x.T @ y: np.linalg.solve(left, right).")
    return (
        "With a cost of 0 no matrix has a smaller squared error; the cost keeps W small where few pairs say what it is."
    )


def _test_fit(function: Any) -> str:
    rng = np.random.default_rng(1)
    for features, rows in ((FEATURES, ROWS), (rng.normal(3, 1, (9, 4)), rng.normal(-2, 1, (9, 5)))):
        given = features.copy(), rows.copy()
        found = call(function, *given, 0.5)
        if not (np.array_equal(given[0], features) and np.array_equal(given[1], rows)):
            raise Wrong("Your function changes the features or rows that it was given: write a - b, not a -= b.")
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise Wrong("Return three things: the mean of the features, W, and the mean of the rows.")
        mean, matrix, base = (np.asarray(part, dtype=float) for part in found)
        eye = 0.5 * np.eye(features.shape[1])
        if mean.shape != features.shape[1:] or base.shape != rows.shape[1:]:
            raise Wrong("A mean over the pictures has one number for each column: axis=0.")
        if not np.allclose(mean, features.mean(axis=0)) or not np.allclose(base, rows.mean(axis=0)):
            raise Wrong("First comes the mean of the features, then W, and at last the mean of the rows.")
        if matrix.shape == (features.shape[1], rows.shape[1]):
            if np.allclose(matrix, _ridge(features, rows, eye)):
                raise Wrong("Subtract the mean of the features and that of the rows before you fit W.")
            if np.allclose(matrix, _ridge(features, rows - base, eye)):
                raise Wrong("The features keep their mean in yours: subtract it before you fit W.")
        if matrix.shape != (features.shape[1], rows.shape[1]) or not np.allclose(
            matrix, _ridge(features - mean, rows - base, eye)
        ):
            raise Wrong("W is ridge(features - mean, rows - base, cost).")
    return "The means are kept, since a new picture must lose the very mean that W was fitted without."


def _test_soft_rows(function: Any) -> str:
    rng = np.random.default_rng(2)
    features, mean, matrix, base = arrays = [rng.normal(size=shape) for shape in ((4, 3), (3,), (3, 5), (5,))]
    moved = (features - mean) @ matrix
    unit = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    given = [each.copy() for each in arrays]
    found, wanted = np.asarray(call(function, *given, 1.5), dtype=float), base + 1.5 * unit
    if not all(map(np.array_equal, given, arrays)):
        raise Wrong("Your function changes an array that it was given: write a - b, not a -= b.")
    if found.shape != wanted.shape:
        raise Wrong(f"Four pictures give rows of the shape {wanted.shape}, and yours have {found.shape}.")
    if np.allclose(found, 1.5 * unit):
        raise Wrong("Your rows lie around 0: add base, the mean row, at the end.")
    if np.allclose(found, base + moved) or np.allclose(found, base + 1.5 * moved):
        raise Wrong("Each row has to be `length` away from base: divide it by its own length first, then multiply.")
    if np.allclose(found, base + unit):
        raise Wrong("Your rows are 1 away from base: multiply them by length.")
    if np.allclose(found, base + 1.5 * moved / np.linalg.norm(moved)):
        raise Wrong("You divided by one number for all: each row has a length of its own, axis=1, keepdims=True.")
    whole = features @ matrix
    if np.allclose(found, base + 1.5 * whole / np.linalg.norm(whole, axis=1, keepdims=True)):
        raise Wrong("Subtract the mean of the features first: W was fitted without it.")
    if not np.allclose(found, wanted):
        raise Wrong(
            "In this order: subtract mean, multiply by the matrix, make each row of length 1, times length, plus base."
        )
    return "A picture has become a row as far from the mean row as tokens usually are."


def _first(values: np.ndarray, among: np.ndarray) -> np.ndarray:
    return 1.0 * (np.take_along_axis(values, among, axis=1).argmax(axis=1) == 0)


def _test_first_among(function: Any) -> str:
    rng = np.random.default_rng(3)
    tall = rng.normal(size=(40, 8)) + 3 * rng.normal(size=8)
    for values, among in ((VALUES, AMONG), (tall, np.array([rng.permutation(8)[:4] for _ in tall]))):
        given, centred = values.copy(), values - values.mean(axis=0)
        found = np.asarray(call(function, given, among.copy()), dtype=float)
        if not np.array_equal(given, values):
            raise Wrong("Your function changes the values that it was given: write a - b, not a -= b.")
        if found.shape != (len(values),):
            raise Wrong(f"Return one number for each of the {len(values)} pictures: 1.0 or 0.0.")
        if np.array_equal(found, _first(centred, among)):
            continue
        if np.array_equal(found, _first(values, among)):
            raise Wrong("A token that is high behind every picture wins in yours: subtract each column's mean, axis=0.")
        if np.array_equal(found, 1.0 * (centred.argmax(axis=1) == among[:, 0])):
            raise Wrong("Only the columns in a picture's row of among compete, and in yours all do.")
        picked = np.take_along_axis(values, among, axis=1)
        if np.array_equal(found, _first(picked - picked.mean(axis=0), np.arange(among.shape[1])[None])):
            raise Wrong("Subtract the means of the columns before you pick: afterwards a column mixes several tokens.")
        raise Wrong("1.0 where, of the columns that compete, the first one in among has the highest value, else 0.0.")
    return "Without the subtraction the first token of VALUES would win behind each picture; with it two are right."


def _test_blind_caption(function: Any) -> str:
    for words in (WORDS, [{"a", "long-word"}, {"a"}, {"b"}], [{"moon"}]):
        counts = Counter(word for each in words for word in each)
        found = call(function, [set(each) for each in words])
        if not isinstance(found, str):
            raise Wrong(f"Return one word, a string, and not {type(found).__name__}.")
        if counts[found] < max(counts.values()):
            best = max(counts.values())
            raise Wrong(f"{found!r} fits {counts[found]} of {len(words)} pictures, and another word fits {best}.")
    return "Without a look at any picture animal fits 3 of the 6. A caption has to beat that."


def _by_autograd(shown: np.ndarray, down: np.ndarray, up: np.ndarray, length: float, slope: np.ndarray) -> list[Any]:
    import torch

    base = np.zeros(up.shape[1])
    parts = [torch.tensor(each, dtype=torch.float64, requires_grad=True) for each in (down, up, base)]
    moved = torch.tensor(shown) @ parts[0] @ parts[1]
    rows = parts[2] + length * torch.nn.functional.normalize(moved, dim=-1)
    (rows * torch.tensor(slope)).sum().backward()  # a loss whose gradient at the rows is slope
    return [part.grad.numpy() for part in parts]


def _test_carry_back(function: Any) -> str:
    rng = np.random.default_rng(4)
    drawn = tuple(rng.normal(size=shape) for shape in ((7, 5), (5, 3), (3, 6), (7, 6)))
    for x, down, up, slope, length in ((FEATURES - FEATURES.mean(axis=0), DOWN, UP, SLOPE, 2.0), (*drawn, 0.7)):
        given, wanted = [x.copy(), down.copy(), up.copy(), slope.copy()], _by_autograd(x, down, up, length, slope)
        found = call(function, *given[:3], length, given[3])
        if not all(map(np.array_equal, given, (x, down, up, slope))):
            raise Wrong("Your function changes an array that it was given: write a - b, not a -= b.")
        if not isinstance(found, tuple | list) or len(found) != 3:
            raise Wrong("Return three gradients: that of down, that of up, and that of base.")
        found = [np.asarray(each, dtype=float) for each in found]
        for name, each, right in zip(("down", "up", "base"), found, wanted, strict=True):
            if each.shape != right.shape:
                raise Wrong(f"A gradient has the shape of its part: for {name} {right.shape}, yours has {each.shape}.")
        moved = x @ down @ up
        size = np.linalg.norm(moved, axis=1, keepdims=True)
        unit = moved / size
        across = slope - (slope * unit).sum(axis=1, keepdims=True) * unit
        if np.allclose(found[2], across.sum(axis=0)) or np.allclose(found[2], (length / size * across).sum(axis=0)):
            raise Wrong(
                "The mean row is added at the very end: its gradient is slope as it came, summed over pictures."
            )
        if not np.allclose(found[2], wanted[2]):
            raise Wrong("The mean row is a part of each row: sum slope over the pictures, axis=0.")
        slips = {
            "The length is passed over in yours: first carry slope back through it.": slope,
            "Take out of slope the part along the row: a row cannot move that way, its length is set.": length
            / size
            * slope,
            "After the part along the row is out, multiply by length, divided by the norm of moved.": across,
            "Divide by the norm of moved: the longer it was, the less a change of it turns the row.": length * across,
            "Multiply by length: a row twice as far from the mean row moves twice as far.": across / size,
        }
        for said, wrong in slips.items():
            if np.allclose(found[1], (x @ down).T @ wrong) or np.allclose(found[0], x.T @ wrong @ up.T):
                raise Wrong(said)
        if length != 2 and np.allclose(found[1], (x @ down).T @ (2 / size * across)):
            raise Wrong("Here length is 0.7, and yours multiplies by 2: take the length that the function is given.")
        if not np.allclose(found[1], wanted[1]):
            raise Wrong(
                "The gradient of up is what goes into up, transposed, times what comes back: (shown @ down).T @ ..."
            )
        if not np.allclose(found[0], wanted[0]):
            raise Wrong("What comes back passes up on its way to down: shown.T @ (what comes back @ up.T).")
    return "Autograd finds the same three. All that training needs of the language model is slope."


ridge = Exercise(
    "ridge",
    _test_ridge,
    (
        "x.T @ x has the shape (columns of x, columns of x), and so has cost * np.eye(x.shape[1]).",
        "np.linalg.solve(left, right) gives the matrix W for which left @ W equals right.",
    ),
    """
    def ridge(x, y, cost):
        left = x.T @ x + cost * np.eye(x.shape[1])  # (a, n) @ (n, a) -> (a, a)
        return np.linalg.solve(left, x.T @ y)  # (a, b)
    """,
    _ridge_setting,
)

fit = Exercise(
    "fit",
    _test_fit,
    (
        "features.mean(axis=0) is the mean picture, rows.mean(axis=0) the mean row.",
        "ridge wants both sides with their means subtracted.",
    ),
    """
    def fit(features, rows, cost):
        mean, base = features.mean(axis=0), rows.mean(axis=0)
        return mean, ridge(features - mean, rows - base, cost), base
    """,
    _fit_setting,
)

soft_rows = Exercise(
    "soft_rows",
    _test_soft_rows,
    (
        "Begin with (features - mean) @ matrix, a row for each picture.",
        "np.linalg.norm(moved, axis=1, keepdims=True) has the length of each row.",
        "What comes out lies around 0: base brings it to where the rows of tokens lie.",
    ),
    """
    def soft_rows(features, mean, matrix, base, length):
        moved = (features - mean) @ matrix  # (n, n_features) @ (n_features, d_model) -> (n, d_model)
        return base + length * moved / np.linalg.norm(moved, axis=1, keepdims=True)
    """,
    _ridge_setting,
)

first_among = Exercise(
    "first_among",
    _test_first_among,
    (
        "values - values.mean(axis=0) takes from each column its own mean.",
        "np.take_along_axis(values, among, axis=1) picks for each picture the columns that compete.",
        "The right token comes first in among: argmax(axis=1) == 0 says where it is the highest.",
    ),
    """
    def first_among(values, among):
        centred = values - values.mean(axis=0)  # (n, tokens): nobody is high behind all pictures
        picked = np.take_along_axis(centred, among, axis=1)  # (n, k)
        return 1.0 * (picked.argmax(axis=1) == 0)
    """,
    _among_setting,
)

blind_caption = Exercise(
    "blind_caption",
    _test_blind_caption,
    (
        "Count in how many of the sets each word is: collections.Counter counts.",
        "Counter(...).most_common(1)[0] is the commonest word with its count.",
    ),
    """
    from collections import Counter

    def blind_caption(words):
        counts = Counter(word for each in words for word in each)
        return counts.most_common(1)[0][0]
    """,
    _words_setting,
)

carry_back = Exercise(
    "carry_back",
    _test_carry_back,
    (
        "moved = shown @ down @ up, and size = np.linalg.norm(moved, axis=1, keepdims=True). unit is moved / size.",
        "The part of slope along the row is (slope * unit).sum(axis=1, keepdims=True) * unit: subtract it.",
        "For y = x @ W, with the gradient g at y, the gradient of W is x.T @ g, and what comes back to x is g @ W.T.",
    ),
    """
    def carry_back(shown, down, up, length, slope):
        moved = shown @ down @ up  # (n, a) @ (a, r) @ (r, d) -> (n, d)
        size = np.linalg.norm(moved, axis=1, keepdims=True)
        unit = moved / size
        across = slope - (slope * unit).sum(axis=1, keepdims=True) * unit  # what is along the row is lost
        back = length / size * across  # (n, d): the gradient at moved
        return shown.T @ (back @ up.T), (shown @ down).T @ back, slope.sum(axis=0)
    """,
    _carry_setting,
)

quiz = Quiz(
    (
        Question(
            "What does a projection in front of a language model hand over?",
            {
                "A caption that the model then corrects.": "The projection hands over numbers, no caption.",
                "The pixels, one token each.": "Five thousand tokens a picture, and none of them means anything.",
                "New weights for the model.": "The model stays as it is.",
                "A few vectors, as if they were embeddings of words.": "The model reads them like tokens.",
            },
            "A few vectors, as if they were embeddings of words.",
        ),
        Question(
            "Why is a wrong picture of the same kind a harder control than any wrong picture?",
            {
                "It is drawn in the same colours.": "It may be, but colours are not what is asked for.",
                "It leaves only what tells one thing from its like.": "Who knows the kind alone fails here.",
                "It is further away in the list.": "Where a picture stands in a list says nothing about it.",
            },
            "It leaves only what tells one thing from its like.",
        ),
        Question(
            "With the model and with a look-up in its table of tokens the share is about the same. What follows?",
            {
                "The model cannot see at all.": "Both are far above chance: the row brings something.",
                "The look-up is a language model.": "It compares rows, and writes nothing.",
                "What the model reads out of the row is not shown to be more.": "Another test has to show a gain.",
            },
            "What the model reads out of the row is not shown to be more.",
        ),
        Question(
            "Training lowers the loss behind the right row, and behind a wrong row by as much. What was shown?",
            {
                "That captions became more likely, whatever the picture.": "The distance between the two did not grow.",
                "That the model sees better.": "Then the loss behind the right row would fall more.",
                "That the model forgot its language.": "Its weights did not change.",
            },
            "That captions became more likely, whatever the picture.",
        ),
        Question(
            "In LLaVA's first stage, which numbers does a step change?",
            {
                "Those of the language model.": "They only pass the gradient on.",
                "Those of the projection.": "The gradient ends there; both networks stay frozen.",
                "Those of the network that looks at pictures.": "It stays frozen too.",
                "Those of all three.": "That would be training from end to end.",
            },
            "Those of the projection.",
        ),
    )
)
