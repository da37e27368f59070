"""A classifier on top of the encoder: what is trained moves, what is frozen does not, and twice gives the same."""

from __future__ import annotations

import gc
import json
import weakref

import numpy as np
import pytest
import torch
from house import on_another_processor
from torch.nn import functional as F

from course_utils.common.errors import InputError
from course_utils.fine_tuning import classifier, lora
from course_utils.fine_tuning.classifier import Classifier, fit, logistic_regression, stored_results
from course_utils.fine_tuning.coarse import coarsen
from course_utils.fine_tuning.costs import step_costs
from course_utils.transformer.encoder import NumPyEncoder

TEXTS = [
    "The cat sleeps on the sofa.",
    "Parliament votes on taxes.",
    "A kitten.",
    "The minister proposed a new law on the taxes of all small companies in the country.",
    "Dogs and puppies play with a ball in the garden until they are tired.",
    "The king signed a treaty.",
]
LABELS = [0, 1, 0, 1, 0, 1]
EXTRAS = {
    "head": lambda encoder: encoder.requires_grad_(False),
    "adapters": lambda encoder: lora.add_adapters(encoder, ["output.dense"], 2),
    "LoRA": lambda encoder: lora.add_lora(encoder, ["query", "value"], 2),
    "everything": lambda encoder: None,
}


def make_classifier(way="head", n_classes=2):
    model = Classifier(n_classes)
    EXTRAS[way](model.encoder)
    return model


def weights(network):
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


@pytest.fixture(scope="module")
def model():
    """A classifier whose head is no longer zero, for tests that change nothing."""
    made = Classifier(3)
    torch.nn.init.normal_(made.head.weight, generator=torch.Generator().manual_seed(0))
    return made


def test_a_new_head_holds_all_classes_equally_likely():
    with torch.no_grad():
        shares = Classifier(4)(TEXTS).softmax(dim=1)
    assert shares.tolist() == [[0.25] * 4] * len(TEXTS)


def test_scores_are_those_of_the_encoders_average_vector(model):
    with torch.no_grad():
        scores = model(TEXTS)
        expected = model.head(classifier.SHARPNESS * torch.from_numpy(NumPyEncoder.minilm().encode(TEXTS)))
    torch.testing.assert_close(scores, expected, atol=1e-3, rtol=0)


def test_a_text_gets_the_same_scores_alone_and_beside_longer_ones(model):
    with torch.no_grad():
        together, alone = model(TEXTS), torch.cat([model([text]) for text in TEXTS])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=0)


def test_no_more_tokens_are_read_than_said():
    model = Classifier(2, n_tokens=6)  # [CLS], four of the text, [SEP]
    torch.nn.init.normal_(model.head.weight, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        scores = model(["one two three four", "one two three four five six", "one two three"])
    torch.testing.assert_close(scores[0], scores[1])
    assert not torch.allclose(scores[0], scores[2], atol=1e-3)


def test_predict_is_the_largest_score_in_any_order_of_texts(model, monkeypatch):
    monkeypatch.setattr(classifier, "BATCH", 2)
    many = [f"{text} {'It is so. ' * (number % 4)}" for number in range(3) for text in TEXTS]
    assert len(many) > 2 * 4 * classifier.BATCH
    said = model.predict(many)
    with torch.no_grad():
        assert said.tolist() == model(many).argmax(dim=1).tolist()
    assert len(set(said.tolist())) > 1
    order = np.random.default_rng(0).permutation(len(many))
    assert model.predict([many[row] for row in order]).tolist() == said[order].tolist()
    assert model.predict([]).tolist() == []


def test_a_frozen_encoder_stays_bitwise_the_same_while_the_head_learns():
    model = make_classifier("head")
    before = weights(model)
    losses = fit(model, TEXTS, LABELS, rate=1e-3, n_epochs=3)
    after = weights(model)
    assert {name for name in before if not torch.equal(before[name], after[name])} == {"head.weight", "head.bias"}
    assert losses[0] == pytest.approx(np.log(2), abs=1e-4)  # two classes, equally likely
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("way", ["adapters", "LoRA"])
def test_beside_the_head_only_the_new_numbers_learn(way):
    model = make_classifier(way)
    before = weights(model)
    new = {name for name, weight in model.named_parameters() if weight.requires_grad}
    fit(model, TEXTS, LABELS, rate=1e-3, n_epochs=2)  # the first step moves what was zero, the second the rest
    after = weights(model)
    assert {name for name in before if not torch.equal(before[name], after[name])} == new
    assert len(new) > 2


def test_with_everything_free_the_encoder_moves():
    model = make_classifier("everything")
    before = weights(model.encoder)
    fit(model, TEXTS, LABELS, rate=5e-5, n_epochs=2)
    after = weights(model.encoder)
    for name in ("embeddings.word_embeddings.weight", "encoder.layer.5.output.dense.weight"):  # both ends of it
        assert not torch.equal(before[name], after[name])


def test_the_same_seed_gives_the_same_losses_and_another_does_not(monkeypatch):
    monkeypatch.setattr(classifier, "BATCH", 2)
    runs = [fit(make_classifier("LoRA"), TEXTS, LABELS, 1e-3, n_epochs=1, seed=seed) for seed in (0, 0, 1)]
    assert [len(losses) for losses in runs] == [3, 3, 3]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_on_another_processor_the_losses_differ_by_less_than_a_ten_thousandth():
    ours = fit(make_classifier("LoRA"), TEXTS, LABELS, 1e-3)
    theirs = json.loads(
        on_another_processor(
            "import json; from test_classifier_tuning import *\n"
            "print(json.dumps(fit(make_classifier('LoRA'), TEXTS, LABELS, 1e-3)))"
        )
    )
    assert theirs == pytest.approx(ours, abs=1e-4)


def test_one_step_equals_one_of_pytorchs_own_adamw():
    ours, reference = make_classifier("head"), make_classifier("head")
    fit(ours, TEXTS, LABELS, rate=1e-3, n_epochs=1)
    F.cross_entropy(reference(TEXTS), torch.tensor(LABELS)).backward()
    torch.optim.AdamW(reference.head.parameters(), lr=0.01).step()
    torch.testing.assert_close(ours.head.weight, reference.head.weight, atol=1e-4, rtol=0)


def test_what_was_learned_is_said():
    model = make_classifier("LoRA")
    fit(model, TEXTS, LABELS, rate=1e-3, n_epochs=6)
    assert model.predict(TEXTS).tolist() == LABELS


@pytest.mark.parametrize("n_classes", [1, 0, -2, 2.0, True, None])
def test_bad_numbers_of_classes_are_refused(n_classes):
    with pytest.raises(InputError, match="n_classes must be a whole number from 2"):
        Classifier(n_classes)


@pytest.mark.parametrize("n_tokens", [2, 257, 32.0, None])
def test_bad_numbers_of_tokens_are_refused(n_tokens):
    with pytest.raises(InputError, match="from 3 to 256"):
        Classifier(2, n_tokens)


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (TEXTS, LABELS[:5], "6 texts and 5 labels"),
        ([], [], "0 texts"),
        (TEXTS, [0, 1, 2, 0, 1, 0], "label is 2.*0 to 1"),
        (TEXTS, [0, 1, -1, 0, 1, 0], "label is -1"),
        (TEXTS, [0, 1, "cat", 0, 1, 0], "label is 'cat'"),
    ],
)
def test_labels_that_do_not_fit_are_refused_and_nothing_is_trained(texts, labels, message):
    model = make_classifier("head")
    with pytest.raises(InputError, match=message):
        fit(model, texts, labels, rate=1e-3)
    assert not model.head.weight.any()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"rate": -1e-3}, "rate must be a number from 0"),
        ({"rate": "fast"}, "rate must be a number from 0"),
        ({"rate": 1e-3, "n_epochs": 0}, "n_epochs must be a whole number from 1"),
        ({"rate": 1e-3, "seed": -1}, "seed must be a whole number from 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused_and_nothing_is_trained(settings, message):
    model = make_classifier("head")
    with pytest.raises(InputError, match=message):
        fit(model, TEXTS, LABELS, **settings)
    assert not model.head.weight.any()


def test_measuring_a_step_keeps_nothing_of_the_model():
    model = make_classifier("everything")
    table = weakref.ref(model.encoder.embeddings.word_embeddings.weight)
    step_costs(model, n_texts=1)
    del model
    gc.collect()
    assert table() is None


def test_costs_of_a_step_follow_what_is_frozen():
    whole = Classifier(n_classes=3, n_tokens=8)
    before = [weight.detach().clone() for weight in whole.parameters()]
    everything = step_costs(whole, n_texts=2)
    assert all(torch.equal(old, new) for old, new in zip(before, whole.parameters(), strict=True))
    lora.add_lora(whole.encoder, ["query", "value"], rank=1)
    few = step_costs(whole, n_texts=2)
    assert few.kept < everything.kept
    assert everything.backward == pytest.approx(2 * everything.forward, rel=0.02)  # of the error, and of the weights
    assert few.backward == pytest.approx(few.forward, rel=0.05)


@pytest.mark.parametrize("n_classes", [2, 3])
def test_a_logistic_regression_is_that_of_scikit_learn(n_classes):
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    labels = rng.integers(n_classes, size=60)
    vectors = rng.normal(size=(60, 5)) + np.eye(n_classes, 5)[labels]
    ours = logistic_regression(torch.from_numpy(vectors), labels)
    theirs = LogisticRegression(max_iter=1000, tol=1e-8).fit(vectors, labels)
    ours, theirs = ours(torch.from_numpy(vectors)).softmax(dim=1).numpy(), theirs.predict_proba(vectors)
    assert np.allclose(ours, theirs, atol=1e-4)


def test_a_logistic_regression_needs_a_label_for_each_vector():
    with pytest.raises(InputError, match="3 vectors and 2 labels"):
        logistic_regression(torch.eye(3), [0, 1])
    for odd in (-1, 0.5):
        with pytest.raises(InputError, match=f"A label must be a whole number from 0, and {odd}"):
            logistic_regression(torch.eye(3), [0, 1, odd])


def test_a_logistic_regression_draws_no_random_numbers():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    logistic_regression(torch.eye(2), [0, 1])
    logistic_regression(torch.eye(2), torch.tensor([0, 1]))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_logistic_regression_of_two_classes_by_hand():
    # x = -1 and 1 with w for class 1 and -w for class 0: 2 log(1 + exp(-2w)) + 2 w² is least where w (1 + exp(2w)) = 1
    head = logistic_regression(torch.tensor([[-1.0], [1.0]], dtype=torch.double), [0, 1])
    w = float(head.weight[1, 0])
    assert head.weight.sum().abs() < 1e-6
    assert w * (1 + np.exp(2 * w)) == pytest.approx(1, abs=1e-4)


def test_the_rate_of_the_head_is_kept():
    slow, fast = Classifier(n_classes=2, n_tokens=8), Classifier(n_classes=2, n_tokens=8)
    for model, rate in ((slow, 1e-4), (fast, 1e-2)):
        model.encoder.requires_grad_(False)
        fit(model, TEXTS, LABELS, rate=1e-3, n_epochs=1, head_rate=rate)
    assert slow.head.weight.abs().max() < fast.head.weight.abs().max() / 10


def test_the_stored_results_are_complete_and_chosen_as_said():
    found = stored_results()
    changes, _ = found.pop("change"), found.pop("coarse first")
    assert set(found) == {"head", "adapters", "LoRA", "everything"}
    for way in found.values():
        assert way["tried"][str(way["rate"])] == max(way["tried"].values())
        assert len(way["seeds"]) == 3
    ranks = {rank: len(seeds) for rank, seeds in found["LoRA"]["ranks"].items()}
    assert ranks == dict.fromkeys(["1", "4", "16", "64"], 3)
    for change in changes.values():
        assert len(change["held"]) == 384
        assert np.all(np.diff(change["held"]) >= 0)
        assert change["held"][-1] == 1
    assert changes["right"]["held"][15] > 0.5
    assert max(changes["right"]["cuts"]["weights"].values()) < min(changes["right"]["cuts"]["change"].values())


def test_coarse_weights_have_fifteen_levels_a_block_and_stay_when_rounded_again():
    layer = torch.nn.Linear(128, 3)
    bias, exact = layer.bias.detach().clone(), layer.weight.detach().clone()
    coarsen(layer)
    blocks = layer.weight.detach().view(-1, 64)
    scale = blocks.abs().amax(dim=1, keepdim=True)
    assert torch.allclose(blocks / scale * 7, (blocks / scale * 7).round(), atol=1e-4)
    assert torch.equal(scale, exact.view(-1, 64).abs().amax(dim=1, keepdim=True))
    assert ((blocks - exact.view(-1, 64)).abs() <= scale / 14 + 1e-6).all(), "the nearest level"
    once = layer.weight.detach().clone()
    coarsen(layer)
    assert torch.allclose(layer.weight, once, atol=1e-6)
    assert torch.equal(layer.bias, bias)


def test_the_stored_answers_beside_coarse_weights_are_those_of_the_notebook():
    right = stored_results()["coarse first"]
    assert len(right) == 440
    assert set(right) == {"0", "1"}
    assert abs(right.count("1") / 440 - stored_results()["LoRA"]["seeds"][0]) < 0.05
