"""Train word2vec on the course's Wikipedia several times, and keep the vectors that notebook 27 compares.

Run from the repository with `python training/word_vectors.py`; it takes about four minutes of one core.
"""

from __future__ import annotations

import json

from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.fairness.vectors import CONTROL, FILE, TESTS, WORD_LISTS
from course_utils.words import words

RUNS = [(epochs, seed) for epochs in (8, 4) for seed in (0, 1, 2)]
KEPT = sorted({word for test in (CONTROL, *TESTS[1:]) for name in test for word in WORD_LISTS[name]})


def one_run(tokens: list[list[str]], epochs: int, seed: int) -> dict:
    """Train with the settings of notebook 03, and return the vectors of the words that occur five times or more."""
    from gensim.models import Word2Vec

    model = Word2Vec(tokens, vector_size=64, sg=1, min_count=5, epochs=epochs, seed=seed, workers=1).wv
    vectors = {word: [round(float(value), 3) for value in model[word]] for word in KEPT if word in model}
    return {"epochs": epochs, "seed": seed, "vectors": vectors}


def main() -> None:
    """Run every setting and write the vectors."""
    tokens = [words(text) for text in load_wikipedia()["text"][:]]
    runs = [one_run(tokens, *run) for run in RUNS]
    save_file(FILE, json.dumps(runs).encode())


if __name__ == "__main__":
    main()
