"""What a word is, how words are compared, and which words are function words."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

from course_utils.common.checks import check_query, describe
from course_utils.common.errors import InputError

if TYPE_CHECKING:
    import regex

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


# Latin letters that Unicode does not take apart into a letter and an accent, and what people type for them.
PLAIN_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}  # casefold turns ß into ss
)
UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200c\u200d"))  # soft hyphen, zero-width non-joiner and joiner
LAST_WITH_ACCENTS = "\u06ff"  # Latin, Greek, Cyrillic, Hebrew and Arabic letters come before the scripts of India


def words(text: str) -> list[str]:
    """Split a text into words, folded so that spellings of the same word are equal.

    A word is a run of letters, digits and underscores, in lower case and without accents. Only Latin, Greek and
    Cyrillic letters lose their accents, and Hebrew and Arabic ones their points, which are left out in everyday writing
    too; the vowel signs of Hindi, Thai and other scripts stay, since another sign makes another word. Chinese,
    Japanese, Thai, Lao, Khmer and Burmese are written without spaces: a run of their letters is cut into overlapping
    pieces of two, as search engines do. A Korean word may end in a particle, so it comes whole and in its pieces of two
    syllables, and 서울 finds 서울은.

    Examples
    --------
    >>> words("Where is São Paulo's old café?")
    ['where', 'is', 'sao', 'paulo', 's', 'old', 'cafe']
    >>> words("STRASSE, Straße; Łódź"), words("हिन्दी"), words("北京是2024年"), words("서울은")
    (['strasse', 'strasse', 'lodz'], ['हिन्दी'], ['北京', '京是', '2024', '年'], ['서울은', '서울', '울은'])
    """
    if not is_cut_into_pieces(text):
        return whole_words(text)
    found = []
    for part, letters in _parts(text):
        if len(letters) < 2 or (len(letters) > 2 and _pattern("korean").match(part)):
            found.append(part)
        found += map("".join, itertools.pairwise(letters))
    return found


def letters_of_pieces(text: str) -> list[str]:
    """Return the single letters of what `words` cuts into pieces: an index keeps them for queries of one letter.

    Examples
    --------
    >>> letters_of_pieces("green 綠茶")
    ['綠', '茶']
    """
    parts = _parts(text) if is_cut_into_pieces(text) else []
    return [letter for _, letters in parts if len(letters) > 1 for letter in letters]


def query_words(query: str) -> list[str]:
    """Return the words of a query that are searched for: without QUESTION_WORDS, unless it has no others.

    An empty query is an InputError.

    Examples
    --------
    >>> query_words("Who painted the Mona Lisa?")
    ['painted', 'mona', 'lisa']
    >>> query_words("The Who")
    ['the', 'who']
    """
    found = words(check_query(query))
    return [word for word in found if word not in QUESTION_WORDS] or found


def whole_words(text: str) -> list[str]:
    """Return the words of a text, folded as in `words` and cut at spaces and punctuation only.

    Examples
    --------
    >>> whole_words("北京是首都。 서울은")
    ['北京是首都', '서울은']
    """
    if not isinstance(text, str):
        raise InputError(f"Words come from a text{describe(text)}.")
    if text.isascii():
        return re.findall(r"\w+", text.lower())
    found = []
    for run in _pattern("run").findall(text):
        found += [run.lower()] if run.isascii() else _pattern("run").findall(fold(run))  # folding splits ½ into 1 and 2
    return found


@functools.lru_cache(maxsize=1 << 15)
def fold(word: str) -> str:
    """Return a word in the form in which words are compared; the rule is that of `words`.

    Examples
    --------
    >>> fold("İstanbul"), fold("ﬁn"), fold("ÉTÉ") == fold("e\u0301te\u0301")
    ('istanbul', 'fin', True)
    """
    word = unicodedata.normalize("NFKC", word).casefold().translate(UNSEEN)
    kept, accented = [], False
    for letter in unicodedata.normalize("NFD", word):
        if not unicodedata.category(letter).startswith("M"):
            accented = letter <= LAST_WITH_ACCENTS
        elif accented:
            continue
        kept.append(letter)
    return unicodedata.normalize("NFC", "".join(kept)).translate(PLAIN_LETTERS)


def is_cut_into_pieces(text: str) -> bool:
    """Tell whether a text holds letters of a script that `words` cuts into pieces: Chinese, Korean and so on.

    Examples
    --------
    >>> is_cut_into_pieces("Riga"), is_cut_into_pieces("Riga, 里加")
    (False, True)
    """
    return isinstance(text, str) and not text.isascii() and bool(_pattern("pieced").search(text))


def spans_of(
    wanted: Collection[str], text: str, tokenizer: Callable[[str], list[str]] | None = None
) -> list[tuple[int, int]]:
    """Return where wanted words, such as `query_words` returns, stand in a text: the start and end of each match.

    The text must be in Unicode's composed form (NFC). A ``tokenizer`` is what cuts texts, if that is not `words`.

    Examples
    --------
    >>> spans_of({"cafe"}, "The old Café"), spans_of({"首都"}, "中国的首都")
    ([(8, 12)], [(3, 5)])
    """
    wanted, spans = set(wanted), []
    for part in _pattern("part").finditer(text):
        ends = [part.start(), part.end()]
        if not tokenizer and is_cut_into_pieces(part[0]):
            ends = [*(letter.start() for letter in _pattern("letter").finditer(text, *ends)), part.end()]
        for start, end in sorted([*itertools.pairwise(ends), *zip(ends, ends[2:], strict=False)]):
            if wanted.isdisjoint((tokenizer or words)(text[start:end])):
                continue
            if spans and start <= spans[-1][1]:
                start, end = spans[-1][0], max(end, spans.pop()[1])
            spans.append((start, end))
    return spans


def _parts(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the words of a text, cut where the script changes; and the letters, with their marks, of those to cut."""
    for word in whole_words(text):
        if not is_cut_into_pieces(word):
            yield word, []
            continue
        for part in _pattern("part").findall(word):
            yield part, _pattern("letter").findall(part) if is_cut_into_pieces(part) else []


@functools.cache
def _pattern(name: str) -> regex.Pattern:
    import regex

    unspaced = r"[[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\p{L}]"
    korean, marks = r"[\p{Hangul}&&\p{L}]", r"[\p{M}\u00ad\u200c\u200d]*"
    other = rf"(?!{korean}|{unspaced})[\p{{L}}\p{{N}}_]"
    patterns = {
        "run": r"[\p{L}\p{N}_][\p{L}\p{N}\p{M}_\u00ad\u200c\u200d]*",
        "part": "|".join(f"(?:{letter}{marks})+" for letter in (korean, unspaced, other)),
        "letter": rf"\P{{M}}{marks}",
        "pieced": f"{korean}|{unspaced}",
        "korean": korean,
    }
    return regex.compile(f"(?V1){patterns[name]}")
