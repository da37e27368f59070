"""A language model that sees: a picture becomes new rows of its embedding table, and so new tokens it can read.

The idea is LLaVA's (Liu and others, 2023, https://arxiv.org/abs/2304.08485): the network that sees and the language
model stay as they are, and a projection turns features into rows as wide as the embeddings.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.common.progress import job_bar
from course_utils.transformer import KVCache, NumPyLM


class SeeingLM:
    """A language model with pictures as new tokens behind its vocabulary.

    Parameters
    ----------
    model : NumPyLM
        The language model, which is not changed.
    rows : ndarray, shape (n_pictures, n_tokens, d_model)
        The rows that stand for each picture.

    Raises
    ------
    InputError
        If the rows have another shape, or there are none.
    """

    def __init__(self, model: NumPyLM, rows: np.ndarray):
        d_model = model.embedding.shape[1]
        if np.ndim(rows) != 3 or np.shape(rows)[2] != d_model or not np.size(rows):
            raise InputError(f"Pictures need rows of shape (n, n_tokens, {d_model}), and these are {np.shape(rows)}.")
        self.n_words, (self.n_pictures, self.n_tokens) = len(model.embedding), rows.shape[:2]
        table = np.empty((self.n_words + self.n_pictures * self.n_tokens, d_model), np.float32, order="F")
        table[: self.n_words], table[self.n_words :] = model.embedding, rows.reshape(-1, d_model)
        self.model = dataclasses.replace(model, embedding=table)

    def ids(self, picture: int) -> list[int]:
        """Return the ids of the tokens that stand for a picture, by its place among the rows."""
        check_whole("picture", picture, 0, self.n_pictures - 1)
        first = self.n_words + picture * self.n_tokens
        return list(range(first, first + self.n_tokens))

    def next_logits(self, before: str, after: str = "") -> np.ndarray:
        """Return the scores of the next word after each picture, set between two texts: ``(n_pictures, n_words)``.

        Pictures themselves get no score; ``before`` is read once.
        """
        encode = self.model.tokenizer.encode
        ids, tail = encode(before), encode(after) if after else []
        cache = KVCache(self.model, len(ids) + self.n_tokens + len(tail))
        if ids:
            self.model.last_logits(ids, cache)
        found = np.empty((self.n_pictures, self.n_words), dtype=np.float32)
        with job_bar(self.n_pictures, "picture", "reading pictures") as bar:
            for picture in range(self.n_pictures):
                cache.reset(len(ids))
                found[picture] = self.model.last_logits([*self.ids(picture), *tail], cache)[: self.n_words]
                bar.update()
        return found
