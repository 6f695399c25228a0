"""Side effects and what is done about them: plain data, and when somebody looks again.

What may be done stands in the order: a rate lower by a quarter to a half, a pause, and the rescue drugs that were
signed. Reassuring comes first where nothing is dangerous: light and noise down, somebody's voice (ketamine's label
asks for a quiet place). A headache is a question about the blood pressure before it is anything else. After whatever
was done comes a look at whether it helped.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.observing import BLOOD_PRESSURE, Measure


class SideEffect(Enum):
    """What the patient has."""

    HALLUCINATION = "hallucination"
    DYSPHORIA = "dysphoria"
    NAUSEA = "nausea"
    HEADACHE = "headache"
    HYPERTENSION = "hypertension"
    OVER_SEDATION = "over_sedation"


class Remedy(Enum):
    """What was done. A rescue drug is charted by itself; CALLED is the prescriber."""

    REASSURED = "reassured"
    REDUCED = "reduced"
    PAUSED = "paused"
    RESCUED = "rescued"
    CALLED = "called"
    WATCHED = "watched"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recheck:
    """Look again at this by then."""

    measure: Measure
    due_at_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A side effect and what was done about it; `severity` of 10 where somebody said one."""

    effect: SideEffect
    severity: int | None
    remedies: tuple[Remedy, ...]
    remark: str
    noted_at_ns: int
    person: str


# by which measure its severity is told, where it has one
SEVERITY: Final[dict[SideEffect, Measure]] = {
    SideEffect.HALLUCINATION: Measure.DISTRESS,
    SideEffect.DYSPHORIA: Measure.DISTRESS,
    SideEffect.NAUSEA: Measure.NAUSEA,
    SideEffect.HEADACHE: Measure.HEADACHE,
}
LOOK_AGAIN: Final[dict[SideEffect, tuple[Measure, ...]]] = {
    SideEffect.HALLUCINATION: (Measure.DISTRESS,),
    SideEffect.DYSPHORIA: (Measure.DISTRESS,),
    SideEffect.NAUSEA: (Measure.NAUSEA,),
    SideEffect.HEADACHE: (Measure.HEADACHE, *BLOOD_PRESSURE),
    SideEffect.HYPERTENSION: BLOOD_PRESSURE,
    SideEffect.OVER_SEDATION: (Measure.SEDATION, Measure.BREATHS, Measure.SPO2),
}
# what the order lets a nurse do, the mildest first; a sedating rescue is nothing for the over-sedated
OFFERED: Final[dict[SideEffect, tuple[Remedy, ...]]] = {
    SideEffect.HALLUCINATION: (Remedy.REASSURED, Remedy.REDUCED, Remedy.PAUSED, Remedy.RESCUED, Remedy.CALLED),
    SideEffect.DYSPHORIA: (Remedy.REASSURED, Remedy.REDUCED, Remedy.PAUSED, Remedy.RESCUED, Remedy.CALLED),
    SideEffect.NAUSEA: (Remedy.RESCUED, Remedy.REDUCED, Remedy.PAUSED, Remedy.CALLED),
    SideEffect.HEADACHE: (Remedy.RESCUED, Remedy.REDUCED, Remedy.CALLED),
    SideEffect.HYPERTENSION: (Remedy.REDUCED, Remedy.PAUSED, Remedy.RESCUED, Remedy.CALLED),
    SideEffect.OVER_SEDATION: (Remedy.REDUCED, Remedy.PAUSED, Remedy.CALLED),
}
NOTES_MAX: Final = 64
