"""Exercises of notebook 21: an arm by its upper bound, one update, a bonus that spoils, and the loss of GRPO."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.rewards import (
    clipped_gain,
    follow,
    frozen_lake,
    group_advantages,
    iterate_values,
    with_bonus,
)

SQUARE, GAMMA = 2, 0.99  # where the bonus is paid, and the discount of the lesson


def _numbers_setting() -> dict[str, Any]:
    return {"np": np}


def _lake_setting() -> dict[str, Any]:
    names = {"follow": follow, "iterate_values": iterate_values, "with_bonus": with_bonus}
    return {"np": np, "lake": frozen_lake(), "square": SQUARE, **names}


def _grpo_setting() -> dict[str, Any]:
    return {"np": np, "group_advantages": group_advantages, "clipped_gain": clipped_gain}


@functools.cache
def arrival_with(bonus: float) -> float:
    """Return how likely the best policy is to arrive when a step to square 2 pays ``bonus`` more.

    Examples
    --------
    >>> round(arrival_with(0.0), 2)
    0.74
    """
    paying = with_bonus(frozen_lake(), SQUARE, bonus)
    return float(follow(paying, iterate_values(paying, GAMMA).argmax(axis=1)[None])[0][0])


def _test_choose_arm(function: Any) -> str:
    means, counts = np.array([0.6, 0.5, 0.55]), np.array([60, 4, 36])
    first = call(function, means, np.array([3, 0, 2]), 5, 1.0)
    if np.ndim(first) or int(first) != first:
        raise Wrong("The answer should be the number of one arm, such as np.argmax gives it.")
    if int(first) != 1:
        raise Wrong("An arm that was never pulled comes first: its bound is infinite.")
    found = [int(call(function, means, counts, 100, c)) for c in (0.0, 0.2, 1.0)]
    if found[2] == 0:
        raise Wrong("With c = 1 the arm with few pulls has the highest bound: add c * sqrt(log(t) / n) to the mean.")
    if found[0] != 0:
        raise Wrong("With c = 0 only the means count, and arm 0 has the highest.")
    if found != [0, 1, 1]:
        raise Wrong(f"For c = 0, 0.2 and 1 the arms should be 0, 1 and 1, and yours are {found}.")
    if int(call(function, np.array([0.5, 0.5]), np.array([400, 100]), 500, 0.5)) != 1:
        raise Wrong("Of two equal means, the one with fewer pulls has the higher bound: divide by n inside the root.")
    many = np.array([0.5, 0.2]), np.array([10_000, 4])
    if int(call(function, *many, 10_004, 0.15)) != 0:
        raise Wrong("That is too much curiosity: the bound grows with the logarithm of t, and under a root.")
    return "An arm is chosen because it is good, or because it is hardly known, and the bound adds the two."


def _test_q_update(function: Any) -> str:
    q = np.array([[0.0, 0.5], [0.2, 1.0], [0.0, 0.0]])
    given = q.copy()
    found = np.asarray(call(function, q, 0, 1, 0.3, 1, False, 0.5, 0.9))
    if not np.array_equal(q, given):
        raise Wrong("It changed the table that it was given: begin with q = q.copy().")
    if found.shape != q.shape:
        raise Wrong(f"The answer is the whole table, {q.shape}, and yours has the shape {found.shape}.")
    target = 0.3 + 0.9 * 1.0
    if np.isclose(found[0, 1], target):
        raise Wrong("The entry jumped onto the target: go only the share alpha of the way.")
    if np.isclose(found[0, 1], 0.5 + 0.5 * target):
        raise Wrong("You added alpha * target: subtract the old value from the target first.")
    if np.isclose(found[0, 1], 0.5 + 0.5 * (0.3 + 0.9 * 0.2 - 0.5)) or np.isclose(
        found[0, 1], 0.5 + 0.5 * (0.84 - 0.5)
    ):
        raise Wrong("After the step one may choose the best action: the target has the largest value of that row.")
    if np.isclose(found[0, 1], 0.5 + 0.5 * (1.3 - 0.5)):
        raise Wrong("What comes later counts less: multiply the best next value by gamma.")
    if not np.isclose(found[0, 1], 0.5 + 0.5 * (target - 0.5)):
        raise Wrong(f"The entry of state 0, action 1 should be 0.85, and yours is {found[0, 1]:.3g}.")
    if not np.allclose(np.delete(found.ravel(), 1), np.delete(q.ravel(), 1)):
        raise Wrong("Only the entry of this state and action moves.")
    over = np.asarray(call(function, q, 0, 1, 0.3, 1, True, 0.5, 0.9))
    if not np.isclose(over[0, 1], 0.4):
        raise Wrong("When the walk is over nothing comes later: the target is the reward alone.")
    return "The difference between target and entry is called the temporal-difference error."


def _test_smallest_bonus(answer: Any) -> str:
    if isinstance(answer, bool) or not isinstance(answer, int | float | np.number):
        raise Wrong("smallest_bonus should be a number, such as 0.05.")
    grid = round(float(answer) * 1000)
    if abs(grid - 1000 * float(answer)) > 1e-6 or not 0 <= grid <= 100:
        raise Wrong("The bonus should be a multiple of 0.001 between 0 and 0.1.")
    arrival = arrival_with(grid / 1000)
    if arrival >= 0.5:
        raise Wrong(f"With {grid / 1000:.3f} the best policy still arrives with probability {arrival:.2f}.")
    if arrival_with((grid - 1) / 1000) < 0.5:
        raise Wrong("That spoils it, and a smaller bonus does so too: search from below, in steps of 0.001.")
    below = arrival_with((grid - 1) / 1000)
    return f"With {grid - 1} thousandths it arrives with probability {below:.2f}, with {grid} only with {arrival:.2f}."


def _test_group_advantages(function: Any) -> str:
    rewards = np.array([[1.0, 0.0, 0.0, 3.0], [10.0, 12.0, 11.0, 11.0]])
    found, wanted = np.asarray(call(function, rewards)), group_advantages(rewards)
    if found.shape != rewards.shape:
        raise Wrong(f"Each answer gets an advantage: the shape is {rewards.shape}, and yours is {found.shape}.")
    if np.allclose(found, rewards - rewards.mean(axis=1, keepdims=True)):
        raise Wrong("The mean is gone: divide by the standard deviation of the group as well.")
    if np.allclose(found, (rewards - rewards.mean()) / rewards.std()):
        raise Wrong("You compare all answers with each other. Each group has its own mean and deviation: axis=1.")
    if np.allclose(found, wanted * np.sqrt(3 / 4)):
        raise Wrong("Use the deviation of the group itself, np.std without ddof.")
    if not np.allclose(found, wanted, atol=1e-4):
        raise Wrong(f"The first group should get {wanted[0].round(2)}, and yours gets {found[0].round(2)}.")
    with np.errstate(all="ignore"):
        equal = np.asarray(call(function, np.ones((1, 4))))
    if not np.allclose(equal, 0):
        raise Wrong("Where all answers get the same reward the deviation is 0: the advantages should be 0, and no NaN.")
    return "A group that is all right or all wrong teaches nothing: its advantages are 0."


def _test_clipped_gain(function: Any) -> str:
    ratio, advantage = np.array([1.5, 0.5, 1.5, 0.5, 1.1]), np.array([1.0, 1.0, -1.0, -1.0, 2.0])
    found, wanted = np.asarray(call(function, ratio, advantage, 0.2)), clipped_gain(ratio, advantage, 0.2)
    if found.shape != wanted.shape:
        raise Wrong(f"There is a gain for each action: {wanted.shape}, and yours has the shape {found.shape}.")
    if np.allclose(found, ratio * advantage):
        raise Wrong("Nothing is clipped: with a ratio of 1.5 and an advantage of 1 the gain stops at 1.2.")
    if np.allclose(found, np.clip(ratio, 0.8, 1.2) * advantage):
        raise Wrong("Only clipped: take the smaller of the clipped and the plain product, so that no harm is hidden.")
    if np.allclose(found, np.maximum(ratio * advantage, np.clip(ratio, 0.8, 1.2) * advantage)):
        raise Wrong("You take the larger of the two. PPO is cautious and takes the smaller one.")
    if not np.allclose(found, wanted):
        raise Wrong(f"The gains should be {wanted.round(2)}, and yours are {found.round(2)}.")
    other = np.asarray(call(function, ratio, advantage, 0.6))
    if not np.allclose(other, clipped_gain(ratio, advantage, 0.6)):
        raise Wrong("It clips at 0.8 and 1.2 whatever epsilon is: clip between 1 - epsilon and 1 + epsilon.")
    return "A good action gains nothing beyond 1 + ε, and a bad one nothing below 1 - ε, so there the gradient is 0."


def grpo_by_hand(
    logs: np.ndarray, old: np.ndarray, reference: np.ndarray, rewards: np.ndarray, epsilon: float, beta: float
) -> tuple:
    """Return GRPO's mean clipped gain and mean penalty; log-probabilities are ``(n_groups, n_answers, n_tokens)``.

    Examples
    --------
    >>> logs = np.zeros((1, 2, 3))
    >>> [float(part) for part in grpo_by_hand(logs, logs, logs, np.array([[1.0, 0.0]]), 0.2, 0.1)]
    [0.0, 0.0]
    """
    advantage = np.broadcast_to(group_advantages(rewards)[..., None], logs.shape)
    gap = reference - logs
    return clipped_gain(np.exp(logs - old), advantage, epsilon).mean(), (np.exp(gap) - gap - 1).mean()


def _test_grpo_loss(function: Any) -> str:
    rng = np.random.default_rng(0)
    old, reference = -rng.random((2, 4, 5)) * 2, -rng.random((2, 4, 5)) * 2
    logs, rewards = old + rng.normal(0, 0.3, old.shape), rng.integers(0, 4, (2, 4)) * 1.0
    found = np.asarray(call(function, logs, old, reference, rewards, 0.2, 0.5))
    if found.shape != ():
        raise Wrong(f"The loss is one number, and yours has the shape {found.shape}: take the mean over all tokens.")
    gain, penalty = grpo_by_hand(logs, old, reference, rewards, 0.2, 0.5)
    wrong = {
        "A loss goes down where the gain goes up: it is minus the gain.": gain + 0.5 * penalty,
        "That is the gain minus the penalty, which should go up: the loss is its negative.": gain - 0.5 * penalty,
        "The leash pays for going away: add beta times the penalty to the loss.": -gain - 0.5 * penalty,
        "The leash is missing: add beta times the mean of exp(gap) - gap - 1.": -gain,
        "The penalty is not multiplied by beta.": -gain + penalty,
    }
    for message, number in wrong.items():
        if np.isclose(found, number):
            raise Wrong(message)
    plain = (np.exp(logs - old) * np.broadcast_to(group_advantages(rewards)[..., None], logs.shape)).mean()
    if np.isclose(found, -plain + 0.5 * penalty):
        raise Wrong("The ratio is not clipped: use clipped_gain.")
    if np.isclose(found, -gain + 0.5 * (logs - reference).mean()):
        raise Wrong("The mean of logs - reference can be negative: the penalty is exp(gap) - gap - 1.")
    if not np.isclose(found, -gain + 0.5 * penalty):
        raise Wrong(f"The loss should be {-gain + 0.5 * penalty:.4f}, and yours is {float(found):.4f}.")
    return "That is GRPO: no second network that guesses values, only answers to one question beside each other."


choose_arm = Exercise(
    "choose_arm",
    _test_choose_arm,
    (
        "Where counts is 0 the bound is np.inf; np.maximum(counts, 1) avoids a division by 0.",
        "bounds = means + c * np.sqrt(np.log(t) / np.maximum(counts, 1)), then np.where for the unpulled ones.",
        "np.argmax(bounds) is the arm.",
    ),
    """
    def choose_arm(means, counts, t, c):
        bounds = means + c * np.sqrt(np.log(t) / np.maximum(counts, 1))
        return np.argmax(np.where(counts == 0, np.inf, bounds))
    """,
    _numbers_setting,
)

q_update = Exercise(
    "q_update",
    _test_q_update,
    (
        "The target is r, and unless the walk is over also gamma * q[after].max().",
        "q = q.copy(), then q[s, a] += alpha * (target - q[s, a]), then return q.",
    ),
    """
    def q_update(q, s, a, r, after, ended, alpha, gamma):
        q = q.copy()
        target = r if ended else r + gamma * q[after].max()
        q[s, a] += alpha * (target - q[s, a])
        return q
    """,
    _numbers_setting,
)

smallest_bonus = Exercise(
    "smallest_bonus",
    _test_smallest_bonus,
    (
        "Go through np.arange(0, 0.1, 0.001), and stop at the first bonus with which it arrives in less than half.",
        "paying = with_bonus(lake, square, bonus); policy = iterate_values(paying).argmax(axis=1).",
        "follow(paying, policy[None])[0][0] is the probability to arrive.",
    ),
    """
    for thousandths in range(100):
        paying = with_bonus(lake, square, thousandths / 1000)
        policy = iterate_values(paying).argmax(axis=1)
        if follow(paying, policy[None])[0][0] < 0.5:
            smallest_bonus = thousandths / 1000
            break
    """,
    _lake_setting,
)

build_advantages = Exercise(
    "group_scores",
    _test_group_advantages,
    (
        "rewards.mean(axis=1, keepdims=True) is one mean for each row.",
        "A deviation of 0 may be replaced by 1, since what is divided by it is 0: np.where(spread == 0, 1, spread).",
    ),
    """
    def group_scores(rewards):
        spread = rewards.std(axis=1, keepdims=True)
        return (rewards - rewards.mean(axis=1, keepdims=True)) / np.where(spread == 0, 1, spread)
    """,
    _numbers_setting,
)

build_gain = Exercise(
    "cautious_gain",
    _test_clipped_gain,
    (
        "np.clip(ratio, 1 - epsilon, 1 + epsilon) keeps the ratio near 1.",
        "np.minimum takes, for each action, the smaller of the two products.",
    ),
    """
    def cautious_gain(ratio, advantage, epsilon):
        clipped = np.clip(ratio, 1 - epsilon, 1 + epsilon)
        return np.minimum(ratio * advantage, clipped * advantage)
    """,
    _numbers_setting,
)

build_loss = Exercise(
    "grpo_loss",
    _test_grpo_loss,
    (
        "The ratio of each token is np.exp(logs - old); all tokens of an answer share its advantage, [..., None].",
        "gap = reference - logs, and the penalty of a token is np.exp(gap) - gap - 1.",
        "The loss is -(gain - beta * penalty).mean().",
    ),
    """
    def grpo_loss(logs, old, reference, rewards, epsilon, beta):
        advantage = group_advantages(rewards)[..., None]  # (n_groups, n_answers, 1)
        gain = clipped_gain(np.exp(logs - old), advantage * np.ones_like(logs), epsilon)
        gap = reference - logs
        return -(gain - beta * (np.exp(gap) - gap - 1)).mean()
    """,
    _grpo_setting,
)

quiz = Quiz(
    (
        Question(
            "A learner always takes the arm with the best mean so far. What may happen?",
            {
                "It finds the best arm, only later.": "Nothing brings it to an arm whose mean is lower.",
                "It stays for ever with an arm that was lucky early.": "What it never pulls it can never correct.",
                "It pulls all arms equally often.": "It keeps to one arm until another mean is higher.",
            },
            "It stays for ever with an arm that was lucky early.",
        ),
        Question(
            "Why does Q-learning need many walks before the start square has a value?",
            {
                "Because the learning rate is below 1.": "Even with a rate of 1 one step moves only one entry.",
                "Because the reward moves back one entry at a time.": "Each update looks one step ahead.",
                "Because the ice is slippery.": "The same happens on firm ice.",
            },
            "Because the reward moves back one entry at a time.",
        ),
        Question(
            "A bonus for passing a square made the agent stay there. Which addition leaves the best policy as it was?",
            {
                "A bonus twice as large.": "Then it pays even more to stay: the page had 2.41 in a walk, for 1.21.",
                "The same bonus, taken back on leaving the square.": "That is a potential: around a loop it sums to 0.",
                "A bonus for every square.": "Then the agent would rather not arrive either.",
            },
            "The same bonus, taken back on leaving the square.",
        ),
        Question(
            "What does a baseline change in the policy gradient?",
            {
                "Its expected value, towards better actions.": "The expected value stays exactly the same.",
                "Nothing that matters.": "With ten added to all rewards an estimate becomes many times noisier.",
                "How much the estimates scatter.": "What all actions have in common is taken away.",
            },
            "How much the estimates scatter.",
        ),
        Question(
            "The reward counts a word, and the model now writes nothing else. What does a leash of KL do?",
            {
                "It makes each further nat of distance cost something.": "The model stops where a nat no longer pays.",
                "It forbids to write the word twice.": "It knows nothing of words.",
                "It makes the reward a better one.": "The reward stays as it is, and so does what it fails to say.",
                "It lowers the learning rate.": "A slower training arrives at the same place, later.",
            },
            "It makes each further nat of distance cost something.",
        ),
        Question(
            "With PPO's clip at 0.2, a bad token (A < 0) has become 1.5 times as probable. What does it get?",
            {
                "No push, since 1.5 is above 1.2.": "That is so for a good token, A > 0.",
                "Half a push.": "The smaller of the two gains is taken, and that is the unclipped one, 1.5 times A.",
                "The full push back.": "The clip holds only what has moved far enough in the wanted direction.",
            },
            "The full push back.",
        ),
    )
)
