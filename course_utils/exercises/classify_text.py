"""The exercises of notebook 08, *Sort texts into classes*."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

BETTER_NAMES = 0.52  # zero-shot accuracy on the training articles; the plain names reach about 0.43
MOST_CHANGED = 300
RUINED = 0.6  # share of the test articles on mathematics; untouched it is about 0.98


@functools.lru_cache(maxsize=1)
def _setting() -> dict[str, Any]:
    from sklearn.model_selection import train_test_split

    from course_utils.classify import class_centres
    from course_utils.corpus import NO_TOPIC, load_wikipedia
    from course_utils.embeddings import embed

    articles = load_wikipedia()
    topics = np.array(articles["topic"])
    known = topics != NO_TOPIC
    vectors, topics = embed(articles["text"])[known], topics[known]
    train, test = train_test_split(np.arange(len(topics)), test_size=2000, stratify=topics, random_state=0)
    names = np.unique(topics)
    return {"np": np, "embed": embed, "class_centres": class_centres, "vectors": vectors, "topics": topics} | {
        "train": train,
        "test": test,
        "names": names,
        "train_topics": topics[train],
    }


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
    return f"{reached:.2f} right, without one labelled example. The classifier was fine; the names were not."


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
        "No biography says “people”. Describe what one does say: somebody was born, and is known for something.",
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
