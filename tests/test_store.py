"""The one disk store: computed once, found again, never in doubt; and what the course ships in it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_utils.common import cache, store
from course_utils.common.errors import CourseError, InputError
from course_utils.common.store import Store, key_of, remembered

PAIRS = [(f"query {n % 7}", f"text {n}") for n in range(300)]
WORDS = [f"word {n}" for n in range(40)]
KEYS = [key_of(word) for word in WORDS]


@pytest.fixture(autouse=True)
def new_session(tmp_path, monkeypatch):
    """Begin with nothing in memory, an empty cache, and nothing shipped."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(store.RECORD, raising=False)
    monkeypatch.setattr(store, "PRECOMPUTED", tmp_path / "precomputed")
    store.forget_session()
    yield
    store.forget_session()


def length(pairs):
    return [len(query) + len(text) for query, text in pairs]


def lengths(rows, advance):
    advance(len(rows))
    return [len(WORDS[row]) for row in rows]


def must_not(rows, advance):
    pytest.fail("it was known")


def test_a_key_keeps_apart_where_one_text_ends_and_the_next_begins():
    assert key_of("ab", "c") != key_of("a", "bc")
    assert key_of("a") == key_of("a")
    assert len(key_of("\ud800")) == 8


def test_a_large_job_is_computed_once():
    calls = []

    def compute(pairs):
        calls.append(len(pairs))
        return length(pairs)

    assert remembered("test", PAIRS, compute).tolist() == length(PAIRS)
    store.forget_session()
    assert remembered("test", PAIRS[::-1], compute).tolist() == length(PAIRS)[::-1]
    assert calls == [300]


def test_a_small_job_is_computed_once_a_session_and_not_written():
    numbers = Store("scores/few")
    assert numbers.values(KEYS[:3], lengths) == [6, 6, 6]
    assert numbers.values(KEYS[:3], must_not) == [6, 6, 6]
    assert not list(cache.cache_folder().rglob("*.npy"))


def test_another_kind_is_computed_anew():
    remembered("one", PAIRS, length)
    assert remembered("two", PAIRS, lambda pairs: [0.0] * len(pairs)).sum() == 0


def test_a_pair_that_comes_twice_is_computed_once():
    calls = []
    found = remembered("test", [("a", "b")] * 3, lambda pairs: calls.append(pairs) or [1.0] * len(pairs))
    assert found.tolist() == [1, 1, 1]
    assert calls == [[("a", "b")]]


def test_only_what_is_new_is_computed_and_in_the_order_asked_for():
    numbers, seen = Store("scores/order"), []
    numbers.values(KEYS[:35], lengths)

    def watch(rows, advance):
        seen.extend(rows)
        return lengths(rows, advance)

    numbers.values(KEYS, watch, order=lambda row: -row)
    assert seen == [39, 38, 37, 36, 35]


def test_a_long_job_is_kept_piece_by_piece():
    numbers = Store("scores/pieces", at_once=10)

    def die_later(rows, advance):
        if 30 in rows:
            raise KeyboardInterrupt
        return lengths(rows, advance)

    with pytest.raises(KeyboardInterrupt):
        numbers.values(KEYS, die_later)
    store.forget_session()
    again = []
    numbers.values(KEYS, lambda rows, advance: (again.extend(rows), lengths(rows, advance))[1])
    assert again == list(range(30, 40))


@pytest.mark.parametrize("damage", [lambda data: data[:50], lambda data: b"", lambda data: b"not this" + data])
def test_a_damaged_file_is_computed_again(damage):
    remembered("test", PAIRS, length)
    for path in cache.cache_folder().rglob("*.npy"):
        path.write_bytes(damage(path.read_bytes()))
    store.forget_session()
    assert remembered("test", PAIRS, length).tolist() == length(PAIRS)


def test_a_file_with_other_contents_and_a_pickle_are_never_used():
    numbers = Store("scores/test")
    numbers.path.mkdir(parents=True)
    np.save(numbers.path / "other.npy", np.arange(3))
    np.save(numbers.path / "trap.npy", np.array([print], dtype=object), allow_pickle=True)
    (numbers.path / "stray.json").write_text("[1, 2]")
    assert numbers.values(KEYS, lengths) == [len(word) for word in WORDS]


def test_a_cache_of_the_course_before_is_read():
    """Vectors, scores and answers as the course wrote them before there was one store."""
    folder = cache.cache_folder()
    for name, column, shape in (("embeddings/old", "vector", (4,)), ("scores/old", "score", ())):
        rows = np.zeros(2, dtype=[("key", "V16"), (column, "<f4", shape)])
        rows["key"], rows[column] = np.array(KEYS[:2], dtype="V16"), np.ones((2, *shape))
        (folder / name).mkdir(parents=True)
        np.save(folder / name / "block.npy", rows)
        found = Store(name, shape, column).values(KEYS[:2], must_not)
        np.testing.assert_array_equal(found, np.ones((2, *shape)))
    (folder / "answers/old").mkdir(parents=True)
    (folder / "answers/old/block.json").write_text(json.dumps({KEYS[0].hex(): "Riga"}))
    assert Store("answers/old", None).values(KEYS[:1], must_not) == ["Riga"]


def test_texts_come_back_as_they_were():
    texts = Store("answers/test", None, "answer", worth_keeping=1)
    said = texts.values(KEYS[:2], lambda rows, advance: ["Ж 🦙\n", ""])
    store.forget_session()
    assert texts.values(KEYS[:2], must_not) == said == ["Ж 🦙\n", ""]


def test_a_cache_that_cannot_be_written_does_not_stop_the_work_and_is_said_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "file"))
    numbers = Store("scores/test")
    for part in (KEYS[:35], KEYS):
        assert numbers.values(part, lengths) == [len(word) for word in WORDS][: len(part)]
    assert numbers.values(KEYS[:35], must_not)
    assert capsys.readouterr().err.count("set COURSE_CACHE") == 1


@pytest.mark.parametrize("values", [[1.0], [[1.0, 2.0]] * 300])
def test_the_wrong_number_or_shape_of_values_is_refused(values):
    with pytest.raises(InputError, match=r"value each|has shape"):
        remembered("test", PAIRS, lambda pairs: values)


def test_what_is_shipped_is_found_before_the_cache_and_equal_on_every_processor():
    vectors = Store("embeddings/test", (4,), "vector", {"version": "1"})
    table = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    vectors.values(KEYS, lambda rows, advance: table[rows])
    assert vectors.pack() == 40
    for path in vectors.path.glob("*"):
        path.unlink()
    store.forget_session()
    found = np.array(vectors.values(KEYS, must_not))
    np.testing.assert_allclose(found, table, atol=1e-3)
    np.testing.assert_array_equal(found, store.from_half(table.astype(np.float16)))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-7)


def test_packing_twice_gives_the_same_bytes():
    numbers = Store("scores/test", recipe={"version": "1"})
    numbers.values(KEYS, lengths)
    numbers.pack()
    before = numbers.shipped_path.read_bytes()
    numbers.pack()
    assert numbers.shipped_path.read_bytes() == before


@pytest.fixture(params=[((), "score"), (None, "answer"), ((4,), "vector")], ids=["numbers", "texts", "vectors"])
def shipped(request):
    shape, column = request.param
    kind = Store("kind/test", shape, column, {"version": "1", "model": "a"})
    value = {(): 1.0, None: "Riga", (4,): [0.5] * 4}[shape]
    kind.values(KEYS, lambda rows, advance: [value] * len(rows))
    kind.pack()
    for path in kind.path.glob("*"):
        path.unlink()
    store.forget_session()
    return kind


def test_a_flipped_byte_is_found_and_the_file_not_used(shipped, capsys):
    data = bytearray(shipped.shipped_path.read_bytes())
    data[len(data) // 2] ^= 1
    shipped.shipped_path.write_bytes(bytes(data))
    assert not shipped.shipped()
    assert "is damaged, so it is not used" in capsys.readouterr().err


def test_a_flipped_byte_anywhere_is_never_taken_for_a_value(shipped):
    whole = shipped.shipped_path.read_bytes()
    good = {key: np.asarray(value).tolist() for key, value in shipped.shipped().items()}
    for place in range(0, len(whole), max(1, len(whole) // 200)):
        data = bytearray(whole)
        data[place] ^= 0x10
        shipped.shipped_path.write_bytes(bytes(data))
        store.forget_session()
        found = {key: np.asarray(value).tolist() for key, value in shipped.shipped().items()}
        assert found in ({}, good), place


@pytest.mark.parametrize("recipe", [{"version": "2", "model": "a"}, {"version": "1", "model": "b"}, {"version": "1"}])
def test_a_file_of_another_version_or_model_is_not_used(shipped, recipe, capsys):
    other = Store(shipped.folder, shipped.shape, shipped.column, recipe)
    assert not other.shipped()
    assert "another model or recipe" in capsys.readouterr().err


def test_while_recording_nothing_shipped_is_used_and_everything_is_kept(shipped, monkeypatch):
    monkeypatch.setenv(store.RECORD, "1")
    value = {(): 2.0, None: "Rome", (4,): [0.5] * 4}[shipped.shape]
    found = shipped.values(KEYS[:1], lambda rows, advance: [value])
    assert np.array_equal(np.asarray(found[0]), np.asarray(value))
    assert len(list(shipped.path.glob("*"))) == 1


def test_an_array_is_kept_under_its_key():
    calls = []
    for _ in range(2):
        found = store.kept_array("maps", b"key", lambda: calls.append(1) or np.eye(2))
        np.testing.assert_array_equal(found, np.eye(2))
    assert len(calls) == 1
    (path,) = cache.cache_folder().rglob("*.npy")
    path.write_bytes(path.read_bytes()[:-3])
    np.testing.assert_array_equal(store.kept_array("maps", b"key", lambda: np.eye(2)), np.eye(2))


def test_a_lock_that_cannot_be_had_costs_nothing(monkeypatch):
    import errno

    def refuse(_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("filelock.FileLock", refuse)
    assert Store("scores/test").values(KEYS, lengths) == [len(word) for word in WORDS]
    with pytest.raises(CourseError), cache.locked("something that must not be done twice"):
        pytest.fail("the lock was given")
