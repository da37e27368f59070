"""The exercises of notebook 03, *Turn words and sentences into vectors*."""

from __future__ import annotations

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

WORD_GROUPS = {
    "countries": "france germany japan india brazil spain",
    "sciences": "physics chemistry mathematics astronomy philosophy medicine",
    "animals": "birds horse cat lion elephant sheep",
}


def _table_setting() -> dict[str, Any]:
    return {"np": np, "vocabulary": VOCABULARY, "table": TABLE}


def _step_setting() -> dict[str, Any]:
    names = {"cat": TABLE[0], "sits": OUTPUT_TABLE[1], "learning_rate": 0.5}
    return {"np": np, "sigmoid": lambda x: 1 / (1 + np.exp(-x)), **names}


def _encoder_setting() -> dict[str, Any]:
    from course_utils.embeddings import cosine_similarity, embed, embed_tokens

    names = {"embed": embed, "embed_tokens": embed_tokens, "cosine_similarity": cosine_similarity}
    return {"np": np, "opposites": OPPOSITES, **names}


def _pairs_setting() -> dict[str, Any]:
    return {"np": np, "left": LEFT, "right": RIGHT, "temperature": 0.5}


def _functions_setting() -> dict[str, Any]:
    names = _pairs_setting()
    similarities.solve_in(names)
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


def _sits_step() -> np.ndarray:
    cat, sits = TABLE[0], OUTPUT_TABLE[1]
    return 0.5 * (1 - 1 / (1 + np.exp(-cat @ sits))) * cat


def _test_sits_step(answer: Any) -> str:
    found, wanted = np.asarray(answer, dtype=float), _sits_step()
    cat, sits = TABLE[0], OUTPUT_TABLE[1]
    error = wanted[0] / (0.5 * cat[0])
    if found.shape != (2,):
        raise Wrong(f"sits_step should hold two numbers, as the row does, and its shape is {found.shape}.")
    if np.allclose(found, 0.5 * error * sits, atol=2e-3):
        raise Wrong("That is what sits does to cat. What is added to the row of sits is a part of cat's vector.")
    if np.allclose(found, error * cat, atol=2e-3):
        raise Wrong("The learning rate is missing: times 0.5.")
    if np.allclose(found, -wanted, atol=2e-3):
        raise Wrong("The sign is turned round. The error is the target, 1, minus the probability.")
    if np.allclose(found, sits + wanted, atol=2e-3):
        raise Wrong("That is the row after the step: return the step alone.")
    if not np.allclose(found, wanted, atol=2e-3):
        raise Wrong("Take 0.5 * (1 - sigmoid(cat @ sits)) times one of the two vectors, with cat as it was before.")
    return "cat moves towards sits, and sits towards cat: both tables learn from one pair."


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
        similarity = left @ right.T
        probability = _softmax(similarity / temperature)
        if np.isclose(found, -np.log(np.diag(_softmax(similarity))).mean()):
            raise Wrong("Nothing was divided by the temperature.")
        if np.isclose(found, -np.log(np.diag(_softmax(similarity * temperature))).mean()):
            raise Wrong(
                "The similarities were multiplied by the temperature: divide by it, so that a low one sharpens."
            )
        if np.isclose(found, -np.log(np.diag(_softmax(similarity.T / temperature))).mean()):
            raise Wrong(
                "Your columns sum to 1. Each row is one text that chooses: sum over axis=1, with keepdims=True."
            )
        if np.isclose(found, -np.log(probability).mean()):
            raise Wrong("That is the mean over the whole matrix: only the diagonal holds true partners, np.diag.")
        if np.isclose(found, -np.log(np.diag(probability).mean())):
            raise Wrong("Take the logarithm of each probability first, and the mean of the logarithms afterwards.")
        if not np.isclose(found, wanted):
            raise Wrong(f"For {len(left)} pairs the course's loss is {wanted:.3f}, and yours is {float(found):.3f}.")
    return "It equals the course's loss, for four pairs and for 64: this is what trains a sentence encoder."


def pull_gradient(similarity: np.ndarray) -> np.ndarray:
    """Return the gradient of minus the mean of the diagonal by a square matrix of similarities.

    Examples
    --------
    >>> pull_gradient(np.ones((2, 2)))
    array([[-0.5, -0. ],
           [-0. , -0.5]])
    """
    return -np.eye(len(similarity)) / len(similarity)


def _test_pull_only(function: Any) -> str:
    for similarity in (LEFT @ RIGHT.T, (LEFT @ RIGHT.T)[:3, :3]):
        n_pairs, wanted = len(similarity), pull_gradient(similarity)
        found = np.asarray(call(function, similarity))
        if found.shape == ():
            raise Wrong("That is one number, the loss perhaps. Its gradient has a number for each similarity.")
        if found.shape != wanted.shape:
            raise Wrong(f"The gradient has the shape of the similarities, {wanted.shape}, and yours has {found.shape}.")
        if np.allclose(found, -wanted):
            raise Wrong("Where a partner's similarity rises, this loss falls: the sign is minus.")
        if np.allclose(found, n_pairs * wanted):
            raise Wrong(f"The loss is a mean over {n_pairs} pairs: divide by their number.")
        if np.abs(found - np.diag(np.diag(found))).max() > 1e-9:
            raise Wrong("The loss holds the diagonal only, so all other similarities have the gradient 0: no pushes.")
        if not np.allclose(found, wanted):
            raise Wrong("The mean grows by 1/n with each number of the diagonal, whatever the similarities are.")
    return "Each partner is pulled with the same strength, and nothing is pushed. The next cell trains with it."


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

sits_step = Exercise(
    "sits_step",
    _test_sits_step,
    (
        "The error is the one that was printed: 1 - sigmoid(cat @ sits), about 0.433.",
        "learning_rate * error * cat; the names cat, sits, sigmoid and learning_rate are there.",
    ),
    """
    sits_step = learning_rate * (1 - sigmoid(cat @ sits)) * cat
    """,
    _step_setting,
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

pair_loss = Exercise(
    "pair_loss",
    _test_pair_loss,
    (
        "weights = np.exp(similarities(left, right) / temperature); each row, divided by its sum, is a softmax.",
        "np.diag takes the diagonal, and the loss is minus the mean of its np.log.",
    ),
    """
    def pair_loss(left, right, temperature):
        weights = np.exp(similarities(left, right) / temperature)  # (n, n)
        probability = weights / weights.sum(axis=1, keepdims=True)
        return -np.log(np.diag(probability)).mean()
    """,
    _functions_setting,
)

pull_only = Exercise(
    "pull_only",
    _test_pull_only,
    (
        "The loss is -(s11 + s22 + ... + snn) / n. By how much does it change when s11 rises by 1? And s12?",
        "Each number of the diagonal has -1/n, and all others have 0: np.eye(n) has ones at the right places.",
    ),
    """
    def pull_only(similarity):
        return -np.eye(len(similarity)) / len(similarity)
    """,
    _pairs_setting,
)

quiz = Quiz(
    (
        Question(
            "An encoder gives the word bank another vector in each sentence. What does this show by itself?",
            {
                "That it knows the two meanings of the word.": "The vectors of park and They change too.",
                "That the other words of the sentence reach the vector.": "Even the vector of They follows the topic.",
                "That the word is at another place in each sentence.": "In our sentences its place was the same.",
            },
            "That the other words of the sentence reach the vector.",
        ),
        Question(
            "Why has word2vec, pooled, a cosine of 1.00 for the dog bites the man and the man bites the dog?",
            {
                "The mean of the same words is the same in any order.": "A mean does not know the order.",
                "Dog and man are neighbours in the table.": "With any two nouns it would be 1.00 as well.",
                "Both sentences are about one event.": "Another event in the same words would have 1.00 too.",
            },
            "The mean of the same words is the same in any order.",
        ),
        Question(
            "Two texts have a cosine of 0.4 in an encoder. Are they similar?",
            {
                "Yes, 0.4 is far from 0.": "Two random words had 0.26 on average, which is far from 0 too.",
                "No, similar texts are above 0.8.": "There is no such mark. It differs from one space to the next.",
                "It depends on what random pairs of such texts get there.": "Yes: a cosine needs a baseline.",
                "Only the sign matters.": "Synonyms with 0.86 and random words with 0.26 share it.",
            },
            "It depends on what random pairs of such texts get there.",
        ),
        Question(
            "One encoder agrees 0.10 better with people, and 95 % of a bootstrap's draws give 0.01 to 0.18. "
            "What may you say?",
            {
                "It is better on such pairs, though perhaps by little.": "All of the range is above 0, and it is wide.",
                "The two are equal, since the range is wide.": "A wide range does not make them equal; 0 is outside.",
                "It is better for every task.": "The draws are from these pairs alone. Notebook 06 grades searches.",
            },
            "It is better on such pairs, though perhaps by little.",
        ),
        Question(
            "Where do the wrong answers come from when a sentence encoder learns from matching pairs?",
            {
                "From the other pairs of the same batch.": "In-batch negatives: they are encoded anyway.",
                "People mark pairs that do not match.": "They may, but nobody has to.",
                "There are none, partners are only pulled together.": "Without them all texts point almost one way.",
            },
            "From the other pairs of the same batch.",
        ),
        Question(
            "What does a lower temperature do to the probabilities of a row?",
            {
                "It brings them closer to one another.": "A high one does: scores near 0, and all near 1/n.",
                "It turns their order round.": "Dividing by a positive number keeps the order.",
                "It multiplies each of them by the same number.": "They still sum to 1, so that is not possible.",
                "It gives the most similar text more of the sum.": "Differences grow before the exponential is taken.",
            },
            "It gives the most similar text more of the sum.",
        ),
    )
)
