"""Shipping a model: versions, gates, a service on the loopback address, a canary, alarms, and a pipeline."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import threading

import matplotlib.pyplot as plt
import numpy as np
import pytest
from house import ROOT

from course_utils.common.errors import InputError
from course_utils.shipping import artefacts, drift, explorer, figures, gates, pipeline, rollout, service
from course_utils.shipping.data import Texts, load_requests, twin_titles
from course_utils.shipping.models import TopicModel, go_on, train, word_features

TOPICS = ("cold", "food")
TEXTS = ("snow and ice", "bread and milk", "ice is cold", "milk and honey")
Y = np.array([0, 1, 0, 1])


@pytest.fixture(scope="module")
def model() -> TopicModel:
    return train(TEXTS, Y, TOPICS, n_steps=5, on_words=True)


def vector_model() -> TopicModel:
    rng = np.random.default_rng(0)
    return TopicModel(TOPICS, rng.normal(size=(385, 2)), np.zeros(384))


def test_a_model_of_words_learns_and_gives_probabilities(model):
    chances = model.probabilities(["ice", "bread", "nothing of this"])
    assert chances.shape == (3, 2)
    assert np.allclose(chances.sum(axis=1), 1)
    assert model.predict(["ice", "bread"]).tolist() == [0, 1]


def test_word_features_are_those_of_scikit_learn():
    from sklearn.feature_extraction.text import TfidfVectorizer

    tfidf = TfidfVectorizer(sublinear_tf=True).fit(TEXTS)
    found = word_features(TEXTS, tuple(tfidf.get_feature_names_out()), tfidf.idf_).toarray()
    assert np.allclose(found[:, :-1], tfidf.transform(TEXTS).toarray())
    assert np.allclose(found[:, -1], 0.3)
    often = word_features(["snow snow ice"], ("ice", "snow"), np.ones(2)).toarray()[0]
    assert often[1] / often[0] == pytest.approx(1 + np.log(2))


def test_a_model_of_vectors_takes_any_encoder():
    model = vector_model()
    found = model.probabilities(["a", "b"], lambda texts: np.ones((len(texts), 384)))
    assert np.allclose(found[0], found[1])
    assert model.features(["a"], lambda texts: np.ones((1, 384))).shape == (1, 385)


def test_going_on_continues_where_training_ended():
    once = train(TEXTS, Y, TOPICS, n_steps=7, on_words=True)
    part = train(TEXTS, Y, TOPICS, n_steps=3, on_words=True)
    assert np.allclose(go_on(part, part.features(TEXTS), Y, 4).W, once.W)


def test_training_refuses_texts_without_topics():
    with pytest.raises(InputError, match="needs a topic"):
        train(TEXTS, Y[:2], TOPICS)


def test_version_depends_on_every_part_and_not_on_the_order():
    parts = {"data": "1", "code": "2", "weights": "3"}
    version = artefacts.version_of(parts)
    assert version == artefacts.version_of(dict(reversed(parts.items())))
    assert len({version, *(artefacts.version_of({**parts, name: "x"}) for name in parts)}) == 4
    assert version != artefacts.version_of({"data": "2", "code": "1", "weights": "3"})


def test_version_is_the_same_in_another_process():
    code = "from course_utils.shipping import artefacts, rollout\n"
    code += "print(artefacts.version_of({'a': 'b'}), rollout.bucket('request 7'))"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.split() == [artefacts.version_of({"a": "b"}), str(rollout.bucket("request 7"))]


@pytest.mark.parametrize("words", [True, False])
def test_a_saved_model_comes_back_as_it_was(tmp_path, model, words):
    shipped = model if words else vector_model()
    card = artefacts.save_model(tmp_path, shipped, {"data": "1"})
    back, version = artefacts.load_model(tmp_path)
    assert version == card["version"]
    assert back.topics == shipped.topics
    assert back.words == shipped.words
    assert np.array_equal(back.W, shipped.W)
    assert np.array_equal(back.scale, shipped.scale)


def test_a_changed_file_is_refused(tmp_path, model):
    artefacts.save_model(tmp_path, model, {"data": "1"})
    file = tmp_path / artefacts.WEIGHTS
    kept = bytearray(file.read_bytes())
    broken = kept.copy()
    broken[-1] ^= 1
    file.write_bytes(broken)
    with pytest.raises(InputError, match="The weights are not those"):
        artefacts.load_model(tmp_path)
    file.write_bytes(kept)
    card = json.loads((tmp_path / artefacts.CARD).read_text(encoding="utf-8"))
    card["parts"]["data"] = "2"
    (tmp_path / artefacts.CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(InputError, match="do not make version"):
        artefacts.load_model(tmp_path)
    file.unlink()
    with pytest.raises(InputError, match="is missing"):
        artefacts.load_model(tmp_path)


def test_topics_that_were_exchanged_are_refused(tmp_path, model):
    artefacts.save_model(tmp_path, model, {"data": "1"})
    card = json.loads((tmp_path / artefacts.CARD).read_text(encoding="utf-8"))
    card["topics"].reverse()
    (tmp_path / artefacts.CARD).write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(InputError, match="The topics are not those"):
        artefacts.load_model(tmp_path)


def test_a_pickle_in_place_of_the_weights_is_never_run(tmp_path, model):
    class Bad:
        def __reduce__(self):
            return (tmp_path / "ran").write_text, ("x",)

    artefacts.save_model(tmp_path, model, {})
    (tmp_path / artefacts.WEIGHTS).write_bytes(pickle.dumps(Bad()))
    with pytest.raises(InputError):
        artefacts.load_model(tmp_path)
    assert not (tmp_path / "ran").exists()


def test_slices_are_shares_of_right_answers():
    found = gates.slices(np.array([0, 0, 0, 1]), ("a", "b", "c"), np.array([True, True, False, False]))
    assert found == {"a": 2 / 3, "b": 0.0}
    with pytest.raises(InputError, match="as many"):
        gates.slices(Y, TOPICS, np.array([True]))


def test_changes_change_the_text_and_nothing_that_counts():
    text = "Lake Urmia is an endorheic salt lake in Iran. It is large."
    first = gates.first_sentence(text)
    assert first == "Lake Urmia is an endorheic salt lake in Iran."
    for name, change in gates.CHANGES.items():
        assert change(first) != first, name
    assert sorted(gates.with_typos(text)) == sorted(text)


def test_behaviours_count_unchanged_answers(model):
    texts = ["ice", "bread"]
    found = gates.behaviours(model, texts, {"same": str, "other": lambda text: "ice"})
    assert found == {"same": 1.0, "other": 0.5}


def test_gates_catch_a_lost_topic_that_the_test_set_lets_pass(model):
    n = 99
    test = Texts(("ice",) * n + ("bread",), np.array([0] * n + [1]))
    always = TopicModel(TOPICS, np.array([[0.0, 0.0]] * len(model.W[:-1]) + [[1.0, 0.0]]), model.scale, model.words)
    found = {gate.name: gate for gate in gates.judge(always, model, test, {"typos": 1.0}, 1.0)}
    assert found["test set"].passed
    assert found["test set"].value == pytest.approx(0.99)
    assert not found["worst slice"].passed
    assert found["worst slice"].where == "food"
    slow = gates.judge(model, model, test, {"typos": 0.7, "tags": 1.0}, 1900.0)
    assert [gate.passed for gate in slow] == [True, True, False, False]


def test_the_encoder_gets_one_text_at_a_time_when_latency_is_measured():
    seen = []

    def encode(texts):
        seen.append(len(texts))
        return np.ones((len(texts), 384))

    assert gates.slow_case(vector_model(), ["a", "b", "c"], encode) >= 0
    assert set(seen) == {1}


def client_of(model, plan=None):
    from fastapi.testclient import TestClient

    return TestClient(service.make_app({"1": model, "2": model}, plan or rollout.Rollout("1")))


def test_service_answers_as_the_model_does(model):
    answer = client_of(model).post("/topic", json={"text": "ice and snow"})
    assert answer.status_code == 200
    assert answer.json()["topic"] == "cold"
    assert answer.json()["version"] == "1"
    assert answer.json()["confidence"] == pytest.approx(model.probabilities(["ice and snow"])[0].max())


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n "}, "text"),
        ({"text": "x" * 5001}, "text"),
        ({"text": 3}, "text"),
        ({"txt": "x"}, "text"),
        ({"text": "x", "more": 1}, "more"),
        ({"text": "x", "id": "y" * 101}, "id"),
        ([], "body"),
    ],
)
def test_service_refuses_what_it_cannot_use(model, body, field):
    answer = client_of(model).post("/topic", json=body)
    assert answer.status_code == 422
    assert field in (answer.json()["field"], "text" if "txt" in body else "")
    assert answer.json()["problem"]


def test_metrics_count_answers_and_refusals(model):
    client = client_of(model)
    for text in ("ice", "milk", ""):
        client.post("/topic", json={"text": text})
    found = client.get("/metrics").json()
    assert found["statuses"] == {"200": 2, "422": 1}
    assert found["versions"] == {"1": 2}
    assert client.get("/health").json() == {"status": "ok", "live": "1"}
    assert client.get("/docs").status_code == 404


def test_service_follows_the_rollout_at_each_request(model):
    plan = rollout.Rollout("1")
    client = client_of(model, plan)
    bodies = [{"text": "ice", "id": f"request {n}"} for n in range(100)]
    plan.start("2", 0.3)
    said = [client.post("/topic", json=body).json()["version"] for body in bodies]
    assert said == ["2" if rollout.bucket(body["id"]) < 3000 else "1" for body in bodies]
    plan.roll_back("a test")
    assert {client.post("/topic", json=body).json()["version"] for body in bodies} == {"1"}
    assert len(plan.history) == 2


def test_a_live_version_must_be_among_the_models(model):
    with pytest.raises(InputError, match="not among the models"):
        service.make_app({"1": model}, rollout.Rollout("3"))


def test_server_listens_on_the_loopback_address_and_stops(model):
    with service.serving(service.make_app({"1": model}, rollout.Rollout("1"))) as address:
        assert address.startswith("http://127.0.0.1:")
        assert service.is_listening(address)
        found = service.ask(address, ["ice", "milk", ""], n_clients=2)
        assert [status for status, _, _ in found] == [200, 200, 422]
        assert [answer.get("topic") for _, answer, _ in found[:2]] == ["cold", "food"]
    assert not service.is_listening(address)
    assert service.THREAD not in {thread.name for thread in threading.enumerate()}


def test_server_stops_after_an_error_too(model):
    address = ""
    with pytest.raises(ZeroDivisionError):  # noqa: SIM117 (the block is what is tested)
        with service.serving(service.make_app({"1": model}, rollout.Rollout("1"))) as address:
            raise ZeroDivisionError
    assert not service.is_listening(address)


def test_clients_send_a_bounded_number_of_texts():
    with pytest.raises(InputError, match="at once"):
        service.ask("http://127.0.0.1:9", ["x"] * 1001)


def test_buckets_are_even_and_nested():
    found = np.array([rollout.bucket(f"request {n}") for n in range(5000)])
    counts = np.histogram(found, bins=10, range=(0, 10_000))[0]
    assert ((counts - 500) ** 2 / 500).sum() < 30  # chi-squared with nine degrees: above 30 once in 2,000
    assert rollout.bucket("request 7") == 5433
    assert rollout.bucket("request 7", "other trial") != 5433
    with pytest.raises(InputError, match=r"write str\(\.\.\.\)"):
        rollout.bucket(7)


def test_needed_by_hand_and_by_simulation():
    # (1.6449 + 0.8416)^2 = 6.1826; 0.8 * 0.2 + 0.7 * 0.3 = 0.37; / 0.01
    assert rollout.needed(0.8, 0.1) == 229
    assert 3.9 < rollout.needed(0.5, 0.01) / rollout.needed(0.5, 0.02) < 4.1
    assert rollout.caught(0.8, 0.1, 229) == pytest.approx(0.8, abs=0.03)
    assert rollout.caught(0.8, 0.0, 229) == pytest.approx(0.05, abs=0.015)
    assert rollout.caught(0.8, 0.1, 229, n_live=229) == rollout.caught(0.8, 0.1, 229)
    # the difference's deviation is sqrt(0.16 / 916 + 0.21 / 229) = 0.0330, and 0.1 / 0.0330 - 1.645 = 1.38
    assert rollout.caught(0.8, 0.1, 229, n_live=916) == pytest.approx(0.92, abs=0.03)
    assert rollout.caught_peeking(0.8, 800, 10) > 0.12
    assert rollout.caught_peeking(0.8, 800, 1) == pytest.approx(0.05, abs=0.015)
    for wrong in (0.0, 0.9):
        with pytest.raises(InputError):
            rollout.needed(0.8, wrong)


def test_needed_in_shadow_by_simulation():
    apart, loss = 0.2, 0.05
    n = rollout.needed_in_shadow(apart, loss)
    rng = np.random.default_rng(0)
    draws = rng.choice([1, 0, -1], size=(2000, n), p=[(apart + loss) / 2, 1 - apart, (apart - loss) / 2])
    z = draws.mean(axis=1) / (draws.std(axis=1) / np.sqrt(n))
    assert np.mean(z > 1.645) == pytest.approx(0.8, abs=0.03)
    with pytest.raises(InputError):
        rollout.needed_in_shadow(0.05, 0.1)


def test_p_value_is_that_of_the_chi_squared_test():
    from scipy.stats import chi2_contingency

    table = [[160, 40], [140, 60]]
    both_sides = chi2_contingency(table, correction=False).pvalue
    assert rollout.loss_p_value(160, 200, 140, 200) == pytest.approx(both_sides / 2)
    assert rollout.loss_p_value(10, 10, 10, 10) == 0.5


def test_there_is_no_canary_to_send_back():
    with pytest.raises(InputError, match="no canary"):
        rollout.Rollout("1").roll_back("nothing")


def test_psi_by_hand_and_its_invariants():
    e, a = np.array([0.5, 0.5]), np.array([0.25, 0.75])
    by_hand = -0.25 * np.log(0.5) + 0.25 * np.log(1.5)
    assert drift.psi(e, a) == pytest.approx(by_hand)
    assert drift.psi(a, e) == pytest.approx(by_hand)
    assert drift.psi(e, e) == 0
    assert np.isfinite(drift.psi(np.array([1.0, 0.0]), np.array([0.0, 1.0])))
    rng = np.random.default_rng(0)
    assert (drift.psi(rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5), 50)) >= 0).all()
    with pytest.raises(InputError, match="same bins"):
        drift.psi(e, np.array([1.0]))


def test_psi_is_the_sum_of_two_divergences():
    from scipy.stats import entropy

    e, a = np.random.default_rng(1).dirichlet(np.ones(8), 2)
    assert drift.psi(e, a) == pytest.approx(entropy(e, a) + entropy(a, e), abs=2e-2)
    e, a = np.full(4, 0.25), np.array([0.1, 0.2, 0.3, 0.4])  # no share below the least one: equal
    assert drift.psi(e, a) == pytest.approx(entropy(e, a) + entropy(a, e))


def test_ks_is_scipys_with_ties_too():
    from scipy.stats import ks_2samp

    rng = np.random.default_rng(0)
    old, rows = rng.integers(20, size=300) / 20, rng.integers(25, size=(30, 50)) / 20
    assert drift.ks_distance(old, rows) == pytest.approx([ks_2samp(old, row).statistic for row in rows])
    assert drift.ks_distance(old, rows[0]) == pytest.approx(ks_2samp(old, rows[0]).statistic)
    assert drift.ks_distance([1, 2], np.array([5.0, 6.0])) == 1


def test_bins_are_even_on_the_reference_and_hold_everything():
    old = np.random.default_rng(0).random(1000)
    edges = drift.quantile_edges(old)
    assert drift.bin_shares(old, edges) == pytest.approx(np.full(10, 0.1), abs=0.002)
    assert drift.bin_shares([-9.0, 9.0], edges)[[0, -1]].tolist() == [0.5, 0.5]
    for wrong in ([], [[1.0]], [np.nan]):
        with pytest.raises(InputError):
            drift.bin_shares(wrong, edges)


def monitors() -> tuple[drift.Monitors, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    chances = np.vstack([rng.dirichlet([8, 1, 1], 600), rng.dirichlet([2, 2, 2], 100)])
    vectors = np.vstack([rng.normal(0, 1, (600, 5)), rng.normal(1.5, 1, (100, 5))])
    return drift.Monitors(chances, vectors, np.arange(300)), np.arange(300, 600), np.arange(600, 700)


def test_monitors_measure_each_window_as_one_by_one():
    watch, calm, _ = monitors()
    windows = calm[drift.draw_windows(300, 4, 50, np.random.default_rng(1))]
    found = watch.measure(windows)
    row = windows[2]
    assert found["confidence (KS)"][2] == pytest.approx(drift.ks_distance(watch.old, watch.confidence[row]))
    shares = drift.bin_shares(watch.confidence[row], watch.edges)
    assert found["confidence (PSI)"][2] == pytest.approx(drift.psi(watch.expected["bins"], shares))
    assert found["vectors (mean)"][2] == pytest.approx(np.linalg.norm(watch.vectors[row].mean(axis=0) - watch.mean))


def test_limits_hold_their_rate_and_change_is_seen():
    watch, calm, other = monitors()
    rng = np.random.default_rng(2)
    quiet = watch.measure(calm[drift.draw_windows(300, 1000, 60, rng)])
    limits = drift.thresholds(quiet, 0.05)
    again = watch.measure(calm[drift.draw_windows(300, 1000, 60, rng)])
    changed = watch.measure(drift.mix(calm[drift.draw_windows(300, 200, 60, rng)], other, 0.8, rng))
    for name in watch.names:
        assert 0.005 < np.mean(again[name] > limits[name]) < 0.09, name
        assert np.mean(changed[name] > limits[name]) > 0.9, name


def test_mix_takes_the_share_that_is_asked_for():
    rng = np.random.default_rng(0)
    windows = drift.mix(np.zeros((3, 4000), int), np.array([7, 8]), [0.0, 0.25, 1.0], rng)
    assert (windows > 0).mean(axis=1) == pytest.approx([0, 0.25, 1], abs=0.03)
    with pytest.raises(InputError):
        drift.mix(windows, np.array([7]), 1.5, rng)


def test_first_alarm_counts_days_from_one():
    assert drift.first_alarm(np.array([[1.0, 2.0], [3.0, 0.0], [0.0, 0.0]]), 1.0).tolist() == [2, 1, np.inf]


def test_requests_share_no_article_and_twins_share_their_topic():
    found = load_requests()
    parts = [set(found.train.texts), set(found.validation.texts), set(found.test.texts), set(found.english.texts)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    assert np.array_equal(found.english.y, found.spanish.y)
    assert len(set(found.spanish.texts) & set(found.english.texts)) == 0
    assert twin_titles({"no such title": "People"}) == {}


def test_registry_keeps_runs_and_promotes_through_gates_only(tmp_path, model):
    from course_utils.shipping.registry import Registry

    diary = Registry.in_folder(tmp_path)
    cards = []
    for name in ("one", "two"):
        cards.append(artefacts.save_model(tmp_path / name, model, {"data": name}))
        diary.add(tmp_path / name, cards[-1], {"test set": 0.5 + 0.1 * len(cards)}, name)
    open_gate, shut = gates.Gate("test set", 0.9, 0.8), gates.Gate("worst slice", 0.1, 0.8)
    diary.promote(cards[0]["version"], [open_gate])
    with pytest.raises(InputError, match="worst slice"):
        diary.promote(cards[1]["version"], [open_gate, shut])
    with pytest.raises(InputError, match="no version"):
        diary.promote("never", [])
    version, back = diary.live()
    assert version == cards[0]["version"]
    assert np.array_equal(back.W, model.W)
    assert [run["name"] for run in diary.runs("metrics.test_set > 0.65")] == ["two"]
    assert diary.add(tmp_path / "one", cards[0], {}, "again") == "1"
    assert len(diary.runs()) == 2
    artefacts.save_model(tmp_path / "one", model, {"data": "another"})
    with pytest.raises(InputError, match="another version"):
        diary.live()


def test_the_shipped_workflow_is_the_real_one():
    real = (ROOT / pipeline.WORKFLOW).read_text(encoding="utf-8")
    copy = (pipeline.DATA / "shipping" / "test.yml").read_text(encoding="utf-8")
    assert copy == real, "copy .github/workflows/test.yml to course_utils/data/shipping/test.yml"
    assert pipeline.read_workflow() == real


def test_the_matrix_makes_four_runs():
    import yaml

    runs = pipeline.runs_of(yaml.safe_load(pipeline.read_workflow()))
    assert len(runs) == 4
    assert runs[-1] == {"os": "ubuntu-latest", "python": "3.10"}


def test_pytest_tells_red_from_green(tmp_path):
    (tmp_path / "test_a.py").write_text("def test_one():\n    assert 1\n\n\ndef test_two():\n    assert 0\n")
    (tmp_path / "test_b.py").write_text("def test_three():\n    assert 1\n")
    assert pipeline.run_pytest(tmp_path) == (2, 1)


def test_figures_are_drawn():
    import yaml

    workflow = yaml.safe_load(pipeline.read_workflow())
    made = [figures.way_of_a_model(), figures.version_drawing({"data": "a" * 64, "code": "b" * 64}, "c" * 8)]
    made += [figures.draw_jobs(workflow, pipeline.runs_of(workflow)), figures.two_trials(0.2)]
    words = [text.get_text() for text in made[-1].axes[0].texts]
    assert {"80%", "20%", "kept"} <= set(words)
    assert words.count("sent") == 3, "of a shadow's two answers one is sent"
    figure, axes = plt.subplots(2, 3)
    axes = axes.ravel()
    figures.draw_slices(axes[0], {"a": 0.9, "b": 0.8}, {"new": {"a": 0.1, "b": 0.8}}, 0.15)
    assert figures.draw_cumulative(axes[2], {"old": [1, 2, 3, 4], "new": [3, 4, 5, 6]}) == 0.5
    made.append(figures.calm_drawing({100: {"index": np.array([0.05, 0.155, 0.155])}}, "index", "three windows"))
    assert max(made[-1].axes[0].patches[0].get_path().vertices[:, 1]) == 2
    sizes = {size: {"index": np.array([0.05])} for size in range(1, 7)}
    three = figures.calm_drawing({size: sizes[size] for size in (1, 2, 3)}, "index", "three sizes").axes[0]
    assert len({patch.get_edgecolor() for patch in three.patches}) == 3
    for many in ({}, sizes):
        with pytest.raises(InputError, match="1 to 5 sizes"):
            figures.calm_drawing(many, "index", "too many")
    figures.draw_sides(axes[3], {"all": ((8, 10), (5, 10))})
    low = np.array([[0.4, 0.3, 0.6, 0.9], [0.5, 0.5, 0.6, 0.9]])
    made.append(figures.after_labels({(0, "Spanish"): low, (9, "Spanish"): low + 0.1, (9, "English"): low}, 0.7, "t"))
    lines = {line.get_label(): line.get_ydata() for line in made[-1].axes[0].lines}
    assert lines["all, with range"] == pytest.approx([0.45, 0.55])
    assert lines["people"] == pytest.approx([0.4, 0.5])
    assert list(lines["all, English labels"]) == [0.45]
    assert set(lines["always People"]) == {0.7}
    assert axes[3].texts[0].get_text() == "0.80"
    for each in [*made, figure]:
        plt.close(each)


def test_wilson_is_statsmodels_formula():
    from scipy.stats import binomtest

    low, high = binomtest(8, 10).proportion_ci(method="wilson")
    assert figures.wilson(8, 10) == pytest.approx((low, high), abs=1e-3)


def test_explorer_tells_right_answers_and_alarms():
    watch, calm, other = monitors()
    right = np.arange(700) < 600
    calm_page = explorer.draw_drift(watch, calm, other, right, 0.0, 50, 0.01)
    changed = explorer.draw_drift(watch, calm, other, right, 1.0, 50, 0.01)
    assert "right answers: 1.00" in calm_page
    assert "right answers: 0.00" in changed
    assert "100%" in changed
    page = explorer.drift_explorer(watch, calm, {"other": other}, right)
    page.children[1].value = 1.0
    assert "right answers: 0.00" in page.children[-1].value
