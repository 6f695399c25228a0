"""What is put on record of a patient who leaves: what the visit gave, how it was scored, and how it was closed.

Plain data, as in visit.py, which holds it. Nothing here is judged: when somebody may go is in recovery.py.

A `Dose` is what one infusion gave to this patient. It is the visit's own, so that the pump is free for the next patient
at once and what is still to be done about this one (balance, waste, witness) is done from any console, later.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pumpd.core.delivered import NOTHING, Interval


class Exit(Enum):
    """How a visit ends. HOME and WARD are the discharge; every other one needs a reason and is always open."""

    HOME = "home"
    WARD = "ward"
    TRANSFERRED = "transferred"  # to another hospital
    ADMITTED = "admitted"
    LEFT = "left"  # against advice
    EMERGENCY = "emergency"
    NOT_TREATED = "not_treated"  # nothing was given: a wrong patient, a hold, an escort who did not come


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What was drawn up in all, what of it was thrown away, and who saw that; nobody yet where `witness` is empty."""

    at_ns: int
    person: str
    loaded_nl: int
    wasted_nl: int
    difference_nl: int
    remark: str = ""
    witness: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dose:
    """What one infusion gave; `last_at_ns` is until when something may have gone in."""

    infusion_id: int
    slot: str
    drug: str
    concentration_ug_per_ml: int
    is_sedating: bool
    began_at_ns: int
    last_at_ns: int
    delivered: Interval = NOTHING
    flushed_nl: int = 0
    balance_nl: int | None = None  # how far drawn up, given and left over lie apart, once somebody added them up
    leftover: Leftover | None = None

    @property
    def given(self) -> Interval:
        """With what was flushed in after it: that may have carried all of the line's drug, or little."""
        return Interval(low_nl=self.delivered.low_nl, high_nl=self.delivered.high_nl + self.flushed_nl)


@dataclass(frozen=True, slots=True, kw_only=True)
class Padss:
    """The Post-Anaesthetic Discharge Scoring System (Chung 1995): five items, 0 to 2 each."""

    vital_signs: int  # 2: within 20 % of before, 1: within 40 %
    activity: int  # 2: oriented and steady
    nausea: int
    pain: int
    bleeding: int  # surgical: 2 where there was no surgery

    @property
    def items(self) -> tuple[int, ...]:
        return (self.vital_signs, self.activity, self.nausea, self.pain, self.bleeding)

    @property
    def total(self) -> int:
        return sum(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    at_ns: int
    person: str
    padss: Padss
    sedation_at_baseline: bool  # as awake as before


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    at_ns: int
    person: str
    exit: Exit
    reason: str = ""
    prescriber: str = ""  # who was told; empty until somebody did
    handed_over_to: str = ""  # on the ward
