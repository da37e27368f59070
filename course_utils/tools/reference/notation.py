"""The notation: read from ``docs/reference/notation.md``, and checked against the notebooks' formulas and code."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from course_utils.tools.environment import ROOT
from course_utils.tools.reference.lessons import Lesson

SOURCE = ROOT / "docs" / "reference" / "notation.md"
ROW = re.compile(r"^\| (?P<symbol>[^|]+) \| (?P<meaning>[^|]+) \| (?P<shape>[^|]+) \| (?P<number>\d\d) \|$", re.M)
_SMALL = "alpha|beta|gamma|delta|epsilon|varepsilon|eta|theta|kappa|lambda|mu|nu|rho|sigma|tau|phi|chi|psi|omega"
GREEK = re.compile(rf"\\(?:{_SMALL}|Gamma|Delta|Theta|Lambda|Pi|Sigma|Phi|Psi|Omega)")
CODE_SPAN = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Symbol:
    """A symbol as the table writes it, in dollars, as code or plain; its meaning, its shape, and its notebook."""

    symbol: str
    meaning: str
    shape: str
    number: str

    @property
    def letter(self) -> str:
        """The symbol without its dollars and ticks."""
        return self.symbol.strip("$`")

    def appears_in(self, lesson: Lesson) -> bool:
        """Tell whether a notebook's formulas have the symbol; of a name in code, whether its code has it."""
        if self.symbol.startswith("$"):
            return any(_without_spaces(self.letter) in _pieces(formula) for formula in lesson.formulas)
        if self.symbol.startswith("`"):
            spans = [span for cell in lesson.prose for span in CODE_SPAN.findall(cell)]
            return bool(re.search(rf"\b{re.escape(self.letter)}\b", "\n".join([*lesson.code, *spans])))
        return any(self.letter in cell for cell in lesson.prose)


def read(source: Path = SOURCE) -> list[Symbol]:
    """Return the rows of the notation's tables.

    Examples
    --------
    >>> [symbol.meaning for symbol in read() if symbol.letter == "k_1"]
    ['how soon repetition stops paying in BM25']
    """
    return [Symbol(**row.groupdict()) for row in ROW.finditer(source.read_text(encoding="utf-8"))]


def letters(formula: str) -> set[str]:
    r"""Return the letters of a formula: without words, signs, indices, and the names of functions.

    Examples
    --------
    >>> sorted(letters(r"W + \frac{\alpha}{r} B A"))
    ['A', 'B', 'W', '\\alpha', 'r']
    >>> sorted(letters(r"\text{score} = \sum_a p_a r_a + base^{2}"))
    ['base', 'p', 'r']
    """
    text = re.sub(r"\\(?:text|quad|begin|end)\s*(?:\{[^}]*\})?", " ", formula)
    text = re.sub(r"_(?:\{[^}]*\}|\w)|\^T\b", " ", text)  # indices, and the T of a transposed matrix
    found = set(re.findall(r"\\[A-Za-z]+|[a-z]{3,}|[A-Za-z]", text))
    return {name for name in found if not name.startswith("\\") or GREEK.fullmatch(name)}


def missing(lesson: Lesson, symbols: Sequence[Symbol]) -> set[str]:
    """Return the letters of a notebook's formulas that the notation has neither for it nor for an earlier notebook."""
    known = [symbol for symbol in symbols if symbol.number <= lesson.number and not symbol.symbol.startswith("`")]
    described = set().union(*(letters(symbol.letter) for symbol in known))
    return set().union(*map(letters, lesson.formulas)) - described


def page(symbols: Sequence[Symbol], lessons: Sequence[Lesson], source: Path = SOURCE) -> str:
    """Return the notation as a page, in which the notebooks' numbers are links."""
    links = {lesson.number: f"[{lesson.number}]({lesson.link()})" for lesson in lessons}
    text = source.read_text(encoding="utf-8")
    for number in {symbol.number for symbol in symbols}:
        text = re.sub(rf"\| {number} \|$", f"| {links[number]} |", text, flags=re.M)
    return text


def _pieces(formula: str) -> set[str]:
    """Return what a symbol of the table may equal in a formula: each letter, with its index or prime, and calls."""
    text = _without_spaces(re.sub(r"\\text\{[^}]*\}", " ", formula))
    index = r"(?:_\{[^}]*\}|_\w)?'?"
    names = re.findall(rf"(?:\\[A-Za-z]+|[a-z]{{3,}}|[A-Za-z]){index}", text)
    calls = re.findall(r"[A-Za-z]?\([^()]*\)", text)
    return {*names, *(name.rstrip("'") for name in names), *calls}


def _without_spaces(text: str) -> str:
    return re.sub(r"\s+", "", text)
