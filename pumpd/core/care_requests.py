"""Requests of a visit's care: observations, and what they lead to.

As in requests.py nothing in them has been judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.emergency import Moment
from pumpd.core.observing import Measure, Reading, Sign
from pumpd.core.prescribed import Rescue, Route
from pumpd.core.side_effects import Remedy, SideEffect
from pumpd.core.verbal import HoldBound, LowerRate


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveRequested:
    """A set of observations as it was typed, taken now where no time is given; `signs`: None where nobody looked."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    taken_at_ns: int | None
    readings: tuple[Reading, ...]
    signs: tuple[Sign, ...] | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequested:
    """A prescriber, alone or beside whoever asks, accepts the last value of this item, `value`."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    item: Measure
    value: int
    remark: str
    second: Actor | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffectRequested:
    """A side effect was seen, and this was done; `severity` of 10."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    effect: SideEffect
    remedies: tuple[Remedy, ...]
    severity: int | None = None
    remark: str = ""
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueRequested:
    """A drug was given by hand, now where no time is said; `all_the_same`: what speaks against it has been read."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    drug: str
    dose_ug: int
    route: Route
    given_by: str
    against: SideEffect | None = None
    given_at_ns: int | None = None
    all_the_same: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InfiltrationRequested:
    """The line on this pump did not run into the vein."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    slot: str
    remark: str = ""
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyRequested:
    """Help: stop everything of this visit, and ask for nothing until it is over."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRequested:
    """This happened now."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    moment: Moment
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyOverRequested:
    """The emergency is over."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverRequested:
    """This is what the next one has to know; who takes over says so by writing the visit from then on (writing.py)."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    said: str
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbalOrderRequested:
    """`prescriber` said this by word, and it was read back. Exactly one of the three may be ordered so.

    `other`: what else was said, where it is none of them; it is refused, and stands on record as asked. It is written
    down once, so that reading it back is an act and no second text: `confirmed`, where the prescriber said yes to it.
    """

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    prescriber: Actor | None  # None: nobody whom this bed knows
    read_back: str
    lower: LowerRate | None = None
    rescue: Rescue | None = None
    bound: HoldBound | None = None
    other: str = ""
    confirmed: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VerbalSignRequested:
    """A prescriber looked at an order by word: it was so, or it was not."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    order: str
    agrees: bool = True
    remark: str = ""
    asked_at_ns: int | None = None


CareRequest = (
    ObserveRequested
    | AcceptRequested
    | SideEffectRequested
    | RescueRequested
    | InfiltrationRequested
    | EmergencyRequested
    | MarkRequested
    | EmergencyOverRequested
    | HandOverRequested
    | VerbalOrderRequested
    | VerbalSignRequested
)
