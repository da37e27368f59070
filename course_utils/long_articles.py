"""A few long articles, from the shortened Wikipedia dump that comes with the library gensim."""

from __future__ import annotations

import bz2
import functools
import re
from collections.abc import Sequence

from course_utils.errors import InputError

DUMP = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
LEAST_WORDS = 9  # shorter lines are captions and entries of lists


def load_long_articles(titles: Sequence[str]) -> dict[str, str]:
    """Load whole articles as plain text, without headings, tables and references.

    Parameters
    ----------
    titles : sequence of str
        Articles that begin with A, for example ``"Aardvark"``.

    Returns
    -------
    dict of str to str
        The text of each title, in the order of ``titles``.

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
    found = _pages()
    if missing := [title for title in titles if title not in found]:
        raise InputError(f"The dump has no article {missing[0]!r}; it has {', '.join(sorted(found)[:5])} and others.")
    return {title: _plain(found[title]) for title in titles}


@functools.lru_cache(maxsize=1)
def _pages() -> dict[str, str]:
    from gensim.corpora.wikicorpus import extract_pages
    from gensim.test.utils import datapath

    with bz2.open(datapath(DUMP)) as file:
        return {title: text for title, text, _ in extract_pages(file, ("0",))}


def _plain(markup: str) -> str:
    from gensim.corpora.wikicorpus import filter_wiki

    text = re.sub(r"'{2,}|=+[^=\n]+=+", "", filter_wiki(markup))
    return " ".join(line.strip() for line in text.splitlines() if len(line.split()) >= LEAST_WORDS)
