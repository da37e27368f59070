"""A notebook as the reference pages read it: its number, its title, its headings and what its prose says under each."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course_utils.tools import notebooks

LAST = "What you learned"
ASIDE = ("You will be able to", LAST)  # what looks ahead, and what looks back
CODE = r"```.*?```|`[^`]*`"
FORMULA = r"\$\$(.+?)\$\$|\$((?:[^$\n]|\n(?!\s*\n))+)\$"


@dataclass(frozen=True)
class Lesson:
    """A notebook: where its file lies, the text of its prose cells, and the source of its code cells."""

    path: Path
    prose: tuple[str, ...]
    code: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Lesson:
        """Read a notebook's cells, with the standard library alone."""
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        kinds = {kind: [c["source"] for c in cells if c["cell_type"] == kind] for kind in ("markdown", "code")}
        return cls(path, *(tuple("".join(source) for source in kinds[kind]) for kind in ("markdown", "code")))

    @property
    def number(self) -> str:
        """The two digits that a notebook's name begins with."""
        return self.path.name[:2]

    @property
    def title(self) -> str:
        """The first heading."""
        return re.search(r"^# (.+)$", self.prose[0], re.MULTILINE).group(1)

    @cached_property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """Each heading, the title first, with the prose below it, up to the next heading."""
        parts = re.split(r"^#{1,3} (.+)$", "\n\n".join(self.prose), flags=re.MULTILINE)[1:]
        return tuple(zip(parts[::2], parts[1::2], strict=True))

    @cached_property
    def formulas(self) -> tuple[str, ...]:
        """All that the prose writes between dollar signs, in order, without code."""
        text = re.sub(CODE, "", "\n\n".join(self.prose), flags=re.DOTALL)
        return tuple((display or inline).strip() for display, inline in re.findall(FORMULA, text, re.DOTALL))

    def link(self, section: str = "", folder: str = "../notebooks") -> str:
        """Return the address of this notebook's page, or of a section in it, from a page of another folder."""
        return f"{folder}/{self.path.name}" + (f"#{slug(section)}" if section else "")


def read_all() -> list[Lesson]:
    """Return all notebooks, in reading order."""
    return [Lesson.read(path) for path in notebooks.find()]


def slug(heading: str) -> str:
    """Return the name by which a page's address ends for a heading, as GitHub and MyST make it.

    Examples
    --------
    >>> slug("Is 90 % sure right in 90 of 100?")
    'is-90--sure-right-in-90-of-100'
    """
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")
