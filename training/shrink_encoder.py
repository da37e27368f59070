"""Shrink the sentence encoder in several ways for notebook 28: ``python3 training/shrink_encoder.py``, ten minutes.

Each version reads the first thirty words of the same test articles. A classifier of topics that was fitted once to the
full encoder's vectors of the training articles judges the vectors; the file keeps for each version which articles it
got right, how near the vectors are to the full encoder's, and the megabytes of its weights. For the full and the pruned
versions it also keeps what a classifier says that was fitted to the version's own vectors of 1,500 training articles.

With ``parts`` after the command it writes a second file, which says how much each part needs its bits: one part alone
in 2 bits, judged on the same articles, and then bits dealt out by that, judged on the 933 others.
"""

# ruff: noqa: N803 (W and X are the matrices of the prose)

from __future__ import annotations

import json
import sys

import numpy as np

from course_utils.common.files import save_file
from course_utils.edge.judging import fit_topics
from course_utils.edge.quantise import SCALE_BITS, bits_per_weight, pruned, rounded, sparse_bits
from course_utils.edge.shipped import FOLDER, N_FIT, N_TEXTS
from course_utils.edge.shrink import change_encoder, encoder_weights, exchange_block, first_words
from course_utils.federated.averaging import load_articles
from course_utils.transformer.encoder import NumPyEncoder

CHANGES = {
    "float32": (lambda W: W, 32.0),
    "int8, a scale a row": (lambda W: rounded(W, 8), bits_per_weight(8, 384)),
    "int4, a scale a row": (lambda W: rounded(W, 4), bits_per_weight(4, 384)),
    "int4, blocks of 32": (lambda W: rounded(W, 4, 32), bits_per_weight(4, 32)),
    "int3, blocks of 32": (lambda W: rounded(W, 3, 32), bits_per_weight(3, 32)),
    "30% pruned": (lambda W: pruned(W, 0.3), sparse_bits(0.3)),
    "30% pruned, int8": (lambda W: rounded(pruned(W, 0.3), 8), sparse_bits(0.3, 8) + SCALE_BITS / 384),
    "50% pruned": (lambda W: pruned(W, 0.5), sparse_bits(0.5)),
    "70% pruned": (lambda W: pruned(W, 0.7), sparse_bits(0.7)),
}
REFITTED = ("float32", "30% pruned", "50% pruned", "70% pruned")


def measure_parts() -> None:
    """Round one part at a time to 2 bits, then deal the bits out, and write one file."""
    articles, encoder = load_articles(), NumPyEncoder.minilm()
    topics = fit_topics((articles.vectors[0], articles.train[1]))
    first, others = (first_words(articles.texts[2][part]) for part in (slice(N_TEXTS), slice(N_TEXTS, None)))
    few = {bits: change_encoder(encoder, lambda W, b=bits: rounded(W, b, 32)) for bits in (2, 3, 4, 5)}
    n_weights, inside = encoder_weights(encoder)
    dealt = {"float32": (encoder, 32, 32)} | {f"all in {n} bits": (few[n], n + 0.5, n + 0.5) for n in (4, 3)}
    dealt["table in 2, blocks in 32"] = exchange_block(encoder, few[2], 0), 2.5, 32
    for n in (5, 4):
        dealt[f"table in 2, blocks in {n}"] = exchange_block(few[n], few[2], 0), 2.5, n + 0.5
    rows: dict[str, list] = {"alone": [], "dealt": []}
    for name, (model, outer, inner) in dealt.items():
        size = round(((n_weights - inside) * outer + inside * inner) / 8e6, 1)
        rows["dealt"].append({"name": name, "megabytes": size, "said": topics.predict(model.encode(others)).tolist()})
        print(name, size, np.mean(rows["dealt"][-1]["said"] == articles.test[1][N_TEXTS:]), flush=True)
    for n in range(7):
        said = topics.predict(exchange_block(encoder, few[2], n).encode(first)).tolist()
        rows["alone"].append({"name": f"block {n}" if n else "table of words", "said": said})
        print(rows["alone"][-1]["name"], np.mean(said == articles.test[1][:N_TEXTS]), flush=True)
    save_file(FOLDER / "parts.json", json.dumps(rows, separators=(",", ":")).encode())


def main() -> None:
    """Run all versions and write one file."""
    articles, encoder = load_articles(), NumPyEncoder.minilm()
    topics, texts = fit_topics((articles.vectors[0], articles.train[1])), first_words(articles.texts[2][:N_TEXTS])
    own, own_topics = first_words(articles.texts[0][:N_FIT]), articles.train[1][:N_FIT]
    truth, full, rows = articles.test[1][:N_TEXTS], None, []
    n_weights, _ = encoder_weights(encoder)
    for name, (change, bits) in CHANGES.items():
        small = change_encoder(encoder, change)
        vectors = small.encode(texts)
        full = vectors if full is None else full
        said = topics.predict(vectors)
        row = {"name": name, "megabytes": round(n_weights * bits / 8e6, 1)}
        row |= {"cosine": round(float((vectors * full).sum(axis=1).mean()), 4), "said": [int(each) for each in said]}
        if name in REFITTED:
            row["refitted"] = fit_topics((small.encode(own), own_topics)).predict(vectors).tolist()
        rows.append(row)
        print(name, row["megabytes"], row["cosine"], np.mean(said == truth).round(3), flush=True)
    save_file(FOLDER / "encoder.json", json.dumps(rows, separators=(",", ":")).encode())


if __name__ == "__main__":
    measure_parts() if "parts" in sys.argv else main()
