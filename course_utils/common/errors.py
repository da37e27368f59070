"""Errors that tell a learner what to do, in one sentence and without a traceback."""

from __future__ import annotations


class CourseError(Exception):
    """Something went wrong that has a remedy; the message names both.

    A notebook shows the message alone: IPython asks an exception how it wants to be shown.

    Examples
    --------
    >>> CourseError("The cache is full: free some space.")._render_traceback_()
    ['The cache is full: free some space.']
    """

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class InputError(CourseError, ValueError):
    """A value that a function cannot work with; the message says which values it can."""
