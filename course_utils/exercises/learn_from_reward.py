"""Exercises of notebook 21: an update, a bonus that spoils, a push from one sample, and the losses of DPO and GRPO."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from course_utils.attention import softmax
from course_utils.exercises import Exercise, Wrong, call
from course_utils.exercises.quiz import Question, Quiz
from course_utils.rewards import (
    clipped_gain,
    dpo_loss,
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


def _softmax_setting() -> dict[str, Any]:
    return {"np": np, "softmax": softmax}


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


def _test_policy_gradient(function: Any) -> str:
    logits, reward, baseline = np.array([1.0, 0.5, 0.0]), 2.0, 0.5
    p, row = softmax(logits), np.array([0.0, 1.0, 0.0])
    found = np.asarray(call(function, logits.copy(), 1, reward, baseline))
    if found.shape != logits.shape:
        raise Wrong(f"Every logit gets a push, so the shape is {logits.shape}, and yours is {found.shape}.")
    wrong = {
        "The baseline is missing: the push is as strong as the reward is above it.": reward * (row - p),
        "Turned round: a token with more than the baseline must become more probable.": 1.5 * (p - row),
        "Only the drawn token is pushed: take p away from its one-hot row, so that the others give way.": 1.5 * row,
        "Take the probabilities away, and not the logits: p = softmax(logits).": 1.5 * (row - logits),
        "You multiply by p as well. A token is drawn as often as its p says, so p is in the mean already.": 1.5
        * p
        * (row - p),
        "The baseline is added: it is taken away from the reward.": 2.5 * (row - p),
    }
    for message, numbers in wrong.items():
        if np.allclose(found, numbers):
            raise Wrong(message)
    if not np.allclose(found, 1.5 * (row - p)):
        raise Wrong(f"The push should be {(1.5 * (row - p)).round(3)}, and yours is {found.round(3)}.")
    below = np.asarray(call(function, logits.copy(), 0, 0.2, baseline))
    if not np.allclose(below, -0.3 * (np.eye(3)[0] - p)):
        raise Wrong("A reward below the baseline pushes the token down: keep the sign of reward - baseline.")
    return "One token was drawn, and all three logits move; their pushes add up to 0."


def _test_dpo_loss(function: Any) -> str:
    pair, beta = (-80.0, -95.0, -84.0, -92.0), 0.1  # a has gained 4 nats on the reference, b has lost 3
    found = np.asarray(call(function, *pair, beta))
    if found.shape != ():
        raise Wrong(f"The loss of one pair is one number, and yours has the shape {found.shape}.")
    sigmoid = 1 / (1 + np.exp(-0.7))
    wrong = {
        "The reference is missing: what counts is how much each text has gained on it.": dpo_loss([15.0], beta),
        "Turned round: a was preferred, so the loss must fall when a gains.": dpo_loss([-7.0], beta),
        "The two gains are added: b should gain less than a, so subtract.": dpo_loss([1.0], beta),
        "That is the probability that a is preferred. The loss is minus its logarithm.": sigmoid,
        "The loss is minus the logarithm, so that it is never below 0.": np.log(sigmoid),
        "The loss does not hear of beta: multiply the difference by it.": dpo_loss([7.0], 1.0),
        "Beta belongs into the sigmoid: it multiplies the difference and not the loss.": beta * dpo_loss([7.0], 1.0),
        "That is beta times the difference: the loss is minus the log of its sigmoid.": 0.7,
    }
    for message, number in wrong.items():
        if np.isclose(found, number, rtol=1e-4):
            raise Wrong(message)
    if not np.isclose(found, dpo_loss([7.0], beta)):
        raise Wrong(f"a gained 4 nats and b lost 3: the loss should be {dpo_loss([7.0], beta):.4f}, not {found:.4f}.")
    if not np.isclose(call(function, -80.0, -95.0, -80.0, -95.0, 0.3), np.log(2)):
        raise Wrong("Where neither text has gained anything the loss is log 2, whatever beta is.")
    return "Both texts may become less likely, and the loss falls as long as the worse one loses more."


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

policy_gradient = Exercise(
    "policy_gradient",
    _test_policy_gradient,
    (
        "p = softmax(logits), and np.eye(len(logits))[action] is the one-hot row of the token that was drawn.",
        "What the token earned above the baseline, times (one-hot row minus p).",
    ),
    """
    def policy_gradient(logits, action, reward, baseline):
        return (reward - baseline) * (np.eye(len(logits))[action] - softmax(logits))
    """,
    _softmax_setting,
)

pair_loss = Exercise(
    "dpo_loss",
    _test_dpo_loss,
    (
        "These are logarithms already, so the log of p(a) / p_ref(a) is a - ref_a.",
        "margin = beta * ((a - ref_a) - (b - ref_b)), and sigmoid(margin) is 1 / (1 + np.exp(-margin)).",
        "-log sigmoid(margin) is also np.logaddexp(0, -margin), which holds for large numbers too.",
    ),
    """
    def dpo_loss(a, b, ref_a, ref_b, beta):
        return np.logaddexp(0, -beta * ((a - ref_a) - (b - ref_b)))
    """,
    _numbers_setting,
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
            "A learner always takes the arm with the best mean so far. What can go wrong?",
            {
                "Nothing: it always finds the best arm in the end.": "An unlucky arm may never be pulled again.",
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
                "The same bonus, taken back on leaving the square.": "A potential: around a loop it gains nothing.",
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
