"""How long pieces of work take, measured in turns, and all in the same way."""

from __future__ import annotations

import math
import time
import timeit
from collections.abc import Callable, Mapping

from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError

LEAST_SECONDS = 0.1


def shortest_times(work: Mapping[str, Callable[[], object]], n_rounds: int = 3) -> dict[str, float]:
    """Return the processor time of each piece of work, in milliseconds: the best of ``n_rounds`` rounds.

    In each round every piece has its turn, so that a busy moment of the computer does not hit one alone. In its turn a
    piece is run for at least 0.1 seconds, quick ones many times, and the mean time of a run is taken. The best round
    counts, since other programs can only make a run longer (as the documentation of `timeit` advises). Times in which
    the processor works on other programs, or waits, are not counted; several threads of one piece are added up.

    Parameters
    ----------
    work : mapping of str to callable
        A name for each piece of work, and a function without arguments that does it.
    n_rounds : int
        How many turns each has.

    Raises
    ------
    InputError
        If there is no work, a piece of it cannot be called, or ``n_rounds`` is no whole number from 1.

    Examples
    --------
    >>> times = shortest_times({"short": lambda: sum(range(10)), "long": lambda: sum(range(100_000))}, n_rounds=1)
    >>> times["short"] < times["long"]
    True
    """
    if not work:
        raise InputError("There is nothing to measure: give a function for each name.")
    if wrong := [name for name, do in work.items() if not callable(do)]:
        raise InputError(f"The work of {wrong[0]!r} cannot be called: give the function itself, not its result.")
    rounds = []
    for _ in range(check_whole("n_rounds", n_rounds, least=1)):
        rounds.append({name: 1000 * _mean_time(do) for name, do in work.items()})
    return {name: min(times[name] for times in rounds) for name in work}


def _mean_time(do: Callable[[], object]) -> float:
    """Return the seconds of a run, after as many runs at a stretch as fill `LEAST_SECONDS`."""
    timer, n_runs = timeit.Timer(do, timer=time.process_time), 1
    while (seconds := timer.timeit(n_runs)) < LEAST_SECONDS:
        n_runs = math.ceil(n_runs * min(max(2, 1.2 * LEAST_SECONDS / max(seconds, 1e-9)), 100))
    return seconds / n_runs
