"""Attention: by hand, by what must always hold, and equal to PyTorch's for random shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.attention import (
    attention_weights,
    causal_mask,
    join_heads,
    log_softmax,
    multi_head_attention,
    scaled_dot_product_attention,
    softmax,
    split_heads,
)
from course_utils.common.errors import InputError

SHAPES = {
    "batch": st.lists(st.integers(1, 3), max_size=2),
    "n_kv_heads": st.integers(1, 3),
    "group": st.integers(1, 4),
    "n_queries": st.integers(1, 9),
    "n_earlier": st.integers(0, 9),
    "d_head": st.integers(1, 20),
    "d_value": st.integers(1, 20),
    "seed": st.integers(0, 2**32 - 1),
}


def drawn(seed: int, *shapes: tuple) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape) for shape in shapes]


# By hand


def test_softmax_by_hand():
    np.testing.assert_allclose(softmax(np.log([1.0, 2.0, 5.0])), [1 / 8, 2 / 8, 5 / 8])


def test_attention_by_hand():
    # One query (1, 0), keys (0, 9), (2, 0): scores 0 and 2, divided by sqrt(2). Weights 1 / (1 + e^√2) and the rest.
    first = 1 / (1 + np.exp(np.sqrt(2)))
    mixed = scaled_dot_product_attention([[1.0, 0.0]], [[0.0, 9.0], [2.0, 0.0]], [[10.0], [20.0]])
    np.testing.assert_allclose(mixed, [[10 * first + 20 * (1 - first)]])


def test_scale_by_hand():
    np.testing.assert_allclose(attention_weights([[1.0]], [[0.0], [1.0]], scale=np.log(4)), [[1 / 5, 4 / 5]])


def test_equal_keys_give_the_average_of_what_may_be_seen():
    values = np.array([[6.0], [0.0], [3.0]])
    mixed = scaled_dot_product_attention(np.ones((3, 2)), np.ones((3, 2)), values)
    np.testing.assert_allclose(mixed, [[6.0], [3.0], [3.0]])


def test_heads_are_neighbouring_columns():
    heads = split_heads(np.arange(12).reshape(2, 6), 3)
    assert heads.shape == (3, 2, 2)
    np.testing.assert_array_equal(heads[1], [[2, 3], [8, 9]])


# What must always hold


@given(st.integers(1, 5), st.integers(1, 30), st.floats(-1e4, 1e4), st.integers(0, 10**6))
def test_softmax_rows_sum_to_one_and_a_shift_changes_nothing(n_rows, n_columns, shift, seed):
    (scores,) = drawn(seed, (n_rows, n_columns))
    weights = softmax(30 * scores)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert (weights >= 0).all()
    np.testing.assert_allclose(softmax(30 * scores + shift), weights, atol=1e-9)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 5), st.integers(1, 30), st.floats(0, 1e4), st.integers(0, 10**6))
def test_log_softmax_equals_pytorchs(n_rows, n_columns, factor, seed):
    import torch

    scores = factor * drawn(seed, (n_rows, n_columns))[0]
    np.testing.assert_allclose(log_softmax(scores), torch.tensor(scores).log_softmax(dim=-1), rtol=1e-12, atol=1e-9)


def test_log_softmax_by_hand_where_the_softmax_is_zero():
    np.testing.assert_allclose(log_softmax([0.0, 900.0, 900.0]), [-900 - np.log(2), -np.log(2), -np.log(2)])
    assert softmax([0.0, 900.0, 900.0])[0] == 0


def test_softmax_of_huge_scores_does_not_overflow():
    with np.errstate(all="raise", under="ignore"):
        np.testing.assert_allclose(softmax([1e30, 1e30, -1e30]), [0.5, 0.5, 0])


def test_attention_rows_sum_to_one_and_see_nothing_later():
    q, k = drawn(0, (3, 7, 4), (3, 7, 4))
    weights = attention_weights(q, k)
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert not np.triu(weights, 1).any()
    assert (weights[:, np.tri(7, dtype=bool)] > 0).all()


@given(st.integers(2, 8), st.integers(0, 10**6))
def test_a_later_token_cannot_change_an_earlier_output(n_tokens, seed):
    x, *weights = drawn(seed, (n_tokens, 8), (8, 8), (8, 4), (8, 4), (8, 8))
    changed = x.copy()
    changed[-1] = 1000 * seed + 7
    before, after = (multi_head_attention(each, *weights, n_heads=4, n_kv_heads=2) for each in (x, changed))
    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert not np.allclose(before[-1], after[-1])


def test_without_a_mask_the_order_of_the_tokens_does_not_matter():
    x, *weights = drawn(3, (6, 8), (8, 8), (8, 8), (8, 8), (8, 8))
    order = [4, 2, 0, 5, 1, 3]
    whole = multi_head_attention(x, *weights, n_heads=2, causal=False)
    np.testing.assert_allclose(multi_head_attention(x[order], *weights, n_heads=2, causal=False), whole[order])


def test_reading_in_pieces_with_kept_keys_equals_reading_at_once():
    q, k, v = drawn(4, (4, 9, 8), (2, 9, 8), (2, 9, 8))
    whole = scaled_dot_product_attention(q, k, v)
    for start, end in ((0, 3), (3, 4), (4, 9)):
        piece = scaled_dot_product_attention(q[:, start:end], k[:, :end], v[:, :end])
        np.testing.assert_allclose(piece, whole[:, start:end])


def test_shared_heads_equal_the_same_heads_repeated():
    q, k, v = drawn(5, (6, 5, 4), (2, 5, 4), (2, 5, 4))
    repeated = scaled_dot_product_attention(q, k.repeat(3, axis=0), v.repeat(3, axis=0))
    np.testing.assert_array_equal(scaled_dot_product_attention(q, k, v), repeated)


def test_joining_undoes_splitting():
    (x,) = drawn(6, (2, 5, 12))
    np.testing.assert_array_equal(join_heads(split_heads(x, 4)), x)


def test_single_precision_stays_single():
    q, k, v = (array.astype(np.float32) for array in drawn(7, (2, 3, 4), (1, 3, 4), (1, 3, 4)))
    assert scaled_dot_product_attention(q, k, v).dtype == np.float32


def test_whole_numbers_give_the_same_as_decimals():
    q, k, v = np.random.default_rng(0).integers(-3, 4, size=(3, 5, 4))
    decimals = scaled_dot_product_attention(q.astype(float), k.astype(float), v.astype(float))
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v), decimals)


@pytest.mark.parametrize("kind", [np.uint8, np.int8, np.float32, bool])
def test_small_whole_numbers_do_not_wrap_around(kind):
    scores = np.array([[1, 2], [0, 1]]).astype(kind)
    np.testing.assert_allclose(softmax(scores), softmax(scores.astype(float)), atol=1e-6)
    q = k = np.array([[100, 100], [1, 1]]).astype(kind)
    expected = attention_weights(q.astype(float), k.astype(float), scale=0.01)
    np.testing.assert_allclose(attention_weights(q, k, scale=0.01), expected, atol=1e-6)


def test_lists_are_read_as_arrays():
    x, same = [[2, 0], [0, 4]], [[1, 0], [0, 1]]
    expected = multi_head_attention(np.array(x, float), *[np.eye(2)] * 4, n_heads=2)
    np.testing.assert_array_equal(multi_head_attention(x, same, same, same, same, n_heads=2), expected)
    np.testing.assert_array_equal(join_heads(split_heads(x, 2).tolist()), x)


# A mask of one's own


def test_a_mask_by_hand():
    mask = np.array([[False, True, True], [True, True, False]])
    weights = attention_weights(np.zeros((2, 2)), np.ones((3, 2)), causal=False, mask=mask)
    np.testing.assert_array_equal(weights, [[0, 0.5, 0.5], [0.5, 0.5, 0]])


def test_a_mask_comes_on_top_of_the_causal_one():
    q, k = drawn(1, (5, 4), (5, 4))
    near = abs(np.subtract.outer(range(5), range(5))) < 2  # a sliding window
    both = attention_weights(q, k, mask=near)
    np.testing.assert_array_equal(both, attention_weights(q, k, causal=False, mask=near & causal_mask(5, 5)))
    assert ((both > 0) == (near & causal_mask(5, 5))).all()


@settings(deadline=None, max_examples=60)
@given(causal=st.booleans(), kept=st.lists(st.booleans(), min_size=4, max_size=4), share=st.floats(0, 1), **SHAPES)
def test_a_mask_equals_pytorchs(
    batch, n_kv_heads, group, n_queries, n_earlier, d_head, d_value, seed, causal, kept, share
):
    import torch

    n_heads, n_keys = n_kv_heads * group, n_queries + n_earlier
    shapes = (n_heads, n_queries, d_head), (n_kv_heads, n_keys, d_head), (n_kv_heads, n_keys, d_value)
    q, k, v = drawn(seed, *((*batch, *shape) for shape in shapes))
    whole = (*batch, n_heads, n_queries, n_keys)
    shape = tuple(n if keep else 1 for n, keep in zip(whole[-4:], kept[-len(whole) :], strict=True))
    mask = np.random.default_rng(seed).random(shape) < share
    mask[..., 0] = True  # the first token may be seen by all, so that nobody is blind
    theirs = torch.from_numpy(
        np.broadcast_to(mask & (causal_mask(n_queries, n_keys) if causal else True), whole).copy()
    )
    expected = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.from_numpy, (q, k, v)), attn_mask=theirs, enable_gqa=True
    )
    ours = scaled_dot_product_attention(q, k, v, causal=causal, mask=mask)
    np.testing.assert_allclose(ours, expected.numpy(), atol=1e-10)


def test_many_heads_with_a_mask_equal_pytorchs_module():
    import torch

    x, w_q, w_k, w_v, w_o = drawn(2, (6, 8), *[(8, 8)] * 4)
    mask = np.eye(6, dtype=bool) | (np.random.default_rng(3).random((6, 6)) < 0.4)
    module = torch.nn.MultiheadAttention(8, 2, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.from_numpy(np.concatenate([w_q.T, w_k.T, w_v.T])))
        module.out_proj.weight.copy_(torch.from_numpy(w_o.T.copy()))
        batch = torch.from_numpy(x)[None]
        theirs = module(batch, batch, batch, attn_mask=torch.from_numpy(~mask), need_weights=False)[0][0]
    ours = multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads=2, causal=False, mask=mask)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-9)


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        (np.array([[True, True, True], [False, False, False], [True, True, True]]), "Query 1 may look nowhere"),
        (np.array([False, True, True]), "Query 0 may look nowhere"),  # the causal mask leaves the first token itself
        (np.ones((3, 3)), "True, where a query may look"),
        (np.ones((2, 3), bool), "cannot be broadcast"),
        (np.ones((2, 1, 3, 3), bool), "cannot be broadcast"),
    ],
)
def test_masks_that_do_not_fit_are_explained(mask, message):
    x = np.eye(3)
    with pytest.raises(InputError, match=message):
        scaled_dot_product_attention(x, x, x, mask=mask)
    with pytest.raises(InputError, match=message):
        multi_head_attention(x, x, x, x, x, n_heads=1, mask=mask)


def test_arguments_are_left_as_they_were():
    q, k, v = arrays = drawn(8, (3, 4), (3, 4), (3, 4))
    copies = [array.copy() for array in arrays]
    scaled_dot_product_attention(q, k, v)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


# Equal to PyTorch's


@settings(deadline=None, max_examples=50)
@given(causal=st.booleans(), scale=st.none() | st.floats(0.01, 3), **SHAPES)
def test_equals_pytorch(batch, n_kv_heads, group, n_queries, n_earlier, d_head, d_value, seed, causal, scale):
    import torch

    n_heads, n_keys = n_kv_heads * group, n_queries + n_earlier
    shapes = (n_heads, n_queries, d_head), (n_kv_heads, n_keys, d_head), (n_kv_heads, n_keys, d_value)
    q, k, v = drawn(seed, *((*batch, *shape) for shape in shapes))
    mask = torch.from_numpy(causal_mask(n_queries, n_keys)) if causal else None
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *map(torch.from_numpy, (q, k, v)), attn_mask=mask, scale=scale, enable_gqa=True
    )
    ours = scaled_dot_product_attention(q, k, v, causal=causal, scale=scale)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)


@pytest.mark.parametrize("n_kv_heads", [1, 2, 8])
def test_equals_pytorchs_own_causal_mask_in_single_precision(n_kv_heads):
    import torch

    shapes = (2, 8, 16, 32), (2, n_kv_heads, 16, 32), (2, n_kv_heads, 16, 32)
    q, k, v = (array.astype(np.float32) for array in drawn(9, *shapes))
    tensors = map(torch.from_numpy, (q, k, v))
    theirs = torch.nn.functional.scaled_dot_product_attention(*tensors, is_causal=True, enable_gqa=True)
    np.testing.assert_allclose(scaled_dot_product_attention(q, k, v), theirs.numpy(), atol=1e-5)


@settings(deadline=None, max_examples=15)
@given(st.integers(1, 4), st.integers(1, 8), st.integers(1, 6), st.booleans(), st.integers(0, 10**6))
def test_multi_head_attention_equals_pytorchs_module(n_heads, n_tokens, d_head, causal, seed):
    import torch

    d_model = n_heads * d_head
    x, w_q, w_k, w_v, w_o = drawn(seed, (n_tokens, d_model), *[(d_model, d_model)] * 4)
    module = torch.nn.MultiheadAttention(d_model, n_heads, bias=False, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        module.in_proj_weight.copy_(torch.from_numpy(np.concatenate([w_q.T, w_k.T, w_v.T])))
        module.out_proj.weight.copy_(torch.from_numpy(w_o.T.copy()))
        batch = torch.from_numpy(x)[None]
        mask = torch.from_numpy(~causal_mask(n_tokens, n_tokens)) if causal else None
        theirs = module(batch, batch, batch, attn_mask=mask, need_weights=False)[0][0]
    ours = multi_head_attention(x, w_q, w_k, w_v, w_o, n_heads, causal=causal)
    np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-9)


# What cannot be computed


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (((3, 4), (3, 5), (3, 5)), "as many"),
        (((3, 4), (3, 4), (2, 4)), "each key needs one value"),
        (((6, 3, 4), (4, 3, 4), (4, 3, 4)), "divide evenly"),
        (((5, 4), (3, 4), (3, 4)), "causal=False"),
        (((2, 6, 3, 4), (3, 6, 3, 4), (3, 6, 3, 4)), "do not fit"),
        (((2, 3, 4), (3, 4), (3, 4)), "do not fit"),
        (((0, 4), (3, 4), (3, 4)), "at least one row"),
        (((2, 4), (3, 4), (3, 0)), "at least one row"),
        (((4,), (3, 4), (3, 4)), "at least one row"),
    ],
)
def test_shapes_that_do_not_fit_are_explained(shapes, message):
    with pytest.raises(InputError, match=message):
        scaled_dot_product_attention(*(np.zeros(shape) for shape in shapes))


@pytest.mark.parametrize("n_heads", [0, 5, 2.0, "2", None, True])
def test_columns_that_cannot_be_cut_are_explained(n_heads):
    with pytest.raises(InputError, match="cannot be cut"):
        split_heads(np.zeros((2, 8)), n_heads)


FITTING = {"x": (3, 8), "w_q": (8, 8), "w_k": (8, 4), "w_v": (8, 6), "w_o": (12, 8), "n_heads": 4, "n_kv_heads": 2}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"w_q": (6, 8)}, r"w_q has the shape \(6, 8\), and \(8, columns of the heads\) is needed"),
        ({"w_k": (4, 8)}, "w_k has the shape"),
        ({"w_v": (8,)}, "w_v has the shape"),
        ({"w_o": (8, 8)}, r"w_o has the shape \(8, 8\), and \(12, 8\) is needed"),
        ({"w_o": (12, 6)}, "w_o has the shape"),
        ({"w_k": (8, 6)}, "a dot product needs as many"),
        ({"w_v": (8, 3)}, "cannot be cut"),
        ({"n_heads": 3}, "cannot be cut"),
        ({"n_kv_heads": 3}, "cannot be cut"),
        ({"w_k": (8, 8), "w_v": (8, 8), "n_heads": 2, "n_kv_heads": 4}, "as many|divide evenly"),
        ({"x": (8,)}, "at least one row"),
    ],
)
def test_weights_that_do_not_fit_the_heads_are_explained(changed, message):
    assert multi_head_attention(**made(FITTING)).shape == (3, 8)
    with pytest.raises(InputError, match=message):
        multi_head_attention(**made(FITTING | changed))


def made(arguments: dict) -> dict:
    return {name: np.ones(value) if isinstance(value, tuple) else value for name, value in arguments.items()}


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([-np.inf, -np.inf], "no highest score"),
        ([0.0, np.nan], "no highest score"),
        ([0.0, np.inf], "no highest score"),
        (np.zeros((2, 0)), "needs rows of scores"),
        (1.0, "needs rows of scores"),
        (["a", "b"], "real numbers"),
        ([1j, 2], "real numbers"),
        ([[1, 2], [3]], "rows of one length"),
    ],
)
def test_scores_without_a_softmax_are_explained(scores, message):
    for function in (softmax, log_softmax):
        with pytest.raises(InputError, match=message):
            function(scores)


@pytest.mark.parametrize("size", [-1, 2.0, None])
def test_a_causal_mask_of_impossible_size_is_explained(size):
    with pytest.raises(InputError, match="whole number"):
        causal_mask(1, size)


def test_heads_that_are_not_there_cannot_be_joined():
    with pytest.raises(InputError, match="no heads to join"):
        join_heads(np.ones((2, 3)))
