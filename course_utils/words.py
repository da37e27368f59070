"""What a word is to a keyword index, and which words tell only the form of a question."""

from __future__ import annotations

import re
import unicodedata

from course_utils.common.checks import check_query

# Words that tell a question's form and not its subject. A query without any other word is searched with them.
STOP_WORDS = frozenset(
    word
    for line in (
        "a an the this that these those there it its he she they them their his her i me my we our you your",
        "and or but if so than then as at by for from in into of on to with about",
        "am is are was were be been being do does did has have had can could might must shall should will would",
        "how what when where which who whom whose why s t",
    )
    for word in line.split()
)


def words(text: str) -> list[str]:
    """Split a text into the words that a keyword index knows: lower case, without accents and punctuation.

    Parameters
    ----------
    text : str
        Any text.

    Examples
    --------
    >>> words("Where is São Paulo's old café?")
    ['where', 'is', 'sao', 'paulo', 's', 'old', 'cafe']
    """
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return re.findall(r"\w+", text.lower())


def query_words(query: str) -> list[str]:
    """Return the words of a query that are searched for: without stop words, unless there is nothing else in it.

    Parameters
    ----------
    query : str
        A question or some words.

    Raises
    ------
    InputError
        If the query is empty or no string.

    Examples
    --------
    >>> query_words("Who painted the Mona Lisa?")
    ['painted', 'mona', 'lisa']
    >>> query_words("The Who")
    ['the', 'who']
    """
    found = words(check_query(query))
    return [word for word in found if word not in STOP_WORDS] or found
