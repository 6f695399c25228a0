"""What the facts of deliveries.py make of a pump's state: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import deliveries as d
from pumpd.core.state import TRIPS_MAX, PumpState, Trip

DeliveryFact = d.AlarmStopped | d.StartsUnlocked | d.PauseNoted | d.BeyondAgreed


def delivering(pump: PumpState, fact: DeliveryFact) -> PumpState:
    match fact:
        case d.AlarmStopped():
            trips = (*pump.trips, Trip(condition=fact.condition, at_ns=fact.at_ns))[-TRIPS_MAX:]
            return replace(pump, trips=trips, locked_by=fact.condition if fact.locks else pump.locked_by)
        case d.StartsUnlocked():
            return replace(pump, trips=(), locked_by=None)
        case d.PauseNoted():
            return pump if pump.infusion is None else replace(pump, infusion=replace(pump.infusion, pause=fact.reason))
        case d.BeyondAgreed():
            infusion = pump.due()
            codes = {reason.code for reason in fact.reasons}
            before = tuple(reason for reason in infusion.agreed if reason.code not in codes)
            return replace(pump, infusion=replace(infusion, agreed=before + fact.reasons))
        case _:
            assert_never(fact)
