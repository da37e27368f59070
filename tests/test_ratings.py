"""The ratings of people that embeddings are graded by."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.corpus import load_text_ratings, load_word_ratings


@pytest.mark.parametrize(("name", "n"), [("SimLex-999", 999), ("WordSim-353", 353)])
def test_word_ratings_are_whole(name, n):
    ratings = load_word_ratings(name)
    assert len(ratings) == n
    assert all(a == a.lower() and b == b.lower() and 0 <= rating <= 10 for a, b, rating in ratings)


def test_text_ratings_are_symmetric_and_highest_for_a_text_itself():
    texts, ratings = load_text_ratings()
    assert len(texts) == 50
    assert all(40 < len(text.split()) < 140 for text in texts)
    np.testing.assert_allclose(ratings, ratings.T)
    np.testing.assert_allclose(np.diag(ratings), 1)


@pytest.mark.parametrize("name", ["SimLex", None, ["SimLex-999"]])
def test_unknown_ratings_are_refused(name):
    with pytest.raises(InputError, match="choose one of SimLex-999, WordSim-353"):
        load_word_ratings(name)
