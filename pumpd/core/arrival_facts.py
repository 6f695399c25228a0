"""Facts on the way from an order to a start. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import Reason
from pumpd.core.holds import STANDARD_HOLDS, HoldParameters
from pumpd.core.order import Order
from pumpd.core.schedules import MH_40, Profile
from pumpd.core.series import SeriesOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesSigned:
    """A prescriber signed for a series of visits."""

    at_ns: int
    person: str
    order: SeriesOrder
    notes: tuple[Reason, ...] = ()  # what was remarked on at the signature


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOpened:
    """A patient is at the bed for this visit of their series, with a copy of the order that is theirs alone."""

    at_ns: int
    visit: str
    series: str
    patient: str
    number: int
    order: Order
    opened_day: int
    person: str
    profile: Profile = MH_40
    holds: HoldParameters = STANDARD_HOLDS
    signed: SeriesOrder | None = None


ArrivalFact = SeriesSigned | VisitOpened
