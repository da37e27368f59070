"""Keyword search and dense search: by hand, as laws, and beside bm25s and faiss."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common.errors import InputError
from course_utils.evaluation.figures import found_by_rarity
from course_utils.search import BM25Index, DenseIndex, Hit
from course_utils.search.engine import Results, SearchEngine
from course_utils.words import QUESTION_WORDS, words

PETS = ["The cat sat.", "A dog ran.", "The cat and the dog ran."]
TEXTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=9).map(" ".join), min_size=1, max_size=12)


def unit_rows(n, d=8, seed=0):
    rows = np.random.default_rng(seed).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


# ---- keyword search ----


def test_a_score_worked_by_hand():
    (hit,) = BM25Index(PETS).search("sat", k=3)
    rarity = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5))  # in 1 of 3 texts
    mean_length = (3 + 3 + 6) / 3
    assert hit.position == 0
    assert hit.score == pytest.approx(rarity * 1 / (1 + 1.2 * (1 - 0.75 + 0.75 * 3 / mean_length)))


def test_explain_adds_up_to_the_score_and_names_the_matching_words():
    index = BM25Index(PETS)
    query = "Which dog ran from a giraffe?"
    for hit in index.search(query):
        parts = index.explain(query, hit.position)
        assert sum(parts.values()) == pytest.approx(hit.score)
        assert set(parts) <= {"dog", "ran"}


def test_a_word_asked_twice_counts_twice():
    index = BM25Index(PETS)
    assert index.search("sat sat")[0].score == pytest.approx(2 * index.search("sat")[0].score)
    assert index.explain("sat sat", 0)["sat"] == pytest.approx(index.search("sat sat")[0].score)


def test_without_b_length_does_not_matter_and_without_k1_repetition_does_not():
    texts = ["fox", "fox hen hen hen", "fox fox fox"]
    flat = {hit.position: hit.score for hit in BM25Index(texts, k1=0).search("fox")}
    assert flat[0] == pytest.approx(flat[1]) == pytest.approx(flat[2])
    no_length = {hit.position: hit.score for hit in BM25Index(texts, b=0).search("fox")}
    assert no_length[0] == pytest.approx(no_length[1])
    assert no_length[1] < no_length[2]
    full = {hit.position: hit.score for hit in BM25Index(texts).search("fox")}
    assert full[1] < full[0] < full[2]


def test_stop_words_count_only_where_there_is_nothing_else():
    index = BM25Index([*PETS, "To be or not to be"])
    assert [hit.position for hit in index.search("what is the cat")] == [0, 2]
    assert index.search("to be or not to be")[0].position == 3
    assert {hit.position for hit in index.search("the")} == {0, 2}


def test_texts_that_share_no_word_are_no_hits():
    index = BM25Index(PETS)
    assert index.search("giraffe") == []
    assert index.search("!!!") == []
    assert len(index.search("cat", k=99)) == 2


def test_equal_texts_are_all_found_the_earlier_first():
    index = BM25Index(["x y", "cat dog", "cat dog", "cat dog"])
    assert [hit.position for hit in index.search("cat", k=2)] == [1, 2]


def test_texts_without_a_word_are_allowed_among_others():
    assert [hit.position for hit in BM25Index(["", "...", "cat"]).search("cat")] == [2]


@settings(max_examples=20, deadline=None)
@given(TEXTS, st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=4), st.integers(1, 14))
def test_scores_equal_bm25s(texts, asked, k):
    import bm25s

    texts = [text for text in texts if words(text)]  # bm25s cannot hold a text without words
    if not texts:
        return
    asked = [word for word in asked if word not in QUESTION_WORDS] or asked
    library = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    library.index([words(text) for text in texts], show_progress=False)
    known = [word for word in asked if word in library.vocab_dict]
    theirs = library.get_scores(known) if known else np.zeros(len(texts))
    hits = BM25Index(texts).search(" ".join(asked), k)
    np.testing.assert_allclose([hit.score for hit in hits], [theirs[hit.position] for hit in hits], rtol=1e-5)
    assert len(hits) == min(k, np.count_nonzero(theirs))
    best = np.sort(theirs)[::-1][: len(hits)]
    np.testing.assert_allclose([hit.score for hit in hits], best, rtol=1e-5)


@pytest.mark.parametrize("query", ["", "  \n", None, 3, ["cat"]])
def test_a_query_that_is_no_text_is_refused(query):
    with pytest.raises(InputError, match=r"query"):
        BM25Index(PETS).search(query)


@pytest.mark.parametrize("k", [0, -1, 2.0, True, None, "3"])
def test_k_is_a_whole_number_from_one(k):
    with pytest.raises(InputError, match=r"k says how many"):
        BM25Index(PETS).search("cat", k)
    with pytest.raises(InputError, match=r"k says how many"):
        DenseIndex(unit_rows(3)).search(unit_rows(1)[0], k)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "no texts"),
        ("one string", "texts takes a list"),
        (["cat", None], "number 1 of them is NoneType"),
        (3, "texts takes a list"),
        (["", "?!"], "has a word"),
    ],
)
def test_what_cannot_be_indexed_is_refused(texts, message):
    with pytest.raises(InputError, match=message):
        BM25Index(texts)


@pytest.mark.parametrize("k1", [-1, math.nan, math.inf, True, "1.2", None])
def test_k1_is_a_finite_number_from_0(k1):
    with pytest.raises(InputError, match="k1 must be a number from 0"):
        BM25Index(PETS, k1=k1)


@pytest.mark.parametrize("b", [-0.1, 1.5, math.nan, math.inf, True, "0.75"])
def test_b_is_a_number_from_0_to_1(b):
    with pytest.raises(InputError, match="b must be a number from 0 to 1"):
        BM25Index(PETS, b=b)


@pytest.mark.parametrize(
    ("position", "message"),
    [(3, "There is no text 3"), (-1, "whole number"), (1.5, "whole number"), (True, "whole number"), ("1", "is text")],
)
def test_explain_refuses_a_text_that_does_not_exist(position, message):
    with pytest.raises(InputError, match=message):
        BM25Index(PETS).explain("cat", position)


# ---- keyword search in other scripts, and with words of one's own ----


@pytest.mark.parametrize(
    ("texts", "query", "found"),
    [
        (["北京是中国的首都", "上海很大"], "首都", [0]),
        (["北京是中国的首都", "上海很大"], "中国首都", [0]),
        (["我喜欢喝绿茶", "他喝咖啡"], "茶", [0]),
        (["東京は日本の首都です", "京都は古い"], "東京", [0]),
        (["日本茶", "コーヒー"], "茶", [0]),
        (["กรุงเทพเป็นเมืองหลวงของประเทศไทย", "ฉันกินข้าว"], "เมืองหลวง", [0]),
        (["서울은 대한민국의 수도이다", "부산은 항구이다"], "서울", [0]),
        (["서울은 대한민국의 수도이다", "부산은 항구이다"], "대한민국", [0]),
        (["서울은 크다", "부산은 항구이다"], "서울에서", [0]),
        (["물은 맑다", "불이 났다"], "물", [0]),
        (["दिन अच्छा है", "दीन आदमी", "दान करो"], "दान", [2]),
        (["Die Straße", "Łódź"], "STRASSE", [0]),
        (["Die Straße", "Łódź"], "lodz", [1]),
        (["Sa\u0303o Paulo", "Paula"], "São", [0]),
    ],
)
def test_words_are_found_in_other_scripts(texts, query, found):
    index = BM25Index(texts)
    hits = index.search(query)
    assert [hit.position for hit in hits] == found
    assert sum(index.explain(query, found[0]).values()) == pytest.approx(hits[0].score)


def test_the_best_chinese_text_has_most_pieces_of_the_query():
    texts = ["中国的城市", "北京大学在北京", "北京是中国的首都"]
    assert BM25Index(texts).search("中国首都", k=1)[0].position == 2


def test_single_letters_leave_the_scores_of_words_as_they_are():
    import bm25s

    texts = ["北京 tea", "tea and cake", "cake"]
    library = bm25s.BM25(method="lucene", k1=1.2, b=0.75)
    library.index([words(text) for text in texts], show_progress=False)
    theirs = library.get_scores(["tea", "cake"])
    assert {hit.position: hit.score for hit in BM25Index(texts).search("tea cake")} == pytest.approx(
        dict(enumerate(theirs.tolist())), rel=1e-5
    )


def test_a_tokenizer_of_ones_own_cuts_texts_and_queries():
    def stems(text):
        return [word.removesuffix("s") for word in words(text)]

    index = BM25Index(["vaccines work", "a vaccine", "nothing"], tokenizer=stems)
    assert {hit.position for hit in index.search("Vaccines")} == {0, 1}
    assert index.search("work", k=1)[0].score == pytest.approx(BM25Index(["x y", "z y", "y"]).search("x")[0].score)
    assert [hit.position for hit in index.search("a")] == [1], "its words are searched as they are"
    assert index.explain("vaccines", 0) == {"vaccine": pytest.approx(index.search("vaccines")[1].score)}


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        ("split", "tokenizer is a function"),
        (str.lower, "must return a list of words"),
        (lambda text: [1, 2], "must return a list of words"),
        (lambda text: None, "must return a list of words"),
        (lambda text: [], "has a word in it"),
    ],
)
def test_what_is_no_tokenizer_is_refused(tokenizer, message):
    with pytest.raises(InputError, match=message):
        BM25Index(PETS, tokenizer=tokenizer)


# ---- dense search ----


def test_neighbours_worked_by_hand():
    index = DenseIndex(np.array([[1, 0], [0, 1], [0.6, 0.8]], dtype=np.float32))
    assert index.search(np.array([1, 0]), k=2) == [Hit(0, 1.0), Hit(2, pytest.approx(0.6))]


def test_one_vector_and_a_batch_give_the_same_hits():
    index, queries = DenseIndex(unit_rows(300)), unit_rows(7, seed=1)
    batch = index.search(queries, k=5)
    assert len(batch) == 7
    for query, hits in zip(queries, batch, strict=True):
        alone = index.search(query, k=5)
        assert [hit.position for hit in alone] == [hit.position for hit in hits]
        np.testing.assert_allclose([hit.score for hit in alone], [hit.score for hit in hits], atol=1e-6)


def test_a_batch_larger_than_the_memory_for_scores_is_worked_through_in_pieces(monkeypatch):
    index, queries = DenseIndex(unit_rows(50)), unit_rows(9, seed=1)
    whole = index.search(queries, k=3)
    monkeypatch.setattr("course_utils.search.dense.SCORES_AT_ONCE", 100)
    assert [[hit.position for hit in hits] for hits in index.search(queries, k=3)] == [
        [hit.position for hit in hits] for hits in whole
    ]


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 700), st.integers(1, 40), st.integers(0, 9))
def test_neighbours_equal_faiss(n, k, seed):
    import faiss

    rows, query = unit_rows(n, seed=seed), unit_rows(1, seed=seed + 100)
    flat = faiss.IndexFlatIP(8)
    flat.add(rows)
    scores, positions = flat.search(query, min(k, n))
    hits = DenseIndex(rows).search(query[0], k)
    np.testing.assert_allclose([hit.score for hit in hits], scores[0], atol=1e-5)
    np.testing.assert_allclose([rows[hit.position] @ query[0] for hit in hits], scores[0], atol=1e-5)
    assert len({hit.position for hit in hits}) == len(positions[0])


def test_scores_fall_and_no_position_comes_twice():
    hits = DenseIndex(unit_rows(1000)).search(unit_rows(1, seed=3)[0], k=1000)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert sorted(hit.position for hit in hits) == list(range(1000))


def test_equal_vectors_are_all_found_the_earlier_first():
    rows = np.repeat(unit_rows(1, d=384), 500, axis=0)
    assert [hit.position for hit in DenseIndex(rows).search(rows[0], k=4)] == [0, 1, 2, 3]


def test_k_beyond_the_corpus_ranks_everything():
    assert len(DenseIndex(unit_rows(3)).search(unit_rows(1)[0], k=10)) == 3


def test_the_matrix_is_not_copied():
    rows = unit_rows(20)
    assert DenseIndex(rows).vectors is rows


def test_the_index_needs_little_memory_beside_the_matrix():
    import tracemalloc

    rows = unit_rows(20_000, d=64)
    tracemalloc.start()
    DenseIndex(rows).search(rows[:200], k=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * rows.nbytes  # 34 MB of scores at once, whatever the number of queries
    tracemalloc.start()
    DenseIndex(rows).search(rows[0], k=5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < rows.nbytes / 5


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((0, 8), dtype=np.float32), "no vectors"),
        (np.zeros((3, 0), dtype=np.float32), "no vectors"),
        (np.zeros(8, dtype=np.float32), "one row for each text"),
        (np.zeros((2, 8)), "float32 array.*float64"),
        (np.zeros((2, 8), dtype=np.float16), "float32 array.*float16"),
        ([[1.0, 2.0]], "this is list"),
        (["a", "b"], "this is list"),
        (np.array([[1, np.nan]], dtype=np.float32), "NaN"),
        (np.array([[1, np.inf]], dtype=np.float32), "infinity"),
    ],
)
def test_what_is_no_matrix_of_vectors_is_refused(vectors, message):
    with pytest.raises(InputError, match=message):
        DenseIndex(vectors)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("a question", r"embed\(\[question\]\)"),
        (["a question"], "vector of numbers"),
        (np.zeros(7), "8 numbers wide"),
        (np.zeros((2, 7)), "8 numbers wide"),
        (np.zeros((1, 2, 8)), "8 numbers wide"),
        (np.float32(1), "8 numbers wide"),
        (np.full(8, np.nan), "NaN"),
        (None, "8 numbers wide|vector of numbers"),
    ],
)
def test_what_is_no_query_vector_is_refused(query, message):
    with pytest.raises(InputError, match=message):
        DenseIndex(unit_rows(3)).search(query)


def test_no_queries_give_no_lists():
    assert DenseIndex(unit_rows(3)).search(np.zeros((0, 8), dtype=np.float32)) == []


# ---- the page to search with ----


@pytest.mark.parametrize(
    ("question", "text", "marked"),
    [
        ("old café?", "An old Cafe\u0301.", ["old", "Café"]),
        ("首都", "北京是中国的首都", ["首都"]),
        ("茶", "日本茶", ["茶"]),
        ("서울", "서울은 크다", ["서울"]),
        ("the <b>", "a <b>bold</b> word", ["b", "b"]),
        ("what is it", "It is here", ["It", "is"]),
    ],
)
def test_matching_words_are_marked_where_they_stand(question, text, marked):
    results = Results(question, (("Title", text),))
    assert re.findall(r"<mark[^>]*>(.*?)</mark>", results.html) == marked
    assert "<b>bold" not in results.html
    assert "no word of the question" not in repr(results)


def test_the_page_marks_by_the_words_of_its_index():
    def stems(text):
        return [word.removesuffix("s") for word in words(text)]

    texts = ["Vaccines work.", "Nothing here."]
    engine = SearchEngine(["A", "B"], texts, BM25Index(texts, tokenizer=stems), DenseIndex(unit_rows(2)))
    results = engine.show("vaccine", "keywords")
    assert "<mark" in results.html
    assert repr(results) == "A  [vaccine]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, "keywords"), "must be text"),
        ((" ", "keywords"), "empty"),
        (("cat", "magic"), "choose from"),
        (("cat", "keywords", 0), "k must be a whole number from 1 to 30"),
        (("cat", "keywords", 31), "k must be a whole number from 1 to 30"),
        (("cat", "keywords", True), "k must be a whole number from 1 to 30"),
    ],
)
def test_what_the_page_cannot_search_is_named(arguments, message):
    engine = SearchEngine(["A", "B", "C"], PETS, BM25Index(PETS), DenseIndex(unit_rows(3)))
    with pytest.raises(InputError, match=message):
        engine.search(*arguments)


def test_bars_of_the_rarest_shared_word_count_each_query_once():
    rarest = np.array([np.nan, 1, 3, 4, 15, 16, 255, 256, 9_000])
    figure, shares = found_by_rarity(rarest, np.array([0, 1, 0, 1, 1, 0, 1, 0, 0], dtype=bool))
    assert shares == [0, 0.5, 1, 0, 1, 0]
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels[:2] == ["no word\n(1)", "1–3\n(2)"]
    assert [label[-2] for label in labels] == list("122112")
    with pytest.raises(InputError, match="9 queries with a rarest word and 1 that"):
        found_by_rarity(rarest, np.array([True]))
