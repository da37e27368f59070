"""Tokenizers: values worked by hand, round trips over random Unicode, and the ids of the reference implementations."""

from __future__ import annotations

import hashlib
import html
import json
import random
import re
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common import assets
from course_utils.common.errors import CourseError, InputError
from course_utils.corpus import load_wikipedia
from course_utils.tokens import (
    SMOLLM2_SPLIT,
    BPETokenizer,
    Piece,
    learn_merges,
    load_tokenizer,
    naive_merges,
    replace_pair,
    show_tokens,
    tokenizer_names,
)
from course_utils.tokens.view import MOST_CHIPS, characters, visible_parts

NAMES = tokenizer_names()
OWN = [name for name in NAMES if isinstance(load_tokenizer(name), BPETokenizer)]
EXACT = [*OWN, "DeepSeek"]  # gives back what it was given, whatever that was (Qwen 3: in Unicode's form NFC)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
# Characters that were assigned long ago: libraries differ in which of the newest they know as letters.
KNOWN_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"], max_codepoint=0x1F9FF), max_size=60).map(
    lambda text: "".join(character for character in text if unicodedata.category(character) != "Cn")
)
# SHA-256 of the ids that quicktok 0.4.0 gives for `random_texts()`, written down once: another implementation, in C++.
QUICKTOK = {
    "GPT-4": "0e97f228142cb2e447f2d17e48b0fc83868f0fda9738deebb1b4adeb23425c45",
    "GPT-4o": "44518416767d904a5755d4f3e31f0daf2f4dea2c46c8de02a76d760ccdc6e4fa",
    "Llama 3": "6109709d70cbeab7301c9aea2f9678fc290504173132e440f24f89c90ae4b454",
    "Qwen 3": "3bc03bc6ca5a7088d0853b5d9218dbff8d203d51c28553225072740d65460add",
}
BLOCKS = [
    *[(0x20, 0x7F), (0x20, 0x7F), (0x20, 0x7F), (0x01, 0x20), (0xA0, 0x250), (0x300, 0x370), (0x370, 0x530)],
    *[(0x5D0, 0x5EB), (0x620, 0x64B), (0x905, 0x93A), (0xE01, 0xE3B), (0x1100, 0x1200), (0x2000, 0x2028)],
    *[(0x3041, 0x3097), (0x4E00, 0x9FA5), (0xAC00, 0xD7A3), (0xFF01, 0xFFBF), (0x1F300, 0x1F600), (0x20000, 0x2A6D6)],
]
JOINTS = ["", "", " ", "  ", "\n", " \n\n", "\t", "\r\n", "'s", "'LL", "1234567", " 42", " the", "the"]


def random_texts(n: int = 1200) -> list[str]:
    """Make strings of many scripts, the same on every computer."""
    rng, texts = random.Random(3), []
    for _ in range(n):
        parts = []
        for _ in range(1 + int(rng.random() * 8)):
            low, high = BLOCKS[int(rng.random() * len(BLOCKS))]
            parts += [chr(low + int(rng.random() * (high - low))) for _ in range(1 + int(rng.random() * 10))]
            parts.append(JOINTS[int(rng.random() * len(JOINTS))])
        texts.append("".join(parts))
    return texts


@pytest.fixture(scope="module")
def wikipedia() -> str:
    return "\n".join(load_wikipedia(size=1000)["text"])


@pytest.fixture(scope="module")
def trained(wikipedia) -> BPETokenizer:
    return BPETokenizer.train(wikipedia[:100_000], vocab_size=700, special_tokens=["<end>"])


@pytest.fixture(scope="module")
def own_smollm2() -> BPETokenizer:
    real = load_tokenizer("SmolLM2")
    return BPETokenizer({data: number for number, data in real.vocabulary()}, SMOLLM2_SPLIT, lossy=True)


# Values worked by hand


@pytest.mark.parametrize("learn", [naive_merges, learn_merges])
def test_merges_of_a_toy_list_are_those_found_by_hand(learn):
    # "hug" 10, "pug" 5, "pun" 12, "bun" 4, "hugs" 5: u-g 20, then u-n 16, then h-ug 15.
    words = {"hug": 10, "pug": 5, "pun": 12, "bun": 4, "hugs": 5}
    assert learn(words, 3) == [(ord("u"), ord("g")), (ord("u"), ord("n")), (ord("h"), 256)]


@pytest.mark.parametrize("learn", [naive_merges, learn_merges])
def test_a_tie_goes_to_the_lowest_ids(learn):
    assert learn({"cd": 2, "ab": 2}, 1) == [(ord("a"), ord("b"))]
    assert learn({"ad": 2, "ac": 2}, 1) == [(ord("a"), ord("c"))]


def test_overlapping_pairs_are_merged_from_the_left():
    assert replace_pair([7, 7, 7, 7, 7], (7, 7), 9) == [9, 9, 7]


def test_replace_pair_leaves_its_list_alone():
    ids = [1, 2, 3]
    replace_pair(ids, (1, 2), 9)
    assert ids == [1, 2, 3]


@settings(max_examples=30, deadline=None)
@given(words=st.dictionaries(st.text("abcé", max_size=8), st.integers(0, 5), max_size=8), n_merges=st.integers(0, 30))
def test_the_fast_training_finds_the_merges_of_the_naive_one(words, n_merges):
    assert learn_merges(words, n_merges) == naive_merges(words, n_merges)


def test_both_trainings_agree_on_wikipedia(wikipedia):
    words = Counter(BPETokenizer().words(wikipedia[:20_000]))
    assert learn_merges(words, 100) == naive_merges(words, 100)


@pytest.mark.parametrize("learn", [naive_merges, learn_merges])
@pytest.mark.parametrize(
    ("words", "n_merges", "remedy"),
    [
        ("low lower", 3, r"Counter\(words\)"),
        (["low"], 3, r"Counter\(words\)"),
        ({"low": 2.5}, 3, "count of 'low' must be a whole number"),
        ({"low": 2}, -1, "n_merges must be a whole number"),
        ({"low": 2}, "3", "n_merges must be a whole number"),
        ({b"low": 2}, 3, "decode"),
        ({"lo\ud83d": 2}, 3, "half a character"),
    ],
)
def test_words_without_counts_teach_no_merges(learn, words, n_merges, remedy):
    with pytest.raises(InputError, match=remedy):
        learn(words, n_merges)


def test_the_pre_split_keeps_the_space_with_the_word():
    assert BPETokenizer().words("Don't  stop\n at 12345!") == [
        "Don",
        "'t",
        " ",
        " stop",
        "\n",
        " at",
        " ",
        "123",
        "45",
        "!",
    ]


def test_without_pre_split_a_token_can_cross_words():
    text = "of the sea of the sky of the sun "
    assert b" of the s" in BPETokenizer.train(text, 270, split="").ranks
    assert not any(b" " in token[1:] for token in BPETokenizer.train(text, 270).ranks)


def test_the_vocabulary_is_as_large_as_asked(trained):
    assert trained.vocabulary_size == 700
    assert trained.special_tokens == {"<end>": 699}
    assert trained.encode("a<end>", special="allow")[-1] == 699


def test_training_stops_when_no_pair_comes_twice():
    assert BPETokenizer.train("abcdef", 400).vocabulary_size == 256


# Invariants


@settings(max_examples=1000, deadline=None)
@given(text=ANY_TEXT)
def test_own_training_gives_every_text_back(trained, text):
    assert trained.decode(trained.encode(text)) == text


@pytest.mark.parametrize("name", EXACT)
def test_round_trip_of_loaded_vocabularies(name):
    tokenizer = load_tokenizer(name)
    form = tokenizer.normalisation if name in OWN else ""
    for text in random_texts():
        assert tokenizer.decode(tokenizer.encode(text)) == (unicodedata.normalize(form, text) if form else text)


@settings(max_examples=300, deadline=None)
@given(text=ANY_TEXT)
def test_round_trip_of_gpt4_over_any_text(text):
    tokenizer = load_tokenizer("GPT-4")
    assert tokenizer.decode(tokenizer.encode(text)) == text


@settings(max_examples=300, deadline=None)
@given(word=KNOWN_TEXT)
def test_the_queue_merges_as_the_steps_do(trained, word):
    for name in (None, "GPT-4"):
        tokenizer = load_tokenizer(name) if name else trained
        assert [tokenizer.ranks[part] for part in tokenizer.steps(word)[-1]] == tokenizer._merge(word.encode())


@pytest.mark.parametrize("name", NAMES)
def test_pieces_are_the_ids_and_tokens_the_pieces(name):
    tokenizer = load_tokenizer(name)
    for text in random_texts(40):
        pieces = tokenizer.pieces(text)
        assert [piece.id for piece in pieces] == tokenizer.encode(text)
        assert [piece.text for piece in pieces] == tokenizer.tokens(text)
        if name in EXACT and not getattr(tokenizer, "normalisation", ""):
            assert b"".join(piece.data for piece in pieces).decode() == text


def test_saved_and_loaded_it_is_the_same(trained, tmp_path):
    trained.save(tmp_path / "mine.json")
    again = BPETokenizer.load(tmp_path / "mine.json")
    assert (again.ranks, again.merges, again.special_tokens) == (trained.ranks, trained.merges, trained.special_tokens)
    for text in random_texts(50):
        assert again.encode(text) == trained.encode(text)


def test_an_encoded_word_does_not_depend_on_what_was_encoded_before(trained):
    fresh = BPETokenizer(trained.ranks, trained.split)
    ids = trained.encode("the theatre of the absurd")
    ids.append(0)
    assert trained.encode("the theatre of the absurd") == fresh.encode("the theatre of the absurd")


# Equality with the reference


def test_merges_equal_the_trainer_of_hugging_face(wikipedia):
    # Its ties go to the lowest ids too, and its ids follow the order of characters: here one character for each byte.
    import tokenizers

    text = wikipedia[:200_000]
    mine = BPETokenizer.train(text, 256 + 1000)
    letters = [chr(0x100 + byte) for byte in range(256)]
    rules = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=1256, initial_alphabet=letters, show_progress=False)
    words = mine.words(text)
    rules.train_from_iterator(["".join(letters[byte] for byte in word.encode()) for word in words], trainer)
    theirs = [tuple(pair) for pair in json.loads(rules.to_str())["model"]["merges"]]
    assert [tuple("".join(letters[byte] for byte in part) for part in pair) for pair in mine.merges] == theirs


def reference(name: str):
    """Return tiktoken's encoder with the same vocabulary: Rust, and none of this course's code."""
    import tiktoken

    own = load_tokenizer(name)
    first = min(own.ranks.values())
    ranks = {token: number - first for token, number in own.ranks.items()}
    encoding = tiktoken.Encoding(name, pat_str=own.split, mergeable_ranks=ranks, special_tokens={})
    form = own.normalisation

    def encode(text: str) -> list[int]:
        text = unicodedata.normalize(form, text) if form else text
        return [first + number for number in encoding.encode_ordinary(text)]

    return encode


@pytest.mark.parametrize("name", OWN)
def test_ids_equal_those_of_tiktoken(name, wikipedia):
    own, encode = load_tokenizer(name), reference(name)

    @settings(max_examples=1000, deadline=None)
    @given(text=KNOWN_TEXT)
    def compare(text):
        assert own.encode(text) == encode(text)

    compare()
    assert own.encode(wikipedia[:300_000]) == encode(wikipedia[:300_000])


@pytest.mark.parametrize("name", QUICKTOK)
def test_ids_equal_those_of_quicktok(name):
    ids = [load_tokenizer(name).encode(text) for text in random_texts()]
    assert hashlib.sha256(json.dumps(ids).encode()).hexdigest() == QUICKTOK[name]


def test_gpt4_gives_ids_that_openai_publishes():
    assert load_tokenizer("GPT-4").encode("tiktoken is great!") == [83, 1609, 5963, 374, 2294, 0]


def test_tekken_cuts_by_the_pattern_in_its_own_file():
    config = json.loads(assets.tokenizer_path("tekken_240718.json").read_text(encoding="utf-8"))["config"]
    assert load_tokenizer("Tekken").split == config["pattern"]


def test_own_bpe_with_the_vocabulary_of_smollm2_gives_its_ids(own_smollm2, wikipedia):
    real = load_tokenizer("SmolLM2")

    @settings(max_examples=1000, deadline=None)
    @given(text=KNOWN_TEXT)
    def compare(text):
        assert own_smollm2.encode(text) == real.encode(text)

    compare()
    for text in [*random_texts(), *wikipedia.split("\n")[:300]]:
        assert own_smollm2.encode(text) == real.encode(text)


@pytest.mark.parametrize("name", ["BERT", "DeepSeek"])
def test_ids_equal_those_of_the_library_on_its_own(name):
    import tokenizers

    paths = {"BERT": assets.minilm_path() / "tokenizer.json", "DeepSeek": assets.tokenizer_path("tokenizer.json")}
    rules = tokenizers.Tokenizer.from_file(str(paths[name]))
    rules.no_truncation()
    rules.no_padding()
    mine = load_tokenizer(name)
    for text in random_texts(1000):
        assert mine.encode(text) == rules.encode(text, add_special_tokens=False).ids, text


@pytest.mark.parametrize(("name", "file"), [("Mistral 7B", "tokenizer.model.v1"), ("J2", "j2-tokenizer.model")])
def test_ids_equal_those_of_sentencepiece(name, file):
    import sentencepiece

    model, mine = (
        sentencepiece.SentencePieceProcessor(model_file=str(assets.tokenizer_path(file))),
        load_tokenizer(name),
    )
    for text in random_texts(1000):
        text = text.replace("\n", " ") if name == "J2" else text
        assert mine.encode(text) == model.encode(text)
        assert mine.decode(mine.encode(text)) == model.decode(model.encode(text))


def test_j2_writes_line_ends_with_a_token_of_their_own():
    j2 = load_tokenizer("J2")
    assert j2.tokens("one\n\ntwo") == ["one", "\n", "\n", "two"]
    assert j2.decode(j2.encode("one\n\ntwo")) == "one\n\ntwo"


# Special tokens


@pytest.mark.parametrize("name", NAMES)
def test_the_name_of_a_special_token_is_text_unless_allowed(name):
    tokenizer = load_tokenizer(name)
    special, number = next(iter(tokenizer.special_tokens.items()))
    assert number not in tokenizer.encode(f"a {special} b")
    assert tokenizer.encode(f"a {special} b", special="allow").count(number) == 1
    with pytest.raises(InputError, match=re.escape(special)):
        tokenizer.encode(f"a {special} b", special="refuse")
    assert tokenizer.encode("nothing here", special="refuse") == tokenizer.encode("nothing here")


@pytest.mark.parametrize("name", ["DeepSeek", "SmolLM2", "Qwen 3", "Llama 3"])
def test_no_text_at_all_makes_a_special_token(name):
    tokenizer = load_tokenizer(name)
    everything = "".join(tokenizer.special_tokens)
    assert not set(tokenizer.encode(everything)) & set(tokenizer.special_tokens.values())
    assert tokenizer.encode(everything, special="allow") == list(tokenizer.special_tokens.values())


def test_the_longest_name_of_a_special_token_wins():
    tokenizer = BPETokenizer(special_tokens={"<a>": 300, "<a><b>": 301})
    assert tokenizer.encode("<a><b><a>", special="allow") == [301, 300]


def test_the_model_s_own_tokenizer_reads_the_chat_template():
    from course_utils.tokens import Tokenizer

    rules = load_tokenizer("SmolLM2")._rules
    assert Tokenizer("SmolLM2", rules).encode("<|im_start|>user") == [1, 4093]


# Bad input


@pytest.mark.parametrize("name", NAMES)
def test_empty_text_has_no_tokens(name):
    tokenizer = load_tokenizer(name)
    assert tokenizer.encode("") == []
    assert tokenizer.decode([]) == ""
    assert tokenizer.pieces("") == []


@pytest.mark.parametrize("name", NAMES)
def test_half_a_character_is_refused_with_its_remedy(name):
    with pytest.raises(InputError, match=r"Character 1 .*U\+D83D.*replace"):
        load_tokenizer(name).encode("a\ud83d")


def test_training_refuses_half_a_character():
    with pytest.raises(InputError, match="lone surrogate"):
        BPETokenizer.train("ab\udfff", 300)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "BERT"])
def test_nul_comes_back(name):
    tokenizer = load_tokenizer(name)
    assert tokenizer.decode(tokenizer.encode("a\0b")) == "a\0b"


@pytest.mark.parametrize("name", ["BERT", "J2", "Mistral 7B", "GPT-4", "DeepSeek", "SmolLM2"])
def test_a_million_characters_on_one_line_take_seconds(name):
    start = time.perf_counter()
    ids = load_tokenizer(name).encode("ab" * 500_000)
    assert ids
    assert time.perf_counter() - start < 60


def test_training_on_a_million_characters_on_one_line():
    assert BPETokenizer.train("ab" * 500_000, 258).merges == [(b"a", b"b"), (b"ab", b"ab")]


@pytest.mark.parametrize("name", [*EXACT, "SmolLM2", "Mistral 7B", "J2"])
def test_bytes_that_are_no_text_come_out_as_the_replacement_character(name):
    tokenizer = load_tokenizer(name)
    first = tokenizer.encode("𓂀")
    assert "\ufffd" in tokenizer.decode(first[:-1])
    assert tokenizer.decode(first) == "𓂀"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ids", [[-1], [10_000_000], [2**40], ["a"], [1.5], [None], "text", [True]])
def test_ids_that_do_not_exist_are_refused(name, ids):
    with pytest.raises(InputError):
        load_tokenizer(name).decode(ids)


@pytest.mark.parametrize("size", [255, 0, -1, 300.5, "300", None, True])
def test_a_vocabulary_below_256_is_refused(size):
    with pytest.raises(InputError, match="256 bytes"):
        BPETokenizer.train("some text", size)


@pytest.mark.parametrize(
    ("wrong", "right"), [("gpt4", "GPT-4"), ("Smol-LM2", "SmolLM2"), ("llama3", "Llama 3"), ("bert-base", "BERT")]
)
def test_an_unknown_name_gets_the_nearest(wrong, right):
    with pytest.raises(InputError, match=f"did you mean '{right}'"):
        load_tokenizer(wrong)


def test_capitals_of_a_name_do_not_matter():
    assert load_tokenizer("gpt-4o") is load_tokenizer("GPT-4o")


@pytest.mark.parametrize("text", [b"bytes", None, 7, ["a", "b"]])
def test_what_is_no_string_is_refused(text):
    with pytest.raises(InputError, match="reads a string"):
        load_tokenizer("GPT-4").encode(text)


@pytest.mark.parametrize("content", ["", "[]", '{"ranks": 3}', '{"ranks": {"\u1234": 1}, "merges": []}', "\x80"])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="save wrote"):
        BPETokenizer.load(tmp_path / "x.json")


def test_a_split_that_loses_text_is_refused():
    with pytest.raises(InputError, match="leaves out"):
        BPETokenizer(split=r"\w+").encode("two words")
    with pytest.raises(InputError, match="no regular expression"):
        BPETokenizer(split="(")


def test_a_vocabulary_without_all_bytes_is_refused_unless_it_may_lose_them():
    ranks = {bytes([byte]): byte for byte in range(255)}
    with pytest.raises(InputError, match="0xff"):
        BPETokenizer(ranks)
    assert BPETokenizer(ranks, lossy=True).missing_bytes == b"\xff"


def test_without_a_hub_there_is_one_calm_sentence_at_once(empty_cache, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    start = time.perf_counter()
    for name in set(tokenizer_names(hub=True)) - set(NAMES):
        with pytest.raises(CourseError, match=f"The tokenizer of {name} lives on a model hub, and none answers here"):
            load_tokenizer(name)
    assert time.perf_counter() - start < 20


def test_a_hub_that_answers_is_used(monkeypatch, tmp_path):
    from course_utils.tokens import models

    file = tmp_path / "tokenizer.json"
    file.write_text(load_tokenizer("SmolLM2")._rules.to_str(), encoding="utf-8")
    monkeypatch.setattr(models, "hub_file", lambda *_: file)
    try:
        assert load_tokenizer("GPT-2").encode("Hello world") == [19556, 905]
    finally:
        models._load.cache_clear()


# The facts


def test_there_are_at_least_ten_tokenizers_without_a_hub():
    assert len(NAMES) >= 10


@pytest.mark.parametrize("name", NAMES)
def test_design_facts_are_the_published_ones(name):
    published = {
        "BERT": 30_522,
        "J2": 262_144,
        "Mistral 7B": 32_000,
        "Tekken": 131_072,
        "SmolLM2": 49_152,
        "Llama 3": 128_256,
    }
    design = load_tokenizer(name).design
    assert design["vocabulary"] == published.get(name, design["vocabulary"])
    assert (design["capitals"] == "lost") == (name == "BERT")
    assert (design["white space"] == "lost") == (name in ("BERT", "J2"))
    assert design["unknown"] == ("[UNK]" if name == "BERT" else "bytes")
    assert (design["most words"] > 3) == (name == "J2")


# Chips


def test_chips_show_spaces_line_ends_and_tabs():
    assert repr(show_tokens("a b\n\tc", load_tokenizer("GPT-4"))) == "[a][␣b][↵][⇥c]"


def test_a_character_over_several_tokens_is_shown_with_its_bytes():
    view = show_tokens("🦙", load_tokenizer("Mistral 7B"))
    assert repr(view) == "[␣][F0][9F][A6][99]"
    assert "🦙 is spread over 4 tokens" in view._repr_html_()


@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT)
def test_groups_of_tokens_are_whole_characters(text):
    pieces = load_tokenizer("GPT-4").pieces(text)
    groups = list(characters(pieces))
    assert [piece for group in groups for piece in group] == pieces
    assert "".join(b"".join(piece.data for piece in group).decode("utf-8", "strict") for group in groups) == text


@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT, name=st.sampled_from(NAMES))
def test_chips_have_one_chip_a_token_and_no_html_of_the_text(text, name):
    page = show_tokens("<script>alert(1)</script>&" + text, load_tokenizer(name))._repr_html_()
    assert "<script" not in page
    body = page.split("</style>")[1]
    assert body.count("<kbd") == len(load_tokenizer(name).pieces("<script>alert(1)</script>&" + text))
    tags = {tag.lower() for tag in re.findall(r"</?(\w+)", body)}
    assert tags <= {"div", "kbd", "i", "span", "small", "br"}


def test_chips_are_the_same_each_time():
    first, second = (show_tokens("the same <b>", load_tokenizer("GPT-4"))._repr_html_() for _ in range(2))
    assert first == second


def test_right_to_left_words_run_from_right_to_left():
    page = show_tokens("x مرحبا y", load_tokenizer("GPT-4"))._repr_html_()
    assert page.count('<span dir="rtl">') == 1
    assert page.index("x") < page.index('<span dir="rtl">')


def test_a_mark_without_its_letter_gets_a_circle_to_stand_on():
    assert visible_parts("\u0301".encode()) == [("◌\u0301", False)]
    assert visible_parts("e\u0301".encode()) == [("e\u0301", True)]


def test_characters_that_cannot_be_seen_are_named():
    assert visible_parts("\u200d\u202e\0".encode()) == [("U+200D", False), ("U+202E", False), ("U+0000", False)]


def test_a_long_text_is_cut_off_and_counted():
    view = show_tokens("a b " * 5000, load_tokenizer("GPT-4"))
    assert view._repr_html_().count("<kbd") == MOST_CHIPS
    assert "more" in repr(view)


def test_several_tokenizers_stand_side_by_side():
    both = [load_tokenizer("BERT"), load_tokenizer("GPT-4")]
    lines = repr(show_tokens("Hi there", both)).splitlines()
    assert [line.split()[0] for line in lines] == ["BERT", "GPT-4"]
    assert show_tokens("Hi there", both)._repr_html_().count("<tr>") == 2


def test_names_of_tokenizers_are_escaped():
    class Odd:
        name = "<img src=x>"

        def pieces(self, text):
            return [Piece(0, text.encode())]

    assert html.escape("<img src=x>") in show_tokens("a", [Odd(), Odd()])._repr_html_()


def test_special_tokens_look_different():
    pieces = load_tokenizer("SmolLM2").pieces("<|im_start|>user", special="allow")
    assert [piece.special for piece in pieces] == [True, False]


def test_show_tokens_needs_a_tokenizer():
    for wrong in ("GPT-4", [], ["GPT-4"]):
        with pytest.raises(InputError, match="load_tokenizer"):
            show_tokens("text", wrong)
