"""A page to search with: type a question, choose a method, and see the hits with the words that matched."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from course_utils.common.checks import check_query, check_whole
from course_utils.common.errors import InputError
from course_utils.search.bm25 import BM25Index
from course_utils.search.dense import DenseIndex
from course_utils.search.fusion import score_fusion
from course_utils.search.hits import Hit
from course_utils.search.rerank import maxsim_rerank
from course_utils.words import letters_of_pieces, query_words, spans_of, words

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
        The index of the texts' words. If it has a tokenizer of its own, that one also tells what to mark in a hit.
    dense : DenseIndex
        The index of the texts' vectors, made by ``embed``.
    """

    titles: Sequence[str]
    texts: Sequence[str]
    bm25: BM25Index
    dense: DenseIndex

    def search(self, question: str, method: str, k: int = 5) -> list[Hit]:
        """Return the ``k`` best hits, at most 30, for a question by one of the ``METHODS``.

        Raises
        ------
        InputError
            If the question is empty, there is no such method, or ``k`` is no whole number from 1 to 30.
        """
        from course_utils.embeddings import embed

        k = check_whole("k", k, least=1, most=CANDIDATES)
        if method not in METHODS:
            raise InputError(f"There is no method {method!r}: choose from {', '.join(METHODS)}.")
        check_query(question)
        if method == "keywords":
            return self.bm25.search(question, k)
        by_meaning = self.dense.search(embed([question])[0], CANDIDATES)
        if method == "both, by score":
            by_meaning = score_fusion([self.bm25.search(question, CANDIDATES), by_meaning], [0.4, 0.6])
        elif method == "meaning, then MaxSim":
            by_meaning = maxsim_rerank(question, self.texts, by_meaning)
        return by_meaning[:k]

    def explore(self, question: str) -> ipywidgets.VBox:
        """Make a page with a box for questions, a choice of method, and the hits below; begin with ``question``."""
        import ipywidgets

        from course_utils.plotting.explorers import explorer

        wide = ipywidgets.Layout(width="36em")
        controls = {
            "question": ipywidgets.Text(question, description="Question", continuous_update=False, layout=wide),
            "method": ipywidgets.Dropdown(options=METHODS, value="keywords", description="Method"),
        }
        return explorer(lambda question, method: self.show(question, method).html, controls, "a search by four methods")

    def show(self, question: str, method: str, k: int = 5) -> Results:
        """Search as `search` does, and show the hits with the words of the question that stand in them."""
        hits = self.search(question, method, k)
        found = tuple((self.titles[hit.position], self.texts[hit.position]) for hit in hits)
        return Results(question, found, self.bm25.tokenizer)


@dataclass(frozen=True)
class Results:
    """What a search found, to look at: as HTML, or in plain text where HTML cannot be shown.

    ``articles`` are titles and texts; ``tokenizer`` cuts texts into words, if `words` does not.

    Examples
    --------
    >>> Results("What do bees make?", (("Honey", "Honey is made by bees & others."),))
    Honey  [bees]
    >>> Results("xyzzy", ())
    No article has any of these words.
    """

    question: str
    articles: tuple[tuple[str, str], ...]
    tokenizer: Callable[[str], list[str]] | None = None

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
            matched = sorted(self._wanted().intersection(self._words_of(f"{title} {text}")))
            lines.append(f"{title}  [{', '.join(matched) or 'no word of the question'}]")
        return "\n".join(lines) or "No article has any of these words."

    def _wanted(self) -> set[str]:
        return set(self.tokenizer(self.question) if self.tokenizer else query_words(self.question))

    def _words_of(self, text: str) -> list[str]:
        return self.tokenizer(text) if self.tokenizer else words(text) + letters_of_pieces(text)

    def _with_matches(self, text: str) -> str:
        text, parts, end = unicodedata.normalize("NFC", text), [], 0
        for start, stop in spans_of(self._wanted(), text, self.tokenizer):
            marked = f'<mark style="background:#F0E442;color:black">{html.escape(text[start:stop])}</mark>'
            parts += [html.escape(text[end:start]), marked]
            end = stop
        return "".join([*parts, html.escape(text[end:])])


def shortened(text: str, letters: int = LETTERS_SHOWN) -> str:
    """Return the beginning of a text, cut between words.

    Examples
    --------
    >>> shortened("one two three", 9)
    'one two …'
    """
    return text if len(text) <= letters else text[: letters - 1].rsplit(" ", 1)[0] + " …"
