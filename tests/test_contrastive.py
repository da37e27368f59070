"""The contrastive loss by hand, its gradients against finite differences and PyTorch, and what training does."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from course_utils.common.errors import InputError
from course_utils.contrastive import (
    contrastive_gradients,
    contrastive_loss,
    encode_pooled,
    gradient_among,
    loss_and_gradient,
    partner_ranks,
    pooling_matrix,
    train_table,
)


def unit_rows(rng, *shape):
    rows = rng.normal(size=shape)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def toy_pairs(rng, n_pairs=40, n_words=30):
    """Return two sides that share a topic word for each pair, and noise."""
    sides = []
    for _ in range(2):
        counts = rng.integers(0, 2, (n_pairs, n_words)).astype(float)
        counts[np.arange(n_pairs), np.arange(n_pairs) % n_words] += 3
        sides.append(csr_matrix(counts / counts.sum(axis=1, keepdims=True)))
    return sides


def test_loss_of_two_pairs_by_hand():
    left, right = np.eye(2), np.array([[0.6, 0.8], [0.0, 1.0]])
    first = np.exp(0.6 / 0.5) / (np.exp(0.6 / 0.5) + np.exp(0.0))
    second = np.exp(1.0 / 0.5) / (np.exp(0.8 / 0.5) + np.exp(1.0 / 0.5))
    assert contrastive_loss(left, right, 0.5) == pytest.approx(-(np.log(first) + np.log(second)) / 2)


def test_loss_of_rows_that_are_all_equal_is_the_log_of_their_number():
    rows = np.tile([[0.6, 0.8]], (8, 1))
    assert contrastive_loss(rows, rows, 0.1) == pytest.approx(np.log(8))


def test_loss_does_not_overflow_at_a_low_temperature():
    assert contrastive_loss(np.eye(3), np.eye(3), 1e-4) == pytest.approx(0)


def test_loss_and_gradients_equal_those_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    left, right = unit_rows(rng, 6, 5), unit_rows(rng, 6, 5)
    a, b = (torch.tensor(rows, requires_grad=True) for rows in (left, right))
    loss = torch.nn.functional.cross_entropy(a @ b.T / 0.2, torch.arange(6))
    loss.backward()
    assert contrastive_loss(left, right, 0.2) == pytest.approx(loss.item(), abs=1e-12)
    for ours, theirs in zip(contrastive_gradients(left, right, 0.2), (a.grad, b.grad), strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-12)


def test_gradient_by_the_table_equals_that_of_torch():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(1)
    left, right = toy_pairs(rng, 7, 9)
    table = rng.normal(size=(9, 4))
    weights = torch.tensor(table, requires_grad=True)
    a, b = (torch.nn.functional.normalize(torch.tensor(side.toarray()) @ weights) for side in (left, right))
    torch.nn.functional.cross_entropy(a @ b.T / 0.1, torch.arange(7)).backward()
    np.testing.assert_allclose(loss_and_gradient(table, left, right, 0.1)[1], weights.grad.numpy(), atol=1e-10)


def test_gradient_by_the_table_equals_finite_differences():
    rng = np.random.default_rng(2)
    left, right = toy_pairs(rng, 5, 6)
    table = rng.normal(size=(6, 3))
    gradient = loss_and_gradient(table, left, right, 0.3)[1]
    for place in np.ndindex(table.shape):
        up, down = table.copy(), table.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        rise = loss_and_gradient(up, left, right, 0.3)[0] - loss_and_gradient(down, left, right, 0.3)[0]
        assert gradient[place] == pytest.approx(rise / 2e-6, abs=1e-6)


def test_gradient_of_another_loss_by_the_table_equals_finite_differences():
    rng = np.random.default_rng(8)
    left, right = toy_pairs(rng, 5, 6)
    table = rng.normal(size=(6, 3))
    gradient = loss_and_gradient(table, left, right, 0.3, lambda similarity: -np.eye(5) / 5)[1]

    def minus_mean_of_partners(table):
        return -(encode_pooled(left, table) * encode_pooled(right, table)).sum(axis=1).mean()

    for place in np.ndindex(table.shape):
        up, down = table.copy(), table.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        rise = minus_mean_of_partners(up) - minus_mean_of_partners(down)
        assert gradient[place] == pytest.approx(rise / 2e-6, abs=1e-6)


def test_training_without_negatives_makes_all_texts_alike():
    rng = np.random.default_rng(9)
    left, right = toy_pairs(rng)
    start = rng.normal(size=(30, 8))
    table, _ = train_table(
        start, left, right, batch_size=10, epochs=20, gradient=lambda similarity: -np.eye(10) / 10, rng=rng
    )
    alike = [(rows @ rows.T).mean() for rows in (encode_pooled(right, start), encode_pooled(right, table))]
    assert alike[1] > max(0.9, alike[0] + 0.1)


def test_a_gradient_of_another_shape_is_refused():
    left, right = toy_pairs(np.random.default_rng(10), 5, 6)
    with pytest.raises(InputError, match=r"\(5, 5\), and this is \(5,\)"):
        loss_and_gradient(np.ones((6, 2)), left, right, 0.3, lambda similarity: np.diag(similarity))


def test_training_lowers_the_loss_finds_partners_and_leaves_the_start_alone():
    rng = np.random.default_rng(3)
    left, right = toy_pairs(rng)
    start = rng.normal(size=(30, 8))
    before = start.copy()
    table, losses = train_table(start, left, right, batch_size=10, epochs=20, rng=rng)
    np.testing.assert_array_equal(start, before)
    assert len(losses) == 20 * 4
    assert np.mean(losses[-4:]) < np.mean(losses[:4]) / 2
    ranks = [partner_ranks(encode_pooled(left, t), encode_pooled(right, t)) for t in (start, table)]
    assert (ranks[1] == 1).mean() > (ranks[0] == 1).mean() + 0.2


def test_training_twice_from_the_same_seed_gives_the_same_table():
    left, right = toy_pairs(np.random.default_rng(4))
    start = np.random.default_rng(5).normal(size=(30, 8)).astype(np.float32)
    tables = [train_table(start, left, right, batch_size=10, rng=np.random.default_rng(6))[0] for _ in range(2)]
    np.testing.assert_array_equal(*tables)
    assert tables[0].dtype == np.float32


def test_a_pooled_text_is_the_unit_mean_of_its_words():
    table = np.array([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0]])
    pooling = pooling_matrix([["a", "b", "unknown"], []], {"a": 0, "b": 1, "c": 2})
    np.testing.assert_allclose(pooling @ table, [[0.5, 1.0], [0, 0]])
    np.testing.assert_allclose(encode_pooled(pooling, table), [[0.2**0.5, 0.8**0.5], [0, 0]])


def test_rows_that_are_all_equal_find_nothing():
    assert partner_ranks(np.ones((4, 2)), np.ones((4, 2))).tolist() == [4, 4, 4, 4]


@pytest.mark.parametrize(
    ("left", "right", "temperature", "message"),
    [(np.eye(2), np.eye(3), 1, "as many rows"), (np.eye(2), np.eye(2), 0, "above 0")],
)
def test_pairs_that_are_none_are_refused(left, right, temperature, message):
    with pytest.raises(InputError, match=message):
        contrastive_loss(left, right, temperature)


def test_a_batch_larger_than_the_pairs_is_refused():
    left, right = toy_pairs(np.random.default_rng(7))
    with pytest.raises(InputError, match="all 40 pairs"):
        train_table(np.ones((30, 2)), left, right, batch_size=41, rng=np.random.default_rng(0))


def test_a_choice_among_all_is_the_whole_loss_and_a_choice_of_one_teaches_nothing():
    rng = np.random.default_rng(0)
    left, right = unit_rows(rng, 6, 5), unit_rows(rng, 6, 5)
    errors = gradient_among(left @ right.T, 6, 0.2)
    np.testing.assert_allclose(errors @ right, contrastive_gradients(left, right, 0.2)[0], atol=1e-12)
    assert not gradient_among(left @ right.T, 1, 0.2).any()


def test_a_choice_among_few_is_the_mean_of_the_losses_of_the_blocks():
    rng = np.random.default_rng(0)
    left, right = unit_rows(rng, 6, 5), unit_rows(rng, 6, 5)
    errors = gradient_among(left @ right.T, 2, 0.2)
    for block in (slice(0, 2), slice(2, 4), slice(4, 6)):
        by_left, _ = contrastive_gradients(left[block], right[block], 0.2)
        np.testing.assert_allclose((errors @ right)[block], by_left / 3, atol=1e-12)
    np.testing.assert_allclose(gradient_among(np.eye(4, dtype=int), 2), gradient_among(np.eye(4), 2))
    with pytest.raises(InputError, match="blocks of 4"):
        gradient_among(left @ right.T, 4)
    with pytest.raises(InputError, match="n_texts"):
        gradient_among(left @ right.T, 2.5)
    with pytest.raises(InputError, match="above 0"):
        gradient_among(left @ right.T, 2, 0)
    with pytest.raises(InputError, match="Each row and each column is a pair"):
        gradient_among(left, 2)
