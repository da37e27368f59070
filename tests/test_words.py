"""What a word is, how it is folded, and which words are function words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common.errors import InputError
from course_utils.words import (
    QUESTION_WORDS,
    STOP_WORDS,
    fold,
    letters_of_pieces,
    query_words,
    spans_of,
    words,
)


def test_function_words_hold_no_nouns():
    nouns = "fire system name interest bill mill well mine us part detail side top bottom amount cry call show like"
    numbers = "one two three four five six eight nine ten eleven twelve fifteen fifty hundred"
    assert STOP_WORDS.isdisjoint(nouns.split())
    assert STOP_WORDS.isdisjoint(numbers.split())


@pytest.mark.parametrize(
    "some",
    [
        "a the",
        "she them itself",
        "of between without",
        "and although whether",
        "has could will",
        "also very only more most",
    ],
)
def test_function_words_of_each_kind_are_there(some):
    assert set(some.split()) < STOP_WORDS
    assert 150 <= len(STOP_WORDS) <= 220


def test_function_words_are_words():
    assert all(words(word) == [word] for word in STOP_WORDS), "or they are never met in a text"


def test_a_query_keeps_the_small_words_that_say_something():
    assert QUESTION_WORDS < STOP_WORDS
    assert query_words("What is the water between Siberia and Alaska?") == ["water", "between", "siberia", "alaska"]
    assert query_words("who is who") == ["who", "is", "who"], "there is nothing else to search for"


# ---- what a word is, in more than ten scripts ----


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("L'Été à São Paulo: 42 °C!", ["l", "ete", "a", "sao", "paulo", "42", "c"]),  # Latin
        ("Η Αθήνα, 3 εκατ.", ["η", "αθηνα", "3", "εκατ"]),  # Greek
        ("Ёлка и Йод", ["елка", "и", "иод"]),  # Cyrillic
        ("שָׁלוֹם עולם", ["שלום", "עולם"]),  # Hebrew, the first word with its points
        ("كِتَابٌ كتاب", ["كتاب", "كتاب"]),  # Arabic, the first word with its points
        ("हिन्दी में किताब", ["हिन्दी", "में", "किताब"]),  # Devanagari
        ("বাংলা ভাষা", ["বাংলা", "ভাষা"]),  # Bengali
        ("தமிழ் மொழி", ["தமிழ்", "மொழி"]),  # Tamil
        ("ශ්\u200dරී ලංකාව", ["ශ්රී", "ලංකාව"]),  # Sinhala, written with a joiner
        ("საქართველო", ["საქართველო"]),  # Georgian
        ("አማርኛ ቋንቋ", ["አማርኛ", "ቋንቋ"]),  # Ethiopic
        ("ภาษาไทย", ["ภา", "าษ", "ษา", "าไ", "ไท", "ทย"]),  # Thai
        ("ที่นี่", ["ที่นี่"]),  # Thai: two letters, each with two marks
        ("北京是首都。", ["北京", "京是", "是首", "首都"]),  # Chinese
        ("茶", ["茶"]),
        ("東京タワーへ", ["東京", "京タ", "タワ", "ワー", "ーへ"]),  # Japanese
        ("서울은 수도", ["서울은", "서울", "울은", "수도"]),  # Korean
        ("물", ["물"]),
        ("iPhone手机在2024年", ["iphone", "手机", "机在", "2024", "年"]),  # the script changes in the word
        ("AI는 snake_case", ["ai", "는", "snake_case"]),
        ("½ km² ❤️ 1️⃣", ["1", "2", "km2", "1"]),
        ("... !?", []),
    ],
)
def test_words_of_a_script(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    "spellings",
    [
        ("STRASSE", "Straße", "straße", "STRAẞE"),
        ("Łódź", "Lodz", "ŁÓDŹ", "Ło\u0301dz\u0301"),
        ("İstanbul", "istanbul", "ISTANBUL", "ıstanbul"),
        ("Søren", "soren"),
        ("Encyclopædia", "encyclopaedia"),
        ("ΑΘΗΝΑ", "Αθήνα", "αθηνα"),
        ("ΟΔΟΣ", "οδός", "οδοσ"),
        ("Sa\u0303o", "São", "sao", "SÃO"),
        ("ﬁnd", "find"),
        ("ＡＢＣ", "abc"),
        ("ｶﾞ", "ガ", "カ\u3099"),
        ("서울", unicodedata.normalize("NFD", "서울")),
        ("co\u00adoperate", "cooperate"),
        ("می\u200cخواهم", "میخواهم"),
    ],
)
def test_spellings_of_a_word_are_the_same_word(spellings):
    assert len({tuple(words(spelling)) for spelling in spellings}) == 1
    assert len(words(spellings[0])) == 1


@pytest.mark.parametrize(
    "different",
    [("दिन", "दीन", "दान", "दान्"), ("কি", "কে", "কা"), ("ไม่", "ไม้", "ไม"), ("が", "か"), ("ħ", "h")],
)
def test_other_signs_make_other_words(different):
    assert len({tuple(words(word)) for word in different}) == len(different)


@given(st.text(alphabet="aéßŁİıΣς йहिदी่กำ서울은北京ーｶﾞ½'\u00ad\u0301-", max_size=12))
@settings(max_examples=50, deadline=None)
def test_words_are_the_same_in_each_form_of_unicode_and_stay_so(text):
    assert words(unicodedata.normalize("NFD", text)) == words(unicodedata.normalize("NFC", text))
    assert all(fold(word) == word for word in words(text))


def test_letters_of_pieces_are_those_of_cut_words_alone():
    assert letters_of_pieces("green 綠茶, 茶; 물은 café") == ["綠", "茶", "물", "은"]


@pytest.mark.parametrize("text", [None, 3, ["a"], b"a"])
def test_words_come_from_a_text(text):
    with pytest.raises(InputError, match="Words come from a text, and this is"):
        words(text)


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("café", "The Cafe, the café.", ["Cafe", "café"]),
        ("strasse", "Die Straße ist lang", ["Straße"]),
        ("首都", "北京是中国的首都", ["首都"]),
        ("是中国", "北京是中国的首都", ["是中国"]),
        ("茶", "日本茶と茶", ["茶", "茶"]),
        ("서울", "서울은 수도", ["서울"]),
        ("手机", "iPhone手机", ["手机"]),
        ("हिन्दी", "मैं हिन्दी", ["हिन्दी"]),
        ("xyz", "abc", []),
    ],
)
def test_words_are_marked_where_they_stand(query, text, marked):
    assert [text[start:end] for start, end in spans_of(query_words(query), text)] == marked


def test_own_words_are_marked_too():
    assert spans_of({"cat"}, "Cats sat", tokenizer=lambda text: [text.lower().rstrip("s")]) == [(0, 4)]
