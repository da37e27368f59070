"""Training of the four networks, the two baselines beside them, and the accuracy of each on the test."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from course_utils.architectures.changes import exchange_places, shift_each
from course_utils.architectures.data import Task
from course_utils.architectures.networks import NETWORKS, VARIANTS, build
from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError

BUDGET = 20_000  # parameters behind the entry
N_STEPS, BATCH_SIZE, N_LOOKS = 600, 64, 12
RATES = (0.003, 0.01, 0.03)  # learning rates of the networks
STRENGTHS = (0.1, 1.0, 10.0)  # inverse regularisation of the linear model
TREE_RATES = (0.1, 0.2, 0.4)  # learning rates of the trees
N_TREES = 50
METHODS = ("linear", "trees", *NETWORKS)
SETTINGS = {"linear": STRENGTHS, "trees": TREE_RATES} | dict.fromkeys((*NETWORKS, *VARIANTS), RATES)  # three for each

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Trained:
    """A trained method: what it predicts, the accuracy with which it was chosen, and its number of parameters."""

    predict: Predict
    chosen_with: float
    setting: float
    network: nn.Module | None = None


def train_network(
    name: str,
    task: Task,
    *,
    seed: int = 0,
    rate: float = 0.003,
    n_steps: int = N_STEPS,
    budget: int = BUDGET,
    exchanged: bool = False,
    shifted: bool = False,
) -> Trained:
    """Train one network on a task, and keep it as it was when it chose best.

    Parameters
    ----------
    name : {"MLP", "CNN", "GRU", "Transformer"} or a name of `VARIANTS`
        Which network.
    task : Task
        Its pool is split by the seed into examples that train and examples that choose.
    seed : int
        Of the split, of the first weights, and of the batches.
    rate : float
        The highest learning rate of AdamW (Loshchilov and Hutter, 2019); it falls to 0 along half a cosine.
    n_steps : int
        Batches of 64 examples; twelve times on the way the accuracy on the examples that choose is measured.
    budget : int
        The most parameters behind the entry.
    exchanged : bool
        Whether one fixed random order of places comes first, as in `exchange_places`.
    shifted : bool
        Whether pictures move at random, by up to two pixels, each time they are seen, as in `shift_each`.
    """
    rate, n_steps = check_number("rate", rate, least=1e-6, most=1), check_whole("n_steps", n_steps, N_LOOKS)
    (x, y), chooses = task.split(seed)
    network, rng = build(name, task, budget, seed), np.random.default_rng([seed, 1])
    network = exchange_places(network, task) if exchanged else network
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, n_steps)
    moves = np.random.default_rng([seed, 2])
    chooses = (shift_each(chooses[0], moves), chooses[1]) if shifted else chooses
    best, kept = -1.0, network.state_dict()
    with one_thread():
        for step, batch in enumerate(_batches(len(y), n_steps, rng), 1):
            seen = shift_each(x[batch], moves) if shifted else x[batch]
            loss = functional.cross_entropy(network(torch.from_numpy(seen)), torch.from_numpy(y[batch]))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            if step % (n_steps // N_LOOKS) == 0 and (right := accuracy(predictor(network), chooses)) > best:
                best, kept = right, {key: weight.clone() for key, weight in network.state_dict().items()}
    network.load_state_dict(kept)
    return Trained(predictor(network), best, rate, network.requires_grad_(False))


def train_linear(task: Task, *, seed: int = 0, strength: float = 1.0) -> Trained:
    """Fit a logistic regression on `flat` features; a higher ``strength`` allows larger weights."""
    from sklearn.linear_model import LogisticRegression

    (x, y), chooses = task.split(seed)
    model = LogisticRegression(C=check_number("strength", strength, least=1e-6), max_iter=2000)
    model.fit(flat(task, x), y)

    def predict(x: np.ndarray) -> np.ndarray:
        return model.predict(flat(task, x))

    return Trained(predict, accuracy(predict, chooses), strength)


def train_trees(task: Task, *, seed: int = 0, rate: float = 0.1, n_rounds: int = N_TREES) -> Trained:
    """Grow up to ``n_rounds`` rounds of gradient-boosted trees, and keep as many rounds as choose best.

    A leaf has at least 20 examples, scikit-learn's default, or a tenth of all that train if that is fewer.
    Of a table they get each column as it is, and are told which ones hold words; otherwise `flat` features.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    (x, y), chooses = task.split(seed)
    table = task.columns_of_words > 0
    features = (lambda x: x) if table else (lambda x: flat(task, x))
    model = HistGradientBoostingClassifier(
        learning_rate=check_number("rate", rate, least=1e-6),
        max_iter=check_whole("n_rounds", n_rounds, 1),
        early_stopping=False,
        min_samples_leaf=max(1, min(20, len(y) // 10)),
        categorical_features=list(range(task.columns_of_words)) if table else None,
        random_state=seed,
    )
    model.fit(features(x), y)
    right = [float((guess == chooses[1]).mean()) for guess in model.staged_predict(features(chooses[0]))]
    before_best = int(np.argmax(right))

    def predict(x: np.ndarray) -> np.ndarray:
        return next(itertools.islice(model.staged_predict(features(x)), before_best, None))

    return Trained(predict, max(right), rate)


def train_method(
    name: str, task: Task, *, setting: float, seed: int = 0, n_rounds: int = N_TREES, **how: Any
) -> Trained:
    """Train one of `METHODS`, or a variant, with a setting: a learning rate, or the strength of the linear model.

    Networks may be ``exchanged`` or ``shifted``, or take another ``n_steps``, as in `train_network`; trees may take
    other ``n_rounds``.

    Raises
    ------
    InputError
        If there is no such method, or places are to be exchanged for one that has no places.
    """
    if name not in SETTINGS:
        raise InputError(f"There is no method {name!r}; choose one of {', '.join(SETTINGS)}.")
    if name in NETWORKS | VARIANTS:
        return train_network(name, task, seed=seed, rate=setting, **how)
    if any(how.values()):
        raise InputError(f"The method {name!r} does not know of places, so there are none to exchange.")
    if name == "linear":
        return train_linear(task, seed=seed, strength=setting)
    return train_trees(task, seed=seed, rate=setting, n_rounds=n_rounds)


def flat(task: Task, x: np.ndarray) -> np.ndarray:
    """Return the features that linear models and trees get, ``(n, n_features)``.

    A column of words has a 0 or 1 for each of its values, a text one for each word of the vocabulary, wherever it is;
    a picture or a time series is laid out in one row.
    """
    n_found = task.columns_of_words or (x.shape[1] if task.n_words else 0)
    if not n_found:
        return x.reshape(len(x), -1)
    there = np.zeros((len(x), task.n_words), dtype=np.float32)
    np.put_along_axis(there, x[:, :n_found].astype(int), 1, axis=1)
    return np.concatenate([there, x[:, n_found:]], axis=1, dtype=np.float32)


def accuracy(predict: Predict, examples: tuple[np.ndarray, np.ndarray]) -> float:
    """Return the share of the examples ``(x, y)`` whose class is predicted.

    Examples
    --------
    >>> accuracy(lambda x: x > 2, (np.array([1, 3, 5, 2]), np.array([0, 1, 0, 0])))
    0.75
    """
    x, y = examples
    return float((predict(x) == y).mean())


def predictor(network: nn.Module) -> Predict:
    """Return the function that gives a network's class for each example."""

    def predict(x: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = torch.from_numpy(x).split(500)
            return torch.cat([network(part).argmax(1) for part in parts]).numpy()

    return predict


def _batches(n: int, n_steps: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Draw batches from examples in a shuffled order, again and again."""
    order = np.concatenate([rng.permutation(n) for _ in range(n_steps * BATCH_SIZE // n + 1)])
    for step in range(n_steps):
        yield order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
