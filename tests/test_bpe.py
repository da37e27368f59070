"""Byte pair encoding: values worked by hand, the naive loop against the fast one, and the reference implementations."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_texts import ANY_TEXT, KNOWN_TEXT, MIXED_TEXT, OWN, random_texts

from course_utils.common.errors import InputError
from course_utils.corpus import load_wikipedia
from course_utils.tokens import (
    GPT2_SPLIT,
    GPT4_SPLIT,
    SMOLLM2_SPLIT,
    BPETokenizer,
    learn_merges,
    load_tokenizer,
    naive_merges,
    replace_pair,
)

BYTES = {bytes([byte]): byte for byte in range(256)}


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


@settings(max_examples=200, deadline=None)
@given(text=ANY_TEXT)
def test_own_training_gives_every_text_back(trained, text):
    assert trained.decode(trained.encode(text)) == text


@pytest.mark.parametrize("name", ["trained", *OWN])
def test_the_steps_of_each_pre_token_end_with_its_tokens(name, trained):
    tokenizer = trained if name == "trained" else load_tokenizer(name)

    @settings(max_examples=60, deadline=None)
    @given(text=KNOWN_TEXT | MIXED_TEXT)
    def compare(text):
        for word in tokenizer.words(text):
            assert [tokenizer.ranks[part] for part in tokenizer.steps(word)[-1]] == tokenizer.encode(word)

    compare()


def test_steps_end_with_a_token_that_no_merge_reaches():
    llama = load_tokenizer("Llama 3")
    *_, before, last = llama.steps(" việc")
    assert len(before) > 1
    assert last == [" việc".encode()] == [llama.token_bytes(token) for token in llama.encode(" việc")]


def test_steps_leave_out_the_bytes_that_the_vocabulary_lacks():
    ranks = {token: number for token, number in BYTES.items() if token != b"a"}
    tokenizer = BPETokenizer({**ranks, b"bc": 256}, lossy=True)
    assert tokenizer.steps("abc") == [[b"b", b"c"], [b"bc"]]
    assert tokenizer.encode("abc") == [256]


def test_steps_bring_a_word_into_the_form_that_is_encoded():
    qwen = load_tokenizer("Qwen 3")
    assert [qwen.ranks[part] for part in qwen.steps("e\u0301")[-1]] == qwen.encode("e\u0301")


def test_steps_take_one_pre_token():
    with pytest.raises(InputError, match=r"has 2: take one of words\(text\)"):
        BPETokenizer().steps("two words")
    assert BPETokenizer().steps("") == [[]]


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


def test_own_bpe_with_the_vocabulary_of_smollm2_gives_its_ids(own_smollm2, wikipedia):
    real = load_tokenizer("SmolLM2")

    @settings(max_examples=200, deadline=None)
    @given(text=KNOWN_TEXT)
    def compare(text):
        assert own_smollm2.encode(text) == real.encode(text)

    compare()
    for text in [*random_texts(), *wikipedia.split("\n")[:300]]:
        assert own_smollm2.encode(text) == real.encode(text)


# Special tokens of one's own


def test_training_learns_nothing_from_special_names_or_across_them():
    # Without the cut the commonest pairs would be e-n, n-d and so on, 20 times each; a-b comes 10 times.
    text = "<end>ab<end>" * 10
    for split in ("", GPT4_SPLIT):
        tokenizer = BPETokenizer.train(text, 300, split=split, special_tokens=["<end>"])
        assert tokenizer.merges == [(b"a", b"b")]
        assert tokenizer.special_tokens == {"<end>": 257}


def test_training_cuts_at_the_longest_special_name():
    tokenizer = BPETokenizer.train("<a><b>" * 10, 300, special_tokens=["<a>", "<a><b>"])
    assert tokenizer.merges == []


@settings(max_examples=30, deadline=None)
@given(parts=st.lists(st.sampled_from(["ab", " ab", "<e>", "<e", ">", "e>", "b"]), max_size=30))
def test_training_with_special_names_is_training_on_the_parts_between_them(parts):
    text = "".join(parts)
    words = Counter(word for part in text.split("<e>") for word in BPETokenizer().words(part))
    tokenizer = BPETokenizer.train(text, 300, special_tokens=["<e>"])
    merged = [left + right for left, right in tokenizer.merges]
    tokens = [bytes([byte]) for byte in range(256)]
    for left, right in learn_merges(words, 43):
        tokens.append(tokens[left] + tokens[right])
    assert merged == tokens[256:]


@pytest.mark.parametrize(
    ("names", "remedy"),
    [
        ("[X]", r"special_tokens=\['\[X\]'\]"),
        ({"<e>": 300}, "a list of their names, without ids"),
        ([b"<e>"], "is a text"),
        ([""], "at least one character"),
        ([None], "is a text"),
        (["<\ud83d>"], "half a character"),
        (7, "takes a list of names"),
        (None, "takes a list of names"),
    ],
)
def test_training_refuses_names_that_are_none(names, remedy):
    with pytest.raises(InputError, match=remedy):
        BPETokenizer.train("some text", 300, special_tokens=names)


@pytest.mark.parametrize(
    ("special_tokens", "remedy"),
    [
        (["<e>"], "maps each name to its id"),
        ("<e>", "maps each name to its id"),
        ({"<e>": 65}, "65 of <e> belongs to an ordinary token"),
        ({"<a>": 300, "<b>": 300}, "300 of <b> belongs to <a>"),
        ({"<e>": None}, "whole number from 0, and None"),
        ({"<e>": -1}, "whole number from 0, and -1"),
        ({"<e>": 300.0}, "whole number"),
        ({"<e>": "300"}, "whole number"),
        ({"<e>": True}, "whole number"),
        ({"": 300}, "at least one character"),
        ({7: 300}, "is a text"),
        ({"\ud83d": 300}, "half a character"),
    ],
)
def test_special_tokens_need_a_name_and_an_id_of_their_own(special_tokens, remedy):
    with pytest.raises(InputError, match=remedy):
        BPETokenizer(special_tokens=special_tokens)


@pytest.mark.parametrize(
    ("ranks", "remedy"),
    [
        ([b"a"], "maps the bytes of each token"),
        ({"a": 256}, "needs .encode"),
        ({b"": 256}, "at least one"),
        ({b"ab": 97}, "b'ab' and b'a' have the same id 97"),
        ({b"ab": -1}, "whole number from 0"),
        ({b"ab": 256.0}, "whole number from 0"),
        ({b"ab": None}, "whole number from 0"),
    ],
)
def test_the_tokens_of_a_vocabulary_are_bytes_with_ids_of_their_own(ranks, remedy):
    with pytest.raises(InputError, match=remedy):
        BPETokenizer({**BYTES, **ranks} if isinstance(ranks, dict) else ranks)


def test_the_longest_name_of_a_special_token_wins():
    tokenizer = BPETokenizer(special_tokens={"<a>": 300, "<a><b>": 301})
    assert tokenizer.encode("<a><b><a>", special="allow") == [301, 300]


# Bad input


def test_training_refuses_half_a_character():
    with pytest.raises(InputError, match="lone surrogate"):
        BPETokenizer.train("ab\udfff", 300)


def test_training_on_a_million_characters_on_one_line():
    assert BPETokenizer.train("ab" * 500_000, 258).merges == [(b"a", b"b"), (b"ab", b"ab")]


@pytest.mark.parametrize("size", [255, 0, -1, 300.5, "300", None, True])
def test_a_vocabulary_below_256_is_refused(size):
    with pytest.raises(InputError, match="256 bytes"):
        BPETokenizer.train("some text", size)


def test_a_split_that_loses_text_is_refused():
    with pytest.raises(InputError, match="leaves out"):
        BPETokenizer(split=r"\w+").encode("two words")
    with pytest.raises(InputError, match="no regular expression"):
        BPETokenizer(split="(")


@pytest.mark.parametrize("split", [f"({GPT4_SPLIT})", r"(\s)|(\S)(\S*)", r"(?P<word>\w+)|(?:\W)"])
def test_a_split_may_have_groups_of_its_own(split):
    import tiktoken

    own = BPETokenizer(split=split)
    peer = tiktoken.Encoding("peer", pat_str=split, mergeable_ranks=own.ranks, special_tokens={})
    merged = BPETokenizer.train("two words, two more", 260, split=split)
    for text in random_texts(100):
        assert "".join(own.words(text)) == text
        assert own.encode(text) == peer.encode_ordinary(text)
        assert merged.decode(merged.encode(text)) == text


def test_a_split_in_a_group_cuts_as_it_does_without():
    assert BPETokenizer(split=f"({GPT4_SPLIT})").words("It's 2024") == BPETokenizer().words("It's 2024")


def test_a_split_is_a_string():
    for split in (None, 3, b" ?a"):
        with pytest.raises(InputError, match="regular expression in a string"):
            BPETokenizer(split=split)


@pytest.mark.parametrize("ask", ["words", "steps", "encode"])
def test_half_a_character_is_explained_wherever_a_word_is_cut(ask):
    with pytest.raises(InputError, match=r"Character 1 .*lone surrogate U\+D83D.*replace"):
        getattr(BPETokenizer(), ask)("a\ud83d")
    with pytest.raises(InputError, match="reads a string"):
        getattr(BPETokenizer(), ask)(None)


def test_a_vocabulary_without_all_bytes_is_refused_unless_it_may_lose_them():
    ranks = {bytes([byte]): byte for byte in range(255)}
    with pytest.raises(InputError, match="0xff"):
        BPETokenizer(ranks)
    assert BPETokenizer(ranks, lossy=True).missing_bytes == b"\xff"


# Files


@pytest.mark.parametrize("content", ["", "[]", '{"ranks": 3}', '{"ranks": {"\u1234": 1}, "merges": []}', "\x80"])
def test_a_file_that_is_no_tokenizer_is_refused(tmp_path, content):
    (tmp_path / "x.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="save wrote"):
        BPETokenizer.load(tmp_path / "x.json")


@pytest.mark.parametrize(
    "changed",
    [{"special_tokens": {"<e>": 65}}, {"special_tokens": ["<e>"]}, {"split": "("}, {"ranks": {"a": 0}}],
)
def test_a_saved_file_with_wrong_values_says_what_is_wrong(trained, tmp_path, changed):
    trained.save(tmp_path / "x.json")
    content = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    (tmp_path / "x.json").write_text(json.dumps(content | changed), encoding="utf-8")
    with pytest.raises(InputError):
        BPETokenizer.load(tmp_path / "x.json")


def test_a_saved_file_with_more_in_it_is_refused(trained, tmp_path):
    trained.save(tmp_path / "x.json")
    content = json.loads((tmp_path / "x.json").read_text(encoding="utf-8"))
    (tmp_path / "x.json").write_text(json.dumps({**content, "more": 1}), encoding="utf-8")
    with pytest.raises(InputError, match="save wrote"):
        BPETokenizer.load(tmp_path / "x.json")


def test_a_file_that_is_not_there_is_named(trained, tmp_path):
    with pytest.raises(InputError, match=r"absent\.json cannot be read"):
        BPETokenizer.load(tmp_path / "absent.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        trained.save(tmp_path / "file" / "mine.json")


def test_all_options_come_back_from_a_file(tmp_path):
    ranks = {token: number for token, number in BYTES.items() if token != b"a"}
    first = BPETokenizer(ranks, r"\s|\S+", {"<é>": 300}, "NFC", lossy=True, name="odd")
    first.save(tmp_path / "odd.json")
    again = BPETokenizer.load(tmp_path / "odd.json")
    for attribute in ("ranks", "split", "special_tokens", "normalisation", "missing_bytes", "name", "merges"):
        assert getattr(again, attribute) == getattr(first, attribute)


# GPT-2


def test_gpt2_s_split_is_the_original_one():
    import regex
    import tokenizers
    from tiktoken_ext.openai_public import r50k_pat_str

    original = regex.compile(r"""'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+""")
    byte_level = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    own = BPETokenizer(split=GPT2_SPLIT)

    @settings(max_examples=200, deadline=None)
    @given(text=KNOWN_TEXT | MIXED_TEXT)
    def compare(text):
        words = own.words(text)
        assert words == original.findall(text)
        assert words == regex.findall(r50k_pat_str, text)
        assert words == [text[start:end] for _, (start, end) in byte_level.pre_tokenize_str(text)]

    compare()


def write_gpt2(folder, numbers, merges, newline="\n"):
    (folder / "encoder.json").write_text(json.dumps(numbers), encoding="utf-8")
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges), ""]
    (folder / "vocab.bpe").write_bytes(newline.join(lines).encode())
    return folder / "encoder.json", folder / "vocab.bpe"


def letters_of_bytes():
    from course_utils.tokens.vocabulary import byte_alphabet

    return list(byte_alphabet())


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_small_vocabulary_in_gpt2_s_form_is_read(tmp_path, newline):
    names = [*letters_of_bytes(), "lo", "low", "Ġlow", "##", "<|endoftext|>"]
    numbers = {name: number for number, name in enumerate(names)}
    merges = [("l", "o"), ("lo", "w"), ("Ġ", "low"), ("#", "#")]  # the last begins as the first line of the file does
    tokenizer = BPETokenizer.from_gpt2(*write_gpt2(tmp_path, numbers, merges, newline))
    assert tokenizer.special_tokens == {"<|endoftext|>": 260}
    assert tokenizer.merges == [(b"l", b"o"), (b"lo", b"w"), (b" ", b"low"), (b"#", b"#")]
    assert tokenizer.encode("low low##") == [257, 258, 259]
    assert tokenizer.encode("low<|endoftext|>", special="allow") == [257, 260]
    assert tokenizer.token_bytes(names.index("Ġ")) == b" "


@pytest.fixture(scope="module")
def library_gpt2(tmp_path_factory, wikipedia):
    """A vocabulary that the library trained and wrote: its files, and the library's own tokenizer."""
    import tokenizers

    folder = tmp_path_factory.mktemp("gpt2")
    rules = tokenizers.Tokenizer(tokenizers.models.BPE())
    rules.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=2000, initial_alphabet=alphabet, show_progress=False)
    rules.train_from_iterator([wikipedia[:200_000]], trainer)
    rules.add_special_tokens(["<|endoftext|>"])
    rules.model.save(str(folder))
    numbers = json.loads((folder / "vocab.json").read_text(encoding="utf-8")) | {"<|endoftext|>": 2000}
    (folder / "vocab.json").write_text(json.dumps(numbers), encoding="utf-8")
    return folder / "vocab.json", folder / "merges.txt", rules


def test_a_vocabulary_in_gpt2_s_form_gives_the_ids_of_both_references(library_gpt2, wikipedia):
    import tiktoken
    from tiktoken.load import data_gym_to_mergeable_bpe_ranks
    from tiktoken_ext.openai_public import r50k_pat_str

    ids_file, merges_file, rules = library_gpt2
    own = BPETokenizer.from_gpt2(ids_file, merges_file)
    ranks = data_gym_to_mergeable_bpe_ranks(str(merges_file), str(ids_file), clobber_one_byte_tokens=True)
    assert own.ranks == ranks
    peer = tiktoken.Encoding("gpt2", pat_str=r50k_pat_str, mergeable_ranks=ranks, special_tokens=own.special_tokens)

    @settings(max_examples=200, deadline=None)
    @given(text=KNOWN_TEXT | MIXED_TEXT)
    def compare(text):
        assert own.encode(text) == peer.encode_ordinary(text) == rules.encode(text).ids

    compare()
    text = wikipedia[200_000:300_000] + "<|endoftext|>"
    assert own.encode(text, special="allow") == peer.encode(text, allowed_special="all") == rules.encode(text).ids


def test_the_vocabulary_of_smollm2_in_gpt2_s_form_gives_its_ids(tmp_path):
    real = load_tokenizer("SmolLM2")
    model = json.loads(real.rules.to_str())["model"]
    files = write_gpt2(tmp_path, model["vocab"], model["merges"])
    own = BPETokenizer.from_gpt2(*files, split=SMOLLM2_SPLIT, lossy=True, name="SmolLM2")
    assert own.special_tokens == real.special_tokens
    for text in random_texts(300):
        assert own.encode(text) == real.encode(text)


def test_files_that_are_not_gpt2_s_are_refused(tmp_path):
    letters = {letter: number for number, letter in enumerate(letters_of_bytes())}
    encoder, merges = write_gpt2(tmp_path, {**letters, "ab": 256}, [("a", "b")])
    with pytest.raises(InputError, match=r"encoder\.json first"):
        BPETokenizer.from_gpt2(merges, encoder)
    with pytest.raises(InputError, match=r"absent cannot be read"):
        BPETokenizer.from_gpt2(encoder, tmp_path / "absent")
    for numbers, pairs, remedy in [
        ([], [], "map each token to its id"),
        ({**letters, "ab": 256.5}, [("a", "b")], "map each token to its id"),
        (letters, [("a", "b")], "lacks 'ab'"),
        ({**letters, "abc": 256}, [("ab", "c")], "lacks 'ab'"),
        ({**letters, "ab": 257, "cd": 256}, [("a", "b"), ("c", "d")], "order of the merges"),
        ({**letters, "ab": 256}, [("a", "b", "c")], "two tokens a line, and 'a b c'"),
        ({**letters, "a€": 256, "€": 257}, [("a", "€")], "'€', which stands for no byte"),
        ({**letters, "ab": 97}, [("a", "b")], "same id 97"),
        ({"a": 1}, [], "all 256 bytes"),
    ]:
        with pytest.raises(InputError, match=remedy):
            BPETokenizer.from_gpt2(*write_gpt2(tmp_path, numbers, pairs))
