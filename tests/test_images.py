"""Pictures: the emoji, the network that sees, the two towers, and the explorer."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common import store
from course_utils.common.errors import InputError
from course_utils.contrastive import partner_ranks
from course_utils.exercises.images_and_text import both_losses
from course_utils.images import (
    Towers,
    check_picture,
    emoji_pictures,
    find_emoji,
    held_out,
    least_squares,
    least_squares_towers,
    load_emoji,
    mosaic,
    picture_features,
    random_towers,
    train_towers,
)
from course_utils.images.emoji import NAMES, SHEET, SIZE, groups_and_kinds, leakage_splits, new_keywords, subject
from course_utils.images.explorer import picture_explorer, search_held_out
from course_utils.images.features import (
    compute_features,
    feature_store,
    network_input,
    picture_key,
    sample_photographs,
)
from course_utils.images.figures import (
    draw_clouds,
    draw_cosines,
    draw_maps,
    draw_pairs,
    draw_photographs,
    draw_shares,
    draw_towers,
)
from course_utils.images.towers import batch_gradients, one_in_ten


def unit_rows(rng, *shape):
    rows = rng.normal(size=shape)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_there_is_a_picture_for_each_name_and_the_files_are_small():
    assert len(load_emoji()) == len(emoji_pictures()) == 1644
    assert SHEET.stat().st_size + NAMES.stat().st_size < 4e6
    assert len({emoji.en for emoji in load_emoji()}) == 1644
    assert all(emoji.en and emoji.fr and emoji.ko for emoji in load_emoji())
    assert not {emoji.group for emoji in load_emoji()} & {"flags", "component"}


def test_no_picture_is_blank():
    assert (emoji_pictures().reshape(1644, -1).min(axis=1) < 255).all()


def test_pictures_that_are_the_same_are_on_one_side_of_the_split():
    sides = {}
    for emoji, picture in zip(load_emoji(), emoji_pictures(), strict=True):
        sides.setdefault(picture.tobytes(), set()).add(bool(held_out([emoji.en])[0]))
    assert len(sides) < 1644
    assert all(len(side) == 1 for side in sides.values())


def test_the_split_is_fixed():
    names = [emoji.en for emoji in load_emoji()]
    aside = held_out(names)
    assert aside.sum() == 205
    assert not {subject(name) for name in np.array(names)[aside]} & {subject(name) for name in np.array(names)[~aside]}


def test_two_trainings_of_one_size_differ_in_the_copies_of_the_test_alone():
    subjects = np.array([subject(emoji.en) for emoji in load_emoji()])
    test, leaky, clean = leakage_splits(subjects, np.random.default_rng(0), 40, 138)
    assert len(set(test)) == 178
    assert len(set(leaky)) == len(set(clean)) == len(leaky)
    assert not set(test) & {*leaky, *clean}
    assert set(subjects[test[:40]]) <= set(subjects[leaky])
    assert not set(subjects[test[40:]]) & set(subjects[leaky])
    assert not set(subjects[test]) & set(subjects[clean])


def test_a_test_with_more_subjects_than_there_are_is_refused():
    with pytest.raises(InputError, match="n_several"):
        leakage_splits(np.array(["fox", "fox", "owl"]), np.random.default_rng(0), 2, 1)


@pytest.mark.parametrize("wanted", ["dragonfruit", "", None, "🇰🇷"])
def test_an_unknown_emoji_gets_the_remedy(wanted):
    with pytest.raises(InputError, match=r"left out|English name"):
        find_emoji(wanted)


def test_an_unknown_emoji_gets_names_that_are_near():
    with pytest.raises(InputError, match="polar bear"):
        find_emoji("brown bear")


def test_every_emoji_is_found_by_its_character_and_its_name():
    for place, emoji in enumerate(load_emoji()):
        assert find_emoji(emoji.emoji) == find_emoji(emoji.en) == place


def test_a_mosaic_keeps_the_pixels():
    page = mosaic([3, 4, 3], columns=2, gap=0)
    np.testing.assert_array_equal(page[SIZE:, :SIZE], emoji_pictures()[3])
    np.testing.assert_array_equal(page[:SIZE, SIZE:], emoji_pictures()[4])
    with pytest.raises(InputError, match="no emoji to draw"):
        mosaic([])


@pytest.mark.parametrize(
    ("picture", "message"),
    [
        ("nowhere.png", "no file"),
        (NAMES, "no picture that can be read"),
        (7, "array, a Pillow image"),
        (np.zeros((0, 4, 3), np.uint8), "is empty"),
        (np.zeros((4, 4), np.uint8), r"\(height, width, 3\)"),
        (np.zeros((4, 4, 4), np.uint8), r"\(height, width, 3\)"),
        (np.zeros((4, 4, 3)), "uint8"),
    ],
)
def test_what_is_no_picture_is_refused(picture, message):
    with pytest.raises(InputError, match=message):
        check_picture(picture)


def test_a_single_picture_in_place_of_several_is_refused():
    with pytest.raises(InputError, match=r"\[picture\]"):
        picture_features(emoji_pictures()[0])


def test_what_is_transparent_becomes_white(tmp_path):
    from PIL import Image

    path = tmp_path / "clear.png"
    Image.new("RGBA", (2, 3), (10, 20, 30, 0)).save(path)
    np.testing.assert_array_equal(check_picture(path), np.full((3, 2, 3), 255))


def test_the_network_reads_colours_first_and_about_minus_one_to_one():
    picture = np.zeros((5, 7, 3), np.uint8)
    picture[..., 2] = 255
    found = network_input([picture], side=4)
    assert found.shape == (1, 3, 4, 4)
    np.testing.assert_allclose(found[0, :, 0, 0], [-127 / 128, -127 / 128, 1])


def test_a_sample_of_the_shipped_features_is_what_the_network_computes():
    chosen = np.random.default_rng().choice(1644, 6, replace=False)
    shipped = feature_store().shipped()
    stored = np.array([shipped[picture_key(emoji_pictures()[place])] for place in chosen])
    np.testing.assert_allclose(stored, compute_features(emoji_pictures()[chosen]), atol=3e-4)
    assert all(picture_key(picture) in shipped for picture in emoji_pictures())
    assert feature_store().shipped_path.parent == store.PRECOMPUTED


def test_a_convolution_pads_as_tensorflow_does():
    torch = pytest.importorskip("torch")
    from course_utils.images.network import Convolution

    layer = Convolution(1, 1, 3, 2, bias=False)
    torch.nn.init.ones_(layer.weight)
    found = layer(torch.ones(1, 1, 4, 4))[0, 0]
    assert found.tolist() == [[9, 6], [6, 4]]  # nothing is added above and on the left, one row below


def test_the_networks_maps_have_their_shapes_and_end_in_the_scores():
    torch = pytest.importorskip("torch")
    from course_utils.images.network import efficientnet

    network, x = efficientnet(), torch.from_numpy(network_input(emoji_pictures()[:1]))
    with torch.inference_mode():
        maps = network.maps(x)
        assert [tuple(each.shape[1:]) for each in (maps[0], maps[-1])] == [(32, 64, 64), (1280, 4, 4)]
        assert len(maps) == 18
        np.testing.assert_allclose(network(x), network._fc(maps[-1].mean((2, 3))), atol=1e-5)


def test_shuffled_weights_keep_their_numbers_and_lose_their_places():
    pytest.importorskip("torch")
    from course_utils.images.network import efficientnet, shuffled_weights

    trained, shuffled = efficientnet()._conv_head.weight, shuffled_weights(0)._conv_head.weight
    assert not trained.equal(shuffled)
    assert trained.flatten().sort().values.equal(shuffled.flatten().sort().values)
    assert shuffled.equal(shuffled_weights(0)._conv_head.weight)


def test_a_normalisation_set_anew_makes_each_map_vary_as_trained_ones_do_and_leaves_its_network_alone():
    torch = pytest.importorskip("torch")
    from course_utils.images.network import renormalised, shuffled_weights

    network, pictures = shuffled_weights(0), emoji_pictures()[::200]
    before, anew = network._bn0.running_mean.clone(), renormalised(network, pictures)
    assert network._bn0.running_mean.equal(before)
    assert not anew.training
    stem = anew._bn0(anew._conv_stem(torch.from_numpy(network_input(pictures))))
    varying = anew._bn0.running_var > 0.01  # where a constant is added to the variance, that is little
    assert stem.mean((0, 2, 3)).abs().max() < 1e-3
    assert (stem.var((0, 2, 3))[varying] - 1).abs().max() < 0.11
    assert renormalised(network, pictures)._bn1.running_mean.equal(anew._bn1.running_mean)


def test_the_photographs_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    for ours, theirs in zip(sample_photographs(), datasets.load_sample_images().images, strict=True):
        np.testing.assert_allclose(ours.astype(int), theirs, atol=2)  # two programs decode a JPEG


def test_the_drawing_of_the_towers_has_a_square_for_each_cosine():
    towers = draw_towers(["dog", "cat", "pizza"]).axes[0]
    assert sum(type(patch).__name__ == "Rectangle" for patch in towers.patches) == 9


def test_pairs_are_drawn_in_one_plane_in_two_colours():
    ax = draw_pairs(["dog", "cat"], np.eye(2), -np.eye(2)).axes[0]
    ends = {text.get_text(): text.xy for text in ax.texts if text.get_text() == ""}
    assert len([text for text in ax.texts if not text.get_text()]) == 4, ends  # an arrow for each side of each pair
    colours = {text.get_text(): text.get_color() for text in ax.texts if text.get_text()}
    assert colours["dog"] == colours["cat"] != colours["“dog”"] == colours["“cat”"]


def test_the_maps_that_vary_most_are_drawn():
    torch = pytest.importorskip("torch")
    maps = [torch.zeros(1, 3, 2, 2), torch.zeros(1, 3, 4, 4)]
    maps[1][0, 2, 0, 0], maps[1][0, 0, 0, 0] = 5, 1
    figure = draw_maps(maps, [0, 1])
    assert [ax.get_title() for ax in figure.axes if ax.get_title()] == ["layer 0, 2 × 2", "layer 1, 4 × 4"]
    assert [ax.images[0].get_array().max() for ax in figure.axes[1::2]] == [5, 1]


def test_shares_are_drawn_with_their_means_and_intervals():
    ways = {"one": np.array([1.0, 1, 1, 0]), "two": np.zeros(4)}
    ax = draw_shares(ways, list("abcd"), 0.25).axes[0]
    lines = [(line.get_xdata(), line.get_ydata()) for line in ax.lines]
    assert [float(x[0]) for x, y in lines if len(x) == 1] == [0.75, 0]
    assert lines[0][0][0] < 0.75 < lines[0][0][1]
    assert [text.get_text() for text in ax.get_yticklabels()] == ["one", "two"]


def test_cosines_far_from_0_have_their_number_and_all_tables_share_their_colours():
    tables = {"before": np.array([[0.5, -0.3], [0.2, 0.4]]), "after": np.array([[0.9, 0.0], [0.0, 0.1]])}
    before, after = draw_cosines(tables, [3, 4]).axes
    assert {text.get_text() for text in before.texts} == {"0.5", "\u22120.3", "0.4"}
    assert [text.get_text() for text in after.texts] == ["0.9"]
    assert [text.get_text() for text in before.get_xticklabels()] == [load_emoji()[place].en for place in (3, 4)]
    assert before.images[0].get_clim() == after.images[0].get_clim() == (-0.9, 0.9)


def test_clouds_keep_apart_what_is_apart():
    rng = np.random.default_rng(0)
    far = {"apart": (rng.normal(size=(5, 4)) + 9, rng.normal(size=(7, 4)))}
    ax = draw_clouds(far).axes[0]
    pictures, names = (line.get_xdata() for line in ax.lines)
    assert (len(pictures), len(names)) == (5, 7)
    assert pictures.max() < names.min() or names.max() < pictures.min()
    assert ax.get_title() == "apart"


def test_each_emoji_beside_a_photograph_has_its_name_under_it():
    names = [each.en for each in load_emoji()]
    figure = draw_photographs(sample_photographs(), [[0, 1], [2, 3]], names)
    said = [ax.texts[0].get_text().replace("\n", " ") for ax in figure.axes if ax.texts]
    assert said == names[:4]


def test_the_gradients_of_a_batch_equal_those_of_torch_both_ways():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    seen, read = rng.normal(size=(6, 5)), rng.normal(size=(6, 4))
    parts = [rng.normal(size=(5, 3)), rng.normal(size=(4, 3)), np.array(1.5)]
    loss, gradients = batch_gradients(seen, read, *parts)
    weights = [torch.tensor(part, requires_grad=True) for part in parts]
    pictures = torch.nn.functional.normalize(torch.tensor(seen) @ weights[0])
    texts = torch.nn.functional.normalize(torch.tensor(read) @ weights[1])
    scores, own = pictures @ texts.T * weights[2].exp(), torch.arange(6)
    cross_entropy = torch.nn.functional.cross_entropy
    theirs = (cross_entropy(scores, own) + cross_entropy(scores.T, own)) / 2
    theirs.backward()
    assert loss == pytest.approx(theirs.item(), abs=1e-12)
    for ours, weight in zip(gradients, weights, strict=True):
        np.testing.assert_allclose(ours, weight.grad.numpy(), atol=1e-12)


def toy_pairs(n=60):
    rng = np.random.default_rng(1)
    meaning = rng.normal(size=(n, 6))
    return meaning @ rng.normal(size=(6, 20)) + 3, meaning @ rng.normal(size=(6, 10)) - 2


def test_towers_find_the_partners_that_they_were_trained_on_and_leave_the_inputs_alone():
    features, vectors = toy_pairs()
    before = features.copy()
    how = {"width": 8, "batch_size": 30, "steps": 150, "learning_rate": 0.02, "dropout": 0.0}
    towers, losses = train_towers(features, vectors, **how, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(features, before)
    assert losses[-1] < losses[0] / 2
    ranks = partner_ranks(towers.see(features), towers.read(vectors))
    assert (ranks == 1).mean() > 0.6
    again, _ = train_towers(features, vectors, **how, rng=np.random.default_rng(0))
    np.testing.assert_array_equal(towers.picture_weights, again.picture_weights)


def test_training_can_go_on_and_keep_its_temperature():
    features, vectors = toy_pairs()
    start = Towers(features.mean(0), np.eye(20, 8), vectors.mean(0), np.eye(10, 8), 0.5)
    towers, _ = train_towers(
        features,
        vectors,
        steps=1,
        batch_size=30,
        learning_rate=1e-9,
        temperature=0.5,
        learn_temperature=False,
        start=start,
        rng=np.random.default_rng(0),
    )
    np.testing.assert_allclose(towers.picture_weights, np.eye(20, 8), atol=1e-6)
    assert towers.temperature == pytest.approx(0.5)


def test_wrong_widths_and_pairs_are_refused():
    features, vectors = toy_pairs()
    towers = Towers(features.mean(0), np.eye(20, 8), vectors.mean(0), np.eye(10, 8), 0.5)
    with pytest.raises(InputError, match=r"\(n, 20\)"):
        towers.see(vectors)
    with pytest.raises(InputError, match=r"\(n, 10\)"):
        towers.read(features)
    with pytest.raises(InputError, match="as many rows"):
        train_towers(features, vectors[:-1], rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="batch_size"):
        train_towers(features, vectors, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="as many rows"):
        least_squares(features, vectors[:-1])


def test_towers_by_least_squares_turn_pictures_as_the_matrix_does_and_leave_texts():
    features, vectors = toy_pairs()
    towers = least_squares_towers(features, vectors, 2.0)
    means = features.mean(axis=0), vectors.mean(axis=0)
    matrix = least_squares(features - means[0], vectors - means[1], 2.0)
    seen, read = (features - means[0]) @ matrix, vectors - means[1]
    np.testing.assert_allclose(towers.see(features), seen / np.linalg.norm(seen, axis=1, keepdims=True))
    np.testing.assert_allclose(towers.read(vectors), read / np.linalg.norm(read, axis=1, keepdims=True))
    lengths = np.linalg.norm((features - means[0]) @ towers.picture_weights, axis=1)
    assert lengths.mean() == pytest.approx(1)


def test_least_squares_equals_scikit_learns_ridge():
    linear_model = pytest.importorskip("sklearn.linear_model")
    features, vectors = toy_pairs()
    theirs = linear_model.Ridge(alpha=2.0, fit_intercept=False).fit(features, vectors).coef_.T
    np.testing.assert_allclose(least_squares(features, vectors, 2.0), theirs, atol=1e-8)


def untrained():
    rng = np.random.default_rng(0)
    return Towers(np.zeros(1280), rng.normal(size=(1280, 8)), np.zeros(384), rng.normal(size=(384, 8)), 0.07)


def parts_of(shown):
    (typed, again), said, buttons = shown.children[0].children, shown.children[1], shown.children[2].children
    return typed, again, said, buttons


def test_a_click_on_a_picture_shows_its_neighbours_and_the_search_leads_back():
    typed, again, said, buttons = parts_of(shown := picture_explorer(untrained()))
    by_words = [button.description for button in buttons]
    assert len(buttons) == 12
    assert "a cold winter night" in said.value
    name = by_words[3].rsplit(" ", 1)[0]
    pictures = shown.children[3].value
    buttons[3].click()
    assert f"the picture of “{name}”" in said.value
    assert buttons[0].description == f"{name} 1.00"
    assert shown.children[3].value != pictures
    assert buttons[0].tooltip == f"show the pictures nearest to {name}"
    again.click()
    assert [button.description for button in buttons] == by_words
    assert shown.children[3].value == pictures


def test_the_explorer_says_when_nothing_was_typed_and_escapes_what_was():
    typed, _, said, buttons = parts_of(picture_explorer(untrained()))
    before = [button.description for button in buttons]
    typed.value = " "
    assert "Type some words" in said.value
    assert [button.description for button in buttons] == before
    typed.value = "<b>music</b>"
    assert "&lt;b&gt;music" in said.value
    assert [button.description for button in buttons] != before


def test_a_search_of_held_out_pictures_gives_only_held_out_ones_and_a_building_to_pray_in():
    aside = held_out([each.en for each in load_emoji()])
    found = search_held_out(["a building where people pray", "amour"], k=3)
    assert [len(places) for places in found.values()] == [3, 3]
    assert aside[list(found.values())].all()
    assert load_emoji()[found["a building where people pray"][0]].en == "mosque"


def test_two_explorers_have_buttons_of_their_own_and_each_button_its_picture():
    one, two = (picture_explorer(untrained()) for _ in range(2))
    names = [button._dom_classes[0] for each in (one, two) for button in parts_of(each)[3]]
    assert len(set(names)) == 24
    assert all(f"button.{name} {{ background-image: url(data:image/png" in one.children[3].value for name in names[:12])


def test_random_towers_have_the_means_of_their_pairs_and_another_seed_draws_others():
    features, vectors = toy_pairs()
    one, same, other = (random_towers(features, vectors, seed, width=8) for seed in (0, 0, 1))
    np.testing.assert_allclose(one.picture_mean, features.mean(axis=0))
    assert (one.picture_weights.shape, one.text_weights.shape) == ((20, 8), (10, 8))
    np.testing.assert_array_equal(one.picture_weights, same.picture_weights)
    assert not np.array_equal(one.picture_weights, other.picture_weights)
    assert one.see(features).std() == pytest.approx(8**-0.5, rel=0.1)


def test_two_networks_learn_their_pairs_and_begin_at_chance():
    torch = pytest.importorskip("torch")
    from course_utils.images.pixels import train_networks

    torch.manual_seed(0)
    features, vectors = (torch.from_numpy(side).float() for side in toy_pairs())
    see, read = torch.nn.Linear(20, 8), torch.nn.Linear(10, 8)
    untouched = features.clone()
    with torch.no_grad():
        sides = [torch.nn.functional.normalize(rows).numpy() for rows in (see(features), read(vectors))]
    losses = train_networks(see, read, features, vectors, steps=60, batch_size=len(features), seed=0)
    assert losses[0] == pytest.approx(both_losses(*sides, 0.2), abs=1e-4), "both directions"
    assert not see.training
    assert losses[-1] < 0.6 * losses[0]
    assert features.equal(untouched)
    with pytest.raises(InputError, match="as many"):
        train_networks(see, read, features[:9], vectors)
    for name, wrong in {"steps": 0, "temperature": 0.0, "learning_rate": -1.0, "batch_size": 61}.items():
        with pytest.raises(InputError, match=name):
            train_networks(see, read, features, vectors, **{"batch_size": 30, name: wrong})


def test_convolutions_that_do_not_learn_keep_their_numbers_and_the_others_move():
    torch = pytest.importorskip("torch")
    from course_utils.images.pixels import small_networks, train_networks

    rng = np.random.default_rng(0)
    pictures = torch.from_numpy(rng.random((12, 3, 24, 24), dtype=np.float32))
    vectors = torch.from_numpy(rng.normal(size=(12, 384)).astype(np.float32))
    for kernels_learn in (True, False):
        see, read = small_networks(1, kernels_learn=kernels_learn)
        before = [part.detach().clone() for part in see.parameters()]
        train_networks(see, read, pictures, vectors, steps=2, batch_size=6)
        moved = [not old.equal(part) for old, part in zip(before, see.parameters(), strict=True)]
        assert moved[::4][:3] == [kernels_learn] * 3  # weight and bias of a convolution, then of its normalisation
        assert all(moved[2:4])
        assert all(moved[-2:])


def test_networks_of_one_seed_are_equal_and_drawing_them_leaves_the_generator_alone():
    torch = pytest.importorskip("torch")
    from course_utils.images.pixels import small_networks

    torch.manual_seed(5)
    wanted = torch.rand(1)
    torch.manual_seed(5)
    one, same, other = (small_networks(seed, kernels_learn=seed == 0)[0] for seed in (0, 0, 1))
    assert torch.rand(1).equal(wanted)
    assert one[0].weight.equal(same[0].weight)
    assert not one[0].weight.equal(other[0].weight)


def test_new_keywords_are_no_part_of_the_name_and_each_emoji_has_its_own():
    places = np.arange(0, 1644, 30)
    rows, texts, has = new_keywords(places)
    assert has.shape == (len(texts), len(places))
    assert has[np.arange(len(rows)), rows].all()
    assert not any(text in load_emoji()[places[row]].en.lower() for row, text in zip(rows, texts, strict=True))


def test_one_in_ten_looks_at_ten_rows_and_at_no_more():
    rows = np.arange(12)[:, None] * [[-1.0, 0.0]]  # row 0 is the nearest, and row 11 the last
    asked, right = np.array([[1.0, 0.0]] * 12), np.eye(12, dtype=bool)
    assert one_in_ten(asked, rows, right).tolist() == [1.0] * 10 + [0.0] * 2


def test_each_kind_belongs_to_one_of_eight_groups():
    groups, group_of, kinds, owner = groups_and_kinds()
    assert (len(groups), len(group_of)) == (8, 1644)
    assert len(kinds) == len(owner) == len(set(kinds))
    assert groups[owner[kinds.index("animal mammal")]] == groups[group_of[find_emoji("fox")]] == "animals and nature"


def test_an_update_of_one_matrix_is_the_step_of_the_towers():
    from course_utils.exercises import images_and_text as exercise

    rng = np.random.default_rng(3)
    v, w, x, y = (rng.normal(size=shape) for shape in ((6, 3), (5, 3), (4, 6), (4, 5)))
    names = exercise.update_v.setting()
    exercise.update_v.solve_in(names)
    b = (y @ w) / np.linalg.norm(y @ w, axis=1, keepdims=True)
    gradient = batch_gradients(x, y, v, w, np.array(-np.log(0.4)))[1][0]
    np.testing.assert_allclose(names["update_v"](v, x, b, 0.4, 0.5), v - 0.5 * gradient)
