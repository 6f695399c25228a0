"""A visit's care -> what crosses the socket. Decides nothing: what is due and what holds is the core's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pumpd import words_care
from pumpd.api_care_models import BandName, CareView, DueState, DueView, HoldView, ObservationView
from pumpd.api_moment import Moment
from pumpd.core.attending import MISSES_MEDIUM
from pumpd.core.held import standing
from pumpd.core.holds import Band, Hold
from pumpd.core.observing import Measure, Observation
from pumpd.core.prompts import ItemDue, dues
from pumpd.core.state import BedState
from pumpd.core.visit import Visit

_BANDS: Final[Mapping[Band, BandName]] = {
    Band.START: "start",
    Band.REDUCE: "reduce",
    Band.PAUSE: "pause",
    Band.STOP: "stop",
}


def care_view(state: BedState, visit: Visit, moment: Moment) -> CareView:
    care = visit.care
    latest = [found for item in Measure if (found := care.latest(item)) is not None]
    return CareView(
        visit=visit.visit,
        profile=visit.profile.id,
        due=tuple(_due_view(each, moment) for each in dues(state, visit)),
        holds=tuple(_hold_view(each) for each in standing(visit)),
        latest=tuple(_observation_view(each, moment) for each in latest),
        baseline=tuple(_observation_view(each, moment) for each in care.baseline),
        signs=care.signs,
    )


def _due_view(each: ItemDue, moment: Moment) -> DueView:
    return DueView(
        item=each.item,
        text=words_care.ITEMS[each.item][0],
        due_ts_ms=moment.ts_ms(each.due.at_ns),
        state=_state(each, moment.now_ns),
    )


def _state(each: ItemDue, now_ns: int) -> DueState:
    if not each.is_due(now_ns):
        return "later"
    misses = each.due.misses(now_ns)
    if misses == 0:
        return "due"
    return "missed" if misses >= MISSES_MEDIUM else "overdue"


def _hold_view(hold: Hold) -> HoldView:
    return HoldView(
        about=hold.about,
        band=_BANDS[hold.band],
        value=hold.value,
        limit=hold.limit,
        text=words_care.hold_text(hold),
        todo=words_care.BANDS[hold.band],
    )


def _observation_view(each: Observation, moment: Moment) -> ObservationView:
    reading = each.reading
    return ObservationView(
        item=reading.item,
        value=reading.value,
        why_not=reading.why_not,
        scale=reading.scale,
        taken_ts_ms=moment.ts_ms(each.taken_at_ns),
        entered_ts_ms=moment.ts_ms(each.entered_at_ns),
        person=each.person,
        text=words_care.reading_text(reading),
    )
