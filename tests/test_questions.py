"""The judged questions: complete, balanced, and true to the texts."""

from __future__ import annotations

from collections import Counter

import pytest

from course_utils.common.errors import InputError
from course_utils.corpus import NO_TOPIC, load_wikipedia
from course_utils.evaluation import SPLITS, Question, has_answer, load_questions, relevant_positions, title_share
from course_utils.words import words


@pytest.fixture(scope="module")
def articles() -> dict[str, dict[str, str]]:
    return {row["title"]: row for row in load_wikipedia()}


def test_there_are_enough_of_every_kind():
    questions = load_questions()
    answerable = [question for question in questions if question.titles]
    assert len(answerable) >= 150
    assert len(questions) - len(answerable) == 30
    assert sum(bool(question.answers) for question in answerable) >= 45


def test_no_question_comes_twice():
    texts = [" ".join(words(question.text)) for question in load_questions()]
    assert len(set(texts)) == len(texts)


def test_every_article_that_answers_exists(articles):
    questions = load_questions()
    assert all(title in articles for question in questions for title in question.titles)
    assert all(len(set(question.titles)) == len(question.titles) for question in questions)
    assert len(relevant_positions(questions, list(articles))) == len(questions)


def test_the_topic_is_that_of_the_first_article(articles):
    for question in load_questions():
        assert question.topic == (articles[question.titles[0]]["topic"] if question.titles else None), question.text


def test_both_splits_hold_the_same_number_for_each_topic():
    counts = {split: Counter(question.topic for question in load_questions(split)) for split in SPLITS}
    assert counts["development"] == counts["test"]
    topics = {topic for topic in counts["test"] if topic}
    assert len(topics) == 11
    assert NO_TOPIC not in topics
    assert load_questions("development") + load_questions("test") != load_questions()
    assert len(load_questions()) == sum(len(load_questions(split)) for split in SPLITS)


def test_every_short_answer_stands_in_an_article_that_answers(articles):
    for question in load_questions():
        assert question.titles or not question.answers, question.text
        if question.answers:
            texts = [title + " " + articles[title]["text"] for title in question.titles]
            assert all(has_answer(text, question.answers) for text in texts), question.text


def test_no_question_repeats_its_article(articles):
    for question in load_questions():
        asked = " ".join(words(question.text))
        assert all(asked not in " ".join(words(articles[title]["text"])) for title in question.titles), question.text


def test_the_last_four_of_each_topic_were_added_and_name_their_subject():
    by_topic = {}
    for question in filter(lambda question: question.titles, load_questions()):
        by_topic.setdefault(question.topic, []).append(question)
    assert all([question.added for question in some] == [False] * 16 + [True] * 4 for some in by_topic.values())
    assert all(title_share(question) > 0 for question in load_questions() if question.added)


def test_an_unknown_split_is_named():
    with pytest.raises(InputError, match="choose development or test"):
        load_questions("train")


@pytest.mark.parametrize(
    ("text", "titles", "share"),
    [
        ("who was Marco Polo's guide", ("Marco Polo",), 1.0),
        ("how salty is the Dead Sea", ("Sea", "Dead Sea Scrolls"), 1.0),
        ("how salty is the Dead Sea", ("Dead Sea Scrolls",), 2 / 3),
        ("how salty is it", ("Dead Sea",), 0.0),
        ("how salty is it", (), 0.0),
    ],
)
def test_the_share_of_a_title_is_that_of_the_title_named_best(text, titles, share):
    assert title_share(Question(text, None, "test", titles, ())) == pytest.approx(share)
