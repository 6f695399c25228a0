"""Requests on the way from an order to a start: sign a series, open a visit, check in, prepare, check twice.

Like those of requests.py they are data in which nothing has been judged. `today_day` is the local day number at the
bed, since the core knows no calendar.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.series import SeriesOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSignRequested:
    """A prescriber signs this order; who, when and on which day is set from the request, whatever the order says."""

    at_ns: int
    request_id: str
    actor: Actor | None
    order: SeriesOrder
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOpenRequested:
    """The patient of this series is at the bed, for visit `number`; `visit` is the id that it is to have.

    `bed_is_empty` answers "new patient?": whoever was here before has left the bed, and `line_off` says it of the line.
    """

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    series: str
    number: int
    today_day: int
    bed_is_empty: bool = False
    line_off: bool = False
    asked_at_ns: int | None = None


ArrivalRequest = SeriesSignRequested | VisitOpenRequested
