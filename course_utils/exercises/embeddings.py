"""The exercises of notebook 03, *Turn words and sentences into vectors*."""

from __future__ import annotations

from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call

VOCABULARY = ["cat", "sits", "on", "the", "mat", "dog"]
TABLE = np.array([[0.9, 0.1], [0.2, 0.7], [0.0, 0.1], [0.1, 0.0], [0.3, 0.4], [0.8, 0.2]])
WORDS = ["the", "dog", "sits"]
OPPOSITES = [("hot", "cold"), ("love", "hate"), ("buy", "sell"), ("north", "south"), ("good", "bad"), ("up", "down")]


def _table_setting() -> dict[str, Any]:
    return {"np": np, "vocabulary": VOCABULARY, "table": TABLE}


def _encoder_setting() -> dict[str, Any]:
    from course_utils.embeddings import cosine_similarity, embed, embed_tokens

    names = {"embed": embed, "embed_tokens": embed_tokens, "cosine_similarity": cosine_similarity}
    return {"np": np, "opposites": OPPOSITES, **names}


def _test_one_hot(answer: Any) -> str:
    if not isinstance(answer, np.ndarray):
        raise Wrong(f"one_hot should be a NumPy array, and this is {type(answer).__name__}.")
    if answer.shape == (len(VOCABULARY), len(WORDS)):
        raise Wrong(
            "It lies on its side: one row for each word of the sentence, one column for each of the vocabulary."
        )
    if answer.shape != (len(WORDS), len(VOCABULARY)):
        raise Wrong(f"Its shape should be {(len(WORDS), len(VOCABULARY))}, and it is {answer.shape}.")
    if set(np.unique(answer)) != {0, 1} or not (answer.sum(axis=1) == 1).all():
        raise Wrong("Each row should hold a single 1, and zeros otherwise.")
    if not np.allclose(answer @ TABLE, TABLE[[VOCABULARY.index(word) for word in WORDS]]):
        raise Wrong("A 1 stands in the wrong column: it belongs where the word stands in the vocabulary.")
    return "Multiplied with the table it picks three rows. Nobody multiplies in practice: table[ids] does the same."


def _test_pool(function: Any) -> str:
    from course_utils.embeddings import embed, embed_tokens

    for text in ("A cat sleeps on the sofa.", "Interest rates rose again in June."):
        rows = embed_tokens([text], as_pooled=True)[0]
        found = np.asarray(call(function, rows))
        if found.shape != (384,):
            raise Wrong(
                f"The result should have shape (384,), and it has {found.shape}: average over the tokens, axis 0."
            )
        if abs(np.linalg.norm(found) - 1) > 1e-3:
            raise Wrong("The direction is what counts: divide the average by its length, np.linalg.norm.")
        if not np.allclose(found, embed([text])[0], atol=1e-4):
            raise Wrong("That is not the encoder's vector. Average the rows first, as they are, and scale at the end.")
    return "A sentence's vector is the mean of its tokens' vectors, after they have read one another."


def _test_closest_opposites(answer: Any) -> str:
    from course_utils.embeddings import embed

    if not isinstance(answer, tuple) or len(answer) != 2:
        raise Wrong("closest_opposites should be one of the pairs, such as ('hot', 'cold').")
    if answer not in OPPOSITES:
        raise Wrong(f"{answer} is not in the list of opposites.")
    scores = {(a, b): float(np.dot(*embed([a, b]))) for a, b in OPPOSITES}
    if answer == min(scores, key=scores.get):
        raise Wrong("That pair has the lowest cosine: look for the highest.")
    if answer != max(scores, key=scores.get):
        raise Wrong(f"{answer} has a cosine of {scores[answer]:.2f}, and another pair has a higher one.")
    return f"A cosine of {scores[answer]:.2f} for opposites: they stand in the same sentences, and mean the reverse."


one_hot = Exercise(
    "one_hot",
    _test_one_hot,
    (
        "Start with np.zeros((3, 6)), a row for each word of the sentence.",
        "vocabulary.index(word) tells the column of the 1.",
        "np.eye(6) has all possible rows; picking three of them by their positions does it in one line.",
    ),
    """
    one_hot = np.eye(len(vocabulary))[[vocabulary.index(word) for word in ("the", "dog", "sits")]]
    """,
    _table_setting,
)

pool = Exercise(
    "pool",
    _test_pool,
    (
        "rows has the shape (n_tokens, 384), and the result (384,): rows.mean(axis=0) is nearly there.",
        "Divide the mean by its length, np.linalg.norm(mean).",
    ),
    """
    def pool(rows):
        mean = rows.mean(axis=0)  # (n_tokens, 384) -> (384,)
        return mean / np.linalg.norm(mean)
    """,
    _encoder_setting,
)

closest_opposites = Exercise(
    "closest_opposites",
    _test_closest_opposites,
    (
        "embed(['hot', 'cold']) gives two rows, and their dot product is the cosine.",
        "max(opposites, key=...) takes a function that gives the score of a pair.",
    ),
    """
    closest_opposites = max(opposites, key=lambda pair: np.dot(*embed(list(pair))))
    """,
    _encoder_setting,
)
