"""The exercises of notebook 03, *Turn words and sentences into vectors*."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

VOCABULARY = ["cat", "sits", "on", "the", "mat", "dog"]
TABLE = np.array([[0.9, 0.1], [0.2, 0.7], [0.0, 0.1], [0.1, 0.0], [0.3, 0.4], [0.8, 0.2]])
OUTPUT_TABLE = np.array([[0.5, 0.3], [0.2, 0.9], [0.1, 0.4], [0.3, 0.1], [0.4, 0.6], [0.8, -0.3]])
WORDS = ["the", "dog", "sits"]
# Four pairs of unit vectors: row i of the one belongs to row i of the other, and at first no row is nearest to its own.
LEFT = np.array([[1.0, 0.0], [0.6, 0.8], [-0.8, 0.6], [0.0, -1.0]])
RIGHT = np.array([[0.6, 0.8], [0.0, 1.0], [-0.6, -0.8], [0.8, -0.6]])
OPPOSITES = [("hot", "cold"), ("love", "hate"), ("buy", "sell"), ("north", "south"), ("good", "bad"), ("up", "down")]


def _table_setting() -> dict[str, Any]:
    return {"np": np, "vocabulary": VOCABULARY, "table": TABLE}


def _encoder_setting() -> dict[str, Any]:
    from course_utils.embeddings import cosine_similarity, embed, embed_tokens

    names = {"embed": embed, "embed_tokens": embed_tokens, "cosine_similarity": cosine_similarity}
    return {"np": np, "opposites": OPPOSITES, **names}


def _pairs_setting() -> dict[str, Any]:
    return {"np": np, "left": LEFT, "right": RIGHT, "temperature": 0.5}


def _functions_setting() -> dict[str, Any]:
    names = _pairs_setting()
    for exercise in (similarities, partner_probabilities):
        exec(textwrap.dedent(exercise.solution_code), names)
    return names


def _test_one_hot(answer: Any) -> str:
    if not isinstance(answer, np.ndarray):
        raise Wrong(f"one_hot should be a NumPy array, and this is {type(answer).__name__}.")
    if answer.shape == (len(VOCABULARY), len(WORDS)):
        raise Wrong("It is transposed: one row for each word of the sentence, one column for each of the vocabulary.")
    if answer.shape != (len(WORDS), len(VOCABULARY)):
        raise Wrong(f"Its shape should be {(len(WORDS), len(VOCABULARY))}, and it is {answer.shape}.")
    if set(np.unique(answer)) != {0, 1} or not (answer.sum(axis=1) == 1).all():
        raise Wrong("Each row should hold a single 1, and zeros otherwise.")
    if not np.allclose(answer @ TABLE, TABLE[[VOCABULARY.index(word) for word in WORDS]]):
        raise Wrong("A 1 is in the wrong column: it belongs at the word's position in the vocabulary.")
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
    return f"They mean the reverse, and have {scores[answer]:.2f}: far above 0.26, the mean of two random words."


def _test_similarities(function: Any) -> str:
    left, right = 3 * LEFT[:3], RIGHT[:3] * np.array([[1.0], [2.0], [5.0]])
    found, wanted = np.asarray(call(function, left, right)), LEFT[:3] @ RIGHT[:3].T
    if found.shape != (3, 3):
        raise Wrong(
            f"Three rows on each side give a matrix of shape (3, 3), and yours has {found.shape}: left @ right.T."
        )
    if np.allclose(found, left @ right.T):
        raise Wrong("A longer row gets more than its direction deserves: divide each row by its length first.")
    if np.allclose(found, wanted.T):
        raise Wrong("It is transposed: row i should belong to row i of left, and column j to row j of right.")
    if np.abs(found).max() > 1 + 1e-9:
        raise Wrong("A cosine is at most 1. Scale both sides, and each row by its own length: axis=1, keepdims=True.")
    if not np.allclose(found, wanted):
        raise Wrong("Those are no cosines. Each row is divided by its own length: axis=1, keepdims=True.")
    return "Every text of the one side is compared with every text of the other by a single product."


def _test_partner_probabilities(function: Any) -> str:
    similarity = LEFT @ RIGHT.T
    found = np.asarray(call(function, similarity, 0.5))
    wanted = _softmax(similarity / 0.5)
    if found.shape != (4, 4):
        raise Wrong(f"The result should have the shape of the similarities, (4, 4), and it has {found.shape}.")
    if np.allclose(found, _softmax(similarity)):
        raise Wrong("Nothing was divided by the temperature.")
    if np.allclose(found, _softmax(similarity * 0.5)):
        raise Wrong("The similarities were multiplied by the temperature: divide by it, so that a low one sharpens.")
    if np.allclose(found.sum(axis=0), 1):
        raise Wrong("Your columns sum to 1. Each row is one text that chooses: sum over axis=1, with keepdims=True.")
    if not np.allclose(found.sum(axis=1), 1):
        raise Wrong("A row of probabilities sums to 1: divide by the sum over axis=1, with keepdims=True.")
    if not np.allclose(found, wanted):
        raise Wrong("The rows sum to 1, but this is no softmax: take np.exp of the divided similarities first.")
    return "A lower temperature makes the highest similarity of a row take more of its probability."


def _test_pair_loss(function: Any) -> str:
    from course_utils.contrastive import contrastive_loss

    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2, 64, 16))
    unit = rows / np.linalg.norm(rows, axis=2, keepdims=True)
    for left, right, temperature in ((LEFT, RIGHT, 0.5), (*unit, 0.1)):
        found = np.asarray(call(function, left, right, temperature))
        wanted = contrastive_loss(left, right, temperature)
        if found.shape != ():
            raise Wrong(f"The loss of a batch is one number, and yours has the shape {found.shape}: take the mean.")
        if np.isclose(found, -wanted):
            raise Wrong("The logarithm of a probability is negative: the loss is minus its mean.")
        if np.isclose(found, len(left) * wanted):
            raise Wrong("That is the sum over the pairs: take the mean, so that it does not grow with the batch.")
        probability = _softmax(left @ right.T / temperature)
        if np.isclose(found, -np.log(probability).mean()):
            raise Wrong("That is the mean over the whole matrix: only the diagonal holds true partners, np.diag.")
        if np.isclose(found, -np.log(np.diag(probability).mean())):
            raise Wrong("Take the logarithm of each probability first, and the mean of the logarithms afterwards.")
        if not np.isclose(found, wanted):
            raise Wrong(f"For {len(left)} pairs the course's loss is {wanted:.3f}, and yours is {float(found):.3f}.")
    return "It equals the course's loss, for four pairs and for 64: this is what trains a sentence encoder."


def _softmax(logits: np.ndarray) -> np.ndarray:
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)


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

similarities = Exercise(
    "similarities",
    _test_similarities,
    (
        "The lengths of all rows: np.linalg.norm(left, axis=1, keepdims=True), of shape (n, 1).",
        "Divide both sides by their lengths, and multiply the one by the other transposed.",
    ),
    """
    def similarities(left, right):
        left = left / np.linalg.norm(left, axis=1, keepdims=True)
        right = right / np.linalg.norm(right, axis=1, keepdims=True)
        return left @ right.T  # (n, d) @ (d, n) -> (n, n)
    """,
    _pairs_setting,
)

partner_probabilities = Exercise(
    "partner_probabilities",
    _test_partner_probabilities,
    (
        "np.exp(similarity / temperature) gives positive numbers.",
        "Divide each row by its sum: .sum(axis=1, keepdims=True).",
    ),
    """
    def partner_probabilities(similarity, temperature):
        weights = np.exp(similarity / temperature)
        return weights / weights.sum(axis=1, keepdims=True)
    """,
    _pairs_setting,
)

pair_loss = Exercise(
    "pair_loss",
    _test_pair_loss,
    (
        "partner_probabilities(similarities(left, right), temperature) is a matrix; np.diag takes its diagonal.",
        "Minus the mean of np.log of the diagonal.",
    ),
    """
    def pair_loss(left, right, temperature):
        probability = partner_probabilities(similarities(left, right), temperature)
        return -np.log(np.diag(probability)).mean()
    """,
    _functions_setting,
)

quiz = Quiz(
    (
        Question(
            "How many tables of word vectors does word2vec train?",
            {
                "One, with a row for each word.": "One is kept in the end; in training, neighbours use another.",
                "Two: for the middle word, and for its neighbours.": "Usually only the input table is kept afterwards.",
                "One for each meaning of a word.": "A word has a single row in each table, so its meanings share it.",
            },
            "Two: for the middle word, and for its neighbours.",
        ),
        Question(
            "Two texts have a cosine of 0.4 in an encoder. Are they similar?",
            {
                "Yes, 0.4 is far from 0.": "Random pairs need not get 0: two single words had 0.26.",
                "No, similar texts are above 0.8.": "There is no such mark. It differs from one space to the next.",
                "It depends on what random pairs of such texts get there.": "Yes: a cosine needs a baseline.",
                "Only the sign matters.": "Most pairs are positive, and they differ a lot.",
            },
            "It depends on what random pairs of such texts get there.",
        ),
        Question(
            "Where do the wrong answers come from when a sentence encoder learns from matching pairs?",
            {
                "From the other pairs of the same batch.": "In-batch negatives: they are encoded anyway.",
                "People mark pairs that do not match.": "They may, but nobody has to.",
                "There are none, partners are only pulled together.": "Then all texts could get one vector.",
            },
            "From the other pairs of the same batch.",
        ),
        Question(
            "What does a lower temperature do to the probabilities of a row?",
            {
                "It brings them closer to one another.": "A high one does: logits near 0, and all near 1/n.",
                "It turns their order round.": "Dividing by a positive number keeps the order.",
                "It multiplies each of them by the same number.": "They still sum to 1, so that is not possible.",
                "It gives the most similar text more of the sum.": "Differences grow before the exponential is taken.",
            },
            "It gives the most similar text more of the sum.",
        ),
        Question(
            "All rows of a batch of 256 have the same vector. What is the contrastive loss?",
            {
                "0, because every text is near its partner.": "Near the partner, and just as near to the 255 others.",
                "log 256, about 5.5.": "Each text has the probability 1/256, and minus its logarithm is log 256.",
                "Infinite.": "No probability is 0, so no logarithm is infinite.",
            },
            "log 256, about 5.5.",
        ),
    )
)
