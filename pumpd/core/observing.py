"""What a nurse observes: items, each in its own unit, when it was taken, and what no living patient shows.

An item's code ends in its unit. Scores without a unit go from 0 up on the scale that their name says; sedation is kept
with the scale that was used, since a 3 of POSS and a 3 of MOAA/S mean nearly opposite things. POSS is made for opioids
and RASS for agitation in intensive care; which one a house uses is its own choice, so all three are kept as they come.

"Not measured" with a reason is a value: it says that somebody looked, and it is the honest answer when a patient is
asleep or a probe has fallen off. What it is good for is not said here: it satisfies a schedule and opens no gate
(gates_of_care.py).

A blood pressure is two numbers of one reading: both come together, and the upper one is the higher.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Measure(Enum):
    """What is observed. CADSS-6 are items 1, 2, 6, 7, 15 and 22 of the full scale (Rodrigues 2021)."""

    SYSTOLIC = "systolic_mmhg"
    DIASTOLIC = "diastolic_mmhg"
    HEART_RATE = "heart_rate_per_min"
    BREATHS = "breaths_per_min"
    SPO2 = "spo2_percent"
    ETCO2 = "etco2_mmhg"
    SEDATION = "sedation"
    DISTRESS = "distress"
    NAUSEA = "nausea"
    HEADACHE = "headache"
    PAIN = "pain"
    CADSS6 = "cadss6"


class Scale(Enum):
    """Scales of sedation. POSS writes S for a sleeper who is easy to rouse: 0 here."""

    POSS = "poss"
    RASS = "rass"
    MOAAS = "moaas"


class WhyNot(Enum):
    """Why an item was not measured."""

    DECLINED = "declined"
    ASLEEP = "asleep"
    AWAY = "away"  # the toilet, a scan
    NO_EQUIPMENT = "no_equipment"
    NO_READING = "no_reading"  # the device shows none


class Sign(Enum):
    """What is seen or said, and has no number."""

    CHEST_PAIN = "chest_pain"
    NEUROLOGICAL = "neurological"
    ARRHYTHMIA = "arrhythmia"  # a new one
    APNOEA = "apnoea"
    DANGER_TO_SELF = "danger_to_self"  # panic
    THUNDERCLAP = "thunderclap"  # a headache like none before
    ASKS_TO_STOP = "asks_to_stop"
    VOMITING = "vomiting"
    HALLUCINATION = "hallucination"
    LOST_WAVEFORM = "lost_waveform"  # of the capnograph
    UNWELL = "unwell"


VITAL_SIGNS: Final = (
    Measure.SYSTOLIC,
    Measure.DIASTOLIC,
    Measure.HEART_RATE,
    Measure.BREATHS,
    Measure.SPO2,
    Measure.SEDATION,
)
SCORES: Final = (Measure.PAIN, Measure.CADSS6)  # at baseline, at the end, before discharge
BLOOD_PRESSURE: Final = (Measure.SYSTOLIC, Measure.DIASTOLIC)

# what cannot be true, rather than what is ill: a slip of the key, or a reading of something else
_POSSIBLE: Final[dict[Measure, tuple[int, int]]] = {
    Measure.SYSTOLIC: (40, 300),
    Measure.DIASTOLIC: (20, 200),
    Measure.HEART_RATE: (20, 250),
    Measure.BREATHS: (0, 70),
    Measure.SPO2: (40, 100),
    Measure.ETCO2: (0, 120),
    Measure.DISTRESS: (0, 10),
    Measure.NAUSEA: (0, 10),
    Measure.HEADACHE: (0, 10),
    Measure.PAIN: (0, 10),
    Measure.CADSS6: (0, 24),
}
_SCALES: Final[dict[Scale, tuple[int, int]]] = {Scale.POSS: (0, 4), Scale.RASS: (-5, 4), Scale.MOAAS: (0, 5)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One item of a set: its value, or why there is none."""

    item: Measure
    value: int | None = None
    why_not: WhyNot | None = None
    scale: Scale | None = None  # of a sedation that was measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One item as it was taken, and when somebody wrote it down."""

    reading: Reading
    taken_at_ns: int
    entered_at_ns: int
    person: str

    @property
    def item(self) -> Measure:
        return self.reading.item


class Flaw(Enum):
    """Why a reading is not taken in."""

    IMPOSSIBLE = "impossible"  # no living patient shows it
    WITHOUT_SCALE = "without_scale"
    NEITHER_NOR = "neither_nor"  # neither a value nor a reason, or both
    TWICE = "twice"
    HALF_A_PRESSURE = "half_a_pressure"
    UPSIDE_DOWN = "upside_down"  # the lower pressure is not the lower


@dataclass(frozen=True, slots=True, kw_only=True)
class Flawed:
    """What is wrong with which item; `limit` where a number is beyond it."""

    item: Measure
    flaw: Flaw
    value: int | None = None
    limit: int | None = None


def possible(item: Measure, scale: Scale | None) -> tuple[int, int] | None:
    """The lowest and highest value that can be true; None for a sedation without a scale."""
    if item is not Measure.SEDATION:
        return _POSSIBLE[item]
    return None if scale is None else _SCALES[scale]


def flaws(readings: Sequence[Reading]) -> list[Flawed]:
    """Everything that is wrong with a set as it was typed."""
    found = [flawed for reading in readings for flawed in _flaws_of(reading)]
    items = [reading.item for reading in readings]
    found += [Flawed(item=item, flaw=Flaw.TWICE) for item in Measure if items.count(item) > 1]
    upper, lower = (next((each for each in readings if each.item is item), None) for item in BLOOD_PRESSURE)
    if (upper is None) is not (lower is None):
        found.append(Flawed(item=BLOOD_PRESSURE[upper is not None], flaw=Flaw.HALF_A_PRESSURE))
    elif upper is not None and lower is not None:
        found += _flaws_of_pressure(upper, lower)
    return found


def _flaws_of(reading: Reading) -> list[Flawed]:
    value, item = reading.value, reading.item
    if (value is None) is (reading.why_not is None):
        return [Flawed(item=item, flaw=Flaw.NEITHER_NOR, value=value)]
    if value is None:
        return []
    if (item is Measure.SEDATION) is (reading.scale is None):
        return [Flawed(item=item, flaw=Flaw.WITHOUT_SCALE, value=value)]
    lowest, highest = possible(item, reading.scale) or (value, value)
    if lowest <= value <= highest:
        return []
    return [Flawed(item=item, flaw=Flaw.IMPOSSIBLE, value=value, limit=lowest if value < lowest else highest)]


def _flaws_of_pressure(upper: Reading, lower: Reading) -> list[Flawed]:
    if (upper.value is None) is not (lower.value is None):
        return [Flawed(item=lower.item, flaw=Flaw.HALF_A_PRESSURE)]
    if upper.value is not None and lower.value is not None and lower.value >= upper.value:
        return [Flawed(item=lower.item, flaw=Flaw.UPSIDE_DOWN, value=lower.value, limit=upper.value)]
    return []
