"""How long pieces of work take, measured fairly: in turns, and equally often."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError


def shortest_times(work: Mapping[str, Callable[[], object]], n_rounds: int = 5) -> dict[str, float]:
    """Return the shortest of ``n_rounds`` runs of each piece of work, in milliseconds.

    All pieces are run in turns, so that a busy moment of the computer does not hit one alone. The shortest time
    counts, since other programs can only make a run longer (as the documentation of `timeit.repeat` advises).

    Parameters
    ----------
    work : mapping of str to callable
        A name for each piece of work, and a function without arguments that does it.
    n_rounds : int
        How often each is run.

    Raises
    ------
    InputError
        If there is no work, a piece of it cannot be called, or ``n_rounds`` is no whole number from 1.

    Examples
    --------
    >>> times = shortest_times({"short": lambda: sum(range(10)), "long": lambda: sum(range(100_000))})
    >>> times["short"] < times["long"]
    True
    """
    if not work:
        raise InputError("There is nothing to measure: give a function for each name.")
    if wrong := [name for name, do in work.items() if not callable(do)]:
        raise InputError(f"The work of {wrong[0]!r} cannot be called: give the function itself, not its result.")
    rounds = range(check_whole("n_rounds", n_rounds, least=1))
    runs = [{name: timeit.timeit(do, number=1) for name, do in work.items()} for _ in rounds]
    return {name: 1000 * min(run[name] for run in runs) for name in work}
