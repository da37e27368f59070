"""Teach SmolLM2 to ask what a text answers: ``python3 training/train_question_writer.py``.

The questions come from ``training/write_questions.py`` (run first if need be), where SmolLM2 reads four examples of
ours before each text. Those whose article dense search puts first are kept, and a low-rank update learns to write them
without examples. One thread computes: about 15 minutes, and 25 more for the questions.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path

import torch
from torch.nn import functional as F  # noqa: N812
from write_questions import load_smollm2, written_questions

from course_utils.common.progress import job_bar
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.fine_tuning.lora import add_lora, count_parameters
from course_utils.fine_tuning.lora_files import QUESTION_PROMPT, WRITER, WRITER_BASE, save_lora
from course_utils.fine_tuning.reranker import beginning
from course_utils.fine_tuning.steps import gradient_step
from course_utils.search import DenseIndex

RANK, RATE, BATCH, EPOCHS = 4, 1e-3, 8, 1
TARGETS = ["self_attn.o_proj", "mlp.down_proj"]  # the two matrices of each block that write into the residual stream


def load_examples(path: Path) -> list[tuple[str, str]]:
    """Return prompts and the questions to write after them, those for which dense search puts their article first."""
    articles = load_wikipedia()
    titles, texts = articles["title"][:], articles["text"][:]
    made, row = json.loads(path.read_text(encoding="utf-8")), {title: row for row, title in enumerate(titles)}
    hits = DenseIndex(embed(texts)).search(embed([one["question"] for one in made]), 1)
    good = [one for one, found in zip(made, hits, strict=True) if found[0].position == row[one["title"]]]
    return [(prompt_for(texts[row[one["title"]]]), one["question"]) for one in good]


def prompt_for(text: str) -> str:
    """Return what the model reads before it writes."""
    return QUESTION_PROMPT.format(text=beginning(text))


def loss_of(model: torch.nn.Module, tokenizer: object, batch: list[tuple[str, str]]) -> torch.Tensor:
    """Return the cross-entropy of the questions' tokens, averaged; those of the prompts are read and not learned."""
    rows = []
    for prompt, question in batch:
        read, written = (tokenizer(part)["input_ids"] for part in (prompt, f" {question}\n"))
        rows.append((read + written, [-100] * len(read) + written))
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [0] * (longest - len(ids)) for ids, _ in rows])
    goal = torch.tensor([goal + [-100] * (longest - len(goal)) for _, goal in rows])
    wanted = goal[:, 1:] != -100
    states = model.model(ids).last_hidden_state[:, :-1][wanted]  # (tokens to learn, d_model)
    return F.cross_entropy(model.lm_head(states), goal[:, 1:][wanted])


def main() -> None:
    """Train, and save the update."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=WRITER, help="where to save the update")
    options = parser.parse_args()
    torch.set_num_threads(1)
    examples = load_examples(written_questions())
    model, tokenizer = load_smollm2()
    add_lora(model, TARGETS, RANK)
    print(f"{len(examples)} examples, {count_parameters(model)[0]:,} numbers to train")
    random.Random(0).shuffle(examples)
    batches = [examples[start : start + BATCH] for start in range(0, len(examples) - BATCH + 1, BATCH)] * EPOCHS
    optimiser = torch.optim.AdamW([weight for weight in model.parameters() if weight.requires_grad], lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=len(batches), pct_start=0.1)
    losses = []
    with job_bar(len(batches), "step", "training") as bar:
        for batch in batches:
            losses.append(gradient_step(loss_of(model, tokenizer, batch), optimiser, schedule))
            bar.update(1)
    quarter = max(1, len(losses) // 4)
    first, last = (sum(some) / quarter for some in (losses[:quarter], losses[-quarter:]))
    print(f"loss {first:.2f} in the first quarter, {last:.2f} in the last")
    save_lora(model, options.folder, WRITER_BASE)


if __name__ == "__main__":
    main()
