"""The emoji of the course: 1,644 pictures with their names in three languages, all shipped as two files.

The pictures are OpenMoji's (https://openmoji.org, CC BY-SA 4.0), the names Unicode's as emojibase-data has them (MIT).
``training/render_emoji.py`` made the files; flags and components, such as skin tones, are left out.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.common import DATA
from course_utils.common.checks import check_position, check_whole
from course_utils.common.errors import InputError

SHEET, NAMES = DATA / "emoji/pictures.webp", DATA / "emoji/names.json"
COLUMNS, SIZE = 41, 72  # pictures in a row of the sheet, and pixels in a row of a picture
HELD_OUT = 8  # one name in so many
WHO = {"man", "woman", "person", "men", "women", "people", "boy", "girl"}


@dataclass(frozen=True)
class Emoji:
    """One emoji: its character, its names in English, French and Korean, its keywords, and where Unicode puts it."""

    emoji: str
    code: str
    group: str
    subgroup: str
    tags: tuple[str, ...]
    en: str
    fr: str
    ko: str


@functools.cache
def load_emoji() -> tuple[Emoji, ...]:
    """Return all emoji in Unicode's order.

    Examples
    --------
    >>> emoji = load_emoji()
    >>> len(emoji), emoji[0].en, emoji[0].fr
    (1644, 'grinning face', 'visage rieur')
    """
    return tuple(
        Emoji(**{**each, "tags": tuple(each["tags"])}) for each in json.loads(NAMES.read_text(encoding="utf-8"))
    )


@functools.cache
def emoji_pictures() -> np.ndarray:
    """Return the pictures, ``(1644, 72, 72, 3)`` numbers from 0 to 255: rows, columns, and red, green, blue.

    Examples
    --------
    >>> pictures = emoji_pictures()
    >>> pictures.shape, pictures.dtype, pictures[0, 0, 0].tolist()
    ((1644, 72, 72, 3), dtype('uint8'), [255, 255, 255])
    """
    from PIL import Image

    with Image.open(SHEET) as file:
        sheet = np.asarray(file.convert("RGB"))
    tiles = sheet.reshape(-1, SIZE, COLUMNS, SIZE, 3).swapaxes(1, 2).reshape(-1, SIZE, SIZE, 3)
    pictures = np.ascontiguousarray(tiles[: len(load_emoji())])
    pictures.flags.writeable = False  # everybody gets the same array
    return pictures


def find_emoji(wanted: str) -> int:
    """Return the place of an emoji, by its character or its English name.

    Raises
    ------
    InputError
        If there is none; the message says which names are near.

    Examples
    --------
    >>> find_emoji("grinning face"), find_emoji("😀")
    (0, 0)
    """
    if not isinstance(wanted, str) or not wanted.strip():
        raise InputError("Which emoji? Give its character or its English name, such as 'dog face'.")
    known = _places()
    key = _plain(wanted)
    if key in known:
        return known[key]
    near = [emoji.en for emoji in load_emoji() if set(key.split()) & set(emoji.en.lower().split())][:5]
    remedy = f"names with one of its words are {', '.join(near)}" if near else "flags and skin tones are left out"
    raise InputError(f"There is no emoji {wanted!r:.60}: {remedy}.")


def held_out(names: Sequence[str]) -> np.ndarray:
    """Tell which names are kept aside for testing: one in eight, by a hash, the same on every computer.

    The hash is that of `subject`, so that *man farmer*, *woman farmer* and *farmer*, which are drawn nearly alike, are
    all kept aside or none of them is.

    Examples
    --------
    >>> held_out(["fox", "man running", "woman running", "pizza"])
    array([ True,  True,  True, False])
    """
    if isinstance(names, str):
        raise InputError("held_out takes a list of names: write held_out([name]) for a single one.")
    hashes = [int(hashlib.sha256(subject(name).encode("utf-8")).hexdigest(), 16) for name in names]
    return np.array([number % HELD_OUT == 0 for number in hashes], dtype=bool)


def subject(name: str) -> str:
    """Return what an emoji is about: its name without who does it, and without what comes after a colon.

    Examples
    --------
    >>> subject("woman farmer"), subject("man running: facing right"), subject("person: bald"), subject("kiwi fruit")
    ('farmer', 'running', 'bald', 'kiwi fruit')
    """
    parts = [" ".join(word for word in part.split() if word.strip(",") not in WHO) for part in name.split(":")]
    return next((part for part in parts if part), name)


def leakage_splits(
    subjects: np.ndarray, rng: np.random.Generator, n_several: int = 40, n_single: int = 138
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw a test of one picture for each of some subjects, and two trainings as large: with their copies and without.

    Parameters
    ----------
    subjects : ndarray of str, shape (n_pictures,)
        The subject of each picture.
    rng : numpy.random.Generator
        Draws subjects and pictures.
    n_several, n_single : int
        How many subjects of the test have several pictures, and how many only one.

    Returns
    -------
    test, leaky, clean : ndarrays of int
        Places of pictures. In the test those of the subjects with several pictures come first. ``leaky`` holds the
        other pictures of these subjects, in place of as many others that ``clean`` holds.

    Examples
    --------
    >>> subjects = np.array(["farmer", "farmer", "fox", "owl", "pizza"])
    >>> test, leaky, clean = leakage_splits(subjects, np.random.default_rng(1), 1, 1)
    >>> [" and ".join(sorted(subjects[places])) for places in (test, leaky, clean)]
    ['farmer and fox', 'farmer and owl', 'owl and pizza']
    """
    times = Counter(subjects.tolist())
    several, single = ([name for name, n in times.items() if (n > 1) is many] for many in (True, False))
    check_whole("n_several", n_several, 0, len(several))
    check_whole("n_single", n_single, 0, len(single))
    chosen = [*rng.permutation(several)[:n_several], *rng.permutation(single)[:n_single]]
    test = np.array([rng.choice(np.flatnonzero(subjects == each)) for each in chosen], dtype=int)
    copies = np.setdiff1d(np.flatnonzero(np.isin(subjects, chosen)), test)
    clean = np.setdiff1d(np.arange(len(subjects)), [*test, *copies])
    return test, np.concatenate([copies, rng.permutation(clean)[len(copies) :]]), clean


def new_keywords(places: Sequence[int]) -> tuple[list[int], list[str], np.ndarray]:
    """Return for emoji their first keyword that is not a part of the name, and which of all these emoji have it.

    Returns
    -------
    rows : list of int
        Which of the places have such a keyword, counted from 0.
    texts : list of str
        The keywords.
    has : ndarray of bool, shape (n_texts, n_places)
        Whether the keyword of row i is one of the emoji at place j.

    Examples
    --------
    >>> rows, texts, has = new_keywords([find_emoji("grinning face"), find_emoji("fox")])
    >>> rows, texts, has.tolist()
    ([0, 1], ['cheerful', 'animal'], [[True, False], [False, True]])
    """
    each = [load_emoji()[place] for place in places]
    new = [[tag for tag in emoji.tags if tag not in emoji.en.lower()] for emoji in each]
    rows = [row for row, tags in enumerate(new) if tags]
    texts = [new[row][0] for row in rows]
    has = [[text in emoji.tags for emoji in each] for text in texts]
    return rows, texts, np.array(has, dtype=bool).reshape(len(texts), len(each))


def groups_and_kinds() -> tuple[list[str], np.ndarray, list[str], np.ndarray]:
    """Return the eight groups of the emoji and their kinds, as words.

    Returns
    -------
    groups, group_of : list of str and ndarray of int, shape (n_emoji,)
        The names of the groups, and the group of each emoji, as its place among them.
    kinds, owner : list of str and ndarray of int, shape (n_kinds,)
        The names of the kinds, and the group that each belongs to.

    Examples
    --------
    >>> groups, group_of, kinds, owner = groups_and_kinds()
    >>> groups[group_of[find_emoji("pizza")]], [kind for kind, n in zip(kinds, owner) if n == group_of[-1]][:2]
    ('food and drink', ['alphanum', 'arrow'])
    """
    named = [(each.group.replace("-", " and "), each.subgroup.replace("-", " ")) for each in load_emoji()]
    groups = sorted({group for group, _ in named})
    pairs = sorted({(kind, groups.index(group)) for group, kind in named})
    group_of = np.array([groups.index(group) for group, _ in named])
    return groups, group_of, [kind for kind, _ in pairs], np.array([owner for _, owner in pairs])


def mosaic(positions: Sequence[int], columns: int = 10, gap: int = 6) -> np.ndarray:
    """Lay emoji out as one picture, row by row, with white between them.

    Examples
    --------
    >>> mosaic([0, 1, 2], columns=2, gap=0).shape
    (144, 144, 3)
    """
    places = [check_position(place, len(load_emoji())) for place in positions]
    columns = check_whole("columns", columns, 1)
    if not places:
        raise InputError("There is no emoji to draw: give at least one position.")
    side = SIZE + gap
    page = np.full((-(-len(places) // columns) * side, min(columns, len(places)) * side, 3), 255, dtype=np.uint8)
    for number, place in enumerate(places):
        row, column = divmod(number, columns)
        spot = np.s_[row * side + gap // 2 :, column * side + gap // 2 :]
        page[spot][:SIZE, :SIZE] = emoji_pictures()[place]
    return page


@functools.cache
def _places() -> dict[str, int]:
    listed = load_emoji()
    names = {_plain(emoji.en): place for place, emoji in enumerate(listed)}
    return names | {_plain(emoji.emoji): place for place, emoji in enumerate(listed)}


def _plain(text: str) -> str:
    """Leave out case, spaces around, and the mark that asks for a coloured picture."""
    return text.strip().lower().replace("\ufe0f", "")
