"""Facts at the end of a visit. They stand beside facts.py, and the same rules hold."""

from __future__ import annotations

from dataclasses import dataclass

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
    """Of the way in which a visit was closed, later."""

    at_ns: int
    visit: str
    person: str
    prescriber: str


DepartureFact = VisitMoved | RecoveryScored | VisitClosed | PrescriberTold
