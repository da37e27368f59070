"""A language model that sees: rows made from a picture stand where a word's row of the embedding table would stand.

The idea is LLaVA's (Liu and others, 2023, https://arxiv.org/abs/2304.08485): the network that sees and the language
model stay as they are, and a projection turns features into rows as wide as the embeddings.
"""

from __future__ import annotations

import numpy as np

from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.transformer import KVCache, NumPyLM


def next_logits(model: NumPyLM, rows: np.ndarray, before: str = "", after: str = "") -> np.ndarray:
    """Return the scores of the next token after each picture, set between two texts.

    Parameters
    ----------
    model : NumPyLM
        The language model.
    rows : ndarray, shape (n_pictures, n_tokens, d_model)
        The rows that stand for each picture.
    before, after : str
        What is read before and after the picture; ``before`` is read once.

    Returns
    -------
    ndarray of float32, shape (n_pictures, n_vocabulary)

    Raises
    ------
    InputError
        If the rows have another shape, or there are none.
    """
    d_model = model.embedding.shape[1]
    if np.ndim(rows) != 3 or np.shape(rows)[2] != d_model or not np.size(rows):
        raise InputError(f"Pictures need rows of shape (n, n_tokens, {d_model}), and these are {np.shape(rows)}.")
    ids, tail = (np.array(model.tokenizer.encode(text) if text else [], dtype=int) for text in (before, after))
    cache = KVCache(model, len(ids) + rows.shape[1] + len(tail))
    if len(ids):
        model.last_logits(ids, cache)
    found = np.empty((len(rows), len(model.embedding)), dtype=np.float32)
    with job_bar(len(rows), "picture", "reading pictures") as bar:
        for picture, own in enumerate(rows):
            cache.reset(len(ids))
            found[picture] = model.last_logits(np.concatenate([own, model.embedding[tail]]), cache)
            bar.update()
    return found
