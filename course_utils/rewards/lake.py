"""The frozen lake of gymnasium as three tables: what its best policy is worth, and many learners of it at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

ACTIONS = "←↓→↑"  # 0, 1, 2, 3 as gymnasium numbers them
LIMIT = 100  # steps until gymnasium ends a walk


@dataclass(frozen=True)
class Lake:
    """What can happen on a lake: each action in each state has three outcomes, all with the probability 1/3.

    Parameters
    ----------
    letters : tuple of str
        The rows of the map: S start, F frozen, H hole, G goal.
    to, reward, ended : ndarray, shape (n_states, 4, 3)
        The state that follows, what is paid, and whether the walk is over.
    """

    letters: tuple[str, ...]
    to: np.ndarray
    reward: np.ndarray
    ended: np.ndarray

    @property
    def n_states(self) -> int:
        """How many squares there are, counted row by row."""
        return len(self.to)


def frozen_lake() -> Lake:
    """Read the 4 × 4 slippery lake of gymnasium: one goes where one wants, or to the left or right of that.

    Examples
    --------
    >>> lake = frozen_lake()
    >>> lake.letters
    ('SFFF', 'FHFH', 'FFFH', 'HFFG')
    >>> lake.to[14, 2].tolist(), lake.reward[14, 2].tolist()
    ([14, 15, 10], [0.0, 1.0, 0.0])
    """
    import gymnasium

    env = gymnasium.make("FrozenLake-v1").unwrapped
    letters = tuple("".join(letter.decode() for letter in row) for row in env.desc)
    rows = [[(3 * env.P[s][a])[:3] for a in range(4)] for s in range(env.observation_space.n)]
    to, reward, ended = (np.array([[[out[k] for out in a] for a in s] for s in rows]) for k in (1, 2, 3))
    env.close()
    return Lake(letters, to, reward.astype(float), ended)


def check_lake(lake: Lake) -> Lake:
    """Return a lake, if it is one."""
    if not isinstance(lake, Lake):
        raise InputError(f"A lake comes from frozen_lake(), and this is {type(lake).__name__}.")
    return lake


def with_bonus(lake: Lake, state: int, bonus: float) -> Lake:
    """Return the lake with ``bonus`` added to the reward of every step that comes to ``state``."""
    state = check_whole("state", state, 0, check_lake(lake).n_states - 1)
    return replace(lake, reward=lake.reward + check_number("bonus", bonus, 0) * (lake.to == state))


def with_potential(lake: Lake, potential: np.ndarray, gamma: float) -> Lake:
    """Return the lake with ``gamma * potential[after] - potential[before]`` added to the reward of every step.

    The potential of a state in which the walk is over counts as 0. Such an addition leaves the best policy as it was
    (Ng, Harada and Russell, 1999).
    """
    potential = np.asarray(potential, dtype=float)
    if potential.shape != (check_lake(lake).n_states,):
        raise InputError(f"A potential is a number for each of the {lake.n_states} states, and has {potential.shape}.")
    after = np.where(lake.ended, 0.0, potential[lake.to])
    return replace(lake, reward=lake.reward + gamma * after - potential[:, None, None])


def iterate_values(lake: Lake, gamma: float = 0.99, sweeps: int = 2000) -> np.ndarray:
    """Return the action values of the best policy, ``(n_states, 4)``, by value iteration (Bellman, 1957).

    Examples
    --------
    >>> float(iterate_values(frozen_lake())[0].max().round(3))
    0.542
    """
    gamma, q = check_number("gamma", gamma, 0, 1), np.zeros((check_lake(lake).n_states, 4))
    for _ in range(check_whole("sweeps", sweeps, 1)):
        q = (lake.reward + gamma * np.where(lake.ended, 0.0, q.max(axis=1)[lake.to])).mean(axis=2)
    return q


def follow(lake: Lake, policies: np.ndarray, limit: int = LIMIT) -> tuple[np.ndarray, np.ndarray]:
    """Compute, without a walk, what policies reach from the start within ``limit`` steps.

    Parameters
    ----------
    policies : ndarray of int, shape (n_policies, n_states)
        The action of each policy in each state.

    Returns
    -------
    (arrival, paid) : ndarrays, shape (n_policies,)
        The probability to arrive at the goal, and the expected sum of the lake's rewards.

    Examples
    --------
    >>> lake = frozen_lake()
    >>> arrival, paid = follow(lake, iterate_values(lake).argmax(axis=1)[None])
    >>> arrival.round(2), paid.round(2)
    (array([0.74]), array([0.74]))
    """
    policies = np.atleast_2d(policies)
    n, rows = len(policies), np.arange(check_lake(lake).n_states)
    to, ended = lake.to[rows, policies], lake.ended[rows, policies]  # (n_policies, n_states, 3)
    pay = lake.reward[rows, policies].mean(axis=2)
    goal = "".join(lake.letters).index("G")
    chance = np.zeros((n, lake.n_states, lake.n_states))
    where = np.broadcast_to(np.arange(n)[:, None, None], to.shape), np.broadcast_to(rows[:, None], to.shape), to
    np.add.at(chance, where, 1 / 3)
    here, arrival, paid = np.eye(lake.n_states)[np.zeros(n, dtype=int)], np.zeros(n), np.zeros(n)
    over = np.zeros(lake.n_states, dtype=bool)
    over[to[ended]] = True
    for _ in range(limit):
        paid += (here * pay).sum(axis=1)
        here = np.einsum("ns,nst->nt", here, chance)
        arrival += here[:, goal]
        here[:, over] = 0.0
    return arrival, paid


def learn_q(
    lake: Lake,
    epsilons: np.ndarray,
    *,
    alpha: float = 0.1,
    gamma: float = 0.99,
    n_steps: int = 40_000,
    n_looks: int = 20,
    start: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Let many learners walk at once, each with its own table of action values and its own ε, by Q-learning.

    Parameters
    ----------
    epsilons : ndarray, shape (n_learners,)
        How often each learner takes a random action.
    alpha, gamma, start : float
        The size of a step towards the target, the discount, and the first value of all entries.
    n_steps, n_looks : int
        Steps of each learner, and how often its table is kept.

    Returns
    -------
    (steps, tables, paid) : ndarrays, shapes (n_looks,), (n_looks, n_learners, n_states, 4) and (n_learners,)
        When it was looked, the tables then, and the reward that each learner got for a step of its learning.

    Notes
    -----
    Watkins and Dayan (1992). Equal values are decided by chance, and a walk ends after 100 steps as in gymnasium; a
    walk that was cut off is no end for the update.
    """
    epsilons = np.atleast_1d(np.asarray(epsilons, dtype=float))
    if not ((epsilons >= 0) & (epsilons <= 1)).all():
        raise InputError("An epsilon is a probability, from 0 to 1.")
    alpha, rng = check_number("alpha", alpha, 0, 1), np.random.default_rng(check_whole("seed", seed, 0))
    n, learners = len(epsilons), np.arange(len(epsilons))
    q, s, age = np.full((n, check_lake(lake).n_states, 4), float(start)), np.zeros(n, dtype=int), np.zeros(n, dtype=int)
    paid, looks, tables = np.zeros(n), np.linspace(0, n_steps, n_looks + 1).astype(int)[1:], []
    for step in range(1, n_steps + 1):
        row = q[learners, s]
        a = ((row == row.max(axis=1, keepdims=True)) * rng.random(row.shape)).argmax(axis=1)
        a = np.where(rng.random(n) < epsilons, rng.integers(4, size=n), a)
        outcome = s, a, rng.integers(3, size=n)
        after, reward, ended = lake.to[outcome], lake.reward[outcome], lake.ended[outcome]
        target = reward + gamma * np.where(ended, 0.0, q[learners, after].max(axis=1))
        q[learners, s, a] += alpha * (target - q[learners, s, a])
        paid, age = paid + reward, age + 1
        over = ended | (age >= LIMIT)
        s, age = np.where(over, 0, after), np.where(over, 0, age)
        if step in looks:
            tables.append(q.copy())
    return looks, np.array(tables), paid / n_steps
