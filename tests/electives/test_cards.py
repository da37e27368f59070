"""What the cards say of the data of electives, counted in the data."""

from __future__ import annotations

import re

from course_utils.common import assets
from course_utils.tools.reference import cards


def test_the_card_of_the_census_counts_people_unknowns_and_copies_rightly():
    words = " ".join(cards.read()["adult"].split())
    rows = [line.split(", ") for line in assets.adult_path().read_text(encoding="utf-8").split("\n") if line]
    unknown, copies = sum("?" in row for row in rows), len(rows) - len(set(map(tuple, rows)))
    assert all(f"{number:,} " in words for number in (len(rows), unknown, copies))
    assert "two thirds of the people are men" in words
    assert 0.65 < sum("Male" in row for row in rows) / len(rows) < 0.68


def test_the_card_of_the_days_of_electricity_counts_them_rightly():
    words = cards.read()["italy-power"]
    for part in ("TRAIN", "TEST"):
        text = assets.italy_power_path(part).read_text(encoding="utf-8")
        assert f"{len(re.findall(r'^-?[0-9].*:[12]$', text, re.MULTILINE)):,} " in words
