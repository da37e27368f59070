"""Plausible wrong answers to the exercises of notebook 21, and a piece of the message that each must get."""

UPDATE = """
def q_update(q, s, a, r, after, ended, alpha, gamma):
    q = q.copy()
    target = {target}
    q[s, a] {move}
    return q
"""
TARGET, MOVE = "r if ended else r + gamma * q[after].max()", "+= alpha * (target - q[s, a])"
PUSH = """
def policy_gradient(logits, action, reward, baseline):
    p, row = softmax(logits), np.eye(len(logits))[action]
    return {push}
"""
PAIR = """
def dpo_loss(a, b, ref_a, ref_b, beta):
    margin = {margin}
    return {loss}
"""
MARGIN, LOG = "(a - ref_a) - (b - ref_b)", "np.log(1 + np.exp(-beta * margin))"
LOSS = """
def grpo_loss(logs, old, reference, rewards, epsilon, beta):
    advantage = group_advantages(rewards)[..., None] * np.ones_like(logs)
    gain = {gain}
    gap = reference - logs
    penalty = np.exp(gap) - gap - 1
    return {loss}
"""
GAIN = "clipped_gain(np.exp(logs - old), advantage, epsilon)"

MISTAKES = {
    "q_update": [
        (UPDATE.format(target=TARGET, move="= target"), "jumped"),
        (UPDATE.format(target=TARGET, move="+= alpha * target"), "subtract the old value"),
        (UPDATE.format(target="r + gamma * q[after].max()", move=MOVE), "nothing comes later"),
        (UPDATE.format(target="r if ended else r + gamma * q[after].mean()", move=MOVE), "largest value"),
        (UPDATE.format(target="r if ended else r + q[after].max()", move=MOVE), "multiply the best next value"),
        (UPDATE.format(target=TARGET, move=MOVE).replace("q = q.copy()", "pass"), "It changed the table"),
        (UPDATE.format(target=TARGET, move=MOVE).replace("return q", "return q[s, a]"), "whole table"),
    ],
    "smallest_bonus": [
        ("smallest_bonus = 0.05", "smaller bonus"),
        ("smallest_bonus = 0.01", "still arrives"),
        ("smallest_bonus = 0.0205", "multiple of 0.001"),
        ("smallest_bonus = [0.03]", "should be a number"),
    ],
    "policy_gradient": [
        (PUSH.format(push="reward * (row - p)"), "baseline is missing"),
        (PUSH.format(push="(reward - baseline) * (p - row)"), "Turned round"),
        (PUSH.format(push="(reward - baseline) * row"), "Only the drawn token"),
        (PUSH.format(push="(reward - baseline) * (row - logits)"), "not the logits"),
        (PUSH.format(push="(reward - baseline) * p * (row - p)"), "as often as its p"),
        (PUSH.format(push="(reward + baseline) * (row - p)"), "is added"),
        (PUSH.format(push="abs(reward - baseline) * (row - p)"), "below the baseline"),
        (PUSH.format(push="(reward - baseline) * (1 - p[action])"), "Every logit"),
    ],
    "pair_loss": [
        (PAIR.format(margin="a - b", loss=LOG), "reference is missing"),
        (PAIR.format(margin="(b - ref_b) - (a - ref_a)", loss=LOG), "Turned round"),
        (PAIR.format(margin="(a - ref_a) + (b - ref_b)", loss=LOG), "are added"),
        (PAIR.format(margin=MARGIN, loss="1 / (1 + np.exp(-beta * margin))"), "minus its logarithm"),
        (PAIR.format(margin=MARGIN, loss="-np.log(1 + np.exp(-beta * margin))"), "never below 0"),
        (PAIR.format(margin=MARGIN, loss="np.log(1 + np.exp(-margin))"), "hear of beta"),
        (PAIR.format(margin=MARGIN, loss="beta * np.log(1 + np.exp(-margin))"), "into the sigmoid"),
        (PAIR.format(margin=MARGIN, loss="beta * margin"), "log of its sigmoid"),
    ],
    "build_advantages": [
        ("group_scores = lambda r: r - r.mean(axis=1, keepdims=True)", "standard deviation"),
        ("group_scores = lambda r: (r - r.mean()) / r.std()", "own mean"),
        (
            "group_scores = lambda r: (r - r.mean(axis=1, keepdims=True)) / r.std(axis=1, keepdims=True)",
            "no NaN",
        ),
        (
            "group_scores = lambda r: (r - r.mean(1, keepdims=True)) / (r.std(1, ddof=1, keepdims=True) + 1e-9)",
            "without ddof",
        ),
    ],
    "build_gain": [
        ("cautious_gain = lambda ratio, advantage, epsilon: ratio * advantage", "Nothing is clipped"),
        ("cautious_gain = lambda ratio, a, e: np.clip(ratio, 1 - e, 1 + e) * a", "Only clipped"),
        (
            "cautious_gain = lambda ratio, a, e: np.maximum(ratio * a, np.clip(ratio, 1 - e, 1 + e) * a)",
            "smaller one",
        ),
        ("cautious_gain = lambda ratio, a, e: np.minimum(ratio * a, np.clip(ratio, 0.8, 1.2) * a)", "whatever epsilon"),
    ],
    "build_loss": [
        (LOSS.format(gain=GAIN, loss="(gain - beta * penalty).mean()"), "the loss is its negative"),
        (LOSS.format(gain=GAIN, loss="-gain.mean()"), "leash is missing"),
        (LOSS.format(gain=GAIN, loss="-(gain + beta * penalty).mean()"), "pays for going away"),
        (LOSS.format(gain="np.exp(logs - old) * advantage", loss="-(gain - beta * penalty).mean()"), "not clipped"),
        (LOSS.format(gain=GAIN, loss="-gain.mean() + beta * (logs - reference).mean()"), "can be negative"),
        (LOSS.format(gain=GAIN, loss="-(gain - beta * penalty)"), "one number"),
    ],
}
