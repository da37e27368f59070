"""Made-up messages with personal data whose places are known, and look-alikes that are none.

No name, number or address here is a real person's. Cards begin with 9999, which the large networks do not use; bank
accounts have the country code QX, which no country may have (ISO 3166 leaves it to users); mail goes to example.org,
which is reserved for documentation (RFC 2606); the travel documents are those of a country of ours, Q.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np

from course_utils.common.checks import check_whole
from course_utils.privacy.checksums import check_digits_of_iban, luhn_sum, passport_digit

KINDS = ("bank account", "card", "passport", "mail", "address", "name")
LISTED = ("Anna", "Ben", "Clara", "David", "Emma", "Felix", "Grace", "Hope", "Lukas", "Mark", "Nora", "Rose", "Victor")
UNLISTED = ("Quillo", "Tavrin", "Ysmera", "Zephane", "Oridel", "Brenwy", "Kestine", "Maruvel", "Joliath", "Dwynn")
LAST = ("Harbold", "Meyerin", "Quenn", "Rastow", "Silvane", "Torvald", "Umbrecht", "Vintry", "Wexmoor", "Yarrick")
STREETS = ("Copper Lane", "Heron Street", "Linden Road", "Mill Street", "Orchard Lane", "Station Road")
WITH_DATA = (
    "{name} paid with the card {card}.",
    "Please send the parcel for {name} to {address}.",
    "The refund of order {order} goes to {iban}.",
    "{name} travels with the document {passport}.",
    "Write to {mail} if the parcel to {address} is late.",
    "Card {card} was declined, so {name} used {iban}.",
    "We have seen the passport {passport} and the card {card}.",
    "{name} moved, and now lives at {address}.",
    "Yesterday {name} asked us to answer to {mail}.",
    "The rent is paid from {iban} by {name}.",
)
WITHOUT_DATA = (
    "Order {order} was packed on Monday.",
    "The {thing} is sold out, and comes back in May.",
    "Part {part} fits the older machine.",
    "Ticket {ticket} was printed twice.",
    "{twelve} is the film of the week.",
    "Follow us at @{handle} for news of the shop.",
    "{thing} and {thing} are half price today.",
    "The meeting on {thing} begins at nine.",
    "Batch {order} has passed the test in New Harbour.",
    "See chapter 12 Road Signs of the manual, part {part}.",
)
THINGS = ("Rose Tea", "Grace Period", "Mark Down", "Hope Valley", "Victor Prize", "Winter Coat", "Green Paper")
FILMS = ("12 Quiet Street", "7 Summers", "The Long Road")


class Span(NamedTuple):
    """A piece of a text and what it is: ``text[start:end]`` is of the kind ``kind``."""

    kind: str
    start: int
    end: int


class Message(NamedTuple):
    """A text, and where its personal data are."""

    text: str
    spans: tuple[Span, ...]


def make_messages(n: int = 200, seed: int = 0) -> list[Message]:
    """Write ``n`` messages, about six in ten with personal data; the same ones for the same seed.

    Examples
    --------
    >>> first = make_messages(1, seed=3)[0]
    >>> first.text
    'Please send the parcel for Ysmera Wexmoor to 58 Copper Lane.'
    >>> [first.text[span.start : span.end] for span in first.spans]
    ['Ysmera Wexmoor', '58 Copper Lane']
    """
    rng = np.random.default_rng(check_whole("seed", seed, 0))
    return [_message(rng) for _ in range(check_whole("n", n, 1))]


def _message(rng: np.random.Generator) -> Message:
    template = str(rng.choice(WITH_DATA if rng.random() < 0.6 else WITHOUT_DATA))
    text, spans, kinds = "", [], {"iban": "bank account"}
    for before, field in re.findall(r"([^{]*)(?:\{(\w+)\})?", template):
        text += before
        if field:
            value = MAKERS[field](rng)
            if (kind := kinds.get(field, field)) in KINDS:
                spans.append(Span(kind, len(text), len(text) + len(value)))
            text += value
    return Message(text, tuple(spans))


def _name(rng: np.random.Generator) -> str:
    return f"{rng.choice(LISTED if rng.random() < 0.6 else UNLISTED)} {rng.choice(LAST)}"


def _digits(rng: np.random.Generator, n: int) -> str:
    return "".join(map(str, rng.integers(10, size=n)))


def _card(rng: np.random.Generator) -> str:
    start = "9999" + _digits(rng, 11)
    number = start + str(-luhn_sum(start + "0") % 10)
    return " ".join(number[place : place + 4] for place in range(0, 16, 4)) if rng.random() < 0.5 else number


def _order(rng: np.random.Generator) -> str:
    """Return 16 digits, like a card's, whose checksum is right no more often than chance has it."""
    return _digits(rng, 16)


def _iban(rng: np.random.Generator) -> str:
    rest = _digits(rng, 16)
    number = f"QX{check_digits_of_iban('QX', rest)}{rest}"
    return " ".join(number[place : place + 4] for place in range(0, 20, 4)) if rng.random() < 0.5 else number


def _passport(rng: np.random.Generator) -> str:
    number = "Q" + "".join(rng.choice(list("ABCDEFGHJK"), 2)) + _digits(rng, 6)
    return number + str(passport_digit(number))


MAKERS = {
    "name": _name,
    "card": _card,
    "order": _order,
    "iban": _iban,
    "part": lambda rng: f"QX{_digits(rng, 18)}",
    "passport": _passport,
    "ticket": lambda rng: "Q" + "".join(rng.choice(list("ABCDEFGHJK"), 2)) + _digits(rng, 7),
    "mail": lambda rng: f"{rng.choice(LAST).lower()}{rng.integers(100)}@example.org",
    "address": lambda rng: f"{rng.integers(1, 99)} {rng.choice(STREETS)}",
    "handle": lambda rng: f"shop{rng.integers(100)}",
    "thing": lambda rng: str(rng.choice(THINGS)),
    "twelve": lambda rng: str(rng.choice(FILMS)),
}
