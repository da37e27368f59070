"""Plausible wrong answers to the exercises of notebook 21, and a piece of the message that each must get."""

ARM = """
def choose_arm(means, counts, t, c):
    bounds = means + c * {width}
    return {answer}
"""
WIDTH = "np.sqrt(np.log(t) / np.maximum(counts, 1))"
UNPULLED = "np.argmax(np.where(counts == 0, np.inf, bounds))"
UPDATE = """
def q_update(q, s, a, r, after, ended, alpha, gamma):
    q = q.copy()
    target = {target}
    q[s, a] {move}
    return q
"""
TARGET, MOVE = "r if ended else r + gamma * q[after].max()", "+= alpha * (target - q[s, a])"
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
    "choose_arm": [
        ("choose_arm = lambda means, counts, t, c: np.argmax(means)", "never pulled"),
        (ARM.format(width=WIDTH, answer="bounds"), "number of one arm"),
        (ARM.format(width="0", answer=UNPULLED), "few pulls"),
        (ARM.format(width="np.sqrt(np.log(t)) * np.ones(len(means))", answer=UNPULLED), "few pulls"),
        (ARM.format(width="np.sqrt(t / np.maximum(counts, 1))", answer=UNPULLED), "too much curiosity"),
        ("choose_arm = 1", "should be a function"),
    ],
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
