"""Byte pair encoding, as GPT, Llama and most language models cut text: bytes, merges, a pre-split, special tokens.

The four ideas stand in this order below. Text is bytes, so nothing is ever unknown. The commonest neighbours are merged
into a new token, again and again. A regular expression cuts the text first, so that no token crosses from one word into
the next. Special tokens, such as the end of a text, are no text at all.
"""

from __future__ import annotations

import heapq
import json
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from course_utils.common.errors import InputError
from course_utils.tokens.base import BaseTokenizer, check_text
from course_utils.tokens.fast_merges import N_BYTES, check_words, learn_merges


def naive_merges(words: Mapping[str, int], n_merges: int) -> list[tuple[int, int]]:
    """Learn merges by the plain loop: count all pairs of neighbours, merge the commonest, and count again.

    Ids under 256 are bytes, and merge ``n`` makes the token ``256 + n``. Of equally frequent pairs the one with the
    lowest ids is merged, the left id compared first. A pair that comes only once is not merged.

    Parameters
    ----------
    words : mapping of str to int
        Each different word (or other pre-token) and how often it comes.
    n_merges : int
        How many pairs to find at most.

    Examples
    --------
    >>> naive_merges({"aaab": 2, "ab": 1}, n_merges=2)
    [(97, 97), (97, 98)]
    """
    check_words(words, n_merges)
    ids = {word: list(word.encode()) for word in words}
    merges: list[tuple[int, int]] = []
    while len(merges) < n_merges:
        counts: Counter[tuple[int, int]] = Counter()
        for word, times in words.items():
            for pair in pairwise(ids[word]):
                counts[pair] += times
        best = min(counts, key=lambda pair: (-counts[pair], pair), default=None)
        if counts[best] < 2:
            break
        new = N_BYTES + len(merges)
        ids = {word: replace_pair(old, best, new) for word, old in ids.items()}
        merges.append(best)
    return merges


def replace_pair(ids: list[int], pair: tuple[int, int], new: int) -> list[int]:
    """Return a new list with ``new`` in place of each ``pair`` of neighbours, from left to right.

    Examples
    --------
    >>> replace_pair([1, 2, 3, 1, 2], (1, 2), 4)
    [4, 3, 4]
    >>> replace_pair([1, 1, 1], (1, 1), 2)
    [2, 1]
    """
    left, right = pair
    merged, i, n = [], 0, len(ids)
    while i < n:
        if ids[i] == left and i + 1 < n and ids[i + 1] == right:
            merged.append(new)
            i += 2
        else:
            merged.append(ids[i])
            i += 1
    return merged


# GPT-4's rule for cutting a text before any merging, as alternatives of a regular expression, tried in this order.
GPT4_SPLIT = "|".join(
    [
        r"'(?i:[sdmt]|ll|ve|re)",  # the short endings of English: 's, 't, 'll
        r"[^\r\n\p{L}\p{N}]?+\p{L}++",  # letters, with the space or sign before them
        r"\p{N}{1,3}+",  # up to three digits
        r" ?[^\s\p{L}\p{N}]++[\r\n]*+",  # signs, with the space before and the line ends after them
        r"\s++$|\s*[\r\n]|\s+(?!\S)|\s",  # white space; the last space before a word stays for the word
    ]
)
# SmolLM2's: each digit alone, else GPT-2's; white space before a digit stays together.
SMOLLM2_SPLIT = r"\p{N}|'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?[^\s\p{L}\p{N}]+|\s+(?=\p{N})|\s+(?!\S)|\s+"
MOST_CACHED = 200_000  # pre-tokens whose ids are remembered
LONGEST_CACHED = 64  # characters; a longer pre-token hardly comes twice


class BPETokenizer(BaseTokenizer):
    """Byte-level byte pair encoding, trained on a text or loaded with the vocabulary of a real model.

    Parameters
    ----------
    ranks : mapping of bytes to int, optional
        The tokens and their ids. A lower id is an older token, and is merged first. The 256 single bytes, each with its
        own value as its id, when left out.
    split : str
        A regular expression for the module ``regex``; its matches are cut into tokens one by one. ``""``: no pre-split.
    special_tokens : mapping of str to int, optional
        Tokens that stand for no text.
    normalisation : {"", "NFC"}
        How Unicode is put into one form before anything else; ``""``: not at all.
    lossy : bool
        Accept a vocabulary without a token for each byte, and leave such bytes out of texts; SmolLM2's lacks a few
        that hardly ever come.
    name : str
        What to call it.

    Notes
    -----
    Sennrich et al., 2016 (https://arxiv.org/abs/1508.07909); over bytes since GPT-2. Two neighbours may merge if their
    bytes together are a token, the lowest id first, of equal ones the leftmost: the rule of OpenAI's tiktoken, and on
    the vocabularies loaded here the ids are the same as those of the models' own tokenizers.

    Examples
    --------
    >>> tokenizer = BPETokenizer.train("low low low lower lowest", vocab_size=259)
    >>> tokenizer.merges
    [(b'l', b'o'), (b'lo', b'w'), (b' ', b'low')]
    >>> tokenizer.tokens("slow lows")
    ['s', 'low', ' low', 's']
    >>> tokenizer.decode(tokenizer.encode("안녕"))
    '안녕'
    """

    method = "BPE over bytes"

    def __init__(
        self,
        ranks: Mapping[bytes, int] | None = None,
        split: str = GPT4_SPLIT,
        special_tokens: Mapping[str, int] | None = None,
        normalisation: str = "",
        lossy: bool = False,
        name: str = "my own",
    ):
        import regex

        super().__init__(name, special_tokens or {})
        self.ranks = dict(ranks) if ranks is not None else {bytes([byte]): byte for byte in range(N_BYTES)}
        self.missing_bytes = bytes(byte for byte in range(N_BYTES) if bytes([byte]) not in self.ranks)
        if self.missing_bytes and not lossy:
            raise InputError(
                f"A byte-level vocabulary needs all 256 bytes, and {self.missing_bytes[0]:#04x} is missing: with "
                "lossy=True the bytes without a token are left out of every text."
            )
        if normalisation not in ("", "NFC"):
            raise InputError(f"normalisation must be '' or 'NFC', and {normalisation!r} is neither.")
        self.split, self.normalisation = split, normalisation
        self.merges: list[tuple[bytes, bytes]] = []
        try:
            self._split = regex.compile(split).findall
        except regex.error as error:
            raise InputError(f"The split is no regular expression: {error}.") from None
        self._bytes = {number: token for token, number in self.ranks.items()}
        self._bytes |= {number: special.encode() for special, number in self.special_tokens.items()}
        self._cache: dict[str, list[int]] = {}

    @classmethod
    def train(
        cls,
        text: str,
        vocab_size: int,
        split: str = GPT4_SPLIT,
        special_tokens: Iterable[str] = (),
        name: str = "my own",
    ) -> BPETokenizer:
        """Learn a vocabulary: start from bytes, and merge the commonest pair of neighbours until it is large enough.

        Parameters
        ----------
        text : str
            The text to learn from.
        vocab_size : int
            Tokens to reach, the 256 bytes and the special tokens among them; training stops earlier where no pair comes
            twice.
        split : str
            As for the class.
        special_tokens : iterable of str
            Names of special tokens; they get the ids after the learned ones.
        name : str
            What to call it.

        Raises
        ------
        InputError
            If there is no room for the 256 bytes and the special tokens, or the text is no proper string.

        Notes
        -----
        Of equally frequent pairs the one with the lowest ids is merged, the left id compared first: the result depends
        on the text alone. The text is cut into pre-tokens once and each different one is kept with its frequency; then
        the counts of all pairs, and the pre-tokens in which each pair stands, are kept up to date, so a merge costs
        only as much as there is to change.
        """
        check_text(text)
        special_tokens = list(dict.fromkeys(special_tokens))
        least = N_BYTES + len(special_tokens)
        if isinstance(vocab_size, bool) or not hasattr(vocab_size, "__index__") or vocab_size < least:
            raise InputError(
                f"vocab_size must be a whole number of at least {least} (256 bytes"
                f"{f' and {len(special_tokens)} special tokens' if special_tokens else ''}), and {vocab_size!r} is not."
            )
        pairs = learn_merges(Counter(cls(split=split).words(text)), int(vocab_size) - least)
        tokens = [bytes([byte]) for byte in range(N_BYTES)]
        for left, right in pairs:
            tokens.append(tokens[left] + tokens[right])
        special = {token: len(tokens) + n for n, token in enumerate(special_tokens)}
        tokenizer = cls({token: number for number, token in enumerate(tokens)}, split, special, name=name)
        tokenizer.merges = [(tokens[left], tokens[right]) for left, right in pairs]
        return tokenizer

    @property
    def vocabulary_size(self) -> int:
        """How many different tokens there are, the special ones among them."""
        return len(self._bytes)

    def token_bytes(self, token: int) -> bytes:
        """Return what the token with this id stands for."""
        return self._bytes[token]

    def vocabulary(self) -> Iterator[tuple[int, bytes]]:
        """Go through all tokens that stand for text: the id and the bytes of each."""
        return ((number, token) for token, number in self.ranks.items())

    def words(self, text: str) -> list[str]:
        """Return the pre-tokens of ``text``: the pieces that no token crosses.

        Raises
        ------
        InputError
            If the regular expression of the split leaves out a part of the text.

        Examples
        --------
        >>> BPETokenizer().words("It's 2024, isn't it?")
        ['It', "'s", ' ', '202', '4', ',', ' isn', "'t", ' it', '?']
        """
        if not self.split:
            return [text] if text else []
        words = self._split(text)
        if sum(map(len, words)) != len(text):
            raise InputError("The split leaves out a part of this text: let its last alternative match any character.")
        return words

    def steps(self, word: str) -> list[list[bytes]]:
        """Show how one pre-token becomes tokens: its bytes, and the state after each merge.

        Examples
        --------
        >>> BPETokenizer.train("low low low lower lowest", vocab_size=259).steps("slow")
        [[b's', b'l', b'o', b'w'], [b's', b'lo', b'w'], [b's', b'low']]
        """
        parts = [bytes([byte]) for byte in word.encode()]
        states = [parts]
        while candidates := [
            (self.ranks[left + right], place)
            for place, (left, right) in enumerate(pairwise(parts))
            if left + right in self.ranks
        ]:
            _, place = min(candidates)
            parts = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]
            states.append(parts)
        return states

    def save(self, path: str | Path) -> None:
        """Write everything into a JSON file; bytes stand in it as the characters U+0000 to U+00FF."""
        content = {
            "name": self.name,
            "split": self.split,
            "normalisation": self.normalisation,
            "lossy": bool(self.missing_bytes),
            "special_tokens": self.special_tokens,
            "ranks": {token.decode("latin-1"): number for token, number in self.ranks.items()},
            "merges": [[part.decode("latin-1") for part in pair] for pair in self.merges],
        }
        Path(path).write_text(json.dumps(content), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> BPETokenizer:
        """Read a tokenizer that `save` wrote.

        Raises
        ------
        InputError
            If the file is something else.
        """
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            ranks = {token.encode("latin-1"): int(number) for token, number in content.pop("ranks").items()}
            merges = [(left.encode("latin-1"), right.encode("latin-1")) for left, right in content.pop("merges")]
            tokenizer = cls(ranks, **content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{Path(path).name} is not a tokenizer that BPETokenizer.save wrote.") from error
        tokenizer.merges = merges
        return tokenizer

    def _encode_ordinary(self, text: str) -> list[int]:
        if self.normalisation:
            text = unicodedata.normalize(self.normalisation, text)
        ids: list[int] = []
        for word in self.words(text):
            known = self._cache.get(word)
            if known is None:
                known = self._merge(word.encode().translate(None, self.missing_bytes))
                if len(word) <= LONGEST_CACHED:
                    if len(self._cache) >= MOST_CACHED:
                        self._cache.clear()
                    self._cache[word] = known
            ids += known
        return ids

    def _merge(self, word: bytes) -> list[int]:
        """Do what `steps` shows, with a queue of the possible merges instead of looking at all pairs each time."""
        ranks, n = self.ranks, len(word)
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
                continue  # one of the two was merged otherwise meanwhile
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

    def _exists(self, token: int) -> bool:
        return token in self._bytes
