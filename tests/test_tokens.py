"""Tokenizers of real models: round trips over random Unicode, special tokens, bad input, ids of the references."""

from __future__ import annotations

import hashlib
import json
import re
import time
import unicodedata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_texts import ANY_TEXT, EXACT, KNOWN_TEXT, NAMES, OWN, random_texts

from course_utils.common import assets
from course_utils.common.errors import CourseError, InputError
from course_utils.corpus import load_wikipedia
from course_utils.tokens import (
    BPETokenizer,
    SentencePieceTokenizer,
    Tokenizer,
    load_tokenizer,
    tokenizer_names,
    unload_tokenizers,
)
from course_utils.tokens.splits import cut_places

# SHA-256 of the ids that quicktok 0.4.0 gives for `random_texts()`, written down once: another implementation, in C++.
QUICKTOK = {
    "GPT-4": "0e97f228142cb2e447f2d17e48b0fc83868f0fda9738deebb1b4adeb23425c45",
    "GPT-4o": "44518416767d904a5755d4f3e31f0daf2f4dea2c46c8de02a76d760ccdc6e4fa",
    "Llama 3": "6109709d70cbeab7301c9aea2f9678fc290504173132e440f24f89c90ae4b454",
    "Qwen 3": "3bc03bc6ca5a7088d0853b5d9218dbff8d203d51c28553225072740d65460add",
}


@pytest.fixture(scope="module")
def wikipedia() -> str:
    return "\n".join(load_wikipedia(size=1000)["text"])


# Invariants


def test_the_tokenizers_of_our_own_class_are_those_that_are_named():
    assert [name for name in NAMES if isinstance(load_tokenizer(name), BPETokenizer)] == OWN


@pytest.mark.parametrize("name", EXACT)
def test_round_trip_of_loaded_vocabularies(name):
    tokenizer = load_tokenizer(name)
    form = tokenizer.normalisation if name in OWN else ""
    for text in random_texts():
        assert tokenizer.decode(tokenizer.encode(text)) == (unicodedata.normalize(form, text) if form else text)


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT)
def test_round_trip_of_gpt4_over_any_text(text):
    tokenizer = load_tokenizer("GPT-4")
    assert tokenizer.decode(tokenizer.encode(text)) == text


@pytest.mark.parametrize("name", NAMES)
def test_pieces_are_the_ids_and_tokens_the_pieces(name):
    tokenizer = load_tokenizer(name)
    for text in random_texts(40):
        pieces = tokenizer.pieces(text)
        assert [piece.id for piece in pieces] == tokenizer.encode(text)
        assert [piece.text for piece in pieces] == tokenizer.tokens(text)
        if name in EXACT and not getattr(tokenizer, "normalisation", ""):
            assert b"".join(piece.data for piece in pieces).decode() == text


# Equality with the reference


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

    @settings(max_examples=300, deadline=None)
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


@pytest.mark.parametrize("name", NAMES)
def test_a_set_allows_the_special_tokens_in_it_and_reads_others_as_letters(name):
    tokenizer = load_tokenizer(name)
    first, second = list(tokenizer.special_tokens)[:2]
    text = f"a {first} b {second} c"
    ids = tokenizer.encode(text, special={first})
    assert ids.count(tokenizer.special_tokens[first]) == 1
    assert tokenizer.special_tokens[second] not in ids
    assert tokenizer.encode(text, special=set()) == tokenizer.encode(text, special="text")
    assert tokenizer.encode(text, special=[first, second]) == tokenizer.encode(text, special="allow")
    assert [piece.id for piece in tokenizer.pieces(text, {first})] == ids


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(st.sampled_from(["<a>", "<b>", "<a", ">", "word ", " 12", "<c>"]), max_size=12),
    allowed=st.sets(st.sampled_from(["<a>", "<b>", "<c>"])),
)
def test_a_set_of_special_tokens_means_what_it_means_to_tiktoken(parts, allowed):
    import tiktoken

    own, names = BPETokenizer(special_tokens={"<a>": 256, "<b>": 257, "<c>": 258}), {"<a>": 256, "<b>": 257, "<c>": 258}
    peer = tiktoken.Encoding("peer", pat_str=own.split, mergeable_ranks=own.ranks, special_tokens=names)
    text = "".join(parts)
    assert own.encode(text, special=allowed) == peer.encode(text, allowed_special=allowed, disallowed_special=())


@pytest.mark.parametrize(
    ("special", "remedy"),
    [
        ("<|im_end|>", r"\{'<\|im_end\|>'\}"),
        ("letters", "a set of names"),
        (7, "a set of names"),
        ({"<|im_stop|>"}, "no special token '<|im_stop|>'"),
        ({7}, "no special token 7"),
    ],
)
def test_what_says_nothing_about_special_tokens_is_refused(special, remedy):
    smollm2 = load_tokenizer("SmolLM2")
    for ask in (smollm2.encode, smollm2.pieces, smollm2.tokens, smollm2.offsets):
        with pytest.raises(InputError, match=remedy):
            ask("a", special)
    with pytest.raises(InputError, match=remedy):
        smollm2.encode_iterable(["a"], special)
    with pytest.raises(InputError, match=remedy):
        Tokenizer("SmolLM2", smollm2.rules, special)


def test_the_model_s_own_tokenizer_reads_the_chat_template():
    rules = load_tokenizer("SmolLM2").rules
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
    with pytest.raises(InputError, match=r"Character 1 .*lone surrogate U\+D83D.*replace"):
        load_tokenizer(name).encode("a\ud83d")


@pytest.mark.parametrize("name", NAMES)
def test_a_surrogate_pair_is_called_one_and_its_remedy_keeps_the_character(name):
    with pytest.raises(
        InputError, match=r"Character 1 .*surrogate pair \(U\+D83D U\+DE00\), the halves of 😀"
    ) as caught:
        load_tokenizer(name).encode("a\ud83d\ude00")
    assert 'use text.encode("utf-16", "surrogatepass").decode("utf-16").' in str(caught.value)


@settings(max_examples=100, deadline=None)
@given(
    text=st.lists(st.sampled_from(["\ud83d", "\ude00", "\ud83d\ude00", "a", "😀", "\ufeff"]), max_size=6).map("".join)
)
def test_the_remedy_for_surrogates_works_and_keeps_every_whole_character(text):
    tokenizer = load_tokenizer("GPT-4")
    try:
        tokenizer.encode(text)
    except InputError as error:
        call = re.search(r"use (text\..*)\.$", str(error)).group(1)
        mended = eval(call, {"text": text})
        tokenizer.encode(mended)
        joined = text.replace("\ud83d\ude00", "😀")
        assert mended == re.sub("[\ud83d\ude00]", "\ufffd", joined)
    else:
        assert not re.search("[\ud83d\ude00]", text)


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


@pytest.mark.parametrize("name", NAMES)
def test_an_id_above_all_others_is_told_the_highest(name):
    tokenizer = load_tokenizer(name)
    with pytest.raises(InputError, match="its highest id is") as caught:
        tokenizer.decode([10_000_000])
    highest = int(re.search(r"highest id is (\d+)", str(caught.value)).group(1))
    assert tokenizer.token_bytes(highest) is not None
    for ask in (lambda: tokenizer.decode([highest + 1]), lambda: tokenizer.token_bytes(highest + 1)):
        with pytest.raises(InputError, match=f"has no token {highest + 1}: its highest id is {highest}"):
            ask()


def test_an_id_in_a_gap_is_said_to_be_unused():
    # GPT-4 has 100,261 tokens: 100,256 of text, then nothing at 100256, then five special ones up to 100276.
    for ask in (lambda: load_tokenizer("GPT-4").decode([100256]), lambda: load_tokenizer("GPT-4").token_bytes(100256)):
        with pytest.raises(InputError, match="GPT-4 has no token 100256: ids go to 100276, this one is not used"):
            ask()


def test_ids_may_come_in_an_array_a_tensor_or_a_generator():
    import torch

    gpt4 = load_tokenizer("GPT-4")
    ids = gpt4.encode("Hello world")
    for form in (np.array(ids), np.array(ids, dtype=np.uint16), torch.tensor(ids), tuple(ids), iter(ids)):
        assert gpt4.decode(form) == "Hello world"
    assert gpt4.decode(np.array(ids)[0]) == gpt4.decode(ids[0]) == "Hello"


@pytest.mark.parametrize("ids", [[[1, 2], [3, 4]], np.array([[1, 2]])])
def test_ids_of_two_texts_are_refused(ids):
    with pytest.raises(InputError, match=r"the ids of one text.*take one row"):
        load_tokenizer("GPT-4").decode(ids)


@pytest.mark.parametrize("token", ["a", None, 1.5, [1], -1])
def test_token_bytes_takes_one_id(token):
    with pytest.raises(InputError):
        load_tokenizer("GPT-4").token_bytes(token)


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


def test_a_sentencepiece_model_that_does_not_fit_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"absent\.model is no SentencePiece model"):
        SentencePieceTokenizer("mine", tmp_path / "absent.model", "BPE")
    (tmp_path / "x.model").write_bytes(b"nothing")
    with pytest.raises(InputError, match=r"x\.model is no SentencePiece model"):
        SentencePieceTokenizer("mine", tmp_path / "x.model", "BPE")
    with pytest.raises(InputError, match="no token '<line>' for the end of a line"):
        SentencePieceTokenizer("mine", assets.tokenizer_path("tokenizer.model.v1"), "BPE", newline="<line>")


def test_unloaded_tokenizers_are_loaded_anew():
    first = load_tokenizer("Mistral 7B")
    assert load_tokenizer("Mistral 7B") is first
    unload_tokenizers()
    assert load_tokenizer("Mistral 7B") is not first


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
    file.write_text(load_tokenizer("SmolLM2").rules.to_str(), encoding="utf-8")
    monkeypatch.setattr(models, "hub_file", lambda *_: file)
    try:
        assert load_tokenizer("GPT-2").encode("Hello world") == [19556, 905]
    finally:
        unload_tokenizers()


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
    assert design["accents"] == {"BERT": "lost", "J2": "composed", "Qwen 3": "composed"}.get(name, "kept")
    assert design["white space"] == {"BERT": "lost", "J2": "tabs lost"}.get(name, "kept")
    assert design["unknown"] == ("[UNK]" if name == "BERT" else "bytes")
    assert (design["most words"] > 3) == (name == "J2")


def test_the_places_of_cuts_are_counted_from_the_end():
    assert cut_places(["12", "345", "6"]) == {1, 4}
    assert cut_places([]) == cut_places(["7"]) == set()
    for pieces in (["1", "2", "3"], ["12", "3"], ["123"]):
        assert len(cut_places(pieces)) == len(pieces) - 1, "a cut between each two pieces"
