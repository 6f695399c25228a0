"""What was seen of a pump in this run of the daemon: what a look, its answer and an attempt at a stop make of it.

The counter's readings are kept only while they go on from one another: a counter that fell back was reset, and what it
had counted is in all the same. Nothing here is journalled (facts.py says why).
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import facts as f
from pumpd.core import glimpses as g
from pumpd.core.events import LinkState
from pumpd.core.pump import PumpAlarm
from pumpd.core.state import READINGS_MAX, Infusion, PumpState, Reading, Sighting

SightFact = f.LinkWent | f.PumpRecognised | g.Asked | g.Seen | g.Missed | g.StopTried


def sighted(pump: PumpState, fact: SightFact) -> PumpState:
    seen = pump.sighting
    match fact:
        case f.LinkWent():
            link = LinkState(fact.link)
            return replace(
                pump, link=link, link_why=fact.why, link_detail=fact.detail, link_since_ns=fact.at_ns
            )  # fmt: skip
        case f.PumpRecognised():
            if pump.identified not in (None, fact.identified):
                seen = Sighting(asked_at_ns=seen.asked_at_ns, stop_pending=seen.stop_pending)  # that was another pump
            seen = replace(seen, asking_since_ns=None, quiet_since_ns=fact.at_ns, missed=0, gap=True)
            return replace(pump, identified=fact.identified, sighting=seen)
        case g.Asked():
            return replace(pump, sighting=replace(seen, asking_since_ns=fact.at_ns, asked_at_ns=fact.at_ns))
        case g.Missed():
            seen = replace(seen, asking_since_ns=None, quiet_since_ns=fact.at_ns, missed=seen.missed + 1, gap=True)
            return replace(pump, sighting=seen)
        case g.StopTried():
            return replace(pump, sighting=replace(seen, stop_pending=fact.pending, quiet_since_ns=fact.at_ns))
        case g.Seen():
            return replace(pump, sighting=_with_report(pump, fact))
        case _:
            assert_never(fact)


def _with_report(pump: PumpState, fact: g.Seen) -> Sighting:
    seen, readings = pump.sighting, pump.sighting.readings
    # the power failure that a report tells of may have cleared the counter that it tells
    if fact.report.infused_nl is not None and fact.report.alarm is not PumpAlarm.RESET:
        reading = Reading(
            asked_at_ns=fact.asked_at_ns, at_ns=fact.at_ns,
            infused_nl=fact.report.infused_nl, step_nl=fact.report.step_nl,
        )  # fmt: skip
        if _goes_on(pump.infusion, readings, reading):
            stands = len(readings) >= 3 and all(each.infused_nl == reading.infused_nl for each in readings[-3:])
            readings = (*(readings[:-1] if stands else readings), reading)[-READINGS_MAX:]
    return replace(
        seen, asking_since_ns=None, quiet_since_ns=fact.at_ns, last=fact.report, last_at_ns=fact.at_ns,
        readings=readings, missed=0, gap=False, after_gap=seen.gap, heard_at_ns=fact.asked_at_ns,
    )  # fmt: skip


def _goes_on(infusion: Infusion | None, readings: tuple[Reading, ...], reading: Reading) -> bool:
    """Is this the same counter, further on? One that fell back was reset; what it had counted is in all the same."""
    at_least_nl = max((each.infused_nl for each in readings), default=0)
    if infusion is not None and infusion.leg is not None:
        if reading.asked_at_ns < infusion.leg.from_ns:
            return False  # it counted for the leg before
        at_least_nl = max(at_least_nl, infusion.delivered.low_nl - infusion.leg.base.low_nl)
    return reading.infused_nl + reading.step_nl >= at_least_nl
