"""A course added up: how many visits it has had, how much drug, when, and what is due.

Own history is what this bed gave and what signed files brought (course.py); beside it stands what a prescriber attests.
For visits and for drug the larger of the two counts, each by itself, and whoever reads the sum reads what it rests on.
Drug is the upper end of what may be in, with what was flushed.

A number of the series counts once, however often it was begun: whoever comes back on the same day because a vein
failed finishes that visit and has no second one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from pumpd.core.course import Attended, CourseLog, Instrument, Prompt
from pumpd.core.order import Course
from pumpd.core.series import SeriesOrder
from pumpd.core.units import Towards, mass_ng
from pumpd.core.visit import Path, Visit

AFTER_DAYS: Final = (7, 28)  # after the last visit the outcome is asked again: our own proposal
ASKED_AGAIN_DAYS: Final = 90  # and the long run: our own proposal


class Rests(Enum):
    """What a sum rests on."""

    OWN = "own"
    ATTESTED = "attested"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    attended: tuple[Attended, ...]  # by day
    visits: int
    visits_rest_on: Rests
    given_ng: int
    given_rests_on: Rests


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """An outcome or a prompt, and since which day."""

    day: int
    instrument: Instrument | None = None
    prompt: Prompt | None = None


def given_ng(visit: Visit) -> int:
    """The most that this visit may have given of a drug that counts."""
    return sum(
        mass_ng(dose.given.high_nl, dose.concentration_ug_per_ml, Towards.UP)
        for dose in visit.doses
        if dose.is_sedating
    )


def attended(visit: Visit) -> Attended:
    return Attended(visit=visit.visit, number=visit.number, day=visit.opened_day, given_ng=given_ng(visit))


def attended_in(path: Path, series: str) -> tuple[Attended, ...]:
    """Every visit of this course in which something was given; what is known of a visit itself counts first.

    An amended order goes on with the course of the one that it replaces.
    """
    line = path.line_of(series)
    known = {each.visit: each for one in line for each in path.course(one).earlier}
    known |= {each.visit: attended(each) for each in path.visits if each.series in line}
    return tuple(sorted((each for each in known.values() if each.given_ng > 0), key=lambda each: each.day))


def tally(path: Path, series: str, *, but: int | None = None) -> Tally:
    """The course so far; without counting visit number `but` as one of its visits, since that is about to go on."""
    found = attended_in(path, series)
    said = [path.course(one).attested for one in path.line_of(series)]
    own_visits, own_ng = len({each.number for each in found} - {but}), sum(each.given_ng for each in found)
    said_visits = max((each.visits for each in said if each is not None), default=0)
    said_ng = max((each.given_ng for each in said if each is not None), default=0)
    return Tally(
        attended=found,
        visits=max(own_visits, said_visits),
        visits_rest_on=Rests.ATTESTED if said_visits > own_visits else Rests.OWN,
        given_ng=max(own_ng, said_ng),
        given_rests_on=Rests.ATTESTED if said_ng > own_ng else Rests.OWN,
    )


def course_for(path: Path, series: str, number: int) -> Course:
    """What the copy of the order for visit `number` takes along."""
    so_far = tally(path, series, but=number)
    return Course(visits=so_far.visits, given_ng=so_far.given_ng, settled=path.course(series).settled)


def last_before(path: Path, patient: str, today_day: int) -> tuple[SeriesOrder, int] | None:
    """The day of this patient's last visit with a drug before today, and the order that it was of."""
    theirs = [each for each in path.series if each.patient == patient]
    had = [(each, one.day) for each in theirs for one in attended_in(path, each.series) if one.day < today_day]
    return max(had, key=lambda each: each[1], default=None)


def due(path: Path, order: SeriesOrder, today_day: int) -> tuple[Due, ...]:
    """What should have been asked by today and was not: outcomes after the last visit, and the long run."""
    log, so_far = path.course(order.series), tally(path, order.series)
    if not so_far.attended:
        return ()
    first_day, last_day = so_far.attended[0].day, so_far.attended[-1].day
    used = [each for each in Instrument if any(outcome.instrument is each for outcome in log.outcomes)]
    found = [
        Due(day=last_day + days, instrument=each)
        for each in used
        for days in AFTER_DAYS
        if so_far.visits >= order.visits and not _asked_since(log, each, last_day + days)
    ]
    for prompt in Prompt:
        last = max((each.day for each in log.follow_ups if each.prompt is prompt), default=None)
        found.append(Due(day=first_day if last is None else last + ASKED_AGAIN_DAYS, prompt=prompt))
    return tuple(each for each in found if each.day <= today_day)


def _asked_since(log: CourseLog, instrument: Instrument, day: int) -> bool:
    return any(each.instrument is instrument and each.day >= day for each in log.outcomes)


def gaps(so_far: Tally) -> tuple[int, ...]:
    """Days between one visit and the next."""
    days = [each.day for each in so_far.attended]
    return tuple(later - earlier for earlier, later in pairwise(days))
