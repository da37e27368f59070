"""The solution of an exercise, pasted where its stub is, finds every name that it uses."""

from __future__ import annotations

import builtins
import re
import symtable
import textwrap

import pytest
from house import NOTEBOOKS, Book
from test_exercises import exercises_of


def made(source: str) -> set[str]:
    """Return the names that a cell's code makes outside of its functions."""
    table = symtable.symtable(source, "cell", "exec")
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported()}


def needed(source: str) -> set[str]:
    """Return the names that code takes from outside, in its functions too; Python's own are left out."""
    tables, found = [symtable.symtable(source, "cell", "exec")], set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        outside = [s for s in table.get_symbols() if s.is_global() or table.get_type() == "module"]
        found |= {symbol.get_name() for symbol in outside if symbol.is_referenced()}
    return found - made(source) - set(vars(builtins))


def test_what_code_makes_and_needs_is_told_apart():
    code = "import numpy as np\nn = len(x)\ndef f(a):\n    b = a\n    return b + y + np.e\n[k for k in z]"
    assert made(code) == {"np", "n", "f"}
    assert needed(code) == {"x", "y", "z"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_solution_uses_only_what_the_cells_before_have_made(path):
    exercises, known = exercises_of(path.stem.split("_", 1)[1]), set()
    for cell in Book.read(path).code:
        known |= made(cell.source)
        for name, exercise in exercises.items():
            if re.search(rf"^{exercise.answer} = None  # your turn", cell.source, re.MULTILINE):
                missing = needed(textwrap.dedent(exercise.solution_code)) - known
                assert not missing, f"{name}: {missing}"
