"""Which words decide a topic: leave one out, gradients, attention, and the test that deletes words in their order."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence

import numpy as np

from course_utils.common.checks import check_text_list, check_whole
from course_utils.common.errors import InputError
from course_utils.transformer.encoder import NumPyEncoder


def without_word(text: str) -> list[str]:
    """Return the text once for each of its words, without this word.

    Examples
    --------
    >>> without_word("Snow is cold")
    ['is cold', 'Snow cold', 'Snow is']
    """
    words = _words(text)
    return [" ".join(words[:place] + words[place + 1 :]) for place in range(len(words))]


def leave_one_out(text: str, score: Callable[[list[str]], np.ndarray]) -> np.ndarray:
    """Return by how much a score falls without each word: ``(n_words,)``.

    ``score`` takes a list of texts and returns a number for each.

    Examples
    --------
    >>> leave_one_out("cold wet snow", lambda texts: np.array([len(text) for text in texts])).tolist()
    [5, 4, 5]
    """
    scores = np.asarray(score([text, *without_word(text)]))
    return scores[0] - scores[1:]


def delete_in_order(text: str, order: Sequence[int], counts: Sequence[int]) -> list[str]:
    """Return the text without the first ``n`` words of an order, for each ``n`` of ``counts``; at least one must stay.

    Examples
    --------
    >>> delete_in_order("Snow is very cold", [3, 0, 1, 2], [0, 1, 2])
    ['Snow is very cold', 'Snow is very', 'is very']
    """
    words = _words(text)
    if sorted(order) != list(range(len(words))):
        raise InputError(f"The order must have each place from 0 to {len(words) - 1} once: take an argsort.")
    most = len(words) - 1
    gone = [set(order[: check_whole("each count", n, 0, most)]) for n in counts]
    return [" ".join(word for place, word in enumerate(words) if place not in some) for some in gone]


def topic_chances(texts: Sequence[str], weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Return the probability of each topic, from MiniLM's vectors and a linear classifier.

    ``weights`` is ``(n_topics, 384)`` and ``bias`` ``(n_topics,)``; the result is ``(n_texts, n_topics)``.
    """
    from scipy.special import softmax

    texts = check_text_list("texts", texts)
    row = {text: place for place, text in enumerate(dict.fromkeys(texts))}  # a text that comes twice is read once
    vectors = NumPyEncoder.minilm().encode(list(row))[[row[text] for text in texts]]
    return softmax(vectors.astype(float) @ np.asarray(weights).T + bias, axis=1)


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

    from course_utils.common.compute import one_thread

    words, (encoder, tokenizer) = _words(text), _torch_minilm()
    read = tokenizer([words], is_split_into_words=True, return_tensors="pt", truncation=True, max_length=256)
    vectors = encoder.embeddings.word_embeddings(read["input_ids"]).requires_grad_()  # (1, n_tokens, 384)
    with one_thread():
        out = encoder(
            inputs_embeds=vectors, attention_mask=read["attention_mask"], output_attentions=True, return_dict=True
        )
        mean = torch.nn.functional.normalize(out.last_hidden_state.mean(dim=1), dim=1)
        (gradient,) = torch.autograd.grad((mean @ torch.tensor(topic, dtype=torch.float32)).sum(), vectors)
    blocks = torch.stack(out.attentions)[:, 0].mean(dim=1).detach().double().numpy()  # (6, n_tokens, n_tokens)
    rolled = np.linalg.multi_dot([(block + np.eye(len(block))) / 2 for block in blocks[::-1]])
    tokens = {
        "gradient": gradient.norm(dim=-1)[0].double().numpy(),
        "gradient x vector": (gradient * vectors).sum(dim=-1)[0].detach().double().numpy(),
        "attention": blocks[-1].mean(axis=0),
        "attention, all blocks": rolled.mean(axis=0),
    }
    places = read.word_ids(0)
    n_tokens = _by_word(np.ones(len(places)), places, len(words))
    found = {}
    for name, values in tokens.items():
        found[name] = _by_word(values, places, len(words))
        if name in ("gradient", "attention"):
            found[f"{name} per token"] = found[name] / np.maximum(n_tokens, 1)  # 0 for words that were cut off
    return found


def _by_word(values: np.ndarray, places: Sequence[int | None], n_words: int) -> np.ndarray:
    found = np.zeros(n_words)
    for value, place in zip(values, places, strict=True):
        if place is not None:  # [CLS] and [SEP] belong to no word
            found[place] += value
    return found


def _words(text: str) -> list[str]:
    words = text.split() if isinstance(text, str) else []
    if len(words) < 2:
        raise InputError("The text needs at least two words between spaces, so that one can be left out.")
    return words
