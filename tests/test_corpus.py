"""Wikipedia's summaries: whole, balanced samples, and what is said about sizes and topics that do not exist."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from collections import Counter

import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.common.sampling import round_robin
from course_utils.corpus import count_mentions, load_declaration, load_long_articles, load_wikipedia


@pytest.mark.parametrize(("language", "size"), [("en", 10033), ("fr", 9955), ("es", 6239)])
def test_each_language_has_its_articles(language, size):
    articles = load_wikipedia(language)
    assert len(articles) == size
    assert articles.column_names == ["title", "text", "description", "topic"]
    assert all(text.strip() for text in articles["text"][:])


def test_a_table_of_articles_is_read_by_columns_and_by_rows():
    articles = load_wikipedia(size=24)
    few = articles.select([3, 1])
    assert [row["title"] for row in few] == few["title"] == [articles["title"][row] for row in (3, 1)]
    assert articles.to_pandas().to_dict("list") == articles.columns
    assert "24 rows of title" in repr(articles)
    for mask in ([True, False, True], np.array([True, False, True])):
        with pytest.raises(InputError, match="flatnonzero"):
            articles.select(mask)


def test_a_column_is_the_readers_own_and_an_unknown_one_lists_the_others():
    load_wikipedia()["title"].clear()
    assert load_wikipedia()["title"]
    with pytest.raises(InputError, match="no column 'titles'; there are title, text"):
        load_wikipedia(size=12)["titles"]


def test_articles_come_without_heavy_libraries():
    code = "import sys; from course_utils.corpus import load_wikipedia; load_wikipedia(size=12)\n"
    code += "assert not {'pandas', 'pyarrow', 'datasets'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_sample_is_balanced_over_the_topics():
    counts = Counter(load_wikipedia(size=1200)["topic"])
    assert set(counts.values()) == {100}
    assert len(counts) == 12


def test_a_small_topic_gives_all_it_has():
    counts = Counter(load_wikipedia(size=1000, topics=["Mathematics", "People"])["topic"])
    assert counts == {"Mathematics": 256, "People": 744}


def test_a_sample_is_the_same_each_time_and_inside_the_larger_one():
    small, again, large = (load_wikipedia(size=size)["title"][:] for size in (60, 60, 600))
    assert small == again
    assert set(small) < set(large)


def test_a_sample_keeps_the_order_of_the_source():
    every = load_wikipedia()["title"][:]
    positions = [every.index(title) for title in load_wikipedia(size=50)["title"]]
    assert positions == sorted(positions)


@pytest.mark.parametrize("size", [0, -1, 10_034, 2.5, "12", True])
def test_a_size_that_does_not_exist_is_refused(size):
    with pytest.raises(InputError, match="size must be a whole number from 1 to 10033"):
        load_wikipedia(size=size)


def test_an_unknown_topic_lists_the_known_ones():
    with pytest.raises(InputError, match=r"no topic 'Maths'.*Mathematics"):
        load_wikipedia(topics=["Maths"])


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ("Arts", r"topics=\['Arts'\]"),
        (3, r"topics takes a list"),
        (["Arts", 3], "topics are strings, and number 1 of them is int"),
    ],
)
def test_topics_are_a_list_of_strings(topics, message):
    with pytest.raises(InputError, match=message):
        load_wikipedia(topics=topics)


def test_an_unknown_language_is_refused():
    with pytest.raises(InputError, match="choose one of en, es, fr"):
        load_wikipedia("de")


def test_taking_turns_by_hand():
    assert round_robin([1, 2, 3, 9], ["a", "a", "a", "b"]).tolist() == [3, 2, 1, 0]


def test_taking_turns_is_a_permutation():
    rng = np.random.default_rng(0)
    turns = round_robin(rng.random(500), rng.integers(0, 7, 500).astype(str))
    assert sorted(turns) == list(range(500))


def test_mentions_count_texts_and_whole_words():
    assert count_mentions(["Art", "New York"], ["Art and Art", "Artist", "in New York."]).tolist() == [1, 1]


def test_long_articles_are_plain_text():
    pages = load_long_articles(["Apollo 11", "Aardvark"])
    assert list(pages) == ["Apollo 11", "Aardvark"]
    for text in pages.values():
        assert len(text.split()) > 2000
        assert "==" not in text
        assert "[[" not in text
        assert "\n" not in text


def test_mentions_do_not_depend_on_how_accents_are_stored():
    assert count_mentions(["São Paulo", "Sa\u0303o"], ["in Sa\u0303o Paulo", "in São Paulo"]).tolist() == [2, 2]


def test_titles_and_texts_are_lists():
    with pytest.raises(InputError, match=r"titles=\['Art'\]"):
        count_mentions("Art", ["Art"])
    with pytest.raises(InputError, match=r"texts=\['Art'\]"):
        count_mentions(["Art"], "Art")
    with pytest.raises(InputError, match=r"titles=\['Aardvark'\]"):
        load_long_articles("Aardvark")


def test_a_missing_long_article_is_named():
    with pytest.raises(InputError, match="Zebra"):
        load_long_articles(["Zebra"])


DECLARED = ("English", "French", "Spanish", "German", "Russian", "Chinese", "Japanese", "Korean", "Arabic", "Hindi")


def test_the_declaration_has_the_same_thirty_articles_in_each_language():
    paragraphs = {language: [a.count("\n") for a in load_declaration(language)] for language in DECLARED}
    assert all(len(counts) == 30 for counts in paragraphs.values())
    assert all(counts == paragraphs["English"] for counts in paragraphs.values())


@pytest.mark.parametrize("language", DECLARED)
def test_the_declaration_is_in_the_form_nfc(language):
    text = "\n".join(load_declaration(language))
    assert unicodedata.normalize("NFC", text) == text


def test_a_language_without_declaration_lists_the_others():
    with pytest.raises(InputError, match=r"not here in 'hi'.*Hindi"):
        load_declaration("hi")
