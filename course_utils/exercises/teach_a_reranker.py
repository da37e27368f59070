"""The exercises of notebook 15, *Teach a reranker*."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz

SHARPNESS = 40.0  # 1 / the temperature of the student
N_TEXTS = 3


def _setting() -> dict[str, Any]:
    return {"np": np}


def _softmax(scores: np.ndarray, axis: int = 1) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _example() -> tuple[np.ndarray, np.ndarray]:
    """Return cosines of the student and shares of the teacher, for three queries with four texts each."""
    rng = np.random.default_rng(0)
    return rng.uniform(0.4, 0.5, size=(3, 4)), _softmax(rng.normal(size=(3, 4)))


def _array(given: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return what the learner's function gave as an array.

    Raises
    ------
    Wrong
        If it has another shape or is not finite.
    """
    value = np.asarray(given, dtype=float)
    if value.shape != shape:
        raise Wrong(f"It should give an array of shape {shape}, and gives one of shape {value.shape}.")
    if not np.isfinite(value).all():
        raise Wrong("For large scores it gives nan or inf. Subtract the largest score of each row before np.exp.")
    return value


def _test_judges(answer: Any) -> str:
    from course_utils.fine_tuning.reranker import teacher_shares

    if not isinstance(answer, tuple | list) or len(answer) != 2:
        raise Wrong("judges should be a pair: (likelihoods, cosines).")
    likelihoods, cosines = (np.asarray(part, dtype=float) for part in answer)
    if likelihoods.shape != (N_TEXTS,) or cosines.shape != (N_TEXTS,):
        raise Wrong(f"Both should have {N_TEXTS} numbers, one for each text, the right text first.")
    if np.any(likelihoods > 0):
        raise Wrong("A log-likelihood is the logarithm of a probability: it cannot be above 0.")
    if np.any(np.abs(cosines) > 1):
        raise Wrong("A cosine lies between -1 and 1.")
    if np.argmax(likelihoods) == 0:
        raise Wrong("SmolLM2 alone is already right: let it like another text best.")
    if np.argmax(cosines) == 0:
        raise Wrong("MaxSim alone is already right: let it like another text best.")
    if np.argmax(likelihoods) == np.argmax(cosines):
        raise Wrong("Both like the same wrong text, so no sum can help. Let them be wrong about different texts.")
    shares = teacher_shares(likelihoods, cosines)
    if np.argmax(shares) != 0:
        raise Wrong(
            f"Together they put text {np.argmax(shares)} first, with a share of {shares.max():.0%}. Both should like "
            "text 0 nearly as much as their favourite, and dislike the other's favourite. Remember the factor 8."
        )
    return f"Each alone is wrong, and together they give the right text a share of {shares[0]:.0%}."


def _test_shares(answer: Any) -> str:
    from course_utils.fine_tuning.reranker import teacher_shares

    rng = np.random.default_rng(1)
    likelihoods, cosines = rng.normal(-3, 0.5, size=(3, 4)), rng.uniform(0.4, 0.5, size=(3, 4))
    scores, temperature = likelihoods + 8 * cosines, 0.2
    value = _array(call(answer, scores, temperature), (3, 4))
    if np.allclose(value, _softmax(scores / temperature)):
        _array(call(answer, np.array([[900.0, 901.0]]), 0.2), (1, 2))
        assert np.allclose(value, teacher_shares(likelihoods, cosines))
        return "It gives the teacher's shares, and at the temperature 1/40 those of the student."
    if np.allclose(value, _softmax(scores)):
        raise Wrong("The temperature is missing: divide the scores by it before the softmax.")
    if np.allclose(value, _softmax(scores * temperature)):
        raise Wrong("You multiply by the temperature. Divide by it: a low temperature makes shares sharper.")
    if np.allclose(value.sum(axis=0), 1):
        raise Wrong("Your columns add up to 1. A row is a query, and its shares have to: axis=1, keepdims=True.")
    if np.isclose(value.sum(), 1):
        raise Wrong("All your numbers together add up to 1. Each row should: axis=1, keepdims=True.")
    if not np.allclose(value.sum(axis=1), 1):
        raise Wrong("The shares of a row should add up to 1: divide by the sum of the row.")
    raise Wrong("Not quite: np.exp of the scores divided by the temperature, then each row divided by its sum.")


def _test_loss(answer: Any) -> str:
    import torch

    cosines, teacher = _example()
    student = _softmax(SHARPNESS * cosines)
    rows = -(teacher * np.log(student)).sum(axis=1)
    value = np.asarray(call(answer, cosines, teacher), dtype=float)
    if value.shape == (3,):
        raise Wrong("That is a loss for each query. Take their mean.")
    if value.shape:
        raise Wrong(f"The loss should be one number, and has the shape {value.shape}.")
    reference = torch.nn.functional.cross_entropy(torch.tensor(SHARPNESS * cosines), torch.tensor(teacher))
    if np.isclose(value, float(reference)):
        return "It equals torch's cross_entropy with shares in place of labels."
    if np.isclose(value, rows.sum()):
        raise Wrong("That is the sum over the queries. Take the mean, so that the loss does not grow with the batch.")
    if np.isclose(value, rows.mean() + (teacher * np.log(teacher)).sum(axis=1).mean()):
        raise Wrong("That is the KL divergence. It has the same gradient; the loss asked for is the cross-entropy.")
    if np.isclose(value, -rows.mean()):
        raise Wrong("The sign: a logarithm of a share is negative, and the loss is positive.")
    if np.isclose(value, -(student * np.log(teacher)).sum(axis=1).mean()):
        raise Wrong("You exchanged the two. The teacher's shares are the weights, the student's go into the logarithm.")
    if np.isclose(value, -(teacher * np.log(_softmax(cosines))).sum(axis=1).mean()):
        raise Wrong("The temperature is missing: the student's shares are shares(cosines, 1 / 40).")
    if np.isclose(value, rows.mean() / 4):
        raise Wrong("You take the mean over the texts as well. Sum over the texts, then the mean over the queries.")
    raise Wrong(f"For a small example it gives {value:.3f}, and {float(reference):.3f} is right.")


def _test_gradient(answer: Any) -> str:
    import torch

    cosines, teacher = _example()
    leaf = torch.tensor(cosines, requires_grad=True)
    torch.nn.functional.cross_entropy(SHARPNESS * leaf, torch.tensor(teacher)).backward()
    right = leaf.grad.numpy()
    value = _array(call(answer, cosines, teacher), (3, 4))
    if np.allclose(value, right):
        return "It equals the gradient that torch finds. Each row adds up to 0: what one text gains, others lose."
    if np.allclose(value, -right):
        raise Wrong("The sign: the gradient is the student's share minus the teacher's. The step goes against it.")
    if np.allclose(value, right / SHARPNESS):
        raise Wrong("That is the gradient of 40 times the cosines. For the cosines themselves multiply by 40.")
    if np.allclose(value, right * 3):
        raise Wrong("The loss is a mean over the queries: divide by their number.")
    if np.allclose(value, right / SHARPNESS * 3):
        raise Wrong("Two factors are missing: 40 for the temperature, and one over the number of queries.")
    if np.allclose(value, right / 4):
        raise Wrong("Divide by the number of queries, not by the number of all scores: the texts are summed over.")
    raise Wrong("Not quite: (student's shares - teacher's shares) * 40 / number of queries.")


def _test_divergence(answer: Any) -> str:
    from scipy.special import rel_entr

    teacher = np.array([[0.7, 0.2, 0.06, 0.04], [0.1, 0.2, 0.3, 0.4], [0.9, 0.1, 0.0, 0.0]])
    own = np.array([[0.3, 0.6, 0.06, 0.04], [0.1, 0.2, 0.3, 0.4], [0.5, 0.3, 0.1, 0.1]])
    right, exchanged = (rel_entr(*pair).sum(axis=1) for pair in ((teacher, own), (own, teacher)))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.asarray(call(answer, teacher, own), dtype=float)
    if value.shape == ():
        raise Wrong("That is one number for the table. Give one for each row: sum over the texts alone, axis=1.")
    if value.shape == (4,):
        raise Wrong("You sum over the queries. A row is a query: sum over its texts, axis=1.")
    if value.shape != (3,):
        raise Wrong(f"A table of shape (3, 4) should give an array of shape (3,), and gives one of {value.shape}.")
    if np.allclose(value[:2], exchanged[:2]):
        raise Wrong("You exchanged the two: the teacher's shares are the weights, and t / p is in the logarithm.")
    if not np.isfinite(value).all():
        raise Wrong("A share of 0 gives nan: 0 times the logarithm of 0. Put 1 in place of 0 inside the logarithm.")
    if np.allclose(value, right, atol=1e-6):
        return "It equals SciPy's rel_entr, summed over the texts. Where both agree, it is 0."
    if np.allclose(value, right / 4):
        raise Wrong("You take the mean over the texts. The divergence is their sum.")
    if np.allclose(value, -right):
        raise Wrong("The sign: the logarithm of t / p, not of p / t.")
    if np.allclose(value, right - rel_entr(teacher, 1).sum(axis=1)):
        raise Wrong("That is the cross-entropy. Subtract the teacher's entropy: it should be 0 where both agree.")
    raise Wrong(f"For the shares {teacher[0]} and {own[0]} it gives {value[0]:.3f}, and {right[0]:.3f} is right.")


def _lessons() -> dict[str, tuple[Any, int, bool]]:
    """Return lessons by what is special about them, each with its own article and whether it should be kept."""
    from course_utils.fine_tuning.reranker import Example

    mountain, country = "Highest mountain in Kenya", "Country in Southern Africa"
    return {
        "its description is its own and its favourite right": (Example(mountain, (5, 7, 9), (0.9, 0.1, 0.0)), 5, True),
        "its favourite is right and comes last": (Example(mountain, (9, 7, 5), (0.1, 0.0, 0.9)), 5, True),
        "its favourite is another article": (Example(mountain, (5, 7, 9), (0.2, 0.7, 0.1)), 5, False),
        "its article is not among the candidates": (Example(mountain, (4, 7, 9), (0.9, 0.1, 0.0)), 5, False),
        "its description belongs to seven articles": (Example(country, (5, 7, 9), (0.9, 0.1, 0.0)), 5, False),
    }


def _test_keep(answer: Any) -> str:
    counts = Counter({"Highest mountain in Kenya": 1, "Country in Southern Africa": 7})
    for what, (lesson, row, right) in _lessons().items():
        value = call(answer, lesson, row, counts)
        if not isinstance(value, bool | np.bool_):
            raise Wrong(f"keep should return True or False, and returns {type(value).__name__}.")
        if value and not right:
            raise Wrong(f"You keep a lesson although {what}.")
        if right and not value:
            raise Wrong(f"You drop a lesson, and {what}: it should be kept.")
    return "It keeps two of five invented lessons. How many of the twelve does it keep?"


def _test_questions_needed(answer: Any) -> str:
    sizes, chances = (30, 55, 110, 220, 440), (0.14, 0.36, 0.69, 0.94, 1.0)
    value = float(call(answer, sizes, chances))
    if not np.isfinite(value):
        raise Wrong("This curve crosses 0.8 between 110 and 220 questions, and yours gives no number.")
    right = 2 ** np.interp(0.8, chances, np.log2(sizes))
    if value in (110, 220):
        raise Wrong(f"{value:.0f} is one of the sizes that were measured. Interpolate between the two around the goal.")
    if np.isclose(value, np.interp(0.8, chances, sizes), atol=0.6):
        raise Wrong("You interpolate on the number itself. The figure's axis is logarithmic: use np.log2(sizes).")
    if np.isclose(value, np.log2(right), atol=0.01):
        raise Wrong("That is the logarithm of the number. Undo it: 2 ** ...")
    if not np.isclose(value, right, atol=0.6):
        raise Wrong(f"For {chances} at {sizes} it gives {value:.0f}, and {right:.0f} is right.")
    if np.isclose(float(call(answer, sizes, chances, 0.9)), right, atol=0.6):
        raise Wrong("The argument goal is not used: for goal=0.9 more questions are needed.")
    if not np.isnan(float(call(answer, sizes, (0.03, 0.11, 0.35, 0.67, 0.79)))):
        raise Wrong("A curve that stays below the goal never crosses it: return float('nan').")
    if not np.isclose(float(call(answer, sizes, (0.85, 0.9, 1.0, 1.0, 1.0))), 30, atol=0.6):
        raise Wrong("This curve is above the goal from the first size on: return that size.")
    return f"It gives {right:.0f} questions for the student that copies half of the teacher's changes."


judges = Exercise(
    "judges",
    _test_judges,
    (
        "Let SmolLM2 like text 1 best and MaxSim text 2, and let both put text 0 close behind.",
        "The teacher adds likelihoods + 8 * cosines: a cosine that is higher by 0.1 counts as much as 0.8 here.",
        "Begin with ([-2.1, -2.0, -4.0], [0.60, 0.30, 0.62]), and work out the three sums.",
    ),
    "judges = ([-2.1, -2.0, -4.0], [0.60, 0.30, 0.62])",
    _setting,
)

shares = Exercise(
    "shares",
    _test_shares,
    (
        "Divide the scores by the temperature, then take the softmax of each row.",
        "Before np.exp, subtract the largest of each row: z.max(axis=1, keepdims=True). Shares do not change by it.",
    ),
    """
    def shares(scores, temperature):
        z = scores / temperature
        powers = np.exp(z - z.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    """,
    _setting,
)

loss = Exercise(
    "loss",
    _test_loss,
    (
        "The student's shares are shares(cosines, 1 / 40).",
        "For each query: minus the sum over texts of teacher * np.log(student). Then the mean over queries.",
    ),
    """
    def loss(cosines, teacher):
        student = shares(cosines, 1 / 40)
        return -(teacher * np.log(student)).sum(axis=1).mean()
    """,
    lambda: {"np": np, "shares": lambda scores, temperature: _softmax(scores / temperature)},
)

gradient = Exercise(
    "gradient",
    _test_gradient,
    (
        "For scores that go straight into the softmax, the gradient is the student's shares minus the teacher's.",
        "The cosines are multiplied by 40 first, and the loss is a mean over len(cosines) queries.",
    ),
    """
    def gradient(cosines, teacher):
        return 40 * (shares(cosines, 1 / 40) - teacher) / len(cosines)
    """,
    lambda: {"np": np, "shares": lambda scores, temperature: _softmax(scores / temperature)},
)

keep = Exercise(
    "keep",
    _test_keep,
    (
        "n_articles[lesson.query] says to how many articles the description belongs.",
        "lesson.ranked is the list of candidates with the teacher's favourite first. Compare its first with row.",
    ),
    """
    def keep(lesson, row, n_articles):
        return n_articles[lesson.query] == 1 and lesson.ranked[0] == row
    """,
    _setting,
)

divergence = Exercise(
    "divergence",
    _test_divergence,
    (
        "For each row: the sum of teacher * np.log(teacher / own) over its texts, axis=1.",
        "np.log(0) is no number. np.where(teacher > 0, teacher, 1) puts 1 there, whose logarithm is 0.",
    ),
    """
    def divergence(teacher, own):
        safe = np.where(teacher > 0, teacher, 1)  # the logarithm of 1 is 0
        return (teacher * (np.log(safe) - np.log(own))).sum(axis=1)
    """,
    _setting,
)

questions_needed = Exercise(
    "questions_needed",
    _test_questions_needed,
    (
        "np.interp(goal, chances, np.log2(sizes)) reads the curve from its other axis, and gives a logarithm.",
        "Before that: if the largest chance is below the goal, return float('nan').",
    ),
    """
    def questions_needed(sizes, chances, goal=0.8):
        if max(chances) < goal:
            return float("nan")
        return 2 ** np.interp(goal, chances, np.log2(sizes))
    """,
    _setting,
)

quiz = Quiz(
    (
        Question(
            "Two judges are each right about as often as the other. When is their sum much better than either?",
            {
                "When they agree on nearly all queries.": "Then the second judge repeats the first, and their sum "
                "makes the same errors.",
                "When they are wrong about different queries.": "Where one is wrong, the other can outvote it. MaxSim "
                "and SmolLM2 were both wrong on only 9 of 110 questions.",
                "Always, since two are more than one.": "Dense search beside MaxSim gained much less: it is wrong "
                "about many of the same questions.",
            },
            "When they are wrong about different queries.",
        ),
        Question(
            "You halve the temperature of a softmax. What happens to the shares?",
            {
                "The largest share grows.": "All differences between scores are doubled before the softmax, so the "
                "favourite gets more.",
                "They come closer to each other.": "That is what a higher temperature does.",
                "Nothing, since they add up to 1 anyway.": "They still do, but are distributed in another way.",
            },
            "The largest share grows.",
        ),
        Question(
            "Why does distillation need no judged questions to train on?",
            {
                "Because the teacher is always right.": "It is not: for “Country in Southern Africa” it was sure of "
                "one of several countries.",
                "Because the student knows the answers already.": "Then it would have nothing to learn.",
                "Because the teacher's shares take the place of the labels.": "Any query can be used. Whether it "
                "helped still has to be measured on judged questions.",
            },
            "Because the teacher's shares take the place of the labels.",
        ),
        Question(
            "The teacher gives a text the share 0.2, and the student 0.6. What does one step do to its score?",
            {
                "It raises it, since the text is among the good ones.": "What counts is the difference between the "
                "two shares, and the student's is too large.",
                "It lowers it.": "The gradient is 0.6 - 0.2, times 40 for the temperature, and a step goes against the "
                "gradient.",
                "It leaves it, since the text is not the best.": "Every text whose shares differ has a gradient.",
            },
            "It lowers it.",
        ),
        Question(
            "A student gains 0.00, with a 95% interval from -0.013 to +0.006. The teacher gained 0.07. What follows?",
            {
                "The student may still have half of the teacher's gain.": "Half of it is 0.036, far outside the "
                "interval.",
                "The student is exactly as good as before.": "An interval never shows that two are equal. It shows how "
                "far apart they can be.",
                "Nothing, because the interval includes 0.": "It says how large a gain it excludes, and that is a lot.",
                "If it gained, then probably less than a tenth of what the teacher gained.": "The bootstrap draws both "
                "gains together, and the 95% interval of their ratio ends at 0.09.",
            },
            "If it gained, then probably less than a tenth of what the teacher gained.",
        ),
    )
)
