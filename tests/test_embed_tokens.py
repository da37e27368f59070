"""One vector for each token: beside the encoder itself, and beside the vector of the whole text."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.common.errors import InputError
from course_utils.embeddings import cosine_similarity, embed, embed_tokens, encoder_tokens

SENTENCES = ["We sat on the bank of the river.", "She put her money in the bank.", "Hi"]


def test_rows_belong_to_the_tokens_and_have_length_one():
    for text, rows in zip(SENTENCES, embed_tokens(SENTENCES), strict=True):
        assert rows.shape == (len(encoder_tokens(text)), 384)
        assert rows.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)


def test_the_mean_of_the_pooled_rows_is_the_vector_of_the_text():
    for text, rows in zip(SENTENCES, embed_tokens(SENTENCES, as_pooled=True), strict=True):
        assert len(rows) == len(encoder_tokens(text)) + 2
        assert cosine_similarity(rows.mean(axis=0), embed([text])[0]) == pytest.approx(1, abs=1e-5)


def test_the_marks_at_both_ends_are_left_out():
    rows, pooled = embed_tokens(SENTENCES[:1])[0], embed_tokens(SENTENCES[:1], as_pooled=True)[0]
    np.testing.assert_allclose(rows, pooled[1:-1] / np.linalg.norm(pooled[1:-1], axis=1, keepdims=True), atol=1e-5)


def test_rows_equal_those_of_transformers():
    import torch
    from transformers import AutoModel, AutoTokenizer

    from course_utils.common.assets import minilm_path

    folder = str(minilm_path())
    model, tokenizer = AutoModel.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        theirs = model(**tokenizer(SENTENCES[0], return_tensors="pt")).last_hidden_state[0].numpy()
    np.testing.assert_allclose(embed_tokens(SENTENCES[:1], as_pooled=True)[0], theirs, atol=1e-4)


def test_a_word_has_another_vector_in_another_sentence():
    river, money, _ = (
        dict(zip(encoder_tokens(text), rows, strict=True))
        for text, rows in zip(SENTENCES, embed_tokens(SENTENCES), strict=True)
    )
    assert 0.1 < river["bank"] @ money["bank"] < 0.9


def test_neighbours_in_the_batch_change_nothing():
    together, alone = embed_tokens(SENTENCES), [embed_tokens([text])[0] for text in SENTENCES]
    for ours, theirs in zip(together, alone, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_a_long_text_is_read_up_to_its_256th_token():
    text = "river bank " * 300
    assert len(embed_tokens([text])[0]) == len(encoder_tokens(text)) == 254


@pytest.mark.parametrize("texts", ["a string", ["good", ""], ["good", "  "], [3]])
def test_what_is_no_text_is_refused(texts):
    with pytest.raises(InputError):
        embed_tokens(texts)


def test_no_texts_give_no_arrays():
    assert embed_tokens([]) == []
