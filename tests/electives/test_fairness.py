"""Fairness: the tables about people, rates by group, thresholds, word vectors, languages, figures and the explorer."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.fairness import figures
from course_utils.fairness.explorer import draw_rates, threshold_explorer
from course_utils.fairness.languages import FRENCH, load_openings
from course_utils.fairness.people import COLUMNS, load_adult, load_compas
from course_utils.fairness.rates import equal_share_thresholds, rates, rates_by_group
from course_utils.fairness.vectors import CONTROL, TESTS, WORD_LISTS, association, list_vectors, load_word_vectors, weat

FOUND = [8, 8, 8, 5]  # words of science, arts, male and female that occur often enough
TRUTH, SAID = np.array([1, 1, 1, 0, 0], dtype=bool), np.array([1, 1, 0, 1, 0], dtype=bool)


@pytest.fixture(scope="module")
def adult():
    return load_adult()


def test_the_three_parts_of_the_census_share_nobody_and_their_columns(adult):
    train, test, choose = adult
    assert [part.x.shape for part in adult] == [(12_000, 12), (8_000, 12), (6_000, 12)]
    assert train.values == test.values == choose.values
    assert set(np.unique(test.sex)) == {"Female", "Male"}
    person = test.described(0)
    assert list(person) == list(COLUMNS)
    assert person["sex"] == test.sex[0]
    assert person["age"] == str(int(test.x[0, 0]))
    assert 0.2 < test.y.mean() < 0.27


def test_the_court_table_has_the_people_of_the_analysis_and_no_names():
    court = load_compas()
    assert len(court.race) == 6172  # ProPublica's number
    assert set(court.__dataclass_fields__) == {"race", "score", "flagged", "arrested"}
    assert ((court.score >= 5) == court.flagged).all()  # Low is 1 to 4
    found = rates_by_group(court.arrested, court.flagged, court.race)
    rounded = [round(found[name].false_positive, 2) for name in ("African-American", "Caucasian")]
    assert rounded == [0.42, 0.22]


def test_rates_by_hand():
    found = rates(TRUTH, SAID)
    assert found.n == 5
    assert np.allclose(found[1:], [3 / 5, 3 / 5, 2 / 3, 1 / 2, 2 / 3, 3 / 5])
    assert np.isnan(rates([False, False], [False, False]).precision)


def test_rates_equal_those_of_fairlearn():
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    from sklearn.metrics import accuracy_score, precision_score

    rng = np.random.default_rng(0)
    truth, said, group = rng.random(300) < 0.4, rng.random(300) < 0.5, rng.choice(list("abc"), 300)
    ways = {"selected": selection_rate, "true_positive": true_positive_rate, "false_positive": false_positive_rate}
    ways |= {"precision": precision_score, "accuracy": accuracy_score}
    frame = MetricFrame(metrics=ways, y_true=truth, y_pred=said, sensitive_features=group)
    for name, found in rates_by_group(truth, said, group).items():
        assert np.allclose([getattr(found, way) for way in ways], frame.by_group.loc[name])


def test_false_positives_follow_from_the_other_rates():
    rng = np.random.default_rng(1)
    for share in (0.2, 0.5, 0.7):
        truth = rng.random(500) < share
        found = rates(truth, np.where(truth, rng.random(500) < 0.8, rng.random(500) < 0.3))
        p, precision, recall = found.base, found.precision, found.true_positive
        assert np.isclose(found.false_positive, p / (1 - p) * (1 - precision) / precision * recall)


def test_rates_refuse_what_is_no_decision():
    with pytest.raises(InputError, match="compare with a threshold"):
        rates(TRUTH, [0.2, 0.7, 0.1, 0.9, 0.3])
    with pytest.raises(InputError, match="4 and 5"):
        rates(TRUTH, SAID[:4])
    with pytest.raises(InputError, match="one each"):
        rates_by_group(TRUTH, SAID, ["a"])


def test_thresholds_select_equal_shares():
    rng = np.random.default_rng(2)
    group = rng.choice(["a", "b"], 1000)
    scores = rng.random(1000) + 0.4 * (group == "a")
    found = equal_share_thresholds(scores, group, 0.3)
    assert found["a"] > found["b"]
    for name, least in found.items():
        assert abs((scores[group == name] > least).mean() - 0.3) < 0.01
    with pytest.raises(InputError, match="from 0 to 1"):
        equal_share_thresholds(scores, group, 30)
    with pytest.raises(InputError, match="needs a group"):
        equal_share_thresholds(scores, group[:9], 0.3)


# Vectors


def test_weat_by_hand_its_sign_and_its_range():
    x, y, a, b = ([[1.0, 0]], [[0, 1.0]], [[1.0, 0]], [[0, 1.0]])
    assert association(x + y, a, b).tolist() == [1, -1]
    effect, p = weat(x, y, a, b)
    assert np.isclose(effect, 2**0.5)
    assert p == 0.5  # one of two ways
    assert np.isclose(weat(y, x, a, b)[0], -effect)
    assert weat(y, x, a, b)[1] == 1.0


def test_the_p_of_weat_is_uniform_where_there_is_nothing():
    rng = np.random.default_rng(3)
    found = [weat(*rng.normal(size=(4, 4, 10)))[1] for _ in range(200)]
    assert 0.4 < np.mean(found) < 0.62
    assert np.mean(np.array(found) <= 0.1) < 0.2


def test_weat_refuses_what_it_cannot_count():
    rows = np.ones((11, 3)) + np.eye(11, 3)
    with pytest.raises(InputError, match="at most 10"):
        weat(rows, rows, rows, rows)
    with pytest.raises(InputError, match="nothing to compare"):
        weat(np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)))
    with pytest.raises(InputError, match="a row for each word"):
        weat(np.ones(3), np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3)))


def test_the_shipped_vectors_have_the_words_of_the_last_test():
    runs = load_word_vectors()
    for run in runs:
        assert [len(list_vectors(name, run["vectors"])) for name in TESTS[2]] == FOUND
        assert [len(list_vectors(name, run["vectors"])) for name in CONTROL] == [8, 8, 6, 5]
    assert all(len(words) == 8 for words in WORD_LISTS.values())
    effects = [weat(*(list_vectors(name, run["vectors"]) for name in TESTS[2]))[0] for run in runs]
    assert min(effects[:3]) > 1.2
    with pytest.raises(InputError, match="no list called 'sports'"):
        list_vectors("sports", runs[0]["vectors"])


# Languages


def test_openings_are_balanced_and_as_long_as_asked():
    texts, topics = load_openings("fr", 3, n_words=12)
    assert len(texts) == len(topics) == 30
    assert sorted(topics[:10].tolist()) == sorted(FRENCH.values())
    assert {len(text.split()) for text in texts} == {12}
    assert load_openings("fr", 3, n_words=12)[0] == texts != load_openings("fr", 3, n_words=12, seed=1)[0]


def test_openings_come_from_the_rows_that_are_allowed():
    from course_utils.corpus import load_wikipedia

    rows = range(0, 10_000, 2)
    articles = load_wikipedia()["text"][:]
    allowed = {" ".join(articles[row].split()[:20]) for row in rows}
    assert set(load_openings("en", 2, among=rows)[0]) <= allowed
    with pytest.raises(InputError, match="none in 'de'"):
        load_openings("de", 2)
    with pytest.raises(InputError, match="ask for fewer"):
        load_openings("fr", 5000)


# Figures and the explorer


@pytest.fixture
def axes():
    _, some = plt.subplots(1, 2)
    yield some
    plt.close("all")


def test_a_crowd_has_a_dot_for_each_person_and_a_ring_for_each_yes(axes):
    figures.crowd(axes[0], 3, 1, 2, 4, "town")
    rings = [line for line in axes[0].lines if line.get_markerfacecolor() == "none"]
    assert len(axes[0].lines) - len(rings) == 10
    assert len(rings) == 5
    plt.close(figures.crowds({"a": (1, 1, 1, 1), "b": (0, 2, 0, 2)}, "two"))


def test_calibration_and_prices_draw_what_they_are_given(axes):
    came = np.array([True, False, True, True])
    figures.calibration(axes[0], [1, 2], {"a": (np.array([1, 1, 2, 2]), came), "b": (np.array([1, 2, 1, 2]), came)})
    assert [line.get_label() for line in axes[0].get_legend().get_lines()] or len(axes[0].containers) == 2
    assert np.allclose(axes[0].containers[0].lines[0].get_ydata(), [0.5, 1.0])
    figures.prices(axes[1], {"one": (10.0, 80.0), "two": (2.0, 78.0)})
    assert [text.get_text() for text in axes[1].texts] == ["one", "two"]


def test_words_lie_at_their_association(axes):
    lists = {"x": (["p", "q"], np.array([0.2, -0.1])), "y": (["r", "s"], np.array([0.0, 0.1]))}
    figures.word_lines(axes, {"left": lists, "right": lists})
    assert np.allclose(axes[0].lines[0].get_xdata(), [0.2, -0.1])
    assert axes[1].get_xlabel() == "right"


def test_the_explorer_shows_the_rates_of_its_thresholds():
    group, scores = np.array(list("aabbb")), np.array([0.9, 0.2, 0.8, 0.6, 0.1])
    shown = draw_rates(scores, TRUTH, group, {"a": 0.5, "b": 0.7})
    assert "a above 0.50" in shown
    assert "accuracy 0.800" in shown
    assert "17 points apart" in shown
    page = threshold_explorer(scores, TRUTH, group)
    before = page.children[-1].value
    page.children[0].value = 0.1
    assert page.children[-1].value != before
