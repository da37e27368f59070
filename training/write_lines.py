"""Let SmolLM2 write a line about each article that answers a development question: ``python3 training/write_lines.py``.

Notebook 14 does this live for four articles; here are all of them, and the losses of two questions about each, before
and after the course's update. One thread takes about fifteen minutes.
"""

from __future__ import annotations

import json

from course_utils.attention import log_softmax
from course_utils.common.files import save_file
from course_utils.corpus import load_wikipedia
from course_utils.evaluation import load_questions, relevant_positions
from course_utils.fine_tuning.lines import STORED, first_lines
from course_utils.fine_tuning.lora_files import (
    NAMING_QUESTIONS,
    QUESTION_EXAMPLES,
    QUESTION_PROMPT,
    WRITER,
    read_updates,
)
from course_utils.fine_tuning.reranker import beginning
from course_utils.transformer import NumPyLM


def add_update(model: NumPyLM) -> None:
    """Add the course's update to the weights of a model, in place."""
    updates = read_updates(WRITER)
    for n, block in enumerate(model.blocks):
        for weights, part in ((block.output, "self_attn.o_proj"), (block.down, "mlp.down_proj")):
            wide, low = updates[f"model.layers.{n}.{part}"]
            weights += (wide @ low).T


def loss(model: NumPyLM, prompt: str, question: str) -> float:
    """Return the mean loss of a question's tokens after a prompt."""
    ids, learned = (model.tokenizer.encode(part) for part in (prompt, f" {question}\n"))
    logs = log_softmax(model.logits(ids + learned)[len(ids) - 1 : -1].astype(float))  # (n_learned, n_vocabulary)
    return round(float(-logs[range(len(learned)), learned].mean()), 4)


def main() -> None:
    """Write, measure and save."""
    articles = load_wikipedia()
    titles, texts = articles["title"][:], articles["text"][:]
    questions = [question for question in load_questions("development") if question.titles]
    shown = sorted({min(rows) for rows in relevant_positions(questions, titles)})
    asked = [next(each.text.lower() for each in questions if titles[row] in each.titles) for row in shown]
    begins = [beginning(texts[row]) for row in shown]
    plain = [QUESTION_PROMPT.format(text=text) for text in begins]
    examples = [part.split("\n")[0] for part in QUESTION_EXAMPLES.strip().split("\n\n")]
    pairs = zip(examples, NAMING_QUESTIONS, strict=True)
    starts = {"four riddles": QUESTION_EXAMPLES}
    starts["four that name"] = "".join(f"{text}\nQuestion: {question}\n\n" for text, question in pairs)
    model = NumPyLM.smollm2(shared=False)
    lines = {"before": first_lines(model, plain)}
    for name, start in starts.items():
        lines[name] = first_lines(model, [f"{start}Text: {text}\nQuestion:" for text in begins])
        print(name, lines[name][:3], flush=True)
    compared = {"by the model": lines["four riddles"], "by a person": asked}
    losses = {name: [[loss(model, *pair)] for pair in zip(plain, some, strict=True)] for name, some in compared.items()}
    add_update(model)
    lines["after"] = first_lines(model, plain)
    for name, some in compared.items():
        for found, *pair in zip(losses[name], plain, some, strict=True):
            found.append(loss(model, *pair))
    found = {"titles": [titles[row] for row in shown], "asked": asked, "lines": lines, "losses": losses}
    save_file(STORED, json.dumps(found, indent=1, ensure_ascii=False).encode() + b"\n")
    print(len(shown), "articles")


if __name__ == "__main__":
    main()
