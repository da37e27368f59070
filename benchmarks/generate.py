"""How fast is the language model in NumPy, beside transformers? ``python3 benchmarks/generate.py [--texts]``.

Both run the same weights in float32, each in a process of its own, since two libraries' threads in one process wait for
each other. They take turns, so that whatever else the computer does hurts both, and what is printed is the ratio of
the medians: for greedy decoding of 100 tokens, and for reading a prompt of 256. Beside it stands the limit that the
memory sets: each new token needs every weight once.

``--texts`` lets both write 100 tokens after each of the 20 prompts of the tests, and compares the texts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

PROMPT, NEW_TOKENS, LONG_PROMPT = "Once upon a time there was a little", 100, 256
ROUNDS = 5
GREEDY = ROOT / "tests" / "greedy_texts.json"
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Ours:
    """NumPyLM, from the file to the text."""

    def __init__(self):
        from course_utils.transformer import NumPyLM

        self.model = NumPyLM.smollm2()

    def write(self, prompt: str) -> list[int]:
        return list(self.model.generate_ids(prompt, NEW_TOKENS))

    def read(self, ids: list[int]) -> int:
        from course_utils.transformer import KVCache

        return int(self.model.last_logits(ids, KVCache(self.model, len(ids) + 1)).argmax())

    def bandwidth(self) -> float:
        """Return how many bytes of the weights BLAS can read in a second."""
        import numpy as np

        weights = np.concatenate([block.gate_up.ravel() for block in self.model.blocks] * 2)
        seconds = []
        for _ in range(7):
            start = time.perf_counter()
            np.dot(weights, weights)  # the same numbers twice: read once
            seconds.append(time.perf_counter() - start)
        return weights.nbytes / statistics.median(seconds)

    def facts(self) -> dict:
        return {"bytes": 4 * self.model.n_weights, "peak": _peak_bytes()}


class Transformers:
    """The same file and the same ids through transformers, with its cache."""

    def __init__(self):
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging

        from course_utils.common.assets import smollm2_path
        from course_utils.tokens import load_tokenizer

        logging.disable_progress_bar()
        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        folder, name = smollm2_path().parent, smollm2_path().name
        self.network = AutoModelForCausalLM.from_pretrained(folder, gguf_file=name, dtype=torch.float32).eval()
        self.encode = lambda text: load_tokenizer("SmolLM2").encode(text, special="allow")

    def write(self, prompt: str) -> list[int]:
        import torch

        ids = torch.tensor([self.encode(prompt)])
        with torch.no_grad():
            found = self.network.generate(
                ids, attention_mask=torch.ones_like(ids), max_new_tokens=NEW_TOKENS, do_sample=False, pad_token_id=2
            )
        return found[0, ids.shape[1] :].tolist()

    def read(self, ids: list[int]) -> int:
        import torch

        with torch.no_grad():
            found = self.network(torch.tensor([ids]), logits_to_keep=1, use_cache=True)
        return int(found.logits[0, -1].argmax())

    def bandwidth(self) -> float:
        return 0.0

    def facts(self) -> dict:
        return {"peak": _peak_bytes()}


def work(side: str) -> None:
    """Load one side, then answer one order a line: what came out, and the seconds it took."""
    start = time.perf_counter()
    engine = {"ours": Ours, "transformers": Transformers}[side]()
    loaded = time.perf_counter() - start
    print(json.dumps([engine.facts(), loaded]), flush=True)
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        start = time.perf_counter()
        result = getattr(engine, name)(*arguments)
        print(json.dumps([result, time.perf_counter() - start]), flush=True)


class Worker:
    """One side in its own process."""

    def __init__(self, side: str, threads: int):
        environment = {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--side", side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self.facts, self.load_seconds = json.loads(self.process.stdout.readline())

    def ask(self, *order: object) -> tuple:
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return tuple(json.loads(self.process.stdout.readline()))

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def compare(threads: int, rounds: int) -> None:
    """Let both sides take turns with so many threads, and print what the medians say."""
    from course_utils.corpus import load_wikipedia
    from course_utils.tokens import load_tokenizer

    text = " ".join(load_wikipedia(size=20)["text"][:])
    ids = load_tokenizer("SmolLM2").encode(text)[:LONG_PROMPT]
    sides = {side: Worker(side, threads) for side in ("ours", "transformers")}
    for worker in sides.values():  # once for warmth
        worker.ask("read", ids)
        worker.ask("write", PROMPT)
    seconds: dict[tuple[str, str], list[float]] = {}
    results: dict[str, set] = {"write": set(), "read": set()}
    speeds = []
    for _ in range(rounds):
        speeds.append(sides["ours"].ask("bandwidth")[0])
        for order, argument in (("write", PROMPT), ("read", ids)):
            for side, worker in sides.items():
                found, took = worker.ask(order, argument)
                seconds.setdefault((order, side), []).append(took)
                results[order].add(str(found))
    for worker in sides.values():
        worker.close()
    assert all(len(found) == 1 for found in results.values()), "the two sides write different texts"
    middle = {key: statistics.median(values) for key, values in seconds.items()}
    rate = {side: NEW_TOKENS / middle["write", side] for side in sides}
    limit = statistics.median(speeds) / sides["ours"].facts["bytes"]
    print(f"\n{threads} thread{'s' * (threads > 1)}, {rounds} rounds in turns")
    print(
        f"  loading:        {sides['ours'].load_seconds:.1f} s; transformers {sides['transformers'].load_seconds:.1f} s"
    )
    print(f"  peak memory:    {sides['ours'].facts['peak'] / 1e9:.2f} GB after loading")
    print(
        f"  decoding:       {rate['ours']:.1f} tokens/s; transformers {rate['transformers']:.1f}; "
        f"ratio {rate['ours'] / rate['transformers']:.2f}"
    )
    print(
        f"  memory's limit: {limit:.1f} tokens/s ({sides['ours'].facts['bytes'] / 1e6:.0f} MB a token at "
        f"{statistics.median(speeds) / 1e9:.1f} GB/s); {rate['ours'] / limit:.0%} of it reached"
    )
    print(
        f"  256-token prompt: {middle['read', 'ours']:.2f} s; transformers {middle['read', 'transformers']:.2f} s; "
        f"ratio {middle['read', 'transformers'] / middle['read', 'ours']:.2f}"
    )


def compare_texts() -> None:
    """Let both sides write after every prompt of the tests, and count the equal texts."""
    prompts = json.loads(GREEDY.read_text(encoding="utf-8"))
    sides = [Worker(side, 2) for side in ("ours", "transformers")]
    equal = 0
    for prompt in prompts:
        ours, theirs = (worker.ask("write", prompt)[0] for worker in sides)
        equal += ours == theirs and len(ours) == NEW_TOKENS
    for worker in sides:
        worker.close()
    print(f"{equal} of {len(prompts)} greedy texts of {NEW_TOKENS} tokens are identical to transformers'")


def _peak_bytes() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Measure with one and with two threads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--side")
    parser.add_argument("--texts", action="store_true")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--threads", type=int, nargs="*", default=[1, 2])
    chosen = parser.parse_args()
    if chosen.side:
        work(chosen.side)
    elif chosen.texts:
        compare_texts()
    else:
        for threads in chosen.threads:
            compare(threads, chosen.rounds)


if __name__ == "__main__":
    main()
