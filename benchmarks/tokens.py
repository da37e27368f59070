"""How fast the course's BPE is, as ratios of medians in one run: ``python benchmarks/tokens.py``.

The slow ones are plain loops: to train, the course's own `naive_merges`, which counts all pairs again after each merge;
to encode, merge each pre-token without remembering it. The fast ones are Hugging Face's tokenizers and OpenAI's
tiktoken, both in Rust.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from course_utils.corpus import load_wikipedia
from course_utils.tokens import BPETokenizer, learn_merges, naive_merges, replace_pair
from course_utils.tokens.fast_merges import N_BYTES

TRAINING, ENCODING = 500_000, 100_000  # characters of Wikipedia


def encode_without_memory(tokenizer: BPETokenizer, text: str) -> list[int]:
    """Encode as minbpe does: for each pre-token look for the oldest pair, merge it everywhere, and look again."""
    ranks = tokenizer.ranks
    numbers = {(ranks[left], ranks[right]): ranks[left + right] for left, right in tokenizer.merges}
    ids = []
    for word in tokenizer.words(text):
        chunk = list(word.encode())
        while len(chunk) > 1:
            pair = min(set(pairwise(chunk)), key=lambda pair: numbers.get(pair, len(ranks)))
            if pair not in numbers:
                break
            chunk = replace_pair(chunk, pair, numbers[pair])
        ids += chunk
    return ids


def train_in_rust(text: str, n_merges: int) -> None:
    """Train with Hugging Face's tokenizers."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    rules = Tokenizer(models.BPE())
    rules.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    rules.train_from_iterator(
        [text], trainers.BpeTrainer(vocab_size=N_BYTES + n_merges, initial_alphabet=alphabet, show_progress=False)
    )


def median_seconds(work: Callable[[], object], times: int) -> float:
    """Return the median of several runs."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def main() -> None:
    """Measure, and print one line for each comparison."""
    text = "\n".join(load_wikipedia()["text"][:])
    corpus, sample = text[:TRAINING], text[TRAINING : TRAINING + ENCODING]
    words = Counter(BPETokenizer().words(corpus))
    assert learn_merges(words, 64) == naive_merges(words, 64)
    fast = median_seconds(lambda: learn_merges(words, 64), 5)
    naive = median_seconds(lambda: naive_merges(words, 64), 1)
    ours = median_seconds(lambda: BPETokenizer.train(corpus, N_BYTES + 1024), 5)
    rust = median_seconds(lambda: train_in_rust(corpus, 1024), 5)
    print(f"64 merges from the words of 500 kB: {naive / fast:.0f} times as fast as counting again after each merge")
    print(f"training, 1,024 merges, 500 kB: {ours / rust:.1f} times as long as tokenizers, in Rust")

    learned = BPETokenizer.train(corpus, N_BYTES + 1024)
    assert encode_without_memory(learned, sample) == learned.encode(sample)
    plain = median_seconds(lambda: encode_without_memory(learned, sample), 3)
    fresh = median_seconds(lambda: BPETokenizer(learned.ranks).encode(sample), 5)
    warm = median_seconds(lambda: learned.encode(sample), 5)
    print(f"encoding 100 kB: {plain / fresh:.0f} times as fast as without memory, {plain / warm:.0f} times once warm")
    lines = sample.splitlines(keepends=True)
    assert list(learned.encode_iterable(lines)) == learned.encode(sample)
    in_chunks = median_seconds(lambda: list(learned.encode_iterable(lines)), 5)
    print(f"encoding 100 kB in chunks: {in_chunks / warm:.1f} times as long as in one piece")
    print(f"encoding 100 kB: {fresh / tiktoken_seconds(learned, sample):.1f} times as long as tiktoken, in Rust")


def tiktoken_seconds(tokenizer: BPETokenizer, text: str) -> float:
    """Return what tiktoken takes with the same vocabulary."""
    import tiktoken

    peer = tiktoken.Encoding("peer", pat_str=tokenizer.split, mergeable_ranks=tokenizer.ranks, special_tokens={})
    assert peer.encode_ordinary(text) == tokenizer.encode(text)
    return median_seconds(lambda: peer.encode_ordinary(text), 5)


if __name__ == "__main__":
    main()
