"""Reordering and merging of rankings: worked by hand, invariants, bad input."""

from __future__ import annotations

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common.errors import InputError
from course_utils.search import Hit, maxsim_rerank, reciprocal_rank_fusion, score_fusion
from course_utils.search.figures import quality_and_time, three_designs

RANKINGS = st.lists(st.lists(st.integers(0, 12), unique=True, max_size=10), min_size=1, max_size=4)
DIRECTIONS = {"east": (1.0, 0.0), "north": (0.0, 1.0), "northeast": (0.6, 0.8), "west": (-1.0, 0.0)}


@pytest.fixture
def toy_tokens(monkeypatch, empty_cache):
    """Let every word be a token with a vector on the plane, and count the texts that are encoded."""
    encoded = []

    def embed_tokens(texts):
        encoded.extend(texts)
        return [
            np.array([DIRECTIONS[word] for word in text.split()], dtype=np.float32).reshape(-1, 2) for text in texts
        ]

    monkeypatch.setattr("course_utils.embeddings.embed_tokens", embed_tokens)
    return encoded


def positions(hits):
    return [hit.position for hit in hits]


def test_maxsim_by_hand(toy_tokens):
    texts = ["west north", "northeast", "east north west"]
    hits = maxsim_rerank("east north", texts, [0, 1, 2])
    assert positions(hits) == [2, 1, 0]
    # text 2: 1 + 1; text 1: 0.6 + 0.8; text 0: max(-1, 0) + 1
    assert [hit.score for hit in hits] == pytest.approx([2.0, 1.4, 1.0])


def test_maxsim_does_not_care_for_the_order_of_words_or_for_other_words(toy_tokens):
    texts = ["north east", "east north", "east west west north"]
    assert [hit.score for hit in maxsim_rerank("east north", texts, [0, 1, 2])] == pytest.approx([2.0] * 3)


def test_equal_candidates_keep_their_order(toy_tokens):
    assert positions(maxsim_rerank("east", ["east", "north", "east"], [2, 0, 1])) == [2, 0, 1]


def test_candidates_may_be_hits_and_nothing_else_is_ranked(toy_tokens):
    texts = ["east", "north", "west"]
    assert positions(maxsim_rerank("north", texts, [Hit(2, 9.0), Hit(1, 1.0)])) == [1, 2]
    assert maxsim_rerank("north", texts, []) == []


def test_many_queries_are_reranked_like_one_and_each_text_is_read_once(toy_tokens):
    texts = ["east", "north", "northeast"]
    together = maxsim_rerank(["north", "east"], texts, [[0, 1, 2], [1, 2]])
    assert sorted(toy_tokens) == ["east", "east", "north", "north", "northeast"]  # two queries and three texts
    apart = [maxsim_rerank("north", texts, [0, 1, 2]), maxsim_rerank("east", texts, [1, 2])]
    assert [positions(hits) for hits in together] == [positions(hits) for hits in apart]


def test_a_text_without_tokens_comes_last(monkeypatch, empty_cache):
    rows = {"cat": np.ones((1, 2), np.float32), "\u200b": np.empty((0, 2), np.float32)}
    monkeypatch.setattr("course_utils.embeddings.embed_tokens", lambda texts: [rows[text] for text in texts])
    assert positions(maxsim_rerank("cat", ["\u200b", "cat"], [0, 1])) == [1, 0]


def test_maxsim_with_the_real_encoder_finds_what_shares_no_word():
    texts = ["Parliament passed a law on taxes.", "A kitten naps in a basket.", "Bread is baked from flour."]
    assert positions(maxsim_rerank("where does the cat sleep", texts, [0, 1, 2]))[0] == 1


@pytest.mark.parametrize(
    ("query", "candidates", "message"),
    [
        ("", [0], "empty"),
        ("  ", [0], "empty"),
        (["east", ""], [[0], [0]], "empty"),
        ("east", [5], "no text 5"),
        ("east", [-1], "whole number"),
        ("east", [True], "whole number"),
        ("east", [0.5], "whole number"),
        ("east", [0, 0], "twice"),
        (["east"], [[0], [1]], "list of candidates"),
        ("", [], "empty"),
        (None, [0], "must be text"),
        ([3], [[0]], "must be text"),
        ("east", ["0"], "'0' is text"),
        ("east", 0, "list of positions or hits"),
        ("east", Hit(0, 1.0), "list of positions or hits"),
        (["east", "north"], [0, 1], "square brackets"),
        (["east", "north"], [Hit(0, 1.0), Hit(1, 0.5)], "square brackets"),
    ],
)
def test_bad_candidates_are_named(toy_tokens, query, candidates, message):
    with pytest.raises(InputError, match=message):
        maxsim_rerank(query, ["east", "north"], candidates)


@pytest.mark.parametrize("texts", ["east", ["east", None]])
def test_texts_are_a_list_of_texts(toy_tokens, texts):
    with pytest.raises(InputError, match="list of all texts"):
        maxsim_rerank("east", texts, [1])


def test_reciprocal_rank_fusion_by_hand():
    fused = reciprocal_rank_fusion([[4, 7, 9], [7, 1]], k=60)
    assert positions(fused) == [7, 4, 1, 9]
    assert [hit.score for hit in fused] == pytest.approx([1 / 62 + 1 / 61, 1 / 61, 1 / 62, 1 / 63])


def test_weights_decide_whom_to_trust():
    assert positions(reciprocal_rank_fusion([[1, 2], [2, 1]], weights=[1, 0.5])) == [1, 2]
    assert positions(reciprocal_rank_fusion([[1, 2], [2, 1]], weights=[0.5, 1])) == [2, 1]


def test_score_fusion_by_hand():
    fused = score_fusion([[Hit(1, 10.0), Hit(2, 9.0), Hit(3, 0.0)], [Hit(2, 0.8), Hit(3, 0.4)]], [1, 2])
    assert {hit.position: round(hit.score, 6) for hit in fused} == {1: 1.0, 2: 2.9, 3: 0.0}
    assert positions(score_fusion([[Hit(5, 1.0), Hit(6, 1.0)]])) == [5, 6], "equal scores keep their order"
    assert score_fusion([[], [Hit(3, 0.1)]]) == [Hit(3, 1.0)]


@given(RANKINGS)
@settings(max_examples=15, deadline=None)
def test_fusion_holds_every_text_once_in_falling_order(rankings):
    hits = [[Hit(p, -float(place)) for place, p in enumerate(ranking)] for ranking in rankings]
    for fused in (reciprocal_rank_fusion(rankings), score_fusion(hits)):
        assert sorted(positions(fused)) == sorted({p for ranking in rankings for p in ranking})
        assert all(a.score >= b.score - 1e-6 for a, b in itertools.pairwise(fused))


@given(RANKINGS)
@settings(max_examples=15, deadline=None)
def test_fusing_a_ranking_with_itself_changes_nothing(rankings):
    ranking = rankings[0]
    assert positions(reciprocal_rank_fusion([ranking, ranking])) == ranking
    assert reciprocal_rank_fusion(rankings) == reciprocal_rank_fusion(rankings)


@given(RANKINGS)
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_rankings_does_not_change_scores(rankings):
    forward = {hit.position: hit.score for hit in reciprocal_rank_fusion(rankings)}
    backward = {hit.position: hit.score for hit in reciprocal_rank_fusion(rankings[::-1])}
    assert forward == pytest.approx(backward)


@pytest.mark.parametrize(
    ("rankings", "options", "message"),
    [
        ([], {}, "no ranking"),
        ([[1, 1]], {}, "twice"),
        ([[1]], {"weights": [1, 2]}, "weight"),
        ([[1]], {"weights": [-1]}, "weight"),
        ([[1]], {"weights": [np.nan]}, "weight"),
        ([[1]], {"weights": [np.inf]}, "weight"),
        ([[1]], {"weights": [True]}, "weight"),
        ([[1]], {"weights": ["1"]}, "weight"),
        ([[1]], {"weights": 1}, "weight"),
        ([[1]], {"k": -1}, "k must be a number from 0"),
        ([[1]], {"k": np.nan}, "k must be a number from 0"),
        ([[1]], {"k": np.inf}, "k must be a number from 0"),
        ([[1]], {"k": True}, "k must be a number from 0"),
        ([[1]], {"k": "60"}, "k must be a number from 0"),
        ([[1.5]], {}, "whole number"),
        ([["Riga"]], {}, "is text"),
        ([Hit(4, 2), Hit(7, 1)], {}, "square brackets"),
        ([4, 7], {}, "square brackets"),
        ("Riga", {}, "square brackets"),
        (Hit(4, 2), {}, "square brackets"),
        (3, {}, "square brackets"),
    ],
)
def test_bad_rankings_are_named(rankings, options, message):
    with pytest.raises(InputError, match=message):
        reciprocal_rank_fusion(rankings, **options)


def test_score_fusion_needs_lists_of_hits():
    with pytest.raises(InputError, match="square brackets"):
        score_fusion([Hit(4, 2), Hit(7, 1)])
    with pytest.raises(InputError, match="needs hits"):
        score_fusion([[1, 2]])
    with pytest.raises(InputError, match="NaN"):
        score_fusion([[Hit(1, np.nan)]])


def test_the_three_designs_show_what_each_keeps_of_a_text():
    figure = three_designs(3, 5, 8)
    said = [{text.get_text() for text in ax.texts} for ax in figure.axes]
    plt.close(figure)
    assert said[0] >= {"5 × 8", "7 × 8", "mean\n8", "stored: 8 numbers a text"}
    assert said[1] >= {"3 × 8", "5 × 8", "stored: 5 × 8 numbers a text"}
    assert said[2] >= {"11 × 8", "8, of [CLS]", "nothing to store"}


def test_a_design_without_tokens_is_refused():
    with pytest.raises(InputError, match="n_text"):
        three_designs(3, 0, 8)


def test_a_method_with_stored_vectors_has_a_second_point_to_the_left():
    figure = quality_and_time({"BM25": (0.1, 0.6), "dense + MaxSim": (900.0, 0.8)}, {"dense + MaxSim": 12.0})
    lines = [line.get_xdata().tolist() for line in figure.axes[0].lines]
    plt.close(figure)
    assert lines == [[0.1], [12.0, 900.0], [900.0]]


@pytest.mark.parametrize(("points", "stored"), [({}, {}), ({"BM25": (0.1, 0.6)}, {"dense": 1.0})])
def test_a_method_without_time_and_quality_is_refused(points, stored):
    with pytest.raises(InputError, match="Each method needs"):
        quality_and_time(points, stored)
