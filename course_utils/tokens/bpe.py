"""Byte pair encoding, as GPT, Llama and most language models cut text: bytes, merges, a pre-split, special tokens.

Text is bytes, so nothing is ever unknown. To train, the commonest pair of neighbours is merged into a new token, again
and again: `naive_merges` is the whole idea. A pre-split cuts the text first, so that no token crosses from one word
into the next. Special tokens, such as the end of a text, are no text at all.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from course_utils.common.checks import is_whole_number
from course_utils.common.errors import InputError
from course_utils.tokens.base import BaseTokenizer
from course_utils.tokens.characters import byte_sources, check_text, is_word_border, token_offsets
from course_utils.tokens.fast_merges import N_BYTES, apply_merges, check_words, learn_merges
from course_utils.tokens.special import check_names, check_special_tokens, names_pattern
from course_utils.tokens.splits import GPT2_SPLIT, GPT4_SPLIT, compile_split, find_words
from course_utils.tokens.vocabulary import check_ranks, read_gpt2, read_saved, write_saved


def naive_merges(words: Mapping[str, int], n_merges: int) -> list[tuple[int, int]]:
    """Learn merges by the plain loop: count all pairs of neighbours, merge the commonest, and count again.

    Ids under 256 are bytes, and merge ``n`` makes the token ``256 + n``. Of equally frequent pairs the one with the
    lowest ids is merged, the left id compared first. A pair that comes only once is not merged.

    Parameters
    ----------
    words : mapping of str to int
        Each different word (or other pre-token) and how often it comes.

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


MOST_CACHED = 200_000  # pre-tokens whose ids are remembered
LONGEST_CACHED = 64  # characters; a longer pre-token hardly comes twice


class BPETokenizer(BaseTokenizer):
    """Byte-level byte pair encoding, trained on a text or loaded with the vocabulary of a real model.

    Parameters
    ----------
    ranks : mapping of bytes to int, optional
        The tokens and their ids; the token with the lower id is merged first. When left out: the 256 single bytes.
    split : str
        A regular expression for the module ``regex``; its matches are cut into tokens one by one. ``""``: no pre-split.
    special_tokens : mapping of str to int
        The names of tokens that stand for no text, and their ids.
    normalisation : {"", "NFC"}
        The Unicode form that a text is brought into first.
    lossy : bool
        Accept a vocabulary without a token for each byte, such as SmolLM2's, and leave such bytes out of texts.

    Notes
    -----
    Sennrich et al., 2016 (https://arxiv.org/abs/1508.07909); over bytes since GPT-2. Two neighbours may merge if their
    bytes together are a token, the lowest id first, of equal ones the leftmost: the rule of OpenAI's tiktoken. The list
    `merges` is what `train` learned or `from_gpt2` read; otherwise it is empty, since the ranks are enough to encode.

    Examples
    --------
    >>> tokenizer = BPETokenizer.train("low low low lower lowest", vocab_size=259)
    >>> tokenizer.merges
    [(b'l', b'o'), (b'lo', b'w'), (b' ', b'low')]
    >>> tokenizer.tokens("slow lows")
    ['s', 'low', ' low', 's']
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
        self.ranks = check_ranks({bytes([byte]): byte for byte in range(N_BYTES)} if ranks is None else ranks)
        self._bytes = {number: token for token, number in self.ranks.items()}
        special_tokens = check_special_tokens({} if special_tokens is None else special_tokens, self._bytes)
        self._bytes |= {number: special.encode() for special, number in special_tokens.items()}
        super().__init__(name, special_tokens, len(self._bytes))
        self.missing_bytes = bytes(byte for byte in range(N_BYTES) if bytes([byte]) not in self.ranks)
        if self.missing_bytes and not lossy:
            raise InputError(
                f"A byte-level vocabulary needs all 256 bytes, and {self.missing_bytes[0]:#04x} is missing: with "
                "lossy=True the bytes without a token are left out of every text."
            )
        if normalisation not in ("", "NFC"):
            raise InputError(f"normalisation must be '' or 'NFC', and {normalisation!r} is neither.")
        self.split, self.normalisation = split, normalisation
        self._pattern = compile_split(split)
        self.merges: list[tuple[bytes, bytes]] = []
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
        vocab_size : int
            Tokens to reach, the 256 bytes and the special tokens among them; training stops earlier where no pair comes
            twice.
        special_tokens : iterable of str
            Their names; they get the last ids. Nothing is learned from a name in the text or across it.
        """
        check_text(text)
        names = check_names(special_tokens)
        least = N_BYTES + len(names)
        if not is_whole_number(vocab_size) or vocab_size < least:
            raise InputError(
                f"vocab_size must be a whole number of at least {least} (256 bytes"
                f"{f' and {len(names)} special tokens' if names else ''}), and {vocab_size!r} is not."
            )
        untrained = cls(split=split)
        parts = names_pattern(frozenset(names)).split(text) if names else [text]
        words = Counter(word for part in parts if part not in names for word in untrained.words(part))
        pairs = learn_merges(words, int(vocab_size) - least)
        tokens = [bytes([byte]) for byte in range(N_BYTES)]
        for left, right in pairs:
            tokens.append(tokens[left] + tokens[right])
        special = {token: len(tokens) + n for n, token in enumerate(names)}
        tokenizer = cls({token: number for number, token in enumerate(tokens)}, split, special, name=name)
        tokenizer.merges = [(tokens[left], tokens[right]) for left, right in pairs]
        return tokenizer

    @classmethod
    def from_gpt2(
        cls,
        encoder_json: str | Path,
        vocab_bpe: str | Path,
        split: str = GPT2_SPLIT,
        lossy: bool = False,
        name: str = "GPT-2",
    ) -> BPETokenizer:
        """Read a vocabulary as OpenAI published GPT-2's: a file with the ids, a file with the merges.

        Other models call them ``vocab.json`` and ``merges.txt``. InputError if they do not belong together.
        """
        ranks, merges, special_tokens = read_gpt2(Path(encoder_json), Path(vocab_bpe))
        tokenizer = cls(ranks, split, special_tokens, lossy=lossy, name=name)
        tokenizer.merges = merges
        return tokenizer

    def words(self, text: str) -> list[str]:
        """Return the pre-tokens of ``text``, whose borders no token crosses; InputError if the split leaves text out.

        Examples
        --------
        >>> BPETokenizer().words("It's 2024, isn't it?")
        ['It', "'s", ' ', '202', '4', ',', ' isn', "'t", ' it', '?']
        """
        check_text(text)
        return self._words(text)

    def steps(self, word: str) -> list[list[bytes]]:
        """Show how one pre-token becomes tokens: its bytes, and the state after each merge.

        Some tokens are never reached by merges (588 of Llama 3's); then the last step is the whole word at once.

        Examples
        --------
        >>> BPETokenizer.train("low low low lower lowest", vocab_size=259).steps("slow")
        [[b's', b'l', b'o', b'w'], [b's', b'lo', b'w'], [b's', b'low']]
        """
        if len(words := self.words(word)) > 1:
            raise InputError(f"steps takes one pre-token, and this text has {len(words)}: take one of words(text).")
        data = "".join(words).encode().translate(None, self.missing_bytes)
        parts = [bytes([byte]) for byte in data]
        states = [parts]
        while candidates := [
            (self.ranks[left + right], place)
            for place, (left, right) in enumerate(pairwise(parts))
            if left + right in self.ranks
        ]:
            _, place = min(candidates)
            parts = [*parts[:place], parts[place] + parts[place + 1], *parts[place + 2 :]]
            states.append(parts)
        return states if len(parts) < 2 or data not in self.ranks else [*states, [data]]

    def save(self, path: str | Path) -> None:
        """Write everything into a JSON file."""
        options = {"name": self.name, "split": self.split, "normalisation": self.normalisation}
        options |= {"lossy": bool(self.missing_bytes), "special_tokens": self.special_tokens}
        write_saved(Path(path), self.ranks, self.merges, options)

    @classmethod
    def load(cls, path: str | Path) -> BPETokenizer:
        """Read a tokenizer that `save` wrote; InputError if the file is something else."""
        ranks, merges, options = read_saved(Path(path))
        tokenizer = cls(ranks, **options)
        tokenizer.merges = merges
        return tokenizer

    def _words(self, text: str) -> list[str]:
        text = unicodedata.normalize(self.normalisation, text) if self.normalisation else text
        return find_words(self._pattern, text)

    def _encode_ordinary(self, text: str) -> list[int]:
        ids: list[int] = []
        for word in self._words(text):
            known = self._cache.get(word)
            if known is None:
                known = apply_merges(word.encode().translate(None, self.missing_bytes), self.ranks)
                if len(word) <= LONGEST_CACHED:
                    if len(self._cache) >= MOST_CACHED:
                        self._cache.clear()
                    self._cache[word] = known
            ids += known
        return ids

    def _ordinary_offsets(self, text: str) -> list[tuple[int, int]]:
        sources = byte_sources(text, self.normalisation, self.missing_bytes)
        return token_offsets((len(self._bytes[token]) for token in self._encode_ordinary(text)), sources)

    def _data(self, token: int) -> bytes:
        return self._bytes[token]

    def _exists(self, token: int) -> bool:
        return token in self._bytes

    def _highest_id(self) -> int:
        return max(self._bytes)

    def _ordinary_tokens(self) -> Iterator[tuple[int, bytes]]:
        return ((number, token) for token, number in self.ranks.items())

    def _may_cut(self, before: str, after: str) -> bool:
        return bool(self.split) and is_word_border(before, after)

    def _units(self, text: str) -> list[str] | list[int]:
        return self._words(text)
