"""Facts at the end of a visit. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.delivered import Interval
from pumpd.core.departure import Exit, Padss


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitMoved:
    """The patient has left the bed and recovers; `line_off`: a person says so of a pump that could not."""

    at_ns: int
    visit: str
    person: str
    line_off: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryScored:
    at_ns: int
    visit: str
    person: str
    padss: Padss
    sedation_at_baseline: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitClosed:
    """The visit is over, and in what way. What was said of it is in the fact, since nobody asks again."""

    at_ns: int
    visit: str
    person: str
    exit: Exit
    reason: str = ""
    prescriber: str = ""
    escort_present: bool = False
    instructions_given: bool = False
    handed_over_to: str = ""
    line_off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PrescriberTold:
    """How a visit ended, later; with the reason where none was written down then."""

    at_ns: int
    visit: str
    person: str
    prescriber: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wasted:
    """What was left over was thrown away, and what was drawn up, given and thrown away was added up."""

    at_ns: int
    visit: str
    infusion_id: int
    person: str
    loaded_nl: int
    given: Interval
    wasted_nl: int
    difference_nl: int
    tolerance_nl: int
    remark: str = ""
    witness: str = ""  # nobody yet


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteWitnessed:
    """Somebody else saw it, and says so later."""

    at_ns: int
    visit: str
    infusion_id: int
    person: str


DepartureFact = VisitMoved | RecoveryScored | VisitClosed | PrescriberTold | Wasted | WasteWitnessed
