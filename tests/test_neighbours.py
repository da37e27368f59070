"""Vectors made of vectors, and the measure of an approximate search."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.corpus import load_long_articles
from course_utils.search import DenseIndex
from course_utils.search.approximate import make_more, measure


def real(n=50, d=6):
    rows = np.random.default_rng(0).standard_normal((n, d)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_made_vectors_have_length_one_and_are_the_same_each_time():
    many = make_more(real(), 120, 4)
    assert many.shape == (120, 4)
    assert many.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(many, make_more(real(), 120, 4))
    assert len(np.unique(many, axis=0)) == 120


def test_an_exact_search_has_recall_one_and_half_of_it_one_half():
    rows, queries = real(), real()[:8]
    exact = DenseIndex(rows).search(queries, 4)
    assert measure(lambda q: DenseIndex(rows).search(q, 4), queries, exact)[0] == 1
    assert measure(lambda q: DenseIndex(rows).search(q, 2), queries, exact)[0] == pytest.approx(0.5)


@pytest.mark.parametrize(("n", "width"), [(0, 3), (5, 0), (5, 7)])
def test_impossible_sizes_are_refused(n, width):
    with pytest.raises(InputError, match="n must be"):
        make_more(real(), n, width)


def test_long_articles_are_plain_text():
    pages = load_long_articles(["Apollo 11", "Aardvark"])
    assert list(pages) == ["Apollo 11", "Aardvark"]
    for text in pages.values():
        assert len(text.split()) > 2000
        assert "==" not in text
        assert "[[" not in text
        assert "\n" not in text


def test_a_missing_long_article_is_named():
    with pytest.raises(InputError, match="Zebra"):
        load_long_articles(["Zebra"])
