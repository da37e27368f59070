"""What gradients and attention inside MiniLM say of each word of a text."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common.errors import InputError
from course_utils.explaining.shapley import path_shares
from course_utils.explaining.texts import split_words

if TYPE_CHECKING:
    from torch import Tensor
    from transformers import BatchEncoding


@functools.lru_cache(maxsize=1)
def _torch_minilm() -> tuple:
    from course_utils.fine_tuning.classifier import load_minilm

    encoder, tokenizer = load_minilm()
    encoder.set_attn_implementation("eager")  # the fast way does not keep the attention weights
    return encoder.requires_grad_(False), tokenizer


def look_inside(text: str, topic: np.ndarray) -> dict[str, np.ndarray]:
    """Read a text once and return what gradients and attention say of each word.

    Parameters
    ----------
    text : str
        Words between single spaces.
    topic : ndarray, shape (384,)
        The row of the linear classifier that belongs to the topic.

    Returns
    -------
    dict of str to ndarray of float, shape (n_words,)
        ``"gradient"``: the length of the gradient, the topic's score differentiated by each token's vector;
        ``"gradient x vector"``: the gradient's product with that vector; ``"attention"``: the weight that each token
        gets in the last block, averaged over heads and over the tokens that look; ``"attention, all blocks"``: the
        product of all blocks' weights, each averaged with looking at oneself
        (rollout; Abnar and Zuidema, 2020). A word's number is the sum over its tokens, and in ``"gradient per token"``
        and ``"attention per token"`` the mean.
    """
    import torch

    words, (encoder, _), read = split_words(text), _torch_minilm(), _tokens(text)
    vectors = encoder.embeddings.word_embeddings(read["input_ids"])  # (1, n_tokens, 384)
    _, gradient, attentions = _read_vectors(vectors, topic, attention=True)
    blocks = torch.stack(attentions)[:, 0].mean(dim=1).double().numpy()  # (6, n_tokens, n_tokens)
    rolled = np.linalg.multi_dot([(block + np.eye(len(block))) / 2 for block in blocks[::-1]])
    tokens = {
        "gradient": gradient.norm(dim=-1)[0].double().numpy(),
        "gradient x vector": (gradient * vectors).sum(dim=-1)[0].double().numpy(),
        "attention": blocks[-1].mean(axis=0),
        "attention, all blocks": rolled.mean(axis=0),
    }
    places = read.word_ids(0)
    n_tokens = _by_word(np.ones(len(places)), places, len(words))
    found = {name: _by_word(values, places, len(words)) for name, values in tokens.items()}
    for name in ("gradient", "attention"):
        found[f"{name} per token"] = found[name] / np.maximum(n_tokens, 1)  # 0 for words that were cut off
    return found


def integrated_gradients(
    text: str, topic: np.ndarray, start: str = "[PAD]", n_steps: int = 10
) -> tuple[np.ndarray, float]:
    """Return each word's share of the way from a text of the token ``start`` to this text, and the scores' difference.

    Parameters
    ----------
    text, topic
        As in `look_inside`.
    start : str
        The token of the vocabulary, such as ``"[PAD]"`` or ``"[MASK]"``, whose vector each token's own comes from.
        [CLS] and [SEP] stay what they are.
    n_steps : int
        As in `path_shares`.

    Returns
    -------
    (ndarray of float, float), shape (n_words,)
        The shares, a word's being the sum over its tokens, and the topic's score of the text minus that of the start;
        with many steps the shares add up to it.
    """
    import torch

    words, (encoder, tokenizer), read = split_words(text), _torch_minilm(), _tokens(text)
    if start not in tokenizer.get_vocab():
        raise InputError(f"start is a token of the vocabulary, such as '[PAD]' or '[MASK]', and {start!r} is none.")
    places = read.word_ids(0)
    first = torch.tensor([[tokenizer.convert_tokens_to_ids(start)]])
    of_words = torch.tensor([[place is not None for place in places]])
    embed = encoder.embeddings.word_embeddings
    x, begin = (embed(ids)[0].numpy() for ids in (read["input_ids"], first.where(of_words, read["input_ids"])))
    shares = path_shares(lambda points: _read_vectors(points, topic)[1].numpy(), x, begin, n_steps)
    score, _, _ = _read_vectors(np.stack([begin, x]), topic)
    return _by_word(shares.sum(axis=1), places, len(words)), float(score[1] - score[0])


def _tokens(text: str) -> BatchEncoding:
    words, (_, tokenizer) = split_words(text), _torch_minilm()
    return tokenizer([words], is_split_into_words=True, return_tensors="pt", truncation=True, max_length=256)


def _read_vectors(
    vectors: Tensor | np.ndarray, topic: np.ndarray, attention: bool = False
) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
    """Read ``(n, n_tokens, 384)``: the topic's scores ``(n,)``, their gradients, and if asked all attention weights."""
    import torch

    from course_utils.common.compute import one_thread

    encoder, _ = _torch_minilm()
    vectors = torch.as_tensor(vectors, dtype=torch.float32).clone().requires_grad_()
    with one_thread():
        seen = torch.ones(vectors.shape[:2], dtype=torch.long)
        out = encoder(inputs_embeds=vectors, attention_mask=seen, output_attentions=attention, return_dict=True)
        mean = torch.nn.functional.normalize(out.last_hidden_state.mean(dim=1), dim=1)
        score = mean @ torch.as_tensor(topic, dtype=torch.float32)
        (gradient,) = torch.autograd.grad(score.sum(), vectors)
    return score.detach(), gradient, tuple(block.detach() for block in out.attentions or ())


def _by_word(values: np.ndarray, places: Sequence[int | None], n_words: int) -> np.ndarray:
    found = np.zeros(n_words)
    for value, place in zip(values, places, strict=True):
        if place is not None:  # [CLS] and [SEP] belong to no word
            found[place] += value
    return found
