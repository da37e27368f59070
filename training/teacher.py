"""SmolLM2 as a teacher of the reranker: the likelihood of each of many queries after a text.

The numbers are those of ``search.likelihood_rerank``, computed fast enough for tens of thousands of pairs: all queries
of a text are read at once, each masked from the others, and in bfloat16.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

import torch
from write_questions import load_smollm2

from course_utils.common import assets
from course_utils.common.store import remembered
from course_utils.search.rerank import LIKELIHOOD_PROMPT

QUERY_TOKENS_AT_ONCE = 160


def likelihoods(pairs: Sequence[tuple[str, str]]) -> list[float]:
    """Return the mean log-likelihood of each pair's query after its text; the cache folder keeps them."""
    teacher: list[Teacher] = []

    def compute(some: list[tuple[str, str]]) -> list[float]:
        if not teacher:
            teacher.append(Teacher())
        return [
            score
            for text, group in groupby(some, key=lambda pair: pair[1])
            for score in teacher[0].read(text, [query for query, _ in group])
        ]

    sha256 = assets.ASSETS["smollm2"].members[0].sha256
    return remembered(f"teacher-bfloat16-{sha256[:12]}", pairs, compute).tolist()


def portions(queries: Iterable[list[int]], most: int) -> list[list[list[int]]]:
    """Divide queries, in their order, into portions of at most ``most`` tokens.

    Examples
    --------
    >>> portions([[1, 2], [3], [4, 5, 6]], most=3)
    [[[1, 2], [3]], [[4, 5, 6]]]
    """
    made: list[list[list[int]]] = []
    for query in queries:
        if not made or sum(map(len, made[-1])) + len(query) > most:
            made.append([])
        made[-1].append(query)
    return made


class Teacher:
    """SmolLM2, which reads a text and scores queries after it."""

    def __init__(self, dtype: torch.dtype = torch.bfloat16):
        model, self.tokenizer = load_smollm2()
        self.model, self.dtype = model.to(dtype).eval(), dtype

    @torch.inference_mode()
    def read(self, text: str, queries: Sequence[str]) -> list[float]:
        """Return the mean log-probability of each query's tokens."""
        before, *asked = self.tokenizer([LIKELIHOOD_PROMPT.format(text=text), *queries])["input_ids"]
        return [score for some in portions(asked, QUERY_TOKENS_AT_ONCE) for score in self._read(before, some)]

    def _read(self, before: list[int], asked: list[list[int]]) -> list[float]:
        n = len(before)
        ids = before + [token for query in asked for token in query[:-1]]
        places = [*range(n), *(n + place for query in asked for place in range(len(query) - 1))]
        owner = torch.tensor([-1] * n + [number for number, query in enumerate(asked) for _ in query[:-1]])
        seen = ((owner[None] == -1) | (owner[None] == owner[:, None])).tril()  # the text, and the query's own past
        mask = torch.zeros(seen.shape, dtype=self.dtype).masked_fill(~seen, torch.finfo(self.dtype).min)
        states = self.model.model(
            torch.tensor([ids]), attention_mask=mask[None, None], position_ids=torch.tensor([places])
        ).last_hidden_state[0]
        rows, start = [], n
        for query in asked:  # each token is predicted at the one before it, a query's first at the text's last
            rows += [n - 1, *range(start, start + len(query) - 1)]
            start += len(query) - 1
        log_probabilities = self.model.lm_head(states[rows]).float().log_softmax(dim=1)
        found = log_probabilities[torch.arange(len(rows)), torch.tensor([token for query in asked for token in query])]
        return [float(some.mean()) for some in found.split([len(query) for query in asked])]
