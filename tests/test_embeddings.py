"""Texts as vectors: equal to the reference, computed once, and clear about texts that have no vector."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common import assets, cache, store
from course_utils.common.errors import CourseError, InputError
from course_utils.embeddings import cosine_similarity, embed, flatten
from course_utils.transformer.encoder import NumPyEncoder

FORTY = [f"Sentence number {number} about {'snow ' * (number % 5 + 1)}" for number in range(40)]


@pytest.fixture(autouse=True)
def new_session():
    store.forget_session()
    yield
    store.forget_session()


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    """Keep vectors in an empty folder, and take the model from the usual one."""
    model = assets.minilm_path()
    monkeypatch.setattr(assets, "minilm_path", lambda: model)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    return tmp_path


@pytest.fixture
def read(monkeypatch):
    """Watch which texts the encoder reads."""
    seen, whole = [], NumPyEncoder.encode

    def watch(self, texts, *more):
        seen.extend(texts)
        return whole(self, texts, *more)

    monkeypatch.setattr(NumPyEncoder, "encode", watch)
    return seen


def test_rows_have_length_one_and_the_right_type():
    vectors = embed(["One.", "Two words.", "Three more words."])
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_order_and_repetition_are_kept():
    a, b = embed(["a cat", "a dog"])
    np.testing.assert_array_equal(embed(["a dog", "a cat", "a dog"]), [b, a, b])


def test_no_texts_give_no_rows():
    assert embed([]).shape == (0, 384)


def test_texts_are_computed_once(own_cache, read):
    first = embed(FORTY)
    store.forget_session()
    np.testing.assert_array_equal(embed(FORTY[::-1]), first[::-1])
    assert len(read) == len(FORTY)


def test_only_new_texts_are_computed(own_cache, read):
    embed(FORTY)
    read.clear()
    embed([*FORTY, "A new sentence."])
    assert read == ["A new sentence."]


def test_a_damaged_file_of_vectors_is_computed_again(own_cache):
    vectors = embed(FORTY)
    (file,) = own_cache.rglob("*.npy")
    file.write_bytes(file.read_bytes()[:-100])
    store.forget_session()
    np.testing.assert_allclose(embed(FORTY), vectors, atol=1e-6)
    assert len(np.load(file, allow_pickle=False)) == len(FORTY)


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(own_cache, monkeypatch, capsys, read):
    def refuse(*_):
        raise CourseError("The cache folder cannot be written: set COURSE_CACHE.")

    monkeypatch.setattr(cache, "write_aside", refuse)
    vectors = embed(FORTY)
    assert "set COURSE_CACHE" in capsys.readouterr().err
    np.testing.assert_array_equal(embed(FORTY), vectors)
    assert len(read) == len(FORTY)


def test_vectors_do_not_depend_on_how_many_are_computed_at_once(empty_cache):
    texts = [f"Article {number} of {'a long ' * (number % 7)}list." for number in range(600)]
    together, alone = embed(texts), embed(texts[299:300])
    np.testing.assert_allclose(together[299:300], alone, atol=1e-6)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a single string", r"embed\(\[text\]\)"),
        (["fine", ""], "Text 1 is empty"),
        (["  \n"], "Text 0 is empty"),
        (["fine", None], "Text 1 is NoneType"),
    ],
)
def test_texts_without_a_vector_get_a_sentence(texts, message):
    with pytest.raises(InputError, match=message):
        embed(texts)


def test_lone_surrogates_do_not_stop_the_cache():
    assert embed(["caf\udce9"]).shape == (1, 384)


def test_cosine_by_hand():
    assert cosine_similarity([3, 4], [4, 3]) == pytest.approx(24 / 25)
    np.testing.assert_allclose(cosine_similarity([[1, 0], [0, 2]], [[0, 1]]), [[0], [1]])


def test_cosine_equals_scikit_learn():
    from sklearn.metrics.pairwise import cosine_similarity as reference

    a, b = np.random.default_rng(0).normal(size=(2, 5, 7))
    np.testing.assert_allclose(cosine_similarity(a, b), reference(a, b))


def test_cosine_does_not_see_length():
    a, b = np.random.default_rng(1).normal(size=(2, 6))
    assert cosine_similarity(5 * a, b) == pytest.approx(cosine_similarity(a, b))


@pytest.mark.parametrize(("a", "b", "message"), [([1, 2], [1, 2, 3], "equally wide"), ([0, 0], [1, 2], "no direction")])
def test_cosine_refuses_what_has_none(a, b, message):
    with pytest.raises(InputError, match=message):
        cosine_similarity(a, b)


def test_flatten_keeps_groups_together_and_is_kept(own_cache, monkeypatch):
    rng = np.random.default_rng(0)
    centres = 20 * np.eye(3, 20).repeat(60, axis=0)
    vectors = (centres + rng.normal(size=centres.shape)).astype(np.float32)
    places = flatten(vectors)
    assert places.shape == (180, 2)
    assert np.abs(places).max() == pytest.approx(1)
    nearest = [np.argsort(np.linalg.norm(places - place, axis=1))[1] // 60 for place in places]
    assert np.mean(np.array(nearest) == np.arange(180) // 60) > 0.95
    monkeypatch.setattr("sklearn.manifold.TSNE.fit_transform", lambda *_: pytest.fail("it was kept"))
    np.testing.assert_array_equal(flatten(vectors), places)


def test_flatten_refuses_too_few_rows():
    with pytest.raises(InputError, match="at least 100 rows"):
        flatten(np.ones((5, 3), np.float32))
