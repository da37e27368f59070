"""Teach SmolLM2 to see: ``python3 training/train_seeing.py`` makes the projection that notebook 16 loads.

The network that looks at the pictures and the language model stay as they are. What is learned lies between them: two
matrices that turn the features of a picture into a row that stands where a word's row would stand. They start from
least squares, as in the notebook, and follow the gradient of the language model's loss on the names and keywords of
the emoji that are not kept aside. One thread computes: about 10 minutes.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812
from write_questions import load_smollm2

from course_utils.common.progress import job_bar
from course_utils.fine_tuning.steps import gradient_step
from course_utils.images import emoji_pictures, held_out, least_squares, load_emoji, picture_features
from course_utils.images.seeing import SHOTS, TRAINED, Projection, save_projection

RANK, RATE, BATCH, STEPS, DROPOUT, KEYWORDS = 192, 5e-4, 16, 200, 0.3, 0.5


class Reader:
    """SmolLM2, which has read the lines before a picture."""

    def __init__(self):
        self.model, self.tokenizer = load_smollm2()
        self.model.requires_grad_(False)
        self.table = self.model.model.embed_tokens.weight
        with torch.no_grad():
            self.read = self.model.model(torch.tensor([self.ids(SHOTS)]), use_cache=True).past_key_values

    def ids(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self.tokenizer(text)["input_ids"]

    def loss(self, rows: Tensor, words: list[str]) -> Tensor:
        """Return the mean cross-entropy of the words' tokens after each row, ``(n, d_model)``, and a colon."""
        written, colon = [self.ids(f" {word}\n") for word in words], self.ids(":")
        longest = max(map(len, written))
        goal = torch.tensor([ids + [-100] * (longest - len(ids)) for ids in written])
        shown = self.table[torch.cat([torch.tensor([colon] * len(words)), goal[:, :-1].clamp(min=0)], dim=1)]
        read = copy.deepcopy(self.read)
        read.batch_repeat_interleave(len(words))
        states = self.model.model(inputs_embeds=torch.cat([rows[:, None], shown], dim=1), past_key_values=read)
        wanted = goal != -100
        return F.cross_entropy(self.model.lm_head(states.last_hidden_state[:, 1:][wanted]), goal[wanted])


class Between(nn.Module):
    """The two matrices, from least squares: the largest ``RANK`` directions of the one matrix that it finds."""

    def __init__(self, features: np.ndarray, rows: np.ndarray, length: float):
        super().__init__()
        mean, base = features.mean(axis=0), rows.mean(axis=0)
        left, sizes, right = np.linalg.svd(least_squares(features - mean, rows - base), full_matrices=False)
        root = np.sqrt(sizes[:RANK] / sizes[0])
        self.register_buffer("mean", torch.tensor(mean))
        self.down, self.up = (
            nn.Parameter(torch.tensor(part)) for part in (left[:, :RANK] * root, (right[:RANK].T * root).T)
        )
        self.base, self.length = nn.Parameter(torch.tensor(base)), torch.tensor(length)

    def forward(self, features: Tensor) -> Tensor:
        """Turn features into rows, as `Projection.rows` does."""
        moved = F.dropout(features - self.mean, DROPOUT, self.training) @ self.down @ self.up
        return self.base + self.length * F.normalize(moved, dim=-1)


def main() -> None:
    """Train, and save the projection."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--file", type=Path, default=TRAINED, help="where to save the projection")
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    emoji, reader, rng = load_emoji(), Reader(), np.random.default_rng(0)
    names = [one.en for one in emoji]
    train = np.flatnonzero(~held_out(names))
    features = picture_features(emoji_pictures()).astype(np.float32)
    with torch.no_grad():
        rows = torch.stack([reader.table[reader.ids(f" {name.lower()}")].mean(dim=0) for name in names]).numpy()[train]
        length = float((reader.table[::10] - torch.tensor(rows.mean(axis=0))).norm(dim=1).mean())
    between = Between(features[train], rows, length)
    optimiser = torch.optim.AdamW(between.parameters(), lr=RATE, weight_decay=0.1)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=STEPS, pct_start=0.1)
    losses = []
    with job_bar(STEPS, "step", "training") as bar:
        for _ in range(STEPS):
            batch = rng.choice(train, BATCH, replace=False)
            words = [names[row].lower() if rng.random() > KEYWORDS else rng.choice(emoji[row].tags) for row in batch]
            loss = reader.loss(between(torch.tensor(features[batch])), words)
            losses.append(gradient_step(loss, optimiser, schedule))
            bar.update(1)
    print(f"loss {np.mean(losses[:20]):.2f} in the first 20 steps, {np.mean(losses[-20:]):.2f} in the last")
    parts = {name: getattr(between, name).detach().numpy() for name in ("mean", "down", "up", "base", "length")}
    save_projection(Projection(**parts), options.file)


if __name__ == "__main__":
    main()
