"""Four kinds of data, each as a task with the same parts: rows of a table, pictures, days of a time series, texts."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, replace

import numpy as np

from course_utils.common import assets
from course_utils.common.checks import check_whole
from course_utils.common.errors import InputError
from course_utils.corpus import NO_TOPIC, load_wikipedia
from course_utils.words import words

ADULT = ("age", "workclass", "weight", "education", "education level", "marital status", "occupation")
ADULT += ("relationship", "race", "sex", "capital gain", "capital loss", "hours a week", "country", "income")
NUMBERS = ("age", "weight", "education level", "capital gain", "capital loss", "hours a week")
WORDS = tuple(column for column in ADULT[:-1] if column not in NUMBERS)
MARGIN = 2  # empty pixels around a digit, so that it can move
N_VOCABULARY, UNKNOWN = 2000, 0
TEXT_LENGTH = 24  # words; no summary is shorter
TICKET_BITS, N_TICKETS = 8, 256
COATS = ("red", "orange", "yellow", "green", "blue", "violet", "black", "white")
RECALL_PAIRS = (4, 8, 16)


@dataclass(frozen=True)
class Task:
    """Examples and their classes, in a pool to learn from and a test set, and the form that networks need to know.

    Parameters
    ----------
    name : str
        The kind of data.
    pool, test : tuple of ndarray
        Inputs and classes ``(x, y)``: x is ``(n, n_tokens, n_numbers)``, or ``(n, n_tokens)`` where the entry of the
        networks makes the numbers; y is ``(n,)``.
    classes : tuple of str
        The names of the classes.
    n_tokens, n_numbers : int
        The shape of an example behind the entry.
    n_train : int
        How many of the pool train; the others choose learning rates.
    n_choose : int
        How many of these others choose, or 0 for all.
    n_words : int
        Values that the entry looks up, or 0.
    columns_of_words : int
        How many columns of a table, the first ones, hold such values.
    picture : bool
        Whether neighbours are in two directions.
    """

    name: str
    pool: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]
    classes: tuple[str, ...]
    n_tokens: int
    n_numbers: int
    n_train: int
    n_words: int = 0
    columns_of_words: int = 0
    picture: bool = False
    n_choose: int = 0

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.classes)

    def split(self, seed: int) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
        """Draw which examples of the pool train and which choose: ``(x, y)`` of the one and of the other."""
        x, y = self.pool
        order = np.random.default_rng(check_whole("seed", seed, 0)).permutation(len(y))
        return tuple((x[part], y[part]) for part in (order[: self.n_train], order[-self.n_choose or self.n_train :]))


def load_table(n_train: int = 4000, n_choose: int = 1000, n_test: int = 2000) -> Task:
    """Load rows of the Adult census of 1994, to tell who earned more than 50,000 dollars a year.

    Each example has 14 columns: first the eight of words, as whole numbers that count all values of all columns, then
    the six of numbers, scaled to mean 0 and spread 1 after the logarithm of the two capital columns.
    """
    rows = read_adult("adult.data") + read_adult("adult.test")
    order = np.random.default_rng(0).permutation(len(rows))[: n_train + n_choose + n_test]
    columns = dict(zip(ADULT, zip(*(rows[row] for row in order), strict=True), strict=True))
    values = {pair: code for code, pair in enumerate(sorted({(c, v) for c in WORDS for v in columns[c]}))}
    parts = [[values[column, value] for value in columns[column]] for column in WORDS]
    numbers = np.array([columns[column] for column in NUMBERS], dtype=float)
    numbers[3:5] = np.log1p(numbers[3:5])
    n = n_train + n_choose
    numbers -= numbers[:, :n].mean(axis=1, keepdims=True)
    numbers /= numbers[:, :n].std(axis=1, keepdims=True)
    x, y = np.concatenate([np.array(parts), numbers]).T.astype(np.float32), np.array(columns["income"]) == ">50K"
    form = {"n_tokens": 14, "n_numbers": 8, "n_words": len(values), "columns_of_words": len(WORDS)}
    return _task("table", x, y.astype(int), n, n_train, ("up to 50,000", "more"), **form)


def load_pictures(n_train: int = 900, n_choose: int = 300) -> Task:
    """Load scikit-learn's handwritten digits, 8 × 8 pixels from 0 to 1, in the middle of 12 × 12."""
    from sklearn.datasets import load_digits

    pictures, digits = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(digits))
    x = np.pad(pictures[order].reshape(-1, 8, 8) / 16, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN)))
    side, names = 8 + 2 * MARGIN, tuple(map(str, range(10)))
    form = {"n_tokens": side, "n_numbers": side, "picture": True}
    return _task("pictures", x.astype(np.float32), digits[order], n_train + n_choose, n_train, names, **form)


def load_series(n_train: int = 67, n_choose: int = 200) -> Task:
    """Load days of Italian electricity demand, hour by hour, to tell the winter half of the year from the summer half.

    Each day has mean 0 and spread 1. The archive trains on 67 days and tests on 1,029; we move 200 of the latter to the
    pool, to choose settings.
    """
    lines = [*_read_days("TRAIN"), *_read_days("TEST")]
    days, labels = zip(*(line.rsplit(":", 1) for line in lines), strict=True)
    x = np.array([np.array(day.split(","), dtype=np.float32) for day in days])[:, :, None]
    y = np.array(labels, dtype=int) - 1
    form = {"n_tokens": 24, "n_numbers": 1}
    return _task("time series", x, y, n_train + n_choose, n_train, ("October to March", "April to September"), **form)


def load_topics(n_train: int = 5000, n_choose: int = 1000, n_test: int = 2000, *, n_words: int = TEXT_LENGTH) -> Task:
    """Load the first words of Wikipedia's summaries as ids of the 2,000 most frequent words, to tell 11 topics.

    A rarer word has the id 0. With ``n_words`` beyond 24, the test has only articles of that length (InputError where
    there are none); the vocabulary and the pool's articles stay.
    """
    articles = load_wikipedia()
    read = [words(text) for text in articles["text"]]
    topics = np.array(articles["topic"])
    order = np.random.default_rng(0).permutation(np.flatnonzero(topics != NO_TOPIC))
    known = [place for place in order if len(read[place]) >= TEXT_LENGTH]
    n = n_train + n_choose
    counts = Counter(word for place in known[:n] for word in read[place][:TEXT_LENGTH])
    ids = {word: id_ for id_, (word, _) in enumerate(counts.most_common(N_VOCABULARY), 1)}
    kept = known[:n] + [place for place in known[n:] if len(read[place]) >= n_words][:n_test]
    if len(kept) == n:
        raise InputError(f"No article for the test has {n_words} words: ask for fewer.")
    names = tuple(sorted(set(topics[known].tolist())))
    rows = [[ids.get(word, UNKNOWN) for word in read[place][:n_words]] for place in kept]
    x = np.array([row + [UNKNOWN] * (n_words - len(row)) for row in rows])
    y = np.array([names.index(topics[place]) for place in kept])
    form = {"n_tokens": TEXT_LENGTH, "n_numbers": 16, "n_words": N_VOCABULARY + 1}
    task = _task("text", x, y, n, n_train, names, **form)
    return replace(task, pool=(task.pool[0][:, :TEXT_LENGTH], task.pool[1]))


def load_recall(n_pairs: int, n_train: int = 50_000, n_choose: int = 1000, n_test: int = 2000) -> Task:
    """Make cloakrooms: tickets and the colours of their coats, then one ticket alone, to tell the colour of its coat.

    A token is a ticket's number in binary digits, as 8 times -1 or 1, and eight places for the colour, of which one
    is 1; in the last token, the question, all of these are 0. Tickets and colours are drawn anew for each example.

    Examples
    --------
    >>> task = load_recall(2, n_train=3, n_choose=1, n_test=1)
    >>> x, y = task.test
    >>> x.shape, bool(x[0, 2, 8:].any())  # two coats and the question, which has no colour
    ((1, 3, 16), False)
    """
    if check_whole("n_pairs", n_pairs, 1) > N_TICKETS:
        raise InputError(f"There are {N_TICKETS} tickets: n_pairs can be at most {N_TICKETS}.")
    rng, n = np.random.default_rng(n_pairs), n_train + n_choose + n_test
    tickets = rng.permuted(np.tile(np.arange(N_TICKETS, dtype=np.uint8), (n, 1)), axis=1)[:, :n_pairs]
    coats, asked = rng.integers(len(COATS), size=(n, n_pairs)), rng.integers(n_pairs, size=n)
    x = np.zeros((n, n_pairs + 1, TICKET_BITS + len(COATS)), dtype=np.float32)
    x[:, :-1, :TICKET_BITS] = 2.0 * np.unpackbits(tickets[:, :, None], axis=2) - 1
    x[:, :-1, TICKET_BITS:] = np.eye(len(COATS))[coats]
    x[:, -1, :TICKET_BITS] = x[np.arange(n), asked, :TICKET_BITS]
    form = {"n_tokens": n_pairs + 1, "n_numbers": x.shape[2]}
    y = coats[np.arange(n), asked]
    return _task(f"recall of {n_pairs}", x, y, n_train + n_choose, n_train, COATS, **form)


def enlarge(task: Task, pixels: int) -> Task:
    """Put more empty pixels around every picture of a task."""
    space = ((0, 0), (pixels, pixels), (pixels, pixels))
    (pool, pool_y), (test, test_y) = task.pool, task.test
    pool, test = np.pad(pool, space), np.pad(test, space)
    side = task.n_tokens + 2 * pixels
    return replace(task, pool=(pool, pool_y), test=(test, test_y), n_tokens=side, n_numbers=side)


LOADERS = {"table": load_table, "pictures": load_pictures, "time series": load_series, "text": load_topics}


def _task(name: str, x: np.ndarray, y: np.ndarray, n: int, n_train: int, classes: tuple[str, ...], **form) -> Task:
    if not 0 < check_whole("n_train", n_train, 1) < n < len(y):
        raise InputError(
            f"There are {len(y)} examples, too few for {n_train} that train, others that choose, and a test."
        )
    return Task(name, (x[:n], y[:n]), (x[n:], y[n:]), classes, n_train=n_train, **form)


def read_adult(name: str) -> list[list[str]]:
    """Return the rows of a file of the census, ``"adult.data"`` or ``"adult.test"``: a text for each of `ADULT`."""
    with assets.adult_path(name).open(encoding="utf-8", newline="") as file:
        rows = [[value.strip().rstrip(".") for value in row] for row in csv.reader(file)]
    return [row for row in rows if len(row) == len(ADULT)]


def _read_days(name: str) -> list[str]:
    lines = assets.italy_power_path(name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and line[0] not in "#@"]
