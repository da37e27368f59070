"""The measures of search: worked by hand, their invariants, and equal to trec_eval and SciPy."""

from __future__ import annotations

import statistics

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common.errors import InputError
from course_utils.evaluation import (
    Question,
    average_precision,
    bootstrap_interval,
    exact_p_value,
    has_answer,
    mean_average_precision,
    mean_reciprocal_rank,
    ndcg_at_k,
    paired_p_value,
    percentile_interval,
    power,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
    relevant_positions,
    shortest_times,
)
from course_utils.evaluation.figures import paired_differences
from course_utils.search import Hit

RUNS = st.lists(
    st.tuples(
        st.lists(st.integers(0, 30), unique=True, max_size=25),  # a ranking
        st.sets(st.integers(0, 30), min_size=1, max_size=8),  # what is relevant
    ),
    min_size=1,
    max_size=8,
)
GRADED = st.lists(
    st.tuples(
        st.lists(st.integers(0, 12), unique=True, max_size=12),  # a ranking
        st.dictionaries(st.integers(0, 12), st.integers(0, 3), min_size=1, max_size=8).filter(
            lambda g: any(g.values())
        ),
    ),
    min_size=1,
    max_size=5,
)
MEASURES = (recall_at_k, precision_at_k, reciprocal_rank, average_precision, ndcg_at_k)


def test_measures_of_one_ranking_by_hand():
    ranking, relevant = [[5, 2, 8, 1]], [{2, 1, 9}]
    assert recall_at_k(ranking, relevant, 3) == [1 / 3]
    assert recall_at_k(ranking, relevant, 4) == [2 / 3]
    assert reciprocal_rank(ranking, relevant) == [1 / 2]
    best = 1 + 1 / np.log2(3) + 1 / 2
    assert ndcg_at_k(ranking, relevant, 4) == pytest.approx([(1 / np.log2(3) + 1 / np.log2(5)) / best])


def test_the_mean_reciprocal_rank_is_the_mean_over_questions():
    assert mean_reciprocal_rank([[1], [2, 3], [4]], [{1}, {3}, {9}]) == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_what_stands_after_place_k_does_not_count():
    rankings, relevant = [[*range(10), 99]], [{99}]
    for measure in MEASURES:
        assert measure(rankings, relevant, 10) == [0]
        assert measure(rankings, relevant, 11) > [0]


def test_hits_and_positions_count_alike():
    hits = [[Hit(3, 0.9), Hit(1, 0.5)]]
    assert ndcg_at_k(hits, [{1}]) == ndcg_at_k([[3, 1]], [{1}])


def test_an_empty_ranking_found_nothing():
    assert recall_at_k([[]], [{1}]) == reciprocal_rank([[]], [{1}]) == ndcg_at_k([[]], [{1}]) == [0]


@given(RUNS, st.integers(1, 12))
@settings(max_examples=30, deadline=None)
def test_measures_equal_those_of_trec_eval(runs, k):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    judged = {f"q{n}": {f"d{p}": 1 for p in relevant} for n, (_, relevant) in enumerate(runs)}
    names = {f"ndcg_cut.{k}", f"recall.{k}", "recip_rank"}
    run = {f"q{n}": {f"d{p}": -float(place) for place, p in enumerate(r[:k])} for n, (r, _) in enumerate(runs)}
    theirs = pytrec_eval.RelevanceEvaluator(judged, names).evaluate(run)
    rankings, relevant = zip(*runs, strict=True)
    for measure, name in ((ndcg_at_k, f"ndcg_cut_{k}"), (recall_at_k, f"recall_{k}"), (reciprocal_rank, "recip_rank")):
        ours = measure(rankings, relevant, k)
        assert ours == pytest.approx([theirs.get(f"q{n}", {}).get(name, 0.0) for n in range(len(runs))], abs=1e-9)


@given(RUNS)
@settings(max_examples=15, deadline=None)
def test_ndcg_equals_that_of_scikit_learn(runs):
    from sklearn.metrics import ndcg_score

    for ranking, relevant in runs:
        truth = np.array([[p in relevant for p in range(31)]], dtype=float)
        rest = [p for p in range(31) if p not in ranking and p not in relevant]
        whole = [*ranking, *rest, *(p for p in relevant if p not in ranking)]  # what was not found comes last
        scores = np.empty((1, 31))
        scores[0, whole] = -np.arange(31)
        k = len(ranking) or 1
        assert ndcg_at_k([whole], [relevant], k)[0] == pytest.approx(ndcg_score(truth, scores, k=k))


@given(RUNS, st.integers(1, 20))
@settings(max_examples=15, deadline=None)
def test_measures_lie_between_0_and_1_and_the_best_ranking_gets_1(runs, k):
    rankings, relevant = zip(*runs, strict=True)
    for measure in MEASURES:
        assert ((measure(rankings, relevant, k) >= 0) & (measure(rankings, relevant, k) <= 1 + 1e-12)).all()
    perfect = [sorted(wanted) for wanted in relevant]
    assert ndcg_at_k(perfect, relevant, k) == pytest.approx(1)
    assert reciprocal_rank(perfect, relevant, k) == pytest.approx(1)


@pytest.mark.parametrize(
    ("rankings", "relevant", "k", "message"),
    [
        ([[1]], [set()], 10, "not judged"),
        ([[1, 1]], [{1}], 10, "twice"),
        ([[1]], [{1}, {2}], 10, "needs a ranking"),
        ([], [], 10, "no questions"),
        ([[1]], [{1}], 0, "from 1"),
        ([[1]], [{1}], True, "from 1"),
        ([[1]], [{1}], 2.5, "from 1"),
    ],
)
@pytest.mark.parametrize("measure", [*MEASURES, mean_reciprocal_rank, mean_average_precision])
def test_bad_input_is_named(measure, rankings, relevant, k, message):
    with pytest.raises(InputError, match=message):
        measure(rankings, relevant, k)


def test_precision_and_average_precision_by_hand():
    rankings, relevant = [[5, 2, 8, 1]], [{2, 1, 9}]
    assert precision_at_k(rankings, relevant, 2) == [1 / 2]
    assert precision_at_k(rankings, relevant, 10) == [2 / 10], "empty places are not right"
    assert average_precision(rankings, relevant) == pytest.approx([(1 / 2 + 2 / 4) / 3])
    assert average_precision(rankings, relevant, 3) == pytest.approx([(1 / 2) / 3])
    assert mean_average_precision([[1], [2, 3]], [{1}, {3}]) == pytest.approx((1 + 1 / 2) / 2)


def test_graded_ndcg_by_hand():
    graded = {4: 3, 7: 1, 9: 0}
    best = 3 / np.log2(2) + 1 / np.log2(3)
    assert ndcg_at_k([[7, 9, 4]], [graded], 3) == pytest.approx([(1 + 3 / np.log2(4)) / best])
    assert ndcg_at_k([[4, 7]], [graded]) == pytest.approx([1])


def test_grade_0_is_not_relevant():
    for measure in MEASURES:
        assert measure([[9, 4]], [{4: 1, 9: 0}], 1) == [0]
        assert measure([[9, 4]], [{4: 1, 9: 0}], 2) == measure([[9, 4]], [{4}], 2)


@given(GRADED, st.integers(1, 8))
@settings(max_examples=30, deadline=None)
def test_measures_with_grades_equal_those_of_trec_eval(runs, k):
    pytrec_eval = pytest.importorskip("pytrec_eval")
    judged = {f"q{n}": {f"d{p}": grade for p, grade in grades.items()} for n, (_, grades) in enumerate(runs)}
    run = {f"q{n}": {f"d{p}": -float(place) for place, p in enumerate(r)} for n, (r, _) in enumerate(runs)}
    names = {f"ndcg_cut.{k}", f"recall.{k}", f"P.{k}", "map", f"map_cut.{k}"}
    theirs = pytrec_eval.RelevanceEvaluator(judged, names).evaluate(run)
    rankings, relevant = zip(*runs, strict=True)
    compared = {
        f"ndcg_cut_{k}": ndcg_at_k(rankings, relevant, k),
        f"recall_{k}": recall_at_k(rankings, relevant, k),
        f"P_{k}": precision_at_k(rankings, relevant, k),
        "map": average_precision(rankings, relevant),
        f"map_cut_{k}": average_precision(rankings, relevant, k),
    }
    for name, ours in compared.items():
        expected = [theirs.get(f"q{n}", {}).get(name, 0.0) for n in range(len(runs))]
        assert ours == pytest.approx(expected, abs=1e-9), name


@given(GRADED)
@settings(max_examples=30, deadline=None)
def test_graded_ndcg_equals_that_of_scikit_learn(runs):
    from sklearn.metrics import ndcg_score

    for ranking, grades in runs:
        truth = np.array([[grades.get(p, 0) for p in range(13)]], dtype=float)
        whole = [*ranking, *(p for p in range(13) if p not in ranking)]
        scores = np.empty((1, 13))
        scores[0, whole] = -np.arange(13)
        for k in (1, 5, 13):
            assert ndcg_at_k([whole], [grades], k)[0] == pytest.approx(ndcg_score(truth, scores, k=k))


@pytest.mark.parametrize(
    ("ranking", "relevant", "message"),
    [
        ([3.9], {3}, "whole number from 0, and 3.9"),
        ([3.0], {3}, "whole number from 0, and 3.0"),
        ([True], {1}, "whole number from 0, and True"),
        ([-1], {3}, "whole number from 0, and -1"),
        ([None], {3}, "whole number from 0, and None"),
        (["7"], {7}, "'7' is text"),
        (["Riga"], {"Riga"}, "Positions are numbers.*'Riga' is text"),
        ([3], {"Riga"}, "Positions are numbers.*'Riga' is text"),
        ([3], {"3": 1}, "Positions are numbers.*'3' is text"),
        ([3], {3.5}, "whole number from 0, and 3.5"),
        ([3], "Riga", "put it into a list"),
        ([3], 3, "put it into a list"),
        ([3], {3: -1}, "A grade must be a number from 0, and -1"),
        ([3], {3: "high"}, "A grade must be a number from 0, and 'high'"),
        ([3], {3: np.nan}, "A grade must be a number from 0, and nan"),
        ([3], {3: True}, "A grade must be a number from 0, and True"),
        ([3], {3: 0}, "not judged"),
        ("Riga", {3}, "square brackets"),
        (Hit(3, 1), {3}, "square brackets"),
        (3, {3}, "square brackets"),
        ({3, 4}, {3}, "square brackets"),
    ],
)
def test_positions_and_grades_are_numbers(ranking, relevant, message):
    for measure in MEASURES:
        with pytest.raises(InputError, match=message):
            measure([ranking], [relevant], 5)


def test_positions_may_be_numbers_of_numpy():
    assert recall_at_k(np.array([[3, 1]]), [np.array([1, 2])]) == [0.5]
    assert recall_at_k([[Hit(3, 0.9)]], [{np.int64(3): np.float32(2)}]) == [1]


def test_an_article_that_does_not_exist_is_named():
    question = Question("where?", "Geography", "test", ("Atlantis",), ())
    with pytest.raises(InputError, match="'Atlantis' answers 'where\\?'"):
        relevant_positions([question], ["Riga"])


def test_the_interval_equals_that_of_scipy():
    from scipy.stats import bootstrap

    values = np.random.default_rng(1).random(60)
    theirs = bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=1).confidence_interval
    assert bootstrap_interval(values, n_resamples=20_000) == pytest.approx(tuple(theirs), abs=0.005)


def test_the_interval_holds_the_mean_and_narrows_with_more_questions():
    values = np.random.default_rng(2).random(400)
    low, high = bootstrap_interval(values)
    assert low < values.mean() < high
    few_low, few_high = bootstrap_interval(values[:25])
    assert high - low < (few_high - few_low) / 2
    assert bootstrap_interval(values) == (low, high), "the same seed gives the same interval"


def test_copies_of_a_question_do_not_narrow_the_interval_when_their_group_is_named():
    values = np.random.default_rng(3).random(40)
    low, high = bootstrap_interval(values)
    copies, names = np.repeat(values, 5), np.repeat([f"q{row}" for row in range(40)], 5)
    assert bootstrap_interval(copies, groups=names) == pytest.approx((low, high), abs=0.02)
    narrow_low, narrow_high = bootstrap_interval(copies)
    assert narrow_high - narrow_low < (high - low) / 2 + 0.01
    assert bootstrap_interval(values, groups=range(40)) == (low, high)
    with pytest.raises(InputError, match="needs a group"):
        bootstrap_interval(values, groups=names)


@pytest.mark.parametrize("values", [[], [np.nan], [[1.0]], [np.inf], ["high"], [[1], [1, 2]], None])
def test_an_interval_needs_finite_numbers(values):
    with pytest.raises(InputError):
        bootstrap_interval(values)
    with pytest.raises(InputError):
        paired_p_value(values, values)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"confidence": confidence}, r"confidence must be .* such as 0\.95")
        for confidence in (0, 1, 95, -0.5, True, np.nan, np.inf, "0.95", None)
    ]
    + [({"n_resamples": n}, "n_resamples must be a whole number from 1") for n in (0, -3, True, 2.5, np.nan, "9")]
    + [({"seed": seed}, "seed must be a whole number from 0") for seed in (-1, 0.5, True, "0")],
)
def test_parameters_of_an_interval_are_checked(options, message):
    with pytest.raises(InputError, match=message):
        bootstrap_interval([0.0, 1.0], **options)
    with pytest.raises(InputError, match=message):
        percentile_interval(2, lambda drawn: drawn.mean(axis=1), **options)
    if "confidence" not in options:
        with pytest.raises(InputError, match=message):
            paired_p_value([0.0, 1.0], [1.0, 1.0], **options)


@pytest.mark.parametrize("n", [0, -1, 2.0, True])
def test_an_interval_is_drawn_from_at_least_one_example(n):
    with pytest.raises(InputError, match="n must be a whole number from 1"):
        percentile_interval(n, lambda drawn: drawn.mean(axis=1))


def test_the_p_value_equals_that_of_scipy():
    from scipy.stats import permutation_test

    rng = np.random.default_rng(3)
    a = rng.random(40)
    b = a + rng.normal(0.05, 0.2, 40)
    theirs = permutation_test(
        (a, b), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples", n_resamples=20_000, rng=3
    ).pvalue
    assert paired_p_value(a, b, n_resamples=20_000) == pytest.approx(theirs, abs=0.015)


def test_the_exact_p_value_counts_all_ways_to_swap():
    from itertools import product

    rng = np.random.default_rng(5)
    a, b = 1 / rng.integers(1, 11, 9), 1 / rng.integers(1, 11, 9)
    sums = [abs(np.dot(signs, a - b)) for signs in product([-1, 1], repeat=9)]
    by_hand = np.mean([each >= abs((a - b).sum()) - 1e-9 for each in sums])
    assert exact_p_value(a, b) == pytest.approx(by_hand)
    assert exact_p_value(a, b) == exact_p_value(b, a)
    assert exact_p_value(a, b) == pytest.approx(paired_p_value(a, b), abs=0.02)
    assert exact_p_value(a, a) == 1


def test_the_exact_p_value_refuses_what_it_cannot_count():
    with pytest.raises(InputError, match=r"no multiple of 1 / 2520: use paired_p_value"):
        exact_p_value([0.123456, 1.0], [0.0, 0.5])
    with pytest.raises(InputError, match="3 and 2"):
        exact_p_value([1.0, 1.0, 0.5], [1.0, 1.0])
    with pytest.raises(InputError, match="NaN"):
        exact_p_value([float("nan")], [1.0])


def busy(seconds):
    import time

    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def test_every_piece_of_work_has_its_turn_in_every_round():
    done = []

    def slow(name):
        done.append(name)
        busy(0.21)

    times = shortest_times({"a": lambda: slow("a"), "b": lambda: slow("b")}, n_rounds=2)
    assert done == ["a", "b", "a", "b"]
    assert list(times) == ["a", "b"]
    assert min(times.values()) >= 209


def test_the_time_is_that_of_one_run_in_the_best_round_in_milliseconds():
    lengths = iter([0.4, 0.25, 0.4])
    assert 249 <= shortest_times({"long": lambda: busy(next(lengths))}, n_rounds=3)["long"] < 390
    assert 1.9 <= shortest_times({"quick": lambda: busy(0.002)}, n_rounds=1)["quick"] < 20


@pytest.mark.parametrize(
    ("work", "n_rounds", "message"),
    [({}, 1, "nothing to measure"), ({"a": 7}, 1, "'a' cannot be called"), ({"a": list}, 0, "n_rounds")],
)
def test_work_that_cannot_be_measured_is_refused(work, n_rounds, message):
    with pytest.raises(InputError, match=message):
        shortest_times(work, n_rounds)


def test_equal_methods_differ_by_nothing_and_order_does_not_matter():
    a, b = [0.5, 1.0, 0.2], [0.1, 1.0, 0.9]
    assert paired_p_value(a, a) == 1
    assert paired_p_value(a, b) == paired_p_value(b, a)
    with pytest.raises(InputError, match="3 and 2"):
        paired_p_value(a, b[:2])


@pytest.mark.parametrize(
    ("text", "answers", "held"),
    [
        ("It is Riga.", ["riga"], True),
        ("Café au lait", ["cafe"], True),
        ("the antlers", ["antler"], True),
        ("in 1917!", ["1917"], True),
        ("10 years", ["1"], False),
        ("Romania", ["Roman"], False),
        ("nothing", [], False),
        ("", ["x"], False),
        ("66\u00a0million years", ["66 million"], True),
        ("C++ (really)", ["(really"], True),
        ("in Sa\u0303o Paulo", ["São Paulo"], True),
        ("Die Straße", ["STRASSE"], True),
        ("हिन्दी में", ["हिन्दी"], True),
        ("दीन आदमी", ["दिन"], False),
        ("首都是北京。", ["北京"], True),
        ("これは茶です", ["茶"], True),
        ("首都是北京。", ["东京"], False),
        ("대한민국은 크다", ["대한민국"], True),
        ("เมืองหลวงคือกรุงเทพ", ["กรุงเทพ"], True),
    ],
)
def test_answers_are_found_as_whole_words(text, answers, held):
    assert has_answer(text, answers) is held


def test_answers_are_a_list():
    with pytest.raises(InputError, match=r"\['Riga'\]"):
        has_answer("Riga", "Riga")


def test_a_drawn_difference_is_the_mean_of_the_differences_with_its_interval():
    halves = {"one": {"a": np.array([1.0, 0.5]), "b": np.zeros(2)}, "two": {"a": np.ones(2), "b": np.zeros(2)}}
    figure = paired_differences(halves, {"a minus b": ("a", "b")})
    drawn = [np.ravel(line.get_xdata()).tolist() for line in figure.axes[0].lines]
    plt.close(figure)
    assert drawn == [[0.5, 1.0], [0.75], [1.0, 1.0], [1.0], [0, 0]]


def test_a_half_without_a_method_is_named():
    with pytest.raises(InputError, match="'test' has no method 'c'"):
        paired_differences({"test": {"a": np.zeros(2), "b": np.zeros(2)}}, {"a minus c": ("a", "c")})
    plt.close("all")


def test_nothing_to_draw_is_refused():
    with pytest.raises(InputError, match="nothing to draw"):
        paired_differences({}, {})


def test_power_is_that_of_the_z_test_and_five_in_a_hundred_without_a_difference():
    rng = np.random.default_rng(1)
    noise = rng.normal(size=5_000)
    noise -= noise.mean()
    assert power(noise, 200) == pytest.approx(0.05, abs=0.015)
    normal, lead, n = statistics.NormalDist(), 0.2, 150
    expected = 1 - normal.cdf(1.96 - lead * n**0.5 / noise.std())
    assert power(noise + lead, n) == pytest.approx(expected, abs=0.03)
    shares = [power(noise + lead, n) for n in (20, 80, 320)]
    assert shares == sorted(shares)


def test_power_refuses_what_it_cannot_draw():
    for arguments, said in ((([], 9), "shape"), (([0.1], 1), "n_questions"), (([float("nan")], 9), "NaN")):
        with pytest.raises(InputError, match=said):
            power(*arguments)
