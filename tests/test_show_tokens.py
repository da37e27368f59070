"""Tokens shown as chips: what is visible, grouped, escaped and counted."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from token_texts import ANY_TEXT, NAMES

from course_utils.common.errors import InputError
from course_utils.tokens import Piece, load_tokenizer, show_tokens
from course_utils.tokens.view import MOST_CHIPS, visible_parts, whole_characters


def test_chips_show_spaces_line_ends_and_tabs():
    assert repr(show_tokens("a b\n\tc", load_tokenizer("GPT-4"))) == "[a][␣b][↵][⇥c]"


def test_a_character_over_several_tokens_is_shown_with_its_bytes():
    view = show_tokens("🦙", load_tokenizer("Mistral 7B"))
    assert repr(view) == "[␣][F0][9F][A6][99]"
    assert "🦙 is spread over 4 tokens" in view._repr_html_()


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT)
def test_groups_of_tokens_are_whole_characters(text):
    pieces = load_tokenizer("GPT-4").pieces(text)
    groups = list(whole_characters(pieces))
    assert [piece for group in groups for piece in group] == pieces
    assert "".join(b"".join(piece.data for piece in group).decode("utf-8", "strict") for group in groups) == text


@settings(max_examples=100, deadline=None)
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


def test_bytes_after_a_mark_are_shown_apart_from_it():
    assert visible_parts("\u0301".encode() + b"\xf0\x9f") == [("◌\u0301", False), ("F0·9F", False)]


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
    for wrong in ("GPT-4", [], ["GPT-4"], None, 5, [None]):
        with pytest.raises(InputError, match="load_tokenizer"):
            show_tokens("text", wrong)
