"""Requests about a course: what was given elsewhere, a file from another bed, outcomes, and the long run."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.course import CourseLog, Instrument, Prompt
from pumpd.core.series import SeriesOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class AttestRequested:
    """A prescriber says what this course has had in all, wherever it was given."""

    at_ns: int
    request_id: str
    actor: Actor | None
    series: str
    visits: int
    given_ng: int
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequested:
    """A file whose signature holds: a series as another bed knows it. `log.earlier` has every visit of it."""

    at_ns: int
    request_id: str
    actor: Actor | None
    order: SeriesOrder
    log: CourseLog
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRequested:
    at_ns: int
    request_id: str
    actor: Actor | None
    series: str
    instrument: Instrument
    total: int
    day: int  # for which it stands
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpRequested:
    at_ns: int
    request_id: str
    actor: Actor | None
    series: str
    prompt: Prompt
    found: bool
    today_day: int
    asked_at_ns: int | None = None


CourseRequest = AttestRequested | ImportRequested | OutcomeRequested | FollowUpRequested
