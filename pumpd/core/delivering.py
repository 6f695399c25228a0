"""What the facts of deliveries.py make of a pump's state: applied, never judged, as in evolve.py."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from pumpd.core import deliveries as d
from pumpd.core.bolus_plan import without_rest
from pumpd.core.given import recorded
from pumpd.core.state import TRIPS_MAX, BedState, BolusState, PumpState, Trip

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


def bolus_told(state: BedState, fact: d.BolusBegan | d.BolusOver) -> BedState:
    """A bolus in the plan, or out of it again with what is in by now."""
    if isinstance(fact, d.BolusOver):
        state = recorded(state, fact.slot, fact.at_ns, fact.delivered)
        pump = state.on(fact.slot)
        return state.with_pump(replace(pump, infusion=without_rest(pump.due())))
    pump = state.on(fact.slot)
    bolus = BolusState(step=fact.step, basal_ul_per_h=fact.basal_ul_per_h, basal_nl=fact.basal_nl)
    infusion = replace(pump.due(), plan=fact.plan, step=fact.step, bolus=bolus)
    state = state.with_pump(replace(pump, infusion=infusion))
    visit = None if infusion.visit is None else state.path.visit(infusion.visit)
    if visit is None:
        return replace(state, bolus_at_ns=fact.at_ns)
    return replace(state, path=state.path.with_visit(replace(visit, bolus_at_ns=fact.at_ns)))
