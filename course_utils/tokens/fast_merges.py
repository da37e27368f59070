"""Byte pair encoding, fast: with the same merges and tokens as the plain loops of `bpe`, which are read first."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from itertools import pairwise

from course_utils.common.checks import check_whole, describe
from course_utils.common.errors import InputError
from course_utils.tokens.characters import check_text

N_BYTES = 256


def check_words(words: Mapping[str, int], n_merges: int) -> None:
    """Refuse what no merges can be learned from: words without their counts, and a number that is none."""
    if not isinstance(words, Mapping):
        raise InputError(f"Merges are learned from words and their counts{describe(words)}: pass Counter(words).")
    for word, count in words.items():
        check_text(word)
        check_whole(f"The count of {word!r}", count, least=0)
    check_whole("n_merges", n_merges, least=0)


def learn_merges(words: Mapping[str, int], n_merges: int) -> list[tuple[int, int]]:
    """Find the same merges as `naive_merges`, at a cost that depends on what each merge changes.

    Three things are kept up to date instead of being counted again: how often each pair comes, the words that it
    comes in, and a queue with the commonest pair in front.

    Examples
    --------
    >>> learn_merges({"aaab": 2, "ab": 1}, n_merges=2)
    [(97, 97), (97, 98)]
    """
    check_words(words, n_merges)
    ids = [list(word.encode()) for word in words]
    frequency = list(words.values())
    counts: Counter[tuple[int, int]] = Counter()
    places: defaultdict[tuple[int, int], set[int]] = defaultdict(set)
    for number, word in enumerate(ids):
        for pair in pairwise(word):
            counts[pair] += frequency[number]
            places[pair].add(number)
    queue = [(-count, pair) for pair, count in counts.items()]
    heapq.heapify(queue)
    merges: list[tuple[int, int]] = []
    while queue and len(merges) < n_merges:
        negative, best = heapq.heappop(queue)
        if counts[best] != -negative:  # an old count: other merges have used up some of these pairs since
            if counts[best] > 0:
                heapq.heappush(queue, (-counts[best], best))
            continue
        if -negative < 2:
            break
        new = N_BYTES + len(merges)
        merges.append(best)
        grown = set()
        for number in places.pop(best):
            ids[number], born = merge_and_count(ids[number], best, new, frequency[number], counts)
            for pair in born:
                places[pair].add(number)
            grown |= born
        for pair in grown:
            heapq.heappush(queue, (-counts[pair], pair))
    return merges


def merge_and_count(
    ids: list[int], pair: tuple[int, int], new: int, frequency: int, counts: Counter[tuple[int, int]]
) -> tuple[list[int], set[tuple[int, int]]]:
    """Return what `replace_pair` does, and the pairs that hold the new token.

    The ``counts`` of all pairs are corrected in place; the word with these ids comes ``frequency`` times.
    """
    left, right = pair
    merged: list[int] = []
    born, done = set(), 0
    while True:
        try:
            here = ids.index(left, done)
        except ValueError:
            return merged + ids[done:], born
        merged += ids[done : here + 1]
        done = here + 1
        if done >= len(ids) or ids[done] != right:
            continue
        merged.pop()
        counts[pair] -= frequency
        if merged:
            counts[merged[-1], left] -= frequency
            counts[merged[-1], new] += frequency
            born.add((merged[-1], new))
        merged.append(new)
        done += 1
        if done < len(ids):
            counts[right, ids[done]] -= frequency
            counts[new, ids[done]] += frequency
            born.add((new, ids[done]))


def apply_merges(word: bytes, ranks: Mapping[bytes, int]) -> list[int]:
    """Return the ids of the tokens that `BPETokenizer.steps` ends with, for the bytes of one pre-token.

    A queue with the oldest merge in front takes the place of a look at all pairs after each merge.

    Examples
    --------
    >>> apply_merges(b"aab", {b"a": 97, b"b": 98, b"ab": 256})
    [97, 256]
    """
    n = len(word)
    if word in ranks:
        return [ranks[word]]
    parts: list[bytes] = [word[i : i + 1] for i in range(n)]  # b"" once it was merged into the part before it
    before, after = list(range(-1, n - 1)), list(range(1, n + 1))
    queue = [(ranks[word[i : i + 2]], i, 2) for i in range(n - 1) if word[i : i + 2] in ranks]
    heapq.heapify(queue)
    while queue:
        _, here, length = heapq.heappop(queue)
        there = after[here]
        if not parts[here] or there >= n or len(parts[here]) + len(parts[there]) != length:
            continue  # another merge has taken one of the two
        parts[here] += parts[there]
        parts[there] = b""
        after[here] = after[there]
        if after[here] < n:
            before[after[here]] = here
        for left in (before[here], here):
            right = after[left] if left >= 0 else n
            if right < n and (rank := ranks.get(parts[left] + parts[right])) is not None:
                heapq.heappush(queue, (rank, left, len(parts[left]) + len(parts[right])))
    return [ranks[part] for part in parts if part]
