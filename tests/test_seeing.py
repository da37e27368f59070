"""A language model with pictures as tokens: what it reads, what it writes, and a projection trained through it."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.offsetbox import AnnotationBbox

from course_utils.attention import log_softmax
from course_utils.common.errors import InputError
from course_utils.images import emoji_pictures, find_emoji, held_out, least_squares, load_emoji, picture_features
from course_utils.images.seeing import (
    EXCHANGED,
    MEAN_ROW,
    RANK,
    SHOTS,
    Projection,
    first_among,
    least_squares_projection,
    load_projection,
    save_projection,
)
from course_utils.images.seeing_figures import FROZEN, draw_captions, draw_run_changes, draw_seeing, draw_ways
from course_utils.transformer import NumPyLM
from course_utils.transformer.likelihood import token_losses


@pytest.fixture(scope="module")
def model():
    return NumPyLM.smollm2()


@pytest.fixture(scope="module")
def reading():
    pytest.importorskip("torch")
    from course_utils.images import reading

    return reading


def as_pictures(model, *words):
    """Return the rows of words of one token, as if they were pictures."""
    return np.stack([model.embedding[model.tokenizer.encode(word)] for word in words])


def test_the_row_of_a_word_as_a_picture_reads_like_the_word(model, reading):
    reader = reading.FrozenReader(model, "\n cat:", " is")
    found = reading.next_log_probabilities(reader, as_pictures(model, " dog", " apple"), [5, 300])
    for row, word in zip(found, (" dog", " apple"), strict=True):
        logs = log_softmax(model.last_logits(model.tokenizer.encode(f"\n cat:{word} is")))
        np.testing.assert_allclose(row, logs[[5, 300]], atol=1e-3)
    alone = reading.FrozenReader(model)  # nothing before a picture, and nothing after it
    logs = log_softmax(model.last_logits(model.tokenizer.encode(" dog")))
    np.testing.assert_allclose(
        reading.next_log_probabilities(alone, as_pictures(model, " dog"), [5])[0], logs[[5]], atol=1e-3
    )


def test_the_reader_shares_the_models_matrices(model, reading):
    reader = reading.FrozenReader(model)
    assert np.shares_memory(reader.head.numpy(), model.embedding)
    assert np.shares_memory(reader.blocks[7]["gate_up"].numpy(), model.blocks[7].gate_up)


def test_the_loss_of_a_caption_is_that_of_its_tokens_whatever_is_read_beside_it(model, reading):
    reader = reading.FrozenReader(model, SHOTS, ":")
    words, said = (" dog", " apple", " train"), ("dog", "a very long caption", "train")
    found = reading.caption_losses(reader, as_pictures(model, *words), said)
    for loss, word, caption in zip(found, words, said, strict=True):
        ids = model.tokenizer.encode(f"{SHOTS}{word}: {caption}\n")
        n = len(model.tokenizer.encode(f" {caption}\n"))
        assert loss == pytest.approx(token_losses(model, ids)[-n:].mean(), abs=1e-3)
    assert found[0] < found[1]
    with pytest.raises(InputError, match="one caption"):
        reading.caption_losses(reader, as_pictures(model, *words), said[:2])


@pytest.mark.parametrize("shape", [(2, 576), (2, 1, 384), (0, 1, 576)])
def test_rows_of_another_shape_are_refused(model, reading, shape):
    with pytest.raises(InputError, match="n_tokens, 576"):
        reading.captions(reading.FrozenReader(model), np.zeros(shape))


def test_rows_may_stand_for_ids_and_others_are_refused(model):
    ids = model.tokenizer.encode("The dog sleeps")
    np.testing.assert_array_equal(model.last_logits(model.embedding[ids]), model.last_logits(ids))
    with pytest.raises(InputError, match="n_tokens, 576"):
        model.last_logits(np.zeros((2, 384)))
    with pytest.raises(InputError, match="at least one token"):
        model.last_logits(np.zeros((0, 576)))
    with pytest.raises(InputError, match="one row of whole numbers"):
        model.logits([[1, 2]])


def test_a_caption_is_the_greedy_text_up_to_the_end_of_the_line(model, reading):
    before = "\n dog: dog\n pizza: pizza\n"
    reader, rows = reading.FrozenReader(model, before, ":"), as_pictures(model, " cat", " apple")
    said = reading.captions(reader, rows, most=4)
    assert said == [model.generate(f"{before} {word}:", 4).split("\n")[0].strip() for word in ("cat", "apple")]
    with pytest.raises(InputError, match="most"):
        reading.captions(reader, rows, most=0)


def test_captions_that_end_early_leave_the_others_as_they_are(model, reading):
    reader = reading.FrozenReader(model, "", " is")
    rows = as_pictures(model, "\n", " dog", " Paris", ":")
    together = reading.captions(reader, rows, most=5)
    assert together == [reading.captions(reader, row[None], most=5)[0] for row in rows]
    assert len(set(map(len, together))) > 1


def test_a_gradient_reaches_the_rows_through_the_model_and_is_the_slope_of_the_loss(model, reading):
    torch = pytest.importorskip("torch")
    reader = reading.FrozenReader(model, SHOTS, ":")
    rows = torch.from_numpy(as_pictures(model, " dog", " car")).requires_grad_()
    reader.losses(rows, ["fox", "train"]).sum().backward()
    step = torch.zeros_like(rows)
    step[1, 0] = 0.02 * rows.grad[1, 0] / rows.grad[1, 0].norm()
    with torch.no_grad():
        above, below = (reader.losses(rows + sign * step, ["fox", "train"]).numpy() for sign in (1, -1))
    assert (above - below)[1] / 0.04 == pytest.approx(rows.grad[1, 0].norm().item(), rel=0.03)
    assert (above - below)[0] == pytest.approx(0, abs=1e-5)
    assert not any(part.requires_grad for block in reader.blocks for part in block.values())


def test_training_a_projection_lowers_the_loss_and_leaves_its_start_alone(model, reading):
    from course_utils.images.learning import train_projection

    names, rng = ["fox", "pizza", "sailboat", "violin"], np.random.default_rng(0)
    features = picture_features(emoji_pictures()[[find_emoji(name) for name in names]])
    rows = as_pictures(model, " animal", " food", " ship", " music")[:, 0]
    start = least_squares_projection(features, rows, 2.0, rank=3)
    reader, before = reading.FrozenReader(model, SHOTS, ":"), start.rows(features)
    how = {"steps": 4, "batch_size": 4, "learning_rate": 0.02, "dropout": 0.0, "rng": rng}
    trained, losses = train_projection(reader, start, features, [(name, []) for name in names], **how)
    np.testing.assert_array_equal(start.rows(features), before)
    one, two = (reading.caption_losses(reader, each, names).mean() for each in (before, trained.rows(features)))
    assert losses[0] == pytest.approx(one, abs=1e-3)
    assert two < one - 0.3
    with pytest.raises(InputError, match="its captions"):
        train_projection(reader, start, features, [("fox", [])], steps=2, rng=rng)


def test_only_the_parts_that_are_asked_for_are_trained(model, reading):
    from course_utils.images.learning import train_projection

    features = picture_features(emoji_pictures()[:4])
    start = least_squares_projection(features, as_pictures(model, " a", " b", " c", " d")[:, 0], 2.0, rank=3)
    reader, captions = reading.FrozenReader(model, SHOTS, ":"), [("fox", [])] * 4
    how = {"steps": 2, "batch_size": 2, "rng": np.random.default_rng(0)}
    trained, _ = train_projection(reader, start, features, captions, learned=("base",), **how)
    np.testing.assert_array_equal(trained.down, start.down)
    np.testing.assert_array_equal(trained.up, start.up)
    assert np.abs(trained.base - start.base).max() > 1e-5
    for learned in ((), ("length",)):
        with pytest.raises(InputError, match="down, up, base"):
            train_projection(reader, start, features, captions, learned=learned, **how)


@pytest.mark.parametrize("steps", [4, 10, 30])
def test_a_step_is_that_of_pytorchs_adamw_in_one_cycle(steps):
    torch = pytest.importorskip("torch")
    from course_utils.images.learning import DECAY, move, one_cycle

    rng = np.random.default_rng(0)
    ours, theirs = (torch.ones(3, 2, requires_grad=True) for _ in range(2))
    moments = torch.zeros(3, 2), torch.zeros(3, 2)
    optimiser = torch.optim.AdamW([theirs], lr=0.1, weight_decay=DECAY)
    if steps == 10:  # PyTorch's schedule divides by zero where a tenth of the steps is a single one
        schedule = None
    else:
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.1, total_steps=steps, pct_start=0.1)
    for step in range(steps):
        gradient = torch.from_numpy(rng.normal(size=(3, 2)).astype(np.float32))
        ours.grad, theirs.grad = gradient.clone(), gradient.clone()
        move(ours, moments, step, *(one_cycle(step, steps, 0.1) if schedule else (0.1, 0.9)))
        optimiser.step()
        if schedule:
            schedule.step()
    np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), atol=1e-5)
    assert ours.grad is None


def test_a_projection_by_least_squares_points_where_the_matrix_points_and_is_cut_on_request():
    rng = np.random.default_rng(0)
    features, rows = rng.normal(size=(40, 6)) + 1, rng.normal(size=(40, 5)) - 2
    whole, cut = least_squares_projection(features, rows, 3.0), least_squares_projection(features, rows, 3.0, rank=2)
    mean, base = features.mean(axis=0), rows.mean(axis=0)
    moved = (features - mean) @ least_squares(features - mean, rows - base)
    by_hand = base + 3 * moved / np.linalg.norm(moved, axis=1, keepdims=True)
    np.testing.assert_allclose(whole.rows(features)[:, 0], by_hand, atol=1e-4)
    assert cut.down.shape == (6, 2)
    assert np.linalg.matrix_rank(cut.rows(features)[:, 0] - cut.base, tol=1e-3) == 2
    with pytest.raises(InputError, match="rank"):
        least_squares_projection(features, rows, 3.0, rank=6)


def small_projection():
    rng = np.random.default_rng(0)
    parts = rng.random(5), rng.random((5, 2)), rng.random((2, 3)), rng.random(3), np.array(2.0)
    return Projection(*(part.astype(np.float32) for part in parts))


def test_rows_are_as_far_from_their_base_as_the_projection_says():
    projection = small_projection()
    rows = projection.rows(np.eye(5))
    assert rows.shape == (5, 1, 3)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows[:, 0] - projection.base, axis=1), 2, rtol=1e-5)
    by_hand = (np.eye(5)[3] - projection.mean) @ projection.down @ projection.up
    np.testing.assert_allclose(rows[3, 0], projection.base + 2 * by_hand / np.linalg.norm(by_hand), rtol=1e-5)
    with pytest.raises(InputError, match=r"\(n, 5\)"):
        projection.rows(np.eye(4))


def test_a_projection_comes_back_as_it_was_saved_and_nothing_else_is_read(tmp_path):
    projection, path = small_projection(), tmp_path / "one.safetensors"
    save_projection(projection, path)
    np.testing.assert_array_equal(load_projection(path).rows(np.eye(5)), projection.rows(np.eye(5)))
    with pytest.raises(InputError, match="no file"):
        load_projection(tmp_path / "two.safetensors")
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(InputError, match="no projection"):
        load_projection(path)


def test_the_shipped_projection_fits_the_course():
    rows = load_projection().rows(picture_features(emoji_pictures()[:2]))
    assert rows.shape == (2, 1, 576)
    assert load_projection().down.shape == (1280, RANK)


def test_a_word_that_fits_all_pictures_wins_nothing():
    values = np.array([[0.9, 0.1, 0.5], [0.9, 0.3, 0.2], [0.9, 0.2, 0.2]])
    among = np.array([[2, 0], [1, 0], [0, 2]])
    np.testing.assert_array_equal(first_among(values, among), [1, 1, 1])
    np.testing.assert_array_equal(first_among(values, among[:, ::-1]), [0, 0, 0])


def test_the_control_with_exchanged_pictures_is_shipped_and_differs():
    trained, control = load_projection(), load_projection(EXCHANGED)
    assert control.down.shape == trained.down.shape == (1280, RANK)
    assert np.abs(control.up - trained.up).max() > 0.01


def test_the_mean_row_that_was_trained_alone_is_shipped_and_moved_from_the_mean_of_the_names(model):
    row, emoji = np.load(MEAN_ROW), load_emoji()
    names = [one.en for one, aside in zip(emoji, held_out([one.en for one in emoji]), strict=True) if not aside]
    start = np.mean([model.embedding[model.tokenizer.encode(f" {name.lower()}")].mean(axis=0) for name in names], 0)
    assert (row.shape, row.dtype) == ((576,), np.float32)
    assert 0.1 < np.linalg.norm(row - start) < 2.63  # less than a picture's row is away from it


def test_the_drawing_has_a_box_for_each_step_and_says_where_a_gradient_goes():
    there, back = (draw_seeing("fox", 1280, 576, gradient=way).axes[0] for way in (False, True))
    assert {"projection", "“fox”?", "1,280", "576"} <= {text.get_text() for text in there.texts}
    assert "gradient" in {text.get_text() for text in back.texts} - {text.get_text() for text in there.texts}


def test_each_picture_has_its_caption_and_one_that_fits_a_tick():
    figure = draw_captions([3, 4, 5], ["face", "", "no"], [1.0, 0.0, 0.0], columns=2)
    assert [text.get_text() for ax in figure.axes for text in ax.texts] == ["✓ face", "(empty)", "no"]
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), emoji_pictures()[4])
    with pytest.raises(InputError, match="a caption and a verdict"):
        draw_captions([3, 4], ["face"], [1.0])


def test_both_networks_are_grey_in_the_drawing_and_nothing_else_is():
    ax = draw_seeing("snowman", 1280, 576, gradient=True).axes[0]
    grey = to_rgba(FROZEN["facecolor"])
    middles = [tuple(patch.get_window_extent().get_points().mean(axis=0)) for patch in ax.patches]
    boxes = [middle for middle, patch in zip(middles, ax.patches, strict=True) if patch.get_facecolor() == grey]
    frozen = [text for text in ax.texts if "frozen" in text.get_text()]
    assert len(boxes) == len(frozen) == 2
    for text in frozen:
        middle = ax.transData.transform(text.get_position())
        assert min(np.abs(np.array(box) - middle).max() for box in boxes) < 2


def test_each_way_has_its_share_with_an_interval_and_its_picture_at_the_same_height():
    shares = {"right": (0.5, 0.4, 0.7), "wrong": (0.1, 0.0, 0.2)}
    (ax,) = draw_ways({"wrong": "cookie"}, shares, 0.05).axes
    (box,) = (artist for artist in ax.artists if isinstance(artist, AnnotationBbox))
    assert ax.get_yticklabels()[box.xy[1]].get_text() == "wrong"
    np.testing.assert_array_equal(box.offsetbox.get_data(), emoji_pictures()[find_emoji("cookie")])
    (bars,) = ax.containers
    np.testing.assert_allclose(bars[2][0].get_segments(), [[[0.4, 0], [0.7, 0]], [[0.0, 1], [0.2, 1]]])
    assert [text.get_text() for text in ax.texts] == ["chance", "0.50", "0.10"]


def test_each_change_has_its_interval_below_the_name_of_its_run():
    changes = {"own": [(-0.3, -0.5, -0.1), (0.2, 0.1, 0.4)], "distance": [(0.1, -0.1, 0.3), (0.0, -0.2, 0.2)]}
    ax = draw_run_changes(changes, ["right", "exchanged"], "change of the loss").axes[0]
    line = ax.lines[0]
    assert list(line.get_xdata()) == [0, 0]
    bars = [tuple(np.round(bar[2][0].get_segments()[0], 6).ravel()) for bar in ax.containers]
    assert bars == [(-0.5, 1, -0.1, 1), (-0.1, 2, 0.3, 2), (0.1, 4, 0.4, 4), (-0.2, 5, 0.2, 5)]
    assert [text.get_text() for text in ax.texts] == ["right", "−0.30", "+0.10", "exchanged", "+0.20", "+0.00"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["own", "distance"] * 2
    with pytest.raises(InputError, match="each of the 3 runs"):
        draw_run_changes(changes, ["right", "mean row", "exchanged"], "change")
    with pytest.raises(InputError, match="at least one value"):
        draw_run_changes({}, ["right"], "change")


def test_the_loop_of_the_page_is_the_one_that_trains_a_projection(model, reading):
    torch = pytest.importorskip("torch")
    from course_utils.images.learning import draw_caption, move, one_cycle, train_projection

    features = picture_features(emoji_pictures()[:5])
    start = least_squares_projection(features, as_pictures(model, " a", " b", " c", " d", " e")[:, 0], 2.0, rank=3)
    reader, say = reading.FrozenReader(model, SHOTS, ":"), [(name, ["red"]) for name in ("fox", "pizza", "a", "b", "c")]
    how = {"steps": 2, "batch_size": 3, "learning_rate": 5e-4, "rng": np.random.default_rng(0)}
    trained, _ = train_projection(reader, start, features, say, **how)
    rng, parts = np.random.default_rng(0), [torch.tensor(part) for part in (start.down, start.up, start.base)]
    down, up, base = (part.requires_grad_() for part in parts)
    moments = [(torch.zeros_like(part), torch.zeros_like(part)) for part in parts]
    for step in range(2):
        batch = rng.choice(5, 3, replace=False)
        kept = (rng.random((3, features.shape[1])) >= 0.3) / 0.7
        shown = torch.tensor((features[batch] - start.mean) * kept, dtype=torch.float32)
        texts = [draw_caption(*say[place], rng) for place in batch]
        row = base + 2 * torch.nn.functional.normalize(shown @ down @ up)
        reader.losses(row[:, None], texts).mean().backward()
        for part, moment in zip(parts, moments, strict=True):
            move(part, moment, step, *one_cycle(step, 2, 5e-4), decay=0.1)
    for name, part in zip(("down", "up", "base"), parts, strict=True):
        np.testing.assert_allclose(part.detach().numpy(), getattr(trained, name), atol=1e-5)


def test_the_gradients_by_hand_are_those_that_pass_the_model_and_the_length(model, reading):
    torch = pytest.importorskip("torch")
    from course_utils.exercises.a_model_that_sees import carry_back

    rng, reader = np.random.default_rng(0), reading.FrozenReader(model, SHOTS, ":")
    shown, down, up = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 5), (5, 3), (3, 576)))
    base = as_pictures(model, " dog")[0, 0]
    parts = [torch.tensor(each).requires_grad_() for each in (down, up, base)]
    row = parts[2] + 2.6 * torch.nn.functional.normalize(torch.tensor(shown) @ parts[0] @ parts[1])
    row.retain_grad()
    reader.losses(row[:, None], ["fox", "train"]).mean().backward()
    names = {"np": np}
    carry_back.solve_in(names)
    for found, part in zip(names["carry_back"](shown, down, up, 2.6, row.grad.numpy()), parts, strict=True):
        np.testing.assert_allclose(found, part.grad.numpy(), atol=1e-6, rtol=1e-3)
