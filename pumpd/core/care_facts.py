"""Facts of a visit's care while the drug runs and after it. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.delivered import Interval
from pumpd.core.emergency import Moment
from pumpd.core.holds import Accepted
from pumpd.core.observing import Reading, Sign
from pumpd.core.rescue import GivenRescue
from pumpd.core.side_effects import Noted, Recheck
from pumpd.core.verbal import VerbalOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """A set of observations; `signs` is None where nobody looked for any, and empty where none was seen."""

    at_ns: int
    visit: str
    person: str
    taken_at_ns: int
    readings: tuple[Reading, ...]
    signs: tuple[Sign, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueAccepted:
    """A prescriber let a value stand that the order's hold parameters speak against."""

    at_ns: int
    visit: str
    accepted: Accepted


@dataclass(frozen=True, slots=True, kw_only=True)
class SideEffectNoted:
    """A side effect, what was done about it, and when somebody looks again."""

    at_ns: int
    visit: str
    noted: Noted
    rechecks: tuple[Recheck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RescueNoted:
    """A drug was given by hand, with the flags that were read."""

    at_ns: int
    visit: str
    rescue: GivenRescue


@dataclass(frozen=True, slots=True, kw_only=True)
class Infiltrated:
    """What this infusion pumped did not all reach the vein; every limit goes on counting it as given."""

    at_ns: int
    visit: str
    slot: str
    infusion_id: int
    person: str
    delivered: Interval
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyCalled:
    """An emergency: everything of this visit is stopped, and nobody is prompted."""

    at_ns: int
    visit: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyMarked:
    """One tap: this happened now."""

    at_ns: int
    visit: str
    person: str
    moment: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyOver:
    """It is over; what happened is charted now."""

    at_ns: int
    visit: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """What whoever cares for this patient next has to know."""

    at_ns: int
    visit: str
    person: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VerballyOrdered:
    """A prescriber ordered this by word, and whoever wrote it down read it back."""

    at_ns: int
    visit: str
    order: VerbalOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class VerballySettled:
    """A prescriber signed an order by word, or said that it was not so."""

    at_ns: int
    visit: str
    order: str
    person: str
    agreed: bool
    remark: str


CareFact = (
    Observed
    | ValueAccepted
    | SideEffectNoted
    | RescueNoted
    | Infiltrated
    | EmergencyCalled
    | EmergencyMarked
    | EmergencyOver
    | HandedOver
    | VerballyOrdered
    | VerballySettled
)
