"""The encoder in NumPy: equal to sentence-transformers at every layer, in every script, at every length."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from house import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.common.assets import minilm_path
from course_utils.common.errors import InputError
from course_utils.transformer.encoder import NumPyEncoder, gelu, layer_norm

SCRIPTS = {
    "Latin": "Łódź was the café of São Paulo",
    "Greek": "Η γάτα κοιμάται στο χαλί",
    "Cyrillic": "Кошка спит на ковре",
    "Arabic": "القط ينام على السجادة",
    "Hebrew": "החתול ישן על השטיח",
    "Devanagari": "बिल्ली चटाई पर सोती है",
    "Thai": "แมวนอนบนพรม",
    "Han": "猫在地毯上睡觉",
    "Kana": "ねこがマットでねています",
    "Hangul": "고양이가 매트 위에서 잔다",
}
ODD = [".", "?!", "a", " a ", "\n\tx", "##ing", "[CLS]", "[SEP] [MASK]", "\u200b", "é", "e\u0301", "🦙", "1" * 60]


@pytest.fixture(scope="module")
def reference():
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(minilm_path()), device="cpu", local_files_only=True)


def texts_in_ten_scripts() -> list[str]:
    rng = np.random.default_rng(0)
    made = []
    for sentence in SCRIPTS.values():
        words = sentence.split()
        for length in (1, 2, 3, 5, 8, 13, 30, 60, 120, 1000, *rng.integers(1, 40, 8).tolist()):
            made.append(" ".join(rng.choice(words, length)))
    return made


def test_vectors_equal_those_of_sentence_transformers(reference):
    texts = texts_in_ten_scripts() + ODD + list(SCRIPTS.values())
    assert len(texts) >= 200
    theirs = reference.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    np.testing.assert_allclose(NumPyEncoder.minilm().encode(texts), theirs, atol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.text(min_size=1, max_size=300).filter(str.strip), min_size=1, max_size=4))
def test_any_texts_give_the_vectors_of_sentence_transformers(texts):
    from sentence_transformers import SentenceTransformer

    texts = [text.encode("utf-8", "replace").decode() for text in texts]
    theirs = SentenceTransformer(str(minilm_path()), device="cpu").encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(NumPyEncoder.minilm().encode(texts), theirs, atol=1e-5)


def test_every_layer_equals_that_of_transformers():
    import torch
    from transformers import AutoModel

    encoder = NumPyEncoder.minilm()
    (ids,) = encoder.token_ids([SCRIPTS["Latin"] + " and slept on the bank of a river."])
    model = AutoModel.from_pretrained(str(minilm_path())).eval()
    with torch.no_grad():
        theirs = model(torch.tensor([ids]), output_hidden_states=True).hidden_states
    assert len(theirs) == len(encoder.blocks) + 1
    for n_blocks, states in enumerate(theirs):
        ours = encoder.first_blocks(n_blocks).states([ids])
        np.testing.assert_allclose(ours, states[0].numpy(), atol=2e-5)


def test_a_text_does_not_depend_on_its_neighbours():
    texts = [f"Article {number} of {'a long ' * (number % 7)}list." for number in range(40)]
    encoder = NumPyEncoder.minilm()
    np.testing.assert_allclose(encoder.encode(texts)[17], encoder.encode(texts[17:18])[0], atol=1e-6)


def test_each_token_looks_both_ways():
    encoder = NumPyEncoder.minilm()
    river, money = encoder.encode_tokens(["The bank of the river", "The bank of the money"])
    assert not np.allclose(river[2], money[2], atol=0.01), "bank stands before the word that differs"


def test_gelu_is_that_of_scipy():
    from scipy.special import erf

    x = np.linspace(-12, 12, 4001)[None]
    np.testing.assert_allclose(gelu(x.astype(np.float32)), x * (1 + erf(x / 2**0.5)) / 2, atol=1e-6)
    assert gelu(np.zeros((1, 1), np.float32)) == 0


def test_layer_norm_by_hand():
    x = np.array([[1.0, 3.0], [5.0, 5.0]])
    layer_norm(x, np.array([2.0, 2.0]), np.array([0.5, 0.5]))
    np.testing.assert_allclose(x, [[-1.5, 2.5], [0.5, 0.5]], atol=1e-6)


def test_no_texts_give_no_rows():
    assert NumPyEncoder.minilm().encode([]).shape == (0, 384)


@pytest.mark.parametrize("what", ["nothing", "half a file", "another model"])
def test_what_is_no_encoder_is_refused(what, tmp_path):
    from safetensors.numpy import save_file

    if what != "nothing":
        (tmp_path / "tokenizer.json").write_bytes((minilm_path() / "tokenizer.json").read_bytes())
    if what == "half a file":
        (tmp_path / "model.safetensors").write_bytes((minilm_path() / "model.safetensors").read_bytes()[:5000])
    if what == "another model":
        save_file({"wte.weight": np.zeros((3, 4), np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(InputError, match="does not hold an encoder"):
        NumPyEncoder.from_folder(tmp_path)


def test_embedding_imports_neither_torch_nor_sentence_transformers():
    code = (
        "import sys; from course_utils.embeddings import embed, embed_tokens\n"
        "embed(['A sentence nobody wrote before, 17 ponies']); embed_tokens(['A cat'])\n"
        "assert not {'torch', 'transformers', 'sentence_transformers', 'pandas', 'datasets'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
