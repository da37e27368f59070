"""Train what pruning or rounding left of the encoder, for notebook 28: ``python3 training/retrain_encoder.py``.

It takes half an hour, and skips the runs that the file has. The six blocks learn to give the vectors of the full
encoder again, from the first thirty words of 960 training articles, each read once, and from no labels. Pruned weights
stay zero. Rounded weights are rounded in each forward pass, and the gradient goes straight through to the decimals
behind them. Where half of the inner units went, the other half learns. The table of words is pruned or rounded with the
rest and does not learn. The classifier is that of ``training/shrink_encoder.py``, fitted once to the full encoder's
vectors. Each run draws its articles by its seed; a row without a seed is the version before any training.

The rates were chosen before, with ``rate`` and a version's name after the command: each is the one of three or four
whose vectors of a hundred validation articles came nearest to the full encoder's. Both rounded versions take the one of
2 bits, both pruned ones that of half.
"""

# ruff: noqa: N803, N806 (W and X are the matrices of the prose)

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable

import numpy as np
import torch

from course_utils.common.files import save_file
from course_utils.edge.judging import fit_topics
from course_utils.edge.quantise import pruned, rounded
from course_utils.edge.shipped import FOLDER, N_TEXTS, load_retrained
from course_utils.edge.shrink import change_encoder, first_words, keep_units
from course_utils.edge.torch_encoder import TorchEncoder, rounded_through
from course_utils.federated.averaging import load_articles
from course_utils.transformer.encoder import NumPyEncoder

SEEDS, BATCH, N_READ = (0, 1, 2), 16, 960
TWO, LONG = "int2, blocks of 32", "int2, six times as long"  # the second is the first with more articles, one run
Change = Callable[[NumPyEncoder], NumPyEncoder]


def _table_rounded(encoder: NumPyEncoder, bits: int) -> NumPyEncoder:
    return dataclasses.replace(encoder, words=rounded(np.asarray(encoder.words), bits, 32))


STARTS: dict[str, tuple[Change, int | None, float]] = {  # what is left, the bits of the forward pass, the rate
    "50% pruned": (lambda full: change_encoder(full, lambda W: pruned(W, 0.5)), None, 3e-4),
    "70% pruned": (lambda full: change_encoder(full, lambda W: pruned(W, 0.7)), None, 3e-4),
    "int3, blocks of 32": (lambda full: _table_rounded(full, 3), 3, 1e-3),
    TWO: (lambda full: _table_rounded(full, 2), 2, 1e-3),
    "half the inner units": (lambda full: keep_units(full, 768), None, 3e-4),
}


def encode(model: TorchEncoder, texts: list[str]) -> np.ndarray:
    """Encode texts, twenty at once."""
    with torch.no_grad():
        return torch.cat([model.encode(texts[n : n + 20]) for n in range(0, len(texts), 20)]).numpy()


def start_model(encoder: NumPyEncoder, name: str) -> TorchEncoder:
    """Return a version before its training."""
    change, bits, _ = STARTS[name]
    used = (lambda W: W) if bits is None else (lambda W: rounded_through(W, bits, 32))
    return TorchEncoder(change(encoder), lambda W: torch.tensor(W, requires_grad=True), lambda x, W: x @ used(W).T)


def retrain(encoder: NumPyEncoder, name: str, texts: list[str], goals: np.ndarray, rate: float) -> TorchEncoder:
    """Fit what is left to the full encoder's vectors, with a rate that falls to 0."""
    model = start_model(encoder, name)
    weights = [W for kept in model.kept for W in kept.values()]
    masks = [(W != 0).float() if "pruned" in name else None for W in weights]
    steps = torch.optim.Adam(weights, lr=rate)
    starts = range(0, len(texts), BATCH)
    fall = torch.optim.lr_scheduler.LambdaLR(steps, lambda n: 1 - n / len(starts))
    for start in starts:
        goal = torch.tensor(goals[start : start + BATCH])
        loss = (1 - (model.encode(texts[start : start + BATCH]) * goal).sum(dim=1)).mean()
        steps.zero_grad()
        loss.backward()
        steps.step()
        fall.step()
        with torch.no_grad():
            for W, mask in zip(weights, masks, strict=True):
                if mask is not None:
                    W *= mask  # what was pruned stays zero
        if start % (BATCH * 20) == 0:
            print(f"  {start} texts, 1 minus the cosine {loss.item():.4f}", flush=True)
    return model


def choose_rate(names: list[str], n: int = 640) -> None:
    """Show what a few rates make of the validation articles' vectors after a short training."""
    articles, encoder = load_articles(), NumPyEncoder.minilm()
    texts, judge = first_words(articles.texts[0][:n]), first_words(articles.texts[1][:100])
    goals, full = encoder.encode(texts), encoder.encode(judge)
    for name in names:
        for rate in (1e-4, 3e-4, 1e-3, *[3e-3] * ("int" in name)):
            found = encode(retrain(encoder, name, texts, goals, rate), judge)
            off = (1 - (found * full).sum(axis=1)).mean().round(4)
            print(name, "rate", rate, "1 minus the cosine", off, flush=True)


def main() -> None:
    """Run all and write one file."""
    articles, encoder = load_articles(), NumPyEncoder.minilm()
    topics, texts = fit_topics((articles.vectors[0], articles.train[1])), first_words(articles.texts[2][:N_TEXTS])
    truth, full = articles.test[1][:N_TEXTS], encoder.encode(texts)
    rows = load_retrained() if (FOLDER / "retrained.json").is_file() else []
    done = {(row["name"], row["seed"]) for row in rows}
    rounds = [(None, [*STARTS, LONG], 0), *((seed, list(STARTS), N_READ) for seed in SEEDS), (0, [LONG], 6 * N_READ)]
    for seed, names, n_read in rounds:
        names = [name for name in names if (name, seed) not in done]
        if n_read and names:
            drawn = np.random.default_rng(seed).choice(len(articles.texts[0]), n_read, replace=False)
            own = first_words([articles.texts[0][n] for n in drawn])
            goals = encoder.encode(own)
        for name in names:
            kind = TWO if name == LONG else name
            model = retrain(encoder, kind, own, goals, STARTS[kind][2]) if n_read else start_model(encoder, kind)
            found = encode(model, texts)
            row = {"name": name, "seed": seed, "cosine": round(float((found * full).sum(axis=1).mean()), 4)}
            rows.append(row | {"said": topics.predict(found).tolist()})
            print(row, np.mean(rows[-1]["said"] == truth).round(3), flush=True)
            save_file(FOLDER / "retrained.json", json.dumps(rows, separators=(",", ":")).encode())


if __name__ == "__main__":
    torch.set_num_threads(1)
    choose_rate(sys.argv[2:]) if "rate" in sys.argv else main()
