"""Values that a learner hands over, each kind checked by one helper that names the remedy."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from numbers import Integral, Real
from typing import TYPE_CHECKING

from course_utils.common.errors import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike


def is_whole_number(number: object) -> bool:
    """Tell whether something is a whole number of Python or NumPy; True and False are none.

    Examples
    --------
    >>> is_whole_number(3), is_whole_number(3.0), is_whole_number(True)
    (True, False, False)
    """
    return isinstance(number, Integral) and not isinstance(number, bool)


def check_whole(name: str, value: int, least: int, most: int | None = None) -> int:
    """Return a whole number within its range.

    Examples
    --------
    >>> check_whole("n_topics", 11, least=1)
    11
    """
    if not is_whole_number(value) or value < least or (most is not None and value > most):
        reach = f"from {least}" if most is None else f"from {least} to {most}"
        raise InputError(f"{name} must be a whole number {reach}, and {value!r} is not.")
    return int(value)


def check_number(name: str, value: float, least: float, most: float = math.inf) -> float:
    """Return a finite number within its range.

    Examples
    --------
    >>> check_number("diversity", 0.5, least=0, most=1)
    0.5
    """
    fits = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value) and least <= value <= most
    if not fits:
        reach = f"from {least}" if math.isinf(most) else f"from {least} to {most}"
        raise InputError(f"{name} must be a number {reach}, and {value!r} is not.")
    return float(value)


def check_k(k: int) -> int:
    """Return ``k``, how many results are wanted, if it is a whole number from 1."""
    if not is_whole_number(k) or k < 1:
        raise InputError(f"k says how many results you want, a whole number from 1, and {k!r} is not.")
    return int(k)


def check_query(query: str) -> str:
    """Return a query if it is text and not empty."""
    if not isinstance(query, str):
        raise InputError(f"The query must be text{describe(query)}.")
    if not query.strip():
        raise InputError("The query is empty. Type a question or some words.")
    return query


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return the texts of an index as a list, if there are any and each is a string."""
    found = check_strings("texts", texts)
    if not found:
        raise InputError("There are no texts, so there is nothing to search.")
    return found


def check_strings(name: str, values: Iterable[str]) -> list[str]:
    """Return several strings as a list, if they are not a single one.

    Examples
    --------
    >>> check_strings("titles", ("Riga", "Rome"))
    ['Riga', 'Rome']
    """
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise InputError(f"{name} takes a list: write {name}=[{values!r:.60}].")
    found = list(values[:] if isinstance(values, Sequence) else values)  # a column of a dataset is faster as a slice
    for position, value in enumerate(found):
        if not isinstance(value, str):
            raise InputError(f"{name} are strings, and number {position} of them is {type(value).__name__}.")
    return found


def check_text_list(name: str, texts: Iterable[str]) -> list[str]:
    """Return texts as a list, if each is a string with something to read in it.

    Examples
    --------
    >>> check_text_list("prompts", ("Snow is", "Rain is"))
    ['Snow is', 'Rain is']
    """
    if isinstance(texts, str) or not isinstance(texts, Iterable):
        raise InputError(f"{name} must be a list of texts{describe(texts)}: write [text] for a single one.")
    texts = list(texts)
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(f"{name} must hold strings, and number {position} is {type(text).__name__}.")
        if not text.strip():
            raise InputError(f"Number {position} of the {name} is empty, and the model would go on from nothing.")
    return [str(text) for text in texts]


def check_position(position: int, n_texts: int | None = None) -> int:
    """Return the position of a text, if it is a whole number from 0 and there is such a text.

    Examples
    --------
    >>> check_position(4, n_texts=5)
    4
    """
    if isinstance(position, str):
        raise InputError(
            f"Positions are numbers counted from 0, and {position!r} is text: give its place in the list of texts, "
            "as .index() of the list tells it."
        )
    if not is_whole_number(position) or position < 0:
        raise InputError(f"A position is a whole number from 0, and {position!r} is not.")
    if n_texts is not None and position >= n_texts:
        raise InputError(f"There is no text {position}; the positions are 0 to {n_texts - 1}.")
    return int(position)


def check_positions(
    positions: Iterable[int], n_texts: int | None = None, what: str = "The list of candidates"
) -> list[int]:
    """Return the positions in a ranking, of plain numbers or of hits, if each is one and comes once.

    Parameters
    ----------
    positions : sequence of int or Hit
        Anything with a ``position`` counts as a hit.
    n_texts : int, optional
        How many texts there are to point at.
    what : str
        What the positions are, for the error.

    Examples
    --------
    >>> check_positions([4, 0], n_texts=5)
    [4, 0]
    """
    if isinstance(positions, str) or hasattr(positions, "position") or not isinstance(positions, Iterable):
        raise InputError(f"{what} should hold positions or hits, and this is {positions!r}: put it into a list.")
    found = [check_position(getattr(hit, "position", hit), n_texts) for hit in positions]
    if len(set(found)) < len(found):
        twice = next(position for position in found if found.count(position) > 1)
        raise InputError(f"{what} holds text {twice} twice: give each position once.")
    return found


def check_rankings(rankings: Iterable[Sequence]) -> list[Sequence]:
    """Return several rankings as a list, if each of them is a list and not a single position or hit.

    Examples
    --------
    >>> check_rankings([[4, 7], [7, 9]])
    [[4, 7], [7, 9]]
    """
    found = list(rankings) if isinstance(rankings, Iterable) and not isinstance(rankings, str) else [rankings]
    for ranking in found:
        ordered = isinstance(ranking, Iterable) and hasattr(ranking, "__len__") and not hasattr(ranking, "position")
        if not ordered or isinstance(ranking, str | Mapping | Set):
            raise InputError(
                f"Each ranking is a list of positions or hits, and {ranking!r} is none: "
                "put a single ranking into square brackets."
            )
    return found


def check_grades(relevant: Collection[int] | Mapping[int, float]) -> dict[int, float]:
    """Return the grade of each text that answers a question; grade 0 says that a text does not, so it is left out.

    Parameters
    ----------
    relevant : set of int, or mapping of int to float
        The positions of the texts that answer, each with grade 1; or grades from 0, the higher the better.

    Examples
    --------
    >>> check_grades({7}), check_grades({7: 2, 3: 0, 5: 1})
    ({7: 1.0}, {7: 2.0, 5: 1.0})
    """
    positions = check_positions(relevant, what="The list of what is relevant")
    grades = relevant.values() if isinstance(relevant, Mapping) else [1] * len(positions)
    graded = zip(positions, [check_number("A grade", grade, least=0) for grade in grades], strict=True)
    return {position: grade for position, grade in graded if grade > 0}


def check_ids(ids: ArrayLike, n_vocabulary: int | None = None) -> np.ndarray:
    """Return token ids as int64 in the shape they came in, if they are whole numbers that a vocabulary has.

    Parameters
    ----------
    ids : array_like
        A sequence, array or tensor of any shape.
    n_vocabulary : int, optional
        How many tokens there are, counted from 0; if left out, any id from 0 will do.

    Examples
    --------
    >>> check_ids([3, 0], n_vocabulary=5)
    array([3, 0])
    """
    import numpy as np

    if isinstance(ids, str | bytes):
        raise InputError("Token ids are whole numbers, and this is text: pass tokenizer.encode(text).")
    try:
        found = np.asarray(ids)
    except ValueError:  # lists of different lengths
        raise InputError("Token ids in rows need rows of one length.") from None
    if found.size and found.dtype.kind not in "iu":
        raise InputError(f"Token ids are whole numbers{describe(ids)}: pass tokenizer.encode(text).")
    least, most = (found.min(), found.max()) if found.size else (0, 0)
    if least < 0 or (n_vocabulary is not None and most >= n_vocabulary):
        reach = "from 0" if n_vocabulary is None else f"from 0 to {n_vocabulary - 1}"
        raise InputError(f"Token ids go {reach}, and {least if least < 0 else most} is among these.")
    return found.astype(np.int64, copy=False)


def check_floats(name: str, numbers: ArrayLike) -> np.ndarray:
    """Return numbers as an array of floats: floats keep their precision, whole numbers become float64.

    Arithmetic with whole numbers would wrap around (uint8) or cut off decimals, without a word.

    Examples
    --------
    >>> check_floats("x", [1, 2])
    array([1., 2.])
    """
    import numpy as np

    try:
        found = np.asarray(numbers)
    except ValueError:  # lists of different lengths
        raise InputError(f"{name} in rows need rows of one length.") from None
    if found.dtype.kind not in "fiub":
        raise InputError(f"{name} must be an array of real numbers, and this is of type {found.dtype}.")
    return found if found.dtype.kind == "f" else found.astype(np.float64)


def check_logits(logits: ArrayLike) -> np.ndarray:
    """Return the logits of one position as floats; minus infinity is fine as long as one of them is finite.

    Examples
    --------
    >>> check_logits([1, 0, -1])
    array([ 1.,  0., -1.])
    """
    import numpy as np

    found = check_floats("logits", logits)
    if found.ndim != 1 or not found.size:
        raise InputError(
            f"logits must be one row, a score for each token of the vocabulary, and their shape is {found.shape}: "
            "logits[-1] are those after the last position."
        )
    if not np.isfinite(found.max()):  # NaN spreads into the maximum
        raise InputError("logits must be numbers below infinity and one of them finite, and these hold NaN or others.")
    return found


def describe(value: object) -> str:
    """Say in half a sentence what was handed over, for the end of an error."""
    kind = f"{value.dtype} of shape {value.shape}" if hasattr(value, "dtype") else type(value).__name__
    return f", and this is {kind}"
