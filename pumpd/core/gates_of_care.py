"""What care says against a start and against a rise: a baseline that is missing, a value that holds, a look overdue.

A start needs every vital sign measured within the profile's time, and both scores asked for. A rise while the drug runs
waits while an observation is overdue, while a value or sign holds, and while the last word on a vital sign is "not
measured": that satisfies the schedule, but nobody goes up on it. A resume is a rise. Nothing here is ever asked for a
stop, a pause or a decrease.
"""

from __future__ import annotations

from typing import Final

from pumpd.core.codes import Phase, Reason, ReasonCode, Severity
from pumpd.core.held import standing
from pumpd.core.observing import SCORES, VITAL_SIGNS, Measure
from pumpd.core.prompts import overdue, scheduled
from pumpd.core.state import BedState
from pumpd.core.units import NS_PER_S
from pumpd.core.visit import Visit

SCORES_AGE_S: Final = 3_600  # how they feel today, and not at this minute


def against_start(state: BedState, visit: Visit, now_ns: int) -> list[Reason]:
    """What care says against the start of anything for this visit."""
    if visit.began_at_ns is not None:
        return against_going_up(state, visit, now_ns)
    lasts = [] if visit.care.emergency is None else [_closed(ReasonCode.EMERGENCY_LASTS, "")]
    return lasts + without_baseline(visit, now_ns) + held(visit)


def without_baseline(visit: Visit, now_ns: int) -> list[Reason]:
    """Every item of the baseline that nobody took in time; a sign of life has to be measured."""
    found = []
    for item in (*VITAL_SIGNS, *SCORES):
        latest = visit.care.latest(item)
        within_s = SCORES_AGE_S if item in SCORES else visit.profile.baseline_s
        fresh = latest is not None and now_ns - latest.taken_at_ns <= within_s * NS_PER_S
        measured = latest is not None and (latest.reading.value is not None or item in SCORES)
        if not (fresh and measured):
            found.append(_closed(ReasonCode.BASELINE_MISSING_S, item.value, limit=within_s))
    return found


def held(visit: Visit) -> list[Reason]:
    return [_closed(ReasonCode.VALUE_HOLDS, each.about, each.value, each.limit) for each in standing(visit)]


def against_going_up(state: BedState, visit: Visit, now_ns: int) -> list[Reason]:
    """What care says against a rise of what runs for this visit."""
    if visit.care.emergency is not None:
        return [_closed(ReasonCode.EMERGENCY_LASTS, "")]
    late = [_closed(ReasonCode.OBSERVATION_OVERDUE, each.item.value) for each in overdue(state, visit, now_ns)]
    return late + held(visit) + [_closed(ReasonCode.NOT_MEASURED, each.value) for each in _unmeasured(visit)]


def against_rise_on(state: BedState, slot: str, now_ns: int) -> list[Reason]:
    """The same for whatever runs on a pump; nothing where it belongs to no visit."""
    pump = state.on(slot)
    if pump.infusion is None or pump.infusion.visit is None or pump.phase in (Phase.IDLE, Phase.ENDED):
        return []
    visit = state.path.visit(pump.infusion.visit)
    return [] if visit is None else against_going_up(state, visit, now_ns)


def _unmeasured(visit: Visit) -> list[Measure]:
    latest = [visit.care.latest(item) for item in scheduled(visit.care)]
    return [each.item for each in latest if each is not None and each.reading.value is None]


def _closed(code: ReasonCode, about: str, asked: int | None = None, limit: int | None = None) -> Reason:
    return Reason(code=code, severity=Severity.HARD, asked=asked, limit=limit, about=about)
