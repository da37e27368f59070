"""The glossary: read from ``docs/reference/glossary.md``, made into a page, and linked from where notebooks use it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.common.errors import CourseError
from course_utils.tools.environment import ROOT
from course_utils.tools.reference.lessons import ASIDE, CODE, FORMULA, LAST, Lesson

SOURCE = ROOT / "docs" / "reference" / "glossary.md"
ENTRY = re.compile(r"\*\*(?P<term>.+?)\*\* · (?P<number>\d\d)(?: · (?P<forms>.+))?\n: (?P<text>.+(?:\n  .+)*)")
MARKED, WHERE = "marked", re.compile(r"(?:only|not) \d\d")
MOST_WORDS = 4  # of a term; a longer piece in bold is a sentence that matters
LABEL = re.compile(r"About \d|\d|You need|Exercise|Build it|Step \d|One limitation|Further reading|Next")
BOLD = re.compile(r"\*\*(.+?)\*\*", re.DOTALL)
WORD = re.compile(r"[\w@]+(?:[-–'’][\w@]+)*")
# What a link may not be put into: code, formulas, links and pictures, addresses, tags, headings, what to read next.
CLOSED = re.compile(
    rf"{CODE}|{FORMULA}|!?\[[^\]]*\]\([^)]*\)|<[^>]*>|https?://\S+"
    r"|^[ \t]*<.*?(?:\n\s*\n|\Z)|^#+ [^\n]*|^\*\*Further reading\*\*.*?(?:\n\s*\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Entry:
    """A term: the number of the notebook that introduces it, the forms that it takes, and what it means.

    ``marked`` says that the word is also an ordinary one, and means the term only in bold or italics; ``only`` and
    ``apart`` are the numbers of notebooks in which alone, or in which not, it means the term.
    """

    term: str
    number: str
    forms: tuple[str, ...]
    text: str
    marked: bool = False
    only: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()

    def means_this_in(self, number: str) -> bool:
        """Tell whether the words mean this term in a notebook."""
        return number not in self.apart and (not self.only or number in self.only)


def read(source: Path = SOURCE) -> list[Entry]:
    """Return the glossary's entries; a paragraph that looks like one and is none is a `CourseError`.

    Examples
    --------
    >>> [entry.number for entry in read() if entry.term == "stop word"]
    ['04']
    """
    found = []
    for part in source.read_text(encoding="utf-8").split("\n\n"):
        if part.startswith("**"):
            whole = ENTRY.fullmatch(part.strip())
            if not whole:
                raise CourseError(f"{source.name}: no entry (term, notebook, forms, then a line with ': '):\n{part}")
            found.append(_entry(**whole.groupdict()))
    return found


def _entry(term: str, number: str, forms: str | None, text: str) -> Entry:
    given = [form.strip() for form in (forms or "").split(",")]
    plain, _, short = term.rstrip(")").partition(" (")
    names = dict.fromkeys(form for form in (plain, short, *given) if form and form != MARKED and not WHERE.match(form))
    places = {word: frozenset(re.findall(rf"{word} (\d\d)", forms or "")) for word in ("only", "not")}
    return Entry(term, number, tuple(names), " ".join(text.split()), MARKED in given, places["only"], places["not"])


@dataclass(frozen=True)
class Found:
    """A place in a text where a term is used, and how many asterisks it has there: two in bold, one in italics."""

    entry: Entry
    start: int
    end: int
    stars: int


class Terms:
    """The glossary's terms, to be found in a text of the notebook with a number.

    A form in small letters is found with capitals as well, each form also with an s at its end, and of two terms that
    begin at the same word the longer one counts.

    Examples
    --------
    >>> search = Entry("dense search", "05", ("dense search",), "Search by vectors.")
    >>> [(found.start, found.end) for found in Terms([search], "06").uses("Dense searching, and **dense search**.")]
    [(23, 35)]
    """

    def __init__(self, entries: Sequence[Entry], number: str) -> None:
        self._forms = {form: entry for entry in entries if entry.means_this_in(number) for form in entry.forms}
        self._most_words = max((len(WORD.findall(form)) for form in self._forms), default=1)

    def get(self, words: str) -> Entry | None:
        """Return the entry of which these words are a form, if there is one."""
        words = " ".join(words.split())
        for form in (words, words.removesuffix("s")):
            if entry := self._forms.get(form) or self._forms.get(form.lower()):
                return entry
        return None

    def uses(self, text: str) -> Iterator[Found]:
        """Yield the places where a term is used, from the beginning to the end."""
        words, at = list(WORD.finditer(text)), 0
        while at < len(words):
            found = self._longest(text, words[at : at + self._most_words])
            if found:
                yield found
            at += len(WORD.findall(text[found.start : found.end])) if found else 1

    def _longest(self, text: str, words: Sequence[re.Match[str]]) -> Found | None:
        start = words[0].start()
        for last in reversed(words):
            for end in dict.fromkeys((last.end(), last.start() + len(re.sub(r"['’]s$", "", last.group())))):
                entry = self.get(text[start:end])
                if entry and not (entry.marked and not _stars(text, start, end)):
                    return Found(entry, start, end, _stars(text, start, end))
        return None


def _stars(text: str, start: int, end: int) -> int:
    """Return how many asterisks stand on both sides of a piece of text, a full stop or comma within them left aside."""
    before = re.search(r"\*{0,2}$", text[:start]).group()
    after = re.match(r"[.,:?]?(\*{0,2})", text[end : end + 3]).group(1)
    return min(len(before), len(after))


def new_terms(lesson: Lesson) -> list[str]:
    r"""Return what a notebook prints in bold to introduce it, in order and each form once.

    Not counted are labels (they end with a mark, or say *Exercise*, *You need* and the like), sentences of more than
    four words, and the last cell, which only looks back.

    Examples
    --------
    >>> cell = "# Search\n**Exercise 1.** The **inverted index** of **one.** text"
    >>> new_terms(Lesson(Path("04_x.ipynb"), (cell,), ()))
    ['inverted index']
    """
    found = {}
    for bold in (words for heading, text in lesson.sections if heading != LAST for words in BOLD.findall(text)):
        words = " ".join(bold.split())
        if len(words.split()) <= MOST_WORDS and words[-1] not in ".:?!" and not LABEL.match(words):
            found.setdefault(words)
    return list(found)


def places(lesson: Lesson, entries: Sequence[Entry]) -> dict[str, str]:
    """Return for each term the heading under which a notebook introduces it: where it is in bold, or else used first.

    A heading is empty for what is said under the title.
    """
    terms, stars, found = Terms(entries, lesson.number), {}, {}
    for heading, text in lesson.sections:
        for use in terms.uses(text) if heading not in ASIDE else ():
            if use.stars > stars.get(use.entry.term, -1):
                stars[use.entry.term] = use.stars
                found[use.entry.term] = "" if heading == lesson.title else heading
    return found


def with_links(cells: Sequence[str], entries: Sequence[Entry], number: str) -> list[str]:
    """Return a notebook's prose in which the first use of each term leads to the glossary.

    Nothing is put into code, formulas, headings and links, and each term is linked once.

    Examples
    --------
    >>> entry = Entry("token", "00", ("token",), "A piece of text.")
    >>> with_links(["# A token", "`token`, Tokens, token"], [entry], "00")
    ['# A token', '`token`, {term}`Tokens <token>`, token']
    """
    terms, done = Terms(entries, number), set()

    def linked(text: str) -> str:
        pieces, end = [], 0
        for found in terms.uses(text):
            if found.entry.term not in done:
                done.add(found.entry.term)
                words = " ".join(text[found.start : found.end].split())
                pieces += [text[end : found.start], f"{{term}}`{words} <{found.entry.term}>`"]
                end = found.end
        return "".join([*pieces, text[end:]])

    return ["".join(linked(piece) if is_open else piece for piece, is_open in _pieces(cell)) for cell in cells]


def _pieces(cell: str) -> Iterator[tuple[str, bool]]:
    """Yield a cell's text piece by piece, and whether links may be put into the piece."""
    end = 0
    for closed in CLOSED.finditer(cell):
        yield cell[end : closed.start()], True
        yield closed.group(), False
        end = closed.end()
    yield cell[end:], True


def page(entries: Sequence[Entry], lessons: Sequence[Lesson]) -> str:
    """Return the glossary as a page: by first letters, each entry with the notebook and the section that brings it."""
    by_number = {lesson.number: lesson for lesson in lessons}
    if strangers := [entry.term for entry in entries if entry.number not in by_number]:
        raise CourseError(f"{SOURCE.name}: there is no notebook that introduces {', '.join(strangers)}.")
    found = {lesson.number: places(lesson, entries) for lesson in lessons}
    letters = defaultdict(list)
    for entry in entries:
        lesson = by_number[entry.number]
        heading = found[entry.number].get(entry.term, "")
        where = f"[{entry.number}, *{heading or lesson.title}*]({lesson.link(heading)})"
        letters[entry.term[0].upper()].append(f"{entry.term}\n  {entry.text} {where}\n")
    opening = (
        "# Glossary\n\nEach term has a sentence or two here, and leads to the notebook and the section that introduces "
        "it. In the notebooks a term leads here where it is used first.\n"
    )
    parts = ["## " + letter + "\n\n````{glossary}\n" + "\n".join(letters[letter]) + "````\n" for letter in letters]
    return "\n".join([opening, *parts])
