"""What a word is to a keyword index, and which words tell only the form of a question."""

from __future__ import annotations

import re
import unicodedata

from course_utils.common.checks import check_query

# Words that tell a question's form and not its subject: a search leaves them out of a query that has other words.
# Only these: to leave out all of STOP_WORDS lowers MRR@10 on the 110 development questions from 0.67 to 0.65, since
# "without saying a word" or "between Siberia and Alaska" say something with words of that longer list.
QUESTION_WORDS = frozenset(
    word
    for line in (
        "a an the this that these those there it its he she they them their his her i me my we our you your",
        "and or but if so than then as at by for from in into of on to with about",
        "am is are was were be been being do does did has have had can could might must shall should will would",
        "how what when where which who whom whose why s t",
    )
    for word in line.split()
)

# English function words: articles, pronouns, prepositions, conjunctions, auxiliaries and the commonest adverbs. None is
# a keyword or names a topic. Nouns are not among them, nor what is a noun as well: us (US), mine, well, like.
STOP_WORDS = QUESTION_WORDS | frozenset(
    word
    for line in (
        "myself ours ourselves yours yourself yourselves him himself hers herself itself theirs themselves whoever",
        "whatever whichever whenever wherever anyone anything everyone everything nobody nothing someone something",
        "all another any both each either enough every few least less many more most much neither no none other",
        "others own same several some such above across after against along amid among around before behind below",
        "beneath beside besides between beyond despite down during except near off onto out over per since through",
        "throughout toward towards under until up upon via within without although because though nor unless whereas",
        "whether while yet cannot doing having may ought almost again already also always else even ever hence here",
        "however indeed instead just never not now often once only perhaps quite rather sometimes still therefore",
        "thus too usually very",
        "didn doesn isn ll re ve",  # what an apostrophe leaves
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
    """Return the words of a query that are searched for: without QUESTION_WORDS, unless it has no others.

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
    return [word for word in found if word not in QUESTION_WORDS] or found
