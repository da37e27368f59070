"""CartPole, many poles at once: the same steps as gymnasium's, a policy of four numbers, and a table of cells.

A state is ``(position, speed, angle, turning speed)``, an action 0 (push to the left) or 1 (to the right). A step pays
1, and an episode ends when the cart is more than 2.4 from the middle, the pole leans by more than 12 degrees, or after
500 steps (Barto, Sutton and Anderson, 1983; gymnasium's CartPole-v1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from course_utils.common.checks import check_number, check_whole
from course_utils.common.errors import InputError

GRAVITY, CART, POLE, HALF, FORCE, TIME = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
FAR, LEAN, LIMIT = 2.4, 12 * 2 * math.pi / 360, 500
SCALE = np.array([2.4, 2.0, 0.21, 2.0])  # about the largest numbers that occur, so that features are about one
EDGES = (
    np.array([-1.6, 0.0, 1.6]),
    np.array([-1.2, -0.4, 0.4, 1.2]),
    np.linspace(-0.15, 0.15, 7),
    np.linspace(-1.4, 1.4, 6),
)
N_CELLS = math.prod(len(edges) + 1 for edges in EDGES)  # 1,120


def move(states: np.ndarray, actions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move many carts by one step: states ``(n, 4)`` and actions ``(n,)`` to the next states and who fell, ``(n,)``.

    Sine and cosine are sums of powers: NumPy's may round differently on another processor, and a standing pole makes a
    difference a hundred times larger in a second of its time.

    Examples
    --------
    >>> states, fell = move(np.array([[0.0, 0.0, 0.0, 0.0], [2.39, 1.0, 0.0, 0.0]]), np.array([1, 1]))
    >>> states[0].round(3).tolist(), fell.tolist()
    ([0.0, 0.195, 0.0, -0.293], [False, True])
    """
    position, speed, angle, turn = states.T
    square = angle * angle
    sine = angle * (1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72 * (1 - square / 110)))))
    cosine = 1 - square / 2 * (1 - square / 12 * (1 - square / 30 * (1 - square / 56 * (1 - square / 90))))
    mass = CART + POLE
    push = (np.where(actions == 1, FORCE, -FORCE) + POLE * HALF * turn * turn * sine) / mass
    bend = (GRAVITY * sine - cosine * push) / (HALF * (4 / 3 - POLE * cosine * cosine / mass))
    pull = push - POLE * HALF * bend * cosine / mass
    states = np.stack([position + TIME * speed, speed + TIME * pull, angle + TIME * turn, turn + TIME * bend], axis=1)
    return states, (np.abs(states[:, 0]) > FAR) | (np.abs(states[:, 2]) > LEAN)


@dataclass(frozen=True)
class Episodes:
    """What a policy did in some episodes, each array ``(n_steps, n_episodes, ...)``; ``there`` says who still stood.

    ``features`` are the states divided by `SCALE`, or the numbers of their cells where the policy is a table of cells;
    ``actions`` are 0 or 1, and ``chances`` the probabilities of action 1.
    """

    features: np.ndarray
    actions: np.ndarray
    chances: np.ndarray
    there: np.ndarray

    @property
    def lengths(self) -> np.ndarray:
        """How many steps each episode lasted, which is what it paid: ``(n_episodes,)``."""
        return self.there.sum(axis=0)

    @property
    def score(self) -> np.ndarray:
        """The gradient of the log-probability of each action by the policy's four numbers."""
        return (self.actions - self.chances)[..., None] * self.features  # (n_steps, n_episodes, 4)

    def returns(self, gamma: float) -> np.ndarray:
        """Return the discounted sum of the rewards from each step on: ``(n_steps, n_episodes)``."""
        found, later = np.zeros(self.there.shape), 0.0
        for step in range(len(found) - 1, -1, -1):
            later = self.there[step] * (1 + gamma * later)
            found[step] = later
        return found


def play(theta: np.ndarray, n_episodes: int, rng: np.random.Generator) -> Episodes:
    """Play episodes with the policy that pushes to the right with the probability sigmoid(``theta`` · features).

    A ``theta`` of 1,120 numbers is a table: the probability is sigmoid(the number of the state's cell).
    """
    theta = np.asarray(theta, dtype=float)
    if theta.shape not in ((4,), (N_CELLS,)):
        raise InputError(f"theta has four numbers, or one for each of {N_CELLS} cells, and its shape is {theta.shape}.")
    states, there, kept = rng.uniform(-0.05, 0.05, (n_episodes, 4)), np.ones(n_episodes, dtype=bool), []
    while there.any() and len(kept) < LIMIT:
        features = states / SCALE if len(theta) == 4 else cell_of(states)
        chances = 1 / (1 + np.exp(-(features * theta).sum(axis=1) if len(theta) == 4 else -theta[features]))
        actions = (rng.random(n_episodes) < chances).astype(int)
        kept.append((features, actions, chances, there))
        states, fell = move(states, actions)
        there = there & ~fell
        states = np.where(there[:, None], states, 0.0)
    return Episodes(*map(np.array, zip(*kept, strict=True)))


@dataclass
class Baseline:
    """Guesses the return of a state: a least-squares fit to the *previous* episodes, so that it knows no action yet."""

    weights: np.ndarray | None = field(default=None)

    def guess(self, episodes: Episodes) -> np.ndarray:
        """Return the guessed return of each state, ``(n_steps, n_episodes)``; 0 before the first fit."""
        if self.weights is None:
            return np.zeros(episodes.there.shape)
        return self._rows(episodes) @ self.weights

    def fit(self, episodes: Episodes, returns: np.ndarray) -> None:
        """Fit to what has come of the states."""
        rows, there = self._rows(episodes), episodes.there
        x, y = rows[there], returns[there]
        self.weights = np.linalg.solve(x.T @ x + 1e-3 * len(x) * np.eye(x.shape[1]), x.T @ y)

    @staticmethod
    def _rows(episodes: Episodes) -> np.ndarray:
        x = episodes.features
        late = np.broadcast_to(np.arange(len(x))[:, None, None] / LIMIT, (*x.shape[:2], 1))
        one, other = np.triu_indices(4)
        pairs = x[..., one] * x[..., other]
        return np.concatenate([np.ones_like(late), late, late**2, x, pairs], axis=-1)


def reinforce(
    learning_rate: float,
    *,
    baseline: bool = False,
    cells: bool = False,
    n_steps: int = 100_000,
    n_episodes: int = 16,
    gamma: float = 0.99,
    seed: int,
) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """Learn the four numbers of a policy by REINFORCE, from batches of episodes, until ``n_steps`` steps are used up.

    With ``cells`` the policy is a table with one logit for each of 1,120 cells, without a baseline.

    Returns
    -------
    (theta, curve) : ndarray, shape (4,) or (1120,), and list of (steps used, mean length of the batch)

    Notes
    -----
    Williams (1992). The gradient is the mean over all steps of return (minus baseline) times score.
    """
    rng, theta, used, curve, judge = np.random.default_rng(seed), np.zeros(N_CELLS if cells else 4), 0, [], Baseline()
    check_number("learning_rate", learning_rate, 0)
    if baseline and cells:
        raise InputError("The baseline is fitted to the four numbers of a state: take cells or baseline, not both.")
    while used < n_steps:
        episodes = play(theta, n_episodes, rng)
        returns = episodes.returns(gamma)
        advantage = returns - judge.guess(episodes) if baseline else returns
        theta = theta + learning_rate * mean_gradient(episodes, advantage)
        if baseline:
            judge.fit(episodes, returns)
        used += int(episodes.there.sum())
        curve.append((used, float(episodes.lengths.mean())))
    return theta, curve


def mean_gradient(episodes: Episodes, advantage: np.ndarray) -> np.ndarray:
    """Return the mean of advantage times score over all steps that were made: ``(4,)``, or ``(1120,)`` for cells."""
    if episodes.features.ndim == 2:
        seen, pushes = episodes.features[episodes.there], advantage * (episodes.actions - episodes.chances)
        return np.bincount(seen, pushes[episodes.there], minlength=N_CELLS) / len(seen)
    return (advantage[..., None] * episodes.score)[episodes.there].mean(axis=0)


def cell_of(states: np.ndarray) -> np.ndarray:
    """Return the number of the cell that each state lies in, ``(n, 4) -> (n,)``: 4 · 5 · 8 · 7 of them by `EDGES`."""
    cell = np.zeros(len(states), dtype=int)
    for column, edges in enumerate(EDGES):
        cell = cell * (len(edges) + 1) + edges.searchsorted(states[:, column])
    return cell


def learn_cells(
    alpha: float, epsilon: float, *, n_steps: int = 100_000, n_poles: int = 16, gamma: float = 0.99, seed: int
) -> tuple[np.ndarray, list[tuple[int, float]]]:
    """Learn action values of cells by Q-learning, with poles side by side that share the table; ε falls to 0.

    Returns
    -------
    (q, curve) : ndarray, shape (1120, 2), and list of (steps used, length of an episode that has just ended)
    """
    rng, alpha = np.random.default_rng(check_whole("seed", seed, 0)), check_number("alpha", alpha, 0, 1)
    q, curve = np.zeros((N_CELLS, 2)), []
    states, age = rng.uniform(-0.05, 0.05, (n_poles, 4)), np.zeros(n_poles, dtype=int)
    for step in range(n_steps // n_poles):
        s, explore = cell_of(states), epsilon * (1 - step * n_poles / n_steps)
        row = q[s]
        a = np.where(row[:, 0] == row[:, 1], rng.integers(2, size=n_poles), row.argmax(axis=1))
        a = np.where(rng.random(n_poles) < explore, rng.integers(2, size=n_poles), a)
        states, fell = move(states, a)
        age += 1
        target = 1 + gamma * np.where(fell, 0.0, q[cell_of(states)].max(axis=1))
        np.add.at(q, (s, a), alpha * (target - q[s, a]))
        over = fell | (age >= LIMIT)
        curve += [((step + 1) * n_poles, float(length)) for length in age[over]]
        states = np.where(over[:, None], rng.uniform(-0.05, 0.05, (n_poles, 4)), states)
        age[over] = 0
    return q, curve


def lengths_by(curve: list[tuple[int, float]], grid: np.ndarray) -> np.ndarray:
    """Return the mean length of the episodes since the last point of a grid, or the last mean where none ended.

    Examples
    --------
    >>> lengths_by([(10, 4.0), (15, 6.0), (35, 9.0)], np.array([20, 30, 40]))
    array([5., 5., 9.])
    """
    used, lengths = np.array(curve).T
    found, before, last = [], 0.0, lengths[0]
    for place in grid:
        some = lengths[(used > before) & (used <= place)]
        last, before = some.mean() if len(some) else last, place
        found.append(last)
    return np.array(found)


def judge_policy(policy: np.ndarray, n_episodes: int = 100, seed: int = 10_000) -> float:
    """Return the mean length of episodes in which always the better action is taken.

    ``policy`` is the four numbers or the logits by cell of `reinforce`, or the table of `learn_cells`.
    """
    policy, rng = np.asarray(policy), np.random.default_rng(seed)
    if policy.shape == (N_CELLS,):
        policy = np.stack([np.zeros(N_CELLS), policy], axis=1)  # a logit above 0 is a push to the right
    if policy.shape != (4,) and (policy.ndim != 2 or policy.shape[1] != 2):
        raise InputError(f"A policy is four numbers or a table of two columns, and this has the shape {policy.shape}.")
    states, there, total = rng.uniform(-0.05, 0.05, (n_episodes, 4)), np.ones(n_episodes, dtype=bool), 0
    for _ in range(LIMIT):
        total += int(there.sum())
        if policy.ndim == 1:
            actions = ((states / SCALE * policy).sum(axis=1) > 0).astype(int)
        else:
            actions = policy[cell_of(states)].argmax(axis=1)
        states, fell = move(states, actions)
        there &= ~fell
        states = np.where(there[:, None], states, 0.0)
    return total / n_episodes
