"""Requests while an infusion is prepared and checked. As in requests.py nothing has been judged in them."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.preparation import Entered, LabelReading
from pumpd.core.prescribed import Route
from pumpd.core.rise_proposed import RiseEntered


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRead:
    """What stands on the label, and on the barrel, of the container that hangs next; `today_day` is the local day."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    reading: LabelReading
    today_day: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChecked:
    """The line is patent, used for nothing else, and traced."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationGiven:
    """An ordered premedication was given, `ago_s` ago, by `given_by`."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    drug: str
    dose_ug: int
    route: Route
    given_by: str
    ago_s: int
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PremedicationOmitted:
    """An ordered premedication is not given today."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    drug: str
    why: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckEntered:
    """What the second person read off the sources, without having seen what the first one did."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    entered: Entered
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RiseCheckEntered:
    """What the second person read off order and label about a rise that waits, without having seen what is wanted."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    entered: RiseEntered
    asked_at_ns: int | None = None


PreparationRequest = (
    LabelRead | LineChecked | PremedicationGiven | PremedicationOmitted | CheckEntered | RiseCheckEntered
)
