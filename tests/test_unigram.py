"""How pieces and their probabilities are learned, held equal to the `tokenizers` library on five words."""

from __future__ import annotations

import json
import math

import pytest

from course_utils.common.errors import InputError
from course_utils.exercises.meet_the_tokenizer import count_pairs, merge_pair
from course_utils.tokens.unigram import estimate, every_cut, expected_uses, surprise

COUNTS = {"eat": 6, "sea": 5, "seat": 4, "tea": 4, "team": 3}
WORDS = " ".join(word for word, n in COUNTS.items() for _ in range(n))
LIST = {word[a:b] for word in COUNTS for a in range(len(word)) for b in range(a + 1, len(word) + 1)}


def test_a_word_of_four_letters_has_eight_cuts_where_every_piece_is_known():
    cuts = every_cut("seat", dict.fromkeys(LIST, 0.1))
    assert len(cuts) == 2**3
    assert all("".join(cut) == "seat" for cut in cuts)


def test_a_round_by_hand():
    uses = expected_uses({"sea": 5}, dict.fromkeys(["s", "e", "a", "se", "ea", "sea"], 1 / 16))
    whole = 256 + 16 + 16 + 1  # in units of the cut into three letters
    assert uses["sea"] == pytest.approx(5 * 256 / whole)
    assert uses["s"] == pytest.approx(5 * 17 / whole)  # s·ea and s·e·a


def test_probabilities_add_up_to_one_and_a_round_never_surprises_more():
    pieces = dict.fromkeys(sorted(LIST), 1 / len(LIST))
    for _ in range(5):
        before, pieces = surprise(COUNTS, pieces), estimate(COUNTS, pieces, free=0)
        assert sum(pieces.values()) == pytest.approx(1)
        assert surprise(COUNTS, pieces) < before


def test_a_word_without_a_cut_is_named():
    with pytest.raises(InputError, match="sea"):
        surprise({"sea": 1}, {"s": 0.5, "e": 0.5})


def _learned(trainer, model) -> list:
    tokenizers = pytest.importorskip("tokenizers")
    library = tokenizers.Tokenizer(model)
    library.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    library.train_from_iterator([WORDS], trainer)
    return json.loads(library.to_str())["model"]["vocab"]


def test_a_round_equals_that_of_the_library():
    """Apart from two habits of its own: a piece of less than half a use goes, and logarithms become digammas."""
    special = pytest.importorskip("scipy.special")
    tokenizers = pytest.importorskip("tokenizers")
    known = []
    for rounds in (0, 1):
        trainer = tokenizers.trainers.UnigramTrainer(vocab_size=30, show_progress=False, n_sub_iterations=rounds)
        known.append(dict(_learned(trainer, tokenizers.models.Unigram())))
    uses = expected_uses(COUNTS, {piece: math.exp(value) for piece, value in known[0].items()})
    assert min(uses.values()) > 0.5
    for piece, n in uses.items():
        assert known[1][piece] == pytest.approx(special.digamma(n) - special.digamma(uses.total()), abs=1e-6)


def test_the_wordpiece_trainer_of_the_library_takes_the_most_frequent_pair_and_no_score():
    tokenizers = pytest.importorskip("tokenizers")
    trainer = tokenizers.trainers.WordPieceTrainer(vocab_size=12, show_progress=False)
    learned = _learned(trainer, tokenizers.models.WordPiece(unk_token="[UNK]"))
    words = {(word[0], *(f"##{letter}" for letter in word[1:])): n for word, n in COUNTS.items()}
    merges = []
    for _ in range(3):
        pairs = count_pairs(words)
        best = max(pairs, key=pairs.get)
        new = best[0] + best[1].removeprefix("##")
        words = {_joined(pieces, best, new): n for pieces, n in words.items()}
        merges.append(new)
    assert sorted(learned, key=learned.get)[-3:] == merges == ["##ea", "sea", "tea"]


def _joined(pieces: tuple[str, ...], pair: tuple[str, str], new: str) -> tuple[str, ...]:
    return tuple(new if piece == "".join(pair) else piece for piece in merge_pair(pieces, pair))
