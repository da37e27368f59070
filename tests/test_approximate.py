"""Vectors made of vectors, and the measure of an approximate search."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.exercises.dense_retrieval import make_cells, nearest_centres, precision_in, search_cells
from course_utils.search import DenseIndex, Hit
from course_utils.search.approximate import keep_enough_candidates, make_more, measure, open_enough_cells
from course_utils.search.figures import dense_retrieval, growth, pieces_read, quantized, rows_of_scores, trade_offs
from course_utils.search.hits import full_text_ranks
from course_utils.search.maps import cells_on_a_map, walks_side_by_side


def real(n=50, d=6):
    rows = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_made_vectors_have_length_one_and_are_the_same_each_time():
    many, ingredients = make_more(real(), 120, 4)
    assert many.shape == (120, 4)
    assert many.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-5)
    for made, again in zip((many, ingredients), make_more(real(), 120, 4), strict=True):
        np.testing.assert_array_equal(made, again)
    assert len(np.unique(many, axis=0)) == 120


def test_a_made_vector_resembles_its_two_ingredients_and_the_first_more():
    rows = real()
    many, ingredients = make_more(rows, 120, 6)  # all directions are kept, so that lengths and angles are
    assert ingredients.shape == (120, 2)
    assert ingredients[:, 0].tolist() == [*range(50), *range(50), *range(20)]
    mixed = rows[ingredients[:, 0]] + 0.8 * rows[ingredients[:, 1]]
    mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
    _, directions = np.linalg.eigh(rows.T @ rows)
    assert np.median((many * (mixed @ directions)).sum(axis=1)) > 0.99


def test_the_pair_of_tables_that_faiss_returns_can_be_measured():
    flat = faiss.IndexFlatIP(6)
    flat.add(real())
    exact = DenseIndex(real()).search(real()[:8], 4)
    assert measure(lambda queries: flat.search(queries, 4), real()[:8], exact)[0] == 1


def test_an_exact_search_has_recall_one_and_half_of_it_one_half():
    rows, queries = real(), real()[:8]
    exact = DenseIndex(rows).search(queries, 4)
    assert measure(lambda q: DenseIndex(rows).search(q, 4), queries, exact)[0] == 1
    assert measure(lambda q: DenseIndex(rows).search(q, 2), queries, exact)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 0}, "n must be a whole number from 1"),
        ({"n": True}, "n must be a whole number from 1"),
        ({"n": 2.5}, "n must be a whole number from 1"),
        ({"width": 0}, "width must be a whole number from 1 to 6"),
        ({"width": 7}, "width must be a whole number from 1 to 6"),
        ({"width": 2.0}, "width must be a whole number from 1 to 6"),
        ({"seed": -1}, "seed must be a whole number from 0"),
        ({"vectors": np.full((3, 2), np.nan)}, "not finite"),
        ({"vectors": np.zeros(3)}, "table of numbers"),
    ],
)
def test_impossible_sizes_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        make_more(**{"vectors": real(), "n": 5, "width": 3, **options})


@pytest.mark.parametrize(
    ("found", "exact", "message"),
    [
        ([[0]], [[]], "at least one nearest neighbour"),
        ([], [], "at least one nearest neighbour"),
        ([[0], [1]], [[0]], "1 queries have 2 results and 1 lists"),
        ([[0]], [[0], [1]], "1 queries have 1 results and 2 lists"),
        ([[0]], [Hit(0, 1)], "square brackets"),
        ([0], [[0]], "square brackets"),
        ([[0]], [["Riga"]], "is text"),
    ],
)
def test_a_search_is_measured_against_neighbours(found, exact, message):
    with pytest.raises(InputError, match=message):
        measure(lambda queries: found, np.zeros((1, 2)), exact)


def test_queries_are_timed_one_by_one_or_so_many_at_once():
    queries, sizes = real(10), []
    for at_once in (1, 5, 4):
        measure(lambda q: sizes.append(len(q)) or [[0]] * len(q), queries, [[0]] * 10, at_once)
    assert sizes == [10] + [1] * 10 + [10, 5, 5] + [10, 4, 4]
    with pytest.raises(InputError, match="at_once must be a whole number from 1 to 10"):
        measure(lambda q: [[0]] * len(q), queries, [[0]] * 10, 11)


def test_a_place_that_an_approximate_index_leaves_empty_is_no_neighbour():
    assert measure(lambda queries: np.array([[0, -1, -1]]), np.zeros((1, 2)), [[0, 1, 2]])[0] == pytest.approx(1 / 3)


def test_the_built_index_finds_what_that_of_faiss_finds():
    rows = real(600, 16)
    ivf = faiss.index_factory(16, "IVF12,Flat", faiss.METRIC_INNER_PRODUCT)
    ivf.train(rows)
    ivf.add(rows)
    centres = ivf.quantizer.reconstruct_n(0, 12)
    cells = make_cells(nearest_centres(rows, centres), 12)
    for ivf.nprobe in (1, 4, 12):
        theirs = ivf.search(rows[:50] + 0.1, 5)[1]
        ours = [search_cells(query, rows, centres, cells, ivf.nprobe, 5) for query in rows[:50] + 0.1]
        assert np.array_equal(theirs, ours)


def test_more_cells_are_opened_until_enough_neighbours_are_found():
    rows, queries = real(600), real(620)[600:]
    exact = np.argsort(-(queries @ rows.T), axis=1)[:, :5]
    index, recall, share = open_enough_cells(rows, queries, exact, n_cells=12)
    assert recall >= 0.9
    assert 12 / 600 < share < 1
    index.nprobe -= 1
    fewer = index.search(queries, 5)[1]
    assert np.mean([np.isin(true, ours).mean() for true, ours in zip(exact, fewer, strict=True)]) < 0.9
    more_index, more, _ = open_enough_cells(rows, queries, exact, n_cells=12, least=0.97)
    assert more >= 0.97
    assert more_index.nprobe > index.nprobe


def test_more_candidates_are_kept_until_enough_neighbours_are_found():
    rows, queries = real(600, 16), real(620, 16)[600:]
    exact = np.argsort(-(queries @ rows.T), axis=1)[:, :5]
    index, recall, share = keep_enough_candidates(rows, queries, exact)
    assert recall >= 0.9
    assert 5 / 600 < share < 0.5
    index.hnsw.efSearch -= 1
    fewer = index.search(queries, 5)[1]
    assert np.mean([np.isin(true, ours).mean() for true, ours in zip(exact, fewer, strict=True)]) < 0.9
    _, more, more_share = keep_enough_candidates(rows, queries, exact, least=0.99)
    assert more >= 0.99
    assert more_share > share
    with pytest.raises(InputError, match="share from 0 to 1"):
        keep_enough_candidates(rows, queries, exact, least=1.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_cells": 0}, "n_cells must be"), ({"n_cells": 51}, "n_cells must be"), ({"least": 0}, "share from 0 to 1")],
)
def test_cells_that_cannot_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        open_enough_cells(real(), real()[:2], np.zeros((2, 1), int), **{"n_cells": 2, **options})


def test_the_drawings_say_what_was_measured():
    words = {text.get_text() for text in dense_retrieval(50, 6).axes[0].texts}
    assert {"articles", "same encoder", "50 × 6", "6", "50"} <= words
    legend = growth([10, 100], {"exact": [0.1, 1.0]}).axes[0].get_legend()
    assert legend.get_texts()[0].get_text() == "exact: 10 times as long"
    left, right = trade_offs({"IVF": [(0.1, 0.8, 0.2), (0.3, 1.0, 0.4)]}, {"IVF": 1.5}, exact=2.0).axes
    assert left.lines[0].get_xdata().tolist() == [10, 30]
    assert right.lines[0].get_xdata().tolist() == [0.2, 0.4]
    scores = rows_of_scores({"private question": [0.2], "hit answers": [0.7, 0.8]}, 0.5).axes[0]
    assert [label.get_text() for label in scores.get_yticklabels()] == ["private question", "hit answers"]


def test_a_map_shows_the_query_its_nearest_point_and_the_centres():
    points = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1], [2, 3]])
    ax = cells_on_a_map(points, np.arange(5), points[:4], query=points[4], nearest=points[3]).axes[0]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["query", "its nearest point", "centres"]
    assert ax.lines[0].get_xydata().tolist() == [[2, 3]]
    assert ax.lines[1].get_xydata().tolist() == [[1, 1]]


def test_a_drawn_walk_shows_what_it_compared_and_where_it_went_on():
    points, links = np.array([[0.0, 0], [1, 0], [2, 0]]), [{1}, {0, 2}, {1}]
    walks = {"stops": ([0], {0: 4.0, 1: 1.0}), "arrives": ([0, 1, 2], {0: 4.0, 1: 1.0, 2: 0.0})}
    left, right = walks_side_by_side(points, links, walks, query=points[2], nearest=points[2]).axes
    assert (left.get_title(), right.get_title()) == ("stops", "arrives")
    looked, _, compared, went = left.lines[:4]
    assert looked.get_xydata().tolist() == [[0, 0], [1, 0]]
    assert compared.get_xydata().tolist() == [[0, 0], [1, 0]]
    assert went.get_xydata().tolist() == [[0, 0]]
    with pytest.raises(InputError, match="number of walks"):
        walks_side_by_side(points, links, {}, points[2], points[2])


def test_full_text_ranks_say_where_the_answer_is_among_how_many_hits(tmp_path):
    lancedb, fts = pytest.importorskip("lancedb"), pytest.importorskip("lancedb.index").FTS
    rows = [{"title": "Vaccine", "text": "a vaccine helps"}, {"title": "Frog", "text": "two frogs and a frog"}]
    table = lancedb.connect(tmp_path).create_table("few", rows)
    questions = {"vaccines": "Vaccine", "frogs": "Frog"}
    table.create_index("text", config=fts(stem=False))
    assert full_text_ranks(table, questions) == ["- of 0 hits", "1 of 1 hits"]
    table.create_index("text", config=fts(stem=True))
    assert full_text_ranks(table, questions) == ["1 of 1 hits", "1 of 1 hits"]


def test_a_vector_is_drawn_in_as_many_parts_as_there_are_numbers():
    figure = quantized(np.arange(6.0), np.zeros(6), [7, 9, 2])
    assert [ax.get_xlabel() for ax in figure.axes[3:]] == ["no. 7", "no. 9", "no. 2"]
    assert [ax.images[0].get_array().tolist() for ax in figure.axes[:3]] == [[[0, 1]], [[2, 3]], [[4, 5]]]
    with pytest.raises(InputError, match="6 and 6 numbers cannot be cut into 4 equal parts"):
        quantized(np.zeros(6), np.zeros(6), [1, 2, 3, 4])


def test_the_precision_in_another_mixture_follows_from_both_rates():
    known, unknown = np.array([True, True, True, False]), np.array([True, False, False, False])
    at, worse, better = precision_in(0.1, known, unknown)
    assert at == pytest.approx(0.1 * 0.75 / (0.1 * 0.75 + 0.9 * 0.25), abs=0.005)
    assert worse < at < better


def test_a_piece_is_coloured_as_far_as_it_is_read_and_overlapping_ones_lie_in_two_lines():
    words = ["word"] * 400
    ax = pieces_read(words, {"whole": (400, 400), "small": (100, 100), "overlap": (200, 100)}).axes[0]
    boxes = [(bar.get_x(), bar.get_width(), round(bar.get_y() + bar.get_height() / 2, 2)) for bar in ax.patches]
    assert boxes[0] == (0, 400, 0)
    assert 0.6 < boxes[1][1] / 400 < 0.65  # 254 of its 400 tokens
    assert boxes[2:10] == [(start, 100, 1) for start in (0, 100, 200, 300) for _ in range(2)]
    assert [(start, low) for start, _, low in boxes[10::2]] == [(0, 1.78), (100, 2.22), (200, 1.78)]
