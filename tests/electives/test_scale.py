"""Work in pieces: partitions that are whole or absent, tasks that run twice, shards, topics, and the estimate."""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.common.files import write_whole
from course_utils.common.vectors import unit_rows
from course_utils.scale import (
    build_index,
    cluster_corpus,
    cut_corpus,
    embed_corpus,
    figures,
    kill_one_worker,
    local_workers,
    read_partition,
    run_tasks,
    search_shards,
    shipped,
    stamp,
    write_partition,
)
from course_utils.scale.compress import code_index, look_again, nearest
from course_utils.scale.crash import crash_states, restore, run_inside, watch_steps
from course_utils.scale.engine import TRIM, Stopwatch
from course_utils.scale.estimate import Costs, busy_workers, limits, plan
from course_utils.scale.explorer import draw_plan, plan_explorer
from course_utils.scale.jobs import first_centres, merge_hits, sums_of
from course_utils.scale.measuring import (
    add_up,
    count_words,
    counts_by_reducer,
    cpu_by_size,
    finish_time,
    grow,
    reduce_counts,
    schedule,
    search_codes,
    speedup,
    time_with,
)
from course_utils.scale.partitions import fingerprint, make_partition
from course_utils.search.approximate import share_found

TEXTS = [f"text {n} says {'word ' * (n % 5)}" for n in range(60)]
COSTS = Costs(seconds=0.036, text=500, vector=768, code=64, task=0.001)


def slow_vectors(texts):
    """Turn texts into unit vectors that depend on them alone."""
    rows = [np.random.default_rng(int(fingerprint(text), 16)).normal(size=16) for text in texts]
    return unit_rows(np.array(rows)).astype(np.float32)


def wait_for_the_end(texts, out, notes, victim):
    """Leave a note; the first that finds two partitions also leaves its process number, and waits to be ended."""
    (notes / uuid4().hex).touch()
    if len(list(out.glob("part-*"))) >= 2:
        with contextlib.suppress(FileExistsError), victim.open("x") as file:
            print(os.getpid(), file=file, flush=True)
            time.sleep(60)
    return slow_vectors(texts)


@pytest.fixture
def parts(tmp_path):
    return cut_corpus({"text": TEXTS}, 6, tmp_path / "texts")


@pytest.fixture
def vectors(parts, tmp_path):
    return embed_corpus(None, parts, tmp_path / "vectors", slow_vectors)


def table_of(paths, name="vector"):
    return np.concatenate([read_partition(path)[name] for path in paths])


# Partitions


def test_a_partition_comes_back_as_it_was(tmp_path):
    columns = {"text": ["a", "ü"], "n": np.array([3, 4]), "vector": np.eye(2, 3, dtype=np.float16)}
    write_partition(tmp_path / "a.parquet", columns, "x1")
    found = read_partition(tmp_path / "a.parquet")
    assert found["text"] == ["a", "ü"]
    assert found["n"].tolist() == [3, 4]
    assert found["vector"].dtype == np.float16
    assert np.array_equal(found["vector"], columns["vector"])
    assert stamp(tmp_path / "a.parquet") == "x1"


def test_the_same_columns_give_the_same_bytes(tmp_path):
    for name in "ab":
        write_partition(tmp_path / name, {"n": np.arange(5), "text": list("abcde")}, "x")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_partition_that_fails_leaves_the_old_one_and_nothing_else(tmp_path):
    write_partition(tmp_path / "a", {"n": [1]}, "x")
    before = (tmp_path / "a").read_bytes()
    with pytest.raises(InputError, match="need one length"):
        write_partition(tmp_path / "a", {"n": [1], "m": [1, 2]}, "y")
    assert (tmp_path / "a").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_is_damaged_or_missing_has_no_stamp_and_says_so(tmp_path):
    (tmp_path / "half").write_bytes(b"PAR1half")
    assert stamp(tmp_path / "half") is None
    assert stamp(tmp_path / "none") is None
    with pytest.raises(InputError, match="make it again"):
        read_partition(tmp_path / "half")


def test_cutting_loses_and_repeats_no_row(parts):
    assert [len(read_partition(path)["text"]) for path in parts] == [10] * 6
    assert [text for path in parts for text in read_partition(path)["text"]] == TEXTS
    assert table_of(parts, "position").tolist() == list(range(60))


def test_more_partitions_than_rows_are_refused(tmp_path):
    with pytest.raises(InputError, match="n_parts must be a whole number from 1 to 3"):
        cut_corpus({"text": ["a", "b", "c"]}, 4, tmp_path)


def test_where_parts_end_changes_a_fingerprint():
    assert fingerprint("ab", "c") != fingerprint("a", "bc")
    assert fingerprint("ab", b"c") == fingerprint("ab", "c")


def test_a_partition_is_kept_until_its_source_or_the_recipe_changes(parts, tmp_path):
    def work(columns):
        return {"n": [len(text) for text in columns["text"]]}

    make = partial(make_partition, parts[0], tmp_path / "out", work)
    assert [make("one"), make("one"), make("two"), make("two")] == ["made", "kept", "made", "kept"]
    write_partition(parts[0], {"text": ["new"]}, "z")
    assert make("two") == "made"
    assert read_partition(tmp_path / "out")["n"].tolist() == [3]


# Jobs


def test_embedding_resumes_after_a_failure_and_gives_the_same_bytes(parts, vectors, tmp_path):
    calls = []

    def fails(texts):
        calls.append(1)
        if len(calls) == 4:
            raise OSError("no power")
        return slow_vectors(texts)

    with pytest.raises(OSError, match="no power"):
        embed_corpus(None, parts, tmp_path / "again", fails)
    found = embed_corpus(None, parts, tmp_path / "again", fails)
    assert len(calls) == 7
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in vectors]


def test_run_tasks_refuses_what_gives_out_no_tasks():
    with pytest.raises(InputError, match=r"distributed\.Client or None, and this is int"):
        run_tasks(2, abs, [1])
    with pytest.raises(InputError, match="columns have"):
        run_tasks(None, pow, [1, 2], [1])


def test_a_stopwatch_is_a_client_and_tells_what_is_not_in_tasks():
    watch = Stopwatch()
    assert run_tasks(watch, sum, [range(100_000)] * 3) == [4999950000] * 3
    assert len(watch.seconds) == 3
    assert 0 <= watch.serial_share() < 1


def test_a_reducer_reads_its_file_of_each_map_and_misses_none(tmp_path):
    for part, counts in enumerate(({"a": 2, "b": 1}, {"a": 1})):
        columns = {"word": list(counts), "n": list(counts.values())}
        write_partition(tmp_path / f"part-{part:05}-for-1.parquet", columns, "x")
    write_partition(tmp_path / "part-00000-for-12.parquet", {"word": ["c"], "n": [1]}, "x")
    assert reduce_counts(tmp_path, 1, 2) == Counter({"a": 3, "b": 1})
    with pytest.raises(InputError, match="part-00001-for-12"):
        reduce_counts(tmp_path, 12, 2)


def test_counts_of_partitions_add_up(parts):
    whole = sum(run_tasks(None, count_words, parts), Counter())
    assert whole["says"] == 60
    assert whole["word"] == 120


def test_reducers_share_the_words_and_lose_none(parts):
    shared = run_tasks(None, counts_by_reducer, parts, [3] * len(parts))
    reduced = [add_up(column) for column in zip(*shared, strict=True)]
    assert add_up(reduced) == sum(run_tasks(None, count_words, parts), Counter())
    assert not any(set(a) & set(b) for a, b in itertools.combinations(reduced, 2))


def test_adding_up_leaves_its_arguments_alone():
    counts = [Counter("ab"), Counter("a")]
    assert add_up(counts) == Counter({"a": 2, "b": 1})
    assert counts == [Counter("ab"), Counter("a")]


def test_a_crash_leaves_half_of_a_file_written_in_place_and_none_of_one_written_aside(tmp_path):
    (tmp_path / "in place").mkdir()
    states = crash_states(partial((tmp_path / "in place" / "a").write_text, "12"), tmp_path / "in place")
    assert {"a": b""} in states
    (tmp_path / "aside").mkdir()
    states = crash_states(partial(write_whole, tmp_path / "aside" / "a", b"12"), tmp_path / "aside")
    assert {state.get("a", b"12") for state in states} == {b"12"}
    assert len(states) > 2


def test_a_crash_leaves_what_lies_in_folders_below(tmp_path):
    (tmp_path / "job" / "aside").mkdir(parents=True)
    states = crash_states(partial((tmp_path / "job" / "aside" / "a").write_text, "12"), tmp_path / "job")
    assert states[-1] == {"aside/a": b"12"}
    restore(tmp_path / "again", states[-1])
    assert (tmp_path / "again" / "aside" / "a").read_bytes() == b"12"


def test_a_job_inside_another_runs_once_and_to_its_end():
    said = []
    n_steps = watch_steps(lambda: said.append("job"), lambda step: None)
    run_inside(lambda: said.append("job"), lambda: said.append("other"), 0)
    assert said == ["job", "other", "job"]
    assert n_steps > 1


def test_steps_are_watched_no_longer_than_the_job():
    seen = []
    with pytest.raises(ZeroDivisionError):
        watch_steps(lambda: 1 / 0, seen.append)
    n_seen = len(seen)
    len([1])
    assert len(seen) == n_seen


def test_a_state_is_restored_as_it_was(tmp_path):
    restore(tmp_path / "again", {"a": b"1", ".b": b""})
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == {"a": b"1", ".b": b""}


def test_shards_find_what_one_index_finds(vectors, tmp_path):
    table = table_of(vectors).astype(np.float32)
    shards = build_index(None, vectors, tmp_path / "shards")
    scores, positions = search_shards(None, shards, table[:7], 5)
    exact = nearest(table, table[:7], 5)
    assert positions.tolist() == exact.tolist()
    assert np.allclose(scores, np.take_along_axis(table[:7] @ table.T, exact, 1), atol=1e-6)


def test_too_few_hits_from_each_shard_lose_neighbours(vectors, tmp_path):
    table = table_of(vectors).astype(np.float32)
    shards = build_index(None, vectors, tmp_path / "shards")
    exact = nearest(table, table, 10)
    shares = [share_found(search_shards(None, shards, table, 10, per_shard=k)[1], exact) for k in (1, 2, 5, 10)]
    assert shares[-1] == 1
    assert shares[0] < shares[1] < shares[2] <= 1


def test_small_shards_hand_over_what_they_have(tmp_path):
    parts = cut_corpus({"vector": np.eye(3, dtype=np.float16)}, 3, tmp_path / "in")
    shards = build_index(None, parts, tmp_path / "shards")
    scores, positions = search_shards(None, shards, np.eye(3)[:1], 5)
    assert positions[0, :3].tolist() == [0, 1, 2]
    assert positions[0, 3:].tolist() == [-1, -1]
    assert np.isneginf(scores[0, 3:]).all()


def test_merged_hits_are_sorted_by_score_and_then_by_position():
    left, right = ([[0.8, 0.8]], [[7, 9]]), ([[0.9, 0.8]], [[4, 1]])
    assert merge_hits([left, right], 4)[1].tolist() == [[4, 1, 7, 9]]


def test_topics_are_those_of_scikit_learn_however_the_corpus_is_cut(vectors, tmp_path):
    from sklearn.cluster import KMeans

    table = table_of(vectors).astype(np.float64)
    centres, labels, history = cluster_corpus(None, vectors, tmp_path / "rounds", 4, 5)
    reference = KMeans(4, init=first_centres(vectors, 4, 0), n_init=1, max_iter=5, tol=0, algorithm="lloyd").fit(table)
    assert np.array_equal(labels, reference.labels_)
    assert history[-1] == pytest.approx(reference.inertia_)
    assert all(after <= before + 1e-9 for before, after in itertools.pairwise(history))
    cut = cut_corpus({"vector": table_of(vectors)}, 2, tmp_path / "other")
    assert np.allclose(cluster_corpus(None, cut, tmp_path / "other rounds", 4, 5)[0], centres)


def test_topics_go_on_with_the_last_whole_round(vectors, tmp_path):
    whole = cluster_corpus(None, vectors, tmp_path / "whole", 4, 5)
    cluster_corpus(None, vectors, tmp_path / "rounds", 4, 3)
    watch = Stopwatch()
    resumed = cluster_corpus(watch, vectors, tmp_path / "rounds", 4, 5)
    assert len(watch.seconds) == 3 * len(vectors)
    assert np.array_equal(resumed[0], whole[0])
    assert resumed[2] == whole[2]


def test_an_empty_group_keeps_its_centre(tmp_path):
    parts = cut_corpus({"vector": np.eye(2, dtype=np.float16)}, 1, tmp_path / "in")
    sums, counts, inertia, labels = sums_of(parts[0], np.array([[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]))
    assert counts.tolist() == [1, 1, 0]
    assert sums[2].tolist() == [0, 0]
    assert labels.tolist() == [0, 1]
    assert inertia == pytest.approx(0)
    with pytest.raises(InputError, match="ask for fewer groups"):
        first_centres(parts, 3, 0)


# Workers


def test_workers_do_what_this_process_does_even_when_one_is_killed(parts, vectors, tmp_path):
    from distributed import Client

    noted = partial(wait_for_the_end, out=tmp_path / "killed", notes=tmp_path / "notes", victim=tmp_path / "victim")
    (tmp_path / "notes").mkdir()
    with local_workers(2) as client:
        assert client.scheduler.address.startswith("tcp://127.0.0.1:")
        with Client(client.scheduler.address) as other:
            there = embed_corpus(other, parts, tmp_path / "there", slow_vectors)
            shards = build_index(other, there, tmp_path / "shards")
            found = search_shards(other, shards, np.eye(16)[:2], 3)
            centres, labels, _ = cluster_corpus(other, there, tmp_path / "rounds", 4, 2)
        pids = set(client.run(os.getpid).values())
        with kill_one_worker(client, tmp_path / "victim"):
            killed = embed_corpus(client, parts, tmp_path / "killed", noted)
        client.wait_for_workers(2, timeout=60)
        assert pids - set(client.run(os.getpid).values()) == {int((tmp_path / "victim").read_text())}
    assert len(list((tmp_path / "notes").iterdir())) == len(parts) + 1
    for paths in (there, killed):
        assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in vectors]
    assert {path.name for path in (tmp_path / "killed").iterdir()} == {path.name for path in parts}
    alone = build_index(None, vectors, tmp_path / "alone")
    assert np.array_equal(search_shards(None, alone, np.eye(16)[:2], 3)[1], found[1])
    here = cluster_corpus(None, vectors, tmp_path / "rounds alone", 4, 2)
    assert np.array_equal(here[0], centres)
    assert np.array_equal(here[1], labels)


@pytest.mark.parametrize("trim", [True, False])
def test_workers_keep_freed_memory_unless_asked_and_this_process_keeps_its_environment(trim, monkeypatch):
    for name in (TRIM, "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    with local_workers(1, trim=trim) as client:
        (there,) = client.run(lambda: dict(os.environ)).values()
    assert (TRIM in there) is trim
    assert there["OMP_NUM_THREADS"] == "1"
    assert TRIM not in os.environ
    assert "OMP_NUM_THREADS" not in os.environ


def test_more_than_two_workers_are_refused():
    with pytest.raises(InputError, match="n_workers must be a whole number from 1 to 2"), local_workers(3):
        pass


# Measuring


def test_amdahls_law_by_hand():
    assert speedup(0.1, 2) == pytest.approx(100 / 55)
    assert speedup(0.1, 10**9) == pytest.approx(10)
    assert speedup(0, 7) == pytest.approx(7)
    with pytest.raises(InputError, match="serial must be a number from 0 to 1"):
        speedup(1.1, 2)


def test_a_queue_is_never_later_than_fixed_shares_and_backups_never_later_than_a_queue():
    rng = np.random.default_rng(0)
    for _ in range(50):
        minutes, speeds = rng.uniform(1, 2, 40).tolist(), [*rng.choice([0.1, 1], 6).tolist(), 1.0]
        backup, queue = (finish_time(minutes, speeds, backup=b) for b in (True, False))
        assert sum(minutes) / sum(speeds) - 1e-9 <= backup <= queue
    assert finish_time([1] * 64, [0.1] + [1] * 7, fixed=True) == pytest.approx(80)
    assert finish_time([1] * 4, [1, 0.1]) == pytest.approx(10)
    assert finish_time([1] * 4, [1, 0.1], backup=True) == pytest.approx(4)
    assert schedule([3, 1, 1], [1, 1], fixed=True) == [(0, 0, 3), (1, 0, 1), (0, 3, 4)]
    runs = schedule([1] * 4, [1, 0.1], backup=True)
    assert sorted(runs) == [(0, 0, 1), (0, 1, 2), (0, 2, 3), (0, 3, 4), (1, 0, 4)]
    with pytest.raises(InputError, match="above 0"):
        finish_time([1, 0], [1])


def test_the_time_of_a_job_is_that_of_the_scheduler_or_of_the_busiest_worker():
    assert time_with(100, 10, 1, scheduler=0.01, worker=0.1) == pytest.approx(10)
    assert time_with(100, 10, 4, scheduler=0.01, worker=0.1) == pytest.approx(3)
    assert time_with(100, 1, 1000, scheduler=0.01, worker=0.1) == pytest.approx(1)
    assert time_with(100, 5, 1000, scheduler=0.1, worker=0.1) == pytest.approx(2)
    assert time_with(100, 1000, 4, scheduler=0.01, worker=0.1) == pytest.approx(10)


def test_processor_time_is_measured_for_each_size(tmp_path):
    found = cpu_by_size(None, TEXTS, (1, 60), count_words, tmp_path, 1)
    assert len(found) == 2
    assert min(found) > 0


def test_growth_compares_a_smaller_share_of_more_vectors():
    vectors = unit_rows(np.random.default_rng(0).normal(size=(500, 100))).astype(np.float32)
    small, large = (grow(vectors, n) for n in (400, 4000))
    assert large["share"] < small["share"]
    assert min(small["recall"], large["recall"]) >= 0.9


def test_a_second_look_finds_what_short_codes_confuse():
    vectors = unit_rows(np.random.default_rng(0).normal(size=(500, 96))).astype(np.float32)
    row = search_codes(vectors, 2000, candidates=200)
    assert row["recall"] >= max(0.9, row["codes"])
    assert row["opened"] <= row["cells"] == 89


def test_what_is_shipped_is_complete_and_possible():
    times = shipped.load_times()
    assert set(times["curves"]) == {"count words", "embed"}
    for rows in times["curves"].values():
        assert len(rows["sizes"]) == len(rows["worker"])
        assert min(rows["worker"]) > 0
    assert all(0 < share < 1 for share in times["serial"].values())
    assert all(row["recall"] >= 0.9 for row in times["growth"])
    assert times["codes"]["recall"] >= 0.9 > times["codes"]["codes"]
    for row in times["wall"].values():
        one, two = row["clock"]
        assert 1 < one / two < 2
        assert row["system"] < one


# Compression


def test_product_codes_are_shorter_and_a_second_look_finds_more():
    rng = np.random.default_rng(0)
    library = unit_rows(rng.normal(size=(40, 32))[rng.integers(40, size=1000)] + 0.4 * rng.normal(size=(1000, 32)))
    queries = library[:50]
    exact = nearest(library, queries, 10)
    flat, n_flat = code_index(library, "Flat")
    short, n_short = code_index(library, "PQ8")
    assert (n_flat, n_short) == (128, 8)
    assert share_found(flat.search(queries.astype(np.float32), 10)[1], exact) == 1
    found = short.search(queries.astype(np.float32), 60)[1]
    assert share_found(found[:, :10], exact) < share_found(look_again(found, queries, library, 10), exact)


def test_places_that_faiss_left_empty_come_last_in_a_second_look():
    # products with the candidates 0 and 1: 0.1 and -0.5; that of the last row, 0.9, is not one of them
    found = look_again(np.array([[-1, 1, 0, -1]]), np.array([[0.1, -0.5, 0.9]]), np.eye(3), 4)
    assert found.tolist() == [[0, 1, -1, -1]]


def test_an_index_that_faiss_does_not_know_is_named():
    with pytest.raises(InputError, match="cannot build 'PQ7'"):
        code_index(np.random.default_rng(0).normal(size=(300, 32)), "PQ7")


# Estimate


def test_a_plan_by_hand():
    found = plan(1e10, 100, COSTS)
    assert found["core-hours"] == pytest.approx(100_000)
    assert found["hours"] == pytest.approx(62.5)
    assert found["dollars"] == pytest.approx(5000)
    assert found["machines for vectors"] == 120
    assert found["machines for codes"] == 10
    assert found["hours of scheduling"] == pytest.approx(1e7 * 0.001 / 3600)


def test_limits_come_in_order_and_agree_with_the_plan():
    found = limits(COSTS)
    assert list(found.values()) == sorted(found.values())
    assert plan(found["vectors in its memory"], 1, COSTS)["machines for vectors"] == 1
    assert plan(found["vectors in its memory"] + 1, 1, COSTS)["machines for vectors"] == 2
    assert plan(found["a day of one machine"], 1, COSTS)["hours"] == pytest.approx(24)


def test_larger_pieces_let_a_scheduler_keep_more_workers_busy():
    assert busy_workers(replace(COSTS, docs_in_a_task=2000)) == pytest.approx(2 * busy_workers(COSTS))


def test_costs_that_cannot_be_are_refused():
    with pytest.raises(InputError, match="seconds must be above 0"):
        Costs(seconds=0, text=500, vector=768, code=64, task=0.001)
    with pytest.raises(InputError, match="cores must be a whole number"):
        Costs(seconds=1, text=500, vector=768, code=64, task=0.001, cores=1.5)


def test_the_explorer_follows_its_controls():
    page = plan_explorer(COSTS)
    before = page.children[-1].value
    page.children[0].value = 10
    assert page.children[-1].value != before
    assert "100,000" in page.children[-1].value
    assert "core-hours" in draw_plan(5, 1, COSTS)


# Figures


@pytest.mark.parametrize(
    "draw",
    [
        partial(figures.map_shuffle_reduce, ["a", "b", "c"], ["a:1", "b:1", "c:1"], ["a:1", "c:1"]),
        figures.partition_life,
        figures.scheduler_and_workers,
        partial(figures.sharded_search, ["1", "2", "3"], "all"),
        partial(figures.product_quantisation, np.ones((2, 2)), np.ones((2, 3, 2)), np.eye(2, 3)),
        partial(figures.draw_schedules, {"one": [(0, 0, 2), (1, 0, 2), (1, 1, 2)]}, 0, [2]),
        partial(figures.draw_size_curves, {"job": {1: [0.1, 0.2], 2: [0.1, 0.2], 8: [0.1, 0.3]}}, [1, 10]),
    ],
)
def test_a_drawing_has_a_title(draw):
    figure = draw()
    assert figure.get_suptitle() or figure.axes[0].get_title()
    plt.close(figure)


def test_limits_are_drawn_as_bars():
    figure, ax = plt.subplots()
    figures.draw_limits(ax, limits(COSTS), (1e8,))
    assert len(ax.patches) == 5
    plt.close(figure)
    assert Path(shipped.FILE).name == "times.json"
