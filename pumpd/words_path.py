"""The nurse's path -> text for people: why a gate is closed and what opens it, and what stands in the record.

As in words_reasons.py each sentence says what is missing and what to do now. The tables are joined there and in
words_bed.py; they stand here so that the path's words are read, and changed, in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pumpd.core import arrival_facts as ar
from pumpd.core.care_facts import CareFact, VerballyOrdered, VerballySettled
from pumpd.core.check_in_facts import CheckInFact
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.course_facts import CourseFact
from pumpd.core.facts import PathFact
from pumpd.core.preparation_facts import PreparationFact
from pumpd.core.writer_facts import WriterTook
from pumpd.words_care import CARE_ACTIONS, care_fact_text
from pumpd.words_check_in import CHECK_IN, CHECK_IN_ACTIONS, check_in_text
from pumpd.words_course import COURSE_ACTIONS, COURSES, course_text
from pumpd.words_preparation import PREPARATION, PREPARATION_ACTIONS, preparation_text
from pumpd.words_verbal import VERBAL, VERBAL_ACTIONS, verbal_fact_text

_PLAIN: Final[Callable[[int], str]] = "{:,}".format

GATES: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    **CHECK_IN,
    **PREPARATION,
    **COURSES,
    **VERBAL,
    ReasonCode.NO_VISIT: (
        "No visit is open at this bed. Look up the patient's series order and open the visit from it.",
        _PLAIN,
    ),
    ReasonCode.ORDER_NOT_THE_VISITS: (
        "This is not the order of the visit at this bed. Read the review of this visit again.",
        _PLAIN,
    ),
    ReasonCode.BED_TAKEN: (
        "Another visit is still at this bed. New patient? End what runs, and say that the bed is empty.",
        _PLAIN,
    ),
    ReasonCode.VISIT_KNOWN: ("A visit of this name exists already. Look at the list of visits.", _PLAIN),
    ReasonCode.NO_SUCH_SERIES: ("This bed knows no such series order. Ask the prescriber to sign it here.", _PLAIN),
    ReasonCode.SERIES_KNOWN: ("A series order of this name is signed already. Look at the list of orders.", _PLAIN),
    ReasonCode.FAILED_TREATMENTS_NEEDED: (
        "The order names no earlier treatment that has failed. Enter what was tried, and sign that it did not help.",
        _PLAIN,
    ),
    ReasonCode.CONSENT_NEEDED: (
        "The patient's consent is not on record, or of a later day. Ask for it, and enter its day.",
        _PLAIN,
    ),
    ReasonCode.SERIES_REPLACED: (
        "Another order has taken the place of this one. Look at the list of orders, and use the later one.",
        _PLAIN,
    ),
    ReasonCode.NOTHING_TO_REPLACE: (
        "There is no such order of this patient to take the place of. Look at the list of orders.",
        _PLAIN,
    ),
    ReasonCode.SERIES_EXPIRED: ("The series order has expired. Ask the prescriber for a new one.", _PLAIN),
    ReasonCode.SERIES_VISITS: (
        "Visit {asked} is not one of this series of {limit}. Look at the course, or ask the prescriber.",
        _PLAIN,
    ),
}

PATH_ACTIONS: Final[Mapping[Action, str]] = {
    **CHECK_IN_ACTIONS,
    **COURSE_ACTIONS,
    **CARE_ACTIONS,
    **PREPARATION_ACTIONS,
    **VERBAL_ACTIONS,
    Action.SIGN_SERIES: "a signature for a series",
    Action.OPEN_VISIT: "a visit to begin",
    Action.WRITE_VISIT: "a visit to write",
}


def path_text(fact: PathFact) -> str:
    """One line of the record."""
    if isinstance(fact, CheckInFact):
        return check_in_text(fact)
    if isinstance(fact, CourseFact):
        return course_text(fact)
    if isinstance(fact, VerballyOrdered | VerballySettled):
        return verbal_fact_text(fact)
    if isinstance(fact, CareFact):
        return care_fact_text(fact)
    if isinstance(fact, PreparationFact):
        return preparation_text(fact)
    match fact:
        case ar.SeriesSigned():
            return f"{fact.person} signed for {fact.order.visits} visits of {fact.order.regimen}"
        case WriterTook():
            return f"{fact.person} writes the visit from here on"
        case ar.VisitOpened():
            return f"Visit {fact.number} began, opened by {fact.person}"
