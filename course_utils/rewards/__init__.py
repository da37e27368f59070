"""Learning from reward: bandits, a frozen lake, a pole to balance, a language model, and preferences."""

from course_utils.rewards.bandits import draw_arms, explore_evenly, pull_many, upper_bounds
from course_utils.rewards.lake import (
    Lake,
    follow,
    frozen_lake,
    iterate_values,
    learn_q,
    with_bonus,
    with_potential,
)
from course_utils.rewards.policy import (
    best_on_leash,
    clipped_gain,
    divergence,
    dpo_loss,
    exact_gradient,
    group_advantages,
    sampled_gradients,
)

__all__ = [
    "Lake",
    "best_on_leash",
    "clipped_gain",
    "divergence",
    "dpo_loss",
    "draw_arms",
    "exact_gradient",
    "explore_evenly",
    "follow",
    "frozen_lake",
    "group_advantages",
    "iterate_values",
    "learn_q",
    "pull_many",
    "sampled_gradients",
    "upper_bounds",
    "with_bonus",
    "with_potential",
]
