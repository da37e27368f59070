"""Train a sentence encoder for a task: all of it, or the few numbers that were put beside it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from course_utils.common import assets
from course_utils.common.checks import is_whole_number
from course_utils.common.compute import one_thread, release_memory
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar, quiet_loading

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

BATCH = 16
SHARPNESS = 10.0  # unit vectors times this go into the head, so that it can be sure of a class


class Classifier(nn.Module):
    """MiniLM with a linear head: the token vectors are averaged, and the head gives a score to each class.

    The head starts at zero, so that at first all classes are equally likely.

    Parameters
    ----------
    n_classes : int
        How many classes, at least two.
    n_tokens : int
        How many tokens of a text are read, from 3 to 256; fewer are faster.

    Raises
    ------
    InputError
        If one of the numbers does not fit.
    """

    def __init__(self, n_classes: int, n_tokens: int = 32):
        super().__init__()
        if not is_whole_number(n_classes) or n_classes < 2:
            raise InputError(f"There must be at least two classes, and n_classes is {n_classes!r}.")
        if not is_whole_number(n_tokens) or not 3 <= n_tokens <= 256:
            raise InputError(f"n_tokens is {n_tokens!r}: the encoder reads from 3 to 256 tokens.")
        self.encoder, self.tokenizer = load_minilm()
        self.head, self.n_tokens = nn.Linear(self.encoder.config.hidden_size, n_classes), n_tokens
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, texts: Sequence[str]) -> Tensor:
        """Return scores of shape ``(n_texts, n_classes)``."""
        read = self.tokenizer(list(texts), return_tensors="pt", padding=True, truncation=True, max_length=self.n_tokens)
        states = self.encoder(**read).last_hidden_state  # (n_texts, n_tokens, 384)
        is_token = read["attention_mask"][:, :, None]
        mean = (states * is_token).sum(dim=1) / is_token.sum(dim=1)
        return self.head(SHARPNESS * F.normalize(mean, dim=1))

    @torch.no_grad()
    def predict(self, texts: Sequence[str]) -> np.ndarray:
        """Return the number of the likeliest class of each text."""
        order = np.argsort([len(text) for text in texts], kind="stable")  # texts of one length need little padding
        said = np.empty(len(texts), dtype=int)
        with one_thread(), job_bar(len(texts), "text", "classifying") as bar:
            for start in range(0, len(texts), 4 * BATCH):
                rows = order[start : start + 4 * BATCH]
                said[rows] = self([texts[row] for row in rows]).argmax(dim=1).numpy()
                bar.update(len(rows))
        return said


def load_minilm() -> tuple[nn.Module, PreTrainedTokenizerBase]:
    """Load the course's sentence encoder as a plain PyTorch network, with its tokenizer, anew at each call."""
    from transformers import AutoModel, AutoTokenizer

    path = str(assets.minilm_path())
    with quiet_loading():
        return AutoModel.from_pretrained(path), AutoTokenizer.from_pretrained(path)


def fit(
    model: Classifier, texts: Sequence[str], labels: Sequence[int], rate: float, n_epochs: int = 3, seed: int = 0
) -> list[float]:
    """Train those weights of a classifier that are not frozen, in place, and in one thread: the same numbers each time.

    Parameters
    ----------
    model : Classifier
        Its head learns at 0.01 whatever the rate of the rest.
    texts, labels : sequence of str, sequence of int
        A class number for each text.
    rate : float
        How far a step goes: near 0.001 for a few new numbers, 0.00005 for all the old ones.
    n_epochs : int
        How often each text is seen.
    seed : int
        Of the order.

    Returns
    -------
    list of float
        The loss at each step.

    Raises
    ------
    InputError
        If there are not as many labels as texts, or none, or one of them is no class of the model.
    """
    if len(texts) != len(labels) or not len(texts):
        raise InputError(f"Each text needs a label, and there are {len(texts)} texts and {len(labels)} labels.")
    last = model.head.out_features - 1
    odd = [label for label in labels if not is_whole_number(label) or not 0 <= label <= last]
    if odd:
        raise InputError(f"A label is {odd[0]!r}, and this model's classes are the whole numbers from 0 to {last}.")
    old = [weight for weight in model.encoder.parameters() if weight.requires_grad]
    groups = [{"params": old, "lr": rate}] if old else []
    optimiser = torch.optim.AdamW([*groups, {"params": model.head.parameters(), "lr": 0.01}])
    rng, losses = np.random.default_rng(seed), []
    with one_thread(), job_bar(n_epochs * len(texts), "text", "training") as bar:
        for _ in range(n_epochs):
            order = rng.permutation(len(texts))
            for start in range(0, len(order), BATCH):
                rows = order[start : start + BATCH]
                loss = F.cross_entropy(model([texts[row] for row in rows]), torch.tensor([labels[row] for row in rows]))
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                losses.append(loss.item())
                bar.update(len(rows))
    optimiser.zero_grad()  # gradients of all weights take as much memory as the weights
    del optimiser
    release_memory()
    return losses


def step_seconds(model: Classifier, n_texts: int = 16, repeat: int = 3) -> float:
    """Measure one step of training, in seconds of one processor's work: the median of a few, after one not counted.

    Parameters
    ----------
    model : Classifier
        What to train; its weights stay as they are, for the rate is zero.
    n_texts : int
        How many texts, each as long as the model reads.
    repeat : int
        How many steps are measured.
    """
    texts, labels = ["word " * model.n_tokens] * n_texts, torch.zeros(n_texts, dtype=torch.long)
    optimiser = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=0.0)
    times = []
    with one_thread():
        for _ in range(1 + repeat):
            start = time.process_time()  # other programs do not count
            optimiser.zero_grad()
            F.cross_entropy(model(texts), labels).backward()
            optimiser.step()
            times.append(time.process_time() - start)
    optimiser.zero_grad()
    return statistics.median(times[1:])
