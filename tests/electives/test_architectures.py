"""Four networks, two baselines, a GAN and a diffusion model: values by hand, invariants, equality with references."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from course_utils.architectures import (
    LOADERS,
    Task,
    load_change,
    load_digits,
    load_facts,
    load_nearer,
    load_right,
    load_scores,
    load_topics,
    reverse,
    shift,
    shuffle,
)
from course_utils.architectures.data import (
    MARGIN,
    NUMBERS,
    RECALL_PAIRS,
    WORDS,
    enlarge,
    load_pictures,
    load_recall,
    load_table,
)
from course_utils.attention import scaled_dot_product_attention
from course_utils.common import assets
from course_utils.common.errors import InputError

torch = pytest.importorskip("torch")

from course_utils.architectures import networks, training  # noqa: E402
from course_utils.architectures.changes import Exchange, exchange_places, shift_each  # noqa: E402
from course_utils.architectures.drawings import draw_game, draw_mixture, mixture_and_directions  # noqa: E402
from course_utils.architectures.explorer import answers, draw_moved, draw_moves  # noqa: E402
from course_utils.architectures.figures import (  # noqa: E402
    digits_in_rows,
    draw_changes,
    draw_points,
    draw_rates,
    who_meets_whom,
)
from course_utils.architectures.generators import (  # noqa: E402
    as_pictures,
    critic_loss,
    digit_rows,
    gaussian_samples,
    mode_centres,
    ring,
    sample_diffusion,
    sample_gan,
    score_digits,
    score_ring,
    train_diffusion,
    train_gan,
)
from course_utils.architectures.networks import (  # noqa: E402
    CNN,
    GRU,
    MLP,
    NETWORKS,
    OF_TEXTS,
    VARIANTS,
    Block,
    Columns,
    build,
    n_parameters,
    widest,
)


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    return {kind: load() for kind, load in LOADERS.items()}


def toy_task(n: int = 400, n_tokens: int = 8) -> Task:
    """Two classes: whether the largest of the tokens is in the first half."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, n_tokens, 1)).astype(np.float32)
    y = (x[:, :, 0].argmax(axis=1) < n_tokens // 2).astype(int)
    return Task("toy", (x[:300], y[:300]), (x[300:], y[300:]), ("no", "yes"), n_tokens, 1, n_train=200)


def test_the_four_kinds_have_their_shapes_and_no_example_is_lost(tasks):
    shapes = {kind: task.pool[0].shape[1:] for kind, task in tasks.items()}
    assert shapes == {"table": (14,), "pictures": (12, 12), "time series": (24, 1), "text": (24,)}
    assert {kind: task.n_classes for kind, task in tasks.items()} == dict(zip(tasks, (2, 10, 2, 11), strict=True))
    assert len(tasks["time series"].pool[1]) + len(tasks["time series"].test[1]) == 67 + 1029
    assert len(tasks["pictures"].pool[1]) + len(tasks["pictures"].test[1]) == 1797


def test_every_class_is_in_every_part(tasks):
    for task in tasks.values():
        for y in (task.split(0)[0][1], task.split(0)[1][1], task.test[1]):
            assert set(y.tolist()) == set(range(task.n_classes))


def test_the_numbers_of_the_table_are_scaled_and_its_words_are_codes(tasks):
    x = tasks["table"].pool[0]
    np.testing.assert_allclose(x[:, len(WORDS) :].mean(axis=0), np.zeros(len(NUMBERS)), atol=1e-4)
    np.testing.assert_allclose(x[:, len(WORDS) :].std(axis=0), np.ones(len(NUMBERS)), atol=1e-3)
    codes = x[:, : len(WORDS)]
    assert (codes == codes.astype(int)).all()
    assert codes.max() < tasks["table"].n_words
    assert not set(codes[:, 0].tolist()) & set(codes[:, 1].tolist())  # each column has codes of its own


def test_the_margin_of_the_pictures_is_empty(tasks):
    x = np.concatenate([tasks["pictures"].pool[0], tasks["pictures"].test[0]])
    assert x.min() == 0
    assert x.max() == 1
    assert not x[:, :MARGIN].any()
    assert not x[:, :, -MARGIN:].any()


def test_a_split_is_drawn_by_its_seed_and_has_every_example_once(tasks):
    task = tasks["time series"]
    (train, _), (choose, _) = task.split(1)
    rows = np.concatenate([train, choose]).reshape(267, -1)
    np.testing.assert_array_equal(np.sort(rows, axis=0), np.sort(task.pool[0].reshape(267, -1), axis=0))
    np.testing.assert_array_equal(task.split(1)[0][0], train)
    assert not np.array_equal(task.split(2)[0][0], train)


def test_longer_texts_begin_as_the_short_ones_and_leave_the_pool(tasks):
    longer = load_topics(n_words=48)
    np.testing.assert_array_equal(longer.pool[0], tasks["text"].pool[0])
    assert longer.test[0].shape[1] == 48
    short = {row.tobytes() for row in tasks["text"].test[0]}
    assert np.mean([row[:24].tobytes() in short for row in longer.test[0]]) > 0.8


def test_too_few_examples_or_too_long_texts_are_refused():
    with pytest.raises(InputError, match="too few"):
        load_pictures(n_train=1800)
    with pytest.raises(InputError, match="n_train"):
        load_table(n_train=0)
    with pytest.raises(InputError, match="ask for fewer"):
        load_topics(n_words=1000)


@pytest.mark.parametrize("load", [assets.adult_path, assets.italy_power_path])
def test_an_unknown_file_of_the_data_is_refused(load):
    with pytest.raises(InputError, match=r"no 'adult\.names'"):
        load("adult.names")


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_is_as_wide_as_its_budget_allows_and_gives_a_score_for_each_class(name, tasks):
    for task in tasks.values():
        network, step = build(name, task, 20_000), 4 if name == "Transformer" else 1
        width = widest(name, task, 20_000)
        extra = {"picture": task.picture} if name == "CNN" else {}
        wider = NETWORKS[name](task.n_tokens, task.n_numbers, task.n_classes, width + step, **extra)
        assert n_parameters(network[1]) <= 20_000 < n_parameters(wider)
        assert network(torch.from_numpy(task.test[0][:3])).shape == (3, task.n_classes)


def test_unknown_networks_and_small_budgets_are_refused(tasks):
    with pytest.raises(InputError, match="choose one of MLP, CNN"):
        build("LSTM", tasks["table"], 20_000)
    with pytest.raises(InputError, match="too small for the narrowest MLP"):
        build("MLP", tasks["table"], 50)
    with pytest.raises(InputError, match="budget must be a whole number"):
        build("MLP", tasks["table"], 0)


def test_an_mlp_does_not_notice_exchanged_places_if_its_weights_are_exchanged_too():
    network, order = MLP(6, 2, 3, 5), np.random.default_rng(0).permutation(12)
    other = MLP(6, 2, 3, 5)
    other.load_state_dict(network.state_dict())
    other.first.weight.data = network.first.weight.data[:, order]
    x = torch.randn(4, 6, 2)
    torch.testing.assert_close(other(x.flatten(1)[:, order].view_as(x)), network(x))


def test_the_first_layer_of_the_cnn_is_a_sliding_window():
    network, x = CNN(6, 2, 3, 4), torch.randn(1, 6, 2)
    weight, bias = network.layers[0].weight[:, :, 0], network.layers[0].bias  # (4, 2, 3)
    padded = torch.cat([torch.zeros(1, 2), x[0], torch.zeros(1, 2)])
    by_hand = torch.stack([(padded[place : place + 3].T * weight).sum((1, 2)) + bias for place in range(6)])
    torch.testing.assert_close(network.layers[0](x.mT[:, :, None])[0, :, 0].T, by_hand)


def test_the_gru_is_its_cell_step_by_step():
    network, x = GRU(5, 2, 3, 4), torch.randn(7, 5, 2)
    cell = torch.nn.GRUCell(2, 4)
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    cell.load_state_dict({name: getattr(network.cell, f"{name}_l0") for name in names})
    state = torch.zeros(7, 4)
    for token in range(5):
        state = cell(x[:, token], state)
    torch.testing.assert_close(network(x), network.head(state))


def test_a_block_attends_as_the_course_does():
    block, x = Block(8), torch.randn(1, 5, 8)
    with torch.no_grad():
        block.narrow.weight.zero_(), block.narrow.bias.zero_()
        qkv = block.qkv(block.norm_1(x)).view(5, 3, networks.N_HEADS, 2).permute(1, 2, 0, 3).numpy()
        seen = scaled_dot_product_attention(*qkv, causal=False)  # (heads, 5, 2)
        wanted = x + block.mix(torch.from_numpy(seen.transpose(1, 0, 2).reshape(1, 5, 8)))
        torch.testing.assert_close(block(x), wanted, atol=1e-5, rtol=1e-5)


def test_a_transformer_without_places_does_not_know_the_order():
    network, x = NETWORKS["Transformer"](6, 2, 3, 8), torch.randn(4, 6, 2)
    assert not torch.allclose(network(x), network(x.flip(1)), atol=1e-3)
    network = VARIANTS["Transformer without places"](6, 2, 3, 8)
    torch.testing.assert_close(network(x), network(x.flip(1)), atol=1e-5, rtol=1e-5)


def test_the_mean_of_words_is_a_mean_and_one_dense_layer():
    network, x = VARIANTS["mean of words"](3, 2, 4, 1), torch.tensor([[[1.0, 2.0], [3.0, 4.0], [5.0, 9.0]]])
    wanted = network.head.weight @ torch.tensor([3.0, 5.0]) + network.head.bias
    torch.testing.assert_close(network(x)[0], wanted)


def test_the_entry_of_a_table_looks_words_up_and_draws_a_line_through_numbers():
    entry = Columns(n_words=3, n_columns_of_words=1, n_columns=2, n_numbers=4)
    found = entry(torch.tensor([[2.0, 0.5]]))
    torch.testing.assert_close(found[0, 0], entry.words.weight[2])
    torch.testing.assert_close(found[0, 1], 0.5 * entry.slope[0] + entry.start[0])


def test_an_exchange_moves_every_number_and_loses_none(tasks):
    x = torch.arange(24.0).view(1, 4, 6)
    moved = Exchange(np.random.default_rng(0).permutation(24), pixels=True)(x)
    assert moved.shape == x.shape
    assert sorted(moved.flatten().tolist()) == x.flatten().tolist()
    torch.testing.assert_close(Exchange(np.array([3, 2, 1, 0]))(x), x.flip(1))
    network = exchange_places(build("CNN", tasks["text"], 20_000), tasks["text"])
    assert network(torch.from_numpy(tasks["text"].test[0][:2])).shape == (2, 11)


def test_a_shift_within_the_margin_can_be_taken_back(tasks):
    x = tasks["pictures"].test[0][:5]
    np.testing.assert_array_equal(shift(shift(x, 2, -1), -2, 1), x)
    assert shift(x, 2, -2).sum() == pytest.approx(x.sum())
    np.testing.assert_array_equal(shift(x, 1, 0)[:, 1:], x[:, :-1])
    with pytest.raises(InputError, match=r"picture\[None\]"):
        shift(x[0], 1, 0)


def test_each_picture_gets_a_shift_of_its_own_within_the_margin(tasks):
    x = tasks["pictures"].test[0][:40]
    moved = shift_each(x, np.random.default_rng(0))
    np.testing.assert_allclose(moved.sum(axis=(1, 2)), x.sum(axis=(1, 2)), rtol=1e-5)
    steps = [(a, b) for a in range(-MARGIN, MARGIN + 1) for b in range(-MARGIN, MARGIN + 1)]
    found = {
        move for one, other in zip(x, moved, strict=True) for move in steps if (shift(one[None], *move) == other).all()
    }
    assert len(found) > 12
    np.testing.assert_array_equal(shift_each(x, np.random.default_rng(0), most=0), x)


def test_a_larger_page_has_the_same_digits_in_its_middle(tasks):
    larger = enlarge(tasks["pictures"], 4)
    np.testing.assert_array_equal(larger.test[0][:, 4:-4, 4:-4], tasks["pictures"].test[0])
    assert larger.pool[0].shape[1:] == (larger.n_tokens, larger.n_numbers) == (20, 20)
    assert larger.test[0].sum() == pytest.approx(tasks["pictures"].test[0].sum())


def test_few_examples_train_and_the_same_ones_choose(tasks):
    few = replace(tasks["pictures"], n_train=30, n_choose=300)
    (train, _), (choose, _) = few.split(1)
    (all_train, _), (all_choose, _) = tasks["pictures"].split(1)
    np.testing.assert_array_equal(train, all_train[:30])
    np.testing.assert_array_equal(choose, all_choose)


def test_reversing_twice_changes_nothing_and_shuffling_keeps_the_words(tasks):
    x = tasks["text"].test[0][:50]
    np.testing.assert_array_equal(reverse(reverse(x)), x)
    np.testing.assert_array_equal(np.sort(shuffle(x), axis=1), np.sort(x, axis=1))
    orders = shuffle(np.tile(np.arange(24), (50, 1)))
    assert len({row.tobytes() for row in orders}) == 50


def test_flat_features_say_which_words_are_there():
    pair = (np.array([[2, 0, 2]]), np.array([0]))
    text = Task("text", pair, pair, ("a",), 3, 4, 1, n_words=4)
    np.testing.assert_array_equal(training.flat(text, pair[0]), [[1, 0, 1, 0]])
    table = Task("table", pair, pair, ("a",), 2, 4, 1, n_words=3, columns_of_words=1)
    np.testing.assert_allclose(training.flat(table, np.array([[1.0, 0.5]])), [[0, 1, 0, 0.5]])
    assert training.flat(toy_task(), toy_task().test[0]).shape == (100, 8)


@pytest.mark.parametrize("name", NETWORKS)
def test_training_learns_and_can_be_repeated(name):
    task = toy_task()
    before = task.pool[0].copy()
    trained = training.train_network(name, task, n_steps=180, rate=0.01, budget=1500)
    again = training.train_network(name, task, n_steps=180, rate=0.01, budget=1500)
    np.testing.assert_array_equal(task.pool[0], before)
    np.testing.assert_array_equal(trained.predict(task.test[0]), again.predict(task.test[0]))
    assert training.accuracy(trained.predict, task.test) > 0.6
    assert trained.chosen_with == training.accuracy(trained.predict, task.split(0)[1])


def test_the_linear_model_is_scikit_learns(tasks):
    from sklearn.linear_model import LogisticRegression

    task = tasks["pictures"]
    (x, y), _ = task.split(0)
    theirs = LogisticRegression(C=1.0, max_iter=2000).fit(x.reshape(len(x), -1), y)
    ours = training.train_linear(task, strength=1.0)
    wanted = theirs.predict(task.test[0].reshape(len(task.test[0]), -1))
    np.testing.assert_array_equal(ours.predict(task.test[0]), wanted)


def test_the_trees_keep_the_rounds_that_choose_best():
    task = toy_task()
    trained = training.train_trees(task, rate=0.2)
    assert training.accuracy(trained.predict, task.split(0)[1]) == trained.chosen_with
    assert training.accuracy(trained.predict, task.test) > 0.7


def test_more_rounds_of_trees_choose_no_worse():
    few, many = (training.train_method("trees", toy_task(), setting=0.1, n_rounds=n) for n in (1, 30))
    assert few.chosen_with <= many.chosen_with
    assert (few.predict(toy_task().test[0]) != many.predict(toy_task().test[0])).any()
    with pytest.raises(InputError, match="n_rounds"):
        training.train_trees(toy_task(), n_rounds=0)


def test_shifted_copies_help_where_the_test_is_shifted(tasks):
    task = tasks["pictures"]
    moved = np.concatenate([shift(task.test[0], 2, 0), shift(task.test[0], 0, -2)]), np.tile(task.test[1], 2)
    with_copies, without = (
        training.train_network("MLP", task, n_steps=120, rate=0.01, shifted=shifted) for shifted in (True, False)
    )
    assert training.accuracy(with_copies.predict, moved) > training.accuracy(without.predict, moved) + 0.2


def test_settings_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="no method 'forest'"):
        training.train_method("forest", toy_task(), setting=1.0)
    with pytest.raises(InputError, match="does not know of places"):
        training.train_method("linear", toy_task(), setting=1.0, exchanged=True)
    with pytest.raises(InputError, match="rate"):
        training.train_network("MLP", toy_task(), rate=0.0)
    with pytest.raises(InputError, match="n_steps"):
        training.train_network("MLP", toy_task(), n_steps=5)


def test_a_method_without_randomness_gives_what_was_shipped(tasks):
    task = tasks["time series"]
    trained = training.train_linear(task, strength=load_facts("time series", "linear")["setting"], seed=2)
    shipped = load_right("time series", "linear")[2]
    assert ((trained.predict(task.test[0]) == task.test[1]) == shipped).mean() > 0.99


def test_the_shipped_marks_fit_the_tests(tasks):
    for kind, task in tasks.items():
        for method in training.METHODS:
            assert load_right(kind, method).shape == (3, len(task.test[1]))
            assert load_facts(kind, method)["setting"] in training.SETTINGS[method]
            wider, inside = load_facts(kind, method)["setting of wider grid"], training.SETTINGS[method][1]
            assert load_right(kind, method, "wider grid").shape == (3, len(task.test[1]))
            assert wider == load_facts(kind, method)["setting"] or load_facts(kind, method)["setting"] != inside
        for name in NETWORKS:
            assert load_facts(kind, name)["parameters"] <= training.BUDGET
            assert load_right(kind, name, "exchanged").shape == (3, len(task.test[1]))


def test_the_variants_of_the_cnn_have_as_many_parameters_and_other_views(tasks):
    for name, reach in {"CNN": 18, "CNN without halving": 7, "CNN, dilated, no halving": 15}.items():
        network = build(name, tasks["pictures"], 20_000)[1]
        assert n_parameters(network) == load_facts("pictures", name)["parameters"] == 19_146
        assert load_right("pictures", name, "shifted by 2").shape == (3, 4 * 597)
        seen, apart = 1, 1
        for number, layer in enumerate(network.layers):
            seen += apart if number and network.halves else 0  # the pair
            apart *= 2 if number and network.halves else 1
            seen += 2 * apart * layer.dilation[0]
        assert seen == reach


def test_results_that_do_not_exist_are_refused():
    with pytest.raises(InputError, match="'sideways'"):
        load_right("pictures", "CNN", "sideways")
    with pytest.raises(InputError, match="'sound'"):
        load_facts("sound", "CNN")
    with pytest.raises(InputError, match="'VAE'"):
        load_scores("digits", "VAE")
    with pytest.raises(InputError, match=r"rate 0\.5"):
        load_nearer("digits", "GAN", 0.5)
    with pytest.raises(InputError, match="seed 9"):
        load_digits("diffusion", 0.001, seed=9)


def test_a_variant_without_places_loses_nothing_when_words_are_shuffled():
    for name in OF_TEXTS:
        np.testing.assert_array_equal(load_right("text", name, "shuffled"), load_right("text", name))


def test_every_rate_has_its_runs():
    assert {len(runs) for runs in load_scores("ring, falling", "GAN").values()} == {5}
    assert list(load_scores("ring, falling", "GAN")) == list(load_scores("ring", "GAN"))
    for data, n_seeds in {"ring": 5, "digits": 3, "ring, longer": 3, "digits, longer": 3}.items():
        for method in ("GAN", "GAN with penalty", "diffusion"):
            assert all(len(runs) == n_seeds for runs in load_scores(data, method).values())
        assert list(load_scores("ring, longer", method)) == [0.003, 0.01]
        for rate in load_scores("digits, longer", method):
            for data in ("digits", "digits, longer"):
                assert all(0.5 < share < 0.9 for share in load_nearer(data, method, rate))


def test_the_shipped_digits_are_pictures():
    for method in ("GAN", "GAN with penalty", "diffusion"):
        for rate in load_scores("digits", method):
            found = load_digits(method, rate)
            assert found.shape == (10, 8, 8)
            assert found.min() >= 0
            assert found.max() <= 1


def test_a_falling_rate_ends_at_nothing():
    real = np.random.default_rng(0).normal(size=(500, 2)).astype(np.float32)
    how = {"n_steps": 40, "width": 16, "rate": 0.01}
    falling, still = (train_gan(real, falling=each, look_at=(39, 40), **how)[1] for each in (True, False))
    moved = [np.abs(looks[40] - looks[39]).max() for looks in (falling, still)]
    assert moved[0] < 0.05 * moved[1]


def test_the_points_in_a_mixture_each_have_their_own_noise_on_one_line():
    mixture, points, directions = mixture_and_directions(0.6)
    for point, direction in zip(points, directions, strict=True):
        np.testing.assert_allclose(0.4 * point + 0.6 * (point + direction), mixture)
    step = mixture - 0.6 * directions.mean(axis=0)
    np.testing.assert_allclose(step, points.mean(axis=0), atol=1e-12)  # one step ends in the middle of them
    assert len(draw_mixture().axes) == 2
    with pytest.raises(InputError, match="share"):
        mixture_and_directions(0)


def test_the_game_of_a_gan_names_what_each_loss_changes():
    said = [text.get_text() for text in draw_game().axes[0].texts]
    assert {"loss_d", "loss_g", "discriminator", "generator"} <= set(said)


def test_the_penalty_is_the_squared_slope_at_real_examples():
    critic = torch.nn.Linear(2, 1)
    real, fake = torch.randn(5, 2).requires_grad_(), torch.randn(5, 2)
    plain = critic_loss(critic, real, fake)
    by_hand = 0.8 / 2 * critic.weight.square().sum()
    torch.testing.assert_close(critic_loss(critic, real, fake, penalty=0.8) - plain, by_hand)


def test_the_discriminators_loss_is_the_cross_entropy_of_real_and_made():
    critic = torch.nn.Linear(2, 1)
    real, fake = torch.randn(5, 2), torch.randn(5, 2)
    scores, labels = critic(torch.cat([real, fake])), torch.tensor([[1.0]] * 5 + [[0.0]] * 5)
    wanted = 2 * torch.nn.functional.binary_cross_entropy_with_logits(scores, labels)
    torch.testing.assert_close(critic_loss(critic, real, fake), wanted)


def test_a_gan_moves_towards_the_data_and_can_be_repeated():
    real = np.random.default_rng(0).normal((3, -2), 0.1, size=(500, 2)).astype(np.float32)
    generator, looks = train_gan(real, n_steps=300, width=16, look_at=(1, 300))
    again, _ = train_gan(real, n_steps=300, width=16)
    np.testing.assert_array_equal(sample_gan(generator, 50), sample_gan(again, 50))
    near, far = (np.linalg.norm(looks[step].mean(axis=0) - (3, -2)) for step in (300, 1))
    assert near < 0.8 * far
    assert looks[1].shape == (500, 2)


def test_diffusion_finds_one_point_and_its_network_learns_the_ring():
    class Perfect(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.end = torch.nn.Linear(1, 2)

        def __getitem__(self, _):
            return self.end

        def forward(self, x):
            return (x[:, :2] - torch.tensor([1.0, 2.0])) / x[:, 2:]

    np.testing.assert_allclose(sample_diffusion(Perfect(), 5), np.tile([1.0, 2.0], (5, 1)), atol=1e-5)
    made = sample_diffusion(train_diffusion(ring(2000), n_steps=300), 500)
    assert score_ring(made)[1] == 8
    assert score_ring(made)[0] > score_ring(np.random.default_rng(0).normal(size=(500, 2)))[0]


def test_the_scores_of_the_ring_by_hand():
    assert score_ring(mode_centres()) == (1.0, 8)
    assert score_ring(np.zeros((10, 2))) == (0.0, 0)
    assert score_ring(ring(1000))[0] > 0.99
    with pytest.raises(InputError, match=r"\(n, 2\)"):
        score_ring(np.zeros((10, 3)))


def test_the_scores_of_digits_ask_the_judge():
    def judge(pictures):  # a one where the middle is dark, otherwise undecided
        return torch.where(pictures[:, 6, 6, None] > 0.5, torch.tensor([0.0, 9] + [0.0] * 8), torch.zeros(10))

    rows = np.full((10, 64), -1.0)
    rows[:4] = 1
    assert score_digits(judge, rows) == (0.4, 1)


def test_rows_of_digits_come_back_as_pictures(tasks):
    x = tasks["pictures"].test[0][:5]
    np.testing.assert_allclose(as_pictures(digit_rows(x)), x, atol=1e-6)
    with pytest.raises(InputError, match=r"\(n, 64\)"):
        as_pictures(x)


def test_the_gaussian_has_the_mean_and_the_covariance_of_the_data():
    real = np.random.default_rng(0).normal(size=(400, 3)) @ np.array([[2, 1, 0], [0, 1, 0], [0, 0, 0.5]]) + 4
    made = gaussian_samples(real, 20_000)
    np.testing.assert_allclose(made.mean(axis=0), real.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(np.cov(made.T), np.cov(real.T), atol=0.2)


@pytest.mark.parametrize("make", [train_gan, train_diffusion, lambda real: gaussian_samples(real, 3)])
def test_examples_that_are_no_rows_are_refused(make):
    with pytest.raises(InputError, match="reshape"):
        make(np.zeros((5, 8, 8)))


def test_the_picture_of_the_moves_marks_wrong_answers(tasks):
    task = tasks["pictures"]
    three = {name: build(name, task, 2000) for name in ("MLP", "CNN", "GRU")}
    figure = draw_moves(three, task, 9)
    for ax in figure.axes:
        said = [text for text in ax.texts if text.get_text() not in three]
        assert len(said) == len(three)
        assert all((text.get_color() == "C1") == (text.get_text() != str(task.test[1][9])) for text in said)
    assert [text.get_text() for text in figure.axes[0].texts if text.get_text() in three] == list(three)


def test_the_explorer_shows_the_moved_digit_and_every_answer(tasks):
    task = tasks["pictures"]
    three = {name: build(name, task, 2000) for name in ("MLP", "CNN", "GRU")}
    page = draw_moved(three, task, 0, 1, -2)
    assert all(f"<td>{name}</td>" in page for name in three)
    assert f"A handwritten {task.test[1][0]}, moved 1 down and -2 to the right" in page
    assert set(answers(three, task.test[0][0])) == set(three)
    with pytest.raises(InputError, match="from -2 to 2"):
        draw_moved(three, task, 0, 3, 0)
    with pytest.raises(InputError, match="number"):
        draw_moved(three, task, 5000, 0, 0)


def test_drawings_refuse_what_cannot_be_drawn():
    with pytest.raises(InputError, match="at least 4"):
        who_meets_whom(2)
    with pytest.raises(InputError, match="no row"):
        digits_in_rows({})
    with pytest.raises(InputError, match="some points"):
        draw_points(ring(10), {})


def test_a_question_of_recall_is_a_ticket_of_one_coat_whose_colour_is_the_class():
    task = load_recall(16, n_train=3, n_choose=2, n_test=50)
    x, y = task.test
    assert x.shape == (50, 17, 16)
    same = (x[:, :-1, :8] == x[:, -1:, :8]).all(axis=2)  # each ticket is there once
    np.testing.assert_array_equal(same.sum(axis=1), 1)
    np.testing.assert_array_equal(x[:, :-1, 8:][same].argmax(axis=1), y)
    assert not x[:, -1, 8:].any()
    assert len(task.pool[1]) == 5
    with pytest.raises(InputError, match="256 tickets"):
        load_recall(257)


def test_the_shipped_marks_of_recall_have_three_seeds_and_a_longer_training():
    for n in RECALL_PAIRS:
        for name in NETWORKS:
            assert load_right(f"recall of {n}", name).shape == (3, 2000)
            assert load_facts(f"recall of {n}", name)["parameters"] <= training.BUDGET
    for name in ("GRU, longer", "GRU, question first", "Transformer without places"):
        assert load_right("recall of 8", name).shape == (3, 2000)


def test_a_run_that_does_not_cover_all_is_hollow():
    figure = draw_rates({"short": {"GAN": {0.01: [(0.5, 8), (0.9, 7)]}}}, full=8)
    full, hollow = figure.axes[0].lines[:2]
    assert full.get_markerfacecolor() == full.get_color()
    assert hollow.get_markerfacecolor() == "white"
    with pytest.raises(InputError, match="no method"):
        draw_rates({}, full=8)


def test_a_map_of_changes_writes_clear_means_and_leaves_the_others_empty():
    clear, mixed = np.full((3, 50), -0.25), np.array([[0.5], [0.5], [-0.1]]) * np.ones(50)
    noise = np.tile([1.0, -1.0], (3, 25))  # its interval contains 0
    figure = draw_changes({"CNN": {"by 1": clear, "by 2": mixed, "by 3": noise}}, title="a title")
    ax = figure.axes[0]
    assert [text.get_text() for text in ax.texts] == ["\u22120.25"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["by 1", "by 2", "by 3"]
    np.testing.assert_allclose(np.asarray(ax.images[0].get_array()), [[-0.5, 0, 0]])
    two = draw_changes({"CNN": {"by 1": clear, "by 2": -clear}, "MLP": {"by 2": -clear, "by 1": clear}})
    np.testing.assert_allclose(np.asarray(two.axes[0].images[0].get_array()), [[-0.5, 0.5], [-0.5, 0.5]])
    with pytest.raises(InputError, match="each of these columns: by 1"):
        draw_changes({"CNN": {"by 1": clear}, "MLP": {"by 2": clear}})
    with pytest.raises(InputError, match="no change"):
        draw_changes({})


def test_a_change_is_after_minus_before_and_a_shift_the_mean_of_its_directions():
    before, after = load_right("pictures", "CNN"), load_right("pictures", "CNN", "shifted by 1")
    found = load_change("pictures", "CNN", "shifted by 1")
    assert found.shape == before.shape
    np.testing.assert_allclose(found[0, 5], after[0, 5 :: before.shape[1]].mean() - before[0, 5])
    assert not load_change("text", "linear", "shuffled").any()
    with pytest.raises(InputError, match="other examples"):
        load_change("text", "GRU", "72 words")


def test_sets_of_points_get_a_panel_and_a_name_each():
    figure = draw_points(ring(10), {"few": ring(3), "many": ring(30)}, title="two sets")
    assert [ax.get_title() for ax in figure.axes] == ["few", "many"]
    assert [len(ax.collections[1].get_offsets()) for ax in figure.axes] == [3, 30]
