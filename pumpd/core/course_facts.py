"""Facts of a course. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.course import CourseLog, Instrument, Prompt
from pumpd.core.series import SeriesOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseAttested:
    at_ns: int
    series: str
    person: str
    day: int
    visits: int
    given_ng: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseImported:
    """A series as another bed knows it, by a file that it signed; the order is this bed's own where it has one."""

    at_ns: int
    person: str
    order: SeriesOrder
    log: CourseLog


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeNoted:
    at_ns: int
    series: str
    person: str
    day: int
    instrument: Instrument
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpNoted:
    at_ns: int
    series: str
    person: str
    day: int
    prompt: Prompt
    found: bool


CourseFact = CourseAttested | CourseImported | OutcomeNoted | FollowUpNoted
