"""Let SmolLM2 write questions about Wikipedia's articles: ``python3 training/write_questions.py``.

A question is kept when the dense search of notebook 05 finds its article among the first thirty, because then it asks
for something that the article says; articles that answer a judged question of the course are left out. One thread
computes, so that machines of one kind write the same questions. About 25 minutes.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from course_utils.common import assets
from course_utils.common.files import save_file
from course_utils.common.progress import job_bar
from course_utils.corpus import load_wikipedia
from course_utils.embeddings import embed
from course_utils.evaluation import load_questions
from course_utils.fine_tuning.lora_files import QUESTION_EXAMPLES
from course_utils.fine_tuning.reranker import beginning
from course_utils.search import DenseIndex

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

STARTS = ("which", "who", "what", "where", "how", "why", "when")
TOKENS_WRITTEN, TEXTS_AT_ONCE, QUESTIONS_EACH, FOUND_AMONG, TEXTS = 20, 16, 3, 30, 2000
QUESTIONS = Path(__file__).resolve().parent.parent / "build" / "questions.json"


def load_smollm2() -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Load the course's language model as a PyTorch network, with its tokenizer."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    path = assets.smollm2_path()
    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name}
    return AutoModelForCausalLM.from_pretrained(**place, dtype=torch.float32), AutoTokenizer.from_pretrained(**place)


class Writer:
    """SmolLM2, which reads the examples before it writes questions."""

    def __init__(self):
        self.model, self.tokenizer = load_smollm2()
        self.tokenizer.padding_side, self.tokenizer.pad_token = "left", self.tokenizer.eos_token
        self.line_end = self.tokenizer("\n")["input_ids"][-1]

    @torch.inference_mode()
    def write(self, texts: list[str], starts: list[list[str]]) -> list[list[str]]:
        """Return, for each text, a question with each of its first words, in greedy decoding."""
        n = len(starts[0])
        examples = self.tokenizer([QUESTION_EXAMPLES], return_tensors="pt")["input_ids"]
        read = self.tokenizer([f"Text: {text}\nQuestion:" for text in texts], return_tensors="pt", padding=True)
        mask = torch.cat([torch.ones(len(texts), examples.shape[1], dtype=torch.long), read["attention_mask"]], dim=1)
        cache = self.model(examples).past_key_values
        cache.batch_repeat_interleave(len(texts))
        places = (mask.cumsum(1) - 1).clamp(min=0)
        self.model(
            read["input_ids"],
            attention_mask=mask,
            position_ids=places[:, examples.shape[1] :],
            past_key_values=cache,
            logits_to_keep=1,
        )
        cache.batch_repeat_interleave(n)
        mask, place = mask.repeat_interleave(n, 0), places[:, -1:].repeat_interleave(n, 0)
        first = [self.tokenizer(" " + start)["input_ids"] for some in starts for start in some]
        token = torch.tensor(first)
        assert token.shape[1] == 1, "each start must be one token"
        written = [token]
        for _ in range(TOKENS_WRITTEN):
            place, mask = place + 1, torch.cat([mask, torch.ones_like(token)], dim=1)
            answer = self.model(token, attention_mask=mask, position_ids=place, past_key_values=cache)
            token = answer.logits[:, -1:].argmax(-1)
            written.append(token)
            if (torch.cat(written, 1) == self.line_end).any(1).all():
                break
        lines = [text.split("\n")[0].strip() for text in self.tokenizer.batch_decode(torch.cat(written, 1))]
        return [lines[start : start + n] for start in range(0, len(lines), n)]


def is_question(line: str) -> bool:
    """Tell whether a line is one whole question of at least four words."""
    return bool(re.fullmatch(r"[^?\n]{12,110}\?", line)) and len(line.split()) >= 4


def written_questions() -> Path:
    """Return where the questions lie; they are written first if they are not there."""
    if not QUESTIONS.exists():
        subprocess.run([sys.executable, __file__], check=True)
    return QUESTIONS


def main() -> None:
    """Write the questions, and keep those that find their article."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--path", type=Path, default=QUESTIONS, help="where to write them")
    parser.add_argument("--questions", type=int, default=1700, help="how many to write (default: 1,700)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    articles = load_wikipedia()
    titles, texts = articles["title"][:], articles["text"][:]
    judged = {title for question in load_questions() for title in question.titles}
    rng = random.Random(0)
    chosen = [row for row, title in enumerate(titles) if title not in judged and len(texts[row].split()) >= 25]
    chosen = sorted(rng.sample(chosen, TEXTS), key=lambda row: len(texts[row]))  # the short ones are read whole
    writer, dense, made = Writer(), DenseIndex(embed(texts)), []
    with job_bar(options.questions, "question", "writing") as bar:
        for start in range(0, len(chosen), TEXTS_AT_ONCE):
            if len(made) >= options.questions:
                break
            rows = chosen[start : start + TEXTS_AT_ONCE]
            starts = [rng.sample(STARTS, QUESTIONS_EACH) for _ in rows]
            lines = writer.write([beginning(texts[row]) for row in rows], starts)
            pairs = [(row, line) for row, some in zip(rows, lines, strict=True) for line in some if is_question(line)]
            hits = dense.search(embed([line for _, line in pairs]), FOUND_AMONG) if pairs else []
            for (row, line), found in zip(pairs, hits, strict=True):
                if row in [hit.position for hit in found]:
                    made.append({"title": titles[row], "question": line})
                    bar.update(1)
    made = made[: options.questions]
    save(options.path, made)
    print(f"{len(made)} questions about {len({one['title'] for one in made})} articles")


def save(path: Path, made: list[dict[str, str]]) -> None:
    """Write the questions, one a line."""
    lines = ",\n".join(json.dumps(one, ensure_ascii=False) for one in made)
    save_file(path, f"[\n{lines}\n]\n".encode())


if __name__ == "__main__":
    main()
