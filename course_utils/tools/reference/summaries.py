"""A page on each notebook, made for print: questions, findings, formulas and helpers, from the notebook's own cells.

Nothing is written twice: whoever changes a notebook changes its page.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from course_utils.tools.reference.lessons import LAST, Lesson
from course_utils.tools.reference.notation import letters

MACHINERY = ("tools", "exercises", "plotting", "common")
LONG = 60  # letters of a formula that gets a line of its own


def outcome(lesson: Lesson) -> str:
    """Return what a notebook says first: the paragraph under its title and badges."""
    paragraphs = lesson.prose[0].split("\n\n")
    return next((text for text in paragraphs if not text.startswith(("#", "<!--", "[![", "**"))), "")


def questions(lesson: Lesson) -> list[str]:
    """Return the headings of a notebook that ask something about its subject."""
    asked = [heading for heading, _ in lesson.sections if heading.endswith("?")]
    return [heading for heading in asked if not heading.startswith(("Can you build", "How do exercises"))]


def findings(lesson: Lesson) -> list[str]:
    """Return the points that the last cell begins with, each on one line; none while it is not written."""
    text = next((text for heading, text in lesson.sections if heading == LAST), "")
    points = re.findall(r"^- (.+(?:\n(?:  .+))*)", text.split("\n**")[0], re.MULTILINE)
    return [_one_line(point) for point in points]


def limitation(lesson: Lesson) -> str:
    """Return the one limitation that the last cell states, if there is one yet."""
    found = re.search(r"\*\*One limitation\*\*:?(.+?)(?=\n\n|\Z)", lesson.prose[-1], re.DOTALL)
    return _one_line(found.group(1)) if found else ""


def formulas(lesson: Lesson) -> list[str]:
    """Return the formulas of a notebook that join two letters or more, or words; each once, and no part of another."""
    whole = [" ".join(formula.split()) for formula in lesson.formulas]
    joining = [f for f in dict.fromkeys(whole) if r"\text" in f or _joins(f)]
    return [formula for formula in joining if not any(formula != other and formula in other for other in joining)]


def helpers(lesson: Lesson) -> dict[str, list[str]]:
    """Return the names that a notebook's code imports from each module of the lessons.

    Examples
    --------
    >>> from pathlib import Path
    >>> helpers(Lesson(Path("04_x.ipynb"), (), ("from course_utils.search import BM25Index", "%time pass")))
    {'search': ['BM25Index']}
    """
    found = defaultdict(dict)
    for source in lesson.code:
        plain = "\n".join("" if line.startswith(("%", "!")) else line for line in source.splitlines())
        for node in ast.walk(ast.parse(plain)):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("course_utils."):
                module = node.module.removeprefix("course_utils.")
                if module.split(".")[0] not in MACHINERY:
                    found[module].update(dict.fromkeys(alias.name for alias in node.names))
    return {module: sorted(names, key=str.lower) for module, names in sorted(found.items())}


def page(lesson: Lesson, folder: str = "../../notebooks") -> str:
    """Return the page on a notebook, in Markdown."""
    parts = [f"[Notebook {lesson.number}]({lesson.link(folder=folder)}). {_one_line(outcome(lesson))}"]
    parts += ["**Questions.** " + " ".join(questions(lesson))]
    parts += ["**Findings**", "\n".join(f"- {point}" for point in findings(lesson))]
    if shown := formulas(lesson):
        short = ", ".join(f"${formula}$" for formula in shown if len(formula) <= LONG)
        long = [f"$${formula}$$" for formula in shown if len(formula) > LONG]
        parts += [f"**Formulas.** {short}", *long]
    if names := helpers(lesson):
        listed = [f"`{module}`: {', '.join(imported)}" for module, imported in names.items()]
        parts += ["**Names from `course_utils`.** " + "; ".join(listed) + "."]
    parts += ["**One limitation.** " + limitation(lesson)]
    text = re.sub(r"\]\((\d\d_\w+\.ipynb)", rf"]({folder}/\1", "\n\n".join(parts))
    return f"# {lesson.number} {lesson.title}\n\n````{{container}} one-page\n\n{text}\n````\n"


def _joins(formula: str) -> bool:
    return len(letters(formula)) > 1 and bool(re.search(r"[=+^-]|\\\w", formula))


def _one_line(text: str) -> str:
    return " ".join(text.split())
