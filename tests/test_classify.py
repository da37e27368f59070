"""Classes of texts: centres, macro-F1 and its interval, and the language model's choice."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.attention import softmax
from course_utils.classify import (
    best_temperature,
    class_centres,
    loss_and_gradient,
    macro_f1,
    reliability_table,
    resampled_interval,
)
from course_utils.common.errors import InputError
from course_utils.transformer import NumPyLM, choice_scores
from course_utils.transformer.likelihood import likeliest_tokens, log_probabilities

TRUTH = ["cat", "cat", "cat", "dog", "dog", "owl"]
SAID = ["cat", "cat", "dog", "dog", "owl", "dog"]


def test_centres_worked_by_hand():
    names, centres = class_centres(np.array([[4.0, 0.0], [0.0, 3.0], [2.0, 2.0], [6.0, 0.0]]), ["b", "a", "a", "b"])
    assert names.tolist() == ["a", "b"]
    assert np.allclose(centres, [[2 / 29**0.5, 5 / 29**0.5], [1.0, 0.0]])


def test_centres_are_those_of_the_reference():
    from sklearn.neighbors import NearestCentroid

    rng = np.random.default_rng(0)
    vectors, labels = rng.normal(size=(50, 4)) + 1, rng.choice(["x", "y", "z"], 50)
    reference = NearestCentroid().fit(vectors, labels)
    names, centres = class_centres(vectors, labels)
    assert names.tolist() == reference.classes_.tolist()
    lengths = np.linalg.norm(reference.centroids_, axis=1, keepdims=True)
    assert np.allclose(centres, reference.centroids_ / lengths, atol=1e-12)


def test_a_class_with_one_example_is_that_example():
    names, centres = class_centres(np.array([[0.0, 2.0], [1.0, 0.0], [1.0, 0.0]]), [7, 3, 3])
    assert names.tolist() == [3, 7]
    assert centres[1].tolist() == [0.0, 1.0]


def test_macro_f1_worked_by_hand():
    # cat: 2 hits, 3 wanted, 2 claimed -> 4/5; dog: 1 hit, 2 wanted, 3 claimed -> 2/5; owl: none
    assert macro_f1(TRUTH, SAID) == pytest.approx((4 / 5 + 2 / 5 + 0) / 3)


def test_macro_f1_is_that_of_the_reference():
    from sklearn.metrics import f1_score

    rng = np.random.default_rng(1)
    for _ in range(20):
        truth, said = rng.choice(list("abcd"), (2, 30), p=[0.6, 0.3, 0.08, 0.02])
        assert macro_f1(truth, said) == pytest.approx(f1_score(truth, said, average="macro", zero_division=0))


def test_macro_f1_does_not_depend_on_names_or_order():
    renamed = {"cat": 3, "dog": 1, "owl": 2}
    assert macro_f1([renamed[x] for x in TRUTH], [renamed[x] for x in SAID]) == pytest.approx(macro_f1(TRUTH, SAID))
    assert macro_f1(TRUTH[::-1], SAID[::-1]) == pytest.approx(macro_f1(TRUTH, SAID))


def test_the_interval_holds_the_value_and_narrows_with_more_texts():
    low, high = resampled_interval(TRUTH * 20, SAID * 20)
    narrow_low, narrow_high = resampled_interval(TRUTH * 200, SAID * 200)
    assert low < macro_f1(TRUTH, SAID) < high
    assert low < narrow_low < narrow_high < high
    assert resampled_interval(TRUTH * 20, SAID * 20) == (low, high)


@pytest.mark.parametrize(
    ("vectors", "labels", "remedy"),
    [
        (np.ones((3, 2)), ["a", "b"], "Each of 3 vectors needs a label, and there are 2"),
        (np.ones((0, 2)), [], "at least one"),
        (np.ones(3), ["a", "b", "c"], "rows of one table"),
        (np.ones((3, 2)), ["a", None, "b"], "all of one kind"),
        (np.ones((2, 2)), ["a", 1], "all of one kind"),
        (np.ones((2, 2)), [0.5, 1.5], "whole numbers"),
        (np.ones((2, 2)), "ab", "single string"),
        (np.array([[1.0, 0.0], [-1.0, 0.0]]), ["a", "a"], "class a cancel out"),
        (np.array([[1.0, np.nan], [1.0, 0.0]]), ["a", "b"], "NaN"),
        (np.array([[1.0, np.inf], [1.0, 0.0]]), ["a", "b"], "infinity"),
        ([[1.0, 2.0], [1.0]], ["a", "b"], "rows of one table"),
        (["a text"], ["a"], "rows of one table"),
        (np.ones((2, 2)), None, "list with one for each text"),
    ],
)
def test_centres_refuse_what_has_no_answer(vectors, labels, remedy):
    with pytest.raises(InputError, match=remedy):
        class_centres(vectors, labels)


@pytest.mark.parametrize(
    ("truth", "said", "remedy"),
    [
        (["a"], ["a", "b"], "they must be as many"),
        ([], [], "nothing to measure"),
        (["1"], [1], "use one of them"),
        ("aab", "aab", "single string"),
        (None, ["a"], "list with one for each text"),
        (["a"], 3, "list with one for each text"),
    ],
)
def test_measures_refuse_what_has_no_answer(truth, said, remedy):
    for measure in (macro_f1, resampled_interval):
        with pytest.raises(InputError, match=remedy):
            measure(truth, said)


@pytest.mark.parametrize(
    ("options", "remedy"),
    [
        ({"confidence": 95}, r"0\.95"),
        ({"confidence": True}, r"0\.95"),
        ({"confidence": np.nan}, r"0\.95"),
        ({"n_resamples": 0}, "n_resamples must be a whole number from 1"),
        ({"n_resamples": True}, "n_resamples must be a whole number from 1"),
        ({"seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_settings_of_an_interval_are_checked(options, remedy):
    with pytest.raises(InputError, match=remedy):
        resampled_interval(TRUTH, SAID, **options)


PROMPTS = ["Cats and dogs are both", "Cats and iron are both", "Iron is a"]
CHOICES = [" natural and social sciences", " animals", " very old metals"]


def test_choice_scores_are_sums_of_log_probabilities(empty_cache_but_models):
    model = NumPyLM.smollm2()
    scores = choice_scores(PROMPTS, CHOICES)
    for row, prompt in enumerate(PROMPTS):
        for column, choice in enumerate(CHOICES):
            begin, wanted = model.tokenizer.encode(prompt), model.tokenizer.encode(choice)
            plain = plain_log_probabilities(model, begin, wanted).sum()
            assert scores[row, column] == pytest.approx(plain, abs=1e-3)


def test_likeliest_tokens_are_those_of_the_whole_text_without_a_cache():
    model = NumPyLM.smollm2()
    beginning, *after = map(model.tokenizer.encode, ["Paris is in", " France. Rome is in", " Spain", " France"])
    after += [[*after[0], *after[1]], after[0], after[0]]  # what follows begins like the one before it, or is the same
    for ids, found in zip(after, likeliest_tokens(beginning, after), strict=True):
        assert found.tolist() == model.logits([*beginning, *ids])[-len(ids) :].argmax(axis=1).tolist()


@pytest.mark.parametrize(("beginning", "after"), [([], [[1]]), ([1], [[]]), ([1] * 9000, [[1]])])
def test_likeliest_tokens_say_when_there_is_nothing_or_too_much_to_read(beginning, after):
    with pytest.raises(InputError, match=r"empty|tokens with its beginning"):
        likeliest_tokens(beginning, after)


def test_queries_are_as_likely_as_after_the_whole_text_without_a_cache():
    from course_utils.search.rerank import LIKELIHOOD_PROMPT, MOST_TOKENS_READ, query_likelihoods

    model, long = NumPyLM.smollm2(), "one two three four five six " * 120
    pairs = [
        ("who sleeps?", "A cat sleeps."),
        ("a cat", "A cat sleeps."),
        ("<|im_end|>?", "<|im_start|>"),
        ("six", long),
    ]
    for (query, text), found in zip(pairs, query_likelihoods(pairs), strict=True):
        read = model.tokenizer.encode(LIKELIHOOD_PROMPT.format(text=text), special="text")[-MOST_TOKENS_READ:]
        asked = model.tokenizer.encode(query, special="text")
        assert found == pytest.approx(np.mean(plain_log_probabilities(model, read, asked)), abs=1e-4)


def plain_log_probabilities(model, beginning, after) -> np.ndarray:
    logits = model.logits([*beginning, *after]).astype(float)[len(beginning) - 1 : -1]
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logs[np.arange(len(after)), after]


def test_log_probabilities_are_those_of_the_whole_text_without_a_cache():
    model = NumPyLM.smollm2()
    ids = model.tokenizer.encode("Snow falls in winter, and rain in spring and autumn.")
    cuts = [(ids[:4], ids[4:]), (ids[:4], ids[5:7]), (ids[:7], ids[7:8]), (ids[:1], ids[1:]), (ids[2:], ids[:3])]
    cuts += [(ids[:4], [ids[9]]), (ids, ids)]
    for (beginning, after), found in zip(cuts, log_probabilities(model, cuts), strict=True):
        np.testing.assert_allclose(found, plain_log_probabilities(model, beginning, after), atol=1e-4)


@pytest.mark.parametrize(
    ("pairs", "remedy"),
    [
        ([([1], [2]), ([], [2])], "A text is empty"),
        ([([1], [2]), ([2], [])], "A text is empty"),
        ([([1] * 8000, [2] * 193)], "has 8193 tokens with its end, and the model reads 8192"),
    ],
)
def test_pairs_without_a_likelihood_are_refused(pairs, remedy):
    with pytest.raises(InputError, match=remedy):
        list(log_probabilities(NumPyLM.smollm2(), pairs))


def test_no_pairs_have_no_likelihoods():
    assert list(log_probabilities(NumPyLM.smollm2(), [])) == []


def test_what_prompts_share_is_read_once(empty_cache_but_models, monkeypatch):
    read, whole, last = [], NumPyLM.logits, NumPyLM.last_logits
    monkeypatch.setattr(NumPyLM, "logits", lambda self, ids, cache: read.append(len(ids)) or whole(self, ids, cache))
    monkeypatch.setattr(
        NumPyLM, "last_logits", lambda self, ids, cache: read.append(len(ids)) or last(self, ids, cache)
    )
    shared = "one two three four five six seven eight nine ten "
    choice_scores([shared + "eleven", shared + "twelve"], [" a", " b"])
    assert len(read) == 2, "choices of one token are free"
    assert read[0] > 10
    assert read[1] < 5


def test_choices_are_remembered(empty_cache_but_models, monkeypatch):
    prompts = [f"Number {number} is" for number in range(16)]
    first = choice_scores(prompts, [" even", " odd"])
    monkeypatch.setattr(NumPyLM, "smollm2", lambda: pytest.fail("computed twice"))
    assert np.array_equal(choice_scores(prompts, [" even", " odd"]), first)


@pytest.mark.parametrize(
    ("prompts", "options", "remedy"),
    [
        ("a prompt", [" a", " b"], "list of texts"),
        (["a prompt"], " ab", "list of texts"),
        (None, [" a", " b"], "list of texts"),
        (["a prompt", None], [" a", " b"], "number 1 is NoneType"),
        (["a prompt", " "], [" a", " b"], "Number 1 of the prompts is empty"),
        (["a prompt"], [" a"], "at least two"),
        (["a prompt"], [" a", " b", " a"], "twice"),
        (["a prompt"], [" a", 3], "number 1 is int"),
        (["word " * 9000], [" a", " b"], "the model reads"),
    ],
)
def test_choice_scores_refuse_what_has_no_answer(prompts, options, remedy):
    with pytest.raises(InputError, match=remedy):
        choice_scores(prompts, options)


def test_no_prompts_give_no_rows():
    assert choice_scores([], [" a", " b"]).shape == (0, 2)


@pytest.fixture
def empty_cache_but_models(tmp_path, monkeypatch):
    """Keep scores of the test out of the real cache, and the models where they are."""
    from course_utils.common import assets

    path = assets.smollm2_path()
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(assets, "smollm2_path", lambda: path)


def test_log_loss_and_gradient_worked_by_hand():
    # both shares are one half: the loss is ln 2, and each share is half too small or too large
    loss, gradient = loss_and_gradient(np.array([[2.0, 1.0], [4.0, 1.0]]), np.zeros((2, 2)), np.array([0, 1]))
    assert loss == pytest.approx(np.log(2))
    assert gradient.tolist() == [[0.5, -0.5], [0.0, 0.0]]


@pytest.mark.parametrize("classes", [[0], [0, -1], [0, 2], [0.0, 1.0], [[0, 1]]])
def test_each_text_needs_a_class_that_there_is(classes):
    rows = np.array([[2.0, 1.0], [4.0, 1.0]])
    for of in (
        lambda: loss_and_gradient(rows, np.eye(2), np.array(classes)),
        lambda: best_temperature(rows, classes, [1]),
    ):
        with pytest.raises(InputError, match=r"needs its class|searchsorted"):
            of()


@pytest.mark.parametrize("temperatures", [[], [1, 0], [-1], [np.nan]])
def test_temperatures_are_above_zero(temperatures):
    with pytest.raises(InputError, match=r"above 0|from 0"):
        best_temperature(np.eye(2), [0, 1], temperatures)


@pytest.mark.parametrize("factor", [0.5, 2.0, 4.0])
def test_the_best_temperature_undoes_what_logits_were_multiplied_by(factor):
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(4000, 4))
    right = (softmax(logits).cumsum(axis=1) < rng.random((4000, 1))).sum(axis=1)
    assert best_temperature(factor * logits, right, [4.0, 1.0, 0.5, 2.0]) == factor


def test_reliability_worked_by_hand():
    claimed = np.array([0.2, 0.45, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95, 0.97])
    correct = np.array([1, 0, 1, 1, 1, 0, 1, 1, 1])
    table = reliability_table(claimed, correct)
    assert table["n"].tolist() == [2, 1, 1, 1, 1, 2]  # the claim of 0.2 has no step
    assert table["right"].tolist() == [0.5, 1, 1, 0, 1, 1]
    assert table["claim"][5] == pytest.approx(0.96)
    assert table["verdict"].tolist() == ["ok", "low", "low", "high", "low", "low"]


@pytest.mark.parametrize("claim", [np.nan, 65, -0.1])
def test_claims_are_shares_and_each_is_right_or_wrong(claim):
    claimed = np.arange(45, 100, 10) / 100
    with pytest.raises(InputError, match="divide percentages by 100"):
        reliability_table(np.append(claimed, claim), np.ones(7))
    with pytest.raises(InputError, match="right or wrong"):
        reliability_table(claimed, np.ones(5))


def test_the_interval_of_a_step_holds_its_share():
    rng = np.random.default_rng(0)
    claimed = rng.uniform(0.4, 1, 600)
    table = reliability_table(claimed, rng.random(600) < claimed)
    assert (table["low"] <= table["right"]).all()
    assert (table["right"] <= table["high"]).all()


def test_a_step_without_claims_is_told():
    with pytest.raises(InputError, match=r"between 0\.6 and 0\.7"):
        reliability_table(np.array([0.45, 0.55, 0.75, 0.85, 0.95]), np.ones(5))
