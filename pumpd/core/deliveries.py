"""Facts of delivery beyond plain steps: what held an infusion, why, and what a person allowed again.

They stand beside facts.py, which joins them to all others, because that file tells the way of every infusion from order
to end and these are the turns that only some of them take. The same rules hold: past tense, final, codes and integers.
"""

from __future__ import annotations

from dataclasses import dataclass

from pumpd.core.codes import Condition, PauseReason, Reason
from pumpd.core.delivered import Interval
from pumpd.core.steps import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmStopped:
    """A condition stopped a pump that was delivering; `locks` when it was once too often (repeats.py)."""

    at_ns: int
    slot: str
    condition: Condition
    locks: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StartsUnlocked:
    """A person looked at a pump that the same alarm had stopped too often."""

    at_ns: int
    slot: str
    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseNoted:
    """A pause was given a reason, and with it its time."""

    at_ns: int
    slot: str
    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondAgreed:
    """Two people let a rate rise beyond these soft limits, and said why."""

    at_ns: int
    slot: str
    person: str
    reasons: tuple[Reason, ...]
    override_reason: str
    override_person: str
    checked_by: str | None = None  # who entered it independently, in a visit


@dataclass(frozen=True, slots=True, kw_only=True)
class BolusBegan:
    """A prescriber's bolus was accepted and stands in the plan as this step; the basal rate comes back behind it."""

    at_ns: int
    slot: str
    person: str
    dose_ug_per_kg: int
    bolus_nl: int
    basal_ul_per_h: int
    basal_nl: int
    step: int
    plan: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BolusOver:
    """The bolus is over while the pump runs: given, lowered by a person, or not gone on with after a doubt."""

    at_ns: int
    slot: str
    delivered: Interval
