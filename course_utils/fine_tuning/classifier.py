"""A classifier on top of a sentence encoder, and its training: of all weights, or of those that were added."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common import DATA, assets
from course_utils.common.checks import check_number, check_whole, is_whole_number
from course_utils.common.compute import one_thread, release_memory
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar, quiet_loading
from course_utils.fine_tuning.steps import gradient_step

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BATCH = 16
SHARPNESS = 10.0  # times the unit vectors, so that small weights of the head give confident probabilities


class Classifier(nn.Module):
    """MiniLM with a linear head on the mean of the token vectors.

    The head starts at zero, so that at first all classes are equally likely.

    Parameters
    ----------
    n_classes, n_tokens : int
        At least two classes, and how many tokens of a text are read, from 3 to 256; fewer are faster.
    """

    def __init__(self, n_classes: int, n_tokens: int = 32):
        super().__init__()
        n_classes, n_tokens = check_whole("n_classes", n_classes, 2), check_whole("n_tokens", n_tokens, 3, 256)
        self.encoder, self.tokenizer = load_minilm()
        self.head, self.n_tokens = nn.Linear(self.encoder.config.hidden_size, n_classes), n_tokens
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return logits, ``(n_texts, n_classes)``."""
        read = self.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=self.n_tokens)
        states = self.encoder(**read).last_hidden_state  # (n_texts, n_tokens, 384)
        is_token = read["attention_mask"][:, :, None]
        mean = (states * is_token).sum(dim=1) / is_token.sum(dim=1)
        return self.head(SHARPNESS * F.normalize(mean, dim=1))

    @torch.no_grad()
    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return the number of the likeliest class of each text, ``(n_texts,)``."""
        order = np.argsort([len(text) for text in texts], kind="stable")  # texts of one length need little padding
        said = np.empty(len(texts), dtype=int)
        with one_thread(), job_bar(len(texts), "text", "classifying") as bar:
            for start in range(0, len(texts), 4 * BATCH):
                rows = order[start : start + 4 * BATCH]
                said[rows] = self([texts[row] for row in rows]).argmax(dim=1).numpy()
                bar.update(len(rows))
        return said


def load_minilm() -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """Load a new copy of the course's sentence encoder as a PyTorch network, with its tokenizer."""
    from transformers import AutoModel, AutoTokenizer

    path = str(assets.minilm_path())
    with quiet_loading():
        return AutoModel.from_pretrained(path), AutoTokenizer.from_pretrained(path)


def fit(
    model: Classifier,
    texts: Sequence[str],
    labels: Sequence[int],
    rate: float,
    n_epochs: int = 3,
    seed: int = 0,
    head_rate: float = 0.01,
) -> list[float]:
    """Train those weights of a classifier that are not frozen, in place; in one thread, so that it can be repeated.

    Parameters
    ----------
    model : Classifier
        Its weights change.
    texts, labels : sequence of str, sequence of int
        A class for each text, from 0.
    rate : float
        The learning rate of the encoder: near 0.001 for few new weights, 0.00005 for all the old ones.
    n_epochs, seed : int
        How often each text is seen, and the seed of the order.
    head_rate : float
        The learning rate of the head.

    Returns
    -------
    list of float
        The loss of each step, in nats.
    """
    if len(texts) != len(labels) or not len(texts):
        raise InputError(f"Each text needs a label, and there are {len(texts)} texts and {len(labels)} labels.")
    last = model.head.out_features - 1
    odd = [label for label in labels if not is_whole_number(label) or not 0 <= label <= last]
    if odd:
        raise InputError(f"A label is {odd[0]!r}, and this model's classes are the whole numbers from 0 to {last}.")
    rate, head_rate = check_number("rate", rate, 0), check_number("head_rate", head_rate, 0)
    n_epochs = check_whole("n_epochs", n_epochs, 1)
    old = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    groups = [{"params": old, "lr": rate}] if old else []
    optimiser = torch.optim.AdamW([*groups, {"params": model.head.parameters(), "lr": head_rate}])
    rng, losses = np.random.default_rng(check_whole("seed", seed, 0)), []
    with one_thread(), job_bar(n_epochs * len(texts), "text", "training") as bar:
        for _ in range(n_epochs):
            order = rng.permutation(len(texts))
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                loss = F.cross_entropy(model([texts[row] for row in rows]), torch.tensor([labels[row] for row in rows]))
                losses.append(gradient_step(loss, optimiser))
                bar.update(len(rows))
    optimiser.zero_grad()  # frees the gradients, which take as much memory as the weights
    del optimiser
    release_memory()
    return losses


def logistic_regression(vectors: Tensor, labels: Sequence[int]) -> nn.Linear:
    """Fit a head to vectors that stay as they are, to the end, as scikit-learn does with its own settings.

    The sum of the losses and half of the squared weights is made least, by L-BFGS (Liu and Nocedal, 1989); with two
    classes all of the squared weights, since scikit-learn has a single row then, the difference of these two. Without
    scikit-learn, since its import would take 150 MB beside PyTorch's.

    Parameters
    ----------
    vectors : Tensor, shape (n, d)
        At least one.
    labels : sequence of int
        The class of each, from 0.

    Returns
    -------
    nn.Linear
        It gives logits, ``(..., d) -> (..., n_classes)``.

    Examples
    --------
    >>> head = logistic_regression(torch.tensor([[-1.0], [1.0], [3.0]]), [0, 1, 1])
    >>> head(torch.tensor([[-2.0], [2.0]])).argmax(dim=1)
    tensor([0, 1])
    """
    if len(vectors) != len(labels) or not len(labels):
        raise InputError(f"Each vector needs a label: there are {len(vectors)} vectors and {len(labels)} labels.")
    given = labels.tolist() if isinstance(labels, Tensor) else labels
    labels = [check_whole("A label", label, 0) for label in given]
    exact, labels = vectors.double(), torch.tensor(labels)
    n_classes = int(labels.max()) + 1
    penalty = 1.0 if n_classes == 2 else 0.5  # scikit-learn has one row for two classes: theirs differ by it
    head = nn.utils.skip_init(nn.Linear, exact.shape[1], n_classes, dtype=torch.double)  # draws no random numbers
    for weight in head.parameters():
        nn.init.zeros_(weight)
    optimiser = torch.optim.LBFGS(head.parameters(), max_iter=1000, line_search_fn="strong_wolfe")

    def objective() -> Tensor:
        optimiser.zero_grad()
        value = F.cross_entropy(head(exact), labels, reduction="sum") + penalty * head.weight.square().sum()
        value.backward()
        return value

    with one_thread():
        optimiser.step(objective)
    return head.to(vectors.dtype).requires_grad_(False)


def stored_results() -> dict:
    """Return what ``training/adapt_classifier.py`` found: rates tried, accuracies by seed and rank, and the change.

    Examples
    --------
    >>> sorted(stored_results())
    ['LoRA', 'adapters', 'change', 'coarse first', 'everything', 'head']
    """
    return json.loads((DATA / "adapters" / "topics.json").read_text(encoding="utf-8"))
