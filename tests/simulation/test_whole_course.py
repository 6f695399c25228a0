"""Whole courses: every visit of a series at one bed, with the days between, adds up to what the patient had."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from pumpd.core.units import NG_PER_MG
from pumpd.testing.nurse_budget import keeps_within
from pumpd.testing.processes import remove, short_folder
from pumpd.testing.treatment import Treatment, treatments
from pumpd.testing.whole_course import DAYS_BETWEEN, Day, days_between, opens_no_more, plays

UPPER_END_PERCENT: Final = 1  # a sum may say so much more than went in, and nothing less


@pytest.fixture
def folder() -> Iterator[Path]:
    made = short_folder()
    yield made
    remove(made)


def test_the_days_between_two_visits_are_those_of_the_catalogue() -> None:
    several = {each.id: each for each in treatments() if each.sessions > 1}
    assert set(DAYS_BETWEEN) == set(several), "give each course the days between its visits"
    for regimen, days in DAYS_BETWEEN.items():
        assert min(days) >= (several[regimen].apart_days or 1), regimen


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("regimen", list(DAYS_BETWEEN))
def test_a_course_adds_up_after_every_visit_and_the_last_one_closes_it(regimen: str, folder: Path) -> None:
    visits = Treatment.of(regimen, 1).regimen.sessions
    in_ng = 0
    played: list[Day] = []
    for day in plays(regimen, folder):
        played.append(day)
        keeps_within(day.tally)
        in_ng += day.displaced_ng
        course = day.course
        assert (course.visits, course.planned) == (day.number, visits)
        assert [each.number for each in course.attended] == list(range(1, day.number + 1))
        assert tuple(each.gap_days for each in course.attended[1:]) == days_between(regimen)[: day.number - 1]
        shown_ng = _ng(course.given_text)
        assert in_ng <= shown_ng <= in_ng * (100 + UPPER_END_PERCENT) // 100, course.given_text
    assert len(played) == visits
    refused = opens_no_more(regimen, folder, played[-1].course.series)
    assert refused == [*[["number_given"]] * visits, ["series_visits"]]


def _ng(text: str) -> int:
    number, unit = text.replace(",", "").split()
    assert unit == "mg", text
    return round(float(number) * NG_PER_MG)
