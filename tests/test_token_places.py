"""Where tokens lie in a text, and where a text may be cut: offsets, and ids of texts that arrive in chunks."""

from __future__ import annotations

import itertools
import json
import random
import sys
import time
import tracemalloc
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_texts import ANY_TEXT, EXACT, KNOWN_TEXT, MIXED_TEXT, NAMES, OWN, random_texts

from course_utils.common import assets
from course_utils.common.errors import InputError
from course_utils.tokens import GPT2_SPLIT, SMOLLM2_SPLIT, BPETokenizer, load_tokenizer, streaming
from course_utils.tokens.characters import byte_sources, is_word_border
from course_utils.tokens.streaming import safe_places

# Offsets


def test_offsets_of_a_line_are_those_found_by_hand():
    # Hello · ␣ and the first half of 🦙 · its third byte · its fourth byte · ␣x
    assert load_tokenizer("GPT-4").offsets("Hello 🦙 x") == [(0, 5), (5, 7), (6, 7), (6, 7), (7, 9)]


def test_offsets_point_into_the_text_as_it_was_given():
    # Qwen 3 makes one character of e and its accent; J2 makes three of a half, and writes line ends of its own.
    assert load_tokenizer("Qwen 3").offsets("ae\u0301a") == [(0, 1), (1, 3), (3, 4)]
    assert load_tokenizer("J2").offsets("½\nx") == [(0, 1), (0, 1), (0, 1), (1, 2), (2, 3)]
    assert load_tokenizer("BERT").offsets("CAFÉ  is") == [(0, 4), (6, 8)]


def test_a_space_that_was_added_has_an_empty_place():
    # Mistral 7B writes a space before every text, here as a token of its own.
    mistral = load_tokenizer("Mistral 7B")
    assert mistral.tokens("🦙")[0] == " "
    assert mistral.offsets("🦙") == [(0, 0), (0, 1), (0, 1), (0, 1), (0, 1)]


@pytest.mark.parametrize("name", NAMES)
def test_there_is_a_place_in_order_for_each_token(name):
    tokenizer = load_tokenizer(name)
    for text in [*random_texts(150), ""]:
        offsets = tokenizer.offsets(text)
        assert len(offsets) == len(tokenizer.encode(text))
        assert all(0 <= start <= end <= len(text) for start, end in offsets)
        assert offsets == sorted(offsets)


@pytest.mark.parametrize("name", EXACT)
def test_the_place_of_a_token_of_whole_characters_holds_its_text(name):
    tokenizer = load_tokenizer(name)
    for text in random_texts(150):
        text = unicodedata.normalize(getattr(tokenizer, "normalisation", "") or "NFC", text)
        for piece, (start, end) in zip(tokenizer.pieces(text), tokenizer.offsets(text), strict=True):
            if "\ufffd" not in piece.text:
                assert text[start:end] == piece.text
            else:
                assert piece.data in text[start:end].encode()


@pytest.mark.parametrize("name", OWN)
def test_tokens_begin_where_tiktoken_says(name):
    import tiktoken

    own = load_tokenizer(name)
    first = min(own.ranks.values())
    ranks = {token: number - first for token, number in own.ranks.items()}
    peer = tiktoken.Encoding(name, pat_str=own.split, mergeable_ranks=ranks, special_tokens={})
    for text in random_texts(150):
        text = unicodedata.normalize("NFC", text)
        same, starts = peer.decode_with_offsets([token - first for token in own.encode(text)])
        assert same == text
        assert [start for start, _ in own.offsets(text)] == starts


@pytest.mark.parametrize("name", ["SmolLM2", "DeepSeek", "BERT"])
def test_offsets_of_the_library_s_own_tokenizers_are_the_library_s(name):
    tokenizer = load_tokenizer(name)
    for text in random_texts(50):
        text = "".join(character for character in text if character >= " ")  # SmolLM2 lacks some control characters
        assert tokenizer.offsets(text) == tokenizer.rules.encode(text, add_special_tokens=False).offsets


def test_offsets_equal_those_of_the_library_for_the_same_vocabulary():
    real = load_tokenizer("SmolLM2")
    own = BPETokenizer({data: number for number, data in real.vocabulary()}, SMOLLM2_SPLIT, lossy=True)

    @settings(max_examples=200, deadline=None)
    @given(text=KNOWN_TEXT | MIXED_TEXT)
    def compare(text):
        assert own.offsets(text) == real.offsets(text)
        if not set(text.encode()) & set(own.missing_bytes):
            assert own.offsets(text) == real.rules.encode(text, add_special_tokens=False).offsets

    compare()


def test_bytes_that_a_vocabulary_lacks_do_not_move_the_others():
    own = BPETokenizer({bytes([byte]): byte for byte in range(256) if byte != 0x16}, lossy=True)
    for tokenizer in (load_tokenizer("SmolLM2"), own):
        assert tokenizer.tokens("a\x16b") == ["a", "b"]
        assert tokenizer.offsets("a\x16b") == [(0, 1), (2, 3)]


@pytest.mark.parametrize(("name", "file"), [("Mistral 7B", "tokenizer.model.v1"), ("J2", "j2-tokenizer.model")])
def test_offsets_equal_those_of_sentencepiece(name, file):
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(assets.tokenizer_path(file)))
    if not hasattr(model, "EncodeAsOffsetMapping"):
        pytest.skip("this release of sentencepiece tells no offsets")
    own = load_tokenizer(name)
    n_compared = 0
    for text in random_texts(150):
        text = unicodedata.normalize("NFKC", text.replace("\n", " ")) if name == "J2" else text
        theirs = model.encode(text, return_type="offset_mapping")
        for piece, mine, other in zip(own.pieces(text), own.offsets(text), theirs["offsets"], strict=True):
            if other[0] < other[1]:  # the library gives a character to the last token that it was spread over
                assert mine[1] == other[1]
                assert mine[0] == other[0]
                n_compared += len(piece.data) > 1
    assert n_compared > 1000


def test_all_that_normalisation_joins_shares_one_place():
    n_compositions = 0
    for number in range(sys.maxunicode + 1):
        apart = unicodedata.normalize("NFD", chr(number)) if not 0xD800 <= number < 0xE000 else ""
        if len(apart) > 1 and unicodedata.normalize("NFC", apart) == chr(number):
            n_compositions += 1
            assert set(byte_sources(f"\n{apart}\n", "NFC")[1:-1]) == {(1, 1 + len(apart))}, apart
    assert n_compositions > 11_172  # the Korean syllables alone


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT | st.text("aée\u0301\u0323각\u1100\u1161\u11a8\u0344", max_size=20))
def test_each_byte_of_a_normalised_text_has_its_characters(text):
    sources = byte_sources(text, "NFC")
    assert len(sources) == len(unicodedata.normalize("NFC", text).encode())
    for start, end in set(sources):
        size = sources.count((start, end))
        assert len(unicodedata.normalize("NFC", text[start:end]).encode()) == size


@pytest.mark.parametrize("name", NAMES)
def test_a_special_token_lies_where_its_name_is(name):
    tokenizer = load_tokenizer(name)
    special = next(iter(tokenizer.special_tokens))
    text = f"ab {special} c"
    place = (3, 3 + len(special))
    pieces = tokenizer.pieces(text, special="allow")
    assert [p for piece, p in zip(pieces, tokenizer.offsets(text, "allow"), strict=True) if piece.special] == [place]
    assert place not in tokenizer.offsets(text)
    assert tokenizer.offsets(text, special={special}) == tokenizer.offsets(text, special="allow")


def test_offsets_refuse_half_a_character():
    with pytest.raises(InputError, match="lone surrogate"):
        load_tokenizer("GPT-4").offsets("\ud83d")


# Where a cut is safe


SPLITS = {name: load_tokenizer(name).split for name in OWN} | {"GPT-2": GPT2_SPLIT, "SmolLM2": SMOLLM2_SPLIT}


@pytest.mark.parametrize("name", SPLITS)
def test_a_text_in_two_parts_has_the_same_pre_tokens_at_each_word_border(name):
    tokenizer = BPETokenizer(split=SPLITS[name])
    n_borders = 0

    @settings(max_examples=300, deadline=None)
    @given(text=MIXED_TEXT | KNOWN_TEXT)
    def compare(text):
        nonlocal n_borders
        for place in range(1, len(text)):
            if is_word_border(text[place - 1], text[place]):
                n_borders += 1
                assert tokenizer.words(text[:place]) + tokenizer.words(text[place:]) == tokenizer.words(text)

    compare()
    assert n_borders > 100


def test_no_place_is_safe_inside_a_special_token_or_where_one_may_still_grow():
    names = frozenset({"<end>", "<end><of>"})
    assert list(safe_places("a b<end> c<end>", is_word_border, names)) == [3, 1]
    assert list(safe_places("a b<end> c<end> and much more", is_word_border, names)) == [19, 15, 10, 8, 3, 1]


# Texts in chunks


@pytest.fixture(scope="module")
def impatient():
    """Cut as soon as there is a safe place, however short the text."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "CHARACTERS_HELD", 1)
        yield


def chunks_of(text: str, cuts: list[int]) -> list[str]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[first:last] for first, last in itertools.pairwise(places)]


@pytest.mark.parametrize("name", NAMES)
def test_ids_in_chunks_are_those_of_the_whole_text(name, impatient):
    tokenizer = load_tokenizer(name)

    @settings(max_examples=80, deadline=None)
    @given(text=MIXED_TEXT | KNOWN_TEXT, cuts=st.lists(st.integers(0, 1000), max_size=12))
    def compare(text, cuts):
        assert list(tokenizer.encode_iterable(chunks_of(text, cuts))) == tokenizer.encode(text)

    compare()
    for text in random_texts(60):
        assert list(tokenizer.encode_iterable(iter(text))) == tokenizer.encode(text)


@pytest.mark.parametrize("special", ["text", "allow", {"<a>"}, {"<a>", "<a><b>"}])
def test_special_tokens_are_found_across_chunks(special, impatient):
    tokenizer = BPETokenizer(special_tokens={"<a>": 300, "<a><b>": 301, " c d": 302})

    @settings(max_examples=150, deadline=None)
    @given(
        parts=st.lists(st.sampled_from(["<a>", "<b>", "<a", ">", " c d", " c", "word", " ", "\n"]), max_size=12),
        cuts=st.lists(st.integers(0, 1000), max_size=12),
    )
    def compare(parts, cuts):
        text = "".join(parts)
        found = list(tokenizer.encode_iterable(chunks_of(text, cuts), special))
        assert found == tokenizer.encode(text, special)

    compare()


def test_a_refused_special_token_is_found_across_chunks(impatient):
    chunks = ["some words and <|im_", "start|> more"]
    with pytest.raises(InputError, match="im_start"):
        list(load_tokenizer("SmolLM2").encode_iterable(chunks, special="refuse"))


@pytest.mark.parametrize("name", ["GPT-4", "SmolLM2", "Mistral 7B", "BERT", "J2"])
def test_a_long_text_cut_anywhere_has_its_ids(name):
    rng, text = random.Random(5), "\n".join(random_texts(900))
    cuts = [rng.randrange(len(text)) for _ in range(300)]
    tokenizer = load_tokenizer(name)
    assert len(text) > 20 * streaming.CHARACTERS_HELD
    assert list(tokenizer.encode_iterable(chunks_of(text, cuts))) == tokenizer.encode(text)


@pytest.mark.parametrize("split", ["", r"\w+ ?|\W", r"(?s)...?|."])
def test_a_split_of_one_s_own_gives_the_same_ids_in_chunks(split, impatient):
    text = "one two, three\n\n" * 30
    tokenizer = BPETokenizer.train(text, 300, split=split)
    assert list(tokenizer.encode_iterable(iter(text))) == tokenizer.encode(text)


def test_the_first_ids_come_before_the_last_chunk_was_read():
    endless = itertools.repeat("The theatre of the absurd. ")
    ids = load_tokenizer("GPT-4").encode_iterable(endless)
    assert list(itertools.islice(ids, 7)) == load_tokenizer("GPT-4").encode("The theatre of the absurd. The")


@pytest.mark.parametrize("name", ["GPT-4", "SmolLM2", "Mistral 7B"])
def test_memory_does_not_grow_with_the_text(name):
    tokenizer = load_tokenizer(name)

    def peak(n_chunks):
        tracemalloc.start()
        n_ids = sum(1 for _ in tokenizer.encode_iterable(itertools.repeat("The theatre, 1999. ", n_chunks)))
        kilobytes = tracemalloc.get_traced_memory()[1] / 1000
        tracemalloc.stop()
        assert n_ids > 5 * n_chunks
        return kilobytes

    peak(200)
    assert peak(5_000) < peak(500) + 20 < 300


def test_a_run_without_a_safe_place_is_not_read_again_and_again():
    start = time.perf_counter()
    ids = list(load_tokenizer("GPT-4").encode_iterable(itertools.repeat("ab", 200_000)))
    assert load_tokenizer("GPT-4").decode(ids) == "ab" * 200_000
    assert time.perf_counter() - start < 60


@pytest.mark.parametrize("chunks", ["one text", b"bytes", None, 7])
def test_what_is_no_series_of_chunks_is_refused_at_once(chunks):
    with pytest.raises(InputError, match="parts of a text"):
        load_tokenizer("GPT-4").encode_iterable(chunks)


def test_a_chunk_that_is_no_string_is_refused():
    with pytest.raises(InputError, match=r"call \.decode"):
        list(load_tokenizer("GPT-4").encode_iterable([b"a line\n"]))


def test_half_a_character_is_counted_from_the_beginning_of_the_text():
    with pytest.raises(InputError, match=r"Character 5403 .*lone surrogate"):
        list(load_tokenizer("GPT-4").encode_iterable(["words " * 900, "and\ud83d"]))


def test_no_chunks_have_no_ids():
    assert list(load_tokenizer("GPT-4").encode_iterable([])) == []
    assert list(load_tokenizer("GPT-4").encode_iterable(["", ""])) == []


def test_lines_of_a_file_are_chunks(tmp_path):
    (tmp_path / "text.txt").write_text("\n\n  ".join(random_texts(40)), encoding="utf-8", newline="")
    with (tmp_path / "text.txt").open(encoding="utf-8", newline="") as file:
        ids = list(load_tokenizer("GPT-4").encode_iterable(file))
    whole = (tmp_path / "text.txt").read_bytes().decode()
    assert json.dumps(ids) == json.dumps(load_tokenizer("GPT-4").encode(whole))
