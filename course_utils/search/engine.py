"""A page to search with: type a question, choose a method, and see the hits with the words that matched."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.common.errors import InputError
from course_utils.search.bm25 import BM25Index
from course_utils.search.dense import DenseIndex
from course_utils.search.fusion import score_fusion
from course_utils.search.hits import Hit
from course_utils.search.rerank import maxsim_rerank
from course_utils.words import query_words, words

if TYPE_CHECKING:
    import ipywidgets

METHODS = ("keywords", "meaning", "both, by score", "meaning, then MaxSim")
CANDIDATES = 30
LETTERS_SHOWN = 320


@dataclass(frozen=True)
class SearchEngine:
    """Four ways to search the same texts, for people to compare.

    Parameters
    ----------
    titles, texts : sequence of str
        A title and a text for each article.
    bm25 : BM25Index
        The index of the texts' words.
    dense : DenseIndex
        The index of the texts' vectors, made by ``embed``.
    """

    titles: Sequence[str]
    texts: Sequence[str]
    bm25: BM25Index
    dense: DenseIndex

    def search(self, question: str, method: str, k: int = 5) -> list[Hit]:
        """Return the ``k`` best hits.

        Parameters
        ----------
        question : str
            What to look for.
        method : str
            One of ``METHODS``.
        k : int
            How many hits, at most 30.

        Raises
        ------
        InputError
            If the question is empty, or there is no such method.
        """
        from course_utils.embeddings import embed

        if method not in METHODS:
            raise InputError(f"There is no method {method!r}: choose from {', '.join(METHODS)}.")
        if not question.strip():
            raise InputError("Type a question.")
        if method == "keywords":
            return self.bm25.search(question, k)
        by_meaning = self.dense.search(embed([question])[0], CANDIDATES)
        if method == "both, by score":
            by_meaning = score_fusion([self.bm25.search(question, CANDIDATES), by_meaning], [0.4, 0.6])
        elif method == "meaning, then MaxSim":
            by_meaning = maxsim_rerank(question, self.texts, by_meaning)
        return by_meaning[:k]

    def explore(self, question: str) -> ipywidgets.VBox:
        """Make a page with a box for questions, a choice of method, and the hits below.

        Parameters
        ----------
        question : str
            The first question.
        """
        import ipywidgets

        from course_utils.plotting.explorers import explorer

        wide = ipywidgets.Layout(width="36em")
        controls = {
            "question": ipywidgets.Text(question, description="Question", continuous_update=False, layout=wide),
            "method": ipywidgets.Dropdown(options=METHODS, value="keywords", description="Method"),
        }
        return explorer(lambda question, method: self.show(question, method).html, controls, "a search by four methods")

    def show(self, question: str, method: str, k: int = 5) -> Results:
        """Search, and show the hits with the words of the question that stand in them.

        Parameters are those of `search`.
        """
        hits = self.search(question, method, k)
        return Results(question, tuple((self.titles[hit.position], self.texts[hit.position]) for hit in hits))


@dataclass(frozen=True)
class Results:
    """What a search found, to look at: as HTML, or in plain text where HTML cannot be shown.

    Examples
    --------
    >>> Results("What do bees make?", (("Honey", "Honey is made by bees & others."),))
    Honey  [bees]
    >>> Results("xyzzy", ())
    No article has any of these words.
    """

    question: str
    articles: tuple[tuple[str, str], ...]

    @property
    def html(self) -> str:
        """The hits as HTML; every text is escaped."""
        if not self.articles:
            return f"<i>{self!r}</i>"
        rows = [
            f'<li style="margin:.45em 0"><b style="font-size:1.05em">{html.escape(title)}</b>'
            f"<br>{self._with_matches(shortened(text))}</li>"
            for title, text in self.articles
        ]
        return f'<ol style="max-width:52em;line-height:1.4">{"".join(rows)}</ol>'

    def _repr_html_(self) -> str:
        return self.html

    def __repr__(self) -> str:
        lines = []
        for title, text in self.articles:
            matched = sorted(self._wanted() & set(words(f"{title} {text}")))
            lines.append(f"{title}  [{', '.join(matched) or 'no word of the question'}]")
        return "\n".join(lines) or "No article has any of these words."

    def _wanted(self) -> set[str]:
        return set(query_words(self.question))

    def _with_matches(self, text: str) -> str:
        wanted = self._wanted()
        parts = re.split(r"(\w+)", text)
        return "".join(
            f'<mark style="background:#F0E442;color:black">{html.escape(part)}</mark>'
            if wanted.intersection(words(part))
            else html.escape(part)
            for part in parts
        )


def shortened(text: str, letters: int = LETTERS_SHOWN) -> str:
    """Return the beginning of a text, cut between words.

    Examples
    --------
    >>> shortened("one two three", 9)
    'one two …'
    """
    return text if len(text) <= letters else text[: letters - 1].rsplit(" ", 1)[0] + " …"
