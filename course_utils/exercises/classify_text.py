"""The exercises of notebook 08, *Sort texts into classes*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.attention import softmax
from course_utils.classify import class_centres, loss_and_gradient
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

BETTER_NAMES = 0.52  # zero-shot accuracy on the training articles; the plain names reach about 0.43
MOST_CHANGED = 300
MENDED_PEOPLE = "a person who was born, lived and died: a writer, ruler, scientist or artist"
RUINED = 0.6  # share of the test articles on mathematics; untouched it is about 0.98


def small_data() -> tuple[np.ndarray, np.ndarray]:
    """Return 60 points of three classes that overlap, with a column of ones, ``(60, 3)``, and their classes."""
    rng = np.random.default_rng(0)
    classes = np.repeat(np.arange(3), 20)
    middles = np.array([[0.0, 1.2], [1.2, -0.6], [-1.2, -0.6]])
    return np.column_stack([middles[classes] + rng.normal(size=(60, 2)), np.ones(60)]), classes


def _building_setting() -> dict[str, Any]:
    return {"np": np, "softmax_rows": softmax, "loss_and_gradient": loss_and_gradient}


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from sklearn.model_selection import train_test_split

    from course_utils.corpus import NO_TOPIC, load_wikipedia
    from course_utils.embeddings import embed

    articles = load_wikipedia()
    topics = np.array(articles["topic"])
    known = topics != NO_TOPIC
    vectors, topics = embed(articles["text"])[known], topics[known]
    train, test = train_test_split(np.arange(len(topics)), test_size=2000, stratify=topics, random_state=0)
    setting = {"np": np, "embed": embed, "class_centres": class_centres, "vectors": vectors, "topics": topics}
    return setting | {"train": train, "test": test, "names": np.unique(topics), "train_topics": topics[train]}


def _test_macro(answer: Any) -> str:
    truth = np.array(["cat", "cat", "cat", "cat", "dog", "dog", "owl"])
    said = np.array(["cat", "cat", "cat", "dog", "dog", "cat", "cat"])
    per_class = {"cat": 6 / 9, "dog": 1 / 2, "owl": 0.0}
    right = sum(per_class.values()) / 3
    given = call(answer, truth, said)
    if isinstance(given, bool) or not isinstance(given, int | float | np.number):
        raise Wrong(f"It should give one number, and gives {type(given).__name__}.")
    if np.isnan(given):
        raise Wrong(
            "It gives NaN: nobody said owl, so its precision is 0 by 0. With 2 * hits / (wanted + claimed), not."
        )
    if abs(given - right) < 1e-9:
        return "The owl, a seventh of the animals, is a third of the measure. That is the point of it."
    if abs(given - 4 / 7) < 1e-9:
        raise Wrong("That is the accuracy: every text counts the same. In macro-F1 every class does.")
    if abs(given - (4 * per_class["cat"] + 2 * per_class["dog"]) / 7) < 1e-9:
        raise Wrong("You weight the classes by their sizes. Take the plain average.")
    if abs(given - (per_class["cat"] + per_class["dog"]) / 2) < 1e-9:
        raise Wrong("The owl is missing: it was never predicted, but it is there, and counts as 0.")
    if abs(given - (3 / 4 + 1 / 2) / 3) < 1e-9:
        raise Wrong("That is the average recall. What of the texts that were called cat and are none?")
    raise Wrong(f"For {truth.tolist()} with {said.tolist()} it gives {given:.3f}, and {right:.3f} is right.")


def _test_names(answer: Any) -> str:
    setting = _setting()
    names, rows = setting["names"], setting["train"]
    if not isinstance(answer, dict):
        raise Wrong("label_texts should be a dictionary: for each name of a topic, a text to embed.")
    if absent := [str(name) for name in names if name not in answer]:
        raise Wrong(f"There is no text for {absent[0]!r}. Start from {{str(name): str(name) for name in names}}.")
    texts = [answer[name] for name in names]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise Wrong("Each value must be a text that is not empty.")
    said = names[(setting["vectors"][rows] @ setting["embed"](texts).T).argmax(axis=1)]
    truth = setting["topics"][rows]
    reached = (said == truth).mean()
    if reached < BETTER_NAMES:
        recall = {str(name): (said[truth == name] == name).mean() for name in names}
        worst = min(recall, key=lambda name: recall[name] - (truth == name).mean())
        raise Wrong(
            f"{reached:.2f} of the training articles are right, and {BETTER_NAMES} is asked for. "
            f"Of {worst!r} it finds {recall[worst]:.0%}: what do such articles say?"
        )
    return f"{reached:.2f} right, and no article was used as an example; the labels only judged your texts."


def _test_spoiled(answer: Any) -> str:
    setting = _setting()
    clean, names = setting["train_topics"], setting["names"]
    spoiled = np.asarray(answer)
    if spoiled.shape != clean.shape:
        raise Wrong(f"spoiled needs a label for each of the {len(clean)} training articles: start with a copy.")
    if unknown := sorted(set(spoiled.tolist()) - set(names.tolist())):
        raise Wrong(f"{unknown[0]!r} is no topic.")
    changed = int((spoiled != clean).sum())
    if changed > MOST_CHANGED:
        raise Wrong(f"You changed {changed} labels. {MOST_CHANGED} must be enough, or somebody will notice.")
    if not changed:
        raise Wrong("No label differs from train_topics.")
    found, centres = setting["class_centres"](setting["vectors"][setting["train"]], spoiled)
    maths = setting["vectors"][setting["test"]][setting["topics"][setting["test"]] == "Mathematics"]
    share = (found[(maths @ centres.T).argmax(axis=1)] == "Mathematics").mean()
    if share >= RUINED:
        taken = ((clean == "Mathematics") & (spoiled != clean)).sum() > changed / 2
        why = "Missing examples hurt a centre little. Put strangers into the class instead." if taken else ""
        raise Wrong(f"{share:.0%} of the articles on mathematics are still found. {why}".strip())
    return f"With {changed} wrong labels among {len(clean)}, {share:.0%} of mathematics is found instead of nearly all."


def _test_habit(answer: Any) -> str:
    scores = np.array([[-1.0, -4.0, -6.0], [-2.0, -3.0, -9.0], [-3.0, -8.0, -7.0], [-2.0, -5.0, -6.5]])
    batch = np.array([[-1.0, -3.0, -9.0], [-1.0, -9.0, -5.0]])
    kept = scores.copy(), batch.copy()
    said = np.asarray(call(answer, scores, batch))
    if (scores != kept[0]).any() or (batch != kept[1]).any():
        raise Wrong("Your function changes a table that it was given: write scores - average, not scores -= average.")
    right = (scores - batch.mean(axis=0)).argmax(axis=1)
    if said.shape == scores.shape:
        raise Wrong("You return the corrected scores. Now take the best class of each row: argmax(axis=1).")
    if said.shape != right.shape:
        raise Wrong(f"Each of {len(scores)} texts needs one number, and your answer has shape {said.shape}.")
    if (said == right).all():
        return (
            f"The first class is likeliest for all four texts; corrected, they get {right.tolist()}. A habit is an "
            "average over texts, so it has a number for each class."
        )
    if (said == (scores - scores.mean(axis=0)).argmax(axis=1)).all():
        raise Wrong("You average scores. The habit is to be measured on batch, which may hold other texts.")
    if (said == scores.argmax(axis=1)).all():
        raise Wrong(
            "The favourite still wins everywhere. Subtract an average for each class, over the rows of batch (axis=0); "
            "the same number for all classes of a text changes no choice."
        )
    raise Wrong(f"It should be {right.tolist()}, and it is {said.tolist()}: subtract batch.mean(axis=0), then argmax.")


def _test_temper(answer: Any) -> str:
    rng, temperatures, given = np.random.default_rng(0), [4.0, 1.0, 3.0, 2.0, 6.0, 0.5], []
    logits = 1.5 * rng.normal(size=(4000, 3))
    classes = (softmax(logits).cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)  # drawn by the shares
    for factor in (3.0, 0.5):  # claims that are too bold, and too timid
        table = factor * logits
        given.append(call(answer, table, classes.copy(), list(temperatures)))
        if (table != factor * logits).any():
            raise Wrong("Your function changes the logits that it was given: write logits / t, not logits /= t.")
    if any(np.ndim(value) or isinstance(value, bool | str) for value in given):
        raise Wrong("It should return one number, the temperature.")
    if given == [3.0, 0.5]:
        return "It finds 3 where the logits were three times too large, and 0.5 where they were half as large as right."
    reasons = {
        (4.0, 4.0): "You return the first. By accuracy all are equal, since no answer changes: compare log losses.",
        (0.5, 2.0): "You multiply by the temperature: divide the logits by it.",
        (0.5, 6.0): "That is the temperature with the largest loss: the smallest is asked for.",
        (2, 5): "You return the place of the temperature in the list: return temperatures[place].",
        (0.5, 0.5): "You reward boldness: take the share of the right class, shares[np.arange(len(y)), y].",
    }
    if tuple(given) in reasons:
        raise Wrong(reasons[tuple(given)])
    raise Wrong(f"For logits that are three times too large it gives {given[0]}, and 3 is right.")


def _test_softmax(answer: Any) -> str:
    for logits in ([[0.0, 0.0], [1.0, 3.0], [2.0, -1.0]], [[1000.0, 1001.0, 999.0], [-1000.0, -1000.0, -999.0]]):
        given, right = np.array(logits), softmax(np.array(logits))
        kept = given.copy()
        shares = np.asarray(call(answer, given))
        if (given != kept).any():
            raise Wrong("Your function changes the table that it was given: make a new one, such as logits - largest.")
        if shares.shape != kept.shape:
            raise Wrong(f"For logits of shape {kept.shape} it returns shape {shares.shape}: one share for each logit.")
        if np.isnan(shares).any():
            raise Wrong(
                "For logits near 1000 it returns NaN: e to the 1000 is too large for a number. Subtract each row's "
                "largest logit first; the shares stay the same."
            )
        if np.allclose(shares, right, atol=1e-9):
            continue
        if np.isclose(shares.sum(), 1):
            raise Wrong("All shares together add up to 1. Each row should: sum over axis 1, with keepdims=True.")
        if np.allclose(shares.sum(axis=0), 1):
            raise Wrong("Each column adds up to 1, and each row should: a row is one text.")
        if (shares < 0).any():
            raise Wrong("A share is negative: take e to the power of each logit, and then divide.")
        raise Wrong(f"For {logits[1]} it should be {right[1].round(3).tolist()}, not {shares[1].round(3).tolist()}.")
    return "Only differences within a row matter, so subtracting the largest logit costs nothing and keeps it safe."


def _test_loss(answer: Any) -> str:
    rows, classes = small_data()
    weights = np.random.default_rng(1).normal(size=(3, 3))
    result = call(answer, rows.copy(), weights.copy(), classes.copy())
    if not isinstance(result, tuple) or len(result) != 2 or np.ndim(result[0]) or np.shape(result[1]) != weights.shape:
        raise Wrong(f"Return a pair: the loss, one number, and the gradient, of the shape of W, {weights.shape}.")
    (loss, gradient), (right, slope) = result, loss_and_gradient(rows, weights, classes)
    if np.isclose(loss, -right):
        raise Wrong("The loss has the wrong sign: the logarithm of a share is negative, and the loss is minus that.")
    if np.isclose(loss, right * len(classes)):
        raise Wrong(
            "That is the sum over the texts. Take the mean, or the best rate will depend on how many there are."
        )
    if not np.isclose(loss, right):
        raise Wrong(
            f"The loss should be {right:.3f}, and it is {loss:.3f}: of each row only the share of its right class "
            "counts, shares[np.arange(len(y)), y]."
        )
    if np.allclose(gradient, -slope):
        raise Wrong("The gradient has the wrong sign: shares minus truth, since a share that is too large has to fall.")
    if np.allclose(gradient, slope * len(classes)):
        raise Wrong("The loss is a mean and your gradient is a sum: divide it by the number of texts.")
    if np.allclose(gradient, rows.T @ softmax(rows @ weights) / len(classes)):
        raise Wrong(
            "The right classes are missing in the gradient: subtract 1 from the share of each row's right class."
        )
    if not np.allclose(gradient, slope):
        raise Wrong("The loss is right, the gradient is not: it is X.T @ (shares - truth) / len(y).")
    for place in ((0, 0), (2, 1)):
        nudge = np.zeros_like(weights)
        nudge[place] = 1e-5
        measured = (
            loss_and_gradient(rows, weights + nudge, classes)[0] - loss_and_gradient(rows, weights - nudge, classes)[0]
        ) / 2e-5
        assert abs(measured - gradient[place]) < 1e-6
    return "Two weights were nudged by 0.00001, and the loss changed as your gradient says."


def _test_fit(answer: Any) -> str:
    from sklearn.linear_model import LogisticRegression

    rows, classes = small_data()
    after = np.asarray(call(answer, rows, classes, 0.5, 1))
    first = -0.5 * loss_and_gradient(rows, np.zeros((3, 3)), classes)[1]
    if after.shape != (3, 3):
        raise Wrong(f"Three numbers and three classes need weights of shape (3, 3), and these have {after.shape}.")
    if np.allclose(after, -first):
        raise Wrong("You walk uphill: subtract the rate times the gradient.")
    if not np.allclose(after, first):
        raise Wrong("After one step from zero the weights should be minus the rate times the gradient at zero.")
    weights = np.asarray(call(answer, rows, classes, 0.5, 3000))
    model = LogisticRegression(C=np.inf, fit_intercept=False, tol=1e-8, max_iter=1000)
    theirs = model.fit(rows, classes).predict_proba(rows)
    apart = np.abs(softmax(rows @ weights) - theirs).max()
    if apart > 1e-3:
        raise Wrong(
            f"After 3,000 steps a share is {apart:.2f} from scikit-learn's: in each step compute the gradient anew, at "
            "the weights that you have by then."
        )
    setting = _setting()
    names, topics, train, test = (setting[name] for name in ("names", "topics", "train", "test"))
    first, vectors = train[:1000], np.column_stack([setting["vectors"], np.ones(len(topics))])
    weights = np.asarray(call(answer, vectors[first], np.searchsorted(names, topics[first]), 10, 200))
    reached = (names[(vectors[test] @ weights).argmax(axis=1)] == topics[test]).mean()
    return (
        "All 180 shares are within 0.001 of scikit-learn's. And 200 steps on a thousand of the articles sort "
        f"{reached:.0%} of the test articles right."
    )


macro = Exercise(
    "my_macro_f1",
    _test_macro,
    (
        "For one class: hits = ((truth == name) & (said == name)).sum(), and F1 is 2 * hits / (wanted + claimed).",
        "Do that for each name of np.unique(truth), and return the mean of the list.",
    ),
    """
    def my_macro_f1(truth, said):
        scores = []
        for name in np.unique(truth):
            hits = ((truth == name) & (said == name)).sum()
            scores.append(2 * hits / ((truth == name).sum() + (said == name).sum()))
        return np.mean(scores)
    """,
    lambda: {"np": np},
)

mend_names = Exercise(
    "label_texts",
    _test_names,
    (
        "One topic does much worse than all others, and it is the largest. Print the recall of each, or just check.",
        "Describe what a biography says: somebody was born, and is known for something.",
    ),
    """
    label_texts = {str(name): str(name) for name in names}
    label_texts["People"] = "a person who was born, lived and died: a writer, ruler, scientist or artist"
    """,
    _setting,
)

poison = Exercise(
    "spoiled",
    _test_spoiled,
    (
        "A centre is an average. What moves an average more: leaving members out, or adding strangers?",
        "Take train_topics.copy(), and call 300 articles of one other large topic Mathematics.",
    ),
    """
    spoiled = train_topics.copy()
    spoiled[np.flatnonzero(spoiled == "Geography")[:300]] = "Mathematics"
    """,
    _setting,
)

habit = Exercise(
    "corrected",
    _test_habit,
    (
        "batch.mean(axis=0) has one number for each class: that is the habit.",
        "(scores - habit) has a row for each text; .argmax(axis=1) gives the number of the largest in each row.",
    ),
    """
    def corrected(scores, batch):
        return (scores - batch.mean(axis=0)).argmax(axis=1)
    """,
    lambda: {"np": np},
)

temper = Exercise(
    "temper",
    _test_temper,
    (
        "For one temperature t: shares = softmax(logits / t), and the loss is as in the section on examples.",
        "Make a list of the losses, and return temperatures[int(np.argmin(losses))].",
    ),
    """
    def temper(logits, y, temperatures):
        losses = []
        for t in temperatures:
            shares = softmax(logits / t)
            losses.append(-np.log(shares[np.arange(len(y)), y]).mean())
        return temperatures[int(np.argmin(losses))]
    """,
    lambda: {"np": np, "softmax": softmax},
)

build_softmax = Exercise(
    "softmax_rows",
    _test_softmax,
    (
        "e to the power of the logits is np.exp(logits). Divide each row by its sum.",
        "Before that, subtract logits.max(axis=1, keepdims=True), so that the largest becomes 0.",
    ),
    """
    def softmax_rows(logits):
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    """,
    lambda: {"np": np},
)

build_loss = Exercise(
    "loss_and_gradient",
    _test_loss,
    (
        "shares = softmax_rows(X @ W) has a row for each text and a column for each class.",
        "The loss is -np.log(shares[np.arange(len(y)), y]).mean().",
        "The truth as a table: np.eye(W.shape[1])[y]. The gradient: X.T @ (shares - truth) / len(y).",
    ),
    """
    def loss_and_gradient(X, W, y):
        shares = softmax_rows(X @ W)
        loss = -np.log(shares[np.arange(len(y)), y]).mean()
        truth = np.eye(W.shape[1])[y]
        return loss, X.T @ (shares - truth) / len(y)
    """,
    _building_setting,
)

build_fit = Exercise(
    "fit_softmax",
    _test_fit,
    (
        "W = np.zeros((X.shape[1], y.max() + 1)) has a row for each number and a column for each class.",
        "In each of n_steps: loss, gradient = loss_and_gradient(X, W, y), then W = W - rate * gradient.",
    ),
    """
    def fit_softmax(X, y, rate, n_steps):
        W = np.zeros((X.shape[1], y.max() + 1))
        for _ in range(n_steps):
            loss, gradient = loss_and_gradient(X, W, y)
            W = W - rate * gradient
        return W
    """,
    _building_setting,
)

quiz = Quiz(
    (
        Question(
            "Of 100 messages 95 are wanted. A filter lets all of them through. What are its accuracy and its macro-F1?",
            {
                "0.95 and 0.95": "The unwanted kind has an F1 of 0, so the mean of the two F1 values is at most 0.5.",
                "0.95 and about 0.49": "F1 is 2 * 95 / (95 + 100) = 0.97 for the wanted, 0 for the rest: mean 0.49.",
                "0.50 and 0.50": "Accuracy counts texts, not kinds: 95 of 100 are right.",
            },
            "0.95 and about 0.49",
        ),
        Question(
            "A classifier's logits for a text all rise by 5. What happens to the softmax's shares?",
            {
                "The largest share grows.": "It would if they were multiplied by 5: then their differences grow.",
                "All of them grow.": "They cannot: they add up to 1.",
                "Nothing.": "Each e to the logit is multiplied by the same number, and dividing by the sum removes it.",
            },
            "Nothing.",
        ),
        Question(
            "You choose C for the vectors on a validation set, take another method as it comes, and the vectors win. "
            "What is wrong?",
            {
                "One had a search that the other had not.": "Choose the settings of both, on the same articles.",
                "C may only be chosen on the test.": "Then the test would no longer be new to the method.",
                "Nothing, as long as both see the same articles.": "Only one had its setting chosen on them.",
            },
            "One had a search that the other had not.",
        ),
        Question(
            "You subtract a language model's average answer over a batch in which nine of ten texts are biographies. "
            "What happens?",
            {
                "Its habits are removed, as they are with any batch.": "The average holds its habit and the batch's "
                "contents, and nobody can tell them apart from this average alone.",
                "It says People more often.": "People has a high average in this batch, and that is subtracted.",
                "It says People less often than it should.": "Saying People was right in that batch, and counts as a "
                "habit all the same: in the lesson 7 of 39 were found so, and 17 with five articles of each topic.",
            },
            "It says People less often than it should.",
        ),
        Question(
            "All logits of a trained classifier are divided by 2 before the softmax. What changes?",
            {
                "How sure it claims to be, and none of its answers.": "The order of the logits stays, their distances "
                "halve. Dividing so is called temperature scaling.",
                "Its accuracy falls, since it is less sure.": "The largest logit stays the largest in every row.",
                "Nothing, as in adding a number to all of them.": "Adding keeps the differences, dividing does not.",
            },
            "How sure it claims to be, and none of its answers.",
        ),
    )
)
