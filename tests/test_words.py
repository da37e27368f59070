"""What a word is, how it is folded, and which words are function words."""

from __future__ import annotations

import pytest

from course_utils.words import QUESTION_WORDS, STOP_WORDS, query_words, words


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
