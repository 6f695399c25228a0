"""A course -> text for people: why a visit does not begin by what the course has had, and the lines of the record.

As in words_reasons.py each sentence says what is missing and what to do now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, assert_never

from pumpd.core import course_facts as cf
from pumpd.core.codes import Action, ReasonCode
from pumpd.core.course import Instrument, Prompt
from pumpd.core.course_tally import Rests
from pumpd.core.units import NG_PER_UG, Towards, divide
from pumpd.words import mass

_PLAIN: Final[Callable[[int], str]] = "{:,}".format


def _days(value: int) -> str:
    return "1 day" if value == 1 else f"{value:,} days"


COURSES: Final[Mapping[ReasonCode, tuple[str, Callable[[int], str]]]] = {
    ReasonCode.VISIT_TODAY_ALREADY: (
        "This patient was given a drug in another visit today. Look at the course: the next one is another day.",
        _PLAIN,
    ),
    ReasonCode.GAP_DAYS: (
        "The last visit with this drug was {asked} ago; {limit} should lie in between. Wait, or ask the prescriber.",
        _days,
    ),
    ReasonCode.NUMBER_GIVEN: (
        "Visit {asked} of {limit} of this series was given already. Choose the next number, or ask the prescriber.",
        _PLAIN,
    ),
    ReasonCode.ATTESTED_VISITS: ("No course has had so much. Check the figures and enter them again.", _PLAIN),
    ReasonCode.COURSE_DIFFERS: (
        "This bed knows another order under the name of this series. Ask the prescriber to sign it here.",
        _PLAIN,
    ),
    ReasonCode.OUTCOME_TOTAL: ("The total lies between 0 and {limit}, not at {asked}. Enter it again.", _PLAIN),
    ReasonCode.DAY_TO_COME: ("This day is still to come. Enter the day on which it was.", _PLAIN),
}

COURSE_ACTIONS: Final[Mapping[Action, str]] = {
    Action.ATTEST_COURSE: "what a course has had on record",
    Action.IMPORT_COURSE: "a course of another bed to be taken in",
    Action.NOTE_OUTCOME: "an outcome on record",
    Action.NOTE_FOLLOW_UP: "a question about the long run on record",
}

INSTRUMENTS: Final[Mapping[Instrument, str]] = {
    Instrument.NRS: "pain (NRS)",
    Instrument.BPI: "Brief Pain Inventory",
    Instrument.MADRS: "MADRS",
    Instrument.PHQ9: "PHQ-9",
    Instrument.PCL5: "PCL-5",
    Instrument.YBOCS: "Y-BOCS",
    Instrument.SSI: "SSI",
}

PROMPTS: Final[Mapping[Prompt, str]] = {
    Prompt.URINARY: "Ask about pain or urgency in passing water.",
    Prompt.LIVER: "Look at the liver's blood tests.",
    Prompt.COGNITION: "Ask about memory and attention.",
    Prompt.MISUSE: "Ask about ketamine or other substances taken elsewhere.",
}

_RESTS: Final[Mapping[Rests, str]] = {
    Rests.OWN: "by the records of this bed and of the files that it took in",
    Rests.ATTESTED: "as the prescriber attests, which is more than the records have",
}


def rests_text(rests: Rests) -> str:
    return _RESTS[rests]


def mass_of_ng(given_ng: int) -> str:
    """Rounded up: the most that may have been given."""
    return mass(divide(given_ng, NG_PER_UG, Towards.UP))


def course_text(fact: cf.CourseFact) -> str:
    """One line of the record."""
    match fact:
        case cf.CourseAttested():
            return (
                f"{fact.person} attests that this course has had {fact.visits} visits and {mass_of_ng(fact.given_ng)}"
            )
        case cf.CourseImported():
            return f"{fact.person} took in the course as {fact.log.imported_from} knows it"
        case cf.OutcomeNoted():
            return f"{INSTRUMENTS[fact.instrument]} {fact.total}, written down by {fact.person}"
        case cf.FollowUpNoted():
            found = "something found" if fact.found else "nothing found"
            return f"{PROMPTS[fact.prompt]} {found}, says {fact.person}"
        case _:
            assert_never(fact)
