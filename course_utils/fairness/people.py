"""Two tables about people: the Adult census of 1994, and court records with a score for the risk of a new arrest."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass

import numpy as np

from course_utils.architectures.data import ADULT, NUMBERS, read_adult
from course_utils.common import assets

LEFT_OUT = ("weight", "education", "income")  # a weight of the sample, the level in words, and the answer
COLUMNS = tuple(column for column in ADULT if column not in LEFT_OUT)
N_TRAIN, N_TEST, N_CHOOSE = 12_000, 8_000, 6_000


@dataclass(frozen=True)
class People:
    """Rows of a table about people and what is to be told of each.

    Parameters
    ----------
    x : ndarray of float, shape (n, n_columns)
        A row for each person; a word is the place of its value in ``values``.
    y : ndarray of bool, shape (n,)
        Whether the income was above 50,000 dollars.
    values : dict of str to tuple of str
        The values of each column of words, in alphabetical order.
    """

    x: np.ndarray
    y: np.ndarray
    values: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.y)

    @property
    def sex(self) -> np.ndarray:
        """The census's word for each person's sex, ``"Female"`` or ``"Male"``: ``(n,)``."""
        return np.array(self.values["sex"])[self.x[:, COLUMNS.index("sex")].astype(int)]

    def described(self, row: int) -> dict[str, str]:
        """Return the columns of one person in words."""
        pairs = zip(COLUMNS, self.x[row], strict=True)
        return {c: self.values[c][int(v)] if c in self.values else f"{v:.0f}" for c, v in pairs}


def load_adult() -> tuple[People, People, People]:
    """Load the Adult census in a fixed random order: 12,000 people to train, 8,000 to test, and 6,000 to choose.

    Examples
    --------
    >>> train, test, choose = load_adult()
    >>> train.x.shape, len(test), len(choose)
    ((12000, 12), 8000, 6000)
    """
    rows = read_adult("adult.data") + read_adult("adult.test")
    order = np.random.default_rng(0).permutation(len(rows))[: N_TRAIN + N_TEST + N_CHOOSE]
    table = dict(zip(ADULT, zip(*(rows[row] for row in order), strict=True), strict=True))
    values = {column: tuple(sorted(set(table[column]))) for column in COLUMNS if column not in NUMBERS}
    x = np.array([_numbers(table[column], values.get(column)) for column in COLUMNS]).T
    y = np.array(table["income"]) == ">50K"
    ends = np.cumsum([0, N_TRAIN, N_TEST, N_CHOOSE])
    return tuple(People(x[a:b], y[a:b], values) for a, b in itertools.pairwise(ends))


def _numbers(column: tuple[str, ...], values: tuple[str, ...] | None) -> list[float]:
    if values is None:
        return [float(value) for value in column]
    place = {value: float(n) for n, value in enumerate(values)}
    return [place[value] for value in column]


@dataclass(frozen=True)
class Court:
    """People with a score: the file's own words for groups, scores from 1 to 10, and what happened in two years.

    ``race`` holds strings, ``score`` whole numbers; ``flagged`` says whether the score's text is *Medium* or *High*,
    ``arrested`` whether a new arrest is on record. Each has shape ``(n,)``.
    """

    race: np.ndarray
    score: np.ndarray
    flagged: np.ndarray
    arrested: np.ndarray


def load_compas() -> Court:
    """Load ProPublica's table of COMPAS scores, filtered as in its analysis; names and birth dates are not read.

    Kept are scores given within 30 days of the arrest, for charges that can lead to jail.

    Notes
    -----
    Larson, Mattu, Kirchner and Angwin, *How We Analyzed the COMPAS Recidivism Algorithm* (2016).

    Examples
    --------
    >>> court = load_compas()
    >>> len(court.race), int((court.race == "Caucasian").sum())
    (6172, 2103)
    """
    with assets.compas_path().open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if _is_kept(row)]
    return Court(
        np.array([row["race"] for row in rows]),
        np.array([int(row["decile_score"]) for row in rows]),
        np.array([row["score_text"] != "Low" for row in rows]),
        np.array([row["two_year_recid"] == "1" for row in rows]),
    )


def _is_kept(row: dict[str, str]) -> bool:
    days = row["days_b_screening_arrest"]
    near = bool(days) and abs(int(days)) <= 30
    return near and row["is_recid"] != "-1" and row["c_charge_degree"] != "O" and row["score_text"] != "N/A"
