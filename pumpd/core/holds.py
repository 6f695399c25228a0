"""Hold parameters of an order: at which value a nurse re-checks and reduces, pauses and calls, or stops.

There is no published standard; practice differs, and one review holds that pressures without symptoms are treated too
often (Yip 2022). The standard table here is our own proposal around figures that were found: above 180/110 twice 5 min
apart or above 200/120 once, and a pulse above 120 for 5 min, in an academic esketamine clinic; systolic below 90,
pulse below 50 and breaths below 10 or above 30 as exclusions of trial NCT05803551; POSS 3 asks for a quarter to half
less, 4 for a stop. A prescriber may sign other parameters with the order.

A value is judged against its own criteria and against what was accepted: where a prescriber has accepted a value, a
criterion that this value already meets speaks again only beyond a margin. What asks for a stop is never shifted.

A criterion that has to last speaks once two readings, so far apart, and all between them, are beyond it; until then
the value is a reason to re-check. With any sign that the patient is unwell it speaks at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from pumpd.core.observing import Measure, Observation, Scale, Sign
from pumpd.core.units import NS_PER_S


class Band(Enum):
    """What a hold asks of the nurse, least first; START speaks only before the start."""

    START = 0  # do not start: ask the prescriber
    REDUCE = 1  # re-check, reduce
    PAUSE = 2  # pause, and call
    STOP = 3  # stop, emergency


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """Speaks beyond one of its bounds; each bound itself is still good."""

    item: Measure
    band: Band
    above: int | None = None
    below: int | None = None
    above_baseline_percent: int | None = None
    lasts_s: int = 0
    scale: Scale | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """How far beyond an accepted value its item speaks again."""

    item: Measure
    by: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldParameters:
    criteria: tuple[Criterion, ...]
    margins: tuple[Margin, ...]
    recheck_s: int
    reduce_least_percent: int = 25  # how much lower a nurse may set the rate for a side effect
    reduce_most_percent: int = 50

    def margin(self, item: Measure) -> int:
        return next((each.by for each in self.margins if each.item is item), 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A prescriber accepts this value of this patient, and says why."""

    item: Measure
    value: int
    scale: Scale | None
    person: str
    accepted_at_ns: int
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A value, or a sign, that stands in the way of a rise; `about` is the code of its item or sign."""

    about: str
    band: Band
    value: int | None = None
    limit: int | None = None


def _bands(item: Measure, scale: Scale | None = None, **bounds: tuple[int | None, int | None]) -> tuple[Criterion, ...]:
    """One row of the table: per band the bounds (below, above)."""
    return tuple(
        Criterion(item=item, band=Band[name.upper()], below=below, above=above, scale=scale)
        for name, (below, above) in bounds.items()
    )


STANDARD_HOLDS: Final = HoldParameters(
    criteria=(
        *_bands(Measure.SYSTOLIC, start=(90, 160), reduce=(100, 160), pause=(90, None), stop=(80, 200)),
        Criterion(item=Measure.SYSTOLIC, band=Band.REDUCE, above_baseline_percent=30),
        Criterion(item=Measure.SYSTOLIC, band=Band.PAUSE, above=180, lasts_s=300),
        *_bands(Measure.DIASTOLIC, start=(None, 100), reduce=(None, 100), stop=(None, 120)),
        Criterion(item=Measure.DIASTOLIC, band=Band.REDUCE, above_baseline_percent=30),
        Criterion(item=Measure.DIASTOLIC, band=Band.PAUSE, above=110, lasts_s=300),
        *_bands(Measure.HEART_RATE, start=(50, 110), reduce=(None, 110), stop=(None, 140)),
        Criterion(item=Measure.HEART_RATE, band=Band.PAUSE, below=50, above=120, lasts_s=300),
        *_bands(Measure.SPO2, start=(94, None), reduce=(94, None), stop=(88, None)),
        Criterion(item=Measure.SPO2, band=Band.PAUSE, below=92, lasts_s=60),
        *_bands(Measure.BREATHS, start=(10, 30), reduce=(12, None), pause=(10, None), stop=(8, None)),
        *_bands(Measure.ETCO2, reduce=(None, 50), pause=(None, 55)),
        *_bands(Measure.SEDATION, Scale.POSS, start=(None, 2), pause=(None, 2), stop=(None, 3)),
        *_bands(Measure.SEDATION, Scale.RASS, start=(-1, 1), reduce=(-1, None), pause=(-2, 1), stop=(-3, 2)),
        *_bands(Measure.SEDATION, Scale.MOAAS, start=(5, None), reduce=(4, None), pause=(3, None), stop=(2, None)),
        *_bands(Measure.DISTRESS, reduce=(None, 3), pause=(None, 6)),
        *_bands(Measure.NAUSEA, reduce=(None, 3)),
        *_bands(Measure.HEADACHE, reduce=(None, 3)),
    ),
    margins=(
        Margin(item=Measure.SYSTOLIC, by=10),
        Margin(item=Measure.DIASTOLIC, by=10),
        Margin(item=Measure.HEART_RATE, by=10),
        Margin(item=Measure.SPO2, by=2),
        Margin(item=Measure.BREATHS, by=2),
        Margin(item=Measure.ETCO2, by=5),
    ),
    recheck_s=300,
)

_SIGNS: Final[dict[Sign, Band]] = {
    Sign.CHEST_PAIN: Band.STOP,
    Sign.NEUROLOGICAL: Band.STOP,
    Sign.ARRHYTHMIA: Band.STOP,
    Sign.APNOEA: Band.STOP,
    Sign.DANGER_TO_SELF: Band.STOP,
    Sign.THUNDERCLAP: Band.STOP,
    Sign.ASKS_TO_STOP: Band.PAUSE,
    Sign.VOMITING: Band.REDUCE,
    Sign.HALLUCINATION: Band.REDUCE,
    Sign.LOST_WAVEFORM: Band.REDUCE,
    Sign.UNWELL: Band.REDUCE,
}
BREATHS_FEW: Final = 8  # with a lost waveform: the patient, and not the sampling line


def holds_of_signs(signs: Sequence[Sign], *, drowsy: bool, breaths: int | None) -> list[Hold]:
    """What is seen or said; two of them weigh more beside what was measured."""
    few = breaths is not None and breaths <= BREATHS_FEW
    graver = {Sign.VOMITING} if drowsy else set()
    graver |= {Sign.LOST_WAVEFORM} if few else set()
    return [Hold(about=sign.value, band=Band.PAUSE if sign in graver else _SIGNS[sign]) for sign in signs]


def hold_of(
    holds: HoldParameters,
    readings: Sequence[Observation],
    *,
    baseline: int | None,
    accepted: Accepted | None,
    unwell: bool,
) -> list[Hold]:
    """Every band in which the latest of these measured readings of one item, the oldest first, stands."""
    latest = readings[-1].reading
    found = []
    for criterion in holds.criteria:
        if criterion.item is not latest.item or criterion.scale is not latest.scale:
            continue
        limit = _beyond(holds, criterion, latest.value, baseline, accepted)
        if limit is None:
            continue
        lasts = unwell or _lasts(holds, criterion, readings, baseline, accepted)
        band = criterion.band if lasts else Band.REDUCE
        found.append(Hold(about=latest.item.value, band=band, value=latest.value, limit=limit))
    return found


def _beyond(
    holds: HoldParameters, criterion: Criterion, value: int | None, baseline: int | None, accepted: Accepted | None
) -> int | None:
    """The bound that the value is beyond; None where it is within all of them."""
    if value is None:
        return None
    above, below = _bounds(criterion, baseline)
    if accepted is not None and accepted.scale is criterion.scale and criterion.band is not Band.STOP:
        margin = holds.margin(criterion.item)
        if above is not None and accepted.value > above:
            above = accepted.value + margin
        if below is not None and accepted.value < below:
            below = accepted.value - margin
    if above is not None and value > above:
        return above
    return below if below is not None and value < below else None


def _bounds(criterion: Criterion, baseline: int | None) -> tuple[int | None, int | None]:
    above = criterion.above
    if criterion.above_baseline_percent is not None and baseline is not None:
        above = baseline * (100 + criterion.above_baseline_percent) // 100
    return above, criterion.below


def _lasts(
    holds: HoldParameters,
    criterion: Criterion,
    readings: Sequence[Observation],
    baseline: int | None,
    accepted: Accepted | None,
) -> bool:
    """Was it beyond for long enough, by readings that are all beyond it?"""
    last_ns = readings[-1].taken_at_ns
    for each in reversed(readings):
        reading = each.reading
        if reading.scale is not criterion.scale or _beyond(holds, criterion, reading.value, baseline, accepted) is None:
            return False
        if last_ns - each.taken_at_ns >= criterion.lasts_s * NS_PER_S:
            return True
    return False
