"""The exercises of notebook 20, *Compare architectures*."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from course_utils.architectures.data import COATS, TICKET_BITS, load_recall
from course_utils.architectures.generators import mode_centres, score_ring
from course_utils.attention import scaled_dot_product_attention
from course_utils.exercises import Exercise, Wrong, call, must_be_whole
from course_utils.exercises.quiz import Question, Quiz

N_KERNELS, SIDE = 32, 12  # of the CNN's first layer, and of a picture
# Four pairs of a point of the plane and of noise, in between as a share of noise says.
POINTS = np.array([[1.0, 0.0], [0.0, 2.0], [-1.0, -1.0], [3.0, 1.0]])
NOISE = np.array([[0.0, 1.0], [2.0, 0.0], [1.0, 3.0], [-1.0, 0.0]])
SHARES = np.array([[0.0], [0.25], [0.5], [1.0]])


def sigmoid(x: float) -> float:
    """Return the number between 0 and 1 that a gate makes of a score.

    Examples
    --------
    >>> float(sigmoid(0.0))
    0.5
    """
    return 1 / (1 + np.exp(-x))


def cloakrooms(n_coats: int, n: int = 200) -> list[tuple[np.ndarray, np.ndarray, np.ndarray, int]]:
    """Return cloakrooms, each with a question, the tickets on its coats, their colours, and the colour's number.

    Examples
    --------
    >>> question, tickets, colours, number = cloakrooms(4)[0]
    >>> question.shape, tickets.shape, colours.shape
    ((8,), (4, 8), (4, 8))
    >>> [bool(colour[number]) for ticket, colour in zip(tickets, colours) if (ticket == question).all()]
    [True]
    """
    x, y = load_recall(n_coats, n_train=1, n_choose=1, n_test=n).test
    x = x.astype(float)
    rooms = zip(x[:, -1, :TICKET_BITS], x[:, :-1, :TICKET_BITS], x[:, :-1, TICKET_BITS:], y.tolist(), strict=True)
    return list(rooms)


def guess_for(target: np.ndarray) -> Callable[[np.ndarray, float], np.ndarray]:
    """Return a perfect guess of the direction to the noise, for data that is one single point.

    Examples
    --------
    >>> guess = guess_for(np.array([1.0, 0.0]))
    >>> guess(np.array([[3.0, 4.0]]), 1.0)
    array([[2., 4.]])
    """
    return lambda x, t: (x - target) / t


def _numbers() -> dict[str, Any]:
    centres = {"mode_centres": mode_centres, "exercise": sys.modules[__name__]}
    return {"np": np, "sigmoid": sigmoid, "score_ring": score_ring, **centres}


def _recall_setting() -> dict[str, Any]:
    return {"np": np, "attend": scaled_dot_product_attention, "exercise": sys.modules[__name__]}


def _diffusion_setting() -> dict[str, Any]:
    return {"np": np, "points": POINTS, "noise": NOISE, "shares": SHARES, "guess_for": guess_for}


def _last_setting() -> dict[str, Any]:
    names = _diffusion_setting()
    for exercise in (mix, direction):
        exercise.solve_in(names)
    return names


def _test_times_more(answer: Any) -> str:
    must_be_whole("times_more", answer)
    convolution = N_KERNELS * (3 * 3 + 1)
    dense = SIDE * SIDE * (N_KERNELS * SIDE * SIDE) + N_KERNELS * SIDE * SIDE
    if answer == round(SIDE * SIDE * N_KERNELS * SIDE * SIDE / (N_KERNELS * 9)):
        raise Wrong("Nearly: you left out the biases, one for each kernel and one for each output of the dense layer.")
    if answer == dense:
        raise Wrong("That is how many the dense layer has. Divide by the convolution's number.")
    if answer == round((SIDE * SIDE * N_KERNELS + N_KERNELS) / convolution):
        raise Wrong("The dense layer has an output for each kernel at each place: 32 × 12 × 12 of them.")
    if answer != round(dense / convolution):
        raise Wrong(
            "32 kernels have 9 weights and a bias each; the dense layer 144 weights and a bias for each output."
        )
    return f"The convolution has {convolution} parameters and the dense layer {dense:,}, for outputs of the same shape."


def _test_deaf_bias(answer: Any) -> str:
    try:
        bias = float(answer)
    except (TypeError, ValueError):
        raise Wrong("deaf_bias should be one number.") from None
    left = sigmoid(bias) ** 24
    if bias < 0:
        raise Wrong("With a negative bias the gate is nearly shut, and each hour replaces the state: try above 0.")
    if left < 0.99:
        raise Wrong(f"After 24 hours {left:.3f} of the state at the start is left: multiply sigmoid(bias) 24 times.")
    if sigmoid(round(bias, 1) - 0.1) ** 24 >= 0.99:
        raise Wrong(f"That keeps {left:.5f}: it is enough, but find the smallest bias, to one decimal.")
    return f"With a bias of {bias:.1f} the state keeps {left:.3f} of itself for a day, and hears next to nothing."


def _field(steps: Sequence[int], halves: bool) -> int:
    width, apart = 1, 1
    for number, step in enumerate(steps):
        if number and halves:
            width, apart = width + apart, 2 * apart
        width += 2 * step * apart
    return width


def _test_field(function: Any) -> str:
    # Fresh steps come after the three of the lesson, so that no list of their answers passes.
    for steps, halves in (((1, 1, 1), False), ((1, 2, 4), False), ((1, 1, 1), True), ((2, 1, 3, 1), True)):
        found, wanted = call(function, steps, halves), _field(steps, halves)
        must_be_whole(f"field({steps}, {halves})", found)
        said = f"field({steps}, {halves}) is {wanted}, and yours is {found}"
        if not halves and found == wanted - 1:
            raise Wrong(f"{said}: begin with a width of 1, the number itself.")
        if not halves and found != wanted:
            raise Wrong(f"{said}: each window adds two steps, one on either side.")
        if halves and found == _field(steps, False) + len(steps) - 1:
            raise Wrong(f"{said}: after a halving, neighbours are twice as far apart, for all later windows.")
        if halves and found == _field(steps, True) - (2 ** (len(steps) - 1) - 1):
            raise Wrong(f"{said}: the larger of two neighbours has seen both, so the halving itself adds a distance.")
        if halves and found == 2 * wanted:
            raise Wrong(f"{said}: halve between the layers, and not before the first one.")
        if found != wanted:
            raise Wrong(f"{said}: follow how far apart two neighbours are, 1 at first, and doubled by each halving.")
    return "Three small windows see 7 pixels, spread out 15, and with two halvings 18: more than a page of 12."


def _test_look_up(function: Any) -> str:
    rooms = [(4, room) for room in cloakrooms(4)] + [(64, room) for room in cloakrooms(64)]
    n_wrong = {4: 0, 64: 0}
    for n_coats, (question, tickets, colours, number) in rooms:
        found = np.asarray(call(function, question.copy(), tickets.copy(), colours.copy()), dtype=float)
        if found.shape != (len(COATS),):
            raise Wrong(f"Each of the eight colours gets a share, (8,), and yours has the shape {found.shape}.")
        if found.min() < -1e-6 or not np.isclose(found.sum(), 1, atol=1e-4):
            raise Wrong(
                f"Shares are positive and add up to 1, and yours add up to {found.sum():.2f}: put the scores through "
                "a softmax, and mix the colours with what it gives."
            )
        n_wrong[n_coats] += int(found.argmax() != number)
    if n_wrong[4]:
        raise Wrong(
            f"With 4 coats {n_wrong[4]} of 200 answers are another coat's colour: the score of a coat is the dot "
            "product of its ticket and the question, and the higher it is, the larger is its share."
        )
    if n_wrong[64]:
        raise Wrong(
            f"With 4 coats it is always right, and with 64 coats {n_wrong[64]} of 200 answers are wrong. The right "
            "coat has the largest share, but the others have more together: make the softmax sharper."
        )
    return "One query, a key and a value for each coat: that is attention, and it is sharp enough for 64 of them."


def _test_cheat(answer: Any) -> str:
    try:
        points = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise Wrong("cheat should be an array of shape (1000, 2).") from None
    if points.shape != (1000, 2):
        raise Wrong(f"cheat should have the shape (1000, 2), and yours has {points.shape}.")
    share, covered = score_ring(points)
    if covered > 1:
        raise Wrong(f"It covers {covered} modes: a collapsed generator makes only one.")
    if share < 1:
        raise Wrong(f"Only {share:.2f} of the points are near a mode: where is a mode? exercise.mode_centres() tells.")
    return "Every point is perfect, and there is only one: a share alone cannot see a collapse."


def _test_mix(function: Any) -> str:
    found, wanted = np.asarray(call(function, POINTS, NOISE, SHARES)), (1 - SHARES) * POINTS + SHARES * NOISE
    if found.shape != wanted.shape:
        raise Wrong(f"Four points and their noise give four mixtures, {wanted.shape}, and yours has {found.shape}.")
    if np.allclose(found, SHARES * POINTS + (1 - SHARES) * NOISE):
        raise Wrong("Exchanged: t is the share of the noise, so t = 0 is the point itself.")
    if np.allclose(found, POINTS + SHARES * NOISE):
        raise Wrong("The point must fade while the noise comes in: multiply it by 1 - t.")
    if not np.allclose(found, wanted):
        raise Wrong("A mixture is (1 - t) times the point plus t times the noise.")
    return "At t = 0 it is the point, at t = 1 only noise, and halfway the middle of the two."


def _test_direction(function: Any) -> str:
    found, wanted = np.asarray(call(function, POINTS, NOISE)), NOISE - POINTS
    if found.shape != wanted.shape:
        raise Wrong(f"There is a direction for each point, {wanted.shape}, and yours has {found.shape}.")
    if np.allclose(found, -wanted):
        raise Wrong("That points from the noise to the point. The network is to learn the way to the noise.")
    if np.allclose(found, wanted / np.linalg.norm(wanted, axis=1, keepdims=True)):
        raise Wrong("Leave the length as it is: it says how far the noise is.")
    if not np.allclose(found, wanted):
        raise Wrong("How does the mixture change when t grows by a little? By (noise - point) times that little.")
    return "It is what the mixture changes by for each unit of t, the same along the whole way."


def _test_make(function: Any) -> str:
    for target, n_steps in ((np.array([2.0, -1.0]), 4), (np.array([0.5, 3.0]), 10)):
        asked: list[float] = []

        def guess(x: np.ndarray, t: float, target: np.ndarray = target, asked: list[float] = asked) -> np.ndarray:
            asked.append(float(t))
            return guess_for(target)(x, max(float(t), 1e-9))

        found = np.asarray(call(function, guess, NOISE.copy(), n_steps))
        if found.shape != NOISE.shape:
            raise Wrong(f"From four rows of noise come four points, {NOISE.shape}, and yours has {found.shape}.")
        if len(asked) != n_steps:
            raise Wrong(
                f"With n_steps = {n_steps} the guess is asked {n_steps} times, and you asked {len(asked)} times."
            )
        if asked[0] < asked[-1]:
            raise Wrong("You walk from t = 0 upwards: the way begins at pure noise, t = 1.")
        if not np.isclose(asked[0], 1):
            raise Wrong(f"The first guess is asked at t = 1, and yours at {asked[0]:.2f}.")
        if not np.allclose(found, target, atol=1e-6):
            away = np.abs(found - target).max()
            raise Wrong(
                f"All should end at the one point of the data, and yours end up to {away:.1f} away: each step "
                "goes against the direction, 1 / n_steps of it."
            )
    straight = np.asarray(call(function, lambda x, t: np.full_like(x, 4.0), NOISE.copy(), 5))
    if not np.allclose(straight, NOISE - 4):
        raise Wrong("If the guess is always 4, five steps should change the noise by 4 in all: 1 / n_steps of it each.")
    return "Step by step the noise is taken out, and what is left lies where the data lies."


times_more = Exercise(
    "times_more",
    _test_times_more,
    (
        "A kernel has 3 × 3 weights and one bias, whatever the size of the picture.",
        "The dense layer has 32 × 12 × 12 outputs, and each has 144 weights and one bias.",
    ),
    """
    convolution = 32 * (3 * 3 + 1)
    dense = (32 * 12 * 12) * (12 * 12 + 1)
    times_more = round(dense / convolution)
    """,
    _numbers,
)

deaf_bias = Exercise(
    "deaf_bias",
    _test_deaf_bias,
    (
        "After one hour z of the old state is left, after two hours z times z.",
        "Try biases in steps of 0.1: sigmoid(bias) ** 24 should reach 0.99.",
    ),
    """
    deaf_bias = next(bias for bias in np.arange(0, 20, 0.1) if sigmoid(bias) ** 24 >= 0.99)
    """,
    _numbers,
)

field = Exercise(
    "field",
    _test_field,
    (
        "Keep two numbers: the width so far, 1 at first, and how far apart two neighbours are, 1 at first.",
        "A window adds 2 * step * apart. A halving before it adds apart once, and then doubles apart.",
    ),
    """
    def field(steps, halves):
        width, apart = 1, 1
        for number, step in enumerate(steps):
            if number > 0 and halves:
                width = width + apart
                apart = 2 * apart
            width = width + 2 * step * apart
        return width
    """,
    _numbers,
)

look_up = Exercise(
    "look_up",
    _test_look_up,
    (
        "tickets @ question gives a score for each coat; a softmax turns the scores into shares of the coats.",
        "shares @ colours adds up the shares of the coats of each colour.",
        "Multiply the scores by 3 before the softmax: 6 and 8 become 18 and 24.",
    ),
    """
    def look_up(question, tickets, colours):
        scores = 3 * tickets @ question  # (n_coats,)
        shares = np.exp(scores - scores.max())
        shares = shares / shares.sum()
        return shares @ colours  # (n_coats,) @ (n_coats, 8) -> (8,)
    """,
    _recall_setting,
)

cheat = Exercise(
    "cheat",
    _test_cheat,
    (
        "A point near a mode is good; nobody says that points must differ.",
        "np.tile(row, (1000, 1)) repeats one row a thousand times.",
    ),
    """
    cheat = np.tile(exercise.mode_centres()[0], (1000, 1))
    """,
    _numbers,
)

mix = Exercise(
    "mix",
    _test_mix,
    (
        "t has a column of shares, (n, 1), so it multiplies each row as a whole.",
        "At t = 0.25 three quarters are the point and one quarter is noise.",
    ),
    """
    def mix(points, noise, t):
        return (1 - t) * points + t * noise
    """,
    _diffusion_setting,
)

direction = Exercise(
    "direction",
    _test_direction,
    (
        "The way from A to B is B - A.",
        "From the point to the noise: noise minus point.",
    ),
    """
    def direction(points, noise):
        return noise - points
    """,
    _diffusion_setting,
)

make = Exercise(
    "make",
    _test_make,
    (
        "Step number s, from 0, begins at t = 1 - s / n_steps.",
        "x = x - guess(x, t) / n_steps goes one step against the direction of the noise.",
    ),
    """
    def make(guess, noise, n_steps):
        x = noise
        for step in range(n_steps):
            t = 1 - step / n_steps
            x = x - guess(x, t) / n_steps
        return x
    """,
    _last_setting,
)

quiz = Quiz(
    (
        Question(
            "All pixels change places in one fixed way, also in training. Which network cannot mind?",
            {
                "The CNN, since it shares its weights.": "It shares them among neighbours, and those are gone.",
                "The MLP, since each pixel has weights of its own.": "They simply change places with the pixels.",
                "The GRU, since it reads everything.": "It lost nothing here, but its rows have other pixels now.",
            },
            "The MLP, since each pixel has weights of its own.",
        ),
        Question(
            "Attention without positions and without a causal mask reads a sentence backwards. What does it give?",
            {
                "The same outputs in reversed order, so the same mean.": "Each token meets the same tokens as before.",
                "Nothing useful, since it was trained forwards.": "It never knew which way forwards is.",
                "The answer for the last word.": "That would be a recurrent network.",
            },
            "The same outputs in reversed order, so the same mean.",
        ),
        Question(
            "A list of names with phone numbers, then one of the names: what is the number? Which network suits that?",
            {
                "The CNN, since it finds a thing wherever it is.": "With tickets it hardly beat counting colours.",
                "The GRU, since it reads the list in order.": "It must keep the whole list until the name comes.",
                "The Transformer, since it compares the name with all.": "One query, all keys: a lookup by content.",
            },
            "The Transformer, since it compares the name with all.",
        ),
        Question(
            "Two methods differ by 0.003 on 600 test examples. What do you say?",
            {
                "The one with more right answers has better assumptions.": "Two examples more were right, out of 600.",
                "Nothing yet: look at the interval and the seeds.": "Rank them if it leaves out 0 and all seeds agree.",
                "The test set is wrong.": "It is small, and that is what an interval says.",
            },
            "Nothing yet: look at the interval and the seeds.",
        ),
        Question(
            "A generator makes perfect points, all around one of eight modes. Which score shows that?",
            {
                "The share of points that lie near one of the modes.": "It is 1, since every point is near one.",
                "The loss of the discriminator.": "It moves with both networks, and says little alone.",
                "The number of modes that are covered.": "It is 1 of 8: the sign of mode collapse.",
            },
            "The number of modes that are covered.",
        ),
        Question(
            "A remedy is tried with three learning rates, and the old method with one. What is wrong?",
            {
                "Nothing, if the seeds are the same.": "Seeds do not make up for tries.",
                "The remedy had three chances, the old method one.": "Perhaps a better rate was all that was needed.",
                "Three rates are too few.": "They may be, but first they should be as many for each.",
            },
            "The remedy had three chances, the old method one.",
        ),
    )
)
