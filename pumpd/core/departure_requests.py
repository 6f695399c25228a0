"""Requests at the end of a visit: leave the bed, score, discharge, or go another way.

Like those of requests.py they are data in which nothing has been judged.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.actor import Actor
from pumpd.core.departure import Exit, Padss
from pumpd.core.series import Disposition


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveRequested:
    """The patient leaves the bed to recover elsewhere. `line_off`: the line is off them, whatever the pump does."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    line_off: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequested:
    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    padss: Padss
    sedation_at_baseline: bool
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeRequested:
    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    to: Disposition
    escort_present: bool = False
    instructions_given: bool = False  # in writing, to patient and escort
    handed_over_to: str = ""
    line_off: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitRequested:
    """Every other way out of a visit; `prescriber` is who was told of it, empty where nobody was reached yet."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    exit: Exit
    reason: str
    prescriber: str = ""
    line_off: bool = False
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellRequested:
    """The prescriber was told how a closed visit ended; `reason` where nobody had time to write it down then."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    prescriber: str
    reason: str = ""
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WasteRequested:
    """What was drawn up in all for an infusion, and what of it was thrown away; `witness` saw it, or follows later."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    infusion_id: int
    loaded_nl: int
    wasted_nl: int
    remark: str = ""
    witness: Actor | None = None
    asked_at_ns: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WitnessRequested:
    """Whoever asks saw what was thrown away of this infusion."""

    at_ns: int
    request_id: str
    actor: Actor | None
    visit: str
    infusion_id: int
    asked_at_ns: int | None = None


DepartureRequest = (
    MoveRequested
    | ScoreRequested
    | DischargeRequested
    | ExitRequested
    | TellRequested
    | WasteRequested
    | WitnessRequested
)
