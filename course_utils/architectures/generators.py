"""Two ways to make new examples, a GAN and a diffusion model, and how to score what they make."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from course_utils.architectures.data import MARGIN
from course_utils.common.checks import check_number, check_whole
from course_utils.common.compute import one_thread
from course_utils.common.errors import InputError

N_MODES, SPREAD, NEAR = 8, 0.05, 0.2  # of the ring; a point is near a mode within four spreads
SURE = 0.95  # probability from which the judge counts as sure
LEAST_SHARE = {"mode": 0.01, "digit": 0.02}  # of all samples, for a mode or a digit to count as covered


def ring(n: int, seed: int = 0) -> np.ndarray:
    """Draw points around eight places on a circle of radius 1, ``(n, 2)``, each with a spread of 0.05.

    Examples
    --------
    >>> np.linalg.norm(ring(1000), axis=1).mean().round(1)
    np.float32(1.0)
    """
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    centres = mode_centres()[rng.integers(N_MODES, size=check_whole("n", n, 1))]
    return (centres + SPREAD * rng.normal(size=(n, 2))).astype(np.float32)


def mode_centres() -> np.ndarray:
    """Return the middles of the ring's eight modes, ``(8, 2)``."""
    angles = 2 * np.pi * np.arange(N_MODES) / N_MODES
    return np.column_stack([np.cos(angles), np.sin(angles)])


def small_network(n_in: int, n_out: int, width: int) -> nn.Sequential:
    """Return the network that all parts here are made of: two hidden layers with ReLU."""
    return nn.Sequential(nn.Linear(n_in, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, n_out))


def train_gan(
    real: np.ndarray,
    *,
    penalty: float = 0.0,
    rate: float = 1e-3,
    n_steps: int = 1500,
    batch_size: int = 128,
    n_noise: int = 2,
    width: int = 64,
    seed: int = 0,
    falling: bool = False,
    look_at: Collection[int] = (),
) -> tuple[nn.Module, dict[int, np.ndarray]]:
    """Train a generator against a discriminator.

    Parameters
    ----------
    real : ndarray of float32, shape (n, d)
        Real examples.
    penalty : float
        How much the squared slope of the discriminator at real examples costs it: 0 is the plain GAN.
    rate, n_steps, batch_size : float, int, int
        The learning rate of both networks, and the steps and the examples of a step.
    n_noise, width : int
        Numbers that the generator starts from, and the width of all hidden layers.
    seed : int
        Of weights, batches and noise.
    falling : bool
        Whether the rate of both networks falls to 0 along a cosine, as in `train_diffusion`.
    look_at : collection of int
        Steps after which 500 samples are kept.

    Returns
    -------
    generator : torch.nn.Module
        From ``(n, n_noise)`` to ``(n, d)``.
    looks : dict of int to ndarray, shape (500, d)
        The samples that were kept.

    Notes
    -----
    The loss is the one that does not saturate of Goodfellow and others (2014); the penalty is R1 of Mescheder, Geiger
    and Nowozin (2018), *Which Training Methods for GANs do actually Converge?*
    """
    data, draws = _examples(real), _begin(seed)
    check_number("penalty", penalty, least=0)
    generator, critic = small_network(n_noise, data.shape[1], width), small_network(data.shape[1], 1, width)
    how = {"lr": check_number("rate", rate, least=1e-6, most=1), "betas": (0.5, 0.9)}
    for_g, for_d = torch.optim.Adam(generator.parameters(), **how), torch.optim.Adam(critic.parameters(), **how)
    falls = [torch.optim.lr_scheduler.CosineAnnealingLR(each, n_steps) for each in (for_g, for_d) if falling]
    looks, fixed = {}, torch.randn(500, n_noise, generator=torch.Generator().manual_seed(seed))
    with one_thread():
        for step in range(1, check_whole("n_steps", n_steps, 1) + 1):
            batch = data[torch.randint(len(data), (batch_size,), generator=draws)].requires_grad_(penalty > 0)
            fake = generator(torch.randn(batch_size, n_noise, generator=draws))
            _descend(for_d, critic_loss(critic, batch, fake.detach(), penalty))
            fake = generator(torch.randn(batch_size, n_noise, generator=draws))
            _descend(for_g, functional.softplus(-critic(fake)).mean())
            for each in falls:
                each.step()
            if step in look_at:
                looks[step] = generator(fixed).detach().numpy()
    return generator.requires_grad_(False), looks


def critic_loss(critic: nn.Module, real: Tensor, fake: Tensor, penalty: float = 0.0) -> Tensor:
    """Return the discriminator's loss: the log loss of telling real from fake, and the penalty on its slope.

    Its output is a score: the probability of *real* is the sigmoid of it.

    Examples
    --------
    >>> real, fake = torch.tensor([[0.0]]), torch.tensor([[0.0]])
    >>> critic_loss(lambda x: x, real, fake)  # undecided about both: twice the logarithm of 2
    tensor(1.3863)
    """
    scores = critic(real)
    loss = functional.softplus(-scores).mean() + functional.softplus(critic(fake)).mean()
    if penalty > 0:
        (slope,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
        loss = loss + penalty / 2 * slope.square().sum(1).mean()
    return loss


def train_diffusion(
    real: np.ndarray,
    *,
    rate: float = 2e-3,
    n_steps: int = 1500,
    batch_size: int = 128,
    width: int = 64,
    seed: int = 0,
) -> nn.Module:
    """Train a network to tell, from an example mixed with noise, the direction from the example to the noise.

    The parameters are those of `train_gan`. The network goes from ``(n, d + 1)``, a mixture and its share of noise, to
    ``(n, d)``.

    Notes
    -----
    This is the straight form of diffusion, flow matching (Lipman and others, 2023; Liu, Gong and Liu, 2023).
    """
    data, draws = _examples(real), _begin(seed)
    network = small_network(data.shape[1] + 1, data.shape[1], width)
    optimiser = torch.optim.Adam(network.parameters(), lr=check_number("rate", rate, least=1e-6, most=1))
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, check_whole("n_steps", n_steps, 1))
    with one_thread():
        for _ in range(n_steps):
            x = data[torch.randint(len(data), (batch_size,), generator=draws)]
            noise, t = torch.randn(x.shape, generator=draws), torch.rand(batch_size, 1, generator=draws)
            guess = network(torch.cat([(1 - t) * x + t * noise, t], dim=1))
            _descend(optimiser, functional.mse_loss(guess, noise - x))
            schedule.step()
    return network.requires_grad_(False)


def sample_gan(generator: nn.Module, n: int, seed: int = 0) -> np.ndarray:
    """Make ``n`` examples in one pass each, ``(n, d)``."""
    noise = torch.randn(check_whole("n", n, 1), generator[0].in_features, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        return generator(noise).numpy()


def sample_diffusion(network: nn.Module, n: int, n_steps: int = 30, seed: int = 0) -> np.ndarray:
    """Make ``n`` examples, ``(n, d)``, from noise, in ``n_steps`` small steps against the direction of the noise."""
    n_numbers = network[-1].out_features
    x = torch.randn(check_whole("n", n, 1), n_numbers, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        for step in range(check_whole("n_steps", n_steps, 1)):
            t = torch.full((n, 1), 1 - step / n_steps)
            x = x - network(torch.cat([x, t], dim=1)) / n_steps
    return x.numpy()


def score_ring(points: np.ndarray) -> tuple[float, int]:
    """Return the share of points near a mode, and how many of the eight modes have at least 1 % of the points.

    Examples
    --------
    >>> score_ring(np.array([[1.0, 0.0], [0.0, 1.05], [0.5, 0.0], [1.0, 0.1]]))
    (0.75, 2)
    """
    points = np.asarray(points)
    if points.ndim != 2 or points.shape[1] != 2 or not len(points):
        raise InputError(f"Points of the plane come as (n, 2), and these are {points.shape}.")
    distances = np.linalg.norm(points[:, None] - mode_centres(), axis=2)  # (n, 8)
    near = distances.min(axis=1) < NEAR
    counts = np.bincount(distances.argmin(axis=1)[near], minlength=N_MODES)
    return float(near.mean()), int((counts >= LEAST_SHARE["mode"] * len(points)).sum())


def digit_rows(pictures: np.ndarray) -> np.ndarray:
    """Return the 8 × 8 pixels in the middle of pictures ``(n, 12, 12)`` as rows from -1 to 1, ``(n, 64)``."""
    inner = np.asarray(pictures)[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return (2 * inner - 1).reshape(len(inner), -1).astype(np.float32)


def as_pictures(rows: np.ndarray) -> np.ndarray:
    """Turn rows ``(n, 64)`` from -1 to 1 back into pictures ``(n, 12, 12)`` from 0 to 1, cut off beyond."""
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.shape[1] != 64:
        raise InputError(f"Digits come as rows of 64 pixels, (n, 64), and these are {rows.shape}.")
    pictures = (np.clip(rows, -1, 1).reshape(-1, 8, 8) + 1) / 2
    return np.pad(pictures, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN))).astype(np.float32)


def score_digits(judge: nn.Module, rows: np.ndarray) -> tuple[float, int]:
    """Return the share of made digits of which a classifier is sure, and how many of the ten digits are covered.

    Parameters
    ----------
    judge : torch.nn.Module
        From pictures ``(n, 12, 12)`` to a score for each digit, ``(n, 10)``; it is sure from a probability of 0.95.
    rows : ndarray, shape (n, 64)
        Pixels from -1 to 1.

    A digit is covered if at least 2 % of the samples surely show it.
    """
    with torch.inference_mode():
        chances = judge(torch.from_numpy(as_pictures(rows))).softmax(dim=1).numpy()
    sure = chances.max(axis=1) >= SURE
    counts = np.bincount(chances.argmax(axis=1)[sure], minlength=10)
    return float(sure.mean()), int((counts >= LEAST_SHARE["digit"] * len(rows)).sum())


def nearest(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Return how far each row ``(n, d)`` is from the nearest of the others ``(m, d)``, ``(n,)``.

    Examples
    --------
    >>> nearest(np.array([[0.0, 0.0], [5.0, 0.0]]), among=np.array([[3.0, 4.0], [5.0, 1.0]]))
    array([5., 1.])
    """
    return np.array([np.linalg.norm(among - row, axis=1).min() for row in rows])


def gaussian_samples(real: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """Draw from the Gaussian with the mean and the covariance of the examples ``(n, d)``, the plainest generator."""
    data = _examples(real).numpy().astype(float)
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    values, directions = np.linalg.eigh(np.cov(data.T))
    noise = rng.normal(size=(n, data.shape[1])) * np.sqrt(np.maximum(values, 0))
    return (data.mean(axis=0) + noise @ directions.T).astype(np.float32)


def _examples(real: np.ndarray) -> Tensor:
    real = np.asarray(real, dtype=np.float32)
    if real.ndim != 2 or len(real) < 2:
        raise InputError(
            f"Real examples come in rows, (n, d), and these are {real.shape}: reshape(len(x), -1) makes them."
        )
    return torch.from_numpy(real)


def _begin(seed: int) -> torch.Generator:
    torch.manual_seed(check_whole("seed", seed, 0))
    return torch.Generator().manual_seed(seed)


def _descend(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
