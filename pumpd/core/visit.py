"""A visit: one patient's session from check-in to discharge, as plain data that facts build up.

One visit at a time is at the bed. What follows the infusion, recovery and discharge, belongs to the visit and no
longer to the bed, so several may be recovering while the next patient is on; nothing of one is inherited by another.

A visit holds what has been established about it, each part None or empty until somebody did it. Which parts have to be
there before a start is not said here but in visit_gates.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from pumpd.core.care import NO_CARE, Care
from pumpd.core.check_in import Company, Identity, Item, ItemAnswer, Risk, Weighing
from pumpd.core.course import CourseLog
from pumpd.core.departure import Closing, Dose, Scored
from pumpd.core.holds import STANDARD_HOLDS, HoldParameters
from pumpd.core.order import Order
from pumpd.core.preparation import CheckField, Label, LineCheck, SecondCheck
from pumpd.core.prescribed import Given, Omitted
from pumpd.core.rise_proposed import ProposedRise
from pumpd.core.schedules import MH_40, Profile
from pumpd.core.series import SeriesOrder

VISITS_MAX: Final = 32  # open or lately closed: many times what one bed sees in a day
SERIES_MAX: Final = 256  # orders that this bed keeps


class Place(Enum):
    """Where a visit stands in the house."""

    AT_BED = "at_bed"
    RECOVERING = "recovering"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    visit: str  # opaque id
    series: str
    patient: str  # opaque key, as in the series order
    number: int  # which of the series, 1 is the first
    order: Order  # this visit's own copy: what it is judged by
    opened_at_ns: int
    opened_day: int  # local day number
    opened_by: str
    writer: str = ""  # who fills it in now
    place: Place = Place.AT_BED
    identity: Identity | None = None
    answers: tuple[ItemAnswer, ...] = ()
    weighed: Weighing | None = None
    company: Company | None = None
    risk: Risk | None = None
    doses: tuple[Dose, ...] = ()
    bolus_at_ns: int | None = None  # the last one: the next one waits for its lockout
    left_bed_at_ns: int | None = None
    score: Scored | None = None  # the last one
    closing: Closing | None = None
    profile: Profile = MH_40  # how often it is observed
    holds: HoldParameters = STANDARD_HOLDS
    care: Care = NO_CARE
    began_at_ns: int | None = None  # the drug first ran
    ended_at_ns: int | None = None  # ... and is over, on every pump that gave it
    signed: SeriesOrder | None = None  # this visit's own copy of what was signed; None in rows from before
    hung: int = 0  # how many containers of this visit have been put on a pump
    label: Label | None = None  # of the one that hangs next
    line: LineCheck | None = None
    premedicated: tuple[Given, ...] = ()
    omitted: tuple[Omitted, ...] = ()
    check: SecondCheck | None = None
    differed: tuple[CheckField, ...] = ()  # of the last double check, until one agrees
    rise: ProposedRise | None = None  # beyond the programme, and checked or not

    def answer(self, item: Item) -> ItemAnswer | None:
        """What was answered to this item of the check-in, so far."""
        return next((each for each in self.answers if each.said.item is item), None)

    @property
    def is_open(self) -> bool:
        return self.place is not Place.CLOSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """What this bed knows of orders and visits."""

    series: tuple[SeriesOrder, ...] = ()
    visits: tuple[Visit, ...] = ()
    courses: tuple[CourseLog, ...] = ()

    @property
    def at_bed(self) -> Visit | None:
        """Whoever is on this bed now."""
        return next((each for each in self.visits if each.place is Place.AT_BED), None)

    def visit(self, visit: str) -> Visit | None:
        return next((each for each in self.visits if each.visit == visit), None)

    def signed(self, series: str) -> SeriesOrder | None:
        return next((each for each in self.series if each.series == series), None)

    def course(self, series: str) -> CourseLog:
        """What is kept of this course beside its visits; an empty log where nothing is."""
        return next((each for each in self.courses if each.series == series), CourseLog(series=series))

    def with_course(self, changed: CourseLog) -> Path:
        """The same with one log changed, or added; those of series that this bed has let go of go with them."""
        kept = {each.series for each in self.series}
        others = tuple(each for each in self.courses if each.series != changed.series and each.series in kept)
        return replace(self, courses=(*others, changed))

    def last_answer(self, visit: Visit, item: Item) -> tuple[Visit, ItemAnswer] | None:
        """The latest answer of the same patient to this item before this visit, and the visit in which it stands."""
        for earlier in reversed(self.visits):
            answer = earlier.answer(item)
            if earlier.patient == visit.patient and earlier.opened_at_ns < visit.opened_at_ns and answer is not None:
                return earlier, answer
        return None

    def replaced(self, series: str) -> bool:
        """Another order has taken its place."""
        return any(each.replaces == series for each in self.series)

    def line_of(self, series: str) -> tuple[str, ...]:
        """This order and all that it amends, the newest first: one course."""
        found = [series]
        while (order := self.signed(found[-1])) is not None and order.replaces is not None:
            found.append(order.replaces)
        return tuple(found)

    def with_visit(self, changed: Visit) -> Path:
        """The same with one visit changed."""
        return replace(self, visits=tuple(changed if each.visit == changed.visit else each for each in self.visits))


EMPTY_PATH: Final = Path()
