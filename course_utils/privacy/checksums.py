"""Checksums that tell a number of a known kind from any other number of that length."""

from __future__ import annotations

import re

from course_utils.common.errors import InputError

WEIGHTS = (7, 3, 1)  # of the digits of a travel document, over and over


def luhn_sum(number: str) -> int:
    """Return the sum of a number's digits, every second one from the right doubled, less 9 where that exceeds 9.

    Spaces and hyphens are skipped. A card's number has a sum that ends in 0 (Luhn, 1960).

    Examples
    --------
    >>> luhn_sum("4111 1111 1111 1111")
    30
    """
    digits = [int(digit) for digit in _only(number, r"\d+", "digits")][::-1]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return sum(digits[::2]) + sum(doubled)


def is_card(number: str) -> bool:
    """Tell whether a number has the length and the checksum of a card's.

    Examples
    --------
    >>> is_card("4111 1111 1111 1111"), is_card("4111 1111 1111 1112")
    (True, False)
    """
    return 13 <= len(re.sub(r"\D", "", number)) <= 19 and luhn_sum(number) % 10 == 0


def iban_remainder(number: str) -> int:
    """Return what is left of an account number after division by 97: four letters go to the end, A is 10 to Z is 35.

    That of a valid IBAN (ISO 13616) is 1.

    Examples
    --------
    >>> iban_remainder("GB82 WEST 1234 5698 7654 32")
    1
    """
    plain = _only(number, r"[A-Z0-9]{5,34}", "capital letters and digits, 5 to 34 of them")
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97


def check_digits_of_iban(country: str, rest: str) -> str:
    """Return the two digits that make an account number valid.

    Examples
    --------
    >>> check_digits_of_iban("GB", "WEST12345698765432")
    '82'
    """
    return f"{98 - iban_remainder(f'{country}00{rest}'):02}"


def passport_digit(number: str) -> int:
    """Return the check digit of a travel document: digits and letters (A is 10) times 7, 3, 1, 7 ..., modulo 10.

    Examples
    --------
    >>> passport_digit("L898902C3")  # the specimen of ICAO's document 9303
    6
    """
    plain = _only(number, r"[A-Z0-9]+", "capital letters and digits")
    return sum(int(letter, 36) * WEIGHTS[place % 3] for place, letter in enumerate(plain)) % 10


def _only(number: str, allowed: str, what: str) -> str:
    plain = re.sub(r"[ -]", "", number) if isinstance(number, str) else ""
    if not re.fullmatch(allowed, plain, re.ASCII):
        raise InputError(f"The number must be a text of {what}, and {number!r:.60} is not.")
    return plain
