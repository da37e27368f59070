"""Measure how near the course's reranker came to its teacher: ``python3 training/measure_reranker.py``.

Thirty of the descriptions that ``train_reranker.py`` trained on are asked again, and thirty that it never drew. A
lesson is made as the script makes it: the described article and others that were drawn from the thirty that dense
search finds, here five, since a step reads six. (Which ones the training drew for a query is not known: that depends
on questions that were not kept.) Saved are the teacher's shares, and the mean cosines of MiniLM before training and
with the shipped update, with 96 tokens of each text.

The development questions are asked of students that read 48 tokens of each text, as does the MaxSim of their teacher:
the student that notebook 15 trains on twelve lessons, and five that learn from the questions themselves, without
their answers, in 150 steps of four lessons. Student ``k`` of the five learns from four fifths of the questions, those
whose number does not leave the remainder ``k`` when it is divided by 5. For these five SmolLM2 reads no more of a
text than they do: the words that end within MiniLM's first 48 tokens, of which two are [CLS] and [SEP]. (For the
twelve lessons it reads sixty words, as in the notebook.) In an earlier run it read sixty words for the five, too: on
the questions that a student had not learned from, the divergence went from 0.25 to 0.26, and the MRR@10 rose by
0.007, with an interval from -0.012 to +0.024. Five more learn from hard labels: the teacher's favourite gets all of
the share. And ten are controls. For five SmolLM2's likelihoods of a question are shuffled among its six texts, so
that its part of the teacher says nothing about them. For the other five a whim takes SmolLM2's place: 1 for a text
that names a year within the words that are read, and 0 for another. (A second whim, for the word *or*, was dropped
after one student: on the questions that it had not learned from the divergence went from 0.581 to 0.569, with an
interval from -0.22 to +0.21.)

All is saved beside the update, for the notebook: ``"trained on"`` and ``"held out"`` with tables of shape ``(30,
6)``, and ``"48 tokens"`` with tables of ``(110, 6)``, which ``"untrained"``, ``"shipped"``, ``"twelve lessons"``,
``"soft"``, ``"hard"``, ``"shuffled"`` and ``"whim"`` (five tables each) name by whose cosines they hold;
``"SmolLM2"`` has the likelihoods of the questions after these words, and ``"names a year"`` the whim's scores. One
thread computes: about fifty minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from teacher import likelihoods
from train_reranker import FOUND, definitions, draw, read_wordnet
from transformers import PreTrainedTokenizerBase

from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.evaluation import load_questions
from course_utils.fine_tuning import lora
from course_utils.fine_tuning.reranker import (
    MEASURED,
    RANK,
    TARGETS,
    TOKENS_OF_TEXT,
    Example,
    TokenEncoder,
    beginning,
    load_reranker,
    maxsim,
    teach,
    train,
)
from course_utils.search import DenseIndex, maxsim_rerank

N_EACH, N_TEXTS, FEW_TOKENS = 30, 6, 48


def descriptions(articles: dict[str, list[str]]) -> tuple[list[int], list[int]]:
    """Return the positions of the articles whose descriptions were trained on, and of others, both shuffled."""
    chosen, seen, usable = draw(articles, random.Random(0), definitions(read_wordnet()))
    said = articles["description"]
    known = {said[row] for row in seen}
    fresh = [row for row in usable if row not in {*seen, *chosen} and said[row] not in known]
    rng = random.Random(2)
    return rng.sample(seen, len(seen)), rng.sample(fresh, 4 * N_EACH)


def lessons(rows: list[int], articles: dict[str, list[str]], dense: DenseIndex) -> tuple[list[str], list[list[int]]]:
    """Return the first thirty descriptions that lead dense search to their article, and six candidates of each."""
    queries, candidates, rng = [], [], random.Random(3)
    for row in rows:
        query = articles["description"][row]
        others = [hit.position for hit in dense.search(embed([query]), FOUND)[0]]
        if row in others and len(queries) < N_EACH:
            others.remove(row)
            queries.append(query)
            candidates.append([row, *sorted(rng.sample(others, N_TEXTS - 1))])
    return queries, candidates


@torch.inference_mode()
def mean_cosines(
    encoder: TokenEncoder, queries: Sequence[str], texts: list[str], columns: Sequence[Sequence[int]], n_tokens: int
) -> list[list[float]]:
    """Return the mean cosine of each query with each of its six texts, of which ``n_tokens`` are read."""
    pairs = zip(queries, columns, strict=True)
    read = ((encoder([query]), encoder([texts[row] for row in some], n_tokens)) for query, some in pairs)
    return [maxsim(*query, *some)[0].tolist() for query, some in read]


def rounded(table: Sequence[Sequence[float]]) -> list[list[float]]:
    """Return a table with five digits, for the file."""
    return [[round(value, 5) for value in row] for row in table]


def taught(texts: list[str], examples: list[Example], n_steps: int, rate: float) -> TokenEncoder:
    """Return a student of some lessons that reads the first tokens of each text, as in notebook 15."""
    student = TokenEncoder()
    lora.add_lora(student.network, TARGETS, RANK)
    train(student, texts, examples, n_steps=n_steps, rate=rate, batch=4, n_tokens=FEW_TOKENS)
    return student


def twelve_lessons(articles: dict[str, list[str]], dense: DenseIndex) -> list[Example]:
    """Return the lessons of notebook 15."""
    titles, texts, said = (articles[column] for column in ("title", "text", "description"))
    judged = {title for one in load_questions() for title in one.titles}
    usable = [row for row in range(len(titles)) if titles[row] not in judged and said[row]]
    described = [said[row] for row in np.random.default_rng(1).choice(usable, 12, replace=False)]
    columns = [[hit.position for hit in hits] for hits in dense.search(embed(described), k=N_TEXTS)]
    return teach(described, texts, columns, cosines=mean_cosines(TokenEncoder(), described, texts, columns, FEW_TOKENS))


def words_within(text: str, n_tokens: int, tokenizer: PreTrainedTokenizerBase) -> str:
    """Return the words at the beginning of a text that end within its first tokens, [CLS] and [SEP] among them."""
    read = tokenizer(text, truncation=True, max_length=n_tokens, return_offsets_mapping=True)
    end = read["offset_mapping"][-2][1]  # of the last token before [SEP]
    cuts_a_word = text[end - 1 : end + 1].isalnum() and end < len(text)
    return text[:end].rsplit(maxsplit=1)[0] if cuts_a_word else text[:end]


def hardened(example: Example) -> Example:
    """Return the example with a hard label: the teacher's favourite gets all of the share.

    Examples
    --------
    >>> hardened(Example("a query", (7, 4), (0.2, 0.8))).shares
    (0.0, 1.0)
    """
    return replace(example, shares=tuple(float(one == example.ranked[0]) for one in example.candidates))


def names_a_year(text: str) -> bool:
    """Return whether a number from 1000 to 2099 stands in a text.

    Examples
    --------
    >>> names_a_year("It opened in 1889."), names_a_year("It is 330 metres high.")
    (True, False)
    """
    return re.search(r"(?<!\d)(1\d{3}|20\d{2})(?!\d)", text) is not None


def few_tokens(articles: dict[str, list[str]], dense: DenseIndex) -> dict[str, list]:
    """Ask the development questions of students that read 48 tokens; five of them learned from the other questions."""
    texts = articles["text"]
    asked = [one.text for one in load_questions("development") if one.titles]
    ranked = maxsim_rerank(asked, texts, dense.search(embed(asked), FOUND))
    columns = [[hit.position for hit in hits[:N_TEXTS]] for hits in ranked]

    def answers(student: TokenEncoder) -> list[list[float]]:
        return mean_cosines(student, asked, texts, columns, FEW_TOKENS)

    def five(examples: list[Example]) -> list[list[list[float]]]:
        folds = [[one for number, one in enumerate(examples) if number % 5 != fold] for fold in range(5)]
        return [rounded(answers(taught(texts, some, 150, 5e-4))) for some in folds]

    plain = TokenEncoder()
    untrained, seen = answers(plain), [words_within(text, FEW_TOKENS, plain.tokenizer) for text in texts]
    likely = likelihoods([(query, seen[row]) for query, some in zip(asked, columns, strict=True) for row in some])
    likely = np.reshape(likely, (len(asked), N_TEXTS))
    whim = [[float(names_a_year(seen[row])) for row in some] for some in columns]
    mixed = np.random.default_rng(0).permuted(likely, axis=1)
    soft, shuffled, likes_years = (
        teach(asked, texts, columns, table, untrained) for table in (likely.tolist(), mixed.tolist(), whim)
    )
    return {
        "untrained": rounded(untrained),
        "SmolLM2": rounded(likely.tolist()),
        "names a year": whim,
        "twelve lessons": rounded(answers(taught(texts, twelve_lessons(articles, dense), 20, 1.5e-3))),
        "soft": five(soft),
        "hard": five([hardened(one) for one in soft]),
        "shuffled": five(shuffled),
        "whim": five(likes_years),
    }


def main() -> None:
    """Measure, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", type=Path, default=MEASURED, help="where to save it")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = load_wikipedia()
    articles = {column: table[column][:] for column in ("title", "text", "description")}
    texts, dense = articles["text"], DenseIndex(embed(articles["text"]))
    measured = {"48 tokens": few_tokens(articles, dense)}
    students = {"untrained": TokenEncoder(), "shipped": load_reranker()}
    for kind, rows in zip(("trained on", "held out"), descriptions(articles), strict=True):
        queries, candidates = lessons(rows, articles, dense)
        in_order = zip(queries, candidates, strict=True)
        likely = likelihoods([(query, beginning(texts[row])) for query, some in in_order for row in some])
        examples = teach(queries, texts, candidates, np.reshape(likely, (len(queries), N_TEXTS)).tolist())
        measured[kind] = {
            "query": queries,
            "titles": [[articles["title"][row] for row in some] for some in candidates],
            "teacher": rounded([one.shares for one in examples]),
        } | {
            name: rounded(mean_cosines(encoder, queries, texts, candidates, TOKENS_OF_TEXT))
            for name, encoder in students.items()
        }
        print(kind, len(examples), flush=True)
    save_file(options.path, (json.dumps(measured, ensure_ascii=False, separators=(",", ":")) + "\n").encode())


if __name__ == "__main__":
    main()
